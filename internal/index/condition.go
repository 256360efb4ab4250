package index

import (
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// Condition is a query, or a part of one, for those who ask another engine than an
// Index. It is one of the types below.
type Condition any

type (
	// All and Any hold where all of their conditions do, or one of them.
	All []Condition
	Any []Condition
	// Not holds where its condition does not.
	Not struct{ Of Condition }
	// Everything holds for every report, and within SameSentence for every sentence.
	Everything struct{}
	// SameSentence holds for a report with a sentence for which its condition holds.
	// In it, Text, Asserts and Has are of that sentence.
	SameSentence struct{ Of Condition }

	// Text is words one after the other in a sentence, or a word like a pattern. One
	// of Words, Wildcard, Regexp and Near is set.
	Text struct {
		Words    []string // in small letters
		Quoted   bool     // they have no synonyms; so too several words
		Wildcard string   // a word with * and ?, in small letters
		Regexp   string   // of Go's syntax; of the whole word, in any case
		Near     string   // a word that is Edits away, two letters that changed places being one
		Edits    int
		Section  string  // where it stands; "" is any
		Boost    float64 // in the ranking; 1 is usual
	}
	// Asserts is one of these assertions of an observation: the report's label, or what
	// a sentence says.
	Asserts struct {
		Observation corpus.Observation
		Any         []corpus.Assertion
	}
	// Has is one of these values of the field section, rule, cue, split or view.
	Has struct {
		Field string
		Any   []string
	}
	// Named is a report by a field id, subject or study: like a pattern of * and ?, case
	// apart; or equal to Like where that has neither; or, where Like is "", from one
	// value to another as CompareIDs orders them, "" being an open end.
	Named struct {
		Field            string
		Like             string
		From, To         string
		FromOpen, ToOpen bool // the end itself is none of them
	}
	// Dated is a report whose study was on one of these days, written as 21500131. The
	// days need not be in any calendar.
	Dated struct{ From, To uint32 }
)

// Condition gives the query as a condition.
func (x *Index) Condition(q Query) Condition {
	if q.root == nil {
		return Everything{}
	}
	return x.condition(q.root)
}

func (x *Index) condition(n node) Condition {
	switch n := n.(type) {
	case allOf:
		return All(x.conditions(n.parts))
	case anyOf:
		return Any(x.conditions(n.parts))
	case noneOf:
		return Not{x.condition(n.part)}
	case withinSentence:
		return SameSentence{x.condition(n.part)}
	case text:
		return n.condition()
	case asserts:
		return Asserts{x.manifest.Observations[n.observation], n.assertions()}
	case tagged:
		return Has{fieldNames[n.field], n.any}
	case belongs:
		return Has{fieldNames[n.field], n.any}
	case named:
		return n.condition()
	case dated:
		return Dated{n.lo, n.hi}
	}
	return Everything{}
}

func (x *Index) conditions(parts []node) []Condition {
	all := make([]Condition, len(parts))
	for i, p := range parts {
		all[i] = x.condition(p)
	}
	return all
}

// fieldNames are those of the fields with one value or several.
var fieldNames = map[fieldKind]string{
	sectionField: "section", ruleField: "rule", cueField: "cue", splitField: "split", viewField: "view",
	idField: "id", subjectField: "subject", studyField: "study",
}

func (t text) condition() Text {
	c := Text{Words: t.words, Quoted: t.quoted, Section: t.section, Boost: t.boost, Edits: t.edits}
	switch {
	case t.edits > 0:
		c.Near = t.pattern
	case t.wildcard != "":
		c.Wildcard = t.wildcard
	default:
		c.Regexp = strings.TrimSuffix(strings.TrimPrefix(t.pattern, anyCase), ")")
	}
	return c
}

func (a asserts) assertions() []corpus.Assertion {
	var all []corpus.Assertion
	for i, asked := range a.any {
		if asked {
			all = append(all, corpus.Assertion(i))
		}
	}
	return all
}

func (n named) condition() Named {
	if n.one() {
		return Named{Field: fieldNames[n.field], Like: n.lo}
	}
	return Named{Field: fieldNames[n.field], From: n.lo, To: n.hi, FromOpen: n.loOpen, ToOpen: n.hiOpen}
}

// one reports whether it is one id, or those like one pattern.
func (n named) one() bool { return n.lo == n.hi && n.lo != "" && !n.loOpen && !n.hiOpen }
