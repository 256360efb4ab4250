package dataset

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// chestXray14 has Data_Entry_2017.csv, or its second version, whose header has
// commas without quotes around them; two lists of the images of its splits; and
// BBox_List_2017.csv, whose header has more columns than its rows.
var chestXray14 = &Dataset{
	Name: "chestx-ray14", Title: "ChestX-ray14",
	Observations: append(corpus.Diseases(), corpus.NoFinding),
	Splits:       []string{"train_val", "test"},
	Published: Published{
		Images: 112_120, Patients: 30_805,
		Splits: map[string]int{"train_val": 86_524, "test": 25_596},
		Rows:   map[Kind]int{Images: 112_120, Boxes: 984},
	},
	forms: []form{
		{kind: Images, columns: []string{"Image Index", corpus.FindingLabels, "Patient ID"}, read: readEntry},
		{kind: SplitList, list: true, named: func(name string) bool { return splitOfList(name) != "" }},
		{kind: Boxes, columns: []string{"Image Index", "Finding Label"}, without: []string{corpus.FindingLabels}, read: readBox},
	},
}

// splitOfList tells the split by the name of its list; "" is none.
func splitOfList(name string) string {
	switch {
	case !strings.HasSuffix(name, ".txt"):
		return ""
	case strings.Contains(name, "test"):
		return "test"
	case strings.Contains(name, "train"):
		return "train_val"
	}
	return ""
}

// isList says whether a file begins with a name of an image alone.
func isList(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))), []byte("\n"))
	return bytes.IndexByte(line, ',') < 0
}

// patientOf gives the patient that a name such as 00000001_000.png begins with.
func patientOf(image string) (uint32, bool) {
	digits, rest, ok := strings.Cut(image, "_")
	if !ok || !strings.HasSuffix(rest, ".png") {
		return 0, false
	}
	return numberOf(digits)
}

func (r *row) readImage(rec *Record) {
	var ok bool
	rec.Image = r.field("image index")
	if rec.Patient, ok = patientOf(rec.Image); !ok {
		r.lost("image index", fmt.Sprintf("%s is no name of an image, such as 00000001_000.png", quoted(rec.Image)), "check that the columns are not swapped")
	}
}

func readEntry(r *row, rec *Record) {
	r.readImage(rec)
	patient := r.number("patient id", "")
	if patient != rec.Patient && patient > 0 && rec.Patient > 0 {
		r.lost("patient id", fmt.Sprintf("the patient is %d, that of the image %d", patient, rec.Patient), "check that the columns are not swapped")
	}
	findings := r.field("finding labels")
	found, err := corpus.DecodeFindings(findings)
	switch {
	case err != nil:
		r.lost("finding labels", err.Error(), "")
	case found == nil: // all blank
	default:
		for i := range r.Dataset.Observations {
			rec.Labels = rec.Labels.With(i, corpus.Negative)
		}
		for _, o := range found {
			rec.Labels = rec.Labels.With(r.Dataset.index(o), corpus.Positive)
		}
	}
	r.readAge("patient age", rec)
	r.readSex("patient gender", rec)
	r.readView("view position", rec)
}

// readView reads the name of a view: a few capitals, or nothing.
func (r *row) readView(name string, rec *Record) {
	if !r.has(name) {
		return
	}
	rec.View = r.field(name)
	switch {
	case rec.View == "":
		rec.View = "blank"
	case len(rec.View) > 24 || strings.Trim(rec.View, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != "":
		r.odd(name, fmt.Sprintf("%s is no view; counted as unknown", quoted(rec.View)), "check that the columns are not swapped")
		rec.View = "unknown"
	}
}

// readBox reads a box in pixels from the top left. Infiltrate is Infiltration.
func readBox(r *row, rec *Record) {
	r.readImage(rec)
	rec.Finding = corpus.Observation(r.field("finding label"))
	if rec.Finding == "Infiltrate" {
		rec.Finding = "Infiltration"
	}
	if r.Dataset.index(rec.Finding) < 0 {
		r.lost("finding label", fmt.Sprintf("%s is no disease of ChestX-ray14", quoted(string(rec.Finding))), "")
	}
	first := r.column["finding label"] + 1
	for i := first; i < first+4; i++ {
		if i >= len(r.Fields) {
			r.tell(-1, "a box has four numbers: x, y, width, height", "", true)
			return
		}
		if !isSize(r.Fields[i]) {
			r.tell(i, fmt.Sprintf("%s is no number of pixels", quoted(r.Fields[i])), "", true)
		}
	}
}

func isSize(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789.") == ""
}
