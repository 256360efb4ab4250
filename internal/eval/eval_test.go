package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/rules"
)

// letters are short for assertions: positive, negative, uncertain, blank.
var letters = map[byte]corpus.Assertion{'P': corpus.Positive, 'N': corpus.Negative, 'U': corpus.Uncertain, '.': corpus.Unmentioned}

// sheet makes rows r1, r2, ... of one word each, a letter an observation; "?" is
// a label that nobody has judged.
func sheet(observations []corpus.Observation, words ...string) *gold.Sheet {
	s := &gold.Sheet{Source: &gold.Source{Path: "test", Observations: observations}}
	for i, word := range words {
		row := gold.Row{ID: fmt.Sprintf("r%d", i+1), Labels: make([]corpus.Assertion, len(word))}
		for o := range len(word) {
			row.Labels[o] = letters[word[o]]
			if word[o] == '?' {
				if row.Open == nil {
					row.Open = make([]bool, len(word))
				}
				row.Open[o] = true
			}
		}
		s.All = append(s.All, row)
	}
	return s
}

var ab = []corpus.Observation{"A", "B"}

func join(t require.TestingT, g *gold.Sheet, predictions ...*gold.Sheet) *Joined {
	j, err := Join(JoinOptions{}, g, predictions...)
	require.NoError(t, err)
	return j
}

func value(t *testing.T, figures []Figure, name string) float64 {
	t.Helper()
	f, ok := Find(figures, name)
	require.True(t, ok, name)
	return f.Value
}

// same compares with a tolerance, and NaN with NaN.
func same(t *testing.T, want, got float64, name string) {
	t.Helper()
	if math.IsNaN(want) {
		assert.True(t, math.IsNaN(got), "%s is %v", name, got)
		return
	}
	assert.InDelta(t, want, got, 1e-12, name)
}

// Worked out by hand. Gold and prediction of A: PP, PN, NN, U., .P; of B: PP,
// PP, .., .., NU.
func TestFigures(t *testing.T) {
	e := Evaluate(join(t, sheet(ab, "PP", "PP", "N.", "U.", ".N"), sheet(ab, "PP", "NP", "N.", "..", "PU")), 0, Options{})
	assert.Equal(t, 5, e.Reports)
	nan := math.NaN()
	for name, want := range map[string]float64{
		"exact": 2. / 5, "cells": 6. / 10,
		// A: mentioned in gold r1-r4, in the prediction r1, r2, r3, r5.
		"A.mention": 6. / 8, "A.mention.precision": 3. / 4, "A.mention.recall": 3. / 4,
		"A.positive": 2. / 4, "A.negation": 2. / 3, "A.uncertain": 0, "A.uncertain.precision": nan, "A.uncertain.recall": 0,
		"B.mention": 1, "B.positive": 1, "B.negation": 0, "B.uncertain": 0,
		// A and B together: mention tp 6 fp 1 fn 1; positive tp 3 fp 1 fn 1;
		// negation tp 1 fp 1 fn 1; uncertain fp 1 fn 1.
		"mention.micro": 12. / 14, "mention.micro.precision": 6. / 7, "mention.micro.recall": 6. / 7,
		"positive.micro": 6. / 8, "negation.micro": 2. / 4, "uncertain.micro": 0,
		"mention.macro": (6./8 + 1) / 2, "positive.macro": (2./4 + 1) / 2, "negation.macro": (2./3 + 0) / 2,
		// Only A has an uncertain case in gold.
		"uncertain.macro": 0,
		// A: agree 2 of 5; chance (P 2*2 + N 1*2 + U 1*0 + . 1*1)/25 = 7/25.
		"A.kappa": (2./5 - 7./25) / (1 - 7./25),
		// B: agree 4 of 5; chance (P 2*2 + . 2*2)/25 = 8/25.
		"B.kappa": (4./5 - 8./25) / (1 - 8./25),
		// Pooled: agree 6 of 10; gold P 4 N 2 U 1 . 3, prediction P 4 N 2 U 1 . 3.
		"kappa.micro": (6./10 - 30./100) / (1 - 30./100),
		"kappa.macro": ((2./5-7./25)/(1-7./25) + (4./5-8./25)/(1-8./25)) / 2,
		// A: positive .5 of 2, negative 2/3 of 1, uncertain 0 of 1.
		"A.weighted": (.5*2 + 2./3) / 4, "B.weighted": (1.*2 + 0) / 3,
		"weighted.micro": (.5*2 + 2./3 + 1*2) / 7,
		"weighted.macro": ((.5*2+2./3)/4 + 2./3) / 2,
		"A.cells":        2. / 5,
	} {
		same(t, want, value(t, e.Figures, name), name)
	}
	f, _ := Find(e.Figures, "A.positive")
	assert.Equal(t, 2, f.Gold)
	assert.Equal(t, Confusion{{0, 0, 0, 1}, {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 1}}, e.Confusions[0])
}

