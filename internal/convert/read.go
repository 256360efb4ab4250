package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/nearest"
)

// scope says what a column beside the labels speaks of.
type scope uint8

const (
	ofImage   scope = iota + 1 // one view
	ofStudy                    // or of its patient
	ofReport                   // texts, which targets have no use for
	imageID                    // names a view
	imagePath                  // the same, and its folder the study
	studyID                    // names a study, with what else does
)

// besides are the columns that stand beside labels, by key. Others hold labels, or
// are passed over.
var besides = map[string]scope{
	"path": imagePath, "path to image": imagePath, "dicom id": imageID, "image index": imageID, "image id": imageID,
	"filename": imageID, "file name": imageID,
	"study": studyID, "study id": studyID, "id": studyID, "report id": studyID, "subject id": studyID,
	"patient id": studyID, "follow up #": studyID,
	"frontal/lateral": ofImage, "ap/pa": ofImage, "viewposition": ofImage, "view position": ofImage,
	"originalimage[width": ofImage, "originalimagewidth": ofImage, "height]": ofImage, "originalimageheight": ofImage,
	"originalimagepixelspacing[x": ofImage, "originalimagepixelspacing x": ofImage, "y]": ofImage, "originalimagepixelspacing y": ofImage,
	"sex": ofStudy, "gender": ofStudy, "age": ofStudy, "patient age": ofStudy, "patient gender": ofStudy, "patient sex": ofStudy,
	"split":  ofStudy,
	"report": ofReport, "reports": ofReport, "text": ofReport, "findings": ofReport, "impression": ofReport,
}

// column is one that stands beside the labels.
type column struct {
	name  string
	key   string
	at    int
	scope scope
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
		if study && s.beside[c].scope == imagePath {
			names[len(names)-1] = "Study"
		}
	}
	return names
}

// kept are the columns beside the labels that are written.
func (s *Source) kept(study bool) (all []int) {
	for i, c := range s.beside {
		path := c.scope == imagePath && !s.has(studyID)
		if !study || path || c.scope == ofStudy || c.scope == studyID || !s.images {
			all = append(all, i)
		}
	}
	return all
}

// hasStudies reports whether rows say which study they are of.
func (s *Source) hasStudies() bool {
	if !s.images || s.has(imagePath) {
		return true
	}
	return slices.ContainsFunc(s.beside, func(c column) bool {
		return c.scope == studyID && c.key != "patient id" && c.key != "subject id"
	})
}

func (s *Source) has(kind scope) bool {
	return slices.ContainsFunc(s.beside, func(c column) bool { return c.scope == kind })
}

// Rows gives the rows in the order of the file. An error is the *corpus.Problem of
// one row, which is left out.
func (s *Source) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { s.rows(ctx, yield) }
}

// Open opens a label file of a dataset: one of its own tables, or a table, JSON lines
// or Parquet that radlabel wrote. Unless partial, one that lacks an observation of
// its names is an error. Errors are *corpus.Problem, joined.
func Open(ctx context.Context, name string, d Dataset, partial bool) (*Source, error) {
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
	dataset  Dataset
	source   *Source
	labels   []int // columns
	findings int   // the column Finding Labels; -1: none
	names    []corpus.Observation
}

