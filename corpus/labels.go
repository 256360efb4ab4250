package corpus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// EncodeLabel writes an assertion as the published label files have it: 1.0,
// 0.0, -1.0, and nothing for Unmentioned.
func EncodeLabel(a Assertion) string {
	switch a {
	case Positive:
		return "1.0"
	case Negative:
		return "0.0"
	case Uncertain:
		return "-1.0"
	default:
		return ""
	}
}

// blankWords are what programs write for nothing, in lower case.
var blankWords = []string{"nan", "na", "n/a", "none", "null"}

// DecodeLabel reads what label files hold: 1, 0, -1, with or without decimals,
// the name of an assertion, or nothing (also "nan", "NA", "None" and the like).
// The error quotes anything else, if it is short.
func DecodeLabel(s string) (Assertion, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Unmentioned, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return decodeWord(s)
	case v == 1:
		return Positive, nil
	case v == 0:
		return Negative, nil
	case v == -1:
		return Uncertain, nil
	}
	return Unmentioned, noLabel(s)
}

func decodeWord(s string) (Assertion, error) {
	word := strings.ToLower(s)
	if slices.Contains(blankWords, word) {
		return Unmentioned, nil
	}
	a, err := ParseAssertion(word)
	if err != nil {
		return Unmentioned, noLabel(s)
	}
	return a, nil
}

func noLabel(s string) error {
	return fmt.Errorf("%s is no label; want 1, 0, -1 or blank", quoteID(s))
}

// notObservations are the columns that stand beside the labels in label files,
// as ColumnKey gives them.
var notObservations = []string{
	"subject_id", "split", "sex", "gender", "age", "frontal/lateral", "ap/pa", "viewposition",
	"follow_up_#", "patient_id", "patient_age", "patient_sex", "patient_gender", "view_position",
	"originalimage[width", "height]", "originalimagepixelspacing[x", "y]",
}

// imageColumns are ids of images that tables of reports do not have.
var imageColumns = []string{"path_to_image", "image_path", "image"}

// ObservationOf gives the observation that a column is named after. The
// radiologists' labels of MIMIC-CXR say Airspace Opacity for Lung Opacity.
func ObservationOf(column string) Observation {
	if ColumnKey(column) == "airspace_opacity" {
		return "Lung Opacity"
	}
	return Observation(strings.TrimSpace(column))
}

// LabelColumns tells what the columns of a table of labels are by their names:
// the one of the ids (-1: none), and those of labels. Ids, texts, sections and
// what else stands beside labels in label files are passed over.
func LabelColumns(header []string) (id int, labels []int) {
	keys := columnKeys(header)
	id = firstColumn(keys, slices.Concat([]string{"study_id"}, idColumns, imageColumns))
	for i, key := range keys {
		_, section := sectionColumn(key)
		unnamed := key == "" || strings.HasPrefix(key, "unnamed:") // an index that pandas wrote
		other := section || unnamed || slices.Contains(notObservations, key) ||
			slices.Contains(idColumns, key) || slices.Contains(textColumns, key) || slices.Contains(imageColumns, key)
		if !other {
			labels = append(labels, i)
		}
	}
	return id, labels
}

// TextColumn tells which column has the text of a report by the usual names; -1
// is none.
func TextColumn(header []string) int {
	return firstColumn(columnKeys(header), textColumns)
}

// FindColumn gives the column of a name, upper and lower case, blanks, hyphens
// and underscores taken for the same where no name is equal; -1 is none.
func FindColumn(header []string, name string) int {
	if i := slices.Index(header, name); i >= 0 {
		return i
	}
	return slices.Index(columnKeys(header), ColumnKey(name))
}

