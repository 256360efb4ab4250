package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// Row is one row of a file, and what is wrong with it.
type Row struct {
	Record
	Faults []Fault
}

// Fault is what is wrong with a field of a row. Its problem is Lost where the row
// is nothing without it.
type Fault struct {
	*corpus.Problem
	Field Field
}

// Lost says whether the row is nothing.
func (r *Row) Lost() bool { return r.has(func(f Fault) bool { return f.Problem.Lost }) }

// Known says whether the row tells at least what it is of.
func (r *Row) Known() bool {
	return !r.has(func(f Fault) bool { return f.Problem.Lost && f.Field == ID })
}

func (r *Row) has(is func(Fault) bool) bool {
	for _, f := range r.Faults {
		if is(f) {
			return true
		}
	}
	return false
}

// Records reads the good rows of the file. An error is a *corpus.Problem: with
// Lost, of a row that could not be read and does not come; without, of a field of
// the row that comes next, or is lost. A row may have several, all of its line. A
// record is valid until the next.
func (f *File) Records(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for r, err := range f.Rows(ctx) {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			for _, fault := range r.Faults {
				if !yield(nil, fault.Problem) {
					return
				}
			}
			if !r.Lost() && !yield(&r.Record, nil) {
				return
			}
		}
	}
}

// Rows reads the file row by row. An error is the *corpus.Problem of a row that
// has no fields to read. It reads ahead, on a processor of its own; a row is valid
// until the next.
func (f *File) Rows(ctx context.Context) iter.Seq2[*Row, error] {
	if f.table == nil {
		return ahead(ctx, f.lines)
	}
	return ahead(ctx, f.rows)
}

func (f *File) rows(ctx context.Context) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		var row Row
		n := 0
		for raw, err := range f.table.Rows() {
			if n++; n%1024 == 0 && ctx.Err() != nil {
				return
			}
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			row = Row{Record: Record{Line: raw.Line, Age: -1, Split: f.form.split}}
			f.readRow(raw.Fields, &row)
			if !yield(&row, nil) {
				return
			}
		}
		if n == 0 {
			yield(nil, &corpus.Problem{
				Place: corpus.Place{Path: f.table.File.Path, Line: 1},
				What:  "there is no row under the header", Do: "get the file again", Lost: true,
			})
		}
	}
}

// readRow reads the columns of the form, and those of the observations.
func (f *File) readRow(fields []string, row *Row) {
	for _, c := range f.columns {
		if err := c.Read(strings.TrimSpace(fields[c.at]), &row.Record); err != nil {
			f.fault(row, c.at, c.Field, err)
		}
	}
	if f.form.labels == noLabels {
		return
	}
	for i, at := range f.labels {
		if at < 0 || fields[at] == "" {
			continue
		}
		a, err := decode(fields[at])
		if err != nil {
			f.fault(row, at, Label, err)
		}
		row.Labels = row.Labels.With(i, a)
	}
}

// decode is corpus.DecodeLabel, quick with what the published files hold.
func decode(s string) (corpus.Assertion, error) {
	switch s {
	case "1.0":
		return corpus.Positive, nil
	case "0.0":
		return corpus.Negative, nil
	case "-1.0":
		return corpus.Uncertain, nil
	}
	return corpus.DecodeLabel(s)
}

// fault adds what is wrong with a field.
func (f *File) fault(row *Row, column int, field Field, err error) {
	w := &Wrong{What: err.Error(), Lost: true}
	errors.As(err, &w)
	var p *corpus.Problem
	if f.table != nil {
		p = f.table.Fault(row.Line, column, w.What, w.Do)
	} else {
		p = &corpus.Problem{Place: corpus.Place{Path: f.Path, Line: row.Line}, What: fmt.Sprintf("column %d: %s", column+1, w.What)}
	}
	p.Lost = w.Lost
	row.Faults = append(row.Faults, Fault{p, field})
}

// Notes tells of the observations that a table of labels has no column of.
func (f *File) Notes() (all []*corpus.Problem) {
	for i, o := range f.Dataset.Observations {
		if f.form.labels == someLabels && f.labels[i] < 0 {
			p := f.table.Fault(1, -1, fmt.Sprintf("there is no column %q; its labels are blank", o), "")
			p.Lost = false
			all = append(all, p)
		}
	}
	return all
}

// lines reads a list of images.
func (f *File) lines(ctx context.Context) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		in, err := f.file.Open()
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.Close()
		lines := bufio.NewScanner(in)
		var row Row
		n := 0
		for lines.Scan() {
			if n++; n%1024 == 0 && ctx.Err() != nil {
				return
			}
			name := string(bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff"))))
			if name == "" {
				continue
			}
			row = Row{Record: Record{Line: n, Age: -1, Split: f.form.split}}
			f.readRow([]string{name}, &row)
			if !yield(&row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, f.file.Fault(n+1, err))
		}
	}
}
