package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
)

// shardFlags choose one of n parts of the inputs.
type shardFlags struct{ which, by string }

const (
	byStudy = "study"
	byRange = "range"
)

func (f *shardFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.which, "shard", "", "label the part `i/n` of the inputs, and write a record of it beside the output, for merge")
	flags.StringVar(&f.by, "shard-by", byStudy, "what makes a `part`: study (by a hash of its id) or range (of archive members or rows)")
	offer(cmd, "shard-by", func() []string { return []string{byStudy, byRange} })
}

// of puts the shard that the flags name into the options.
func (f *shardFlags) of(out string, opts *output.ResumableOptions) (err error) {
	if f.by != byStudy && f.by != byRange {
		return usagef("--shard-by %q: want study or range", f.by)
	}
	if f.which == "" {
		if f.by == byRange {
			return usagef("--shard-by says how --shard i/n cuts; give that as well")
		}
		return nil
	}
	if opts.Shard, err = corpus.ParseShard(f.which); err != nil {
		return usagef("--shard: %w", err)
	}
	if out == "-" || !output.IsFile(out) {
		return usagef("--shard: %s is no file, and a record of the shard is to stand beside one; write to a file with -o", out)
	}
	opts.Ranges = f.by == byRange
	return nil
}

// how says in a summary what part was labelled.
func (f *shardFlags) how(opts output.ResumableOptions) string {
	if opts.Shard.Of == 0 {
		return ""
	}
	return fmt.Sprintf(", shard %s by %s", opts.Shard, f.by)
}

// shardDone reports whether the shard is there already, and says so. Where something
// else is there, it says what, and that it is labelled anew.
func (r *labelRun) shardDone(opts output.ResumableOptions) (bool, error) {
	rec, err := output.ShardDone(r.out, opts)
	var other *output.OtherRun
	var damaged *output.Damaged
	say := func(format string, args ...any) {
		if !r.quiet {
			fmt.Fprintf(r.stderr, format+"\n", args...)
		}
	}
	switch {
	case errors.As(err, &other) && other.Trait == "--shard":
		return false, usagef("%s is shard %s of this run; give shard %s a file of its own", r.out, other.Was, other.Now)
	case errors.As(err, &other):
		say("%s is a shard of another run: %s was %q, and is %q now; labelling it anew", r.out, other.Trait, other.Was, other.Now)
	case errors.As(err, &damaged):
		say("%s; labelling it anew", damaged)
	case err != nil:
		return false, err
	case rec != nil:
		say("%s: shard %s is done already, with %s; nothing to do", r.out, rec.Shard, columns.Count(rec.Rows, "row"))
		t := newTally(r.app, r.quiet)
		if err := t.restore(rec.State); err != nil {
			return false, fmt.Errorf("%s.shard: %w; remove it to label the shard anew", r.out, err)
		}
		if t.lost > 0 {
			say("  %s lost, as that run has said", columns.Count(t.lost, "report"))
		}
		return true, t.failure()
	}
	return false, nil
}

// told is what the record of a shard has from this run.
func (r *labelRun) told(t *tally, reader *corpus.Reader) output.Told {
	return output.Told{Items: reader.Counts().Items, Held: t.results + t.lost + r.ids.out, State: t.account()}
}

// sharded are the rows of a shard, which get a record beside them.
type sharded struct {
	saved
	told func() output.Told
}

func (s sharded) Commit() error { return s.CommitShard(s.told()) }

// traits adds what the bytes of a shard depend on beside those of all outputs.
func (f *shardFlags) traits(of []output.Trait, paths []string) ([]output.Trait, error) {
	of = append(of, output.Trait{Name: "--shard-by", Value: f.by})
	for _, path := range paths {
		trait, err := shardInput(path)
		if err != nil {
			return nil, err
		}
		if trait.Name != "" {
			of = append(of, trait)
		}
	}
	return of, nil
}

// shardInput is what tells whether an input is what it was: shards are labelled at many
// times and on many machines. Of a folder that is its files' names, sizes and times.
func shardInput(path string) (output.Trait, error) {
	trait := output.Trait{Name: "the folder " + path}
	if path == "-" {
		return trait, usagef("--shard: standard input cannot be told from one run to the next; give a file")
	}
	info, err := os.Stat(path)
	switch {
	case err != nil || info.Mode().IsRegular():
		return output.Trait{}, nil // said otherwise
	case !info.IsDir():
		return trait, usagef("--shard: %s is no file or folder, and what comes through it cannot be told from one run to the next", path)
	}
	files, sum := 0, fnv.New64a()
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read is told when reports are
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		files++
		fmt.Fprintf(sum, "%s\x00%d %d\n", name, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	trait.Value = fmt.Sprintf("%s, whose names, sizes and times have the sum %016x", columns.Count(files, "file"), sum.Sum64())
	return trait, err
}
