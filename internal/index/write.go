package index

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// WriteOptions say how reports become an index. The zero value labels with the
// embedded rule set chexpert by MIMIC-CXR's section policy.
type WriteOptions struct {
	Labeler labeler.Options
	Version string // of the program
	Update  bool   // keep what the index has and is still so

	// Labels gives the labels of a report, in the order of the rule set's
	// observations, in place of what the rules say of it. nil: the rules' labels.
	Labels     func(corpus.Report) []corpus.Assertion
	LabelsFile string              // the name that is kept of where these labels come from
	Metadata   map[string]Metadata // by study; none: an update keeps what the index has

	Progress func(reports int)     // is told how many reports are read so far
	Problem  func(*corpus.Problem) // is told of what is wrong with reports
}

// Metadata is what is known of a study beside its report.
type Metadata struct {
	Split string
	Views []string // in order, each once
	Date  uint32   // 21500131; 0 is unknown
}

// Written counts what became of the reports.
type Written struct {
	Reports int // in the index
	New     int
	Changed int  // other text, labels or metadata than before
	Same    int  // read and kept as they were
	Kept    int  // of the index, and not among those that were read
	Rebuilt bool // all were labelled again, since the rules or options are others

	Unlabelled int // of those that are new or changed: they have text, and none of it to label
	Sentences  int // distinct ones, in the index
}

// Write makes the index in the folder dir of a stream of reports, or brings it up
// to date. It is there when it is whole: until then, and when Write fails, readers
// see the one before; so too where there were reports and none could be read. Of
// reports with the same id the first counts.
func Write(ctx context.Context, dir string, reports iter.Seq2[corpus.Report, error], opts WriteOptions) (Written, error) {
	analyst, err := newAnalyst(opts.Labeler)
	if err != nil {
		return Written{}, err
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return Written{}, err
	}
	defer unlock()
	old, generation, err := before(ctx, dir, opts.Update)
	if err != nil {
		return Written{}, err
	}
	if old != nil {
		defer old.Close()
	}
	path := filepath.Join(dir, generation)
	if err := os.Mkdir(path, 0o700); err != nil {
		return Written{}, output.NotWritten(path, err)
	}
	w := newWriter(path, analyst, opts)
	w.manifest.Generation = generation
	err = w.write(ctx, old, reports)
	if err != nil || w.unchanged {
		os.RemoveAll(path)
		return w.written, err
	}
	if err := w.manifest.commit(dir); err != nil {
		os.RemoveAll(path)
		return Written{}, err
	}
	sweep(dir, generation)
	return w.written, nil
}

// before looks at what stands in the folder: the index to bring up to date, or
// nil, and the name of the generation to write.
func before(ctx context.Context, dir string, update bool) (*Index, string, error) {
	m, err := loadManifest(dir)
	var damage *DamageError
	switch {
	case err == nil && update:
		index, err := Open(ctx, dir)
		if err != nil {
			return nil, "", err
		}
		sweep(dir, m.Generation)
		return index, following(m.Generation), nil
	case err == nil:
		sweep(dir, m.Generation)
		return nil, following(m.Generation), nil
	case update && !NoIndex(err):
		return nil, "", err
	case NoIndex(err):
		sweep(dir, "")
		return nil, generationOf + "1", nil
	case errors.As(err, &damage):
		return nil, newGeneration(dir), nil
	}
	return nil, newGeneration(dir), nil // of another format: written anew
}

func following(generation string) string {
	var n int
	fmt.Sscanf(generation, generationOf+"%d", &n)
	return fmt.Sprint(generationOf, n+1)
}

// newGeneration is a name that the folder does not have yet.
func newGeneration(dir string) string {
	name := generationOf + "1"
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return name
		}
		name = following(name)
	}
}

// lockFolder makes the folder of an index if there is none, and sees to it that
// nobody else writes there.
func lockFolder(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, output.NotWritten(dir, err)
	}
	if err := isIndexFolder(dir); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, output.NotWritten(filepath.Join(dir, lockName), err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: another radlabel index is writing this index; wait for it to end, or name another folder", dir)
	}
	return func() { lock.Unlock() }, nil
}

// isIndexFolder refuses a folder with other things in it.
func isIndexFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: cannot be read: %w", dir, err)
	}
	for _, e := range entries {
		if name := e.Name(); name != manifestName && name != lockName &&
			!strings.HasPrefix(name, generationOf) && !strings.HasPrefix(name, "."+manifestName) {
			return fmt.Errorf("%s: holds %s, which is no part of an index; name a new or empty folder", dir, name)
		}
	}
	return nil
}

// originOf says what the labels of these options come from.
func originOf(l *labeler.Labeler, opts WriteOptions) Origin {
	o := Origin{
		RuleSet: l.Rules().Name, Digest: l.Rules().Digest,
		Section: opts.Labeler.Section, Labels: opts.LabelsFile,
	}
	if o.Section == "" {
		o.Section = "auto"
	}
	if opts.Labeler.Compat.Aggregation {
		o.Compat = append(o.Compat, "aggregation")
	}
	if opts.Labeler.Compat.NoFinding {
		o.Compat = append(o.Compat, "no-finding")
	}
	if len(opts.Labeler.Exceptions) > 0 {
		// fmt prints maps in the order of their keys.
		o.Except = fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(opts.Labeler.Exceptions))))
	}
	return o
}

// String names the rule set, and what else labels depend on.
func (o Origin) String() string {
	s := fmt.Sprintf("rules %s %.12s, section %s", o.RuleSet, o.Digest, o.Section)
	if len(o.Compat) > 0 {
		s += ", compat " + strings.Join(o.Compat, ",")
	}
	if o.Except != "" {
		s += ", with exceptions"
	}
	if o.Labels != "" {
		s += ", labels of " + o.Labels
	}
	return s
}

// rowHash stands for all that the row of a report is made of but the rules.
func rowHash(r corpus.Report, labels []corpus.Assertion, m Metadata) key {
	h := sha256.New()
	var b []byte
	for _, s := range []string{r.Text, r.Subject, r.Study, m.Split, strings.Join(m.Views, "\x00")} {
		b = binary.AppendUvarint(b[:0], uint64(len(s)))
		h.Write(b)
		h.Write([]byte(s))
	}
	b = binary.AppendUvarint(b[:0], uint64(m.Date))
	for _, s := range r.Sections {
		b = append(append(b, s.Name...), 0)
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Span.Start)), uint64(s.Span.End))
	}
	for _, a := range labels {
		b = append(b, byte(a)+1)
	}
	h.Write(b)
	return key(h.Sum(nil)[:16])
}
