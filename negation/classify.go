package negation

import (
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// classify decides what governs the mention: what is said of it, or of what
// stands for it later ("a small one could be missed"), whichever is stronger.
func (r *reading) classify(n int) Verdict {
	v := r.said(n)
	for i := range r.cues {
		c := &r.cues[i]
		if c.rule.Direction != rules.Antecedent || !v.Governed || !c.covers(r.mentions[n]) {
			continue
		}
		if later := r.verdict(c); later.Assertion > v.Assertion {
			v = later
		}
	}
	return v
}

// said decides which cue speaks of the mention itself, in one documented order
// (docs/negation.md):
//
//  1. a cue whose own words enclose the mention ("absence of X cannot be
//     confirmed");
//  2. the nearest predicate behind it, when that negates, hedges or excludes;
//  3. the nearest cue before it, when that negates or excludes, or implies so
//     of what is suggested ("no new opacity to suggest X");
//  4. an alternative that joins it to another mention;
//  5. the nearest cue before it, when that hedges;
//  6. an affirmation on either side.
//
// A weak cue yields to every other. A neutral mention is decided by a cue
// bound to its tag; general cues then negate or hedge that cue.
func (r *reading) said(n int) Verdict {
	m := r.mentions[n]
	before, behind, inside := r.governors(m, m.Neutral)
	if m.Neutral {
		return r.classifyNeutral(before, behind)
	}
	if before != nil && behind != nil && before.rule.Weak != behind.rule.Weak {
		if before.rule.Weak {
			before = nil
		} else {
			behind = nil
		}
	}
	switch {
	case inside != nil:
		return r.verdict(inside)
	case behind != nil && scopes(behind):
		return r.verdict(behind)
	case before != nil && before.rule.Implies != 0 && r.suggested(before, m):
		v := r.verdict(before)
		v.Assertion = assertionOf[before.rule.Implies]
		return v
	case before != nil && (before.rule.Kind == rules.Negation || before.rule.Kind == rules.Exclusion):
		return r.verdict(before)
	}
	if c, ok := r.joined[n]; ok {
		return r.verdict(&r.cues[c])
	}
	switch {
	case before != nil:
		return r.verdict(before)
	case behind != nil:
		return r.verdict(behind)
	}
	return Verdict{}
}

// governors finds the nearest cue on either side, and the shortest around,
// whose scope covers the mention. With bound set, only cues bound to a tag
// count.
func (r *reading) governors(m Mention, bound bool) (before, behind, inside *foundCue) {
	for i := range r.cues {
		c := &r.cues[i]
		if !c.scoped() || c.rule.Kind == rules.Alternative || !c.covers(m) || bound && c.info.only == 0 {
			continue
		}
		switch {
		case c.rule.Direction == rules.Antecedent:
		case c.rule.Direction == rules.Inside:
			if inside == nil || c.End-c.Start < inside.End-inside.Start {
				inside = c
			}
		case c.back:
			if behind == nil || behind.rule.Weak && r.joint(behind, c) {
				behind = c
			}
		default:
			if before == nil || closer(c, before, bound) {
				before = c
			}
		}
	}
	return before, behind, inside
}

// suggested reports whether a mention in the scope of c suggests this one: "no
// new opacity to suggest X".
func (r *reading) suggested(c *foundCue, m Mention) bool {
	return slices.ContainsFunc(r.cues, func(a foundCue) bool {
		return a.rule.Suggests && c.End <= a.Start && a.End <= m.Start && r.behindMention(a.Start)
	})
}

// behindMention reports whether nothing but the words of its place, or the "to"
// of an infinitive, stand between a mention and token i.
func (r *reading) behindMention(i int) bool {
	for ; i > 0; i-- {
		if r.words[i].mentionEnd {
			return true
		}
		if w := &r.words[i-1]; !w.modifier && !w.adverb && !r.is(i-1, r.engine.grammar.infinitive) {
			return false
		}
	}
	return false
}

// closer reports whether c, which stands nearer to the mention, governs it in
// the place of before. A weak cue gives way. "No opacity to suggest X" denies X:
// an affirmation does not come between a scope that has not ended and the
// mention; but of cues bound to a tag the nearest governs.
func closer(c, before *foundCue, bound bool) bool {
	if c.rule.Weak != before.rule.Weak {
		return before.rule.Weak
	}
	return bound || scopes(c) || !scopes(before)
}

// joint reports whether two predicates say one thing of one subject: "stable
// and within normal limits".
func (r *reading) joint(a, b *foundCue) bool {
	return !slices.ContainsFunc(r.mentions, func(m Mention) bool { return a.End <= m.Start && m.End <= b.Start })
}

// classifyNeutral lets the predicate behind the mention decide, or else the
// attribute before it, and then what negates or hedges the decision.
func (r *reading) classifyNeutral(before, behind *foundCue) Verdict {
	decisive := behind
	if decisive == nil || decisive.rule.Weak && before != nil && !before.rule.Weak {
		decisive = before
	}
	if decisive == nil {
		return Verdict{}
	}
	v := r.verdict(decisive)
	if decisive.rule.Kind != rules.Affirmation {
		return v
	}
	if c := r.modifying(decisive); c != nil {
		if a := r.verdict(c); a.Assertion != corpus.Unmentioned {
			return a
		}
	}
	return v
}

// modifying finds the general cue that reaches the decisive cue with no other
// kind of mention between them: the "not" of "is not enlarged".
func (r *reading) modifying(decisive *foundCue) *foundCue {
	var found *foundCue
	for i := range r.cues {
		c := &r.cues[i]
		if !scopes(c) || c.info.only != 0 || c.rule.Direction == rules.Inside || c == decisive {
			continue
		}
		if c.back && c.rule.Direction == rules.Either && r.besideAdverbs(c.End, decisive.Start) {
			found = c // "is possibly enlarged"
			continue
		}
		from, to := c.End, decisive.Start
		if c.back {
			from, to = decisive.End, c.Start
		}
		if from > to || !c.back && c.ScopeEnd < decisive.End || c.back && c.ScopeStart > decisive.Start || r.otherMention(from, to) {
			continue
		}
		found = c
	}
	return found
}

// besideAdverbs reports whether nothing but adverbs and modifiers stand from
// one token to the other.
func (r *reading) besideAdverbs(from, to int) bool {
	if from > to {
		return false
	}
	for _, w := range r.words[from:to] {
		if !w.adverb && !w.modifier {
			return false
		}
	}
	return true
}

func (r *reading) otherMention(from, to int) bool {
	for _, m := range r.mentions {
		if !m.Neutral && from <= m.Start && m.End <= to {
			return true
		}
	}
	return false
}

var assertionOf = [...]corpus.Assertion{
	rules.Pseudo:      corpus.Unmentioned,
	rules.Exclusion:   corpus.Unmentioned,
	rules.Uncertainty: corpus.Uncertain,
	rules.Negation:    corpus.Negative,
	rules.Affirmation: corpus.Positive,
	rules.Alternative: corpus.Uncertain,
	rules.Terminator:  corpus.Unmentioned,
}

func (r *reading) verdict(c *foundCue) Verdict {
	return Verdict{Assertion: assertionOf[c.rule.Kind], Governed: true, Cue: c.Cue}
}

// joinAlternatives finds, for each mention, the cue that offers it as one of
// several, and gives the cue its scope: from the first to the last of them, or
// the phrases around it where it joins no mentions.
func (r *reading) joinAlternatives() {
	for i := range r.cues {
		c := &r.cues[i]
		if c.rule.Kind != rules.Alternative {
			continue
		}
		items := r.alternatives(c)
		if len(items) == 0 {
			c.ScopeStart, c.ScopeEnd = r.phrasesAround(c)
			continue
		}
		c.ScopeStart, c.ScopeEnd = c.Start, c.End
		for _, n := range items {
			c.ScopeStart = min(c.ScopeStart, r.mentions[n].Start)
			c.ScopeEnd = max(c.ScopeEnd, r.mentions[n].End)
			if r.joined == nil {
				r.joined = make(map[int]int)
			}
			if _, ok := r.joined[n]; !ok {
				r.joined[n] = i
			}
		}
	}
}

// alternatives finds the mentions that the cue joins. A weak cue ("or", "/")
// needs a mention of another observation on its other side, or a word that is
// none; a strong one ("versus") does not.
func (r *reading) alternatives(c *foundCue) []int {
	if r.withinList(c) {
		return nil
	}
	left, right := r.itemsBefore(c), r.itemsBehind(c)
	if c.rule.Weak && !r.different(left, right) && !r.besideWord(c, left, right) {
		return nil
	}
	return slices.Concat(left, right)
}

// phrasesAround gives the scope of an alternative that joins no mentions: the
// words on its left, back to the last verb, cue or mark (those of a whole list,
// where a comma stands before the cue), and the noun phrase on its right.
func (r *reading) phrasesAround(c *foundCue) (start, end int) {
	ends := func(i int) bool {
		w := &r.words[i]
		return w.verb || w.relative || w.cue >= 0 || r.tokens[i].Kind == segment.Mark && !w.inner
	}
	start, end = c.Start, c.End
	serial := start > 0 && r.words[start-1].comma
	for start > 0 && !r.words[start].clause && (!ends(start-1) || serial && r.words[start-1].comma) {
		start--
	}
	for end < len(r.tokens) && r.words[end].modifier && !ends(end) {
		end++
	}
	for end < len(r.tokens) && !r.words[end].modifier && !r.words[end].and && !r.words[end].clause && !ends(end) {
		end++
	}
	return r.trimLeft(start, c.Start), r.trimRight(c.End, end)
}

// withinList reports whether the alternative only joins items of a list that
// is affirmed as a whole: "no change in X or Y".
func (r *reading) withinList(c *foundCue) bool {
	return slices.ContainsFunc(r.cues, func(a foundCue) bool {
		return a.rule.Lists && a.rule.Kind == rules.Affirmation && a.ScopeStart <= c.Start && c.End <= a.ScopeEnd
	})
}

// besideWord reports whether the weak cue is a word ("or") that joins a mention
// to something that is none: it follows the mention at once ("nodule or
// vessel"), or stands where an affirmation offers both ("likely aspiration or
// pneumonia").
func (r *reading) besideWord(c *foundCue, left, right []int) bool {
	if c.Start == 0 || c.End == len(r.tokens) || r.tokens[c.Start].Kind != segment.Word {
		return false
	}
	if len(right) == 0 {
		return len(left) > 0 && r.mentions[left[0]].End == c.Start && r.tokens[c.End].Kind == segment.Word
	}
	before := r.words[c.Start-1]
	return len(left) == 0 && r.tokens[c.Start-1].Kind == segment.Word && !before.modifier &&
		slices.ContainsFunc(r.cues, func(a foundCue) bool {
			return a.rule.Kind == rules.Affirmation && a.rule.Direction == rules.Forward && a.End < c.Start && a.covers(r.mentions[right[0]])
		})
}

// different reports whether both sides have a mention, of observations of
// which at least one is not on the other side.
func (r *reading) different(left, right []int) bool {
	for _, l := range left {
		for _, n := range right {
			if r.mentions[l].Observation != r.mentions[n].Observation {
				return true
			}
		}
	}
	return false
}

// The most words that may stand between an alternative and the mention it
// joins (modifiers before a noun, the place behind it), and the most items of
// one list.
const (
	wordsBeforeItem = 6
	wordsBehindItem = 8
	itemsOfList     = 16
)

// itemsBehind finds the mention that follows the alternative, if only words of
// its own noun phrase stand between.
func (r *reading) itemsBehind(c *foundCue) []int {
	words := 0
	for i := c.End; i < len(r.tokens) && words <= wordsBeforeItem; i++ {
		w := &r.words[i]
		if items := r.starting[i]; items != nil {
			return items
		}
		if w.verb || w.close || w.clause || w.comma || r.endsItem(i) {
			return nil
		}
		words++
	}
	return nil
}

// explained reports whether the mention is of a kind that the alternatives of
// the cue explain.
func (r *reading) explained(c *foundCue, n int) bool {
	return r.engine.tagsOf(r.mentions[n])&c.info.explains != 0
}

// itemsBefore finds the mention before the alternative, and those listed
// before it with commas. What the alternatives explain ("opacity, atelectasis
// or pneumonia") is none of them, unless they are of its kind or a comma
// stands before the "or".
func (r *reading) itemsBefore(c *foundCue) []int {
	i := c.Start - 1
	serial := i >= 0 && r.words[i].comma // "a, b, or c"
	if serial {
		i--
	}
	var items []int
	words, linked := 0, true // linked: a comma joins what comes to what has been found
	for ; i >= 0 && words <= wordsBehindItem && len(items) < itemsOfList; i-- {
		w := &r.words[i]
		if found := r.ending[i+1]; found != nil {
			first := &r.mentions[found[0]]
			if !linked || len(items) > 0 && !serial && r.explained(c, found[0]) && !r.explained(c, items[0]) {
				return items
			}
			items = append(items, found...)
			i = first.Start
			words, linked = 0, false
			continue
		}
		switch {
		case w.close && w.partner >= 0 && words == 0:
			i = w.partner
			continue
		case w.verb, w.open, r.words[i+1].clause, r.endsItem(i), w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Affirmation:
			return items
		case w.comma:
			if len(items) == 0 && !serial {
				return items
			}
			words, linked = 0, true
			continue
		}
		words++
	}
	return items
}

// endsItem reports whether a cue at the token keeps alternatives apart from
// what stands beyond it.
func (r *reading) endsItem(i int) bool {
	w := &r.words[i]
	if w.cue < 0 {
		return r.tokens[i].Kind == segment.Mark && !w.comma && !w.inner && !w.open && !w.close && r.tokens[i].Norm != "/"
	}
	c := &r.cues[w.cue]
	return c.rule.Kind == rules.Terminator && c.rule.When != rules.NextToMention || scopes(c)
}
