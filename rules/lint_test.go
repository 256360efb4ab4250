package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

func TestLintAccepts(t *testing.T) {
	fsys := small()
	fsys["cues.yaml"].Data = []byte(strings.Replace(smallCues, "except: [device]", "except: []", 1))
	fsys["ruleset.yaml"].Data = []byte("ruleset: small\nobservations: [Edema, Fracture]\n")
	s, err := Load(fsys)
	require.NoError(t, err)
	assert.Empty(t, s.Lint())
}

func TestLint(t *testing.T) {
	const examples = "    examples: {positive: [<x>.], negative: [No <x>.]}\n"
	rule := func(lines string) string {
		return "observation: Edema\nrules:\n  - id: edema.x\n    doc: x\n    also: [Fracture, Nothing]\n" + lines
	}
	for _, c := range []struct{ name, file, content, want string }{
		{"no doc", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    also: [Fracture, Nothing]\n    phrases: [x]\n" + examples, `edema.yaml:3:5: edema.x: rule has no doc; say in one sentence what it finds`},
		{"no examples", "edema.yaml", rule("    phrases: [x]\n"), `edema.yaml:3:5: edema.x: rule has no examples`},
		{"one-sided examples", "edema.yaml", rule("    phrases: [x]\n    examples: {uncertain: [Maybe <x>.]}\n"), "edema.yaml:3:5: warning: edema.x: rule has no positive example\nedema.yaml:3:5: warning: edema.x: rule has neither a negative nor an unmentioned example"},
		{"cue without doc and examples", "cues.yaml", "cues:\n  - id: c\n    kind: negation\n    phrases: [x]\n", "cues.yaml:2:5: c: cue has no doc; say in one sentence what it does\ncues.yaml:2:5: c: cue has no examples"},
		{"repeated phrase", "edema.yaml", rule("    phrases: [x y, z, X  y]\n" + examples), `edema.yaml:6:23: warning: edema.x: phrase "X  y" stands here already, in line 6`},
		{"repeated unless", "edema.yaml", rule("    phrases: [x]\n    unless: [y, y]\n" + examples), `edema.yaml:7:17: warning: edema.x: unless phrase "y" stands here already, in line 7`},
		{"repeated word", "classes.yaml", "classes:\n  - {name: mod, doc: x, words: [a, a]}\n", `classes.yaml:2:36: warning: mod: word "a" stands here already, in line 2`},
		{"class doc", "classes.yaml", "classes:\n  - {name: mod, words: [a]}\n", `classes.yaml:2:5: mod: class has no doc; say in one sentence what its words have in common`},
		{"phrase of two rules", "edema.yaml", rule("    phrases: [x]\n" + examples + "  - id: edema.y\n    doc: x\n    phrases: [z, x]\n" + examples), `edema.yaml:10:18: warning: edema.y: phrase "x" is also one of edema.x`},
		{"no rule", "ruleset.yaml", "ruleset: x\nobservations: [Edema, Fracture, Rib]\n", `ruleset.yaml: warning: no rule finds "Rib"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := small()
			fsys["cues.yaml"].Data = []byte(strings.NewReplacer("[device]", "[]", "[sign]", "[]").Replace(smallCues))
			fsys["edema.yaml"].Data = []byte(strings.Replace(smallEdema, "[sign]", "[]", 1))
			fsys["ruleset.yaml"].Data = []byte("ruleset: small\nobservations: [Edema, Fracture]\n")
			if c.file == "edema.yaml" {
				fsys["ruleset.yaml"].Data = []byte(smallMain)
			}
			fsys[c.file].Data = []byte(c.content)
			s, err := Load(fsys)
			require.NoError(t, err)
			assert.Equal(t, c.want, firstLines(s.Lint()))
		})
	}
}

// What tags there are, rules and cues say together.
func TestLintTags(t *testing.T) {
	tags := func(s *Set) (found []string) {
		for _, e := range s.Lint() {
			if strings.Contains(e.What, "tag") {
				found = append(found, e.ID+": "+e.What)
			}
		}
		return found
	}
	s := &Set{
		Rules: []Rule{{ID: "a", Tags: []string{"mine"}}, {ID: "b", Tags: []string{"contur"}}},
		Cues:  []Cue{{ID: "c", Only: []string{"mine"}, Except: []string{"contour"}}},
	}
	assert.Equal(t, []string{
		`b: unknown tag "contur": no cue names it; did you mean "contour"?`,
		`c: unknown tag "contour": no rule carries it; did you mean "contur"?`,
	}, tags(s))
	s.Rules[1].Tags = []string{"contour"}
	assert.Empty(t, tags(s))
	for _, tag := range []string{"silhouette", "device", "sign"} {
		assert.Equal(t, []string{`a: unknown tag "` + tag + `": no cue names it`}, tags(&Set{Rules: []Rule{{ID: "a", Tags: []string{tag}}}}))
	}
}

func TestLintBareNegativeWantsNoPositiveExample(t *testing.T) {
	rule := Rule{ID: "a", Doc: "x", As: identity, Bare: corpus.Negative, Phrases: []Phrase{{Text: "x"}},
		Examples: []Example{{Text: "<x>", Assertion: corpus.Negative}}}
	assert.Empty(t, (&Set{Rules: []Rule{rule}}).Lint())
	rule.Bare = corpus.Positive
	assert.Equal(t, "warning: a: rule has no positive example", strings.TrimPrefix(firstLines((&Set{Rules: []Rule{rule}}).Lint()), ": "))
}

// A set that drops or replaces one side of the embedded set's tags is as clean
// as the embedded set.
func TestLintExtension(t *testing.T) {
	base, err := Embedded("chexpert")
	require.NoError(t, err)
	require.Empty(t, base.Lint().Fatal())
	for _, drop := range []string{"Support Devices", tagged(t, base)} {
		s, err := Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\ndisable: ["+drop+"]\n"))
		require.NoError(t, err)
		assert.Empty(t, firstLines(s.Lint().Fatal()), drop)
	}
	s, err := Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\nobservations: [Coin]\n"))
	require.NoError(t, err)
	assert.Equal(t, `ruleset.yaml: warning: no rule finds "Coin"`, firstLines(s.Lint()))
	s, err = Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\n",
		"cues.yaml", "cues:\n  - id: mine\n    doc: x\n    kind: negation\n    only: [silhouete]\n    phrases: [qqq]\n    examples: {negative: [qqq <edema>]}\n"))
	require.NoError(t, err)
	assert.Equal(t, `cues.yaml:2:5: mine: unknown tag "silhouete": no rule carries it; did you mean "silhouette"?`, firstLines(s.Lint().Fatal()))
}

// tagged gives the ids, joined by commas, of all cues that name the first tag
// of the set that some rule carries.
func tagged(t *testing.T, s *Set) string {
	for i := range s.Rules {
		if len(s.Rules[i].Tags) == 0 {
			continue
		}
		var ids []string
		for j := range s.Cues {
			if slices.Contains(slices.Concat(s.Cues[j].Only, s.Cues[j].Except), s.Rules[i].Tags[0]) {
				ids = append(ids, s.Cues[j].ID)
			}
		}
		return strings.Join(ids, ", ")
	}
	t.Fatal("no rule has a tag")
	return ""
}

func TestLintUnreachable(t *testing.T) {
	for _, c := range []struct {
		phrases     []string
		unreachable []string
	}{
		{[]string{"a b?", "a", "a b", "b"}, []string{"a", "a b"}},
		{[]string{"a", "a b?"}, nil},
		{[]string{"(a|b) (c|d|e)", "b d", "b (c|e)", "b f"}, []string{"b d", "b (c|e)"}},
		{[]string{"@side x", "left x", "left upper x", "upper x"}, []string{"left x", "left upper x"}},
		{[]string{"@mod* x", "x", "small x", "@mod x", "@mod+ x", "very small left upper x", "very x"}, []string{"x", "small x", "@mod x", "@mod+ x", "very small left upper x"}},
		{[]string{"a ..2 b", "a b", "a c b", "a c d b", "a c d e b", "a , b", "a ..1 b", "a ..3 b"}, []string{"a b", "a c b", "a c d b", "a ..1 b"}},
		{[]string{"effusion~", "effusions"}, []string{"effusions"}},
		{[]string{"(a|b c)* x", "a b c x", "(b c|a)* x"}, []string{"a b c x", "(b c|a)* x"}},
		{[]string{"a", "A"}, []string{}}, // repeated, which is said instead
	} {
		s := oneRule(c.phrases...)
		var got []string
		for _, e := range s.Lint() {
			if strings.Contains(e.What, "never reached") {
				got = append(got, strings.Split(e.What, `"`)[1])
				assert.False(t, e.Warning)
			}
		}
		assert.ElementsMatch(t, c.unreachable, got, c.phrases)
	}
}

func TestFatal(t *testing.T) {
	errs := Errors{{What: "a"}, {What: "b", Warning: true}}
	assert.Equal(t, Errors{{What: "a"}}, errs.Fatal())
	assert.Len(t, errs, 2)
}
