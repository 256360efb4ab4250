// Package convert makes training targets of label files: of CheXpert's, MIMIC-CXR's
// and ChestX-ray14's own, and of radlabel's.
//
// A label goes through these steps, each a pure function of the one before, always
// in this order: Open reads the rows, Images make one of a study's labels for each of
// its images, Options choose splits and views, a Reduction makes one row of the views
// of a study, a Blank says what a blank one means, a Mapping takes observations from
// one dataset's names to another's, and a Policy decides what an uncertain one
// becomes. A Layout then says how the result is written. Run does all of it and counts
// what each step changed.
package convert

import "github.com/radlabel/radlabel/corpus/dataset"

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