func TestUndefined(t *testing.T) {
	t.Run("all blank", func(t *testing.T) {
		e := Evaluate(join(t, sheet(ab, "..", ".."), sheet(ab, "..", "..")), 0, Options{Resamples: 20})
		for _, name := range []string{"mention.micro", "mention.macro", "A.positive", "A.kappa", "kappa.micro", "weighted.micro", "weighted.macro", "A.weighted"} {
			same(t, math.NaN(), value(t, e.Figures, name), name)
		}
		assert.Equal(t, 1., value(t, e.Figures, "exact"))
		f, _ := Find(e.Figures, "mention.micro")
		assert.True(t, math.IsNaN(f.Low) && math.IsNaN(f.High))
	})
	t.Run("a class that is in the prediction alone", func(t *testing.T) {
		e := Evaluate(join(t, sheet(ab, "N.", "N."), sheet(ab, "N.", "U.")), 0, Options{})
		same(t, 0, value(t, e.Figures, "A.uncertain"), "F1 of a false one")
		same(t, math.NaN(), value(t, e.Figures, "uncertain.macro"), "without a case in gold it is no part of the mean")
	})
	t.Run("no one judged", func(t *testing.T) {
		e := Evaluate(join(t, sheet(ab, "?P", "?P"), sheet(ab, "PP", "N.")), 0, Options{})
		same(t, math.NaN(), value(t, e.Figures, "A.mention"), "A")
		same(t, .5, value(t, e.Figures, "exact"), "the judged labels of a report")
		same(t, .5, value(t, e.Figures, "cells"), "judged labels")
		assert.Len(t, e.Errors, 1)
	})
}

// The derived observation has no negation and no uncertain task, and is no part
// of micro figures.
func TestDerived(t *testing.T) {
	j := join(t, sheet(ab, "PP", ".P"), sheet(ab, ".P", ".P"))
	e := Evaluate(j, 0, Options{Derived: "A"})
	same(t, 1, value(t, e.Figures, "positive.micro"), "micro")
	same(t, .5, value(t, e.Figures, "positive.macro"), "macro")
	_, ok := Find(e.Figures, "A.negation")
	assert.False(t, ok)
	_, ok = Find(e.Figures, "B.negation")
	assert.True(t, ok)
}

func TestPresence(t *testing.T) {
	j, err := Join(JoinOptions{Presence: true}, sheet(ab, "PN", "N."), sheet(ab, "PU", "..", "PP"))
	require.NoError(t, err)
	e := Evaluate(j, 0, Options{})
	assert.Equal(t, []Task{Positive}, e.Tasks)
	assert.Empty(t, e.Errors, "what is not positive is all the same")
	same(t, 1, value(t, e.Figures, "positive.micro"), "positive.micro")
	_, ok := Find(e.Figures, "mention.micro")
	assert.False(t, ok)
	assert.Equal(t, []string{"r3"}, e.OnlyPrediction)
}

