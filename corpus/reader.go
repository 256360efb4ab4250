package corpus

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
)

// Source is the name of an input format.
type Source string

// The input formats.
const (
	MIMIC           Source = "mimic"            // MIMIC-CXR: the zip, a tar, the unpacked folder, a part of it
	CSV             Source = "csv"              // a table with a header row
	CheXpertLabeler Source = "chexpert-labeler" // one column of reports without a header
	JSONL           Source = "jsonl"            // one object a line
	OpenI           Source = "openi"            // OpenI's XML files, a folder or tar of them
	CheXpertPlus    Source = "chexpert-plus"    // CheXpert Plus's table of reports
	Text            Source = "text"             // a .txt file a report, or one report on standard input
)

// Sources lists the input formats.
func Sources() []Source {
	return []Source{MIMIC, CSV, CheXpertLabeler, JSONL, OpenI, CheXpertPlus, Text}
}

func sourceNames() string {
	var names []string
	for _, s := range Sources() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// DefaultMaxReportBytes is the largest report that is read unless Options say
// otherwise.
const DefaultMaxReportBytes = 16 << 20

// Options say how inputs are read. The zero value guesses everything.
type Options struct {
	From           string    // a Source; "" guesses by content and name
	IDColumn       string    // column or field of the ids; "" guesses by the usual names
	TextColumn     string    // column or field of the texts; "" guesses by the usual names
	Stdin          io.Reader // what the path "-" reads
	FollowLinks    bool      // follow symbolic links within folders
	MaxReportBytes int       // a longer report is a Problem; 0: DefaultMaxReportBytes
	AsSent         bool      // of Lines: a field "id" is the id whatever is beside it, and places in a text are those of the text that was sent
	MaxRatio       int       // of unpacked to packed bytes; what grows by more is a Problem; 0: DefaultMaxRatio
	Shard          Shard     // read this part of the inputs alone
	Ranges         bool      // the parts are ranges of the order, in place of studies by their hash; not of pipes
}

// Columns are the columns, or fields, that a table's reports are made of.
type Columns struct {
	ID       string   // "" where the number of the row is the id
	Text     string   // "" where only section columns are read
	Sections []string // columns that become sections, in order
}

// Counts says what was met on the way. Lost reports and warnings are the
// Problems that Reports yields; these are the ones worth a total.
type Counts struct {
	Items      int // reports and lost ones, those of other shards too: the last Report.Ordinal
	Reports    int // reports yielded
	Lost       int // Problems with Lost set
	Decoded    int // reports with bytes that were read as Windows-1252
	Empty      int // reports without text
	Duplicates int // reports whose id an earlier one has
	Folded     int // rows that repeat the report of the row before (CheXpert Plus: one a view)
	Skipped    int // files and archive members that are no reports
}

// Reader reads the reports of one or more inputs.
type Reader struct {
	inputs []*input
	opts   Options
	read   atomic.Int64
	counts Counts
}

// input is one path, its format found.
type input struct {
	source   Source
	columns  Columns
	subjects bool
	total    int   // reports; -1: not known
	size     int64 // bytes; -1: not known
	void     bool  // nothing to read; reports says why
	reports  func(*sink)

	path string      // of a regular file
	info fs.FileInfo // of a regular file, when it was opened; else nil
}

// Open finds the format of each path ("-" is opts.Stdin) without reading more
// than its beginning. Errors are of wrong options, or join a *Problem a path
// where there is nothing to read, as can be known at once: none of the paths
// exists and can be opened, has a format that is recognised and the columns a
// table needs. Where only some are wrong, Reports yields their Problems in
// place of their reports, as it does with what is found later.
func Open(ctx context.Context, paths []string, opts Options) (*Reader, error) {
	if opts.From != "" && !slices.Contains(Sources(), Source(opts.From)) {
		return nil, fmt.Errorf("input format %q is not known; use one of %s", opts.From, sourceNames())
	}
	if opts.MaxReportBytes < 0 {
		return nil, fmt.Errorf("the limit of %d bytes a report is negative", opts.MaxReportBytes)
	}
	if opts.MaxReportBytes == 0 {
		opts.MaxReportBytes = DefaultMaxReportBytes
	}
	if opts.MaxRatio < 0 {
		return nil, fmt.Errorf("the limit of %d times the size is negative", opts.MaxRatio)
	}
	if len(paths) == 0 {
		return nil, errors.New("no input; give a file, a folder, or - for standard input")
	}
	r := &Reader{opts: opts}
	stdin := false
	var wrong []error
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if path == "-" && stdin {
			return nil, errors.New("standard input (-) is given twice")
		}
		stdin = stdin || path == "-"
		in, err := openInput(path, opts, &r.read)
		var problem *Problem
		switch {
		case errors.As(err, &problem):
			wrong = append(wrong, err)
			in = &input{void: true, reports: func(s *sink) { s.problem(Report{}, problem) }}
		case err != nil:
			return nil, err
		}
		in.warnOfColumns(path, opts)
		r.inputs = append(r.inputs, in)
	}
	if len(wrong) == len(paths) {
		return nil, errors.Join(wrong...)
	}
	return r, nil
}

