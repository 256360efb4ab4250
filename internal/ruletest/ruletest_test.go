package ruletest

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/rules"
)

// small is a rule set with the rules and cues given, as YAML list items.
func small(t *testing.T, ruleItems, cueItems string) *rules.Set {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{
		"ruleset.yaml": {Data: []byte("ruleset: small\ndoc: A small set.\nobservations: [No Finding, Edema, Pleural Effusion]\n")},
		"edema.yaml": {Data: []byte(`observation: Edema
doc: Fluid in the lungs.
rules:
  - id: edema.edema
    doc: The word.
    phrases: [edema]
    examples: {positive: [Mild <edema>.]}
`)},
		"fluid.yaml": {Data: []byte("observation: Pleural Effusion\ndoc: Fluid in the pleural space.\nrules:\n" + ruleItems)},
		"no-finding.yaml": {Data: []byte(`observation: No Finding
doc: Nothing abnormal.
derived: {ignore: []}
rules:
  - id: no-finding.scoliosis
    doc: Scoliosis.
    phrases: [scoliosis]
    examples: {positive: [Mild <scoliosis>.], negative: [No <scoliosis>.]}
`)},
		"cues.yaml": {Data: []byte(`cues:
  - id: negation.no
    doc: A denial.
    kind: negation
    direction: forward
    phrases: ["no"]
    examples: {negative: ["No <edema>."]}
` + cueItems)},
		"classes.yaml": {Data: []byte(`classes:
  - {name: verb, doc: Verbs., words: [is, was]}
  - {name: adverb, doc: Words in a predicate., words: [now]}
  - {name: seen, doc: Participles., words: [seen]}
  - {name: and, doc: Joins., words: [and]}
  - {name: or, doc: Joins., words: [or]}
  - {name: affirm, doc: Affirms., words: [with]}
  - {name: mod, doc: Harmless words., words: [left, mild, small]}
`)},
		"sections.yaml": {Data: []byte(`policy: [findings]
sections:
  - {name: findings, doc: What is seen., headers: [findings], labelled: true}
`)},
	})
	require.NoError(t, err)
	return set
}

const effusion = `  - id: fluid.effusion
    doc: The word.
    phrases: [pleural? effusion]
    examples: {positive: [Small <effusion>.]}
`

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name, rules, cues   string
		failures, uncovered []string
	}{
		{name: "all well", rules: effusion},
		{
			name: "wrong assertion",
			rules: `  - id: fluid.x
    doc: The word.
    phrases: [effusion]
    examples: {positive: [No <effusion>.]}
`,
			failures: []string{`fluid.yaml:7:27: fluid.x: "No <effusion>.": expected positive "effusion", got negative "effusion" (rule fluid.x, cue negation.no)`},
		},
		{
			name: "a mark that is longer than the mention",
			rules: `  - id: fluid.x
    doc: The word.
    phrases: [effusion]
    examples: {positive: [<Small effusion>.]}
`,
			failures: []string{`fluid.yaml:7:27: fluid.x: "<Small effusion>.": expected positive "Small effusion", got positive "effusion" (rule fluid.x, cue none)`},
		},
		{
			name: "another rule of the observation takes the mention: right together, wrong alone",
			rules: effusion + `  - id: fluid.x
    doc: The word of the other rule.
    phrases: [fluid]
    examples: {positive: [Small <effusion>.]}
`,
			failures:  []string{`fluid.yaml:11:27: fluid.x: "Small <effusion>.": alone: expected positive "effusion", got no mention`},
			uncovered: []string{`fluid.yaml:10:15: fluid.x: no example matches the phrase "fluid"`},
		},
		{
			name: "a longer mention of another rule: right alone, wrong together",
			rules: effusion + `  - id: fluid.x
    doc: Its last word.
    phrases: [effusion]
    examples: {positive: [Small pleural <effusion>.]}
`,
			failures: []string{`fluid.yaml:11:27: fluid.x: "Small pleural <effusion>.": in the full set: expected positive "effusion", got positive "pleural effusion" (rule fluid.effusion, cue none)`},
		},
		{
			name: "unmentioned, with a mark and without",
			rules: `  - id: fluid.x
    doc: The word.
    phrases: [effusion, fluid]
    unless: [joint effusion]
    examples:
      positive: [Small <effusion>.]
      unmentioned: [Left joint effusion., Left <effusion>., Left effusion., Effusion and <edema>.]
`,
			failures: []string{
				`fluid.yaml:10:43: fluid.x: "Left <effusion>.": in the full set: expected no mention, got positive "effusion" (rule fluid.x, cue none)`,
				`fluid.yaml:10:61: fluid.x: "Left effusion.": in the full set: expected no mention, got positive "effusion" (rule fluid.x, cue none)`,
			},
			uncovered: []string{`fluid.yaml:6:25: fluid.x: no example matches the phrase "fluid"`},
		},
		{
			name:  "a cue that did not decide, and a phrase without an example",
			rules: effusion,
			cues: `  - id: hedge
    doc: A hedge.
    kind: uncertainty
    direction: forward
    phrases: [possible, may be]
    examples: {uncertain: [Possible <edema>.], negative: [No <edema>.], positive: [Possible <edema>.]}
`,
			failures: []string{
				`cues.yaml:13:59: hedge: "No <edema>.": negative, but not by this cue: negative "edema" (rule edema.edema, cue negation.no)`,
				`cues.yaml:13:84: hedge: "Possible <edema>.": expected positive "edema", got uncertain "edema" (rule edema.edema, cue hedge)`,
			},
			uncovered: []string{`cues.yaml:12:25: hedge: no example has the phrase "may be"`},
		},
		{
			name:  "a pseudo-cue with an example that needs it and one that does not",
			rules: effusion,
			cues: `  - id: pseudo
    doc: No cue.
    kind: pseudo
    phrases: [no increase in]
    examples: {positive: [No increase in <edema>., An <edema>.]}
`,
			uncovered: []string{`cues.yaml:12:52: pseudo: "An <edema>.": gives the same without this cue`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := Run(small(t, test.rules, test.cues))
			require.NoError(t, err)
			assert.Equal(t, test.failures, text(report.Failures), "failures")
			assert.Equal(t, test.uncovered, text(report.Uncovered), "uncovered")
		})
	}
}

