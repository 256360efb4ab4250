package stats

import (
	"cmp"
	"fmt"
	"math/bits"
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
	for i := range all {
		views[i], sexes[i] = make([]int, len(g.views.all)), make([]int, len(g.sexes.all))
	}
	for i := range g.images {
		m := &g.images[i]
		for _, i := range [2]int{0, int(g.splitOf(m)) + 1} {
			all[i].Images++
			views[i][m.view]++
			sexes[i][m.sex]++
			ages[i].add(int(m.age))
		}
	}
	for i := range g.studies {
		all[0].Studies++
		all[g.studies[i].split+1].Studies++
	}
	for _, in := range g.patientSplits() {
		all[0].Patients++
		for ; in != 0; in &= in - 1 {
			all[bits.TrailingZeros64(in)+1].Patients++
		}
	}
	for i := range all {
		p := &all[i]
		p.Split = g.splitName(i)
		p.Views, p.Sexes = counts(g.views, views[i]), counts(g.sexes, sexes[i])
		if g.kinds[dataset.Images] {
			ages[i].done()
			p.Ages = &ages[i]
		}
	}
	return inUse(all, func(p Population) bool { return p.Images+p.Studies > 0 })
}

// patientSplits gives the splits of each patient, bit by bit.
func (g *gatherer) patientSplits() []uint64 {
	var patients dataset.Index
	var splits []uint64
	put := func(patient uint32, split uint8) {
		if patient == 0 {
			return
		}
		n, isNew := patients.Number(uint64(patient))
		if isNew {
			splits = append(splits, 0)
		}
		splits[n] |= 1 << split
	}
	for i := range g.images {
		put(g.images[i].patient, g.splitOf(&g.images[i]))
	}
	for i := range g.studies {
		put(g.studies[i].patient, g.studies[i].split)
	}
	return splits
}

// splitOf is the split of an image, or of its study where the files say no more.
func (g *gatherer) splitOf(m *image) uint8 {
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

// labelTables counts the labels of a source by split and, of images, by view
// within each. Labels of images count for their study with the strongest, and
// those of a study for each of its images.
func (g *gatherer) labelTables(s *source, level dataset.Level) (bySplit, byView []LabelTable) {
	if level == dataset.ByImage {
		cells := g.countImages(s)
		return g.margins(s, level, cells), g.viewTables(s, cells)
	}
	if !g.dataset.Studies {
		return nil, nil
	}
	if s.level == dataset.ByImage {
		s = g.byStudy(s)
	}
	cells := g.cells(1)
	for i, row := range s.rows {
		if row.has {
			g.cell(cells, g.studies[i].split, 0).add(row.labels)
		}
	}
	return g.margins(s, level, cells), nil
}

// countImages counts by split and view.
func (g *gatherer) countImages(s *source) [][]*LabelTable {
	cells := g.cells(len(g.views.all))
	for i := range g.images {
		m, at := &g.images[i], int32(i)
		if s.level == dataset.ByStudy {
			at = m.study
		}
		if at < 0 {
			continue
		}
		if row := s.at(at); row.has {
			g.cell(cells, g.splitOf(m), m.view).add(row.labels)
		}
	}
	return cells
}

// cells is a table of labels for each split and view; nil: nothing there.
func (g *gatherer) cells(views int) [][]*LabelTable {
	cells := make([][]*LabelTable, len(g.splits.all))
	for i := range cells {
		cells[i] = make([]*LabelTable, views)
	}
	return cells
}

func (g *gatherer) cell(cells [][]*LabelTable, split, view uint8) *LabelTable {
	if cells[split][view] == nil {
		cells[split][view] = newLabelTable(len(g.dataset.Observations))
	}
	return cells[split][view]
}

func newLabelTable(observations int) *LabelTable {
	t := &LabelTable{Prevalence: make([]Prevalence, observations), CoOccurrence: make([][]int, observations)}
	for o := range t.CoOccurrence {
		t.CoOccurrence[o] = make([]int, observations)
	}
	return t
}

// margins are the tables of the splits, whatever the view.
func (g *gatherer) margins(s *source, level dataset.Level, cells [][]*LabelTable) []LabelTable {
	all := make([]LabelTable, len(cells)+1)
	for i := range all {
		t := newLabelTable(len(g.dataset.Observations))
		for split, views := range cells {
			if i == 0 || i == split+1 {
				t.merge(views...)
			}
		}
		t.Source, t.Level, t.Split = s.name, level, g.splitName(i)
		all[i] = *t
	}
	if all[0].Labelled == 0 && s.level != level {
		return nil // none of its images or studies is known
	}
	return inUse(all, func(t LabelTable) bool { return t.Labelled > 0 })
}

// viewTables are the tables of the views, in the whole and in each split; none
// where no image has a view.
func (g *gatherer) viewTables(s *source, cells [][]*LabelTable) []LabelTable {
	if len(g.views.all) == 1 {
		return nil
	}
	all := make([][]LabelTable, len(cells)+1)
	for i := range all {
		for view, name := range g.views.all {
			t := newLabelTable(len(g.dataset.Observations))
			for split := range cells {
				if i == 0 || i == split+1 {
					t.merge(cells[split][view])
				}
			}
			t.Source, t.Level, t.Split, t.View = s.name, dataset.ByImage, g.splitName(i), cmp.Or(name, NoView)
			if t.Labelled > 0 {
				all[i] = append(all[i], *t)
			}
		}
		slices.SortFunc(all[i], func(a, b LabelTable) int { return cmp.Or(b.Labelled-a.Labelled, cmp.Compare(a.View, b.View)) })
	}
	return slices.Concat(inUse(all, func(tables []LabelTable) bool { return len(tables) > 0 })...)
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

// merge adds what other tables count; nil is nothing.
func (t *LabelTable) merge(others ...*LabelTable) {
	for _, o := range others {
		if o == nil {
			continue
		}
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
}
