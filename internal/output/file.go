package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is an output file that appears under its name only when it is whole:
// it is written under a temporary name in the same folder, with mode 0600
// (labels speak of patients), and renamed by Commit. What is no regular file
// (a pipe, a device) is written directly.
type File struct {
	f      *os.File
	final  string // where Commit renames to; "" for a file written directly
	closed bool
}

// Create opens the output file of the given name. An existing regular file
// stays as it is until Commit; a symbolic link keeps pointing where it points.
func Create(name string) (*File, error) {
	final, regular, err := resolve(name)
	if err != nil {
		return nil, err
	}
	if !regular {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, NotWritten(name, err)
		}
		return &File{f: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(final), "."+filepath.Base(final)+".*.tmp") // mode 0600
	if err != nil {
		return nil, notCreated(final, err)
	}
	return &File{f: f, final: final}, nil
}

// IsFile reports whether what is written under the name is to be a regular file,
// not a pipe or a device.
func IsFile(name string) bool {
	_, regular, err := resolve(name)
	return err == nil && regular
}

// resolve follows symbolic links to the regular file that is there or is to be.
func resolve(name string) (final string, regular bool, err error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return "", false, fmt.Errorf("%s: is a folder; name a file in it", name)
	case err == nil && !info.Mode().IsRegular():
		return name, false, nil
	case err == nil:
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return "", false, NotWritten(name, err)
		}
		return name, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", false, NotWritten(name, err)
	default:
		return linked(name), true, nil
	}
}

// notCreated words why a file could not be begun.
func notCreated(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: the folder %s does not exist; create it first", name, filepath.Dir(name))
	}
	return NotWritten(name, err)
}

// linked follows symbolic links to the file that they are to lead to, which does
// not exist. What cannot be followed is left to the caller to run into.
func linked(name string) string {
	for {
		target, err := os.Readlink(name)
		if err != nil {
			return name
		}
		if !filepath.IsAbs(target) {
			folder, err := filepath.EvalSymlinks(filepath.Dir(name))
			if err != nil {
				return name
			}
			target = filepath.Join(folder, target)
		}
		name = target
	}
}

// Write writes to the temporary file.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.f.Write(p)
	if err != nil {
		err = NotWritten(f.name(), err)
	}
	return n, err
}

// Chmod sets the permissions of the file; what is written directly keeps its own.
func (f *File) Chmod(mode fs.FileMode) error {
	if f.final == "" {
		return nil
	}
	if err := f.f.Chmod(mode); err != nil {
		return NotWritten(f.final, err)
	}
	return nil
}

// Commit puts the whole file under its name: flushed to the disk, renamed. On
// an error nothing is left behind.
func (f *File) Commit() error {
	if f.final == "" {
		f.closed = true
		if err := f.f.Close(); err != nil {
			return NotWritten(f.name(), err)
		}
		return nil
	}
	if err := f.f.Sync(); err != nil {
		f.Abort()
		return NotWritten(f.final, err)
	}
	f.closed = true
	err := f.f.Close()
	if err == nil {
		err = os.Rename(f.f.Name(), f.final)
	}
	if err != nil {
		os.Remove(f.f.Name())
		return NotWritten(f.final, err)
	}
	SyncFolder(f.final)
	return nil
}

// SyncFolder brings a rename to the disk, with the folder of the file. Not every
// file system can do this, and the file is whole without it.
func SyncFolder(name string) {
	if folder, err := os.Open(filepath.Dir(name)); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}

// Abort removes the temporary file. After Commit it does nothing, so it can be
// deferred.
func (f *File) Abort() {
	if f.closed {
		return
	}
	f.closed = true
	f.f.Close()
	if f.final != "" {
		os.Remove(f.f.Name())
	}
}

func (f *File) name() string {
	if f.final != "" {
		return f.final
	}
	return f.f.Name()
}

// notWritten is what NotWritten gives, to be found again in the errors that the
// libraries between a Writer and its File wrap around it.
type notWritten struct {
	name, do string
	cause    error
}

func (e *notWritten) Error() string {
	return fmt.Sprintf("%s: not written: %v; %s", e.name, e.cause, e.do)
}

func (e *notWritten) Unwrap() error { return e.cause }

// NotWritten says which output failed and what to do. Of err it keeps the cause
// alone: a temporary name in it would mean nothing to a reader.
func NotWritten(name string, err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	cause := err
	switch {
	case errors.As(err, &pathErr):
		cause = pathErr.Err
	case errors.As(err, &linkErr):
		cause = linkErr.Err
	}
	do := "check the path, or write elsewhere"
	switch {
	case isFull(cause):
		do = "free some space, or write elsewhere"
	case errors.Is(cause, fs.ErrPermission):
		do = "check the permissions of the folder, or write elsewhere"
	}
	return &notWritten{name, do, cause}
}
