package convert

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/nearest"
)

// column is one that stands beside the labels.
type column struct {
	*dataset.Column
	name string // as the header has it
	at   int
	own  bool // of the dataset, which says how its values are
}

// others are columns of ids that label files of other programs have.
var others = []*dataset.Column{
	{Name: "id", Field: dataset.ID, Level: dataset.ByStudy}, {Name: "report_id", Field: dataset.ID, Level: dataset.ByStudy},
	{Name: "image_id", Field: dataset.ID, Level: dataset.ByImage}, {Name: "filename", Field: dataset.ID, Level: dataset.ByImage},
	{Name: "file_name", Field: dataset.ID, Level: dataset.ByImage}, {Name: "path_to_image", Field: dataset.ID, Level: dataset.ByImage},
}

// columnOf tells the column that a header names, or nil. Ages, views and the like
// may be those of another dataset.
func columnOf(d *dataset.Dataset, header string) (c *dataset.Column, own bool) {
	if c := d.Column(header); c != nil {
		return c, true
	}
	for _, o := range others {
		if corpus.ColumnKey(o.Name) == corpus.ColumnKey(header) {
			return o, false
		}
	}
	for _, o := range dataset.All() {
		if c := o.Column(header); c != nil && c.Field == dataset.Value {
			return c, false
		}
	}
	return nil, false
}

func (c column) is(field dataset.Field, level dataset.Level) bool {
	return c.Field == field && c.Level == level
}

// isPath says whether the folder of the image is its study.
func (c column) isPath() bool {
	key := corpus.ColumnKey(c.name)
	return c.is(dataset.ID, dataset.ByImage) && (key == "path" || key == "path_to_image")
}

// Row is one row of a label file.
type Row struct {
	Beside []string // a value for each of Source.Beside
	Labels Labels
	Place  corpus.Place
	study  string // "": the row's own
}

// Source is an opened label file.
type Source struct {
	Path         string
	Observations []corpus.Observation
	Names        Names
	Notes        []string // what a person should know of how it is read; complete when all rows are
	beside       []column
	images       bool // a row is one view
	rows         func(ctx context.Context, yield func(Row, error) bool)
}

// Beside are the columns beside the labels, with Study those of a study alone.
func (s *Source) Beside(study bool) (names []string) {
	for _, c := range s.kept(study) {
		names = append(names, s.beside[c].name)
		if study && s.beside[c].isPath() {
			names[len(names)-1] = "Study"
		}
	}
	return names
}

// kept are the columns beside the labels that are written.
func (s *Source) kept(study bool) (all []int) {
	byStudy := s.has(dataset.ID, dataset.ByStudy)
	for i, c := range s.beside {
		if !study || !s.images || c.Level != dataset.ByImage || c.isPath() && !byStudy {
			all = append(all, i)
		}
	}
	return all
}

// hasStudies reports whether rows say which study they are of.
func (s *Source) hasStudies() bool {
	return !s.images || s.has(dataset.ID, dataset.ByStudy) || slices.ContainsFunc(s.beside, column.isPath)
}

func (s *Source) has(field dataset.Field, level dataset.Level) bool {
	return slices.ContainsFunc(s.beside, func(c column) bool { return c.is(field, level) })
}

// Rows gives the rows in the order of the file. An error is the *corpus.Problem of
// one row, which is left out.
func (s *Source) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { s.rows(ctx, yield) }
}

// Open opens a label file of a dataset: one of its own tables, or a table, JSON lines
// or Parquet that radlabel wrote. Unless partial, one that lacks an observation of
// its names is an error. Errors are *corpus.Problem, joined.
func Open(ctx context.Context, name string, d *dataset.Dataset, partial bool) (*Source, error) {
	f, err := corpus.OpenFile(name)
	if err != nil {
		return nil, err
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(f.Head, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("PAR1")):
		p, err := gold.OpenParquet(f)
		if err != nil {
			return nil, err
		}
		return openTable(rows{name, p.Header, p.HeadRows(), p.Rows(), p.Fault}, d, partial)
	case bytes.HasPrefix(start, []byte("{")):
		return openJSONL(ctx, name, partial)
	}
	t, err := f.Table(false)
	if err != nil {
		return nil, err
	}
	return openTable(rows{name, t.Header, t.HeadRows(), t.Rows(), t.Fault}, d, partial)
}

