package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

func TestMcNemar(t *testing.T) {
	for _, tt := range []struct {
		a, b int
		p    float64
	}{
		{0, 0, 1},
		{1, 1, 1}, // the doubled tail is more than 1
		{0, 5, 2. / 32},
		{1, 9, 2 * (1 + 10.) / 1024},
		{9, 1, 2 * (1 + 10.) / 1024},
		{2, 10, 2 * (1 + 12. + 66) / 4096},
	} {
		assert.InDelta(t, tt.p, mcnemar(tt.a, tt.b), 1e-12, "%d, %d", tt.a, tt.b)
	}
	assert.Less(t, mcnemar(1000, 2000), 1e-50, "many do not underflow to nonsense")
	assert.False(t, math.IsNaN(mcnemar(100000, 100000)))
}

func TestHolm(t *testing.T) {
	all := []Discordance{{P: .04}, {P: .01}, {P: .03}, {P: .9}}
	holm(all)
	for i, want := range []float64{.09, .04, .09, .9} {
		assert.InDelta(t, want, all[i].Holm, 1e-12, i)
	}
	all = []Discordance{{P: .8}, {P: .9}}
	holm(all)
	assert.Equal(t, 1., all[0].Holm)
	assert.Equal(t, 1., all[1].Holm)
}

func TestFarSide(t *testing.T) {
	assert.True(t, math.IsNaN(farSide(nil)))
	assert.Equal(t, 1., farSide([]float64{0, 0, 0}))
	assert.InDelta(t, 2*(1.+1)/(10+1), farSide([]float64{-1, 1, 2, 3, 4, 5, 6, 7, 8, 9}), 1e-12)
	assert.InDelta(t, 2./5, farSide([]float64{1, 2, 3, 4}), 1e-12, "never less than one sample can say")
}

func TestCompare(t *testing.T) {
	g := sheet(ab, "PP", "PP", "N.", "U?", ".N")
	a := sheet(ab, "PP", "NP", "N.", "U.", "PN")
	b := sheet(ab, "PP", "PP", "U.", "UP", "PN")
	c := Compare(join(t, g, a, b), Options{})
	assert.Equal(t, 5, c.Reports)
	assert.Equal(t, []Discordance{{"", 1, 1, 1, 1}, {"A", 1, 1, 1, 1}, {"B", 0, 0, 1, 1}}, c.Discordances)
	require.Len(t, c.Changes, 2, "a label that nobody judged is none")
	assert.Equal(t, "negative -> positive", c.Changes[0].Kind())
	assert.Equal(t, "fixed", c.Changes[0].Verdict())
	assert.Equal(t, "broke", c.Changes[1].Verdict())
	assert.Empty(t, Change{Judged: true, Gold: corpus.Positive, New: corpus.Negative}.Verdict())
	assert.Empty(t, Change{}.Verdict())
	for _, d := range c.Differences {
		if d.Name == "A.positive" {
			assert.InDelta(t, 2./4, d.A, 1e-12)
			assert.InDelta(t, 4./5, d.B, 1e-12)
			assert.True(t, math.IsNaN(d.P))
		}
	}
	_, err := Join(JoinOptions{}, g, a, &gold.Sheet{Source: &gold.Source{Observations: ab}})
	assert.ErrorContains(t, err, "no id of gold is in the prediction")
}

