// Package evalpage shows an evaluation to a person as one HTML page that can be
// read, linked, printed and published: it loads nothing, sends nothing, and is
// the same to the byte for the same evaluation.
//
// The page goes from the whole to the single label: figures, their forest plot,
// the confusions behind them, the rules and cues that carry labels, and every
// error with the sentence that it rests on. Whatever counts errors links to the
// errors it counts. A link is a fragment of the page's address, such as
// #observation=Edema&confusion=negative+-%3E+positive, so that a filtered view
// can be sent to a colleague; the script of the page does nothing but filter.
package evalpage

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/page"
)

// About says what was compared, and by which program and rule set. It has no
// time, so that the same evaluation gives the same page.
type About struct {
	Title, Gold, Prediction, MadeBy string
	Part                            string // of gold, such as "1/2"; "" for the whole
	// GoldName and PredictionName are what the page calls the two sides; "Gold"
	// and "Prediction" where they are "".
	GoldName, PredictionName string
}

// mostErrors is how many errors a page holds: more make it slow to open, and no
// one reads them.
const mostErrors = 5000

// mostPrinted is how many of the errors shown are printed, on some thirty sheets.
// The style has the same number.
const mostPrinted = 300

// mostIDs is how many ids without a partner are listed, of each side.
const mostIDs = 1000

var (
	//go:embed page.html
	source string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

var document = template.Must(template.New("page").Funcs(template.FuncMap{
	"arrow":    func(kind string) string { return strings.Replace(kind, " -> ", " → ", 1) },
	"clean":    page.OneLine,
	"count":    count,
	"decimal":  decimal,
	"interval": interval,
	"parts":    func(id string) []string { return strings.Split(id, ".") }, // a long id may break at its dots
	"percent":  percent,
	"share":    share,
	"short":    func(assertion string) string { return assertion[:3] + "." },
}).Parse(source))

// policy lets the page run its own style and script and nothing else: not even
// what a report could smuggle in, and no request.
var policy = template.HTML(fmt.Sprintf(
	`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'">`,
	digest(style), digest(script)))

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// HTML writes the page.
func HTML(w io.Writer, e *eval.Evaluation, about About) error {
	return document.Execute(w, newView(e, about))
}

// view is what the template is made with.
type view struct {
	*eval.Evaluation
	About            About
	Gold, Prediction side
	Unit             string // what is compared: "report", or "sentence"

	Policy template.HTML
	Style  template.CSS
	Script template.JS

	Headline []headline
	Missing  []missing
	Lacking  []lacking
	Rows     []row
	Overall  []row
	Spans    []spanRow
	Forest   []panel
	HeatMaps []heatMap
	Tallies  []tallyTable
	Carriers []attributions
	Browser  browser
}

func newView(e *eval.Evaluation, about About) *view {
	f := figuresOf(e)
	gold, prediction := sideOf(about.GoldName, "Gold"), sideOf(about.PredictionName, "Prediction")
	v := &view{
		Evaluation: e, About: about, Gold: gold, Prediction: prediction, Unit: unitOf(e),
		Policy: policy, Style: template.CSS(style), Script: template.JS(script),
		Headline: headlines(e, f),
		Missing: []missing{
			missingOf(gold.Word, e.OnlyGold),
			missingOf(prediction.Word, e.OnlyPrediction),
		},
		Lacking: []lacking{
			{gold.Name, names(e.GoldLacks)},
			{prediction.Name, names(e.PredictionLacks)},
		},
		Rows: observationRows(e, f), Overall: overallRows(e, f), Spans: spanRows(f, gold),
		Forest: forest(e, f), HeatMaps: heatMaps(e, gold, prediction),
		Tallies: []tallyTable{newTallyTable("By confusion", gold.Word+" -> "+prediction.Word, tallies(e.Errors, "confusion", kindOf))},
		Browser: newBrowser(e, gold, prediction),
	}
	if e.Evidence {
		v.Tallies = append(v.Tallies,
			newTallyTable("By rule", "rule", tallies(e.Errors, "rule", RulesOf)),
			newTallyTable("By cue", "cue", tallies(e.Errors, "cue", CuesOf)))
		v.Carriers = []attributions{
			newAttributions("rule", e.Rules, e.Unused.Rules),
			newAttributions("cue", e.Cues, e.Unused.Cues),
		}
	}
	return v
}

// side is what the page calls one of the two that it compares: by itself, and
// within a sentence.
type side struct{ Name, Word string }

func sideOf(name, usual string) side {
	if name = page.OneLine(name); name != "" {
		return side{name, name}
	}
	return side{usual, strings.ToLower(usual)}
}

func unitOf(e *eval.Evaluation) string { return cmp.Or(e.Unit, "report") }

// missing are the ids that only one side has.
type missing struct {
	Side string
	All  int
	IDs  []string // the first of them
}

func missingOf(side string, ids []string) missing {
	return missing{Side: side, All: len(ids), IDs: ids[:min(len(ids), mostIDs)]}
}

// More is the number of ids that are not listed.
func (m missing) More() int { return m.All - len(m.IDs) }

// GoldMentions reports whether gold has the places of mentions.
func (v *view) GoldMentions() bool {
	return slices.ContainsFunc(v.Errors, func(d eval.Disagreement) bool { return d.Annotated != nil })
}

// lacking are the observations that one side does not have.
type lacking struct{ Side, Observations string }

func names(observations []corpus.Observation) string {
	var all []string
	for _, o := range observations {
		all = append(all, page.OneLine(string(o)))
	}
	return strings.Join(all, ", ")
}
