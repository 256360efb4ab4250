// Package ruletest runs the examples that rules and cues carry, and says which
// phrases no example covers.
//
// An example of a rule must give the marked mention its assertion twice: in
// the full set, where any other rule and cue may interfere, and alone, in a
// set without the other rules, where it must be this rule that finds it. An
// example of a cue must give the marked mention its assertion because of this
// cue: the evidence names it, or the mentions change without it. Pseudo-cues,
// terminators, exclusions and alternatives need not be named: an example of
// theirs that gives the same without them is listed as covering nothing.
package ruletest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// Report is the outcome of a run. Findings are in file order.
type Report struct {
	Rules, Cues, Examples int
	Failures              []Finding // examples that do not give what they say
	Uncovered             []Finding // phrases that no example matches, examples that prove nothing
}

// Finding is one thing to correct, at its place in a rule file.
type Finding struct {
	Pos  rules.Pos
	ID   string // of the rule or cue
	What string
}

// String gives "path:line:col: id: what".
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", f.Pos.File, f.Pos.Line, f.Pos.Column, f.ID, f.What)
}

// Run runs every example of the set. The error is a set that does not compile.
func Run(set *rules.Set) (Report, error) {
	r := run{set: set}
	r.Rules, r.Cues = len(set.Rules), len(set.Cues)
	full, err := compile(set)
	if err != nil {
		return Report{}, err
	}
	for i := range set.Rules {
		if err := r.rule(full, &set.Rules[i]); err != nil {
			return Report{}, err
		}
	}
	numbered, err := compile(cuesByPhrase(set))
	if err != nil {
		return Report{}, err
	}
	for i := range set.Cues {
		if err := r.cue(numbered, i); err != nil {
			return Report{}, err
		}
	}
	return r.Report, nil
}

type run struct {
	Report
	set *rules.Set
}

func (r *run) fail(e rules.Example, id, format string, args ...any) {
	r.Failures = append(r.Failures, Finding{e.Pos, id, fmt.Sprintf("%q: ", e.Text) + fmt.Sprintf(format, args...)})
}

// rule runs the examples of one rule in the full set and alone.
func (r *run) rule(full *labeler.Labeler, rule *rules.Rule) error {
	alone, err := compile(ruleByPhrase(r.set, rule))
	if err != nil {
		return err
	}
	covered := make([]bool, len(rule.Phrases))
	for _, e := range rule.Examples {
		r.Examples++
		text, mark, marked, err := rules.ParseExample(e.Text)
		if err == nil && !marked && e.Assertion != corpus.Unmentioned {
			err = errors.New("mark the mention with <...>")
		}
		if err != nil {
			r.fail(e, rule.ID, "%v", err)
			continue
		}
		inFull := mentions(full, text, rule.Observation)
		byItself := mentions(alone, text, rule.Observation)
		for _, m := range byItself {
			if phrase, ok := phraseOf(m.Rule); ok {
				covered[phrase] = true
			}
		}
		if e.Assertion == corpus.Unmentioned {
			r.unmentioned(e, rule, text, mark, marked, inFull, byItself)
			continue
		}
		exactly := func(m labeler.Evidence) bool { return m.Mention == mark }
		gotFull, okFull := find(inFull, text, mark, e.Assertion, exactly)
		gotAlone, okAlone := find(byItself, text, mark, e.Assertion, exactly)
		switch {
		case !okFull && !okAlone && gotFull == gotAlone:
			r.fail(e, rule.ID, "expected %s, got %s", want(e, text, mark), gotFull)
			continue
		case !okFull:
			r.fail(e, rule.ID, "in the full set: expected %s, got %s", want(e, text, mark), gotFull)
		}
		if !okAlone {
			r.fail(e, rule.ID, "alone: expected %s, got %s", want(e, text, mark), gotAlone)
		}
	}
	for i, ok := range covered {
		if !ok {
			r.Uncovered = append(r.Uncovered, Finding{rule.Phrases[i].Pos, rule.ID,
				fmt.Sprintf("no example matches the phrase %q", rule.Phrases[i].Text)})
		}
	}
	return nil
}

