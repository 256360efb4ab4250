package eval

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/negation"
)

// AssertionResult is how well an engine reads what sentences assert, apart from
// any observation.
type AssertionResult struct {
	Sentences int // that were read; figures rest on them, and intervals are over them
	Figures   []Figure
	Errors    []AssertionError // in the order of the sentences
	Resamples int              // of the bootstrap; 0: no intervals
	Seed      uint64
}

// AssertionError is one concept that was read wrongly, or one cue that was
// missed, found where none is, or given another scope than gold's. All spans are
// byte offsets into the sentence, and empty where there is nothing to point at.
type AssertionError struct {
	ID       string
	Place    corpus.Place
	Sentence string
	// Gold and Predicted are those of the concept, or of the cue: Unmentioned
	// where gold, or the engine, has none there. They are the same where only
	// the scope is wrong.
	Gold, Predicted    corpus.Assertion
	Concept            corpus.Span
	GoldCue, GoldScope corpus.Span
	Cue                string // id of the engine's cue that is to blame; "" where it has none
	CueSpan, ScopeSpan corpus.Span
}

// Kind says what is wrong, from gold to prediction: "negative -> positive", or
// "scope of negative" where only the scope is.
func (e AssertionError) Kind() string {
	if e.Gold == e.Predicted {
		return "scope of " + e.Gold.String()
	}
	return e.Gold.String() + " -> " + e.Predicted.String()
}

// Negated measures what the engine says of concepts, as NegEx is measured: the
// F1, precision and recall of "negated", and "accuracy". A concept that is
// neither negated nor hedged is affirmed; one that is hedged counts as affirmed
// too where no concept of gold is "possible", else there are the figures of
// "possible" as well. What is excluded (history, another person) is affirmed:
// other columns of the annotations are about that. Only Resamples and Seed of
// the options matter.
func Negated(engine *negation.Engine, concepts []gold.Concept, opts Options) AssertionResult {
	possible := slices.ContainsFunc(concepts, func(c gold.Concept) bool { return c.Status == corpus.Uncertain })
	m := []measure{{name: "negated"}, {name: "accuracy", share: true}}
	if possible {
		m = append(m, measure{name: "possible"})
	}
	var result AssertionResult
	var units [][]tally // of each sentence; several concepts may share one
	unitOf := map[string]int{}
	for _, c := range concepts {
		e := AssertionError{
			ID: c.ID, Place: c.Place, Sentence: c.Sentence, Concept: c.Span,
			Gold: c.Status, Predicted: corpus.Positive,
		}
		s := engine.Read(c.Sentence)
		if mention, ok := s.Mention(c.Span); ok {
			v := engine.Classify(s, []negation.Mention{mention})[0]
			if v.Assertion == corpus.Negative || v.Assertion == corpus.Uncertain && possible {
				e.Predicted = v.Assertion
			}
			if v.Governed {
				e.Cue = engine.Set().Cues[v.Cue.Index].ID
				e.CueSpan, e.ScopeSpan = s.Span(v.Cue.Start, v.Cue.End), s.Span(v.Cue.ScopeStart, v.Cue.ScopeEnd)
			}
		}
		key := strings.ToLower(c.Sentence)
		u, ok := unitOf[key]
		if !ok {
			u = len(units)
			unitOf[key] = u
			units = append(units, make([]tally, len(m)))
		}
		units[u][0].count(e.Gold == corpus.Negative, e.Predicted == corpus.Negative)
		units[u][1].count(true, e.Predicted == e.Gold)
		if possible {
			units[u][2].count(e.Gold == corpus.Uncertain, e.Predicted == corpus.Uncertain)
		}
		if e.Predicted != e.Gold {
			result.Errors = append(result.Errors, e)
		}
	}
	result.finish(m, units, opts)
	return result
}

// scopeKinds are the two kinds of cue that BioScope has, with its names.
var scopeKinds = []struct {
	assertion corpus.Assertion
	name      string
}{{corpus.Negative, "negation"}, {corpus.Uncertain, "speculation"}}

