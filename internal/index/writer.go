package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
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
	unchanged  bool // the generation before has all there is: this one is not needed

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
	if w.terms, err = newTermWriter(filepath.Join(w.path, storeName(w.manifest.Stores))); err != nil {
		return err
	}
	in := &intake{old: old, rebuilt: rebuilt, opts: w.opts, seen: map[string]struct{}{}}
	failure := w.addAll(ctx, in, reports)
	w.unchanged = old != nil && !rebuilt && w.rows.ids.len() == 0
	if failure == nil && !w.unchanged && old != nil && !rebuilt && w.manifest.Stores == 0 {
		failure = w.join(old)
	}
	if failure == nil && old != nil {
		failure = w.keep(in)
	}
	if err := w.terms.close(); err != nil {
		return output.NotWritten(w.path, err)
	}
	if failure != nil {
		return failure
	}
	if w.unchanged {
		return nil
	}
	w.manifest.Stores++
	return w.finish()
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

// intake passes on the reports of a stream that have to be analysed.
type intake struct {
	old     *Index // nil: all have to be
	rebuilt bool
	opts    WriteOptions
	seen    map[string]struct{}
	stays   []bool // rows of old that are as they were
	gone    []bool // rows of old whose report has changed
	same    int
	changed int
}

func (in *intake) needed(reports iter.Seq2[corpus.Report, error]) iter.Seq[analysed] {
	if in.old != nil {
		in.stays = make([]bool, in.old.Reports())
		in.gone = make([]bool, in.old.Reports())
	}
	return func(yield func(analysed) bool) {
		for r, err := range reports {
			a := analysed{report: r, problem: err}
			if err == nil && !in.take(&a) {
				continue
			}
			if !yield(a) {
				return
			}
		}
	}
}

// take reports whether a report has to be analysed, or told as a problem.
func (in *intake) take(a *analysed) bool {
	id := a.report.ID
	if _, ok := in.seen[id]; ok {
		a.problem = &corpus.Problem{Place: a.report.Place, What: fmt.Sprintf("the id %q is that of an earlier report", id),
			Do: "the index has the first; give each report an id of its own", Lost: true}
		return true
	}
	in.seen[id] = struct{}{}
	if in.opts.Progress != nil {
		in.opts.Progress(len(in.seen))
	}
	if in.opts.Labels != nil {
		a.labels = in.opts.Labels(a.report)
	}
	a.hash = rowHash(a.report, a.labels, in.opts.Metadata[studyOf(a.report)])
	if in.old == nil {
		return true
	}
	row, ok := in.old.row(id)
	if !ok {
		return true
	}
	if !in.rebuilt && in.old.hashOf(row) == a.hash {
		in.stays[row] = true
		in.same++
		return false
	}
	in.gone[row] = true
	in.changed++
	return true
}

