package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/blevesearch/mmap-go"

	"github.com/radlabel/radlabel/internal/output"
)

// castagnoli is the checksum that processors compute fastest.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileWriter writes one file of a generation and its checksum.
type fileWriter struct {
	name string
	f    *os.File
	w    *bufio.Writer
	sum  hash.Hash32
	size int64
	err  error // the first; told by close
}

func createFile(dir, name string) (*fileWriter, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, output.NotWritten(filepath.Join(dir, name), err)
	}
	return &fileWriter{name: name, f: f, w: bufio.NewWriterSize(f, 1<<18), sum: crc32.New(castagnoli)}, nil
}

func (w *fileWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		w.size += int64(len(p))
		w.sum.Write(p)
		_, w.err = w.w.Write(p)
	}
	return len(p), w.err
}

func (w *fileWriter) close() (fileSum, error) {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	if w.err == nil {
		w.err = w.f.Sync()
	}
	if err := w.f.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return fileSum{}, output.NotWritten(w.f.Name(), w.err)
	}
	return fileSum{w.name, w.size, w.sum.Sum32()}, nil
}

// numbers is a column of 32-bit numbers in a mapped file.
type numbers []byte

func (n numbers) len() int        { return len(n) / 4 }
func (n numbers) at(i int) uint32 { return binary.LittleEndian.Uint32(n[4*i:]) }

// all copies the column into memory.
func (n numbers) all() []uint32 {
	all := make([]uint32, n.len())
	for i := range all {
		all[i] = n.at(i)
	}
	return all
}

func appendNumbers(b []byte, all []uint32) []byte {
	for _, v := range all {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// runs is a column of byte strings: the ends of all, and all after one another.
type runs struct {
	ends numbers
	data []byte
}

func (r runs) len() int { return r.ends.len() }

func (r runs) at(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = r.ends.at(i - 1)
	}
	return r.data[start:r.ends.at(i)]
}

// find gives the place of a string in a sorted column.
func (r runs) find(s string) (int, bool) {
	i := sort.Search(r.len(), func(i int) bool { return string(r.at(i)) >= s })
	return i, i < r.len() && string(r.at(i)) == s
}

// lists is a column of lists of numbers.
type lists struct{ ends, data numbers }

func (l lists) len() int { return l.ends.len() }

func (l lists) at(i int) numbers {
	start := 0
	if i > 0 {
		start = int(l.ends.at(i - 1))
	}
	return l.data[4*start : 4*int(l.ends.at(i))]
}

// len is how many strings there are.
func (b *runsBuilder) len() int { return len(b.ends) }

func (b *runsBuilder) at(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.data[start:b.ends[i]]
}

// runsBuilder collects a column of byte strings in memory.
type runsBuilder struct {
	ends []uint32
	data []byte
}

func (b *runsBuilder) add(s []byte) { b.data = append(b.data, s...); b.end() }

func (b *runsBuilder) addString(s string) { b.data = append(b.data, s...); b.end() }

func (b *runsBuilder) end() { b.ends = append(b.ends, uint32(len(b.data))) }

// listsBuilder collects a column of lists in memory.
type listsBuilder struct{ ends, data []uint32 }

func (b *listsBuilder) end() { b.ends = append(b.ends, uint32(len(b.data))) }

// mapFile maps a file into memory. An empty file is no bytes.
func mapFile(path string) (mmap.MMap, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	return mmap.Map(f, mmap.RDONLY, 0)
}

// column is a column to write: bytes, numbers, runs or lists.
type column struct {
	name string
	data any
}

// write writes the column; the file keeps the error. What is of several strings or
// lists begins with their number and their ends.
func (c column) write(f *fileWriter) {
	var ends, numbers []uint32
	var raw []byte
	headed := true
	switch d := c.data.(type) {
	case []byte:
		raw, headed = d, false
	case []uint32:
		numbers, headed = d, false
	case runsBuilder:
		ends, raw = d.ends, d.data
	case listsBuilder:
		ends, numbers = d.ends, d.data
	}
	if headed {
		f.Write(appendNumbers(nil, []uint32{uint32(len(ends))}))
	}
	var part []byte
	for _, all := range [][]uint32{ends, numbers} {
		for some := range slices.Chunk(all, 1<<14) {
			part = appendNumbers(part[:0], some)
			f.Write(part)
		}
	}
	f.Write(raw)
	if len(raw) >= 1<<32 || len(numbers) >= 1<<32 {
		f.err = errors.New("more than an index holds (4 GiB in a column)")
	}
}
