package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/blevesearch/mmap-go"
	"github.com/klauspost/compress/zstd"

	"github.com/radlabel/radlabel/corpus"
)

// Index is an index that is open for reading. It may be used by several
// goroutines at once. It stays as it was opened whatever is written meanwhile.
type Index struct {
	dir, path string
	manifest  *manifest
	terms     terms
	maps      []mmap.MMap
	decoder   *zstd.Decoder
	synonyms  map[string][]int // groups of a stem
	closing   sync.Once
	measuring sync.Once
	measured  []float32 // see lengths

	// Of reports, by row.
	ids, subjects, studies runs
	byID                   numbers // rows in the order of ids
	labels                 []byte  // of all rows for the first observation, then the next
	sections               numbers
	splits, views, dates   numbers
	hashes                 []byte
	said                   lists
	texts                  runs // of textsAtOnce reports, compressed

	// Of sentences.
	sayers  lists // rows that say it
	keys    []byte
	records runs
	spoken  lists // numbers of words

	words, stems runs // in order
	stemOf       numbers
}

// Open opens the index in a folder. It reads every byte once, to see that they are
// those that were written. The error is a *DamageError where they are not, and
// tells NoIndex where there is none.
func Open(ctx context.Context, dir string) (*Index, error) {
	for {
		m, err := loadManifest(dir)
		if err != nil {
			return nil, err
		}
		x, err := openGeneration(ctx, dir, m)
		if err == nil {
			return x, nil
		}
		// A writer may have replaced the generation meanwhile.
		if now, nowErr := loadManifest(dir); nowErr == nil && now.Generation != m.Generation {
			continue
		}
		return nil, err
	}
}

