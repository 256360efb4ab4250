package convert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// Images are those of a dataset, and what its tables say of each: study, patient,
// split and view.
type Images struct {
	Files      []string // the tables, by their names
	Count      int
	Imageless  int // rows of labels without an image, once all are read
	Unlabelled int // images without a row of labels, once all are read

	all      []image
	at       map[uint64]int32 // by the key of the image
	byStudy  []int32          // those of a study side by side, in the order of the tables
	labelled []bool
	keys     dataset.Keys
	says     map[dataset.Kind]bool // the kinds of its tables
	rows     int                   // of labels, so far
}

// image is one of them. Images share the texts of splits and views.
type image struct {
	id, split, view string
	study, patient  uint32
}

// Tables are the kinds of files of a dataset that tell of images, and no labels.
func Tables(d *dataset.Dataset) []dataset.Kind {
	return slices.DeleteFunc(d.Kinds(), func(k dataset.Kind) bool {
		return k != dataset.SplitTable && k != dataset.Metadata && k != dataset.RecordList && k != dataset.SplitList
	})
}

// OpenImages reads the tables of images among files, and in folders: MIMIC-CXR's
// split, metadata and record list, the lists of ChestX-ray14's splits. What is wrong
// with a row goes to fault. An image takes about 150 bytes of memory.
func OpenImages(ctx context.Context, d *dataset.Dataset, paths []string, fault func(*corpus.Problem)) (*Images, error) {
	found, err := dataset.Find(ctx, d, paths)
	if err != nil {
		return nil, err
	}
	m := &Images{keys: d.Keys(), at: map[uint64]int32{}, says: map[dataset.Kind]bool{}}
	wrong := func(path, what string) error {
		return &corpus.Problem{Place: corpus.Place{Path: path}, What: what, Do: "give " + strings.Join(texts(Tables(d)), ", ") + " to --images", Lost: true}
	}
	for _, f := range found.Files {
		switch {
		case slices.Contains(Tables(d), f.Kind):
			err = m.read(ctx, f, fault)
		case slices.Contains(paths, f.Path):
			err = wrong(f.Path, fmt.Sprintf("this is no table of images (%s)", f.Kind))
		}
		if err != nil {
			return nil, err
		}
	}
	if m.Files == nil {
		return nil, wrong(strings.Join(paths, ", "), "there is no table of images")
	}
	m.group()
	return m, ctx.Err()
}

// read adds what a table says.
func (m *Images) read(ctx context.Context, f *dataset.File, fault func(*corpus.Problem)) error {
	m.Files, m.says[f.Kind] = append(m.Files, filepath.Base(f.Path)), true
	views := map[string]string{}
	for rec, err := range f.Records(ctx) {
		var p *corpus.Problem
		switch {
		case errors.As(err, &p):
			fault(p)
			continue
		case err != nil:
			return err
		}
		key := m.keys.Image(rec)
		i, known := m.at[key]
		if !known {
			i = int32(len(m.all))
			m.at[key] = i
			m.all = append(m.all, image{id: strings.Clone(rec.Image), study: rec.Study, patient: rec.Patient})
		}
		view, shared := views[rec.View]
		if !shared {
			view = strings.Clone(rec.View)
			views[view] = view
		}
		m.all[i].split, m.all[i].view = cmp.Or(m.all[i].split, rec.Split), cmp.Or(m.all[i].view, view)
	}
	return nil
}

// group puts the images of a study side by side.
func (m *Images) group() {
	m.Count, m.labelled = len(m.all), make([]bool, len(m.all))
	m.byStudy = make([]int32, len(m.all))
	for i := range m.byStudy {
		m.byStudy[i] = int32(i)
	}
	slices.SortStableFunc(m.byStudy, func(a, b int32) int { return cmp.Compare(m.all[a].study, m.all[b].study) })
}

// of gives the images of a row of labels.
func (m *Images) of(r Row) []int32 {
	if r.is.Image != "" {
		if i, ok := m.at[m.keys.Image(&r.is)]; ok {
			return []int32{i}
		}
		return nil
	}
	begin := sort.Search(len(m.byStudy), func(i int) bool { return m.all[m.byStudy[i]].study >= r.is.Study })
	end := begin
	for end < len(m.byStudy) && r.is.Study > 0 && m.all[m.byStudy[end]].study == r.is.Study {
		end++
	}
	return m.byStudy[begin:end]
}

// Join makes a row of labels one for each of its images, with the columns that the
// tables have and the labels lack.
func (s *Source) Join(m *Images) {
	s.join = m
	var front, behind []column
	for _, c := range m.columns(s.dataset) {
		switch {
		case slices.ContainsFunc(s.beside, func(b column) bool { return corpus.ColumnKey(b.name) == corpus.ColumnKey(c.name) }):
		case c.is(dataset.ID, dataset.ByImage):
			front = append(front, c)
		default:
			behind = append(behind, c)
		}
	}
	s.beside = slices.Concat(front, s.beside, behind)
	s.images = s.has(dataset.ID, dataset.ByImage)
}

// columns are those of the tables.
func (m *Images) columns(d *dataset.Dataset) (all []column) {
	add := func(c *dataset.Column, value func(image) string) {
		all = append(all, column{Column: c, name: c.Name, of: value})
	}
	number := func(n uint32) string { return strings.TrimPrefix(strconv.FormatUint(uint64(n), 10), "0") }
	split := &dataset.Column{Name: "split", Level: dataset.ByPatient}
	if d == dataset.MIMIC {
		add(d.Column("dicom_id"), func(m image) string { return m.id })
		add(d.Column("subject_id"), func(m image) string { return number(m.patient) })
		add(d.Column("study_id"), func(m image) string { return number(m.study) })
		split = d.Column("split")
	}
	if m.says[dataset.SplitTable] || m.says[dataset.SplitList] {
		add(split, func(m image) string { return m.split })
	}
	if m.says[dataset.Metadata] {
		add(d.Column("ViewPosition"), func(m image) string {
			if m.view == "blank" || m.view == "unknown" {
				return ""
			}
			return m.view
		})
	}
	return all
}

// ofImages yields a row of labels for each of its images. A row of a study that has
// none is left out.
func (s *Source) ofImages(r Row, yield func(Row) bool) bool {
	m := s.join
	m.rows++
	images := m.of(r)
	if len(images) == 0 {
		m.Imageless++
		return r.is.Image == "" || yield(s.ofImage(r, image{}))
	}
	for _, i := range images {
		m.labelled[i] = true
		if !yield(s.ofImage(r, m.all[i])) {
			return false
		}
	}
	return true
}

// ofImage is a row of labels as that of one image.
func (s *Source) ofImage(r Row, of image) Row {
	own := r.Beside
	r.Beside = make([]string, len(s.beside))
	for i, c := range s.beside {
		if c.of != nil {
			r.Beside[i] = c.of(of)
		} else {
			r.Beside[i], own = own[0], own[1:]
		}
	}
	r.is.Study, r.is.Patient = cmp.Or(r.is.Study, of.study), cmp.Or(r.is.Patient, of.patient)
	r.is.Image, r.is.Split, r.is.View = cmp.Or(r.is.Image, of.id), cmp.Or(r.is.Split, of.split), cmp.Or(r.is.View, of.view)
	return r
}
