package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/radlabel/radlabel/internal/index"
)

// Bulk writes reports as lines for OpenSearch's bulk interface, which takes a limited
// number of bytes at a time: two lines a report, in bodies that are no larger than
// Size, but for a report that alone is larger.
type Bulk struct {
	Index *index.Index
	Size  int // of a body, in bytes; 0: all go into one

	// Next begins another body. The one before is whole, and Bulk does not close it.
	Next func() (io.Writer, error)

	body    io.Writer
	written int // bytes of the body
	pair    bytes.Buffer
	encoder *json.Encoder
	ruleSet string
}

// Write writes a document of the index.
func (b *Bulk) Write(d index.Document) error {
	if b.encoder == nil {
		b.encoder = json.NewEncoder(&b.pair)
		b.encoder.SetEscapeHTML(false)
		origin := b.Index.Origin()
		b.ruleSet = fmt.Sprintf("%s %.12s", origin.RuleSet, origin.Digest)
	}
	b.pair.Reset()
	if err := b.encoder.Encode(action{target{documentID(d.ID)}}); err != nil {
		return err
	}
	if err := b.encoder.Encode(reportOf(d, b.Index.Observations(), b.ruleSet)); err != nil {
		return err
	}
	if b.body == nil || b.Size > 0 && b.written > 0 && b.written+b.pair.Len() > b.Size {
		var err error
		if b.body, err = b.Next(); err != nil {
			return err
		}
		b.written = 0
	}
	n, err := b.body.Write(b.pair.Bytes())
	b.written += n
	return err
}

// action says of the line below it what to do with it: put it into the index that
// the address names, in the place of one with the same id.
type action struct {
	Index target `json:"index"`
}

type target struct {
	ID string `json:"_id"`
}
