package index

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bits-and-blooms/bitset"

	"github.com/radlabel/radlabel/corpus"
)

// Match says which forms of a word a word of a query finds. In quotes it never
// finds synonyms.
type Match uint8

// The ways of matching words, from the widest.
const (
	Synonyms Match = iota // words that the rule set takes for the same, and all forms of each: PTX finds pneumothoraces
	Stems                 // all forms: effusion finds effusions
	Exact                 // the word as it is, in any case
)

// evaluation finds the reports of one query. Sets are of rows or of sentences, by
// their numbers.
type evaluation struct {
	ctx    context.Context
	x      *Index
	match  Match
	scores []float32 // by row; nil: nobody asks for them
	traces []trace
	query  string   // as written, for errors
	counts []uint16 // scratch, by row
}

// trace is a condition that a hit fulfils: what shows it in a sentence.
type trace struct {
	weight      float32
	sentences   *bitset.BitSet // that fulfil it; nil: see asserts
	asserts     *asserts
	phrase      []map[uint32]bool // words to mark where they follow one another; by number
	onlyMarking bool              // within same-sentence(...), whose sentences are known
}

// find gives the rows of the reports for which the query holds.
func (e *evaluation) find(q Query) (*bitset.BitSet, error) {
	if q.root == nil {
		return full(e.x.Reports()), nil
	}
	e.query = q.text
	return e.rows(q.root, true)
}

func full(n int) *bitset.BitSet {
	s := bitset.New(uint(n))
	return s.FlipRange(0, uint(n))
}

// combine works out AND, OR and NOT on sets of n, by way of each.
func combine(n node, size int, wanted bool, each func(node, bool) (*bitset.BitSet, error)) (*bitset.BitSet, error) {
	switch n := n.(type) {
	case noneOf:
		set, err := each(n.part, !wanted)
		if err != nil {
			return nil, err
		}
		return set.FlipRange(0, uint(size)), nil
	case allOf:
		return fold(n.parts, wanted, each, (*bitset.BitSet).InPlaceIntersection)
	case anyOf:
		return fold(n.parts, wanted, each, (*bitset.BitSet).InPlaceUnion)
	}
	return nil, fmt.Errorf("index: a node %T that combines nothing", n) // a mistake of this package
}

func fold(parts []node, wanted bool, each func(node, bool) (*bitset.BitSet, error), into func(a, b *bitset.BitSet)) (*bitset.BitSet, error) {
	set, err := each(parts[0], wanted)
	if err != nil {
		return nil, err
	}
	for _, p := range parts[1:] {
		next, err := each(p, wanted)
		if err != nil {
			return nil, err
		}
		into(set, next)
	}
	return set, nil
}

// rows gives the reports that a node holds for. What is not wanted (it stands under
// NOT) neither counts in the ranking nor is marked. The caller may change the set.
func (e *evaluation) rows(n node, wanted bool) (*bitset.BitSet, error) {
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case text:
		found, phrase, err := e.text(n)
		if err != nil {
			return nil, err
		}
		return e.said(found, wanted, trace{weight: float32(n.boost), sentences: found, phrase: phrase}), nil
	case withinSentence:
		found, err := e.sentences(n.part, wanted)
		if err != nil {
			return nil, err
		}
		return e.said(found, wanted, trace{weight: 2, sentences: found}), nil
	case asserts:
		set := e.labelled(n)
		if wanted {
			e.traces = append(e.traces, trace{weight: 1, asserts: &n})
		}
		return set, nil
	case tagged:
		if n.field == sectionField {
			return e.belonging(belongs(n)), nil
		}
		found, err := e.tagged(n)
		if err != nil {
			return nil, err
		}
		return e.said(found, wanted, trace{weight: 1, sentences: found}), nil
	case everything:
		return full(e.x.Reports()), nil
	case belongs:
		return e.belonging(n), nil
	case named:
		return e.named(n), nil
	case dated:
		return e.selected(func(row int) bool { d := e.x.dates.at(row); return d >= n.lo && d <= n.hi && d > 0 }), nil
	}
	return combine(n, e.x.Reports(), wanted, e.rows)
}

