package index

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/bits-and-blooms/bitset"

	"github.com/radlabel/radlabel/corpus"
)

// Options say which hits a search gives, and with what.
type Options struct {
	Limit   int    // most hits; 0 gives none, only their number; negative: all
	Offset  int    // hits to pass over first
	Sort    string // one of Sorts; "" is "relevance"
	Match   Match
	Facets  bool
	Context int  // sentences given before and after the best one
	IDsOnly bool // hits have ids, subject and study alone
	Full    bool // Search gives whole reports too
}

// Sorts are the orders of hits. With - before one, it runs the other way. Hits that
// are alike in it stand in the order of their ids.
func Sorts() []string { return []string{"relevance", "id", "subject", "date", "length"} }

// Results are what a search found.
type Results struct {
	Total     int
	Hits      []Hit
	Documents []Document // of the hits, where they are asked for
	Facets    *Facets    // nil: not asked for
}

// Hit is a report that was found.
type Hit struct {
	ID, Subject, Study string
	Split              string
	Views              []string
	Date               uint32             // 21500131; 0 is unknown
	Labels             []corpus.Assertion // in the order of Observations
	Score              float32            // the more the better; 0 where the query ranks nothing
	Best               Sentence           // the sentence that shows best why
	Before, After      []Sentence         // the sentences around it
}

// Sentence is a sentence of a report. Text is one line: a run of blanks or line
// ends is one blank. It may hold what a terminal or a page would act on.
type Sentence struct {
	Section string
	Text    string
	Marks   []Mark        // in bytes of Text
	Words   []corpus.Span // of words that the query asks for, in bytes of Text, in order
	Asked   []bool        // of each mark: whether the query asks for it; nil: for none
}

// Facets count the hits by what they are. A report counts once in each count.
type Facets struct {
	Labels   [][4]int // by Observation, then Assertion
	Sections []Count  // that the reports have
	Splits   []Count
	Views    []Count
}

// Count is a value with how many hits have it, the most frequent first.
type Count struct {
	Value string
	Hits  int
}

// Search finds the reports that a query of this index asks for.
func (x *Index) Search(ctx context.Context, q Query, opts Options) (Results, error) {
	found, err := x.find(ctx, q, opts)
	if err != nil {
		return Results{}, err
	}
	r := Results{Total: int(found.set.Count())}
	if opts.Facets {
		r.Facets = x.facets(found.set)
	}
	for _, row := range found.order() {
		hit, err := found.hit(row), ctx.Err()
		if opts.Full && err == nil {
			var d Document
			d, err = found.document(row, hit)
			r.Documents = append(r.Documents, d)
		}
		if err != nil {
			return r, err
		}
		r.Hits = append(r.Hits, hit)
	}
	return r, nil
}

// Hits gives the hits of a search one by one, for those who ask for many.
func (x *Index) Hits(ctx context.Context, q Query, opts Options) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		found, err := x.find(ctx, q, opts)
		if err != nil {
			yield(Hit{}, err)
			return
		}
		for _, row := range found.order() {
			hit, err := found.hit(row), ctx.Err()
			if !yield(hit, err) || err != nil {
				return
			}
		}
	}
}

// found is a set of reports with all that tells how to show them.
type found struct {
	*evaluation
	opts Options
	set  *bitset.BitSet
}

func (x *Index) find(ctx context.Context, q Query, opts Options) (*found, error) {
	key, _ := strings.CutPrefix(opts.Sort, "-")
	if key != "" && !slices.Contains(Sorts(), key) {
		return nil, fmt.Errorf("the order %q is not known; use %s", opts.Sort, strings.Join(Sorts(), ", "))
	}
	e := &evaluation{ctx: ctx, x: x, match: opts.Match}
	if opts.Limit != 0 && (key == "" || key == "relevance") {
		e.scores = make([]float32, x.Reports())
	}
	set, err := e.find(q)
	return &found{e, opts, set}, err
}

