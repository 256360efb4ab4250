package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The usual names of columns, the surer first, as ColumnKey gives them.
var (
	idColumns = []string{
		"id", "report_id", "note_id", "study_id", "study", "uid", "exam_id", "accession_number", "accession",
		"accessionnumber", "document_id", "doc_id", "record_id", "case_id", "dicom_id", "image_id", "image_index", "filename",
		"file_name", "file", "path",
	}
	textColumns = []string{
		"text", "report", "report_text", "reports", "full_report", "full_text", "note", "note_text", "body", "content",
		"narrative",
	}
)

// sectionColumns are the columns that become sections, with their canonical
// names. Others do when they are called section_NAME.
var sectionColumns = map[string]string{
	"findings":             "findings",
	"finding":              "findings",
	"impression":           "impression",
	"impressions":          "impression",
	"indication":           "indication",
	"indications":          "indication",
	"comparison":           "comparison",
	"comparisons":          "comparison",
	"technique":            "technique",
	"examination":          "examination",
	"exam":                 "examination",
	"history":              "history",
	"clinical_history":     "history",
	"clinical_information": "history",
	"last_paragraph":       "last paragraph",
}

// ColumnKey is how names of columns are compared: in small letters, blanks and
// hyphens as underscores.
func ColumnKey(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return '_'
		}
		return r
	}, name)
}

func columnKeys(names []string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = ColumnKey(name)
	}
	return keys
}

// firstColumn gives the column of the first usual name that there is, or -1.
func firstColumn(keys, usual []string) int {
	for _, key := range usual {
		if i := slices.Index(keys, key); i >= 0 {
			return i
		}
	}
	return -1
}

func sectionColumn(key string) (name string, ok bool) {
	if name, ok = sectionColumns[key]; ok {
		return name, true
	}
	rest, prefixed := strings.CutPrefix(key, "section_")
	if !prefixed {
		rest, prefixed = strings.CutSuffix(key, "_section")
	}
	switch {
	case !prefixed, rest == "", strings.HasSuffix(rest, "_number"), strings.HasSuffix(rest, "_id"):
		return "", false
	case sectionColumns[rest] != "":
		return sectionColumns[rest], true
	default:
		return strings.ReplaceAll(rest, "_", " "), true
	}
}

// layout says which columns of a table a report is made of; -1 is none.
type layout struct {
	id, text       int
	subject, study int
	sections       []sectionAt
}

type sectionAt struct {
	column int
	name   string
}

// chooseLayout finds the columns. Named columns win over usual names, and
// sections over a text beside them, which then serves the rows without any.
func chooseLayout(names []string, opts Options) (layout, error) {
	keys := columnKeys(names)
	l := layout{id: -1, text: -1, subject: slices.Index(keys, "subject_id"), study: slices.Index(keys, "study_id")}
	named := func(name string) (int, error) {
		if i := slices.Index(names, name); i >= 0 {
			return i, nil
		}
		if i := slices.Index(keys, ColumnKey(name)); i >= 0 {
			return i, nil
		}
		return -1, fmt.Errorf("there is no column %q%s", name, columnList(names))
	}
	var err error
	switch {
	case opts.IDColumn != "":
		if l.id, err = named(opts.IDColumn); err != nil {
			return l, err
		}
	case opts.AsSent && slices.Contains(names, "id"):
		l.id = slices.Index(names, "id")
	case l.subject >= 0 && l.study >= 0 && !slices.Contains(keys, "note_id"):
		l.id = l.study
	default:
		l.id = firstColumn(keys, idColumns)
	}
	if opts.TextColumn != "" {
		l.text, err = named(opts.TextColumn)
		return l, err
	}
	l.text = firstColumn(keys, textColumns)
	labelled := false
	for i, key := range keys {
		name, ok := sectionColumn(key)
		if !ok {
			continue
		}
		if i != l.text && i != l.id {
			l.sections = append(l.sections, sectionAt{i, name})
		}
		labelled = labelled || name == "findings" || name == "impression"
	}
	if !labelled {
		l.sections = nil
	}
	if l.text < 0 && l.sections == nil {
		return l, fmt.Errorf("there is no column of report text%s", columnList(names))
	}
	return l, nil
}

// isHeader says whether a first row that has a column of text is more likely a
// header than the beginning of a report: "id,text", not "Findings, no effusion".
func (t tableShape) isHeader() bool {
	names := t.header
	switch {
	case looksLikeText(names):
		return false
	case len(names) == 1: // "text" may be alone, but IMPRESSION stands above a report
		return slices.Contains(textColumns, names[0])
	case t.layout.id >= 0:
		return true
	}
	return !slices.ContainsFunc(names[1:], func(name string) bool { return strings.HasPrefix(name, " ") })
}