// rows are the rows of a file that has columns: CSV or Parquet.
type rows struct {
	path   string
	header []string
	head   iter.Seq[corpus.Row] // the first of all
	all    iter.Seq2[corpus.Row, error]
	fault  func(line, column int, what, do string) *corpus.Problem
}

// table is a label file that is a table.
type table struct {
	rows
	dataset  *dataset.Dataset
	source   *Source
	labels   []int // columns
	findings int   // the column Finding Labels; -1: none
	reading  []int // the columns beside the labels, ids of images first, as the dataset has them
}

func openTable(r rows, d *dataset.Dataset, partial bool) (*Source, error) {
	l := &table{rows: r, dataset: d, source: &Source{Path: r.path}, findings: corpus.FindColumn(r.header, corpus.FindingLabels)}
	wrong := l.readHeader()
	s := l.source
	s.images = s.has(dataset.ID, dataset.ByImage)
	at := corpus.Place{Path: s.Path, Line: 1}
	if other := l.stranger(); other != nil {
		wrong = append(wrong, &corpus.Problem{
			Place: at, What: fmt.Sprintf("the columns of ids are those of %s, not of %s", other.Name, d.Name), Do: "name that dataset", Lost: true,
		})
	} else {
		wrong = append(wrong, s.checkIDs(at, d)...)
	}
	wrong = append(wrong, s.checkLabels(at, partial)...)
	s.rows = l.read
	if wrong == nil {
		l.order()
		return s, nil
	}
	for _, err := range l.all { // a file that is cut short is to blame for what its header lacks
		if err != nil {
			return nil, err
		}
		break
	}
	return nil, errors.Join(wrong...)
}

// readHeader tells labels and what stands beside them.
func (l *table) readHeader() (wrong []error) {
	fail := func(at int, what, do string) { wrong = append(wrong, l.fault(1, at, what, do)) }
	s := l.source
	samples := l.sample()
	taken := map[string]int{}
	var passed []string
	for i, name := range l.header {
		name = strings.TrimSpace(name)
		k := corpus.ColumnKey(name)
		o, known := spelling()[k]
		c, own := columnOf(l.dataset, name)
		first, again := taken[cmp.Or(string(o), k)]
		if !again {
			taken[cmp.Or(string(o), k)] = i
		}
		switch {
		case k == "" || strings.HasPrefix(k, "unnamed:"): // an index that pandas wrote
		case known && l.findings >= 0:
			fail(i, "the column Finding Labels has the labels already", "remove the one or the other")
		case again:
			fail(i, fmt.Sprintf("column %d has this name already", first+1), "remove one")
		case i == l.findings:
		case known:
			l.labels = append(l.labels, i)
			s.Observations = append(s.Observations, o)
		case c != nil && c.Field != dataset.Label:
			s.beside = append(s.beside, column{c, name, i, own})
		case samples[i]:
			do := "rename or remove it"
			if near := nearest.Name(name, l.observations()); near != "" {
				do = fmt.Sprintf("did you mean %q? Rename it", near)
			}
			fail(i, "it holds labels, and no observation has this name", do)
		default:
			passed = append(passed, name)
		}
	}
	if l.findings >= 0 {
		s.Observations = slices.Clone(dataset.ChestXray14.Observations)
	}
	if passed != nil {
		s.Notes = append(s.Notes, "columns left out, which hold neither labels nor ids: "+strings.Join(passed, ", "))
	}
	return wrong
}

// stranger is another dataset that the columns of ids are of, where none is of
// this one.
func (l *table) stranger() (other *dataset.Dataset) {
	for _, c := range l.source.beside {
		if c.Field == dataset.ID {
			return nil
		}
	}
	for _, d := range dataset.All() {
		for _, name := range l.header {
			if c := d.Column(name); c != nil && c.Field == dataset.ID {
				return d
			}
		}
	}
	return nil
}

