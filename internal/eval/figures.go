package eval

import (
	"math"
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// tally is a two-by-two table without the true negatives.
type tally struct{ tp, fp, fn int }

func (t tally) plus(o tally) tally { return tally{t.tp + o.tp, t.fp + o.fp, t.fn + o.fn} }

// f1 is NaN where neither gold nor prediction has a case.
func (t tally) f1() float64        { return ratio(2*t.tp, 2*t.tp+t.fp+t.fn) }
func (t tally) precision() float64 { return ratio(t.tp, t.tp+t.fp) }
func (t tally) recall() float64    { return ratio(t.tp, t.tp+t.fn) }
func (t tally) gold() int          { return t.tp + t.fn }

func ratio(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

// task reads the two-by-two table of a task off a confusion.
func (c *Confusion) task(t Task) (out tally) {
	for g, row := range c {
		for p, n := range row {
			switch g, p := t.holds(corpus.Assertion(g)), t.holds(corpus.Assertion(p)); {
			case g && p:
				out.tp += n
			case p:
				out.fp += n
			case g:
				out.fn += n
			}
		}
	}
	return out
}

// agreeing is the number of reports on the diagonal, and of all.
func (c *Confusion) agreeing() (agree, all int) {
	for g, row := range c {
		for p, n := range row {
			all += n
			if g == p {
				agree += n
			}
		}
	}
	return agree, all
}

// kappa is Cohen's (1960), over the four assertions. It is undefined where both
// sides say the same one thing of every report.
func (c *Confusion) kappa() float64 {
	var rows, columns [4]int
	agree, all := c.agreeing()
	for g, row := range c {
		for p, n := range row {
			rows[g] += n
			columns[p] += n
		}
	}
	chance := 0
	for a := range rows {
		chance += rows[a] * columns[a]
	}
	if all*all == chance {
		return math.NaN()
	}
	return (float64(agree)*float64(all) - float64(chance)) / (float64(all)*float64(all) - float64(chance))
}

func (c *Confusion) add(o *Confusion) {
	for g := range c {
		for p := range c[g] {
			c[g][p] += o[g][p]
		}
	}
}

// counts are what all figures of an evaluation are functions of.
type counts struct {
	reports, exact int
	by             []Confusion // of each observation
	spans          []tally     // of each span measure; nil where gold has no mentions
}

// scale says how figures are made of counts.
type scale struct {
	observations []corpus.Observation
	derived      corpus.Observation
	tasks        []Task
}

// scored reports whether an observation has a task: a derived one is stated or
// left out, and has neither negation nor uncertainty.
func (s *scale) scored(o corpus.Observation, t Task) bool {
	return o != s.derived || t == Mentioned || t == Positive
}

// figures gives every figure of the counts, in one fixed order.
func (s *scale) figures(c *counts) []Figure {
	var all []Figure
	add := func(name string, value float64, gold int) {
		all = append(all, Figure{Name: name, Value: value, Low: math.NaN(), High: math.NaN(), Gold: gold})
	}
	threefold := func(name string, t tally) {
		add(name, t.f1(), t.gold())
		add(name+".precision", t.precision(), t.gold())
		add(name+".recall", t.recall(), t.gold())
	}
	cells, agreeing := 0, 0
	for i := range c.by {
		agree, n := c.by[i].agreeing()
		agreeing, cells = agreeing+agree, cells+n
	}
	add("exact", ratio(c.exact, c.reports), c.reports)
	add("cells", ratio(agreeing, cells), cells)
	for _, t := range s.tasks {
		micro, macro := s.overall(c, t)
		threefold(t.String()+".micro", micro)
		add(t.String()+".macro", macro, micro.gold())
	}
	var pooled Confusion // without the derived observation
	var kappas, weighteds []float64
	weights := 0
	sum := 0.0
	for i, o := range s.observations {
		kappas = append(kappas, c.by[i].kappa())
		value, n := s.weighted(&c.by[i], o)
		weighteds = append(weighteds, value)
		if o == s.derived {
			continue
		}
		pooled.add(&c.by[i])
		if n > 0 {
			sum, weights = sum+value*float64(n), weights+n
		}
	}
	_, inPool := pooled.agreeing()
	add("kappa.micro", pooled.kappa(), inPool)
	add("kappa.macro", mean(kappas), cells)
	if len(s.tasks) > 1 {
		add("weighted.micro", sum/float64(weights), weights)
		add("weighted.macro", mean(weighteds), weights)
	}
	for i, name := range spanMeasures {
		if c.spans != nil {
			threefold(name, c.spans[i])
		}
	}
	for i, o := range s.observations {
		agree, n := c.by[i].agreeing()
		for _, t := range s.tasks {
			if s.scored(o, t) {
				threefold(string(o)+"."+t.String(), c.by[i].task(t))
			}
		}
		add(string(o)+".kappa", c.by[i].kappa(), n)
		if len(s.tasks) > 1 {
			value, support := s.weighted(&c.by[i], o)
			add(string(o)+".weighted", value, support)
		}
		add(string(o)+".cells", ratio(agree, n), n)
	}
	return all
}

// overall gives the pooled table of a task, without the derived observation, and
// the mean F1 of the observations that gold has a case of.
func (s *scale) overall(c *counts, t Task) (micro tally, macro float64) {
	var f1 []float64
	for i, o := range s.observations {
		if !s.scored(o, t) {
			continue
		}
		one := c.by[i].task(t)
		if o != s.derived {
			micro = micro.plus(one)
		}
		if one.gold() > 0 {
			f1 = append(f1, one.f1())
		}
	}
	return micro, mean(f1)
}

// weighted is the F1 of the CheXbert paper (Smit et al. 2020): those of
// positive, negative and uncertain, weighted by their cases in gold.
func (s *scale) weighted(c *Confusion, o corpus.Observation) (value float64, support int) {
	sum := 0.0
	for _, t := range []Task{Positive, Negation, Uncertain} {
		if one := c.task(t); s.scored(o, t) && one.gold() > 0 {
			sum += one.f1() * float64(one.gold())
			support += one.gold()
		}
	}
	return sum / float64(support), support // NaN without support
}

// mean of the defined values.
func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// Find gives the figure of a name.
func Find(figures []Figure, name string) (Figure, bool) {
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}, false
	}
	return figures[i], true
}
