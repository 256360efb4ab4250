package gold

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// openLabelStudio reads Label Studio's exports, JSON and JSON-MIN: an array of
// tasks. Offsets count UTF-16 code units, as Label Studio has them, or code
// points where these give the text that a label says it has.
func openLabelStudio(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all, err := io.ReadAll(in)
	if err != nil {
		return nil, f.Fault(0, err)
	}
	if err := validText(corpus.Place{Path: f.Path}, all); err != nil {
		return nil, err
	}
	text := bytes.TrimPrefix(all, []byte(byteOrderMark))
	if lines, ok := doccanoArray(text); ok {
		return readDoccano(ctx, corpus.Place{Path: f.Path}, lines, opts)
	}
	s := labelStudio{documents: newDocuments(opts), opts: opts}
	number := 0
	line, err := eachElement(text, func(element []byte, line int) bool {
		number++
		place := corpus.Place{Path: f.Path, Line: line}
		if o, err := parseObject(&s.parser, element); err != nil {
			s.fail(place, "element %d of the array is not a JSON object", number)
		} else {
			s.task(o, number, place)
		}
		return ctx.Err() == nil
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		s.fail(corpus.Place{Path: f.Path, Line: line}, "the JSON is broken: %s", err)
	}
	source, err := s.source(Source{Path: f.Path, Format: "label studio"})
	if err != nil {
		return nil, err
	}
	if s.unannotated > 0 {
		source.note(fmt.Sprintf("tasks that nobody has annotated, left out: %d", s.unannotated))
	}
	if s.several > 0 {
		source.note(fmt.Sprintf("tasks with further annotations, of which one was taken: %d", s.several))
	}
	return source, nil
}

// eachElement gives the elements of a JSON array, each with the line where it
// begins. Its error comes with a line too.
func eachElement(text []byte, yield func(element []byte, line int) bool) (line int, err error) {
	var element json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(text, &element), &syntax) {
		before := text[:max(0, int(syntax.Offset)-1)]
		return 1 + bytes.Count(before, []byte("\n")), syntax
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // the bracket
		return 1, err
	}
	line, counted := 1, 0
	for d.More() {
		if err := d.Decode(&element); err != nil {
			return line, err
		}
		start := int(d.InputOffset()) - len(element)
		line += bytes.Count(text[counted:start], []byte("\n"))
		counted = start
		if !yield(element, line) {
			break
		}
	}
	return line, nil
}

type labelStudio struct {
	*documents
	unannotated int // tasks
	several     int // tasks with more than one annotation
	parser      fastjson.Parser
	opts        Options
}

// studioTask is a task with what its annotator has chosen.
type studioTask struct {
	document
	s       *labelStudio
	raw     string
	utf16   []int // byte offsets of UTF-16 code units
	points  []int // byte offsets of code points; nil: not needed yet
	wrong   []string
	regions map[string]corpus.Assertion // by region: what a choice for it says
}

func (s *labelStudio) task(o *fastjson.Object, number int, place corpus.Place) {
	t := &studioTask{s: s, regions: map[string]corpus.Assertion{}}
	t.Place = place
	data := o.Get("data").GetObject()
	if data == nil {
		data = o // JSON-MIN
	}
	t.fields(o, data, number)
	if v := o.Get("annotations"); v == nil {
		t.flatResults(o)
	} else {
		annotation := chosenAnnotation(v.GetArray())
		if annotation == nil {
			s.unannotated++
			return
		}
		if len(v.GetArray()) > 1 {
			s.several++
		}
		results := annotation.GetArray("result")
		for _, r := range results {
			t.regionChoice(string(r.GetStringBytes("id")), r.Get("value"))
		}
		for i, r := range results {
			t.result(r, i+1)
		}
	}
	for _, what := range t.wrong {
		s.fail(place, "task %d: %s", number, what)
	}
	if t.wrong == nil {
		s.add(t.document)
	}
}

// chosenAnnotation is the one that is marked as ground truth, else the first
// that is not cancelled.
func chosenAnnotation(all []*fastjson.Value) *fastjson.Value {
	var first *fastjson.Value
	for _, a := range all {
		switch {
		case a.GetBool("was_cancelled"):
		case a.GetBool("ground_truth"):
			return a
		case first == nil:
			first = a
		}
	}
	return first
}

// fields reads id, group and text, from the data of a task or beside it.
func (t *studioTask) fields(task, data *fastjson.Object, number int) {
	names := fieldsOf(data)
	field := func(name string) string {
		for _, o := range []*fastjson.Object{data, task} {
			fields := fieldsOf(o)
			if i := corpus.FindColumn(fields, name); i >= 0 {
				value, ok := scalar(o.Get(fields[i]))
				if !ok {
					t.failf("the field %q is neither a string nor a number", fields[i])
				}
				return value
			}
		}
		t.failf("there is no field %q; the fields are %s", name, list(names))
		return ""
	}
	id, _ := corpus.LabelColumns(names)
	switch {
	case t.s.opts.IDColumn != "":
		t.ID = corpus.StudyOf(field(t.s.opts.IDColumn))
	case id >= 0:
		t.ID = corpus.StudyOf(field(names[id]))
	case task.Get("id") != nil:
		t.ID = field("id")
	default:
		t.ID = strconv.Itoa(number)
	}
	if t.s.opts.By != "" {
		t.Group = field(t.s.opts.By)
	}
	t.raw = annotatedText(data)
	t.Text, t.utf16 = offsets(t.raw, utf16Unit)
}

