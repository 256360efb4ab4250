package corpus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
)

// The standard library's reader keeps the whole directory of an archive in
// memory (some 70 MB for MIMIC-CXR) and cannot open one whose end is missing.
// This one walks the directory entry by entry, or, where there is none or no
// way to seek, the members themselves.

const (
	zipLocal      = "PK\x03\x04"
	zipEntry      = "PK\x01\x02"
	zipEnd        = "PK\x05\x06"
	zipEnd64      = "PK\x06\x06"
	zipLocator64  = "PK\x06\x07"
	zipDescriptor = "PK\x07\x08"

	zipLocalLen      = 30
	zipEntryLen      = 46
	zipEndLen        = 22
	zipEnd64Len      = 56
	zipLocator64Len  = 20
	zipMaxCommentLen = 1<<16 - 1

	zipEncrypted     = 1 << 0 // flag
	zipHasDescriptor = 1 << 3 // flag: sizes follow the data

	zipWindow   = 256 << 10
	zipOverhead = 4096 // of deflate, on data that does not shrink
)

var (
	errZipChecksum  = errors.New("its checksum is wrong")
	errZipDeflate   = errors.New("its compressed data is damaged")
	errZipLocal     = errors.New("its header is damaged")
	errZipEncrypted = errors.New("it is encrypted")
)

// zipHeader is what an entry of the directory, or the header before a member,
// says of a member.
type zipHeader struct {
	name       string
	flags      uint16
	method     uint16
	crc        uint32
	compressed uint64
	size       uint64
	offset     int64 // of the local header
	link       bool
	odd        bool // its extra field is none, as where the length of the name is wrong
}

// zipFile visits the members of a zip archive in a file, in the order of its
// directory. Nothing is extracted: names are only shown. Members that are not
// wanted are not read ahead; nil wants all.
func zipFile(path string, read *atomic.Int64, wanted func(name string) bool, limit int) container {
	return func(visit func(member) bool) {
		f, err := os.Open(path)
		if err != nil {
			visit(zipProblem(path, "cannot be read: "+reason(err), "", true))
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			visit(zipProblem(path, "cannot be read: "+reason(err), "", true))
			return
		}
		zipArchive{path, f, info.Size(), read, wanted, limit}.members(visit)
	}
}

// zipStream visits the members of a zip archive that is read once from front
// to end, of which none is longer than limit.
func zipStream(path string, open func() (io.ReadCloser, error), limit int) container {
	return func(visit func(member) bool) {
		r, err := open()
		if err != nil {
			visit(zipProblem(path, "cannot be read: "+reason(err), "", true))
			return
		}
		defer r.Close()
		scan := newZipScan(path, r, limit)
		if scan.run(visit) {
			scan.conclude(visit)
		}
	}
}

const zipGetAgain = "get the archive again"

func zipProblem(path, what, do string, lost bool) member {
	p := Place{Path: path}
	return member{place: p, err: &Problem{Place: p, What: what, Do: do, Lost: lost}}
}

// zipArchive is a zip archive that can be read at any offset.
type zipArchive struct {
	path string // for messages
	r    io.ReaderAt
	size int64
	read *atomic.Int64 // bytes read so far

	wanted func(name string) bool // by its name, a member that will be read; nil: all
	limit  int                    // bytes of a member, where there is no directory
}

// members visits by the directory, and without it where there is none.
func (z zipArchive) members(visit func(member) bool) {
	dir, ok := findZipDirectory(z.r, z.size)
	from, n := int64(0), uint64(0)
	if ok {
		next := dir.start
		ahead := newZipAhead(z, dir)
		defer ahead.wait.Wait() // before the file is closed
		for b := ahead.next(); b != nil; b = ahead.next() {
			for i, h := range b.headers {
				n++
				m := member{name: h.name, place: Place{Path: z.path + "!" + h.name}}
				if h.link {
					m.err = &Problem{Place: m.place, What: "a link within an archive, not followed", Lost: true}
				} else {
					m.read = func(limit int) ([]byte, error) { return ahead.member(b, i, limit) }
				}
				if !strings.HasSuffix(h.name, "/") && !visit(m) {
					return
				}
				if end := h.offset + zipLocalLen + int64(len(h.name)) + int64(h.compressed); end > from && end <= next {
					from = end
				}
				z.read.Add(int64(h.compressed) + zipLocalLen + zipEntryLen + 2*int64(len(h.name)))
			}
		}
		if n == dir.entries {
			return
		}
	}
	scan := newZipScan(z.path, io.NewSectionReader(z.r, from, z.size-from), z.limit)
	scan.start, scan.from, scan.seen = from, from-dir.base, n
	if scan.run(visit) {
		scan.complete = scan.complete && !ok // which the directory was not, as read from the end
		scan.conclude(visit)
	}
}