// repeated gives the columns that have the name of one which is read, that one among
// them; nil: it stands alone. A name asked for in full stands for itself alone, others
// are compared as ColumnKey has them.
func repeated(names []string, column int, asked string) []int {
	same := []int{column}
	for i, name := range names {
		exact := name == names[column]
		if i != column && (exact || names[column] != asked && ColumnKey(name) == ColumnKey(names[column])) {
			same = append(same, i)
		}
	}
	if len(same) == 1 {
		return nil
	}
	slices.Sort(same)
	return same
}

// repeated gives columns of one name of which the first alone would be read, and the
// others lost without a word; nil: there are none. Of sections every column is read.
func (t tableShape) repeated(opts Options) []int {
	for _, column := range append(t.layout.ids(), t.layout.text, t.views) {
		if column < 0 {
			continue
		}
		asked := opts.IDColumn
		if column == t.layout.text {
			asked = opts.TextColumn
		}
		if same := repeated(t.header, column, asked); same != nil {
			return same
		}
	}
	return nil
}

// oneName words that columns have one name.
func oneName(names []string, same []int) string {
	const most = 10
	var shown []string
	for _, i := range same[:min(len(same), most)] {
		shown = append(shown, fmt.Sprintf("%d (%s)", i+1, strings.TrimSpace(names[i])))
	}
	if len(same) > most {
		shown = append(shown, "...")
	}
	return "the columns " + strings.Join(shown, ", ") + " have the same name"
}

const renameOne = "rename all but one, or drop them"

// columnList shows the names of a header, unless they are no names but texts.
func columnList(names []string) string {
	const most = 30
	if !AreNames(names...) || len(names) == 0 {
		return ""
	}
	shown := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		shown += ", ..."
	}
	return " among " + shown
}

// AreNames reports whether what stands in the places of columns' names may be
// shown as such. It is the text of a report where a table has no header, and
// where there is doubt it is taken for one.
func AreNames(names ...string) bool {
	doubtful := func(name string) bool {
		return strings.ContainsAny(name, ":;?!\"\n") || strings.HasPrefix(name, " ") ||
			len(names) == 1 && strings.Contains(strings.TrimSpace(name), " ")
	}
	return !looksLikeText(names) && !slices.ContainsFunc(names, doubtful)
}

// looksLikeText says whether a first row is more likely a report than a header.
func looksLikeText(names []string) bool {
	for _, name := range names {
		if len(name) > 60 || len(strings.Fields(name)) > 4 || strings.HasSuffix(name, ".") {
			return true
		}
	}
	return false
}

// last is the rightmost column that is part of the text.
func (l layout) last() int {
	last := l.text
	for _, s := range l.sections {
		last = max(last, s.column)
	}
	return last
}

func (l layout) columns(names []string) Columns {
	var c Columns
	if l.id >= 0 {
		c.ID = names[l.id]
	}
	if l.text >= 0 {
		c.Text = names[l.text]
	}
	for _, s := range l.sections {
		c.Sections = append(c.Sections, names[s.column])
	}
	return c
}

// report makes a report of the fields of a row. The id is that of the row's
// number where there is none.
func (l layout) report(fields []string, number int, place Place) Report {
	r := Report{Place: place}
	if l.id >= 0 {
		r.ID = strings.TrimSpace(fields[l.id])
	}
	if l.subject >= 0 && l.study >= 0 {
		r.Subject, r.Study = digitsOf(fields[l.subject], 'p'), digitsOf(fields[l.study], 's')
		if l.id == l.study {
			r.ID = r.Study
		}
	}
	if r.ID == "" {
		r.ID = strconv.Itoa(number)
	}
	var b composer
	for _, s := range l.sections {
		b.add(s.name, fields[s.column])
	}
	r.Text, r.Sections = b.done()
	if r.Text == "" && l.text >= 0 {
		r.Text = fields[l.text]
	}
	return r
}

// digitsOf drops the letter of a MIMIC-CXR id: p10000032, s50414267.
func digitsOf(id string, letter byte) string {
	id = strings.TrimSpace(id)
	if digits, ok := mimicID(id, letter); ok {
		return digits
	}
	return id
}

// composer joins sections into one text with a header before each.
type composer struct {
	text     strings.Builder
	sections []Section
}

