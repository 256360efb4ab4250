package evaltext

import (
	"cmp"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

func (s Style) bold(text string) string {
	text = page.OneLine(text)
	if s.Colour {
		return page.Bold + text + page.Reset
	}
	return text
}

// sentence writes the sentence of a mention on one line: the mention in <...>,
// its cue in [...], or both in colour.
func (s Style) sentence(m gold.Mention) string {
	opened := [2]string{"<", "["}
	closed := [2]string{">", "]"}
	if s.Colour {
		opened, closed = [2]string{page.Colour(m.Assertion), page.CueMark}, [2]string{page.Reset, page.Reset}
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
