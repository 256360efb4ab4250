package review

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/radlabel/radlabel/internal/output"
)

// Store adds verdicts to a file. It may be used by several goroutines at once, and
// several programs may have a store of the same file: each sees the verdicts of
// the others.
type Store struct {
	path string
	mu   sync.Mutex
	seen fs.FileInfo // of the file when it was read; nil: there was none
	h    *History
}

// StaleError says that a verdict was given on a label by one who had not seen the
// last verdict on it.
type StaleError struct{ Now Item }

// Error says what the other verdict is.
func (e *StaleError) Error() string {
	who := "someone"
	if e.Now.By != "" {
		who = e.Now.By
	}
	verdict := string(e.Now.Verdict)
	if e.Now.Verdict == Open {
		verdict = "open again"
	}
	return fmt.Sprintf("%s %s: meanwhile %s has called it %q; look at that, and save again to replace it", e.Now.ID, e.Now.Observation, who, verdict)
}

// OpenStore reads the file, which need not exist yet.
func OpenStore(path string) (*Store, error) {
	s := &Store{path: path, h: &History{}}
	return s, s.refresh()
}

// Path is the file.
func (s *Store) Path() string { return s.path }

// History gives all verdicts, those of others included.
func (s *Store) History() (*History, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.refresh()
	return s.h, err
}

// refresh reads the file again where it is not as it was. What was given as the
// history before stays as it is.
func (s *Store) refresh() error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.seen, s.h = nil, &History{}
		return nil
	case err == nil && s.seen != nil && os.SameFile(info, s.seen) && info.Size() == s.seen.Size() && info.ModTime().Equal(s.seen.ModTime()):
		return nil
	}
	h, err := Load(s.path)
	if err == nil {
		s.seen, s.h = info, h
	}
	return err
}

// lockWait is how long Save waits for another program that is saving, and
// lockRetry how often it looks.
const (
	lockWait  = 5 * time.Second
	lockRetry = 5 * time.Millisecond
)

// Save adds a verdict of one who has seen the given version of the label's item,
// and gives the item as it is now. It is on the disk then. The error is a
// *StaleError where the version is not the last; the same verdict again is none.
func (s *Store) Save(ctx context.Context, r Record, version int) (Item, error) {
	if err := r.Check(); err != nil {
		return Item{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock, err := s.lock(ctx)
	if err != nil {
		return Item{}, err
	}
	defer unlock()
	if err := s.refresh(); err != nil {
		return Item{}, err
	}
	now := s.h.Item(r.Label)
	switch {
	case now.Version > 0 && now.says(r):
		return now, nil
	case now.Version != version:
		return now, &StaleError{now}
	}
	if err := s.append(r); err != nil {
		return now, err
	}
	s.seen = nil // read it again, as it is on the disk
	if err := s.refresh(); err != nil {
		return now, err
	}
	return s.h.Item(r.Label), nil
}

// says reports whether the item is of the same opinion as a record, whenever it
// was given.
func (i Item) says(r Record) bool {
	return i.Verdict == r.Verdict && i.Note == r.Note && i.By == r.By && i.Gold == r.Gold && i.Predicted == r.Predicted
}

// lock keeps other programs from saving. The lock is on a file beside the one of
// verdicts, so that readers need none.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	name := s.path + ".lock"
	lock := flock.New(name, flock.SetPermissions(0o600))
	ok, err := lock.TryLockContext(ctx, lockRetry)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s: another program has been saving for %s; see whether it hangs, and save again", s.path, lockWait)
	case errors.Is(err, context.Canceled):
		return nil, err
	case err != nil || !ok:
		return nil, output.NotWritten(name, err)
	}
	return func() { lock.Unlock() }, nil
}

// append writes a line behind the last whole one. Where it fails, the file is cut
// back to what it was.
func (s *Store) append(r Record) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	if s.h.open {
		text = append([]byte("\n"), text...)
	}
	fresh := s.seen == nil
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return output.NotWritten(s.path, err)
	}
	if s.h.Torn {
		err = f.Truncate(s.h.whole)
	}
	if err == nil {
		_, err = f.WriteAt(text, s.h.whole)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		err = errors.Join(output.NotWritten(s.path, err), f.Truncate(s.h.whole))
	}
	if closed := f.Close(); err == nil && closed != nil {
		err = output.NotWritten(s.path, closed)
	}
	if err == nil && fresh {
		output.SyncFolder(s.path)
	}
	return err
}