// order gives the rows of the hits that are asked for.
func (f *found) order() []int {
	if f.opts.Limit == 0 {
		return nil
	}
	most := int(f.set.Count())
	if f.opts.Limit > 0 {
		most = min(most, f.opts.Offset+f.opts.Limit)
	}
	compare := f.comparison()
	best := &bestRows{before: compare}
	for place := range f.x.byID.len() {
		row := int(f.x.byID.at(place))
		if !f.set.Test(uint(row)) {
			continue
		}
		one := ranked{row, place}
		switch {
		case best.Len() < most:
			best.rows = append(best.rows, one)
			if best.Len() == most {
				heap.Init(best)
			}
		case compare == nil:
			return f.page(best.rows)
		case best.order(one, best.rows[0]) < 0:
			best.rows[0] = one
			heap.Fix(best, 0)
		}
	}
	return f.page(best.rows)
}

// page leaves out the rows before the offset.
func (f *found) page(rows []ranked) []int {
	best := bestRows{before: f.comparison()}
	slices.SortFunc(rows, best.order)
	rows = rows[min(max(f.opts.Offset, 0), len(rows)):]
	all := make([]int, len(rows))
	for i, r := range rows {
		all[i] = r.row
	}
	return all
}

// comparison tells which of two rows comes first, apart from their ids; nil: the
// ids alone do.
func (f *found) comparison() func(a, b int) int {
	key, back := strings.CutPrefix(f.opts.Sort, "-")
	var compare func(a, b int) int
	switch key {
	case "", "relevance":
		if f.scores == nil {
			return nil
		}
		compare = func(a, b int) int { return cmp.Compare(f.scores[b], f.scores[a]) }
	case "id":
		if !back {
			return nil
		}
		compare = func(a, b int) int { return bytes.Compare(f.x.ids.at(a), f.x.ids.at(b)) }
	case "subject":
		compare = func(a, b int) int { return bytes.Compare(f.x.subjects.at(a), f.x.subjects.at(b)) }
	case "date":
		compare = func(a, b int) int { return cmp.Compare(f.x.dates.at(a), f.x.dates.at(b)) }
	case "length":
		compare = func(a, b int) int { return cmp.Compare(f.x.said.at(a).len(), f.x.said.at(b).len()) }
	}
	if back {
		forward := compare
		compare = func(a, b int) int { return forward(b, a) }
	}
	return compare
}

// ranked is a row with its place in the order of ids.
type ranked struct{ row, place int }

// bestRows is a heap of rows with the last of them on top.
type bestRows struct {
	rows   []ranked
	before func(a, b int) int
}

func (b *bestRows) order(x, y ranked) int {
	if b.before != nil {
		if c := b.before(x.row, y.row); c != 0 {
			return c
		}
	}
	return cmp.Compare(x.place, y.place)
}

func (b *bestRows) Len() int           { return len(b.rows) }
func (b *bestRows) Less(i, j int) bool { return b.order(b.rows[i], b.rows[j]) > 0 }
func (b *bestRows) Swap(i, j int)      { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] }
func (b *bestRows) Push(any)           {} // rows are only replaced
func (b *bestRows) Pop() any           { return nil }

// hit gives a row as a hit.
func (f *found) hit(row int) Hit {
	x := f.x
	h := x.report(row)
	if f.scores != nil {
		h.Score = f.scores[row]
	}
	if f.opts.IDsOnly {
		return Hit{ID: h.ID, Subject: h.Subject, Study: h.Study, Score: h.Score}
	}
	said := x.said.at(row)
	if said.len() == 0 {
		return h
	}
	best := f.best(said)
	h.Best = f.marked(int(said.at(best)))
	n := max(f.opts.Context, 0)
	for i := max(0, best-n); i < min(said.len(), best+n+1); i++ {
		switch {
		case i < best:
			h.Before = append(h.Before, f.marked(int(said.at(i))))
		case i > best:
			h.After = append(h.After, f.marked(int(said.at(i))))
		}
	}
	return h
}

