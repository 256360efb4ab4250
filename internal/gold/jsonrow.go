package gold

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// decoded is what becomes of one line.
type decoded struct {
	row   Row
	wrong []error
}

// rows reads the file on all processors and yields its rows in order.
func (j *jsonLines) rows(ctx context.Context, yield func(Row, error) bool) {
	in, err := j.open()
	if err != nil {
		yield(Row{}, err)
		return
	}
	defer in.Close()
	seen, sentences := newIDs("line"), map[string]int{}
	stopped := false
	line, err := decodeInOrder(ctx, in, j.decoder, func(all []decoded) bool {
		for _, d := range all {
			if j.kind == sentenceLines {
				sentences[d.row.ID]++
				d.row.ID += ":" + strconv.Itoa(sentences[d.row.ID])
			} else if what := seen.add(d.row, d.row.Place.Line); what != "" {
				d.wrong = append(d.wrong, problem(d.row.Place, what, ""))
			}
			if ctx.Err() != nil {
				return false
			}
			if stopped = !yieldRow(yield, d.row, d.wrong); stopped {
				return false
			}
		}
		return true
	})
	switch {
	case stopped:
	case ctx.Err() != nil:
		yield(Row{}, ctx.Err())
	case err != nil:
		yield(Row{}, j.endsAt(line, err))
	}
}

func (j *jsonLines) endsAt(line int, err error) error {
	what := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		what = "it ends too early"
	}
	return problem(corpus.Place{Path: j.path, Line: line}, "reading ends here: "+what, "get the file again")
}

// lineDecoder decodes lines in one goroutine.
type lineDecoder struct {
	*jsonLines
	parser  fastjson.Parser
	strings *cache
	place   corpus.Place
	wrong   []error
	met     []int // by observation: the line that had a label of it last
}

func (j *jsonLines) decoder() func(block) []decoded {
	d := &lineDecoder{jsonLines: j, strings: newCache(), met: make([]int, len(j.observations))}
	return func(b block) []decoded {
		var all []decoded
		eachLine(b, func(line []byte, number int) {
			if number == j.start && j.kind == ownObjects {
				return
			}
			d.place, d.wrong = corpus.Place{Path: j.path, Line: number}, nil
			row := d.line(line)
			all = append(all, decoded{row, d.wrong})
		})
		return all
	}
}

func (d *lineDecoder) fail(format string, args ...any) {
	d.wrong = append(d.wrong, problem(d.place, fmt.Sprintf(format, args...), ""))
}

func (d *lineDecoder) line(line []byte) Row {
	row := Row{Place: d.place}
	o, err := parseObject(&d.parser, line)
	if err != nil {
		d.fail("%s", err)
		return row
	}
	for _, what := range d.fields.read(o, d.place.Line, &row) {
		d.fail("%s", what)
	}
	if d.kind != flatObjects {
		d.labels(o, &row)
		return row
	}
	row.Labels = make([]corpus.Assertion, len(d.observations))
	o.Visit(func(name []byte, v *fastjson.Value) {
		switch i, found := d.index[string(name)]; {
		case !found:
			d.fail("the first object has no field %s", quotedID(string(name)))
		case i >= 0 && d.first(name, i):
			row.Labels[i] = d.label(name, v)
		}
	})
	return row
}

// first reports whether a name is the first in the line for an observation.
func (d *lineDecoder) first(name []byte, i int) bool {
	if d.met[i] == d.place.Line {
		d.fail("%s: the line has a label of %s already", name, d.observations[i])
		return false
	}
	d.met[i] = d.place.Line
	return true
}

// scalar gives a string, or what is written as something else than an array or
// object.
func scalar(v *fastjson.Value) (string, bool) {
	if v == nil {
		return "", true
	}
	switch v.Type() {
	case fastjson.TypeString:
		return string(v.GetStringBytes()), true
	case fastjson.TypeNull:
		return "", true
	case fastjson.TypeArray, fastjson.TypeObject:
		return "", false
	default:
		return string(v.MarshalTo(nil)), true
	}
}

// labels reads an object of labels, and one of the reasons of blank ones.
func (d *lineDecoder) labels(o *fastjson.Object, row *Row) {
	n := len(d.observations)
	row.Labels = make([]corpus.Assertion, n)
	if d.mentions {
		row.Mentions = make([][]Mention, n)
	}
	if d.kind == ownObjects {
		row.Reasons = make([]string, n)
	}
	labels := o.Get("labels")
	if labels == nil || labels.Type() != fastjson.TypeObject {
		d.fail("the field \"labels\" is not an object")
		return
	}
	labels.GetObject().Visit(func(name []byte, v *fastjson.Value) {
		i, found := d.index[string(name)]
		switch {
		case !found:
			d.fail("%s is none of the observations of the header", quotedID(string(name)))
		case i < 0 || !d.first(name, i):
		case v.Type() == fastjson.TypeObject:
			d.explained(name, v, row, i)
		default:
			row.Labels[i] = d.label(name, v)
		}
	})
	blank := o.Get("blank")
	if blank == nil || blank.Type() != fastjson.TypeObject {
		return
	}
	blank.GetObject().Visit(func(name []byte, v *fastjson.Value) {
		if i, found := d.index[string(name)]; found && i >= 0 {
			d.reason(row, i, v)
		}
	})
}

