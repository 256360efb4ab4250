package corpus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"
)

// DefaultMaxRatio is how many times its size an archive or a compressed file may
// unpack to unless Options say otherwise. Reports shrink to a third or a fifth,
// tables of a million like ones to a hundredth.
const DefaultMaxRatio = 500

// harmless is what may be unpacked of any file, however small it is.
const harmless = 64 << 20

func mostUnpacked(packed int64, ratio int) int64 { return max(harmless, packed*int64(ratio)) }

// errBomb is the error of what unpacks to more than it may.
type errBomb int

func (e errBomb) Error() string {
	return fmt.Sprintf("it unpacks to more than %d times its size, as if made to fill a disk (--max-ratio)", int(e))
}

// unpackedReader ends a stream that grows by more than a ratio when unpacked.
type unpackedReader struct {
	io.ReadCloser
	packed   *tally
	unpacked int64
	ratio    int
}

func (u *unpackedReader) Read(p []byte) (int, error) {
	if u.unpacked > harmless && u.unpacked > mostUnpacked(u.packed.n, u.ratio) {
		return 0, errBomb(u.ratio)
	}
	n, err := u.ReadCloser.Read(p)
	u.unpacked += int64(n)
	return n, err
}

// tally counts the bytes of a reader for itself.
type tally struct {
	io.Reader
	n int64
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.n += int64(n)
	return n, err
}

// unpacking ends an archive of so many bytes whose members unpack to more
// than the ratio allows: members of a bomb lie over one another.
func unpacking(all container, whole Place, size int64, ratio int) container {
	return func(visit func(member) bool) {
		var unpacked int64
		all(func(m member) bool {
			if unpacked > mostUnpacked(size, ratio) {
				visit(member{place: whole, err: &Problem{
					Place: whole, What: errBomb(ratio).Error() + "; what comes after is lost",
					Do: "give a higher --max-ratio if it is sound", Lost: true, Ends: true,
				}})
				return false
			}
			if read := m.read; read != nil {
				m.read = func(limit int) ([]byte, error) {
					b, err := read(limit)
					unpacked += int64(len(b))
					return b, err
				}
			}
			return visit(m)
		})
	}
}

var errChanged = errors.New("it changed while it was read")

// statReader is an open file.
type statReader interface {
	io.Reader
	Stat() (fs.FileInfo, error)
}

// readFile reads a whole file into buf, and fails where somebody writes to it
// meanwhile.
func readFile(f statReader, buf []byte, limit int) ([]byte, error) {
	before, err := f.Stat()
	if err != nil {
		return buf, err
	}
	if buf, err = readAll(f, buf, limit); err != nil {
		return buf, err
	}
	after, err := f.Stat()
	if err == nil && !unchanged(before, after) {
		err = errChanged
	}
	return buf, err
}

func unchanged(before, after fs.FileInfo) bool {
	return os.SameFile(before, after) && before.Size() == after.Size() && before.ModTime().Equal(after.ModTime())
}

// changed tells of an input that is not what it was when it was opened.
func (in *input) changed() *Problem {
	if in.info == nil {
		return nil
	}
	now, err := os.Stat(in.path)
	if err == nil && unchanged(in.info, now) {
		return nil
	}
	return &Problem{
		Place: Place{Path: in.path}, What: "the file changed while it was read; what was read may be of both its states",
		Do: "run again when nobody writes to it",
	}
}

// readable gives a report whose id, the name of a file, is not UTF-8 one that is.
func (s *sink) readable(r Report) Report {
	if utf8.ValidString(r.ID) {
		return r
	}
	r.ID, _ = decodeForeign([]byte(r.ID))
	s.warn(r.Place, "the name is not UTF-8; for the id it is read as Windows-1252", "")
	return r
}
