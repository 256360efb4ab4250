package dataset

import (
	"path/filepath"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// MIMIC is MIMIC-CXR, and the JPG files of it, which come with the labels.
var MIMIC = &Dataset{
	Name: "mimic-cxr", Title: "MIMIC-CXR",
	Observations: []corpus.Observation{
		"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
		"Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
	},
	Splits:  mimicSplits,
	Studies: true,
	Published: Published{
		Images: 377_110, Studies: 227_835, Patients: 65_379,
		Splits: map[string]int{"train": 368_960, "validate": 2_991, "test": 5_159},
		Rows: map[Kind]int{
			StudyList: 227_835, RecordList: 377_110, SplitTable: 377_110, Metadata: 377_110,
			StudyLabels: 227_827, GroundTruth: 687,
		},
	},
	imageFile: readMIMICFile,
	forms: []form{
		{kind: StudyList, columns: []*Column{mimicSubject, mimicStudy, mimicPath}, without: []string{"dicom_id"}, usual: "study-list"},
		{kind: SplitTable, columns: []*Column{mimicSubject, mimicStudy, mimicDICOM, mimicSplit}, usual: "split"},
		{kind: Metadata, columns: []*Column{mimicSubject, mimicStudy, mimicDICOM, mimicView}, usual: "metadata"},
		{kind: RecordList, columns: []*Column{mimicSubject, mimicStudy, mimicDICOM, mimicPath}, usual: "record-list"},
		{kind: StudyLabels, columns: []*Column{mimicSubject, mimicStudy}, without: []string{"dicom_id"}, labels: allLabels, usual: "chexpert"},
		{
			kind: GroundTruth, columns: []*Column{mimicStudy}, without: []string{"subject_id", "dicom_id"}, labels: someLabels,
			is: isMIMICTest, split: "test",
		},
	},
}

var mimicSplits = []string{"train", "validate", "test"}

// isMIMICTest tells the radiologists' labels from the published ones without
// their subjects.
func isMIMICTest(name string, header []string) bool {
	return strings.Contains(name, "test") || corpus.FindColumn(header, "Airspace Opacity") >= 0
}

var (
	mimicSubject = &Column{Name: "subject_id", Field: ID, Level: ByPatient, read: func(s string, rec *Record) (err error) {
		rec.Patient, err = mimicID(s, "p", 1)
		return err
	}}
	mimicStudy = &Column{Name: "study_id", Field: ID, Level: ByStudy, read: func(s string, rec *Record) (err error) {
		rec.Study, err = mimicID(s, "s", 5)
		return err
	}}
	mimicDICOM = &Column{Name: "dicom_id", Field: ID, Level: ByImage, read: readDICOM}
	mimicSplit = &Column{Name: "split", Level: ByPatient, read: readMIMICSplit}
	mimicView  = &Column{Name: "ViewPosition", Level: ByImage, read: readView}
	mimicPath  = &Column{Name: "path", Level: ByImage}
)

// mimicID reads an id of eight digits, the first of which says whose it is: 1 a
// subject's, 5 a study's.
func mimicID(s, prefix string, first uint32) (uint32, error) {
	n, ok := numberOf(strings.TrimPrefix(s, prefix))
	switch {
	case !ok:
		return 0, lost(swapped, "%s is no id", quoted(s))
	case n/10_000_000 != first:
		return 0, lost(swapped, "%d is no id of eight digits that begins with %d", n, first)
	}
	return n, nil
}

func readDICOM(s string, rec *Record) error {
	rec.Image = s
	if !isDICOM(s) {
		return lost(swapped, "%s is no DICOM id, five times eight hexadecimal digits", quoted(s))
	}
	return nil
}

// readMIMICFile reads p10/p10000032/s50414267/DICOM-ID.jpg, or as much of it as
// there is.
func readMIMICFile(path string, rec *Record) error {
	base := filepath.Base(path)
	folder := filepath.Dir(path)
	rec.Study, _ = mimicID(filepath.Base(folder), "s", 5)
	rec.Patient, _ = mimicID(filepath.Base(filepath.Dir(folder)), "p", 1)
	return readDICOM(strings.TrimSuffix(base, filepath.Ext(base)), rec)
}

func isDICOM(s string) bool {
	if len(s) != 5*8+4 {
		return false
	}
	for len(s) > 8 {
		if s[8] != '-' || !isHex(s[:8]) {
			return false
		}
		s = s[9:]
	}
	return isHex(s)
}

func isHex(s string) bool {
	var other uint8
	for i := range len(s) {
		other |= notHex[s[i]]
	}
	return other == 0
}

// notHex is 1 for what is no small hexadecimal digit.
var notHex = func() (not [256]uint8) {
	for c := range not {
		if strings.IndexByte("0123456789abcdef", byte(c)) < 0 {
			not[c] = 1
		}
	}
	return not
}()

func readMIMICSplit(s string, rec *Record) error {
	for _, split := range mimicSplits {
		if s == split {
			rec.Split = split
			return nil
		}
	}
	return lost(swapped, "%s is none of train, validate and test", quoted(s))
}
