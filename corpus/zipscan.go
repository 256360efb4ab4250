package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"strings"
	"unicode"

	"github.com/klauspost/compress/flate"
)

var errZipNoLength = errors.New("its length stands only in the missing directory")

// zipScan walks the members of an archive without seeking, from front to end, and
// compares them with the directory where it comes to one. A member is inflated and
// checked before it is visited, so that where its header is wrong the search for the
// next can begin within what was taken for its data.
type zipScan struct {
	path    string
	in      zipFeed
	limit   int // bytes of a member
	inflate inflater
	packed  bytes.Reader

	start  int64  // where in the file the scan begins
	from   int64  // the same by the directory, whose members before it are told elsewhere
	seen   uint64 // headers of members
	spoilt int    // members whose end had to be searched for
	gaps   zipGaps
	wasted int64 // bytes that were read in vain, and will be again

	names    zipNames
	met      bool // the scan came to a directory
	ended    bool // with a record at its end
	all      bool // the record counts no more members than were seen
	complete bool // the directory is whole, and nothing comes behind it
}

// zipGaps are the stretches of an archive that belong to nothing in it.
type zipGaps struct{ n, bytes, first int64 }

func (g *zipGaps) add(at, n int64) {
	if n == 0 {
		return
	}
	if g.n++; g.n == 1 {
		g.first = at
	}
	g.bytes += n
}

func (g zipGaps) String() string {
	s := plural(int(g.bytes), "byte", "bytes")
	if g.n > 1 {
		s += fmt.Sprintf(" at %d places", g.n)
	}
	return fmt.Sprintf("%s from byte %d on", s, g.first)
}

// zipNames is what was visited, and what a directory names. Up to so many names
// are known by hashes of 64 bits, in 32 MiB; of more, only how many there are and
// the sum of all hashes is compared.
type zipNames struct {
	seed    maphash.Seed
	visited hashes
	most    int    // names to know
	sum     uint64 // of the hashes of what was visited, less those of what was named

	given   int // members visited
	named   int // entries of directories
	missing int // of those, told as not visited
}

const zipMostNames = 3 << 20

func (z *zipNames) hash(name string) uint64 { return max(1, maphash.String(z.seed, name)) }

func (z *zipNames) add(name string) {
	z.given++
	h := z.hash(name)
	z.sum += h
	if z.visited.n < z.most && !z.visited.has(h) {
		z.visited.add(h)
	}
}

// absent reports whether a name that a directory has is surely not of a member
// that was visited.
func (z *zipNames) absent(name string) bool {
	z.named++
	h := z.hash(name)
	if z.visited.n >= z.most || z.visited.has(h) {
		z.sum -= h
		return false
	}
	z.missing++
	return true
}

// short is how many members the directories name that were neither visited nor told.
func (z *zipNames) short() int { return z.named - z.missing - z.given }

func newZipScan(path string, r io.Reader, limit int) *zipScan {
	return &zipScan{path: path, in: zipFeed{r: r}, limit: limit, names: zipNames{seed: maphash.MakeSeed(), most: zipMostNames}}
}

// run visits the members; it returns false when visit did.
func (z *zipScan) run(visit func(member) bool) bool {
	for {
		sign := z.in.ahead(4)
		if len(sign) < 4 {
			return true
		}
		more := true
		switch string(sign[:4]) {
		case zipLocal:
			more = z.member(visit)
		case zipEntry, zipEnd, zipEnd64:
			more = z.directory(visit)
		default:
			z.gap(1)
		}
		if !more {
			return false
		}
	}
}

// conclude tells how the archive ended, where it was not as it should.
func (z *zipScan) conclude(visit func(member) bool) {
	tell := func(what string, lost bool) { visit(zipProblem(z.path, what, zipGetAgain, lost)) }
	damaged := z.gaps.n > 0 || z.spoilt > 0
	where := "what could not be read"
	if z.gaps.n > 0 {
		where = z.gaps.String()
	}
	switch short := z.names.short(); {
	case z.complete && short > 0:
		tell("its directory names "+plural(short, "file", "files")+" more than were found in it", true)
	case z.complete && z.names.missing > 0: // told by their names
	case z.complete && short == 0 && z.names.sum != 0:
		tell("its directory does not name the files that were found in it, but as many others", true)
	case z.complete && z.gaps.n > 0:
		tell(where+" belong to no file in it; every file that its directory names was found", false)
	case z.complete && short+z.spoilt < 0:
		tell(plural(-short-z.spoilt, "file read from it is", "files read from it are")+" not in its directory: removed from it, or under a damaged name", false)
	case z.complete:
	case z.met && (z.all || !damaged && !z.ended):
		tell("the archive's directory is damaged; every member that stands before it was read", false)
	case z.met:
		tell("the archive is damaged, and its directory is too, so that nothing tells which reports may be lost: "+where, true)
	case damaged:
		tell("the archive is truncated: its directory is missing; more reports may be lost in "+where, true)
	default:
		tell("the archive is truncated: its directory is missing; every report before that was read", true)
	}
}

