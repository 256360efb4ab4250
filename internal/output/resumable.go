package output

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// Resumable is an output file that a later run can go on with when this one ends
// before it is whole, in whatever way. Until then its rows are in NAME.part,
// mode 0600, and NAME.part.json says how many of them are on the disk. The
// bytes of the whole are those of a run that nothing has ended.
type Resumable struct {
	Options ResumableOptions
	part    *part
	rows    int
	w       Writer // to the part
	table   Writer // Parquet, to made; nil for other kinds
	made    *os.File
}

// ResumableOptions say what is written.
type ResumableOptions struct {
	Format Format
	Layout Layout
	Header Header
	Of     []Trait       // what the bytes depend on beyond these: inputs, options
	Mode   fs.FileMode   // of the whole file; 0: 0600
	Every  time.Duration // between two saves; 0: a second
	Shard  corpus.Shard  // a shard, with a record of it beside it (CommitShard); zero: none
	Ranges bool          // of what shards: ranges of the order, not studies by their hash
}

// shardTrait is what a shard differs in from the others of its run.
const shardTrait = "--shard"

// of is what the bytes of the part depend on.
func (o ResumableOptions) of() []Trait {
	if o.Shard.Of == 0 {
		return o.Of
	}
	return append([]Trait{{shardTrait, o.Shard.String()}}, o.Of...)
}

// OtherRun is the error of going on with what a run with other options, rules or
// inputs has left.
type OtherRun struct {
	Part     string
	Trait    string
	Was, Now string
}

func (e *OtherRun) Error() string {
	return fmt.Sprintf("%s is of another run: %s was %q, and is %q now; give what it was, or leave out --resume to begin anew",
		e.Part, e.Trait, e.Was, e.Now)
}

// Begin begins an output of the name, which must be that of a file (IsFile), and
// forgets what an earlier run has left.
func Begin(name string, opts ResumableOptions) (*Resumable, error) {
	r, err := open(name, opts)
	if err != nil {
		return nil, err
	}
	if err := r.part.begin(); err != nil {
		return nil, r.failed(err)
	}
	if err := r.writers(); err != nil {
		return nil, r.failed(err)
	}
	return r, nil
}

// Resume goes on where an earlier run has saved last, and gives the state that
// it saved; nil where there is nothing to go on with, so that the output begins.
// The error is an *OtherRun where what is there is of other Options.Of.
func Resume(name string, opts ResumableOptions) (*Resumable, json.RawMessage, error) {
	r, err := open(name, opts)
	if err != nil {
		return nil, nil, err
	}
	j, ok := r.part.load()
	if !ok {
		r.part.close()
		r, err := Begin(name, opts)
		return r, nil, err
	}
	r.part.saved = j // kept, whatever happens
	if err := r.same(j); err != nil {
		return nil, nil, r.failed(err)
	}
	if err := r.goOn(j); err != nil {
		return nil, nil, r.failed(err)
	}
	return r, j.State, nil
}

func open(name string, opts ResumableOptions) (*Resumable, error) {
	final, regular, err := resolve(name)
	switch {
	case err != nil:
		return nil, err
	case !regular:
		return nil, fmt.Errorf("%s: is no file, which going on needs; write to a file", name)
	}
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Mode == 0 {
		opts.Mode = 0o600
	}
	p, err := openPart(final)
	if err != nil {
		return nil, err
	}
	if opts.Shard.Of > 0 {
		if p.order, err = openOrder(p.places()); err != nil {
			p.file.Close()
			return nil, notCreated(final, err)
		}
	}
	return &Resumable{Options: opts, part: p}, nil
}

func (r *Resumable) failed(err error) error {
	r.Abort()
	return err
}

// same compares what the bytes depended on with what they depend on now.
func (r *Resumable) same(j journal) error {
	if other := differs(j.Of, r.Options.of()); other != nil {
		other.Part = r.part.name()
		return other
	}
	return nil
}

