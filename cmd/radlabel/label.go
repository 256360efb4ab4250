package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

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
	mode    string
	workers int
	resume  bool
	shard   shardFlags
	stream  bool
	every   time.Duration
	quiet   bool
}

const labelHelp = `Label reads reports and writes one row of labels for each, in input order.

Inputs are found by content and name: MIMIC-CXR's archive or its unpacked folder,
CSV, JSON lines, OpenI's XML files, CheXpert Plus, text files; - is standard
input. The output's kind is in its name: .csv, .jsonl (labels with all their
evidence), .parquet; .csv and .jsonl may end in .gz or .zst; - is CSV on standard
output. It appears under its name only when it is whole; until then its rows are in
OUT.part. A run that was interrupted or killed leaves that, and the same command with
--resume goes on behind it: the output is that of a run that nothing has ended.

With --shard it labels one of n parts, writes beside OUT a record of it, OUT.shard, and
does nothing where this part is done already. radlabel merge makes of all n the bytes
of a run without --shard.

With --stream it answers each JSON line of standard input by one on standard output, at
once: by labels, or by {"error": ..., "line": n}. The exit code is 0 where all lines
were answered, by errors too.`

func (a *app) labelCommand() *cobra.Command {
	r := &labelRun{app: a}
	cmd := &cobra.Command{
		Use:   "label {INPUT... | --stream}",
		Short: "Label reports and write a table of labels",
		Long:  labelHelp,
		Example: `  radlabel label mimic-cxr-reports.zip -o labels.csv
  radlabel label mimic-cxr-reports.zip -o labels.csv --resume
  radlabel label reports.csv --id-column accession --text-column report -o labels.jsonl.gz
  radlabel label mimic-cxr-reports.zip -o shards/3.csv --shard 3/16
  radlabel label --stream <reports.jsonl >labels.jsonl`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if r.stream {
			return streamed(cmd, args)
		}
		return inputs(cmd, args)
	}
	cmd.RunE = action(func(ctx context.Context, args []string) error {
		if r.stream {
			return r.answer(ctx)
		}
		return r.run(ctx, args)
	})
	flags := cmd.Flags()
	flags.StringVarP(&r.out, "output", "o", "-", "output `file`; - is CSV on standard output")
	flags.StringVar(&r.layout, "layout", string(output.Default), "`columns` of a CSV: default, mimic, chexpert-labeler, nih")
	flags.IntVar(&r.workers, "workers", 0, "`number` of reports labelled at a time (one a core)")
	flags.BoolVar(&r.resume, "resume", false, "go on with what an interrupted run of the same command has left")
	flags.DurationVar(&r.every, "checkpoint", time.Second, "`time` between two savings of what is written, for --resume")
	flags.StringVar(&r.mode, "mode", "600", modeUsage)
	flags.BoolVar(&r.stream, "stream", false, "answer each JSON line of standard input by one on standard output")
	r.shard.add(cmd)
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
	form, err := r.form()
	if err != nil {
		return err
	}
	if err := r.shard.of(r.out, &form); err != nil {
		return err
	}
	l, opts, err := r.labeler()
	if err != nil {
		return err
	}
	if missing := form.Layout.Missing(l.Observations()); len(missing) > 0 {
		return usagef("--layout %s: the rule set %s does not know %s; use --ruleset chestxray14",
			form.Layout, opts.Rules.Name, strings.Join(namesOf(missing), ", "))
	}
	if err := r.ids.load(r.app, paths); err != nil {
		return err
	}
	r.inputFlags.shard, r.inputFlags.ranges = form.Shard, form.Ranges
	reader, err := r.open(ctx, r.app, paths)
	if err != nil {
		return err
	}
	if err := overwrites(paths, r.out); err != nil {
		return err
	}
	if form.Of, err = r.traits(paths, opts); err != nil {
		return err
	}
	if form.Shard.Of > 0 {
		if done, err := r.shardDone(form); done || err != nil {
			return err
		}
	}
	if reader.HasSubjects() {
		form.Layout = form.Layout.OfStudies()
	}
	form.Header = header(l, opts)
	if !form.Format.HasEvidence() {
		l = l.Brief()
	}
	return r.label(ctx, labelJob{reader, l, opts, form, memory})
}

