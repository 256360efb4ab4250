package eval

import (
	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

// spanMeasures are how mentions are compared where gold has their places, after
// the i2b2 shared tasks: a predicted mention is right when gold has one of the
// same observation that it overlaps; the same span; or that it overlaps with the
// same assertion.
var spanMeasures = [...]string{"spans.overlap", "spans.exact", "spans.asserted"}

var spanMatches = [len(spanMeasures)]func(gold, predicted gold.Mention) bool{
	func(g, p gold.Mention) bool { return g.Place().Overlaps(p.Place()) },
	func(g, p gold.Mention) bool { return g.Place() == p.Place() },
	func(g, p gold.Mention) bool { return g.Place().Overlaps(p.Place()) && g.Assertion == p.Assertion },
}

// matchSpans compares the mentions of each pair; nil unless both sides have
// mentions. Mentions that a cue excludes are none.
func (j *Joined) matchSpans(k int) [][]tally {
	if !j.mentions || !j.hasMentions[k] {
		return nil
	}
	all := make([][]tally, len(j.pairs))
	for p, pair := range j.pairs {
		all[p] = make([]tally, len(spanMeasures))
		for o, column := range j.goldColumn {
			annotated, found := asserted(pair.gold.Mentions[column]), asserted(pair.given[k].Mentions[j.columns[k][o]])
			for i, matches := range spanMatches {
				all[p][i] = all[p][i].plus(match(annotated, found, matches))
			}
		}
	}
	return all
}

func asserted(mentions []gold.Mention) (all []gold.Mention) {
	for _, m := range mentions {
		if m.Assertion != corpus.Unmentioned {
			all = append(all, m)
		}
	}
	return all
}

// match pairs mentions, each with one at most.
func match(annotated, found []gold.Mention, matches func(gold, predicted gold.Mention) bool) tally {
	partner := pairUp(len(annotated), len(found), func(i, k int) bool { return matches(annotated[i], found[k]) })
	return paired(partner, len(found))
}
