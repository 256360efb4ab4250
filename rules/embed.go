package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed chexpert/*.yaml
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

func embeddedFiles(name string) (fs.FS, error) {
	for _, n := range Names() {
		if n == name {
			return fs.Sub(embedded, name)
		}
	}
	return nil, fmt.Errorf("no embedded rule set %q; known: %s", name, strings.Join(Names(), ", "))
}

// Export writes the files of the embedded rule set into dir, which it makes if
// it is missing. Files that are there already are not overwritten: Export then
// fails before it writes anything.
func Export(name, dir string) error {
	fsys, err := embeddedFiles(name)
	if err != nil {
		return err
	}
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; export into a new directory", filepath.Join(dir, f))
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range files {
		content, err := fs.ReadFile(fsys, f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}
