// Package corpus holds the nouns that every other package speaks in (Report,
// Section, Span, Observation, Assertion) and the readers that turn
// archives, tables and folders into a stream of reports.
//
// It is the bottom of the import order and the start of the story:
// corpus -> internal/segment -> rules -> negation -> labeler -> outputs.
package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets, [Start, End), into Report.Text.
// The invariant of the whole project: report.Text[span.Start:span.End] is the
// text that a section, sentence, token, mention, cue or scope says it is.
type Span struct{ Start, End int }

// Len is the number of bytes in the span.
func (s Span) Len() int { return s.End - s.Start }

// Empty reports whether the span covers no byte.
func (s Span) Empty() bool { return s.End <= s.Start }

// Shift moves the span by n bytes.
func (s Span) Shift(n int) Span { return Span{s.Start + n, s.End + n} }

// Overlaps reports whether the two spans share a byte.
func (s Span) Overlaps(o Span) bool { return s.Start < o.End && o.Start < s.End }

// Contains reports whether o lies within s.
func (s Span) Contains(o Span) bool { return s.Start <= o.Start && o.End <= s.End }

// In returns the text that the span covers.
func (s Span) In(text string) string { return text[s.Start:s.End] }

// MarshalJSON writes the span as [start, end].
func (s Span) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d,%d]", s.Start, s.End), nil
}

// UnmarshalJSON reads the span from [start, end].
func (s *Span) UnmarshalJSON(b []byte) error {
	var pair [2]int
	if err := json.Unmarshal(b, &pair); err != nil {
		return fmt.Errorf("span: want [start, end]: %w", err)
	}
	s.Start, s.End = pair[0], pair[1]
	return nil
}

// Section is a named part of a report. Name is the canonical name that the
// rule set's section file gives ("impression"), or the header as written, in
// lower case, where the file does not know it. Header covers the header with
// its colon and is empty for text without one; Span covers the text under it.
type Section struct {
	Name   string
	Header Span
	Span   Span
}

// Report is one free-text report. ID is unique in its corpus. Subject and
// Study are filled where the corpus has them (MIMIC-CXR: digits alone,
// "10000032" and "50414267"; ID is then the study). Sections is filled only by
// sources that deliver sections (a table with findings and impression
// columns); nil means that Text is still to be split. Ordinal counts the reports of
// the corpus from 1, lost ones too, in all its shards; 0: not read by a Reader.
type Report struct {
	ID       string
	Subject  string
	Study    string
	Text     string
	Sections []Section
	Place    Place
	Ordinal  int
}

// Place says where something was read: a path as the user gave it, with
// "archive.zip!member" for a member, and a line from 1 where lines mean
// anything (0 otherwise).
type Place struct {
	Path string
	Line int
}

// String gives "path", or "path:line".
// What steers a terminal, and what is not UTF-8, is escaped: names in archives
// may be anything.
func (p Place) String() string {
	path := p.Path
	if !utf8.ValidString(path) || strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) && r != '\u00a0' }) {
		path = strconv.Quote(path)
		path = path[1 : len(path)-1]
	}
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", path, p.Line)
	}
	return path
}

// Problem is something wrong with the input, at a place, with what to do about
// it. It is an error.
type Problem struct {
	Place Place
	What  string // what is wrong, in one line, without report text
	Do    string // what the user can do; may be empty
	Lost  bool   // true: a report could not be read; false: it was read all the same
	Ends  bool   // nothing behind the place could be read
}

// Error gives "path:line: what is wrong; what to do".
func (p *Problem) Error() string { return p.Place.String() + ": " + p.Message() }

// Message gives "what is wrong; what to do", without the place.
func (p *Problem) Message() string {
	if p.Do == "" {
		return p.What
	}
	return p.What + "; " + p.Do
}

// Problems gives the problems that an error is or joins, in their order; what is
// none of them is left out.
func Problems(err error) (all []*Problem) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	var p *Problem
	if errors.As(err, &p) {
		all = append(all, p)
	}
	return all
}

// Observation is the name of an observation as a rule set spells it, for
// example "Pleural Effusion".
type Observation string

// Assertion is what a report says of an observation. The order of the
// constants is the precedence of aggregation: a report with a positive and a
// negative mention is positive.
type Assertion uint8

// The assertions, from the weakest to the strongest.
const (
	Unmentioned Assertion = iota
	Negative
	Uncertain
	Positive
)

var assertionNames = [...]string{"unmentioned", "negative", "uncertain", "positive"}

// String gives the assertion's name in lower case.
func (a Assertion) String() string {
	if int(a) < len(assertionNames) {
		return assertionNames[a]
	}
	return fmt.Sprintf("assertion(%d)", uint8(a))
}

// ParseAssertion reads a name that String gives.
func ParseAssertion(s string) (Assertion, error) {
	for a, name := range assertionNames {
		if s == name {
			return Assertion(a), nil
		}
	}
	return Unmentioned, fmt.Errorf("assertion %q: want positive, negative, uncertain or unmentioned", s)
}

// Exception says which part of one report to label in place of what the
// section policy would choose: a section by name, or a span of the text.
type Exception struct {
	Section string // canonical section name; "" when Span is given
	Span    Span   // byte offsets into Report.Text; used when Section is ""
}
