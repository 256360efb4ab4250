package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/nearest"
)

// form is how a kind of file is known and read.
type form struct {
	kind    Kind
	columns []string // that a header must have
	without []string // that the header of another kind has
	labels  labelling
	named   func(name string) bool // by its base name in lower case; nil: any
	list    bool                   // no table, a name of an image a line
	read    func(*row, *Record)
}

// labelling says which columns of observations a table has.
type labelling uint8

const (
	noLabels   labelling = iota
	allLabels            // a column for each observation
	someLabels           // what has no column is blank
)

// File is one file of a dataset.
type File struct {
	Dataset *Dataset
	Kind    Kind
	Path    string
	Source  string // of labels: "chexpert", "negbio", the name of a radiologist's file

	form   form
	file   *corpus.File
	table  *corpus.Table  // nil for a list
	column map[string]int // by the names of the form and others that the header has
	labels []int          // column of each observation; -1: none
}

// Found are the files of a copy.
type Found struct {
	Files []*File
	Other []string   // files in folders that are none of the dataset's
	Again [][2]*File // a file that is passed over, since the second is the same or its new version
}

// Find tells what the files of a copy are: those in a folder and in the folders
// below it, or one by one. Those of images are not looked into. The error joins
// a *corpus.Problem for each file that cannot be used; the others are found all
// the same.
func Find(ctx context.Context, d *Dataset, paths []string) (*Found, error) {
	found := &Found{}
	var wrong []error
	add := func(path string, given bool) {
		f, err := open(d, path)
		switch {
		case errors.Is(err, errUnknown) && !given:
			if !isText(path) {
				found.Other = append(found.Other, path)
			}
		case err != nil:
			wrong = append(wrong, err)
		default:
			found.Files = append(found.Files, f)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			add(path, true)
			continue
		}
		n := len(found.Files) + len(wrong)
		root := path + string(filepath.Separator) // so that a link to a folder is followed
		err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				wrong = append(wrong, &corpus.Problem{Place: corpus.Place{Path: name}, What: "cannot be read", Do: "check its permissions", Lost: true})
				return nil
			case entry.IsDir() && name != root && ofImages(entry.Name()):
				return fs.SkipDir
			case entry.IsDir(), !ofLabels(entry.Name()):
				return nil
			}
			add(name, false)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if n == len(found.Files)+len(wrong) {
			wrong = append(wrong, unknown{&corpus.Problem{
				Place: corpus.Place{Path: path}, What: "no file of " + d.Title + " is in this folder",
				Do: "give the folder that has " + d.names(), Lost: true,
			}})
		}
	}
	found.dropRepeated()
	slices.SortStableFunc(found.Files, func(a, b *File) int { return d.order(a.Kind) - d.order(b.Kind) })
	return found, errors.Join(wrong...)
}

// dropRepeated passes over a file with another of the same name, such as one
// that was decompressed beside the compressed, and the older of ChestX-ray14's
// two versions, whose names tell them apart: the last stays.
func (found *Found) dropRepeated() {
	key := func(f *File) string {
		if f.Kind == Images && f.Dataset == chestXray14 {
			return string(f.Kind)
		}
		return string(f.Kind) + " " + f.file.Name
	}
	last := map[string]*File{}
	for _, f := range found.Files {
		last[key(f)] = f
	}
	found.Files = slices.DeleteFunc(found.Files, func(f *File) bool {
		stays := last[key(f)]
		if stays != f && stays.Path != f.Path {
			found.Again = append(found.Again, [2]*File{f, stays})
		}
		return stays != f
	})
}

// order puts the files with the most to say first.
func (d *Dataset) order(k Kind) int {
	return slices.IndexFunc(d.forms, func(f form) bool { return f.kind == k })
}

