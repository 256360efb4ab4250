package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// splitCount is how a split is counted: 0 is the whole, and i+1 the split i of
// the dictionary.
func (g *gatherer) populations() []Population {
	n := len(g.splits.all) + 1
	all := make([]Population, n)
	views, sexes := make([][]int, n), make([][]int, n)
	ages := make([]Ages, n)
	patients := make([]map[uint32]bool, n)
	for i := range all {
		views[i], sexes[i] = make([]int, len(g.views.all)), make([]int, len(g.sexes.all))
		patients[i] = map[uint32]bool{}
	}
	patient := func(split uint8, id uint32) {
		if id > 0 {
			patients[0][id], patients[split+1][id] = true, true
		}
	}
	for _, m := range g.images {
		split := g.splitOf(m)
		for _, i := range [2]int{0, int(split) + 1} {
			all[i].Images++
			views[i][m.view]++
			sexes[i][m.sex]++
			ages[i].add(int(m.age))
		}
		patient(split, m.patient)
	}
	for _, s := range g.studies {
		all[0].Studies++
		all[s.split+1].Studies++
		patient(s.split, s.patient)
	}
	for i := range all {
		p := &all[i]
		p.Split = g.splitName(i)
		p.Patients = len(patients[i])
		p.Views, p.Sexes = counts(g.views, views[i]), counts(g.sexes, sexes[i])
		if g.kinds[Images] {
			ages[i].done()
			p.Ages = &ages[i]
		}
	}
	return g.inUse(all, func(p Population) int { return p.Images + p.Studies })
}

// splitOf is the split of an image, or of its study where the files say no more.
func (g *gatherer) splitOf(m image) uint8 {
	if m.split == 0 && m.study >= 0 {
		return g.studies[m.study].split
	}
	return m.split
}

func (g *gatherer) splitName(i int) string {
	switch i {
	case 0:
		return Whole
	case 1:
		return NoSplit
	}
	return g.splits.all[i-1]
}

// inUse leaves out the splits that have nothing, and puts what has no split
// last; where nothing has one, the whole is enough.
func (g *gatherer) inUse(all []Population, size func(Population) int) []Population {
	kept := all[:1:1]
	for _, p := range append(all[2:len(all):len(all)], all[1]) {
		if size(p) > 0 && !(p.Split == NoSplit && len(kept) == 1) {
			kept = append(kept, p)
		}
	}
	return kept
}

// counts lists what occurs, the most frequent first.
func counts(d dictionary, n []int) (all []Count) {
	for i, name := range d.all {
		if name != "" && n[i] > 0 {
			all = append(all, Count{name, n[i]})
		}
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Name, b.Name)) })
	return all
}

func (a *Ages) add(age int) {
	if age < 0 || age > oldest {
		a.Unknown++
		return
	}
	a.Known++
	a.years[age]++
}

func (a *Ages) done() {
	sum, seen := 0, 0
	at := func(quarter int) int { return (quarter*a.Known + 3) / 4 } // nearest rank
	for age, n := range a.years {
		if n == 0 {
			continue
		}
		if seen == 0 {
			a.Least = age
		}
		for _, q := range []struct {
			rank int
			age  *int
		}{{at(1), &a.Lower}, {at(2), &a.Median}, {at(3), &a.Upper}} {
			if seen < q.rank && q.rank <= seen+n {
				*q.age = age
			}
		}
		a.Greatest = age
		sum += age * n
		seen += n
		for len(a.Decades) <= age/10 {
			from := 10 * len(a.Decades)
			a.Decades = append(a.Decades, Count{Name: fmt.Sprintf("%d-%d", from, from+9)})
		}
		a.Decades[age/10].N += n
	}
	if a.Known > 0 {
		a.Mean = float64(sum) / float64(a.Known)
	}
}

// labelTables counts the labels of a source by split.
func (g *gatherer) labelTables(s *source) []LabelTable {
	n := len(g.dataset.Observations)
	all := make([]LabelTable, len(g.splits.all)+1)
	for i := range all {
		all[i] = LabelTable{Source: s.name, Level: s.level, Split: g.splitName(i), Prevalence: make([]Prevalence, n), CoOccurrence: make([][]int, n)}
		for o := range n {
			all[i].CoOccurrence[o] = make([]int, n)
		}
	}
	for i, row := range s.rows {
		if row.has {
			split := 0
			if s.level == ByImage {
				split = int(g.splitOf(g.images[i]))
			} else {
				split = int(g.studies[i].split)
			}
			all[split+1].add(row.labels)
		}
	}
	for i := range all[1:] {
		all[0].merge(&all[i+1])
	}
	kept := all[:1:1]
	for _, t := range append(all[2:len(all):len(all)], all[1]) {
		if t.Labelled > 0 && !(t.Split == NoSplit && len(kept) == 1) {
			kept = append(kept, t)
		}
	}
	return kept
}

