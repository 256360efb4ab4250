package corpus

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object with its fields in the order they stand in. The zero
// value is ready; parse takes it again for the next line.
type object struct {
	names   []string
	values  []jsontext.Value // in the line
	decoder jsontext.Decoder
	line    bytes.Buffer // what it reads, in place
	buf     []byte       // of the string unquoted last

	keepPlaces bool // in the texts; else line ends may become shorter
}

var (
	errNotObject = errors.New("the line is not a JSON object")
	errMore      = errors.New("there is something after the JSON object")
)

// parse reads a line of UTF-8, which the object then refers to. What it held before
// is gone. A name may come twice (the first counts, see jsonlReader.repeats), and half
// a surrogate pair is a mark for what is missing: neither is worth losing a report.
func (o *object) parse(line []byte) error {
	known := o.names
	o.names, o.values = o.names[:0], o.values[:0]
	d := &o.decoder
	o.line = *bytes.NewBuffer(line)
	d.Reset(&o.line, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != jsontext.KindBeginObject {
		return errNotObject
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadValue()
		if err != nil {
			return errNotObject
		}
		o.name(known, name)
		value, err := d.ReadValue()
		if err != nil {
			return errNotObject
		}
		end := d.InputOffset() // value itself is valid until more is read
		o.values = append(o.values, line[end-int64(len(value)):end])
	}
	if _, err := d.ReadToken(); err != nil {
		return errNotObject
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errMore
	}
	return nil
}

// name adds the name of a field. Most lines have those of the line before.
func (o *object) name(known []string, quoted jsontext.Value) {
	name := o.unquoted(quoted)
	if i := len(o.names); i < len(known) && known[i] == string(name) {
		o.names = append(o.names, known[i])
		return
	}
	o.names = append(o.names, string(name))
}

// unquoted gives the text of a string that was read, until the next is asked for.
func (o *object) unquoted(s jsontext.Value) []byte {
	o.buf, _ = jsontext.AppendUnquote(o.buf[:0], s) // the error is of half a surrogate pair
	return o.buf
}

// id gives a value as an id: a number is one, as it is written.
func (o *object) id(i int) (string, error) {
	if v := o.values[i]; v.Kind() == jsontext.KindNumber {
		return string(v), nil
	}
	return o.text(i)
}

// text gives a value as text: a string, or nothing for null.
func (o *object) text(i int) (string, error) {
	switch v := o.values[i]; v.Kind() {
	case jsontext.KindNull:
		return "", nil
	case jsontext.KindString:
		text := string(o.unquoted(v))
		if o.keepPlaces {
			return evenLines.Replace(text), nil
		}
		return unixLines(text), nil
	}
	return "", fmt.Errorf("the field %s is not a string", quoteID(o.names[i]))
}

func (o *opening) jsonl(st *stream, plain []byte) (*input, error) {
	in := &input{source: JSONL, total: -1, size: st.size, reports: func(s *sink) {
		j := &jsonlReader{s: s, opts: o.opts, place: o.place}
		j.read(st)
	}}
	plain = bytes.TrimPrefix(plain, []byte(byteOrderMark))
	if bytes.HasPrefix(bytes.TrimLeft(plain, " \t\r\n"), []byte("[")) {
		return nil, o.problem("this is a JSON array", "write one object a line")
	}
	// The first line that has a report tells the fields; others may have others.
	var obj object
	for line := range bytes.Lines(plain) {
		if obj.parse(line) != nil {
			continue
		}
		if l, err := chooseLayout(obj.names, o.opts); err == nil {
			in.columns = l.columns(obj.names)
			in.subjects = l.subject >= 0 && l.study >= 0
			break
		}
	}
	return in, nil
}

type jsonlReader struct {
	s      *sink
	opts   Options
	place  Place
	number int
	obj    object
	names  []string // that the layout is for
	layout layout
	ids    []int    // columns of the layout
	texts  []int    // and those of texts, or -1
	fields []string // of the line, in the places of their names
	twice  []string // the names of fields that have been told to come twice
}

func (j *jsonlReader) read(st *stream) {
	in, err := st.open()
	if err != nil {
		j.s.lost(Report{Place: j.place}, "cannot be read: "+reason(err), "")
		return
	}
	defer in.Close()
	lines := newLineReader(in, j.s.limit)
	for j.s.alive() {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		place := Place{Path: j.place.Path, Line: lines.line}
		switch {
		case err == errLongLine:
			j.number++
			j.s.lost(Report{Place: place}, "the line is longer than "+bytesName(j.s.limit), "")
		case err != nil:
			place.Line++
			j.s.lost(Report{Place: place}, "reading ends here: "+reason(err)+"; what comes after is lost", "get the file again")
			return
		case len(bytes.TrimSpace(line)) > 0:
			j.number++
			j.line(line, place)
		}
	}
	if !j.s.done && j.number == 0 {
		j.s.lost(Report{Place: j.place}, "there is no line in it", "")
	}
}

func (j *jsonlReader) line(line []byte, place Place) {
	if err := checkText(line); err != nil {
		j.s.lost(Report{Place: place}, err.Error(), "")
		return
	}
	line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	foreign := 0
	if !utf8.Valid(line) {
		var text string
		text, foreign = decodeForeign(line)
		line = []byte(text)
	}
	obj := &j.obj
	if err := obj.parse(line); err != nil {
		j.s.lost(Report{Place: place}, err.Error(), "write one object a line")
		return
	}
	if j.names == nil || !slices.Equal(obj.names, j.names) {
		l, err := chooseLayout(obj.names, j.opts)
		if err != nil {
			do := "name the fields with --id-column and --text-column"
			j.s.lost(j.known(l, obj, place), strings.Replace(err.Error(), "column", "field", 1), do)
			return
		}
		j.use(l)
		j.repeats(place)
	}
	l := j.layout
	if err := j.values(); err != nil {
		j.s.lost(j.known(l, obj, place), err.Error(), "")
		return
	}
	if foreign > 0 {
		j.s.foreign(place, foreign)
	}
	if l.id >= 0 && strings.TrimSpace(j.fields[l.id]) == "" {
		j.s.warn(place, "the id is empty; the number of the line stands for it", emptyID)
	}
	j.s.report(l.report(j.fields, j.number, place))
}

// use makes the layout that of objects with the names of this one.
func (j *jsonlReader) use(l layout) {
	j.names, j.layout, j.ids = slices.Clone(j.obj.names), l, l.ids()
	j.texts = append(j.texts[:0], l.text)
	for _, s := range l.sections {
		j.texts = append(j.texts, s.column)
	}
	j.fields = make([]string, len(j.names))
}

// values reads the fields that a report is made of.
func (j *jsonlReader) values() error {
	clear(j.fields)
	read := func(columns []int, value func(int) (string, error)) (err error) {
		for _, i := range columns {
			if i >= 0 && err == nil {
				j.fields[i], err = value(i)
			}
		}
		return err
	}
	return cmp.Or(read(j.ids, j.obj.id), read(j.texts, j.obj.text))
}

// repeats tells of each field that is read and comes twice in one object, the first
// time. Columns of sections may: all are read.
func (j *jsonlReader) repeats(place Place) {
	for _, i := range append(j.layout.ids(), j.layout.text) {
		if i < 0 || !slices.Contains(j.names[i+1:], j.names[i]) || slices.Contains(j.twice, j.names[i]) {
			continue
		}
		j.twice = append(j.twice, j.names[i])
		j.s.warn(place, "the field "+quoteID(j.names[i])+" comes twice in an object; the first is read", "")
	}
}

// ids are the columns of ids.
func (l layout) ids() []int {
	if l.subject >= 0 && l.study >= 0 {
		return []int{l.id, l.subject, l.study}
	}
	return []int{l.id}
}

// known is what is known of an object that is no report: its ids, as far as they can
// be read.
func (j *jsonlReader) known(l layout, obj *object, place Place) Report {
	fields := make([]string, len(obj.values))
	for _, i := range l.ids() {
		if i < 0 {
			continue
		}
		var err error
		if fields[i], err = obj.id(i); err != nil {
			return Report{Place: place}
		}
	}
	if l.id < 0 || strings.TrimSpace(fields[l.id]) == "" {
		return Report{Place: place}
	}
	return layout{id: l.id, text: -1, subject: l.subject, study: l.study}.report(fields, j.number, place)
}