func TestJoin(t *testing.T) {
	g := sheet([]corpus.Observation{"B", "A", "C"}, "PN.", "PN.", "PN.")
	p := sheet([]corpus.Observation{"A", "B", "D"}, "NP.", "NP.")
	p.All[1].ID = "other"
	j := join(t, g, p)
	assert.Equal(t, ab, j.Observations, "in the prediction's order")
	assert.Equal(t, []string{"r2", "r3"}, j.OnlyGold)
	assert.Equal(t, []string{"other"}, j.OnlyPrediction)
	assert.Equal(t, []corpus.Observation{"D"}, j.GoldLacks)
	assert.Equal(t, []corpus.Observation{"C"}, j.PredictionLacks)
	e := Evaluate(j, 0, Options{})
	assert.Empty(t, e.Errors)
	same(t, 1./3, value(t, e.Figures, "coverage"), "coverage")

	p.All[0].ID = "x"
	_, err := Join(JoinOptions{}, g, p)
	assert.EqualError(t, err, `no id of gold is in the prediction: gold has "r1", "r2", "r3", the prediction "x", "other"`)
	_, err = Join(JoinOptions{}, sheet(ab), p)
	assert.EqualError(t, err, "gold has no row")
	_, err = Join(JoinOptions{}, sheet([]corpus.Observation{"Z"}, "P"), sheet(ab, "PP"))
	assert.EqualError(t, err, `gold and the prediction have no observation in common: gold has ["Z"], the prediction ["A" "B"]`)
}

func TestTwoValued(t *testing.T) {
	assert.True(t, TwoValued(sheet(ab, "PN", "N?")))
	for _, words := range [][]string{nil, {"PN", "P."}, {"PU"}} {
		assert.False(t, TwoValued(sheet(ab, words...)), words)
	}
}

func TestGroups(t *testing.T) {
	g := sheet(ab, "PP", "P?", "NN")
	g.All[0].Group, g.All[1].Group, g.All[2].Group = "y", "x", "y"
	e := Evaluate(join(t, g, sheet(ab, "PP", "P.", "NP")), 0, Options{})
	assert.Equal(t, []Group{{"x", 1, 1, 1, 1}, {"y", 2, 1, 4, 3}}, e.Groups)
	same(t, .75, value(t, e.Figures, "groups.least"), "groups.least")
	assert.Nil(t, Evaluate(join(t, sheet(ab, "PP"), sheet(ab, "PP")), 0, Options{}).Groups)

	// A group, and a report, of which nobody has judged anything.
	g = sheet(ab, "P?", "??", "NN")
	g.All[0].Group, g.All[1].Group, g.All[2].Group = "a", "b", "c"
	e = Evaluate(join(t, g, sheet(ab, "NP", "PP", "NN")), 0, Options{})
	assert.Equal(t, []Group{{"a", 1, 0, 1, 0}, {Name: "b"}, {"c", 1, 1, 2, 2}}, e.Groups)
	same(t, 0, value(t, e.Figures, "groups.least"), "groups.least")
	same(t, .5, value(t, e.Figures, "exact"), "exact")
}

// What one side has not judged is no disagreement, whichever side it is.
func TestOpenOnEitherSide(t *testing.T) {
	for _, sheets := range [][2]*gold.Sheet{
		{sheet(ab, "P?", "PN"), sheet(ab, "PN", "P?")},
		{sheet(ab, "PN", "P?"), sheet(ab, "P?", "PN")},
	} {
		e := Evaluate(join(t, sheets[0], sheets[1]), 0, Options{})
		assert.Empty(t, e.Errors)
		same(t, 1, value(t, e.Figures, "cells"), "cells")
		same(t, math.NaN(), value(t, e.Figures, "B.kappa"), "B.kappa")
		c := Compare(join(t, sheet(ab, "PN", "PN"), sheets[0], sheets[1]), Options{})
		assert.Empty(t, c.Changes)
		d := NewDiff(ab, ab, 1)
		for i := range sheets[0].All {
			require.NoError(t, d.Add(0, sheets[0].All[i]))
			require.NoError(t, d.Add(1, sheets[1].All[i]))
		}
		assert.Zero(t, d.Changed)
	}
}