// report gives what is known of a report but for its text.
func (x *Index) report(row int) Hit {
	m := x.metadata(row)
	h := Hit{ID: string(x.ids.at(row)), Subject: string(x.subjects.at(row)), Study: string(x.studies.at(row)),
		Split: m.Split, Views: m.Views, Date: m.Date}
	h.Labels = make([]corpus.Assertion, len(x.manifest.Observations))
	for i := range h.Labels {
		h.Labels[i] = x.label(i, row)
	}
	return h
}

func (x *Index) metadata(row int) Metadata {
	m := Metadata{Views: x.manifest.Views[x.views.at(row)], Date: x.dates.at(row)}
	if split := x.manifest.Splits[x.splits.at(row)]; len(split) > 0 {
		m.Split = split[0]
	}
	return m
}

// best gives the place of the sentence that fulfils most of the query, the first of
// equally good ones; where the query is of no sentence, of the one that asserts most.
func (f *found) best(said numbers) int {
	best, most := 0, float32(-1)
	for i := range said.len() {
		s := int(said.at(i))
		score := float32(0)
		marks := f.x.record(s).Marks
		for _, t := range f.traces {
			switch {
			case t.onlyMarking:
			case t.sentences != nil && t.sentences.Test(uint(s)):
				score += 1 + t.weight
			case t.asserts != nil && slices.ContainsFunc(marks, func(m Mark) bool { return t.asserts.asks(f.x, m) }):
				score += 1 + t.weight
			}
		}
		for _, m := range marks {
			score += float32(m.Assertion) / 1000
		}
		if score > most {
			best, most = i, score
		}
	}
	return best
}

// asks reports whether a mark is of what is asked for.
func (a *asserts) asks(x *Index, m Mark) bool {
	return m.Observation == x.manifest.Observations[a.observation] && a.any[m.Assertion] && m.Assertion != corpus.Unmentioned
}

// marked gives a sentence with what the query asks for in it.
func (f *found) marked(sentence int) Sentence {
	s := f.x.record(sentence)
	for i, m := range s.Marks {
		for _, t := range f.traces {
			if t.asserts != nil && t.asserts.asks(f.x, m) {
				if s.Asked == nil {
					s.Asked = make([]bool, len(s.Marks))
				}
				s.Asked[i] = true
			}
		}
	}
	spoken := f.x.spoken.at(sentence)
	hit := make([]bool, spoken.len())
	any := false
	for _, t := range f.traces {
		n := len(t.phrase)
		for i := 0; n > 0 && i+n <= len(hit); i++ {
			j := 0
			for j < n && t.phrase[j][spoken.at(i+j)] {
				j++
			}
			for k := range j {
				if j == n {
					hit[i+k], any = true, true
				}
			}
		}
	}
	if !any {
		return s
	}
	for i, w := range wordsOf(nil, s.Text) {
		if hit[i] {
			s.Words = append(s.Words, w.Span)
		}
	}
	return s
}

// Synonyms are groups of words that one rule takes for the same. Each stands for all
// its forms: it is the first of them in the index.
func (x *Index) Synonyms() [][]string {
	first := map[string]string{}
	for w := range x.words.len() {
		stem := string(x.stems.at(int(x.stemOf.at(w))))
		if _, ok := first[stem]; !ok {
			first[stem] = string(x.words.at(w))
		}
	}
	groups := make([][]string, len(x.manifest.Synonyms))
	for i, stems := range x.manifest.Synonyms {
		for _, stem := range stems {
			if word, ok := first[stem]; ok {
				groups[i] = append(groups[i], word)
			}
		}
	}
	return groups
}

// sectionOf is the name of the section that a sentence stands in.
func (x *Index) sectionOf(sentence int) string {
	n, shift := 0, 0
	for _, c := range x.records.at(sentence) {
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			break
		}
		shift += 7
	}
	return x.manifest.Sections[n]
}

