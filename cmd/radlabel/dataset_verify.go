package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/verify"
)

type verifyRun struct {
	*app
	dataset *dataset.Dataset
	verify.Options
	limit int
	json  bool
	quiet bool
}

// verifyCommand holds a copy of a dataset against what is published.
func (a *app) verifyCommand(d *dataset.Dataset) *cobra.Command {
	r := &verifyRun{app: a, dataset: d}
	files := "images"
	example := "  radlabel dataset " + d.Name + " verify folder\n  radlabel dataset " + d.Name + " verify folder --complete --limit 0"
	if d == dataset.MIMIC {
		files = "images and reports"
		example += "\n  radlabel dataset mimic-cxr verify mimic-cxr-jpg mimic-cxr-reports.zip --checksums mimic-cxr-jpg/SHA256SUMS.txt"
	}
	cmd := &cobra.Command{
		Use:   "verify PATH...",
		Short: "Check that a copy of " + r.dataset.Title + " is whole and fits together",
		Long: `Verify holds a copy of ` + r.dataset.Title + ` against the published counts, and its files
against each other: ids that do not parse, labels outside the permitted values,
duplicates, rows that contradict each other, patients in more than one split, rows
that one table has and another lacks. Where ` + files + ` are in the folders, they
are held against the tables: what is missing, what is there and not listed.

Each finding is a line, path:line: what is wrong; what to do. Remarks are no
faults of the copy: the published files have them too, or may. What the copy does
not have is not checked, and the summary says so; with --complete it is a finding.

Exit codes: 0 all is well, 1 with findings, 3 where something could not be read.`,
		Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("no input; give the folder of the dataset, or its files")
			case r.limit < 0:
				return fmt.Errorf("--limit %d: want 0, which is no limit, or more", r.limit)
			}
			return nil
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.Complete, "complete", false, "what is not there is a finding")
	flags.StringVar(&r.Checksums, "checksums", "", "check the files that this `list` of SHA-256 checksums names")
	flags.IntVar(&r.limit, "limit", 20, "show at most this `number` of findings of a kind; 0: all")
	flags.BoolVar(&r.json, "json", false, "print findings and summary as JSON objects, one a line")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no remarks and no summary: findings and errors alone")
	return cmd
}

func (r *verifyRun) run(ctx context.Context, args []string) error {
	out := newFindings(r.stdout, r.limit, r.json, r.quiet)
	t := newTally(r.app, false)
	var files int64
	part := 0.0
	if r.terminal != nil {
		t.bar = newBarOf(r.terminal, "file", func(int64) float64 { return part })
		defer t.bar.hide()
		r.Progress = func(read, total int64) {
			files++
			part = float64(read) / float64(max(total, 1))
			t.bar.set(int(files))
		}
	}
	r.Tell = func(f verify.Finding) {
		t.bar.hide()
		out.tell(f)
	}
	r.Unread = t.problem
	v, err := verify.Run(ctx, r.dataset, args, r.Options)
	if err != nil {
		return err
	}
	t.bar.hide()
	out.unread = t.lost
	out.summary(v)
	switch {
	case out.err != nil:
		return out.err
	case t.lost > 0:
		return failure{exitIO, fmt.Errorf("radlabel: could not be read: %s", columns.Count(t.lost, "file"))}
	case out.faults > 0:
		return failure{code: exitCheck}
	}
	return nil
}

// findings prints them as they come, up to a number of a kind, and counts all.
type findings struct {
	w      io.Writer
	limit  int
	json   bool
	quiet  bool
	kinds  []*findingCount
	faults int
	unread int
	err    error // of writing, the first
}

type findingCount struct {
	Kind   verify.FindingKind `json:"kind"`
	Remark bool               `json:"remark,omitempty"`
	N      int                `json:"count"`
	Shown  int                `json:"shown"`
}

func newFindings(w io.Writer, limit int, json, quiet bool) *findings {
	return &findings{w: w, limit: limit, json: json, quiet: quiet}
}

func (f *findings) tell(finding verify.Finding) {
	c := f.of(finding)
	c.N++
	if !finding.Remark {
		f.faults++
	}
	if f.limit > 0 && c.Shown == f.limit || f.quiet && finding.Remark {
		return
	}
	c.Shown++
	if f.json {
		f.object(struct {
			Kind   verify.FindingKind `json:"kind"`
			Remark bool               `json:"remark,omitempty"`
			Path   string             `json:"path"`
			Line   int                `json:"line,omitempty"`
			What   string             `json:"what"`
			Do     string             `json:"do,omitempty"`
		}{finding.Kind, finding.Remark, finding.Place.Path, finding.Place.Line, finding.What, finding.Do})
		return
	}
	f.print(finding.String() + "\n")
}

// of counts remarks apart.
func (f *findings) of(finding verify.Finding) *findingCount {
	for _, c := range f.kinds {
		if c.Kind == finding.Kind && c.Remark == finding.Remark {
			return c
		}
	}
	c := &findingCount{Kind: finding.Kind, Remark: finding.Remark}
	f.kinds = append(f.kinds, c)
	return c
}

func (f *findings) summary(v *verify.Result) {
	if f.json {
		f.object(map[string]any{"summary": struct {
			Checked    []string        `json:"checked"`
			NotChecked []string        `json:"not_checked"`
			Findings   int             `json:"findings"`
			Unread     int             `json:"unread"`
			Kinds      []*findingCount `json:"kinds"`
		}{filled(v.Checked), filled(v.NotChecked), f.faults, f.unread, filled(f.kinds)}})
		return
	}
	if f.quiet {
		return
	}
	var b strings.Builder
	for _, what := range v.Checked {
		fmt.Fprintf(&b, "checked: %s\n", what)
	}
	for _, what := range v.NotChecked {
		fmt.Fprintf(&b, "not checked: %s\n", what)
	}
	for _, c := range f.kinds {
		kind := "finding"
		if c.Remark {
			kind = "remark"
		}
		fmt.Fprintf(&b, "%s, %s: %s", kind, c.Kind, columns.Thousands(c.N))
		if c.Shown < c.N {
			fmt.Fprintf(&b, " (%s shown; --limit 0 shows all)", columns.Thousands(c.Shown))
		}
		b.WriteByte('\n')
	}
	if f.faults == 0 && f.unread == 0 {
		b.WriteString("no findings\n")
	}
	f.print(b.String())
}

// filled is never null in JSON.
func filled[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func (f *findings) object(o any) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		f.err = errors.Join(f.err, err)
		return
	}
	f.print(b.String())
}

func (f *findings) print(s string) {
	if f.err == nil {
		_, f.err = io.WriteString(f.w, s)
	}
}
