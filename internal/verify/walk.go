package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
)

// isArchive says whether a file is an archive by its name.
func isArchive(path string) bool {
	name := strings.ToLower(path)
	for _, ending := range []string{".zip", ".tar", ".tar.gz", ".tgz"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// walk holds the images and reports in the folders against the tables. A folder
// that is given twice, or by itself and within another, is walked once.
func (v *verifier) walk(ctx context.Context) {
	t := tour{verifier: v, begun: map[string]bool{}}
	for _, folder := range v.folders {
		t.begun[absolute(folder)] = false
	}
	for _, folder := range v.folders {
		t.folder, t.root, t.at = folder, folder+string(filepath.Separator), absolute(folder) // with a separator a link is followed
		if !t.begun[t.at] {
			t.begun[t.at] = true
			filepath.WalkDir(t.root, func(path string, entry fs.DirEntry, err error) error {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return t.visit(path, entry, err)
			})
		}
	}
	if t.images > 0 {
		v.checked = append(v.checked, columns.Count(t.images, "image file"))
	}
	if t.reports > 0 {
		v.checked = append(v.checked, columns.Count(t.reports, "report"))
	}
}

// tour is a walk through the folders, and what it has met.
type tour struct {
	*verifier
	folder          string          // as it was given
	root, at        string          // the same, to walk and to know again
	begun           map[string]bool // the folders that are given
	images, reports int
}

// visit joins a file. The error passes over a folder.
func (t *tour) visit(path string, entry fs.DirEntry, err error) error {
	name := entryName(path, entry)
	switch {
	case err != nil:
		t.torn = true
		t.Unread(&corpus.Problem{Place: corpus.Place{Path: path}, What: "cannot be read", Do: "check its permissions", Lost: true})
		return nil
	case entry.IsDir():
		return t.enter(path, name)
	case strings.HasPrefix(name, "."):
		return nil
	}
	switch t.fileOf(name) {
	case imageFile:
		t.images++
		t.image(path)
	case reportFile:
		t.reports++
		t.report(corpus.Place{Path: path}, strings.TrimSuffix(name, filepath.Ext(name)), filepath.Base(filepath.Dir(path)))
	case archiveFile:
		t.addArchive(path)
		t.seenIn[t.folder] = true
		return nil
	default:
		return nil
	}
	t.seenIn[t.folder] = true
	t.checkSize(path, entry)
	return nil
}

// enter passes over folders that are hidden or given by themselves.
func (t *tour) enter(path, name string) error {
	if path == t.root {
		return nil
	}
	_, given := t.begun[filepath.Join(t.at, strings.TrimPrefix(path, t.root))]
	if given {
		t.seenIn[t.folder] = true
	}
	if given || strings.HasPrefix(name, ".") {
		return fs.SkipDir
	}
	return nil
}

// absolute is the path of a folder without links, by which it is known again.
func absolute(folder string) string {
	if path, err := filepath.EvalSymlinks(folder); err == nil {
		folder = path
	}
	if path, err := filepath.Abs(folder); err == nil {
		folder = path
	}
	return folder
}

// addArchive takes an archive, once: it may be given, and be in a folder that is.
func (v *verifier) addArchive(path string) {
	info, err := os.Stat(path)
	taken := slices.ContainsFunc(v.archives, func(other string) bool {
		of, wrong := os.Stat(other)
		return err == nil && wrong == nil && os.SameFile(info, of)
	})
	if !taken {
		v.archives = append(v.archives, path)
	}
}

// fileKind says what a file in a folder is.
type fileKind uint8

const (
	otherFile fileKind = iota
	imageFile
	reportFile
	archiveFile // of reports
)

// fileOf tells the kind of a file by its name.
func (v *verifier) fileOf(name string) fileKind {
	ending := strings.ToLower(filepath.Ext(name))
	switch {
	case ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".dcm":
		return imageFile
	case v.Dataset != dataset.MIMIC:
		return otherFile
	case ending == ".txt" && isReport(name):
		return reportFile
	case isArchive(name) && strings.Contains(strings.ToLower(name), "report"):
		return archiveFile
	}
	return otherFile
}

func (v *verifier) checkSize(path string, entry fs.DirEntry) {
	if info, err := entry.Info(); err == nil && info.Size() == 0 {
		v.Tell(Finding{Kind: EmptyFile, Place: corpus.Place{Path: path}, What: "the file is empty", Do: "get it again"})
	}
}

// entryName is the base name of a path in a walk.
func entryName(path string, entry fs.DirEntry) string {
	if entry != nil {
		return entry.Name()
	}
	return filepath.Base(path)
}

func isReport(name string) bool {
	return len(name) == len("s50414267.txt") && name[0] == 's' && strings.Trim(name[1:9], "0123456789") == ""
}

// image joins the file of an image.
func (v *verifier) image(path string) {
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: path}, What: what, Do: do})
	}
	rec, err := v.ImageFile(path)
	if err != nil {
		tell(WrongID, err.Error(), "rename the file, or take it out of the folder")
		return
	}
	v.compareFolder(path, &rec)
	at := v.imagePart(path, &rec)
	v.walked[walked{at, rec.Split}] = true
	if !v.hasImageRows() || v.Dataset == dataset.CheXpert && v.splits[rec.Split] == 0 {
		return // nothing to hold it against
	}
	image := v.entry(dataset.ByImage, &rec)
	switch {
	case image == nil && !v.torn:
		tell(ExtraFile, "no table lists this image", "take it out of the folder")
	case image == nil:
	case image.has>>at&1 != 0:
		tell(Duplicate, "another folder has this image too", "keep one file")
	case rec.Patient > 0 && image.patient != rec.Patient || rec.Study > 0 && image.study != rec.Study:
		tell(Contradiction, fmt.Sprintf("the folder is of the patient %d and the study %d, the tables have the image under %d and %d", rec.Patient, rec.Study, image.patient, image.study),
			"put the file into its folder")
		fallthrough
	default:
		image.has |= 1 << at
	}
}

