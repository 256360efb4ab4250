package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bits-and-blooms/bitset"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	api "github.com/blevesearch/bleve_index_api"
)

// The fields of a sentence's document.
const (
	wordField = "word" // its words as written, in lower case
	stemField = "stem" // their stems
	tagField  = "tag"  // what it asserts, by which rules and cues, in which section
)

// termDocument is what Bleve is told of a sentence. Terms stand between zero bytes.
type termDocument struct {
	id                 uint32
	words, stems, tags []byte
}

// cutTerms is the analyzer of text that has been analysed: Bleve gets its terms.
type cutTerms struct{}

func (cutTerms) Analyze(text []byte) analysis.TokenStream {
	tokens := make([]analysis.Token, bytes.Count(text, []byte{0})+1)
	stream := make(analysis.TokenStream, len(tokens))
	for i := range tokens {
		term, rest, _ := bytes.Cut(text, []byte{0})
		tokens[i] = analysis.Token{Term: term, Position: i + 1}
		stream[i], text = &tokens[i], rest
	}
	return stream
}

// sentencesAtOnce is how many documents Bleve makes a segment of. Larger ones
// take more memory and less merging.
const sentencesAtOnce = 16_000

// termWriter builds a store of Bleve's on a goroutine of its own. Its builder for
// whole stores is used: it gives errors where they happen (the one that takes
// further documents tries a full disk again for ever) and makes one segment.
type termWriter struct {
	documents chan termDocument
	done      chan error
	failed    chan struct{}
	abandoned bool // set before documents is closed
}

