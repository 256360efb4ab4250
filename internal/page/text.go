package page

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// defaultWidth is the longest line of text printed; longer lines are wrapped.
const defaultWidth = 96

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

// asked marks words that were looked for where there is no colour.
const asked = '*'

// Legend tells the marks where there is no colour.
const Legend = "mention: + positive  - negative  ? uncertain   cue: ^   scope: .   labelled text: |"

// Screen is what a report is shown on. The zero value is a pipe.
type Screen struct {
	Width  int  // most columns of text, beside the two of the bar; 0 is 96, with the indentation of the whole report
	Colour bool // mark in place; without, a line below the text underlines

	Asked []corpus.Span // words that the reader looked for
	Found corpus.Span   // the sentence that was found; an arrow shows it
}

// Text writes the report and its labels. With colour, mentions, cues and
// scopes are coloured in place; without, a line below the text underlines
// them. A bar at the left shows what was labelled.
func Text(w io.Writer, r labeler.Result, colour bool) error {
	s := Screen{Colour: colour}
	lines, _ := s.Report(r)
	if len(lines) > 0 && !colour {
		lines = append(lines, "", Legend)
	}
	lines = append(append(lines, ""), s.Reasons(r)...)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// Report gives the lines of the report with its marks, and the first of them that
// shows the sentence Found; 0 where there is none.
func (s Screen) Report(r labeler.Result) (shown []string, found int) {
	found = -1
	all := s.lines(r)
	if s.Width > 0 {
		all = dedented(all)
	}
	for _, l := range s.wrap(all) {
		if found < 0 && s.finds(l) {
			found = len(shown)
		}
		if s.Colour {
			shown = append(shown, s.coloured(l))
		} else {
			shown = append(shown, s.underlined(l)...)
		}
	}
	return shown, max(found, 0)
}

// Reasons gives the lines of the labels with their reasons, those with a value
// first. They may be longer than Width.
func (s Screen) Reasons(r labeler.Result) []string {
	var b strings.Builder
	reasons(&b, r, s.Colour)
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// finds reports whether a line is of the sentence that was found.
func (s Screen) finds(l line) bool {
	return !s.Found.Empty() && slices.ContainsFunc(l, func(r run) bool { return s.Found.Contains(r.span) && strings.TrimSpace(r.text) != "" })
}

// line is a line of the report as runs of printable text under the same marks.
type line []run

type run struct {
	text string
	piece
}

// lines cuts the pieces of a report at its line feeds.
func (s Screen) lines(r labeler.Result) []line {
	all := []line{nil}
	for _, p := range pieces(r, append(slices.Clone(s.Asked), s.Found)...) {
		for i, text := range strings.Split(p.span.In(r.Report.Text), "\n") {
			if i > 0 {
				all = append(all, nil)
			}
			if text != "" {
				last := len(all) - 1
				all[last] = append(all[last], run{Printable(text), p})
			}
		}
	}
	for len(all) > 0 && len(all[len(all)-1]) == 0 {
		all = all[:len(all)-1]
	}
	return all
}

// dedented leaves out the blanks that all lines begin with: MIMIC-CXR's lines have
// one, which with the bar is one too many for a terminal of 80 columns.
func dedented(all []line) []line {
	least := -1
	for _, l := range all {
		text := l.text()
		if n := len(text) - len(strings.TrimLeft(text, " ")); n < len(text) && (least < 0 || n < least) {
			least = n
		}
	}
	for i, l := range all {
		_, all[i] = l.split(min(max(least, 0), len(l.text())))
	}
	return all
}

// wrap cuts long lines behind their last blank within the width, or at the
// width where there is none.
func (s Screen) wrap(in []line) []line {
	var out []line
	for _, l := range in {
		for {
			cut, ok := l.cut(cmp.Or(s.Width, defaultWidth))
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

func (l line) text() string {
	var text strings.Builder
	for _, r := range l {
		text.WriteString(r.text)
	}
	return text.String()
}

// cut is the byte offset to wrap a line at, if it has more columns than width.
func (l line) cut(width int) (int, bool) {
	columns, blank, start := 0, 0, 0
	for _, r := range l {
		for i, c := range r.text {
			at := start + i
			columns += columnsOf(c)
			if columns > width && at > 0 {
				if blank > 0 {
					return blank, true
				}
				return at, true
			}
			if c == ' ' {
				blank = at + 1
			}
		}
		start += len(r.text)
	}
	return 0, false
}

// columnsOf is how many columns of a terminal a character takes.
func columnsOf(c rune) int {
	if c < 0x7f {
		return 1
	}
	return ansi.StringWidthWc(string(c))
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

// bar tells labelled text from the rest, and what was found.
func (s Screen) bar(l line) string {
	bar := " "
	if slices.ContainsFunc(l, func(r run) bool { return r.labelled }) {
		bar = "|"
	}
	if s.finds(l) {
		return bar + ">"
	}
	return bar + " "
}

func (s Screen) coloured(l line) string {
	b := strings.Builder{}
	b.WriteString(s.bar(l))
	for _, r := range l {
		style := ""
		switch {
		case len(r.mentions) > 0:
			style = colours[r.assertion()]
		case r.cue:
			style = CueMark
		case r.header, within(s.Asked, r.span):
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
	return b.String()
}

// underlined gives the line, and, where something in it is marked, a second one.
func (s Screen) underlined(l line) []string {
	var text, under strings.Builder
	for _, r := range l {
		text.WriteString(r.text)
		mark := byte(' ')
		switch {
		case len(r.mentions) > 0:
			mark = marks[r.assertion()]
		case r.cue:
			mark = '^'
		case within(s.Asked, r.span):
			mark = asked
		case r.scope:
			mark = '.'
		}
		under.WriteString(strings.Repeat(string(mark), ansi.StringWidthWc(r.text)))
	}
	all := []string{strings.TrimRight(s.bar(l)+text.String(), " ")}
	if u := strings.TrimRight(under.String(), " "); u != "" {
		all = append(all, s.bar(l)[:1]+" "+u)
	}
	return all
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