// sentences gives the sentences that a node holds for.
func (e *evaluation) sentences(n node, wanted bool) (*bitset.BitSet, error) {
	switch n := n.(type) {
	case text:
		found, phrase, err := e.text(n)
		if err == nil && wanted {
			e.traces = append(e.traces, trace{phrase: phrase, onlyMarking: true})
		}
		return found, err
	case asserts:
		if wanted {
			e.traces = append(e.traces, trace{asserts: &n, onlyMarking: true})
		}
		return e.asserted(n)
	case tagged:
		return e.tagged(n)
	case everything:
		return full(e.x.manifest.Sentences), nil
	}
	return combine(n, e.x.manifest.Sentences, wanted, e.sentences)
}

// asserted gives the sentences that say one of these assertions of an observation.
func (e *evaluation) asserted(n asserts) (*bitset.BitSet, error) {
	var tags, all []string
	for a := corpus.Negative; a <= corpus.Positive; a++ {
		tag := assertionTag(e.x.manifest.Observations[n.observation], a)
		all = append(all, tag)
		if n.any[a] {
			tags = append(tags, tag)
		}
	}
	set := bitset.New(uint(e.x.manifest.Sentences))
	if !n.any[corpus.Unmentioned] {
		return set, e.x.terms.having(e.ctx, tagField, tags, set)
	}
	err := e.x.terms.having(e.ctx, tagField, all, set)
	return set.FlipRange(0, uint(e.x.manifest.Sentences)), err
}

func (e *evaluation) tagged(n tagged) (*bitset.BitSet, error) {
	of := map[fieldKind]func(string) string{sectionField: sectionTag, ruleField: ruleTag, cueField: cueTag}[n.field]
	tags := make([]string, len(n.any))
	for i, name := range n.any {
		tags[i] = of(name)
	}
	set := bitset.New(uint(e.x.manifest.Sentences))
	return set, e.x.terms.having(e.ctx, tagField, tags, set)
}

// said gives the reports that say one of the sentences, and counts them for the
// ranking: the more of a report's sentences, and the rarer they are in all reports,
// the better (BM25, with a sentence in the place of a word).
func (e *evaluation) said(sentences *bitset.BitSet, wanted bool, t trace) *bitset.BitSet {
	if e.counts == nil {
		e.counts = make([]uint16, e.x.Reports())
	}
	clear(e.counts)
	for s := range sentences.EachSet() {
		by := e.x.sayers.at(int(s))
		for i := range by.len() {
			if n := &e.counts[by.at(i)]; *n < math.MaxUint16 {
				*n++
			}
		}
	}
	rows := bitset.New(uint(e.x.Reports()))
	words := rows.Words()
	said := 0
	for row, n := range e.counts {
		if n > 0 {
			words[row/64] |= 1 << (row % 64)
			said++
		}
	}
	if !wanted {
		return rows
	}
	n, total := float64(said), float64(e.x.Reports())
	t.weight *= float32(math.Log(1 + (total-n+0.5)/(n+0.5)))
	e.traces = append(e.traces, t)
	if e.scores != nil && t.weight > 0 {
		e.score(t.weight)
	}
	return rows
}

// score adds to the scores of the reports that were counted.
func (e *evaluation) score(weight float32) {
	const saturation = 1.2
	lengths := e.x.lengths()
	for row, count := range e.counts {
		if count > 0 {
			n := float32(count)
			e.scores[row] += weight * n * (saturation + 1) / (n + saturation*lengths[row])
		}
	}
}