func openGeneration(ctx context.Context, dir string, m *manifest) (*Index, error) {
	x := &Index{dir: dir, path: filepath.Join(dir, m.Generation), manifest: m}
	if err := x.verify(ctx); err != nil {
		return nil, err
	}
	if err := x.load(); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// verify compares the files with the sums of the manifest.
func (x *Index) verify(ctx context.Context) error {
	for _, f := range x.manifest.Files {
		what, err := checkFile(x.path, f)
		switch {
		case err != nil:
			return err
		case what != "":
			return &DamageError{x.dir, what}
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
	return nil
}

func (x *Index) load() error {
	l := loader{x: x, extents: map[string]extent{}}
	for _, e := range x.manifest.Columns {
		l.extents[e.Name] = e
	}
	l.columns = l.file(columnsName)
	x.ids, x.subjects, x.studies = l.runs("ids"), l.runs("subjects"), l.runs("studies")
	x.byID, x.sections, x.splits, x.views, x.dates = l.numbers("by-id"), l.numbers("sections"), l.numbers("splits"), l.numbers("views"), l.numbers("dates")
	x.labels, x.hashes, x.keys = l.bytes("labels"), l.bytes("hashes"), l.bytes("keys")
	x.said, x.sayers, x.spoken = l.lists("said"), l.lists("sayers"), l.lists("spoken")
	x.texts = runs{l.numbers("text-ends"), l.file(textsName)}
	x.records, x.words, x.stems, x.stemOf = l.runs("records"), l.runs("words"), l.runs("stems"), l.numbers("stem-of")
	for i := range x.manifest.Stores {
		if l.err != nil {
			break
		}
		var store *termStore
		if store, l.err = openTerms(filepath.Join(x.path, storeName(i))); l.err == nil {
			store.ids = l.numbers(storeName(i) + "-ids")
			x.terms = append(x.terms, store)
		}
	}
	x.synonyms = map[string][]int{}
	for i, group := range x.manifest.Synonyms {
		for _, stem := range group {
			x.synonyms[stem] = append(x.synonyms[stem], i)
		}
	}
	if l.err != nil {
		return &DamageError{x.dir, l.err.Error()}
	}
	var err error
	x.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0))
	return err
}

// loader maps the files of a generation; err is the first that failed.
type loader struct {
	x       *Index
	extents map[string]extent
	columns []byte
	err     error
}

func (l *loader) file(name string) []byte {
	if l.err != nil {
		return nil
	}
	m, err := mapFile(filepath.Join(l.x.path, name))
	if err != nil {
		l.err = err
		return nil
	}
	l.x.maps = append(l.x.maps, m)
	return m
}

// bytes is a column as it is.
func (l *loader) bytes(name string) []byte {
	e, ok := l.extents[name]
	if end := e.Offset + e.Size; l.err == nil && (!ok || e.Offset < 0 || e.Size < 0 || end > int64(len(l.columns))) {
		l.err = fmt.Errorf("the column %s is lacking", name)
	}
	if l.err != nil {
		return nil
	}
	return l.columns[e.Offset : e.Offset+e.Size]
}

func (l *loader) numbers(name string) numbers { return l.bytes(name) }

// headed is a column that begins with the number of its ends.
func (l *loader) headed(name string) (ends numbers, data []byte) {
	b := l.bytes(name)
	if l.err != nil {
		return nil, nil
	}
	if len(b) >= 4 {
		if n := 4 * int64(binary.LittleEndian.Uint32(b)); 4+n <= int64(len(b)) {
			return b[4 : 4+n], b[4+n:]
		}
	}
	l.err = fmt.Errorf("%s is cut short", name)
	return nil, nil
}

func (l *loader) runs(name string) runs {
	ends, data := l.headed(name)
	return runs{ends, data}
}

func (l *loader) lists(name string) lists {
	ends, data := l.headed(name)
	return lists{ends, data}
}

// Close lets go of the index. Nothing that it gave may refer to it any more, and
// nothing does.
func (x *Index) Close() error {
	x.closing.Do(func() {
		for _, s := range x.terms {
			s.close()
		}
		for _, m := range x.maps {
			if m != nil {
				m.Unmap()
			}
		}
		if x.decoder != nil {
			x.decoder.Close()
		}
	})
	return nil
}

// Stale reports whether another generation has taken the place of this one.
func (x *Index) Stale() bool {
	m, err := loadManifest(x.dir)
	return err == nil && m.Generation != x.manifest.Generation
}

// Reports is how many reports there are.
func (x *Index) Reports() int { return x.manifest.Reports }

// HasSubjects reports whether every report has a subject and a study.
func (x *Index) HasSubjects() bool {
	for row := range x.Reports() {
		if len(x.subjects.at(row)) == 0 || len(x.studies.at(row)) == 0 {
			return false
		}
	}
	return x.Reports() > 0
}

// Observations are those of the rule set, in its order.
func (x *Index) Observations() []corpus.Observation { return x.manifest.Observations }

// Origin says what labels and marks come from.
func (x *Index) Origin() Origin { return x.manifest.Origin }

// Version is that of the program that wrote the index.
func (x *Index) Version() string { return x.manifest.Version }

// row finds a report.
func (x *Index) row(id string) (int, bool) {
	lo, hi := 0, x.byID.len()
	for lo < hi {
		mid := (lo + hi) / 2
		if string(x.ids.at(int(x.byID.at(mid)))) < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == x.byID.len() {
		return 0, false
	}
	row := int(x.byID.at(lo))
	return row, string(x.ids.at(row)) == id
}

func (x *Index) hashOf(row int) key { return key(x.hashes[16*row : 16*row+16]) }

func (x *Index) label(observation, row int) corpus.Assertion {
	return corpus.Assertion(x.labels[observation*x.manifest.Reports+row])
}

// text gives the text of a report, and where its sentences begin.
func (x *Index) text(row int) (string, []uint32, error) {
	block, err := x.textBlock(row)
	for range row % textsAtOnce {
		if err == nil {
			_, _, block = cutText(block)
		}
	}
	if err != nil {
		return "", nil, err
	}
	text, starts, _ := cutText(block)
	return text, starts, nil
}

// textBlock unpacks the texts that are packed with that of a row.
func (x *Index) textBlock(row int) ([]byte, error) {
	block, err := x.decoder.DecodeAll(x.texts.at(row/textsAtOnce), nil)
	if err != nil {
		return nil, &DamageError{x.dir, "a text cannot be decompressed"}
	}
	return block, nil
}

// cutText takes the first text off a block.
func cutText(block []byte) (text string, starts []uint32, rest []byte) {
	next := func() int {
		n, size := binary.Uvarint(block)
		block = block[size:]
		return int(n)
	}
	starts = make([]uint32, next())
	for i := range starts {
		starts[i] = uint32(next())
	}
	n := next()
	return string(block[:n]), starts, block[n:]
}

// record gives what is known of a sentence. Its Text is a copy.
func (x *Index) record(sentence int) Sentence {
	b := x.records.at(sentence)
	next := func() int {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return int(n)
	}
	s := Sentence{Section: x.manifest.Sections[next()]}
	n := next()
	s.Text, b = string(b[:n]), b[n:]
	for len(b) > 0 {
		m := Mark{Observation: x.manifest.Observations[b[0]], Assertion: corpus.Assertion(b[1])}
		b = b[2:]
		m.Rule, m.Cue = x.manifest.Rules[next()], x.manifest.Cues[next()]
		m.Mention = corpus.Span{Start: next(), End: next()}
		m.CueSpan = corpus.Span{Start: next(), End: next()}
		s.Marks = append(s.Marks, m)
	}
	return s
}
