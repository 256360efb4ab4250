package output

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/radlabel/radlabel/corpus"
)

// ShardRecord says what a shard is. It stands in NAME.shard, beside the rows in NAME: a
// line of JSON, and behind it a place for each row (order). It is written last, so that
// a shard with its record is whole.
type ShardRecord struct {
	Shard  string          `json:"shard"`  // "3/16"
	Ranges bool            `json:"ranges"` // of what shards
	Of     []Trait         `json:"of"`     // what the bytes depend on, the same in all shards
	Layout Layout          `json:"layout"`
	Header Header          `json:"header"`
	Items  int             `json:"items"` // reports and lost ones of the whole corpus
	Held   int             `json:"held"`  // of these, the shard's: rows, lost, and left out on purpose
	Rows   int             `json:"rows"`
	Bytes  int64           `json:"bytes"` // of NAME
	Sum    uint32          `json:"sum"`   // CRC-32C of NAME
	Order  uint32          `json:"order"` // CRC-32C of the places
	State  json.RawMessage `json:"state"` // the caller's account
}

// shardEnding is that of records.
const shardEnding = ".shard"

// Told is what a shard's record has from whoever labelled it.
type Told struct {
	Items, Held int // as in ShardRecord
	State       any
}

// CommitShard puts the whole file under its name, and then its record beside it.
func (r *Resumable) CommitShard(told Told) error {
	if err := r.rename(); err != nil {
		return err
	}
	if err := r.record(told); err != nil {
		r.part.saved = journal{} // there is no part any more
		return NotWritten(r.part.final+shardEnding, err)
	}
	r.clean()
	return nil
}

func (r *Resumable) record(told Told) error {
	state, err := json.Marshal(told.State)
	if err != nil {
		return err
	}
	o := r.Options
	rec := ShardRecord{
		Shard: o.Shard.String(), Ranges: o.Ranges, Of: o.Of, Layout: o.Layout, Header: o.Header,
		Items: told.Items, Held: told.Held, Rows: r.rows, Order: r.part.order.sum, State: state,
	}
	if rec.Bytes, rec.Sum, err = sumOf(r.part.final); err != nil {
		return err
	}
	line, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if err := r.part.order.sync(); err != nil {
		return err
	}
	places := io.NewSectionReader(r.part.order.file, 0, int64(r.rows)*orderWidth)
	final := r.part.final + shardEnding
	// Of a name that is known, for the next run to write over what this one leaves
	// where it is killed.
	made, err := os.OpenFile(final+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return err
	}
	f := &File{f: made, final: final}
	defer f.Abort()
	if _, err := io.Copy(f, io.MultiReader(bytes.NewReader(append(line, '\n')), places)); err != nil {
		return err
	}
	if err := f.Chmod(o.Mode); err != nil {
		return err
	}
	return f.Commit()
}

// sumOf gives the length and CRC-32C of a file.
func sumOf(name string) (int64, uint32, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, f)
	return n, h.Sum32(), err
}

// Damaged is the error of a shard that is not what its record says, or of a record that
// cannot be read.
type Damaged struct{ Name, What string }

func (d *Damaged) Error() string { return d.Name + ": " + d.What }

// recordOf reads the record of a shard, and leaves the file, which the caller closes,
// behind it: at the places. There is none where the error is fs.ErrNotExist.
func recordOf(name string) (rec ShardRecord, shard corpus.Shard, places *bufio.Reader, f *os.File, err error) {
	if f, err = os.Open(name + shardEnding); err != nil {
		return rec, shard, nil, nil, err
	}
	places = bufio.NewReaderSize(f, 1<<12)
	line, err := places.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &rec)
	}
	if err == nil {
		shard, err = corpus.ParseShard(rec.Shard)
	}
	if err != nil || rec.Rows < 0 || rec.Held < rec.Rows || rec.Items < rec.Held {
		f.Close()
		return rec, shard, nil, nil, &Damaged{name + shardEnding, "is no record of a shard"}
	}
	return rec, shard, places, f, nil
}

// check compares a shard with its record. The error is a *Damaged, or of reading.
func (rec ShardRecord) check(name string, places io.Reader) error {
	n, sum, err := sumOf(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Damaged{name, "is missing, but its record is there"}
	case err != nil:
		return err
	case n != rec.Bytes || sum != rec.Sum:
		return &Damaged{name, fmt.Sprintf("is not what its record says: %d bytes with the sum %08x, not %d with %08x", n, sum, rec.Bytes, rec.Sum)}
	}
	h := crc32.New(castagnoli)
	if n, err = io.Copy(h, places); err != nil {
		return err
	}
	if n != int64(rec.Rows)*orderWidth || h.Sum32() != rec.Order {
		return &Damaged{name + shardEnding, "does not have the places of all rows"}
	}
	return nil
}

// ShardDone gives the record of a shard that is there, whole, and of these options; nil
// where none is there. Otherwise the error is an *OtherRun, whose trait is "--shard"
// where it is another shard of the same run, or a *Damaged.
func ShardDone(name string, opts ResumableOptions) (*ShardRecord, error) {
	name, _, err := resolve(name)
	if err != nil {
		return nil, err
	}
	rec, shard, places, f, err := recordOf(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, notRead(err)
	}
	defer f.Close()
	if other := differs(rec.Of, opts.Of); other != nil {
		other.Part = name
		return nil, other
	}
	if shard != opts.Shard {
		trait := shardTrait
		if shard.Of != opts.Shard.Of {
			trait = "the number of shards"
		}
		return nil, &OtherRun{Part: name, Trait: trait, Was: shard.String(), Now: opts.Shard.String()}
	}
	if err := rec.check(name, places); err != nil {
		return nil, err
	}
	tidy(name)
	return &rec, nil
}

// tidy removes what a run that was killed just behind its record has left, unless
// another is writing it.
func tidy(name string) {
	p := &part{final: name}
	left := false
	for _, file := range []string{p.name(), p.journal(), p.places()} {
		if _, err := os.Lstat(file); err == nil {
			left = true
		}
	}
	if !left {
		return
	}
	if p, err := openPart(name); err == nil {
		os.Remove(p.places())
		p.remove()
	}
}
