package corpus

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/readahead"
)

// longestWindow is how much of what came before a zstd stream may refer to, and
// has to be kept: zstd --long=27, the most that the zstd program reads by itself.
const longestWindow = 128 << 20

// headBytes is how much of an input is looked at to find its format.
const headBytes = 64 << 10

// stream is the bytes of one path. A regular file is opened anew for each use;
// anything else is read once, its head without consuming it.
type stream struct {
	path string
	name string        // base name, without the ending of a compression
	size int64         // -1: not known
	pipe *bufio.Reader // nil for a regular file
	file io.Closer     // what the pipe reads, where it is ours to close
	used bool          // the pipe is spent
	read *atomic.Int64 // bytes read so far

	ratio int // of unpacked to packed bytes; 0: DefaultMaxRatio
}

func newStream(path string, info fs.FileInfo, read *atomic.Int64) (*stream, error) {
	st := &stream{path: path, name: plainName(path), size: -1, read: read}
	if info.Mode().IsRegular() {
		st.size = info.Size()
		return st, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st.pipe, st.file = bufio.NewReaderSize(f, headBytes), f
	return st, nil
}

// plainName is the base name of a path in lower case, without .gz or .zst.
func plainName(path string) string {
	return withoutCompression(strings.ToLower(filepath.Base(path)))
}

func withoutCompression(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

// head gives the first bytes as they are in the file. Of a pipe with text it
// takes the first line, so that nobody waits for the second.
func (st *stream) head() ([]byte, error) {
	if st.pipe == nil {
		f, err := os.Open(st.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		head, err := io.ReadAll(io.LimitReader(f, headBytes))
		return head, err
	}
	for n := 1; ; n = st.pipe.Buffered() + 1 {
		head, err := st.pipe.Peek(min(n, headBytes))
		if err == nil && len(head) < headBytes {
			head, _ = st.pipe.Peek(st.pipe.Buffered())
			if bytes.IndexByte(head, '\n') < 0 || isCompressed(head) || isZip(head) || bytes.IndexByte(head, 0) >= 0 {
				continue
			}
		}
		if err == io.EOF {
			err = nil
		}
		return head, err
	}
}

// open gives the plain bytes, decompressed by what they begin with.
func (st *stream) open() (io.ReadCloser, error) {
	raw, err := st.openRaw()
	if err != nil {
		return nil, err
	}
	packed := &tally{Reader: raw}
	in := bufio.NewReaderSize(packed, headBytes)
	large := false // and compressed
	if st.size > headBytes {
		head, _ := in.Peek(4)
		large = isCompressed(head)
	}
	plain, err := decompress(in)
	if err == nil {
		plain = &unpackedReader{plain, packed, 0, cmp.Or(st.ratio, DefaultMaxRatio)}
	}
	if err == nil && large {
		plain, err = readahead.NewReadCloserSize(plain, 4, headBytes) // on a processor of its own
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return readCloser{plain, func() error { return errors.Join(plain.Close(), raw.Close()) }}, nil
}

// openRaw gives the bytes as they are in the file, and counts them.
func (st *stream) openRaw() (io.ReadCloser, error) {
	if st.pipe == nil {
		f, err := os.Open(st.path)
		if err != nil {
			return nil, err
		}
		return readCloser{counted{f, st.read}, f.Close}, nil
	}
	if st.used {
		return nil, errors.New("a pipe can be read once only")
	}
	st.used = true
	return readCloser{counted{st.pipe, st.read}, func() error {
		if st.file == nil {
			return nil
		}
		return st.file.Close()
	}}, nil
}

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

func isTar(plain []byte) bool { return len(plain) > 262 && string(plain[257:262]) == "ustar" }

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1f\x8b")) }

func isZstd(head []byte) bool { return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) }

// packing names what a file that is not read was packed with, and what unpacks it;
// "" where it is none of those that are known.
func packing(head []byte) (what, how string) {
	const bzip2Block, bzip2Empty = "1AY&SY", "\x17\x72\x45\x38\x50\x90" // after BZh and the level
	switch {
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) >= 10 &&
		(string(head[4:10]) == bzip2Block || string(head[4:10]) == bzip2Empty):
		return "bzip2", "bunzip2"
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "xz", "unxz"
	case bytes.HasPrefix(head, []byte("7z\xbc\xaf\x27\x1c")):
		return "7-Zip", "7z x"
	case bytes.HasPrefix(head, []byte("Rar!\x1a\x07")):
		return "RAR", "unrar x"
	default:
		return "", ""
	}
}

func isCompressed(head []byte) bool { return isGzip(head) || isZstd(head) }

// decompress undoes gzip and zstd, and passes anything else on.
func decompress(in *bufio.Reader) (io.ReadCloser, error) {
	// Of a short text on a pipe, four bytes may be long in coming.
	head, _ := in.Peek(1)
	if string(head) == "\x1f" || string(head) == "\x28" {
		head, _ = in.Peek(4)
	}
	switch {
	case isGzip(head):
		return gzip.NewReader(in)
	case isZstd(head):
		// One goroutine fewer and small windows: reports are small.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(longestWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	default:
		return io.NopCloser(in), nil
	}
}

// plainHead decompresses as much of a head as there is.
func plainHead(head []byte) []byte {
	if !isCompressed(head) {
		return head
	}
	r, err := decompress(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return nil
	}
	defer r.Close()
	plain, _ := io.ReadAll(io.LimitReader(r, headBytes)) // the head is cut off, so an error is no news
	return plain
}

type readCloser struct {
	io.Reader
	close func() error
}

func (r readCloser) Close() error { return r.close() }

type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// reason words an error of the file system or of a decompressor without the
// path, which the place has already.
func reason(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to read it"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	case errors.As(err, &path):
		return path.Err.Error()
	default:
		return err.Error()
	}
}