func (d *lineDecoder) reason(row *Row, i int, v *fastjson.Value) {
	if row.Reasons == nil {
		row.Reasons = make([]string, len(d.observations))
	}
	row.Reasons[i] = d.strings.string(v.GetStringBytes())
}

func (d *lineDecoder) label(name []byte, v *fastjson.Value) corpus.Assertion {
	a, err := labelOf(v)
	if err != nil {
		d.fail("%s: %s", name, err)
	}
	return a
}

// labelOf reads 1, 0, -1, null, or the name of an assertion.
func labelOf(v *fastjson.Value) (corpus.Assertion, error) {
	switch v.Type() {
	case fastjson.TypeNull:
		return corpus.Unmentioned, nil
	case fastjson.TypeNumber:
		switch n := v.GetFloat64(); {
		case n == 1:
			return corpus.Positive, nil
		case n == 0:
			return corpus.Negative, nil
		case n == -1:
			return corpus.Uncertain, nil
		case 0 < n && n < 1:
			return corpus.Unmentioned, notThresholded(string(v.MarshalTo(nil)))
		}
	case fastjson.TypeString:
		if a, ok := assertionOf(string(v.GetStringBytes())); ok {
			return a, nil
		}
		return decodeLabel(string(v.GetStringBytes()))
	}
	return corpus.Unmentioned, fmt.Errorf("%s is no label; want 1, 0, -1 or null", quotedID(string(v.MarshalTo(nil))))
}

// explained reads a label with its evidence.
func (d *lineDecoder) explained(name []byte, v *fastjson.Value, row *Row, i int) {
	label := v.Get("label")
	if label == nil {
		d.fail("%s: there is no field \"label\"", name)
		return
	}
	row.Labels[i] = d.label(name, label)
	if reason := v.Get("reason"); reason != nil {
		d.reason(row, i, reason)
	}
	evidence := v.GetArray("evidence")
	if len(evidence) == 0 || row.Mentions == nil {
		return
	}
	mentions := make([]Mention, len(evidence))
	for n, e := range evidence {
		if what := d.mention(e, &mentions[n]); what != "" {
			d.fail("%s: evidence %d: %s", name, n+1, what)
		}
	}
	row.Mentions[i] = mentions
}

// mention reads a piece of evidence, and says what is wrong with it.
func (d *lineDecoder) mention(e *fastjson.Value, m *Mention) (what string) {
	text := func(field string) string { return d.strings.string(e.GetStringBytes(field)) }
	m.Rule, m.Cue, m.Section, m.Sentence = text("rule"), text("cue"), text("section"), text("text")
	var err error
	if m.Assertion, err = corpus.ParseAssertion(string(e.GetStringBytes("assertion"))); err != nil {
		return err.Error()
	}
	sentence, ok := spanOf(e.Get("sentence"))
	if !ok || sentence.Len() != len(m.Sentence) {
		return "its sentence is not as long as its text"
	}
	m.At = sentence.Start
	for _, s := range []struct {
		field    string
		into     *corpus.Span
		optional bool
	}{{"mention", &m.Mention, false}, {"cue_span", &m.CueSpan, true}, {"scope", &m.Scope, true}} {
		v := e.Get(s.field)
		if v == nil && s.optional {
			continue
		}
		span, ok := spanOf(v)
		if !ok || !sentence.Contains(span) {
			return fmt.Sprintf("%q is no span within its sentence", s.field)
		}
		*s.into = span.Shift(-sentence.Start)
	}
	return ""
}

// spanOf reads [start, end].
func spanOf(v *fastjson.Value) (corpus.Span, bool) {
	pair := v.GetArray()
	if len(pair) != 2 {
		return corpus.Span{}, false
	}
	start, ok1 := integer(pair[0])
	end, ok2 := integer(pair[1])
	return corpus.Span{Start: start, End: end}, ok1 && ok2 && 0 <= start && start <= end
}

// integer reads a whole number.
func integer(v *fastjson.Value) (int, bool) {
	if v == nil {
		return 0, false
	}
	n, err := v.Int()
	return n, err == nil
}
