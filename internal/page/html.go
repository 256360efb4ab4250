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

// Marked is a report with its labels, as a page shows it. All texts can be
// printed; they are not escaped.
type Marked struct {
	ID     string
	Pieces []Piece // together the whole text
	Labels []Shown // in the order of the rule set, blanks included
	Blanks []blank // these by their reason
}

// Piece is a run of the text under the same marks. It has as many characters as
// in the report.
type Piece struct {
	Text, Class string
	First       bool // it begins its mention: it takes the keyboard's focus
	Reasons     []Reason
}

// Shown is a label. Reason is that of a blank, or of a derived label.
type Shown struct {
	Observation, Assertion, Reason string
	Evidence                       []Reason
}

// Mentioned reports whether the label is not blank.
func (s Shown) Mentioned() bool { return s.Assertion != corpus.Unmentioned.String() }

// Reason is a piece of evidence as words.
type Reason struct {
	Observation, Assertion, Mention, Rule, Cue, CueText, Section, Sentence string
}

// String says the reason in a line.
func (r Reason) String() string {
	s := fmt.Sprintf("%s: %s, by rule %s", r.Observation, r.Assertion, r.Rule)
	if r.Cue != "" {
		s += fmt.Sprintf(", cue %s (%s)", r.Cue, r.CueText)
	}
	return s
}

// Mark gives a result as a page shows it. The words that were asked for, if any,
// have a class of their own.
func Mark(r labeler.Result, asked ...corpus.Span) Marked {
	m := Marked{ID: r.Report.ID, Blanks: blanks(r.Labels)}
	for _, p := range pieces(r, asked...) {
		shown := Piece{Text: Printable(p.span.In(r.Report.Text)), Class: class(p)}
		if within(asked, p.span) {
			shown.Class = strings.TrimSpace(shown.Class + " asked")
		}
		for _, mention := range p.mentions {
			shown.First = shown.First || mention.span.Start == p.span.Start
			for _, why := range mention.reasons {
				shown.Reasons = append(shown.Reasons, reasonOf(why, r.Report.Text))
			}
		}
		m.Pieces = append(m.Pieces, shown)
	}
	for _, l := range r.Labels {
		shown := Shown{Observation: string(l.Observation), Assertion: l.Assertion.String(), Reason: l.Reason}
		for _, e := range l.Evidence {
			shown.Evidence = append(shown.Evidence, reasonOf(reason{l.Observation, e}, r.Report.Text))
		}
		m.Labels = append(m.Labels, shown)
	}
	return m
}

func reasonOf(r reason, text string) Reason {
	return Reason{
		Observation: string(r.Observation), Assertion: r.Assertion.String(), Mention: OneLine(r.Mention.In(text)),
		Rule: r.Rule, Cue: r.Cue, CueText: OneLine(r.CueSpan.In(text)),
		Section: r.Section, Sentence: OneLine(r.Sentence.In(text)),
	}
}

// HTML writes a page of its own: no script, nothing loaded from elsewhere. The
// reasons of a mention show when the pointer or the keyboard is on it.
// MadeBy says in a line which program and rule set made the labels.
func HTML(w io.Writer, r labeler.Result, madeBy string) error {
	return page.Execute(w, struct {
		Marked
		MadeBy string
	}{Mark(r), madeBy})
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
