// Package searchtext writes what a search found: as text for a terminal or a pipe,
// as CSV, and as JSON. Report text can steer no terminal in any of them; JSON has it
// unchanged all the same.
package searchtext

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
)

// defaultLongest is how many bytes of a sentence are shown around what was asked for.
const defaultLongest = 320

// Style says how hits are written.
type Style struct {
	Colour       bool
	Observations []corpus.Observation
	Longest      int // bytes of a sentence shown around what was asked for; 0 is 320
}

// Hits writes a list of hits, the first with the number behind offset.
func Hits(w io.Writer, hits []index.Hit, offset int, s Style) error {
	var b strings.Builder
	for i, h := range hits {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%d. %s\n", offset+i+1, s.Head(h))
		if labels := s.Labels(h); labels != "" {
			fmt.Fprintf(&b, "   %s\n", labels)
		}
		for _, sentence := range h.Before {
			fmt.Fprintf(&b, "   %s\n", s.Sentence(sentence))
		}
		if h.Best.Text != "" {
			fmt.Fprintf(&b, " > %s\n", s.Sentence(h.Best))
		}
		for _, sentence := range h.After {
			fmt.Fprintf(&b, "   %s\n", s.Sentence(sentence))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Head names a report.
func (s Style) Head(h index.Hit) string {
	id := page.OneLine(h.ID)
	if s.Colour {
		id = page.Bold + id + page.Reset
	}
	var about []string
	if h.Subject != "" {
		about = append(about, "subject "+page.OneLine(h.Subject))
	}
	if h.Split != "" {
		about = append(about, page.OneLine(h.Split))
	}
	if len(h.Views) > 0 {
		about = append(about, page.OneLine(strings.Join(h.Views, " ")))
	}
	if h.Date > 0 {
		about = append(about, Date(h.Date))
	}
	if len(about) > 0 {
		id += " (" + strings.Join(about, ", ") + ")"
	}
	return id
}

// Date writes 21500131 as 2150-01-31.
func Date(d uint32) string { return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100) }

// Labels names the labels of a report, the strongest assertion first.
func (s Style) Labels(h index.Hit) string {
	var parts []string
	for _, a := range []corpus.Assertion{corpus.Positive, corpus.Uncertain, corpus.Negative} {
		var names []string
		for i, l := range h.Labels {
			if l == a {
				names = append(names, string(s.Observations[i]))
			}
		}
		if len(names) == 0 {
			continue
		}
		word := a.String()
		if s.Colour {
			word = page.Colour(a) + word + page.Reset
		}
		parts = append(parts, word+": "+strings.Join(names, ", "))
	}
	return strings.Join(parts, "; ")
}

// Sentence writes a sentence on one line with its section, and, in colour, with
// its marks. Of a very long one only the surroundings of what was asked for.
func (s Style) Sentence(one index.Sentence) string {
	text, from := window(one, cmp.Or(s.Longest, defaultLongest))
	var paints []Paint
	for _, p := range Paints(one.Marks, one.Words) {
		p.Span = p.Span.Shift(-from)
		paints = append(paints, p)
	}
	line := text
	if s.Colour {
		line = Painted(text, paints)
	} else {
		line = page.OneLine(line)
	}
	if from > 0 {
		line = "... " + line
	}
	if from+len(text) < len(one.Text) {
		line += " ..."
	}
	return page.OneLine(one.Section) + ": " + line
}

// window is the part of a sentence that is shown, and where it begins.
func window(one index.Sentence, longest int) (string, int) {
	if len(one.Text) <= longest {
		return one.Text, 0
	}
	at := 0
	for i, m := range one.Marks {
		if one.Asked != nil && one.Asked[i] {
			at = m.Mention.Start
			break
		}
	}
	if len(one.Words) > 0 {
		at = one.Words[0].Start
	}
	start := min(max(0, at-longest/3), len(one.Text)-longest)
	end := start + longest
	for start > 0 && !utf8.RuneStart(one.Text[start]) {
		start--
	}
	for end < len(one.Text) && !utf8.RuneStart(one.Text[end]) {
		end++
	}
	return one.Text[start:end], start
}

// Paint is a span of a text with the escape sequence that begins its colour.
type Paint struct {
	corpus.Span
	Begin string
}

// Paints are those of marks and of words that were asked for, the least important
// first.
func Paints(marks []index.Mark, words []corpus.Span) []Paint {
	var all []Paint
	for _, w := range words {
		all = append(all, Paint{w, page.Bold})
	}
	for _, m := range marks {
		if !m.CueSpan.Empty() {
			all = append(all, Paint{m.CueSpan, page.CueMark})
		}
	}
	for a := corpus.Unmentioned; a <= corpus.Positive; a++ {
		for _, m := range marks {
			if m.Assertion == a {
				all = append(all, Paint{m.Mention, page.Colour(a)})
			}
		}
	}
	return all
}

// Painted gives a text in colour, made harmless for a terminal. Where paints
// overlap, the later one shows.
func Painted(text string, paints []Paint) string {
	top := make([]int, len(text)) // of each byte: the number of the paint that shows, from 1
	for i, p := range paints {
		for at := max(p.Start, 0); at < min(p.End, len(text)); at++ {
			top[at] = i + 1
		}
	}
	begins := func(at int) string {
		if top[at] == 0 {
			return ""
		}
		return paints[top[at]-1].Begin
	}
	var b strings.Builder
	for start, end := 0, 0; start < len(text); start = end {
		begin := begins(start)
		for end = start + 1; end < len(text) && begins(end) == begin; end++ {
		}
		part := page.Printable(text[start:end])
		if begin != "" {
			part = begin + part + page.Reset
		}
		b.WriteString(part)
	}
	return b.String()
}

// Document writes a whole report, and, in colour, its marks.
func Document(w io.Writer, d index.Document, s Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s\n", s.Head(d.Hit))
	if labels := s.Labels(d.Hit); labels != "" {
		fmt.Fprintf(&b, "%s\n", labels)
	}
	b.WriteByte('\n')
	text := page.Printable(d.Text)
	if s.Colour {
		var paints []Paint
		for _, one := range d.Sentences {
			paints = append(paints, Paints(one.Marks, one.Words)...)
		}
		text = Painted(d.Text, paints)
	}
	b.WriteString(strings.TrimRight(text, "\n"))
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// mostSections is how many sections are counted in text.
const mostSections = 12

// Facets writes counts of hits as tables.
func Facets(w io.Writer, f *index.Facets, observations []corpus.Observation) error {
	t := columns.New("observation", columns.Right("positive"), columns.Right("uncertain"), columns.Right("negative"), columns.Right("unmentioned"))
	for i, o := range observations {
		n := f.Labels[i]
		t.AppendRow([]any{string(o), columns.Thousands(n[corpus.Positive]), columns.Thousands(n[corpus.Uncertain]),
			columns.Thousands(n[corpus.Negative]), columns.Thousands(n[corpus.Unmentioned])})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return err
	}
	for _, c := range []struct {
		name   string
		counts []index.Count
	}{{"section", f.Sections}, {"split", f.Splits}, {"view", f.Views}} {
		if len(c.counts) == 0 {
			continue
		}
		t := columns.New(c.name, columns.Right("reports"))
		for i, n := range c.counts {
			if i == mostSections {
				t.AppendRow([]any{fmt.Sprintf("and %d more", len(c.counts)-i), ""})
				break
			}
			t.AppendRow([]any{page.OneLine(n.Value), columns.Thousands(n.Hits)})
		}
		if _, err := fmt.Fprintf(w, "\n%s\n", t.Render()); err != nil {
			return err
		}
	}
	return nil
}
