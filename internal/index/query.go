package index

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
)

// Query is a query that an index has understood. The zero value finds every report.
type Query struct {
	text string
	root node // nil: every report
}

// String is the query as it was written.
func (q Query) String() string { return q.text }

// conditions are what the query joins by AND, as they are written.
func (q Query) conditions() []string {
	switch root := q.root.(type) {
	case nil, everything:
		return nil
	case allOf:
		if root.offset == len(q.text)-len(strings.TrimLeft(q.text, " \t\n\r")) { // else it is in parentheses
			return root.written
		}
	case anyOf:
		if root.offset == len(q.text)-len(strings.TrimLeft(q.text, " \t\n\r")) {
			return []string{"(" + strings.TrimSpace(q.text) + ")"}
		}
	}
	return []string{strings.TrimSpace(q.text)}
}

// Has reports whether a condition is one of those that the query joins by AND.
func (q Query) Has(condition string) bool { return slices.Contains(q.conditions(), condition) }

// Toggle gives the query with a condition beside it, or without it where it has it.
func (q Query) Toggle(condition string) string {
	all := q.conditions()
	if i := slices.Index(all, condition); i >= 0 {
		all = slices.Delete(slices.Clone(all), i, i+1)
	} else {
		all = append(slices.Clone(all), condition)
	}
	return strings.Join(all, " ")
}

// QueryError is a query that cannot be understood, with the place where it is wrong.
type QueryError struct {
	Query  string
	Offset int    // in bytes of Query
	Length int    // in bytes; 0 at the end of Query
	What   string // what is wrong
	Do     string // what to do; may be empty
	Near   string // the name or value that may have been meant, in place of what is at Offset; may be empty
}

// Error says what is wrong, and shows where under the query.
func (e *QueryError) Error() string {
	s := "query: " + e.What
	if e.Do != "" {
		s += "; " + e.Do
	}
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, e.Query)
	at := min(e.Offset, len(e.Query))
	carets := max(1, utf8.RuneCountInString(e.Query[at:min(at+e.Length, len(e.Query))]))
	return fmt.Sprintf("%s\n  %s\n  %s%s", s, line, strings.Repeat(" ", utf8.RuneCountInString(e.Query[:at])), strings.Repeat("^", carets))
}

// node is a part of a query: one of the types below.
type node interface{ place() (offset, length int) }

type at struct{ offset, length int }

func (a at) place() (int, int) { return a.offset, a.length }

type (
	// allOf and anyOf are AND and OR, noneOf is NOT.
	allOf struct {
		at
		parts   []node
		written []string // each part as it stands in the query
	}
	anyOf struct {
		at
		parts []node
	}
	noneOf struct {
		at
		part node
	}

	// everything is *: every report, or every sentence.
	everything struct{ at }

	// withinSentence is same-sentence(...): a sentence for which all of it holds.
	withinSentence struct {
		at
		part node
	}

	// text is a word, a phrase or a pattern.
	text struct {
		at
		words   []string // one after the other; empty for a pattern
		quoted  bool
		pattern string // a regular expression of Bleve's, or the word to be near to
		edits   int    // from the pattern; 0: it is a regular expression

		wildcard string // what the pattern was made of; "" where it was written as one
		section  string // "" is any
		boost    float64
	}

	// asserts is what is said of an observation: one of these assertions.
	asserts struct {
		at
		observation int
		any         [4]bool
	}

	// tagged is a rule, a cue or a section.
	tagged struct {
		at
		field fieldKind
		any   []string
	}

	// named is a report by its id, subject or study; belongs is one by split or view.
	named struct {
		at
		field  fieldKind
		lo, hi string // "" is open; equal for one
		loOpen bool   // lo itself is none of them; so too hi
		hiOpen bool
	}
	belongs struct {
		at
		field fieldKind
		any   []string
	}
	dated struct {
		at
		lo, hi uint32 // 21500131, inclusive
	}
)

// fieldKind is what a field of a query is about.
type fieldKind uint8

const (
	noField fieldKind = iota
	textField
	sectionText // the words of a section
	observationField
	sectionField
	ruleField
	cueField
	idField
	subjectField
	studyField
	splitField
	viewField
	dateField
)

// Field is something that a query may ask for by name.
type Field struct {
	Name   string
	Doc    string
	Values []string // what it may be; nil: anything
}

// fieldOf is a field as the parser knows it.
type fieldOf struct {
	kind  fieldKind
	index int    // of the observation
	name  string // of the section
}

// assertionWords are the values of an observation's field.
var assertionWords = []struct {
	name string
	any  [4]bool
}{
	{"positive", [4]bool{corpus.Positive: true}},
	{"uncertain", [4]bool{corpus.Uncertain: true}},
	{"negative", [4]bool{corpus.Negative: true}},
	{"unmentioned", [4]bool{corpus.Unmentioned: true}},
	{"mentioned", [4]bool{corpus.Positive: true, corpus.Uncertain: true, corpus.Negative: true}},
}

// Fields lists what a query may ask for by name, with its values.
func (x *Index) Fields() []Field {
	m := x.manifest
	var assertions []string
	for _, a := range assertionWords {
		assertions = append(assertions, a.name)
	}
	var all []Field
	for _, o := range m.Observations {
		all = append(all, Field{slug(string(o)), "what the report says of " + string(o), assertions})
	}
	all = append(all,
		Field{"section", "a section that the report has, or a sentence stands in", x.sectionNames()},
		Field{"rule", "a rule that found a mention", m.Rules},
		Field{"cue", "a cue that governs a mention", m.Cues[1:]},
		Field{"id", "the report's id", nil},
		Field{"subject", "the subject's id", nil},
		Field{"study", "the study's id", nil},
		Field{"split", "the split that the study is in", members(m.Splits)},
		Field{"view", "a view that the study has", members(m.Views)},
		Field{"date", "the date of the study: 2150, 2150-01, 2150-01-31", nil},
		Field{"text", "words of any section", nil},
	)
	for _, s := range x.sectionNames() {
		all = append(all, Field{slug(s), "words of the section " + s, nil})
	}
	return all
}

// sectionNames are those that reports have.
func (x *Index) sectionNames() []string { return members(x.manifest.SectionSets) }

func members(sets [][]string) []string {
	seen := map[string]bool{}
	var all []string
	for _, set := range sets {
		for _, name := range set {
			if !seen[name] {
				seen[name] = true
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return all
}

// FieldName is how a query names the field of an observation, or of the words of a
// section.
func FieldName(name string) string { return slug(name) }

// slug is a name as a query's field has it: small letters and digits with _
// between them.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, w := range wordsOf(nil, name) {
		if gap {
			b.WriteByte('_')
		}
		b.WriteString(w.text)
		gap = true
	}
	return b.String()
}
