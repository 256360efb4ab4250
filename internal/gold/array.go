package gold

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

// array is a JSON array in memory, as annotation tools export it.
type array struct {
	path string
	text []byte
}

// openArray reads an export of Label Studio or doccano.
func openArray(ctx context.Context, f *corpus.File, opts Options) (*Source, error) {
	all, err := f.ReadAll()
	if err != nil {
		return nil, err
	}
	if err := validText(corpus.Place{Path: f.Path}, all); err != nil {
		return nil, err
	}
	a := array{f.Path, bytes.TrimPrefix(all, []byte(byteOrderMark))}
	if err := a.check(); err != nil {
		return nil, err
	}
	if first := a.doccano(); first != nil {
		return openDoccanoArray(ctx, a, first, opts)
	}
	return openLabelStudio(ctx, a, opts)
}

// check says whether the whole is JSON.
func (a array) check() error {
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(a.text, &whole), &syntax) {
		return nil
	}
	before := a.text[:max(0, int(syntax.Offset)-1)]
	return problem(corpus.Place{Path: a.path, Line: 1 + bytes.Count(before, []byte("\n"))}, "the JSON is broken: "+syntax.Error(), "")
}

// elementAt says where an element stands.
type elementAt struct {
	number int // from 1
	place  corpus.Place
}

// each gives the elements, once the whole has been checked.
func (a array) each(yield func(element []byte, at elementAt) bool) {
	d := json.NewDecoder(bytes.NewReader(a.text))
	if _, err := d.Token(); err != nil { // the bracket
		return
	}
	line, counted := 1, 0
	for number := 1; d.More(); number++ {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			return
		}
		start := int(d.InputOffset()) - len(element)
		line += bytes.Count(a.text[counted:start], []byte("\n"))
		counted = start
		if !yield(element, elementAt{number, corpus.Place{Path: a.path, Line: line}}) {
			return
		}
	}
}

// doccano gives the first element of an export of doccano, and nil for one of
// Label Studio. Where elements have no label they do not tell.
func (a array) doccano() (first *fastjson.Object) {
	for element := range a.each {
		o, err := parseObject(new(fastjson.Parser), element)
		if err != nil || isStudio(o) {
			return nil
		}
		labels := doccanoLabels(o)
		if labels == nil {
			return nil
		}
		if first == nil {
			first = o
		}
		if len(labels.GetArray()) > 0 {
			return first
		}
	}
	return first
}

// isStudio recognises a task of Label Studio, also in JSON-MIN: doccano has
// arrays of labels as well, but no regions in them.
func isStudio(o *fastjson.Object) bool {
	labels := doccanoLabels(o)
	return o.Get("data").GetObject() != nil || annotations(o) != nil || slices.ContainsFunc(labels.GetArray(), isFlatRegion)
}
