package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

type labelRun struct {
	*app
	inputFlags
	labelFlags
	ids     idsFlag
	out     string
	layout  string
	workers int
	quiet   bool
}

func (a *app) labelCommand() *cobra.Command {
	r := &labelRun{app: a}
	cmd := &cobra.Command{
		Use:   "label INPUT...",
		Short: "Label reports and write a table of labels",
		Long: `Label reads reports and writes one row of labels for each, in input order.

Inputs are found by content and name: MIMIC-CXR's archive or its unpacked folder,
CSV, JSON lines, OpenI's XML files, CheXpert Plus, text files; - is standard
input. The output's kind is in its name: .csv, .jsonl (labels with all their
evidence), .parquet; .csv and .jsonl may end in .gz or .zst; - is CSV on standard
output. It appears under its name only when it is whole.`,
		Example: `  radlabel label mimic-cxr-reports.zip -o labels.csv
  radlabel label reports.csv --id-column accession --text-column report -o labels.jsonl.gz`,
		Args: inputs,
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.out, "output", "o", "-", "output `file`; - is CSV on standard output")
	flags.StringVar(&r.layout, "layout", string(output.Default), "`columns` of a CSV: default, mimic, chexpert-labeler, nih")
	flags.IntVar(&r.workers, "workers", 0, "`number` of reports labelled at a time (one a core)")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress, warnings or summary: errors alone")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	r.ids.add(cmd)
	offer(cmd, "layout", func() []string { return namesOf(output.Layouts()) })
	return cmd
}

func (r *labelRun) run(ctx context.Context, paths []string) error {
	memory := collectLate()
	defer memory.stop()
	layout := output.Layout(r.layout)
	if !slices.Contains(output.Layouts(), layout) {
		return usagef("--layout %q is not known; use default, mimic, chexpert-labeler or nih", r.layout)
	}
	format, err := output.ParseName(r.out)
	if err != nil {
		return failure{exitUsage, err}
	}
	if layout != output.Default && format.Kind != "csv" {
		return usagef("--layout is for CSV alone, and %s is none", r.out)
	}
	if r.workers < 0 {
		return usagef("--workers %d: want a number from 0", r.workers)
	}
	l, opts, err := r.labeler()
	if err != nil {
		return err
	}
	if missing := layout.Missing(l.Observations()); len(missing) > 0 {
		return usagef("--layout %s: the rule set %s does not know %s; use --ruleset chestxray14",
			layout, opts.Rules.Name, strings.Join(namesOf(missing), ", "))
	}
	if err := r.ids.load(r.app, paths); err != nil {
		return err
	}
	reader, err := r.open(ctx, r.app, paths)
	if err != nil {
		return err
	}
	if err := overwrites(paths, r.out); err != nil {
		return err
	}
	if reader.HasSubjects() {
		layout = layout.OfStudies()
	}

	out, err := r.create(r.out)
	if err != nil {
		return err
	}
	defer out.Abort()
	w, err := output.New(out, format, layout, header(l, opts))
	if err != nil {
		return err
	}
	t := newTally(r.app, r.quiet)
	t.memory = memory
	t.exceptions = exceptions{file: r.exceptions, by: opts.Exceptions}
	if err := t.label(ctx, reader, l.LabelAll(ctx, r.ids.of(reader.Reports(ctx)), r.workers), w); err != nil {
		return err
	}
	if err := t.finish(w, out); err != nil {
		return err
	}
	t.unusedExceptions()
	r.ids.warn(t)
	t.summary(reader, fmt.Sprintf("rules %s %.12s, section %s", opts.Rules.Name, opts.Rules.Digest, opts.Section), r.out)
	return t.failure()
}

// sink is an output that is whole or not there.
type sink interface {
	io.Writer
	Commit() error
	Abort()
}

// direct is an output that cannot be taken back.
type direct struct{ io.Writer }

func (direct) Commit() error { return nil }
func (direct) Abort()        {}

// create opens the output of a command; - is standard output.
func (a *app) create(name string) (sink, error) {
	a.out = name
	if name == "-" {
		return direct{a.stdout}, nil
	}
	return output.Create(name)
}

// writeFile writes a whole output, or none.
func (a *app) writeFile(name string, content func(io.Writer) error) error {
	out, err := a.create(name)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := content(out); err != nil {
		return err
	}
	return out.Commit()
}

// rowsForm is the form of a file of errors or changes by its name, or "".
func rowsForm(name string) string {
	format, err := output.ParseName(name)
	if err != nil || format.Kind == "parquet" || format.Compression != "" {
		return ""
	}
	return format.Kind
}

// overwrites refuses an output that is one of the inputs.
func overwrites(paths []string, out string) error {
	target, err := os.Stat(out)
	if out == "-" || err != nil || !target.Mode().IsRegular() {
		return nil
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && os.SameFile(info, target) {
			return usagef("%s is an input as well; write to another file", out)
		}
	}
	return nil
}

// header says what makes the labels.
func header(l *labeler.Labeler, opts labeler.Options) output.Header {
	return output.Header{
		Tool:         "radlabel",
		Version:      version(),
		RuleSet:      opts.Rules.Name,
		Digest:       opts.Rules.Digest,
		Observations: l.Observations(),
		Options: output.Options{
			Section:    opts.Section,
			Exceptions: len(opts.Exceptions),
			Compat:     compatNames(opts.Compat),
		},
	}
}

// label writes the results of the reports of a reader. Problems of single
// reports are told and counted, and end nothing.
func (t *tally) label(ctx context.Context, reader *corpus.Reader, results iter.Seq2[labeler.Result, error], w output.Writer) error {
	if t.terminal != nil && !t.quiet {
		t.bar = newBar(t.terminal, reader)
		defer t.bar.hide()
	}
	for result, err := range results {
		var problem *corpus.Problem
		switch {
		case errors.As(err, &problem):
			t.problem(problem)
			continue
		case err != nil:
			return err
		}
		t.result(result)
		if err := w.Write(result); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// finish completes the output, unless there is nothing to put into it.
func (t *tally) finish(w io.Closer, out sink) error {
	if err := w.Close(); err != nil {
		return err
	}
	if t.nothing() {
		return nil // the caller aborts
	}
	return out.Commit()
}

// isBlank reports whether a text has nothing to label.
func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
