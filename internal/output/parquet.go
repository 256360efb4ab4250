package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// rowGroup is the number of rows held in memory until they are written.
const rowGroup = 1 << 16

// parquetWriter writes the columns id, subject_id and study_id (the last two
// null where the corpus has none) and an INT(8) column an observation: 1, 0,
// -1 or null. Evidence is left to JSON lines. The header is in the file's
// metadata under "radlabel".
type parquetWriter struct {
	w    *parquet.GenericWriter[any]
	row  parquet.Row
	rows []parquet.Row // one row, for WriteRows
}

func newParquet(w io.Writer, h Header) (*parquetWriter, error) {
	meta, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	columns := columns{Group: parquet.Group{
		"id":         parquet.String(),
		"subject_id": parquet.Optional(parquet.String()),
		"study_id":   parquet.Optional(parquet.String()),
	}, order: []string{"id", "subject_id", "study_id"}}
	for _, o := range h.Observations {
		if _, ok := columns.Group[string(o)]; ok {
			return nil, fmt.Errorf("observation %q is the name of another Parquet column; rename it in the rule set, or write .csv", o)
		}
		columns.Group[string(o)] = parquet.Optional(parquet.Int(8))
		columns.order = append(columns.order, string(o))
	}
	return &parquetWriter{
		w: parquet.NewGenericWriter[any](w,
			parquet.NewSchema("radlabel", columns),
			parquet.Compression(&parquet.Snappy),
			parquet.MaxRowsPerRowGroup(rowGroup),
			parquet.CreatedBy(h.Tool, h.Version, ""),
			parquet.KeyValueMetadata("radlabel", string(meta)),
		),
		rows: make([]parquet.Row, 1),
	}, nil
}

// columns is a group whose fields keep the order given; parquet.Group sorts
// them by name.
type columns struct {
	parquet.Group
	order []string
}

func (c columns) Fields() []parquet.Field {
	byName := make(map[string]parquet.Field, len(c.order))
	for _, f := range c.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(c.order))
	for i, name := range c.order {
		fields[i] = byName[name]
	}
	return fields
}

// Flush does nothing: rows are written by whole groups of them.
func (p *parquetWriter) Flush() error { return nil }

// Write writes the row of one report.
func (p *parquetWriter) Write(r labeler.Result) error {
	row := append(p.row[:0], parquet.ByteArrayValue([]byte(r.Report.ID)).Level(0, 0, 0))
	row = append(row, optionalText(r.Report.Subject, 1), optionalText(r.Report.Study, 2))
	for i := range r.Labels {
		column := len(row)
		if a := r.Labels[i].Assertion; a == corpus.Unmentioned {
			row = append(row, parquet.NullValue().Level(0, 0, column))
		} else {
			row = append(row, parquet.Int32Value(int32(Number(a))).Level(0, 1, column))
		}
	}
	p.row, p.rows[0] = row, row
	_, err := p.w.WriteRows(p.rows)
	return unwrapped(err)
}

func optionalText(s string, column int) parquet.Value {
	if s == "" {
		return parquet.NullValue().Level(0, 0, column)
	}
	return parquet.ByteArrayValue([]byte(s)).Level(0, 1, column)
}

// Close writes the last rows and the footer.
func (p *parquetWriter) Close() error { return unwrapped(p.w.Close()) }

// unwrapped takes off what the library says of its buffers and row groups.
func unwrapped(err error) error {
	var own *notWritten
	if errors.As(err, &own) {
		return own
	}
	return err
}
