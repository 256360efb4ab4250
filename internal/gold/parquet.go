package gold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/radlabel/radlabel/corpus"
)

// parquetMagic is what a Parquet file begins with.
const parquetMagic = "PAR1"

// parquetRows is how many rows are read at once.
const parquetRows = 1 << 10

// parquetTable is a Parquet file with a column for each observation.
type parquetTable struct {
	columns
	file  *corpus.File
	place corpus.Place
	whole []byte // nil where the file is read where it is
}

func openParquet(f *corpus.File, opts Options) (*Source, error) {
	t := &parquetTable{file: f, place: corpus.Place{Path: f.Path}}
	err := t.keep()
	if err != nil {
		return nil, err
	}
	in, done, err := t.open()
	if err != nil {
		return nil, err
	}
	defer done()
	header := plainColumns(in)
	if _, own := in.Lookup("radlabel"); own && opts.IDColumn == "" {
		opts.IDColumn = "id" // its study_id may be null
	}
	if t.columns, err = columnsOf(header, sampleParquet(in, len(header)), t.place, opts); err != nil {
		return nil, err
	}
	return &Source{Path: f.Path, Format: "parquet", Observations: t.observations, Notes: t.notes("rows"), rows: t.rows}, nil
}

// plainColumns are the names of the columns. What is no plain column has none, and is
// passed over.
func plainColumns(in *parquet.File) []string {
	header := make([]string, len(in.Schema().Columns()))
	for i, path := range in.Schema().Columns() {
		if leaf, ok := in.Schema().Lookup(path...); ok && len(path) == 1 && !leaf.Node.Repeated() {
			header[i] = path[0]
		}
	}
	return header
}

// sampleParquet looks at what the first rows hold in each column. What is damaged
// is told when the rows are read.
func sampleParquet(in *parquet.File, columns int) []sampled {
	sample := make([]sampled, columns)
	safely(func() {
		from := parquet.NewReader(in)
		defer from.Close()
		rows := make([]parquet.Row, parquetRows)
		n, _ := from.ReadRows(rows)
		for _, row := range rows[:n] {
			for _, v := range row {
				sample[v.Column()].add(valueLabel(v))
			}
		}
	})
	return sample
}

func (t *parquetTable) damaged() error {
	return problem(t.place, "the Parquet file is damaged or of an unknown kind", "get it again, or write it as CSV")
}

// keep reads the file into memory where it cannot be read at any place: it is
// compressed as a whole, or comes from a pipe.
func (t *parquetTable) keep() error {
	if t.file.Regular() {
		in, err := os.Open(t.file.Path)
		if err != nil {
			return t.file.Fault(0, err)
		}
		defer in.Close()
		magic := make([]byte, len(parquetMagic))
		if _, err := in.ReadAt(magic, 0); err == nil && string(magic) == parquetMagic {
			return nil
		}
	}
	var err error
	t.whole, err = t.file.ReadAll()
	return err
}

// open opens the file anew.
func (t *parquetTable) open() (p *parquet.File, done func() error, err error) {
	var in io.ReaderAt = bytes.NewReader(t.whole)
	size, done := int64(len(t.whole)), func() error { return nil }
	if t.whole == nil {
		f, err := os.Open(t.file.Path)
		if err != nil {
			return nil, nil, t.file.Fault(0, err)
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, nil, t.file.Fault(0, err)
		}
		in, size, done = f, info.Size(), f.Close
	}
	err = errDamaged
	safely(func() {
		p, err = parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	})
	if err != nil {
		done()
		return nil, nil, t.damaged()
	}
	return p, done, nil
}

func (t *parquetTable) rows(ctx context.Context, yield func(Row, error) bool) {
	in, done, err := t.open()
	if err != nil {
		yield(Row{}, err)
		return
	}
	defer done()
	r := &parquetReader{parquetTable: t, seen: newIDs("row"), strings: newCache()}
	for _, group := range in.RowGroups() {
		if !r.readGroup(ctx, group, yield) {
			return
		}
	}
}

