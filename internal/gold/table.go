package gold

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/radlabel/radlabel/corpus"
)

// openTable opens a table: of cells where its header says so, else of labels.
func openTable(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	t, err := f.Table(false)
	if err != nil {
		return nil, err
	}
	if corpus.FindColumn(t.Header, "observation") >= 0 && corpus.FindColumn(t.Header, "label") >= 0 {
		return openCells(ctx, f, opts)
	}
	place := corpus.Place{Path: f.Path, Line: 1}
	var c columns
	if i := corpus.FindColumn(t.Header, corpus.FindingLabels); i >= 0 {
		c, err = findingsOf(t.Header, i, place, opts)
	} else {
		c, err = columnsOf(t.Header, sampleTable(t), place, opts)
	}
	if err != nil {
		return nil, err
	}
	l, notes := labelTable{Table: t, columns: c}, c.notes("rows")
	s := &Source{Path: f.Path, Format: "csv", Observations: c.observations, PositiveOnly: c.names != nil, Notes: notes}
	s.rows = func(ctx context.Context, yield func(Row, error) bool) {
		foreign := l.rows(ctx, yield)
		s.Notes = slices.Concat(notes, foreignNote(foreign))
	}
	return s, nil
}

// sampleTable looks at what the first rows hold in each column.
func sampleTable(t *corpus.Table) []sampled {
	sample := make([]sampled, len(t.Header))
	for r := range t.HeadRows() {
		for i, field := range r.Fields {
			sample[i].add(decodeLabel(field))
		}
	}
	return sample
}

// labelTable is a table with a column for each observation, or one column that
// lists the positive ones.
type labelTable struct {
	*corpus.Table
	columns
}

// rows gives the rows, and counts those that are not UTF-8.
func (l labelTable) rows(ctx context.Context, yield func(Row, error) bool) (foreign int) {
	seen, strings := newIDs("line"), newCache()
	number := 0
	for r, err := range l.Rows() {
		if ctx.Err() != nil {
			yield(Row{}, ctx.Err())
			return
		}
		number++
		if r.Foreign > 0 {
			foreign++
		}
		if err != nil {
			if !yield(Row{}, err) {
				return
			}
			continue
		}
		row, wrong := l.row(r, number, strings)
		if what := seen.add(row, r.Line); what != "" {
			wrong = append(wrong, l.Fault(r.Line, l.id, what, ""))
		}
		if !yieldRow(yield, row, wrong) {
			return
		}
	}
	return foreign
}

// yieldRow yields a row, or all that is wrong with it.
func yieldRow(yield func(Row, error) bool, row Row, wrong []error) bool {
	for _, err := range wrong {
		if !yield(Row{}, err) {
			return false
		}
	}
	return wrong != nil || yield(row, nil)
}

// row reads one row. Its number is its id where there is no column of ids.
func (l labelTable) row(r corpus.Row, number int, strings *cache) (row Row, wrong []error) {
	row = Row{Place: corpus.Place{Path: l.File.Path, Line: r.Line}, Labels: make([]corpus.Assertion, len(l.labels))}
	row.ID = strconv.Itoa(number)
	if l.id >= 0 {
		image := ""
		if l.image >= 0 {
			image = r.Fields[l.image]
		}
		row.identify(r.Fields[l.id], image)
		row.ID = string([]byte(row.ID)) // a copy: the fields share one string
		if row.ID == "" {
			wrong = append(wrong, l.Fault(r.Line, l.id, "the id is empty", ""))
		}
	}
	if l.group >= 0 {
		row.Group = strings.string([]byte(r.Fields[l.group]))
	}
	if l.names != nil {
		if err := l.findings(r.Fields[l.labels[0]], row.Labels); err != nil {
			wrong = append(wrong, l.Fault(r.Line, l.labels[0], err.Error(), ""))
		}
		return row, wrong
	}
	for i, column := range l.labels {
		a, err := decodeLabel(r.Fields[column])
		if err != nil {
			wrong = append(wrong, l.Fault(r.Line, column, err.Error(), ""))
		}
		row.Labels[i] = a
	}
	return row, wrong
}

// findings reads the labels of one field: positive what it lists, negative what
// it does not; none where it is blank.
func (l labelTable) findings(field string, labels []corpus.Assertion) error {
	found, err := corpus.DecodeFindings(field)
	if err != nil || found == nil {
		return err
	}
	for i, name := range l.names {
		labels[i] = corpus.Negative
		if slices.Contains(found, name) {
			labels[i] = corpus.Positive
		}
	}
	return nil
}

