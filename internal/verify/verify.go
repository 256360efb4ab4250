// Package verify holds a copy of a dataset against what its publishers say of it,
// and its files against each other and against the images and reports beside them.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
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
	Absent        FindingKind = "absent" // a part of the dataset that is not there, asked to be complete
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
		Dataset: d, Options: opts, keys: d.Keys(),
		images: newThings(), studies: newThings(), sides: map[uint32]side{},
		splits: map[string]int{}, walked: map[string]bool{}, seenIn: map[string]bool{}, reported: map[uint32]bool{},
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
	images   things
	studies  things
	sides    map[uint32]side // by patient
	splits   map[string]int  // images
	reported map[uint32]bool // studies that have a report
	walked   map[string]bool // splits of which there are image files
	torn     bool            // a table could not be read to its end
	spoilt   bool            // an archive of reports could not

	checked, notChecked []string
}

// part is what an image or a study must have one of: a row in the tables of a
// kind, a file, a report.
type part struct {
	name     string       // "row in the split", "image file (.jpg)"
	kind     dataset.Kind // of a table
	of       dataset.Level
	required bool // of all, not of some
	finding  FindingKind
	rows     int
}

// thing is what is known of an image or a study.
type thing struct {
	patient, study uint32
	split          string
	has            uint32 // bit by bit, the parts
	told           bool
}

// things are images or studies by a hash of their ids.
type things struct {
	at  map[uint64]int32
	all []thing
}

func newThings() things { return things{at: map[uint64]int32{}} }

// of gives the thing of a key, and whether it was known.
func (t *things) of(key uint64) (*thing, bool) {
	i, known := t.at[key]
	if !known {
		i = int32(len(t.all))
		t.at[key], t.all = i, append(t.all, thing{})
	}
	return &t.all[i], known
}

// get gives the thing of a key, or nil.
func (t *things) get(key uint64) *thing {
	if i, known := t.at[key]; known {
		return &t.all[i]
	}
	return nil
}

// side is the split that a patient was met in first.
type side struct {
	split  string
	file   int32
	line   int32
	leaked bool
}

// find tells tables, folders and archives apart.
func (v *verifier) find(ctx context.Context, paths []string) error {
	var tables []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			v.folders = append(v.folders, path)
			if v.Dataset == dataset.MIMIC && dataset.IsImages(info.Name()) {
				continue // its texts are reports, and many
			}
		case v.Dataset == dataset.MIMIC && isArchive(path):
			v.archives = append(v.archives, path)
			continue
		}
		tables = append(tables, path)
	}
	for _, path := range tables {
		found, err := dataset.Find(ctx, v.Dataset, []string{path})
		if found == nil {
			return err
		}
		v.files = append(v.files, found.Files...)
		for _, p := range problems(err) {
			if isFolder := slices.Contains(v.folders, path); isFolder && p.Place.Path == path {
				v.tableless = append(v.tableless, p)
				continue
			}
			v.Unread(p)
		}
	}
	kinds := v.Kinds()
	slices.SortStableFunc(v.files, func(a, b *dataset.File) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	return ctx.Err()
}

// problems are those that an error joins.
func problems(err error) (all []*corpus.Problem) {
	var p *corpus.Problem
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, problems(e)...)
		}
	} else if errors.As(err, &p) {
		all = append(all, p)
	}
	return all
}

// part gives the number of a part, which is that of its bit.
func (v *verifier) part(p part) int {
	i := slices.IndexFunc(v.parts, func(q part) bool { return q.name == p.name && q.of == p.of })
	if i < 0 {
		i = len(v.parts)
		v.parts = append(v.parts, p)
	}
	return i
}