// unmentioned checks an example in which the observation must not be found:
// at the mark, or, without one, nowhere by this rule.
func (r *run) unmentioned(e rules.Example, rule *rules.Rule, text string, mark corpus.Span, marked bool, inFull, alone []labeler.Evidence) {
	counts := func(m labeler.Evidence) bool {
		id, _, _ := strings.Cut(m.Rule, "#")
		return m.Assertion != corpus.Unmentioned && (marked && m.Mention.Overlaps(mark) || !marked && id == rule.ID)
	}
	got := ""
	for _, where := range []struct {
		name     string
		mentions []labeler.Evidence
	}{{"in the full set", inFull}, {"alone", alone}} {
		i := slices.IndexFunc(where.mentions, counts)
		if i < 0 {
			continue
		}
		if now := describe(where.mentions[i], text); now != got { // told once
			got = now
			r.fail(e, rule.ID, "%s: expected no mention, got %s", where.name, got)
		}
	}
}

// cue runs the examples of one cue. In the labeler given every phrase of every
// cue is a cue of its own, so that evidence tells the phrase. The mention may be
// longer than the mark: how far it goes is the rules' affair.
func (r *run) cue(numbered *labeler.Labeler, index int) error {
	cue := &r.set.Cues[index]
	named := cue.Kind == rules.Uncertainty || cue.Kind == rules.Negation || cue.Kind == rules.Affirmation
	covered := make([]bool, len(cue.Phrases))
	var without *labeler.Labeler
	for _, e := range cue.Examples {
		r.Examples++
		text, mark, marked, err := rules.ParseExample(e.Text)
		if err == nil && !marked {
			err = errors.New("mark the mention with <...>")
		}
		if err != nil {
			r.fail(e, cue.ID, "%v", err)
			continue
		}
		all := allMentions(numbered, text)
		overlapping := func(m labeler.Evidence) bool { return m.Mention.Overlaps(mark) }
		got, ok := find(all, text, mark, e.Assertion, overlapping)
		if e.Assertion == corpus.Unmentioned {
			got, ok = absent(all, text, mark)
		}
		if !ok {
			r.fail(e, cue.ID, "expected %s, got %s", want(e, text, mark), got)
			continue
		}
		byThis := false
		for _, m := range all {
			id, _, _ := strings.Cut(m.Cue, "#")
			if phrase, ok := phraseOf(m.Cue); ok && id == cue.ID && overlapping(m) && m.Assertion == e.Assertion {
				byThis, covered[phrase] = true, true
			}
		}
		if byThis {
			continue
		}
		if without == nil {
			if without, err = compile(withoutCue(r.set, index)); err != nil {
				return err
			}
		}
		if same(all, allMentions(without, text)) {
			if named {
				r.fail(e, cue.ID, "%s, but not by this cue: %s", e.Assertion, there(all, text, mark))
			} else {
				r.Uncovered = append(r.Uncovered, Finding{e.Pos, cue.ID, fmt.Sprintf("%q: gives the same without this cue", e.Text)})
			}
		}
	}
	if !named {
		return nil
	}
	for i, ok := range covered {
		if !ok {
			r.Uncovered = append(r.Uncovered, Finding{cue.Phrases[i].Pos, cue.ID,
				fmt.Sprintf("no example has the phrase %q", cue.Phrases[i].Text)})
		}
	}
	return nil
}

func withoutCue(set *rules.Set, index int) *rules.Set {
	reduced := *set
	reduced.Cues = slices.Delete(slices.Clone(set.Cues), index, index+1)
	return &reduced
}

func compile(set *rules.Set) (*labeler.Labeler, error) {
	return labeler.New(labeler.Options{Rules: set, Section: "all", Cache: -1})
}

