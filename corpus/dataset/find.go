package dataset

import (
	"cmp"
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
	columns []*Column // that a header must have
	more    []*Column // that it may have
	without []string  // that the header of another kind has
	labels  labelling
	is      func(name string, header []string) bool // by its base name in lower case; nil: any
	usual   string                                  // in the usual name, to guess what a broken header was to be
	list    bool                                    // no table, a name of an image a line
	split   string                                  // of all rows
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

	form    form
	file    *corpus.File
	table   *corpus.Table // nil for a list
	columns []placed
	labels  []int // column of each observation; -1: none
}

// placed is a column of the form where the header has it.
type placed struct {
	*Column
	at int
}

// Name is the base name in lower case, without the ending of a compression.
func (f *File) Name() string { return f.file.Name }

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
	search := &finder{Dataset: d, found: &Found{}}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			search.add(path, true)
			continue
		}
		if err := search.folder(ctx, path); err != nil {
			return nil, err
		}
	}
	found := search.found
	found.dropRepeated()
	slices.SortStableFunc(found.Files, func(a, b *File) int { return d.order(a.Kind) - d.order(b.Kind) })
	return found, errors.Join(search.wrong...)
}

// finder gathers what Find finds.
type finder struct {
	*Dataset
	found *Found
	wrong []error
}

// add looks at a file, given by its own path or come upon in a folder.
func (s *finder) add(path string, given bool) {
	f, err := open(s.Dataset, path)
	switch {
	case errors.Is(err, errUnknown) && !given:
		if !isText(path) {
			s.found.Other = append(s.found.Other, path)
		}
	case err != nil:
		s.wrong = append(s.wrong, err)
	default:
		s.found.Files = append(s.found.Files, f)
	}
}

// folder looks at the files in a folder and below. The error is that of ctx.
func (s *finder) folder(ctx context.Context, path string) error {
	before := len(s.found.Files) + len(s.wrong)
	root := path + string(filepath.Separator) // so that a link to a folder is followed
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.wrong = append(s.wrong, &corpus.Problem{Place: corpus.Place{Path: name}, What: "cannot be read", Do: "check its permissions", Lost: true})
			return nil
		case entry.IsDir() && name != root && IsImages(entry.Name()):
			return fs.SkipDir
		case entry.IsDir(), !ofLabels(entry.Name()):
			return nil
		}
		s.add(name, false)
		return nil
	})
	if err == nil && before == len(s.found.Files)+len(s.wrong) {
		s.wrong = append(s.wrong, unknown{&corpus.Problem{
			Place: corpus.Place{Path: path}, What: "no file of " + s.Title + " is in this folder",
			Do: "give the folder that has " + s.names(), Lost: true,
		}})
	}
	return err
}