// differs gives the first trait that is not what it was; nil: there is none. One that
// either lacks is "" there.
func differs(before, now []Trait) *OtherRun {
	i := 0
	for i < len(before) && i < len(now) && before[i] == now[i] {
		i++
	}
	var was, is Trait
	if i < len(before) {
		was = before[i]
	}
	if i < len(now) {
		is = now[i]
	}
	still := slices.ContainsFunc(now[i:], func(t Trait) bool { return t.Name == was.Name })
	switch {
	case was == is:
		return nil
	case was.Name == is.Name:
		return &OtherRun{Trait: was.Name, Was: was.Value, Now: is.Value}
	case was.Name != "" && !still:
		return &OtherRun{Trait: was.Name, Was: was.Value}
	default:
		return &OtherRun{Trait: is.Name, Now: is.Value}
	}
}

// goOn brings the writers to where the journal was written.
func (r *Resumable) goOn(j journal) error {
	again := r.Options.Format.Compression != ""
	if err := r.part.goOn(j, again); err != nil {
		return err
	}
	if err := r.writers(); err != nil {
		return err
	}
	r.rows = j.Rows
	there := io.NewSectionReader(r.part.file, 0, j.Bytes)
	switch {
	case again:
		return r.pack(there, j)
	case r.table != nil:
		return r.tabulate(there, j)
	}
	if j.Bytes > 0 {
		r.w.(interface{ begun() }).begun()
	}
	return nil
}

