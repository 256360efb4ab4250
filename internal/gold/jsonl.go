package gold

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// jsonKind is what the objects of a JSONL file are.
type jsonKind uint8

const (
	labelObjects  jsonKind = iota // {"id", "labels": {observation: label}}
	ownObjects                    // the same, under a header that lists the observations
	flatObjects                   // {"id", observation: label, ...}
	sentenceLines                 // {"id", "sentence", "labels"}
)

// jsonLines is a file with one object a line.
type jsonLines struct {
	path         string
	open         func() (io.ReadCloser, error)
	kind         jsonKind
	start        int // line of the first object
	names        names
	fields       jsonFields
	mentions     bool
	observations []corpus.Observation
	index        map[string]int // of names as written; -1: passed over
	notes        []string
}

func openJSONL(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	j := &jsonLines{path: f.Path, open: f.Open, names: newNames(opts), index: map[string]int{}}
	head, first, err := j.firstObjects(f)
	switch {
	case err != nil:
		return nil, err
	case isStudioTask(head):
		return nil, loneTask(f.Path)
	case isDoccano(head):
		return openDoccano(ctx, f, head, opts)
	}
	j.kind = kindOf(head)
	fields := fieldsOf(head)
	var wrong problems // names of observations
	if j.kind == ownObjects {
		fields, j.mentions = fieldsOf(first), true
		wrong = j.header(head)
	}
	if err := j.findFields(f, fields, opts); err != nil {
		return nil, err
	}
	if j.kind == labelObjects || j.kind == sentenceLines {
		if err := j.readOnce(f); err != nil {
			return nil, err
		}
		if wrong, err = j.survey(ctx); err != nil {
			return nil, err
		}
	}
	if wrong.n > 0 {
		return nil, j.refused(ctx, wrong)
	}
	s := &Source{
		Path: f.Path, Format: "jsonl", Observations: j.observations, Notes: j.notes, rows: j.rows,
		HasMentions: j.mentions,
		HasText:     j.fields.text != "",
		Sentences:   j.kind == sentenceLines,
	}
	if s.Sentences {
		s.Format = "sentences"
	}
	return s, nil
}

// firstObjects parses the first two lines that are not blank.
func (j *jsonLines) firstObjects(f *corpus.File) (first, second *fastjson.Object, err error) {
	eachLine(block{f.HeadLines(), 1}, func(line []byte, number int) {
		if second != nil || err != nil {
			return
		}
		o, broken := parseObject(new(fastjson.Parser), bytes.TrimRight(line, "\r"))
		switch {
		case broken != nil && first == nil:
			err = problem(corpus.Place{Path: f.Path, Line: number}, broken.Error(), "write one object a line")
		case broken != nil: // told when the rows are read
		case first == nil:
			first, j.start = o, number
		default:
			second = o
		}
	})
	if o, broken := parseObject(new(fastjson.Parser), bytes.TrimSpace(f.Head)); err != nil && broken == nil && isStudioTask(o) {
		err = loneTask(f.Path)
	}
	if first == nil && err == nil {
		err = problem(corpus.Place{Path: f.Path}, "the first line is too long to see what it holds", "write one object a line")
	}
	return first, second, err
}

// refused joins the names that are wrong with what is wrong with the rows, so
// that all can be mended at once.
func (j *jsonLines) refused(ctx context.Context, names problems) error {
	if len(j.index) == 0 { // rows have no names then
		return names.err()
	}
	var rows problems
	for _, err := range (&Source{rows: j.rows}).Rows(ctx) {
		if err != nil {
			rows.add(err)
		}
	}
	names.merge(rows)
	return cmp.Or(ctx.Err(), names.err())
}

// mostValues is how many values a line may hold, each of which takes a hundred bytes
// and more of memory.
const mostValues = 1 << 20

// values counts the values of a line, nearly: its commas and brackets outside of strings.
func values(line []byte) (n int) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ',', '[', '{':
			n++
		case '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' {
					i++
				}
			}
		}
	}
	return n
}

// parseObject parses a line. The error says what is wrong with it and where.
func parseObject(p *fastjson.Parser, line []byte) (*fastjson.Object, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("the line is not UTF-8")
	}
	if len(line) > mostValues && values(line) > mostValues {
		return nil, fmt.Errorf("the line holds more than %d values", mostValues)
	}
	v, err := p.ParseBytes(line)
	if err != nil {
		var any json.RawMessage
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal(line, &any), &syntax) {
			return nil, fmt.Errorf("the JSON is broken at byte %d of the line: %s", syntax.Offset, syntax)
		}
		return nil, errors.New("the JSON is broken")
	}
	o, err := v.Object()
	if err != nil {
		return nil, errors.New("the line is not a JSON object")
	}
	return o, nil
}

