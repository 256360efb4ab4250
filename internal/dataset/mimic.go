package dataset

import (
	"fmt"

	"github.com/radlabel/radlabel/corpus"
)

// mimic is MIMIC-CXR, and the JPG files of it, which come with the labels.
var mimic = &Dataset{
	Name: "mimic-cxr", Title: "MIMIC-CXR",
	Observations: []corpus.Observation{
		"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
		"Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
	},
	Splits:  []string{"train", "validate", "test"},
	Studies: true,
	Published: Published{
		Images: 377_110, Studies: 227_835, Patients: 65_379,
		Splits: map[string]int{"train": 368_960, "validate": 2_991, "test": 5_159},
		Rows: map[Kind]int{
			StudyList: 227_835, RecordList: 377_110, SplitTable: 377_110, Metadata: 377_110,
			StudyLabels: 227_827, GroundTruth: 687,
		},
	},
	forms: []form{
		{kind: StudyList, columns: []string{"subject_id", "study_id", "path"}, without: []string{"dicom_id"}, read: readMIMICStudy},
		{kind: SplitTable, columns: []string{"dicom_id", "study_id", "subject_id", "split"}, read: readMIMICSplit},
		{kind: Metadata, columns: []string{"dicom_id", "subject_id", "study_id", "ViewPosition"}, read: readMIMICMetadata},
		{kind: RecordList, columns: []string{"subject_id", "study_id", "dicom_id", "path"}, read: readMIMICImage},
		{kind: StudyLabels, columns: []string{"subject_id", "study_id"}, without: []string{"dicom_id"}, labels: allLabels, read: readMIMICStudy},
		{kind: GroundTruth, columns: []string{"study_id"}, without: []string{"subject_id", "dicom_id"}, labels: someLabels, read: readMIMICTest},
	},
}

// mimicID reads an id of eight digits, the first of which says whose it is: 1 a
// subject's, 5 a study's.
func (r *row) mimicID(column, prefix string, first uint32) uint32 {
	n := r.number(column, prefix)
	if n > 0 && n/10_000_000 != first {
		r.lost(column, fmt.Sprintf("%d is no id of eight digits that begins with %d", n, first), "check that the columns are not swapped")
	}
	return n
}

func readMIMICStudy(r *row, rec *Record) {
	rec.Patient, rec.Study = r.mimicID("subject_id", "p", 1), r.mimicID("study_id", "s", 5)
}

func readMIMICTest(r *row, rec *Record) {
	rec.Study, rec.Split = r.mimicID("study_id", "s", 5), "test"
}

func readMIMICImage(r *row, rec *Record) {
	readMIMICStudy(r, rec)
	rec.Image = r.field("dicom_id")
	if !isDICOM(rec.Image) {
		r.lost("dicom_id", fmt.Sprintf("%s is no DICOM id, five times eight hexadecimal digits", quoted(rec.Image)), "check that the columns are not swapped")
	}
}

func isDICOM(s string) bool {
	if len(s) != 44 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i%9 == 8:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

func readMIMICSplit(r *row, rec *Record) {
	readMIMICImage(r, rec)
	switch s := r.field("split"); s {
	case "train":
		rec.Split = "train"
	case "validate":
		rec.Split = "validate"
	case "test":
		rec.Split = "test"
	default:
		r.lost("split", fmt.Sprintf("%s is none of train, validate and test", quoted(s)), "check that the columns are not swapped")
	}
}

func readMIMICMetadata(r *row, rec *Record) {
	readMIMICImage(r, rec)
	r.readView("viewposition", rec)
}
