package stats

import (
	"fmt"
	"math"

	"github.com/radlabel/radlabel/internal/columns"
)

// chart is horizontal bars. Lengths are pixels of the picture.
type chart struct {
	Title         string
	Width, Height int
	Left          int // where bars begin
	Ticks         []tick
	Bars          []bar
}

type tick struct {
	X     int
	Label string
}

type bar struct {
	Name   string
	Y      int
	Pieces []piece
	Label  string // behind the bar
	LabelX float64
}

type piece struct {
	Class string
	X, W  float64
	Means string // in words
}

const (
	chartLeft = 200
	chartWide = 440 // of a bar of all
	barStep   = 22
	chartTop  = 24
)

// barChart shows what is not blank: positive, uncertain, negative.
func barChart(s *Stats, t *LabelTable) chart {
	c := chart{
		Title: "Prevalence: " + t.Heading(), Width: chartLeft + chartWide + 90,
		Height: chartTop + barStep*len(s.Observations) + 6, Left: chartLeft,
	}
	for _, percent := range []int{0, 25, 50, 75, 100} {
		c.Ticks = append(c.Ticks, tick{chartLeft + chartWide*percent/100, fmt.Sprintf("%d %%", percent)})
	}
	for i, o := range s.Observations {
		p := t.Prevalence[i]
		b := bar{Name: string(o), Y: chartTop + barStep*i}
		x := float64(chartLeft)
		for _, part := range []struct {
			class string
			n     int
		}{{"positive", p.Positive}, {"uncertain", p.Uncertain}, {"negative", p.Negative}} {
			if part.n == 0 {
				continue
			}
			w := chartWide * t.Share(part.n)
			b.Pieces = append(b.Pieces, piece{part.class, tenth(x), tenth(w), fmt.Sprintf("%s, %s: %s", o, part.class, shareText(part.n, t.Labelled))})
			x += w
		}
		b.Label, b.LabelX = fmt.Sprintf("%.1f %%", 100*t.Share(p.Positive)), chartLeft+chartWide+8
		c.Bars = append(c.Bars, b)
	}
	return c
}

// ageChart shows images by decade of age.
func ageChart(p *Population) chart {
	c := chart{
		Title: "Ages in years, " + p.Split + ": " + columns.Count(p.Ages.Known, "image"), Width: 90 + 220 + 80,
		Height: chartTop + barStep*len(p.Ages.Decades) + 6, Left: 90,
	}
	most := 1
	for _, d := range p.Ages.Decades {
		most = max(most, d.N)
	}
	for i, d := range p.Ages.Decades {
		w := 220 * float64(d.N) / float64(most)
		b := bar{Name: d.Name, Y: chartTop + barStep*i, Label: columns.Thousands(d.N), LabelX: tenth(90 + w + 6)}
		b.Pieces = []piece{{"ages", 90, tenth(w), d.Name + " years: " + shareText(d.N, p.Ages.Known)}}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func tenth(x float64) float64 { return math.Round(10*x) / 10 }

// heat is the co-occurrence: of the positive ones of a row, the share that is
// positive for the column too.
type heat struct {
	Title         string
	Width, Height int
	Names         []heatName
	Cells         []heatCell
}

type heatName struct {
	Name string
	X, Y int // of the column's and of the row's middle
}

type heatCell struct {
	X, Y    int
	Opacity float64 // 0 to 1
	Label   string
	Dark    bool
	Means   string
}

const (
	cellWide = 40
	cellHigh = 24
	heatLeft = 200
	heatTop  = 150
)

func heatMap(s *Stats, t *LabelTable) heat {
	n := len(s.Observations)
	h := heat{Title: "Co-occurrence: " + t.Heading(), Width: heatLeft + n*cellWide + 90, Height: heatTop + n*cellHigh + 4}
	for i, o := range s.Observations {
		h.Names = append(h.Names, heatName{string(o), heatLeft + cellWide*i + cellWide/2, heatTop + cellHigh*i + cellHigh/2})
		for j, other := range s.Observations {
			all, both := t.Prevalence[i].Positive, t.CoOccurrence[i][j]
			share := 0.0
			if all > 0 {
				share = float64(both) / float64(all)
			}
			cell := heatCell{X: heatLeft + cellWide*j, Y: heatTop + cellHigh*i, Opacity: math.Round(100*share) / 100}
			if i == j {
				cell.Opacity = 0
				cell.Means = fmt.Sprintf("%s: %s positive", o, columns.Thousands(all))
			} else {
				cell.Means = fmt.Sprintf("%s and %s: %s, %.1f %% of %s", o, other, columns.Thousands(both), 100*share, o)
				if all > 0 {
					cell.Label = fmt.Sprintf("%.0f", 100*share)
				}
			}
			cell.Dark = cell.Opacity > .6
			h.Cells = append(h.Cells, cell)
		}
	}
	return h
}
