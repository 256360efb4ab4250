package gold

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// openLabelStudio reads Label Studio's exports, JSON and JSON-MIN: an array of
// tasks. Offsets count UTF-16 code units, as Label Studio has them, or code
// points where these give the text that a label says it has.
func openLabelStudio(ctx context.Context, a array, opts Options) (*Source, error) {
	s := labelStudio{documents: newDocuments(opts), opts: opts}
	for element, at := range a.each {
		if o, err := parseObject(&s.parser, element); err != nil {
			s.fail(at.place, "element %d of the array is not a JSON object", at.number)
		} else {
			s.task(o, at.number, at.place)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return s.source(Source{Path: a.path, Format: "label studio", Notes: s.notes()})
}

type labelStudio struct {
	*documents
	parser      fastjson.Parser
	opts        Options
	numbered    bool // a task without an id has been met
	unannotated int  // tasks
	others      int  // tasks with further annotators
}

func (s *labelStudio) notes() (notes []string) {
	if s.numbered {
		notes = append(notes, numbered("tasks"))
	}
	return slices.Concat(notes,
		counted(s.unannotated, "1 task without an annotation left out", "%d tasks without an annotation left out"),
		counted(s.others, "further annotators of 1 task ignored", "further annotators of %d tasks ignored"),
	)
}

// annotations are those of a task, also as they were called once; nil: none, as
// in JSON-MIN.
func annotations(task *fastjson.Object) *fastjson.Value {
	if v := task.Get("annotations"); v != nil {
		return v
	}
	return task.Get("completions")
}

// isStudioTask recognises a task by itself.
func isStudioTask(o *fastjson.Object) bool {
	return o.Get("data").GetObject() != nil && annotations(o) != nil
}

// loneTask is the problem of a file that holds tasks, but no array of them.
func loneTask(path string) error {
	return problem(corpus.Place{Path: path}, "this is a task of Label Studio by itself", "export the project as JSON or JSON-MIN, an array of tasks")
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
	if v := annotations(o); v == nil {
		t.flatResults(o)
	} else {
		annotation, others := chosenAnnotation(v.GetArray())
		if annotation == nil {
			s.unannotated++
			return
		}
		if others {
			s.others++
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
	if t.wrong == nil || t.ID != "" {
		s.add(t.document)
	}
}

// chosenAnnotation is the one that is marked as ground truth, else the first
// that is not cancelled; nil: nobody has annotated. others says whether there are
// more.
func chosenAnnotation(all []*fastjson.Value) (chosen *fastjson.Value, others bool) {
	all = slices.DeleteFunc(slices.Clone(all), func(a *fastjson.Value) bool { return a.GetBool("was_cancelled") })
	if len(all) == 0 {
		return nil, false
	}
	truth := slices.IndexFunc(all, func(a *fastjson.Value) bool { return a.GetBool("ground_truth") })
	return all[max(0, truth)], len(all) > 1
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
		t.s.numbered = true
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
	return span, fmt.Sprintf("the text is %s at these offsets, and %s in the region", quotedID(first.In(t.Text)), quotedID(string(text.GetStringBytes())))
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
	name, _ := splitLabel(value)
	if _, alone := assertionOf(name); alone {
		name = field
	}
	_, known := t.s.names.meaning(name)
	return known
}
