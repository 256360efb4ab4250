package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
)

// files makes a file system of name, content pairs.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

const smallMain = `ruleset: small
doc: Two observations.
observations: [Edema, Fracture, Nothing]
`

const smallEdema = `observation: Edema
doc: Fluid in the lung.
rules:
  - id: edema.edema
    doc: By name.
    phrases:
      - "@mod* edema~"
      - pulmonary congestion
    unless: [leg edema]
    also: [Fracture]
    tags: [sign]
    bare: uncertain
    as: {positive: uncertain, uncertain: negative}
    weak: true
    examples:
      positive: ["Mild <edema>."]
      negative: ["No <edema>."]
      unmentioned: [Leg edema.]
`

const smallCues = `cues:
  - id: negation.no
    doc: Plain.
    kind: negation
    direction: backward
    only: [sign]
    except: [device]
    explains: [sign]
    ends: [uncertainty, affirmation]
    when: after-mention
    reach: 4
    lists: true
    weak: true
    phrases: ["no"]
    unless: [no longer]
    examples:
      negative: ["No <edema>."]
`

const smallClasses = `classes:
  - {name: mod, doc: Adjectives., words: [mild, moderate to severe]}
`

const smallSections = `policy: [impression, last-paragraph]
sections:
  - name: impression
    doc: The conclusion.
    headers: [impression, conclusion]
    contains: [impress]
    labelled: true
    block: true
`

func small() fstest.MapFS {
	return files("ruleset.yaml", smallMain, "edema.yaml", smallEdema, "cues.yaml", smallCues,
		"classes.yaml", smallClasses, "sections.yaml", smallSections, "README.md", "not: [yaml")
}

func TestLoad(t *testing.T) {
	s, err := Load(small())
	require.NoError(t, err)
	assert.Equal(t, "small", s.Name)
	assert.Equal(t, []corpus.Observation{"Edema", "Fracture", "Nothing"}, s.Observations)
	assert.Equal(t, []string{"impression", "last-paragraph"}, s.Policy)
	require.Len(t, s.Sections, 1)
	assert.Equal(t, segment.SectionDef{
		Name: "impression", Doc: "The conclusion.", Headers: []string{"impression", "conclusion"},
		Contains: []string{"impress"}, Labelled: true, Block: true,
	}, s.Sections[0])

	r, ok := s.Rule("edema.edema")
	require.True(t, ok)
	assert.Equal(t, Rule{
		ID: "edema.edema", Doc: "By name.", Observation: "Edema", Also: []corpus.Observation{"Fracture"},
		Tags: []string{"sign"}, Bare: corpus.Uncertain, Weak: true,
		As: [4]corpus.Assertion{corpus.Unmentioned, corpus.Negative, corpus.Negative, corpus.Uncertain},
		Phrases: []Phrase{
			{"@mod* edema~", Pos{"edema.yaml", 7, 9}},
			{"pulmonary congestion", Pos{"edema.yaml", 8, 9}},
		},
		Unless: []Phrase{{"leg edema", Pos{"edema.yaml", 9, 14}}},
		Examples: []Example{
			{"Mild <edema>.", corpus.Positive, Pos{"edema.yaml", 16, 18}},
			{"No <edema>.", corpus.Negative, Pos{"edema.yaml", 17, 18}},
			{"Leg edema.", corpus.Unmentioned, Pos{"edema.yaml", 18, 21}},
		},
		Pos: Pos{"edema.yaml", 4, 5},
	}, *r)

	c, ok := s.Cue("negation.no")
	require.True(t, ok)
	assert.Equal(t, Cue{
		ID: "negation.no", Doc: "Plain.", Kind: Negation, Direction: Backward, Only: []string{"sign"}, Except: []string{"device"}, Explains: []string{"sign"},
		Ends: []Kind{Uncertainty, Affirmation}, When: AfterMention, Reach: 4, Lists: true, Weak: true,
		Phrases:  []Phrase{{"no", Pos{"cues.yaml", 14, 15}}},
		Unless:   []Phrase{{"no longer", Pos{"cues.yaml", 15, 14}}},
		Examples: []Example{{"No <edema>.", corpus.Negative, Pos{"cues.yaml", 17, 18}}},
		Pos:      Pos{"cues.yaml", 2, 5},
	}, *c)

	_, ok = s.Rule("edema.none")
	assert.False(t, ok)
	_, ok = s.Cue("none")
	assert.False(t, ok)
}

func TestLoadDefaults(t *testing.T) {
	s, err := Load(files("ruleset.yaml", "ruleset: x\nobservations: [A]\n",
		"a.yaml", "observation: A\nrules:\n  - {id: a.b, phrases: [c]}\n"))
	require.NoError(t, err)
	assert.Equal(t, corpus.Positive, s.Rules[0].Bare)
	assert.Equal(t, identity, s.Rules[0].As)
}

// with gives the small set with one file replaced or added.
func with(name, content string) fstest.MapFS {
	fsys := small()
	fsys[name] = &fstest.MapFile{Data: []byte(content)}
	return fsys
}

