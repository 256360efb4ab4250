package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed chexpert/*.yaml chestxray14/*.yaml
var embedded embed.FS

// Names gives the names of the embedded rule sets, in order.
func Names() []string {
	entries, err := embedded.ReadDir(".")
	if err != nil {
		return nil // the embedded root can always be read
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Embedded gives the embedded rule set of that name. Every call gives a set of
// its own.
func Embedded(name string) (*Set, error) {
	fsys, err := embeddedFiles(name)
	if err != nil {
		return nil, err
	}
	s, errs := load(fsys, name)
	if len(errs) > 0 {
		return nil, errs
	}
	return s, nil
}

// Files gives the files of the embedded rule set of that name, which Load reads.
func Files(name string) (fs.FS, error) { return embeddedFiles(name) }

func embeddedFiles(name string) (fs.FS, error) {
	for _, n := range Names() {
		if n == name {
			return fs.Sub(embedded, name)
		}
	}
	return nil, fmt.Errorf("no embedded rule set %q; known: %s", name, strings.Join(Names(), ", "))
}

// Export writes the files of the embedded rule set into dir, which it makes if
// it is missing. Files that are there already are not overwritten. Where Export
// fails, it leaves nothing behind.
func Export(name, dir string) error {
	fsys, err := embeddedFiles(name)
	if err != nil {
		return err
	}
	return export(fsys, dir)
}

func export(fsys fs.FS, dir string) (err error) {
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, f)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s: is there already; export into a new folder", path)
		}
	}
	undo := missing(dir)
	defer func() {
		if err != nil {
			for _, path := range slices.Backward(undo) {
				_ = os.Remove(path) // the first error is the one to tell
			}
		}
	}()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("%s: %w; give a folder that can be made", dir, cause(err))
	}
	for _, f := range files {
		path := filepath.Join(dir, f)
		content, err := fs.ReadFile(fsys, f)
		if err == nil {
			var made bool
			if made, err = writeNew(path, content); made {
				undo = append(undo, path)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w; nothing was exported: mend that, or give another folder", path, cause(err))
		}
	}
	return nil
}

// missing gives dir and the folders above it that are not there, outermost first.
func missing(dir string) []string {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
		return nil
	}
	return append(missing(filepath.Dir(dir)), dir)
}

// writeNew writes a file that was not there; made is true when it is now, even
// if not all could be written.
func writeNew(path string, content []byte) (made bool, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return false, err
	}
	_, err = f.Write(content)
	return true, errors.Join(err, f.Close())
}