// Scopes measures the engine's keywords of denial and of doubt, and their scopes,
// as BioScope has them (Vincze et al. 2008), in sentences without mentions. For
// each kind, "negation" and "speculation", there are the F1, precision and recall
// of
//
//   - KIND.cue: cues with the very same span;
//   - KIND.cue.overlap: cues that share a byte, one with one ("excluded" and
//     "cannot be excluded");
//   - KIND.scope: tokens that are in a scope of the kind. As in BioScope a cue
//     is part of its scope. Words and numbers count, marks do not;
//   - KIND.exact: scopes with the very same span, the cue included, but for
//     blanks and marks at their ends;
//
// and those of "scope": the tokens of both kinds, pooled. A cue in two parts
// ("either ... or") counts as gold has it, mostly as two cues with one scope.
// Only Resamples and Seed of the options matter.
func Scopes(engine *negation.Engine, sentences []gold.ScopedSentence, opts Options) AssertionResult {
	var m []measure
	for _, kind := range scopeKinds {
		for _, of := range []string{".cue", ".cue.overlap", ".scope", ".exact"} {
			m = append(m, measure{name: kind.name + of})
		}
	}
	m = append(m, measure{name: "scope"})
	var result AssertionResult
	units := make([][]tally, len(sentences))
	for i, sentence := range sentences {
		s := engine.Read(sentence.Text)
		found := findScopes(engine, s)
		var pooled tally
		for _, kind := range scopeKinds {
			want, got := ofKind(sentence.Scopes, kind.assertion), ofKind(found.scopes, kind.assertion)
			tokens := countTokens(s, want, got)
			pooled = pooled.plus(tokens)
			units[i] = append(units[i],
				countCouples(want, got, func(g, p gold.Scope) bool { return g.Cue == p.Cue }),
				countCouples(want, got, func(g, p gold.Scope) bool { return g.Cue.Overlaps(p.Cue) }),
				tokens,
				countCouples(want, got, func(g, p gold.Scope) bool { return sameScope(sentence.Text, g, p) }),
			)
		}
		units[i] = append(units[i], pooled)
		result.Errors = append(result.Errors, scopeErrors(sentence, found)...)
	}
	result.finish(m, units, opts)
	return result
}

// foundScopes are the keywords that the engine finds in a sentence, with the ids
// of their cues.
type foundScopes struct {
	scopes []gold.Scope
	ids    []string
}

func findScopes(engine *negation.Engine, s negation.Sentence) (found foundScopes) {
	for _, k := range engine.Keywords(s) {
		found.scopes = append(found.scopes, gold.Scope{
			Assertion: k.Assertion,
			Cue:       s.Span(k.Start, k.End), Scope: s.Span(k.ScopeStart, k.ScopeEnd),
		})
		found.ids = append(found.ids, engine.Set().Cues[k.Index].ID)
	}
	return found
}

func ofKind(scopes []gold.Scope, kind corpus.Assertion) (some []gold.Scope) {
	for _, s := range scopes {
		if s.Assertion == kind {
			some = append(some, s)
		}
	}
	return some
}

// couple gives each scope of gold its partner, an index into got or -1.
func couple(want, got []gold.Scope, same func(g, p gold.Scope) bool) []int {
	return pairUp(len(want), len(got), func(i, k int) bool { return same(want[i], got[k]) })
}

func countCouples(want, got []gold.Scope, same func(g, p gold.Scope) bool) tally {
	return paired(couple(want, got, same), len(got))
}

func countTokens(s negation.Sentence, want, got []gold.Scope) (t tally) {
	for _, token := range s.Tokens {
		if token.Kind == segment.Word || token.Kind == segment.Number {
			t.count(within(token.Span(), want), within(token.Span(), got))
		}
	}
	return t
}

func within(token corpus.Span, scopes []gold.Scope) bool {
	return slices.ContainsFunc(scopes, func(s gold.Scope) bool {
		return s.Cue.Overlaps(token) || s.Scope.Overlaps(token)
	})
}

