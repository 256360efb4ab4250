package labeler

import (
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// placedFinding is a classified mention in its report.
type placedFinding struct {
	finding
	section  string
	sentence corpus.Span
}

// aggregate gives the label of every observation: the strongest assertion of
// its mentions, whatever their order, and for the derived observation what the
// others leave. blank is why there may be no mention at all, or "".
func (l *Labeler) aggregate(found []placedFinding, blank string) []Label {
	labels := make([]Label, len(l.set.Observations))
	evidence := make([]Evidence, 0, len(found)) // of all labels, one behind the other
	derived := -1
	for i, o := range l.set.Observations {
		labels[i] = l.label(i, found, &evidence)
		if labels[i].Assertion == corpus.Unmentioned && blank != "" {
			labels[i].Reason = blank
		}
		if o == l.set.Derived.Observation {
			derived = i
		}
	}
	if derived >= 0 {
		l.derive(&labels[derived], labels, blank)
	}
	return labels
}

// label aggregates the mentions of one observation, and appends them to the
// evidence. Weak ones count only where there are no others.
func (l *Labeler) label(o int, found []placedFinding, evidence *[]Evidence) Label {
	label := Label{Observation: l.set.Observations[o]}
	first, strong := len(*evidence), false
	for i := range found {
		strong = strong || found[i].observation == o && !found[i].weak && found[i].assertion != corpus.Unmentioned
	}
	var seen [corpus.Positive + 1]bool
	var none *placedFinding // one that makes no label
	for i := range found {
		m := &found[i]
		if m.observation != o {
			continue
		}
		*evidence = append(*evidence, l.evidence(m))
		if m.assertion == corpus.Unmentioned {
			none = m
		}
		if m.assertion == corpus.Unmentioned || strong && m.weak {
			continue
		}
		seen[m.assertion] = true
		label.Assertion = max(label.Assertion, m.assertion)
	}
	if own := *evidence; len(own) > first {
		label.Evidence = own[first:len(own):len(own)]
	}
	if l.compat.Aggregation && seen[corpus.Negative] && seen[corpus.Uncertain] {
		label.Assertion = corpus.Uncertain
	}
	switch {
	case label.Assertion != corpus.Unmentioned:
	case none != nil:
		label.Reason = l.analyzer.blankReason(none.finding)
	default:
		label.Reason = "no mention"
	}
	return label
}

func (l *Labeler) evidence(m *placedFinding) Evidence {
	e := Evidence{
		Rule: l.set.Rules[m.rule].ID, Section: m.section, Assertion: m.assertion,
		Sentence: m.sentence, Mention: m.mention.Shift(m.sentence.Start),
	}
	if m.cue >= 0 {
		e.Cue = l.set.Cues[m.cue].ID
		e.CueSpan = m.cueSpan.Shift(m.sentence.Start)
		e.Scope = m.scope.Shift(m.sentence.Start)
	}
	return e
}

// derive decides the derived observation (No Finding): positive unless another
// observation, or an abnormality that its own rules find, is positive or
// uncertain. Its evidence stays: the abnormalities that were looked at.
func (l *Labeler) derive(label *Label, labels []Label, blank string) {
	abnormal := label.Assertion
	label.Assertion, label.Reason = corpus.Unmentioned, blank
	if blank != "" {
		return
	}
	for _, other := range labels {
		if other.Assertion >= corpus.Uncertain && other.Observation != label.Observation && !slices.Contains(l.set.Derived.Ignore, other.Observation) {
			label.Reason = "withheld by " + string(other.Observation) + ", " + other.Assertion.String()
			return
		}
	}
	if abnormal >= corpus.Uncertain && !l.compat.NoFinding {
		decisive := slices.IndexFunc(label.Evidence, func(e Evidence) bool { return e.Assertion == abnormal })
		label.Reason = "withheld by another abnormality, " + label.Evidence[decisive].Rule
		return
	}
	label.Assertion = corpus.Positive
	label.Reason = "nothing abnormal is described"
	if !l.abnormalities {
		label.Reason = "no other observation is described"
	}
}
