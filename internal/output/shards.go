package output

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/radlabel/radlabel/corpus"
)

// Shards are all shards of one run, each whole, found in a folder.
type Shards struct {
	Kind    string        // "csv", "jsonl" or "parquet"
	Records []ShardRecord // in order: of n shards
	names   []string
	format  []Format
}

// Names are the files of the shards, in order.
func (s *Shards) Names() []string { return s.names }

// Unmergeable is the error of shards that are not those of one run, or not all of them.
// It says what to do.
type Unmergeable struct{ What string }

func (u *Unmergeable) Error() string { return u.What }

func unmergeable(format string, args ...any) error {
	return &Unmergeable{fmt.Sprintf(format, args...)}
}

// notRead says which file or folder of shards cannot be read, and what to do.
func notRead(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w; check the path", path.Path, path.Err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%s: %w; a merge has two open for each shard: allow more (ulimit -n)", path.Path, path.Err)
	}
	return fmt.Errorf("%s: cannot be read: %w; check what it is, and its permissions", path.Path, path.Err)
}

// found is a shard in a folder.
type found struct {
	name  string
	shard corpus.Shard
	rec   ShardRecord
	wrong *Damaged
}

// OpenShards finds the shards in a folder by their records, and checks that all of
// one run are there and whole. The error is an *Unmergeable, or of reading.
func OpenShards(folder string) (*Shards, error) {
	all, unfinished, err := findShards(folder)
	if err != nil {
		return nil, notRead(err)
	}
	if len(all) == 0 {
		return nil, unmergeable("%s: there is no shard in it%s; radlabel label --shard i/n -o %s writes one",
			folder, unfinished, filepath.Join(folder, "i.csv"))
	}
	s := &Shards{}
	if err := s.oneRun(all); err != nil {
		return nil, err
	}
	if err := s.complete(folder, all, unfinished); err != nil {
		return nil, err
	}
	return s, s.counted()
}

// findShards reads the records of a folder, by shard, and names what was begun there
// and not finished.
func findShards(folder string) (all []found, unfinished string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, "", err
	}
	var begun []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".part"); ok {
			begun = append(begun, name)
		}
		name, ok := strings.CutSuffix(e.Name(), shardEnding)
		if !ok || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		one, err := findShard(filepath.Join(folder, name))
		if err != nil {
			return nil, "", err
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.shard.Index, b.shard.Index) })
	if len(begun) > 0 {
		unfinished = fmt.Sprintf(" (begun and not finished: %s)", strings.Join(begun, ", "))
	}
	return all, unfinished, nil
}

// findShard reads one record and compares the shard with it.
func findShard(name string) (one found, err error) {
	one.name = name
	rec, shard, places, f, err := recordOf(name)
	if err == nil {
		defer f.Close()
		one.rec, one.shard = rec, shard
		err = rec.check(name, places)
	}
	if errors.As(err, &one.wrong) {
		return one, nil
	}
	return one, err
}

// oneRun checks that what was found is of one run, in one form, each shard once. Of a
// record that cannot be read nothing is known.
func (s *Shards) oneRun(all []found) error {
	var first *found
	for i := range all {
		one := &all[i]
		if one.shard.Of == 0 {
			continue
		}
		format, err := ParseName(one.name)
		if err != nil {
			return &Unmergeable{err.Error()}
		}
		if first == nil {
			first = one
			s.Kind = format.Kind
			s.Records = make([]ShardRecord, one.shard.Of)
			s.names, s.format = make([]string, one.shard.Of), make([]Format, one.shard.Of)
		}
		if err := s.fits(*first, *one, format); err != nil {
			return err
		}
		at := one.shard.Index
		if s.names[at] != "" {
			return unmergeable("shard %s is there twice: %s and %s; keep one of them", one.shard, s.names[at], one.name)
		}
		s.names[at], s.format[at], s.Records[at] = one.name, format, one.rec
	}
	return nil
}

// fits compares a shard with the first.
func (s *Shards) fits(first, one found, format Format) error {
	const do = "keep the shards of one run in a folder, or label those of the other again"
	if one.shard.Of != first.shard.Of {
		return unmergeable("%s is shard %s, and %s is %s: not the same number of shards; %s", first.name, first.shard, one.name, one.shard, do)
	}
	if format.Kind != s.Kind {
		return unmergeable("%s and %s are of two forms; %s", first.name, one.name, do)
	}
	if other := differs(first.rec.Of, one.rec.Of); other != nil {
		return unmergeable("%s and %s are of two runs: %s was %q and %q; %s", first.name, one.name, other.Trait, other.Was, other.Now, do)
	}
	if one.rec.Ranges != first.rec.Ranges || one.rec.Layout != first.rec.Layout {
		return unmergeable("%s and %s are of two runs: their shards or columns are not of one kind; %s", first.name, one.name, do)
	}
	if one.rec.Items != first.rec.Items {
		return unmergeable("%s was made of an input of %d reports, %s of %d: the input has changed between them; %s",
			first.name, first.rec.Items, one.name, one.rec.Items, do)
	}
	return nil
}

// complete checks that each shard is there and whole. The error lists by number those
// that are to be labelled again.
func (s *Shards) complete(folder string, all []found, unfinished string) error {
	var again []int
	var damage []string
	for i, name := range s.names {
		if name == "" {
			again = append(again, i+1)
		}
	}
	for _, one := range all {
		if one.wrong != nil {
			damage = append(damage, one.wrong.Error())
			if one.shard.Of > 0 {
				again = append(again, one.shard.Index+1)
			}
		}
	}
	slices.Sort(again)
	switch {
	case len(again) == 0 && len(damage) == 0:
		return nil
	case len(s.names) == 0:
		return unmergeable("%s; remove it, and label its shard again", strings.Join(damage, "\n"))
	case len(again) == 0:
		return unmergeable("%s; remove it", strings.Join(damage, "\n"))
	}
	what := fmt.Sprintf("%s: %d of %d shards missing or damaged%s; label again: %s", folder, len(again), len(s.names), unfinished, Numbers(again))
	return unmergeable("%s", strings.Join(append(damage, what), "\n"))
}

// counted checks that the shards hold all of the corpus between them.
func (s *Shards) counted() error {
	held := 0
	for _, rec := range s.Records {
		held += rec.Held
	}
	if items := s.Records[0].Items; held != items {
		return unmergeable("the shards hold %d reports between them, and the input had %d: it has changed between them; label all of them again", held, items)
	}
	return nil
}

// Numbers lists numbers in order as "1,4-6", as sbatch --array takes them.
func Numbers(all []int) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		end := i
		for end+1 < len(all) && all[end+1] == all[end]+1 {
			end++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(all[i]))
		if end > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(all[end]))
		}
		i = end + 1
	}
	return b.String()
}
