package negation

import (
	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// Keyword is the word, or the few words, with which a cue denies or hedges: the
// "no" of "no evidence of". Its scope is what it speaks of, itself included.
type Keyword struct {
	Cue                        // Index: of the cue; Start and End: of the keyword
	Assertion corpus.Assertion // Negative (a denial) or Uncertain (a doubt)
}

// keywordGrammar are the classes that keywords and their scopes are made with.
type keywordGrammar struct {
	denial      wordClass // words that deny: no, without, not
	doubt       wordClass // words that hedge: may, likely, or
	participle  wordClass // of passives: seen, associated, explained
	attribute   wordClass // adjectives that stand before a noun: viral, partial
	genitive    wordClass // of
	subordinate wordClass // if, because
	either      wordClass // either, whether: open alternatives
	side        wordClass // left, bilateral
	amount      wordClass // small, any
	lobe        wordClass // a lobe, lung or zone
}

func (e *Engine) keywordGrammar() keywordGrammar {
	return keywordGrammar{
		denial: e.class("denial"), doubt: e.class("doubt"), participle: e.class("participle"), attribute: e.class("attribute"),
		genitive: e.class("genitive"), subordinate: e.class("subordinate"), either: e.class("either"),
		side: e.class("side"), amount: e.class("amount"), lobe: e.class("lobe"),
	}
}

// Keywords finds the words of denial and of doubt in the cues of a sentence
// without regard to mentions, in text order, as the BioScope corpus marks them.
// They tell how a thing is put, whatever the rule set makes of it: the "likely"
// of a cue that affirms is one, and the "no" of "no change in". Their scopes
// follow the sentence alone and nest, where that of a cue ends at the next cue.
// A rule set without classes of such words has its cues that negate, hedge or
// offer alternatives instead.
func (e *Engine) Keywords(s Sentence) []Keyword {
	r, g := e.read(s, nil, 0), &e.keyword
	if !g.denial.known && !g.doubt.known {
		return r.wholeCues()
	}
	var found []Keyword
	for i := 0; i < len(r.tokens); {
		k := Keyword{Assertion: corpus.Negative}
		k.Start, k.End = i, r.longest(i, g.denial)
		if end := r.longest(i, g.doubt); end > k.End {
			k.End, k.Assertion = end, corpus.Uncertain
		}
		if k.End == i {
			i++
			continue
		}
		i = k.End
		if c := r.cueOf(k); c != nil {
			k.Index = c.Index
			k.ScopeStart, k.ScopeEnd = r.keywordScope(c, k)
			found = append(found, k)
		}
	}
	return found
}

func (r *reading) wholeCues() []Keyword {
	var found []Keyword
	for i := range r.cues {
		c := &r.cues[i]
		if a := assertionOf[c.rule.Kind]; c.scoped() && (a == corpus.Negative || a == corpus.Uncertain) {
			found = append(found, Keyword{Cue: c.Cue, Assertion: a})
		}
	}
	return found
}

// is reports whether token i is a member of the class by itself.
func (r *reading) is(i int, c wordClass) bool {
	return r.engine.has(r.engine.matcher.ID(r.tokens[i]), c)
}

// longest gives the end of the longest member of the class at token i, or i.
func (r *reading) longest(i int, c wordClass) int {
	if !c.known {
		return i
	}
	return r.engine.matcher.Longest(r.tokens, i, c.id)
}

// cueOf finds the cue that has a word of the keyword, or nil. A terminator says
// nothing.
func (r *reading) cueOf(k Keyword) *foundCue {
	for i := range r.cues {
		if c := &r.cues[i]; c.rule.Kind != rules.Terminator && c.Start < k.End && k.Start < c.End {
			return c
		}
	}
	return nil
}

// keywordScope gives what a keyword of the cue speaks of: what follows it in its
// clause; before a passive ("is not seen") the subject as well; the subject alone
// where nothing follows. An alternative joins phrases, and an adjective before a
// noun ("a negative chest") qualifies it and is its own scope.
func (r *reading) keywordScope(c *foundCue, k Keyword) (start, end int) {
	g := &r.engine.keyword
	switch {
	case c.rule.Kind == rules.Alternative:
		return r.joinedPhrases(k)
	case k.Assertion == corpus.Negative && r.is(k.Start, g.attribute) && k.End < len(r.tokens) && !r.is(k.End, r.engine.grammar.preposition):
		return k.Start, k.End
	}
	start, end = k.Start, r.clauseEnd(k)
	if end == k.End || r.passive(k) {
		start = r.subjectStart(k.Start)
	}
	return start, end
}

// passive reports whether the keyword stands with a participle that tells what
// was, or was not, done with its subject: "is not seen", "may be explained by",
// "now not identified"; but not "no known disease".
func (r *reading) passive(k Keyword) bool {
	g := &r.engine.keyword
	if r.is(k.End-1, g.participle) {
		return k.End-k.Start > 1 // "cannot be excluded"
	}
	verb := k.Start > 0 && r.words[k.Start-1].verb || r.words[k.Start].verb
	i := k.End
	for ; i < len(r.tokens) && !r.is(i, g.participle) && (r.words[i].verb || r.words[i].adverb); i++ {
		verb = verb || r.words[i].verb
	}
	if i == len(r.tokens) || !r.is(i, g.participle) {
		return false
	}
	if i++; i == len(r.tokens) || r.tokens[i].Kind == segment.Mark {
		return true
	}
	w := &r.words[i]
	return r.is(i, r.engine.grammar.preposition) || w.and || w.or || verb && w.adverb
}

// subjectStart gives the beginning of the subject of the predicate that token i
// belongs to: the relative pronoun right before it, or else what stands behind a
// mark, a terminator, or the conjunction that joins it to an earlier clause.
func (r *reading) subjectStart(i int) int {
	for i > 0 && (r.words[i-1].verb || r.words[i-1].adverb && !r.words[i-1].modifier && !r.words[i-1].relative) {
		i--
	}
	joint := 0 // behind the last conjunction passed
	for start := i; start > 0; start-- {
		w := &r.words[start-1]
		switch {
		case w.relative && start == i:
			return start - 1
		case r.words[start].clause, w.comma && !r.listReaches(start-1, i), w.colon, w.open, r.ends(start-1, rules.Backward):
			return r.trimLeft(start, i)
		case w.verb && joint > 0:
			return joint
		case w.close && w.partner >= 0:
			start = w.partner + 1
		case w.and, w.or:
			joint = start
		}
	}
	return r.trimLeft(0, i)
}

// ends reports whether a terminator at token i ends scopes that run in the given
// direction, whatever they have passed.
func (r *reading) ends(i int, d rules.Direction) bool {
	for n := range r.cues {
		t := &r.cues[n]
		if t.rule.Kind == rules.Terminator && t.Start <= i && i < t.End && t.rule.When == rules.Anywhere &&
			(t.rule.Direction == d || t.rule.Direction == rules.Both) {
			return true
		}
	}
	return false
}

// clauseEnd gives the end of the clause that the keyword looks forward into. It
// may hold other cues. A denial does not go on into a relative clause.
func (r *reading) clauseEnd(k Keyword) int {
	g := &r.engine.keyword
	i := k.End
scan:
	for ; i < len(r.tokens); i++ {
		switch w := &r.words[i]; {
		case w.open && w.partner > i:
			i = w.partner
		case w.clause, w.close, w.colon, w.comma && !r.listRunsOn(k, i), r.ends(i, rules.Forward),
			i > k.End && r.longest(i, g.subordinate) > i,
			w.relative && k.Assertion == corpus.Negative && i > k.End,
			w.and && i+1 < len(r.tokens) && r.words[i+1].verb:
			break scan
		}
	}
	for i > k.End && (r.tokens[i-1].Kind == segment.Mark && !r.words[i-1].close || r.words[i-1].and || r.words[i-1].or) {
		i--
	}
	return i
}

// listRunsOn reports whether the comma at i separates words that belong
// together: adjectives ("focal, lobar consolidation"), or items of a list that
// closes with "or" or ", and". A denied list need not close.
func (r *reading) listRunsOn(k Keyword, i int) bool {
	next := i + 1
	switch {
	case next == len(r.tokens):
		return false
	case i == k.End+1 && r.words[k.End].modifier:
		return true
	}
	for j := next; j < len(r.tokens); j++ {
		switch w := &r.words[j]; {
		case w.or, w.and && j > next && r.words[j-1].comma:
			return true
		case w.verb, w.relative, w.clause, w.colon, w.open, r.ends(j, rules.Forward), r.speaks(j):
			return false
		}
	}
	return k.Assertion == corpus.Negative && !r.words[next].affirm && !r.is(next, r.engine.grammar.preposition) && r.tokens[next].Kind == segment.Word
}

// joinedPhrases gives the phrases that an alternative joins: two adjectives
// ("partial or complete collapse"), or nouns with what belongs to each, back to
// the word that opens the alternatives ("either"). A verb or a clause behind it ("or
// is new") shows that longer phrases are joined.
func (r *reading) joinedPhrases(k Keyword) (start, end int) {
	g := &r.engine.keyword
	from, to := k.Start, k.End
	for to < len(r.tokens) && r.tokens[to].Kind == segment.Mark {
		to++ // "vs."
	}
	if from > 0 && to < len(r.tokens) && r.is(from-1, g.attribute) {
		if end := r.longest(to, g.attribute); end > to {
			return from - 1, end
		}
	}
	clauses := to < len(r.tokens) && (r.words[to].verb || r.words[to].relative || r.is(to, g.either))
	if clauses {
		end = r.clauseEnd(k)
	} else {
		end = r.phraseEnd(to)
	}
	if opener := r.openerBefore(from); opener >= 0 {
		return opener, end
	}
	for start = from; start > 0 && !r.words[start].clause; start-- {
		w := &r.words[start-1]
		if w.verb || w.relative || !clauses && (r.is(start-1, r.engine.grammar.preposition) || r.is(start-1, g.genitive)) ||
			r.speaks(start-1) && !r.alternativeAt(start-1) || r.ends(start-1, rules.Backward) ||
			r.tokens[start-1].Kind == segment.Mark && !w.comma {
			break
		}
	}
	return r.behindPlace(r.trimLeft(start, from), from), end
}

// openerBefore finds the word that opens the alternatives that the one at token i
// goes on with ("either"), or -1.
func (r *reading) openerBefore(i int) int {
	for i--; i >= 0; i-- {
		switch {
		case r.is(i, r.engine.keyword.either) && r.speaks(i):
			return i
		case r.words[i+1].clause, r.words[i].colon, r.ends(i, rules.Backward):
			return -1
		}
	}
	return -1
}

// speaks reports whether a cue at token i says something of other words.
func (r *reading) speaks(i int) bool {
	c := r.words[i].cue
	return c >= 0 && r.cues[c].scoped()
}

func (r *reading) alternativeAt(i int) bool {
	c := r.words[i].cue
	return c >= 0 && r.cues[c].rule.Kind == rules.Alternative
}

// behindPlace passes over amount and place before a noun: they go with all that is
// joined ("mild left lower lobe atelectasis or pneumonia").
func (r *reading) behindPlace(start, end int) int {
	g := &r.engine.keyword
	skip := func(i int, c wordClass) int {
		for i < end && r.longest(i, c) > i {
			i = r.longest(i, c)
		}
		return i
	}
	start = skip(start, g.amount)
	side := skip(start, g.side)
	if lobe := skip(side, g.lobe); side < lobe && lobe < end {
		return lobe
	}
	return start
}

// phraseEnd gives the end of the noun phrase that begins at token i.
func (r *reading) phraseEnd(start int) int {
	g := &r.engine.keyword
	i := start
	for ; i < len(r.tokens); i++ {
		w := &r.words[i]
		if w.verb || w.relative || w.clause || w.and || r.is(i, g.participle) || i > start && r.is(i, r.engine.grammar.preposition) ||
			r.speaks(i) && !r.alternativeAt(i) || r.ends(i, rules.Forward) || r.tokens[i].Kind == segment.Mark && r.tokens[i].Norm != "/" {
			break
		}
	}
	return i
}