// openCells opens a table with one judged label a row: columns of id, text (may
// be missing), observation and label. It is read at once, since the rows of one
// text may stand anywhere.
func openCells(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	t, err := f.Table(true)
	if err != nil {
		return nil, err
	}
	c := cells{Table: t, names: newNames(opts), found: map[string]int{}}
	c.order = newUnion(c.names.chosen)
	if err := c.findColumns(opts); err != nil {
		return nil, err
	}
	var wrong problems
	foreign := 0
	for r, err := range t.Rows() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r.Foreign > 0 {
			foreign++
		}
		if err == nil {
			err = c.add(r)
		}
		if err != nil {
			wrong.add(err)
		}
	}
	if wrong.n == 0 && len(c.order.all) == 0 {
		wrong.add(problem(corpus.Place{Path: f.Path}, "there is no label in it", ""))
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	s := Source{Path: f.Path, Format: "cells", Observations: c.order.all, HasText: c.text >= 0, Notes: foreignNote(foreign)}
	return sourceOf(s, c.rows()), nil
}

// cells puts judged labels together into rows.
type cells struct {
	*corpus.Table
	names                               names
	id, text, observation, label, group int
	found                               map[string]int // id -> judged
	judged                              []judgedRow
	order                               *union
}

// judgedRow is a row with the labels that it has so far.
type judgedRow struct {
	Row
	labels map[corpus.Observation]judgedLabel
}

type judgedLabel struct {
	corpus.Assertion
	line int
}

func (c *cells) findColumns(opts Options) error {
	place := corpus.Place{Path: c.File.Path, Line: 1}
	c.id, _ = corpus.LabelColumns(c.Header)
	c.group = -1
	var wrong problems
	for _, named := range []struct {
		name   string
		column *int
	}{{opts.IDColumn, &c.id}, {opts.By, &c.group}} {
		if named.name == "" {
			continue
		}
		if *named.column = corpus.FindColumn(c.Header, named.name); *named.column < 0 {
			wrong.add(noColumn(place, named.name, c.Header))
		}
	}
	c.text = corpus.FindColumn(c.Header, "text")
	c.observation, c.label = corpus.FindColumn(c.Header, "observation"), corpus.FindColumn(c.Header, "label")
	if c.id < 0 && opts.IDColumn == "" {
		wrong.add(problem(place, "there is no column of ids", "name it with --id-column"))
	}
	return wrong.err()
}

func (c *cells) add(r corpus.Row) error {
	place := corpus.Place{Path: c.File.Path, Line: r.Line}
	o, unknown := c.names.find(r.Fields[c.observation])
	switch {
	case unknown:
		return c.names.unknown(place, fmt.Sprintf("column %d (%s): %s", c.observation+1, c.Header[c.observation], quotedID(r.Fields[c.observation])), r.Fields[c.observation])
	case o == "":
		return nil
	}
	row, err := c.rowOf(r, place)
	if err != nil {
		return err
	}
	a, err := decodeLabel(r.Fields[c.label])
	if err != nil {
		return c.Fault(r.Line, c.label, err.Error(), "")
	}
	if before, found := row.labels[o]; found && before.Assertion != a {
		return c.Fault(r.Line, c.label, fmt.Sprintf("%s is %s here and %s in line %d", o, a, before.Assertion, before.line), "keep one")
	}
	c.order.add(o)
	row.labels[o] = judgedLabel{a, r.Line}
	return nil
}

// rowOf gives the row that a cell belongs to.
func (c *cells) rowOf(r corpus.Row, place corpus.Place) (*judgedRow, error) {
	row := Row{ID: corpus.StudyOf(r.Fields[c.id]), Place: place}
	if c.text >= 0 {
		row.Text = r.Fields[c.text]
	}
	if c.group >= 0 {
		row.Group = r.Fields[c.group]
	}
	if row.ID == "" {
		return nil, c.Fault(r.Line, c.id, "the id is empty", "")
	}
	i, found := c.found[row.ID]
	if !found {
		i = len(c.judged)
		c.found[row.ID] = i
		c.judged = append(c.judged, judgedRow{row, map[corpus.Observation]judgedLabel{}})
	}
	if first := &c.judged[i]; first.Text != row.Text {
		return nil, c.Fault(r.Line, c.text, fmt.Sprintf("the id %s has another text in line %d", quotedID(row.ID), first.Place.Line), "give each text an id of its own")
	}
	return &c.judged[i], nil
}

func (c *cells) rows() []Row {
	all := make([]Row, 0, len(c.judged))
	for _, j := range c.judged {
		row := j.Row
		row.Labels, row.Open = make([]corpus.Assertion, len(c.order.all)), make([]bool, len(c.order.all))
		for i, o := range c.order.all {
			l, judged := j.labels[o]
			row.Labels[i], row.Open[i] = l.Assertion, !judged
		}
		all = append(all, row)
	}
	return all
}

// union gathers the observations of a source that does not list them, in the
// order in which they occur. Those to read are a list already: one that does not
// occur has been looked for and not found.
type union struct {
	all   []corpus.Observation
	index map[corpus.Observation]int
}

func newUnion(only []corpus.Observation) *union {
	u := &union{index: map[corpus.Observation]int{}}
	for _, o := range only {
		u.add(o)
	}
	return u
}

func (u *union) add(o corpus.Observation) int {
	i, found := u.index[o]
	if !found {
		i = len(u.all)
		u.index[o] = i
		u.all = append(u.all, o)
	}
	return i
}
