// Package dataset knows three public datasets of chest X-rays (MIMIC-CXR,
// CheXpert, ChestX-ray14): which files they have, how each is read, and what
// is in a copy of one.
//
// The story goes from files to counts: Find tells what the files of a copy are
// by their headers, File.Records reads one of them row by row, and Gather joins
// the rows of all into Stats. Memory grows with what must be joined alone: some
// thirty bytes an image and a study, two bits a label.
package dataset

import (
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// Dataset is one of the three. Its observations are in the order in which its
// own tables have them.
type Dataset struct {
	Name         string // as on the command line
	Title        string
	Observations []corpus.Observation
	Splits       []string // in the usual order
	Studies      bool     // images are grouped in studies
	Published    Published

	forms []form
}

// Published are the counts that the publishers of a dataset give; 0 where they
// give none. Splits holds images, by the names in Dataset.Splits.
type Published struct {
	Images, Studies, Patients int
	Splits                    map[string]int
	Rows                      map[Kind]int // of the file of a kind
}

// All gives the datasets, in the order of their names.
func All() []*Dataset { return []*Dataset{chestXray14, cheXpert, mimic} }

// Named gives the dataset of a name, or nil.
func Named(name string) *Dataset {
	i := slices.IndexFunc(All(), func(d *Dataset) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return All()[i]
}

// Kind says what a file of a dataset holds.
type Kind string

// The kinds of files.
const (
	Images      Kind = "images"       // a row an image, with its labels
	SplitList   Kind = "split list"   // the images of a split, a name a line
	Boxes       Kind = "boxes"        // a row a box around a finding
	StudyLabels Kind = "labels"       // a row a study, with its labels
	GroundTruth Kind = "ground truth" // labels of a test set by radiologists
	Radiologist Kind = "radiologist"  // labels of a test set by one radiologist
	StudyList   Kind = "study list"
	RecordList  Kind = "record list" // a row an image
	SplitTable  Kind = "split"       // a row an image, with its split
	Metadata    Kind = "metadata"    // a row an image, with its view
)

// Record is one row of one file. What the file does not say is zero, but for
// Age.
type Record struct {
	Line    int                // from 1
	Patient uint32             // number of the patient
	Study   uint32             // number of the study: of all, or among the patient's own
	Image   string             // file name, path under the split, or DICOM id
	Split   string             // one of Dataset.Splits
	View    string             // "PA", "frontal AP", "lateral"
	Sex     string             // "F", "M", or what the file has for unknown
	Age     int                // years; -1: not said
	Labels  Labels             // of Dataset.Observations
	Finding corpus.Observation // of a box
}

// MostLabels is how many observations Labels have room for.
const MostLabels = 32

// Labels packs the assertions of up to MostLabels observations, two bits each.
type Labels uint64

// At gives the assertion of the observation with this index.
func (l Labels) At(i int) corpus.Assertion { return corpus.Assertion(l >> (2 * i) & 3) }

// With gives the labels with one assertion set.
func (l Labels) With(i int, a corpus.Assertion) Labels {
	return l&^(3<<(2*i)) | Labels(a)<<(2*i)
}

// Max gives the stronger assertion of each observation: a study is what the
// strongest of its views says.
func (l Labels) Max(o Labels) Labels {
	var m Labels
	for shift := 0; shift < 2*MostLabels; shift += 2 {
		m |= max(l>>shift&3, o>>shift&3) << shift
	}
	return m
}

// Majority gives for each of n observations the assertion that more than half
// of the readers give, and Uncertain where none has so many.
func Majority(readers []Labels, n int) Labels {
	var m Labels
	for i := range n {
		var votes [4]int
		for _, r := range readers {
			votes[r.At(i)]++
		}
		won := corpus.Uncertain
		for a, v := range votes {
			if 2*v > len(readers) {
				won = corpus.Assertion(a)
			}
		}
		m = m.With(i, won)
	}
	return m
}
