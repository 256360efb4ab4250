package output

import (
	"bufio"
	"io"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// csvWriter writes a row a report. The row is built in one reused slice.
type csvWriter struct {
	w            *bufio.Writer
	layout       Layout
	observations []corpus.Observation
	order        []int // column -> index into observations
	started      bool
	row          []byte
}

func newCSV(w io.Writer, layout Layout, observations []corpus.Observation) *csvWriter {
	c := &csvWriter{w: bufio.NewWriterSize(w, 1<<16), layout: layout, observations: observations}
	if layout == MIMIC {
		c.order = alphabetical(observations)
		return c
	}
	c.order = make([]int, len(observations))
	for i := range c.order {
		c.order[i] = i
	}
	return c
}

func (c *csvWriter) start() error {
	c.started = true
	row := c.row[:0]
	switch c.layout {
	case CheXpert:
		row = append(row, "Reports"...)
	case MIMIC, Studies:
		row = append(row, "subject_id,study_id"...)
	default:
		row = append(row, "id"...)
	}
	for _, i := range c.order {
		row = appendField(append(row, ','), string(c.observations[i]))
	}
	_, err := c.w.Write(append(row, '\n'))
	return err
}

// Write writes the row of one report.
func (c *csvWriter) Write(r labeler.Result) error {
	if !c.started {
		if err := c.start(); err != nil {
			return err
		}
	}
	row := c.row[:0]
	switch c.layout {
	case CheXpert:
		row = appendField(row, r.Report.Text)
	case MIMIC, Studies:
		study := r.Report.Study
		if study == "" {
			study = r.Report.ID
		}
		row = appendField(row, r.Report.Subject)
		row = appendField(append(row, ','), study)
	default:
		row = appendField(row, r.Report.ID)
	}
	for _, i := range c.order {
		row = append(row, ',')
		if i < len(r.Labels) {
			row = append(row, corpus.EncodeLabel(r.Labels[i].Assertion)...)
		}
	}
	c.row = append(row, '\n')
	_, err := c.w.Write(c.row)
	return err
}

// Close writes the header if no report did, and flushes.
func (c *csvWriter) Close() error {
	if !c.started {
		if err := c.start(); err != nil {
			return err
		}
	}
	return c.w.Flush()
}

// appendField appends a field of a CSV row, quoted only where a reader needs
// it (RFC 4180), as the published labeler's output does: blanks at the edges
// do not ask for quotes.
func appendField(row []byte, field string) []byte {
	if !strings.ContainsAny(field, ",\"\r\n") {
		return append(row, field...)
	}
	row = append(row, '"')
	for {
		i := strings.IndexByte(field, '"')
		if i < 0 {
			break
		}
		row = append(append(row, field[:i+1]...), '"')
		field = field[i+1:]
	}
	return append(append(row, field...), '"')
}
