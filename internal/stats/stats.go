// Package stats counts what is in a copy of a dataset: patients, studies, images,
// views, ages and sexes, and the labels of each source, by split.
//
// Gather reads the files that dataset.Find found and joins their rows; Text, JSON
// and HTML write the counts. Memory grows with what must be joined alone: some
// thirty bytes an image and a study, two bits a label.
package stats

import (
	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// Stats is what is in a copy of a dataset.
type Stats struct {
	Dataset      *dataset.Dataset
	Observations []corpus.Observation
	Files        []FileCount
	Splits       []Population // the whole first, then the splits that there are
	Labels       []LabelTable // by level and source, the whole first, then the splits
	LabelsByView []LabelTable // of images, by source, the whole first, then the splits
	Boxes        []BoxCount   // ChestX-ray14
	Checks       []Check
}

// Whole is the name of the split that has all.
const Whole = "all"

// NoSplit and NoView are the names of the split and the view of what the files
// put in none.
const (
	NoSplit = "no split"
	NoView  = "no view"
)

// FileCount accounts for the rows of one file: Rows of them there are, of which
// Lost could not be read; Odd fields of the others were read with a doubt. Of a
// file that is Torn, reading ended before it did: Rows and Lost are at least what
// they say.
type FileCount struct {
	Path   string       `json:"path"`
	Kind   dataset.Kind `json:"kind"`
	Source string       `json:"source,omitempty"` // of labels
	Rows   int          `json:"rows"`
	Lost   int          `json:"lost"`
	Odd    int          `json:"odd"`
	Torn   bool         `json:"torn,omitempty"`
}

// Population counts who and what is in a split. Ages and sexes are those of
// images, as the tables have them; nil where the dataset gives none.
type Population struct {
	Split                     string
	Images, Studies, Patients int
	Views                     []Count
	Sexes                     []Count
	Ages                      *Ages
}

// Count is how often something occurs.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"count"`
}

// Ages sums up ages in years, with the quartiles by the nearest rank.
type Ages struct {
	Known    int     `json:"known"`
	Unknown  int     `json:"unknown"`
	Mean     float64 `json:"mean"`
	Least    int     `json:"minimum"`
	Lower    int     `json:"lower_quartile"`
	Median   int     `json:"median"`
	Upper    int     `json:"upper_quartile"`
	Greatest int     `json:"maximum"`
	Decades  []Count `json:"decades"` // "0-9", "10-19" ..., to the last that occurs
	years    [dataset.OldestAge + 1]int
}

// LabelTable is how the labels of one source are spread over the assertions in
// one split, or in one view of it.
type LabelTable struct {
	Source       string
	Level        dataset.Level
	Split        string
	View         string       // "": all
	Labelled     int          // images or studies that have a row
	AllBlank     int          // of these, without any label
	Prevalence   []Prevalence // by observation
	CoOccurrence [][]int      // rows and columns by observation: both positive
}

// Prevalence counts the assertions of an observation; Blank is Unmentioned.
type Prevalence struct {
	Positive  int `json:"positive"`
	Negative  int `json:"negative"`
	Uncertain int `json:"uncertain"`
	Blank     int `json:"blank"`
}

// Share is n of all the labelled, from 0 to 1; 0 where there are none.
func (t *LabelTable) Share(n int) float64 {
	if t.Labelled == 0 {
		return 0
	}
	return float64(n) / float64(t.Labelled)
}

// BoxCount counts the boxes around a finding, and the images that have one.
type BoxCount struct {
	Finding corpus.Observation `json:"finding"`
	Boxes   int                `json:"boxes"`
	Images  int                `json:"images"`
}

// Check is the number of things that do not fit together.
type Check struct {
	What string `json:"what"`
	N    int    `json:"count"`
}