// newTermWriter begins a store in dir, which must not exist.
func newTermWriter(dir string) (*termWriter, error) {
	builder, err := scorch.NewBuilder(map[string]any{
		"path": dir, "buildPathPrefix": filepath.Dir(dir), "batchSize": sentencesAtOnce, "mergeMax": 1 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: cannot begin the store of words: %w", dir, err)
	}
	w := &termWriter{documents: make(chan termDocument, 1024), done: make(chan error, 1), failed: make(chan struct{})}
	go func() { w.done <- w.build(builder) }()
	return w, nil
}

func (w *termWriter) build(builder *scorch.Builder) error {
	const options = api.IndexField | api.SkipFreqNorm
	var failure error
	n := 0
	for d := range w.documents {
		if failure != nil {
			continue // until the channel is closed
		}
		doc := document.NewDocument(string(binary.BigEndian.AppendUint32(nil, d.id)))
		for _, f := range []struct {
			name  string
			terms []byte
		}{{wordField, d.words}, {stemField, d.stems}, {tagField, d.tags}} {
			if len(f.terms) > 0 {
				doc.AddField(document.NewTextFieldCustom(f.name, nil, f.terms, options, cutTerms{}))
			}
		}
		n++
		if failure = builder.Index(doc); failure != nil {
			close(w.failed)
		}
	}
	if failure != nil || w.abandoned {
		return failure
	}
	if n == 0 { // Bleve makes no store without a document
		if err := builder.Index(document.NewDocument(noDocument)); err != nil {
			return err
		}
	}
	return builder.Close()
}

// noDocument is the id of a document that stands for no sentence.
const noDocument = "none"

// add hands a document over. That it fails is told by close.
func (w *termWriter) add(d termDocument) error {
	select {
	case w.documents <- d:
		return nil
	case <-w.failed:
		return errFailed
	}
}

// errFailed says that close has the error.
var errFailed = fmt.Errorf("writing failed")

// close completes the store.
func (w *termWriter) close() error {
	close(w.documents)
	return <-w.done
}

// abandon ends the work without a store. The error is what made it fail before.
func (w *termWriter) abandon() error {
	w.abandoned = true
	return w.close()
}

// terms are the stores of Bleve's that an index has: each has sentences that the
// ones before it lack.
type terms []*termStore

type termStore struct {
	index  api.Index
	reader api.IndexReader
	ids    numbers // the sentence of each document, by Bleve's number
}

// openTerms opens a store for reading.
func openTerms(dir string) (*termStore, error) {
	if _, err := os.Stat(filepath.Join(dir, "root.bolt")); err != nil {
		return nil, err
	}
	index, err := scorch.NewScorch(scorch.Name, map[string]any{"path": dir, "read_only": true, "bolt_timeout": "2s"}, nil)
	if err != nil {
		return nil, err
	}
	if err := index.Open(); err != nil {
		return nil, err
	}
	reader, err := index.Reader()
	if err != nil {
		index.Close()
		return nil, err
	}
	return &termStore{index: index, reader: reader}, nil
}

// documentIDs asks Bleve for the sentence of each of its documents: it numbers
// them in an order of its own.
func (s *termStore) documentIDs() ([]uint32, error) {
	n, err := s.reader.DocCount()
	if err != nil {
		return nil, err
	}
	ids := make([]uint32, n)
	for i := range ids {
		id, err := s.reader.ExternalID(api.NewIndexInternalID(nil, uint64(i)))
		if err != nil {
			return nil, err
		}
		if id == noDocument {
			continue
		}
		if len(id) != 4 {
			return nil, fmt.Errorf("document %d has the id %q", i, id)
		}
		ids[i] = binary.BigEndian.Uint32([]byte(id))
	}
	return ids, nil
}

func (s *termStore) close() {
	s.reader.Close()
	s.index.Close()
}

// having adds to found the sentences that have one of the terms in a field.
func (t terms) having(ctx context.Context, field string, any []string, found *bitset.BitSet) error {
	var doc api.TermFieldDoc
	for _, s := range t {
		for _, term := range any {
			reader, err := s.reader.TermFieldReader(ctx, []byte(term), field, false, false, false)
			if err != nil {
				return err
			}
			next, err := reader.Next(doc.Reset())
			for ; next != nil && err == nil; next, err = reader.Next(next.Reset()) {
				found.Set(uint(s.ids.at(int(next.ID.Value()))))
			}
			reader.Close()
			if err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// havingAll adds to found the sentences that have all of the terms in a field.
func (t terms) havingAll(ctx context.Context, field string, all []string, found *bitset.BitSet) error {
	if len(all) == 1 {
		return t.having(ctx, field, all, found)
	}
	options := search.SearcherOptions{Score: "none"}
	for _, s := range t {
		searchers := make([]search.Searcher, len(all))
		for i, term := range all {
			var err error
			if searchers[i], err = searcher.NewTermSearcher(ctx, s.reader, term, field, 1, options); err != nil {
				return err
			}
		}
		both, err := searcher.NewConjunctionSearcher(ctx, s.reader, searchers, options)
		if err != nil {
			return err
		}
		err = s.collect(both, found)
		both.Close()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *termStore) collect(from search.Searcher, found *bitset.BitSet) error {
	sctx := &search.SearchContext{DocumentMatchPool: search.NewDocumentMatchPool(from.DocumentMatchPoolSize()+1, 0)}
	for {
		match, err := from.Next(sctx)
		if match == nil || err != nil {
			return err
		}
		found.Set(uint(s.ids.at(int(match.IndexInternalID.Value()))))
		sctx.DocumentMatchPool.Put(match)
	}
}

// like gives the terms of a field that a pattern of Bleve's regular expressions
// matches whole.
func (t terms) like(field, pattern string) ([]string, error) {
	return t.dictionary(func(s *termStore) (api.FieldDict, error) {
		return s.reader.(api.IndexReaderRegexp).FieldDictRegexp(field, pattern)
	})
}

// near gives the terms of a field that are at most so many edits away from one.
func (t terms) near(field, term string, edits int) ([]string, error) {
	return t.dictionary(func(s *termStore) (api.FieldDict, error) {
		return s.reader.(api.IndexReaderFuzzy).FieldDictFuzzy(field, term, edits, "")
	})
}

func (t terms) dictionary(of func(*termStore) (api.FieldDict, error)) ([]string, error) {
	seen := map[string]bool{}
	var all []string
	for _, s := range t {
		dict, err := of(s)
		if err != nil {
			return nil, err
		}
		entry, err := dict.Next()
		for ; entry != nil && err == nil; entry, err = dict.Next() {
			if !seen[entry.Term] {
				seen[entry.Term] = true
				all = append(all, entry.Term)
			}
		}
		dict.Close()
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// beginning gives the terms of a field that begin so, each with how many documents
// have it.
func (t terms) beginning(field, prefix string) (map[string]int, error) {
	all := map[string]int{}
	for _, s := range t {
		dict, err := s.reader.FieldDictPrefix(field, []byte(prefix))
		if err != nil {
			return nil, err
		}
		entry, err := dict.Next()
		for ; entry != nil && err == nil; entry, err = dict.Next() {
			all[entry.Term] += int(entry.Count)
		}
		dict.Close()
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
