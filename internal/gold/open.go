package gold

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// Open finds the format of a source of labels by its content and name, and reads
// as much of it as it takes to know its observations. A path is a file, plain or
// compressed with gzip or zstd, or a folder of brat's files. The error joins a
// *corpus.Problem for each thing that keeps it from being read.
func Open(ctx context.Context, path string, opts Options) (*Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && (info.IsDir() || isAnnotation(path)) {
		return openBrat(ctx, path, opts)
	}
	f, err := corpus.OpenFile(path)
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(f.Head, []byte(parquetMagic)):
		return openParquet(f, opts)
	}
	if err := f.CheckText(); err != nil {
		return nil, err
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(f.Head, []byte(byteOrderMark)), " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("[")):
		return openArray(ctx, f, opts)
	case bytes.HasPrefix(start, []byte("{")):
		return openJSONL(ctx, f, opts)
	default:
		return openTable(ctx, f, opts)
	}
}

const byteOrderMark = "\ufeff"

// Load opens a source and keeps all its rows. The error is as of Source.Load.
func Load(ctx context.Context, path string, opts Options) (*Sheet, error) {
	source, err := Open(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	return source.Load(ctx)
}

// Load keeps all rows. The error joins all that is wrong with them, each a
// *corpus.Problem: the first 20, and how many more.
func (s *Source) Load(ctx context.Context) (*Sheet, error) {
	sheet := &Sheet{Source: s}
	var wrong problems
	for row, err := range s.Rows(ctx) {
		var p *corpus.Problem
		switch {
		case err == nil:
			sheet.All = append(sheet.All, row)
		case errors.As(err, &p):
			wrong.add(err)
		default:
			return nil, err
		}
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return sheet, nil
}

// sourceOf makes a source of rows in memory.
func sourceOf(s Source, all []Row) *Source {
	s.rows = func(ctx context.Context, yield func(Row, error) bool) {
		for _, row := range all {
			if err := ctx.Err(); err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return &s
}

// PerReport puts the rows of sentences together into one row a report, under the
// report's id and in the order in which the reports begin: the strongest
// assertion of each observation, all its mentions, and a reason of a row with
// that assertion. A sheet whose rows are reports is given back as it is.
func (s *Sheet) PerReport() *Sheet {
	if !s.Sentences {
		return s
	}
	var reports gathered
	for _, row := range s.All {
		report, found := reports.row(reportOfSentence(row.ID))
		if !found {
			report.Group, report.Place = row.Group, row.Place
		}
		report.join(row, !found)
	}
	source := *s.Source
	source.Sentences = false
	return &Sheet{Source: sourceOf(source, reports.all), All: reports.all}
}

// join adds a sentence to the row of its report.
func (r *Row) join(sentence Row, first bool) {
	if first {
		r.Labels = slices.Clone(sentence.Labels)
		r.Reasons = slices.Clone(sentence.Reasons)
		r.Text = sentence.Text
		r.addMentions(sentence, 0)
		return
	}
	at := len(r.Text) + 1
	r.Text += "\n" + sentence.Text
	r.addMentions(sentence, at)
	r.strengthen(sentence)
}

// strengthen takes the labels of another row that are stronger, with their
// reasons.
func (r *Row) strengthen(other Row) {
	for i, a := range other.Labels {
		if a > r.Labels[i] {
			r.Labels[i] = a
			if r.Reasons != nil && other.Reasons != nil {
				r.Reasons[i] = other.Reasons[i]
			}
		}
	}
}

func (r *Row) addMentions(sentence Row, at int) {
	if sentence.Mentions == nil {
		return
	}
	if r.Mentions == nil {
		r.Mentions = make([][]Mention, len(sentence.Labels))
	}
	for i, mentions := range sentence.Mentions {
		for _, m := range mentions {
			m.At += at
			r.Mentions[i] = append(r.Mentions[i], m)
		}
	}
}
