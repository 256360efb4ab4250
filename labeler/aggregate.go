package labeler

import (
	"cmp"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// placedFinding is a classified mention in its report.
type placedFinding struct {
	finding
	section  string
	sentence corpus.Span
}

// findings are those of a report in text order, and the way along those of each
// observation.
type findings struct {
	all   []placedFinding
	first []int // by observation: the first of its own, or -1
	next  []int // by finding: the next of the same observation, or -1
}

func (f *findings) clear() { f.all = f.all[:0] }

// link prepares the ways along the findings of so many observations.
func (f *findings) link(observations int) {
	f.first = slices.Grow(f.first[:0], observations)[:observations]
	for o := range f.first {
		f.first[o] = -1
	}
	f.next = slices.Grow(f.next[:0], len(f.all))[:len(f.all)]
	for i := range slices.Backward(f.all) {
		o := f.all[i].observation
		f.next[i], f.first[o] = f.first[o], i
	}
}

// aggregate gives the label of every observation: the strongest assertion of
// its mentions, whatever their order, and for the derived observation what the
// others leave. blank is why there may be no mention at all, or "".
func (l *Labeler) aggregate(found *findings, blank string) []Label {
	labels := make([]Label, len(l.set.Observations))
	found.link(len(l.set.Observations) + len(l.set.Unlabelled))
	var evidence []Evidence // of all labels, one behind the other
	if !l.brief {
		evidence = make([]Evidence, 0, len(found.all))
	}
	derived := -1
	for i, o := range l.set.Observations {
		labels[i] = Label{Observation: o, Assertion: l.assertion(found, i)}
		if !l.brief {
			first := len(evidence)
			for n := found.first[i]; n >= 0; n = found.next[n] {
				evidence = append(evidence, l.evidence(&found.all[n]))
			}
			if len(evidence) > first {
				labels[i].Evidence = evidence[first:len(evidence):len(evidence)]
			}
			if labels[i].Assertion == corpus.Unmentioned {
				labels[i].Reason = cmp.Or(blank, l.blankReason(found, i))
			}
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

// assertion aggregates the mentions of one observation. Weak ones count only where
// there are no others.
func (l *Labeler) assertion(found *findings, observation int) (strongest corpus.Assertion) {
	strong := false
	for n := found.first[observation]; n >= 0; n = found.next[n] {
		m := &found.all[n]
		strong = strong || !m.weak && m.assertion != corpus.Unmentioned
	}
	var seen [corpus.Positive + 1]bool
	for n := found.first[observation]; n >= 0; n = found.next[n] {
		m := &found.all[n]
		if m.assertion == corpus.Unmentioned || strong && m.weak {
			continue
		}
		seen[m.assertion] = true
		strongest = max(strongest, m.assertion)
	}
	if l.compat.Aggregation && seen[corpus.Negative] && seen[corpus.Uncertain] {
		return corpus.Uncertain
	}
	return strongest
}

// blankReason says why the mentions of an observation make no label.
func (l *Labeler) blankReason(found *findings, observation int) string {
	reason := "no mention"
	for n := found.first[observation]; n >= 0; n = found.next[n] {
		if m := &found.all[n]; m.assertion == corpus.Unmentioned {
			reason = l.analyzer.blankReason(m.finding)
		}
	}
	return reason
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
	because := func(reason ...string) {
		if !l.brief {
			label.Reason = strings.Join(reason, "")
		}
	}
	abnormal := label.Assertion
	label.Assertion = corpus.Unmentioned
	if blank != "" {
		because(blank)
		return
	}
	for _, other := range labels {
		if other.Assertion >= corpus.Uncertain && other.Observation != label.Observation && !slices.Contains(l.set.Derived.Ignore, other.Observation) {
			because("withheld by ", string(other.Observation), ", ", other.Assertion.String())
			return
		}
	}
	if abnormal >= corpus.Uncertain && !l.compat.NoFinding {
		decisive := func(e Evidence) bool { return e.Assertion == abnormal }
		if i := slices.IndexFunc(label.Evidence, decisive); i >= 0 {
			because("withheld by another abnormality, ", label.Evidence[i].Rule)
		}
		return
	}
	label.Assertion = corpus.Positive
	if l.abnormalities {
		because("nothing abnormal is described")
	} else {
		because("no other observation is described")
	}
}
