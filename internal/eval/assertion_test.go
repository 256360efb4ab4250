package eval_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

func newEngine(t testing.TB) *negation.Engine {
	t.Helper()
	set, err := rules.Embedded("chexpert")
	require.NoError(t, err)
	matcher, err := set.Compile()
	require.NoError(t, err)
	engine, err := negation.New(set, matcher)
	require.NoError(t, err)
	return engine
}

// spanOf finds a part of a text.
func spanOf(t *testing.T, text, part string) corpus.Span {
	t.Helper()
	at := strings.Index(text, part)
	require.GreaterOrEqual(t, at, 0, "%q in %q", part, text)
	return corpus.Span{Start: at, End: at + len(part)}
}

func concepts(t *testing.T, rows ...[2]string) (all []gold.Concept) {
	status := map[string]corpus.Assertion{"affirmed": corpus.Positive, "negated": corpus.Negative, "possible": corpus.Uncertain}
	for _, r := range rows {
		all = append(all, gold.Concept{Sentence: r[0], Span: spanOf(t, r[0], "BLORB"), Status: status[r[1]]})
	}
	return all
}

// checkFigures compares the values of some figures, and what they rest on.
func checkFigures(t *testing.T, figures []eval.Figure, want map[string]float64, cases map[string]int) {
	t.Helper()
	for name, value := range want {
		f, ok := eval.Find(figures, name)
		require.True(t, ok, name)
		if math.IsNaN(value) {
			assert.True(t, math.IsNaN(f.Value), "%s is %v", name, f.Value)
		} else {
			assert.InDelta(t, value, f.Value, 1e-12, name)
		}
	}
	for name, n := range cases {
		f, _ := eval.Find(figures, name)
		assert.Equal(t, n, f.Gold, name)
	}
}

func TestNegated(t *testing.T) {
	engine := newEngine(t)
	rows := concepts(t,
		[2]string{"No BLORB was heard.", "negated"},
		[2]string{"There is a BLORB.", "affirmed"},
		[2]string{"The BLORB may be old.", "affirmed"},
		[2]string{"A grume without BLORB.", "affirmed"},       // read as negated
		[2]string{"BLORB is a thing of the past.", "negated"}, // read as affirmed
		[2]string{"Possible BLORB.", "affirmed"},
		[2]string{"possible BLORB.", "affirmed"}, // the same sentence
	)
	r := eval.Negated(engine, rows, eval.Options{})
	assert.Equal(t, 6, r.Sentences)
	checkFigures(t, r.Figures, map[string]float64{
		"negated": .5, "negated.precision": .5, "negated.recall": .5, "accuracy": 5. / 7,
	}, map[string]int{"negated": 2, "accuracy": 7})
	_, ok := eval.Find(r.Figures, "possible")
	assert.False(t, ok, "gold has none")
	require.Len(t, r.Errors, 2)
	assert.Equal(t, "positive -> negative", r.Errors[0].Kind())
	assert.Equal(t, "negation.without", r.Errors[0].Cue)
	assert.Equal(t, "without", r.Errors[0].CueSpan.In(r.Errors[0].Sentence))
	assert.Equal(t, "BLORB", r.Errors[0].ScopeSpan.In(r.Errors[0].Sentence))
	assert.Equal(t, "negative -> positive", r.Errors[1].Kind())
	assert.Empty(t, r.Errors[1].Cue)

	rows[5].Status = corpus.Uncertain
	r = eval.Negated(engine, rows, eval.Options{})
	checkFigures(t, r.Figures, map[string]float64{
		"negated": .5, "possible": 2. / 3, "possible.precision": .5, "possible.recall": 1, "accuracy": 4. / 7,
	}, map[string]int{"possible": 1})
}

// sentence is a sentence with scopes, each "kind, cue, scope" by their texts.
func sentence(t *testing.T, text string, scopes ...[3]string) gold.ScopedSentence {
	s := gold.ScopedSentence{Text: text}
	for _, of := range scopes {
		kind := corpus.Negative
		if of[0] == "speculation" {
			kind = corpus.Uncertain
		}
		s.Scopes = append(s.Scopes, gold.Scope{Assertion: kind, Cue: spanOf(t, text, of[1]), Scope: spanOf(t, text, of[2])})
	}
	return s
}