// zipAhead reads members before they are asked for: runs of neighbours, side by
// side on all processors, which are handed out in order. Nothing is read before
// the first member is.
type zipAhead struct {
	archive zipArchive
	base    int64 // of the offsets in the archive
	entries *bufio.Reader
	left    uint64      // entries to come
	queue   []*zipBatch // in order; the first is the next
	free    *zipBatch   // one that is done with
	limit   int         // bytes of a member; 0: nobody has read one
	wait    sync.WaitGroup
}

// zipBatch is a run of members.
type zipBatch struct {
	headers []zipHeader
	results []zipResult // of the headers
	done    chan struct{}
	data    window
	inflate inflater
	buf     []byte // of all results
}

type zipResult struct {
	start, end int // in zipBatch.buf
	err        error
}

const (
	zipBatchMembers = 64
	zipBatchBytes   = 1 << 20 // or a member more
)

func newZipAhead(z zipArchive, dir zipDirectory) *zipAhead {
	in := io.NewSectionReader(z.r, dir.start, z.size-dir.start)
	return &zipAhead{archive: z, base: dir.base, entries: bufio.NewReaderSize(in, headBytes), left: dir.entries}
}

// next gives the next run, or nil at the end of the directory or where it is
// damaged. The run before is done with.
func (a *zipAhead) next() *zipBatch {
	a.fill()
	if len(a.queue) == 0 {
		return nil
	}
	b := a.queue[0]
	a.queue = a.queue[1:]
	a.free = b
	return b
}

// fill reads entries of the directory: those of the next run, and where members
// are read those of as many more as there are processors, which it begins to read.
func (a *zipAhead) fill() {
	runs := 1
	if a.limit > 0 {
		runs += runtime.GOMAXPROCS(0)
	}
	for len(a.queue) < runs && a.left > 0 {
		b := a.free
		a.free = nil
		switch {
		case b == nil:
			b = &zipBatch{data: window{r: a.archive.r}}
		case b.done != nil:
			<-b.done // where no member of it was read
		}
		*b = zipBatch{headers: b.headers[:0], results: b.results[:0], buf: b.buf[:0], data: b.data, inflate: b.inflate}
		for size := uint64(0); len(b.headers) < zipBatchMembers && size < zipBatchBytes && a.left > 0; a.left-- {
			h, err := readZipEntry(a.entries)
			if err != nil {
				a.left = 0
				break
			}
			h.offset += a.base
			size += max(h.size, h.compressed)
			b.headers = append(b.headers, h)
		}
		if len(b.headers) == 0 {
			return
		}
		a.queue = append(a.queue, b)
	}
	if a.limit > 0 {
		for _, b := range a.queue {
			a.begin(b)
		}
	}
}

// begin reads a run, unless it has begun.
func (a *zipAhead) begin(b *zipBatch) {
	if b.done != nil {
		return
	}
	b.done = make(chan struct{})
	limit := a.limit
	a.wait.Go(func() {
		defer close(b.done)
		for _, h := range b.headers {
			r := zipResult{start: len(b.buf)}
			if !h.link && !strings.HasSuffix(h.name, "/") && (a.archive.wanted == nil || a.archive.wanted(h.name)) {
				var raw []byte
				raw, r.err = b.inflate.member(&b.data, h, limit)
				b.buf = append(b.buf, raw...)
			}
			r.end = len(b.buf)
			b.results = append(b.results, r)
		}
	})
}

// member gives the bytes of a member of the run that next gave last.
func (a *zipAhead) member(b *zipBatch, i, limit int) ([]byte, error) {
	if a.limit == 0 {
		a.limit = limit
		a.begin(b)
		free := a.free
		a.free = nil // it is in use
		a.fill()
		a.free = free
	}
	<-b.done
	r := b.results[i]
	if r.err != nil {
		return nil, r.err
	}
	return b.buf[r.start:r.end], nil
}

// countZip counts the reports that the directory of an archive names; -1 where
// there is no directory to tell.
func countZip(path string, src Source) int {
	f, err := os.Open(path)
	if err != nil {
		return -1
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return -1
	}
	dir, ok := findZipDirectory(f, info.Size())
	if !ok {
		return -1
	}
	n := 0
	entries := bufio.NewReaderSize(io.NewSectionReader(f, dir.start, info.Size()-dir.start), headBytes)
	for range dir.entries {
		h, err := readZipEntry(entries)
		if err != nil {
			return -1
		}
		if _, ok := memberReport(src, h.name); ok {
			n++
		}
	}
	return n
}

