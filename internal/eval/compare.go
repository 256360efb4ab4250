package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

// Comparison says how two predictions differ on the same gold.
type Comparison struct {
	Reports      int
	Unit         string // what a pair is: "report", or "sentence"
	Observations []corpus.Observation
	Tasks        []Task
	Differences  []Difference  // figure by figure, in the order of an evaluation
	Discordances []Discordance // whole reports first, then each observation
	Changes      []Change      // every label on which the two differ
	Resamples    int
	Seed         uint64
	OnlyGold     []string // ids of gold that one of the two lacks
}

// Difference is one figure of both predictions. Its interval and P come from a
// paired bootstrap: each sample of reports measures both.
type Difference struct {
	Name      string
	A, B      float64
	Low, High float64 // 95 % interval of B - A
	// P is the two-sided bootstrap p-value: twice the share of samples on the far
	// side of zero. NaN without a bootstrap.
	P float64
}

// Discordance counts the reports that only one of the two labels right, with the
// exact two-sided McNemar (1947) p-value.
type Discordance struct {
	Observation  corpus.Observation // "": all labels of a report together
	OnlyA, OnlyB int                // reports that only A, only B has right
	P            float64
	// Holm is P corrected for the number of observations tested (Holm 1979); of
	// whole reports it is P.
	Holm float64
}

// Change is one label that differs between an old and a new prediction.
type Change struct {
	ID             string
	Observation    corpus.Observation
	Judged         bool // gold has judged the label
	Gold           corpus.Assertion
	Old, New       corpus.Assertion
	OldWhy, NewWhy []gold.Mention // the mentions that made the label
	OldReason      string
	NewReason      string
}

// Kind is "negative -> positive", from old to new.
func (c Change) Kind() string { return c.Old.String() + " -> " + c.New.String() }

// Verdict says what the change did: "fixed", "broke", or "" where both are wrong
// or gold has not judged.
func (c Change) Verdict() string {
	switch {
	case c.Judged && c.New == c.Gold:
		return "fixed"
	case c.Judged && c.Old == c.Gold:
		return "broke"
	}
	return ""
}

// Compare measures the first two predictions of j, A and B, against each other.
func Compare(j *Joined, opts Options) *Comparison {
	s := j.scale(opts)
	spans := [2][][]tally{j.matchSpans(0), j.matchSpans(1)}
	if spans[0] == nil || spans[1] == nil {
		spans = [2][][]tally{}
	}
	measure := func(k int, weights []int32) []Figure { return s.figures(j.count(k, weights, spans[k])) }
	c := &Comparison{
		Reports: len(j.pairs), Unit: j.unit, Observations: j.Observations, Tasks: s.tasks,
		Resamples: opts.Resamples, Seed: opts.Seed, OnlyGold: j.OnlyGold,
		Discordances: j.discordances(), Changes: j.changes(),
	}
	a, b := measure(0, nil), measure(1, nil)
	for i := range a {
		c.Differences = append(c.Differences, Difference{
			Name: a[i].Name, A: a[i].Value, B: b[i].Value, Low: math.NaN(), High: math.NaN(), P: math.NaN(),
		})
	}
	if opts.Resamples <= 0 {
		return c
	}
	samples := sample(opts.Resamples, len(j.pairs), opts.Seed, func(weights []int32) []float64 {
		a, b := values(measure(0, weights)), values(measure(1, weights))
		for i := range b {
			b[i] -= a[i]
		}
		return b
	})
	for i := range c.Differences {
		sorted := column(samples, i)
		d := &c.Differences[i]
		d.Low, d.High, d.P = quantile(sorted, .025), quantile(sorted, .975), farSide(sorted)
	}
	return c
}

// farSide is the two-sided p-value of a difference by its sorted samples, never
// less than one sample can say.
func farSide(sorted []float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	below, above := 0, 0
	for _, v := range sorted {
		if v <= 0 {
			below++
		}
		if v >= 0 {
			above++
		}
	}
	return min(1, 2*float64(min(below, above)+1)/float64(len(sorted)+1))
}

// discordances counts, for whole reports and each observation.
func (j *Joined) discordances() []Discordance {
	all := make([]Discordance, 1+len(j.Observations))
	for i, o := range j.Observations {
		all[i+1].Observation = o
	}
	for p := range j.pairs {
		a, b := j.row(0, p), j.row(1, p)
		wholeA, wholeB := true, true
		for o := range a {
			if a[o] == open || b[o] == open {
				continue
			}
			all[o+1].count(right(a[o]), right(b[o]))
			wholeA, wholeB = wholeA && right(a[o]), wholeB && right(b[o])
		}
		all[0].count(wholeA, wholeB)
	}
	for i := range all {
		all[i].P = mcnemar(all[i].OnlyA, all[i].OnlyB)
	}
	all[0].Holm = all[0].P
	holm(all[1:])
	return all
}

func (d *Discordance) count(a, b bool) {
	switch {
	case a && !b:
		d.OnlyA++
	case b && !a:
		d.OnlyB++
	}
}

// mcnemar is the exact two-sided p-value of the McNemar test: the probability
// that of a+b fair coins as few or fewer fall on the rarer side, doubled.
func mcnemar(a, b int) float64 {
	n, few := a+b, min(a, b)
	if n == 0 {
		return 1
	}
	logGamma := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	tail := 0.0
	for k := 0; k <= few; k++ {
		tail += math.Exp(logGamma(n) - logGamma(k) - logGamma(n-k) - float64(n)*math.Ln2)
	}
	return min(1, 2*tail)
}

// holm fills in the corrected p-values: the i-th smallest of n times n-i, never
// less than a smaller one's.
func holm(all []Discordance) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[a].P, all[b].P) })
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, all[i].P*float64(len(all)-rank)))
		all[i].Holm = least
	}
}

// changes lists the labels on which the first two predictions differ.
func (j *Joined) changes() (all []Change) {
	for p, pair := range j.pairs {
		a, b := j.row(0, p), j.row(1, p)
		for o := range a {
			if a[o] == b[o] || a[o] == open || b[o] == open {
				continue
			}
			c := Change{ID: pair.gold.ID, Observation: j.Observations[o], Judged: true}
			c.Gold, c.Old = assertions(a[o])
			_, c.New = assertions(b[o])
			c.OldWhy, c.OldReason = why(pair.given[0], j.columns[0][o])
			c.NewWhy, c.NewReason = why(pair.given[1], j.columns[1][o])
			all = append(all, c)
		}
	}
	return all
}
