package verify

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/sha256sums"
)

// sum is one line of a list of checksums, and what became of it.
type sum struct {
	line   int
	read   int64 // bytes of the list, to its end
	name   string
	want   string
	wrong  string // the line is no checksum
	absent bool
	have   string
	err    error
}

// checksums holds the files that a list names, below the folder of the list or
// one of the paths, against it. Files are read side by side; findings come in
// the order of the list. The error is that of ctx.
func (v *verifier) checksums(ctx context.Context, paths []string) error {
	list, err := os.Open(v.Checksums)
	if err != nil {
		v.Unread(&corpus.Problem{Place: corpus.Place{Path: v.Checksums}, What: "cannot be read", Do: "check the path and its permissions", Lost: true})
		return nil
	}
	defer list.Close()
	info, err := list.Stat()
	if err != nil {
		return err
	}
	roots := []string{filepath.Dir(v.Checksums)}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			roots = append(roots, path)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	checked, absent := 0, 0
	for s := range v.sums(ctx, list, roots) {
		v.tellSum(s)
		switch {
		case s.absent:
			absent++
		case s.have != "":
			checked++
		}
		if v.Progress != nil {
			v.Progress(s.read, info.Size())
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	v.checked = append(v.checked, "checksums of "+columns.Count(checked, "file"))
	if absent > 0 {
		v.passedOver = append(v.passedOver, "checksums of "+columns.Count(absent, "file")+" not in the copy")
	}
	return nil
}

// tellSum tells what is wrong with a line of the list or with its file.
func (v *verifier) tellSum(s sum) {
	tell := func(kind FindingKind, what, do string) {
		v.Tell(Finding{Kind: kind, Place: corpus.Place{Path: v.Checksums, Line: s.line}, What: what, Do: do})
	}
	switch {
	case s.wrong != "":
		tell(WrongChecksum, s.wrong, "get the list again")
	case s.absent && v.Complete:
		tell(MissingFile, strconv.Quote(s.name)+" is not there", "get it")
	case s.absent:
	case s.err != nil:
		v.Unread(&corpus.Problem{Place: corpus.Place{Path: s.name}, What: "cannot be read: " + reasonOf(s.err), Do: "check its permissions", Lost: true})
	case s.have != s.want:
		tell(WrongChecksum, fmt.Sprintf("%s has the checksum %s..., not %s...", strconv.Quote(s.name), s.have[:12], s.want[:12]), "get the file again")
	}
}

// sums gives the lines of a list in their order, while as many files as there
// are processors are read.
func (v *verifier) sums(ctx context.Context, list io.Reader, roots []string) <-chan sum {
	out := make(chan sum)
	pending := make(chan chan sum, runtime.GOMAXPROCS(0))
	go func() {
		defer close(pending)
		for s := range v.listed(list) {
			done := make(chan sum, 1)
			select {
			case pending <- done:
			case <-ctx.Done():
				return
			}
			go func() {
				if s.wrong == "" && s.err == nil {
					s.compute(ctx, roots)
				}
				done <- s
			}()
		}
	}()
	go func() {
		defer close(out)
		for done := range pending {
			select {
			case out <- <-done:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// listed gives the lines of a list that are not blank; the last has the error of
// reading it, if there is one.
func (v *verifier) listed(list io.Reader) iter.Seq[sum] {
	return func(yield func(sum) bool) {
		lines := bufio.NewScanner(list)
		var read int64
		for n := 1; lines.Scan(); n++ {
			read += int64(len(lines.Bytes())) + 1
			s, ok := parseSum(lines.Text())
			if s.line, s.read = n, read; ok && !yield(s) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(sum{name: v.Checksums, err: err})
		}
	}
}

// parseSum reads a line. A blank one is not ok.
func parseSum(line string) (s sum, ok bool) {
	want, name, err := sha256sums.Parse(line)
	s.want, s.name = want, filepath.FromSlash(name)
	switch {
	case err != nil:
		s.wrong = err.Error()
	case name != "" && !filepath.IsLocal(s.name):
		s.wrong = strconv.Quote(s.name) + " is no path below the folder of the list"
	}
	return s, name != "" || err != nil
}

// compute reads the file, in the first of the folders that has it.
func (s *sum) compute(ctx context.Context, roots []string) {
	s.absent = true
	for _, root := range roots {
		f, err := os.Open(filepath.Join(root, s.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s.absent = false
		if err != nil {
			s.err = err
			return
		}
		defer f.Close()
		h := sha256.New()
		if _, s.err = io.Copy(h, interruptible{ctx, f}); s.err == nil {
			s.have = hex.EncodeToString(h.Sum(nil))
		}
		return
	}
}

// interruptible ends reading when ctx does.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// reasonOf is an error without the path, which the place has.
func reasonOf(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
