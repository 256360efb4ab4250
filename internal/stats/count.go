package stats

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// populations counts what is in the splits. Here and in the tables of labels, 0 is
// the whole, and i+1 the split i of the dictionary, whose first is no split.
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
		if g.kinds[dataset.Images] {
			ages[i].done()
			p.Ages = &ages[i]
		}
	}
	return inUse(all, func(p Population) bool { return p.Images+p.Studies > 0 })
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
func inUse[T any](all []T, has func(T) bool) []T {
	kept := all[:1:1]
	for _, one := range all[2:] {
		if has(one) {
			kept = append(kept, one)
		}
	}
	if noSplit := all[1]; has(noSplit) && len(kept) > 1 {
		kept = append(kept, noSplit)
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
	if age < 0 || age > dataset.OldestAge {
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
			if s.level == dataset.ByImage {
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
	return inUse(all, func(t LabelTable) bool { return t.Labelled > 0 })
}

func (t *LabelTable) add(l dataset.Labels) {
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
