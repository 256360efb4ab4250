package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evaltext"
	"github.com/radlabel/radlabel/internal/gold"
)

type diffRun struct {
	*app
	inputFlags
	labelFlags
	out      string
	only     []string
	json     bool
	exitCode bool
	examples int
	colours  string
	quiet    bool
}

func (a *app) diffCommand() *cobra.Command {
	r := &diffRun{app: a}
	cmd := &cobra.Command{
		Use:   "diff OLD NEW [INPUT...]",
		Short: "Show which labels changed between two label files or two rule sets",
		Long: `Diff compares two sources of labels for the same reports, matched by id: files of
labels of any kind that validate reads, or folders of rules and names of embedded
rule sets, which label the inputs. It counts the studies that changed, by observation
and from what to what, names the rules and cues behind the changes where the sources
know them (JSON lines, rules), and shows examples. -o writes every change.

Files in the same order, such as MIMIC-CXR's and radlabel's, are compared in little
memory, whatever their size.`,
		Example: `  radlabel diff mimic-cxr-2.0.0-chexpert.csv.gz labels.csv
  radlabel diff old.jsonl new.jsonl -o changes.csv
  radlabel diff chexpert my-rules reports.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) < 2:
				return errors.New("want two sources of labels: OLD NEW")
			case r.examples < 0:
				return errors.New("--examples wants a number from 0")
			case r.out != "" && (r.out == "-" || rowsForm(r.out) == ""):
				return fmt.Errorf("-o %s: name the file .csv or .jsonl", r.out)
			}
			return nil
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.out, "output", "o", "", "write every changed label to this `file`, .csv or .jsonl")
	flags.StringSliceVar(&r.only, "observations", nil, "only these observations, by `names` joined by commas")
	flags.BoolVar(&r.json, "json", false, "print the counts as a JSON object")
	flags.BoolVar(&r.exitCode, "exit-code", false, "exit 1 where a label changed")
	flags.IntVar(&r.examples, "examples", 1, "`number` of examples of each kind of change")
	flags.StringVar(&r.colours, "color", "auto", "`when` to colour the text: auto, always, never")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress, notes or warnings: errors alone")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	offer(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	return cmd
}

func (r *diffRun) run(ctx context.Context, args []string) error {
	colour, err := r.colour(r.colours)
	if err != nil {
		return err
	}
	if r.out != "" {
		if err := overwrites(args, r.out); err != nil {
			return err
		}
	}
	inputs := args[2:]
	sides, err := r.sides(ctx, args[0], args[1], inputs)
	if err != nil {
		return err
	}
	d := eval.NewDiff(sides[0].observations, sides[1].observations, r.examples)
	for _, p := range sides {
		d.Presence = d.Presence || p.source != nil && p.source.PositiveOnly
	}
	if len(d.Observations) == 0 {
		return usagef("%s and %s have no observation in common", sides[0].name, sides[1].name)
	}
	t := newTally(r.app, r.quiet)
	err = r.written(func(rows *evaltext.Rows) error {
		if rows != nil {
			d.Each = rows.Change
		}
		return r.compare(ctx, d, sides, inputs, t)
	})
	if err != nil {
		return err
	}
	if d.Reports == 0 {
		return fmt.Errorf("%s and %s have no id in common: the old has %s, the new %s",
			sides[0].name, sides[1].name, firstOf(d.Alone(0)), firstOf(d.Alone(1)))
	}
	names := evaltext.Pair{A: sides[0].title(), B: sides[1].title()}
	if r.json {
		err = evaltext.DiffJSON(r.stdout, d, names)
	} else {
		err = evaltext.Diff(r.stdout, d, names, evaltext.Style{Colour: colour, Examples: r.examples})
	}
	if err = errors.Join(err, t.failure()); err == nil && r.exitCode && d.Changed > 0 {
		err = failure{code: exitCheck}
	}
	return err
}

func firstOf(ids []string) string {
	if len(ids) == 0 {
		return "none"
	}
	return corpus.QuoteID(ids[0])
}

// sides opens both sources.
func (r *diffRun) sides(ctx context.Context, old, new string, inputs []string) (sides [2]*predictor, err error) {
	set, err := r.load() // whose spelling of the observations counts
	if err != nil {
		return sides, err
	}
	opts := gold.Options{IDColumn: r.id, Known: set.Observations}
	for _, name := range r.only {
		opts.Only = append(opts.Only, corpus.Observation(strings.TrimSpace(name)))
	}
	labelled := 0
	for i, arg := range []string{old, new} {
		if sides[i], err = anyPredictor(ctx, arg, r.labelFlags, opts); err != nil {
			return sides, err
		}
		if sides[i].labeler != nil {
			labelled++
		}
	}
	switch {
	case labelled > 0 && len(inputs) == 0:
		return sides, usagef("rules label reports; give the INPUT behind OLD and NEW")
	case labelled == 0 && len(inputs) > 0:
		return sides, usagef("%s and %s are labels already, so there is nothing to do with %s", old, new, inputs[0])
	case labelled == 2 && slices.Contains(inputs, "-"):
		return sides, usagef("standard input can be read once, and two rule sets read the input twice; give a file")
	}
	return sides, nil
}

// written runs the work with the rows of -o, or with nil.
func (r *diffRun) written(work func(*evaltext.Rows) error) error {
	if r.out == "" {
		return work(nil)
	}
	return r.writeFile(r.out, func(w io.Writer) error {
		rows, err := evaltext.NewChanges(w, rowsForm(r.out))
		if err != nil {
			return err
		}
		return errors.Join(work(rows), rows.Close())
	})
}

// compare reads both sides.
func (r *diffRun) compare(ctx context.Context, d *eval.Diff, sides [2]*predictor, inputs []string, t *tally) error {
	var rows [2]iter.Seq2[gold.Row, error]
	for i, p := range sides {
		var reports iter.Seq2[corpus.Report, error]
		if p.labeler != nil {
			reader, err := r.open(ctx, r.app, inputs)
			if err != nil {
				return err
			}
			reports = lostOnly(reader.Reports(ctx))
			if t.bar == nil && t.terminal != nil && !t.quiet {
				t.bar = newBar(t.terminal, reader)
				defer func() { t.bar.hide() }()
			}
		}
		rows[i] = p.rows(ctx, reports)
	}
	d.Progress = t.bar.set
	sameInputs := sides[0].labeler != nil && sides[1].labeler != nil
	err := d.Read(ctx, rows, func(side int, problem *corpus.Problem) {
		if side == 0 || !sameInputs { // else the other side has told it
			t.problem(problem)
		}
	})
	if err != nil {
		return err
	}
	for _, p := range sides {
		t.notes(p.source)
	}
	return nil
}