// add appends a section, unless it is blank.
func (c *composer) add(name, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if c.text.Len() > 0 {
		c.text.WriteString("\n\n")
	}
	s := Section{Name: name, Header: Span{c.text.Len(), c.text.Len()}}
	if name != "" {
		c.text.WriteString(strings.ToUpper(name))
		c.text.WriteByte(':')
		s.Header.End = c.text.Len()
		c.text.WriteByte(' ')
	}
	s.Span.Start = c.text.Len()
	c.text.WriteString(text)
	s.Span.End = c.text.Len()
	c.sections = append(c.sections, s)
}

func (c *composer) done() (string, []Section) { return c.text.String(), c.sections }

// tableShape is what the head of a table tells.
type tableShape struct {
	comma  byte
	header []string // nil: none
	cut    bool     // the header row goes on where the head ends, unless the table ends there
	layout layout
	views  int // column of image paths (CheXpert Plus); -1: none
}

func (t tableShape) source() Source {
	key := func(name string) bool {
		return strings.HasPrefix(ColumnKey(name), "section_") || ColumnKey(name) == "report"
	}
	if t.views >= 0 && slices.ContainsFunc(t.header, key) {
		return CheXpertPlus
	}
	return CSV
}

// shapeOf reads the header of a table out of its head.
func shapeOf(src Source, plain []byte, opts Options) (tableShape, error) {
	shape := tableShape{views: -1}
	if src == CheXpertLabeler {
		shape.layout = layout{id: -1, text: 0, subject: -1, study: -1}
		return shape, nil
	}
	shape.comma = guessComma(plain)
	rows := newRowReader(bytes.NewReader(plain), shape.comma, headBytes)
	first, cut, err := rows.header(plain)
	shape.cut = cut
	var broken *rowError
	switch {
	case errors.As(err, &broken):
		return shape, errors.New("the header row cannot be read: " + broken.what)
	case err != nil:
		return shape, errors.New("there is no header row")
	}
	shape.header = first.fields
	for i, name := range first.fields {
		if ColumnKey(name) == "path_to_image" {
			shape.views = i
		}
	}
	shape.layout, err = chooseLayout(first.fields, opts)
	if src == CheXpertPlus && opts.IDColumn == "" && shape.views < 0 && err == nil {
		err = errors.New("there is no column path_to_image" + columnList(first.fields))
	}
	if opts.IDColumn != "" {
		shape.views = -1
	} else if shape.views >= 0 && shape.layout.id < 0 {
		shape.layout.id = shape.views
	}
	return shape, err
}

