package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// width is the longest line of text printed; longer lines are wrapped.
const width = 96

// The escape sequences of a terminal that mark texts, here and in evaluations.
const (
	Reset   = "\x1b[0m"
	Bold    = "\x1b[1m"
	CueMark = "\x1b[35;4m"
	dim     = "\x1b[2m"
	inScope = "\x1b[4m"
)

// Colour begins a mention of an assertion.
func Colour(a corpus.Assertion) string { return colours[a] }

var colours = [...]string{
	corpus.Unmentioned: "\x1b[1m",
	corpus.Negative:    "\x1b[1;32m",
	corpus.Uncertain:   "\x1b[1;33m",
	corpus.Positive:    "\x1b[1;31m",
}

// marks underline mentions where there is no colour.
var marks = [...]byte{corpus.Unmentioned: '=', corpus.Negative: '-', corpus.Uncertain: '?', corpus.Positive: '+'}

// Text writes the report and its labels. With colour, mentions, cues and
// scopes are coloured in place; without, a line below the text underlines
// them. A bar at the left shows what was labelled.
func Text(w io.Writer, r labeler.Result, colour bool) error {
	var b strings.Builder
	for _, l := range wrap(lines(r)) {
		if colour {
			l.coloured(&b)
		} else {
			l.underlined(&b)
		}
	}
	if b.Len() > 0 && !colour {
		b.WriteString("\nmention: + positive  - negative  ? uncertain   cue: ^   scope: .   labelled text: |\n")
	}
	b.WriteByte('\n')
	reasons(&b, r, colour)
	_, err := io.WriteString(w, b.String())
	return err
}

// line is a line of the report as runs of printable text under the same marks.
type line []run

type run struct {
	text string
	piece
}

// lines cuts the pieces of a report at its line feeds.
func lines(r labeler.Result) []line {
	all := []line{nil}
	for _, p := range pieces(r) {
		for i, s := range strings.Split(p.span.In(r.Report.Text), "\n") {
			if i > 0 {
				all = append(all, nil)
			}
			if s != "" {
				last := len(all) - 1
				all[last] = append(all[last], run{Printable(s), p})
			}
		}
	}
	for len(all) > 0 && len(all[len(all)-1]) == 0 {
		all = all[:len(all)-1]
	}
	return all
}

// wrap cuts long lines behind their last blank within the width, or at the
// width where there is none.
func wrap(in []line) []line {
	var out []line
	for _, l := range in {
		for {
			cut, ok := l.cut()
			if !ok {
				break
			}
			var head line
			head, l = l.split(cut)
			out = append(out, head)
		}
		out = append(out, l)
	}
	return out
}

// cut is the byte offset to wrap a line at, if it is too long.
func (l line) cut() (int, bool) {
	var text strings.Builder
	for _, r := range l {
		text.WriteString(r.text)
	}
	if utf8.RuneCountInString(text.String()) <= width {
		return 0, false
	}
	runes, blank := 0, 0
	for i, c := range text.String() {
		if runes == width {
			if blank > 0 {
				return blank, true
			}
			return i, true
		}
		runes++
		if c == ' ' {
			blank = i + 1
		}
	}
	return 0, false
}

func (l line) split(at int) (head, tail line) {
	for _, r := range l {
		n := min(max(at, 0), len(r.text))
		if n > 0 {
			head = append(head, run{r.text[:n], r.piece})
		}
		if n < len(r.text) {
			tail = append(tail, run{r.text[n:], r.piece})
		}
		at -= len(r.text)
	}
	return head, tail
}

// bar tells labelled text from the rest.
func (l line) bar() string {
	for _, r := range l {
		if r.labelled {
			return "| "
		}
	}
	return "  "
}

func (l line) coloured(b *strings.Builder) {
	b.WriteString(l.bar())
	for _, r := range l {
		style := ""
		switch {
		case len(r.mentions) > 0:
			style = colours[r.assertion()]
		case r.cue:
			style = CueMark
		case r.header:
			style = Bold
		case !r.labelled:
			style = dim
		}
		if r.scope && !r.cue {
			style += inScope
		}
		if style == "" {
			b.WriteString(r.text)
			continue
		}
		b.WriteString(style + r.text + Reset)
	}
	b.WriteByte('\n')
}

func (l line) underlined(b *strings.Builder) {
	var text, under strings.Builder
	for _, r := range l {
		text.WriteString(r.text)
		mark := byte(' ')
		switch {
		case len(r.mentions) > 0:
			mark = marks[r.assertion()]
		case r.cue:
			mark = '^'
		case r.scope:
			mark = '.'
		}
		for range utf8.RuneCountInString(r.text) {
			under.WriteByte(mark)
		}
	}
	b.WriteString(strings.TrimRight(l.bar()+text.String(), " ") + "\n")
	if u := strings.TrimRight(under.String(), " "); u != "" {
		b.WriteString(l.bar() + u + "\n")
	}
}

// reasons writes the labels, those with a value first.
func reasons(b *strings.Builder, r labeler.Result, colour bool) {
	for _, l := range r.Labels {
		if l.Assertion == corpus.Unmentioned {
			continue
		}
		assertion := l.Assertion.String()
		if colour {
			assertion = colours[l.Assertion] + assertion + Reset
		}
		fmt.Fprintf(b, "%s: %s", l.Observation, assertion)
		if l.Reason != "" {
			fmt.Fprintf(b, " (%s)", l.Reason)
		}
		b.WriteByte('\n')
		for _, e := range l.Evidence {
			evidence(b, e, r.Report.Text)
		}
	}
	for _, group := range blanks(r.Labels) {
		fmt.Fprintf(b, "blank, %s: %s\n", group.Reason, strings.Join(group.Observations, ", "))
	}
}

func evidence(b *strings.Builder, e labeler.Evidence, text string) {
	fmt.Fprintf(b, "    %s %q by rule %s", e.Assertion, OneLine(e.Mention.In(text)), e.Rule)
	if e.Cue != "" {
		fmt.Fprintf(b, ", cue %s %q", e.Cue, OneLine(e.CueSpan.In(text)))
	}
	b.WriteByte('\n')
	where := ""
	if e.Section != "" {
		where = e.Section + ": "
	}
	fmt.Fprintf(b, "        %s%s\n", where, OneLine(e.Sentence.In(text)))
}
