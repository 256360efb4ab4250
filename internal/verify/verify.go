// Package verify holds a copy of a dataset against what its publishers say of it,
// and its files against each other and against the images and reports beside them.
//
// Run reads the tables once and joins their rows, image by image and study by
// study: a row that repeats or contradicts one before it is told at once. Then the
// counts are held against the published ones, files in the folders and members of
// archives against the rows, and what has no row or file where others have one is
// named. Last come checksums, and what could not be checked.
package verify

import (
	"context"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// FindingKind says what is wrong with a copy of a dataset.
type FindingKind string

// The kinds of findings.
const (
	WrongCount    FindingKind = "count"          // not the published one
	WrongID       FindingKind = "id"             // an id, a name or a path that does not parse
	WrongLabel    FindingKind = "label"          // a label that is none of the permitted values
	WrongValue    FindingKind = "value"          // another field that is not what it should be
	WrongRow      FindingKind = "row"            // a row that is none of the table
	Duplicate     FindingKind = "duplicate"      // an image, a study or a name a second time
	Contradiction FindingKind = "contradiction"  // two rows that cannot both be right
	SplitLeak     FindingKind = "split leak"     // a patient in two splits
	NoRow         FindingKind = "missing row"    // an image or a study that a table lacks
	MissingFile   FindingKind = "missing file"   // a listed image that is not there
	MissingReport FindingKind = "missing report" // a listed study whose report is not there
	ExtraFile     FindingKind = "extra file"     // an image or a report that is not listed
	EmptyFile     FindingKind = "empty file"
	UnlistedBox   FindingKind = "unlisted box" // a box of an image that is not listed
	WrongChecksum FindingKind = "checksum"
	PathForm      FindingKind = "path form" // of CheXpert's two, where a copy has both
	Absent        FindingKind = "absent"    // a part of the dataset that is not there, asked to be complete
)

// Finding is one thing that is wrong with a copy. A remark is no fault of the
// copy: it is in the published files, or can be.
type Finding struct {
	Kind   FindingKind
	Place  corpus.Place
	What   string
	Do     string
	Remark bool
}

// String gives "path:line: what is wrong; what to do".
func (f Finding) String() string {
	return (&corpus.Problem{Place: f.Place, What: f.What, Do: f.Do}).Error()
}

// Options say what a copy is held against.
type Options struct {
	Complete  bool                    // what is not there is a finding
	Checksums string                  // SHA256SUMS.txt; "" is none
	Tell      func(Finding)           // each as it is found
	Unread    func(*corpus.Problem)   // each file that cannot be read
	Progress  func(part, total int64) // of the checksums; may be nil
}

// Result is what was held against the published dataset, and what could
// not be because the copy does not have it.
type Result struct {
	Checked, NotChecked []string
}

// Run holds a copy of a dataset against what is published of it, and its
// files against each other. Paths are folders, tables and, of MIMIC-CXR,
// archives of reports. The tables are read once, and a second time only where
// rows lack something, to name them; memory grows by some thirty bytes an image
// and a study. The error is that of ctx.
func Run(ctx context.Context, d *dataset.Dataset, paths []string, opts Options) (*Result, error) {
	v := &verifier{
		Dataset: d, Options: opts, keys: d.Keys(), imageRow: -1, splits: map[string]int{},
		walked: map[walked]bool{}, seenIn: map[string]bool{}, reported: map[uint32]bool{}, roots: map[string]bool{},
	}
	if err := v.find(ctx, paths); err != nil {
		return nil, err
	}
	for i, f := range v.files {
		v.read(ctx, i, f)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	v.count(paths[0])
	v.walk(ctx)
	v.readArchives(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, p := range v.tableless { // a folder of images alone needs no tables
		if !v.seenIn[p.Place.Path] {
			v.Unread(p)
		}
	}
	v.lacking(ctx)
	if opts.Checksums != "" {
		if err := v.checksums(ctx, paths); err != nil {
			return nil, err
		}
	}
	v.absent(paths[0])
	return &Result{v.checked, v.notChecked}, ctx.Err()
}

// verifier joins ids, without labels.
type verifier struct {
	*dataset.Dataset
	Options
	keys dataset.Keys

	files     []*dataset.File
	tableless []*corpus.Problem // of folders without tables
	folders   []string          // to look for images and reports
	archives  []string          // of reports
	seenIn    map[string]bool   // folders that have images or reports

	parts    []part
	imageRow int // the part of studies that is a row of an image; -1: none yet
	images   entries
	studies  entries
	patients patients
	splits   map[string]int  // images
	reported map[uint32]bool // studies that have a report
	walked   map[walked]bool
	roots    map[string]bool // what paths of CheXpert's begin with
	root     string          // of the last row
	torn     bool            // a table could not be read to its end
	spoilt   bool            // an archive of reports could not

	checked    []string
	notThere   []string // splits
	notChecked []string // for want of what is not there, or could not be read
	passedOver []string // for reasons that are no fault of the copy
}

// walked is a split of which a part, image files, is there.
type walked struct {
	part  int
	split string
}
