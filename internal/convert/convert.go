// Package convert makes training targets of label files: of CheXpert's, MIMIC-CXR's
// and ChestX-ray14's own, and of radlabel's.
//
// A label goes through five steps, each a pure function of the one before, always
// in this order: Open reads the rows, a Reduction makes one row of the views of a
// study, a Blank says what a blank one means, a Mapping takes observations from one
// dataset's names to another's, and a Policy decides what an uncertain one becomes.
// A Layout then says how the result is written. Run does all of it and counts what
// each step changed.
package convert

import (
	"strings"

	"github.com/radlabel/radlabel/internal/dataset"
)

// Dataset is one of the three that label files belong to.
type Dataset string

// The datasets.
const (
	MIMIC       Dataset = "mimic-cxr"
	CheXpert    Dataset = "chexpert"
	ChestXray14 Dataset = "chestx-ray14"
)

// Labels are the labels of a row.
type Labels = dataset.Labels

// Target is what a model is trained on: 1, 0, -1 (uncertain, kept), Third or Missing.
type Target = int8

// Missing is no target, which the loss leaves out; Third is uncertain as a class of
// its own.
const (
	Missing Target = -128
	Third   Target = 2
)

// key is how names are compared: in lower case, underscores and hyphens as blanks.
func key(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return ' '
		}
		return r
	}, strings.ToLower(name))
	return strings.Join(strings.Fields(name), " ")
}
