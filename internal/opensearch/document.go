// Package opensearch says what an index holds in OpenSearch's terms: its reports as
// bodies of the bulk interface, a template that lays out the index they go into, and
// queries. It talks to no server.
//
//	Bulk      documents of an index -> lines for POST /INDEX/_bulk
//	Template  an index              -> the body for PUT /_index_template/NAME
//	Query     a query of an index   -> the body for POST /INDEX/_search
//
// A document is a report. Its sentences are nested documents, so that a condition
// within one sentence is one on a nested document. docs/opensearch.md has the fields.
package opensearch

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
)

// report is a document. What a report does not have is left out, so that "exists"
// tells it.
type report struct {
	ID        string            `json:"id"`
	Subject   string            `json:"subject,omitempty"`
	Study     string            `json:"study,omitempty"`
	ByLength  byLength          `json:"by_length"`
	Split     string            `json:"split,omitempty"`
	Views     []string          `json:"views,omitempty"`
	Date      string            `json:"date,omitempty"`
	Labels    map[string]string `json:"labels"`
	RuleSet   string            `json:"ruleset"`
	Sections  []string          `json:"sections,omitempty"`
	Text      string            `json:"text,omitempty"`
	Sentences []sentence        `json:"sentences,omitempty"`
}

// byLength has the ids in a form whose order is that of index.CompareIDs.
type byLength struct {
	ID      string `json:"id"`
	Subject string `json:"subject,omitempty"`
	Study   string `json:"study,omitempty"`
}

// sentence is a nested document. Spans are of the report's text, in bytes.
type sentence struct {
	Section  string    `json:"section"`
	Text     string    `json:"text"`
	Span     []int     `json:"span"`
	Mentions []mention `json:"mentions,omitempty"`
}

type mention struct {
	Observation corpus.Observation `json:"observation"`
	Assertion   string             `json:"assertion"`
	Says        string             `json:"says,omitempty"` // both, as a query writes them; left out where a cue excludes the mention
	Rule        string             `json:"rule"`
	Cue         string             `json:"cue,omitempty"`
	Mention     []int              `json:"mention"`
	CueSpan     []int              `json:"cue_span,omitempty"`
}

// excluded is the assertion of a mention that a cue excludes.
const excluded = "excluded"

func reportOf(d index.Document, observations []corpus.Observation, ruleSet string) report {
	r := report{
		ID: d.ID, Subject: d.Subject, Study: d.Study, Split: d.Split, Views: d.Views, Date: day(d.Date),
		ByLength: byLength{padded(d.ID), padded(d.Subject), padded(d.Study)},
		Labels:   make(map[string]string, len(observations)), RuleSet: ruleSet, Text: d.Text,
	}
	for i, o := range observations {
		r.Labels[index.FieldName(string(o))] = d.Labels[i].String()
	}
	for _, s := range d.Sentences {
		r.Sections = append(r.Sections, s.Section)
		r.Sentences = append(r.Sentences, sentenceOf(s))
	}
	slices.Sort(r.Sections)
	r.Sections = slices.Compact(r.Sections)
	return r
}

func sentenceOf(p index.Placed) sentence {
	s := sentence{Section: p.Section, Text: p.Text, Span: ends(p.Span)}
	for _, m := range p.Marks {
		out := mention{Observation: m.Observation, Assertion: excluded, Rule: m.Rule, Cue: m.Cue, Mention: ends(m.Mention)}
		if m.Assertion != corpus.Unmentioned {
			out.Assertion = m.Assertion.String()
			out.Says = says(m.Observation, m.Assertion)
		}
		if m.Cue != "" {
			out.CueSpan = ends(m.CueSpan)
		}
		s.Mentions = append(s.Mentions, out)
	}
	return s
}

func ends(s corpus.Span) []int { return []int{s.Start, s.End} }

// says is an observation with its assertion, as pleural_effusion:negative.
func says(o corpus.Observation, a corpus.Assertion) string {
	return index.FieldName(string(o)) + ":" + a.String()
}

// padded is an id behind its length; "" without one.
func padded(id string) string {
	if id == "" {
		return ""
	}
	return fmt.Sprintf("%05d:%s", len(id), id)
}

// day is a date as 2150-01-31; "" where no calendar has it.
func day(date uint32) string {
	t, err := time.Parse("20060102", fmt.Sprintf("%08d", date))
	if err != nil || t.Year() == 0 {
		return ""
	}
	return t.Format(time.DateOnly)
}

// longestID is how many bytes OpenSearch takes for the id of a document.
const longestID = 512

// documentID is the id of a report's document: that of the report, or its digest
// where OpenSearch would refuse it.
func documentID(id string) string {
	if id == "" || len(id) > longestID {
		return fmt.Sprintf("sha256-%x", sha256.Sum256([]byte(id)))
	}
	return id
}
