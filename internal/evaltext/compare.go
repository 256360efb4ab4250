package evaltext

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

// Pair are the names of two things that are compared: predictions, annotators,
// the old and the new labels.
type Pair struct{ A, B string }

// Comparison writes the differences of two predictions, then the labels that
// changed.
func Comparison(w io.Writer, c *eval.Comparison, names Pair, style Style) error {
	p := &printer{w: w}
	p.printf("A: %s\nB: %s\n%s compared with gold on %s\n", page.OneLine(names.A), page.OneLine(names.B),
		columns.Count(c.Reports, c.Unit), columns.Count(len(c.Observations), "observation"))
	p.alone("of gold that A or B lacks, left out", c.OnlyGold)
	p.printf("\n")

	labels := map[string]string{"exact": "all labels right", "cells": "labels right"}
	order := []string{"exact", "cells"}
	for _, t := range c.Tasks {
		name := t.String() + ".micro"
		labels[name], order = t.String()+", micro F1", append(order, name)
	}
	t := columns.New("difference", columns.Right("A"), columns.Right("B"), columns.Right("B - A"), "95 % interval", columns.Right("p"))
	for _, name := range order {
		t.AppendRow(differenceRow(c, labels[name], name))
	}
	p.table(t)
	for _, task := range c.Tasks {
		t := columns.New(task.String()+" F1", columns.Right("A"), columns.Right("B"), columns.Right("B - A"), "95 % interval", columns.Right("p"))
		for _, o := range c.Observations {
			name := string(o) + "." + task.String()
			if d, ok := difference(c, name); ok && d.A != d.B && !(math.IsNaN(d.A) && math.IsNaN(d.B)) {
				t.AppendRow(differenceRow(c, string(o), name))
			}
		}
		if t.Length() > 0 {
			p.table(t)
		}
	}
	p.discordances(c)
	p.changes(c, style)
	return p.err
}

func difference(c *eval.Comparison, name string) (eval.Difference, bool) {
	for _, d := range c.Differences {
		if d.Name == name {
			return d, true
		}
	}
	return eval.Difference{}, false
}

func differenceRow(c *eval.Comparison, label, name string) table.Row {
	d, _ := difference(c, name)
	return table.Row{label, number(d.A), number(d.B), signed(d.B - d.A), signedInterval(d.Low, d.High), probability(d.P)}
}

// signed writes a difference with its sign.
func signed(v float64) string {
	if s := number(v); v < 0 || s == "-" || s == ".000" {
		return s
	} else {
		return "+" + s
	}
}

func signedInterval(low, high float64) string {
	if math.IsNaN(low) || math.IsNaN(high) {
		return ""
	}
	return signed(low) + " to " + signed(high)
}

// probability writes a p-value.
func probability(p float64) string {
	switch {
	case math.IsNaN(p):
		return ""
	case p < .001:
		return "<.001"
	}
	return strings.TrimPrefix(strconv.FormatFloat(p, 'f', 3, 64), "0")
}

func (p *printer) discordances(c *eval.Comparison) {
	t := columns.New("McNemar", columns.Right("only A right"), columns.Right("only B right"), columns.Right("p"), columns.Right("p, Holm"))
	for _, d := range c.Discordances {
		if d.OnlyA+d.OnlyB == 0 {
			continue
		}
		name, corrected := string(d.Observation), probability(d.Holm)
		if name == "" {
			name, corrected = "whole reports", ""
		}
		t.AppendRow(table.Row{name, columns.Thousands(d.OnlyA), columns.Thousands(d.OnlyB), probability(d.P), corrected})
	}
	if t.Length() > 0 {
		p.table(t)
	}
}

func (p *printer) changes(c *eval.Comparison, style Style) {
	if len(c.Changes) == 0 {
		p.printf("A and B give the same labels\n")
		return
	}
	fixed, broke := 0, 0
	for _, change := range c.Changes {
		switch change.Verdict() {
		case "fixed":
			fixed++
		case "broke":
			broke++
		}
	}
	p.printf("%s changed from A to B: %s fixed, %s broken, %s wrong in both\n\n", columns.Count(len(c.Changes), "label"),
		columns.Thousands(fixed), columns.Thousands(broke), columns.Thousands(len(c.Changes)-fixed-broke))
	p.counted("what B did", "labels", len(c.Changes), func(i int) string {
		change := &c.Changes[i]
		if v := change.Verdict(); v != "" {
			return v + " by " + cameBy(*change)
		}
		return "wrong in both, now by " + cameBy(*change)
	})
	for _, change := range c.Changes[:min(len(c.Changes), style.Examples)] {
		p.change(change, style)
	}
	p.more(len(c.Changes) - style.Examples)
}

// cameBy names what made the new label, or, of a new blank, the old one.
func cameBy(c eval.Change) string {
	switch {
	case len(c.NewWhy) > 0:
		return by(c.NewWhy[0].Rule, c.NewWhy[0].Cue)
	case len(c.OldWhy) > 0:
		return "no longer " + by(c.OldWhy[0].Rule, c.OldWhy[0].Cue)
	case c.NewReason != "":
		return c.NewReason
	}
	return "no evidence in the labels"
}

