package dataset

import "github.com/radlabel/radlabel/corpus"

// MostLabels is how many observations Labels have room for.
const MostLabels = 32

// Labels packs the assertions of up to MostLabels observations, two bits each.
type Labels uint64

// At gives the assertion of the observation with this index.
func (l Labels) At(i int) corpus.Assertion { return corpus.Assertion(l >> (2 * i) & 3) }

// With gives the labels with one assertion set.
func (l Labels) With(i int, a corpus.Assertion) Labels {
	return l&^(3<<(2*i)) | Labels(a)<<(2*i)
}

// Max gives the stronger assertion of each observation: a study is what the
// strongest of its views says.
func (l Labels) Max(o Labels) Labels {
	var m Labels
	for shift := 0; shift < 2*MostLabels; shift += 2 {
		m |= max(l>>shift&3, o>>shift&3) << shift
	}
	return m
}
