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
	"cmp"
	"context"
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
	Skipped               int       // examples that rest on what the set disables, or on cues that it takes
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

// place tells which example or phrase a finding is of.
type place struct {
	pos rules.Pos
	id  string
}

func (f Finding) place() place { return place{f.Pos, f.ID} }

// Run runs every example of the set. The error is a set that does not compile.
//
// In a set that extends another, a cue that is disabled or taken can take from
// an inherited example what it rests on. Such examples, which give what they say
// in the set with the inherited cues as they were, are skipped; so are those that
// the set extended skips.
func Run(set *rules.Set) (Report, error) {
	report, _, err := runSkipping(set)
	return report, err
}

// RunOf runs the examples of those rules and cues alone whose places are asked for;
// none of them is skipped. It ends early when the context does, with its error.
func RunOf(ctx context.Context, set *rules.Set, of func(rules.Pos) bool) (Report, error) {
	return runEach(ctx, set, of)
}

// runSkipping gives the places of the findings that the report leaves out as well.
func runSkipping(set *rules.Set) (Report, map[place]bool, error) {
	base, err := set.Base()
	if err != nil {
		return Report{}, nil, err
	}
	skipped := make(map[place]bool)
	if base != nil {
		if skipped, err = skippedBy(base); err != nil {
			return Report{}, nil, err
		}
	}
	report, err := runAll(set)
	if err != nil {
		return Report{}, nil, err
	}
	if whole := set.Undisabled(); whole != set {
		before, err := runAll(whole)
		if err != nil {
			return Report{}, nil, err
		}
		for _, of := range [][2][]Finding{{report.Failures, before.Failures}, {report.Uncovered, before.Uncovered}} {
			was := make(map[place]bool)
			for _, f := range of[1] {
				was[f.place()] = true
			}
			for _, f := range of[0] {
				if set.Inherits(f.ID) && !was[f.place()] {
					skipped[f.place()] = true
				}
			}
		}
	}
	examples := make(map[place]bool)
	skip := func(f Finding) bool { return set.Inherits(f.ID) && skipped[f.place()] }
	report.Failures = slices.DeleteFunc(report.Failures, func(f Finding) bool {
		if skip(f) {
			examples[f.place()] = true
			return true
		}
		return false
	})
	report.Uncovered = slices.DeleteFunc(report.Uncovered, skip)
	report.Skipped = len(examples)
	return report, skipped, nil
}

// skippedBy gives what the run of a set by itself skips. One that extends no
// other has nothing to skip.
func skippedBy(set *rules.Set) (map[place]bool, error) {
	if base, err := set.Base(); base == nil {
		return make(map[place]bool), err
	}
	_, skipped, err := runSkipping(set)
	return skipped, err
}

func runAll(set *rules.Set) (Report, error) {
	return runEach(context.Background(), set, func(rules.Pos) bool { return true })
}

func runEach(ctx context.Context, set *rules.Set, of func(rules.Pos) bool) (Report, error) {
	r := run{set: set}
	full, err := compile(set)
	if err != nil {
		return Report{}, err
	}
	for i := range set.Rules {
		if !of(set.Rules[i].Pos) {
			continue
		}
		r.Rules++
		if err := cmp.Or(ctx.Err(), r.rule(full, &set.Rules[i])); err != nil {
			return Report{}, err
		}
	}
	numbered, err := compile(cuesByPhrase(set))
	if err != nil {
		return Report{}, err
	}
	for i := range set.Cues {
		if !of(set.Cues[i].Pos) {
			continue
		}
		r.Cues++
		if err := cmp.Or(ctx.Err(), r.cue(numbered, i)); err != nil {
			return Report{}, err
		}
	}
	return r.Report, nil
}

type run struct {
	Report
	set *rules.Set
}

// example is an example of a rule or cue without its mark.
type example struct {
	rules.Example
	id     string // of the rule or cue
	plain  string
	mark   corpus.Span
	marked bool
}

// example counts and parses an example; ok is false after a failure.
func (r *run) example(e rules.Example, id string) (x example, ok bool) {
	r.Examples++
	x = example{Example: e, id: id}
	var err error
	if x.plain, x.mark, x.marked, err = rules.ParseExample(e.Text); err != nil {
		r.fail(x, "%v", err)
	}
	return x, err == nil
}

func (r *run) fail(e example, format string, args ...any) {
	r.Failures = append(r.Failures, Finding{e.Pos, e.id, fmt.Sprintf("%q: ", e.Text) + fmt.Sprintf(format, args...)})
}

const noMark = "mark the mention with <...>"