func (p *printer) change(c eval.Change, style Style) {
	p.printf("%s  %s: %s", page.OneLine(c.ID), style.bold(string(c.Observation)), c.Kind())
	if c.Judged {
		p.printf(", gold %s", c.Gold)
		if v := c.Verdict(); v != "" {
			p.printf(": %s", v)
		}
	}
	p.printf("\n")
	p.side("old", c.OldWhy, c.OldReason, style)
	p.side("new", c.NewWhy, c.NewReason, style)
}

// side is what stands behind the old or the new label.
func (p *printer) side(which string, decisive []gold.Mention, reason string, style Style) {
	if len(decisive) == 0 && reason != "" {
		p.printf("    %s: %s\n", which, page.OneLine(reason))
	}
	for i, m := range decisive {
		if i == 2 {
			p.printf("    %s: %s more like this\n", which, columns.Count(len(decisive)-i, "mention"))
			return
		}
		p.printf("    %s: %s\n      %s\n", which, by(m.Rule, m.Cue), style.sentence(m))
	}
}

// Diff writes what changed between two label sources.
func Diff(w io.Writer, d *eval.Diff, names Pair, style Style) error {
	p := &printer{w: w}
	p.printf("old: %s\nnew: %s\n", page.OneLine(names.A), page.OneLine(names.B))
	if d.Presence {
		p.printf("compared as positive or not: one lists what is positive and nothing else\n")
	}
	p.printf("%s in both: %s changed, in %s\n", columns.Count(d.Reports, "report"), columns.Thousands(d.Changed), columns.Count(d.Labels, "label"))
	p.alone("only in the old labels", d.Alone(0))
	p.alone("only in the new labels", d.Alone(1))
	p.observations("not in the old labels, left out", d.OldLacks)
	p.observations("not in the new labels, left out", d.NewLacks)
	shifts := d.Shifts()
	if len(shifts) == 0 {
		return p.err
	}
	p.printf("\n")
	p.matrix(d)
	p.shifts(shifts)
	p.diffCauses(d)
	for _, s := range shifts[:min(len(shifts), worst)] {
		for _, c := range s.Examples {
			p.change(c, style)
		}
	}
	if len(shifts) > worst && style.Examples > 0 {
		p.printf("... and %s more kinds of change; -o FILE.csv has all\n", columns.Thousands(len(shifts)-worst))
	}
	return p.err
}

// shifts is a table of what changed, an observation a row, the commonest change
// first.
func (p *printer) shifts(all []eval.Shift) {
	const most = 2
	var order []corpus.Observation
	labels, kinds := map[corpus.Observation]int{}, map[corpus.Observation][]string{}
	for _, s := range all {
		if labels[s.Observation] == 0 {
			order = append(order, s.Observation)
		}
		labels[s.Observation] += s.Labels
		kinds[s.Observation] = append(kinds[s.Observation], fmt.Sprintf("%s -> %s %s", s.Old, s.New, columns.Thousands(s.Labels)))
	}
	slices.SortStableFunc(order, func(a, b corpus.Observation) int { return labels[b] - labels[a] })
	t := columns.New("observation", columns.Right("labels"), "old -> new")
	for _, o := range order {
		shown := strings.Join(kinds[o][:min(len(kinds[o]), most)], ", ")
		if len(kinds[o]) > most {
			shown += ", ..."
		}
		t.AppendRow(table.Row{o, columns.Thousands(labels[o]), shown})
	}
	p.table(t)
}

// matrix counts the labels by old and new assertion, all observations together.
func (p *printer) matrix(d *eval.Diff) {
	var sum eval.Confusion
	for _, c := range d.By {
		for from := range c {
			for to, n := range c[from] {
				sum[from][to] += n
			}
		}
	}
	headers := []any{"old \\ new"}
	for a := corpus.Unmentioned; a <= corpus.Positive; a++ {
		headers = append(headers, columns.Right(a.String()))
	}
	t := columns.New(headers...)
	for from, row := range sum {
		r := table.Row{corpus.Assertion(from).String()}
		for _, n := range row {
			r = append(r, columns.Thousands(n))
		}
		t.AppendRow(r)
	}
	p.table(t)
}

// diffCauses lists the rules and cues behind the changes, the commonest first.
func (p *printer) diffCauses(d *eval.Diff) {
	t := columns.New(columns.Right("labels"), "by")
	shown, causes := 0, d.Causes()
	for _, c := range causes {
		if c.OldRule == "" && c.NewRule == "" {
			continue
		}
		if shown++; shown > worst {
			continue
		}
		t.AppendRow(table.Row{columns.Thousands(c.Labels), fmt.Sprintf("%s: %s -> %s", c.Observation, c.OldLabel, c.NewLabel)})
		for _, side := range []struct{ which, rule, cue string }{{"old", c.OldRule, c.OldCue}, {"new", c.NewRule, c.NewCue}} {
			if side.rule != "" {
				t.AppendRow(table.Row{"", "    " + side.which + ": " + by(side.rule, side.cue)})
			}
		}
	}
	if shown == 0 {
		return
	}
	p.printf("%s\n", t.Render())
	if shown > worst {
		p.printf("... and %s more\n", columns.Thousands(shown-worst))
	}
	p.printf("\n")
}