func text(findings []Finding) (lines []string) {
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	return lines
}

func TestRunCounts(t *testing.T) {
	report, err := Run(small(t, effusion, ""))
	require.NoError(t, err)
	assert.Equal(t, Report{Rules: 3, Cues: 1, Examples: 5}, report)
}

// What rests on things that a set disables is skipped; what else the set breaks
// is not, nor are examples of its own.
func TestRunDisabled(t *testing.T) {
	set, err := rules.Load(fstest.MapFS{
		"ruleset.yaml": {Data: []byte("ruleset: mine\nextends: chexpert\n" +
			"disable: [pleural-effusion.fluid, hedge.may, Fracture, Support Devices]\nobservations: [Coin]\n")},
		"coin.yaml": {Data: []byte(`observation: Coin
rules:
  - id: coin.coin
    doc: The word.
    phrases: [coin, penny]
    examples: {positive: [A <coin>.], uncertain: [This may be a <coin>.]}
`)},
		"cues.yaml": {Data: []byte(`cues:
  - id: negation.there-is
    doc: Breaks what is inherited.
    kind: negation
    phrases: [there is a small left]
    examples: {negative: [There is a small left <coin>.]}
`)},
	})
	require.NoError(t, err)
	report, err := Run(set)
	require.NoError(t, err)
	assert.NotZero(t, report.Skipped)
	assert.Equal(t, []string{`coin.yaml:5:21: coin.coin: no example matches the phrase "penny"`}, text(report.Uncovered))
	var own, broken int
	for _, f := range report.Failures {
		switch {
		case f.ID == "coin.coin":
			own++
			assert.Contains(t, f.What, `expected uncertain "coin", got positive "coin"`)
		default:
			broken++
			assert.Contains(t, f.What, "cue negation.there-is)")
			assert.True(t, set.Inherits(f.ID), f.ID)
		}
	}
	assert.Equal(t, 1, own)
	assert.NotZero(t, broken)
}

// A set that extends one that takes from a third skips what the second skips, and
// what it disables itself.
func TestRunSecondLevel(t *testing.T) {
	for _, disable := range []string{"", "disable: [hedge.may, Hernia]\n"} {
		set, err := rules.Load(fstest.MapFS{"ruleset.yaml": {Data: []byte("ruleset: mine\nextends: chestxray14\n" + disable)}})
		require.NoError(t, err)
		report, err := Run(set)
		require.NoError(t, err)
		assert.Empty(t, text(report.Failures), disable)
		assert.Empty(t, text(report.Uncovered), disable)
		assert.NotZero(t, report.Skipped)
	}
}

// Phrases that a cue takes want no examples: they had them where they stood.
func TestRunTakenPhrases(t *testing.T) {
	set, err := rules.Load(fstest.MapFS{
		"ruleset.yaml": {Data: []byte("ruleset: mine\nextends: chexpert\n")},
		"cues.yaml": {Data: []byte(`cues:
  - id: maybe
    doc: Hedges commit here.
    kind: affirmation
    takes: [hedge.possible]
    phrases: [who knows]
`)},
	})
	require.NoError(t, err)
	report, err := Run(set)
	require.NoError(t, err)
	assert.Equal(t, []string{`cues.yaml:6:15: maybe: no example has the phrase "who knows"`}, text(report.Uncovered))
}

// The embedded rule set keeps what its examples promise.
func TestEmbedded(t *testing.T) {
	for _, name := range rules.Names() {
		set, err := rules.Embedded(name)
		require.NoError(t, err)
		report, err := Run(set)
		require.NoError(t, err)
		assert.Empty(t, text(report.Failures), name)
	}
}
