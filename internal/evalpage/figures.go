package evalpage

import (
	"math"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/page"
)

// figures are the figures of an evaluation by name.
type figures map[string]eval.Figure

func figuresOf(e *eval.Evaluation) figures {
	f := figures{}
	for _, one := range e.Figures {
		f[one.Name] = one
	}
	return f
}

// get gives a figure; one that is not there is undefined.
func (f figures) get(name string) eval.Figure {
	if one, ok := f[name]; ok {
		return one
	}
	return eval.Figure{Name: name, Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}

// of gives the F1 of an observation's task.
func (f figures) of(o corpus.Observation, t eval.Task) eval.Figure {
	return f.get(string(o) + "." + t.String())
}

const dash = "–"

// decimal gives three decimals without the zero before the point, as F1 and
// kappa are printed in papers: .987, 1.000, −.042.
func decimal(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', 3, 64)
	s = strings.TrimPrefix(s, "0")
	if v < 0 && s != ".000" {
		s = "−" + s
	}
	return s
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + "\u00a0%"
}

// interval is empty where there is none.
func interval(f eval.Figure) string { return between(f, decimal) }

func between(f eval.Figure, number func(float64) string) string {
	if math.IsNaN(f.Low) || math.IsNaN(f.High) {
		return ""
	}
	return "[" + number(f.Low) + ", " + number(f.High) + "]"
}

// count groups the digits of thousands.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share is NaN of nothing.
func share(part, whole int) float64 { return float64(part) / float64(whole) }

// headline is one of the numbers at the top of the page.
type headline struct{ Name, Value, Interval string }

func headlines(e *eval.Evaluation, f figures) []headline {
	exact := f.get("exact")
	all := []headline{
		{Name: unitOf(e) + "s compared", Value: count(e.Reports)},
		{Name: unitOf(e) + "s wholly right", Value: percent(exact.Value), Interval: between(exact, percent)},
	}
	for _, t := range e.Tasks {
		micro := f.get(t.String() + ".micro")
		all = append(all, headline{t.String() + ", micro F1", decimal(micro.Value), interval(micro)})
	}
	return all
}

// row is a row of the table of figures: an observation, or all of them.
type row struct {
	Name            string
	Derived         bool
	Tasks           []cells
	Kappa, Weighted eval.Figure
}

// cells are the figures of a task in a row.
type cells struct {
	Precision, Recall, F1 eval.Figure
	Gold                  string // cases in gold; a dash where the task is not scored
}

func (f figures) cells(name string) cells {
	c := cells{f.get(name + ".precision"), f.get(name + ".recall"), f.get(name), dash}
	if _, scored := f[name]; scored {
		c.Gold = count(c.F1.Gold)
	}
	return c
}

func (f figures) row(e *eval.Evaluation, name, kappa, weighted string, task func(eval.Task) string) row {
	r := row{Name: page.OneLine(name), Kappa: f.get(kappa), Weighted: f.get(weighted)}
	for _, t := range e.Tasks {
		r.Tasks = append(r.Tasks, f.cells(task(t)))
	}
	return r
}

// observationRows gives a row for each observation.
func observationRows(e *eval.Evaluation, f figures) (all []row) {
	for _, o := range e.Observations {
		name := string(o)
		r := f.row(e, name, name+".kappa", name+".weighted", func(t eval.Task) string { return name + "." + t.String() })
		r.Derived = o == e.Derived
		all = append(all, r)
	}
	return all
}

// overallRows gives the micro and the macro row.
func overallRows(e *eval.Evaluation, f figures) (all []row) {
	for _, name := range []string{"micro", "macro"} {
		all = append(all, f.row(e, name, "kappa."+name, "weighted."+name, func(t eval.Task) string { return t.String() + "." + name }))
	}
	return all
}

// spanRow is how well mentions are found, by one measure.
type spanRow struct {
	Name string
	cells
}

// spanRows is nil unless gold has the places of mentions.
func spanRows(f figures, gold side) (all []spanRow) {
	for _, m := range []struct{ name, means string }{
		{"spans.overlap", "overlapping one of " + gold.Word},
		{"spans.asserted", "overlapping one of " + gold.Word + ", with the same assertion"},
		{"spans.exact", "of the same span as one of " + gold.Word},
	} {
		if _, ok := f[m.name]; ok {
			all = append(all, spanRow{m.means, f.cells(m.name)})
		}
	}
	return all
}
