package stats

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/radlabel/radlabel/corpus/dataset"

	"github.com/radlabel/radlabel/internal/columns"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string
)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean":   printable,
	"count":   columns.Thousands,
	"percent": func(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) },
	"share":   shareText,
}).Parse(pageSource))

// policy lets the page have its own style and nothing else.
var policy = template.HTML(fmt.Sprintf(
	`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src '%s'; base-uri 'none'; form-action 'none'">`,
	digest(pageStyle)))

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// HTML writes all counts as a page of its own, with a bar chart and a heat map
// for each table of labels: no script, nothing loaded from elsewhere, and the
// same bytes for the same counts.
func HTML(w io.Writer, s *Stats) error {
	v := pageView{Stats: s, Policy: policy, Style: template.CSS(pageStyle)}
	for i := range s.Splits {
		if a := s.Splits[i].Ages; a != nil && a.Known > 0 {
			v.Ages = append(v.Ages, ageChart(&s.Splits[i]))
		}
	}
	for i := range s.Labels {
		t := &s.Labels[i]
		v.Tables = append(v.Tables, pageTable{
			LabelTable: t, ID: fmt.Sprintf("labels-%d", i+1), Rows: prevalenceRows(s, t),
			Bars: barChart(s, t), Heat: heatMap(s, t),
		})
	}
	for i := range s.LabelsByView {
		if t := &s.LabelsByView[i]; t.Split == Whole {
			v.Views = append(v.Views, pageTable{LabelTable: t, ID: fmt.Sprintf("views-%d", i+1), Rows: prevalenceRows(s, t), Bars: barChart(s, t)})
		}
	}
	v.Missing = View{Level: dataset.ByImage}.missing(s)
	v.MissingViews = View{ByView: true}.missing(s)
	return pageTemplate.Execute(w, v)
}

// pageView is what the template is made with.
type pageView struct {
	*Stats
	Policy template.HTML
	Style  template.CSS
	Ages   []chart
	Tables []pageTable
	Views  []pageTable // of the whole, without heat maps

	Missing, MissingViews string // what cannot be shown by image, and by view
}

// Population gives the rows of the table of splits.
func (v pageView) Population() (rows []populationRow) {
	row := func(name string, published int, cell func(*Population) string) {
		r := populationRow{Name: name}
		for i := range v.Splits {
			r.Cells = append(r.Cells, cell(&v.Splits[i]))
		}
		if published > 0 {
			r.Published = columns.Thousands(published)
		}
		rows = append(rows, r)
	}
	v.eachFigure(row)
	return rows
}

type populationRow struct {
	Name      string
	Cells     []string
	Published string
}

// Published rows of a file's kind; 0 where none are.
func (v pageView) PublishedRows(k dataset.Kind) int { return v.Dataset.Published.Rows[k] }

type pageTable struct {
	*LabelTable
	ID   string
	Rows []prevalenceRow
	Bars chart
	Heat heat
}

// Whole says whether the table is of all splits; the others begin folded.
func (t pageTable) Whole() bool { return t.Split == Whole }

type prevalenceRow struct {
	Observation string
	Cells       []string
}

func prevalenceRows(s *Stats, t *LabelTable) (rows []prevalenceRow) {
	for i, o := range s.Observations {
		p := t.Prevalence[i]
		r := prevalenceRow{Observation: string(o)}
		for _, n := range []int{p.Positive, p.Negative, p.Uncertain, p.Blank} {
			r.Cells = append(r.Cells, shareText(n, t.Labelled))
		}
		rows = append(rows, r)
	}
	return rows
}