func (t *LabelTable) add(l Labels) {
	t.Labelled++
	if l == 0 {
		t.AllBlank++
	}
	var positive [16]int
	n := 0
	for i := range t.Prevalence {
		p := &t.Prevalence[i]
		switch l.At(i) {
		case corpus.Positive:
			p.Positive++
			positive[n] = i
			n++
		case corpus.Negative:
			p.Negative++
		case corpus.Uncertain:
			p.Uncertain++
		default:
			p.Blank++
		}
	}
	for _, a := range positive[:n] {
		for _, b := range positive[:n] {
			t.CoOccurrence[a][b]++
		}
	}
}

func (t *LabelTable) merge(o *LabelTable) {
	t.Labelled += o.Labelled
	t.AllBlank += o.AllBlank
	for i, p := range o.Prevalence {
		q := &t.Prevalence[i]
		q.Positive += p.Positive
		q.Negative += p.Negative
		q.Uncertain += p.Uncertain
		q.Blank += p.Blank
		for j, n := range o.CoOccurrence[i] {
			t.CoOccurrence[i][j] += n
		}
	}
}

// checks counts what is in one file and not in another, and patients on both
// sides of a split.
func (g *gatherer) checks() (all []Check) {
	add := func(what string, n int) { all = append(all, Check{what, n}) }
	lacking := func(have, lack Kind, what string) {
		if !g.kinds[have] || !g.kinds[lack] {
			return
		}
		n := 0
		if kindOfStudy[lack] {
			for _, s := range g.studies {
				if s.kinds&kindBits[have] != 0 && s.kinds&kindBits[lack] == 0 {
					n++
				}
			}
		} else {
			for _, m := range g.images {
				if m.kinds&kindBits[have] != 0 && m.kinds&kindBits[lack] == 0 {
					n++
				}
			}
		}
		add(what, n)
	}
	lacking(Images, SplitList, "images in no list of a split")
	lacking(SplitList, Images, "images in a list without a row of labels")
	lacking(RecordList, SplitTable, "images of the record list without a split")
	lacking(RecordList, Metadata, "images of the record list without metadata")
	lacking(SplitTable, Metadata, "images with a split and without metadata")
	lacking(Metadata, SplitTable, "images with metadata and without a split")
	lacking(StudyList, StudyLabels, "studies of the study list without a row of labels")
	lacking(SplitTable, StudyLabels, "studies with a split and without a row of labels")
	lacking(StudyLabels, StudyList, "labelled studies that are not in the study list")
	for _, kind := range []Kind{StudyLabels, StudyList} {
		if !g.kinds[kind] || !(g.kinds[SplitTable] || g.kinds[RecordList] || g.kinds[Metadata]) {
			continue
		}
		n := 0
		for _, s := range g.studies {
			if s.kinds&kindBits[kind] != 0 && s.images == 0 {
				n++
			}
		}
		add(map[Kind]string{StudyLabels: "labelled studies without an image", StudyList: "studies of the study list without an image"}[kind], n)
	}
	if g.dataset == mimic && g.kinds[SplitTable] {
		n := 0
		for _, s := range g.studies {
			if s.splits > 1 {
				n++
			}
		}
		add("studies in more than one split", n)
	}
	first, leaks := map[uint32]uint8{}, map[uint32]bool{}
	in := func(patient uint32, split uint8) {
		if split == 0 || patient == 0 {
			return
		}
		if f, found := first[patient]; !found {
			first[patient] = split
		} else if f != split {
			leaks[patient] = true
		}
	}
	for _, m := range g.images {
		in(m.patient, g.splitOf(m))
	}
	for _, s := range g.studies {
		in(s.patient, s.split)
	}
	if len(first) > 0 {
		add("patients in more than one split", len(leaks))
	}
	if len(g.boxes) > 0 && g.kinds[Images] {
		unknown := map[uint64]bool{}
		for _, b := range g.boxes {
			for key := range b.images {
				if _, found := g.imageAt[key]; !found {
					unknown[key] = true
				}
			}
		}
		add("images with a box and without a row of labels", len(unknown))
	}
	return all
}

// kindOfStudy are the kinds with a row a study.
var kindOfStudy = map[Kind]bool{StudyList: true, StudyLabels: true, GroundTruth: true}
