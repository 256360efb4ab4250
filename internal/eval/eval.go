// Package eval compares labels with gold, and labels with labels. Its figures are
// pure functions: the same rows and seed give the same figures and intervals,
// whatever the number of processors. Diff alone is fed row by row, since its
// sources may be larger than memory.
//
// The story is that of the numbers. Join pairs the rows of gold and prediction
// by id. Each pair becomes one cell per observation, a gold and a predicted
// assertion; the cells of all pairs are counted in one Confusion per
// observation, and every Figure is a function of these counts. An interval is
// the same function of the counts of resampled reports, so that a figure and its
// interval cannot disagree on what they measure.
package eval

import (
	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

// Task is one of the questions that a label answers, each with its own F1.
type Task uint8

// The tasks. The CheXpert paper (Irvin et al. 2019) has mention, negation and
// uncertainty; Positive is the presence of the observation.
const (
	Mentioned Task = iota // is there a label at all?
	Positive
	Negation
	Uncertain
)

var taskNames = [...]string{"mention", "positive", "negation", "uncertain"}

// String gives the name of the task in figures and gates.
func (t Task) String() string { return taskNames[t] }

// holds reports whether an assertion answers the task's question with yes.
func (t Task) holds(a corpus.Assertion) bool {
	switch t {
	case Mentioned:
		return a != corpus.Unmentioned
	case Positive:
		return a == corpus.Positive
	case Negation:
		return a == corpus.Negative
	default:
		return a == corpus.Uncertain
	}
}

// Confusion counts reports by gold and predicted assertion of one observation.
type Confusion [4][4]int // [gold][predicted]

// Figure is one number of an evaluation. What is undefined is NaN: an F1 where
// neither gold nor prediction has a case, an interval that was not asked for.
type Figure struct {
	Name      string // as a gate names it: "mention.micro", "Pleural Effusion.negation.recall"
	Value     float64
	Low, High float64 // 95 % bootstrap interval
	Gold      int     // cases in gold that it rests on
}

// Evaluation is all that is known of a prediction that was compared with gold.
type Evaluation struct {
	Reports      int                  // pairs
	Unit         string               // what a pair is: "report", or "sentence"
	Observations []corpus.Observation // that were compared, in the prediction's order
	Tasks        []Task               // that were scored
	Derived      corpus.Observation   // which has no negation and uncertain task and is no part of micro figures
	Confusions   []Confusion          // of each observation
	Figures      []Figure
	Groups       []Group // by Row.Group of gold; nil without groups
	Resamples    int     // of the bootstrap; 0: no intervals
	Seed         uint64

	Errors   []Disagreement
	Rules    []Attribution // of rules that carry a label, those with the most false ones first
	Cues     []Attribution
	Unused   Unused
	Evidence bool // the prediction has mentions, so that Rules, Cues and Unused mean something

	OnlyGold, OnlyPrediction   []string // ids without a partner, in their order
	GoldLacks, PredictionLacks []corpus.Observation
}

// Group is the pairs that share a Row.Group.
type Group struct {
	Name           string
	Reports, Exact int // pairs, and those with every judged label right
	Cells, Right   int // judged labels, and right ones
}

// Disagreement is one label that is not gold's, with its cause.
type Disagreement struct {
	ID              string
	Observation     corpus.Observation
	Gold, Predicted corpus.Assertion
	// Decisive are the predicted mentions that made the label: those with its
	// assertion, or, of a blank label, those that a cue excludes or that withhold
	// a derived label.
	Decisive []gold.Mention
	// Annotated are the mentions that gold has, where it has mentions.
	Annotated []gold.Mention
	Reason    string // of a label that no mention decides: "no mention", "withheld by Edema, positive"
	// Text is the annotated text of a label without decisive and annotated
	// mentions, where gold or the prediction holds it: a sentence, or a report.
	Text string
}

// Kind is "negative -> positive", from gold to prediction.
func (d Disagreement) Kind() string { return d.Gold.String() + " -> " + d.Predicted.String() }

// Attribution says how many labels a rule or cue carries: a label counts for
// each that one of its decisive mentions names.
type Attribution struct {
	ID           string
	Right, Wrong int // labels
	Mentions     int // in all reports, decisive or not
}

// Unused are the rules and cues of the rule set that no report used.
type Unused struct{ Rules, Cues []string }
