package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Work]())
	beam.RegisterType(reflect.TypeFor[Letter]())
	beam.RegisterType(reflect.TypeFor[Summary]())
	register.DoFn3x1[context.Context, []byte, func(Work), error](&planShards{})
	register.DoFn4x1[context.Context, Work, func(int, Summary), func(int, Letter), error](&labelShard{})
	register.DoFn4x1[context.Context, int, func(*Summary) bool, func(*Letter) bool, error](&finish{})
	register.Emitter1[Work]()
	register.Emitter2[int, Summary]()
	register.Emitter2[int, Letter]()
	register.Iter1[Summary]()
	register.Iter1[Letter]()
}

// Work is one shard: what to read, and which part of it.
type Work struct {
	Shard, Of int
	Paths     []string
}

// Letter is one line of the dead-letter output: a report that could not be read, or
// one, or an input, that was read with a warning. No text of a report is in it.
type Letter struct {
	ID   string `json:"id,omitempty"`
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
	Lost bool   `json:"lost"`
}

// Summary is what became of a shard.
type Summary struct {
	Shard    int    `json:"shard"`
	Of       int    `json:"of"`
	File     string `json:"file"`
	Reports  int    `json:"reports"`
	Lost     int    `json:"lost"`
	Warnings int    `json:"warnings"`
	Subjects bool   `json:"subjects"` // whether CSV has subject_id,study_id in place of id
	RuleSet  string `json:"ruleset"`
	Digest   string `json:"digest"`
	Worker   string `json:"worker"`
}

// build makes the pipeline: one element a shard. Shards are spread over the workers
// by the Reshuffle, and each is read, labelled and written by whoever has it, so
// that no text of a report goes between machines. A shard that is done twice, by a
// worker that was taken for dead, is written twice with the same bytes.
func build(s beam.Scope, c Config) {
	work := beam.ParDo(s, &planShards{Config: c}, beam.Impulse(s))
	work = beam.Reshuffle(s, work)
	summaries, letters := beam.ParDo2(s, &labelShard{Config: c}, work)
	beam.ParDo0(s, &finish{Config: c}, beam.CoGroupByKey(s, summaries, letters))
}

// planShards lists the inputs and gives each shard its share.
type planShards struct{ Config Config }

func (p *planShards) ProcessElement(ctx context.Context, _ []byte, emit func(Work)) error {
	inputs, err := expand(ctx, p.Config.Inputs)
	if err != nil {
		return err
	}
	n := p.Config.shards(len(inputs))
	for i := range n {
		w := Work{Shard: i, Of: n, Paths: inputs}
		if p.Config.ByFile {
			w.Paths = inputs[i*len(inputs)/n : (i+1)*len(inputs)/n]
		}
		emit(w)
	}
	return nil
}

// shards is how many there are: by file, no more than files.
func (c Config) shards(inputs int) int {
	if c.ByFile {
		return min(c.Shards, inputs)
	}
	return c.Shards
}

// labelShard reads, labels and writes one shard.
type labelShard struct{ Config Config }

func (d *labelShard) ProcessElement(ctx context.Context, w Work, summary func(int, Summary), letter func(int, Letter)) error {
	l, err := d.Config.Labels.labeler()
	if err != nil {
		return err
	}
	shard := d.Config.recall(ctx, w)
	if shard != nil {
		beam.NewCounter(namespace, "recalled").Inc(ctx, 1)
	} else if shard, err = d.write(ctx, w, l); err != nil {
		return err
	}
	shard.count(ctx, l)
	for _, x := range shard.Letters {
		letter(0, x)
	}
	summary(0, shard.Summary)
	return nil
}

// write labels a shard into its file.
func (d *labelShard) write(ctx context.Context, w Work, l *labeler.Labeler) (*done, error) {
	t := newTally(d.Config, w)
	reader, err := d.open(ctx, w)
	if err := t.refused(err); err != nil {
		return nil, err
	}
	t.Summary.RuleSet, t.Summary.Digest = l.Rules().Name, l.Rules().Digest
	err = write(ctx, t.Summary.File, func(to io.Writer) error { return d.label(ctx, reader, l, t, to) })
	if err != nil {
		return nil, err
	}
	return &t.done, d.Config.remember(ctx, w, &t.done)
}

// open opens the inputs of a shard.
func (d *labelShard) open(ctx context.Context, w Work) (*corpus.Reader, error) {
	paths := make([]string, len(w.Paths))
	for i, p := range w.Paths {
		var err error
		if paths[i], err = local(ctx, p, d.Config.TempDir); err != nil {
			return nil, err
		}
	}
	opts := corpus.Options{
		From: d.Config.Reading.From, IDColumn: d.Config.Reading.IDColumn, TextColumn: d.Config.Reading.TextColumn,
	}
	if !d.Config.ByFile {
		opts.Shard = corpus.Shard{Index: w.Shard, Of: w.Of}
	}
	return corpus.Open(ctx, paths, opts)
}

// label writes the labels of a shard. There is no reader where nothing can be read.
func (d *labelShard) label(ctx context.Context, reader *corpus.Reader, l *labeler.Labeler, t *tally, to io.Writer) error {
	format, err := output.ParseName(d.Config.Output)
	if err != nil {
		return err
	}
	layout := d.Config.Layout
	if reader != nil && reader.HasSubjects() {
		layout, t.Summary.Subjects = layout.OfStudies(), true
	}
	out, err := output.New(to, format, layout, d.Config.header(l))
	if err != nil {
		return err
	}
	if reader == nil {
		return out.Close()
	}
	for result, err := range l.LabelAll(ctx, withIDs(reader.Reports(ctx)), d.Config.Workers) {
		var unread *problemOf
		var unlabelled *corpus.Problem
		switch {
		case errors.As(err, &unread):
			t.problem(unread.id, unread.Problem)
			continue
		case errors.As(err, &unlabelled):
			t.problem(result.Report.ID, unlabelled)
			continue
		case err != nil:
			return err
		}
		t.result(result)
		if err := out.Write(result); err != nil {
			return err
		}
	}
	return out.Close()
}

