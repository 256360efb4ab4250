package eval

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/rules"
)

// Options say what is worked out. The zero value scores every task, without
// intervals.
type Options struct {
	Derived   corpus.Observation // the observation that is derived from the others, if there is one
	Resamples int                // of the bootstrap; 0: no intervals
	Seed      uint64
	Rules     *rules.Set // whose rules and cues may be unused; nil: not known
}

// scale says how the figures of j are made.
func (j *Joined) scale(opts Options) *scale {
	s := &scale{observations: j.Observations, derived: opts.Derived, tasks: []Task{Mentioned, Positive, Negation, Uncertain}}
	if j.presence {
		s.tasks = []Task{Positive}
	}
	return s
}

// Evaluate measures the k-th prediction against gold.
func Evaluate(j *Joined, k int, opts Options) *Evaluation {
	s := j.scale(opts)
	matched := j.matchSpans(k)
	all := j.count(k, nil, matched)
	e := &Evaluation{
		Reports: len(j.pairs), Unit: j.unit, Observations: j.Observations, Tasks: s.tasks, Derived: opts.Derived,
		Confusions: all.by, Figures: s.figures(all), Groups: j.groups(k),
		Resamples: opts.Resamples, Seed: opts.Seed,
		Errors: j.disagreements(k), Evidence: j.hasMentions[k],
		OnlyGold: j.OnlyGold, OnlyPrediction: j.OnlyPrediction, GoldLacks: j.GoldLacks, PredictionLacks: j.PredictionLacks,
	}
	low, high := resample(opts.Resamples, len(j.pairs), opts.Seed, func(weights []int32) []float64 {
		return values(s.figures(j.count(k, weights, matched)))
	})
	for i := range e.Figures {
		e.Figures[i].Low, e.Figures[i].High = low[i], high[i]
	}
	e.Figures = append(e.Figures, coverage(j))
	if e.Groups != nil {
		e.Figures = append(e.Figures, worstGroup(e.Groups))
	}
	if e.Evidence {
		e.Rules, e.Cues = j.attribute(k)
		e.Unused = unused(opts.Rules, e.Rules, e.Cues)
		e.Rules, e.Cues = carrying(e.Rules), carrying(e.Cues)
	}
	return e
}

func values(figures []Figure) []float64 {
	out := make([]float64, len(figures))
	for i, f := range figures {
		out[i] = f.Value
	}
	return out
}

// count counts the cells of a prediction, each pair as often as its weight
// says; nil weights are 1. It is what a bootstrap repeats: cells are counted flat,
// and laid out as confusions in the end.
func (j *Joined) count(k int, weights []int32, matched [][]tally) *counts {
	c := &counts{by: make([]Confusion, len(j.Observations))}
	if matched != nil {
		c.spans = make([]tally, len(spanMeasures))
	}
	flat := make([]int, (open+1)*len(j.Observations))
	for p := range j.pairs {
		w := 1
		if weights != nil {
			w = int(weights[p])
		}
		if w == 0 {
			continue
		}
		at := 0
		for _, cell := range j.row(k, p) {
			flat[at+int(cell)] += w
			at += open + 1
		}
		if agreement := j.agreements[k][p]; agreement != nothingJudged {
			c.reports += w
			if agreement == allRight {
				c.exact += w
			}
		}
		if matched != nil {
			for i, t := range matched[p] {
				c.spans[i] = c.spans[i].plus(tally{w * t.tp, w * t.fp, w * t.fn})
			}
		}
	}
	for o := range c.by {
		for cell, n := range flat[o*(open+1) : o*(open+1)+open] {
			c.by[o][cell/4][cell%4] = n
		}
	}
	return c
}

// groups sums up by Row.Group of gold, in alphabetical order.
func (j *Joined) groups(k int) []Group {
	by := map[string]*Group{}
	for p, pair := range j.pairs {
		g := by[pair.gold.Group]
		if g == nil {
			g = &Group{Name: pair.gold.Group}
			by[g.Name] = g
		}
		judged, agreeing := whole(j.row(k, p))
		if judged == 0 {
			continue
		}
		g.Reports, g.Cells, g.Right = g.Reports+1, g.Cells+judged, g.Right+agreeing
		if agreeing == judged {
			g.Exact++
		}
	}
	if len(by) == 1 && by[""] != nil {
		return nil
	}
	var all []Group
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[name])
	}
	return all
}

// coverage is the share of gold's rows that have a prediction, for a gate.
func coverage(j *Joined) Figure {
	all := len(j.pairs) + len(j.OnlyGold)
	return Figure{Name: "coverage", Value: ratio(len(j.pairs), all), Low: math.NaN(), High: math.NaN(), Gold: all}
}

