package convert

import (
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// Layout is how labels stand in a file. Ids and what else stands beside the labels
// keep the names that they have.
type Layout string

// The layouts.
const (
	CheXpertLayout Layout = "chexpert"        // a column each, in the order of the names
	MIMICLayout    Layout = "mimic"           // a column each, in alphabetical order
	NIHLayout      Layout = "chestx-ray14"    // one column, Finding Labels, of what is positive
	XRVLayout      Layout = "torchxrayvision" // a column each, in the order of the names, NaN for what is missing
)

// Layouts are all of them.
func Layouts() []Layout { return []Layout{CheXpertLayout, MIMICLayout, NIHLayout, XRVLayout} }

// Missing is how a missing target is written.
func (l Layout) Missing() string {
	if l == XRVLayout {
		return "NaN"
	}
	return ""
}

// Names are those that the layout usually has.
func (l Layout) Names() Names {
	switch l {
	case NIHLayout:
		return NIHNames
	case XRVLayout:
		return XRVNames
	}
	return CheXpertNames
}

// Uncertain is the rule for uncertain labels that nothing is said of. The loaders of
// torchxrayvision read -1 as missing.
func (l Layout) Uncertain() Rule {
	if l == XRVLayout {
		return Ignore
	}
	return Keep
}

// LayoutOf is the one that a dataset has for a set of names.
func LayoutOf(d *dataset.Dataset, n Names) Layout {
	switch {
	case n == NIHNames:
		return NIHLayout
	case n == XRVNames:
		return XRVLayout
	case d == dataset.MIMIC:
		return MIMICLayout
	}
	return CheXpertLayout
}

// OwnLayout is the one of a dataset's own label file.
func OwnLayout(d *dataset.Dataset) Layout {
	switch d {
	case dataset.ChestXray14:
		return NIHLayout
	case dataset.MIMIC:
		return MIMICLayout
	}
	return CheXpertLayout
}

// Order gives, for each column of labels, the number of its observation; nil for
// Finding Labels.
func (l Layout) Order(observations []corpus.Observation) []int {
	if l == NIHLayout {
		return nil
	}
	order := make([]int, len(observations))
	for i := range order {
		order[i] = i
	}
	if l == MIMICLayout {
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(string(observations[a]), string(observations[b])) })
	}
	return order
}

// Findings gives what Finding Labels says of targets that go by ChestX-ray14's
// names: its positive diseases; No Finding where that is positive, or all diseases
// are negative; nothing, which is not known, for other rows.
func Findings(targets []Target) string {
	var found []corpus.Observation
	negative := 0
	for i, o := range NIHNames.Observations() {
		switch {
		case o == corpus.NoFinding:
			if found == nil && targets[i] != 1 && negative < len(corpus.Diseases()) {
				return ""
			}
		case targets[i] == 1:
			found = append(found, o)
		case targets[i] == 0:
			negative++
		}
	}
	return string(corpus.AppendFindings(nil, found))
}
