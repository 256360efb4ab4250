package gold

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// isDoccano says whether an object has labels as doccano exports them: in an
// array.
func isDoccano(o *fastjson.Object) bool { return doccanoLabels(o) != nil }

func doccanoLabels(o *fastjson.Object) *fastjson.Value {
	for _, field := range []string{"entities", "label", "labels"} {
		if v := o.Get(field); v != nil && v.Type() == fastjson.TypeArray {
			return v
		}
	}
	return nil
}

// openDoccano reads doccano's exports with one object a line: spans with labels,
// or labels of texts. Offsets count code points.
func openDoccano(ctx context.Context, f *corpus.File, first *fastjson.Object, opts Options) (*Source, error) {
	d, err := newDoccano(first, corpus.Place{Path: f.Path, Line: 1}, opts)
	if err != nil {
		return nil, err
	}
	all, err := f.ReadAll()
	if err != nil {
		return nil, err
	}
	eachLine(block{all, 1}, func(line []byte, number int) {
		if ctx.Err() == nil {
			d.object(line, number, corpus.Place{Path: f.Path, Line: number})
		}
	})
	return d.done(ctx, f.Path, "lines")
}

// openDoccanoArray reads the same objects in an array.
func openDoccanoArray(ctx context.Context, a array, first *fastjson.Object, opts Options) (*Source, error) {
	d, err := newDoccano(first, corpus.Place{Path: a.path, Line: 1}, opts)
	if err != nil {
		return nil, err
	}
	for element, at := range a.each {
		d.what = fmt.Sprintf("element %d: ", at.number)
		d.object(element, at.number, at.place)
		if ctx.Err() != nil {
			break
		}
	}
	return d.done(ctx, a.path, "elements")
}

type doccano struct {
	*documents
	parser fastjson.Parser
	fields jsonFields
	what   string // comes before what is wrong
}

// newDoccano finds the fields by the first object.
func newDoccano(first *fastjson.Object, place corpus.Place, opts Options) (*doccano, error) {
	d := &doccano{documents: newDocuments(opts), fields: jsonFields{text: "text"}}
	fields := fieldsOf(first)
	if !slices.Contains(fields, "text") && slices.Contains(fields, "data") {
		d.fields.text = "data"
	}
	return d, d.fields.find(fields, place, opts)
}

func (d *doccano) done(ctx context.Context, path, units string) (*Source, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s := Source{Path: path, Format: "doccano"}
	if d.fields.id == "" {
		s.Notes = append(s.Notes, numbered(units))
	}
	return d.source(s)
}

func (d *doccano) object(line []byte, number int, place corpus.Place) {
	o, err := parseObject(&d.parser, bytes.TrimRight(line, "\r"))
	if err != nil {
		d.fail(place, "%s%s", d.what, err)
		return
	}
	doc := document{Row: Row{Place: place}}
	wrong := d.fields.read(o, number, &doc.Row)
	text, at := offsets(doc.Text, codePoint)
	doc.Text = text
	labels := doccanoLabels(o)
	if labels == nil {
		wrong = append(wrong, "there is no array of labels")
	}
	for i, v := range labels.GetArray() {
		label, span, ok := doccanoLabel(v, at)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("label %d is no label with a span of the text, which has %d characters", i+1, len(at)-1))
			continue
		}
		name, a := splitLabel(label)
		if o := d.observation(name, place); o >= 0 {
			doc.marks = append(doc.marks, mark{o, a, span})
		}
	}
	for _, what := range wrong {
		d.fail(place, "%s%s", d.what, what)
	}
	if doc.ID != "" {
		d.add(doc)
	}
}

// doccanoLabel reads [start, end, label], {"label", "start_offset",
// "end_offset"}, or the label of a text.
func doccanoLabel(v *fastjson.Value, at []int) (label string, span corpus.Span, ok bool) {
	var name, start, end *fastjson.Value
	switch v.Type() {
	case fastjson.TypeString:
		return string(v.GetStringBytes()), span, true
	case fastjson.TypeArray:
		if parts := v.GetArray(); len(parts) == 3 {
			start, end, name = parts[0], parts[1], parts[2]
		}
	case fastjson.TypeObject:
		name, start, end = v.Get("label"), v.Get("start_offset"), v.Get("end_offset")
	}
	if name == nil || name.Type() != fastjson.TypeString {
		return "", span, false
	}
	from, ok1 := integer(start)
	to, ok2 := integer(end)
	span, ok = spanAt(at, from, to)
	return string(name.GetStringBytes()), span, ok && ok1 && ok2
}
