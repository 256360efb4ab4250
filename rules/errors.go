package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/internal/nearest"
)

// Error is one thing wrong with a rule set, at a place in one of its files.
type Error struct {
	Pos     Pos
	ID      string // the rule, cue, class or section; "" where there is none
	What    string // what is wrong, and what to do
	Source  string // the line of the file, without its line end
	Warning bool   // the rule set works all the same
}

// Error gives "path:line:col: id: what is wrong", the source line, and a caret
// under the column.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String())
	b.WriteString(": ")
	if e.Warning {
		b.WriteString("warning: ")
	}
	if e.ID != "" {
		b.WriteString(e.ID)
		b.WriteString(": ")
	}
	b.WriteString(e.What)
	if strings.TrimSpace(e.Source) != "" && e.Pos.Column > 0 {
		b.WriteString("\n  ")
		b.WriteString(e.Source)
		b.WriteString("\n  ")
		for i, r := range []rune(e.Source) {
			if i >= e.Pos.Column-1 {
				break
			}
			if r != '\t' { // a tab is as wide above as below
				r = ' '
			}
			b.WriteRune(r)
		}
		b.WriteByte('^')
	}
	return b.String()
}

// String gives "file:line:column", or what is known of it.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Errors is everything wrong with a rule set, in the order of its files.
type Errors []*Error

// Error gives every error, each from a line of its own.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find single errors.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, err := range e {
		all[i] = err
	}
	return all
}

// Fatal gives the errors that are no warnings.
func (e Errors) Fatal() Errors {
	return slices.DeleteFunc(slices.Clone(e), func(err *Error) bool { return err.Warning })
}

// sources holds the lines of the files of a rule set.
type sources struct {
	files []string // in reading order
	lines map[string][]string
}

func (s *sources) add(path string, content []byte) {
	if s.lines == nil {
		s.lines = make(map[string][]string)
	}
	s.files = append(s.files, path)
	lines := strings.Split(string(content), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	s.lines[path] = lines
}

func (s *sources) line(p Pos) string {
	if lines := s.lines[p.File]; p.Line > 0 && p.Line <= len(lines) {
		return lines[p.Line-1]
	}
	return ""
}

// finish sorts errors by file, line and column and gives them their source lines.
func (s *sources) finish(errs Errors) Errors {
	order := make(map[string]int, len(s.files))
	for i, f := range s.files {
		order[f] = i
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if a.Pos.File != b.Pos.File {
			return order[a.Pos.File] - order[b.Pos.File]
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	for _, e := range errs {
		e.Source = s.line(e.Pos)
	}
	return errs
}

// inText moves pos to byte offset at of a text that begins there, quoted or
// not. Where the source line does not spell the text (folded lines, escapes)
// pos stays at the beginning.
func (s *sources) inText(pos Pos, text string, at int) Pos {
	runes := []rune(s.line(pos))
	from := min(max(pos.Column-1, 0), len(runes))
	rest := string(runes[from:])
	for _, quote := range []string{"", `"`, "'"} {
		if strings.HasPrefix(rest, quote+text) {
			pos.Column += len(quote) + utf8.RuneCountInString(text[:min(at, len(text))])
			break
		}
	}
	return pos
}

// phraseError places what parsePhrase and expand return.
func (s *sources) phraseError(id string, ph Phrase, err error) *Error {
	pos := ph.Pos
	var pe *phraseError
	if errors.As(err, &pe) {
		pos = s.inText(pos, ph.Text, pe.at)
	}
	return &Error{Pos: pos, ID: id, What: err.Error()}
}

// suggest gives `; did you mean "x"?` for the known name nearest to name, if
// one is near; with few names and none near, it lists them.
func suggest(name string, known []string) string {
	switch near := nearest.Name(name, known); {
	case near != "":
		return fmt.Sprintf("; did you mean %q?", near)
	case len(known) > 0 && len(known) <= 20:
		return "; known: " + strings.Join(known, ", ")
	}
	return ""
}