func studyOf(r corpus.Report) string {
	if r.Study != "" {
		return r.Study
	}
	return corpus.StudyOf(r.ID)
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
	meta := w.opts.Metadata[studyOf(r.report)]
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
	rows.splits = append(rows.splits, w.setNumber("split", &m.Splits, nonEmpty(meta.Split)))
	rows.views = append(rows.views, w.setNumber("view", &m.Views, meta.Views))
	rows.dates = append(rows.dates, meta.Date)
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

// textsAtOnce is how many reports are compressed together.
const textsAtOnce = 32

// textsName is the file of the compressed texts.
const textsName = "texts"

// textWriter keeps the texts of reports, with where their sentences begin.
type textWriter struct {
	file    *fileWriter
	encoder *zstd.Encoder
	plain   []byte
	reports int
	ends    []uint32 // of each block
	out     []byte
}

func newTextWriter(path string) (*textWriter, error) {
	f, err := createFile(path, textsName)
	if err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	return &textWriter{file: f, encoder: encoder}, err
}

func (t *textWriter) add(text string, starts []uint32) error {
	t.plain = binary.AppendUvarint(t.plain, uint64(len(starts)))
	for _, s := range starts {
		t.plain = binary.AppendUvarint(t.plain, uint64(s))
	}
	t.plain = binary.AppendUvarint(t.plain, uint64(len(text)))
	t.plain = append(t.plain, text...)
	if t.reports++; t.reports%textsAtOnce == 0 {
		return t.flush()
	}
	return nil
}

func (t *textWriter) flush() error {
	if len(t.plain) == 0 {
		return nil
	}
	t.out = t.encoder.EncodeAll(t.plain, t.out[:0])
	t.plain = t.plain[:0]
	if t.file.size+int64(len(t.out)) >= 1<<32 {
		return errors.New("the texts are more than an index holds (4 GiB, compressed); make several")
	}
	_, err := t.file.Write(t.out)
	t.ends = append(t.ends, uint32(t.file.size))
	if err != nil {
		return output.NotWritten(t.file.f.Name(), err)
	}
	return nil
}

// inherit takes the sentences and words of the generation before.
func (w *writer) inherit(old *Index) error {
	s := &w.sentences
	for i := range old.words.len() {
		w.wordNumber(string(old.words.at(i)))
	}
	s.keys = append(s.keys, old.keys...)
	for i := range old.records.len() {
		s.byKey[key(s.keys[16*i:16*i+16])] = uint32(i)
	}
	s.records = runsBuilder{old.records.ends.all(), bytes.Clone(old.records.data)}
	s.words = listsBuilder{old.spoken.ends.all(), old.spoken.data.all()}
	m := &w.manifest
	m.Rules, w.ruleNumbers = numbered(old.manifest.Rules)
	m.Cues, w.cueNumbers = numbered(old.manifest.Cues)
	m.Sections, w.sectionNumbers = numbered(old.manifest.Sections)
	if old.manifest.Stores >= mostStores {
		return nil // they become one: see join
	}
	for i := range old.manifest.Stores {
		if err := linkFolder(filepath.Join(old.path, storeName(i)), filepath.Join(w.path, storeName(i))); err != nil {
			return output.NotWritten(w.path, err)
		}
	}
	w.manifest.Stores = old.manifest.Stores
	return nil
}

// mostStores is how many stores of Bleve's an index has at most: every word is looked
// up in each.
const mostStores = 8

// join tells Bleve anew of the sentences of the generation before.
func (w *writer) join(old *Index) error {
	for i := range old.records.len() {
		s := old.record(i)
		if err := w.terms.add(w.document(uint32(i), old.spoken.at(i).all(), tagsOf(s.Section, s.Marks))); err != nil {
			return err
		}
	}
	return nil
}

// linkFolder gives the files of a folder, which never change, a place in another;
// where the file system has no links, it copies them.
func linkFolder(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if e.IsDir() {
			err = linkFolder(a, b)
		} else if err = os.Link(a, b); err != nil {
			err = copyFile(a, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// keep takes the rows of the generation before that are as they were.
func (w *writer) keep(in *intake) error {
	old := in.old
	w.written.New = w.rows.ids.len() - in.changed
	w.written.Changed, w.written.Same = in.changed, in.same
	w.written.Reports, w.written.Sentences = old.Reports(), old.manifest.Sentences
	for row := range old.Reports() {
		if in.gone[row] {
			continue
		}
		if !in.stays[row] {
			w.written.Kept++
		}
		if in.rebuilt || w.unchanged {
			continue // there is nothing to take, or nothing to take it for
		}
		if err := w.keepRow(old, row); err != nil {
			return err
		}
	}
	if in.rebuilt && w.written.Kept > 0 {
		return fmt.Errorf("the index was made by %s, and %d of its reports are not among those that were read, so that they cannot be labelled again; "+
			"give all reports, or build a new index without --update", old.manifest.Origin, w.written.Kept)
	}
	return nil
}

// String names the rule set, and what else labels depend on.
func (o Origin) String() string {
	s := fmt.Sprintf("rules %s %.12s, section %s", o.RuleSet, o.Digest, o.Section)
	if len(o.Compat) > 0 {
		s += ", compat " + strings.Join(o.Compat, ",")
	}
	if o.Except != "" {
		s += ", with exceptions"
	}
	if o.Labels != "" {
		s += ", labels of " + o.Labels
	}
	return s
}

func (w *writer) keepRow(old *Index, row int) error {
	rows, m := &w.rows, &w.manifest
	rows.ids.add(old.ids.at(row))
	rows.subjects.add(old.subjects.at(row))
	rows.studies.add(old.studies.at(row))
	for i := range rows.labels {
		rows.labels[i] = append(rows.labels[i], byte(old.label(i, row)))
	}
	rows.said.data = append(rows.said.data, old.said.at(row).all()...)
	rows.said.end()
	rows.sections = append(rows.sections, w.setNumber("section", &m.SectionSets, old.manifest.SectionSets[old.sections.at(row)]))
	rows.splits = append(rows.splits, w.setNumber("split", &m.Splits, old.manifest.Splits[old.splits.at(row)]))
	rows.views = append(rows.views, w.setNumber("view", &m.Views, old.manifest.Views[old.views.at(row)]))
	rows.dates = append(rows.dates, old.dates.at(row))
	hash := old.hashOf(row)
	rows.hashes = append(rows.hashes, hash[:]...)
	text, starts, err := old.text(row)
	if err != nil {
		return err
	}
	m.TextBytes += int64(len(text))
	return w.texts.add(text, starts)
}

// finish writes the columns that were collected.
func (w *writer) finish() error {
	m, rows := &w.manifest, &w.rows
	if err := w.texts.flush(); err != nil {
		return err
	}
	sum, err := w.texts.file.close()
	if err != nil {
		return err
	}
	m.Files = append(m.Files, sum)
	m.Reports, m.Sentences, m.Words = rows.ids.len(), len(w.sentences.byKey), len(w.wordTexts)
	m.Occurrences = len(rows.said.data)
	w.written.Reports, w.written.Sentences = m.Reports, m.Sentences
	if w.written.Same+w.written.Changed+w.written.Kept == 0 {
		w.written.New = m.Reports
	}
	if m.Synonyms, err = w.synonyms(); err != nil {
		return err
	}
	order := make([]int, m.Reports) // rows by id
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(rows.ids.at(a), rows.ids.at(b)) })
	byID := make([]uint32, m.Reports)
	for i, row := range order {
		byID[i] = uint32(row)
	}
	words, stems, stemOf := w.sortWords()
	columns := []column{
		{"ids", rows.ids}, {"subjects", rows.subjects}, {"studies", rows.studies}, {"by-id", byID},
		{"labels", slices.Concat(rows.labels...)}, {"sections", rows.sections}, {"splits", rows.splits}, {"views", rows.views},
		{"dates", rows.dates}, {"hashes", rows.hashes}, {"said", rows.said}, {"sayers", w.sayers()}, {"text-ends", w.texts.ends},
		{"keys", w.sentences.keys}, {"records", w.sentences.records}, {"spoken", w.sentences.words},
		{"words", words}, {"stems", stems}, {"stem-of", stemOf},
	}
	for i := range m.Stores {
		ids, err := w.storeIDs(i)
		if err != nil {
			return err
		}
		columns = append(columns, column{storeName(i) + "-ids", ids})
	}
	file, err := createFile(w.path, columnsName)
	if err != nil {
		return err
	}
	for _, c := range columns {
		start := file.size
		c.write(file)
		m.Columns = append(m.Columns, extent{c.name, start, file.size - start})
	}
	if sum, err = file.close(); err != nil {
		return err
	}
	m.Files = append(m.Files, sum)
	return nil
}

// storeIDs asks a store for its documents, and notes the sums of its files.
func (w *writer) storeIDs(i int) ([]uint32, error) {
	path := filepath.Join(w.path, storeName(i))
	sums, err := sumFiles(w.path, storeName(i))
	if err != nil {
		return nil, output.NotWritten(path, err)
	}
	w.manifest.Files = append(w.manifest.Files, sums...)
	store, err := openTerms(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read again: %w", path, err)
	}
	defer store.close()
	return store.documentIDs()
}

// sayers turns what reports say into who says each sentence, each report once.
func (w *writer) sayers() listsBuilder {
	said := w.rows.said
	ends := make([]uint32, len(w.sentences.byKey))
	last := make([]uint32, len(ends)) // the row that was counted last, plus 1
	visit := func(each func(sentence, row uint32)) {
		clear(last)
		start := uint32(0)
		for row, end := range said.ends {
			for _, s := range said.data[start:end] {
				if last[s] != uint32(row)+1 {
					last[s] = uint32(row) + 1
					each(s, uint32(row))
				}
			}
			start = end
		}
	}
	visit(func(s, _ uint32) { ends[s]++ })
	total := uint32(0)
	at := make([]uint32, len(ends))
	for i, n := range ends {
		at[i] = total
		total += n
		ends[i] = total
	}
	data := make([]uint32, total)
	visit(func(s, row uint32) { data[at[s]] = row; at[s]++ })
	return listsBuilder{ends, data}
}

// sortWords brings the words into order, in the sentences too, and gives them with
// their stems.
func (w *writer) sortWords() (words, stems runsBuilder, stemOf []uint32) {
	order := make([]uint32, len(w.wordTexts))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(w.wordTexts[a], w.wordTexts[b]) })
	place := make([]uint32, len(order))
	for i, old := range order {
		place[old] = uint32(i)
		words.addString(w.wordTexts[old])
	}
	for i, old := range w.sentences.words.data {
		w.sentences.words.data[i] = place[old]
	}
	distinct := slices.Clone(w.wordStems)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	for _, s := range distinct {
		stems.addString(s)
	}
	for _, old := range order {
		i, _ := slices.BinarySearch(distinct, w.wordStems[old])
		stemOf = append(stemOf, uint32(i))
	}
	return words, stems, stemOf
}

