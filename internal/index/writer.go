package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
)

// writer writes a generation: rows of reports and the sentences that they say.
type writer struct {
	path     string // of the generation
	opts     WriteOptions
	analyst  *analyst
	manifest manifest
	written  Written

	rows struct {
		ids, subjects, studies runsBuilder
		labels                 [][]byte // of each observation
		sections, splits       []uint32 // numbers of sets
		views, dates           []uint32
		hashes                 []byte
		said                   listsBuilder // sentences of each, in the order of the text
	}
	texts     *textWriter
	sentences struct {
		byKey   map[key]uint32
		keys    []byte
		records runsBuilder
		words   listsBuilder // numbers of words
	}
	vocabulary map[string]uint32
	wordTexts  []string // by number
	wordStems  []string
	terms      *termWriter
	lost       int  // reports that could not be read
	unchanged  bool // this generation is not needed: the one before has all there is, or nothing could be read

	ruleNumbers, cueNumbers, sectionNumbers map[string]uint32
	observations                            map[corpus.Observation]byte
	sets                                    map[string]uint32 // numbers of sets, by kind and members

	scratch struct {
		words    []word
		sections []string
	}
}

func newWriter(path string, a *analyst, opts WriteOptions) *writer {
	w := &writer{path: path, opts: opts, analyst: a, vocabulary: map[string]uint32{},
		ruleNumbers: map[string]uint32{}, cueNumbers: map[string]uint32{}, sectionNumbers: map[string]uint32{},
		observations: map[corpus.Observation]byte{}, sets: map[string]uint32{}}
	w.sentences.byKey = map[key]uint32{}
	m := &w.manifest
	m.Format, m.Version, m.Origin = formatNumber, opts.Version, originOf(a.labels, opts)
	m.Observations = a.labels.Observations()
	for i, o := range m.Observations {
		w.observations[o] = byte(i)
	}
	w.rows.labels = make([][]byte, len(m.Observations))
	set := a.labels.Rules()
	for i := range set.Rules {
		number(w.ruleNumbers, &m.Rules, set.Rules[i].ID)
	}
	number(w.cueNumbers, &m.Cues, "")
	for i := range set.Cues {
		number(w.cueNumbers, &m.Cues, set.Cues[i].ID)
	}
	for _, s := range set.Sections {
		number(w.sectionNumbers, &m.Sections, s.Name)
	}
	return w
}

// number gives a name's number, a new one where it has none.
func number(numbers map[string]uint32, names *[]string, name string) uint32 {
	n, ok := numbers[name]
	if !ok {
		n = uint32(len(*names))
		numbers[name], *names = n, append(*names, name)
	}
	return n
}

// numbered gives names with their numbers.
func numbered(names []string) ([]string, map[string]uint32) {
	numbers := make(map[string]uint32, len(names))
	for i, name := range names {
		numbers[name] = uint32(i)
	}
	return slices.Clone(names), numbers
}

// setNumber gives the number of a set of names of one kind.
func (w *writer) setNumber(kind string, sets *[][]string, names []string) uint32 {
	k := kind + "\x00" + strings.Join(names, "\x00")
	n, ok := w.sets[k]
	if !ok {
		n = uint32(len(*sets))
		w.sets[k], *sets = n, append(*sets, slices.Clone(names))
	}
	return n
}

// write writes the whole generation but for the manifest.
func (w *writer) write(ctx context.Context, old *Index, reports iter.Seq2[corpus.Report, error]) error {
	rebuilt := old != nil && !sameOrigin(old.manifest.Origin, w.manifest.Origin)
	w.written.Rebuilt = rebuilt
	if old != nil && !rebuilt {
		if err := w.inherit(old); err != nil {
			return err
		}
	}
	var err error
	if w.texts, err = newTextWriter(w.path); err != nil {
		return err
	}
	defer w.texts.discard()
	if w.terms, err = newTermWriter(filepath.Join(w.path, storeName(w.manifest.Stores))); err != nil {
		return err
	}
	failure := w.fill(ctx, old, reports)
	if failure != nil || w.unchanged {
		err = w.terms.abandon()
	} else {
		err = w.terms.close()
		w.manifest.Stores++
	}
	switch {
	case err != nil:
		return output.NotWritten(w.path, err)
	case failure != nil || w.unchanged:
		return failure
	}
	return w.finish()
}

// fill takes the reports of the stream, and what stays of the generation before.
func (w *writer) fill(ctx context.Context, old *Index, reports iter.Seq2[corpus.Report, error]) error {
	in := &intake{old: old, rebuilt: w.written.Rebuilt, opts: w.opts, seen: map[string]struct{}{}}
	if err := w.addAll(ctx, in, reports); err != nil {
		return err
	}
	read := w.rows.ids.len() > 0
	if old == nil {
		w.unchanged = !read && w.lost > 0
		return nil
	}
	w.unchanged = !in.rebuilt && !read
	if !w.unchanged && !in.rebuilt && w.manifest.Stores == 0 {
		if err := w.join(old); err != nil {
			return err
		}
	}
	return w.keep(in)
}

// sameOrigin reports whether labels and marks of two origins are the same for the
// same report. Which file labels came from is of no matter: a row's hash has them.
func sameOrigin(a, b Origin) bool {
	return a.RuleSet == b.RuleSet && a.Digest == b.Digest && a.Section == b.Section &&
		slices.Equal(a.Compat, b.Compat) && a.Except == b.Except && (a.Labels == "") == (b.Labels == "")
}

