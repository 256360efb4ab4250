package dataset

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// cheXpert has train.csv and valid.csv, a row an image, and for its test set the
// labels of studies: groundtruth.csv and a file of each radiologist, whose
// columns stand in other orders.
var cheXpert = &Dataset{
	Name: "chexpert", Title: "CheXpert",
	Observations: []corpus.Observation{
		"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
		"Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
	},
	Splits:  []string{"train", "valid", "test"},
	Studies: true,
	Published: Published{
		Images: 224_316, Patients: 65_240,
		Splits: map[string]int{"train": 223_414, "valid": 234, "test": 668},
		Rows:   map[Kind]int{GroundTruth: 500, Radiologist: 500},
	},
	forms: []form{
		{kind: Images, columns: []string{"Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"}, labels: allLabels, read: readCheXpertImage},
		{kind: Images, columns: []string{"Path"}, without: []string{"Sex", "Age", "Frontal/Lateral", "AP/PA"}, labels: allLabels, read: readCheXpertPath},
		{kind: GroundTruth, columns: []string{"Study"}, labels: someLabels, named: isGroundTruth, read: readCheXpertStudy},
		{kind: Radiologist, columns: []string{"Study"}, labels: someLabels, read: readCheXpertStudy},
	},
}

func isGroundTruth(name string) bool {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
	return strings.Contains(name, "groundtruth")
}

// chexpertPath is what a path says:
// CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg.
type chexpertPath struct {
	split          string
	patient, study uint32
	image          string // from patient on; "" where the path is of a study
	frontal        bool
	lateral        bool
}

// parseCheXpertPath reads a path of an image or of a study, whatever stands
// before its split. The error says what is wrong with it.
func parseCheXpertPath(path string) (p chexpertPath, err error) {
	bad := func(what string) (chexpertPath, error) {
		return chexpertPath{}, fmt.Errorf("the path %s %s", quoted(path), what)
	}
	path = strings.TrimSuffix(strings.TrimSpace(path), "/")
	at := strings.LastIndex(path, "/patient")
	if at < 0 {
		return bad("has no split and patient, as train/patient00001/study1/view1_frontal.jpg")
	}
	p.image = path[at+1:]
	switch before := path[:at]; before[strings.LastIndexByte(before, '/')+1:] {
	case "train":
		p.split = "train"
	case "valid", "val":
		p.split = "valid"
	case "test":
		p.split = "test"
	default:
		return bad("has none of train, valid and test before the patient")
	}
	patient, rest, _ := strings.Cut(p.image, "/")
	study, view, isImage := strings.Cut(rest, "/")
	var ok bool
	if p.patient, ok = numberOf(strings.TrimPrefix(patient, "patient")); !ok {
		return bad("has no number of a patient")
	}
	number, hasStudy := strings.CutPrefix(study, "study")
	if p.study, ok = numberOf(number); !ok || !hasStudy {
		return bad("has no study behind the patient, as study1")
	}
	if !isImage {
		p.image = ""
		return p, nil
	}
	name := strings.TrimSuffix(view, filepath.Ext(view))
	p.frontal, p.lateral = strings.HasSuffix(name, "_frontal"), strings.HasSuffix(name, "_lateral")
	if !strings.HasPrefix(view, "view") || strings.Contains(view, "/") {
		return bad("has no view at its end, as view1_frontal.jpg")
	}
	return p, nil
}

func (r *row) readPath(column string, rec *Record) (p chexpertPath) {
	p, err := parseCheXpertPath(r.field(column))
	if err != nil {
		r.lost(column, err.Error(), "check that the columns are not swapped")
		return p
	}
	rec.Split, rec.Patient, rec.Study, rec.Image = p.split, p.patient, p.study, p.image
	return p
}

func readCheXpertPath(r *row, rec *Record) {
	p := r.readPath("path", rec)
	switch {
	case p.frontal:
		rec.View = "frontal"
	case p.lateral:
		rec.View = "lateral"
	}
	if p.patient > 0 && rec.Image == "" {
		r.lost("path", "the path is of a study, not of an image", "")
	}
}

func readCheXpertImage(r *row, rec *Record) {
	readCheXpertPath(r, rec)
	rec.View = r.cheXpertView(rec.View)
	r.readSex("sex", rec)
	r.readAge("age", rec)
}

// cheXpertView is "lateral", or "frontal" with AP or PA where that is known.
func (r *row) cheXpertView(ofPath string) string {
	view := strings.ToLower(r.field("frontal/lateral"))
	if view != "frontal" && view != "lateral" {
		r.odd("frontal/lateral", fmt.Sprintf("%s is neither Frontal nor Lateral; counted as unknown", quoted(r.field("frontal/lateral"))), "check that the columns are not swapped")
		return "unknown"
	}
	if ofPath != "" && ofPath != view {
		r.odd("frontal/lateral", "the view is "+view+", that of the path "+ofPath, "")
	}
	switch p := r.field("ap/pa"); p {
	case "":
		return view
	case "AP", "PA", "LL", "RL":
		if view == "frontal" {
			return cheXpertFrontal[p]
		}
	default:
		r.odd("ap/pa", fmt.Sprintf("%s is none of AP, PA, LL and RL", quoted(p)), "check that the columns are not swapped")
	}
	return view
}

var cheXpertFrontal = map[string]string{"AP": "frontal AP", "PA": "frontal PA", "LL": "frontal LL", "RL": "frontal RL"}

func readCheXpertStudy(r *row, rec *Record) {
	r.readPath("study", rec)
	rec.Image = ""
}
