package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/gold"
)

// Row is one row of a label file, or one image of it.
type Row struct {
	Beside []string // a value for each of Source.Beside
	Labels Labels
	Place  corpus.Place
	is     dataset.Record // what its ids, its split and its view say; without labels
}

// Source is an opened label file.
type Source struct {
	Path         string
	Observations []corpus.Observation
	Names        Names
	Notes        []string // what a person should know of how it is read; complete when all rows are
	dataset      *dataset.Dataset
	beside       []column
	images       bool                                                   // a row is one view
	join         *Images                                                // nil: the file alone
	ids          []*dataset.Column                                      // of the dataset's images and studies
	rows         func(ctx context.Context, yield func(Row, error) bool) // of the file
}

// column is one that stands beside the labels.
type column struct {
	*dataset.Column
	name string // as the header has it
	at   int
	own  bool               // of the dataset, which says how its values are
	of   func(image) string // not of the file, but of Images
}

// others are columns of ids that label files of other programs have.
var others = []*dataset.Column{
	{Name: "id", Field: dataset.ID, Level: dataset.ByStudy}, {Name: "report_id", Field: dataset.ID, Level: dataset.ByStudy},
	{Name: "image_id", Field: dataset.ID, Level: dataset.ByImage}, {Name: "filename", Field: dataset.ID, Level: dataset.ByImage},
	{Name: "file_name", Field: dataset.ID, Level: dataset.ByImage}, {Name: "path_to_image", Field: dataset.ID, Level: dataset.ByImage},
}

// columnOf tells the column that a header names, or nil. Ages, views and the like
// may be those of another dataset.
func columnOf(d *dataset.Dataset, header string) (c *dataset.Column, own bool) {
	if c := d.Column(header); c != nil {
		return c, true
	}
	for _, o := range others {
		if corpus.ColumnKey(o.Name) == corpus.ColumnKey(header) {
			return o, false
		}
	}
	for _, o := range dataset.All() {
		if c := o.Column(header); c != nil && c.Field == dataset.Value {
			return c, false
		}
	}
	return nil, false
}

func (c column) is(field dataset.Field, level dataset.Level) bool {
	return c.Field == field && c.Level == level
}

// isPath says whether the folder of the image is its study.
func (c column) isPath() bool {
	key := corpus.ColumnKey(c.name)
	return c.is(dataset.ID, dataset.ByImage) && (key == "path" || key == "path_to_image")
}

// identify reads an id, whatever its column is called, as one of an image or a study
// of the dataset. What it is not leaves the record as it was.
func (s *Source) identify(id string, rec *dataset.Record) {
	for _, c := range s.ids {
		read := *rec
		if c.Read(id, &read) == nil && (read.Study > 0 || read.Image != "") {
			*rec = read
			return
		}
	}
}

// Open opens a label file of a dataset: one of its own tables, or a table, JSON lines
// or Parquet that radlabel wrote. Unless partial, one that lacks an observation of
// its names is an error. Errors are *corpus.Problem, joined.
func Open(ctx context.Context, name string, d *dataset.Dataset, partial bool) (*Source, error) {
	f, err := corpus.OpenFile(name)
	if err != nil {
		return nil, err
	}
	s := &Source{Path: name, dataset: d, ids: slices.DeleteFunc(d.Columns(), func(c *dataset.Column) bool {
		return c.Field != dataset.ID || c.Level == dataset.ByPatient
	})}
	start := bytes.TrimLeft(bytes.TrimPrefix(f.Head, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("PAR1")):
		p, err := gold.OpenParquet(f)
		if err != nil {
			return nil, err
		}
		return s, s.openTable(rows{p.Header, p.HeadRows(), p.Rows(), p.Fault}, partial)
	case bytes.HasPrefix(start, []byte("{")):
		return s, s.openJSONL(ctx, partial)
	}
	t, err := f.Table(false)
	if err != nil {
		return nil, err
	}
	return s, s.openTable(rows{t.Header, t.HeadRows(), t.Rows(), t.Fault}, partial)
}