func storeName(i int) string { return fmt.Sprint("store-", i) }

// addAll adds what is new or changed.
func (w *writer) addAll(ctx context.Context, in *intake, reports iter.Seq2[corpus.Report, error]) error {
	for r := range w.analyst.analyseAll(ctx, in.needed(reports)) {
		var problem *corpus.Problem
		switch {
		case errors.As(r.problem, &problem):
			if problem.Lost {
				w.lost++
			}
			if w.opts.Problem != nil {
				w.opts.Problem(problem)
			}
			continue
		case r.problem != nil:
			return r.problem
		}
		if err := w.add(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// add adds a report that has been analysed.
func (w *writer) add(r analysed) error {
	rows := &w.rows
	if r.unread {
		w.written.Unlabelled++
	}
	rows.ids.addString(r.report.ID)
	rows.subjects.addString(r.report.Subject)
	rows.studies.addString(r.report.Study)
	for i := range rows.labels {
		rows.labels[i] = append(rows.labels[i], byte(r.labels[i]))
	}
	m := &w.manifest
	sections := w.scratch.sections[:0]
	starts := make([]uint32, len(r.sentences))
	for i := range r.sentences {
		s := &r.sentences[i]
		if len(sections) == 0 || sections[len(sections)-1] != s.section {
			sections = append(sections, s.section)
		}
		starts[i] = uint32(s.start)
		n, err := w.sentence(s)
		if err != nil {
			return err
		}
		rows.said.data = append(rows.said.data, n)
	}
	rows.said.end()
	slices.Sort(sections)
	sections = slices.Compact(sections)
	w.scratch.sections = sections
	rows.sections = append(rows.sections, w.setNumber("section", &m.SectionSets, sections))
	rows.splits = append(rows.splits, w.setNumber("split", &m.Splits, nonEmpty(r.about.Split)))
	rows.views = append(rows.views, w.setNumber("view", &m.Views, r.about.Views))
	rows.dates = append(rows.dates, r.about.Date)
	rows.hashes = append(rows.hashes, r.hash[:]...)
	m.TextBytes += int64(len(r.report.Text))
	return w.texts.add(r.report.Text, starts)
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// sentence gives a sentence's number; what is known of a new one is kept.
func (w *writer) sentence(s *sentence) (uint32, error) {
	if n, ok := w.sentences.byKey[s.key]; ok {
		return n, nil
	}
	n := uint32(len(w.sentences.byKey))
	w.sentences.byKey[s.key] = n
	w.sentences.keys = append(w.sentences.keys, s.key[:]...)
	w.record(s)

	w.scratch.words = wordsOf(w.scratch.words[:0], s.text)
	start := len(w.sentences.words.data)
	for _, word := range w.scratch.words {
		w.sentences.words.data = append(w.sentences.words.data, w.wordNumber(word.text))
	}
	w.sentences.words.end()
	return n, w.terms.add(w.document(n, w.sentences.words.data[start:], tagsOf(s.section, s.marks)))
}

// document is what Bleve is told of a sentence of these words, by their numbers.
func (w *writer) document(n uint32, words []uint32, tags []string) termDocument {
	d := termDocument{id: n, tags: []byte(strings.Join(tags, "\x00"))}
	for i, id := range words {
		if i > 0 {
			d.words, d.stems = append(d.words, 0), append(d.stems, 0)
		}
		d.words, d.stems = append(d.words, w.wordTexts[id]...), append(d.stems, w.wordStems[id]...)
	}
	return d
}

func (w *writer) wordNumber(text string) uint32 {
	n, ok := w.vocabulary[text]
	if !ok {
		n = uint32(len(w.wordTexts))
		text = strings.Clone(text)
		w.vocabulary[text] = n
		w.wordTexts, w.wordStems = append(w.wordTexts, text), append(w.wordStems, stemOf(text))
	}
	return n
}

// The tags of a sentence begin with what they are of.
func tagsOf(section string, marks []Mark) []string {
	tags := []string{sectionTag(section)}
	for _, m := range marks {
		tags = append(tags, ruleTag(m.Rule))
		if m.Cue != "" {
			tags = append(tags, cueTag(m.Cue))
		}
		if m.Assertion != corpus.Unmentioned {
			tags = append(tags, assertionTag(m.Observation, m.Assertion))
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func sectionTag(name string) string { return "section\x01" + name }
func ruleTag(id string) string      { return "rule\x01" + id }
func cueTag(id string) string       { return "cue\x01" + id }

func assertionTag(o corpus.Observation, a corpus.Assertion) string {
	return "observation\x01" + string(o) + "\x01" + a.String()
}

// record keeps section, text and marks of a sentence.
func (w *writer) record(s *sentence) {
	b := w.sentences.records.data
	b = binary.AppendUvarint(b, uint64(number(w.sectionNumbers, &w.manifest.Sections, s.section)))
	b = binary.AppendUvarint(b, uint64(len(s.text)))
	b = append(b, s.text...)
	for _, m := range s.marks {
		b = append(b, w.observations[m.Observation], byte(m.Assertion))
		for _, n := range []uint32{number(w.ruleNumbers, &w.manifest.Rules, m.Rule), number(w.cueNumbers, &w.manifest.Cues, m.Cue),
			uint32(m.Mention.Start), uint32(m.Mention.End), uint32(m.CueSpan.Start), uint32(m.CueSpan.End)} {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	w.sentences.records.data = b
	w.sentences.records.end()
}