// rule runs the examples of one rule in the full set and alone.
func (r *run) rule(full *labeler.Labeler, rule *rules.Rule) error {
	alone, err := compile(ruleByPhrase(r.set, rule))
	if err != nil {
		return err
	}
	covered := make([]bool, len(rule.Phrases))
	for _, e := range rule.Examples {
		e, ok := r.example(e, rule.ID)
		if !ok {
			continue
		}
		if !e.marked && e.Assertion != corpus.Unmentioned {
			r.fail(e, noMark)
			continue
		}
		inFull := mentions(full, e.plain, rule.Observation)
		byItself := mentions(alone, e.plain, rule.Observation)
		for _, m := range byItself {
			if phrase, ok := phraseOf(m.Rule); ok {
				covered[phrase] = true
			}
		}
		if e.Assertion == corpus.Unmentioned {
			r.unmentioned(e, inFull, byItself)
			continue
		}
		exactly := func(m labeler.Evidence) bool { return m.Mention == e.mark }
		gotFull, okFull := e.find(inFull, exactly)
		gotAlone, okAlone := e.find(byItself, exactly)
		switch {
		case !okFull && !okAlone && gotFull == gotAlone:
			r.fail(e, "expected %s, got %s", e.want(), gotFull)
			continue
		case !okFull:
			r.fail(e, "in the full set: expected %s, got %s", e.want(), gotFull)
		}
		if !okAlone {
			r.fail(e, "alone: expected %s, got %s", e.want(), gotAlone)
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
func (r *run) unmentioned(e example, inFull, alone []labeler.Evidence) {
	counts := func(m labeler.Evidence) bool {
		id, _, _ := strings.Cut(m.Rule, "#")
		return m.Assertion != corpus.Unmentioned && (e.marked && e.overlaps(m) || !e.marked && id == e.id)
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
		if now := describe(where.mentions[i], e.plain); now != got { // told once
			got = now
			r.fail(e, "%s: expected no mention, got %s", where.name, got)
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
		e, ok := r.example(e, cue.ID)
		if !ok {
			continue
		}
		if !e.marked {
			r.fail(e, noMark)
			continue
		}
		all := allMentions(numbered, e.plain)
		got, ok := e.find(all, e.overlaps)
		if e.Assertion == corpus.Unmentioned {
			got, ok = e.absent(all)
		}
		if !ok {
			r.fail(e, "expected %s, got %s", e.want(), got)
			continue
		}
		byThis := false
		for _, m := range all {
			id, _, _ := strings.Cut(m.Cue, "#")
			if phrase, ok := phraseOf(m.Cue); ok && id == cue.ID && e.overlaps(m) && m.Assertion == e.Assertion {
				byThis, covered[phrase] = true, true
			}
		}
		if byThis {
			continue
		}
		if without == nil {
			var err error
			if without, err = compile(withoutCue(r.set, index)); err != nil {
				return err
			}
		}
		if same(all, allMentions(without, e.plain)) {
			if named {
				r.fail(e, "%s, but not by this cue: %s", e.Assertion, e.there(all))
			} else {
				r.Uncovered = append(r.Uncovered, Finding{e.Pos, cue.ID, fmt.Sprintf("%q: gives the same without this cue", e.Text)})
			}
		}
	}
	if !named {
		return nil
	}
	for i, p := range cue.Own() { // those taken had their examples
		if !covered[i] {
			r.Uncovered = append(r.Uncovered, Finding{p.Pos, cue.ID, fmt.Sprintf("no example has the phrase %q", p.Text)})
		}
	}
	return nil
}

func withoutCue(set *rules.Set, index int) *rules.Set {
	reduced := *set
	reduced.Cues = slices.Delete(slices.Clone(set.Cues), index, index+1)
	return &reduced
}

// compile makes the labeler of a set in which every observation has a label.
func compile(set *rules.Set) (*labeler.Labeler, error) {
	if len(set.Unlabelled) > 0 {
		all := *set
		all.Observations = slices.Concat(set.Observations, set.Unlabelled)
		set = &all
	}
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

// want names what the example expects: `negative "effusion"`.
func (e example) want() string {
	if e.Assertion == corpus.Unmentioned {
		return "no mention"
	}
	return fmt.Sprintf("%s %q", e.Assertion, e.mark.In(e.plain))
}

func (e example) overlaps(m labeler.Evidence) bool { return m.Mention.Overlaps(e.mark) }

// find looks for a mention in the place that has the example's assertion; got
// says what is at the mark instead.
func (e example) find(mentions []labeler.Evidence, place func(labeler.Evidence) bool) (got string, ok bool) {
	for _, m := range mentions {
		if m.Assertion == e.Assertion && place(m) {
			return "", true
		}
	}
	return e.there(mentions), false
}

// there describes the mentions at the mark.
func (e example) there(mentions []labeler.Evidence) string {
	var all []string
	for _, m := range mentions {
		if e.overlaps(m) {
			all = append(all, describe(m, e.plain))
		}
	}
	if all == nil {
		return "no mention"
	}
	return strings.Join(all, "; ")
}

// absent checks that no mention that counts overlaps the mark.
func (e example) absent(mentions []labeler.Evidence) (got string, ok bool) {
	for _, m := range mentions {
		if e.overlaps(m) && m.Assertion != corpus.Unmentioned {
			return describe(m, e.plain), false
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