// guessComma takes the sign that the first line names, or that stands most often
// in it, quotes aside.
func guessComma(plain []byte) byte {
	plain = bytes.TrimPrefix(plain, []byte(byteOrderMark))
	first, _, _ := bytes.Cut(bytes.TrimLeft(plain, "\r\n"), []byte("\n"))
	if comma := namedComma(first); comma != 0 {
		return comma
	}
	best, most := byte(','), 0
	for _, c := range []byte(",\t;") {
		n, quoted := 0, false
		for _, b := range first {
			switch {
			case b == '"':
				quoted = !quoted
			case b == c && !quoted:
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}

// namedComma is the sign in "sep=;", which Excel reads above a header, or 0.
func namedComma(line []byte) byte {
	line = bytes.TrimSuffix(bytes.TrimPrefix(trimLineEnd(line), []byte(`"`)), []byte(`"`))
	if len(line) != len("sep=;") || !bytes.EqualFold(line[:4], []byte("sep=")) {
		return 0
	}
	sign := rune(line[4])
	if sign != '\t' && (sign >= utf8.RuneSelf || !unicode.IsPunct(sign) && !unicode.IsSymbol(sign)) {
		return 0
	}
	return line[4]
}

func (o *opening) table(st *stream, plain []byte) (*input, error) {
	shape, err := shapeOf(o.src, plain, o.opts)
	what, do := "", "name the columns with --id-column and --text-column"
	switch {
	case shape.cut && (len(plain) >= headBytes || st.size > headBytes):
		what, do = (&rowReader{comma: shape.comma}).longHeader(st)
	case err != nil:
		what = err.Error()
	}
	if looksLikeText(shape.header) {
		do = "for a file of one column without a header row, use --from " + string(CheXpertLabeler)
	}
	if what != "" {
		return nil, o.problem(what, do)
	}
	if o.src != CheXpertPlus {
		shape.views = -1
	}
	if same := shape.repeated(o.opts); same != nil {
		return nil, o.problem(oneName(shape.header, same), renameOne)
	}
	in := &input{
		source: o.src, total: -1, size: st.size,
		subjects: shape.layout.subject >= 0 && shape.layout.study >= 0,
		reports: func(s *sink) {
			t := &tableReader{s: s, shape: shape, place: o.place}
			t.read(st)
		},
	}
	if shape.header != nil {
		in.columns = shape.layout.columns(shape.header)
	}
	return in, nil
}

// tableReader reads the reports of one table.
type tableReader struct {
	s      *sink
	shape  tableShape
	place  Place
	number int    // of the row, from 1
	before Report // CheXpert Plus: the last study
	folded int
	blanks bool // some id so far has a blank
	bare   bool // some id so far has no digit
}

func (t *tableReader) read(st *stream) {
	in, err := st.open()
	if err != nil {
		t.s.lost(Report{Place: t.place}, "cannot be read: "+reason(err), "")
		return
	}
	defer in.Close()
	rows := newRowReader(in, t.shape.comma, t.s.limit)
	if t.shape.header != nil {
		if _, err := rows.next(); err != nil {
			t.s.lost(Report{Place: t.place}, "the header row cannot be read", "")
			return
		}
	}
	for t.s.alive() {
		r, err := rows.next()
		if err == io.EOF {
			break
		}
		var broken *rowError
		switch {
		case errors.As(err, &broken):
			t.number++
			t.s.lost(Report{Place: t.at(broken.line)}, broken.whole("of which only what is clearly a row was read"), broken.do)
		case err != nil:
			t.s.lost(Report{Place: t.at(rows.lines.line + 1)}, "reading ends here: "+reason(err)+"; what comes after is lost", "get the file again")
			return
		default:
			t.row(r)
		}
	}
	if t.s.done {
		return
	}
	if t.folded > 0 {
		t.s.counts.Folded += t.folded
		t.s.warn(t.place, plural(t.folded, "row repeats", "rows repeat")+" the report of the row before for another view; read once", "")
	}
	if t.number == 0 {
		t.s.lost(Report{Place: t.place}, "there is no row under the header", "")
	}
}

func (t *tableReader) at(line int) Place { return Place{Path: t.place.Path, Line: line} }

func (t *tableReader) row(r row) {
	place := t.at(r.line)
	want := len(t.shape.header)
	if t.shape.header == nil {
		want = 1
	}
	if r.doubtful && !t.plausible(r, want) {
		return // part of the torn row, which has been reported
	}
	t.number++
	switch have := len(r.fields); {
	case have < want:
		t.s.lost(Report{Place: place}, fmt.Sprintf("the row has %s, the header %d", plural(have, "field", "fields"), want),
			"quote fields that go over several lines")
		return
	case have > want && blank(r.fields[want:]):
		// commas at the end mean nothing
	case have > want && t.shape.layout.last() == want-1:
		// The text has commas and no quotes around it.
		r.fields[want-1] = strings.Join(r.fields[want-1:], string(t.shape.comma))
		t.s.warn(place, fmt.Sprintf("the row has %d fields, the header %d; the rest was taken for text", have, want),
			"quote fields that have commas")
	case have > want:
		t.s.lost(Report{Place: place}, fmt.Sprintf("the row has %d fields, the header %d", have, want), "quote fields that have commas")
		return
	}
	report := t.shape.layout.report(r.fields, t.number, place)
	if t.shape.views >= 0 {
		report.ID = studyOf(r.fields[t.shape.views], report.ID)
		if report.ID == t.before.ID && report.Text == t.before.Text {
			t.folded++
			return
		}
		t.before = report
	}
	if id := t.shape.layout.id; id >= 0 && strings.TrimSpace(r.fields[id]) == "" {
		t.s.warn(place, "the id is empty; the number of the row stands for it", emptyID)
	}
	if r.foreign > 0 {
		t.s.foreign(place, r.foreign)
	}
	if r.loose {
		t.s.warn(place, "a quote within a quoted field is not doubled", "check that the row ends where it should")
	}
	t.blanks = t.blanks || strings.ContainsFunc(report.ID, unicode.IsSpace)
	t.bare = t.bare || !strings.ContainsFunc(report.ID, unicode.IsDigit)
	t.s.report(report)
}

// emptyID is what to do about one.
const emptyID = "give it an id, since another report may have that number for one"

// plausible says whether a row read out of what an open quote swallowed is a
// row rather than a line of the torn text: it has every field, and its id looks
// like those before.
func (t *tableReader) plausible(r row, want int) bool {
	l := t.shape.layout
	if l.id < 0 || want < 2 || len(r.fields) != want {
		return false
	}
	id := strings.TrimSpace(r.fields[l.id])
	return id != "" &&
		(t.blanks || !strings.ContainsFunc(id, unicode.IsSpace)) &&
		(t.bare || strings.ContainsFunc(id, unicode.IsDigit))
}

func blank(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool { return strings.TrimSpace(f) != "" })
}
