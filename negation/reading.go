package negation

import (
	"cmp"
	"slices"

	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// word says of a token what the scopes have to know.
type word struct {
	verb, adverb, modifier, affirm, seen, relative, and, or, but bool

	comma, colon, open, close bool
	inner                     bool // a mark that parts nothing: "March 4, 2150", "vs.", "___"
	partner                   int  // of a parenthesis: the token that matches it, else -1
	mention                   bool // part of a mention
	mentionEnd                bool // a mention ends right before this token
	clause                    bool // an independent clause begins here
	cue                       int  // index into reading.cues of the cue that covers the token, or -1

	before, behind int // the nearest mentions on either side, neutral ones left out, or -1
}

// foundCue is a cue in the sentence.
type foundCue struct {
	Cue
	rule   *rules.Cue
	info   *cueInfo
	back   bool // the scope lies before the cue (after Both and Either are decided)
	close  bool // a scope forward ends at the first comma: the cue may as well look back
	island span // the tokens of an apposition within the scope, which it passes over
	last   int  // the last token that no later cue takes from it: End-1, but for some terminators
	length int  // of the longest wins: its words, and then its tokens
}

type span struct{ start, end int }

// reading is a sentence as mentions of one set of tags see it: the cues that
// can govern them, without overlaps, and their scopes.
type reading struct {
	engine   *Engine
	tokens   []segment.Token
	mentions []Mention
	tags     tagSet
	words    []word // one a token, and one behind the last
	cues     []foundCue
	starting [][]int     // by token: the mentions that start there, neutral ones left out
	ending   [][]int     // by token: those that end right before it
	joined   map[int]int // by mention: the alternative among cues that joins it to others
}

// read reads a sentence for mentions of one set of tags.
func (e *Engine) read(s Sentence, mentions []Mention, tags tagSet) *reading {
	r := &reading{engine: e, tokens: s.Tokens, mentions: mentions}
	r.describe()
	return r.as(s.Matches, tags)
}

// again reads the same sentence for mentions of another set of tags.
func (r *reading) again(matches []rules.Match, tags tagSet) *reading {
	other := &reading{engine: r.engine, tokens: r.tokens, mentions: r.mentions, words: slices.Clone(r.words), starting: r.starting, ending: r.ending}
	for i := range other.words {
		other.words[i].clause, other.words[i].cue = false, -1
	}
	return other.as(matches, tags)
}

// as finds what the tags decide on: cues, clauses and scopes.
func (r *reading) as(matches []rules.Match, tags tagSet) *reading {
	r.tags = tags
	r.choose(matches)
	r.findClauses()
	for i := range r.cues {
		if c := &r.cues[i]; c.scoped() {
			r.setScope(c)
		}
	}
	r.joinAlternatives()
	return r
}

// describe looks every token up in the grammar classes and pairs parentheses.
func (r *reading) describe() {
	r.words = make([]word, len(r.tokens)+1)
	e, g := r.engine, &r.engine.grammar
	var opened []int
	for i, t := range r.tokens {
		id := e.matcher.ID(t)
		w := &r.words[i]
		*w = word{
			verb: e.has(id, g.verb), adverb: e.has(id, g.adverb), modifier: e.has(id, g.modifier),
			affirm: e.has(id, g.affirm), seen: e.has(id, g.seen), relative: e.has(id, g.relative), and: e.has(id, g.and), or: e.has(id, g.or),
			but:     e.has(id, g.but),
			partner: -1, cue: -1,
		}
		switch t.Norm {
		case ",":
			w.inner = r.withinDate(i)
			w.comma = !w.inner
		case ".": // of an abbreviation: another would have ended the sentence
			w.inner = i+1 < len(r.tokens)
		case segment.Removed:
			w.inner = true
		case ":", ";":
			w.colon = true
		case "(", "[":
			w.open = true
			opened = append(opened, i)
		case ")", "]":
			w.close = true
			if n := len(opened); n > 0 {
				w.partner = opened[n-1]
				r.words[w.partner].partner = i
				opened = opened[:n-1]
			}
		}
	}
	r.words[len(r.tokens)].cue = -1
	r.words[len(r.tokens)].partner = -1
	at := make([][]int, 2*len(r.words))
	r.starting, r.ending = at[:len(r.words)], at[len(r.words):]
	for n, m := range r.mentions {
		for i := m.Start; i < m.End; i++ {
			r.words[i].mention = true
		}
		r.words[m.End].mentionEnd = true
		if !m.Neutral {
			r.starting[m.Start] = append(r.starting[m.Start], n)
			r.ending[m.End] = append(r.ending[m.End], n)
		}
	}
	before, behind := -1, -1
	for i := range r.words {
		if found := r.ending[i]; found != nil {
			before = found[0]
		}
		r.words[i].before = before
	}
	for i := len(r.words) - 1; i >= 0; i-- {
		r.words[i].behind = behind
		if found := r.starting[i]; found != nil {
			behind = found[0]
		}
	}
}

// choose keeps the cues that can govern mentions of the reading's tags and
// settles overlaps: the longest match wins (a mark makes one longer only
// among those of as many words: "no change" wins over ": no"), then the kind in
// the order of the constants of rules.Kind, then the one further left. A
// terminator takes no words from other cues, but is none within a longer one
// ("with" in "consistent with").
func (r *reading) choose(matches []rules.Match) {
	var found, unless []foundCue
	for _, match := range matches {
		if match.Target.Kind != rules.CuePhrase && match.Target.Kind != rules.CueUnless {
			continue
		}
		c := foundCue{
			Cue:  Cue{Index: match.Target.Index, Start: match.Start, End: match.End},
			rule: &r.engine.set.Cues[match.Target.Index],
			info: &r.engine.cues[match.Target.Index],
		}
		switch {
		case match.Target.Kind == rules.CueUnless:
			unless = append(unless, c)
		case !c.info.governs(r.tags):
		case c.rule.When == rules.Start && !r.atStart(c.Start):
		case c.rule.When == rules.NextToMention && !r.words[c.Start].mentionEnd:
		case c.rule.Direction != rules.Inside && r.withinMention(c.Cue):
		default:
			c.length = r.length(c.Start, c.End)
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b foundCue) int {
		return cmp.Or(
			cmp.Compare(b.length, a.length),
			cmp.Compare(a.rule.Kind, b.rule.Kind),
			cmp.Compare(a.Start, b.Start),
			cmp.Compare(a.rule.ID, b.rule.ID),
		)
	})
	for _, c := range found {
		taken := slices.ContainsFunc(r.cues, func(k foundCue) bool {
			return k.Start < c.End && c.Start < k.End &&
				(k.rule.Kind != rules.Terminator || c.rule.Kind == rules.Terminator)
		})
		if !taken && !overlapsAny(c, unless) {
			r.cues = append(r.cues, c)
		}
	}
	slices.SortFunc(r.cues, func(a, b foundCue) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	for n, c := range r.cues {
		if c.rule.Direction == rules.Inside && c.rule.Kind != rules.Pseudo {
			continue // its gap holds words that others still have to see
		}
		for i := c.Start; i < c.End; i++ {
			if had := r.words[i].cue; had >= 0 && r.cues[had].rule.Kind != rules.Terminator {
				continue
			}
			r.words[i].cue = n
		}
	}
	for i, w := range r.words {
		if w.cue >= 0 {
			r.cues[w.cue].last = i
		}
	}
}

// length measures a phrase by its words, and among those of as many words by
// its tokens.
func (r *reading) length(start, end int) int {
	words := 0
	for i := start; i < end; i++ {
		if r.tokens[i].Kind != segment.Mark {
			words++
		}
	}
	return words<<16 + end - start
}

// withinDate reports whether the comma at i stands between a day and a year.
func (r *reading) withinDate(i int) bool {
	if i == 0 || i+1 >= len(r.tokens) {
		return false
	}
	day, year := &r.tokens[i-1], &r.tokens[i+1]
	return day.Kind == segment.Number && len(day.Norm) <= 2 && year.Kind == segment.Number && len(year.Norm) == longestOfDate
}

// longestOfDate is the length of a year. Of longer numbers no reading asks how long
// they are.
const longestOfDate = 4

func overlapsAny(c foundCue, unless []foundCue) bool {
	return slices.ContainsFunc(unless, func(u foundCue) bool {
		return u.Index == c.Index && u.Start < c.End && c.Start < u.End
	})
}

// atStart reports whether no word stands before token i in its sentence, but for
// a label ("Chest: ...").
func (r *reading) atStart(i int) bool {
	for i--; i >= 0; i-- {
		if r.words[i].colon {
			return true
		}
		if r.tokens[i].Kind == segment.Word {
			return false
		}
	}
	return true
}

// withinMention reports whether a longer mention holds the cue's words: they
// belong to its name then.
func (r *reading) withinMention(c Cue) bool {
	return slices.ContainsFunc(r.mentions, func(m Mention) bool {
		return m.Start <= c.Start && c.End <= m.End && m.End-m.Start > c.End-c.Start
	})
}

// scoped reports whether the cue can govern a mention.
func (c *foundCue) scoped() bool {
	return c.rule.Kind != rules.Terminator && c.rule.Kind != rules.Pseudo
}

// findClauses marks where an independent clause begins behind a comma or an
// "and": it has a subject and a finite verb of its own, and what stands before
// it is whole without it. "No effusion, and the heart is enlarged" has one;
// "no effusion, mass and pneumothorax are seen" has none.
func (r *reading) findClauses() {
	whole := false // what stands left of i since the last clause began has a verb, or a cue that can do without
	verb := false
	for i := range r.tokens {
		w := &r.words[i]
		switch {
		case w.verb:
			whole, verb = true, true
		case w.colon, w.relative:
			whole, verb = false, false
		}
		if w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Negation {
			whole = true
		}
		if !whole || !w.comma && !w.and || w.cue >= 0 && r.cues[w.cue].rule.Kind != rules.Terminator {
			continue
		}
		start := i + 1
		if start < len(r.tokens) && w.comma && r.words[start].and {
			start++
		}
		if r.beginsClause(start, verb) {
			r.words[start].clause = true
			whole, verb = false, false
		}
	}
}

// beginsClause reports whether the words from start have a subject and a
// finite verb. A verb that only says that something was looked for ("is seen")
// may close a negated list, so it makes a clause only behind another verb.
func (r *reading) beginsClause(start int, afterVerb bool) bool {
	subject := false
	for i := start; i < len(r.tokens); i++ {
		w := &r.words[i]
		switch {
		case w.comma, w.or, w.open, w.close:
			return false
		case w.cue >= 0 && r.cues[w.cue].rule.Kind == rules.Terminator && r.cues[w.cue].rule.When == rules.Anywhere:
			return false
		case w.verb && i > start && r.is(i-1, r.engine.grammar.infinitive):
		case w.verb:
			if !subject {
				return false
			}
			for i++; i < len(r.tokens) && r.words[i].adverb; i++ {
			}
			return afterVerb || !r.words[i].seen
		case r.tokens[i].Kind == segment.Word && !w.modifier && !w.and && !w.adverb:
			subject = true
		}
	}
	return false
}