// writers makes the writers of the format.
func (r *Resumable) writers() error {
	o := r.Options
	if o.Format.Kind != "parquet" {
		w, err := New(r.part, o.Format, o.Layout, o.Header)
		r.w = w
		return err
	}
	r.w = newRowLog(r.part)
	made, err := os.OpenFile(r.tableName(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return notCreated(r.part.final, err)
	}
	r.made = made
	r.table, err = New(&File{f: made, final: r.part.final}, o.Format, o.Layout, o.Header)
	return err
}

func (r *Resumable) tableName() string { return r.part.name() + ".parquet" }

var errNotAgain = errors.New("what it holds does not give the same bytes again")

// pack compresses the rows of the part anew, for the compressor to come to the
// state that it was in. What it gives is compared with the part.
func (r *Resumable) pack(there io.Reader, j journal) error {
	if j.Bytes == 0 {
		return nil // saved before the first row
	}
	plain, err := unpacked(bufio.NewReader(there), r.Options.Format)
	if err != nil {
		return r.notAgain(err)
	}
	defer plain.Close()
	c := r.w.(*compressed)
	quoted := r.Options.Format.Kind == "csv"
	in := bufio.NewReaderSize(plain, 1<<16)
	c.Writer.(interface{ begun() }).begun()
	for rows := -1; rows < j.Rows; { // the first is the header
		if err := copyRow(c.packed, in, quoted); err != nil {
			return r.notAgain(err)
		}
		if rows++; rows > 0 && rows%packedRows == 0 {
			if err := c.packed.Flush(); err != nil {
				return r.notAgain(err)
			}
		}
	}
	c.rows = j.Rows
	if r.part.at != j.Bytes || r.part.sum != j.Sum {
		return r.notAgain(errNotAgain)
	}
	return nil
}

func (r *Resumable) notAgain(err error) error {
	return fmt.Errorf("%s: cannot be gone on with: %w; leave out --resume to begin anew", r.part.name(), err)
}

func unpacked(in io.Reader, f Format) (io.ReadCloser, error) {
	if f.Compression == "gz" {
		return gzip.NewReader(in)
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}

// copyRow copies a row with its line end; quotes may hold line ends in a CSV.
func copyRow(out io.Writer, in *bufio.Reader, quoted bool) error {
	open := false
	for {
		piece, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
		if _, err := out.Write(piece); err != nil {
			return err
		}
		if quoted && bytes.Count(piece, []byte{'"'})%2 == 1 {
			open = !open
		}
		if err == nil && !open {
			return nil
		}
	}
}

// tabulate writes the rows of the part into the table.
func (r *Resumable) tabulate(there io.Reader, j journal) error {
	in := bufio.NewReaderSize(there, 1<<16)
	for range j.Rows {
		row, err := readRow(in)
		if err == nil && len(row.Labels) != len(r.Options.Header.Observations) {
			err = errRowLog
		}
		if err != nil {
			return r.notAgain(err)
		}
		if err := r.table.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// Rows is how many rows the output has.
func (r *Resumable) Rows() int { return r.rows }

// Kept gives the name of the part and how many of its rows are on the disk, once
// Abort has left it to a later run; 0: there is no part.
func (r *Resumable) Kept() (name string, rows int) { return r.part.name(), r.part.saved.Rows }

// Write writes the row of one report.
func (r *Resumable) Write(result labeler.Result) error {
	if err := r.w.Write(result); err != nil {
		return err
	}
	if r.table != nil {
		if err := r.table.Write(result); err != nil {
			return err
		}
	}
	if r.part.order != nil {
		if err := r.part.order.add(result.Report); err != nil {
			return NotWritten(r.part.final, err)
		}
	}
	r.rows++
	return nil
}

// Save saves what there is where Options.Every has passed, together with the
// state, which Resume will give back. It does not wait for the disk; an error is
// that of the save before. Compressed rows are saved by packedRows.
func (r *Resumable) Save(state func() any) error {
	if r.Options.Format.Compression != "" && r.rows%packedRows > 0 || time.Since(r.part.when) < r.Options.Every {
		return nil
	}
	if busy, err := r.part.busy(); busy || err != nil {
		return err
	}
	if err := r.w.Flush(); err != nil {
		return err
	}
	if r.part.order != nil {
		if err := r.part.order.w.Flush(); err != nil {
			return NotWritten(r.part.final, err)
		}
	}
	s, err := json.Marshal(state())
	if err == nil {
		r.part.save(journal{Of: r.Options.of(), Rows: r.rows, State: s})
	}
	return err
}

// Close completes the form of the output.
func (r *Resumable) Close() error {
	err := r.w.Close()
	if err == nil && r.table != nil {
		err = r.table.Close()
	}
	return err
}

// Commit puts the whole file under its name: flushed to the disk, renamed.
func (r *Resumable) Commit() error {
	if err := r.rename(); err != nil {
		return err
	}
	r.clean()
	return nil
}

// rename puts the whole file under its name.
func (r *Resumable) rename() error {
	err := r.part.settle()
	if err != nil {
		return err
	}
	if !r.part.there() {
		return NotWritten(r.part.final, errGone)
	}
	whole, name := r.part.file, r.part.name()
	if r.made != nil {
		whole, name = r.made, r.tableName()
	}
	if err = whole.Chmod(r.Options.Mode); err == nil {
		err = whole.Sync()
	}
	if err == nil {
		// Other systems than Unix rename no open file.
		err = whole.Close()
	}
	if err == nil {
		err = os.Rename(name, r.part.final)
	}
	if err != nil {
		return NotWritten(r.part.final, err)
	}
	SyncFolder(r.part.final)
	return nil
}

// clean removes what is beside the whole file.
func (r *Resumable) clean() {
	r.part.close() // other systems than Unix remove no open file
	os.Remove(r.part.journal())
	if r.made != nil {
		os.Remove(r.part.name())
	}
	if r.part.order != nil {
		os.Remove(r.part.places())
	}
	r.part.file, r.made, r.part.saved = nil, nil, journal{}
}

// Abort leaves what was saved to a later run, and removes what was not. After
// Commit it does nothing, so it can be deferred.
func (r *Resumable) Abort() {
	if r.part.file == nil {
		return
	}
	_ = r.part.settle() // what was saved before is still there
	if r.made != nil {
		r.made.Close()
		os.Remove(r.tableName())
	}
	if !r.part.there() {
		r.part.saved = journal{}
	}
	if r.part.saved.Rows > 0 {
		r.part.close()
	} else {
		r.part.remove()
	}
	r.part.file = nil
}