// annotatedText is the field of a usual name, or the longest string there is.
func annotatedText(data *fastjson.Object) string {
	fields := fieldsOf(data)
	if i := corpus.TextColumn(fields); i >= 0 {
		return string(data.Get(fields[i]).GetStringBytes())
	}
	longest := ""
	data.Visit(func(_ []byte, v *fastjson.Value) {
		if s := v.GetStringBytes(); len(s) > len(longest) {
			longest = string(s)
		}
	})
	return longest
}

func (t *studioTask) failf(format string, args ...any) {
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// regionChoice notes the assertion that is chosen for a region.
func (t *studioTask) regionChoice(id string, value *fastjson.Value) {
	if !isRegion(value) {
		return
	}
	for _, c := range value.GetArray("choices") {
		if a, ok := assertionOf(string(c.GetStringBytes())); ok {
			t.regions[id] = a
		}
	}
}

func isRegion(value *fastjson.Value) bool {
	return value.Get("start") != nil && value.Get("end") != nil
}

// result reads the labels of a region, or choices for the text.
func (t *studioTask) result(r *fastjson.Value, number int) {
	value := r.Get("value")
	switch {
	case value.Get("labels") != nil:
		t.region(value, string(r.GetStringBytes("id")), number)
	case value.Get("choices") != nil && !isRegion(value):
		t.choices(string(r.GetStringBytes("from_name")), value.GetArray("choices"))
	}
}

// region reads {"start", "end", "text", "labels"}.
func (t *studioTask) region(value *fastjson.Value, id string, number int) {
	span, what := t.span(value)
	if what != "" {
		t.failf("region %d: %s", number, what)
		return
	}
	chosen, isChosen := t.regions[id]
	for _, label := range value.GetArray("labels") {
		name, a := splitLabel(string(label.GetStringBytes()))
		if isChosen {
			a = chosen
		}
		if o := t.s.observation(name, t.Place); o >= 0 {
			t.marks = append(t.marks, mark{o, a, span})
		}
	}
}

// span converts the span of a region, and says what is wrong with it.
func (t *studioTask) span(value *fastjson.Value) (span corpus.Span, what string) {
	start, ok1 := integer(value.Get("start"))
	end, ok2 := integer(value.Get("end"))
	if !ok1 || !ok2 {
		return span, "its start or end is no number"
	}
	text := value.Get("text")
	says := func(span corpus.Span) bool {
		return text == nil || sameText(span.In(t.Text), string(text.GetStringBytes()))
	}
	first, inUnits := spanAt(t.utf16, start, end)
	if inUnits && says(first) {
		return first, ""
	}
	if t.points == nil {
		_, t.points = offsets(t.raw, codePoint)
	}
	if span, ok := spanAt(t.points, start, end); ok && text != nil && says(span) {
		return span, ""
	}
	if !inUnits {
		return span, fmt.Sprintf("[%d, %d] is no span of the text, which has %d characters", start, end, len(t.utf16)-1)
	}
	return span, fmt.Sprintf("the text is %s at these offsets, and %s in the region", quoted(first.In(t.Text), 40), quoted(string(text.GetStringBytes()), 40))
}

// choices reads labels of the whole text, or, under the name of an observation,
// assertions of it.
func (t *studioTask) choices(of string, choices []*fastjson.Value) {
	for _, c := range choices {
		name, a := splitLabel(string(c.GetStringBytes()))
		if alone, ok := assertionOf(name); ok {
			name, a = of, alone
		}
		if o := t.s.observation(name, t.Place); o >= 0 {
			t.marks = append(t.marks, mark{observation: o, assertion: a})
		}
	}
}

// flatResults reads the fields of JSON-MIN that hold what was annotated: arrays
// of regions, {"choices": [...]}, and a single choice as a string, which is told
// from data by its field or itself meaning an observation.
func (t *studioTask) flatResults(o *fastjson.Object) {
	o.Visit(func(_ []byte, v *fastjson.Value) {
		for _, r := range v.GetArray() {
			t.regionChoice(flatRegion(r), r)
		}
	})
	o.Visit(func(key []byte, v *fastjson.Value) {
		name := string(key)
		switch {
		case v.Type() == fastjson.TypeArray && slices.ContainsFunc(v.GetArray(), isFlatRegion):
			for i, r := range v.GetArray() {
				if isFlatRegion(r) {
					t.region(r, flatRegion(r), i+1)
				}
			}
		case v.Get("choices") != nil:
			t.choices(name, v.GetArray("choices"))
		case v.Type() == fastjson.TypeString && t.isChoice(name, string(v.GetStringBytes())):
			t.choices(name, []*fastjson.Value{v})
		}
	})
}

// flatRegion tells a region of JSON-MIN, which has no id, from others.
func flatRegion(v *fastjson.Value) string {
	return fmt.Sprint(v.Get("start"), v.Get("end"))
}

func isFlatRegion(v *fastjson.Value) bool { return isRegion(v) && v.Get("labels") != nil }

// isChoice needs names that are known.
func (t *studioTask) isChoice(field, value string) bool {
	if t.s.names.known == nil {
		return false
	}
	name, _ := splitLabel(value)
	if _, alone := assertionOf(name); alone {
		name = field
	}
	o, _ := t.s.names.find(name)
	return o != ""
}
