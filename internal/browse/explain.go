package browse

import (
	"fmt"
	"slices"
	"sync"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// explainer says why a report of an index has its labels. An index keeps labels
// and marks but no scopes or reasons: these come from labelling the report again,
// where the program has the rules that the index was made with.
type explainer struct {
	origin index.Origin
	load   sync.Once

	labels, marks *labeler.Labeler // nil: the rules are others
}

// explained is a report with its reasons.
type explained struct {
	labels labeler.Result // as the index has them
	marks  labeler.Result // the same report with the mentions of every section
	note   string         // why scopes and reasons are lacking; "" where they are there
}

func (e *explainer) explain(d index.Document, observations []corpus.Observation) explained {
	e.load.Do(e.loadRules)
	if e.labels == nil {
		kept := keptOf(d, observations)
		return explained{kept, kept, fmt.Sprintf("The index was made with rules that this program does not have (%s %.12s): no scopes and reasons.", e.origin.RuleSet, e.origin.Digest)}
	}
	report := corpus.Report{ID: d.ID, Subject: d.Subject, Study: d.Study, Text: d.Text}
	marks := e.marks.Label(report)
	if !agrees(marks.Sections, d.Sentences) { // they came from the columns of a table
		report.Sections = sectionsOf(d.Sentences)
		marks = e.marks.Label(report)
	}
	labels := e.labels.Label(report)
	for i, l := range labels.Labels {
		// A section may be labelled that otherwise is not worth it.
		marks.Labels[i].Evidence = append(marks.Labels[i].Evidence, l.Evidence...)
		if l.Assertion != d.Labels[i] {
			labels.Labels[i] = labeler.Label{Observation: l.Observation, Assertion: d.Labels[i], Reason: e.elsewhere()}
		}
	}
	marks.Labelled = labels.Labelled
	return explained{labels: labels, marks: marks}
}

// loadRules builds the labelers: one for the labels of reports, one that reads
// every section for the marks, as the index does.
func (e *explainer) loadRules() {
	set, err := rules.Embedded(e.origin.RuleSet)
	if err != nil || set.Digest != e.origin.Digest {
		return
	}
	opts := labeler.Options{Rules: set, Section: e.origin.Section, Compat: labeler.Compat{
		Aggregation: slices.Contains(e.origin.Compat, "aggregation"),
		NoFinding:   slices.Contains(e.origin.Compat, "no-finding"),
	}}
	labels, err := labeler.New(opts)
	if err != nil {
		return
	}
	if marks, err := labels.Of("all"); err == nil {
		e.labels, e.marks = labels, marks
	}
}

// elsewhere is the reason of a label that the rules alone do not give.
func (e *explainer) elsewhere() string {
	switch {
	case e.origin.Labels != "":
		return "of " + page.OneLine(e.origin.Labels)
	case e.origin.Except != "":
		return "of the text that an exception chose"
	}
	return "as the index has it"
}

// agrees reports whether every sentence stands in a section of its name.
func agrees(sections []corpus.Section, sentences []index.Placed) bool {
	return !slices.ContainsFunc(sentences, func(p index.Placed) bool {
		return !slices.ContainsFunc(sections, func(s corpus.Section) bool { return s.Name == p.Section && s.Span.Contains(p.Span) })
	})
}

// sectionsOf joins sentences that stand together in one section.
func sectionsOf(sentences []index.Placed) []corpus.Section {
	var all []corpus.Section
	for _, p := range sentences {
		if n := len(all); n > 0 && all[n-1].Name == p.Section {
			all[n-1].Span.End = p.Span.End
			continue
		}
		all = append(all, corpus.Section{Name: p.Section, Span: p.Span, Header: corpus.Span{Start: p.Span.Start, End: p.Span.Start}})
	}
	return all
}

// keptOf makes a result of what the index has kept.
func keptOf(d index.Document, observations []corpus.Observation) labeler.Result {
	r := labeler.Result{Report: corpus.Report{ID: d.ID, Text: d.Text}, Sections: sectionsOf(d.Sentences)}
	r.Labelled = []corpus.Section{{Span: corpus.Span{End: len(d.Text)}}}
	for i, o := range observations {
		l := labeler.Label{Observation: o, Assertion: d.Labels[i], Reason: "as the index has it"}
		for _, p := range d.Sentences {
			for _, m := range p.Marks {
				if m.Observation == o {
					l.Evidence = append(l.Evidence, labeler.Evidence{Rule: m.Rule, Cue: m.Cue, Section: p.Section, Assertion: m.Assertion,
						Sentence: p.Span, Mention: m.Mention, CueSpan: m.CueSpan})
				}
			}
		}
		r.Labels = append(r.Labels, l)
	}
	return r
}

// foundIn is where the sentence that shows a hit best stands in the report; empty
// where it is not found.
func foundIn(d index.Document) corpus.Span {
	best := page.OneLine(d.Best.Text)
	for _, p := range d.Sentences {
		if p.Section == d.Best.Section && page.OneLine(p.Span.In(d.Text)) == best && best != "" {
			return p.Span
		}
	}
	return corpus.Span{}
}

// asked are the words of a query in a report.
func asked(d index.Document) []corpus.Span {
	var all []corpus.Span
	for _, p := range d.Sentences {
		all = append(all, p.Words...)
	}
	return all
}