// A true difference is found, none is not, and A against itself is nothing.
func TestCompareIsPaired(t *testing.T) {
	one := []corpus.Observation{"A"}
	random := rand.New(rand.NewPCG(3, 4))
	var g, good, bad []string
	for range 300 {
		gold, a, b := "P", "P", "P"
		if random.IntN(2) == 0 {
			gold, a, b = "N", "N", "N"
		}
		if random.IntN(4) == 0 { // hard for both
			a, b = "U", "U"
		} else if random.IntN(12) == 0 { // for one
			b = "U"
		}
		g, good, bad = append(g, gold), append(good, a), append(bad, b)
	}
	c := Compare(join(t, sheet(one, g...), sheet(one, good...), sheet(one, bad...)), Options{Resamples: 300, Seed: 1})
	for _, d := range c.Differences {
		if d.Name == "positive.micro" {
			assert.Less(t, d.High, 0., "B is worse, beyond its interval")
			assert.Less(t, d.P, .05)
			assert.Less(t, d.High-d.Low, .08, "paired: narrower than the interval of either")
		}
	}
	assert.Less(t, c.Discordances[1].P, .001)
	for _, d := range Compare(join(t, sheet(one, g...), sheet(one, good...), sheet(one, good...)), Options{Resamples: 50}).Differences {
		if !math.IsNaN(d.A) {
			assert.Equal(t, 0., d.Low, d.Name)
			assert.Equal(t, 0., d.High, d.Name)
			assert.Equal(t, 1., d.P, d.Name)
		}
	}
}

func TestDiff(t *testing.T) {
	old := sheet([]corpus.Observation{"B", "A", "Y"}, "PP.", "N..", ".U.", "P..")
	new := sheet([]corpus.Observation{"A", "B", "X"}, "NP.", ".P.", ".P.", "UUU")
	old.All[3].ID, new.All[3].ID = "gone", "came"
	old.All[0].Mentions = [][]gold.Mention{nil, {mention("a.x", "", corpus.Positive)}, nil}
	new.All[0].Mentions = [][]gold.Mention{{mention("a.x", "no", corpus.Negative)}, nil, nil}

	run := func(order func(d *Diff)) *Diff {
		d := NewDiff(old.Observations, new.Observations, 1)
		order(d)
		return d
	}
	inTurns := func(d *Diff) {
		for i := range old.All {
			require.NoError(t, d.Add(0, old.All[i]))
			require.NoError(t, d.Add(1, new.All[i]))
		}
	}
	apart := func(d *Diff) {
		for i := range new.All {
			require.NoError(t, d.Add(1, new.All[len(new.All)-1-i]))
		}
		for i := range old.All {
			require.NoError(t, d.Add(0, old.All[i]))
		}
	}
	for _, order := range []func(*Diff){inTurns, apart} {
		d := run(order)
		assert.Equal(t, []corpus.Observation{"A", "B"}, d.Observations)
		assert.Equal(t, []corpus.Observation{"X"}, d.OldLacks)
		assert.Equal(t, []corpus.Observation{"Y"}, d.NewLacks)
		assert.Equal(t, 3, d.Reports)
		assert.Equal(t, 3, d.Changed)
		assert.Equal(t, 4, d.Labels)
		assert.Equal(t, []string{"gone"}, d.Alone(0))
		assert.Equal(t, []string{"came"}, d.Alone(1))
		shifts := d.Shifts()
		require.Len(t, shifts, 4)
		assert.Equal(t, Shift{"A", corpus.Uncertain, corpus.Unmentioned, 1, []Change{{ID: "r3", Observation: "A", Old: corpus.Uncertain, New: corpus.Unmentioned}}}, shifts[0])
		causes := d.Causes()
		require.Len(t, causes, 4)
		assert.Contains(t, causes, CauseCount{Cause{"A", "a.x", "", "a.x", "no", corpus.Positive, corpus.Negative}, 1})
	}

	d := run(func(d *Diff) {
		calls := 0
		d.Each = func(Change) error { calls++; return assert.AnError }
		require.NoError(t, d.Add(0, old.All[0]))
		assert.Equal(t, assert.AnError, d.Add(1, new.All[0]))
		assert.Equal(t, 1, calls)
	})
	assert.Equal(t, 1, d.Reports)
	assert.ErrorContains(t, d.Add(1, new.All[0]), `the id "r1" has come already`)
	assert.Equal(t, 1, d.Reports)
}