// warnOfColumns makes an input that has no columns say so where the user named
// some.
func (in *input) warnOfColumns(path string, opts Options) {
	tabular := in.source == CSV || in.source == JSONL || in.source == CheXpertPlus
	if in.void || tabular || opts.IDColumn == "" && opts.TextColumn == "" {
		return
	}
	reports := in.reports
	in.reports = func(s *sink) {
		s.warn(Place{Path: path}, "the format "+string(in.source)+" has no named columns", "leave out --id-column and --text-column")
		reports(s)
	}
}

// Format names the input formats found, each once, in input order: "mimic", or
// "csv, jsonl".
func (r *Reader) Format() string {
	var names []string
	for _, in := range r.inputs {
		if name := string(in.source); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Columns gives the columns of the first input that has any.
func (r *Reader) Columns() Columns {
	for _, in := range r.inputs {
		if c := in.columns; c.ID != "" || c.Text != "" || len(c.Sections) > 0 {
			return c
		}
	}
	return Columns{}
}

// HasSubjects says whether the reports of every input carry Subject and Study,
// going by the path of the first report or by the header.
func (r *Reader) HasSubjects() bool {
	found := false
	for _, in := range r.inputs {
		if !in.subjects && !in.void {
			return false
		}
		found = found || in.subjects
	}
	return found
}

// Total is the number of reports, or -1 where only reading them would tell.
func (r *Reader) Total() int {
	total := 0
	for _, in := range r.inputs {
		if in.total < 0 {
			return -1
		}
		total += in.total
	}
	return total
}

// Part is the part of all reports that Options.Shard takes, about.
func (r *Reader) Part() float64 { return 1 / float64(max(r.opts.Shard.Of, 1)) }

// Progress gives the bytes of input read so far and their total, -1 where it is
// not known. It may be called while Reports runs.
func (r *Reader) Progress() (read, total int64) {
	for _, in := range r.inputs {
		if in.size < 0 {
			return r.read.Load(), -1
		}
		total += in.size
	}
	return r.read.Load(), total
}

// Counts gives the totals of the last run of Reports, once it has ended.
func (r *Reader) Counts() Counts { return r.counts }

// Reports yields the reports in input order: archive order, row order, and
// lexical order within a folder. An error is a *Problem, or the error of ctx,
// which ends the sequence. A Problem with Lost set stands for a report that
// could not be read (the Report beside it has the ID where it is known); any
// other is a warning about the report that follows, or about the input. Reading
// goes on after a Problem wherever there is more to read.
//
// Texts are valid UTF-8 with \n line ends and no byte order mark. Memory does
// not grow with the corpus but for the names within one folder; a repeated id is
// told when it comes again within Recent reports. Reports can be ranged over again, except over standard input and
// pipes.
//
// With Options.Shard only its part is yielded; Counts and Total are of all that
// was read, and a file or archive member of another shard is not. With Options.Ranges
// the inputs are gone through twice, first to count.
func (r *Reader) Reports(ctx context.Context) iter.Seq2[Report, error] {
	if r.opts.Ranges && r.opts.Shard.Of > 1 {
		return r.rangeOf(ctx, r.opts.Shard)
	}
	return r.opts.Shard.Reports(r.reports(ctx, nil))
}

// reports reads all inputs; of members those of a run of ordinals alone, unless it
// is nil.
func (r *Reader) reports(ctx context.Context, own *run) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		r.counts = Counts{}
		r.read.Store(0)
		s := &sink{
			ctx: ctx, yield: yield, counts: &r.counts, limit: r.opts.MaxReportBytes, shard: r.opts.Shard, run: own,
			seed: maphash.MakeSeed(), ids: new(recent),
		}
		var read int64
		for _, in := range r.inputs {
			if !s.alive() {
				return
			}
			in.reports(s)
			if p := in.changed(); p != nil {
				s.problem(Report{}, p)
			}
			if s.done {
				return
			}
			if in.size >= 0 {
				read += in.size
				r.read.Store(read)
			}
		}
		s.alive()
	}
}