func mention(rule, cue string, a corpus.Assertion) gold.Mention {
	return gold.Mention{Rule: rule, Cue: cue, Assertion: a}
}

func TestErrorsAndAttribution(t *testing.T) {
	one := []corpus.Observation{"A"}
	p := sheet(one, "P", "N", ".", ".", "P")
	p.HasMentions = true
	set := &rules.Set{
		Rules: []rules.Rule{{ID: "a.x"}, {ID: "a.y"}, {ID: "a.never"}},
		Cues:  []rules.Cue{{ID: "no", Kind: rules.Negation}, {ID: "history", Kind: rules.Exclusion}, {ID: "maybe", Kind: rules.Uncertainty}, {ID: "pseudo", Kind: rules.Pseudo}},
	}
	for i, mentions := range [][]gold.Mention{
		{mention("a.x", "", corpus.Positive), mention("a.y", "no", corpus.Negative)},
		{mention("a.x", "no", corpus.Negative), mention("a.y", "no", corpus.Negative)},
		{mention("a.x", "history", corpus.Unmentioned)},
		nil,
		{mention("a.y", "", corpus.Positive), mention("a.y", "", corpus.Positive)},
	} {
		p.All[i].Mentions = [][]gold.Mention{mentions}
		p.All[i].Reasons = []string{""}
	}
	p.All[3].Reasons[0] = "no mention"
	e := Evaluate(join(t, sheet(one, "P", "P", "P", "U", "."), p), 0, Options{Rules: set})
	require.Len(t, e.Errors, 4)
	assert.Equal(t, "positive -> negative", e.Errors[0].Kind())
	assert.Equal(t, "r2", e.Errors[0].ID)
	assert.Len(t, e.Errors[0].Decisive, 2)
	assert.Equal(t, []gold.Mention{mention("a.x", "history", corpus.Unmentioned)}, e.Errors[1].Decisive, "what was excluded is behind the blank")
	assert.Equal(t, "no mention", e.Errors[2].Reason)
	assert.Equal(t, "unmentioned -> positive", e.Errors[3].Kind())
	assert.Equal(t, "positive", e.Errors[0].Gold.String())
	assert.Equal(t, []Attribution{{"a.x", 1, 2, 3}, {"a.y", 0, 2, 4}}, e.Rules)
	assert.Equal(t, []Attribution{{"history", 0, 1, 1}, {"no", 0, 1, 3}}, e.Cues)
	assert.Equal(t, Unused{Rules: []string{"a.never"}, Cues: []string{"maybe"}}, e.Unused)
}

// A label without a mention is shown with the text that was annotated, and a rule
// of an observation that gold lacks is used all the same.
func TestTextAndRulesBeyondGold(t *testing.T) {
	g := sheet([]corpus.Observation{"A"}, "P")
	p := sheet(ab, ".P")
	p.HasMentions = true
	p.All[0].Text = "Text."
	p.All[0].Mentions = [][]gold.Mention{nil, {mention("b.x", "", corpus.Positive)}}
	set := &rules.Set{Rules: []rules.Rule{{ID: "a.x"}, {ID: "b.x"}}}
	e := Evaluate(join(t, g, p), 0, Options{Rules: set})
	require.Len(t, e.Errors, 1)
	assert.Equal(t, "Text.", e.Errors[0].Text)
	assert.Equal(t, []string{"a.x"}, e.Unused.Rules)
	g.All[0].Text = "Sentence."
	assert.Equal(t, "Sentence.", Evaluate(join(t, g, p), 0, Options{}).Errors[0].Text)
}