// partOf is the part that the rows of a table are.
func (v *verifier) partOf(f *dataset.File) int {
	p := part{name: "row in the " + string(f.Kind), kind: f.Kind, of: dataset.ByImage, required: true, finding: NoRow}
	switch f.Kind {
	case dataset.Boxes, dataset.GroundTruth, dataset.Radiologist:
		p.required = false
	}
	switch f.Kind {
	case dataset.StudyList, dataset.StudyLabels, dataset.GroundTruth, dataset.Radiologist:
		p.of = dataset.ByStudy
	}
	if f.Kind == dataset.StudyLabels || f.Kind == dataset.Radiologist {
		p.name += " of " + f.Source
	}
	return v.part(p)
}

// read reads a table or a list.
func (v *verifier) read(ctx context.Context, number int, f *dataset.File) {
	at := v.partOf(f)
	rows := 0
	whole := true
	broken := func(err error) {
		rows++
		var p *corpus.Problem
		switch {
		case !errors.As(err, &p):
			return
		case p.Ends:
			rows--
			whole = false
			v.Unread(p)
		default:
			v.tellOf(WrongRow, p)
		}
	}
	for _, p := range f.Notes() {
		v.tellOf(WrongValue, p)
	}
	for r, err := range f.Rows(ctx) {
		if err != nil {
			broken(err)
			continue
		}
		rows++
		v.tellFaults(r)
		if r.Known() {
			v.join(number, at, &r.Record)
		}
	}
	v.parts[at].rows += rows
	if !whole {
		v.torn = true
		return
	}
	v.checked = append(v.checked, fmt.Sprintf("%s (%s, %s)", f.Kind, f.Path, columns.Count(rows, "row")))
	if want := v.Published.Rows[f.Kind]; want > 0 && rows != want {
		v.wrongCount(f.Path, "rows", rows, want)
	}
}

// tellOf tells a problem. One that loses nothing and that nothing can be done
// about, such as an age of 412 years, is a remark.
func (v *verifier) tellOf(kind FindingKind, p *corpus.Problem) {
	remark := !p.Lost && p.Do == ""
	do := ""
	if !remark {
		do = cmp.Or(p.Do, "get the table again")
	}
	v.Tell(Finding{Kind: kind, Place: p.Place, What: p.What, Do: do, Remark: remark})
}

// tellFaults tells what is wrong with the fields of a row.
func (v *verifier) tellFaults(r *dataset.Row) {
	for _, f := range r.Faults {
		kind := WrongValue
		switch f.Field {
		case dataset.ID:
			kind = WrongID
		case dataset.Label:
			kind = WrongLabel
		}
		v.tellOf(kind, f.Problem)
	}
}

// join holds a row against those before it.
func (v *verifier) join(number, at int, rec *dataset.Record) {
	f, p := v.files[number], v.parts[at]
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: what, Do: do})
	}
	if f.Kind == dataset.Boxes {
		if v.has(dataset.Images) && v.images.get(v.keys.Image(rec)) == nil {
			tell(UnlistedBox, "a box of the image "+corpus.Quote(rec.Image, 40)+", which no table of images lists", "get the tables again")
		}
		return
	}
	key := v.keys.Study(rec)
	name := "the study " + v.studyName(rec)
	if p.of == dataset.ByImage {
		key, name = v.keys.Image(rec), "the image "+corpus.Quote(rec.Image, 40)
	}
	things := v.thingsOf(p.of)
	if t := things.get(key); t != nil && t.has>>at&1 != 0 {
		tell(Duplicate, name+" has a row already", "keep one row")
	}
	var study *thing
	if rec.Study > 0 {
		var known bool
		study, known = v.studies.of(v.keys.Study(rec))
		if known && rec.Patient > 0 && study.patient > 0 && study.patient != rec.Patient {
			tell(Contradiction, fmt.Sprintf("the study %d is of the patient %d here and of %d in another row", rec.Study, rec.Patient, study.patient), "get the tables again")
		}
		if study.patient == 0 {
			study.patient = rec.Patient
		}
		if p.of == dataset.ByStudy {
			study.has |= 1 << at
		} else {
			study.has |= 1 << v.part(part{name: "row of an image", of: dataset.ByStudy, required: v.Dataset == dataset.MIMIC, finding: NoRow})
		}
	}
	if p.of == dataset.ByImage {
		image, known := things.of(key)
		if known && (image.patient != rec.Patient || image.study != rec.Study) {
			tell(Contradiction, name+" is of another patient or study in another row", "get the tables again")
		}
		if !known {
			image.patient, image.study = rec.Patient, rec.Study
		}
		if rec.Split != "" && image.split == "" {
			image.split = rec.Split
			v.splits[rec.Split]++
		}
		image.has |= 1 << at
	}
	patient := rec.Patient
	if patient == 0 && study != nil {
		patient = study.patient
	}
	if patient == 0 {
		return
	}
	s, known := v.sides[patient]
	switch {
	case !known || s.split == "":
		v.sides[patient] = side{split: rec.Split, file: int32(number), line: int32(rec.Line)}
	case rec.Split != "" && rec.Split != s.split && !s.leaked:
		tell(SplitLeak, fmt.Sprintf("the patient %d is in %s here and in %s %s", patient, rec.Split, s.split, v.placeOf(int(s.file), int(s.line), number)),
			"leave the patient out of one split")
		s.leaked = true
		v.sides[patient] = s
	}
}

