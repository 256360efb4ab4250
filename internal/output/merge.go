package output

import (
	"bufio"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/radlabel/radlabel/corpus"
)

// Shards are all shards of one run, each whole, found in a folder.
type Shards struct {
	Kind    string        // "csv", "jsonl" or "parquet"
	Records []ShardRecord // in order: of n shards
	names   []string
	format  []Format
}

// Unmergeable is the error of shards that are not those of one run, or not all of them.
// It says what to do.
type Unmergeable struct{ What string }

func (u *Unmergeable) Error() string { return u.What }

func unmergeable(format string, args ...any) error {
	return &Unmergeable{fmt.Sprintf(format, args...)}
}

// found is a shard in a folder.
type found struct {
	name  string
	shard corpus.Shard
	rec   ShardRecord
	wrong *Damaged
}

// OpenShards finds the shards in a folder by their records, and checks that all of
// one run are there and whole. The error is an *Unmergeable, or of reading.
func OpenShards(folder string) (*Shards, error) {
	all, unfinished, err := findShards(folder)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, unmergeable("%s: there is no shard in it%s; radlabel label --shard i/n -o %s writes one",
			folder, unfinished, filepath.Join(folder, "i.csv"))
	}
	s := &Shards{}
	if err := s.oneRun(all); err != nil {
		return nil, err
	}
	if err := s.complete(folder, all, unfinished); err != nil {
		return nil, err
	}
	return s, s.counted()
}

// findShards reads the records of a folder, by shard, and names what was begun there
// and not finished.
func findShards(folder string) (all []found, unfinished string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, "", err
	}
	var begun []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".part"); ok {
			begun = append(begun, name)
		}
		name, ok := strings.CutSuffix(e.Name(), shardEnding)
		if !ok || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		one, err := findShard(filepath.Join(folder, name))
		if err != nil {
			return nil, "", err
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.shard.Index, b.shard.Index) })
	if len(begun) > 0 {
		unfinished = fmt.Sprintf(" (begun and not finished: %s)", strings.Join(begun, ", "))
	}
	return all, unfinished, nil
}

// findShard reads one record and compares the shard with it.
func findShard(name string) (one found, err error) {
	one.name = name
	rec, shard, places, f, err := recordOf(name)
	if err == nil {
		defer f.Close()
		one.rec, one.shard = rec, shard
		err = rec.check(name, places)
	}
	if errors.As(err, &one.wrong) {
		return one, nil
	}
	return one, err
}

// oneRun checks that what was found is of one run, in one form, each shard once. Of a
// record that cannot be read nothing is known.
func (s *Shards) oneRun(all []found) error {
	var first *found
	for i := range all {
		one := &all[i]
		if one.shard.Of == 0 {
			continue
		}
		format, err := ParseName(one.name)
		if err != nil {
			return &Unmergeable{err.Error()}
		}
		if first == nil {
			first = one
			s.Kind = format.Kind
			s.Records = make([]ShardRecord, one.shard.Of)
			s.names, s.format = make([]string, one.shard.Of), make([]Format, one.shard.Of)
		}
		if err := s.fits(*first, *one, format); err != nil {
			return err
		}
		at := one.shard.Index
		if s.names[at] != "" {
			return unmergeable("shard %s is there twice: %s and %s; keep one of them", one.shard, s.names[at], one.name)
		}
		s.names[at], s.format[at], s.Records[at] = one.name, format, one.rec
	}
	return nil
}

// fits compares a shard with the first.
func (s *Shards) fits(first, one found, format Format) error {
	const do = "keep the shards of one run in a folder, or label those of the other again"
	if one.shard.Of != first.shard.Of {
		return unmergeable("%s is shard %s, and %s is %s: not the same number of shards; %s", first.name, first.shard, one.name, one.shard, do)
	}
	if format.Kind != s.Kind {
		return unmergeable("%s and %s are of two forms; %s", first.name, one.name, do)
	}
	if other := differs(first.rec.Of, one.rec.Of); other != nil {
		return unmergeable("%s and %s are of two runs: %s was %q and %q; %s", first.name, one.name, other.Trait, other.Was, other.Now, do)
	}
	if one.rec.Ranges != first.rec.Ranges || one.rec.Layout != first.rec.Layout {
		return unmergeable("%s and %s are of two runs: their shards or columns are not of one kind; %s", first.name, one.name, do)
	}
	if one.rec.Items != first.rec.Items {
		return unmergeable("%s was made of an input of %d reports, %s of %d: the input has changed between them; %s",
			first.name, first.rec.Items, one.name, one.rec.Items, do)
	}
	return nil
}

// complete checks that each shard is there and whole. The error lists by number those
// that are to be labelled again.
func (s *Shards) complete(folder string, all []found, unfinished string) error {
	var again []int
	var damage []string
	for i, name := range s.names {
		if name == "" {
			again = append(again, i+1)
		}
	}
	for _, one := range all {
		if one.wrong != nil {
			damage = append(damage, one.wrong.Error())
			if one.shard.Of > 0 {
				again = append(again, one.shard.Index+1)
			}
		}
	}
	slices.Sort(again)
	switch {
	case len(again) == 0 && len(damage) == 0:
		return nil
	case len(s.names) == 0:
		return unmergeable("%s; remove it, and label its shard again", strings.Join(damage, "\n"))
	case len(again) == 0:
		return unmergeable("%s; remove it", strings.Join(damage, "\n"))
	}
	what := fmt.Sprintf("%s: %d of %d shards missing or damaged%s; label again: %s", folder, len(again), len(s.names), unfinished, Numbers(again))
	return unmergeable("%s", strings.Join(append(damage, what), "\n"))
}

// counted checks that the shards hold all of the corpus between them.
func (s *Shards) counted() error {
	held := 0
	for _, rec := range s.Records {
		held += rec.Held
	}
	if items := s.Records[0].Items; held != items {
		return unmergeable("the shards hold %d reports between them, and the input had %d: it has changed between them; label all of them again", held, items)
	}
	return nil
}

// Numbers lists numbers in order as "1,4-6", as sbatch --array takes them.
func Numbers(all []int) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		end := i
		for end+1 < len(all) && all[end+1] == all[end]+1 {
			end++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(all[i]))
		if end > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(all[end]))
		}
		i = end + 1
	}
	return b.String()
}

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
		return Merged{}, err
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

// Names are the files of the shards, in order.
func (s *Shards) Names() []string { return s.names }