func kindOf(o *fastjson.Object) jsonKind {
	is := func(field string, t fastjson.Type) bool { v := o.Get(field); return v != nil && v.Type() == t }
	switch {
	case is("tool", fastjson.TypeString) && is("observations", fastjson.TypeArray):
		return ownObjects
	case is("sentence", fastjson.TypeString) && is("labels", fastjson.TypeObject):
		return sentenceLines
	case is("labels", fastjson.TypeObject):
		return labelObjects
	default:
		return flatObjects
	}
}

func fieldsOf(o *fastjson.Object) []string {
	if o == nil {
		return nil
	}
	var fields []string
	o.Visit(func(key []byte, _ *fastjson.Value) { fields = append(fields, string(key)) })
	return fields
}

// header takes the observations of radlabel's own header.
func (j *jsonLines) header(o *fastjson.Object) (wrong problems) {
	place := corpus.Place{Path: j.path, Line: j.start}
	var all []string
	for _, v := range o.Get("observations").GetArray() {
		name := string(v.GetStringBytes())
		all = append(all, name)
		o, unknown := j.names.find(name)
		switch {
		case unknown:
			j.index[name] = -1
			wrong.add(j.names.unknown(place, quotedName(name)+", which the header names,", name))
		case o != "" && slices.Contains(j.observations, o):
			j.index[name] = slices.Index(j.observations, o)
			wrong.add(problem(place, fmt.Sprintf("the header names %q twice", o), ""))
		case o != "":
			j.index[name] = len(j.observations)
			j.observations = append(j.observations, o)
		default:
			j.index[name] = -1
		}
	}
	for _, o := range j.names.chosen {
		if !slices.Contains(j.observations, o) {
			wrong.add(problem(place, fmt.Sprintf("the header names no observation %q", o), cmp.Or(strings.TrimSpace(didYouMean(string(o), all)), "it names "+list(all))))
		}
	}
	if wrong.n == 0 && len(j.observations) == 0 {
		wrong.add(problem(place, "the header names no observations", ""))
	}
	return wrong
}

// findFields finds the fields of ids, groups and text, and those of labels.
func (j *jsonLines) findFields(f *corpus.File, fields []string, opts Options) error {
	place := corpus.Place{Path: j.path, Line: j.start}
	if j.kind == flatObjects {
		c, err := columnsOf(fields, sampleFields(f, fields), place, opts)
		if err != nil {
			return err
		}
		j.observations, j.notes = c.observations, c.passedNotes()
		for _, name := range fields {
			j.index[name] = -1
		}
		for i, column := range c.labels {
			j.index[fields[column]] = i
		}
	}
	switch {
	case j.kind == ownObjects:
		j.fields.id = "id"
	case j.kind == sentenceLines:
		j.fields.text = "sentence"
	case j.kind == labelObjects && slices.Contains(fields, "text"):
		j.fields.text = "text"
	}
	err := j.fields.find(fields, place, opts)
	if j.fields.id == "" {
		j.notes = append(j.notes, numbered("lines"))
	}
	return err
}

// sampleFields looks at what the fields of the first objects hold.
func sampleFields(f *corpus.File, fields []string) []sampled {
	sample := make([]sampled, len(fields))
	column := map[string]int{}
	for i, name := range fields {
		column[name] = i
	}
	var p fastjson.Parser
	eachLine(block{f.HeadLines(), 1}, func(line []byte, _ int) {
		o, err := parseObject(&p, line)
		if err != nil {
			return
		}
		o.Visit(func(name []byte, v *fastjson.Value) {
			if i, found := column[string(name)]; found {
				sample[i].add(labelOf(v))
			}
		})
	})
	return sample
}

// jsonFields are the fields of objects that hold all but the labels; "" is none.
type jsonFields struct{ id, image, group, text string }

// find finds the fields of ids and groups.
func (f *jsonFields) find(fields []string, place corpus.Place, opts Options) error {
	if id, _ := corpus.LabelColumns(fields); id >= 0 && f.id == "" {
		f.id = fields[id]
	}
	if image := imageColumn(fields); image >= 0 {
		f.image = fields[image]
	}
	var wrong problems
	for _, named := range []struct {
		name  string
		field *string
	}{{opts.IDColumn, &f.id}, {opts.By, &f.group}} {
		i := corpus.FindColumn(fields, named.name)
		switch {
		case named.name == "":
		case i >= 0:
			*named.field = fields[i]
		case fields == nil: // there is no object to see them in
			*named.field = named.name
		default:
			wrong.add(noField(place, named.name, fields))
		}
	}
	return wrong.err()
}