// zipDirectory is where the entries are and how many; the size that the record
// at the end gives them only helps to find the first.
type zipDirectory struct {
	start   int64 // of the entries, in the file
	base    int64 // what the offsets in the archive are short of
	entries uint64
}

// findZipDirectory finds the directory by the record at the end of the archive.
func findZipDirectory(r io.ReaderAt, size int64) (zipDirectory, bool) {
	none := zipDirectory{}
	tail := make([]byte, min(size, zipEndLen+zipMaxCommentLen))
	tailStart := size - int64(len(tail))
	if n, err := r.ReadAt(tail, tailStart); n < len(tail) && err != nil {
		return none, false
	}
	at := len(tail)
	for {
		at = bytes.LastIndex(tail[:at], []byte(zipEnd))
		if at < 0 {
			return none, false
		}
		if at+zipEndLen <= len(tail) {
			comment := int(binary.LittleEndian.Uint16(tail[at+20:]))
			if at+zipEndLen+comment <= len(tail) {
				break
			}
		}
	}
	end := tail[at:]
	endStart := tailStart + int64(at)
	entries := uint64(binary.LittleEndian.Uint16(end[10:]))
	dirSize := uint64(binary.LittleEndian.Uint32(end[12:]))
	dirStart := uint64(binary.LittleEndian.Uint32(end[16:]))
	if entries == 1<<16-1 || dirSize == 1<<32-1 || dirStart == 1<<32-1 {
		if e, ok := findZipEnd64(r, endStart); ok {
			entries, dirSize, dirStart, endStart = e.entries, e.size, e.start, e.at
		}
	}
	if dirSize > uint64(endStart) || dirStart > uint64(size) {
		return none, false
	}
	d := zipDirectory{start: int64(dirStart), entries: entries}
	// Something may stand before the archive, or be missing at its front.
	if start := endStart - int64(dirSize); !isZipEntry(r, d.start) && isZipEntry(r, start) {
		d.start, d.base = start, start-d.start
	}
	if entries > 0 && !isZipEntry(r, d.start) {
		return none, false
	}
	return d, true
}

type zipEnd64Record struct {
	entries, size, start uint64
	at                   int64
}

func findZipEnd64(r io.ReaderAt, endStart int64) (zipEnd64Record, bool) {
	var none zipEnd64Record
	locator := make([]byte, zipLocator64Len)
	if endStart < zipLocator64Len {
		return none, false
	}
	if _, err := r.ReadAt(locator, endStart-zipLocator64Len); err != nil || string(locator[:4]) != zipLocator64 {
		return none, false
	}
	at := binary.LittleEndian.Uint64(locator[8:])
	record := make([]byte, zipEnd64Len)
	if at > uint64(endStart) {
		return none, false
	}
	if _, err := r.ReadAt(record, int64(at)); err != nil || string(record[:4]) != zipEnd64 {
		return none, false
	}
	return zipEnd64Record{
		entries: binary.LittleEndian.Uint64(record[32:]),
		size:    binary.LittleEndian.Uint64(record[40:]),
		start:   binary.LittleEndian.Uint64(record[48:]),
		at:      int64(at),
	}, true
}

func isZipEntry(r io.ReaderAt, at int64) bool {
	const longest = zipEntryLen + 3*(1<<16-1)
	_, err := readZipEntry(bufio.NewReaderSize(io.NewSectionReader(r, at, longest), zipEntryLen))
	return err == nil
}

func readZipEntry(r *bufio.Reader) (zipHeader, error) {
	var b [zipEntryLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return zipHeader{}, err
	}
	if string(b[:4]) != zipEntry {
		return zipHeader{}, errZipLocal
	}
	rest := make([]byte, zipEntryRest(b[:]))
	if _, err := io.ReadFull(r, rest); err != nil {
		return zipHeader{}, err
	}
	return parseZipEntry(b[:], rest)
}

// zipEntryRest is how many bytes an entry has behind those of fixed length.
func zipEntryRest(b []byte) int {
	le := binary.LittleEndian
	return int(le.Uint16(b[28:])) + int(le.Uint16(b[30:])) + int(le.Uint16(b[32:]))
}