// gap passes over what is neither a member nor a directory, at least so many bytes.
func (z *zipScan) gap(skip int) {
	at := z.in.offset()
	z.search(skip)
	z.gaps.add(z.start+at, z.in.offset()-at)
}

// cut passes over a header that goes on beyond the end of the archive. Where
// another comes after it, it was damaged.
func (z *zipScan) cut() {
	at := z.in.offset()
	if z.search(len(zipLocal)) {
		z.gaps.add(z.start+at, z.in.offset()-at)
	}
}

// search goes on at the next header of a member or of the directory, so many bytes
// on or more; it reports whether there is one.
func (z *zipScan) search(skip int) bool {
	z.in.skip(skip)
	for {
		b := z.in.ahead(4)
		if len(b) < 4 {
			z.in.skip(len(b))
			return false
		}
		switch i := bytes.Index(b, []byte("PK")); {
		case i < 0:
			z.in.skip(len(b) - 1) // a signature may stand across the end
		case i > 0:
			z.in.skip(i)
		case z.plausible():
			return true
		default:
			z.in.skip(2)
		}
	}
}

// plausible reports whether the signature of a header stands here and what follows
// is one: the same four bytes may be data.
func (z *zipScan) plausible() bool {
	le := binary.LittleEndian
	switch string(z.in.ahead(4)[:4]) {
	case zipLocal:
		return z.plausibleLocal()
	case zipEntry:
		_, _, ok := z.entry()
		return ok
	case zipEnd:
		b := z.in.ahead(zipEndLen)
		return len(b) >= zipEndLen && le.Uint32(b[4:]) == 0 && le.Uint16(b[8:]) == le.Uint16(b[10:])
	default:
		return false
	}
}

func (z *zipScan) plausibleLocal() bool {
	const newestVersion = 63
	b := z.in.ahead(zipLocalLen)
	if len(b) < zipLocalLen {
		return false
	}
	le := binary.LittleEndian
	method, nameLen := le.Uint16(b[8:]), int(le.Uint16(b[26:]))
	if b[4] > newestVersion || method > 20 && method < 93 || method > 99 || nameLen == 0 {
		return false
	}
	length := zipLocalLen + nameLen + int(le.Uint16(b[28:]))
	b = z.in.ahead(length)
	return len(b) >= length && isPrintable(string(b[zipLocalLen:zipLocalLen+nameLen]))
}

func isPrintable(name string) bool { return !strings.ContainsFunc(name, unicode.IsControl) }

// header reads the header of a member ahead; it is not ok where the archive ends
// within it.
func (z *zipScan) header() (h zipHeader, length int, ok bool) {
	b := z.in.ahead(zipLocalLen)
	if len(b) < zipLocalLen {
		return h, 0, false
	}
	le := binary.LittleEndian
	h = zipHeader{
		flags:      le.Uint16(b[6:]),
		method:     le.Uint16(b[8:]),
		crc:        le.Uint32(b[14:]),
		compressed: uint64(le.Uint32(b[18:])),
		size:       uint64(le.Uint32(b[22:])),
	}
	nameEnd := zipLocalLen + int(le.Uint16(b[26:]))
	length = nameEnd + int(le.Uint16(b[28:]))
	if b = z.in.ahead(length); len(b) < length {
		return h, 0, false
	}
	h.name = string(b[zipLocalLen:nameEnd])
	h.wide(b[nameEnd:length], false)
	return h, length, true
}

// zipFound is what stands behind the header of a member.
type zipFound struct {
	text []byte
	err  error
	next int  // bytes from the header to what comes next
	lost bool // next is only where to search for it
	pass bool // the data begins at next and is too long to be looked at here
}

// member visits one member.
func (z *zipScan) member(visit func(member) bool) bool {
	z.complete = false
	h, length, ok := z.header()
	if !ok {
		z.cut()
		return true
	}
	f := z.find(h, length)
	if f.lost && f.err != nil && (h.name == "" || !isPrintable(h.name)) {
		z.gap(f.next)
		return true
	}
	z.seen++
	if !strings.HasSuffix(h.name, "/") {
		z.names.add(h.name)
		m := member{name: h.name, place: Place{Path: z.path + "!" + h.name}}
		m.read = func(limit int) ([]byte, error) {
			if f.err == nil && len(f.text) > limit {
				return nil, errTooLarge
			}
			return f.text, f.err
		}
		if !visit(m) {
			return false
		}
	}
	z.goOn(h, f)
	return true
}

