package output

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"github.com/radlabel/radlabel/corpus"
)

// orderWidth is the bytes of a place: the ordinal of a row's report in the whole corpus
// and the hash of its study, both of 64 bits, little-endian.
const orderWidth = 16

// order keeps, in a file beside the part of a shard, which rows of a single run its
// rows are.
type order struct {
	file *os.File
	w    *bufio.Writer
	sum  uint32 // CRC-32C of all places
	buf  [orderWidth]byte
}

// openOrder opens the file; begin or goOn says what of it counts.
func openOrder(name string) (*order, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	return &order{file: f}, nil
}

// goOn cuts the file behind so many places.
func (o *order) goOn(rows int, sum uint32) error {
	size := int64(rows) * orderWidth
	if err := o.file.Truncate(size); err != nil {
		return err
	}
	if _, err := o.file.Seek(size, io.SeekStart); err != nil {
		return err
	}
	o.w, o.sum = bufio.NewWriterSize(o.file, 1<<14), sum
	return nil
}

// holds reports whether so many places are there, with this sum.
func (o *order) holds(rows int, sum uint32) bool {
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, io.NewSectionReader(o.file, 0, int64(rows)*orderWidth))
	return err == nil && n == int64(rows)*orderWidth && h.Sum32() == sum
}

// add adds the place of a report.
func (o *order) add(r corpus.Report) error {
	binary.LittleEndian.PutUint64(o.buf[:8], uint64(r.Ordinal))
	binary.LittleEndian.PutUint64(o.buf[8:], corpus.StudyHash(r))
	o.sum = crc32.Update(o.sum, castagnoli, o.buf[:])
	_, err := o.w.Write(o.buf[:])
	return err
}

func (o *order) sync() error { return errors.Join(o.w.Flush(), o.file.Sync()) }

// place is where a row stands in a single run.
type place struct{ ordinal, hash uint64 }

func readPlace(in io.Reader) (place, error) {
	var b [orderWidth]byte
	_, err := io.ReadFull(in, b[:])
	return place{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}, err
}
