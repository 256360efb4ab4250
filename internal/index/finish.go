package index

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

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
	columns, err := w.columns()
	if err != nil {
		return err
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

// columns are all that go into one file.
func (w *writer) columns() ([]column, error) {
	m, rows := &w.manifest, &w.rows
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
			return nil, err
		}
		columns = append(columns, column{storeName(i) + "-ids", ids})
	}
	return columns, nil
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
