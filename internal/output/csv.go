package output

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// csvWriter writes a row a report. The row is built in one reused slice.
type csvWriter struct {
	w            *bufio.Writer
	layout       Layout
	observations []corpus.Observation
	order        []int // column -> index into observations; for NIH those that Finding Labels may name
	started      bool
	row          []byte
	found        []corpus.Observation
}

func newCSV(w io.Writer, layout Layout, observations []corpus.Observation) *csvWriter {
	c := &csvWriter{w: bufio.NewWriterSize(w, 1<<16), layout: layout, observations: observations}
	switch layout {
	case MIMIC:
		c.order = alphabetical(observations)
		return c
	case NIH, NIHStudies:
		for _, o := range corpus.Diseases() {
			if i := slices.Index(observations, o); i >= 0 {
				c.order = append(c.order, i)
			}
		}
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
	case MIMIC, Studies, NIHStudies:
		row = append(row, "subject_id,study_id"...)
	default:
		row = append(row, "id"...)
	}
	if c.listed() {
		row = append(append(row, ','), corpus.FindingLabels...)
	} else {
		for _, i := range c.order {
			row = appendField(append(row, ','), string(c.observations[i]))
		}
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
	case MIMIC, Studies, NIHStudies:
		study := r.Report.Study
		if study == "" {
			study = r.Report.ID
		}
		row = appendField(row, r.Report.Subject)
		row = appendField(append(row, ','), study)
	default:
		row = appendField(row, r.Report.ID)
	}
	if c.listed() {
		row = c.appendFindings(append(row, ','), r)
	} else {
		for _, i := range c.order {
			row = append(row, ',')
			if i < len(r.Labels) {
				row = append(row, corpus.EncodeLabel(r.Labels[i].Assertion)...)
			}
		}
	}
	c.row = append(row, '\n')
	_, err := c.w.Write(c.row)
	return err
}

// listed reports whether one column lists what is positive.
func (c *csvWriter) listed() bool { return c.layout == NIH || c.layout == NIHStudies }

// appendFindings lists the positive diseases; nothing, not even No Finding, where
// there was no text to label.
func (c *csvWriter) appendFindings(row []byte, r labeler.Result) []byte {
	if !slices.ContainsFunc(r.Labelled, func(s corpus.Section) bool { return strings.TrimSpace(s.Span.In(r.Report.Text)) != "" }) {
		return row
	}
	c.found = c.found[:0]
	for _, i := range c.order {
		if i < len(r.Labels) && r.Labels[i].Assertion == corpus.Positive {
			c.found = append(c.found, c.observations[i])
		}
	}
	return corpus.AppendFindings(row, c.found)
}

// begun says that the header stands in the output already.
func (c *csvWriter) begun() { c.started = true }

// Flush brings the rows so far to the stream below.
func (c *csvWriter) Flush() error { return c.w.Flush() }

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