// sameScope reports whether two scopes have the same first and last letter.
func sameScope(text string, a, b gold.Scope) bool {
	return trimmed(text, a.Whole()) == trimmed(text, b.Whole())
}

// trimmed takes what is no letter and no digit off the ends of a span.
func trimmed(text string, span corpus.Span) corpus.Span {
	mark := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }
	span.End -= span.Len() - len(strings.TrimRightFunc(span.In(text), mark))
	span.Start += span.Len() - len(strings.TrimLeftFunc(span.In(text), mark))
	return span
}

// scopeErrors lists what is wrong with the cues of one sentence: those of gold
// in its order, then the others that the engine found. Where gold has a cue, one
// of another kind that the engine found there is to blame.
func scopeErrors(sentence gold.ScopedSentence, found foundScopes) (errors []AssertionError) {
	partners := couple(sentence.Scopes, found.scopes, func(g, p gold.Scope) bool {
		return g.Assertion == p.Assertion && g.Cue.Overlaps(p.Cue)
	})
	blank := AssertionError{ID: sentence.ID, Place: sentence.Place, Sentence: sentence.Text}
	for i, g := range sentence.Scopes {
		if partners[i] < 0 {
			partners[i] = slices.IndexFunc(found.scopes, func(p gold.Scope) bool {
				return g.Assertion != p.Assertion && g.Cue.Overlaps(p.Cue)
			})
		}
		e := blank
		e.Gold, e.GoldCue, e.GoldScope = g.Assertion, g.Cue, g.Scope
		if k := partners[i]; k >= 0 {
			p := found.scopes[k]
			if p.Assertion == g.Assertion && sameScope(sentence.Text, g, p) {
				continue
			}
			e.Predicted, e.Cue, e.CueSpan, e.ScopeSpan = p.Assertion, found.ids[k], p.Cue, p.Scope
		}
		errors = append(errors, e)
	}
	for k, p := range found.scopes {
		if slices.Contains(partners, k) {
			continue
		}
		e := blank
		e.Predicted, e.Cue, e.CueSpan, e.ScopeSpan = p.Assertion, found.ids[k], p.Cue, p.Scope
		errors = append(errors, e)
	}
	return errors
}

// count counts one case that gold, and the engine, say yes or no to.
func (t *tally) count(gold, predicted bool) {
	switch {
	case gold && predicted:
		t.tp++
	case predicted:
		t.fp++
	case gold:
		t.fn++
	}
}

// measure is a name for one of the tallies of each sentence.
type measure struct {
	name  string
	share bool // one figure: the share of gold's cases that are right
}

// finish makes the figures, with their intervals, of the tallies of each
// sentence, one for each measure.
func (r *AssertionResult) finish(measures []measure, sentences [][]tally, opts Options) {
	r.Sentences, r.Resamples, r.Seed = len(sentences), opts.Resamples, opts.Seed
	r.Figures = figuresOf(measures, sentences, nil)
	low, high := resample(opts.Resamples, len(sentences), opts.Seed, func(weights []int32) []float64 {
		return values(figuresOf(measures, sentences, weights))
	})
	for i := range r.Figures {
		r.Figures[i].Low, r.Figures[i].High = low[i], high[i]
	}
}

// figuresOf gives the figures of the sentences, each as often as its weight
// says; nil weights are 1.
func figuresOf(measures []measure, sentences [][]tally, weights []int32) (figures []Figure) {
	sums := make([]tally, len(measures))
	for u, tallies := range sentences {
		w := 1
		if weights != nil {
			w = int(weights[u])
		}
		for i, t := range tallies {
			sums[i] = sums[i].plus(tally{w * t.tp, w * t.fp, w * t.fn})
		}
	}
	for i, m := range measures {
		t := sums[i]
		add := func(name string, value float64) {
			figures = append(figures, Figure{Name: name, Value: value, Low: math.NaN(), High: math.NaN(), Gold: t.gold()})
		}
		if m.share {
			add(m.name, t.recall())
			continue
		}
		add(m.name, t.f1())
		add(m.name+".precision", t.precision())
		add(m.name+".recall", t.recall())
	}
	return figures
}
