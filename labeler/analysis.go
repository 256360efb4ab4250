package labeler

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// analyzer finds and classifies the mentions of one sentence. What it says is
// a pure function of the sentence's text.
type analyzer struct {
	set    *rules.Set
	engine *negation.Engine
}

func newAnalyzer(set *rules.Set) (*analyzer, error) {
	matcher, err := set.Compile()
	if err != nil {
		return nil, err
	}
	engine, err := negation.New(set, matcher)
	if err != nil {
		return nil, err
	}
	return &analyzer{set: set, engine: engine}, nil
}

// finding is a classified mention. Spans are byte offsets into the sentence.
type finding struct {
	rule        int                // into Set.Rules
	cue         int                // into Set.Cues, or -1
	observation corpus.Observation //
	found       corpus.Assertion   // what the sentence asserts
	assertion   corpus.Assertion   // what the rule records; Unmentioned: nothing
	mention     corpus.Span
	cueSpan     corpus.Span
	scope       corpus.Span
	weak        bool // counts only where the report has no other mention of the observation
}

// candidate is a match of a rule, as a mention of one observation.
type candidate struct {
	rule       int
	start, end int // tokens
	of         corpus.Observation
}

func (a *analyzer) analyze(sentence string) []finding {
	read := a.engine.Read(sentence)
	candidates := a.candidates(read.Matches)
	if len(candidates) == 0 {
		return nil
	}
	mentions := make([]negation.Mention, len(candidates))
	for i, c := range candidates {
		rule := &a.set.Rules[c.rule]
		mentions[i] = negation.Mention{
			Start: c.start, End: c.end, Tags: rule.Tags,
			Neutral: rule.Bare == corpus.Unmentioned, Observation: c.of,
		}
	}
	verdicts := a.engine.Classify(read, mentions)

	var found []finding
	for i, c := range candidates {
		rule, v := &a.set.Rules[c.rule], verdicts[i]
		f := finding{rule: c.rule, cue: -1, observation: c.of, assertion: rule.Bare, weak: rule.Weak, mention: read.Span(c.start, c.end)}
		if v.Governed {
			f.cue, f.assertion = v.Cue.Index, v.Assertion
			f.weak = f.weak || a.set.Cues[f.cue].Weak && mentions[i].Neutral
			f.cueSpan = read.Span(v.Cue.Start, v.Cue.End)
			f.scope = read.Span(v.Cue.ScopeStart, v.Cue.ScopeEnd)
		}
		f.found = f.assertion
		if f.assertion = rule.As[f.found]; f.assertion == corpus.Unmentioned && !v.Governed {
			continue
		}
		found = append(found, f)
	}
	return found
}

// candidates turns the matches of rules into mentions: without those that an
// unless phrase of their rule touches, and of the mentions of one observation
// that overlap the longest alone. They come in text order.
func (a *analyzer) candidates(matches []rules.Match) []candidate {
	var all []candidate
	var unless []rules.Match
	for _, m := range matches {
		if m.Target.Kind == rules.RuleUnless {
			unless = append(unless, m)
		}
	}
	for _, m := range matches {
		if m.Target.Kind != rules.RulePhrase || refused(m, unless) {
			continue
		}
		rule := &a.set.Rules[m.Target.Index]
		all = append(all, candidate{m.Target.Index, m.Start, m.End, rule.Observation})
		for _, o := range rule.Also {
			all = append(all, candidate{m.Target.Index, m.Start, m.End, o})
		}
	}
	slices.SortStableFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.end-y.start, x.end-x.start), cmp.Compare(x.start, y.start), cmp.Compare(a.set.Rules[x.rule].ID, a.set.Rules[y.rule].ID))
	})
	var kept []candidate
	for _, c := range all {
		if !slices.ContainsFunc(kept, func(k candidate) bool { return k.of == c.of && k.start < c.end && c.start < k.end }) {
			kept = append(kept, c)
		}
	}
	slices.SortStableFunc(kept, func(x, y candidate) int { return cmp.Compare(x.start, y.start) })
	return kept
}

// refused reports whether an unless phrase of the match's own rule touches it.
func refused(m rules.Match, unless []rules.Match) bool {
	return slices.ContainsFunc(unless, func(u rules.Match) bool {
		return u.Target.Index == m.Target.Index && u.Start < m.End && m.Start < u.End
	})
}

// blankReason says why a mention makes no label.
func (a *analyzer) blankReason(f finding) string {
	if f.cue >= 0 && a.set.Cues[f.cue].Kind == rules.Exclusion {
		return "mention excluded by " + a.set.Cues[f.cue].ID
	}
	return fmt.Sprintf("mention is %s, which %s does not record", f.found, a.set.Rules[f.rule].ID)
}
