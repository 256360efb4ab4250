package index

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// Fired is how often a rule or a cue fired.
type Fired struct {
	Mentions int // in all reports; a mention that counts for several observations is one
	Reports  int // that have one of them
}

// Firing counts, for every rule that found a mention and every cue that governs one,
// in the sections that are worth labelling. Rules and cues that never fired are
// not in it.
type Firing struct{ Rules, Cues map[string]Fired }

// Firing counts how often rules and cues fired in the reports of the index.
func (x *Index) Firing(ctx context.Context) (Firing, error) {
	rules, cues := counter{}, counter{}
	marks := make([][][2]int, x.records.len()) // of each sentence: rule and cue of each mention, by number
	read := make([]bool, len(marks))
	for row := range x.Reports() {
		if row%1024 == 0 && ctx.Err() != nil {
			return Firing{}, ctx.Err()
		}
		said := x.said.at(row)
		for i := range said.len() {
			s := said.at(i)
			if !read[s] {
				read[s], marks[s] = true, x.mentionsOf(int(s))
			}
			for _, m := range marks[s] {
				rules.count(m[0], row)
				cues.count(m[1], row)
			}
		}
	}
	return Firing{Rules: rules.named(x.manifest.Rules), Cues: cues.named(x.manifest.Cues)}, nil
}

// counter counts by number. last is the row that was counted last.
type counter []struct {
	Fired
	last int
}

func (c *counter) count(number, row int) {
	for len(*c) <= number {
		*c = append(*c, struct {
			Fired
			last int
		}{last: -1})
	}
	one := &(*c)[number]
	one.Mentions++
	if one.last != row {
		one.Reports++
		one.last = row
	}
}

func (c counter) named(names []string) map[string]Fired {
	all := map[string]Fired{}
	for i, one := range c {
		if one.Mentions > 0 && names[i] != "" {
			all[names[i]] = one.Fired
		}
	}
	return all
}

// mentionsOf gives the rule and the cue of every mention of a sentence, by number.
func (x *Index) mentionsOf(sentence int) (all [][2]int) {
	b := x.records.at(sentence)
	next := func() int {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return int(n)
	}
	next()
	b = b[next():]
	type mention struct {
		rule int
		span corpus.Span
	}
	var seen []mention
	for len(b) > 0 {
		b = b[2:]
		rule, cue := next(), next()
		m := mention{rule, corpus.Span{Start: next(), End: next()}}
		next()
		next()
		if !slices.Contains(seen, m) {
			seen, all = append(seen, m), append(all, [2]int{rule, cue})
		}
	}
	return all
}

// Texts gives all reports with their texts, to be labelled again, in the order in
// which the index has them. A report has Sections where split, the work of a
// segment.Splitter, does not find those that the index has: they came from the
// columns of a table. The error is that of the context, or a *DamageError.
func (x *Index) Texts(ctx context.Context, split func(text string) []corpus.Section) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		var block []byte
		for row := range x.Reports() {
			var err error
			if row%textsAtOnce == 0 {
				block, err = x.textBlock(row)
				err = cmp.Or(err, ctx.Err())
			}
			if err != nil {
				yield(corpus.Report{}, err)
				return
			}
			var t plainText
			t.text, t.starts, block = cutText(block)
			if !yield(x.reportAgain(row, t, split), nil) {
				return
			}
		}
	}
}

// plainText is a text with where its sentences begin.
type plainText struct {
	text   string
	starts []uint32
}

// reportAgain gives a report to be labelled again.
func (x *Index) reportAgain(row int, t plainText, split func(string) []corpus.Section) corpus.Report {
	r := corpus.Report{ID: string(x.ids.at(row)), Subject: string(x.subjects.at(row)), Study: string(x.studies.at(row)), Text: t.text}
	said := x.said.at(row)
	placed := make([]Placed, len(t.starts))
	for i, start := range t.starts {
		sentence := int(said.at(i))
		ends := placesOf(t.text, int(start), x.lengthOf(sentence))
		placed[i] = Placed{Section: x.sectionOf(sentence), Span: corpus.Span{Start: int(start), End: ends[len(ends)-1]}}
	}
	if !Agree(split(t.text), placed) {
		r.Sections = SectionsOf(placed)
	}
	return r
}

// lengthOf is how many bytes a sentence has.
func (x *Index) lengthOf(sentence int) int {
	b := x.records.at(sentence)
	_, size := binary.Uvarint(b)
	n, _ := binary.Uvarint(b[size:])
	return int(n)
}

// Agree reports whether every sentence stands in a section of its name.
func Agree(sections []corpus.Section, sentences []Placed) bool {
	return !slices.ContainsFunc(sentences, func(p Placed) bool {
		return !slices.ContainsFunc(sections, func(s corpus.Section) bool { return s.Name == p.Section && s.Span.Contains(p.Span) })
	})
}

// SectionsOf joins sentences that stand together in one section.
func SectionsOf(sentences []Placed) []corpus.Section {
	var all []corpus.Section
	for _, p := range sentences {
		if n := len(all); n > 0 && all[n-1].Name == p.Section {
			all[n-1].Span.End = p.Span.End
			continue
		}
		all = append(all, corpus.Section{Name: p.Section, Span: p.Span, Header: corpus.Span{Start: p.Span.Start, End: p.Span.Start}})
	}
	return all
}