// order puts columns in the order in which the dataset reads them, since one is
// held against those before it.
func (l *table) order() {
	all := l.dataset.Columns()
	for i, c := range l.source.beside {
		if c.own {
			l.reading = append(l.reading, i)
		}
	}
	slices.SortStableFunc(l.reading, func(a, b int) int {
		return slices.Index(all, l.source.beside[a].Column) - slices.Index(all, l.source.beside[b].Column)
	})
}

// observations are all names that a column of labels may have.
func (l *table) observations() (all []string) {
	for _, n := range AllNames() {
		all = append(all, texts(n.Observations())...)
	}
	return all
}

// sample tells of each column whether its first values are labels, and some are not
// blank.
func (l *table) sample() []bool {
	labels, others := make([]bool, len(l.header)), make([]bool, len(l.header))
	for r := range l.head {
		for i, field := range r.Fields {
			a, err := corpus.DecodeLabel(field)
			labels[i] = labels[i] || a != corpus.Unmentioned
			others[i] = others[i] || err != nil
		}
	}
	for i := range labels {
		labels[i] = labels[i] && !others[i]
	}
	return labels
}

// checkIDs asks for a column that tells rows apart.
func (s *Source) checkIDs(at corpus.Place, d *dataset.Dataset) []error {
	do := "name it Path, or Study where a row is one"
	switch {
	case s.images, s.has(dataset.ID, dataset.ByStudy) && d.Studies:
		return nil
	case slices.ContainsFunc(s.beside, func(c column) bool { return c.is(dataset.ID, dataset.ByStudy) && !c.own }): // radlabel's
		return nil
	case d == dataset.MIMIC:
		do = "name it study_id, or dicom_id where a row is an image"
	case d == dataset.ChestXray14:
		do = "name it Image Index"
	}
	return []error{&corpus.Problem{Place: at, What: "there is no column of ids", Do: do, Lost: true}}
}

// checkLabels asks for columns of labels, and tells by whose names they go.
func (s *Source) checkLabels(at corpus.Place, partial bool) []error {
	if len(s.Observations) == 0 {
		return []error{&corpus.Problem{
			Place: at, What: "there is no column of labels",
			Do: "name the columns after the observations, or the one that lists them Finding Labels", Lost: true,
		}}
	}
	s.Names = NamesOf(s.Observations)
	if s.Names == XRVNames || partial {
		return nil
	}
	var lacking []corpus.Observation
	for _, o := range s.Names.Observations() {
		// ChestX-ray14's No Finding is no disease, and what its 14 say already.
		optional := s.Names == NIHNames && o == corpus.NoFinding
		if !optional && !slices.Contains(s.Observations, o) {
			lacking = append(lacking, o)
		}
	}
	if lacking == nil {
		return nil
	}
	return []error{&corpus.Problem{
		Place: at, What: "there is no column " + join(lacking), Do: "get the file again, or leave them blank with --partial", Lost: true,
	}}
}

func (l *table) read(ctx context.Context, yield func(Row, error) bool) {
	seen, foreign := newSeen(), 0
	defer func() {
		if foreign > 0 {
			l.source.Notes = append(l.source.Notes, fmt.Sprintf("rows that are not UTF-8, read as Windows-1252: %d", foreign))
		}
	}()
	for r, err := range l.all {
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
		row, problems := l.row(r)
		if !slices.ContainsFunc(problems, func(p *corpus.Problem) bool { return p.Lost }) {
			if p := l.repeated(seen, row); p != nil {
				problems = append(problems, p)
			}
		}
		lost := false
		for _, p := range problems {
			if lost = lost || p.Lost; !yield(row, p) {
				return
			}
			if p.Lost {
				break // one is enough to lose a row
			}
		}
		if !lost && !yield(row, nil) {
			return
		}
	}
}

// repeated is the problem of a row whose image, or study where a row is one, has a
// row already.
func (l *table) repeated(seen *seen, row Row) *corpus.Problem {
	id, column := row.study, -1
	for i, c := range l.source.beside {
		switch {
		case c.is(dataset.ID, dataset.ByImage):
			id, column = row.Beside[i], c.at
		case !l.source.images && column < 0:
			column = c.at
		}
	}
	if first := seen.add(id, row.Place.Line); first > 0 {
		return l.fault(row.Place.Line, column, fmt.Sprintf("%q has a row already, in line %d; the first counts", id, first), "remove one")
	}
	return nil
}