// ruleByPhrase is the set with one rule alone, cut into a rule a phrase, so
// that evidence tells the phrase: "rule#0".
func ruleByPhrase(set *rules.Set, rule *rules.Rule) *rules.Set {
	reduced := *set
	reduced.Rules = nil
	for i, p := range rule.Phrases {
		one := *rule
		one.ID = numbered(rule.ID, i)
		one.Phrases = []rules.Phrase{p}
		reduced.Rules = append(reduced.Rules, one)
	}
	return &reduced
}

// cuesByPhrase is the set with every cue cut into a cue a phrase.
func cuesByPhrase(set *rules.Set) *rules.Set {
	cut := *set
	cut.Cues = nil
	for _, cue := range set.Cues {
		for i, p := range cue.Phrases {
			one := cue
			one.ID = numbered(cue.ID, i)
			one.Phrases = []rules.Phrase{p}
			cut.Cues = append(cut.Cues, one)
		}
	}
	return &cut
}

func numbered(id string, phrase int) string { return id + "#" + strconv.Itoa(phrase) }

func phraseOf(id string) (int, bool) {
	_, digits, ok := strings.Cut(id, "#")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// label labels a text as one section, so that nothing in it is a header.
func label(l *labeler.Labeler, text string) labeler.Result {
	return l.Label(corpus.Report{ID: "example", Text: text,
		Sections: []corpus.Section{{Name: "findings", Span: corpus.Span{End: len(text)}}}})
}

func mentions(l *labeler.Labeler, text string, o corpus.Observation) []labeler.Evidence {
	for _, label := range label(l, text).Labels {
		if label.Observation == o {
			return label.Evidence
		}
	}
	return nil
}

func allMentions(l *labeler.Labeler, text string) (all []labeler.Evidence) {
	for _, label := range label(l, text).Labels {
		all = append(all, label.Evidence...)
	}
	return all
}

// want names what an example expects: `negative "effusion"`.
func want(e rules.Example, text string, mark corpus.Span) string {
	if e.Assertion == corpus.Unmentioned {
		return "no mention"
	}
	return fmt.Sprintf("%s %q", e.Assertion, mark.In(text))
}

// find looks for a mention in the place that has the assertion; got says what
// is at the mark instead.
func find(mentions []labeler.Evidence, text string, mark corpus.Span, want corpus.Assertion, place func(labeler.Evidence) bool) (got string, ok bool) {
	for _, m := range mentions {
		if m.Assertion == want && place(m) {
			return "", true
		}
	}
	return there(mentions, text, mark), false
}

// there describes the mentions at the mark.
func there(mentions []labeler.Evidence, text string, mark corpus.Span) string {
	var all []string
	for _, m := range mentions {
		if m.Mention.Overlaps(mark) {
			all = append(all, describe(m, text))
		}
	}
	if all == nil {
		return "no mention"
	}
	return strings.Join(all, "; ")
}

// absent checks that no mention that counts overlaps the mark.
func absent(mentions []labeler.Evidence, text string, mark corpus.Span) (got string, ok bool) {
	for _, m := range mentions {
		if m.Mention.Overlaps(mark) && m.Assertion != corpus.Unmentioned {
			return describe(m, text), false
		}
	}
	return "", true
}

// same compares what the labels depend on: which mention has which assertion.
func same(a, b []labeler.Evidence) bool {
	return slices.EqualFunc(a, b, func(x, y labeler.Evidence) bool {
		return x.Rule == y.Rule && x.Mention == y.Mention && x.Assertion == y.Assertion
	})
}

// describe names a mention: `negative "effusion" (rule pleural-effusion.effusion, cue no)`.
func describe(m labeler.Evidence, text string) string {
	rule, _, _ := strings.Cut(m.Rule, "#")
	cue, _, _ := strings.Cut(m.Cue, "#")
	if cue == "" {
		cue = "none"
	}
	return fmt.Sprintf("%s %q (rule %s, cue %s)", m.Assertion, m.Mention.In(text), rule, cue)
}
