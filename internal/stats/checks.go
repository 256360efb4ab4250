package stats

import "github.com/radlabel/radlabel/corpus/dataset"

// lacks is a check of what has a row in a file of one kind and none in a file of
// another. It is made where there are files of both.
type lacks struct {
	have, lack dataset.Kind
	what       string
}

var imageChecks = []lacks{
	{dataset.Images, dataset.SplitList, "images in no list of a split"},
	{dataset.SplitList, dataset.Images, "images in a list without a row of labels"},
	{dataset.RecordList, dataset.SplitTable, "images of the record list without a split"},
	{dataset.RecordList, dataset.Metadata, "images of the record list without metadata"},
	{dataset.SplitTable, dataset.Metadata, "images with a split and without metadata"},
	{dataset.Metadata, dataset.SplitTable, "images with metadata and without a split"},
}

var studyChecks = []lacks{
	{dataset.StudyList, dataset.StudyLabels, "studies of the study list without a row of labels"},
	{dataset.SplitTable, dataset.StudyLabels, "studies with a split and without a row of labels"},
	{dataset.StudyLabels, dataset.StudyList, "labelled studies that are not in the study list"},
}

// imageless are checks of studies that no row of an image is of.
var imageless = []lacks{
	{have: dataset.StudyLabels, what: "labelled studies without an image"},
	{have: dataset.StudyList, what: "studies of the study list without an image"},
}

// checks counts what is in one file and not in another, and who is on both sides
// of a split.
func (g *gatherer) checks() (all []Check) {
	for _, c := range imageChecks {
		if g.kinds[c.have] && g.kinds[c.lack] {
			n := 0
			for i := range g.images {
				if k := g.images[i].kinds; k&kindBits[c.have] != 0 && k&kindBits[c.lack] == 0 {
					n++
				}
			}
			all = append(all, Check{c.what, n})
		}
	}
	for _, c := range studyChecks {
		if g.kinds[c.have] && g.kinds[c.lack] {
			all = append(all, Check{c.what, g.studiesThat(func(s *study) bool {
				return s.kinds&kindBits[c.have] != 0 && s.kinds&kindBits[c.lack] == 0
			})})
		}
	}
	for _, c := range imageless {
		if g.kinds[c.have] && (g.kinds[dataset.SplitTable] || g.kinds[dataset.RecordList] || g.kinds[dataset.Metadata]) {
			all = append(all, Check{c.what, g.studiesThat(func(s *study) bool {
				return s.kinds&kindBits[c.have] != 0 && s.images == 0
			})})
		}
	}
	if g.kinds[dataset.SplitTable] {
		all = append(all, Check{"studies in more than one split", g.studiesThat(func(s *study) bool { return s.splits > 1 })})
	}
	if leaks, split := g.leaks(); split {
		all = append(all, Check{"patients in more than one split", leaks})
	}
	if len(g.boxes) > 0 && g.kinds[dataset.Images] {
		all = append(all, Check{"images with a box and without a row of labels", g.unknownBoxes()})
	}
	return all
}

func (g *gatherer) studiesThat(are func(*study) bool) (n int) {
	for i := range g.studies {
		if are(&g.studies[i]) {
			n++
		}
	}
	return n
}

// leaks counts the patients in more than one split. Split is false where no one
// is in any.
func (g *gatherer) leaks() (n int, split bool) {
	for _, in := range g.patientSplits() {
		in &^= 1 // no split
		split = split || in != 0
		if in&(in-1) != 0 {
			n++
		}
	}
	return n, split
}

// unknownBoxes counts the images that only boxes speak of.
func (g *gatherer) unknownBoxes() int {
	unknown := map[uint64]bool{}
	for _, b := range g.boxes {
		for key := range b.images {
			if g.imageAt.Find(key) < 0 {
				unknown[key] = true
			}
		}
	}
	return len(unknown)
}