func (v *verifier) studyName(rec *dataset.Record) string {
	if v.Dataset == dataset.MIMIC {
		return fmt.Sprint(rec.Study)
	}
	return fmt.Sprintf("%d of the patient %d", rec.Study, rec.Patient)
}

// placeOf names a row from another.
func (v *verifier) placeOf(file, line, from int) string {
	if file == from {
		return fmt.Sprintf("in line %d", line)
	}
	return fmt.Sprintf("in %s:%d", v.files[file].Path, line)
}

// has says whether there is a table of a kind.
func (v *verifier) has(kinds ...dataset.Kind) bool {
	return slices.ContainsFunc(v.files, func(f *dataset.File) bool { return slices.Contains(kinds, f.Kind) })
}

// hasImageRows says whether the tables list the images.
func (v *verifier) hasImageRows() bool {
	return v.has(dataset.Images, dataset.SplitList, dataset.SplitTable, dataset.Metadata, dataset.RecordList)
}

func (v *verifier) wrongCount(path, of string, have, want int) {
	do := "get what is missing"
	if have > want {
		do = "look for what was added"
	}
	v.Tell(Finding{
		Kind: WrongCount, Place: corpus.Place{Path: path},
		What: fmt.Sprintf("%s: %s, published are %s", of, columns.Thousands(have), columns.Thousands(want)), Do: do,
	})
}

// count holds splits and the whole against the published counts.
func (v *verifier) count(path string) {
	if v.torn {
		v.notChecked = append(v.notChecked, "counts of the whole: a table could not be read to its end")
		return
	}
	all := true
	for _, split := range v.Splits {
		n, want := v.splits[split], v.Published.Splits[split]
		switch {
		case n == 0:
			all = false
			if v.hasImageRows() {
				v.notChecked = append(v.notChecked, "images of the split "+split)
			}
		case want > 0 && n != want:
			v.wrongCount(path, "images in the split "+split, n, want)
		}
	}
	tables := func(kind dataset.Kind) bool { return v.has(kind) && v.Published.Rows[kind] == v.Published.Images }
	if !all && !slices.ContainsFunc([]dataset.Kind{dataset.Images, dataset.SplitTable, dataset.Metadata, dataset.RecordList}, tables) {
		return
	}
	for _, c := range []struct {
		of         string
		have, want int
	}{
		{"images", len(v.images.all), v.Published.Images},
		{"studies", len(v.studies.all), v.Published.Studies},
		{"patients", len(v.sides), v.Published.Patients},
	} {
		if c.want > 0 && c.have != c.want {
			v.wrongCount(path, c.of, c.have, c.want)
		}
	}
}