// What withholds a derived label is behind its blank.
func TestErrorOfDerived(t *testing.T) {
	one := []corpus.Observation{"A"}
	p := sheet(one, ".")
	p.HasMentions = true
	p.All[0].Mentions = [][]gold.Mention{{mention("other.scar", "", corpus.Positive), mention("other.cyst", "no", corpus.Negative)}}
	e := Evaluate(join(t, sheet(one, "P"), p), 0, Options{Derived: "A"})
	assert.Equal(t, []gold.Mention{mention("other.scar", "", corpus.Positive)}, e.Errors[0].Decisive)
}

func TestSpans(t *testing.T) {
	at := func(start, end int, a corpus.Assertion) gold.Mention {
		return gold.Mention{Mention: corpus.Span{Start: start - 10, End: end - 10}, At: 10, Assertion: a}
	}
	one := []corpus.Observation{"A"}
	g, p := sheet(one, "P"), sheet(one, "P")
	g.HasMentions, p.HasMentions = true, true
	g.All[0].Mentions = [][]gold.Mention{{at(10, 20, corpus.Positive), at(30, 40, corpus.Negative), at(50, 60, corpus.Positive)}}
	p.All[0].Mentions = [][]gold.Mention{{at(10, 20, corpus.Positive), at(35, 45, corpus.Positive), at(36, 37, corpus.Positive), at(70, 80, corpus.Unmentioned)}}
	e := Evaluate(join(t, g, p), 0, Options{Resamples: 5})
	same(t, 2*2./(2*2+1+1), value(t, e.Figures, "spans.overlap"), "overlap: a mention has one partner")
	same(t, 2*1./(2*1+2+2), value(t, e.Figures, "spans.exact"), "exact")
	same(t, 1./3, value(t, e.Figures, "spans.asserted.precision"), "asserted")
	g.HasMentions = false
	_, ok := Find(Evaluate(join(t, g, p), 0, Options{}).Figures, "spans.overlap")
	assert.False(t, ok)
}

// An interval holds its figure, is the same for the same seed and any number of
// processors, and narrows with more reports.
func TestBootstrap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := func(n int) (g, p []string) {
		for range n {
			gold := "PN."[random.IntN(3):][:1]
			g = append(g, gold)
			if random.IntN(5) == 0 {
				gold = "P"
			}
			p = append(p, gold)
		}
		return g, p
	}
	one := []corpus.Observation{"A"}
	g, p := words(400)
	j := join(t, sheet(one, g...), sheet(one, p...))
	opts := Options{Resamples: 200, Seed: 7}
	wide := Evaluate(join(t, sheet(one, g[:40]...), sheet(one, p[:40]...)), 0, opts)
	e := Evaluate(j, 0, opts)
	for i, f := range e.Figures {
		if !math.IsNaN(f.Value) && f.Name != "coverage" {
			assert.LessOrEqual(t, f.Low, f.Value, f.Name)
			assert.GreaterOrEqual(t, f.High, f.Value, f.Name)
		}
		if f.Name == "positive.micro" {
			assert.Less(t, f.High-f.Low, wide.Figures[i].High-wide.Figures[i].Low)
			assert.Greater(t, f.High, f.Low)
		}
	}
	before := runtime.GOMAXPROCS(1)
	again := Evaluate(j, 0, opts)
	runtime.GOMAXPROCS(before)
	for i := range e.Figures {
		same(t, e.Figures[i].Low, again.Figures[i].Low, e.Figures[i].Name)
		same(t, e.Figures[i].High, again.Figures[i].High, e.Figures[i].Name)
	}
	other := Evaluate(j, 0, Options{Resamples: 200, Seed: 8})
	assert.NotEqual(t, value(t, e.Figures, "positive.micro")+find(e, "positive.micro").Low, value(t, other.Figures, "positive.micro")+find(other, "positive.micro").Low)
}

func find(e *Evaluation, name string) Figure {
	f, _ := Find(e.Figures, name)
	return f
}

