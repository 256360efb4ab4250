package output

import (
	"bufio"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Table writes rows of texts and, behind them, small whole numbers that may be
// missing: training targets beside their ids.
type Table struct {
	texts   []string // names of columns
	numbers []string
	missing string
	row     []byte
	csv     *bufio.Writer
	parquet *parquet.GenericWriter[any]
	values  parquet.Row
	packed  packer
}

// Missing is the number of a place without one.
const Missing = -128

// TableOptions are the columns of a table. Missing is how CSV has a missing number;
// Parquet has null.
type TableOptions struct {
	Texts, Numbers []string
	Missing        string
	Tool, Version  string // what Parquet says made it
}

// NewTable writes a table in CSV or Parquet.
func NewTable(w io.Writer, f Format, opts TableOptions) (*Table, error) {
	w, packed, err := compress(w, f)
	if err != nil {
		return nil, err
	}
	t := &Table{texts: opts.Texts, numbers: opts.Numbers, missing: opts.Missing, packed: packed}
	if f.Kind == "parquet" {
		c := columns{Group: parquet.Group{}}
		for _, name := range opts.Texts {
			c.Group[name] = parquet.Optional(parquet.String())
		}
		for _, name := range opts.Numbers {
			c.Group[name] = parquet.Optional(parquet.Int(8))
		}
		c.order = append(append(c.order, opts.Texts...), opts.Numbers...)
		t.parquet = parquet.NewGenericWriter[any](w, parquet.NewSchema("targets", c), parquet.Compression(&parquet.Snappy),
			parquet.MaxRowsPerRowGroup(rowGroup), parquet.CreatedBy(opts.Tool, opts.Version, ""))
		return t, nil
	}
	t.csv = bufio.NewWriterSize(w, 1<<16)
	for i, name := range append(append([]string{}, opts.Texts...), opts.Numbers...) {
		if i > 0 {
			t.row = append(t.row, ',')
		}
		t.row = appendField(t.row, name)
	}
	_, err = t.csv.Write(append(t.row, '\n'))
	return t, err
}

// Write writes a row.
func (t *Table) Write(texts []string, numbers []int8) error {
	if t.parquet != nil {
		return t.writeParquet(texts, numbers)
	}
	row := t.row[:0]
	for i, s := range texts {
		if i > 0 {
			row = append(row, ',')
		}
		row = appendField(row, s)
	}
	for i, n := range numbers {
		if i > 0 || len(texts) > 0 {
			row = append(row, ',')
		}
		if n == Missing {
			row = append(row, t.missing...)
		} else {
			row = append(strconv.AppendInt(row, int64(n), 10), ".0"...)
		}
	}
	t.row = append(row, '\n')
	_, err := t.csv.Write(t.row)
	return err
}

func (t *Table) writeParquet(texts []string, numbers []int8) error {
	row := t.values[:0]
	for i, s := range texts {
		row = append(row, optionalText(s, i))
	}
	for _, n := range numbers {
		if n == Missing {
			row = append(row, parquet.NullValue().Level(0, 0, len(row)))
		} else {
			row = append(row, parquet.Int32Value(int32(n)).Level(0, 1, len(row)))
		}
	}
	t.values = row
	_, err := t.parquet.WriteRows([]parquet.Row{row})
	return unwrapped(err)
}

// Close completes the table. It does not close the stream below.
func (t *Table) Close() error {
	var err error
	if t.parquet != nil {
		err = unwrapped(t.parquet.Close())
	} else {
		err = t.csv.Flush()
	}
	if err == nil && t.packed != nil {
		err = t.packed.Close()
	}
	return err
}