// lacking tells of each image and study that has no row, file or report where
// others have one. Only if there are any are the tables read again, for the
// lines.
func (v *verifier) lacking(ctx context.Context) {
	if v.torn {
		v.notChecked = append(v.notChecked, "what rows lack: a table could not be read to its end")
		return
	}
	lacks, left := make([]int, len(v.parts)), 0
	for _, of := range []dataset.Level{dataset.ByImage, dataset.ByStudy} {
		required := v.required(of)
		for _, t := range v.thingsOf(of).all {
			missing := v.missing(&t, of, required)
			if missing != 0 {
				left++
			}
			for ; missing != 0; missing &= missing - 1 {
				lacks[bits.TrailingZeros32(missing)]++
			}
		}
	}
	for _, f := range v.files {
		if left == 0 {
			return
		}
		if f.Kind == dataset.Boxes {
			continue
		}
		for r, err := range f.Rows(ctx) {
			if err != nil || !r.Known() {
				continue
			}
			rec := &r.Record
			if rec.Image != "" && v.lacks(f, rec, dataset.ByImage, v.images.get(v.keys.Image(rec)), lacks) {
				left--
			}
			if rec.Study > 0 && v.lacks(f, rec, dataset.ByStudy, v.studies.get(v.keys.Study(rec)), lacks) {
				left--
			}
			if left == 0 {
				return
			}
		}
	}
}

func (v *verifier) thingsOf(of dataset.Level) *things {
	if of == dataset.ByImage {
		return &v.images
	}
	return &v.studies
}

// required is the parts that every image or study must have.
func (v *verifier) required(of dataset.Level) (mask uint32) {
	for i, p := range v.parts {
		if p.of == of && p.required {
			mask |= 1 << i
		}
	}
	return mask
}

// missing is the parts that a thing does not have. A split of which there are no
// image files at all is not held against the folder.
func (v *verifier) missing(t *thing, of dataset.Level, required uint32) uint32 {
	missing := required &^ t.has
	if of == dataset.ByImage && v.Dataset == dataset.CheXpert && !v.walked[t.split] {
		for i, p := range v.parts {
			if p.finding == MissingFile {
				missing &^= 1 << i
			}
		}
	}
	return missing
}

// lacks tells, once, what the image or the study of a row lacks, if anything.
func (v *verifier) lacks(f *dataset.File, rec *dataset.Record, of dataset.Level, t *thing, total []int) bool {
	if t == nil || t.told {
		return false
	}
	missing := v.missing(t, of, v.required(of))
	if missing == 0 {
		return false
	}
	t.told = true
	name := "the study " + v.studyName(rec)
	if of == dataset.ByImage {
		name = "the image " + corpus.Quote(rec.Image, 40)
	}
	for ; missing != 0; missing &= missing - 1 {
		i := bits.TrailingZeros32(missing)
		p := v.parts[i]
		finding := Finding{Kind: p.finding, Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: name + " has no " + p.name}
		published := v.Published.Studies - v.Published.Rows[p.kind]
		switch {
		case p.kind == dataset.StudyLabels && p.rows == v.Published.Rows[dataset.StudyLabels] && total[i] == published:
			finding.Remark = true
			finding.What += fmt.Sprintf(", one of the %d that are published without", published)
		case p.finding == NoRow:
			finding.Do = "get the table again"
		default:
			finding.Do = "get the file, or leave out the row"
		}
		v.Tell(finding)
	}
	return true
}

// absent lists what the copy does not have.
func (v *verifier) absent(path string) {
	var all []string
	for _, kind := range v.Kinds() {
		if !v.has(kind) {
			all = append(all, string(kind))
		}
	}
	if !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingFile }) {
		all = append(all, "image files")
	}
	if v.Dataset == dataset.MIMIC && !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingReport }) {
		all = append(all, "reports")
	}
	v.notChecked = append(all, v.notChecked...)
	if v.Complete {
		for _, what := range v.notChecked {
			v.Tell(Finding{Kind: Absent, Place: corpus.Place{Path: path}, What: "not there: " + what, Do: "get it, or leave out --complete"})
		}
	}
	if v.Checksums == "" {
		v.notChecked = append(v.notChecked, "checksums")
	}
}
