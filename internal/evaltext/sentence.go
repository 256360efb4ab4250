package evaltext

import (
	"cmp"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

// The escape sequences of a terminal.
const (
	reset   = "\x1b[0m"
	bold    = "\x1b[1m"
	cueMark = "\x1b[35;4m"
)

var colours = [...]string{
	corpus.Unmentioned: "\x1b[1m",
	corpus.Negative:    "\x1b[1;32m",
	corpus.Uncertain:   "\x1b[1;33m",
	corpus.Positive:    "\x1b[1;31m",
}

func (s Style) bold(text string) string {
	text = page.OneLine(text)
	if s.Colour {
		return bold + text + reset
	}
	return text
}

// sentence writes the sentence of a mention on one line: the mention in <...>,
// its cue in [...], or both in colour.
func (s Style) sentence(m gold.Mention) string {
	opened := [2]string{"<", "["}
	closed := [2]string{">", "]"}
	if s.Colour {
		opened, closed = [2]string{colours[m.Assertion], cueMark}, [2]string{reset, reset}
	}
	type mark struct {
		at   int
		text string
	}
	var marks []mark
	for i, span := range []corpus.Span{m.Mention, m.CueSpan} {
		if !span.Empty() && 0 <= span.Start && span.End <= len(m.Sentence) {
			marks = append(marks, mark{span.Start, opened[i]}, mark{span.End, closed[i]})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
	// Blanks are joined piece by piece, so that colours survive what takes
	// control characters out.
	var b strings.Builder
	from := 0
	for _, k := range marks {
		b.WriteString(piece(m.Sentence[from:k.at]) + k.text)
		from = k.at
	}
	b.WriteString(piece(m.Sentence[from:]))
	return strings.TrimSpace(b.String())
}

// piece joins the lines of a part of a sentence and keeps blanks at its ends.
func piece(s string) string {
	line := page.OneLine(s)
	if line == "" {
		return strings.Repeat(" ", min(len(s), 1))
	}
	if strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") {
		line = " " + line
	}
	if strings.HasSuffix(s, " ") || strings.HasSuffix(s, "\n") {
		line += " "
	}
	return line
}
