package output

import (
	"bufio"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/radlabel/radlabel/corpus"
)

// Merged is what a merge came to.
type Merged struct {
	Rows     int
	Repeated int // rows whose study an earlier one of another shard has; of ranges alone
}

// Merge writes the rows of all shards in the order of a single run, and so its bytes.
// The format's kind must be that of the shards; its compression may be another. Memory
// grows with the number of shards, and with that of reports for ranges alone, by a hash
// of each study.
func (s *Shards) Merge(w io.Writer, f Format) (Merged, error) {
	m := &merge{of: s, seen: map[uint64]int{}}
	defer m.close()
	if err := m.open(); err != nil {
		return Merged{}, notRead(err)
	}
	to, err := s.sink(w, f)
	if err != nil {
		return Merged{}, err
	}
	if err := m.begin(to); err != nil {
		return Merged{}, err
	}
	for len(m.next) > 0 {
		if err := m.row(to); err != nil {
			return Merged{}, err
		}
	}
	return m.done, to.Close()
}

// merge is a merge under way: its sources, with the next row first in a heap.
type merge struct {
	of   *Shards
	all  []*mergeSource
	next mergeHeap
	last uint64         // ordinal
	seen map[uint64]int // shard by hash of the study, of ranges
	done Merged
}

// mergeSource is one shard that is read.
type mergeSource struct {
	name   string
	index  int
	shard  corpus.Shard
	left   int // rows, without the one that is next
	places *bufio.Reader
	at     place // of the next row
	rows   rowReader
	files  []io.Closer
}

// rowReader reads the rows of a shard.
type rowReader interface {
	header(to *mergeSink) error // puts what stands before the rows, if anything
	row(to *mergeSink) error    // puts the next row
}

func (m *merge) close() {
	for _, s := range m.all {
		for _, f := range slices.Backward(s.files) {
			f.Close()
		}
	}
}

func (m *merge) open() error {
	for i, name := range m.of.names {
		s := &mergeSource{name: name, index: i}
		m.all = append(m.all, s)
		rec, shard, places, f, err := recordOf(name)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
		s.shard, s.places, s.left = shard, places, rec.Rows
		data, err := os.Open(name)
		if err != nil {
			return err
		}
		s.files = append(s.files, data)
		if s.rows, err = s.reader(data, m.of.format[i]); err != nil {
			return s.damaged(err)
		}
	}
	return nil
}

// reader reads rows of a format.
func (s *mergeSource) reader(data *os.File, f Format) (rowReader, error) {
	if f.Kind == "parquet" {
		return newParquetRows(data)
	}
	var plain io.Reader = bufio.NewReaderSize(data, 1<<15)
	if f.Compression != "" {
		r, err := unpacked(plain, f)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, r)
		plain = r
	}
	return &textRows{bufio.NewReaderSize(plain, 1<<15), f.Kind == "csv"}, nil
}

func (s *mergeSource) damaged(err error) error {
	var own *notWritten
	if errors.As(err, &own) {
		return own
	}
	return unmergeable("%s: its rows cannot be read: %v; remove it, and label shard %s again", s.name, err, s.shard)
}

// begin puts the header, which is the same in all, and finds the first rows.
func (m *merge) begin(to *mergeSink) error {
	for i, s := range m.all {
		into := to
		if i > 0 {
			into = nil
		}
		if err := s.rows.header(into); err != nil {
			return s.damaged(err)
		}
		if err := m.advance(s); err != nil {
			return err
		}
		if s.left >= 0 {
			m.next = append(m.next, s)
		}
	}
	heap.Init(&m.next)
	return nil
}

// advance finds the place of the next row of a source; left is -1 behind the last.
func (m *merge) advance(s *mergeSource) error {
	if s.left--; s.left < 0 {
		return nil
	}
	before := s.at.ordinal
	var err error
	if s.at, err = readPlace(s.places); err != nil {
		return s.damaged(err)
	}
	if s.at.ordinal <= before || s.at.ordinal > uint64(m.of.Records[0].Items) {
		return s.damaged(errors.New("their places are not in order"))
	}
	return nil
}