// lengths says of each row how its report's number of sentences counts against it
// in the ranking; 1 is the usual number.
func (x *Index) lengths() []float32 {
	x.measuring.Do(func() {
		const counts = 0.75
		usual := float32(x.manifest.Occurrences) / float32(max(x.Reports(), 1))
		x.measured = make([]float32, x.Reports())
		start := uint32(0)
		for row := range x.measured {
			end := x.said.ends.at(row)
			x.measured[row] = 1 - counts + counts*float32(end-start)/max(usual, 1)
			start = end
		}
	})
	return x.measured
}

// labelled gives the reports that are labelled so.
func (e *evaluation) labelled(n asserts) *bitset.BitSet {
	count := e.x.Reports()
	labels := e.x.labels[n.observation*count : (n.observation+1)*count]
	set := bitset.New(uint(count))
	words := set.Words()
	for row, a := range labels {
		if n.any[a] {
			words[row/64] |= 1 << (row % 64)
		}
	}
	return set
}

func (e *evaluation) selected(keep func(row int) bool) *bitset.BitSet {
	set := bitset.New(uint(e.x.Reports()))
	for row := range e.x.Reports() {
		if keep(row) {
			set.Set(uint(row))
		}
	}
	return set
}

// belonging gives the reports that have a section, or are of a split or view.
func (e *evaluation) belonging(n belongs) *bitset.BitSet {
	switch n.field {
	case sectionField:
		return e.inSets(e.x.sections, e.x.manifest.SectionSets, n.any)
	case splitField:
		return e.inSets(e.x.splits, e.x.manifest.Splits, n.any)
	}
	return e.inSets(e.x.views, e.x.manifest.Views, n.any)
}

// inSets gives the reports whose set has one of the names.
func (e *evaluation) inSets(of numbers, sets [][]string, any []string) *bitset.BitSet {
	wanted := make([]bool, len(sets))
	for i, set := range sets {
		wanted[i] = slices.ContainsFunc(any, func(name string) bool { return slices.Contains(set, name) })
	}
	return e.selected(func(row int) bool { return wanted[of.at(row)] })
}

func (e *evaluation) named(n named) *bitset.BitSet {
	column := map[fieldKind]runs{idField: e.x.ids, subjectField: e.x.subjects, studyField: e.x.studies}[n.field]
	if n.one() {
		if strings.ContainsAny(n.lo, "*?") {
			return e.selected(func(row int) bool { id := string(column.at(row)); return id != "" && like(n.lo, id) })
		}
		return e.selected(func(row int) bool { return string(column.at(row)) == n.lo })
	}
	return e.selected(func(row int) bool {
		id := string(column.at(row))
		lo, hi := CompareIDs(id, n.lo), CompareIDs(id, n.hi)
		return id != "" && (n.lo == "" || lo > 0 || lo == 0 && !n.loOpen) && (n.hi == "" || hi < 0 || hi == 0 && !n.hiOpen)
	})
}

// CompareIDs brings ids into an order: the shorter first, so that numbers stand in
// theirs; ids of one length by their bytes.
func CompareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// text gives the sentences with a word, a phrase or a word like a pattern, and
// which words to mark in them.
func (e *evaluation) text(t text) (*bitset.BitSet, []map[uint32]bool, error) {
	set := bitset.New(uint(e.x.manifest.Sentences))
	var phrase []map[uint32]bool
	var err error
	switch {
	case t.pattern != "":
		phrase, err = e.pattern(t, set)
	case len(t.words) == 1:
		phrase, err = e.word(t, set)
	default:
		phrase, err = e.phrase(t, set)
	}
	if err == nil && t.section != "" {
		e.keep(set, func(s int) bool { return e.x.sectionOf(s) == t.section })
	}
	return set, phrase, err
}

// keep takes out of a set what is not to be kept.
func (e *evaluation) keep(set *bitset.BitSet, want func(int) bool) {
	for s := range set.EachSet() {
		if !want(int(s)) {
			set.Clear(s)
		}
	}
}