func openTable(r rows, d Dataset, partial bool) (*Source, error) {
	l := &table{rows: r, dataset: d, source: &Source{Path: r.path}, findings: corpus.FindColumn(r.header, corpus.FindingLabels)}
	var wrong []error
	fail := func(at int, what, do string) { wrong = append(wrong, l.fault(1, at, what, do)) }
	samples := l.sample()
	taken := map[corpus.Observation]int{}
	var passed []string
	for i, name := range l.header {
		k := key(name)
		o, known := spelling[k]
		scope, beside := besides[k]
		switch first, again := taken[o]; {
		case i == l.findings:
		case known && l.findings >= 0:
			fail(i, "the column Finding Labels has the labels already", "remove the one or the other")
		case known && again:
			fail(i, fmt.Sprintf("column %d is %s already", first+1, o), "remove one")
		case known:
			taken[o] = i
			l.labels = append(l.labels, i)
			l.source.Observations = append(l.source.Observations, o)
		case beside && scope != ofReport:
			l.source.beside = append(l.source.beside, column{strings.TrimSpace(name), k, i, scope})
		case samples[i] && k != "" && !strings.HasPrefix(k, "unnamed:"):
			do := "rename or remove it"
			if near := nearest.Name(strings.TrimSpace(name), l.observations()); near != "" {
				do = fmt.Sprintf("did you mean %q? Rename it", near)
			}
			fail(i, "it holds labels, and no observation has this name", do)
		case k != "":
			passed = append(passed, strings.TrimSpace(name))
		}
	}
	if l.findings >= 0 {
		l.names = NIHNames.Observations()
		l.source.Observations = l.names
	}
	s := l.source
	s.images = s.has(imageID) || s.has(imagePath)
	if other := d.other(s.beside); other != "" {
		fail(-1, fmt.Sprintf("the columns of ids are those of %s, not of %s", other, d), "name that dataset")
	}
	if err := s.check(corpus.Place{Path: s.Path, Line: 1}, partial); err != nil {
		wrong = append(wrong, err...)
	}
	if passed != nil {
		s.Notes = append(s.Notes, "columns left out, which hold neither labels nor ids: "+strings.Join(passed, ", "))
	}
	s.rows = l.read
	if wrong == nil {
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

// check says what the columns lack.
func (s *Source) check(at corpus.Place, partial bool) (wrong []error) {
	fail := func(what, do string) {
		wrong = append(wrong, &corpus.Problem{Place: at, What: what, Do: do, Lost: true})
	}
	if !slices.ContainsFunc(s.beside, func(c column) bool { return c.scope == imageID || c.scope == imagePath || c.scope == studyID }) {
		fail("there is no column of ids", "name it Path, study_id, Image Index or id")
	}
	if len(s.Observations) == 0 {
		fail("there is no column of labels", "name the columns after the observations, or the one that lists them Finding Labels")
		return wrong
	}
	s.Names = NamesOf(s.Observations)
	if s.Names == XRVNames || partial {
		return wrong
	}
	var lacking []corpus.Observation
	for _, o := range s.Names.Observations() {
		// ChestX-ray14's No Finding is no disease, and what its 14 say already.
		optional := s.Names == NIHNames && o == corpus.NoFinding
		if !optional && !slices.Contains(s.Observations, o) {
			lacking = append(lacking, o)
		}
	}
	if lacking != nil {
		fail(fmt.Sprintf("there is no column %s", join(lacking)), "get the file again, or leave them blank with --partial")
	}
	return wrong
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
		row, wrong := l.row(r)
		if wrong == nil {
			wrong = l.repeated(seen, row)
		}
		if wrong != nil {
			err = wrong
		}
		if !yield(row, err) {
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
		case c.scope == imageID || c.scope == imagePath:
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

// row reads a row, or says what is wrong with it first.
func (l *table) row(r corpus.Row) (row Row, wrong *corpus.Problem) {
	row = Row{Place: corpus.Place{Path: l.path, Line: r.Line}}
	fault := func(column int, what, do string) {
		if wrong == nil {
			wrong = l.rows.fault(r.Line, column, what, do)
		}
	}
	row.Beside = make([]string, len(l.source.beside))
	for i, c := range l.source.beside {
		row.Beside[i] = strings.TrimSpace(r.Fields[c.at])
	}
	whole := l.value(row.Beside, "id") != "" // then others are extras, as in radlabel's Parquet
	for i, c := range l.source.beside {
		if what := l.dataset.wrongID(c, row.Beside[i]); what != "" && !(whole && row.Beside[i] == "") {
			fault(c.at, what, "check that the columns stand under their names")
		}
	}
	row.study = l.study(row.Beside)
	if image, patient := l.value(row.Beside, "image index"), l.value(row.Beside, "patient id"); image != "" && patient != "" &&
		strings.TrimLeft(image[:min(8, len(image))], "0") != strings.TrimLeft(patient, "0") {
		fault(corpus.FindColumn(l.header, "Patient ID"), fmt.Sprintf("the patient %q is not that of the image %q", patient, image), "")
	}
	if l.findings >= 0 {
		found, err := corpus.DecodeFindings(r.Fields[l.findings])
		if err != nil {
			fault(l.findings, err.Error(), "")
		}
		for i, o := range l.names {
			switch {
			case slices.Contains(found, o):
				row.Labels = row.Labels.With(i, corpus.Positive)
			case found != nil:
				row.Labels = row.Labels.With(i, corpus.Negative)
			}
		}
		return row, wrong
	}
	for i, column := range l.labels {
		a, err := corpus.DecodeLabel(r.Fields[column])
		if err != nil {
			fault(column, err.Error(), "")
		}
		row.Labels = row.Labels.With(i, a)
	}
	return row, wrong
}

// value is that of a column beside the labels, by key.
func (l *table) value(beside []string, k string) string {
	for i, c := range l.source.beside {
		if c.key == k {
			return beside[i]
		}
	}
	return ""
}

// study is the study of a row: what the columns of study ids say together, or the
// folder of an image, or the image.
func (l *table) study(beside []string) string {
	var ids []string
	folder, image := "", ""
	for i, c := range l.source.beside {
		switch c.scope {
		case studyID:
			ids = append(ids, beside[i])
		case imagePath:
			folder = path.Dir(beside[i])
		case imageID:
			image = beside[i]
		}
	}
	switch {
	case len(ids) > 1 || len(ids) == 1 && l.value(beside, "patient id") == "" && l.value(beside, "subject id") == "":
		return strings.Join(ids, " ")
	case folder != "":
		return folder
	}
	return image
}

// own are the columns of ids that one dataset alone has, by key.
var own = map[string]Dataset{
	"subject id": MIMIC, "study id": MIMIC, "dicom id": MIMIC, "path": CheXpert, "path to image": CheXpert, "image index": ChestXray14,
}

// other names another dataset that columns are of, where none is of this one.
func (d Dataset) other(beside []column) (other Dataset) {
	for _, c := range beside {
		switch of := own[c.key]; {
		case of == d, c.key == "id": // radlabel's, whose other ids may be blank
			return ""
		case of != "":
			other = of
		}
	}
	return other
}

// wrongID says why a value of a column of ids is none of the dataset's, or "".
func (d Dataset) wrongID(c column, value string) string {
	scope, k := c.scope, c.key
	switch {
	case scope != imageID && scope != imagePath && scope != studyID || k == "follow up #":
		return ""
	case value == "":
		return "the id is empty"
	case d == MIMIC && k == "subject id" && !digits(strings.TrimPrefix(value, "p"), 8, '1'):
		return fmt.Sprintf("%q is no subject of MIMIC-CXR: eight digits, the first a 1", cut(value))
	case d == MIMIC && k == "study id" && !digits(strings.TrimPrefix(value, "s"), 8, '5'):
		return fmt.Sprintf("%q is no study of MIMIC-CXR: eight digits, the first a 5", cut(value))
	case d == CheXpert && (scope == imagePath || k == "study") && !isCheXpert(value):
		return fmt.Sprintf("%q is no path of CheXpert: .../patient00001/study1", cut(value))
	case d == ChestXray14 && k == "image index" && !(strings.HasSuffix(value, ".png") && len(value) == 16 && value[8] == '_' && digits(value[:8], 8, 0)):
		return fmt.Sprintf("%q is no image of ChestX-ray14: 00000001_000.png", cut(value))
	case d == ChestXray14 && k == "patient id" && !digits(value, 0, 0):
		return fmt.Sprintf("%q is no patient of ChestX-ray14: a number", cut(value))
	}
	return ""
}

// isCheXpert reports whether a path names a patient and a study.
func isCheXpert(path string) bool {
	study := corpus.StudyOf(path)
	return strings.HasPrefix(study, "patient") && strings.Contains(study, "/study")
}

// digits reports whether s is n digits (0: any number) that begin with first (0:
// any). A ".0" behind them, which pandas writes beside blanks, is none.
func digits(s string, n int, first byte) bool {
	s = strings.TrimSuffix(s, ".0")
	return s != "" && (n == 0 || len(s) == n) && (first == 0 || s[0] == first) && strings.Trim(s, "0123456789") == ""
}

func cut(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
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
	s := &Source{Path: name, Notes: g.Notes, beside: []column{{"id", "id", 0, studyID}}}
	var columns []int
	for i, o := range g.Observations {
		if slices.Contains(known, o) {
			columns, s.Observations = append(columns, i), append(s.Observations, o)
		} else {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is left out: no set of names has it", o))
		}
	}
	if wrong := s.check(corpus.Place{Path: name}, partial); wrong != nil {
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
