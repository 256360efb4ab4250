package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/searchtext"
	"github.com/radlabel/radlabel/labeler"
)

type indexRun struct {
	*app
	inputFlags
	labelFlags
	dir      string
	labels   string
	metadata []string
	update   bool
	quiet    bool
}

func (a *app) indexCommand() *cobra.Command {
	r := &indexRun{app: a}
	cmd := &cobra.Command{
		Use:   "index INPUT... --index DIR",
		Short: "Index reports to search them by words and by what they assert",
		Long: `Index reads and labels reports, and makes an index of them in a folder, for
radlabel search. The folder is the index's own. The labels of reports are those
that radlabel label gives with the same options, or those of --labels; what single
sentences assert is read from every section.

The index is there when it is whole. Until then searches see the one before. With
--update, only reports that are new or have changed are labelled and indexed;
reports of the index that are not among the inputs stay. Where the rule set has
changed, every report is.`,
		Example: `  radlabel index mimic-cxr-reports.zip --index idx --metadata mimic-cxr-2.0.0-metadata.csv.gz --metadata mimic-cxr-2.0.0-split.csv.gz
  radlabel index --update new-reports.csv --index idx
  radlabel index stats --index idx`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := inputs(cmd, args); err != nil {
				return err
			}
			return needIndex(r.dir)
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.labels, "labels", "", "labels of the reports from this `file` (CSV, JSON lines, Parquet) in place of the rules'")
	flags.StringArrayVar(&r.metadata, "metadata", nil, "table `file` of study_id with split, ViewPosition or StudyDate; may be given again")
	flags.BoolVar(&r.update, "update", false, "label and index only what is new or has changed")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress, warnings or summary: errors alone")
	cmd.PersistentFlags().StringVar(&r.dir, "index", "", "`folder` of the index")
	offerFolders(cmd, "index")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	cmd.AddCommand(r.statsCommand(), r.checkCommand())
	return cmd
}

func needIndex(dir string) error {
	if dir == "" {
		return errors.New("no index; give its folder with --index DIR")
	}
	return nil
}

func (r *indexRun) run(ctx context.Context, paths []string) error {
	l, opts, err := r.labeler()
	if err != nil {
		return err
	}
	reader, err := r.open(ctx, r.app, paths)
	if err != nil {
		return err
	}
	write := index.WriteOptions{Labeler: opts, Version: version(), Update: r.update, LabelsFile: r.labels}
	given, err := r.givenLabels(ctx, l)
	if err != nil {
		return err
	}
	if given != nil {
		write.Labels = given.of
	}
	if write.Metadata, err = index.LoadMetadata(r.metadata); err != nil {
		return err
	}
	t := newTally(r.app, r.quiet)
	if t.terminal != nil && !t.quiet {
		t.bar = newBar(t.terminal, reader)
	}
	tell(&write, t)
	r.out = r.dir
	written, err := index.Write(ctx, r.dir, countBlank(reader.Reports(ctx), t), write)
	t.bar.hide()
	if err != nil {
		return err
	}
	t.unlabelled = written.Unlabelled
	given.warn(t)
	how := r.origin(opts)
	if !t.nothing() {
		how += "\n  " + indexed(written, r.update)
	}
	t.summary(reader, how, r.dir)
	return t.failure()
}

// tell lets a tally know of what is read and of problems. That happens in several
// goroutines; the tally is for one.
func tell(write *index.WriteOptions, t *tally) {
	var telling sync.Mutex
	write.Progress = func(n int) {
		telling.Lock()
		defer telling.Unlock()
		t.results = n
		t.bar.set(n)
	}
	write.Problem = func(p *corpus.Problem) {
		telling.Lock()
		defer telling.Unlock()
		t.problem(p)
	}
}

// origin says where labels come from, for the summary.
func (r *indexRun) origin(opts labeler.Options) string {
	how := fmt.Sprintf("rules %s %.12s, section %s", opts.Rules.Name, opts.Rules.Digest, opts.Section)
	if r.labels != "" {
		how += ", labels of " + r.labels
	}
	return how
}

// indexed says what became of the reports.
func indexed(w index.Written, update bool) string {
	s := fmt.Sprintf("%s in the index, %s", columns.Count(w.Reports, "report"), columns.Count(w.Sentences, "distinct sentence"))
	if !update {
		return s
	}
	s += fmt.Sprintf(": %s new, %s changed, %s as before", columns.Thousands(w.New), columns.Thousands(w.Changed), columns.Thousands(w.Same))
	if w.Kept > 0 {
		s += fmt.Sprintf(", %s kept that were not read", columns.Thousands(w.Kept))
	}
	if w.Rebuilt {
		s += "; all labelled again, as the rules or options are others"
	}
	return s
}