func TestLoadErrors(t *testing.T) {
	rule := func(lines string) string {
		return "observation: Edema\nrules:\n  - id: edema.x\n    phrases: [x]\n" + lines
	}
	cue := func(lines string) string {
		return "cues:\n  - id: c\n" + lines
	}
	class := func(words string) string {
		return "classes:\n  - name: mod\n    words: " + words + "\n"
	}
	for _, c := range []struct {
		name, file, content string
		want                string // the messages' first lines
	}{
		{"no kind", "x.yaml", "rule: []", `x.yaml:1:1: a rule file has one of the keys ruleset, observation, cues, classes, sections; this one has none of them`},
		{"two kinds", "x.yaml", "cues: []\nclasses: []", `x.yaml:1:1: a rule file has one of the keys ruleset, observation, cues, classes, sections; this one has cues and classes`},
		{"empty file", "x.yaml", "# nothing\n", `x.yaml:1: file is empty; a rule file begins with one of the keys ruleset, observation, cues, classes, sections`},
		{"not a mapping", "x.yaml", "- a\n", `x.yaml:1:1: a rule file is a mapping (key: value), not a list`},
		{"syntax", "x.yaml", "cues:\n  - id: \"x\n", `x.yaml:2:9: not YAML: could not find end character of double-quoted text`},
		{"bare @", "x.yaml", "classes:\n  - name: x\n    words:\n      - @mod x\n", `x.yaml:4:9: not YAML: '@' is a reserved character; quote the text: "@side lung"`},
		{"two documents", "x.yaml", "cues: []\n---\ncues: []\n", `x.yaml:3:1: a rule file holds one YAML document; put the second into a file of its own`},
		{"second ruleset", "x.yaml", "ruleset: other\n", `x.yaml:1:1: there is a ruleset.yaml already; a rule set has one file with the key ruleset`},
		{"unknown key", "edema.yaml", rule("    phrase: [x]\n"), `edema.yaml:5:5: edema.x: unknown key "phrase"; did you mean "phrases"?`},
		{"repeated key", "edema.yaml", rule("    phrases: [y]\n"), `edema.yaml:5:5: edema.x: key "phrases" stands here twice`},
		{"no id", "edema.yaml", "observation: Edema\nrules:\n  - phrases: [x]\n", `edema.yaml:3:5: rule has no id; give it one of the form edema.NAME`},
		{"wrong stem", "edema.yaml", "observation: Edema\nrules:\n  - id: oedema.x\n    phrases: [x]\n", `edema.yaml:3:9: oedema.x: id "oedema.x": in this file want edema.NAME, with NAME in lower case, digits and hyphens`},
		{"upper case id", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.X\n    phrases: [x]\n", `edema.yaml:3:9: edema.X: id "edema.X": in this file want edema.NAME, with NAME in lower case, digits and hyphens`},
		{"repeated id", "edema.yaml", rule("  - id: edema.x\n    phrases: [y]\n"), `edema.yaml:5:5: edema.x: id "edema.x" is there already, at edema.yaml:3:5`},
		{"repeated id, and errors in both", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases: [(x]\n  - id: edema.x\n    phrases: [y)]\n    also: [Air]\n", "edema.yaml:4:15: edema.x: \"(\" without \")\"; write \\( for the mark itself\nedema.yaml:5:5: edema.x: id \"edema.x\" is there already, at edema.yaml:3:5\nedema.yaml:6:16: edema.x: \")\" without \"(\"; write \\) for the mark itself\nedema.yaml:7:12: edema.x: unknown observation \"Air\"; known: Edema, Fracture, Nothing"},
		{"repeated cue, and errors in both", "cues.yaml", cue("    kind: negation\n    phrases: [(x]\n  - id: c\n    kind: negation\n    phrases: [(y]\n"), "cues.yaml:4:15: c: \"(\" without \")\"; write \\( for the mark itself\ncues.yaml:5:5: c: id \"c\" is there already, at cues.yaml:2:5\ncues.yaml:7:15: c: \"(\" without \")\"; write \\( for the mark itself"},
		{"no phrases", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n", `edema.yaml:3:5: edema.x: rule has no phrases`},
		{"null phrases", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases:\n", "edema.yaml:4:14: edema.x: phrases is a list, not nothing"},
		{"empty phrases", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases: []\n", "edema.yaml:4:14: edema.x: phrases is empty"},
		{"unknown observation", "edema.yaml", "observation: Oedema\nrules:\n  - id: edema.x\n    phrases: [x]\n", `edema.yaml:1:14: unknown observation "Oedema"; did you mean "Edema"?`},
		{"unknown also", "edema.yaml", rule("    also: [Edem]\n"), `edema.yaml:5:12: edema.x: unknown observation "Edem"; did you mean "Edema"?`},
		{"bare", "edema.yaml", rule("    bare: maybe\n"), `edema.yaml:5:11: edema.x: assertion "maybe": want positive, negative, uncertain or unmentioned`},
		{"as", "edema.yaml", rule("    as: {yes: no}\n"), `edema.yaml:5:10: edema.x: unknown key "yes"; known: negative, positive, uncertain, unmentioned`},
		{"weak", "edema.yaml", rule("    weak: \"true\"\n"), `edema.yaml:5:11: edema.x: weak is true or false, not a text`},
		{"tag", "edema.yaml", rule("    tags: [A b]\n"), `edema.yaml:5:12: edema.x: tag "A b": want lower case, digits and hyphens`},
		{"phrase with a colon", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases:\n      - a: b\n", "edema.yaml:5:9: edema.x: a phrase is a text, not a mapping; quote it if it holds \": \""},
		{"mark without end", "edema.yaml", rule("    examples:\n      positive: [\"<x.\"]\n"), `edema.yaml:6:18: edema.x: example has "<" without ">"; a mention is marked <...>`},
		{"no mark", "edema.yaml", rule("    examples:\n      positive: [x.]\n"), `edema.yaml:6:18: edema.x: positive example marks no mention; put it in <...>`},
		{"alias", "edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases: &p [x]\n", "edema.yaml:4:14: edema.x: phrases is a list, not a YAML anchor, alias or tag"},

		{"cue kind", "cues.yaml", cue("    kind: negating\n    phrases: [x]\n"), `cues.yaml:3:11: c: kind "negating" is none of pseudo, exclusion, uncertainty, negation, affirmation, alternative, terminator`},
		{"no cue kind", "cues.yaml", cue("    phrases: [x]\n"), `cues.yaml:2:5: c: cue has no kind; it is one of pseudo, exclusion, uncertainty, negation, affirmation, alternative, terminator`},
		{"cue direction", "cues.yaml", cue("    kind: negation\n    direction: up\n    phrases: [x]\n"), `cues.yaml:4:16: c: direction "up" is none of forward, backward, both, inside, either, antecedent`},
		{"cue reach", "cues.yaml", cue("    kind: negation\n    reach: -1\n    phrases: [x]\n"), `cues.yaml:4:12: c: reach is a number of tokens from 0`},
		{"cue ends", "cues.yaml", cue("    kind: terminator\n    ends: [all]\n    phrases: [x]\n"), `cues.yaml:4:12: c: kind "all" is none of pseudo, exclusion, uncertainty, negation, affirmation, alternative, terminator`},
		{"cue when", "cues.yaml", cue("    kind: terminator\n    when: end\n    phrases: [x]\n"), `cues.yaml:4:11: c: when "end" is none of anywhere, start, after-mention, next-to-mention`},
		{"cue implies", "cues.yaml", cue("    kind: negation\n    implies: pseudo\n    phrases: [x]\n"), `cues.yaml:4:14: c: implies "pseudo": what is suggested is negated, hedged or affirmed; want negation, uncertainty, affirmation`},
		{"cue id", "cues.yaml", "cues:\n  - id: No\n    kind: negation\n    phrases: [x]\n", `cues.yaml:2:9: No: id "No": want lower case, digits and hyphens, with at most one dot (negation.no)`},

		{"class name", "x.yaml", "classes:\n  - name: number\n    words: [x]\n", `x.yaml:2:11: number: class @number is built in; take another name`},
		{"repeated class", "x.yaml", class("[x]"), `x.yaml:2:5: mod: class "mod" is there already, at classes.yaml:2:5`},
		{"repeated class, and errors in both", "classes.yaml", "classes:\n  - {name: mod, words: [(a]}\n  - {name: mod, words: ['@mod', '@mid']}\n", "classes.yaml:2:25: mod: \"(\" without \")\"; write \\( for the mark itself\nclasses.yaml:3:5: mod: class \"mod\" is there already, at classes.yaml:2:5\nclasses.yaml:3:34: mod: no class @mid; did you mean \"mod\"?"},
		{"class circle", "classes.yaml", "classes:\n  - name: mod\n    words: [a, '@b']\n  - name: b\n    words: ['c @mod']\n", `classes.yaml:5:16: b: classes are defined in a circle: @mod -> @b -> @mod`},
		{"huge class", "classes.yaml", "classes:\n  - name: mod\n    words: ['" + strings.TrimSpace(strings.Repeat("(a|b) ", 14)) + " @two']\n  - name: two\n    words: [c, d]\n", `classes.yaml:3:14: mod: phrase expands to more than 20000 word paths; split it`},
		{"unknown class in class", "classes.yaml", class("['@modd']"), `classes.yaml:3:14: mod: no class @modd; did you mean "mod"?`},
		{"gap in class", "classes.yaml", class("[a ..2 b]"), `classes.yaml:3:15: mod: a class or a repeated group holds words, alternatives and classes, but no gap and no repetition`},
		{"section twice", "x.yaml", "sections:\n  - name: impression\n", `x.yaml:2:5: impression: section "impression" is there already, at sections.yaml:3:5`},
		{"policy", "sections.yaml", "policy: [impresion]\nsections:\n  - name: impression\n", `sections.yaml:1:10: policy: no section "impresion"; did you mean "impression"?`},
		{"header of two sections, and of no letters", "sections.yaml", "policy: [a]\nsections:\n  - {name: a, headers: [x]}\n  - {name: b, headers: [X]}\n  - {name: c, headers: ['..']}\n", "sections.yaml:4:5: b: header \"X\" is listed for section \"a\" and section \"b\": keep one\nsections.yaml:5:5: c: section \"c\": header \"..\" has no letters: remove it"},
		{"no policy", "sections.yaml", "sections:\n  - {name: a, headers: [x]}\n", "sections.yaml:2:5: no policy; say which section to label first: policy: [a]"},
		{"empty header", "sections.yaml", "sections:\n  - name: impression\n    contains: ['']\n", `sections.yaml:3:16: impression: empty text; drop it`},
		{"two derived", "x.yaml", "observation: Edema\nderived: {ignore: []}\n", ""},
		{"derived ignores what is not", "x.yaml", "observation: Edema\nderived: {ignore: [Air]}\n", `x.yaml:2:20: unknown observation "Air"; known: Edema, Fracture, Nothing`},

		{"no name", "ruleset.yaml", "ruleset:\nobservations: [Edema, Fracture]\n", "ruleset.yaml:1:9: ruleset is a text, not nothing"},
		{"bad name", "ruleset.yaml", "ruleset: My Rules\nobservations: [Edema, Fracture]\n", `ruleset.yaml:1:10: ruleset "My Rules": a name is of lower case, digits and hyphens`},
		{"bad name and more", "ruleset.yaml", "extra: 1\nruleset: My Rules\nobservations: [Edema, Fracture]\n", "ruleset.yaml:1:1: unknown key \"extra\"; known: disable, doc, extends, observations, ruleset, unlabelled\nruleset.yaml:2:10: ruleset \"My Rules\": a name is of lower case, digits and hyphens"},
		{"name of a wrong kind", "ruleset.yaml", "ruleset: []\nobservations: [Edema, Fracture]\n", "ruleset.yaml:1:10: ruleset is a text, not a list"},
		{"empty name and more", "edema.yaml", "extra: 1\nobservation: \"\"\n", "edema.yaml:1:1: unknown key \"extra\"; known: derived, doc, observation, rules, takes\nedema.yaml:2:14: observation wants a name"},
		{"disable alone", "ruleset.yaml", smallMain + "disable: [x]\n", `ruleset.yaml:4:10: disable drops parts of another rule set; it wants extends beside it`},
		{"unknown base", "ruleset.yaml", smallMain + "extends: chexprt\n", `ruleset.yaml:4:10: extends: no embedded rule set "chexprt"; known: chestxray14, chexpert`},
		{"takes alone", "x.yaml", "observation: Edema\ntakes: [Fracture]\n", `x.yaml:2:9: takes: "Fracture" is to come from another rule set; it wants extends in ruleset.yaml`},
		{"cue takes alone", "cues.yaml", "cues:\n  - {id: a, kind: negation, takes: [negation.no]}\n", `cues.yaml:2:37: a: takes: no cue "negation.no" is inherited`},
		{"unlabelled twice", "ruleset.yaml", smallMain + "unlabelled: [Air, Edema]\n", `ruleset.yaml:4:19: observation "Edema" stands here twice`},
		{"observation twice", "ruleset.yaml", "ruleset: x\nobservations: [Edema, Fracture, Edema]\n", `ruleset.yaml:2:33: observation "Edema" stands here twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(with(c.file, c.content))
			assert.Equal(t, c.want, firstLines(err))
		})
	}
}

// firstLines gives the messages without source and caret.
func firstLines(err error) string {
	if err == nil {
		return ""
	}
	var errs Errors
	if !errors.As(err, &errs) {
		return "no Errors: " + err.Error()
	}
	var lines []string
	for _, e := range errs {
		lines = append(lines, strings.SplitN(e.Error(), "\n", 2)[0])
	}
	return strings.Join(lines, "\n")
}

func TestPhraseErrors(t *testing.T) {
	for _, c := range []struct {
		phrase string
		at     int // column within the phrase, from 1
		what   string
	}{
		{``, 0, "phrase is empty"},
		{`a (b`, 3, `"(" without ")"; write \( for the mark itself`},
		{`a b)`, 4, `")" without "("; write \) for the mark itself`},
		{`a|b`, 2, `"|" outside a group; write (a|b), or one phrase for each`},
		{`a (b|)`, 6, "nothing here to match; write x? for an optional x"},
		{`()`, 2, "nothing here to match; write x? for an optional x"},
		{`a @ b`, 3, `"@" wants the name of a class (lower case, digits, hyphens); write \@ for the mark itself`},
		{`a @modd b`, 3, `no class @modd; did you mean "mod"?`},
		{`a (b|@modd)* c`, 6, `no class @modd; did you mean "mod"?`},
		{`a ..0 b`, 3, "a gap is ..1 to ..20 tokens long"},
		{`a ..21 b`, 3, "a gap is ..1 to ..20 tokens long"},
		{`a ..3b`, 6, "a gap ends with a blank: ..3 word"},
		{`..3 b`, 1, "a gap stands between words; this one begins or ends the phrase when its optional neighbours are left out"},
		{`a ..3 b?`, 1, "a gap stands between words; this one begins or ends the phrase when its optional neighbours are left out"},
		{`@mod* ..3 b`, 1, "a gap stands between words; this one begins or ends the phrase when its optional neighbours are left out"},
		{`a? (b|c)?`, 1, "phrase could match nothing: every part is optional"},
		{`@mod*`, 1, "phrase could match nothing: every part is optional"},
		{"a" + strings.Repeat(" a", maxMatch), 1, "phrase is longer than 60 words, and no match is"},
		{`(a?|b c?)* d`, 2, "phrase could match nothing: every part is optional"},
		{`a* b`, 2, `"*" is for classes and groups (@mod*); write \* for the mark itself`},
		{`a b~~`, 5, `'~' cannot follow here: an item takes one sign, and "~" comes first (word~?)`},
		{`a ?`, 3, `'?' has nothing to act on; write \? for the mark itself`},
		{`a b?~`, 5, `'~' cannot follow here: an item takes one sign, and "~" comes first (word~?)`},
		{`a 12~`, 5, `only words are inflected; "12" is none`},
		{`a b~x`, 5, `after "~" comes a blank, or "v" for a verb`},
		{`a \`, 3, `"\" wants a mark behind it: \? \( \+`},
		{`(a|b c) (d ..2 e)+`, 12, "a class or a repeated group holds words, alternatives and classes, but no gap and no repetition"},
		{`é (b`, 3, `"(" without ")"; write \( for the mark itself`},
		{strings.Repeat("(", 21) + "a" + strings.Repeat(")", 21), 21, "groups are nested more than 20 deep"},
		{strings.TrimSpace(strings.Repeat("(@mod|a)? ", 12)) + " b", 1, "phrase expands to more than 20000 word paths; split it, or use a class"},
	} {
		for _, quote := range []string{"'", `"`} {
			phrase := c.phrase
			if quote == `"` {
				if strings.Contains(phrase, `\`) { // spelt otherwise in the file: the caret stays at the beginning
					continue
				}
			}
			file := "observation: Edema\nrules:\n  - id: edema.x\n    phrases:\n      - " + quote + phrase + quote + "\n"
			_, err := Load(with("edema.yaml", file))
			var errs Errors
			require.ErrorAs(t, err, &errs, phrase)
			require.Len(t, errs, 1, phrase)
			assert.Equal(t, c.what, errs[0].What, phrase)
			assert.Equal(t, Pos{"edema.yaml", 5, 9 + c.at}, errs[0].Pos, phrase)
			assert.Equal(t, "edema.x", errs[0].ID)
		}
	}
}

func TestErrorsHaveSourceAndCaretInFileOrder(t *testing.T) {
	fsys := small()
	fsys["edema.yaml"].Data = []byte("observation: Edema\r\nrules:\r\n  - id: edema.x\r\n    phrases:\r\n      - é (@mod|@mid) x\r\n      - a)\r\n")
	fsys["cues.yaml"].Data = []byte("cues:\n- id: c\n  kind: negation\n  phrases: [\"(x\"]\n")
	_, err := Load(fsys)
	assert.EqualError(t, err, `cues.yaml:4:14: c: "(" without ")"; write \( for the mark itself
    phrases: ["(x"]
               ^
edema.yaml:5:17: edema.x: no class @mid; did you mean "mod"?
        - é (@mod|@mid) x
                  ^
edema.yaml:6:10: edema.x: ")" without "("; write \) for the mark itself
        - a)
           ^`)
	var one *Error
	require.ErrorAs(t, err, &one)
	assert.Equal(t, "cues.yaml", one.Pos.File)
}

// Too many classes hide nothing else, and are no names that nobody knows.
func TestTooManyClasses(t *testing.T) {
	var classes strings.Builder
	classes.WriteString("classes:\n")
	for i := range maxClasses - int(classNamed) + 2 {
		fmt.Fprintf(&classes, "  - {name: c%d, words: [w, x y]}\n", i)
	}
	fsys := with("classes.yaml", classes.String())
	fsys["edema.yaml"].Data = []byte("observation: Edema\nrules:\n  - id: edema.x\n    phrases: ['w @c63 (a|b|c)', '@c1 (a']\n")
	_, err := Load(fsys)
	assert.Equal(t, "classes.yaml:64:5: c62: a rule set has at most 62 classes; join some, or write their words out\n"+
		"edema.yaml:4:38: edema.x: \"(\" without \")\"; write \\( for the mark itself", firstLines(err))
}

func TestLoadWithoutMainFile(t *testing.T) {
	_, err := Load(files("edema.yaml", smallEdema))
	assert.EqualError(t, err, "ruleset.yaml: file is missing; a rule set has one with `ruleset: NAME`, and `extends: chexpert` to build on the embedded set")
}

func TestLoadUnreadableFile(t *testing.T) {
	fsys := small()
	fsys["edema.yaml"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("nowhere")}
	_, err := Load(fsys)
	require.Error(t, err)
	assert.EqualError(t, err, "edema.yaml: cannot be read: file does not exist; mend that, or take it out of the folder")
}

func TestLoadDir(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	_, err := LoadDir(none)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualError(t, err, none+": no such file or directory; give the folder that holds ruleset.yaml")

	file := filepath.Join(dir, "ruleset.yaml")
	require.NoError(t, os.WriteFile(file, []byte("ruleset: x\nextends: chexpert\nextra: 1\n"), 0o666))
	_, err = LoadDir(file)
	assert.EqualError(t, err, file+": not a folder; give the one that holds ruleset.yaml")
	_, err = LoadDir(dir)
	assert.ErrorContains(t, err, file+`:3:1: unknown key "extra"`)

	require.NoError(t, os.WriteFile(file, []byte("ruleset: x\nextends: chexpert\n"), 0o666))
	s, err := LoadDir(dir)
	require.NoError(t, err)
	base, err := Embedded("chexpert")
	require.NoError(t, err)
	assert.Equal(t, base.Rules, s.Rules)
	assert.Equal(t, "x", s.Name)
	assert.NotEqual(t, base.Digest, s.Digest)
}

func TestExtends(t *testing.T) {
	base, err := Embedded("chexpert")
	require.NoError(t, err)
	first, second := base.Rules[0], base.Rules[1]
	stem, _, _ := strings.Cut(first.ID, ".")
	s, err := Load(files(
		"ruleset.yaml", "ruleset: mine\nextends: chexpert\ndisable: ["+second.ID+", "+base.Cues[0].ID+"]\nobservations: [Foreign Body]\n",
		stem+".yaml", "observation: "+string(first.Observation)+"\nrules:\n  - {id: "+first.ID+", doc: mine, phrases: [my '@mod' word]}\n",
		"foreign-body.yaml", "observation: Foreign Body\nrules:\n  - {id: foreign-body.coin, phrases: [coin~]}\n",
		"classes.yaml", "classes:\n  - {name: mod, words: [only]}\n",
	))
	require.NoError(t, err)
	assert.Len(t, s.Rules, len(base.Rules)) // one dropped, one added
	assert.Equal(t, first.ID, s.Rules[0].ID)
	assert.Equal(t, "mine", s.Rules[0].Doc)
	assert.Empty(t, s.Rules[0].Unless)
	_, ok := s.Rule(second.ID)
	assert.False(t, ok)
	_, ok = s.Cue(base.Cues[0].ID)
	assert.False(t, ok)
	assert.Equal(t, append(base.Observations[:len(base.Observations):len(base.Observations)], "Foreign Body"), s.Observations)
	assert.Equal(t, base.Sections, s.Sections)
	assert.Equal(t, base.Policy, s.Policy)

	assert.False(t, s.Inherits(first.ID))
	assert.False(t, s.Inherits("foreign-body.coin"))
	assert.True(t, s.Inherits(base.Rules[2].ID))
	assert.False(t, base.Inherits(base.Rules[2].ID))

	whole := s.Undisabled()
	assert.Len(t, whole.Rules, len(base.Rules)+1)
	assert.Equal(t, base.Cues, whole.Cues)
	assert.Equal(t, s.Rules[0], whole.Rules[0])
	assert.Same(t, base, base.Undisabled())

	_, err = Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\ndisable: ["+second.ID+"x]\n"))
	assert.ErrorContains(t, err, `ruleset.yaml:3:11: disable: chexpert has no rule, cue or observation "`+second.ID+`x"; did you mean "`+second.ID+`"?`)
}

func TestExtendsWithAHeaderInTheWay(t *testing.T) {
	_, err := Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\n",
		"sections.yaml", "sections:\n  - {name: wet read, headers: [impression]}\n"))
	assert.Equal(t, `sections.yaml:2:5: impression: header "impression" is listed for section "wet read" and section "impression": keep one`, firstLines(err))
}

func TestExtendsDropsAnObservation(t *testing.T) {
	s, err := Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\ndisable: [Pneumonia]\n"))
	require.NoError(t, err)
	assert.NotContains(t, s.Observations, corpus.Observation("Pneumonia"))
	for _, r := range s.Rules {
		assert.NotEqual(t, corpus.Observation("Pneumonia"), r.Observation, r.ID)
		assert.NotContains(t, r.Also, corpus.Observation("Pneumonia"), r.ID)
	}
}

// What is taken counts for the observations that take it, under the ids that it
// has, and for no other.
func TestTakes(t *testing.T) {
	base, err := Embedded("chexpert")
	require.NoError(t, err)
	main := "ruleset: mine\nextends: chexpert\nobservations: [Effusion, Fluid, Coin, Pneumonia]\nunlabelled: [Fracture, Air]\n"
	fsys := files(
		"ruleset.yaml", main,
		"effusion.yaml", "observation: Effusion\ntakes: [Pleural Effusion, pneumothorax.pneumothorax]\n",
		"fluid.yaml", "observation: Fluid\ntakes: [pneumothorax.pneumothorax]\n",
		"air.yaml", "observation: Air\ntakes: [pneumothorax.pleural-air]\n",
		"cues.yaml", "cues:\n  - {id: maybe, kind: affirmation, takes: [hedge.possible], phrases: [who knows]}\n",
	)
	s, err := Load(fsys)
	require.NoError(t, err)
	assert.Equal(t, []corpus.Observation{
		"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Lesion", "Lung Opacity", "Edema",
		"Consolidation", "Atelectasis", "Pneumothorax", "Pleural Other", "Support Devices",
		"Effusion", "Fluid", "Coin", "Pneumonia"}, s.Observations)
	assert.Equal(t, []corpus.Observation{"Fracture", "Air"}, s.Unlabelled)
	require.Len(t, s.Rules, len(base.Rules))
	for i, r := range s.Rules {
		was := base.Rules[i]
		assert.Equal(t, was.ID, r.ID)
		assert.True(t, s.Inherits(r.ID))
		want, also := was.Observation, was.Also
		switch {
		case r.ID == "pneumothorax.pneumothorax":
			want, also = "Effusion", []corpus.Observation{"Fluid"}
		case r.ID == "pneumothorax.pleural-air":
			want = "Air"
		case r.ID == "pneumothorax.hydropneumothorax":
			also = []corpus.Observation{"Effusion"}
		case was.Observation == "Pleural Effusion":
			want = "Effusion"
		}
		assert.Equal(t, want, r.Observation, r.ID)
		assert.Equal(t, also, r.Also, r.ID)
	}

	cue, ok := s.Cue("maybe")
	require.True(t, ok)
	possible, ok := base.Cue("hedge.possible")
	require.True(t, ok)
	assert.Equal(t, Affirmation, cue.Kind)
	assert.Len(t, cue.Phrases, 1+len(possible.Phrases))
	assert.Equal(t, possible.Phrases, cue.Phrases[1:])
	assert.Equal(t, possible.Unless, cue.Unless)
	_, ok = s.Cue("hedge.possible")
	assert.False(t, ok)
	_, ok = s.Undisabled().Cue("hedge.possible")
	assert.True(t, ok)
	_, ok = s.Undisabled().Cue("maybe")
	assert.False(t, ok)

	for _, c := range []struct{ name, file, content, want string }{
		{"unknown rule", "air.yaml", "observation: Air\ntakes: [pneumothorax.plueral-air]\n",
			`air.yaml:2:9: takes: chexpert has no rule or observation "pneumothorax.plueral-air"; did you mean "pneumothorax.pleural-air"?`},
		{"unknown observation", "air.yaml", "observation: Iar\ntakes: [Fracture]\n", `air.yaml:1:14: unknown observation "Iar"; did you mean "Air"?`},
		{"a rule twice", "air.yaml", "observation: Air\ntakes: [pneumothorax.pleural-air, pneumothorax.pleural-air]\n",
			`air.yaml:2:35: takes: "pneumothorax.pleural-air" is taken for "Air" already; drop one`},
		{"a rule twice, in two files", "more.yaml", "observation: Fluid\ntakes: [pneumothorax.pneumothorax]\n",
			`more.yaml:2:9: takes: "pneumothorax.pneumothorax" is taken for "Fluid" already; drop one`},
		{"an observation twice", "effusion.yaml", "observation: Effusion\ntakes: [Pleural Effusion, Pleural Effusion]\n",
			`effusion.yaml:2:27: takes: "Pleural Effusion" is taken for "Effusion" already; drop one`},
		{"the derived observation", "air.yaml", "observation: Air\ntakes: [No Finding]\n",
			`air.yaml:2:9: takes: "No Finding" is the derived observation, and taken whole it is gone; ` +
				`list it in ruleset.yaml as well, say in one file that its observation is derived (derived: {ignore: []}), or take its rules by their ids`},
		{"unknown cue", "cues.yaml", "cues:\n  - {id: maybe, kind: affirmation, takes: [hedge.posible]}\n",
			`cues.yaml:2:44: maybe: takes: no cue "hedge.posible" is inherited; did you mean "hedge.possible"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := maps.Clone(fsys)
			broken[c.file] = &fstest.MapFile{Data: []byte(c.content)}
			_, err := Load(broken)
			assert.Equal(t, c.want, firstLines(err))
		})
	}
}

// A rule that counts for two observations counts once for one that takes both.
func TestTakesBoth(t *testing.T) {
	s, err := Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\nobservations: [Pleura]\n",
		"pleura.yaml", "observation: Pleura\ntakes: [Pleural Effusion, Pneumothorax]\n"))
	require.NoError(t, err)
	r, ok := s.Rule("pneumothorax.hydropneumothorax")
	require.True(t, ok)
	assert.Equal(t, corpus.Observation("Pleura"), r.Observation)
	assert.Empty(t, r.Also)
}

// The derived observation stays where it is taken and listed again, or where a
// file says which one is derived now.
func TestTakesTheDerived(t *testing.T) {
	main := "ruleset: mine\nextends: chexpert\nobservations: [Other, No Finding]\n"
	other := "observation: Other\ntakes: [No Finding]\n"
	s, err := Load(files("ruleset.yaml", main, "other.yaml", other))
	require.NoError(t, err)
	assert.Equal(t, Derived{"No Finding", []corpus.Observation{"Support Devices"}}, s.Derived)
	s, err = Load(files("ruleset.yaml", "ruleset: mine\nextends: chexpert\nobservations: [Other, Normal]\n", "other.yaml", other,
		"normal.yaml", "observation: Normal\nderived: {ignore: []}\n"))
	require.NoError(t, err)
	assert.Equal(t, Derived{Observation: "Normal"}, s.Derived)
}

func TestDigest(t *testing.T) {
	digest := func(fsys fs.FS) string {
		s, err := Load(fsys)
		require.NoError(t, err)
		return s.Digest
	}
	want := digest(small())
	assert.Len(t, want, 64)
	replace := func(file, old, with string) fs.FS {
		fsys := small()
		text := string(fsys[file].Data)
		require.Contains(t, text, old)
		fsys[file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, old, with))}
		return fsys
	}
	more := smallEdema + "  - {id: edema.fluid, phrases: [fluid]}\n"
	split := with("edema.yaml", more)

	assert.Equal(t, want, digest(replace("edema.yaml", "doc: By name.", "doc: Otherwise. # comment")), "docs and comments")
	assert.Equal(t, want, digest(replace("edema.yaml", "pulmonary congestion", `"pulmonary   congestion"`)), "format")
	assert.Equal(t, want, digest(replace("edema.yaml", `"No <edema>."`, `"No <edema> now."`)), "examples")
	renamed := small()
	renamed["z.yaml"] = renamed["classes.yaml"]
	delete(renamed, "classes.yaml")
	assert.Equal(t, want, digest(renamed), "file names")
	reordered := with("edema.yaml", strings.Replace(more, "rules:\n", "rules:\n  - {id: edema.air, phrases: [air]}\n", 1))
	again := with("edema.yaml", more+"  - {id: edema.air, phrases: [air]}\n")
	assert.Equal(t, digest(reordered), digest(again), "order of rules")

	assert.NotEqual(t, want, digest(split), "a rule more")
	assert.NotEqual(t, want, digest(replace("edema.yaml", "pulmonary congestion", "lung congestion")), "a phrase")
	assert.NotEqual(t, want, digest(replace("edema.yaml", "weak: true", "weak: false")), "weak")
	assert.NotEqual(t, want, digest(replace("edema.yaml", "bare: uncertain", "bare: negative")), "bare")
	assert.NotEqual(t, want, digest(replace("cues.yaml", "direction: backward", "direction: both")), "direction")
	assert.NotEqual(t, want, digest(replace("classes.yaml", "mild", "slight")), "class")
	assert.NotEqual(t, want, digest(replace("sections.yaml", "conclusion", "summary")), "section")
	assert.NotEqual(t, want, digest(replace("sections.yaml", "block: true", "block: false")), "block")
	assert.NotEqual(t, want, digest(replace("cues.yaml", "lists: true", "lists: false")), "lists")
	assert.NotEqual(t, want, digest(replace("ruleset.yaml", "Edema, Fracture", "Fracture, Edema")), "order of observations")
}

func TestEmbedded(t *testing.T) {
	assert.Contains(t, Names(), "chexpert")
	for _, name := range Names() {
		s, err := Embedded(name)
		require.NoError(t, err)
		assert.Equal(t, name, s.Name)
		_, err = s.Compile()
		assert.NoError(t, err)
	}
	_, err := Embedded("none")
	assert.EqualError(t, err, `no embedded rule set "none"; known: `+strings.Join(Names(), ", "))
}

func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "rules")
	require.NoError(t, Export("chexpert", dir))
	s, err := LoadDir(dir)
	require.NoError(t, err)
	want, err := Embedded("chexpert")
	require.NoError(t, err)
	assert.Equal(t, want.Digest, s.Digest)
	assert.EqualError(t, Export("chexpert", dir), filepath.Join(dir, "atelectasis.yaml")+": is there already; export into a new folder")
	assert.Error(t, Export("none", dir))
}

