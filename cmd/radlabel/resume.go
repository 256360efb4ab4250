package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// rows is where the labels of a run go: a row a report, whole or not there.
type rows interface {
	output.Writer
	Commit() error
	Abort()
}

// unsaved are rows that no later run can go on with: those of a pipe.
type unsaved struct {
	output.Writer
	out sink
}

func (u unsaved) Commit() error { return u.out.Commit() }
func (u unsaved) Abort()        { u.out.Abort() }

// saved are rows in a file, with the state of the tally.
type saved struct{ *output.Resumable }

// Flush does nothing: Save does.
func (saved) Flush() error { return nil }

// rows begins the output, or goes on with it.
func (r *labelRun) rows(opts output.ResumableOptions, t *tally) (rows, error) {
	if r.out == "-" || !output.IsFile(r.out) {
		if r.resume {
			return nil, usagef("--resume: %s is no file, and nothing of it is kept; write to a file with -o", r.out)
		}
		out, err := r.create(r.out)
		if err != nil {
			return nil, err
		}
		w, err := output.New(out, opts.Format, opts.Layout, opts.Header)
		if err != nil {
			out.Abort()
			return nil, err
		}
		return unsaved{w, out}, nil
	}
	r.app.out = r.out
	if !r.resume {
		out, err := output.Begin(r.out, opts)
		if err != nil {
			return nil, err
		}
		t.save = out.Save
		return saved{out}, nil
	}
	out, state, err := output.Resume(r.out, opts)
	var other *output.OtherRun
	switch {
	case errors.As(err, &other):
		return nil, usagef("--resume: %w", err)
	case err != nil:
		return nil, err
	}
	t.save = out.Save
	if err := t.restore(state); err != nil {
		out.Abort()
		return nil, fmt.Errorf("%s.part.json: %w; leave out --resume to begin anew", r.out, err)
	}
	if n := out.Rows(); n > 0 && !r.quiet {
		fmt.Fprintf(r.stderr, "%s.part has %s; going on behind them\n", r.out, columns.Count(n, "row"))
	}
	return saved{out}, nil
}

// kept says what an interrupted run has left to a later one.
func (s saved) kept() string {
	name, n := s.Kept()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s keeps %s; the same command with --resume goes on behind them", name, columns.Count(n, "row"))
}

// traits are what the bytes of the output depend on, beside the reports.
func (r *labelRun) traits(paths []string, opts labeler.Options) ([]output.Trait, error) {
	of := []output.Trait{
		{Name: "the version of radlabel", Value: version()},
		{Name: "the rule set", Value: opts.Rules.Name + " " + opts.Rules.Digest},
		{Name: "--section", Value: opts.Section},
		{Name: "--compat", Value: strings.Join(opts.Compat.Names(), ",")},
		{Name: "--max-time", Value: opts.MaxTime.String()},
		{Name: "--layout", Value: r.layout},
		{Name: "--from", Value: r.from},
		{Name: "--id-column", Value: r.id},
		{Name: "--text-column", Value: r.text},
		{Name: "--max-report", Value: strconv.FormatInt(int64(r.maxReport), 10)},
		{Name: "--max-ratio", Value: strconv.Itoa(r.maxRatio)},
		{Name: "--follow-links", Value: strconv.FormatBool(r.followLinks)},
	}
	if r.exceptions != "" {
		b, err := os.ReadFile(r.exceptions)
		if err != nil {
			return nil, err
		}
		of = append(of, output.Trait{Name: "the content of " + r.exceptions, Value: fmt.Sprintf("%x", sha256.Sum256(b))})
	}
	if r.ids.all != nil {
		ids := strings.Join(slices.Sorted(maps.Keys(r.ids.all)), "\n")
		of = append(of, output.Trait{Name: "the ids of --ids", Value: fmt.Sprintf("%x", sha256.Sum256([]byte(ids)))})
	}
	for _, path := range paths {
		of = append(of, output.Trait{Name: "an input", Value: path})
		// What a folder or a pipe gives is compared as it is read again.
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			value := fmt.Sprintf("%d bytes of %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano))
			of = append(of, output.Trait{Name: "the file " + path, Value: value})
		}
	}
	if r.shard.which != "" {
		return r.shard.traits(of, paths)
	}
	return of, nil
}

