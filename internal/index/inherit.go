package index

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/radlabel/radlabel/internal/output"
)

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