// facets counts a set of reports.
func (x *Index) facets(set *bitset.BitSet) *Facets {
	rows := set.AsSlice(make([]uint, set.Count()))
	f := &Facets{Labels: make([][4]int, len(x.manifest.Observations))}
	for i := range f.Labels {
		labels := x.labels[i*x.Reports() : (i+1)*x.Reports()]
		// Most labels are the same: two counters in turn do not wait for each other.
		var counts [2][4]int
		for j, row := range rows {
			counts[j%2][labels[row]&3]++
		}
		for a := range f.Labels[i] {
			f.Labels[i][a] = counts[0][a] + counts[1][a]
		}
	}
	f.Sections = countSets(rows, x.sections, x.manifest.SectionSets)
	f.Splits = countSets(rows, x.splits, x.manifest.Splits)
	f.Views = countSets(rows, x.views, x.manifest.Views)
	return f
}

func countSets(rows []uint, of numbers, sets [][]string) []Count {
	bySet := make([]int, len(sets))
	for _, row := range rows {
		bySet[of.at(int(row))]++
	}
	byName := map[string]int{}
	for i, n := range bySet {
		for _, name := range sets[i] {
			byName[name] += n
		}
	}
	var all []Count
	for name, n := range byName {
		if n > 0 {
			all = append(all, Count{name, n})
		}
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Hits, a.Hits), cmp.Compare(a.Value, b.Value)) })
	return all
}

// Document is a whole report of the index.
type Document struct {
	Hit
	Text      string
	Sentences []Placed // in the order of the text
}

// Placed is a sentence where it stands. Its marks are in bytes of the report's text.
type Placed struct {
	Section string
	Text    string // one line, as that of a Sentence
	Span    corpus.Span
	Marks   []Mark
	Words   []corpus.Span // that a query asks for
}

// Document gives a whole report with its marks, and those of a query. ok is false
// where there is no report of this id.
func (x *Index) Document(ctx context.Context, id string, q Query, match Match) (d Document, ok bool, err error) {
	row, ok := x.row(id)
	if !ok {
		return d, false, nil
	}
	f, err := x.find(ctx, q, Options{Match: match})
	if err != nil {
		return d, true, err
	}
	d, err = f.document(row, f.hit(row))
	return d, true, err
}

// document gives the whole report of a hit.
func (f *found) document(row int, hit Hit) (Document, error) {
	text, starts, err := f.x.text(row)
	d := Document{Hit: hit, Text: text}
	for i, start := range starts {
		sentence := int(f.x.said.at(row).at(i))
		d.Sentences = append(d.Sentences, placed(text, int(start), f.marked(sentence)))
	}
	return d, err
}

// Documents gives every report of the index, in the order in which they were read.
func (x *Index) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		var block []byte
		for row := range x.Reports() {
			if row%textsAtOnce == 0 {
				var err error
				if block, err = x.textBlock(row); err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(Document{}, err)
					return
				}
			}
			d := Document{Hit: x.report(row)}
			var starts []uint32
			d.Text, starts, block = cutText(block)
			for i, start := range starts {
				d.Sentences = append(d.Sentences, placed(d.Text, int(start), x.record(int(x.said.at(row).at(i)))))
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// placed puts a sentence into the text of a report, where it starts.
func placed(text string, start int, s Sentence) Placed {
	places := placesOf(text, start, len(s.Text))
	put := func(span corpus.Span) corpus.Span {
		return corpus.Span{Start: places[span.Start], End: places[span.End]}
	}
	p := Placed{Section: s.Section, Text: s.Text, Span: put(corpus.Span{End: len(s.Text)}), Marks: s.Marks}
	for i := range p.Marks {
		m := &p.Marks[i]
		m.Mention = put(m.Mention)
		if m.Cue != "" {
			m.CueSpan = put(m.CueSpan)
		}
	}
	for _, w := range s.Words {
		p.Words = append(p.Words, put(w))
	}
	return p
}