// goOn goes behind a member that was visited.
func (z *zipScan) goOn(h zipHeader, f zipFound) {
	switch {
	case f.pass:
		z.in.skip(f.next)
		if !z.pass(h) {
			z.spoilt++
			z.gap(0)
		}
	case f.lost && f.err != nil && f.err != errZipNoLength:
		if z.search(f.next) {
			z.spoilt++
		}
	case f.lost:
		z.search(f.next)
	default:
		z.in.skip(f.next)
	}
}

// longest is how long the compressed data of a member may be that is looked at.
func (z *zipScan) longest() int { return int(zipLongest(z.limit)) }

// sensible reports whether the header here, which is h, may be believed of a member
// that cannot be read.
func (z *zipScan) sensible(h zipHeader) bool { return !h.odd && z.plausibleLocal() }

// find looks for the data of a member.
func (z *zipScan) find(h zipHeader, at int) zipFound {
	if h.flags&zipHasDescriptor != 0 {
		return z.described(h, at)
	}
	err := h.check(z.limit)
	end := at + int(min(h.compressed, uint64(z.longest())))
	whole := h.compressed <= uint64(z.longest())
	if whole && z.followed(end) {
		// Whatever is wrong with it, it ends here.
		if err != nil {
			return zipFound{err: err, next: end}
		}
		text, err := z.inflate.data(z.in.ahead(end)[at:end], h, z.limit)
		if err != nil && !z.sensible(h) {
			return z.lost(err, end)
		}
		return zipFound{text: text, err: err, next: end}
	}
	switch {
	case h.flags&zipEncrypted != 0 || h.method != 0 && h.method != 8:
		if whole || !z.sensible(h) {
			return z.lost(err, 0)
		}
		return zipFound{err: err, next: at, pass: true}
	case h.method == 8:
		return z.inflated(h, at)
	default:
		return z.stored(h, at)
	}
}

// lost is a member of which nothing tells where it ends: the next header may
// stand within what seemed to be its data, of which so many bytes were read. An
// archive made to have every byte read again and again is gone through faster.
func (z *zipScan) lost(err error, read int) zipFound {
	f := zipFound{err: err, next: len(zipLocal), lost: true}
	if z.wasted += int64(read); z.wasted > mostUnpacked(z.in.offset(), DefaultMaxRatio) {
		f.next = max(f.next, min(read, z.longest()))
	}
	return f
}

// followed reports whether a header, or the end of the archive, stands so many
// bytes on.
func (z *zipScan) followed(end int) bool {
	b := z.in.ahead(end + 4)
	if len(b) < end+4 {
		return len(b) >= end
	}
	switch string(b[end : end+4]) {
	case zipLocal, zipEntry, zipEnd, zipEnd64:
		return true
	default:
		return false
	}
}

// inflated finds a member whose compressed size is not right, by the end that its
// data has in itself.
func (z *zipScan) inflated(h zipHeader, at int) zipFound {
	limit := z.limit
	if h.size <= uint64(limit) {
		limit = int(h.size)
	}
	text, used, err := z.inflateAhead(at, limit)
	switch {
	case err == errTooLarge && h.size > uint64(z.limit):
		return zipFound{err: err, next: at, pass: true}
	case err == errTooLarge:
		err = errZipChecksum
	case err == nil && (uint64(len(text)) != h.size || crc32.ChecksumIEEE(text) != h.crc):
		err = errZipChecksum
	}
	if err != nil {
		return z.lost(err, used+len(text))
	}
	return zipFound{text: text, next: at + used}
}

// stored finds a member that is not compressed, by which of its two sizes is right.
func (z *zipScan) stored(h zipHeader, at int) zipFound {
	read := 0
	for _, size := range []uint64{h.compressed, h.size} {
		if size > uint64(z.longest()) || size == 0 {
			continue
		}
		end := at + int(size)
		b := z.in.ahead(end)
		if len(b) < end {
			if h.size == h.compressed && z.sensible(h) {
				return zipFound{err: io.ErrUnexpectedEOF, next: len(b)} // the archive is cut off
			}
			continue
		}
		read += int(size)
		if text := b[at:end]; crc32.ChecksumIEEE(text) == h.crc && size <= uint64(z.limit) {
			return zipFound{text: text, next: end}
		}
	}
	if h.size == h.compressed && h.size > uint64(z.longest()) {
		return zipFound{err: errTooLarge, next: at, pass: true}
	}
	return z.lost(errZipChecksum, read)
}