// dropRepeated passes over a file with another of the same name, such as one
// that was decompressed beside the compressed, and the older of ChestX-ray14's
// two versions, whose names tell them apart: the last stays.
func (found *Found) dropRepeated() {
	key := func(f *File) string {
		if f.Kind == Images && f.Dataset == ChestXray14 {
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
func (d *Dataset) order(k Kind) int { return slices.Index(d.Kinds(), k) }

// names tells the kinds of files in a sentence.
func (d *Dataset) names() string {
	var all []string
	for _, k := range d.Kinds() {
		all = append(all, string(k))
	}
	return "its tables (" + strings.Join(all, ", ") + ")"
}

// IsImages says whether a folder of this name holds images or reports, of which
// there are many.
func IsImages(name string) bool {
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
		if form.list && form.is(file.Name, nil) && isList(file.HeadLines()) {
			if err := cmp.Or(file.CheckText(), file.CheckLines()); err != nil {
				return nil, err
			}
			f.Kind, f.form = form.kind, form
			f.form.split = splitOfList(file.Name)
			f.columns = []placed{{nihImage, 0}}
			return f, nil
		}
	}
	if f.table, err = file.Table(false); errors.As(err, &p) && isText(path) {
		return nil, unknown{p}
	} else if err != nil {
		return nil, err
	}
	f.findLabels()
	for _, form := range d.forms {
		if form.list || form.is != nil && !form.is(file.Name, f.table.Header) || len(f.lacks(form)) > 0 || f.excludes(form) {
			continue
		}
		f.Kind, f.form, f.Source = form.kind, form, sourceOf(form, file.Name)
		for _, c := range slices.Concat(form.columns, form.more) {
			if at := corpus.FindColumn(f.table.Header, c.Name); at >= 0 {
				f.columns = append(f.columns, placed{c, at})
			}
		}
		wrong := f.checkHeader()
		if wrong != nil {
			if cut := f.cut(); cut != nil {
				return nil, cut
			}
		}
		return f, wrong
	}
	if err := f.cut(); err != nil {
		return nil, err
	}
	return nil, unknown{f.stranger()}
}

// lacks are the columns of a form that the header does not have.
func (f *File) lacks(form form) (missing []string) {
	for _, c := range form.columns {
		if corpus.FindColumn(f.table.Header, c.Name) < 0 {
			missing = append(missing, c.Name)
		}
	}
	if form.labels != noLabels && !slices.ContainsFunc(f.labels, func(c int) bool { return c >= 0 }) {
		missing = append(missing, string(f.Dataset.Observations[0]))
	}
	return missing
}

// excludes says whether the header has a column of another form.
func (f *File) excludes(form form) bool {
	return slices.ContainsFunc(form.without, func(c string) bool { return corpus.FindColumn(f.table.Header, c) >= 0 })
}

// findLabels finds the columns of the observations.
func (f *File) findLabels() {
	at := map[string]int{}
	for i, name := range f.table.Header {
		key := corpus.ColumnKey(string(corpus.ObservationOf(name)))
		if _, twice := at[key]; !twice {
			at[key] = i
		}
	}
	f.labels = make([]int, len(f.Dataset.Observations))
	for i, o := range f.Dataset.Observations {
		f.labels[i] = -1
		if column, found := at[corpus.ColumnKey(string(o))]; found {
			f.labels[i] = column
		}
	}
}

// checkHeader asks for a column of each observation, and for one of a name.
func (f *File) checkHeader() error {
	var wrong []error
	seen := map[string]int{}
	for i, name := range f.table.Header {
		key := corpus.ColumnKey(name)
		if first, twice := seen[key]; twice && key != "" {
			wrong = append(wrong, f.table.Fault(1, i, fmt.Sprintf("column %d has this name already", first+1), "keep one"))
			continue
		}
		seen[key] = i
	}
	for i, o := range f.Dataset.Observations {
		if f.form.labels != allLabels || f.labels[i] >= 0 {
			continue
		}
		do := "get the file again"
		if near := nearest.Name(string(o), f.table.Header); near != "" && f.Dataset.Index(corpus.ObservationOf(near)) < 0 {
			do = fmt.Sprintf("did you mean the column %q to be it?", near)
		}
		wrong = append(wrong, f.table.Fault(1, -1, fmt.Sprintf("there is no column %q", o), do))
	}
	return errors.Join(wrong...)
}

// cut is the problem of a file that is cut short, which is to blame for what its
// header lacks; nil: the file goes on.
func (f *File) cut() error {
	for _, err := range f.table.Rows() {
		var p *corpus.Problem
		if errors.As(err, &p) && p.Ends {
			return p
		}
		return nil
	}
	return nil
}

// stranger says what a header lacks to be the form that it is nearest to: the one
// that lacks the least, and of these the one that the name of the file tells.
func (f *File) stranger() *corpus.Problem {
	best, missing, told := form{}, []string(nil), false
	for _, form := range f.Dataset.forms {
		if form.list || f.excludes(form) {
			continue
		}
		lacks := f.lacks(form)
		named := form.usual != "" && strings.Contains(f.file.Name, form.usual)
		switch {
		case len(lacks) == 0 || len(lacks) >= len(form.columns): // of another name; nothing alike
		case best.kind == "", len(lacks) < len(missing), len(lacks) == len(missing) && named && !told:
			best, missing, told = form, lacks, named
		}
	}
	what, do := "this is none of the files of "+f.Dataset.Title, "give "+f.Dataset.names()
	if len(missing) > 0 {
		var names []string
		for _, m := range missing {
			names = append(names, fmt.Sprintf("%q", m))
		}
		what += fmt.Sprintf("; for one of %s there is no column %s", best.kind, strings.Join(names, ", "))
		if near := nearest.Name(missing[0], f.table.Header); near != "" && near != missing[0] && f.Dataset.Column(near) == nil {
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
