package gold

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// openDoccano reads doccano's exports, one object a line: spans with labels, or
// labels of texts. Offsets count code points.
func openDoccano(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all, err := io.ReadAll(in)
	if err != nil {
		return nil, f.Fault(0, err)
	}
	var lines []numbered
	eachLine(block{all, 1}, func(line []byte, number int) { lines = append(lines, numbered{line, number}) })
	return readDoccano(ctx, corpus.Place{Path: f.Path}, lines, opts)
}

// numbered is an object with the line where it begins.
type numbered struct {
	object []byte
	line   int
}

// doccanoArray gives the objects of an array that is doccano's: its first has
// texts and labels, and what Label Studio's tasks have it lacks.
func doccanoArray(text []byte) (objects []numbered, ok bool) {
	_, err := eachElement(text, func(element []byte, line int) bool {
		objects = append(objects, numbered{bytes.Clone(element), line})
		return true
	})
	if err != nil || len(objects) == 0 {
		return nil, false
	}
	o, err := parseObject(new(fastjson.Parser), objects[0].object)
	if err != nil || o.Get("text") == nil || !isDoccano(o) {
		return nil, false
	}
	if first := doccanoLabels(o).GetArray(); len(first) > 0 && first[0].Get("labels") != nil {
		return nil, false // a span of JSON-MIN
	}
	return objects, true
}

func readDoccano(ctx context.Context, place corpus.Place, objects []numbered, opts Options) (*Source, error) {
	d := doccano{documents: newDocuments(opts), fields: jsonFields{text: "text"}}
	var fields []string
	for _, o := range objects {
		if first, err := parseObject(new(fastjson.Parser), o.object); err == nil {
			fields = fieldsOf(first)
			break
		}
	}
	if !slices.Contains(fields, "text") && slices.Contains(fields, "data") {
		d.fields.text = "data"
	}
	if err := d.fields.find(fields, corpus.Place{Path: place.Path, Line: 1}, opts); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if ctx.Err() == nil {
			d.line(o.object, corpus.Place{Path: place.Path, Line: o.line})
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return d.source(Source{Path: place.Path, Format: "doccano"})
}

type doccano struct {
	*documents
	parser fastjson.Parser
	fields jsonFields
}

func (d *doccano) line(line []byte, place corpus.Place) {
	o, err := parseObject(&d.parser, bytes.TrimRight(line, "\r"))
	if err != nil {
		d.fail(place, "%s", err)
		return
	}
	doc := document{Row: Row{Place: place}}
	wrong := d.fields.read(o, &doc.Row)
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
		d.fail(place, "%s", what)
	}
	if wrong == nil {
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