// The interval of a mean that is known: of two reports, of which one is right, a
// sample has none right in a quarter, one in a half and both in a quarter of
// cases. A figure that is undefined in most samples has no interval.
func TestInterval(t *testing.T) {
	low, high := resample(4000, 2, 1, func(weights []int32) []float64 {
		rare := math.NaN()
		if weights[0] == 2 {
			rare = 1
		}
		return []float64{float64(weights[0]) / 2, rare}
	})
	assert.Equal(t, []float64{0, 1}, []float64{low[0], high[0]})
	assert.True(t, math.IsNaN(low[1]) && math.IsNaN(high[1]))

	// Of 400 reports, half right: the normal approximation is .5 +- 1.96 * .025.
	low, high = resample(4000, 400, 1, func(weights []int32) []float64 {
		right := 0
		for _, w := range weights[:200] {
			right += int(w)
		}
		return []float64{float64(right) / 400}
	})
	assert.InDelta(t, .5-1.96*.025, low[0], .004)
	assert.InDelta(t, .5+1.96*.025, high[0], .004)
}

func TestPairUp(t *testing.T) {
	fits := func(pairs ...[2]int) func(i, k int) bool {
		return func(i, k int) bool { return slices.Contains(pairs, [2]int{i, k}) }
	}
	assert.Equal(t, []int{0, -1}, pairUp(2, 1, fits([2]int{0, 0}, [2]int{1, 0})))
	assert.Equal(t, []int{1, 0}, pairUp(2, 2, fits([2]int{0, 0}, [2]int{0, 1}, [2]int{1, 0})), "the first gives way to the second, which has no other")
	assert.Empty(t, pairUp(0, 3, nil))
	assert.Equal(t, tally{tp: 1, fp: 2, fn: 1}, paired([]int{2, -1}, 3))
}

func TestQuantile(t *testing.T) {
	assert.Equal(t, 1., quantile([]float64{1}, .5))
	assert.Equal(t, 2.5, quantile([]float64{1, 2, 3, 4}, .5))
	assert.InDelta(t, 1.3, quantile([]float64{1, 2, 3, 4}, .1), 1e-12)
	assert.Equal(t, 4., quantile([]float64{1, 2, 3, 4}, 1))
	assert.True(t, math.IsNaN(quantile(nil, .5)))
}

// Whatever the labels: rows in another order give the same figures; a
// prediction that is gold is right; counts add up.
func TestProperties(t *testing.T) {
	word := rapid.StringMatching(`[PNU.]{3}`)
	observations := []corpus.Observation{"A", "B", "C"}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "n")
		g := sheet(observations, rapid.SliceOfN(word, n, n).Draw(rt, "gold")...)
		p := sheet(observations, rapid.SliceOfN(word, n, n).Draw(rt, "predicted")...)
		opts := Options{Derived: "C"}
		e := Evaluate(join(rt, g, p), 0, opts)

		shuffled := &gold.Sheet{Source: p.Source, All: rapid.Permutation(slices.Clone(p.All)).Draw(rt, "order")}
		again := Evaluate(join(rt, g, shuffled), 0, opts)
		right, wrong := 0, 0
		for i := range e.Figures {
			a, b := e.Figures[i], again.Figures[i]
			require.True(rt, a.Value == b.Value || math.IsNaN(a.Value) && math.IsNaN(b.Value), a.Name)
			require.False(rt, a.Value > 1 || a.Value < -1, a.Name)
		}
		for i := range e.Confusions {
			agree, all := e.Confusions[i].agreeing()
			right, wrong = right+agree, wrong+all-agree
			require.Equal(rt, n, all)
		}
		require.Len(rt, e.Errors, wrong)
		require.Equal(rt, float64(right)/float64(3*n), find(e, "cells").Value)

		self := Evaluate(join(rt, g, g), 0, opts)
		require.Empty(rt, self.Errors)
		for _, f := range self.Figures {
			require.True(rt, f.Value == 1 || math.IsNaN(f.Value), f.Name)
		}
	})
}