// problemOf is a Problem with the id of its report, "" where it is not known.
type problemOf struct {
	id string
	*corpus.Problem
}

// withIDs puts ids into the Problems of reading, which the labeler passes on alone.
func withIDs(reports iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for r, err := range reports {
			if p, ok := err.(*corpus.Problem); ok {
				err = &problemOf{r.ID, p}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// tally counts within a shard, so that a counter is raised once a shard.
type tally struct {
	done
	config Config
	work   Work
}

func newTally(c Config, w Work) *tally {
	sum := Summary{Shard: w.Shard, Of: w.Of, File: c.shardFile(w.Shard, w.Of), Worker: worker()}
	return &tally{config: c, work: w, done: done{Summary: sum}}
}

// worker names this process: by RADLABEL_WORKER, which whoever starts workers may
// set, else by machine and process.
func worker() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s:%d", cmp.Or(os.Getenv("RADLABEL_WORKER"), host), os.Getpid())
}

// refused tells the problems of a shard of which nothing can be read. Any other error
// is given back.
func (t *tally) refused(err error) error {
	switch problem := (*corpus.Problem)(nil); {
	case err == nil:
		return nil
	case !errors.As(err, &problem):
		return err
	}
	each := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	for _, e := range each {
		problem := (*corpus.Problem)(nil)
		if !errors.As(e, &problem) {
			return err
		}
		shard := corpus.Shard{Index: t.work.Shard, Of: t.work.Of}
		if t.config.ByFile || shard.HasProblem(problem) {
			t.problem("", problem)
		}
	}
	return nil
}

func (t *tally) problem(id string, p *corpus.Problem) {
	if p.Lost {
		t.Summary.Lost++
	} else {
		t.Summary.Warnings++
	}
	t.Letters = append(t.Letters, Letter{ID: id, Path: named(p.Place.Path, t.config.TempDir), Line: p.Place.Line, What: p.What, Do: p.Do, Lost: p.Lost})
}

func (t *tally) result(r labeler.Result) {
	t.Summary.Reports++
	if t.Labels == nil {
		t.Labels = make([][]int64, len(r.Labels))
		for i := range t.Labels {
			t.Labels[i] = make([]int64, corpus.Positive+1)
		}
	}
	for i, l := range r.Labels {
		t.Labels[i][l.Assertion]++
	}
}

// namespace is that of the pipeline's counters.
const namespace = "radlabel"

// count raises the counters of the pipeline.
func (d *done) count(ctx context.Context, l *labeler.Labeler) {
	raise := func(name string, n int64) {
		if n > 0 {
			beam.NewCounter(namespace, name).Inc(ctx, n)
		}
	}
	raise("shards", 1)
	raise("reports", int64(d.Summary.Reports))
	raise("lost", int64(d.Summary.Lost))
	raise("warnings", int64(d.Summary.Warnings))
	for i, counts := range d.Labels {
		for a, n := range counts {
			raise(fmt.Sprintf("labels/%s/%s", l.Observations()[i], corpus.Assertion(a)), n)
		}
	}
}

// finish writes what became of the shards, and the dead letters, when all are there.
type finish struct{ Config Config }

func (f *finish) ProcessElement(ctx context.Context, _ int, summaries func(*Summary) bool, letters func(*Letter) bool) error {
	var all []Summary
	for s := (Summary{}); summaries(&s); s = (Summary{}) {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Summary) int { return cmp.Compare(a.Shard, b.Shard) })
	if err := whole(all, f.Config.Output); err != nil {
		return err
	}
	var dead []Letter
	for l := (Letter{}); letters(&l); l = (Letter{}) {
		dead = append(dead, l)
	}
	slices.SortFunc(dead, func(a, b Letter) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	if err := writeLines(ctx, f.Config.lettersFile(), dead); err != nil {
		return err
	}
	if err := f.Config.tidy(); err != nil {
		return err
	}
	if err := writeLines(ctx, f.Config.shardsFile(), all); err != nil {
		return err
	}
	f.Config.forget(ctx, len(all))
	return nil
}

// whole checks that the shards, in order, are all there, once, and of one make.
func whole(all []Summary, out string) error {
	format, err := output.ParseName(out)
	if err != nil {
		return err
	}
	var first *Summary
	for i := range all {
		s := &all[i]
		switch {
		case s.Shard != i || s.Of != len(all):
			return fmt.Errorf("shard %d of %d is missing, or there twice; run the pipeline again", i, s.Of)
		case s.Digest != all[0].Digest:
			return fmt.Errorf("shards %d and %d were labelled with different rules; run one build of radlabel-beam on all workers", 0, i)
		case s.Reports == 0:
		case first == nil:
			first = s
		case format.Kind == "csv" && s.Subjects != first.Subjects:
			return fmt.Errorf("shards %d and %d differ in their columns: some inputs have subjects, others do not; label them apart, or without --by-file", first.Shard, i)
		}
	}
	return nil
}

func writeLines[T any](ctx context.Context, name string, lines []T) error {
	return write(ctx, name, func(to io.Writer) error {
		e := json.NewEncoder(to)
		e.SetEscapeHTML(false)
		for _, l := range lines {
			if err := e.Encode(l); err != nil {
				return err
			}
		}
		return nil
	})
}