func parseZipEntry(b, rest []byte) (zipHeader, error) {
	le := binary.LittleEndian
	h := zipHeader{
		flags:      le.Uint16(b[8:]),
		method:     le.Uint16(b[10:]),
		crc:        le.Uint32(b[16:]),
		compressed: uint64(le.Uint32(b[20:])),
		size:       uint64(le.Uint32(b[24:])),
		offset:     int64(le.Uint32(b[42:])),
	}
	const unix, typeMask, symlink = 3, 0o170000, 0o120000
	h.link = b[5] == unix && le.Uint32(b[38:])>>16&typeMask == symlink
	nameLen := int(le.Uint16(b[28:]))
	h.wide(rest[nameLen:nameLen+int(le.Uint16(b[30:]))], true)
	if h.offset < 0 || h.compressed > 1<<62 {
		return zipHeader{}, errZipLocal
	}
	h.name = string(rest[:nameLen])
	return h, nil
}

// wide takes the sizes that do not fit into 32 bits from the extra field.
func (h *zipHeader) wide(extra []byte, withOffset bool) {
	const zip64, most = 1, 1<<32 - 1
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			h.odd = true
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != zip64 {
			continue
		}
		take := func(v uint64) uint64 {
			if v != most || len(field) < 8 {
				return v
			}
			v, field = le.Uint64(field), field[8:]
			return v
		}
		h.size = take(h.size)
		h.compressed = take(h.compressed)
		if withOffset {
			h.offset = int64(take(uint64(h.offset)))
		}
	}
	h.odd = len(extra) > 0
}

// window reads a file from front to end in large pieces and gives slices of
// them.
type window struct {
	r   io.ReaderAt
	off int64
	buf []byte
}

// at gives n bytes, or with io.ErrUnexpectedEOF as many as there are.
func (w *window) at(off int64, n int) ([]byte, error) {
	if i := off - w.off; i >= 0 && i+int64(n) <= int64(len(w.buf)) {
		return w.buf[i : i+int64(n)], nil
	}
	size := max(n, zipWindow)
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	got, err := w.r.ReadAt(w.buf[:size], off)
	w.off, w.buf = off, w.buf[:got]
	if got >= n {
		return w.buf[:n], nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return w.buf, err
}

// inflater decompresses members one after the other into one buffer.
type inflater struct {
	flate io.ReadCloser
	buf   []byte
}

// member reads the member that an entry of the directory names.
func (z *inflater) member(w *window, h zipHeader, limit int) ([]byte, error) {
	if err := h.check(limit); err != nil {
		return nil, err
	}
	if h.offset < 0 {
		return nil, errZipLocal
	}
	local, err := w.at(h.offset, zipLocalLen)
	if err != nil {
		return nil, err
	}
	if string(local[:4]) != zipLocal {
		return nil, errZipLocal
	}
	skip := zipLocalLen + int64(binary.LittleEndian.Uint16(local[26:])) + int64(binary.LittleEndian.Uint16(local[28:]))
	n := h.compressed
	if h.method != 0 { // it ends by itself, whatever a damaged length says
		n = min(n, zipLongest(limit))
	}
	data, err := w.at(h.offset+skip, int(n))
	if err != nil && (h.method == 0 || n == h.compressed || err != io.ErrUnexpectedEOF) {
		return nil, err
	}
	return z.data(data, h, limit)
}

// zipLongest is how long the compressed data of a member may be.
func zipLongest(limit int) uint64 { return uint64(limit) + uint64(limit)/1000 + zipOverhead }

// check refuses what cannot be read before reading it.
func (h zipHeader) check(limit int) error {
	switch {
	case h.flags&zipEncrypted != 0:
		return errZipEncrypted
	case h.method != 0 && h.method != 8:
		return fmt.Errorf("its compression method %d is not known", h.method)
	case h.size > uint64(limit), h.method == 0 && h.compressed > uint64(limit):
		return errTooLarge
	default:
		return nil
	}
}

// data decompresses the data of one member and checks it.
func (z *inflater) data(data []byte, h zipHeader, limit int) ([]byte, error) {
	out := data
	if h.method != 0 {
		var err error
		if out, err = z.inflate(bytes.NewReader(data), limit); err != nil {
			return nil, err
		}
	}
	if uint64(len(out)) != h.size || crc32.ChecksumIEEE(out) != h.crc {
		return nil, errZipChecksum
	}
	return out, nil
}

func (z *inflater) inflate(in io.Reader, limit int) ([]byte, error) {
	if z.flate == nil {
		z.flate = flate.NewReader(in)
	} else if err := z.flate.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	var err error
	z.buf, err = readAll(z.flate, z.buf, limit)
	if err != nil && err != errTooLarge && err != io.ErrUnexpectedEOF {
		err = errZipDeflate
	}
	return z.buf, err
}
