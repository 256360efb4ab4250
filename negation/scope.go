package negation

import (
	"slices"

	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// setScope gives a cue its scope by its direction.
func (r *reading) setScope(c *foundCue) {
	switch c.rule.Direction {
	case rules.Forward:
		r.forward(c)
	case rules.Backward:
		r.backward(c)
	case rules.Both:
		if !r.attributive(c) {
			if r.backward(c); r.holdsMention(c) {
				return
			}
		}
		c.close = true
		r.forward(c)
	case rules.Either:
		r.backward(c)
		subject := r.holdsMention(c)
		if subject && r.predicative(c) && (r.words[c.Start].verb || !r.leadsToMention(c.End)) {
			return
		}
		if !subject && r.holdsAny(c) && r.predicative(c) && !r.leadsToMention(c.End) {
			return // of another kind of subject: "heart size is hard to judge given the opacity"
		}
		// set between commas itself, it looks over the second: "or, less likely, X"
		c.close = subject && !(c.Start > 0 && r.words[c.Start-1].comma)
		if r.forward(c); !r.holdsMention(c) && subject && r.closes(c) {
			r.backward(c)
		}
	case rules.Inside:
		c.ScopeStart, c.ScopeEnd = c.Start, c.End
	case rules.Antecedent:
		r.antecedent(c)
		return
	}
	if c.ScopeStart == c.ScopeEnd && !c.back && c.rule.Direction != rules.Forward {
		r.backward(c) // nothing behind it: it speaks of what stands before
	}
}

// antecedent sets the scope to the nearest mention before the cue that it can
// govern, with those of the same list before it.
func (r *reading) antecedent(c *foundCue) {
	c.back = true
	c.ScopeStart, c.ScopeEnd = c.Start, c.Start
	found := false
	for i := c.Start; i > 0; i-- {
		n := slices.IndexFunc(r.ending[i], func(n int) bool { return c.info.governs(r.engine.tagsOf(r.mentions[n])) })
		switch w := &r.words[i-1]; {
		case n >= 0:
			m := r.mentions[r.ending[i][n]]
			if !found {
				c.ScopeEnd = m.End
			}
			found = true
			c.ScopeStart, i = m.Start, m.Start+1
		case found && !w.comma && !w.and && !w.or && !w.modifier:
			return
		}
	}
}

// predicative reports whether the cue says something of a subject before it:
// it begins with a finite verb, or stands behind one, behind a mention, or
// behind another such predicate ("is stable and normal").
func (r *reading) predicative(c *foundCue) bool {
	if w := &r.words[c.Start]; w.verb {
		return true
	} else if w.and || w.or {
		return false
	}
	for i := c.Start - 1; i >= 0; i-- {
		w := &r.words[i]
		switch {
		case w.mention, w.verb, w.cue >= 0 && r.cues[w.cue].back:
			return true
		case w.and && i > 0 && r.words[i-1].cue >= 0 && r.cues[r.words[i-1].cue].back, w.adverb && !w.modifier:
		default:
			return false
		}
	}
	return false
}

// attributive reports whether the cue qualifies a noun that follows it.
func (r *reading) attributive(c *foundCue) bool {
	if c.End == len(r.tokens) || r.predicative(c) {
		return false
	}
	w := &r.words[c.End]
	return r.tokens[c.End].Kind == segment.Word && !w.verb && !w.adverb && !w.and && !w.or && (w.cue < 0 || w.mention)
}

// leadsToMention reports whether nothing but modifiers stand between token i
// and a mention.
func (r *reading) leadsToMention(i int) bool {
	for ; i < len(r.tokens); i++ {
		if w := &r.words[i]; w.mention || !w.modifier {
			return w.mention
		}
	}
	return false
}

// closes reports whether the cue can speak of what stands before it. One that
// opens a phrase of its own behind a comma speaks of what follows, even where
// that is no mention: "nodule, possibly a vessel".
func (r *reading) closes(c *foundCue) bool {
	if c.Start == 0 {
		return false
	}
	opens := r.words[c.Start-1].comma || r.words[c.Start-1].open
	return !opens || c.End == len(r.tokens) || r.tokens[c.End].Kind == segment.Mark
}

// holdsMention reports whether the scope covers a mention of the reading's tags.
func (r *reading) holdsMention(c *foundCue) bool {
	return slices.ContainsFunc(r.mentions, func(m Mention) bool {
		return c.covers(m) && r.engine.tagsOf(m)&r.tags == r.tags
	})
}

// holdsAny reports whether the scope covers a mention.
func (r *reading) holdsAny(c *foundCue) bool { return slices.ContainsFunc(r.mentions, c.covers) }

// covers reports whether the whole mention lies in the cue's scope. The two may
// share words: "normal size" governs the "size of the heart".
func (c *foundCue) covers(m Mention) bool {
	start, end := c.ScopeStart, c.ScopeEnd
	if c.island.start <= m.Start && m.End <= c.island.end {
		return false
	}
	switch {
	case c.rule.Direction == rules.Inside:
	case c.back && m.Start < c.Start && !c.joined():
		end = c.End
	case !c.back && m.End > c.End:
		start = c.Start
	}
	return start <= m.Start && m.End <= end
}

// forward sets the scope behind the cue: up to a terminator, the next clause,
// another forward cue (the nearest governs), or the end of the list that a
// comma goes on with.
func (r *reading) forward(c *foundCue) {
	c.back = false
	c.ScopeStart, c.ScopeEnd = c.End, c.End
	passed := false // a mention has been passed
	i := c.End
scan:
	for i < len(r.tokens) {
		w := &r.words[i]
		if c.rule.Reach > 0 && i-c.End >= c.rule.Reach || w.clause {
			break
		}
		if w.cue >= 0 && r.cues[w.cue].Start == i {
			next := &r.cues[w.cue]
			if r.stopsForward(c, next, passed) {
				break
			}
			if next.rule.Direction == rules.Backward && scopes(next) {
				i = next.End
				break scan // a predicate closes the clause
			}
			i = next.last + 1
			continue
		}
		switch {
		case w.comma && r.endsAtComma(c, i, passed):
			break scan
		case w.verb && c.rule.Direction == rules.Both:
			break scan
		case w.colon && passed && c.rule.Kind == rules.Exclusion:
			break scan // "follow-up of effusion: stable"
		case w.open && w.partner > i:
			for _, m := range r.mentions {
				passed = passed || i < m.Start && m.End <= w.partner
			}
			i = w.partner
		case w.close:
			break scan
		}
		passed = passed || w.mention
		i++
	}
	c.ScopeEnd = r.trimRight(c.End, i)
}

// endsAtComma reports whether the scope of c ends at the comma at i, before it
// has passed a mention or after.
func (r *reading) endsAtComma(c *foundCue, i int, passed bool) bool {
	switch {
	case c.rule.Lists:
		return false
	case c.rule.Reach > 0:
		return true
	case passed:
		return !r.listGoesOn(c, i)
	}
	return c.close || c.rule.Kind == rules.Exclusion
}

// scopes reports whether the cue decides assertions (and is no affirmation,
// which leaves other scopes alone).
func scopes(c *foundCue) bool {
	k := c.rule.Kind
	return k == rules.Negation || k == rules.Uncertainty || k == rules.Exclusion
}

// stopsForward reports whether the scope of c, run up to next, ends there.
func (r *reading) stopsForward(c, next *foundCue, passed bool) bool {
	switch next.rule.Kind {
	case rules.Terminator:
		return next.endsScopeOf(c, rules.Forward, passed)
	case rules.Negation, rules.Uncertainty, rules.Exclusion:
		return next.rule.Direction != rules.Backward && !next.rule.Weak
	case rules.Affirmation:
		// "no opacity to suggest X" stays negated; "no opacity, likely X" does not.
		return passed && next.rule.Direction != rules.Backward && next.Start > 0 &&
			(next.info.ends[c.rule.Kind] || r.words[next.Start-1].comma || r.words[next.Start-1].open)
	}
	return false
}

// listGoesOn reports whether the comma at i joins another item to the list
// that the scope of c has entered. A list that closes with "or" goes on; for a
// negation, "and" or nothing at all will do, unless the next item is said to
// be there ("no effusion, mild edema").
func (r *reading) listGoesOn(c *foundCue, i int) bool {
	next := i + 1
	if r.otherKind(i) {
		return false
	}
	if next < len(r.tokens) && (r.words[next].or || r.words[next].and) {
		return next+1 < len(r.tokens) && (r.words[next].or || !r.words[next+1].affirm)
	}
	mentions, or := 0, false
	affirmed := next < len(r.tokens) && r.words[next].affirm
	for j := next; j < len(r.tokens); j++ {
		w := &r.words[j]
		switch {
		case w.or:
			if or = true; mentions > 0 {
				return true
			}
		case w.and && mentions > 0 && !affirmed:
			return true
		case w.verb:
			return c.rule.Kind == rules.Negation && mentions > 0 && !affirmed && r.onlySeen(j)
		case mentions > 0 && w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Affirmation && r.cues[w.cue].rule.Direction == rules.Backward:
			return false // "no edema, effusion is unchanged"
		case w.clause, w.cue >= 0 && r.cues[w.cue].rule.Kind != rules.Pseudo && r.cues[w.cue].rule.Kind != rules.Alternative:
			return c.rule.Kind == rules.Negation && mentions > 0 && !affirmed
		case w.open && w.partner > j:
			j = w.partner
		case w.mention && !r.words[j+1].mention && r.words[j+1].affirm && (j+2 == len(r.tokens) || r.tokens[j+2].Kind == segment.Mark):
			return false // "no edema, pacemaker unchanged"
		case w.mention && !r.words[j+1].mention:
			if mentions++; or {
				return true
			}
		}
	}
	return c.rule.Kind == rules.Negation && !affirmed
}

// otherKind reports whether the mention behind the comma at i is of another kind
// than the one before, of which things are denied in their own words: "no
// pneumothorax, chest tube in place".
func (r *reading) otherKind(i int) bool {
	before, behind := r.words[i].before, r.words[i].behind
	return before >= 0 && behind >= 0 &&
		(r.engine.tagsOf(r.mentions[before])^r.engine.tagsOf(r.mentions[behind]))&r.engine.denied != 0
}

// onlySeen reports whether the finite verb at i goes on with a participle that
// only says that something was looked for ("is seen").
func (r *reading) onlySeen(i int) bool {
	for i++; i < len(r.tokens) && (r.words[i].adverb || r.words[i].verb); i++ {
	}
	return r.words[i].seen
}

// backward sets the scope before the cue: the subject that the predicate is
// about, with the mentions coordinated to it. A predicate that "and" or "but"
// joins to an earlier one shares its subject: "the line ends in the axilla but
// has been removed".
func (r *reading) backward(c *foundCue) {
	c.back = true
	if verb := r.earlierPredicate(c); verb >= 0 {
		if r.subject(c, verb); r.holdsMention(c) {
			return
		}
	}
	r.subject(c, c.Start)
}

// earlierPredicate finds the finite verb of the predicate that the cue's is
// joined to, or -1.
func (r *reading) earlierPredicate(c *foundCue) int {
	joins := func(i int) bool { return i > 0 && (r.words[i].and || r.words[i].but) }
	if c.rule.Direction == rules.Either && r.is(c.Start, r.engine.grammar.preposition) {
		return -1 // no predicate: "and in the right setting"
	}
	i := c.Start
	if !joins(i) {
		for i--; i > 0 && r.words[i].verb; i-- {
		}
	}
	if !joins(i) {
		return -1
	}
	for i--; i > 0 && (!r.words[i+1].clause || i+1 == c.Start) && !r.words[i].colon; i-- {
		if w := &r.words[i]; w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Terminator && r.cues[w.cue].rule.When == rules.Anywhere {
			return -1
		}
		if k := r.words[i].cue; k >= 0 && r.cues[k].back && scopedPredicate(r.cues[k].rule.Kind) {
			return r.cues[k].Start
		}
		if r.words[i].verb {
			for i > 0 && !r.words[i-1].mention && (r.words[i-1].verb || r.words[i-1].adverb) {
				i--
			}
			return i
		}
	}
	return -1
}

// joined reports whether the cue's predicate shares the subject of an earlier one.
func (c *foundCue) joined() bool { return c.back && c.ScopeEnd < c.Start }

// subject sets the scope of the cue to what stands before the predicate that
// begins at from, its own or one that it is joined to.
func (r *reading) subject(c *foundCue, from int) {
	c.ScopeStart, c.ScopeEnd, c.island = from, from, span{}
	passed := false // a mention has been passed
	own := true     // nothing but the predicate's own verbs, adverbs and partners so far
	i := from - 1
scan:
	for i >= 0 {
		w := &r.words[i]
		if r.words[i+1].clause && i+1 < from || c.rule.Reach > 0 && from-1-i >= c.rule.Reach {
			break
		}
		if w.cue >= 0 && r.cues[w.cue].last == i && r.cues[w.cue].Start != from {
			prev := &r.cues[w.cue]
			if prev.endsScopeOf(c, rules.Backward, passed) || passed && forwardOnly(prev) {
				break
			}
			if d := prev.rule.Direction; !own && (passed || !prev.rule.Weak) && scopedPredicate(prev.rule.Kind) && (d == rules.Backward || d == rules.Both && prev.back) {
				break // the predicate of an earlier subject (a weak one may share its subject: "is similar to before and normal")
			}
			if r.clauseWithin(prev.Start, i+1) {
				break
			}
			i = prev.Start - 1
			continue
		}
		switch {
		case w.comma && !passed && own:
			if before := r.apposition(i); before >= 0 {
				c.island = span{before, i}
				own, i = false, before
			}
		case w.comma && !r.listReaches(i, from):
			break scan
		case w.close && w.partner >= 0:
			i = w.partner - 1
			continue
		case w.open:
			if i != from-1 {
				break scan
			}
		case w.verb && !own, w.colon && (passed || !own), w.relative && passed:
			break scan
		case w.mention:
			passed, own = true, false
		case r.tokens[i].Kind == segment.Word && !w.verb && !w.adverb && !w.and && !w.modifier:
			own = false
		}
		i--
	}
	c.ScopeStart = r.trimLeft(i+1, from)
}

// clauseWithin reports whether a clause begins at one of the tokens.
func (r *reading) clauseWithin(start, end int) bool {
	return slices.ContainsFunc(r.words[start:end], func(w word) bool { return w.clause })
}

// forwardOnly reports whether the cue speaks of what follows it, so that a
// predicate behind that does not reach back over it: in "opacity suggesting
// pneumonia is not seen" the opacity stands.
func forwardOnly(c *foundCue) bool {
	return scopedPredicate(c.rule.Kind) && c.rule.Direction == rules.Forward
}

// endsScopeOf reports whether the terminator t ends a scope of c that runs in
// the given direction and has passed a mention or not.
func (t *foundCue) endsScopeOf(c *foundCue, d rules.Direction, passed bool) bool {
	if t.rule.Kind != rules.Terminator || !t.info.ends[c.rule.Kind] {
		return false
	}
	return (t.rule.Direction == d || t.rule.Direction == rules.Both) && (t.rule.When != rules.AfterMention || passed || d == rules.Backward)
}

// apposition finds the comma that opens what the comma at i closes: "the tube,
// 4 cm above the carina, was removed", "the effusion, which was large, has
// resolved". It returns -1 where there is none.
func (r *reading) apposition(i int) int {
	whole := true // nothing stands there but words about the subject
	for j := i - 1; j > 0; j-- {
		switch w := &r.words[j]; {
		case w.comma && (whole || r.words[j+1].relative):
			return j
		case w.comma:
			return -1
		case w.clause, w.verb, w.mention, w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Terminator && r.cues[w.cue].rule.When == rules.Anywhere:
			whole = false
		}
	}
	return -1
}

// listReaches reports whether the comma at i separates items of one list whose
// last item stands before end: "effusion, mass, and edema have resolved".
func (r *reading) listReaches(i, end int) bool {
	for j := i + 1; j < end; j++ {
		if r.words[j].verb || r.words[j].relative {
			return false
		}
		if r.words[j].and || r.words[j].or {
			return true
		}
	}
	return false
}

func (r *reading) trimRight(start, end int) int {
	for end > start && r.tokens[end-1].Kind == segment.Mark && !r.words[end-1].close {
		end--
	}
	return end
}

func (r *reading) trimLeft(start, end int) int {
	for start < end && r.tokens[start].Kind == segment.Mark && !r.words[start].open {
		start++
	}
	return start
}

// scopedPredicate reports whether cues of the kind say something of a subject;
// an alternative joins subjects.
func scopedPredicate(k rules.Kind) bool {
	return k != rules.Terminator && k != rules.Pseudo && k != rules.Alternative
}