// row puts the next row of all.
func (m *merge) row(to *mergeSink) error {
	s := m.next[0]
	if s.at.ordinal == m.last {
		return unmergeable("report %d of the input is in %s and in another shard: the shards overlap; label all of them again", s.at.ordinal, s.name)
	}
	m.last = s.at.ordinal
	if err := m.study(s); err != nil {
		return err
	}
	if err := s.rows.row(to); err != nil {
		return s.damaged(err)
	}
	m.done.Rows++
	if err := m.advance(s); err != nil {
		return err
	}
	if s.left < 0 {
		heap.Pop(&m.next)
		return nil
	}
	heap.Fix(&m.next, 0)
	return nil
}

// study checks that the study of the next row is in no other shard. Those that are
// placed by it are in their own; of ranges, the input may have an id twice.
func (m *merge) study(s *mergeSource) error {
	if !m.of.Records[0].Ranges {
		if !s.shard.HasHash(s.at.hash) {
			return unmergeable("%s has a study of another shard, the report %d of the input; label shard %s again", s.name, s.at.ordinal, s.shard)
		}
		return nil
	}
	if other, ok := m.seen[s.at.hash]; ok && other != s.index {
		m.done.Repeated++
	} else {
		m.seen[s.at.hash] = s.index
	}
	return nil
}

// mergeHeap has the source of the next row first.
type mergeHeap []*mergeSource

func (h mergeHeap) Len() int           { return len(h) }
func (h mergeHeap) Less(i, j int) bool { return h[i].at.ordinal < h[j].at.ordinal }
func (h mergeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(x any)        { *h = append(*h, x.(*mergeSource)) }
func (h *mergeHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// mergeSink is the output of a merge: bytes of rows, or rows of Parquet.
type mergeSink struct {
	text   *bufio.Writer
	packed packer // nil: not compressed
	table  *parquetWriter
	rows   int
}

func (s *Shards) sink(w io.Writer, f Format) (*mergeSink, error) {
	if f.Kind != s.Kind {
		return nil, unmergeable("the shards are %s, and %s was asked for; name the output .%s", s.Kind, f.Kind, s.Kind)
	}
	if f.Kind == "parquet" {
		table, err := newParquet(w, s.Records[0].Header)
		return &mergeSink{table: table}, err
	}
	w, packed, err := compress(w, f)
	return &mergeSink{text: bufio.NewWriterSize(w, 1<<16), packed: packed}, err
}

// rowDone flushes what is compressed as often as a single run does.
func (s *mergeSink) rowDone() error {
	if s.rows++; s.packed == nil || s.rows%packedRows > 0 {
		return nil
	}
	if err := s.text.Flush(); err != nil {
		return err
	}
	return s.packed.Flush()
}

// Close completes the form of the output.
func (s *mergeSink) Close() error {
	if s.table != nil {
		return s.table.Close()
	}
	if err := s.text.Flush(); err != nil || s.packed == nil {
		return err
	}
	return s.packed.Close()
}

// textRows are the rows of CSV or JSON lines.
type textRows struct {
	in     *bufio.Reader
	quoted bool
}

func (t *textRows) header(to *mergeSink) error {
	if to == nil {
		return copyRow(io.Discard, t.in, t.quoted)
	}
	return copyRow(to.text, t.in, t.quoted)
}

func (t *textRows) row(to *mergeSink) error {
	if err := copyRow(to.text, t.in, t.quoted); err != nil {
		return err
	}
	return to.rowDone()
}

// parquetRows are the rows of a Parquet file, which are read some at a time.
type parquetRows struct {
	file *parquet.File
	from *parquet.GenericReader[any] // nil before the first row
	buf  [64]parquet.Row
	rows []parquet.Row
}

func newParquetRows(data *os.File) (rows *parquetRows, err error) {
	defer noPanic(&err)
	info, err := data.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(data, info.Size())
	return &parquetRows{file: file}, err
}

// noPanic makes an error of what the library panics with where a file is damaged.
func noPanic(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("the Parquet is damaged: %v", fault)
	}
}

func (p *parquetRows) header(*mergeSink) error { return nil }

func (p *parquetRows) row(to *mergeSink) (err error) {
	defer noPanic(&err)
	if p.from == nil {
		p.from = parquet.NewGenericRowGroupReader[any](parquet.MultiRowGroup(p.file.RowGroups()...))
	}
	if len(p.rows) == 0 {
		n, err := p.from.ReadRows(p.buf[:])
		if n == 0 {
			return cmp.Or(err, io.ErrUnexpectedEOF)
		}
		p.rows = p.buf[:n]
	}
	_, err = to.table.w.WriteRows(p.rows[:1])
	p.rows = p.rows[1:]
	return unwrapped(err)
}
