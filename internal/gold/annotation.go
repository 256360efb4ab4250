package gold

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
)

// assertionWords are what annotation schemes call the assertions.
var assertionWords = map[string]corpus.Assertion{
	"positive": corpus.Positive, "present": corpus.Positive, "affirmed": corpus.Positive,
	"negative": corpus.Negative, "negated": corpus.Negative, "absent": corpus.Negative,
	"uncertain": corpus.Uncertain, "possible": corpus.Uncertain, "hedged": corpus.Uncertain,
	"speculated": corpus.Uncertain, "speculative": corpus.Uncertain,
	"unmentioned": corpus.Unmentioned,
}

// assertionOf gives the assertion of a word of an annotation scheme.
func assertionOf(word string) (corpus.Assertion, bool) {
	a, ok := assertionWords[strings.ToLower(strings.TrimSpace(word))]
	return a, ok
}

// splitLabel takes the assertion off a label of an annotation tool, where it has
// one: "Edema:negative", "Edema|negative", "Edema=negative", "Edema - negative",
// "Edema (negative)", "Edema_negative". Without one it is positive.
func splitLabel(label string) (name string, a corpus.Assertion) {
	label = strings.TrimSpace(label)
	if inner, ok := strings.CutSuffix(label, ")"); ok {
		if i := strings.LastIndexByte(inner, '('); i > 0 {
			if a, ok := assertionOf(inner[i+1:]); ok {
				return strings.TrimSpace(inner[:i]), a
			}
		}
	}
	for _, sign := range []string{":", "|", "=", " - ", "_"} {
		if i := strings.LastIndex(label, sign); i > 0 {
			if a, ok := assertionOf(label[i+len(sign):]); ok {
				return strings.TrimSpace(label[:i]), a
			}
		}
	}
	return label, corpus.Positive
}

// mark is what an annotator has said of an observation: in a span of the text,
// or, with an empty span, of the text as a whole.
type mark struct {
	observation int
	assertion   corpus.Assertion
	span        corpus.Span
}

// document is a text with its marks.
type document struct {
	Row
	marks []mark
}

// documents gathers the documents of an annotation tool's export.
type documents struct {
	names   names
	order   *union
	unknown map[string]bool
	places  map[string]corpus.Place // of ids
	all     []document
	wrong   problems
}

func newDocuments(opts Options) *documents {
	n := newNames(opts)
	return &documents{names: n, order: newUnion(n.chosen), unknown: map[string]bool{}, places: map[string]corpus.Place{}}
}

// observation gives the index of the observation that a name means, or -1. One
// that is wrong is told once.
func (d *documents) observation(name string, place corpus.Place) int {
	o, unknown := d.names.find(name)
	switch {
	case o != "":
		return d.order.add(o)
	case unknown && !d.unknown[name]:
		d.unknown[name] = true
		d.wrong.add(d.names.unknown(place, "the label "+quotedID(name), name))
	}
	return -1
}

func (d *documents) fail(place corpus.Place, format string, args ...any) {
	d.wrong.add(problem(place, fmt.Sprintf(format, args...), ""))
}

// add adds a document, unless its id is empty or taken.
func (d *documents) add(doc document) {
	first, taken := d.places[doc.ID]
	switch {
	case doc.ID == "":
		d.fail(doc.Place, "the id is empty")
	case taken:
		d.fail(doc.Place, "the id %s has a row already, in %s", quotedID(doc.ID), first)
	default:
		d.places[doc.ID] = doc.Place
		d.all = append(d.all, doc)
	}
}

// source makes rows of the documents. The error joins what is wrong with them.
func (d *documents) source(s Source) (*Source, error) {
	if d.wrong.n == 0 && len(d.order.all) == 0 {
		d.wrong.add(problem(corpus.Place{Path: s.Path}, "there is no label of an observation in it", ""))
	}
	if err := d.wrong.err(); err != nil {
		return nil, err
	}
	s.Observations, s.HasText = d.order.all, true
	s.HasMentions = slices.ContainsFunc(d.all, document.hasSpans)
	rows := make([]Row, 0, len(d.all))
	for _, doc := range d.all {
		rows = append(rows, doc.row(len(s.Observations), s.HasMentions))
	}
	return sourceOf(s, rows), nil
}

