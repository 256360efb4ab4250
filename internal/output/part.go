package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"
)

// Trait is something that the bytes of an output depend on, as a person calls it
// and as it was.
type Trait struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// journal is the file beside a part that says how much of it can be relied on.
type journal struct {
	Of    []Trait         `json:"of"`
	Rows  int             `json:"rows"`
	Bytes int64           `json:"bytes"`           // of the part
	Sum   uint32          `json:"sum"`             // CRC-32C of these bytes
	Order uint32          `json:"order,omitempty"` // CRC-32C of the places of a shard's rows
	State json.RawMessage `json:"state"`           // the caller's, after these rows
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// part is NAME.part, the beginning of an output, and NAME.part.json, its
// journal. The journal is replaced as a whole once the part is on the disk, so
// that at any moment it tells of bytes that are there. Other bytes may follow;
// going on cuts them off.
type part struct {
	final  string
	file   *os.File
	opened fs.FileInfo // of file, which is asked for when it is closed too
	order  *order      // of a shard; else nil
	at     int64       // bytes so far
	sum    uint32      // of them
	again  int64       // so many bytes are there already, and come once more
	saved  journal     // on the disk
	saving chan saving
	when   time.Time // of the last save, or of the beginning
}

// saving is the outcome of a save.
type saving struct {
	journal journal
	err     error
}

func (p *part) name() string    { return p.final + ".part" }
func (p *part) journal() string { return p.final + ".part.json" }
func (p *part) places() string  { return p.final + ".part.order" }

// openPart opens the part of an output, in mode 0600, for this process alone.
func openPart(final string) (*part, error) {
	p := &part{final: final, when: time.Now()}
	for {
		f, err := os.OpenFile(p.name(), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
		if err != nil {
			return nil, notCreated(final, err)
		}
		locked := lock(f)
		there, errThere := os.Lstat(p.name())
		opened, err := f.Stat()
		switch {
		case err == nil && !opened.Mode().IsRegular():
			f.Close()
			return nil, fmt.Errorf("%s: is no plain file; move it away", p.name())
		case !locked:
			f.Close()
			return nil, fmt.Errorf("%s: another run is writing it; wait for it, or write elsewhere", p.name())
		case err == nil && errThere == nil && os.SameFile(there, opened):
			p.file, p.opened = f, opened
			if err := f.Chmod(0o600); err != nil {
				f.Close()
				return nil, NotWritten(p.name(), err)
			}
			return p, nil
		}
		f.Close() // between opening and locking, another run has finished
		if err != nil {
			return nil, NotWritten(p.name(), err)
		}
	}
}

// errGone is of a part that somebody has removed or replaced: what is written goes
// nowhere.
var errGone = errors.New("its .part is not there any more")

// there reports whether the part still has its name.
func (p *part) there() bool {
	named, err := os.Lstat(p.name())
	return err == nil && os.SameFile(named, p.opened)
}

// begin forgets what is there.
func (p *part) begin() error {
	err := os.Remove(p.journal())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = p.file.Truncate(0)
	}
	if p.order == nil {
		os.Remove(p.places()) // of a shard that was to have this name
	} else if err == nil {
		err = p.order.goOn(0, 0)
	}
	if err != nil {
		return NotWritten(p.name(), err)
	}
	return nil
}

// load reads the journal and checks the part by it. Without a journal, or with
// one that tells of other bytes than are there, nothing is to be gone on from.
func (p *part) load() (journal, bool) {
	var j journal
	b, err := os.ReadFile(p.journal())
	if err != nil || json.Unmarshal(b, &j) != nil || j.Bytes < 0 || j.Rows < 0 {
		return journal{}, false
	}
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, io.NewSectionReader(p.file, 0, j.Bytes))
	if err != nil || n != j.Bytes || h.Sum32() != j.Sum || p.order != nil && !p.order.holds(j.Rows, j.Order) {
		return journal{}, false
	}
	return j, true
}

// goOn cuts the part to what its journal tells of. The writer gives the first
// bytes again, as many as again says, and then what follows the part.
func (p *part) goOn(j journal, again bool) error {
	err := p.file.Truncate(j.Bytes)
	if err == nil && p.order != nil {
		err = p.order.goOn(j.Rows, j.Order)
	}
	if err != nil {
		return NotWritten(p.name(), err)
	}
	p.saved = j
	if again {
		p.again = j.Bytes
	} else {
		p.at, p.sum = j.Bytes, j.Sum
	}
	return nil
}

// Write adds to the part.
func (p *part) Write(b []byte) (int, error) {
	there := int(min(max(p.again-p.at, 0), int64(len(b))))
	n, err := p.file.WriteAt(b[there:], p.at+int64(there))
	n += there
	p.sum = crc32.Update(p.sum, castagnoli, b[:n])
	p.at += int64(n)
	if err != nil {
		err = NotWritten(p.final, err)
	}
	return n, err
}

// busy reports whether the save before is under way. The error is that of a save.
func (p *part) busy() (bool, error) {
	if p.saving == nil {
		return false, nil
	}
	select {
	case done := <-p.saving:
		return false, p.took(done)
	default:
		return true, nil
	}
}

// save brings what was written so far to the disk, and then the journal, while
// the caller goes on. It must not be busy.
func (p *part) save(j journal) {
	j.Bytes, j.Sum = p.at, p.sum
	if p.order != nil {
		j.Order = p.order.sum
	}
	p.when = time.Now()
	p.saving = make(chan saving, 1)
	go func(out chan<- saving) { out <- saving{j, p.sync(j)} }(p.saving)
}

func (p *part) took(done saving) error {
	p.saving = nil
	if done.err != nil {
		return NotWritten(p.final, done.err)
	}
	p.saved = done.journal
	return nil
}

// settle waits for the save under way.
func (p *part) settle() error {
	if p.saving == nil {
		return nil
	}
	return p.took(<-p.saving)
}

func (p *part) sync(j journal) error {
	b, err := json.Marshal(j)
	if err == nil {
		err = p.file.Sync()
	}
	if err == nil && p.order != nil {
		err = p.order.file.Sync()
	}
	if err == nil && !p.there() {
		err = errGone
	}
	if err == nil {
		err = replace(p.journal(), b)
	}
	return err
}

// replace writes a file of mode 0600 that at any moment is the old or the new one.
func replace(name string, content []byte) error {
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		os.Remove(name + ".tmp")
		return err
	}
	SyncFolder(name)
	return nil
}

// remove removes the part and its journal, which must not outlive it.
func (p *part) remove() {
	os.Remove(p.journal())
	os.Remove(p.name())
	p.close()
	if p.order != nil {
		os.Remove(p.places())
	}
}

// close leaves what is there to a later run.
func (p *part) close() {
	p.file.Close()
	if p.order != nil {
		p.order.file.Close()
	}
}