// read reads the fields of an object into a row, and says what is wrong. Its
// number is the id where there is no field of ids.
func (f *jsonFields) read(o *fastjson.Object, number int, row *Row) (wrong []string) {
	if f.id == "" {
		row.ID = strconv.Itoa(number)
	} else if id, ok := scalar(o.Get(f.id)); !ok {
		wrong = append(wrong, fmt.Sprintf("the field %q is no id", f.id))
	} else {
		image, _ := scalar(o.Get(f.image))
		row.identify(id, image)
		if row.ID == "" {
			wrong = append(wrong, "the id is empty")
		}
	}
	if f.group != "" {
		group, ok := scalar(o.Get(f.group))
		if !ok {
			wrong = append(wrong, fmt.Sprintf("the field %q is no name of a group", f.group))
		}
		row.Group = group
	}
	if f.text == "" {
		return wrong
	}
	v := o.Get(f.text)
	if v == nil || v.Type() != fastjson.TypeString {
		return append(wrong, fmt.Sprintf("the field %q is not a string", f.text))
	}
	row.Text = string(v.GetStringBytes())
	return wrong
}

func noField(place corpus.Place, name string, fields []string) error {
	what := fmt.Sprintf("there is no field %q", name)
	return problem(place, what, cmp.Or(strings.TrimSpace(didYouMean(name, fields)), "the fields are "+list(fields)))
}

// readOnce keeps in memory what cannot be read twice.
func (j *jsonLines) readOnce(f *corpus.File) error {
	if f.Regular() {
		return nil
	}
	all, err := f.ReadAll()
	if err != nil {
		return err
	}
	j.open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }
	return nil
}

// eachLine gives the lines of a block that are not blank.
func eachLine(b block, yield func(line []byte, number int)) {
	text := b.text
	if b.line == 1 {
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	}
	for number := b.line; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if len(bytes.TrimSpace(line)) > 0 {
			yield(line, number)
		}
		text = rest
	}
}

// named is a name of an observation with the line where it was met first.
type named struct {
	name string
	line int
}

// surveyed is what a survey of one block finds.
type surveyed struct {
	names    []named
	evidence map[string]bool // names with some
}

// survey reads the file to find its observations, and whether it has mentions of
// them. What is wrong with single lines is left to the reading of the rows; wrong
// are the names that mean no observation.
func (j *jsonLines) survey(ctx context.Context) (wrong problems, err error) {
	in, err := j.open()
	if err != nil {
		return wrong, err
	}
	defer in.Close()
	all := newUnion(j.names.chosen)
	line, err := decodeInOrder(ctx, in, j.surveyor, func(s surveyed) bool {
		for _, n := range s.names {
			if _, found := j.index[n.name]; found {
				continue
			}
			o, unknown := j.names.find(n.name)
			switch {
			case unknown:
				wrong.add(j.names.unknown(corpus.Place{Path: j.path, Line: n.line}, quotedID(n.name), n.name))
				j.index[n.name] = -1
			case o == "":
				j.index[n.name] = -1
			default:
				j.index[n.name] = all.add(o)
			}
		}
		for name := range s.evidence {
			j.mentions = j.mentions || j.index[name] >= 0
		}
		return true
	})
	j.observations = all.all
	switch {
	case ctx.Err() != nil:
		return wrong, ctx.Err()
	case err != nil:
		wrong.add(j.endsAt(line, err))
		return wrong, wrong.err()
	case wrong.n == 0 && len(all.all) == 0:
		wrong.add(problem(corpus.Place{Path: j.path}, "no line of it names an observation", ""))
	}
	return wrong, nil
}

func (j *jsonLines) surveyor() func(block) surveyed {
	var p fastjson.Parser
	return func(b block) (s surveyed) {
		met := map[string]bool{}
		s.evidence = map[string]bool{}
		eachLine(b, func(line []byte, number int) {
			o, err := parseObject(&p, line)
			if err != nil {
				return
			}
			meet := func(name []byte, v *fastjson.Value) {
				if len(v.GetArray("evidence")) > 0 {
					s.evidence[string(name)] = true
				}
				if !met[string(name)] {
					met[string(name)] = true
					s.names = append(s.names, named{string(name), number})
				}
			}
			for _, field := range []string{"labels", "blank"} {
				if labels := o.Get(field); labels != nil && labels.Type() == fastjson.TypeObject {
					labels.GetObject().Visit(meet)
				}
			}
		})
		return s
	}
}
