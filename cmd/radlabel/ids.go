package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
)

// idsFlag takes some of the reports by their ids, such as those that a search has
// found.
type idsFlag struct {
	file string
	left map[string]bool // ids that no report had so far; nil: all reports are taken
	all  map[string]bool
	out  int // reports of the last stream that were not taken
}

func (f *idsFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "ids", "", "take only the reports whose ids this `file` has, one a line; - is standard input")
}

// load reads the ids, if there are to be any.
func (f *idsFlag) load(a *app, inputs []string) error {
	if f.file == "" {
		return nil
	}
	in := a.stdin
	if f.file == "-" {
		for _, path := range inputs {
			if path == "-" {
				return usagef("--ids - and the input - are both standard input; give one of them as a file")
			}
		}
	} else {
		file, err := os.Open(f.file)
		if err != nil {
			return &corpus.Problem{Place: corpus.Place{Path: f.file}, What: "the ids cannot be read", Do: "check the path"}
		}
		defer file.Close()
		in = file
	}
	f.all, f.left = map[string]bool{}, map[string]bool{}
	text, err := io.ReadAll(bufio.NewReader(in))
	if err != nil {
		return fmt.Errorf("%s: the ids cannot be read: %w", f.file, err)
	}
	for line := range strings.Lines(string(text)) {
		if id := strings.TrimSpace(line); id != "" {
			f.all[corpus.StudyOf(id)], f.left[corpus.StudyOf(id)] = true, true
		}
	}
	return nil
}

// has reports whether a report is one of those to take.
func (f *idsFlag) has(id string) bool {
	if f.all == nil {
		return true
	}
	id = corpus.StudyOf(id)
	delete(f.left, id)
	return f.all[id]
}

// of passes on the reports to take, and every problem.
func (f *idsFlag) of(reports iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	if f.all == nil {
		return reports
	}
	return func(yield func(corpus.Report, error) bool) {
		f.out = 0
		for r, err := range reports {
			if err == nil && !f.has(r.ID) {
				f.out++
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// warn tells of ids that are no report's.
func (f *idsFlag) warn(t *tally) {
	if len(f.left) > 0 {
		t.problem(&corpus.Problem{Place: corpus.Place{Path: f.file}, What: fmt.Sprintf("%s of it is no report's of the input", columns.Count(len(f.left), "id")),
			Do: "give the input that the ids are of"})
	}
}
