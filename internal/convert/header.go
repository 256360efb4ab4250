package convert

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/nearest"
)

// openTable reads the header of a table: what its columns are.
func (s *Source) openTable(r rows, partial bool) error {
	t := &table{rows: r, source: s, findings: corpus.FindColumn(r.header, corpus.FindingLabels)}
	sample := t.sample()
	wrong := t.readHeader(sample)
	s.beside = t.beside
	t.images = s.has(dataset.ID, dataset.ByImage)
	s.images = t.images
	at := corpus.Place{Path: s.Path, Line: 1}
	if other := t.stranger(); other != nil {
		wrong = append(wrong, &corpus.Problem{
			Place: at, What: fmt.Sprintf("the columns of ids are those of %s, not of %s", other.Name, s.dataset.Name), Do: "name that dataset", Lost: true,
		})
	} else {
		wrong = append(wrong, s.checkIDs(at)...)
	}
	wrong = append(wrong, s.checkLabels(at, partial)...)
	if wrong == nil {
		wrong = t.probabilities(sample)
	}
	s.rows = t.read
	if wrong == nil {
		t.order()
		return nil
	}
	for _, err := range t.all { // a file that is cut short is to blame for what its header lacks
		if err != nil {
			return err
		}
		break
	}
	return errors.Join(wrong...)
}

// readHeader tells labels and what stands beside them.
func (t *table) readHeader(sample []sampled) (wrong []error) {
	s := t.source
	taken := map[string]int{}
	var passed []string
	for i, name := range t.header {
		name = strings.TrimSpace(name)
		key := corpus.ColumnKey(name)
		o, known := spelling()[key]
		c, own := columnOf(s.dataset, name)
		what := cmp.Or(string(o), key)
		first, again := taken[what]
		if !again {
			taken[what] = i
		}
		switch {
		case key == "" || strings.HasPrefix(key, "unnamed:"): // an index that pandas wrote
		case known && t.findings >= 0:
			wrong = append(wrong, t.fault(1, i, "the column Finding Labels has the labels already", "remove the one or the other"))
		case again:
			wrong = append(wrong, t.fault(1, i, fmt.Sprintf("column %d has this name already", first+1), "remove one"))
		case i == t.findings:
		case known:
			t.labels = append(t.labels, i)
			s.Observations = append(s.Observations, o)
		case c != nil && c.Field != dataset.Label:
			t.beside = append(t.beside, column{Column: c, name: name, at: i, own: own})
		case sample[i].labels > 0 && sample[i].others == 0:
			wrong = append(wrong, t.misspelt(i))
		default:
			passed = append(passed, name)
		}
	}
	if t.findings >= 0 {
		s.Observations = slices.Clone(dataset.ChestXray14.Observations)
	}
	if passed != nil {
		s.Notes = append(s.Notes, "columns left out, which hold neither labels nor ids: "+strings.Join(passed, ", "))
	}
	return wrong
}

// misspelt is the problem of a column of labels by an unknown name.
func (t *table) misspelt(column int) error {
	var known []string
	for _, n := range AllNames() {
		known = append(known, texts(n.Observations())...)
	}
	do := "rename or remove it"
	if near := nearest.Name(strings.TrimSpace(t.header[column]), known); near != "" {
		do = fmt.Sprintf("did you mean %q? Rename it", near)
	}
	return t.fault(1, column, "it holds labels, and no observation has this name", do)
}

// stranger is another dataset that the columns of ids are of, where none is of
// this one.
func (t *table) stranger() (other *dataset.Dataset) {
	for _, c := range t.beside {
		if c.Field == dataset.ID {
			return nil
		}
	}
	for _, d := range dataset.All() {
		for _, name := range t.header {
			if c := d.Column(name); c != nil && c.Field == dataset.ID {
				return d
			}
		}
	}
	return nil
}

// order puts columns in the order in which the dataset reads them, since one is
// held against those before it.
func (t *table) order() {
	all := t.source.dataset.Columns()
	for i, c := range t.beside {
		if c.own {
			t.reading = append(t.reading, i)
		}
	}
	slices.SortStableFunc(t.reading, func(a, b int) int {
		return slices.Index(all, t.beside[a].Column) - slices.Index(all, t.beside[b].Column)
	})
}

// sampled is what the first rows hold in a column.
type sampled struct {
	labels    int // that are not blank
	others    int
	fractions int // of the others, numbers between 0 and 1
	line      int // of the first fraction
}

func (t *table) sample() []sampled {
	all := make([]sampled, len(t.header))
	for r := range t.head {
		for i, field := range r.Fields {
			c := &all[i]
			a, err := corpus.DecodeLabel(field)
			switch {
			case err == nil && a != corpus.Unmentioned:
				c.labels++
			case err != nil:
				c.others++
				if v, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err != nil || v < 0 || v > 1 {
					break
				}
				if c.fractions++; c.line == 0 {
					c.line = r.Line
				}
			}
		}
	}
	return all
}

// probabilities is the problem of a table whose columns of labels hold the
// predictions of a model. A single fraction is a fault of its row.
func (t *table) probabilities(sample []sampled) []error {
	fractions, rest, first := 0, 0, -1
	for _, i := range t.labels {
		fractions += sample[i].fractions
		rest += sample[i].labels + sample[i].others - sample[i].fractions
		if first < 0 && sample[i].fractions > 0 {
			first = i
		}
	}
	if fractions <= rest {
		return nil
	}
	return []error{t.fault(sample[first].line, first, "the labels are probabilities, as a model predicts them",
		"choose a threshold, and write 1 from there on and 0 below it")}
}

// checkIDs asks for a column that tells rows apart.
func (s *Source) checkIDs(at corpus.Place) []error {
	do := "name it Path, or Study where a row is one"
	switch {
	case s.images, s.has(dataset.ID, dataset.ByStudy) && s.dataset.Studies:
		return nil
	case slices.ContainsFunc(s.beside, func(c column) bool { return c.is(dataset.ID, dataset.ByStudy) && !c.own }): // radlabel's
		return nil
	case s.dataset == dataset.MIMIC:
		do = "name it study_id, or dicom_id where a row is an image"
	case s.dataset == dataset.ChestXray14:
		do = "name it Image Index"
	}
	return []error{&corpus.Problem{Place: at, What: "there is no column of ids", Do: do, Lost: true}}
}

// checkLabels asks for columns of labels, and tells by whose names they go.
func (s *Source) checkLabels(at corpus.Place, partial bool) []error {
	if len(s.Observations) == 0 {
		return []error{&corpus.Problem{
			Place: at, What: "there is no column of labels",
			Do: "name the columns after the observations, or the one that lists them Finding Labels", Lost: true,
		}}
	}
	s.Names = NamesOf(s.Observations)
	if s.Names == XRVNames || partial {
		return nil
	}
	var lacking []corpus.Observation
	for _, o := range s.Names.Observations() {
		// ChestX-ray14's No Finding is no disease, and what its 14 say already.
		optional := s.Names == NIHNames && o == corpus.NoFinding
		if !optional && !slices.Contains(s.Observations, o) {
			lacking = append(lacking, o)
		}
	}
	if lacking == nil {
		return nil
	}
	return []error{&corpus.Problem{
		Place: at, What: "there is no column " + join(lacking), Do: "get the file again, or leave them blank with --partial", Lost: true,
	}}
}
