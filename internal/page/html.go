package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))

// HTML writes a page of its own: no script, nothing loaded from elsewhere. The
// reasons of a mention show when the pointer or the keyboard is on it.
// MadeBy says in a line which program and rule set made the labels.
func HTML(w io.Writer, r labeler.Result, madeBy string) error {
	type htmlPiece struct {
		Text  string
		Class string
		First bool // the piece begins its mention: it takes the keyboard's focus
		Tips  []string
	}
	type htmlEvidence struct {
		Assertion, Mention, Rule, Cue, CueText, Section, Sentence string
	}
	type htmlLabel struct {
		Observation, Assertion, Reason string
		Evidence                       []htmlEvidence
	}
	data := struct {
		ID, MadeBy string
		Pieces     []htmlPiece
		Labels     []htmlLabel
		Blanks     []blank
	}{ID: r.Report.ID, MadeBy: madeBy, Blanks: blanks(r.Labels)}

	for _, p := range pieces(r) {
		h := htmlPiece{Text: Printable(p.span.In(r.Report.Text)), Class: class(p)}
		for _, m := range p.mentions {
			h.First = h.First || m.span.Start == p.span.Start
			for _, why := range m.reasons {
				h.Tips = append(h.Tips, tip(why, r.Report.Text))
			}
		}
		data.Pieces = append(data.Pieces, h)
	}
	for _, l := range r.Labels {
		if l.Assertion == corpus.Unmentioned {
			continue
		}
		h := htmlLabel{Observation: string(l.Observation), Assertion: l.Assertion.String(), Reason: l.Reason}
		for _, e := range l.Evidence {
			h.Evidence = append(h.Evidence, htmlEvidence{
				Assertion: e.Assertion.String(), Mention: OneLine(e.Mention.In(r.Report.Text)),
				Rule: e.Rule, Cue: e.Cue, CueText: OneLine(e.CueSpan.In(r.Report.Text)),
				Section: e.Section, Sentence: OneLine(e.Sentence.In(r.Report.Text)),
			})
		}
		data.Labels = append(data.Labels, h)
	}
	return page.Execute(w, data)
}

func class(p piece) string {
	var classes []string
	if len(p.mentions) > 0 {
		classes = append(classes, "mention", p.assertion().String())
	}
	if p.cue {
		classes = append(classes, "cue")
	}
	if p.scope {
		classes = append(classes, "scope")
	}
	if p.header {
		classes = append(classes, "header")
	}
	if !p.labelled {
		classes = append(classes, "aside")
	}
	return strings.Join(classes, " ")
}

func tip(r reason, text string) string {
	s := fmt.Sprintf("%s: %s, by rule %s", r.Observation, r.Assertion, r.Rule)
	if r.Cue != "" {
		s += fmt.Sprintf(", cue %s (%s)", r.Cue, OneLine(r.CueSpan.In(text)))
	}
	return s
}
