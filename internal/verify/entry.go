package verify

import (
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// part is what an image or a study must have one of: a row in the tables of a
// kind, a file, a report.
type part struct {
	name     string       // "row in the split", "image file (.jpg)"
	kind     dataset.Kind // of a table
	of       dataset.Level
	required bool // of all, not of some
	finding  FindingKind
	rows     int
}

// part gives the number of a part, which is that of its bit.
func (v *verifier) part(p part) int {
	i := slices.IndexFunc(v.parts, func(q part) bool { return q.name == p.name && q.of == p.of })
	if i < 0 {
		i = len(v.parts)
		v.parts = append(v.parts, p)
	}
	return i
}

// partOf is the part that the rows of a table are.
func (v *verifier) partOf(f *dataset.File) int {
	p := part{name: "row in the " + string(f.Kind), kind: f.Kind, of: dataset.ByImage, required: true, finding: NoRow}
	switch f.Kind {
	case dataset.Boxes, dataset.GroundTruth, dataset.Radiologist:
		p.required = false
	}
	switch f.Kind {
	case dataset.StudyList, dataset.StudyLabels, dataset.GroundTruth, dataset.Radiologist:
		p.of = dataset.ByStudy
	}
	if f.Kind == dataset.StudyLabels || f.Kind == dataset.Radiologist {
		p.name += " of " + f.Source
	}
	return v.part(p)
}

// entry is what is known of an image or a study.
type entry struct {
	patient, study uint32
	split          string
	has            uint32 // bit by bit, the parts
	told           bool
}

// entries are images or studies by the keys of their ids.
type entries struct {
	index dataset.Index
	all   []entry
}

// of gives the entry of a key, and whether it was known.
func (e *entries) of(key uint64) (*entry, bool) {
	n, isNew := e.index.Number(key)
	if isNew {
		e.all = append(e.all, entry{})
	}
	return &e.all[n], !isNew
}

// find gives the entry of a key, or nil.
func (e *entries) find(key uint64) *entry {
	if n := e.index.Find(key); n >= 0 {
		return &e.all[n]
	}
	return nil
}

// of gives the entries of images or of studies.
func (v *verifier) of(level dataset.Level) *entries {
	if level == dataset.ByImage {
		return &v.images
	}
	return &v.studies
}

// entry gives what is known of the image or the study of a record, or nil.
func (v *verifier) entry(level dataset.Level, rec *dataset.Record) *entry {
	if level == dataset.ByImage {
		return v.images.find(v.keys.Image(rec))
	}
	return v.studies.find(v.keys.Study(rec))
}

// nameOf names the image or the study of a record.
func (v *verifier) nameOf(level dataset.Level, rec *dataset.Record) string {
	switch {
	case level == dataset.ByImage:
		return "the image " + corpus.Quote(rec.Image, 40)
	case v.Dataset == dataset.MIMIC:
		return fmt.Sprintf("the study %d", rec.Study)
	}
	return fmt.Sprintf("the study %d of the patient %d", rec.Study, rec.Patient)
}

// has says whether there is a table of a kind.
func (v *verifier) has(kinds ...dataset.Kind) bool {
	return slices.ContainsFunc(v.files, func(f *dataset.File) bool { return slices.Contains(kinds, f.Kind) })
}

// hasImageRows says whether the tables list the images.
func (v *verifier) hasImageRows() bool {
	return v.has(dataset.Images, dataset.SplitList, dataset.SplitTable, dataset.Metadata, dataset.RecordList)
}
