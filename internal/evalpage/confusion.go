package evalpage

import (
	"math"
	"strconv"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/page"
)

// heatMap is the confusion of one observation, gold down and prediction across.
type heatMap struct {
	Observation string
	Rows        []heatRow
}

type heatRow struct {
	Gold  string
	Cells []heatCell
}

type heatCell struct {
	Count int
	Class string // "right" or "wrong", and the shade
	Href  string // the errors that the cell counts; "" where there are none
	Means string // the cell in words, for those who do not see its place
}

// shades is the number of steps from no shade to the darkest.
const shades = 10

// assertions are the rows and columns of a heat map in reading order, what is
// stated before what is not.
var assertions = [...]corpus.Assertion{corpus.Positive, corpus.Negative, corpus.Uncertain, corpus.Unmentioned}

func heatMaps(e *eval.Evaluation, gold, prediction side) (all []heatMap) {
	for i, c := range e.Confusions {
		h := heatMap{Observation: page.OneLine(string(e.Observations[i]))}
		for _, g := range assertions {
			h.Rows = append(h.Rows, heatRow{g.String(), heatCells(e.Observations[i], g, c[g], gold, prediction)})
		}
		all = append(all, h)
	}
	return all
}

func heatCells(o corpus.Observation, g corpus.Assertion, counts [4]int, gold, prediction side) (cells []heatCell) {
	all := 0
	for _, n := range counts {
		all += n
	}
	for _, p := range assertions {
		n := counts[p]
		d := eval.Disagreement{Observation: o, Gold: g, Predicted: p}
		cell := heatCell{Count: n, Class: "wrong", Means: gold.Word + " " + g.String() + ", " + prediction.Word + " " + p.String()}
		switch {
		case g == p:
			cell.Class = "right"
		case n > 0:
			cell.Href = link("observation", page.OneLine(string(o)), "confusion", d.Kind())
		}
		if n > 0 {
			cell.Class += " shade" + strconv.Itoa(shade(n, all))
		}
		cells = append(cells, cell)
	}
	return cells
}

// shade is the step of a share; the least share is not the shade of nothing.
func shade(part, whole int) int { return max(1, int(math.Round(shades*share(part, whole)))) }
