package verify

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// row is a row that is held against those before it.
type row struct {
	*dataset.Record
	file int // of the verifier's
	part int
}

// patients are those met so far, each with the row that first gave a split.
type patients struct {
	index dataset.Index
	first []firstSplit
}

type firstSplit struct {
	split  string // "": none yet
	file   int32
	line   int32
	leaked bool
}

// of gives the first split of a patient.
func (p *patients) of(patient uint32) *firstSplit {
	n, isNew := p.index.Number(uint64(patient))
	if isNew {
		p.first = append(p.first, firstSplit{})
	}
	return &p.first[n]
}

// tellRow tells what is wrong with a row.
func (v *verifier) tellRow(r row, kind FindingKind, what, do string) {
	v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: v.files[r.file].Path, Line: r.Line}, What: what, Do: do})
}

// join holds a row against those before it.
func (v *verifier) join(r row) {
	if v.files[r.file].Kind == dataset.Boxes {
		v.joinBox(r)
		return
	}
	v.compareRoots(r)
	of := v.parts[r.part].of
	if e := v.entry(of, r.Record); e != nil && e.has>>r.part&1 != 0 {
		v.tellRow(r, Duplicate, v.nameOf(of, r.Record)+" has a row already", "keep one row")
	}
	patient := r.Patient
	if r.Study > 0 {
		patient = cmp.Or(patient, v.joinStudy(r, of))
	}
	if of == dataset.ByImage {
		v.joinImage(r)
	}
	if patient > 0 {
		v.joinPatient(r, patient)
	}
}

func (v *verifier) joinBox(r row) {
	if v.has(dataset.Images) && v.entry(dataset.ByImage, r.Record) == nil {
		v.tellRow(r, UnlistedBox, "a box of "+v.nameOf(dataset.ByImage, r.Record)+", which no table of images lists", "get the tables again")
	}
}

// joinStudy gives the patient of the study, as far as rows have told.
func (v *verifier) joinStudy(r row, of dataset.Level) uint32 {
	at := r.part
	if of == dataset.ByImage {
		if v.imageRow < 0 {
			v.imageRow = v.part(part{name: "row of an image", of: dataset.ByStudy, required: v.Dataset == dataset.MIMIC, finding: NoRow})
		}
		at = v.imageRow
	}
	study, known := v.studies.of(v.keys.Study(r.Record))
	if known && r.Patient > 0 && study.patient > 0 && study.patient != r.Patient {
		v.tellRow(r, Contradiction, fmt.Sprintf("the study %d is of the patient %d here and of %d in another row", r.Study, r.Patient, study.patient), "get the tables again")
	}
	study.patient = cmp.Or(study.patient, r.Patient)
	study.has |= 1 << at
	return study.patient
}

func (v *verifier) joinImage(r row) {
	image, known := v.images.of(v.keys.Image(r.Record))
	if known && (image.patient != r.Patient || image.study != r.Study) {
		v.tellRow(r, Contradiction, v.nameOf(dataset.ByImage, r.Record)+" is of another patient or study in another row", "get the tables again")
	}
	if !known {
		image.patient, image.study = r.Patient, r.Study
	}
	if r.Split != "" && image.split == "" {
		image.split = r.Split
		v.splits[r.Split]++
	}
	image.has |= 1 << r.part
}

// joinPatient tells, once, of a patient in two splits.
func (v *verifier) joinPatient(r row, patient uint32) {
	first := v.patients.of(patient)
	switch {
	case first.split == "":
		*first = firstSplit{split: r.Split, file: int32(r.file), line: int32(r.Line)}
	case r.Split != "" && r.Split != first.split && !first.leaked:
		v.tellRow(r, SplitLeak, fmt.Sprintf("the patient %d is in %s here and in %s %s", patient, r.Split, first.split, v.placeOf(first, r.file)),
			"leave the patient out of one split")
		first.leaked = true
	}
}

// placeOf names the row that first gave a split, from another.
func (v *verifier) placeOf(first *firstSplit, from int) string {
	if int(first.file) == from {
		return fmt.Sprintf("in line %d", first.line)
	}
	return fmt.Sprintf("in %s:%d", v.files[first.file].Path, first.line)
}

// compareRoots remarks, once for each, that the paths of a CheXpert copy begin
// in more than one way: those of the full size and those of the small images.
func (v *verifier) compareRoots(r row) {
	if r.Root == v.root || v.roots[r.Root] || r.Root == "" {
		return
	}
	if v.root != "" {
		v.Tell(Finding{
			Kind: PathForm, Place: corpus.Place{Path: v.files[r.file].Path, Line: r.Line}, Remark: true,
			What: fmt.Sprintf("paths begin with %s from here on, with %s before; images are joined by what is behind it", strconv.Quote(r.Root+"/"), strconv.Quote(v.root+"/")),
		})
	}
	v.root, v.roots[r.Root] = r.Root, true
}

// isPublishedRoot tells the folders that CheXpert is published in.
func isPublishedRoot(root string) bool { return strings.HasPrefix(root, "CheXpert-v1.0") }
