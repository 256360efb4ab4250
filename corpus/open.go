package corpus

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// memberSources are the formats whose reports are files of their own, alone, in
// a folder or in an archive.
var memberSources = []Source{MIMIC, OpenI, Text}

// opening is one path on its way to becoming an input.
type opening struct {
	path  string
	place Place
	opts  Options
	src   Source // "" while it is not known
	read  *atomic.Int64
}

func openInput(path string, opts Options, read *atomic.Int64) (*input, error) {
	o := &opening{path: path, place: Place{Path: path}, opts: opts, src: Source(opts.From), read: read}
	if path == "-" {
		if opts.Stdin == nil {
			return nil, errors.New("there is no standard input to read")
		}
		return o.stream(&stream{
			path: path, name: "stdin", size: -1, read: read, ratio: opts.MaxRatio,
			pipe: bufio.NewReaderSize(opts.Stdin, headBytes),
		})
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, o.problem(reason(err), "check the path")
	}
	if info.IsDir() {
		in, err := o.members(folder(path, opts.FollowLinks), folder(path, opts.FollowLinks), "folder")
		if err == nil {
			in.size = -1
		}
		return in, err
	}
	st, err := newStream(path, info, read)
	if err != nil {
		return nil, o.problem(reason(err), "check the path and its permissions")
	}
	st.ratio = opts.MaxRatio
	in, err := o.stream(st)
	if err == nil && info.Mode().IsRegular() {
		in.path, in.info = path, info
	}
	return in, err
}

func (o *opening) problem(what, do string) *Problem {
	return &Problem{Place: o.place, What: what, Do: do, Lost: true}
}

// refused is an input that has nothing to read, which Reports will say.
func (o *opening) refused(what, do string, size int64) *input {
	return &input{size: size, void: true, reports: func(s *sink) {
		s.lost(Report{Place: o.place}, what, do)
	}}
}

func (o *opening) stream(st *stream) (*input, error) {
	if st.pipe != nil && o.opts.Ranges {
		return nil, fmt.Errorf("%s: what comes through a pipe cannot be counted first, which ranges need; give a file", o.path)
	}
	// What is said to be one report needs no look ahead.
	if st.pipe != nil && o.src == Text {
		return o.single(st), nil
	}
	head, err := st.head()
	if err != nil {
		return nil, o.problem(reason(err), "check the path and its permissions")
	}
	plain := plainHead(head)
	if what, how := packing(head); what != "" {
		return o.refused("a file packed with "+what+", which is not read", "unpack it first ("+how+")", st.size), nil
	}
	switch {
	case isZip(head):
		return o.zip(st, head)
	case isTar(plain) || isTarName(st.name) && len(plain) > 0:
		probe := tarball(o.path, st.open)
		if st.pipe != nil {
			probe = glance(tarball(o.path, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(plain)), nil }))
		}
		in, err := o.members(tarball(o.path, st.open), probe, "archive")
		o.read.Store(0)
		if err == nil {
			in.size = st.size
		}
		return in, err
	case len(plain) == 0 && isCompressed(head):
		return o.refused("the compressed file is truncated or damaged", "get it again", st.size), nil
	}
	if o.src == "" {
		o.src = o.guess(st.name, plain)
	}
	switch {
	case slices.Contains(memberSources, o.src):
		return o.single(st), nil
	case len(plain) == 0:
		return o.refused("the file is empty", "", st.size), nil
	}
	if err := checkText(plain); err != nil {
		return o.refused("the file is no text: "+err.Error(), "", st.size), nil
	}
	switch o.src {
	case JSONL:
		return o.jsonl(st, plain)
	case CSV, CheXpertPlus, CheXpertLabeler:
		return o.table(st, plain)
	default:
		return nil, o.problem("the format is not recognised", "say it with --from: "+sourceNames())
	}
}

func isTarName(name string) bool {
	return strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tgz")
}

// guess finds the format of one file that is no archive: by its name where that
// is clear, else by how it begins. What begins like nothing else is a text on
// standard input, and "" in a file.
func (o *opening) guess(name string, plain []byte) Source {
	if _, ok := reportOf(MIMIC, name); ok {
		return MIMIC
	}
	table := func() Source {
		shape, err := shapeOf(CSV, plain, o.opts)
		if err != nil || shape.layout.id < 0 {
			return ""
		}
		return shape.source()
	}
	switch path.Ext(name) {
	case ".txt", ".text":
		return Text
	case ".xml":
		return OpenI
	case ".jsonl", ".ndjson":
		return JSONL
	case ".csv", ".tsv":
		if src := table(); src != "" {
			return src
		}
		return CSV
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(plain, []byte(byteOrderMark)), " \t\r\n")
	switch {
	case o.path == "-":
		return o.guessPiped(start)
	case bytes.HasPrefix(start, []byte("{")):
		return JSONL
	case bytes.HasPrefix(start, []byte("<")) && bytes.Contains(start, []byte("<eCitation")):
		return OpenI
	default:
		return table()
	}
}

