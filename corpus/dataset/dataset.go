// Package dataset reads the label files of three public datasets of chest X-rays
// (MIMIC-CXR, CheXpert, ChestX-ray14): which files a dataset has, how each is
// known and read, and what its publishers say of it.
//
// Find tells what the files of a copy are by their headers. File.Rows reads one of
// them row by row, each with what is wrong with it; File.Records gives the good
// rows alone. A Column reads one field, wherever it stands.
package dataset

import (
	"hash/maphash"
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

	forms     []form
	imageFile func(path string, rec *Record) error
}

// ImageFile gives what the path of an image file says: its name, and, where its
// folders tell, its split, patient and study.
func (d *Dataset) ImageFile(path string) (rec Record, err error) {
	rec.Age = -1
	return rec, d.imageFile(path, &rec)
}

// Published are the counts that the publishers of a dataset give; 0 where they
// give none. Splits holds images, by the names in Dataset.Splits.
type Published struct {
	Images, Studies, Patients int
	Splits                    map[string]int
	Rows                      map[Kind]int // of the file of a kind
}

// All gives the datasets, in the order of their names.
func All() []*Dataset { return []*Dataset{ChestXray14, CheXpert, MIMIC} }

// Named gives the dataset of a name, or nil.
func Named(name string) *Dataset {
	i := slices.IndexFunc(All(), func(d *Dataset) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return All()[i]
}

// Kinds are those of the files of the dataset, the ones with the most to say
// first.
func (d *Dataset) Kinds() (all []Kind) {
	for _, f := range d.forms {
		if !slices.Contains(all, f.kind) {
			all = append(all, f.kind)
		}
	}
	return all
}

// Index is that of an observation among those of the dataset; -1: none.
func (d *Dataset) Index(o corpus.Observation) int { return slices.Index(d.Observations, o) }

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

// Level says what something is of.
type Level string

// The levels.
const (
	ByImage   Level = "image"
	ByStudy   Level = "study"
	ByPatient Level = "patient"
)

// Record is what one row says. What it does not say is zero, but for Age.
type Record struct {
	Line    int                // from 1
	Patient uint32             // number of the patient
	Study   uint32             // number of the study: of all, or among the patient's own
	Image   string             // file name, path under the split, or DICOM id
	Split   string             // one of Dataset.Splits
	Root    string             // of a path of CheXpert's: the folder that has its split, "CheXpert-v1.0-small"
	View    string             // "PA", "frontal AP", "lateral"
	Sex     string             // "F", "M", or "unknown"
	Age     int                // years; -1: not said
	Labels  Labels             // of Dataset.Observations
	Finding corpus.Observation // of a box
}

// Keys tell the images and the studies of a dataset apart by hashes of 64 bits:
// among half a million images, two that share one are one chance in a hundred
// million.
type Keys struct {
	dataset *Dataset
	seed    maphash.Seed
}

// Keys gives keys that hold for this run of the program.
func (d *Dataset) Keys() Keys { return Keys{d, maphash.MakeSeed()} }

// Image is the key of the image of a record. An image of CheXpert's in two splits
// is two, so that it is found as a leak and not as a row that is repeated.
func (k Keys) Image(rec *Record) uint64 {
	key := maphash.String(k.seed, rec.Image)
	if k.dataset == CheXpert {
		key ^= maphash.String(k.seed, rec.Split)
	}
	return key
}

// Study is the key of the study of a record: MIMIC-CXR's have numbers of their
// own, CheXpert's within the patient.
func (k Keys) Study(rec *Record) uint64 {
	if k.dataset == MIMIC {
		return uint64(rec.Study)
	}
	return uint64(rec.Patient)<<32 | uint64(rec.Study)
}
