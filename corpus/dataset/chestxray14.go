package dataset

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// ChestXray14 has Data_Entry_2017.csv, or its second version, whose header has
// commas without quotes around them; two lists of the images of its splits; and
// BBox_List_2017.csv, whose header has more columns than its rows.
var ChestXray14 = &Dataset{
	Name: "chestx-ray14", Title: "ChestX-ray14",
	Observations: nihObservations,
	Splits:       []string{"train_val", "test"},
	Published: Published{
		Images: 112_120, Patients: 30_805,
		Splits: map[string]int{"train_val": 86_524, "test": 25_596},
		Rows:   map[Kind]int{Images: 112_120, Boxes: 984},
	},
	imageFile: func(path string, rec *Record) error { return readImage(filepath.Base(path), rec) },
	forms: []form{
		{kind: Images, columns: []*Column{nihImage, nihFindings, nihPatient}, more: []*Column{
			{Name: "Patient Age", Level: ByStudy, read: readAge},
			{Name: "Patient Gender", Level: ByPatient, read: readSex},
			{Name: "Patient Sex", Level: ByPatient, read: readSex},
			{Name: "View Position", Level: ByImage, read: readView},
			{Name: "Follow-up #", Field: ID, Level: ByStudy},
			{Name: "OriginalImage[Width", Level: ByImage}, {Name: "Height]", Level: ByImage},
			{Name: "OriginalImageWidth", Level: ByImage}, {Name: "OriginalImageHeight", Level: ByImage},
			{Name: "OriginalImagePixelSpacing[x", Level: ByImage}, {Name: "y]", Level: ByImage},
			{Name: "OriginalImagePixelSpacing_x", Level: ByImage}, {Name: "OriginalImagePixelSpacing_y", Level: ByImage},
		}},
		{kind: SplitList, list: true, is: func(name string, _ []string) bool { return splitOfList(name) != "" }},
		{kind: Boxes, without: []string{corpus.FindingLabels}, columns: []*Column{
			nihImage, {Name: "Finding Label", Field: Label, Level: ByImage, read: readBoxed},
			{Name: "Bbox [x", read: readPixels}, {Name: "y", read: readPixels}, {Name: "w", read: readPixels}, {Name: "h]", read: readPixels},
		}},
	},
}

var nihObservations = append(corpus.Diseases(), corpus.NoFinding)

var (
	nihImage    = &Column{Name: "Image Index", Field: ID, Level: ByImage, read: readImage}
	nihPatient  = &Column{Name: "Patient ID", Field: ID, Level: ByPatient, read: readPatient}
	nihFindings = &Column{Name: corpus.FindingLabels, Field: Label, Level: ByImage, read: readFindings}
)

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

// readImage reads a name such as 00000001_000.png, which begins with the patient.
func readImage(s string, rec *Record) error {
	rec.Image = s
	digits, rest, _ := strings.Cut(s, "_")
	number, isPNG := strings.CutSuffix(rest, ".png")
	if rec.Patient, _ = numberOf(digits); rec.Patient == 0 || !isPNG || number == "" || strings.Trim(number, "0123456789") != "" {
		rec.Patient = 0
		return lost(swapped, "%s is no name of an image, such as 00000001_000.png", quoted(s))
	}
	return nil
}

func readPatient(s string, rec *Record) error {
	patient, ok := numberOf(s)
	switch {
	case !ok:
		return lost(swapped, "%s is no id", quoted(s))
	case rec.Patient > 0 && patient != rec.Patient:
		return lost(swapped, "the patient is %d, that of the image %d", patient, rec.Patient)
	}
	rec.Patient = patient
	return nil
}

func readFindings(s string, rec *Record) error {
	found, err := corpus.DecodeFindings(s)
	switch {
	case err != nil:
		return lost("", "%s", err)
	case found == nil: // all blank
		return nil
	}
	for i := range nihObservations {
		rec.Labels = rec.Labels.With(i, corpus.Negative)
	}
	for _, o := range found {
		rec.Labels = rec.Labels.With(slices.Index(nihObservations, o), corpus.Positive)
	}
	return nil
}

// readBoxed reads what is in a box. Infiltrate is Infiltration.
func readBoxed(s string, rec *Record) error {
	rec.Finding = corpus.Observation(s)
	if rec.Finding == "Infiltrate" {
		rec.Finding = "Infiltration"
	}
	if !slices.Contains(nihObservations, rec.Finding) {
		return lost("", "%s is no disease of ChestX-ray14", quoted(s))
	}
	return nil
}
