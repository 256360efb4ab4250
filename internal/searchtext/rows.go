package searchtext

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/page"
)

// Table writes hits as CSV: id, or subject_id and study_id where reports have
// them, the labels as label files have them, and the best sentence with its section,
// as they are shown.
type Table struct {
	w       *csv.Writer
	studies bool
	row     []string
}

// NewTable writes the header.
func NewTable(w io.Writer, observations []corpus.Observation, studies bool) (*Table, error) {
	t := &Table{w: csv.NewWriter(w), studies: studies}
	header := []string{"id"}
	if studies {
		header = []string{"subject_id", "study_id"}
	}
	for _, o := range observations {
		header = append(header, string(o))
	}
	return t, t.w.Write(append(header, "section", "sentence"))
}

// Write writes a hit.
func (t *Table) Write(h index.Hit) error {
	t.row = append(t.row[:0], ID(h))
	if t.studies {
		t.row = append(t.row[:0], page.OneLine(h.Subject), page.OneLine(h.Study))
	}
	for _, l := range h.Labels {
		t.row = append(t.row, corpus.EncodeLabel(l))
	}
	return t.w.Write(append(t.row, page.OneLine(h.Best.Section), page.OneLine(h.Best.Text)))
}

// Close writes what is held back.
func (t *Table) Close() error {
	t.w.Flush()
	return t.w.Error()
}

// Object is what --json writes of a search.
type Object struct {
	Query  string        `json:"query"`
	Total  int           `json:"total"`
	Hits   []HitObject   `json:"hits"`
	Facets *FacetsObject `json:"facets,omitempty"`
}

// HitObject is a hit as JSON. Labels are 1, 0 or -1 for those that are mentioned.
type HitObject struct {
	ID      string           `json:"id"`
	Subject string           `json:"subject_id,omitempty"`
	Study   string           `json:"study_id,omitempty"`
	Split   string           `json:"split,omitempty"`
	Views   []string         `json:"views,omitempty"`
	Date    string           `json:"date,omitempty"`
	Score   float32          `json:"score,omitempty"`
	Labels  map[string]int   `json:"labels"`
	Best    *SentenceObject  `json:"best,omitempty"`
	Before  []SentenceObject `json:"before,omitempty"`
	After   []SentenceObject `json:"after,omitempty"`
	Text    string           `json:"text,omitempty"`
}

// SentenceObject is a sentence as JSON. Spans are [start, end) in bytes of text.
type SentenceObject struct {
	Section string        `json:"section"`
	Text    string        `json:"text"`
	Words   []corpus.Span `json:"words,omitempty"`
	Marks   []MarkObject  `json:"mentions,omitempty"`
}

// MarkObject is a mention as JSON.
type MarkObject struct {
	Observation corpus.Observation `json:"observation"`
	Assertion   string             `json:"assertion"`
	Rule        string             `json:"rule"`
	Cue         string             `json:"cue,omitempty"`
	Mention     corpus.Span        `json:"mention"`
	CueSpan     *corpus.Span       `json:"cue_span,omitempty"`
	Asked       bool               `json:"asked,omitempty"`
}

// FacetsObject is counts as JSON: by observation and assertion, and by name.
type FacetsObject struct {
	Labels   map[string]map[string]int `json:"labels"`
	Sections map[string]int            `json:"sections"`
	Splits   map[string]int            `json:"splits,omitempty"`
	Views    map[string]int            `json:"views,omitempty"`
}

// OfHit gives a hit as JSON has it.
func OfHit(h index.Hit, observations []corpus.Observation) HitObject {
	o := HitObject{ID: h.ID, Subject: h.Subject, Study: h.Study, Split: h.Split, Views: h.Views, Score: h.Score, Labels: map[string]int{}}
	if h.Date > 0 {
		o.Date = Date(h.Date)
	}
	for i, l := range h.Labels {
		if l != corpus.Unmentioned {
			o.Labels[string(observations[i])] = output.Number(l)
		}
	}
	if h.Best.Text != "" {
		best := OfSentence(h.Best)
		o.Best = &best
	}
	for _, s := range h.Before {
		o.Before = append(o.Before, OfSentence(s))
	}
	for _, s := range h.After {
		o.After = append(o.After, OfSentence(s))
	}
	return o
}

// OfSentence gives a sentence as JSON has it.
func OfSentence(s index.Sentence) SentenceObject {
	o := SentenceObject{Section: s.Section, Text: s.Text, Words: s.Words}
	for i, m := range s.Marks {
		mark := MarkObject{Observation: m.Observation, Assertion: m.Assertion.String(), Rule: m.Rule, Cue: m.Cue, Mention: m.Mention,
			Asked: s.Asked != nil && s.Asked[i]}
		if m.Cue != "" {
			span := m.CueSpan
			mark.CueSpan = &span
		}
		o.Marks = append(o.Marks, mark)
	}
	return o
}

// OfFacets gives counts as JSON has them.
func OfFacets(f *index.Facets, observations []corpus.Observation) *FacetsObject {
	if f == nil {
		return nil
	}
	o := &FacetsObject{Labels: map[string]map[string]int{}, Sections: byName(f.Sections), Splits: byName(f.Splits), Views: byName(f.Views)}
	for i, name := range observations {
		counts := map[string]int{}
		for a := corpus.Unmentioned; a <= corpus.Positive; a++ {
			counts[a.String()] = f.Labels[i][a]
		}
		o.Labels[string(name)] = counts
	}
	return o
}

func byName(counts []index.Count) map[string]int {
	all := map[string]int{}
	for _, c := range counts {
		all[c.Value] = c.Hits
	}
	return all
}

// JSON writes an object on a line of its own. Every control character is escaped,
// those too that JSON allows and a terminal would act on.
func JSON(w io.Writer, o Object) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	safe := make([]byte, 0, len(b)+1)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == 0x7f:
			safe = append(safe, `\u007f`...)
		case b[i] == 0xc2 && i+1 < len(b) && b[i+1] < 0xa0: // U+0080 to U+009F
			i++
			safe = fmt.Appendf(safe, `\u%04x`, b[i])
		default:
			safe = append(safe, b[i])
		}
	}
	_, err = w.Write(append(safe, '\n'))
	return err
}

// ID is a report's id on a line of its own.
func ID(h index.Hit) string { return strings.ReplaceAll(page.Printable(h.ID), "\n", "·") }