// form is what the flags say of the output.
func (r *labelRun) form() (form output.ResumableOptions, err error) {
	form = output.ResumableOptions{Layout: output.Layout(r.layout), Every: r.every}
	if !slices.Contains(output.Layouts(), form.Layout) {
		return form, usagef("--layout %q is not known; use default, mimic, chexpert-labeler or nih", r.layout)
	}
	if form.Format, err = output.ParseName(r.out); err != nil {
		return form, failure{exitUsage, err}
	}
	if form.Layout != output.Default && form.Format.Kind != "csv" {
		return form, usagef("--layout is for CSV alone, and %s is none", r.out)
	}
	if r.workers < 0 {
		return form, usagef("--workers %d: want a number from 0", r.workers)
	}
	if r.every <= 0 {
		return form, usagef("--checkpoint %s: want a time above nothing", r.every)
	}
	form.Mode, err = parseMode(r.mode)
	return form, err
}

const modeUsage = "`permissions` of the output, as chmod takes them"

func parseMode(digits string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(digits, 8, 32)
	if err != nil || mode > 0o777 || mode&0o200 == 0 {
		return 0, usagef("--mode %q: want digits such as 600, 640 or 644", digits)
	}
	return fs.FileMode(mode), nil
}

// labelJob is what the flags of a run come to.
type labelJob struct {
	reader  *corpus.Reader
	labeler *labeler.Labeler
	opts    labeler.Options
	output  output.ResumableOptions
	memory  *garbage
}

// label labels the reports of a reader into the output.
func (r *labelRun) label(ctx context.Context, job labelJob) error {
	t := newTally(r.app, r.quiet)
	t.memory = job.memory
	t.exceptions = exceptions{file: r.exceptions, by: job.opts.Exceptions}
	t.shard = job.output.Shard
	out, err := r.rows(job.output, t)
	if err != nil {
		return err
	}
	if file, ok := out.(saved); ok && t.shard.Of > 0 {
		out = sharded{file, func() output.Told { return r.told(t, job.reader) }}
	}
	defer r.abort(out)
	if err := t.label(ctx, job.reader, job.labeler.LabelAll(ctx, t.reports(r.ids.of(job.reader.Reports(ctx))), r.workers), out); err != nil {
		return err
	}
	if err := t.finish(out, out); err != nil {
		return err
	}
	if t.shard.Of == 0 { // what is not in a shard may be in another
		t.unusedExceptions()
		r.ids.warn(t)
	}
	t.summary(job.reader, made(job.output.Header)+r.shard.how(job.output), r.out)
	return t.failure()
}

// abort ends an output that is not whole, and says what is kept of it.
func (r *labelRun) abort(out rows) {
	out.Abort()
	if s, ok := out.(interface{ kept() string }); ok && s.kept() != "" {
		fmt.Fprintln(r.stderr, s.kept())
	}
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
			Compat:     opts.Compat.Names(),
		},
	}
}

// made says in a summary what made the labels.
func made(h output.Header) string {
	return fmt.Sprintf("rules %s %.12s, section %s", h.RuleSet, h.Digest, h.Options.Section)
}

// label writes the results of the reports of a reader. Problems of single
// reports are told and counted, and end nothing.
func (t *tally) label(ctx context.Context, reader *corpus.Reader, results iter.Seq2[labeler.Result, error], w output.Writer) error {
	if t.terminal != nil && !t.quiet {
		t.bar = newBar(t.terminal, reader)
		defer t.bar.hide()
	}
	account := t.account
	for result, err := range results {
		switch problem := problemOf(err); {
		case problem != nil:
			t.lostOrWarned(result, problem)
		case err != nil:
			return err
		default:
			t.passed.report(result.Report)
			t.result(result)
			if err := w.Write(result); err != nil {
				return err
			}
		}
		if t.save != nil {
			if err := t.save(account); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// problemOf gives the problem of a report that an error is, or nil.
func problemOf(err error) *corpus.Problem {
	if err == nil {
		return nil // before there is room for one: this is asked of each report
	}
	var problem *corpus.Problem
	errors.As(err, &problem)
	return problem
}

// lostOrWarned tells of a problem of reading, or of a report that was read and
// could not be labelled.
func (t *tally) lostOrWarned(result labeler.Result, problem *corpus.Problem) {
	if result.Report.ID != "" {
		t.passed.report(result.Report)
	} else {
		t.passed.problem(problem)
	}
	t.problem(problem)
}

// finish completes the output, unless there is nothing to put into it.
func (t *tally) finish(w io.Closer, out interface{ Commit() error }) error {
	if err := w.Close(); err != nil {
		return err
	}
	if t.nothing() {
		return nil // the caller aborts
	}
	err := out.Commit()
	t.app.done = err == nil
	return err
}

// isBlank reports whether a text has nothing to label.
func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