// described finds a member whose sizes stand after its data: only the end of the
// compressed data tells where that is.
func (z *zipScan) described(h zipHeader, at int) zipFound {
	if h.method != 8 || h.flags&zipEncrypted != 0 {
		if !z.sensible(h) {
			return z.lost(errZipLocal, 0)
		}
		return zipFound{err: errZipNoLength, next: at, lost: true}
	}
	text, used, err := z.inflateAhead(at, z.limit)
	switch {
	case err == errTooLarge:
		return zipFound{err: err, next: at, pass: true}
	case err != nil:
		return z.lost(err, used+len(text))
	}
	d := readZipDescriptor(z.in.ahead(at + used + zipDescriptor64Len)[at+used:], uint64(used), uint64(len(text)))
	right := d.length > 0 && d.crc == crc32.ChecksumIEEE(text)
	switch {
	case d.length == 0:
		return z.lost(io.ErrUnexpectedEOF, 0)
	case !right && !d.sizes:
		return z.lost(errZipChecksum, used+len(text))
	case !right:
		return zipFound{err: errZipChecksum, next: at + used + d.length}
	default:
		// Sizes in no form that is known are passed over.
		return zipFound{text: text, next: at + used + d.length, lost: !d.sizes}
	}
}

const zipDescriptor64Len = 24

// zipDescribed is what stands after the data of a member.
type zipDescribed struct {
	crc    uint32
	length int  // 0: the archive ends before it tells anything
	sizes  bool // the sizes are in it and right, as far as the archive goes
}

func readZipDescriptor(b []byte, packed, size uint64) zipDescribed {
	le := binary.LittleEndian
	n := 0
	if bytes.HasPrefix(b, []byte(zipDescriptor)) {
		n = 4
	}
	if len(b) < n+4 {
		return zipDescribed{}
	}
	d := zipDescribed{crc: le.Uint32(b[n:]), length: n + 4}
	rest := b[d.length:]
	switch {
	case len(rest) < 8:
		d.length, d.sizes = len(b), true
	case uint64(le.Uint32(rest)) == packed && uint64(le.Uint32(rest[4:])) == size:
		d.length, d.sizes = d.length+8, true
	case len(rest) >= 16 && le.Uint64(rest) == packed && le.Uint64(rest[8:]) == size:
		d.length, d.sizes = d.length+16, true
	}
	return d
}

// inflateAhead inflates what stands so many bytes on, and tells how many bytes it
// took.
func (z *zipScan) inflateAhead(at, limit int) (text []byte, used int, err error) {
	for n := 4 << 10; ; n *= 4 {
		b := z.in.ahead(at + n)
		z.packed.Reset(b[min(at, len(b)):])
		text, err = z.inflate.inflate(&z.packed, limit)
		used = len(b) - at - z.packed.Len()
		if err != io.ErrUnexpectedEOF || len(b) < at+n || n > z.longest() {
			return text, used, err
		}
	}
}

// pass goes behind the data of a member that is too long to be looked at, which
// begins here. It is false where that has no end.
func (z *zipScan) pass(h zipHeader) bool {
	if h.method != 8 || h.flags&zipEncrypted != 0 {
		return h.compressed < 1<<62 && z.in.pass(int64(h.compressed))
	}
	start := z.in.offset()
	data := flate.NewReader(&z.in)
	var size int64
	for {
		n, err := io.CopyN(io.Discard, data, zipWindow)
		size += n
		if err == io.EOF {
			break
		}
		if err != nil || size > mostUnpacked(z.in.offset()-start, DefaultMaxRatio) {
			return false
		}
	}
	if h.flags&zipHasDescriptor != 0 {
		d := readZipDescriptor(z.in.ahead(zipDescriptor64Len), uint64(z.in.offset()-start), uint64(size))
		z.in.skip(d.length)
		return d.sizes
	}
	return true
}

// directory compares the directory, or what is left of it, with what was visited.
func (z *zipScan) directory(visit func(member) bool) bool {
	start, n := z.in.offset(), uint64(0)
	for {
		e, length, ok := z.entry()
		if !ok {
			break
		}
		n++
		if !z.compare(e, visit) {
			return false
		}
		z.in.skip(length)
	}
	length := z.in.offset() - start
	end, ok := z.end()
	if ok {
		z.ended = true
		z.all = z.seen >= end.entries
	}
	z.met = true
	z.complete = ok && end.entries == n && end.size == uint64(length)
	if ok || n > 0 {
		z.search(0) // an archive may come behind it
	} else {
		z.cut()
	}
	return true
}

