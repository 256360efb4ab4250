package labeler

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// analyzer finds and classifies the mentions of one sentence. What it says is
// a pure function of the sentence's text.
type analyzer struct {
	set          *rules.Set
	observations []corpus.Observation // of the set, those that are no label behind the others
	of           [][]int              // by rule: the observations that it finds
	engine       *negation.Engine
	shapes       *cache    // in tokens
	room         sync.Pool // of *room
}

// newAnalyzer makes one that remembers shapes, as many as a cache of this size.
func newAnalyzer(set *rules.Set, size int) (*analyzer, error) {
	matcher, err := set.Compile()
	if err != nil {
		return nil, err
	}
	engine, err := negation.New(set, matcher)
	if err != nil {
		return nil, err
	}
	a := &analyzer{set: set, engine: engine, shapes: newCache(size)}
	a.observations = slices.Concat(set.Observations, set.Unlabelled)
	for i := range set.Rules {
		rule := &set.Rules[i]
		of := []int{slices.Index(a.observations, rule.Observation)}
		for _, also := range rule.Also {
			of = append(of, slices.Index(a.observations, also))
		}
		a.of = append(a.of, of)
	}
	return a, nil
}

// finding is a classified mention. Its spans are byte offsets into the sentence,
// or, of a shape, numbers of tokens.
type finding struct {
	rule        int              // into Set.Rules
	cue         int              // into Set.Cues, or -1
	observation int              // into analyzer.observations
	found       corpus.Assertion // what the sentence asserts
	assertion   corpus.Assertion // what the rule records; Unmentioned: nothing
	mention     corpus.Span
	cueSpan     corpus.Span
	scope       corpus.Span
	weak        bool // counts only where the report has no other mention of the observation
}

// candidate is a match of a rule, as a mention of one observation.
type candidate struct {
	rule       int
	start, end int // tokens
	of         int // into analyzer.observations
}

// room is where a sentence is read.
type room struct {
	tokens  []segment.Token
	shape   []byte
	matches []rules.Match
}

// analyze reads a sentence, or, where one of its shape has been read, does as with
// that one: two sentences of three that are new have a shape that is not.
func (a *analyzer) analyze(sentence string) []finding {
	r, _ := a.room.Get().(*room)
	if r == nil {
		r = new(room)
	}
	defer a.room.Put(r)
	r.tokens = a.engine.Tokens(r.tokens[:0], sentence)
	r.shape = a.engine.Shape(r.shape[:0], r.tokens)
	key := a.shapes.key(string(r.shape))
	found, ok := a.shapes.get(key)
	if !ok {
		s := a.engine.Match(r.matches[:0], r.tokens)
		r.matches = s.Matches
		found = a.read(s)
		a.shapes.put(key, found)
	}
	return inBytes(found, negation.Sentence{Tokens: r.tokens})
}

// inBytes gives findings in tokens as ones in bytes.
func inBytes(found []finding, s negation.Sentence) []finding {
	if found == nil {
		return nil
	}
	placed := slices.Clone(found)
	for i := range placed {
		for _, span := range []*corpus.Span{&placed[i].mention, &placed[i].cueSpan, &placed[i].scope} {
			*span = s.Span(span.Start, span.End)
		}
	}
	return placed
}

// read finds and classifies the mentions of a sentence, in tokens.
func (a *analyzer) read(s negation.Sentence) []finding {
	candidates := a.candidates(s.Matches)
	if len(candidates) == 0 {
		return nil
	}
	mentions := make([]negation.Mention, len(candidates))
	for i, c := range candidates {
		rule := &a.set.Rules[c.rule]
		mentions[i] = negation.Mention{
			Start: c.start, End: c.end, Tags: rule.Tags,
			Neutral: rule.Bare == corpus.Unmentioned, Observation: a.observations[c.of],
		}
	}
	verdicts := a.engine.Classify(s, mentions)

	var found []finding
	for i, c := range candidates {
		rule, v := &a.set.Rules[c.rule], verdicts[i]
		f := finding{rule: c.rule, cue: -1, observation: c.of, assertion: rule.Bare, weak: rule.Weak, mention: corpus.Span{Start: c.start, End: c.end}}
		if v.Governed {
			f.cue, f.assertion = v.Cue.Index, v.Assertion
			f.weak = f.weak || a.set.Cues[f.cue].Weak && mentions[i].Neutral
			f.cueSpan = corpus.Span{Start: v.Cue.Start, End: v.Cue.End}
			f.scope = corpus.Span{Start: v.Cue.ScopeStart, End: v.Cue.ScopeEnd}
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
		for _, o := range a.of[m.Target.Index] {
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
