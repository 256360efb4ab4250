package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/gold"
)

// Applied counts what became of the verdicts on the labels of gold.
type Applied struct {
	Corrected  int `json:"gold_errors"` // labels of gold that are now the predicted ones
	Ambiguous  int `json:"ambiguous"`   // labels that are left out of all figures
	RuleErrors int `json:"rule_errors"` // labels that stay as gold has them
	// Changed are verdicts on a label that gold has otherwise by now; Foreign those
	// on a report or observation that gold does not have. Both do nothing.
	Changed int `json:"changed"`
	Foreign int `json:"foreign"`
}

// String says it in a line.
func (a Applied) String() string {
	s := columns.Count(a.Corrected, "gold label") + " corrected, " + columns.Thousands(a.Ambiguous) + " ambiguous left out, " +
		columns.Count(a.RuleErrors, "rule error")
	var idle []string
	if a.Changed > 0 {
		idle = append(idle, fmt.Sprintf("%s of labels that gold has changed since", columns.Thousands(a.Changed)))
	}
	if a.Foreign > 0 {
		idle = append(idle, fmt.Sprintf("%s of labels that are not in gold", columns.Thousands(a.Foreign)))
	}
	if len(idle) > 0 {
		s += "; without effect: " + strings.Join(idle, ", ")
	}
	return s
}

// Apply gives gold as the verdicts leave it: errors of gold corrected to the label
// that was predicted, ambiguous labels judged by nobody. The sheet that is given
// stays as it is. Presence says that labels are compared as positive or not.
func (h *History) Apply(sheet *gold.Sheet, presence bool) (*gold.Sheet, Applied) {
	rows := make(map[string]int, len(sheet.All))
	for i := range sheet.All {
		rows[sheet.All[i].ID] = i
	}
	a := applying{all: slices.Clone(sheet.All), own: map[int]bool{}, presence: presence}
	for _, item := range h.Items() {
		row, ok := rows[item.ID]
		column := slices.Index(sheet.Observations, item.Observation)
		switch {
		case item.Verdict == Open:
		case !ok || column < 0 || !a.all[row].Judged(column):
			a.count.Foreign++
		default:
			a.apply(item, row, column)
		}
	}
	return &gold.Sheet{Source: sheet.Source, All: a.all}, a.count
}

// applying is gold while verdicts are applied.
type applying struct {
	all      []gold.Row
	own      map[int]bool // rows that are copies
	presence bool
	count    Applied
}

func (a *applying) apply(item Item, row, column int) {
	label := a.all[row].Labels[column]
	switch {
	case item.Verdict == GoldError && a.same(label, item.Predicted):
		a.count.Corrected++ // in the file of gold itself
	case !a.same(label, item.Gold):
		a.count.Changed++
	case item.Verdict == RuleError:
		a.count.RuleErrors++
	case item.Verdict == Ambiguous:
		a.count.Ambiguous++
		a.row(row).Open[column] = true
	case item.Verdict == GoldError:
		a.count.Corrected++
		a.row(row).Labels[column] = item.Predicted
	}
}

// same reports whether a label of gold is the one that the reviewer saw.
func (a *applying) same(label, seen corpus.Assertion) bool {
	if a.presence {
		return (label == corpus.Positive) == (seen == corpus.Positive)
	}
	return label == seen
}

// row gives a row to change.
func (a *applying) row(i int) *gold.Row {
	r := &a.all[i]
	if !a.own[i] {
		a.own[i] = true
		r.Labels = slices.Clone(r.Labels)
		if r.Open = slices.Clone(r.Open); r.Open == nil {
			r.Open = make([]bool, len(r.Labels))
		}
	}
	return r
}