// openJSONL opens JSON lines, of which an id and the labels are read.
func (s *Source) openJSONL(ctx context.Context, partial bool) error {
	var known []corpus.Observation
	for _, n := range AllNames() {
		known = append(known, n.Observations()...)
	}
	g, err := gold.Open(ctx, s.Path, gold.Options{Known: known})
	if err != nil {
		return err
	}
	s.Notes, s.beside = g.Notes, []column{{Column: others[0], name: "id"}}
	var columns []int
	for i, o := range g.Observations {
		if slices.Contains(known, o) {
			columns, s.Observations = append(columns, i), append(s.Observations, o)
		} else {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is left out: no set of names has it", o))
		}
	}
	if wrong := s.checkLabels(corpus.Place{Path: s.Path}, partial); wrong != nil {
		return errors.Join(wrong...)
	}
	s.rows = func(ctx context.Context, yield func(Row, error) bool) {
		for r, err := range g.Rows(ctx) {
			row := Row{Beside: []string{r.ID}, Place: r.Place}
			if err == nil {
				s.identify(r.ID, &row.is)
				for i, c := range columns {
					row.Labels = row.Labels.With(i, r.Labels[c])
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
	return nil
}

// Rows gives the rows in the order of the file, or with Images those of the images
// of each. An error is the *corpus.Problem of one row: with Lost it is left out, else
// it comes next.
func (s *Source) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if s.join == nil {
			s.rows(ctx, yield)
			return
		}
		s.rows(ctx, func(r Row, err error) bool {
			if err != nil {
				return yield(r, err)
			}
			return s.ofImages(r, func(r Row) bool { return yield(r, nil) })
		})
		for _, labelled := range s.join.labelled {
			if !labelled {
				s.join.Unlabelled++
			}
		}
	}
}

// Beside are the columns beside the labels, with study those of a study alone.
func (s *Source) Beside(study bool) (names []string) {
	for _, c := range s.kept(study) {
		names = append(names, s.beside[c].name)
		if study && s.beside[c].isPath() {
			names[len(names)-1] = "Study"
		}
	}
	return names
}

// kept are the columns beside the labels that are written.
func (s *Source) kept(study bool) (all []int) {
	byStudy := s.has(dataset.ID, dataset.ByStudy)
	for i, c := range s.beside {
		if !study || !s.images || c.Level != dataset.ByImage || c.isPath() && !byStudy {
			all = append(all, i)
		}
	}
	return all
}

// hasStudies reports whether rows say which study they are of.
func (s *Source) hasStudies() bool {
	return !s.images || s.has(dataset.ID, dataset.ByStudy) || slices.ContainsFunc(s.beside, column.isPath)
}

func (s *Source) has(field dataset.Field, level dataset.Level) bool {
	return slices.ContainsFunc(s.beside, func(c column) bool { return c.is(field, level) })
}

// studyOf tells the studies of rows with these columns apart: by the numbers of the dataset, else by what
// the columns of study and patient say together, or the folder of the image, or the
// image.
func studyOf(d *dataset.Dataset, columns []column, r Row) string {
	if r.is.Study > 0 {
		patient, split := r.is.Patient, r.is.Split
		if d == dataset.MIMIC { // its studies have numbers of their own
			patient, split = 0, ""
		}
		return split + " " + strconv.FormatUint(uint64(patient)<<32|uint64(r.is.Study), 16)
	}
	var ids []string
	folder, image, told := "", "", false
	for i, c := range columns {
		switch {
		case c.is(dataset.ID, dataset.ByStudy), c.is(dataset.ID, dataset.ByPatient):
			ids = append(ids, r.Beside[i])
			told = told || c.Level == dataset.ByStudy
		case c.isPath():
			folder = path.Dir(r.Beside[i])
		case c.is(dataset.ID, dataset.ByImage):
			image = r.Beside[i]
		}
	}
	switch {
	case told:
		return strings.Join(ids, " ")
	case folder != "":
		return folder
	}
	return image
}
