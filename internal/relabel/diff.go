package relabel

import (
	"context"
	"fmt"
	"iter"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// Corpus gives the same reports each time it is asked.
type Corpus func(ctx context.Context) iter.Seq2[corpus.Report, error]

// OfIndex is the reports of an index, cut into sections by a rule set where no table
// gave them.
func OfIndex(x *index.Index, set *rules.Set) (Corpus, error) {
	splitter, err := segment.NewSplitter(set.Sections, set.Policy)
	if err != nil {
		return nil, fmt.Errorf("rule set %s: %w", set.Name, err)
	}
	return func(ctx context.Context) iter.Seq2[corpus.Report, error] { return x.Texts(ctx, splitter.Split) }, nil
}

// OfRows is the texts of rows; rows without text are left out.
func OfRows(rows []gold.Row) Corpus {
	return func(ctx context.Context) iter.Seq2[corpus.Report, error] {
		return func(yield func(corpus.Report, error) bool) {
			for _, row := range rows {
				switch {
				case ctx.Err() != nil:
					yield(corpus.Report{}, ctx.Err())
					return
				case row.Text != "" && !yield(corpus.Report{ID: row.ID, Text: row.Text}, nil):
					return
				}
			}
		}
	}
}

// Diff labels a corpus with two labelers, and counts what changes from old to new:
// d is told of every report, and may be looked at in its Progress. Reports that
// cannot be labelled are counted as failed. The error is that of the context, or of
// the corpus.
func Diff(ctx context.Context, d *eval.Diff, reports Corpus, old, new *labeler.Labeler) (failed int, err error) {
	rows := func(l *labeler.Labeler) iter.Seq2[gold.Row, error] {
		return func(yield func(gold.Row, error) bool) {
			for result, err := range l.LabelAll(ctx, reports(ctx), 1) { // the other side takes the other core
				var row gold.Row
				if err == nil {
					row = gold.Of(result)
				}
				if !yield(row, err) {
					return
				}
			}
		}
	}
	var failures [2]int
	err = d.Read(ctx, [2]iter.Seq2[gold.Row, error]{rows(old), rows(new)}, func(side int, _ *corpus.Problem) { failures[side]++ })
	return max(failures[0], failures[1]), err
}