// countBlank passes reports on and counts those without text.
func countBlank(reports iter.Seq2[corpus.Report, error], t *tally) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for r, err := range reports {
			if err == nil && isBlank(r.Text) {
				t.empty++
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// givenLabels are labels of a file, by study.
type givenLabels struct {
	file    string
	byStudy map[string][]corpus.Assertion
	unknown int // reports without any
}

func (r *indexRun) givenLabels(ctx context.Context, l *labeler.Labeler) (*givenLabels, error) {
	if r.labels == "" {
		return nil, nil
	}
	observations := l.Observations()
	sheet, err := gold.Load(ctx, r.labels, gold.Options{Known: observations})
	if err != nil {
		return nil, err
	}
	given := &givenLabels{file: r.labels, byStudy: map[string][]corpus.Assertion{}}
	places := map[corpus.Observation]int{}
	for i, o := range observations {
		places[o] = i
	}
	for _, row := range sheet.PerReport().All {
		labels := make([]corpus.Assertion, len(observations))
		for i, o := range sheet.Observations {
			if place, ok := places[o]; ok {
				labels[place] = row.Labels[i]
			}
		}
		given.byStudy[row.ID] = labels
	}
	return given, nil
}

// of gives the labels of a report; blank ones where the file has none.
func (g *givenLabels) of(r corpus.Report) []corpus.Assertion {
	for _, id := range []string{r.ID, r.Study, corpus.StudyOf(r.ID)} {
		if labels, ok := g.byStudy[id]; ok && id != "" {
			return labels
		}
	}
	g.unknown++
	for _, any := range g.byStudy {
		return make([]corpus.Assertion, len(any))
	}
	return nil
}

func (g *givenLabels) warn(t *tally) {
	if g != nil && g.unknown > 0 {
		t.problem(&corpus.Problem{Place: corpus.Place{Path: g.file},
			What: fmt.Sprintf("%s not in it; their labels are blank", columns.Count(g.unknown, "report"))})
	}
}

func (r *indexRun) statsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stats --index DIR",
		Short:   "Show what an index holds, and what a query may ask for by name",
		Example: `  radlabel index stats --index idx`,
		Args:    noInputs(&r.dir),
		RunE: action(func(ctx context.Context, _ []string) error {
			x, err := index.Open(ctx, r.dir)
			if err != nil {
				return err
			}
			defer x.Close()
			return r.writeStats(x)
		}),
	}
}

// noInputs is for commands of an index alone.
func noInputs(dir *string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.NoArgs(cmd, args); err != nil {
			return err
		}
		return needIndex(*dir)
	}
}

func (r *indexRun) writeStats(x *index.Index) error {
	s := x.Stats()
	fmt.Fprintf(r.stdout, "made by radlabel %s, %s\n", s.Version, s.Origin)
	fmt.Fprintf(r.stdout, "%s, %s of text; the index has %s, %.2f times that\n", columns.Count(s.Reports, "report"),
		megabytes(s.TextBytes), megabytes(s.Bytes), float64(s.Bytes)/float64(max(s.TextBytes, 1)))
	fmt.Fprintf(r.stdout, "%s, %s distinct (%s of no report any more); %s; %s of words\n\n", columns.Count(s.Sentences, "sentence"),
		columns.Thousands(s.Distinct), columns.Thousands(s.Unused), columns.Count(s.Words, "distinct word"), columns.Count(s.Stores, "store"))
	if err := searchtext.Facets(r.stdout, s.Facets, s.Observations); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout)
	t := columns.New("field", "what it is", "values")
	for _, f := range x.Fields() {
		t.AppendRow([]any{f.Name, f.Doc, someOf(f.Values)})
	}
	_, err := fmt.Fprintln(r.stdout, t.Render())
	return err
}

// someOf lists the first of many values.
func someOf(values []string) string {
	const most = 5
	if len(values) <= most {
		return strings.Join(values, " ")
	}
	return fmt.Sprintf("%s ... (%s)", strings.Join(values[:most], " "), columns.Thousands(len(values)))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func (r *indexRun) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check --index DIR",
		Short: "Check that an index is as it was written and that its parts agree",
		Long: `Check reads the whole index. Every command does so far as to compare its files with
their checksums; check also compares the parts with one another: the sentences with
the texts, and the words that Bleve finds with those of the sentences.`,
		Example: `  radlabel index check --index idx`,
		Args:    noInputs(&r.dir),
		RunE: action(func(ctx context.Context, _ []string) error {
			x, err := index.Open(ctx, r.dir)
			if err == nil {
				defer x.Close()
				err = x.Check(ctx)
			}
			var damage *index.DamageError
			if errors.As(err, &damage) {
				return failure{exitCheck, err}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(r.stdout, "%s: whole, %s\n", r.dir, columns.Count(x.Reports(), "report"))
			return err
		}),
	}
}
