package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

func TestDatasetsAreWhole(t *testing.T) {
	for _, d := range All() {
		assert.Same(t, d, Named(d.Name))
		assert.LessOrEqual(t, len(d.Observations), 16, "two bits each in 32")
		if len(d.Published.Splits) > 0 {
			sum := 0
			for _, split := range d.Splits {
				sum += d.Published.Splits[split]
			}
			assert.Equal(t, d.Published.Images, sum, d.Name)
		}
		for _, f := range d.forms {
			assert.True(t, f.list || f.read != nil, "%s %s", d.Name, f.kind)
		}
	}
	assert.Nil(t, Named("padchest"))
}

func TestLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assertion := rapid.Custom(func(t *rapid.T) corpus.Assertion { return corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "a")) })
		a := rapid.SliceOfN(assertion, 16, 16).Draw(t, "one")
		b := rapid.SliceOfN(assertion, 16, 16).Draw(t, "other")
		var la, lb Labels
		for i := range a {
			la, lb = la.With(i, corpus.Positive).With(i, a[i]), lb.With(i, b[i])
		}
		m := la.Max(lb)
		for i := range a {
			assert.Equal(t, a[i], la.At(i))
			assert.Equal(t, max(a[i], b[i]), m.At(i))
		}
		assert.Equal(t, m, lb.Max(la))
	})
}

func TestMajority(t *testing.T) {
	const p, n, u, b = corpus.Positive, corpus.Negative, corpus.Uncertain, corpus.Unmentioned
	for _, test := range []struct {
		votes []corpus.Assertion
		want  corpus.Assertion
	}{
		{[]corpus.Assertion{p, p, p, n, n}, p},
		{[]corpus.Assertion{p, n, n, n, p}, n},
		{[]corpus.Assertion{p, p, n, n, u}, u},
		{[]corpus.Assertion{p, p, n, n}, u},
		{[]corpus.Assertion{b, b, b, p, p}, b},
		{[]corpus.Assertion{p}, p},
	} {
		var readers []Labels
		for _, v := range test.votes {
			readers = append(readers, Labels(0).With(3, v))
		}
		assert.Equal(t, test.want, Majority(readers, 4).At(3), "%v", test.votes)
	}
}

func TestParseCheXpertPath(t *testing.T) {
	for _, test := range []struct{ path, image, split, wrong string }{
		{"CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg", "patient00001/study1/view1_frontal.jpg", "train", ""},
		{"CheXpert-v1.0-small/valid/patient00001/study1/view2_lateral.jpg", "patient00001/study1/view2_lateral.jpg", "valid", ""},
		{"train/patient00001/study12/view1_frontal.jpg", "patient00001/study12/view1_frontal.jpg", "train", ""},
		{"CheXpert-v1.0/test/patient64741/study1", "", "test", ""},
		{"CheXpert-v1.0/test/patient64741/study1/", "", "test", ""},
		{"train/00001/study1/view1_frontal.jpg", "", "", "no split and patient"},
		{"patient00001/study1/view1_frontal.jpg", "", "", "no split and patient"},
		{"CheXpert-v1.0/other/patient00001/study1", "", "", "none of train, valid and test"},
		{"train/patientX/study1/view1_frontal.jpg", "", "", "no number of a patient"},
		{"train/patient00001/1/view1_frontal.jpg", "", "", "no study behind the patient"},
		{"train/patient00001/study1/a/view1_frontal.jpg", "", "", "no view at its end"},
		{"68", "", "", "no split and patient"},
	} {
		p, err := parseCheXpertPath(test.path)
		if test.wrong != "" {
			assert.ErrorContains(t, err, test.wrong, test.path)
			continue
		}
		require.NoError(t, err, test.path)
		assert.Equal(t, test.image, p.image)
		assert.Equal(t, test.split, p.split)
		assert.Contains(t, []uint32{1, 64741}, p.patient)
	}
}

func TestAges(t *testing.T) {
	var a Ages
	for _, age := range []int{-1, 3, 10, 20, 20, 95} {
		a.add(age)
	}
	a.done()
	assert.Equal(t, []int{5, 1, 3, 10, 20, 20, 95}, []int{a.Known, a.Unknown, a.Least, a.Lower, a.Median, a.Upper, a.Greatest})
	assert.InDelta(t, 29.6, a.Mean, 1e-9)
	assert.Len(t, a.Decades, 10)
	assert.Equal(t, Count{"20-29", 2}, a.Decades[2])
}
