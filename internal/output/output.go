// Package output writes labels to files: CSV in four layouts, JSON lines with
// the evidence of every label, and Parquet. The same labels give the same
// bytes, whatever the number of workers.
//
// Two parts work together: a Writer turns results into bytes (New picks it
// from the file name), and a File holds the bytes back under a temporary name
// until all of them are on the disk (Create, Commit, Abort).
package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// Layout is the order and naming of the columns of a CSV.
type Layout string

// The layouts. Default has id and the observations in the order of the rule
// set; Studies has subject_id,study_id in place of id. MIMIC is the layout of
// MIMIC-CXR's label files: subject_id,study_id and the observations in
// alphabetical order. CheXpert is the published labeler's: the text of the
// report under Reports, then the observations in the order of the rule set. NIH is
// ChestX-ray14's: id and Finding Labels, the positive ones of its diseases;
// NIHStudies has subject_id,study_id in place of id.
const (
	Default    Layout = "default"
	Studies    Layout = "studies"
	MIMIC      Layout = "mimic"
	CheXpert   Layout = "chexpert-labeler"
	NIH        Layout = "nih"
	NIHStudies Layout = "nih studies"
)

// Layouts are the layouts that a user can name, the default first.
func Layouts() []Layout { return []Layout{Default, MIMIC, CheXpert, NIH} }

// OfStudies gives the layout for a corpus whose reports have subject and study.
func (l Layout) OfStudies() Layout {
	switch l {
	case Default:
		return Studies
	case NIH:
		return NIHStudies
	}
	return l
}

// Missing gives the observations that the layout has a place for and the rule set
// lacks: then labels cannot be written in it.
func (l Layout) Missing(observations []corpus.Observation) []corpus.Observation {
	if l != NIH && l != NIHStudies {
		return nil
	}
	return slices.DeleteFunc(corpus.Diseases(), func(o corpus.Observation) bool { return slices.Contains(observations, o) })
}

// Header says what made the labels. JSON lines carry it in their first line,
// Parquet in its metadata. It must not hold anything that may differ between
// two runs that give the same labels (time, workers, paths).
type Header struct {
	Tool         string               `json:"tool"`
	Version      string               `json:"version"`
	RuleSet      string               `json:"ruleset"`
	Digest       string               `json:"digest"`
	Observations []corpus.Observation `json:"observations"`
	Options      Options              `json:"options"`
}

// Options are the options that the labels depend on.
type Options struct {
	Section    string   `json:"section"`
	Exceptions int      `json:"exceptions,omitempty"` // how many reports the user's file of exceptions names
	Compat     []string `json:"compat,omitempty"`     // the published labeler's conventions that were kept
}

// Writer writes results, one after another. Flush brings them to the stream
// below. Close completes the form of the output (it does not close the stream
// below) and must be called once.
type Writer interface {
	Write(labeler.Result) error
	Flush() error
	Close() error
}

// Format is a form of output with its compression.
type Format struct {
	Kind        string // "csv", "jsonl" or "parquet"
	Compression string // "", "gz" or "zst"
}

// HasEvidence reports whether there is room for more than labels: their evidence, or why
// they are blank.
func (f Format) HasEvidence() bool { return f.Kind == "jsonl" }

// ParseName tells the format from a file name; "-" (standard output) is CSV.
// The error names the endings that are known.
func ParseName(name string) (Format, error) {
	if name == "-" {
		return Format{Kind: "csv"}, nil
	}
	rest, f := strings.ToLower(name), Format{}
	for _, c := range []string{"gz", "zst"} {
		if cut, ok := strings.CutSuffix(rest, "."+c); ok {
			rest, f.Compression = cut, c
			break
		}
	}
	for _, kind := range []string{"csv", "jsonl", "parquet"} {
		if strings.HasSuffix(rest, "."+kind) {
			f.Kind = kind
		}
	}
	if f.Kind == "" || f.Kind == "parquet" && f.Compression != "" {
		return Format{}, fmt.Errorf("%s: unknown kind of output; name it .csv, .jsonl or .parquet (.csv and .jsonl may end in .gz or .zst)", name)
	}
	return f, nil
}

// New gives the writer of a format to w. The layout is for CSV alone.
func New(w io.Writer, f Format, layout Layout, h Header) (Writer, error) {
	w, packed, err := compress(w, f)
	if err != nil {
		return nil, err
	}
	var out Writer
	switch f.Kind {
	case "csv":
		out = newCSV(w, layout, h.Observations)
	case "jsonl":
		out = newJSONL(w, h)
	case "parquet":
		p, err := newParquet(w, h)
		if err != nil {
			return nil, err
		}
		out = p
	default:
		return nil, fmt.Errorf("output format %q: want csv, jsonl or parquet", f.Kind)
	}
	if packed != nil {
		out = &compressed{Writer: out, packed: packed}
	}
	return out, nil
}

// packer compresses what is written to it.
type packer interface {
	io.WriteCloser
	Flush() error
}

// compress puts the compressor of a format, which is nil without one, before w.
func compress(w io.Writer, f Format) (io.Writer, packer, error) {
	switch f.Compression {
	case "gz":
		z := gzip.NewWriter(w)
		return z, z, nil
	case "zst":
		// One goroutine: the bytes must not depend on how writes are cut.
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z, z, err
	}
	return w, nil, nil
}

// packedRows is how many rows are compressed until what was written so far is
// made readable by itself. A count of rows, and not of seconds, gives the same
// bytes each time. It costs a part in a hundred of the size.
const packedRows = 1024

// compressed closes the compressor after the writer that feeds it, and flushes
// both after every packedRows rows.
type compressed struct {
	Writer
	packed packer
	rows   int
}

func (c *compressed) Write(r labeler.Result) error {
	if err := c.Writer.Write(r); err != nil {
		return err
	}
	if c.rows++; c.rows%packedRows > 0 {
		return nil
	}
	if err := c.Writer.Flush(); err != nil {
		return err
	}
	return c.packed.Flush()
}

// Flush does nothing: when it is called must not be seen in the bytes.
func (c *compressed) Flush() error { return nil }

func (c *compressed) Close() error {
	if err := c.Writer.Close(); err != nil {
		return err
	}
	return c.packed.Close()
}

// alphabetical gives, for each column in alphabetical order, the index of its
// observation.
func alphabetical(observations []corpus.Observation) []int {
	order := make([]int, len(observations))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return strings.Compare(string(observations[a]), string(observations[b]))
	})
	return order
}
