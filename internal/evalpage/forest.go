package evalpage

import (
	"math"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/page"
)

// panel is the forest plot of one task. Heights are in pixels and widths in per
// cent of the axis, so that a panel is as wide as its place and its text does
// not scale. Names and numbers stand in the margins that the style leaves.
type panel struct {
	Task      string
	Rows      []point
	Undefined string // the observations without an F1
	Ticks     []tick
	Micro     *point // nil where it is undefined
	Intervals bool
	Top       int
	Bottom    int // of the rows, whose height is Middle
	Middle    int
	Height    int
}

// point is an F1 and its interval on the axis.
type point struct {
	Name         string
	Figure       eval.Figure
	Y            int
	X, Low, High string // places on the axis; Low and High are "" without an interval
	Wide         string // from Low to High
	Radius       string
	Anchor       string // of a label above the point, which must not leave the axis
}

type tick struct{ X, Label string }

const (
	plotTop    = 22 // room for the column heads
	plotRow    = 24
	plotBottom = 26 // room for the axis
)

// axis is the range of F1 that all panels share, so that they can be compared.
type axis struct{ from, step float64 }

// newAxis begins at the tick below the least value or interval and ends at 1.
func newAxis(all []eval.Figure) axis {
	least := 1.0
	for _, f := range all {
		for _, v := range []float64{f.Value, f.Low} {
			if !math.IsNaN(v) {
				least = min(least, v)
			}
		}
	}
	step := .2
	switch {
	case least >= .9:
		step = .02
	case least >= .5:
		step = .1
	}
	return axis{max(0, min(math.Floor(least/step+1e-9), math.Round(1/step)-2)*step), step}
}

func (a axis) percent(v float64) float64 { return 100 * (v - a.from) / (1 - a.from) }

func (a axis) at(v float64) string { return percentage(a.percent(v)) }

func percentage(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "%" }

func (a axis) ticks() (all []tick) {
	for i := 0; ; i++ {
		v := a.from + float64(i)*a.step
		if v > 1+a.step/2 {
			return all
		}
		all = append(all, tick{a.at(v), tickLabel(v)})
	}
}

func tickLabel(v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if decimals, ok := strings.CutPrefix(s, "0."); ok {
		return "." + decimals
	}
	return s
}

// forest gives a panel for each task.
func forest(e *eval.Evaluation, f figures) (all []panel) {
	var drawn []eval.Figure
	for _, t := range e.Tasks {
		drawn = append(drawn, f.get(t.String()+".micro"))
		for _, o := range e.Observations {
			drawn = append(drawn, f.of(o, t))
		}
	}
	a := newAxis(drawn)
	for _, t := range e.Tasks {
		all = append(all, newPanel(e, f, a, t))
	}
	return all
}

func newPanel(e *eval.Evaluation, f figures, a axis, t eval.Task) panel {
	p := panel{Task: t.String(), Top: plotTop, Ticks: a.ticks()}
	most := 1
	for _, o := range e.Observations {
		most = max(most, f.of(o, t).Gold)
	}
	var undefined []string
	for _, o := range e.Observations {
		name, one := page.OneLine(string(o)), f.of(o, t)
		if math.IsNaN(one.Value) {
			undefined = append(undefined, name)
		} else {
			p.add(a.point(shorten(name), one, most))
		}
	}
	p.Undefined = strings.Join(undefined, ", ")
	p.Middle = plotRow * len(p.Rows)
	p.Bottom = plotTop + p.Middle
	p.Height = p.Bottom + plotBottom
	if micro := f.get(t.String() + ".micro"); !math.IsNaN(micro.Value) {
		line := a.point("micro", micro, most)
		p.Micro = &line
	}
	return p
}

func (p *panel) add(one point) {
	one.Y = plotTop + plotRow*len(p.Rows) + plotRow/2
	p.Rows = append(p.Rows, one)
	p.Intervals = p.Intervals || one.Low != ""
}

// point places a figure. The area of the point, not its radius, goes with the
// number of cases in gold, since the eye compares areas; the least can be seen.
func (a axis) point(name string, f eval.Figure, most int) point {
	p := point{Name: name, Figure: f, X: a.at(f.Value), Anchor: "middle"}
	switch at := a.percent(f.Value); {
	case at < 15:
		p.Anchor = "start"
	case at > 85:
		p.Anchor = "end"
	}
	if !math.IsNaN(f.Low) && !math.IsNaN(f.High) {
		p.Low, p.High = a.at(f.Low), a.at(f.High)
		p.Wide = percentage(a.percent(f.High) - a.percent(f.Low))
	}
	p.Radius = strconv.FormatFloat(max(2, 7.5*math.Sqrt(share(f.Gold, most))), 'f', 1, 64)
	return p
}

// longestName is how many characters of a name the margin has room for.
const longestName = 27

func shorten(name string) string {
	if r := []rune(name); len(r) > longestName {
		return string(r[:longestName-1]) + "…"
	}
	return name
}
