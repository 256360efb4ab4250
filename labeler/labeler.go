// Package labeler composes sections, sentences, mentions and assertions into
// the labels of a report, each with its evidence. It is the package a Go
// program imports to label reports.
package labeler

import (
	"context"
	"errors"
	"iter"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/rules"
)

// Options configure a Labeler. The zero value labels by MIMIC-CXR's policy
// with the embedded rule set chexpert.
type Options struct {
	Rules      *rules.Set                  // nil: the embedded rule set chexpert
	Section    string                      // what to label: "auto" (also ""), "all", or section names joined by commas
	Exceptions map[string]corpus.Exception // by study or report id: which text to label instead
	Compat     Compat                      // conventions of the published labeler to keep
	Cache      int                         // distinct sentences to remember; 0: a default; negative: none
}

// Compat switches single conventions of the published CheXpert labeler on.
type Compat struct {
	Aggregation bool // {negative, uncertain, positive} of one observation gives uncertain
	NoFinding   bool // No Finding is withheld by observations alone, not by other abnormalities
}

// Labeler labels reports. It is immutable and safe for concurrent use.
type Labeler struct{}

// New compiles the rule set.
func New(opts Options) (*Labeler, error) { return nil, errors.New("not built yet") }

// Observations are the observations of the rule set in output order; Result.Labels follows it.
func (l *Labeler) Observations() []corpus.Observation { return nil }

// Rules is the rule set in use.
func (l *Labeler) Rules() *rules.Set { return nil }

// Result is what the labeler says of one report.
type Result struct {
	Report   corpus.Report    // as read
	Sections []corpus.Section // all sections of the report
	Labelled []corpus.Section // those that were labelled, in text order
	Labels   []Label          // one for each observation, in the order of Observations
}

// Label is what a report says of one observation, and why. Evidence holds
// every mention, in text order; those whose assertion equals the label's
// decided it. A blank label (Unmentioned) has a Reason.
type Label struct {
	Observation corpus.Observation
	Assertion   corpus.Assertion
	Evidence    []Evidence
	Reason      string // "no mention", "empty text", "section not labelled", ...; for derived labels, why
}

// Evidence is one mention of an observation. Spans are byte offsets into the
// report's text; CueSpan and Scope are empty where no cue governs the mention.
type Evidence struct {
	Rule      string
	Cue       string // "" where the mention stands alone
	Section   string
	Assertion corpus.Assertion
	Sentence  corpus.Span
	Mention   corpus.Span
	CueSpan   corpus.Span
	Scope     corpus.Span
}

// Label labels one report.
func (l *Labeler) Label(r corpus.Report) Result { return Result{} }

// LabelAll labels a stream of reports on a number of workers (0: one a core)
// and gives the results in the order of the reports. Errors of the stream are
// passed on at their place.
func (l *Labeler) LabelAll(ctx context.Context, reports iter.Seq2[corpus.Report, error], workers int) iter.Seq2[Result, error] {
	return nil
}