// names tells the kinds of files in a sentence.
func (d *Dataset) names() string {
	var all []string
	for _, f := range d.forms {
		if n := string(f.kind); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return "its tables (" + strings.Join(all, ", ") + ")"
}

// ofImages says whether a folder holds images or reports, of which there are
// many.
func ofImages(name string) bool {
	return strings.HasPrefix(name, "patient") || strings.HasPrefix(name, "images") || name == "files" || strings.HasPrefix(name, ".") && strings.Trim(name, ".") != "" || isGroup(name)
}

// isGroup says whether a folder is of MIMIC-CXR's patients, p10, or of one of
// them, p10000032.
func isGroup(name string) bool {
	digits, ok := strings.CutPrefix(name, "p")
	return ok && (len(digits) == 2 || len(digits) == 8) && strings.Trim(digits, "0123456789") == ""
}

// ofLabels says whether a file may be a table or a list.
func ofLabels(name string) bool {
	ending := endingOf(name)
	return (ending == ".csv" || ending == ".txt" || ending == ".tsv") && !strings.HasPrefix(name, ".")
}

// isText says whether a file in a folder may as well be a licence.
func isText(path string) bool { return endingOf(path) == ".txt" }

// endingOf is that of what a compressed file holds.
func endingOf(name string) string {
	name = strings.ToLower(name)
	return filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"))
}

// errUnknown is the mark of a file that is none of the dataset's, and of a
// folder that has none.
var errUnknown = errors.New("none of the dataset's files")

// unknown is a problem with that mark.
type unknown struct{ *corpus.Problem }

func (u unknown) Unwrap() []error { return []error{u.Problem, errUnknown} }

// open looks at one file. The error is a *corpus.Problem.
func open(d *Dataset, path string) (*File, error) {
	file, err := corpus.OpenFile(path)
	var p *corpus.Problem
	if errors.As(err, &p) && isText(path) && splitOfList(strings.ToLower(filepath.Base(path))) == "" {
		return nil, unknown{p}
	} else if err != nil {
		return nil, err
	}
	f := &File{Dataset: d, Path: path, file: file}
	for _, form := range d.forms {
		if form.list && form.named(file.Name) && isList(file.HeadLines()) {
			f.Kind, f.form = form.kind, form
			return f, nil
		}
	}
	if f.table, err = file.Table(false); errors.As(err, &p) && isText(path) {
		return nil, unknown{p}
	} else if err != nil {
		return nil, err
	}
	// Commas at the end of a header mean nothing, and its rows may lack them.
	header := f.table.Header
	for len(header) > 0 && strings.TrimSpace(header[len(header)-1]) == "" {
		header = header[:len(header)-1]
	}
	f.table.Header = header
	f.column = map[string]int{}
	for i, name := range header {
		f.column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	f.findLabels()
	for _, form := range d.forms {
		if form.list || form.named != nil && !form.named(file.Name) || len(f.lacks(form)) > 0 || slices.ContainsFunc(form.without, f.has) {
			continue
		}
		f.Kind, f.form, f.Source = form.kind, form, sourceOf(form, file.Name)
		return f, f.checkHeader()
	}
	return nil, unknown{f.stranger()}
}

func (f *File) has(column string) bool { _, ok := f.column[strings.ToLower(column)]; return ok }

// lacks are the columns of a form that the header does not have.
func (f *File) lacks(form form) (missing []string) {
	for _, c := range form.columns {
		if !f.has(c) {
			missing = append(missing, c)
		}
	}
	if form.labels != noLabels && !slices.ContainsFunc(f.labels, func(c int) bool { return c >= 0 }) {
		missing = append(missing, string(f.Dataset.Observations[0]))
	}
	return missing
}

// findLabels finds the columns of the observations.
func (f *File) findLabels() {
	f.labels = make([]int, len(f.Dataset.Observations))
	for i, o := range f.Dataset.Observations {
		f.labels[i] = slices.IndexFunc(f.table.Header, func(name string) bool { return corpus.ObservationOf(name) == o })
	}
}

// checkHeader asks for a column of each observation, and for one of a name.
func (f *File) checkHeader() error {
	var wrong []error
	seen := map[string]int{}
	for i, name := range f.table.Header {
		name = strings.TrimSpace(name)
		if first, twice := seen[name]; twice && name != "" {
			wrong = append(wrong, f.table.Fault(1, i, fmt.Sprintf("column %d has this name already", first+1), "keep one"))
		}
		seen[name] = i
	}
	for i, o := range f.Dataset.Observations {
		if f.form.labels != allLabels || f.labels[i] >= 0 {
			continue
		}
		do := "get the file again"
		if near := nearest.Name(string(o), f.table.Header); near != "" && f.Dataset.index(corpus.ObservationOf(near)) < 0 {
			do = fmt.Sprintf("did you mean the column %q to be it?", near)
		}
		wrong = append(wrong, f.table.Fault(1, -1, fmt.Sprintf("there is no column %q", o), do))
	}
	return errors.Join(wrong...)
}

func (d *Dataset) index(o corpus.Observation) int { return slices.Index(d.Observations, o) }

// stranger says what a header lacks to be the form that it is nearest to.
func (f *File) stranger() *corpus.Problem {
	best, missing := form{}, []string(nil)
	for _, form := range f.Dataset.forms {
		if form.list {
			continue
		}
		if lacks := f.lacks(form); len(lacks) < len(form.columns) && (best.kind == "" || len(lacks) < len(missing)) {
			best, missing = form, lacks
		}
	}
	what, do := "this is none of the files of "+f.Dataset.Title, "give "+f.Dataset.names()
	if len(missing) > 0 {
		var quoted []string
		for _, m := range missing {
			quoted = append(quoted, fmt.Sprintf("%q", m))
		}
		what += fmt.Sprintf("; for one of %s there is no column %s", best.kind, strings.Join(quoted, ", "))
		if near := nearest.Name(missing[0], f.table.Header); near != "" && near != missing[0] {
			do = fmt.Sprintf("did you mean %q to be %q?", near, missing[0])
		}
	}
	return f.table.Fault(1, -1, what, do)
}

// sourceOf names the labels of a file.
func sourceOf(form form, name string) string {
	base := strings.TrimSuffix(name, filepath.Ext(name))
	switch {
	case form.kind == GroundTruth:
		return "ground truth"
	case form.kind == Radiologist:
		return base
	case form.kind == Images:
		return "labels"
	case form.kind != StudyLabels:
		return ""
	case strings.Contains(name, "negbio"):
		return "negbio"
	case strings.Contains(name, "chexpert"):
		return "chexpert"
	}
	return base
}
