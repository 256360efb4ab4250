package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
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

// walk holds the images and reports in the folders against the tables.
func (v *verifier) walk(ctx context.Context) {
	images, reports := 0, 0
	for _, folder := range v.folders {
		root := folder + string(filepath.Separator) // so that a link to a folder is followed
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name := entryName(path, entry)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				v.torn = true
				v.Unread(&corpus.Problem{Place: corpus.Place{Path: path}, What: "cannot be read", Do: "check its permissions", Lost: true})
				return nil
			case entry.IsDir() && path != root && strings.HasPrefix(name, "."):
				return fs.SkipDir
			case entry.IsDir() || strings.HasPrefix(name, "."):
				return nil
			}
			ending := strings.ToLower(filepath.Ext(name))
			switch {
			case ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".dcm":
				images++
				v.image(path, ending)
			case v.Dataset != mimic:
				return nil
			case ending == ".txt" && isReport(name):
				reports++
				v.report(corpus.Place{Path: path}, strings.TrimSuffix(name, ending), filepath.Base(filepath.Dir(path)))
			case isArchive(name) && strings.Contains(strings.ToLower(name), "report"):
				v.archives = append(v.archives, path)
				v.seenIn[folder] = true
				return nil
			default:
				return nil
			}
			v.seenIn[folder] = true
			if info, err := entry.Info(); err == nil && info.Size() == 0 {
				v.Tell(Finding{Kind: EmptyFile, Place: corpus.Place{Path: path}, What: "the file is empty", Do: "get it again"})
			}
			return nil
		})
	}
	if images > 0 {
		v.checked = append(v.checked, columns.Count(images, "image file"))
	}
	if reports > 0 {
		v.checked = append(v.checked, columns.Count(reports, "report"))
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
func (v *verifier) image(path, ending string) {
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: path}, What: what, Do: do})
	}
	rec, err := v.imageOf(path)
	if err != nil {
		tell(WrongID, err.Error(), "rename the file, or take it out of the folder")
		return
	}
	at := v.part(part{name: "image file (" + ending + ")", of: ByImage, required: true, finding: MissingFile})
	v.walked[rec.Split] = true
	if !v.hasImageRows() || v.Dataset == cheXpert && v.splits[rec.Split] == 0 {
		return // nothing to hold it against
	}
	image := v.images.get(v.imageKey(rec))
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

// imageOf reads the path of an image file.
func (v *verifier) imageOf(path string) (*Record, error) {
	base := filepath.Base(path)
	switch v.Dataset {
	case chestXray14:
		patient, ok := patientOf(base)
		if !ok {
			return nil, fmt.Errorf("%s is no name of an image, such as 00000001_000.png", quoted(base))
		}
		return &Record{Patient: patient, Image: base}, nil
	case cheXpert:
		absolute, err := filepath.Abs(path)
		if err != nil {
			absolute = path
		}
		p, err := parseCheXpertPath(filepath.ToSlash(absolute))
		return &Record{Split: p.split, Patient: p.patient, Study: p.study, Image: p.image}, err
	}
	id := strings.TrimSuffix(base, filepath.Ext(base))
	if !isDICOM(id) {
		return nil, fmt.Errorf("%s is no DICOM id, five times eight hexadecimal digits", quoted(id))
	}
	rec := &Record{Image: id}
	dir := filepath.Dir(path)
	rec.Study = idOfFolder(filepath.Base(dir), "s")
	rec.Patient = idOfFolder(filepath.Base(filepath.Dir(dir)), "p")
	return rec, nil
}

// idOfFolder reads p10000032 or s50414267; 0 where a folder is none.
func idOfFolder(name, letter string) uint32 {
	if digits, ok := strings.CutPrefix(name, letter); ok && len(digits) == 8 {
		n, _ := numberOf(digits)
		return n
	}
	return 0
}

// report joins a report: its study, and its patient where the folder tells.
func (v *verifier) report(place corpus.Place, study, patient string) {
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: place, What: what, Do: do})
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(study, "s"), 10, 32)
	if err != nil || n/10_000_000 != 5 {
		tell(WrongID, quoted(study)+" is no id of a study, s and eight digits that begin with 5", "rename the file")
		return
	}
	at := v.part(part{name: "report", of: ByStudy, required: true, finding: MissingReport})
	if v.reported[uint32(n)] {
		tell(Duplicate, fmt.Sprintf("another file has the report of the study %d too", n), "keep one")
		return
	}
	v.reported[uint32(n)] = true
	s := v.studies.get(n)
	switch subject := idOfFolder(patient, "p"); {
	case s == nil && v.has(StudyList, SplitTable, Metadata, RecordList) && !v.torn:
		tell(ExtraFile, fmt.Sprintf("no table lists the study %d of this report", n), "take it out of the folder")
	case s == nil: // labels alone leave some studies out
	case subject > 0 && s.patient > 0 && subject != s.patient:
		tell(Contradiction, fmt.Sprintf("the folder is of the patient %d, the tables have the study %d under %d", subject, n, s.patient), "put the file into its folder")
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
		for _, p := range problems(err) {
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
			patient := ""
			if r.Subject != "" {
				patient = "p" + r.Subject
			}
			v.report(r.Place, r.Study, patient)
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