// compare tells of a member that the directory names and that was not visited, and
// of a link, which only the directory knows to be one.
func (z *zipScan) compare(e zipHeader, visit func(member) bool) bool {
	if strings.HasSuffix(e.name, "/") || e.offset < z.from {
		return true
	}
	m := member{name: e.name, place: Place{Path: z.path + "!" + e.name}}
	switch {
	case z.names.absent(e.name):
		m.err = &Problem{Place: m.place, What: "the directory of the archive names it, and it was not found: its header, or what stands before it, is damaged",
			Do: zipGetAgain, Lost: true}
	case e.link:
		m.name = ""
		m.err = &Problem{Place: m.place, What: "a link within an archive, which in one pass is read as if what it leads to were a text",
			Do: "save the archive and give the file"}
	default:
		return true
	}
	return visit(m)
}

// entry reads an entry of the directory ahead.
func (z *zipScan) entry() (h zipHeader, length int, ok bool) {
	b := z.in.ahead(zipEntryLen)
	if len(b) < zipEntryLen || string(b[:4]) != zipEntry {
		return h, 0, false
	}
	length = zipEntryLen + zipEntryRest(b)
	if b = z.in.ahead(length); len(b) < length {
		return h, 0, false
	}
	h, err := parseZipEntry(b[:zipEntryLen], b[zipEntryLen:length])
	return h, length, err == nil
}

// end reads the records at the end of the directory, and is not ok where they are
// damaged.
func (z *zipScan) end() (e zipEnd64Record, ok bool) {
	le := binary.LittleEndian
	var wide zipEnd64Record
	if b := z.in.ahead(zipEnd64Len); len(b) >= zipEnd64Len && string(b[:4]) == zipEnd64 {
		wide = zipEnd64Record{entries: le.Uint64(b[32:]), size: le.Uint64(b[40:])}
		if length := le.Uint64(b[4:]); length > 1<<16 || !z.in.pass(12+int64(length)) {
			return e, false
		}
	}
	if b := z.in.ahead(zipLocator64Len); len(b) >= zipLocator64Len && string(b[:4]) == zipLocator64 {
		z.in.skip(zipLocator64Len)
	}
	b := z.in.ahead(zipEndLen)
	if len(b) < zipEndLen || string(b[:4]) != zipEnd {
		return e, false
	}
	e = zipEnd64Record{entries: uint64(le.Uint16(b[10:])), size: uint64(le.Uint32(b[12:]))}
	if e.entries == 1<<16-1 || e.size == 1<<32-1 {
		e = wide
	}
	comment := int64(le.Uint16(b[20:]))
	return e, z.in.pass(zipEndLen + comment)
}

// zipFeed is the bytes of an input from front to end, of which those ahead can be
// looked at.
type zipFeed struct {
	r    io.Reader
	buf  []byte // read and not passed yet, from pos on
	pos  int
	base int64 // offset of buf
	err  error // that ended reading
}

// ahead gives what is ahead, so many bytes at least unless the input ends. It is
// valid until the next call.
func (f *zipFeed) ahead(n int) []byte {
	for len(f.buf)-f.pos < n && f.err == nil {
		if f.pos > 0 {
			f.base += int64(f.pos)
			f.buf = f.buf[:copy(f.buf, f.buf[f.pos:])]
			f.pos = 0
		}
		if len(f.buf) == cap(f.buf) {
			f.buf = append(make([]byte, 0, max(zipWindow, 2*cap(f.buf))), f.buf...)
		}
		var got int
		got, f.err = f.r.Read(f.buf[len(f.buf):cap(f.buf)])
		f.buf = f.buf[:len(f.buf)+got]
	}
	return f.buf[f.pos:]
}

// offset is where in the input reading is.
func (f *zipFeed) offset() int64 { return f.base + int64(f.pos) }

// skip passes bytes that are ahead, as many of them as there are.
func (f *zipFeed) skip(n int) { f.pos += min(n, len(f.ahead(n))) }

// pass passes any number of bytes, and reports whether there are as many.
func (f *zipFeed) pass(n int64) bool {
	for n > 0 {
		got := min(int64(len(f.ahead(1))), n)
		if got == 0 {
			return false
		}
		f.pos += int(got)
		n -= got
	}
	return true
}

func (f *zipFeed) Read(p []byte) (int, error) {
	b := f.ahead(1)
	if len(b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b)
	f.pos += n
	return n, nil
}

func (f *zipFeed) ReadByte() (byte, error) {
	b := f.ahead(1)
	if len(b) == 0 {
		return 0, io.EOF
	}
	f.pos++
	return b[0], nil
}