func TestScopes(t *testing.T) {
	all := []gold.ScopedSentence{
		sentence(t, "No blorb was heard.", [3]string{"negation", "No", "No blorb was heard."}),
		sentence(t, "No evidence of grume.", [3]string{"negation", "No evidence of", "No evidence of grume"}), // the keyword is "No"
		sentence(t, "It may be snell.", [3]string{"speculation", "may", "may be snell"}),
		sentence(t, "Heard to be snell.", [3]string{"speculation", "Heard", "Heard to be snell"}), // no cue
		sentence(t, "The wheeze has resolved."),                                                   // a denial in no words of denial
		sentence(t, "Likely snell."),                                                              // the engine has a cue
		sentence(t, "No fever, but grume.", [3]string{"negation", "No", "No"}),
		sentence(t, "Rule out snell.", [3]string{"negation", "Rule out", "Rule out snell"}), // of the other kind
	}
	r := eval.Scopes(newEngine(t), all, eval.Options{})
	assert.Equal(t, len(all), r.Sentences)
	checkFigures(t, r.Figures, map[string]float64{
		"negation.cue": 4. / 7, "negation.cue.precision": 2. / 3, "negation.cue.recall": 2. / 4,
		"negation.cue.overlap": 6. / 7,
		"negation.scope":       18. / 22, "negation.scope.precision": 9. / 10, "negation.scope.recall": 9. / 12,
		"negation.exact":    4. / 7,
		"speculation.cue":   2. / 5,
		"speculation.scope": 6. / 15, "speculation.scope.precision": 3. / 8, "speculation.scope.recall": 3. / 7,
		"speculation.cue.overlap": 2. / 5,
		"speculation.exact":       2. / 5,
		"scope":                   24. / 37,
	}, map[string]int{"negation.cue": 4, "negation.scope": 12, "negation.exact": 4, "speculation.scope": 7, "scope": 19})

	var got []string
	for _, e := range r.Errors {
		got = append(got, e.Kind()+" by "+e.Cue)
	}
	assert.Equal(t, []string{
		"uncertain -> unmentioned by ",
		"unmentioned -> uncertain by commit.probable",
		"scope of negative by negation.no",
		"negative -> uncertain by hedge.conditional",
	}, got)

	// One cue alone: nothing can be said of the other kind.
	r = eval.Scopes(newEngine(t), all[:1], eval.Options{})
	checkFigures(t, r.Figures, map[string]float64{
		"negation.cue": 1, "scope": 1,
		"speculation.cue": math.NaN(), "speculation.scope": math.NaN(), "speculation.exact.recall": math.NaN(),
	}, nil)

	r = eval.Scopes(newEngine(t), []gold.ScopedSentence{sentence(t, "A blorb versus an old snell, a dull thing.",
		[3]string{"speculation", "versus", "A blorb versus an old snell"})}, eval.Options{})
	checkFigures(t, r.Figures, map[string]float64{"speculation.cue": 1, "speculation.scope": 1, "speculation.exact": 1}, nil)
	assert.Empty(t, r.Errors)
}

func TestAssertionsOfNothing(t *testing.T) {
	for _, r := range []eval.AssertionResult{
		eval.Negated(newEngine(t), nil, eval.Options{Resamples: 10}),
		eval.Scopes(newEngine(t), nil, eval.Options{Resamples: 10}),
	} {
		assert.Zero(t, r.Sentences)
		assert.NotEmpty(t, r.Figures)
		for _, f := range r.Figures {
			assert.True(t, math.IsNaN(f.Value) && math.IsNaN(f.Low) && math.IsNaN(f.High), f.Name)
		}
	}
}

func TestAssertionIntervals(t *testing.T) {
	var rows []gold.Concept
	for _, adjective := range []string{"old", "tall", "small", "large", "dull"} {
		rows = append(rows, concepts(t,
			[2]string{"No " + adjective + " BLORB.", "negated"},
			[2]string{"BLORB, " + adjective + ", a thing of the past.", "negated"})...)
	}
	opts := eval.Options{Resamples: 200, Seed: 7}
	r := eval.Negated(newEngine(t), rows, opts)
	f, _ := eval.Find(r.Figures, "negated.recall")
	assert.InDelta(t, .5, f.Value, 1e-12)
	assert.True(t, 0 < f.Low && f.Low < .5 && .5 < f.High && f.High < 1, "%v", f)
	assert.Equal(t, r, eval.Negated(newEngine(t), rows, opts), "the same seed gives the same intervals")
}