// row reads a row, and tells what is wrong with it.
func (l *table) row(r corpus.Row) (row Row, problems []*corpus.Problem) {
	row = Row{Place: corpus.Place{Path: l.path, Line: r.Line}}
	row.Beside = make([]string, len(l.source.beside))
	for i, c := range l.source.beside {
		row.Beside[i] = strings.TrimSpace(r.Fields[c.at])
	}
	fault := func(column int, err error) {
		w := &dataset.Wrong{What: err.Error(), Lost: true}
		errors.As(err, &w)
		p := l.rows.fault(r.Line, column, w.What, w.Do)
		p.Lost = w.Lost
		problems = append(problems, p)
	}
	l.readIDs(row.Beside, fault)
	row.study = l.study(row.Beside)
	if l.findings >= 0 {
		var rec dataset.Record
		if err := dataset.ChestXray14.Column(corpus.FindingLabels).Read(strings.TrimSpace(r.Fields[l.findings]), &rec); err != nil {
			fault(l.findings, err)
		}
		row.Labels = rec.Labels
		return row, problems
	}
	for i, column := range l.labels {
		a, err := corpus.DecodeLabel(r.Fields[column])
		if err != nil {
			fault(column, err)
		}
		row.Labels = row.Labels.With(i, a)
	}
	return row, problems
}

// readIDs reads what stands beside the labels for what is wrong with it alone: it
// is written as it stands.
func (l *table) readIDs(beside []string, fault func(column int, err error)) {
	whole := false // it has an id of radlabel's: others are extras, as in its Parquet
	for i, c := range l.source.beside {
		if c.Field != dataset.ID || c.own {
			continue
		}
		whole = whole || beside[i] != ""
		if beside[i] == "" {
			fault(c.at, errors.New("the id is empty"))
		}
	}
	var rec dataset.Record
	for _, i := range l.reading {
		c := l.source.beside[i]
		if beside[i] == "" && whole {
			continue
		}
		if err := c.Read(beside[i], &rec); err != nil {
			fault(c.at, err)
		}
	}
}

// study is the study of a row: what the ids of study and patient say together, or
// the folder of an image, or the image.
func (l *table) study(beside []string) string {
	var ids []string
	folder, image, told := "", "", false
	for i, c := range l.source.beside {
		switch {
		case c.is(dataset.ID, dataset.ByStudy), c.is(dataset.ID, dataset.ByPatient):
			ids = append(ids, beside[i])
			told = told || c.Level == dataset.ByStudy
		case c.isPath():
			folder = path.Dir(beside[i])
		case c.is(dataset.ID, dataset.ByImage):
			image = beside[i]
		}
	}
	switch {
	case told:
		return strings.Join(ids, " ")
	case folder != "":
		return folder
	}
	return image
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

// openJSONL opens JSON lines, of which an id and the labels are read.
func openJSONL(ctx context.Context, name string, partial bool) (*Source, error) {
	var known []corpus.Observation
	for _, n := range AllNames() {
		for _, o := range n.Observations() {
			if !slices.Contains(known, o) {
				known = append(known, o)
			}
		}
	}
	g, err := gold.Open(ctx, name, gold.Options{Known: known})
	if err != nil {
		return nil, err
	}
	s := &Source{Path: name, Notes: g.Notes, beside: []column{{others[0], "id", 0, false}}}
	var columns []int
	for i, o := range g.Observations {
		if slices.Contains(known, o) {
			columns, s.Observations = append(columns, i), append(s.Observations, o)
		} else {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is left out: no set of names has it", o))
		}
	}
	if wrong := s.checkLabels(corpus.Place{Path: name}, partial); wrong != nil {
		return nil, errors.Join(wrong...)
	}
	s.rows = func(ctx context.Context, yield func(Row, error) bool) {
		for r, err := range g.Rows(ctx) {
			row := Row{Beside: []string{r.ID}, Place: r.Place, study: r.ID}
			if err == nil {
				for i, c := range columns {
					row.Labels = row.Labels.With(i, r.Labels[c])
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
	return s, nil
}
