package verify

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
)

func (v *verifier) wrongCount(path, of string, have, want int) {
	do := "get what is missing"
	if have > want {
		do = "look for what was added"
	}
	v.Tell(Finding{
		Kind: WrongCount, Place: corpus.Place{Path: path},
		What: fmt.Sprintf("%s: %s, published are %s", of, columns.Thousands(have), columns.Thousands(want)), Do: do,
	})
}

// count holds splits and the whole against the published counts.
func (v *verifier) count(path string) {
	if v.torn {
		v.notChecked = append(v.notChecked, "counts of the whole: a table could not be read to its end")
		return
	}
	var lack []string // splits
	for _, split := range v.Splits {
		n, want := v.splits[split], v.Published.Splits[split]
		switch {
		case n == 0:
			lack = append(lack, split)
		case want > 0 && n != want:
			v.wrongCount(path, "images in the split "+split, n, want)
		}
	}
	if v.hasImageRows() {
		for _, split := range lack {
			v.notThere = append(v.notThere, "images of the split "+split)
		}
	}
	if len(lack) > 0 && !v.hasAllImages() {
		v.notChecked = append(v.notChecked, v.uncounted(lack))
		return
	}
	for _, t := range v.totals() {
		if t.want > 0 && t.have != t.want {
			v.wrongCount(path, t.of, t.have, t.want)
		}
	}
}

// total is a count of the whole, and what is published of it; 0: nothing.
type total struct {
	of         string
	have, want int
}

func (v *verifier) totals() []total {
	return []total{
		{"images", v.images.index.Len(), v.Published.Images},
		{"studies", v.studies.index.Len(), v.Published.Studies},
		{"patients", v.patients.index.Len(), v.Published.Patients},
	}
}

// uncounted says which published totals the copy is not held against.
func (v *verifier) uncounted(lack []string) string {
	var of []string
	for _, t := range v.totals() {
		if t.want > 0 {
			of = append(of, columns.Thousands(t.want)+" "+t.of)
		}
	}
	why := "no table lists images"
	if v.hasImageRows() {
		why = "no table lists the images of " + strings.Join(lack, " and ")
	}
	last := len(of) - 1
	return "the published totals of " + strings.Join(of[:last], ", ") + " and " + of[last] + ": " + why
}

// hasAllImages says whether a table lists the images of all splits.
func (v *verifier) hasAllImages() bool {
	return slices.ContainsFunc(v.files, func(f *dataset.File) bool {
		return f.Kind != dataset.SplitList && v.Published.Rows[f.Kind] == v.Published.Images
	})
}

// lacking tells of each image and study that has no row, file or report where
// others have one. Only if there are any are the tables read again, for the
// lines.
func (v *verifier) lacking(ctx context.Context) {
	if v.torn {
		v.notChecked = append(v.notChecked, "what rows lack: a table could not be read to its end")
		return
	}
	lacks, left := make([]int, len(v.parts)), 0
	for _, of := range []dataset.Level{dataset.ByImage, dataset.ByStudy} {
		required := v.required(of)
		for _, e := range v.of(of).all {
			missing := v.missing(&e, of, required)
			if missing != 0 {
				left++
			}
			for ; missing != 0; missing &= missing - 1 {
				lacks[bits.TrailingZeros32(missing)]++
			}
		}
	}
	for _, f := range v.files {
		if left == 0 {
			return
		}
		if f.Kind == dataset.Boxes {
			continue
		}
		for r, err := range f.Rows(ctx) {
			if err != nil || !r.Known() {
				continue
			}
			rec := &r.Record
			if rec.Image != "" && v.lacks(f, rec, dataset.ByImage, v.entry(dataset.ByImage, rec), lacks) {
				left--
			}
			if rec.Study > 0 && v.lacks(f, rec, dataset.ByStudy, v.entry(dataset.ByStudy, rec), lacks) {
				left--
			}
			if left == 0 {
				return
			}
		}
	}
}

// required is the parts that every image or study must have.
func (v *verifier) required(of dataset.Level) (mask uint32) {
	for i, p := range v.parts {
		if p.of == of && p.required {
			mask |= 1 << i
		}
	}
	return mask
}

// missing is the parts that an image or a study does not have. A split of which
// there are no image files at all is not held against the folder.
func (v *verifier) missing(e *entry, of dataset.Level, required uint32) uint32 {
	missing := required &^ e.has
	if missing == 0 || of != dataset.ByImage || v.Dataset != dataset.CheXpert {
		return missing
	}
	for i, p := range v.parts {
		if p.finding == MissingFile && !v.walked[walked{i, e.split}] {
			missing &^= 1 << i
		}
	}
	return missing
}

// lacks tells, once, what the image or the study of a row lacks, if anything.
func (v *verifier) lacks(f *dataset.File, rec *dataset.Record, of dataset.Level, e *entry, total []int) bool {
	if e == nil || e.told {
		return false
	}
	missing := v.missing(e, of, v.required(of))
	if missing == 0 {
		return false
	}
	e.told = true
	name := v.nameOf(of, rec)
	for ; missing != 0; missing &= missing - 1 {
		i := bits.TrailingZeros32(missing)
		p := v.parts[i]
		finding := Finding{Kind: p.finding, Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: name + " has no " + p.name}
		published := v.Published.Studies - v.Published.Rows[p.kind]
		switch {
		case p.kind == dataset.StudyLabels && p.rows == v.Published.Rows[dataset.StudyLabels] && total[i] == published:
			finding.Remark = true
			finding.What += fmt.Sprintf(", one of the %d that are published without", published)
		case p.finding == NoRow:
			finding.Do = "get the table again"
		default:
			finding.Do = "get the file, or leave out the row"
		}
		v.Tell(finding)
	}
	return true
}

// absent lists what the copy does not have.
func (v *verifier) absent(path string) {
	var all []string
	for _, kind := range v.Kinds() {
		if !v.has(kind) {
			all = append(all, string(kind))
		}
	}
	if !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingFile }) {
		all = append(all, "image files")
	}
	if v.Dataset == dataset.MIMIC && !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingReport }) {
		all = append(all, "reports")
	}
	all = append(all, v.notThere...)
	if v.Complete {
		tell := func(what string) {
			v.Tell(Finding{Kind: Absent, Place: corpus.Place{Path: path}, What: what, Do: "get it, or leave out --complete"})
		}
		for _, what := range all {
			tell("not there: " + what)
		}
		for _, what := range v.notChecked {
			tell("not checked: " + what)
		}
	}
	v.notChecked = slices.Concat(all, v.notChecked, v.passedOver)
	if v.Checksums == "" {
		v.notChecked = append(v.notChecked, "checksums")
	}
}
