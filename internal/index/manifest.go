package index

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
)

const (
	manifestName = "index.radlabel"
	lockName     = "lock"
	generationOf = "generation-" // begins the name of the folder of a generation
	formatNumber = 1
)

// Origin is what the labels and marks of an index come from.
type Origin struct {
	RuleSet string   `json:"ruleset"`
	Digest  string   `json:"digest"`
	Section string   `json:"section"`              // what the labels of reports are read from
	Compat  []string `json:"compat,omitempty"`     // conventions of the published labeler that were kept
	Except  string   `json:"exceptions,omitempty"` // digest of the user's exceptions
	Labels  string   `json:"labels,omitempty"`     // file of the reports' labels, where the rules did not give them
}

// manifest says what an index is. It is the one file of it that is replaced.
type manifest struct {
	Format     int    `json:"format"`
	Version    string `json:"version"` // of the program
	Generation string `json:"generation"`
	Origin     Origin `json:"origin"`

	Observations []corpus.Observation `json:"observations"`
	Rules        []string             `json:"rules"`    // ids, by the number that marks have
	Cues         []string             `json:"cues"`     // so too; the first is ""
	Sections     []string             `json:"sections"` // names, by the number that sentences have
	Synonyms     [][]string           `json:"synonyms"` // stems of words that one rule takes for the same

	SectionSets [][]string `json:"section_sets"` // the sections that reports have
	Splits      [][]string `json:"splits"`
	Views       [][]string `json:"views"`

	Reports     int       `json:"reports"`
	Occurrences int       `json:"occurrences"` // sentences, each as often as reports say it
	Sentences   int       `json:"sentences"`   // distinct ones
	Words       int       `json:"words"`       // distinct ones
	TextBytes   int64     `json:"text_bytes"`
	Stores      int       `json:"stores"` // of Bleve's
	Columns     []extent  `json:"columns"`
	Files       []fileSum `json:"files"`
}

// columnsName is the file of all columns but the texts.
const columnsName = "columns"

// extent is where a column lies in its file, in bytes.
type extent struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

// fileSum is a file of a generation as it was written.
type fileSum struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Sum  uint32 `json:"crc32c"`
}

// DamageError is an index that is not as it was written.
type DamageError struct {
	Dir  string
	What string
}

// Error says what is wrong and how to mend it.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: the index is damaged: %s; build it again with radlabel index INPUT... --index %s", e.Dir, e.What, e.Dir)
}

// errNoIndex is a folder without an index.
var errNoIndex = errors.New("no index")

// NoIndex reports whether an error is that of a folder without an index.
func NoIndex(err error) bool { return errors.Is(err, errNoIndex) }

func firstLine(sum uint32) string { return fmt.Sprintf("radlabel index %d %08x\n", formatNumber, sum) }

// loadManifest reads the manifest of a folder.
func loadManifest(dir string) (*manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w in this folder; make one with radlabel index INPUT... --index %s", dir, errNoIndex, dir)
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read: %w", dir, err)
	}
	line, body, _ := bytes.Cut(b, []byte{'\n'})
	var format int
	var sum uint32
	if _, err := fmt.Sscanf(string(line), "radlabel index %d %x", &format, &sum); err != nil {
		return nil, &DamageError{dir, manifestName + " does not begin as it should"}
	}
	if format != formatNumber {
		return nil, fmt.Errorf("%s: the index is of format %d, and this version of radlabel reads %d; build it again with radlabel index INPUT... --index %s",
			dir, format, formatNumber, dir)
	}
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, &DamageError{dir, manifestName + " is not as it was written"}
	}
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, &DamageError{dir, manifestName + ": " + err.Error()}
	}
	return &m, nil
}

// commit puts the manifest into place, and with it the generation that it names.
func (m *manifest) commit(dir string) error {
	body, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	f, err := output.Create(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := io.WriteString(f, firstLine(crc32.Checksum(body, castagnoli))); err != nil {
		return err
	}
	if _, err := f.Write(body); err != nil {
		return err
	}
	return f.Commit()
}

// checkFile compares a file with its checksum. The error is that of a file that may
// be whole and cannot be opened.
func checkFile(dir string, want fileSum) (what string, err error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(want.Name)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return want.Name + " is lacking", nil
	case err != nil:
		return "", fmt.Errorf("%s: cannot be read: %w", dir, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() != want.Size {
		return fmt.Sprintf("%s has %d bytes in place of %d", want.Name, info.Size(), want.Size), nil
	}
	got, err := sumOf(f)
	switch {
	case err != nil:
		return fmt.Sprintf("%s cannot be read: %v", want.Name, err), nil
	case got != want.Sum:
		return want.Name + " has other bytes than were written", nil
	}
	return "", nil
}

func sumOf(r io.Reader) (uint32, error) {
	sum := crc32.New(castagnoli)
	_, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{r}, make([]byte, 1<<20))
	return sum.Sum32(), err
}

// sumFiles gives the files below a folder of a generation with their checksums.
func sumFiles(generation, folder string) ([]fileSum, error) {
	var all []fileSum
	err := filepath.WalkDir(filepath.Join(generation, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		sum, err := sumOf(f)
		if err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		name, err := filepath.Rel(generation, path)
		all = append(all, fileSum{filepath.ToSlash(name), info.Size(), sum})
		return err
	})
	return all, err
}

// sweep removes generations that the manifest does not name: those of writers
// that did not end, and the one before. A reader keeps what it has open.
func sweep(dir, keep string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), generationOf) && e.Name() != keep {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