// imagePart is the part that a file of an image is. CheXpert is published twice,
// in full size and small: a copy may have both, each in a folder of its own.
func (v *verifier) imagePart(path string, rec *dataset.Record) int {
	name := "image file (" + strings.ToLower(filepath.Ext(path)) + ")"
	if isPublishedRoot(rec.Root) {
		name += " in " + rec.Root
	}
	return v.part(part{name: name, of: dataset.ByImage, required: true, finding: MissingFile})
}

// compareFolder remarks, once for each folder of CheXpert's, that the paths in the
// tables begin with the name of the other.
func (v *verifier) compareFolder(path string, rec *dataset.Record) {
	if !isPublishedRoot(rec.Root) || !isPublishedRoot(v.root) || v.roots[rec.Root] {
		return
	}
	v.roots[rec.Root] = true
	v.Tell(Finding{
		Kind: PathForm, Place: corpus.Place{Path: path}, Remark: true,
		What: fmt.Sprintf("this folder is %s, the paths in the tables begin with %s; images are joined by what is behind it", strconv.Quote(rec.Root), strconv.Quote(v.root+"/")),
	})
}

// report joins a report: its study, and its patient where that is told.
func (v *verifier) report(place corpus.Place, study, patient string) {
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: place, What: what, Do: do})
	}
	var rec dataset.Record
	if err := dataset.MIMIC.Column("study_id").Read(study, &rec); err != nil {
		tell(WrongID, err.Error(), "rename the file")
		return
	}
	if dataset.MIMIC.Column("subject_id").Read(patient, &rec) != nil {
		rec.Patient = 0 // another folder
	}
	at := v.part(part{name: "report", of: dataset.ByStudy, required: true, finding: MissingReport})
	if v.reported[rec.Study] {
		tell(Duplicate, fmt.Sprintf("another file has the report of the study %d too", rec.Study), "keep one")
		return
	}
	v.reported[rec.Study] = true
	s := v.entry(dataset.ByStudy, &rec)
	switch {
	case s == nil && v.has(dataset.StudyList, dataset.SplitTable, dataset.Metadata, dataset.RecordList) && !v.torn:
		tell(ExtraFile, fmt.Sprintf("no table lists the study %d of this report", rec.Study), "take it out of the folder")
	case s == nil: // labels alone leave some studies out
	case rec.Patient > 0 && s.patient > 0 && rec.Patient != s.patient:
		tell(Contradiction, fmt.Sprintf("the folder is of the patient %d, the tables have the study %d under %d", rec.Patient, rec.Study, s.patient), "put the file into its folder")
		fallthrough
	default:
		s.has |= 1 << at
	}
}

// readArchives joins the reports in archives, each of which is read, so that
// damage is found.
func (v *verifier) readArchives(ctx context.Context) {
	if len(v.archives) == 0 {
		return
	}
	reader, err := corpus.Open(ctx, v.archives, corpus.Options{From: string(corpus.MIMIC)})
	if err != nil {
		for _, p := range corpus.Problems(err) {
			v.Unread(p)
		}
		v.spoilt = true
		return
	}
	reports := 0
	for r, err := range reader.Reports(ctx) {
		var p *corpus.Problem
		switch {
		case errors.As(err, &p) && p.Lost:
			v.Unread(p)
			v.spoilt = true
		case err == nil:
			reports++
			v.report(r.Place, r.Study, r.Subject)
		}
	}
	if reports > 0 {
		v.checked = append(v.checked, columns.Count(reports, "report")+" in "+strings.Join(v.archives, ", "))
	}
	if v.spoilt {
		v.notChecked = append(v.notChecked, "which studies lack a report: reports could not be read")
		for i := range v.parts {
			if v.parts[i].finding == MissingReport {
				v.parts[i].required = false
			}
		}
	}
}
