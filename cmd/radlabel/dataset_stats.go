package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/stats"
)

type statsRun struct {
	*app
	dataset *dataset.Dataset
	view    stats.View
	level   string
	by      string
	json    bool
	html    string
	quiet   bool
}

// statsCommand shows what is in a copy of a dataset.
func (a *app) statsCommand(d *dataset.Dataset) *cobra.Command {
	r := &statsRun{app: a, dataset: d}
	splits := append([]string{stats.Whole}, r.dataset.Splits...)
	levels := []string{string(dataset.ByImage)}
	if r.dataset.Studies {
		levels = []string{string(dataset.ByStudy), string(dataset.ByImage)}
	}
	cmd := &cobra.Command{
		Use:   "stats PATH...",
		Short: "Count what is in a copy of " + r.dataset.Title,
		Long: `Stats counts patients, studies, images, views, ages, sexes and labels in the
tables of ` + r.dataset.Title + `, by split: for each observation how often it is
positive, negative, uncertain and blank, and which are positive together.

A path is a folder or a file, compressed with gzip or zstd or not. Files are known
by their headers, columns by their names. Every row that cannot be read is named
with its line and column, and counted.

The text shows the co-occurrence of the whole, or of --split; --json and --html
have that of each split. With --by view labels are counted by the view of the image,
of the whole or of --split: a label of a study counts for each of its images.`,
		Example: "  radlabel dataset " + d.Name + " stats folder\n  radlabel dataset " + d.Name + " stats folder --split test --html stats.html\n" +
			"  radlabel dataset " + d.Name + " stats folder --by view",
		Args: func(_ *cobra.Command, args []string) error { return r.check(args, splits, levels) },
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.view.Split, "split", "", "show the labels of one split by its `name`: "+strings.Join(splits, ", "))
	flags.StringVar(&r.level, "level", "", "count labels by this `level`: "+strings.Join(levels, " or "))
	flags.StringVar(&r.by, "by", "split", "count labels by this `part` of the dataset: split or view")
	flags.BoolVar(&r.json, "json", false, "print all counts as a JSON object")
	flags.StringVar(&r.html, "html", "", "write all counts with plots to this `file`, a page of its own")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no notes or warnings: errors alone")
	offer(cmd, "split", func() []string { return splits })
	offer(cmd, "level", func() []string { return levels })
	offer(cmd, "by", func() []string { return []string{"split", "view"} })
	return cmd
}

// check says what is wrong with the command line, and takes the view from it.
func (r *statsRun) check(args, splits, levels []string) error {
	switch {
	case len(args) == 0:
		return errors.New("no input; give the folder of the dataset, or its files")
	case r.view.Split != "" && !slices.Contains(splits, r.view.Split):
		return fmt.Errorf("--split %q: want %s", r.view.Split, strings.Join(splits, ", "))
	case r.level != "" && !slices.Contains(levels, r.level):
		return fmt.Errorf("--level %q: want %s", r.level, strings.Join(levels, " or "))
	case r.by != "split" && r.by != "view":
		return fmt.Errorf("--by %q: want split or view", r.by)
	case r.by == "view" && r.level == string(dataset.ByStudy):
		return errors.New("--by view --level study: views are of images; leave out one of the two")
	case r.html == "-":
		return errors.New("--html -: name a file")
	}
	r.view.Level, r.view.ByView = dataset.Level(r.level), r.by == "view"
	return nil
}

func (r *statsRun) run(ctx context.Context, args []string) error {
	t := newTally(r.app, r.quiet)
	found, err := dataset.Find(ctx, r.dataset, args)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	unread := corpus.Problems(err)
	for _, p := range unread {
		t.problem(p)
	}
	if r.html != "" {
		var read []string
		for _, f := range found.Files {
			read = append(read, f.Path)
		}
		if err := overwrites(read, r.html); err != nil {
			return err
		}
	}
	if !r.quiet {
		r.passedOver(found)
	}
	if len(found.Files) == 0 {
		return failure{code: exitIO}
	}
	counts, err := stats.Gather(ctx, r.dataset, found.Files, t.problem)
	if err != nil {
		return err
	}
	if r.html != "" {
		if err := r.writeFile(r.html, func(w io.Writer) error { return stats.HTML(w, counts) }); err != nil {
			return err
		}
	}
	if r.json {
		err = stats.JSON(r.stdout, counts)
	} else {
		err = stats.Text(r.stdout, counts, r.view)
	}
	return errors.Join(err, lostRows(counts, len(unread)))
}

// passedOver tells which files are not read.
func (r *statsRun) passedOver(found *dataset.Found) {
	for _, path := range found.Other {
		fmt.Fprintf(r.stderr, "%s: passed over: it is none of the tables of %s\n", path, r.dataset.Title)
	}
	for _, pair := range found.Again {
		fmt.Fprintf(r.stderr, "%s: passed over: %s is read in its place\n", pair[0].Path, pair[1].Path)
	}
}

// lostRows is the error of rows and files that could not be read.
func lostRows(s *stats.Stats, files int) error {
	lost, torn := 0, 0
	for _, f := range s.Files {
		lost += f.Lost
		if f.Torn {
			torn++
		}
	}
	var what []string
	switch {
	case torn > 0:
		what = append(what, fmt.Sprintf("at least %s (%s not read to the end)", columns.Count(lost, "row"), columns.Count(torn, "file")))
	case lost > 0:
		what = append(what, columns.Count(lost, "row"))
	}
	if files > 0 {
		what = append(what, columns.Count(files, "problem")+" of files")
	}
	if what == nil {
		return nil
	}
	return failure{exitIO, fmt.Errorf("radlabel: not counted: %s", strings.Join(what, "; "))}
}