func (d document) hasSpans() bool {
	return slices.ContainsFunc(d.marks, func(m mark) bool { return !m.span.Empty() })
}

// row gives each observation its strongest mark, and, where the source has any,
// its mentions in text order: those with a span.
func (d document) row(observations int, mentions bool) Row {
	row := d.Row
	row.Labels = make([]corpus.Assertion, observations)
	if mentions {
		row.Mentions = make([][]Mention, observations)
	}
	slices.SortStableFunc(d.marks, func(a, b mark) int { return a.span.Start - b.span.Start })
	sentences := segment.Sentences(nil, row.Text, corpus.Span{End: len(row.Text)})
	for _, m := range d.marks {
		row.Labels[m.observation] = max(row.Labels[m.observation], m.assertion)
		if m.span.Empty() {
			continue
		}
		sentence := around(row.Text, sentences, m.span)
		row.Mentions[m.observation] = append(row.Mentions[m.observation], Mention{
			Assertion: m.assertion, Sentence: sentence.In(row.Text), At: sentence.Start, Mention: m.span.Shift(-sentence.Start),
		})
	}
	return row
}

// around gives the sentences that a span touches, or the lines where it touches
// none, and the span itself at least.
func around(text string, sentences []corpus.Span, span corpus.Span) corpus.Span {
	first, _ := slices.BinarySearchFunc(sentences, span.Start+1, func(s corpus.Span, at int) int { return s.End - at })
	found := span
	n := 0
	for _, s := range sentences[first:] {
		if s.Start >= span.End {
			break
		}
		found = corpus.Span{Start: min(found.Start, s.Start), End: max(found.End, s.End)}
		n++
	}
	if n > 0 {
		return found
	}
	found.Start = strings.LastIndexByte(text[:span.Start], '\n') + 1
	if i := strings.IndexByte(text[span.End:], '\n'); i >= 0 {
		found.End = span.End + i
	} else {
		found.End = len(text)
	}
	return found
}

// unit is what the offsets of a tool count.
type unit func(r rune) int

func codePoint(rune) int { return 1 }

func utf16Unit(r rune) int { return utf16.RuneLen(r) }

// offsets gives the text as corpus reads it (\n line ends, no byte order mark),
// and the byte offset in it of each unit of the raw text and of its end; -1 is
// within a character.
func offsets(raw string, length unit) (text string, at []int) {
	var b strings.Builder
	b.Grow(len(raw))
	at = make([]int, 0, len(raw)+1)
	for i, r := range raw {
		at = append(at, b.Len())
		for range length(r) - 1 {
			at = append(at, -1)
		}
		switch {
		case i == 0 && strings.HasPrefix(raw, byteOrderMark):
		case r == '\r':
			if !strings.HasPrefix(raw[i+1:], "\n") {
				b.WriteByte('\n')
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), append(at, b.Len())
}

// span converts the span of a tool into bytes. It is not empty.
func spanAt(at []int, start, end int) (corpus.Span, bool) {
	if start < 0 || end < start || end >= len(at) || at[start] < 0 || at[end] < 0 || at[start] == at[end] {
		return corpus.Span{}, false
	}
	return corpus.Span{Start: at[start], End: at[end]}, true
}

// sameText compares texts without their blanks.
func sameText(a, b string) bool { return withoutBlanks(a) == withoutBlanks(b) }

func withoutBlanks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// validText refuses what is no UTF-8.
func validText(place corpus.Place, text []byte) error {
	if !utf8.Valid(text) {
		return problem(place, "the file is not UTF-8", "convert it to UTF-8")
	}
	return nil
}