// synonyms are the stems of words that one rule takes for a mention each: "ptx" and
// "pneumothorax". Only a rule that is named after one of them says that they mean
// the same; others list what is alike in one respect (tubes and lines).
func (w *writer) synonyms() ([][]string, error) {
	set := w.analyst.labels.Rules()
	matcher, err := set.Compile()
	if err != nil {
		return nil, err
	}
	groups := make([][]string, len(set.Rules))
	var tokens []segment.Token
	var matches []rules.Match
	var tokenizer segment.Tokenizer
	for i, text := range w.wordTexts {
		tokens = tokenizer.Tokens(tokens[:0], text)
		matches = matcher.Match(matches[:0], tokens)
		for _, m := range matches {
			if m.Target.Kind == rules.RulePhrase && m.Start == 0 && m.End == len(tokens) {
				groups[m.Target.Index] = append(groups[m.Target.Index], w.wordStems[i])
			}
		}
	}
	var found [][]string
	for i, g := range groups {
		slices.Sort(g)
		rule := &set.Rules[i]
		name := rule.ID[strings.LastIndexByte(rule.ID, '.')+1:]
		g = slices.Compact(g)
		if len(g) > 1 && slices.Contains(g, stemOf(name)) && rule.Observation != set.Derived.Observation {
			found = append(found, g)
		}
	}
	return found, nil
}

// column is a column to write: bytes, numbers, runs or lists.
type column struct {
	name string
	data any
}

// write writes the column; the file keeps the error. What is of several strings or
// lists begins with their number and their ends.
func (c column) write(f *fileWriter) {
	var ends, numbers []uint32
	var raw []byte
	headed := true
	switch d := c.data.(type) {
	case []byte:
		raw, headed = d, false
	case []uint32:
		numbers, headed = d, false
	case runsBuilder:
		ends, raw = d.ends, d.data
	case listsBuilder:
		ends, numbers = d.ends, d.data
	}
	if headed {
		f.Write(appendNumbers(nil, []uint32{uint32(len(ends))}))
	}
	var part []byte
	for _, all := range [][]uint32{ends, numbers} {
		for some := range slices.Chunk(all, 1<<14) {
			part = appendNumbers(part[:0], some)
			f.Write(part)
		}
	}
	f.Write(raw)
	if len(raw) >= 1<<32 || len(numbers) >= 1<<32 {
		f.err = errors.New("more than an index holds (4 GiB in a column)")
	}
}
