// Package gold reads labels that someone or something has given to reports:
// gold annotations and predictions alike. Label tables (CSV, Parquet), JSON
// lines with evidence, and the exports of annotation tools all become rows of
// assertions, with the mentions behind them where the source has those.
//
// Open streams the rows of a source; Load keeps all of them. Of makes the row of
// a report that has just been labelled.
package gold

import (
	"context"
	"iter"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// Row is what one source says of one report, or of one text of its own.
type Row struct {
	ID    string
	Group string       // what Options.By names; "" without it
	Place corpus.Place // where it was read
	// Labels has an assertion for each of the source's observations.
	Labels []corpus.Assertion
	// Open marks the observations that nobody has judged in this row, so that a
	// blank in it is no statement. nil: all were judged.
	Open []bool
	// Mentions are those of each observation, in text order. nil where the
	// source has none, and only there.
	Mentions [][]Mention
	// Reasons say why a label is as it is where mentions do not (a blank one, a
	// derived one), for each observation. nil where the source has none.
	Reasons []string
	// Text is the text that was annotated, where the source holds it.
	Text string

	image string // the one that the row is of, where it is not of a study
}

// Judged reports whether the label of an observation, by its place, was judged.
func (r *Row) Judged(i int) bool { return r.Open == nil || !r.Open[i] }

// Mention is one mention of an observation with the sentence it stands in. The
// spans of mention, cue and scope are byte offsets into Sentence; that of the
// cue and its scope are empty where there is none.
type Mention struct {
	Rule, Cue string // ids; "" where a person annotated, or no cue governs
	Section   string
	Assertion corpus.Assertion // Unmentioned: a cue excludes it
	Sentence  string
	At        int // of the sentence: byte offset into the report
	Mention   corpus.Span
	CueSpan   corpus.Span
	Scope     corpus.Span
}

// Place is the mention's span in bytes of the report.
func (m Mention) Place() corpus.Span { return m.Mention.Shift(m.At) }

// Options say how a source is read. The zero value guesses.
type Options struct {
	IDColumn string // column or field of the ids; "" takes one of the usual names
	By       string // column or field whose value becomes Row.Group; "" is none
	// Only are the observations to read; other columns are passed over. nil: all.
	Only []corpus.Observation
	// Known are observations as they are to be spelt: a name that differs from one
	// in case, blanks, underscores or hyphens alone means it.
	Known []corpus.Observation
	// Strict makes a name that is none of Known, and not in a column of another
	// kind, an error. Without it such a name stands for itself, and a column of it
	// that holds no labels is passed over.
	Strict bool
	// NeedIDs makes a table without a column of ids an error. Without it its rows
	// are numbered, and so are matched by their order.
	NeedIDs bool
}

// Source is an opened source of rows.
type Source struct {
	Path         string
	Format       string // "csv", "jsonl", "parquet", "brat", "doccano", "label studio", "sentences", "cells"
	Observations []corpus.Observation
	HasText      bool // the rows carry the text that was annotated
	HasMentions  bool // the rows carry mentions
	PositiveOnly bool // it lists what is positive: what is not listed may be negative, uncertain or not mentioned
	Sentences    bool // a row is a sentence: several rows may be of one report, under ids REPORT:N
	// Images is how many images were put together into how many Studies; 0 where
	// no study had several. Complete when all rows have been given.
	Images, Studies int
	// Notes are what a person should know of how the source was read, such as what
	// was passed over; complete when all rows have been given.
	Notes []string
	rows  func(ctx context.Context, yield func(Row, error) bool)
}

// Rows gives the rows in the order of the source; those of images are put
// together by study, the strongest assertion of each observation, and come last.
// An error is a *corpus.Problem of one row, after which the next comes, or ends
// the rows.
func (s *Source) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { s.perStudy(ctx, yield) }
}

// Sheet is a source with all its rows.
type Sheet struct {
	*Source
	All []Row
}

// Of gives the row of a labelled report, with its mentions and reasons. Its id is
// that of the study, as it is of rows that are read.
func Of(r labeler.Result) Row {
	row := Row{
		ID: corpus.StudyOf(r.Report.ID), Place: r.Report.Place, Text: r.Report.Text,
		Labels:   make([]corpus.Assertion, len(r.Labels)),
		Mentions: make([][]Mention, len(r.Labels)),
		Reasons:  make([]string, len(r.Labels)),
	}
	for i, l := range r.Labels {
		row.Labels[i], row.Reasons[i] = l.Assertion, l.Reason
		for _, e := range l.Evidence {
			at := -e.Sentence.Start
			m := Mention{
				Rule: e.Rule, Cue: e.Cue, Section: e.Section, Assertion: e.Assertion,
				Sentence: e.Sentence.In(r.Report.Text), At: e.Sentence.Start, Mention: e.Mention.Shift(at),
			}
			if e.Cue != "" {
				m.CueSpan, m.Scope = e.CueSpan.Shift(at), e.Scope.Shift(at)
			}
			row.Mentions[i] = append(row.Mentions[i], m)
		}
	}
	return row
}