// What Export wrote before it failed is gone, and nothing else.
func TestExportFails(t *testing.T) {
	half := files("a.yaml", "a: 1\n", "c.yaml", "c: 1\n")
	half["b.yaml"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("nowhere")}

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.yaml"), nil, 0o666))
	assert.EqualError(t, export(half, dir), filepath.Join(dir, "b.yaml")+
		": file does not exist; nothing was exported: mend that, or give another folder")
	assert.Equal(t, []string{"mine.yaml"}, names(t, dir))

	assert.Error(t, export(half, filepath.Join(dir, "x", "y")))
	assert.Equal(t, []string{"mine.yaml"}, names(t, dir), "folders made are gone too")

	file := filepath.Join(dir, "mine.yaml", "x")
	assert.EqualError(t, Export("chexpert", file), file+": not a directory; give a folder that can be made")
	assert.Equal(t, []string{"mine.yaml"}, names(t, dir))
}

func names(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestParseExample(t *testing.T) {
	for _, c := range []struct {
		text, plain string
		mark        corpus.Span
		ok          bool
		err         string
	}{
		{"No <effusion>.", "No effusion.", corpus.Span{Start: 3, End: 11}, true, ""},
		{"<é>", "é", corpus.Span{Start: 0, End: 2}, true, ""},
		{"Clear.", "Clear.", corpus.Span{}, false, ""},
		{"No <effusion.", "No <effusion.", corpus.Span{}, false, `example has "<" without ">"; a mention is marked <...>`},
		{"No effusion>.", "No effusion>.", corpus.Span{}, false, `example has ">" before "<"; a mention is marked <...>`},
		{"> <x>", "> <x>", corpus.Span{}, false, `example has ">" before "<"; a mention is marked <...>`},
		{"<a> and <b>", "<a> and <b>", corpus.Span{}, false, "example marks more than one mention; mark one, and write another example for the other"},
		{"<a<b>", "<a<b>", corpus.Span{}, false, "example marks more than one mention; mark one, and write another example for the other"},
		{"a < > b", "a < > b", corpus.Span{}, false, "example marks nothing; a mention is marked <...>"},
	} {
		plain, mark, ok, err := ParseExample(c.text)
		assert.Equal(t, c.plain, plain, c.text)
		assert.Equal(t, c.mark, mark, c.text)
		assert.Equal(t, c.ok, ok, c.text)
		if c.err == "" {
			assert.NoError(t, err, c.text)
		} else {
			assert.EqualError(t, err, c.err, c.text)
		}
	}
}

func TestInflection(t *testing.T) {
	for word, want := range map[string]string{
		"effusion": "effusion effusions", "opacity": "opacity opacities", "mass": "mass masses", "patch": "patch patches",
		"apex": "apex apexes", "atelectasis": "atelectasis atelectases", "x-ray": "x-ray x-rays", "y": "y ys",
	} {
		assert.Equal(t, want, strings.Join(plural(word), " "))
	}
	for word, want := range map[string]string{
		"clear": "clear clears cleared clearing", "resolve": "resolve resolves resolved resolving",
		"stop": "stop stops stopped stopping", "pass": "pass passes passed passing", "deny": "deny denies denied denying",
		"lie": "lie lies lied lying", "agree": "agree agrees agreed agreeing", "show": "show shows showed showing",
		"develop": "develop develops developed developing developped developping", "quit": "quit quits quitted quitting",
		"obscure": "obscure obscures obscured obscuring", "need": "need needs needed needing",
	} {
		assert.Equal(t, want, strings.Join(verbForms(word), " "))
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(smallEdema)
	f.Add(smallCues)
	f.Add(smallClasses)
	f.Add(smallSections)
	f.Add("cues:\n  - id: \"x\n")
	f.Add("observation: Edema\nrules: [{id: x.y, phrases: [(]}]\n")
	f.Fuzz(func(t *testing.T, content string) {
		_, err := Load(files("ruleset.yaml", smallMain, "x.yaml", content))
		if err == nil {
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("error of type %T", err)
		}
		for i, e := range errs {
			if e.Pos.File == "" || e.What == "" || e.Error() == "" {
				t.Fatalf("%+v", e)
			}
			if i > 0 && e.Pos.File == errs[i-1].Pos.File && e.Pos.Line < errs[i-1].Pos.Line {
				t.Fatalf("%v before %v", errs[i-1], e)
			}
		}
	})
}