// sink is where the formats put what they read. Its methods return false when
// reading is to stop.
type sink struct {
	ctx    context.Context
	yield  func(Report, error) bool
	counts *Counts
	limit  int
	shard  Shard
	run    *run // of ordinals to read, in place of the shard
	seed   maphash.Seed
	ids    *recent // nil: repeated ones are not told
	done   bool
}

func (s *sink) alive() bool {
	if s.done {
		return false
	}
	if err := s.ctx.Err(); err != nil {
		s.done = true
		s.yield(Report{}, err)
	}
	return !s.done
}

// put yields a report or a problem, the report in whose place a problem comes with
// its ordinal.
func (s *sink) put(r Report, err error) bool {
	if p, ok := err.(*Problem); !ok || p.Lost {
		s.counts.Items++
		r.Ordinal = s.counts.Items
	}
	return s.give(r, err)
}

func (s *sink) give(r Report, err error) bool {
	if s.alive() && !s.yield(r, err) {
		s.done = true
	}
	return !s.done
}

// errElsewhere stands for an item of another shard, to which the warnings before it
// belong. It comes as far as part.
var errElsewhere = errors.New("the item is another shard's")

// skip counts an item of another shard.
func (s *sink) skip() bool {
	s.counts.Items++
	return s.give(Report{}, errElsewhere)
}

// wants reports whether the next item, a member, has to be read.
func (s *sink) wants(src Source, r Report) bool {
	if s.run != nil {
		return s.run.has(s.counts.Items + 1)
	}
	return s.shard.wants(src, r)
}

// report yields one report, with a warning before it where it is empty or its
// id is not new. Hashes of 64 bits stand for the ids: of a million ids, two
// different ones are confused with a chance of 3 in 100 million.
func (s *sink) report(r Report) bool {
	if s.ids != nil && !s.ids.add(maphash.String(s.seed, r.ID)) {
		s.counts.Duplicates++
		s.warn(r.Place, "the id "+quoteID(r.ID)+" is not new in this corpus", "make ids unique; the report is kept")
	}
	if strings.TrimSpace(r.Text) == "" {
		s.counts.Empty++
		s.warn(r.Place, "the report is empty", "")
	}
	if !s.put(r, nil) {
		return false
	}
	s.counts.Reports++
	return true
}

func (s *sink) warn(place Place, what, do string) bool {
	return s.put(Report{}, &Problem{Place: place, What: what, Do: do})
}

// lost yields the Problem of a report that could not be read. Of r, only what
// is known of it before its text is.
func (s *sink) lost(r Report, what, do string) bool {
	s.counts.Lost++
	return s.put(r, &Problem{Place: r.Place, What: what, Do: do, Lost: true})
}

// text decodes the bytes of a report. It is false where they are no text, which
// has then been reported.
func (s *sink) text(r Report, raw []byte) (string, bool) {
	text, foreign, err := decode(raw)
	if err != nil {
		s.lost(r, err.Error(), "")
		return "", false
	}
	if foreign > 0 {
		s.foreign(r.Place, foreign)
	}
	return text, true
}

func (s *sink) foreign(place Place, n int) {
	s.counts.Decoded++
	s.warn(place, fmt.Sprintf("%s not UTF-8, read as Windows-1252", plural(n, "byte is", "bytes are")), "")
}

// QuoteID quotes an id, or what should be a label, for a message. Where the wrong
// column was taken for it, it may be the text of a report: what is long, or has
// letters and blanks, is not shown.
func QuoteID(id string) string {
	if len(id) > 40 || strings.ContainsFunc(id, unicode.IsSpace) && strings.ContainsFunc(id, unicode.IsLetter) {
		return "(" + plural(len(id), "byte", "bytes") + ", not shown)"
	}
	return strconv.Quote(id)
}

func quoteID(id string) string { return QuoteID(id) }

// Quote quotes what was read for a message, cut short after so many bytes.
func Quote(s string, longest int) string {
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return strconv.Quote(s)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func bytesName(n int) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return plural(n, "byte", "bytes")
}
