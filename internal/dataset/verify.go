package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
	"os"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
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

// VerifyOptions say what a copy is held against.
type VerifyOptions struct {
	Complete  bool                    // what is not there is a finding
	Checksums string                  // SHA256SUMS.txt; "" is none
	Tell      func(Finding)           // each as it is found
	Unread    func(*corpus.Problem)   // each file that cannot be read
	Progress  func(part, total int64) // of the checksums; may be nil
}

// Verification is what was held against the published dataset, and what could
// not be because the copy does not have it.
type Verification struct {
	Checked, NotChecked []string
}

// Verify holds a copy of a dataset against what is published of it, and its
// files against each other. Paths are folders, tables and, of MIMIC-CXR,
// archives of reports. The tables are read once, and a second time only where
// rows lack something, to name them; memory grows by some thirty bytes an image
// and a study. The error is that of ctx.
func Verify(ctx context.Context, d *Dataset, paths []string, opts VerifyOptions) (*Verification, error) {
	v := &verifier{
		Dataset: d, VerifyOptions: opts, seed: maphash.MakeSeed(),
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
	return &Verification{v.checked, v.notChecked}, ctx.Err()
}

// verifier joins ids, without labels.
type verifier struct {
	*Dataset
	VerifyOptions
	seed maphash.Seed

	files     []*File
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
	name     string // "row in the split", "image file (.jpg)"
	kind     Kind   // of a table
	of       Level
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
			if v.Dataset == mimic && ofImages(info.Name()) {
				continue // its texts are reports, and many
			}
		case v.Dataset == mimic && isArchive(path):
			v.archives = append(v.archives, path)
			continue
		}
		tables = append(tables, path)
	}
	for _, path := range tables {
		found, err := Find(ctx, v.Dataset, []string{path})
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
	slices.SortStableFunc(v.files, func(a, b *File) int { return v.order(a.Kind) - v.order(b.Kind) })
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
func (v *verifier) partOf(f *File) int {
	p := part{name: "row in the " + string(f.Kind), kind: f.Kind, of: ByImage, required: true, finding: NoRow}
	switch f.Kind {
	case Boxes, GroundTruth, Radiologist:
		p.required = false
	}
	switch f.Kind {
	case StudyList, StudyLabels, GroundTruth, Radiologist:
		p.of = ByStudy
	}
	if f.Kind == StudyLabels || f.Kind == Radiologist {
		p.name += " of " + f.Source
	}
	return v.part(p)
}

// read reads a table or a list.
func (v *verifier) read(ctx context.Context, number int, f *File) {
	at := v.partOf(f)
	rows := 0
	whole := true
	broken := func(err error) {
		rows++
		var p *corpus.Problem
		switch {
		case !errors.As(err, &p):
			return
		case endsReading(p):
			rows--
			whole = false
			v.Unread(p)
		case f.table == nil:
			v.tellOf(WrongID, p)
		default:
			v.tellOf(WrongRow, p)
		}
	}
	if f.table == nil {
		for rec, err := range f.names(ctx) {
			if err != nil {
				broken(err)
				continue
			}
			rows++
			v.join(number, at, rec)
		}
	} else {
		for _, p := range f.blankColumns() {
			v.tellOf(WrongValue, p)
		}
		for r, err := range ahead(ctx, f.rows) {
			if err != nil {
				broken(err)
				continue
			}
			rows++
			if v.fields(r) {
				v.join(number, at, &r.rec)
			}
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

// endsReading says whether a file, not one of its rows, could not be read.
func endsReading(p *corpus.Problem) bool {
	return strings.HasPrefix(p.What, "reading ends here") || strings.HasPrefix(p.What, "cannot be read")
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

// fields tells what is wrong with the fields of a row, and whether its ids are
// good all the same.
func (v *verifier) fields(r *row) bool {
	good := true
	for _, p := range r.wrong {
		kind := WrongValue
		name := ""
		if p.column >= 0 {
			name = strings.ToLower(strings.TrimSpace(r.table.Header[p.column]))
		}
		switch name {
		case "finding labels", "finding label":
			kind = WrongLabel
		case "image index", "patient id", "path", "study", "subject_id", "study_id", "dicom_id":
			kind = WrongID
			good = good && !p.Lost
		default:
			if slices.Contains(r.labels, p.column) && p.column >= 0 {
				kind = WrongLabel
			}
		}
		v.tellOf(kind, p.Problem)
	}
	return good
}

// imageKey is a hash of the name of an image, of CheXpert's with its split.
func (v *verifier) imageKey(rec *Record) uint64 {
	if v.Dataset == cheXpert {
		return maphash.String(v.seed, rec.Split+"/"+rec.Image)
	}
	return maphash.String(v.seed, rec.Image)
}

func (v *verifier) studyKey(rec *Record) uint64 {
	if v.Dataset == mimic {
		return uint64(rec.Study)
	}
	return uint64(rec.Patient)<<32 | uint64(rec.Study)
}

// join holds a row against those before it.
func (v *verifier) join(number, at int, rec *Record) {
	f, p := v.files[number], v.parts[at]
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: what, Do: do})
	}
	if f.Kind == Boxes {
		if v.has(Images) && v.images.get(v.imageKey(rec)) == nil {
			tell(UnlistedBox, "a box of the image "+quoted(rec.Image)+", which no table of images lists", "get the tables again")
		}
		return
	}
	key := v.studyKey(rec)
	name := "the study " + v.studyName(rec)
	if p.of == ByImage {
		key, name = v.imageKey(rec), "the image "+quoted(rec.Image)
	}
	things := v.thingsOf(p.of)
	if t := things.get(key); t != nil && t.has>>at&1 != 0 {
		tell(Duplicate, name+" has a row already", "keep one row")
	}
	var study *thing
	if rec.Study > 0 {
		var known bool
		study, known = v.studies.of(v.studyKey(rec))
		if known && rec.Patient > 0 && study.patient > 0 && study.patient != rec.Patient {
			tell(Contradiction, fmt.Sprintf("the study %d is of the patient %d here and of %d in another row", rec.Study, rec.Patient, study.patient), "get the tables again")
		}
		if study.patient == 0 {
			study.patient = rec.Patient
		}
		if p.of == ByStudy {
			study.has |= 1 << at
		} else {
			study.has |= 1 << v.part(part{name: "row of an image", of: ByStudy, required: v.Dataset == mimic, finding: NoRow})
		}
	}
	if p.of == ByImage {
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

func (v *verifier) studyName(rec *Record) string {
	if v.Dataset == mimic {
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
func (v *verifier) has(kinds ...Kind) bool {
	return slices.ContainsFunc(v.files, func(f *File) bool { return slices.Contains(kinds, f.Kind) })
}

// hasImageRows says whether the tables list the images.
func (v *verifier) hasImageRows() bool {
	return v.has(Images, SplitList, SplitTable, Metadata, RecordList)
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
	tables := func(kind Kind) bool { return v.has(kind) && v.Published.Rows[kind] == v.Published.Images }
	if !all && !slices.ContainsFunc([]Kind{Images, SplitTable, Metadata, RecordList}, tables) {
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
	for _, of := range []Level{ByImage, ByStudy} {
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
		if f.Kind == Boxes {
			continue
		}
		for rec, err := range f.again(ctx) {
			if err != nil {
				continue
			}
			if rec.Image != "" && v.lacks(f, rec, ByImage, v.images.get(v.imageKey(rec)), lacks) {
				left--
			}
			if rec.Study > 0 && v.lacks(f, rec, ByStudy, v.studies.get(v.studyKey(rec)), lacks) {
				left--
			}
			if left == 0 {
				return
			}
		}
	}
}

func (v *verifier) thingsOf(of Level) *things {
	if of == ByImage {
		return &v.images
	}
	return &v.studies
}

// required is the parts that every image or study must have.
func (v *verifier) required(of Level) (mask uint32) {
	for i, p := range v.parts {
		if p.of == of && p.required {
			mask |= 1 << i
		}
	}
	return mask
}

// missing is the parts that a thing does not have. A split of which there are no
// image files at all is not held against the folder.
func (v *verifier) missing(t *thing, of Level, required uint32) uint32 {
	missing := required &^ t.has
	if of == ByImage && v.Dataset == cheXpert && !v.walked[t.split] {
		for i, p := range v.parts {
			if p.finding == MissingFile {
				missing &^= 1 << i
			}
		}
	}
	return missing
}

// lacks tells, once, what the image or the study of a row lacks, if anything.
func (v *verifier) lacks(f *File, rec *Record, of Level, t *thing, total []int) bool {
	if t == nil || t.told {
		return false
	}
	missing := v.missing(t, of, v.required(of))
	if missing == 0 {
		return false
	}
	t.told = true
	name := "the study " + v.studyName(rec)
	if of == ByImage {
		name = "the image " + quoted(rec.Image)
	}
	for ; missing != 0; missing &= missing - 1 {
		i := bits.TrailingZeros32(missing)
		p := v.parts[i]
		finding := Finding{Kind: p.finding, Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: name + " has no " + p.name}
		published := v.Published.Studies - v.Published.Rows[p.kind]
		switch {
		case p.kind == StudyLabels && p.rows == v.Published.Rows[StudyLabels] && total[i] == published:
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

// again reads the rows whose ids are good a second time.
func (f *File) again(ctx context.Context) func(yield func(*Record, error) bool) {
	if f.table == nil {
		return f.names(ctx)
	}
	return func(yield func(*Record, error) bool) {
		for r, err := range ahead(ctx, f.rows) {
			if err == nil && !yield(&r.rec, nil) {
				return
			}
		}
	}
}

// absent lists what the copy does not have.
func (v *verifier) absent(path string) {
	var all []string
	for _, form := range v.forms {
		if name := string(form.kind); !v.has(form.kind) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingFile }) {
		all = append(all, "image files")
	}
	if v.Dataset == mimic && !slices.ContainsFunc(v.parts, func(p part) bool { return p.finding == MissingReport }) {
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
