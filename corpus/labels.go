package corpus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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

// DecodeLabel reads what label files hold: 1, 0, -1, with or without decimals,
// or nothing (also "nan").
func DecodeLabel(s string) (Assertion, error) {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "nan") {
		return Unmentioned, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
	case v == 1:
		return Positive, nil
	case v == 0:
		return Negative, nil
	case v == -1:
		return Uncertain, nil
	}
	return Unmentioned, errors.New("a label must be 1, 0, -1 or blank")
}

// notObservations are the columns that stand beside the labels in label files,
// as columnKey gives them.
var notObservations = []string{
	"subject_id", "split", "sex", "age", "frontal/lateral", "ap/pa", "viewposition", "path_to_image",
}

// observationOf gives the observation that a column is named after. The
// radiologists' labels of MIMIC-CXR say Airspace Opacity for Lung Opacity.
func observationOf(column string) Observation {
	column = strings.TrimSpace(column)
	if strings.EqualFold(column, "Airspace Opacity") {
		return "Lung Opacity"
	}
	return Observation(column)
}

// ReadGold reads a table of labels by its header: a column of ids (of the usual
// names; without one, the number of the row is the id), and a column for each
// observation. Columns of text and the like are passed over. Blank labels are
// left out of Gold.Labels. The error joins a *Problem for each label and row
// that is wrong.
func ReadGold(path string) ([]Gold, error) {
	t, err := loadTable(path)
	if err != nil {
		return nil, err
	}
	id := -1
	for _, key := range slices.Concat([]string{"study_id"}, idColumns) {
		if id = slices.Index(t.keys, key); id >= 0 {
			break
		}
	}
	observations := make([]Observation, len(t.keys))
	found := false
	for i, key := range t.keys {
		_, section := sectionColumn(key)
		other := section || key == "" || slices.Contains(notObservations, key) ||
			slices.Contains(idColumns, key) || slices.Contains(textColumns, key)
		if other {
			continue
		}
		o := observationOf(t.header[i])
		if slices.Contains(observations, o) {
			return nil, &Problem{Place: Place{path, 1}, What: fmt.Sprintf("two columns are named %q", o), Do: "remove one", Lost: true}
		}
		observations[i], found = o, true
	}
	if !found {
		return nil, &Problem{Place: Place{path, 1}, What: "there is no column of labels", Do: "name the columns after the observations", Lost: true}
	}
	var all []Gold
	seen := map[string]bool{}
	for n, r := range t.rows {
		g := Gold{ID: strconv.Itoa(n + 1), Labels: map[Observation]Assertion{}}
		if id >= 0 {
			g.ID = digitsOf(r.fields[id], 's')
		}
		if g.ID == "" || seen[g.ID] {
			what := "the id is empty"
			if g.ID != "" {
				what = "the id " + quoteID(g.ID) + " has a row already"
			}
			t.fail(r.line, id, what)
			continue
		}
		seen[g.ID] = true
		for i, o := range observations {
			if o == "" {
				continue
			}
			a, err := DecodeLabel(r.fields[i])
			switch {
			case err != nil:
				t.fail(r.line, i, err.Error())
			case a != Unmentioned:
				g.Labels[o] = a
			}
		}
		all = append(all, g)
	}
	return all, t.err()
}

