package convert

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// rows are the rows of a file that has columns: CSV or Parquet.
type rows struct {
	header []string
	head   iter.Seq[corpus.Row] // the first of all
	all    iter.Seq2[corpus.Row, error]
	fault  func(line, column int, what, do string) *corpus.Problem
}

// table is a label file that is a table.
type table struct {
	rows
	source   *Source
	labels   []int    // columns
	findings int      // the column Finding Labels; -1: none
	beside   []column // the labels
	images   bool     // a row is one view
	reading  []int    // of beside those of the dataset, each behind those that it is held against
}

func (t *table) read(ctx context.Context, yield func(Row, error) bool) {
	seen, foreign := newSeen(), 0
	defer func() {
		if foreign > 0 {
			t.source.Notes = append(t.source.Notes, fmt.Sprintf("rows that are not UTF-8, read as Windows-1252: %d", foreign))
		}
	}()
	for r, err := range t.all {
		if ctx.Err() != nil {
			yield(Row{}, ctx.Err())
			return
		}
		if err != nil {
			if !yield(Row{}, err) {
				return
			}
			continue
		}
		if r.Foreign > 0 {
			foreign++
		}
		row, wrong := t.row(r)
		if !slices.ContainsFunc(wrong, isLost) {
			if p := t.repeated(seen, row); p != nil {
				wrong = append(wrong, p)
			}
		}
		if !yieldRow(yield, row, wrong) {
			return
		}
	}
}

func isLost(p *corpus.Problem) bool { return p.Lost }

// yieldRow yields what is wrong with a row, up to the first by which it is lost, and
// the row where it is not.
func yieldRow(yield func(Row, error) bool, row Row, wrong []*corpus.Problem) bool {
	for _, p := range wrong {
		if !yield(row, p) {
			return false
		}
		if p.Lost {
			return true
		}
	}
	return yield(row, nil)
}

// row reads a row, and tells what is wrong with it.
func (t *table) row(r corpus.Row) (row Row, wrong []*corpus.Problem) {
	row = Row{Place: corpus.Place{Path: t.source.Path, Line: r.Line}}
	row.Beside = make([]string, len(t.beside))
	for i, c := range t.beside {
		row.Beside[i] = strings.TrimSpace(r.Fields[c.at])
	}
	fault := func(column int, err error) {
		w := &dataset.Wrong{What: err.Error(), Lost: true}
		errors.As(err, &w)
		p := t.fault(r.Line, column, w.What, w.Do)
		p.Lost = w.Lost
		wrong = append(wrong, p)
	}
	t.readIDs(&row, fault)
	if t.findings >= 0 {
		var rec dataset.Record
		if err := dataset.ChestXray14.Column(corpus.FindingLabels).Read(strings.TrimSpace(r.Fields[t.findings]), &rec); err != nil {
			fault(t.findings, err)
		}
		row.Labels = rec.Labels
		return row, wrong
	}
	for i, column := range t.labels {
		a, err := corpus.DecodeLabel(r.Fields[column])
		if err != nil {
			fault(column, err)
		}
		row.Labels = row.Labels.With(i, a)
	}
	return row, wrong
}

// readIDs reads what stands beside the labels for what it says and for what is wrong
// with it: it is written as it stands.
func (t *table) readIDs(row *Row, fault func(column int, err error)) {
	whole := false // it has an id of radlabel's: others are extras, as in its Parquet
	for i, c := range t.beside {
		if c.Field != dataset.ID || c.own {
			continue
		}
		if row.Beside[i] == "" {
			fault(c.at, errors.New("the id is empty"))
			continue
		}
		whole = true
		t.source.identify(corpus.StudyOf(row.Beside[i]), &row.is)
	}
	for _, i := range t.reading {
		c := t.beside[i]
		if row.Beside[i] == "" && whole {
			continue
		}
		if err := c.Read(row.Beside[i], &row.is); err != nil {
			fault(c.at, err)
		}
	}
}

// repeated is the problem of a row whose image, or study where a row is one, has a
// row already.
func (t *table) repeated(seen *seen, row Row) *corpus.Problem {
	column := slices.IndexFunc(t.beside, func(c column) bool {
		return c.Field == dataset.ID && (c.Level == dataset.ByImage || !t.images && c.Level == dataset.ByStudy)
	})
	id := row.Beside[column]
	key := id
	switch {
	case row.is.Image != "": // whatever stands before it in a path
		key = row.is.Split + "/" + row.is.Image
	case !t.images:
		key = studyOf(t.source.dataset, t.beside, row)
	}
	if first := seen.add(key, row.Place.Line); first > 0 {
		return t.fault(row.Place.Line, t.beside[column].at, fmt.Sprintf("%q has a row already, in line %d; the first counts", id, first), "remove one")
	}
	return nil
}

// seen knows the ids so far, in sixteen bytes each.
type seen struct {
	seed maphash.Seed
	line map[uint64]int32
}

func newSeen() *seen { return &seen{maphash.MakeSeed(), map[uint64]int32{}} }

// add gives the line of an id that has come already, or 0.
func (s *seen) add(id string, line int) int {
	k := maphash.String(s.seed, id)
	if first, ok := s.line[k]; ok {
		return int(first)
	}
	s.line[k] = int32(line)
	return 0
}
