package labeler

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// analyzer finds and classifies the mentions of one sentence. What it says is
// a pure function of the sentence's text.
type analyzer struct {
	set       *rules.Set
	tokenizer segment.Tokenizer
	matcher   *rules.Matcher
	engine    *negation.Engine
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
	return &analyzer{set: set, matcher: matcher, engine: engine}, nil
}

// finding is a classified mention. Spans are byte offsets into the sentence.
type finding struct {
	rule        int                // into Set.Rules
	cue         int                // into Set.Cues, or -1
	observation corpus.Observation //
	assertion   corpus.Assertion   // Unmentioned: a cue excludes the mention
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
	tokens := a.tokenizer.Tokens(nil, sentence)
	matches := a.matcher.Match(nil, tokens)
	candidates := a.candidates(matches)
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
	verdicts := a.engine.Classify(negation.Sentence{Tokens: tokens, Matches: matches}, mentions)

	var found []finding
	for i, c := range candidates {
		rule, v := &a.set.Rules[c.rule], verdicts[i]
		f := finding{rule: c.rule, cue: -1, observation: c.of, assertion: rule.Bare, weak: rule.Weak, mention: bytes(tokens, c.start, c.end)}
		if v.Governed {
			f.cue, f.assertion = v.Cue.Index, v.Assertion
			f.weak = f.weak || a.set.Cues[f.cue].Weak && mentions[i].Neutral
			f.cueSpan = bytes(tokens, v.Cue.Start, v.Cue.End)
			f.scope = bytes(tokens, v.Cue.ScopeStart, v.Cue.ScopeEnd)
		}
		if f.assertion = rule.As[f.assertion]; f.assertion == corpus.Unmentioned && !v.Governed {
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
	for _, m := range matches {
		if m.Target.Kind != rules.RulePhrase || a.refused(m, matches) {
			continue
		}
		rule := &a.set.Rules[m.Target.Index]
		all = append(all, candidate{m.Target.Index, m.Start, m.End, rule.Observation})
		for _, o := range rule.Also {
			all = append(all, candidate{m.Target.Index, m.Start, m.End, o})
		}
	}
	slices.SortStableFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.end-y.start, x.end-x.start), cmp.Compare(x.start, y.start), cmp.Compare(x.rule, y.rule))
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
func (a *analyzer) refused(m rules.Match, matches []rules.Match) bool {
	for _, u := range matches {
		if u.Target.Kind == rules.RuleUnless && u.Target.Index == m.Target.Index && u.Start < m.End && m.Start < u.End {
			return true
		}
	}
	return false
}

func bytes(tokens []segment.Token, start, end int) corpus.Span {
	if start >= end {
		return corpus.Span{}
	}
	return corpus.Span{Start: tokens[start].Start, End: tokens[end-1].End}
}

// excludedBy says in a blank label's reason which cue took its mention away.
func (a *analyzer) excludedBy(f finding) string {
	if f.cue < 0 {
		return fmt.Sprintf("mention is no label of its own (%s)", a.set.Rules[f.rule].ID)
	}
	return fmt.Sprintf("mention excluded by %s", a.set.Cues[f.cue].ID)
}
