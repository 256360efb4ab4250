// Package page shows a person the labels of one report with their reasons: the
// report with its mentions, cues and scopes marked, then every label with the
// rule, the cue and the sentence that it rests on. Text is for a terminal or a
// pipe, HTML for a browser.
package page

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// mention is one mention with all that it counts for: the same words may be a
// mention of more than one observation.
type mention struct {
	span    corpus.Span
	reasons []reason
}

type reason struct {
	Observation corpus.Observation
	labeler.Evidence
}

// piece is a run of bytes under the same marks.
type piece struct {
	span     corpus.Span
	labelled bool // in a section that was labelled
	header   bool // in the header of a section
	cue      bool
	scope    bool
	mentions []*mention
}

// assertion is the strongest assertion of the piece's mentions, by which it is
// coloured.
func (p piece) assertion() corpus.Assertion {
	a := corpus.Unmentioned
	for _, m := range p.mentions {
		for _, r := range m.reasons {
			a = max(a, r.Assertion)
		}
	}
	return a
}

// mentionsOf collects the mentions of a result in text order.
func mentionsOf(r labeler.Result) []*mention {
	bySpan := map[corpus.Span]*mention{}
	var all []*mention
	for _, l := range r.Labels {
		for _, e := range l.Evidence {
			m, ok := bySpan[e.Mention]
			if !ok {
				m = &mention{span: e.Mention}
				bySpan[e.Mention] = m
				all = append(all, m)
			}
			m.reasons = append(m.reasons, reason{l.Observation, e})
		}
	}
	slices.SortFunc(all, func(a, b *mention) int {
		return cmp.Or(cmp.Compare(a.span.Start, b.span.Start), cmp.Compare(a.span.End, b.span.End))
	})
	return all
}

// pieces cuts the report's text wherever a mark or one of more spans begins or
// ends. Together the pieces are the whole text.
func pieces(r labeler.Result, more ...corpus.Span) []piece {
	mentions := mentionsOf(r)
	var cues, scopes, headers, labelled []corpus.Span
	for _, l := range r.Labels {
		for _, e := range l.Evidence {
			cues = append(cues, e.CueSpan)
			scopes = append(scopes, e.Scope)
		}
	}
	for _, s := range r.Sections {
		headers = append(headers, s.Header)
	}
	for _, s := range r.Labelled {
		labelled = append(labelled, s.Span)
	}

	cuts := []int{0, len(r.Report.Text)}
	for _, spans := range [][]corpus.Span{cues, scopes, headers, labelled, more} {
		for _, s := range spans {
			cuts = append(cuts, s.Start, s.End)
		}
	}
	for _, m := range mentions {
		cuts = append(cuts, m.span.Start, m.span.End)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)

	var all []piece
	for i := range len(cuts) - 1 {
		s := corpus.Span{Start: cuts[i], End: cuts[i+1]}
		p := piece{
			span:     s,
			cue:      within(cues, s),
			scope:    within(scopes, s),
			header:   within(headers, s),
			labelled: within(labelled, s),
		}
		for _, m := range mentions {
			if m.span.Contains(s) {
				p.mentions = append(p.mentions, m)
			}
		}
		all = append(all, p)
	}
	return all
}

func within(spans []corpus.Span, s corpus.Span) bool {
	return slices.ContainsFunc(spans, func(o corpus.Span) bool { return o.Contains(s) })
}

// blanks groups the blank labels by their reason, both in the order of the
// labels.
type blank struct {
	Reason       string
	Observations []string
}

func blanks(labels []labeler.Label) []blank {
	var all []blank
	for _, l := range labels {
		if l.Assertion != corpus.Unmentioned {
			continue
		}
		i := slices.IndexFunc(all, func(b blank) bool { return b.Reason == l.Reason })
		if i < 0 {
			i = len(all)
			all = append(all, blank{Reason: l.Reason})
		}
		all[i].Observations = append(all[i].Observations, string(l.Observation))
	}
	return all
}

// OneLine joins the lines of a sentence and drops what a terminal would act on.
func OneLine(s string) string { return strings.Join(strings.Fields(Printable(s)), " ") }

// Printable replaces control characters and those that turn the direction of
// writing, rune for rune, so that no report can steer a terminal. Line feeds stay.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return '·'
		}
		return r
	}, s)
}