// passed is how much a reader has given, with a checksum of it: going on, a run
// reads it once more and finds the same.
type passed struct {
	Items int    `json:"items"` // reports and problems
	Sum   uint32 `json:"sum"`   // CRC-32C
	buf   []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (p *passed) add(parts ...string) {
	p.Items++
	for _, s := range parts {
		p.buf = append(p.buf[:0], s...)
		p.Sum = crc32.Update(p.Sum, castagnoli, p.buf)
	}
}

func (p *passed) report(r corpus.Report) { p.add(r.ID, r.Text) }

func (p *passed) problem(problem *corpus.Problem) { p.add(problem.Error()) }

// behind leaves out what the run before has done. The error of inputs that do
// not read as they did ends the stream.
func (p passed) behind(reports iter.Seq2[corpus.Report, error], out string) iter.Seq2[corpus.Report, error] {
	changed := fmt.Errorf("%s.part: the inputs do not read as they did for it; leave out --resume to begin anew", out)
	return func(yield func(corpus.Report, error) bool) {
		var now passed
		for r, err := range reports {
			var problem *corpus.Problem
			switch {
			case now.Items == p.Items, err != nil && !errors.As(err, &problem):
				if !yield(r, err) {
					return
				}
				continue
			case err != nil:
				now.problem(problem)
			default:
				now.report(r)
			}
			if now.Items == p.Items && now.Sum != p.Sum {
				yield(corpus.Report{}, changed)
				return
			}
		}
		if now.Items < p.Items {
			yield(corpus.Report{}, changed)
		}
	}
}

// account is what a tally saves and restores.
type account struct {
	Passed     passed      `json:"passed"`
	Results    int         `json:"results"`
	Empty      int         `json:"empty"`
	Unlabelled int         `json:"unlabelled"`
	Lost       int         `json:"lost"`
	Kinds      []kindSaved `json:"kinds"`
	Exceptions []string    `json:"exceptions"`
}

type kindSaved struct {
	What   string   `json:"what"`
	First  string   `json:"first"`
	Lost   bool     `json:"lost"`
	Count  int      `json:"count"`
	Places []string `json:"places"`
}

func (t *tally) account() any {
	a := account{
		Passed: t.passed, Results: t.results, Empty: t.empty, Unlabelled: t.unlabelled, Lost: t.lost,
		Exceptions: slices.Sorted(maps.Keys(t.exceptions.seen)),
	}
	for _, k := range t.kinds {
		a.Kinds = append(a.Kinds, kindSaved{k.what, k.first, k.lost, k.count, k.places})
	}
	return a
}

// restore takes over the account of the run before; nil is none.
func (t *tally) restore(state json.RawMessage) error {
	if state == nil {
		return nil
	}
	var a account
	if err := json.Unmarshal(state, &a); err != nil {
		return errors.New("what the run before has counted cannot be read")
	}
	t.passed, t.results, t.empty, t.unlabelled, t.lost = a.Passed, a.Results, a.Empty, a.Unlabelled, a.Lost
	t.before = t.results
	for _, k := range a.Kinds {
		t.kinds = append(t.kinds, &kind{k.What, k.First, k.Lost, k.Count, k.Places})
	}
	t.exceptions.seen = map[string]bool{}
	for _, id := range a.Exceptions {
		t.exceptions.seen[id] = true
	}
	return nil
}

// reports are those that are still to be labelled.
func (t *tally) reports(all iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	if t.passed.Items == 0 {
		return all
	}
	return t.passed.behind(all, t.app.out)
}
