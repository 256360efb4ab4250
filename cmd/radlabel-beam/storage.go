package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3"

	"github.com/radlabel/radlabel/internal/output"
)

// remote reports whether a path is an address in a bucket.
func remote(name string) bool { return strings.Contains(name, "://") }

// expand lists what the inputs name: a pattern stands for the files that it
// matches, in the order of their names; anything else for itself. One listing a
// pattern: Beam's own MatchFiles keeps a descriptor open for each file.
func expand(ctx context.Context, inputs []string) ([]string, error) {
	var all []string
	for _, input := range inputs {
		_, err := os.Stat(input)
		if !strings.ContainsAny(input, "*?[") || !remote(input) && err == nil {
			all = append(all, input)
			continue
		}
		matches, err := list(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", input, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("%s: no file matches; a * stands for what is between two slashes", input)
		}
		slices.Sort(matches)
		all = append(all, matches...)
	}
	return all, nil
}

func list(ctx context.Context, pattern string) ([]string, error) {
	if !remote(pattern) {
		return filepath.Glob(pattern)
	}
	files, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	return files.List(ctx, pattern)
}

// fetched are the remote inputs that this process has a copy of.
var fetched onceEach[string]

// staging is the folder of this process's copies.
func staging(temp string) string {
	if temp == "" {
		temp = os.TempDir()
	}
	return filepath.Join(temp, fmt.Sprintf("radlabel-beam-%d", os.Getpid()))
}

// local gives the path under which an input can be read here. What is in a bucket is
// copied, once a process, to a path that has its whole name: ids are in names.
func local(ctx context.Context, input, temp string) (string, error) {
	if !remote(input) {
		return input, nil
	}
	name := filepath.FromSlash(strings.Replace(input, "://", "/", 1))
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%s: a name with .. in it; give the object another", input)
	}
	to := filepath.Join(staging(temp), name)
	return fetched.get(to, func() (string, error) {
		if err := fetch(ctx, input, to); err != nil {
			return "", fmt.Errorf("%s: not fetched: %w", input, err)
		}
		return to, nil
	})
}

// discard removes this process's copies, which are text of reports. What cannot be
// removed is left, as it is where a process of a cluster's worker is ended.
func discard(temp string) {
	fetched.forget()
	_ = os.RemoveAll(staging(temp))
}

// named undoes local in what is said of an input.
func named(file, temp string) string {
	rest, ok := strings.CutPrefix(file, staging(temp)+string(filepath.Separator))
	if !ok {
		return file
	}
	return strings.Replace(filepath.ToSlash(rest), "/", "://", 1)
}

func fetch(ctx context.Context, from, to string) error {
	files, err := filesystem.New(ctx, from)
	if err != nil {
		return err
	}
	defer files.Close()
	in, err := files.OpenRead(ctx, from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := output.Create(to)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Commit()
}

// write puts a whole output under its name, or nothing: a file by renaming, an
// object of a bucket by sending a file that is whole.
func write(ctx context.Context, name string, content func(io.Writer) error) error {
	to := name
	if remote(name) {
		f, err := os.CreateTemp("", "radlabel-beam-*")
		if err != nil {
			return err
		}
		f.Close()
		to = f.Name()
		defer os.Remove(to)
	} else if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := output.Create(to)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := content(out); err != nil {
		return err
	}
	if err := out.Commit(); err != nil || to == name {
		return err
	}
	if err := send(ctx, to, name); err != nil {
		return fmt.Errorf("%s: not written: %w", name, err)
	}
	return nil
}

// send copies a file to a bucket. An object appears when its writer is closed, so
// after an error that is left undone and the context ended.
func send(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	files, err := filesystem.New(ctx, to)
	if err != nil {
		return err
	}
	defer files.Close()
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := files.OpenWrite(ctx, to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// tidy removes what workers that were lost have left: shards half written, under
// names of their own. Should one of them still be at it, its rename fails.
func (c Config) tidy() error {
	if remote(c.Output) {
		return nil
	}
	stem, ending := cutName(c.Output)
	folder, base := filepath.Split(stem)
	half := regexp.MustCompile(`^\.` + regexp.QuoteMeta(base) + `-\d{5,}-of-\d{5,}` + regexp.QuoteMeta(ending) + `(\.done)?\.\d+\.tmp$`)
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !half.MatchString(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