// worstGroup is the least share of right labels that a group has, for a gate on
// all of them.
func worstGroup(groups []Group) Figure {
	least := Figure{Name: "groups.least", Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	for _, g := range groups {
		if share := ratio(g.Right, g.Cells); g.Cells > 0 && !(share >= least.Value) {
			least.Value, least.Gold = share, g.Cells
		}
	}
	return least
}

// disagreements lists every label that is not gold's, in the order of gold's
// rows and of the observations.
func (j *Joined) disagreements(k int) (all []Disagreement) {
	n := 0
	for _, cell := range j.cells[k] {
		if !right(cell) {
			n++
		}
	}
	all = slices.Grow(all, n)
	for p, pair := range j.pairs {
		for o, cell := range j.row(k, p) {
			if right(cell) {
				continue
			}
			d := Disagreement{ID: pair.gold.ID, Observation: j.Observations[o]}
			d.Gold, d.Predicted = assertions(cell)
			d.Decisive, d.Reason = why(pair.given[k], j.columns[k][o])
			if j.mentions {
				d.Annotated = pair.gold.Mentions[j.goldColumn[o]]
			}
			if len(d.Decisive)+len(d.Annotated) == 0 {
				d.Text = cmp.Or(pair.gold.Text, pair.given[k].Text)
			}
			all = append(all, d)
		}
	}
	return all
}

// why gives the mentions that made a label, and the reason where none did. Of a
// blank label they are what a cue excludes, or what withholds a derived label.
func why(row *gold.Row, column int) (decisive []gold.Mention, reason string) {
	if row.Mentions != nil {
		mentions, label := row.Mentions[column], row.Labels[column]
		if label == corpus.Unmentioned {
			for _, m := range mentions {
				label = max(label, m.Assertion)
			}
		}
		for _, m := range mentions {
			if m.Assertion == label {
				decisive = append(decisive, m)
			}
		}
	}
	if row.Reasons != nil {
		reason = row.Reasons[column]
	}
	return decisive, reason
}

// attribute counts, for every rule and cue, the labels that it carries.
func (j *Joined) attribute(k int) (rules, cues []Attribution) {
	byRule, byCue := map[string]*Attribution{}, map[string]*Attribution{}
	for p, pair := range j.pairs {
		row := pair.given[k]
		for _, mentions := range row.Mentions { // of observations that gold lacks, too
			for _, m := range mentions {
				entry(byRule, m.Rule).Mentions++
				entry(byCue, m.Cue).Mentions++
			}
		}
		for o, cell := range j.row(k, p) {
			column := j.columns[k][o]
			if cell == open {
				continue
			}
			decisive, _ := why(row, column)
			for _, id := range distinct(decisive, func(m gold.Mention) string { return m.Rule }) {
				entry(byRule, id).count(right(cell))
			}
			for _, id := range distinct(decisive, func(m gold.Mention) string { return m.Cue }) {
				entry(byCue, id).count(right(cell))
			}
		}
	}
	return sorted(byRule), sorted(byCue)
}

func entry(by map[string]*Attribution, id string) *Attribution {
	a := by[id]
	if a == nil {
		a = &Attribution{ID: id}
		by[id] = a
	}
	return a
}

func (a *Attribution) count(right bool) {
	if right {
		a.Right++
	} else {
		a.Wrong++
	}
}

func distinct(mentions []gold.Mention, id func(gold.Mention) string) (ids []string) {
	for _, m := range mentions {
		if !slices.Contains(ids, id(m)) {
			ids = append(ids, id(m))
		}
	}
	return ids
}

// sorted puts those with the most false labels first. The mentions of no rule
// or cue are left out.
func sorted(by map[string]*Attribution) (all []Attribution) {
	for id, a := range by {
		if id != "" {
			all = append(all, *a)
		}
	}
	slices.SortFunc(all, func(a, b Attribution) int {
		return cmp.Or(cmp.Compare(b.Wrong, a.Wrong), cmp.Compare(b.Right, a.Right), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// carrying leaves out those that carry no label.
func carrying(all []Attribution) []Attribution {
	return slices.DeleteFunc(all, func(a Attribution) bool { return a.Right+a.Wrong == 0 })
}

// unused lists the rules and cues of a set, in its order, that no mention named.
// Cues that govern nothing by themselves are never named.
func unused(set *rules.Set, usedRules, usedCues []Attribution) (u Unused) {
	if set == nil {
		return u
	}
	used := func(all []Attribution, id string) bool {
		return slices.ContainsFunc(all, func(a Attribution) bool { return a.ID == id })
	}
	for _, r := range set.Rules {
		if !used(usedRules, r.ID) {
			u.Rules = append(u.Rules, r.ID)
		}
	}
	for _, c := range set.Cues {
		if c.Kind != rules.Pseudo && c.Kind != rules.Terminator && !used(usedCues, c.ID) {
			u.Cues = append(u.Cues, c.ID)
		}
	}
	return u
}