// StudyOf gives the study that an id of a label file names: the digits of
// MIMIC-CXR's s50414267 or of a path to its text, those of 50414267.0, which
// pandas makes of a number beside blank ones, and the study of a path of an image
// (IsImagePath): the digits, or patient and study of CheXpert's. Any other id is
// given without the blanks around it.
func StudyOf(id string) string {
	id = strings.TrimSpace(id)
	if digits, ok := strings.CutSuffix(id, ".0"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	if r, ok := reportOf(MIMIC, id); ok {
		return r.Study
	}
	if strings.IndexByte(id, '/') < 0 {
		return digitsOf(id, 's')
	}
	return studyOf(id, id)
}

// IsImagePath reports whether an id of a label file is the path of an image in the
// folder of its study: train/patient00001/study1/view1_frontal.jpg of CheXpert,
// files/p10/p10000032/s50414267/NAME.jpg of MIMIC-CXR.
func IsImagePath(id string) bool {
	parts := strings.Split(strings.TrimSpace(id), "/")
	i := studyFolder(parts)
	return i >= 0 && i+1 < len(parts) && parts[i+1] != ""
}

// studyOf gives the study of a path, as StudyOf does.
func studyOf(path, otherwise string) string {
	parts := strings.Split(strings.TrimSpace(path), "/")
	i := studyFolder(parts)
	if i < 0 {
		return otherwise
	}
	if study, ok := mimicID(parts[i], 's'); ok {
		return study
	}
	return parts[i-1] + "/" + parts[i]
}

// studyFolder gives the place of a study's folder in a path, behind that of its
// patient; -1 is none.
func studyFolder(parts []string) int {
	for i := 1; i < len(parts); i++ {
		if strings.HasPrefix(parts[i], "study") && strings.HasPrefix(parts[i-1], "patient") {
			return i
		}
		_, study := mimicID(parts[i], 's')
		if _, patient := mimicID(parts[i-1], 'p'); study && patient {
			return i
		}
	}
	return -1
}

// LoadExceptions loads a table of which text of a report to label, by study id:
// columns study_id and section, or study_id, start and end (byte offsets into
// the report's text), or all four with one of the two filled in each row. The
// error joins a *Problem for each row that is wrong.
func LoadExceptions(path string) (map[string]Exception, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	t, err := f.Table(false)
	if err != nil {
		return nil, err
	}
	keys := columnKeys(t.Header)
	study, section := slices.Index(keys, "study_id"), slices.Index(keys, "section")
	start, end := slices.Index(keys, "start"), slices.Index(keys, "end")
	if study < 0 || (section < 0 && start < 0) || (start < 0) != (end < 0) {
		return nil, &Problem{
			Place: Place{path, 1}, What: "the columns do not tell the exceptions",
			Do: "write the header study_id,section or study_id,start,end", Lost: true,
		}
	}
	for _, column := range []int{study, section, start, end} {
		if column < 0 {
			continue
		}
		if same := repeated(t.Header, column, ""); same != nil {
			return nil, t.Fault(1, -1, oneName(t.Header, same), renameOne)
		}
	}
	exceptions := map[string]Exception{}
	field := func(r Row, column int) string {
		if column < 0 {
			return ""
		}
		return strings.TrimSpace(r.Fields[column])
	}
	var problems []error
	for r, err := range t.Rows() {
		if err != nil {
			problems = append(problems, err)
			continue
		}
		fail := func(column int, what string) { problems = append(problems, t.Fault(r.Line, column, what, "")) }
		id := digitsOf(r.Fields[study], 's')
		name, from, to := field(r, section), field(r, start), field(r, end)
		if id == "" {
			fail(study, "the study id is empty")
			continue
		}
		if _, found := exceptions[id]; found {
			fail(study, "the study "+quoteID(id)+" has an exception already")
			continue
		}
		switch {
		case name != "" && (from != "" || to != ""):
			fail(section, "a section and a span are both given")
			continue
		case name != "":
			exceptions[id] = Exception{Section: strings.ToLower(name)}
			continue
		case start < 0:
			fail(section, "the section is empty")
			continue
		}
		var span Span
		ok := true
		offset := func(column int, s string, into *int) {
			v, err := strconv.Atoi(s)
			if err != nil || v < 0 {
				fail(column, "an offset must be a whole number from 0")
				ok = false
				return
			}
			*into = v
		}
		offset(start, from, &span.Start)
		offset(end, to, &span.End)
		if ok && span.Empty() {
			fail(end, "the span is empty: its end must be greater than its start")
			ok = false
		}
		if ok {
			exceptions[id] = Exception{Span: span}
		}
	}
	return exceptions, errors.Join(problems...)
}
