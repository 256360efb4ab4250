package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// CheXpert has train.csv and valid.csv, a row an image, and for its test set the
// labels of studies: groundtruth.csv and a file of each radiologist, whose
// columns stand in other orders.
var CheXpert = &Dataset{
	Name: "chexpert", Title: "CheXpert",
	Observations: []corpus.Observation{
		"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
		"Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
	},
	Splits:  cheXpertSplits,
	Studies: true,
	Published: Published{
		Images: 224_316, Patients: 65_240,
		Splits: map[string]int{"train": 223_414, "valid": 234, "test": 668},
		Rows:   map[Kind]int{GroundTruth: 500, Radiologist: 500},
	},
	imageFile: func(path string, rec *Record) error {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute // the working folder may be within the dataset
		}
		return readCheXpertImage(filepath.ToSlash(path), rec)
	},
	forms: []form{
		{kind: Images, columns: []*Column{cheXpertPath, cheXpertSex, cheXpertAge, cheXpertView, cheXpertProjection}, labels: allLabels},
		{kind: Images, columns: []*Column{cheXpertPath}, without: []string{"Sex", "Age", "Frontal/Lateral", "AP/PA"}, labels: allLabels},
		{kind: GroundTruth, columns: []*Column{cheXpertStudy}, labels: someLabels, is: isGroundTruth},
		{kind: Radiologist, columns: []*Column{cheXpertStudy}, labels: someLabels},
	},
}

var cheXpertSplits = []string{"train", "valid", "test"}

func isGroundTruth(name string, _ []string) bool {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
	return strings.Contains(name, "groundtruth")
}

var (
	cheXpertPath       = &Column{Name: "Path", Field: ID, Level: ByImage, read: readCheXpertImage}
	cheXpertStudy      = &Column{Name: "Study", Field: ID, Level: ByStudy, read: readCheXpertStudy}
	cheXpertSex        = &Column{Name: "Sex", Level: ByPatient, read: readSex}
	cheXpertAge        = &Column{Name: "Age", Level: ByStudy, read: readAge}
	cheXpertView       = &Column{Name: "Frontal/Lateral", Level: ByImage, read: readCheXpertView}
	cheXpertProjection = &Column{Name: "AP/PA", Level: ByImage, read: readProjection}
)

// ParsePath reads a path of an image or of a study of CheXpert's, whatever stands
// before its split: CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg.
// Of a study, the record has no image. The error says what is wrong with it.
func ParsePath(path string) (Record, error) {
	rec := Record{Age: -1}
	path = strings.TrimSuffix(strings.TrimSpace(path), "/")
	if wrong := parsePath(path, &rec); wrong != "" {
		return Record{Age: -1}, fmt.Errorf("the path %s %s", quoted(path), wrong)
	}
	return rec, nil
}

func parsePath(path string, rec *Record) (wrong string) {
	at := strings.LastIndex(path, "/patient")
	if at < 0 {
		return "has no split and patient, as train/patient00001/study1/view1_frontal.jpg"
	}
	rec.Image = path[at+1:]
	split := lastOf(path[:at])
	rec.Root = lastOf(strings.TrimSuffix(path[:at-len(split)], "/"))
	if split == "val" {
		split = "valid"
	}
	i := slices.Index(cheXpertSplits, split)
	if i < 0 {
		return "has none of train, valid and test before the patient"
	}
	rec.Split = cheXpertSplits[i]
	patient, rest, _ := strings.Cut(rec.Image, "/")
	study, view, isImage := strings.Cut(rest, "/")
	var ok bool
	if rec.Patient, ok = numberOf(strings.TrimPrefix(patient, "patient")); !ok {
		return "has no number of a patient"
	}
	number, hasStudy := strings.CutPrefix(study, "study")
	if rec.Study, ok = numberOf(number); !ok || !hasStudy {
		return "has no study behind the patient, as study1"
	}
	if !isImage {
		rec.Image = ""
		return ""
	}
	if !strings.HasPrefix(view, "view") || strings.Contains(view, "/") {
		return "has no view at its end, as view1_frontal.jpg"
	}
	rec.View = viewOf(view)
	return ""
}

// lastOf is what stands behind the last slash.
func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// viewOf gives the view that the name of an image says; "" is none.
func viewOf(name string) string {
	switch name = strings.TrimSuffix(name, filepath.Ext(name)); {
	case strings.HasSuffix(name, "_frontal"):
		return "frontal"
	case strings.HasSuffix(name, "_lateral"):
		return "lateral"
	}
	return ""
}

// readPath sets what a path says.
func readPath(path string, rec *Record) error {
	p, err := ParsePath(path)
	if err != nil {
		return lost(swapped, "%s", err)
	}
	rec.Root, rec.Split, rec.Patient, rec.Study, rec.Image, rec.View = p.Root, p.Split, p.Patient, p.Study, p.Image, p.View
	return nil
}

func readCheXpertImage(path string, rec *Record) error {
	err := readPath(path, rec)
	if err == nil && rec.Image == "" {
		return lost("", "the path is of a study, not of an image")
	}
	return err
}

func readCheXpertStudy(path string, rec *Record) error {
	err := readPath(path, rec)
	rec.Image, rec.View = "", ""
	return err
}

// readCheXpertView reads Frontal or Lateral.
func readCheXpertView(s string, rec *Record) error {
	ofPath := rec.View
	rec.View = strings.ToLower(s)
	switch {
	case rec.View != "frontal" && rec.View != "lateral":
		rec.View = "unknown"
		return odd(swapped, "%s is neither Frontal nor Lateral; counted as unknown", quoted(s))
	case ofPath != "" && ofPath != rec.View:
		return odd("", "the view is %s, that of the path %s", rec.View, ofPath)
	}
	return nil
}

// readProjection adds AP or PA to a frontal view.
func readProjection(s string, rec *Record) error {
	switch s {
	case "":
	case "AP", "PA", "LL", "RL":
		if rec.View == "frontal" {
			rec.View = cheXpertFrontal[s]
		}
	default:
		return odd(swapped, "%s is none of AP, PA, LL and RL", quoted(s))
	}
	return nil
}

var cheXpertFrontal = map[string]string{"AP": "frontal AP", "PA": "frontal PA", "LL": "frontal LL", "RL": "frontal RL"}
