package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

type chexpertRun struct {
	*app
	in, out string
	compat  string
	verbose bool
}

func (a *app) chexpertCommand() *cobra.Command {
	r := &chexpertRun{app: a}
	cmd := &cobra.Command{
		Use:   "chexpert-labeler --reports_path IN.csv [--output_path OUT.csv]",
		Short: "Stand in for the published CheXpert labeler: its input, its output, its conventions",
		Long: `Chexpert-labeler reads a CSV without a header whose one column is the text of
reports, labels each text as a whole, and writes Reports and the 14 labels, as the
published labeler does. It keeps the published conventions (see --compat of
radlabel label) unless told otherwise.`,
		Example: `  radlabel chexpert-labeler --reports_path reports.csv --output_path labeled_reports.csv`,
		Args:    cobra.NoArgs,
		RunE:    action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.in, "reports_path", "", "headerless one-column CSV `file` of reports")
	flags.StringVar(&r.out, "output_path", "labeled_reports.csv", "output `file`; - is standard output")
	flags.BoolVarP(&r.verbose, "verbose", "v", false, "progress and a summary")
	flags.StringVar(&r.compat, "compat", "chexpert", "`conventions` of the published labeler to keep: chexpert (all), aggregation, no-finding, none")
	offerList(cmd, "compat", conventions)
	return cmd
}

func (r *chexpertRun) run(ctx context.Context, _ []string) error {
	if r.in == "" {
		return usagef("no input; give --reports_path")
	}
	format, err := output.ParseName(r.out)
	if err == nil && format.Kind != "csv" {
		err = errors.New("--output_path: the published labeler writes CSV; name the file .csv")
	}
	if err != nil {
		return failure{exitUsage, err}
	}
	if err := overwrites([]string{r.in}, r.out); err != nil {
		return err
	}
	compat, err := labeler.ParseCompat(r.compat)
	if err != nil {
		return usagef("--compat %w", err)
	}
	set, err := rules.Embedded("chexpert")
	if err != nil {
		return err
	}
	opts := labeler.Options{Rules: set, Section: "all", Compat: compat}
	l, err := labeler.New(opts)
	if err != nil {
		return err
	}
	in := inputFlags{from: string(corpus.CheXpertLabeler)}
	reader, err := in.open(ctx, r.app, []string{r.in})
	if err != nil {
		return err
	}
	out, err := r.create(r.out)
	if err != nil {
		return err
	}
	defer out.Abort()
	w, err := output.New(out, format, output.CheXpert, header(l, opts))
	if err != nil {
		return err
	}
	t := newTally(r.app, !r.verbose)
	if err := t.label(ctx, reader, l.LabelAll(ctx, wholeTexts(reader.Reports(ctx)), 0), w); err != nil {
		return err
	}
	if err := t.finish(w, out); err != nil {
		return err
	}
	how := "the published labeler's conventions: none"
	if names := compat.Names(); names != nil {
		how = "the published labeler's conventions: " + strings.Join(names, ", ")
	}
	t.summary(reader, fmt.Sprintf("rules %s %.12s, %s", set.Name, set.Digest, how), r.out)
	return t.failure()
}

// wholeTexts makes each text of the published labeler's input one section
// without a header, which is labelled whole: whatever headers stand in it are
// words of it.
func wholeTexts(reports iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for r, err := range reports {
			if err == nil {
				r.Sections = []corpus.Section{{Name: segment.Preamble, Span: corpus.Span{End: len(r.Text)}}}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
