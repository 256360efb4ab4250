// Package negation decides what a sentence asserts of the mentions in it. It
// finds the cues (words that negate, hedge, affirm or exclude), gives each a
// scope, and classifies any span of tokens by the cues whose scopes cover it.
//
// The method descends from NegEx and ConText (Chapman et al. 2001; Harkema et
// al. 2009): cues, pseudo-cues, directions and terminators. Three things are
// added: scopes follow the structure of lists and clauses, alternatives
// ("or", "versus") are cues of their own, and a cue may be bound to mentions
// of one tag ("removed" to devices, "normal" to sizes and contours).
//
// All words are data of the rule set. The code knows the kinds and directions
// of cues, and the grammar classes named below.
package negation

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// Sentence is a tokenised sentence with everything that the rule set's
// matcher found in it. Engine.Read makes one.
type Sentence struct {
	Tokens  []segment.Token
	Matches []rules.Match
}

// Span gives the bytes of the sentence that the tokens [start, end) cover.
func (s Sentence) Span(start, end int) corpus.Span {
	if start >= end {
		return corpus.Span{}
	}
	return corpus.Span{Start: s.Tokens[start].Start, End: s.Tokens[end-1].End}
}

// Mention gives the tokens that lie within a span of bytes as a mention. It is
// false where none does.
func (s Sentence) Mention(span corpus.Span) (Mention, bool) {
	m := Mention{Start: -1}
	for i, t := range s.Tokens {
		if span.Contains(t.Span()) {
			if m.Start < 0 {
				m.Start = i
			}
			m.End = i + 1
		}
	}
	return m, m.Start >= 0
}

// Mention is a span of tokens to classify: [Start, End) as indices into
// Sentence.Tokens.
type Mention struct {
	Start, End int
	Tags       []string
	// Neutral marks the mention of a thing that every patient has (a heart
	// size, a contour). Only a cue bound to one of its tags says how it is;
	// general cues then negate or hedge that cue.
	Neutral bool
	// Observation keeps alternatives apart: "or" between two mentions of one
	// observation is no alternative.
	Observation corpus.Observation
}

// Cue is a cue found in a sentence, with its scope, both as token spans.
type Cue struct {
	Index                int // into Set.Cues
	Start, End           int
	ScopeStart, ScopeEnd int
}

// Verdict is what the sentence says of one mention.
type Verdict struct {
	Assertion corpus.Assertion // Unmentioned where no cue governs the mention, or where it is excluded
	Governed  bool             // a cue governs the mention
	Cue       Cue              // that cue; only when Governed
}

// Engine classifies mentions by the cues of one rule set. It is immutable and
// safe for concurrent use.
type Engine struct {
	set       *rules.Set
	matcher   *rules.Matcher
	tokenizer segment.Tokenizer
	tags      map[string]tagSet
	denied    tagSet // tags that a negation is bound to
	cues      []cueInfo
	grammar   grammar
	keyword   keywordGrammar
}

// tagSet is a set of the tags that cues name.
type tagSet uint32

type cueInfo struct {
	only, except, explains tagSet
	ends                   [rules.Terminator + 1]bool
}

// governs reports whether the cue may govern mentions with these tags.
func (c *cueInfo) governs(tags tagSet) bool {
	return (c.only == 0 || c.only&tags != 0) && c.except&tags == 0
}

// The classes that the engine asks for by name. They describe English, not
// radiology, and stand in the rule set's classes file. One that is missing has
// no words.
type grammar struct {
	verb     wordClass // finite verbs: is, has, remains
	adverb   wordClass // words that may stand within a predicate: now, completely, again
	modifier wordClass // words that may stand before a noun: small, left, the
	affirm   wordClass // modifiers that say the noun is there: mild, residual, old
	seen     wordClass // participles that only say that something was looked for: seen, identified
	relative wordClass // which, that
	and      wordClass // and, &
	or       wordClass // or, nor
	but      wordClass // but, though

	infinitive  wordClass // to: the verb behind it is not finite
	preposition wordClass // in, with, for: no predicate begins with one
}

type wordClass struct {
	id    rules.ClassID
	known bool
}

func (e *Engine) class(name string) wordClass {
	id, ok := e.matcher.Class(name)
	return wordClass{id, ok}
}

func (e *Engine) has(word rules.ID, c wordClass) bool {
	return c.known && e.matcher.Has(word, c.id)
}

