package dataset

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// row is one row of a table while it is read.
type row struct {
	*File
	corpus.Row
	rec   Record
	wrong []fault
}

// fault is what is wrong with a column, or, with column -1, with the row.
type fault struct {
	*corpus.Problem
	column int
}

// field gives a field by the name of its column in lower case, without the
// blanks around it; "" where there is no such column.
func (r *row) field(name string) string {
	if i, ok := r.column[name]; ok {
		return strings.TrimSpace(r.Fields[i])
	}
	return ""
}

// lost tells of a field without which the row is nothing.
func (r *row) lost(name, what, do string) { r.tell(r.column[name], what, do, true) }

// odd tells of a field that the row can do without.
func (r *row) odd(name, what, do string) { r.tell(r.column[name], what, do, false) }

func (r *row) tell(column int, what, do string, lost bool) {
	p := r.table.Fault(r.Line, column, what, do)
	p.Lost = lost
	r.wrong = append(r.wrong, fault{p, column})
}

// number reads an id of digits behind a letter or word; 0 is lost.
func (r *row) number(name, prefix string) uint32 {
	s := r.field(name)
	n, ok := numberOf(strings.TrimPrefix(s, prefix))
	if !ok {
		r.lost(name, fmt.Sprintf("%s is no id", quoted(s)), "check that the columns are not swapped")
	}
	return n
}

// numberOf reads digits. Pandas writes 10000032.0 for a number beside blanks.
func numberOf(s string) (uint32, bool) {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, ".0"), 10, 32)
	return uint32(n), err == nil && n > 0
}

// readLabels reads the columns of the observations.
func (r *row) readLabels(rec *Record) {
	for i, column := range r.labels {
		if column < 0 {
			continue
		}
		var a corpus.Assertion
		switch s := r.Fields[column]; s {
		case "":
			continue
		case "1.0":
			a = corpus.Positive
		case "0.0":
			a = corpus.Negative
		case "-1.0":
			a = corpus.Uncertain
		default:
			var err error
			if a, err = corpus.DecodeLabel(s); err != nil {
				r.tell(column, err.Error(), "", true)
			}
		}
		rec.Labels = rec.Labels.With(i, a)
	}
}

// oldest is the age in years from which on one is taken for a slip.
const oldest = 120

// readAge reads years: 58, or as DICOM writes them, 058Y, 006M, 012W, 003D.
func (r *row) readAge(name string, rec *Record) {
	s := r.field(name)
	if s == "" {
		return
	}
	digits, unit := s, byte('Y')
	if last := s[len(s)-1]; strings.IndexByte("YMWD", last) >= 0 {
		digits, unit = s[:len(s)-1], last
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || n != float64(int(n)) {
		r.odd(name, fmt.Sprintf("%s is no age; counted as unknown", quoted(s)), "check that the columns are not swapped")
		return
	}
	years := int(n) / map[byte]int{'Y': 1, 'M': 12, 'W': 52, 'D': 365}[unit]
	if years > oldest {
		r.odd(name, fmt.Sprintf("nobody is %s years old; counted as unknown", digits), "")
		return
	}
	rec.Age = years
	if digits != s {
		r.odd(name, fmt.Sprintf("the age %s has a unit; read as %d years", quoted(s), years), "")
	}
}

// readSex reads F or M, or the words.
func (r *row) readSex(name string, rec *Record) {
	if !r.has(name) {
		return
	}
	s := r.field(name)
	switch strings.ToLower(s) {
	case "f", "female":
		rec.Sex = "F"
	case "m", "male":
		rec.Sex = "M"
	case "", "unknown", "u", "o", "other":
		rec.Sex = "unknown"
		if s != "" {
			r.odd(name, fmt.Sprintf("the sex is %s; counted as unknown", quoted(s)), "")
		}
	default:
		rec.Sex = "unknown"
		r.odd(name, fmt.Sprintf("%s is no sex; counted as unknown", quoted(s)), "check that the columns are not swapped")
	}
}

func quoted(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return strconv.Quote(s)
}

// Records reads the file row by row. An error is a *corpus.Problem: with Lost,
// of a row that could not be read and does not come; without, of a field of the
// row that comes next, or is lost. A row may have several, all of its line. A
// record is valid until the next.
func (f *File) Records(ctx context.Context) iter.Seq2[*Record, error] {
	if f.table == nil {
		return f.names(ctx)
	}
	return func(yield func(*Record, error) bool) {
		for r, err := range f.rows(ctx) {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			lost := false
			for _, p := range r.wrong {
				lost = lost || p.Lost
				if !yield(nil, p.Problem) {
					return
				}
			}
			if !lost && !yield(&r.rec, nil) {
				return
			}
		}
	}
}

// rows reads the rows of a table, each with what is wrong with it. An error is
// the *corpus.Problem of a row that has no fields to read.
func (f *File) rows(ctx context.Context) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		r := row{File: f}
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
			r.Row, r.wrong = raw, nil // not emptied: a copy of the row may have it
			r.rec = Record{Line: raw.Line, Age: -1}
			f.form.read(&r, &r.rec)
			if f.form.labels != noLabels {
				r.readLabels(&r.rec)
			}
			if !yield(&r, nil) {
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

// names reads a list of images.
func (f *File) names(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		in, err := f.file.Open()
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.Close()
		lines := bufio.NewScanner(in)
		var rec Record
		line := 0
		for lines.Scan() {
			if line++; line%1024 == 0 && ctx.Err() != nil {
				return
			}
			name := string(bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff"))))
			if name == "" {
				continue
			}
			rec = Record{Line: line, Age: -1, Image: name}
			var ok bool
			if rec.Patient, ok = patientOf(name); !ok {
				p := &corpus.Problem{
					Place: corpus.Place{Path: f.Path, Line: line}, Lost: true,
					What: fmt.Sprintf("column 1: %s is no name of an image, such as 00000001_000.png", quoted(name)),
				}
				if !yield(nil, p) {
					return
				}
				continue
			}
			rec.Split = splitOfList(f.file.Name)
			if !yield(&rec, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, f.file.Fault(line+1, err))
		}
	}
}
