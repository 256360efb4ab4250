package convert

import (
	"errors"

	"github.com/radlabel/radlabel/corpus"
)

// Reduction is how the views of a study make one label. None depends on the order
// of the views.
type Reduction string

// The reductions.
const (
	Max       Reduction = "max"       // the strongest: positive, then uncertain, then negative, then blank
	Majority  Reduction = "majority"  // the commonest of those that are not blank; of equally common ones the stronger
	Consensus Reduction = "consensus" // what all views with a label say; uncertain where they differ
	Same      Reduction = "same"      // what all views say; that they differ is an error
)

// Reductions are all of them.
func Reductions() []Reduction { return []Reduction{Max, Majority, Consensus, Same} }

// ErrViewsDiffer is that of the reduction Same.
var ErrViewsDiffer = errors.New("the views have different labels")

// Reduce makes one row of labels of those of all views, n observations each.
func (r Reduction) Reduce(views []Labels, n int) (Labels, error) {
	out := views[0]
	if r == Same {
		for _, v := range views {
			if v != out {
				return 0, ErrViewsDiffer
			}
		}
		return out, nil
	}
	for i := range n {
		var counts [4]int
		for _, v := range views {
			counts[v.At(i)]++
		}
		out = out.With(i, r.of(counts))
	}
	return out, nil
}

// of reduces the labels of one observation, counted by assertion.
func (r Reduction) of(counts [4]int) corpus.Assertion {
	best := corpus.Unmentioned
	kinds := 0
	for a := corpus.Negative; a <= corpus.Positive; a++ {
		if counts[a] == 0 {
			continue
		}
		kinds++
		if r != Majority || best == corpus.Unmentioned || counts[a] >= counts[best] {
			best = a
		}
	}
	if r == Consensus && kinds > 1 {
		return corpus.Uncertain
	}
	return best
}
