// Package relabel labels the reports of an index again: to say why one has its
// labels, and what other rules would make of all.
package relabel

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

// Explainer says why a report of an index has its labels. An index keeps labels
// and marks but no scopes or reasons: these come from labelling the report again,
// where the program has the rules that the index was made with. It may be used by
// several goroutines at once, and must not be copied.
type Explainer struct {
	Origin index.Origin
	Known  []*rules.Set // rule sets to look among, beside the embedded ones

	load          sync.Once
	labels, marks *labeler.Labeler // nil: the rules are others
}

// Explained is a report with its reasons.
type Explained struct {
	Labels labeler.Result // as the index has them
	Marks  labeler.Result // the same report with the mentions of every section
	Note   string         // why scopes and reasons are lacking; "" where they are there
}

// Prepare finds and compiles the rules, so that the first report is explained as
// fast as the others.
func (e *Explainer) Prepare() { e.load.Do(e.loadRules) }

// Labeler gives the labels of the index anew; nil where the rules are others, or
// labels do not come from rules alone.
func (e *Explainer) Labeler() *labeler.Labeler {
	if e.Prepare(); e.Origin.Labels != "" {
		return nil
	}
	return e.labels
}

// Explain explains a report of an index with these observations.
func (e *Explainer) Explain(d index.Document, observations []corpus.Observation) Explained {
	e.Prepare()
	if e.labels == nil {
		kept := keptOf(d, observations)
		return Explained{kept, kept, fmt.Sprintf("The index was made with rules that this program does not have (%s %.12s): no scopes and reasons.", e.Origin.RuleSet, e.Origin.Digest)}
	}
	report := corpus.Report{ID: d.ID, Subject: d.Subject, Study: d.Study, Text: d.Text}
	marks := e.marks.Label(report)
	if !index.Agree(marks.Sections, d.Sentences) { // they came from the columns of a table
		report.Sections = index.SectionsOf(d.Sentences)
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
	return Explained{Labels: labels, Marks: marks}
}

// loadRules builds the labelers: one for the labels of reports, one that reads
// every section for the marks, as the index does.
func (e *Explainer) loadRules() {
	set := e.rules()
	if set == nil {
		return
	}
	opts := labeler.Options{Rules: set, Section: e.Origin.Section, Compat: labeler.Compat{
		Aggregation: slices.Contains(e.Origin.Compat, "aggregation"),
		NoFinding:   slices.Contains(e.Origin.Compat, "no-finding"),
	}}
	labels, err := labeler.New(opts)
	if err != nil {
		return
	}
	if marks, err := labels.Of("all"); err == nil {
		e.labels, e.marks = labels, marks
	}
}

// rules are those that the index was made with; nil where they are not known.
func (e *Explainer) rules() *rules.Set {
	for _, set := range e.Known {
		if set.Digest == e.Origin.Digest {
			return set
		}
	}
	set, err := rules.Embedded(e.Origin.RuleSet)
	if err != nil || set.Digest != e.Origin.Digest {
		return nil
	}
	return set
}

// elsewhere is the reason of a label that the rules alone do not give.
func (e *Explainer) elsewhere() string {
	switch {
	case e.Origin.Labels != "":
		return "of " + page.OneLine(e.Origin.Labels)
	case e.Origin.Except != "":
		return "of the text that an exception chose"
	}
	return "as the index has it"
}

// keptOf makes a result of what the index has kept.
func keptOf(d index.Document, observations []corpus.Observation) labeler.Result {
	r := labeler.Result{Report: corpus.Report{ID: d.ID, Text: d.Text}, Sections: index.SectionsOf(d.Sentences)}
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

// FoundIn is where the sentence that shows a hit best stands in the report; empty
// where it is not found.
func FoundIn(d index.Document) corpus.Span {
	best := page.OneLine(d.Best.Text)
	for _, p := range d.Sentences {
		if p.Section == d.Best.Section && page.OneLine(p.Span.In(d.Text)) == best && best != "" {
			return p.Span
		}
	}
	return corpus.Span{}
}

// Asked are the words of a query in a report.
func Asked(d index.Document) []corpus.Span {
	var all []corpus.Span
	for _, p := range d.Sentences {
		all = append(all, p.Words...)
	}
	return all
}
