package index

import (
	"context"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
)

// Stats says what an index holds.
type Stats struct {
	Origin       Origin
	Version      string // of the program that wrote it
	Reports      int
	Sentences    int   // in all reports
	Distinct     int   // sentences, by text, section and mentions
	Unused       int   // distinct ones that no report says since updates
	Words        int   // distinct ones
	TextBytes    int64 // of the reports
	Bytes        int64 // of the index
	Stores       int   // of Bleve's: one, and one more for each update
	Facets       *Facets
	Synonyms     [][]string // stems
	Observations []corpus.Observation
}

// Stats counts what the index holds.
func (x *Index) Stats() Stats {
	m := x.manifest
	s := Stats{Origin: m.Origin, Version: m.Version, Reports: m.Reports, Sentences: m.Occurrences, Distinct: m.Sentences,
		Words: m.Words, TextBytes: m.TextBytes, Stores: m.Stores, Synonyms: m.Synonyms, Observations: m.Observations,
		Facets: x.facets(full(m.Reports))}
	for _, f := range m.Files {
		s.Bytes += f.Size
	}
	for i := range x.sayers.len() {
		if x.sayers.at(i).len() == 0 {
			s.Unused++
		}
	}
	return s
}

// Check looks whether all parts of an open index agree: every report's sentences
// stand in its text where they should, with their marks, and Bleve finds every
// sentence by its words. The error is a *DamageError.
func (x *Index) Check(ctx context.Context) error {
	for row := range x.Reports() {
		if row%textsAtOnce == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := x.checkRow(row); err != nil {
			return err
		}
	}
	return x.checkStores(ctx)
}

func (x *Index) damaged(format string, values ...any) error {
	return &DamageError{x.dir, fmt.Sprintf(format, values...)}
}

func (x *Index) checkRow(row int) error {
	text, starts, err := x.text(row)
	if err != nil {
		return err
	}
	said := x.said.at(row)
	if len(starts) != said.len() {
		return x.damaged("report %q has %d sentences and %d places", x.ids.at(row), said.len(), len(starts))
	}
	for i, start := range starts {
		n := int(said.at(i))
		if n >= x.manifest.Sentences {
			return x.damaged("report %q has a sentence that there is not", x.ids.at(row))
		}
		s := x.record(n)
		end := placesOf(text, int(start), len(s.Text))[len(s.Text)]
		if int(start) > len(text) || oneLine(text[start:end]) != s.Text {
			return x.damaged("a sentence of report %q is not in its text", x.ids.at(row))
		}
		for _, m := range s.Marks {
			if whole := (corpus.Span{End: len(s.Text)}); !whole.Contains(m.Mention) || !whole.Contains(m.CueSpan) {
				return x.damaged("a mention of report %q is not in its sentence", x.ids.at(row))
			}
		}
	}
	return nil
}

// checkStores asks Bleve for every word, and compares with the sentences.
func (x *Index) checkStores(ctx context.Context) error {
	want := make([]int, x.words.len())
	for s := range x.spoken.len() {
		numbers := x.spoken.at(s).all()
		slices.Sort(numbers)
		for _, w := range slices.Compact(numbers) {
			want[w]++
		}
	}
	for w := range want {
		set := full(0)
		if err := x.terms.having(ctx, wordField, []string{string(x.words.at(w))}, set); err != nil {
			return err
		}
		if got := int(set.Count()); got != want[w] {
			return x.damaged("the word %q is in %d sentences, and the store of words has %d", x.words.at(w), want[w], got)
		}
	}
	return nil
}
