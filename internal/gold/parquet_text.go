package gold

import (
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"

	"github.com/radlabel/radlabel/corpus"
)

// ParquetText is a Parquet file whose plain columns are read as the texts that CSV
// has for them. What is no plain column has no name and is blank.
type ParquetText struct {
	Header []string
	table  *parquetTable
}

// OpenParquet reads which columns a Parquet file has. The error is a *corpus.Problem.
func OpenParquet(f *corpus.File) (*ParquetText, error) {
	t := &parquetTable{file: f, place: corpus.Place{Path: f.Path}}
	if err := t.keep(); err != nil {
		return nil, err
	}
	in, done, err := t.open()
	if err != nil {
		return nil, err
	}
	defer done()
	return &ParquetText{Header: plainColumns(in), table: t}, nil
}

// HeadRows gives the first rows, but for what is damaged.
func (p *ParquetText) HeadRows() iter.Seq[corpus.Row] {
	return func(yield func(corpus.Row) bool) {
		for row, err := range p.Rows() {
			if err != nil || row.Line > parquetRows || !yield(row) {
				return
			}
		}
	}
}

// Rows gives all rows, numbered from 1. An error, a *corpus.Problem, ends them.
func (p *ParquetText) Rows() iter.Seq2[corpus.Row, error] {
	return func(yield func(corpus.Row, error) bool) {
		in, done, err := p.table.open()
		if err != nil {
			yield(corpus.Row{}, err)
			return
		}
		defer done()
		number := 0
		for _, group := range in.RowGroups() {
			if !p.group(group, &number, yield) {
				return
			}
		}
	}
}

// group gives the rows of a row group, and reports whether to go on.
func (p *ParquetText) group(group parquet.RowGroup, number *int, yield func(corpus.Row, error) bool) bool {
	var from parquet.Rows
	if !safely(func() { from = group.Rows() }) {
		yield(corpus.Row{}, p.table.damaged())
		return false
	}
	defer safely(func() { from.Close() })
	rows := make([]parquet.Row, parquetRows)
	for {
		n, err := 0, errDamaged
		safely(func() { n, err = from.ReadRows(rows) })
		for _, values := range rows[:n] {
			*number++
			row := corpus.Row{Line: *number, Fields: make([]string, len(p.Header))}
			for _, v := range values {
				if c := v.Column(); p.Header[c] != "" {
					row.Fields[c] = valueText(v)
				}
			}
			if !yield(row, nil) {
				return false
			}
		}
		switch {
		case err == io.EOF:
			return true
		case err != nil || n == 0:
			yield(corpus.Row{}, p.table.damaged())
			return false
		}
	}
}

// Fault is the problem of one field of a row, or, with column -1, of the row.
func (p *ParquetText) Fault(number, column int, what, do string) *corpus.Problem {
	where := fmt.Sprintf("row %d: ", number)
	if column >= 0 {
		where += fmt.Sprintf("column %d (%s): ", column+1, p.Header[column])
	}
	return problem(p.table.place, where+what, do)
}