// guessPiped finds the format of what comes on standard input, of which there
// may be no more than the first line to see. Unlike in a file, a text is likely,
// and may begin with a brace or have a comma in its first line.
func (o *opening) guessPiped(start []byte) Source {
	after := func(sign string) (rest []byte, ok bool) {
		rest, ok = bytes.CutPrefix(start, []byte(sign))
		return bytes.TrimLeft(rest, " \t\r\n"), ok
	}
	if rest, ok := after("["); ok && bytes.HasPrefix(rest, []byte("{")) {
		return JSONL // an array, which is refused with what to do
	}
	if rest, ok := after("{"); ok && (len(rest) == 0 || rest[0] == '"' || rest[0] == '}') {
		return JSONL
	}
	if bytes.HasPrefix(start, []byte("<?xml")) || bytes.HasPrefix(start, []byte("<eCitation")) {
		return OpenI
	}
	shape, err := shapeOf(CSV, start, o.opts)
	switch {
	case o.opts.IDColumn != "" || o.opts.TextColumn != "":
		return CSV // whose columns are refused if they are not there
	case err != nil || !shape.isHeader():
		return Text
	default:
		return shape.source()
	}
}

// single is a file that is one report.
func (o *opening) single(st *stream) *input {
	as := o.src
	if _, ok := reportOf(MIMIC, st.name); as == MIMIC && !ok {
		as = Text // a report of MIMIC-CXR under a name of its own
	}
	members := single(st, as)
	return &input{
		source: o.src, total: 1, size: st.size,
		subjects: firstReport(members, as).Subject != "",
		reports:  func(s *sink) { readMembers(s, members, as, o.place) },
	}
}

// members is a folder or an archive; probe is what may be looked at now.
func (o *opening) members(all, probe container, kind string) (*input, error) {
	var broken *Problem
	if o.src == "" {
		o.src, broken = guessMembers(probe)
	}
	switch {
	case o.src == "" && broken != nil:
		return nil, broken
	case o.src == "":
		return nil, o.problem("no report found in this "+kind+" by the names of its files",
			"give tables by their own paths; single reports are .txt or OpenI's .xml files")
	}
	if !slices.Contains(memberSources, o.src) {
		return nil, o.problem(fmt.Sprintf("a%s %s cannot be read as %s", map[bool]string{true: "n"}[kind == "archive"], kind, o.src),
			"give the file itself")
	}
	return &input{
		source: o.src, total: -1, size: -1,
		subjects: firstReport(probe, o.src).Subject != "",
		reports:  func(s *sink) { readMembers(s, all, o.src, o.place) },
	}, nil
}

// glance is the beginning of an archive, whose end is not that of the archive.
func glance(beginning container) container {
	return func(visit func(member) bool) {
		beginning(func(m member) bool { return m.err != nil || visit(m) })
	}
}

func (o *opening) zip(st *stream, head []byte) (*input, error) {
	limit := o.opts.MaxReportBytes
	if st.pipe != nil {
		probe := zipStream(o.path, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(head)), nil }, limit)
		if len(head) == headBytes {
			probe = glance(probe)
		}
		return o.members(zipStream(o.path, st.openRaw, limit), probe, "archive")
	}
	var wanted func(string) bool
	if o.opts.Shard.Of > 1 && !o.opts.Ranges { // a range is read ahead from its first member on
		wanted = func(name string) bool {
			r, ok := memberReport(o.src, name) // whose source is found before members are read
			return ok && o.opts.Shard.wants(o.src, r)
		}
	}
	all := unpacking(zipFile(o.path, o.read, wanted, limit), o.place, st.size, cmp.Or(o.opts.MaxRatio, DefaultMaxRatio))
	in, err := o.members(all, zipFile(o.path, new(atomic.Int64), nil, limit), "archive")
	if err != nil {
		return nil, err
	}
	in.total = countZip(o.path, in.source)
	in.size = st.size
	return in, nil
}