// LoadExceptions loads a table of which text of a report to label, by study id:
// columns study_id and section, or study_id, start and end (byte offsets into
// the report's text), or all four with one of the two filled in each row. The
// error joins a *Problem for each row that is wrong.
func LoadExceptions(path string) (map[string]Exception, error) {
	t, err := loadTable(path)
	if err != nil {
		return nil, err
	}
	study, section := slices.Index(t.keys, "study_id"), slices.Index(t.keys, "section")
	start, end := slices.Index(t.keys, "start"), slices.Index(t.keys, "end")
	if study < 0 || (section < 0 && start < 0) || (start < 0) != (end < 0) {
		return nil, &Problem{
			Place: Place{path, 1}, What: "the columns do not tell the exceptions",
			Do: "write the header study_id,section or study_id,start,end", Lost: true,
		}
	}
	exceptions := map[string]Exception{}
	field := func(r row, column int) string {
		if column < 0 {
			return ""
		}
		return strings.TrimSpace(r.fields[column])
	}
	for _, r := range t.rows {
		id := digitsOf(r.fields[study], 's')
		name, from, to := field(r, section), field(r, start), field(r, end)
		if id == "" {
			t.fail(r.line, study, "the study id is empty")
			continue
		}
		if _, found := exceptions[id]; found {
			t.fail(r.line, study, "the study "+quoteID(id)+" has an exception already")
			continue
		}
		switch {
		case name != "" && (from != "" || to != ""):
			t.fail(r.line, section, "a section and a span are both given")
			continue
		case name != "":
			exceptions[id] = Exception{Section: strings.ToLower(name)}
			continue
		case start < 0:
			t.fail(r.line, section, "the section is empty")
			continue
		}
		var span Span
		ok := true
		offset := func(column int, s string, into *int) {
			v, err := strconv.Atoi(s)
			if err != nil || v < 0 {
				t.fail(r.line, column, "an offset must be a whole number from 0")
				ok = false
				return
			}
			*into = v
		}
		offset(start, from, &span.Start)
		offset(end, to, &span.End)
		if ok && span.Empty() {
			t.fail(r.line, end, "the span is empty: its end must be greater than its start")
			ok = false
		}
		if ok {
			exceptions[id] = Exception{Span: span}
		}
	}
	return exceptions, t.err()
}

// wholeTable is a small table held in memory: labels, exceptions.
type wholeTable struct {
	path     string
	header   []string
	keys     []string // header, by columnKey
	rows     []row    // each with a field for every column
	problems []error
}

func loadTable(path string) (*wholeTable, error) {
	t := &wholeTable{path: path}
	bad := func(line int, what, do string) error {
		return &Problem{Place: Place{path, line}, What: what, Do: do, Lost: true}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, bad(0, reason(err), "check the path")
	}
	if info.IsDir() {
		return nil, bad(0, "this is a folder", "give a table")
	}
	st, err := newStream(path, info, new(atomic.Int64))
	if err != nil {
		return nil, bad(0, reason(err), "check the path and its permissions")
	}
	head, err := st.head()
	if err != nil {
		return nil, bad(0, reason(err), "check the path and its permissions")
	}
	plain := plainHead(head)
	if len(plain) == 0 {
		return nil, bad(0, "the file is empty", "")
	}
	if err := checkText(plain); err != nil {
		return nil, bad(0, "the file is no text: "+err.Error(), "")
	}
	in, err := st.open()
	if err != nil {
		return nil, bad(0, reason(err), "")
	}
	defer in.Close()
	rows := newRowReader(in, guessComma(plain), DefaultMaxReportBytes)
	for {
		r, err := rows.next()
		if err == io.EOF {
			break
		}
		var broken *rowError
		switch {
		case errors.As(err, &broken):
			t.problems = append(t.problems, bad(broken.line, broken.what, broken.do))
			if t.header == nil || broken.torn {
				return nil, t.err()
			}
		case err != nil:
			return nil, bad(rows.lines.line+1, reason(err), "")
		case t.header == nil:
			t.header = r.fields
			for _, name := range r.fields {
				t.keys = append(t.keys, columnKey(name))
			}
		case len(r.fields) < len(t.header) || len(r.fields) > len(t.header) && !blank(r.fields[len(t.header):]):
			what := fmt.Sprintf("the row has %s, the header %d", plural(len(r.fields), "field", "fields"), len(t.header))
			t.problems = append(t.problems, bad(r.line, what, ""))
		default:
			t.rows = append(t.rows, r)
		}
	}
	if t.header == nil {
		return nil, bad(0, "there is no header row", "")
	}
	return t, nil
}

// fail notes what is wrong with one field; column -1 is the whole row.
func (t *wholeTable) fail(line, column int, what string) {
	if column >= 0 {
		what = fmt.Sprintf("column %d (%s): %s", column+1, strings.TrimSpace(t.header[column]), what)
	}
	t.problems = append(t.problems, &Problem{Place: Place{t.path, line}, What: what, Lost: true})
}

func (t *wholeTable) err() error { return errors.Join(t.problems...) }