// parquetReader reads the rows of one passage.
type parquetReader struct {
	*parquetTable
	seen    *ids
	strings *cache
	number  int // of the row, from 1
	wrong   []error
}

// readGroup reads a row group, and reports whether to go on.
func (r *parquetReader) readGroup(ctx context.Context, group parquet.RowGroup, yield func(Row, error) bool) bool {
	rows := make([]parquet.Row, parquetRows)
	var from parquet.Rows
	if !safely(func() { from = group.Rows() }) {
		yield(Row{}, r.damaged())
		return false
	}
	defer safely(func() { from.Close() })
	for {
		n, err := 0, errDamaged
		safely(func() { n, err = from.ReadRows(rows) })
		if ctx.Err() != nil {
			yield(Row{}, ctx.Err())
			return false
		}
		for _, values := range rows[:n] {
			if !r.yield(values, yield) {
				return false
			}
		}
		switch {
		case err == io.EOF:
			return true
		case err != nil || n == 0:
			yield(Row{}, r.damaged())
			return false
		}
	}
}

var errDamaged = errors.New("damaged")

// safely reports whether work does not panic, as the library may over a damaged
// file.
func safely(work func()) (ok bool) {
	defer func() { ok = recover() == nil }()
	work()
	return true
}

func (r *parquetReader) yield(values parquet.Row, yield func(Row, error) bool) bool {
	r.number++
	r.wrong = nil
	row := r.row(values)
	if what := r.seen.add(row, r.number); what != "" {
		r.fail(r.id, what)
	}
	return yieldRow(yield, row, r.wrong)
}

func (r *parquetReader) fail(column int, what string) {
	where := fmt.Sprintf("row %d: ", r.number)
	if column >= 0 {
		where += fmt.Sprintf("column %d (%s): ", column+1, r.header[column])
	}
	r.wrong = append(r.wrong, problem(r.place, where+what, ""))
}

func (r *parquetReader) row(values parquet.Row) Row {
	row := Row{ID: strconv.Itoa(r.number), Place: r.place, Labels: make([]corpus.Assertion, len(r.labels))}
	id, image := "", ""
	label := 0 // the values are in the order of the columns, as the labels are
	for _, v := range values {
		column := v.Column()
		switch {
		case column == r.id:
			id = valueText(v)
		case column == r.group:
			row.Group = r.strings.string([]byte(valueText(v)))
		}
		if column == r.image {
			image = valueText(v)
		}
		for label < len(r.labels) && r.labels[label] < column {
			label++
		}
		if label < len(r.labels) && r.labels[label] == column {
			a, err := valueLabel(v)
			if err != nil {
				r.fail(column, err.Error())
			}
			row.Labels[label] = a
		}
	}
	if r.id >= 0 {
		row.identify(id, image)
	}
	if row.ID == "" {
		r.fail(r.id, "the id is empty")
	}
	return row
}

// valueText gives a string, or a number as it is written.
func valueText(v parquet.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Kind() == parquet.ByteArray || v.Kind() == parquet.FixedLenByteArray:
		return strings.ToValidUTF8(string(v.ByteArray()), "\ufffd")
	case v.Kind() == parquet.Double:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	case v.Kind() == parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'f', -1, 32)
	default:
		return v.String()
	}
}

// valueLabel reads a label: a number, or a string as CSV has it.
func valueLabel(v parquet.Value) (corpus.Assertion, error) {
	var n float64
	switch {
	case v.IsNull():
		return corpus.Unmentioned, nil
	case v.Kind() == parquet.Int32:
		n = float64(v.Int32())
	case v.Kind() == parquet.Int64:
		n = float64(v.Int64())
	case v.Kind() == parquet.Float:
		n = float64(v.Float())
	case v.Kind() == parquet.Double:
		n = v.Double()
	default:
		return decodeLabel(valueText(v))
	}
	switch {
	case math.IsNaN(n):
		return corpus.Unmentioned, nil
	case n == 1:
		return corpus.Positive, nil
	case n == 0:
		return corpus.Negative, nil
	case n == -1:
		return corpus.Uncertain, nil
	}
	return decodeLabel(valueText(v)) // which words the error
}