// New prepares the engine of a rule set for sentences matched by its matcher.
// It fails when the cues of the set name more than 32 tags.
func New(set *rules.Set, matcher *rules.Matcher) (*Engine, error) {
	e := &Engine{set: set, matcher: matcher, tags: map[string]tagSet{}}
	e.tokenizer.Number = matcher.Number
	e.grammar = grammar{
		verb: e.class("verb"), adverb: e.class("adverb"), modifier: e.class("mod"), affirm: e.class("affirm"),
		seen: e.class("seen"), relative: e.class("relative"), and: e.class("and"), or: e.class("or"), but: e.class("but"),
		infinitive: e.class("infinitive"), preposition: e.class("preposition"),
	}
	e.keyword = e.keywordGrammar()
	for i := range set.Cues {
		cue := &set.Cues[i]
		info := cueInfo{only: e.tagBits(cue.Only), except: e.tagBits(cue.Except), explains: e.tagBits(cue.Explains)}
		if cue.Kind == rules.Negation {
			e.denied |= info.only
		}
		for _, kind := range cue.Ends {
			info.ends[kind] = true
		}
		if len(cue.Ends) == 0 && cue.Kind == rules.Terminator {
			for kind := range info.ends {
				info.ends[kind] = true
			}
		}
		e.cues = append(e.cues, info)
	}
	if len(e.tags) > 32 {
		return nil, fmt.Errorf("rule set %s: its cues name %d tags; 32 are possible", set.Name, len(e.tags))
	}
	return e, nil
}

// Read cuts a sentence into tokens and matches all phrases of the rule set
// against them.
func (e *Engine) Read(sentence string) Sentence {
	return e.Match(nil, e.Tokens(nil, sentence))
}

// Tokens appends the tokens of a sentence to dst.
func (e *Engine) Tokens(dst []segment.Token, sentence string) []segment.Token {
	return e.tokenizer.Tokens(dst, sentence)
}

// Match matches all phrases of the rule set against the tokens of a sentence. The
// matches are appended to dst.
func (e *Engine) Match(dst []rules.Match, tokens []segment.Token) Sentence {
	return Sentence{Tokens: tokens, Matches: e.matcher.Match(dst, tokens)}
}

// Shape appends to dst what there is to know of the tokens: sentences of one shape
// have the same matches, cues and scopes, token by token. They differ in words
// that no phrase has, and in figures: "a 3 mm nodule in Mr. Smith" has the shape
// of "a 5 mm nodule in Mr. Jones".
func (e *Engine) Shape(dst []byte, tokens []segment.Token) []byte {
	for _, t := range tokens {
		const kinds, norms = 2, 4 // bits
		shape := uint32(t.Kind)
		switch t.Kind {
		case segment.Number:
			shape |= uint32(min(len(t.Norm), longestOfDate+1)) << kinds
		case segment.Mark:
			shape |= uint32(1+slices.Index(marks, t.Norm)) << kinds
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(e.matcher.ID(t))<<(kinds+norms)|shape)
	}
	return dst
}

// marks are those whose names readings look at.
var marks = []string{",", ".", ":", ";", "(", "[", ")", "]", "/", segment.Removed}

// Set is the rule set whose cues Cue.Index counts.
func (e *Engine) Set() *rules.Set { return e.set }

// tagBits numbers tags as cues name them; it is called during construction only.
func (e *Engine) tagBits(names []string) tagSet {
	var bits tagSet
	for _, name := range names {
		if _, ok := e.tags[name]; !ok {
			e.tags[name] = 1 << len(e.tags)
		}
		bits |= e.tags[name]
	}
	return bits
}

func (e *Engine) tagsOf(m Mention) tagSet {
	var bits tagSet
	for _, name := range m.Tags {
		bits |= e.tags[name]
	}
	return bits
}

// Cues finds every cue of the sentence that can govern a mention without
// tags, with its scope, in text order. Terminators and pseudo-cues are left
// out. mentions may be nil.
func (e *Engine) Cues(s Sentence, mentions []Mention) []Cue {
	r := e.read(s, mentions, 0)
	var cues []Cue
	for i := range r.cues {
		if c := &r.cues[i]; c.scoped() {
			cues = append(cues, c.Cue)
		}
	}
	return cues
}

// Classify gives a verdict for each mention, in their order.
func (e *Engine) Classify(s Sentence, mentions []Mention) []Verdict {
	verdicts := make([]Verdict, len(mentions))
	var readings []*reading // one a set of tags, of which there are few
	for i, m := range mentions {
		tags := e.tagsOf(m)
		n := slices.IndexFunc(readings, func(r *reading) bool { return r.tags == tags })
		if n < 0 {
			n = len(readings)
			if n == 0 {
				readings = append(readings, e.read(s, mentions, tags))
			} else {
				readings = append(readings, readings[0].again(s.Matches, tags))
			}
		}
		verdicts[i] = readings[n].classify(i)
	}
	return verdicts
}