func (e *evaluation) pattern(t text, set *bitset.BitSet) ([]map[uint32]bool, error) {
	var like []string
	var err error
	if t.edits > 0 {
		like, err = e.x.terms.near(wordField, t.pattern, t.edits)
	} else {
		like, err = e.x.terms.like(wordField, t.pattern)
	}
	if err != nil {
		return nil, &QueryError{Query: e.query, Offset: t.offset, Length: t.length, What: "the pattern cannot be used: " + err.Error()}
	}
	marked := map[uint32]bool{}
	for _, w := range like {
		if n, ok := e.x.words.find(w); ok {
			marked[uint32(n)] = true
		}
	}
	return []map[uint32]bool{marked}, e.x.terms.having(e.ctx, wordField, like, set)
}

func (e *evaluation) word(t text, set *bitset.BitSet) ([]map[uint32]bool, error) {
	if e.match == Exact {
		return e.numbersOf(t.words), e.x.terms.having(e.ctx, wordField, t.words, set)
	}
	stem := stemOf(t.words[0])
	stems := []string{stem}
	if e.match == Synonyms && !t.quoted {
		for _, group := range e.x.synonyms[stem] {
			stems = append(stems, e.x.manifest.Synonyms[group]...)
		}
		slices.Sort(stems)
		stems = slices.Compact(stems)
	}
	return []map[uint32]bool{e.formsOf(stems)}, e.x.terms.having(e.ctx, stemField, stems, set)
}

// numbersOf gives the number of each word, in a set of its own.
func (e *evaluation) numbersOf(words []string) []map[uint32]bool {
	all := make([]map[uint32]bool, len(words))
	for i, w := range words {
		all[i] = map[uint32]bool{}
		if n, ok := e.x.words.find(w); ok {
			all[i][uint32(n)] = true
		}
	}
	return all
}

// formsOf gives the numbers of the words that have one of the stems.
func (e *evaluation) formsOf(stems []string) map[uint32]bool {
	forms := map[uint32]bool{}
	wanted := map[uint32]bool{}
	for _, s := range stems {
		if n, ok := e.x.stems.find(s); ok {
			wanted[uint32(n)] = true
		}
	}
	for w := range e.x.stemOf.len() {
		if wanted[e.x.stemOf.at(w)] {
			forms[uint32(w)] = true
		}
	}
	return forms
}

// phrase asks Bleve for the sentences that have all the words, and keeps those
// that have them one after the other.
func (e *evaluation) phrase(t text, set *bitset.BitSet) ([]map[uint32]bool, error) {
	column, field, words, numberOf := e.x.words, wordField, t.words, func(w uint32) uint32 { return w }
	if e.match != Exact {
		column, field, numberOf = e.x.stems, stemField, func(w uint32) uint32 { return e.x.stemOf.at(int(w)) }
		words = make([]string, len(t.words))
		for i, w := range t.words {
			words[i] = stemOf(w)
		}
	}
	wanted := make([]uint32, len(words))
	for i, w := range words {
		n, ok := column.find(w)
		if !ok {
			return nil, nil
		}
		wanted[i] = uint32(n)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(words)))
	if err := e.x.terms.havingAll(e.ctx, field, distinct, set); err != nil {
		return nil, err
	}
	e.keep(set, func(s int) bool { return follows(e.x.spoken.at(s), wanted, numberOf) })
	if e.match == Exact {
		return e.numbersOf(words), nil
	}
	phrase := make([]map[uint32]bool, len(words))
	for i, w := range words {
		phrase[i] = e.formsOf([]string{w})
	}
	return phrase, nil
}

// follows reports whether the numbers of the words stand one after the other.
func follows(spoken numbers, wanted []uint32, numberOf func(uint32) uint32) bool {
	for i := 0; i+len(wanted) <= spoken.len(); i++ {
		j := 0
		for j < len(wanted) && numberOf(spoken.at(i+j)) == wanted[j] {
			j++
		}
		if j == len(wanted) {
			return true
		}
	}
	return false
}
