package corpus

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// member is one file of a folder or an archive.
type member struct {
	name  string // slash-separated, within what the user gave; "" for the container itself
	place Place
	read  func(limit int) ([]byte, error) // the bytes are valid until the next member
	err   *Problem                        // in place of read: it cannot be read
	alone bool                            // given by the user, so a report whatever its name
}

// container visits its members in order until visit returns false.
type container func(visit func(member) bool)

var errTooLarge = errors.New("larger than the limit")

// readMembers yields a report for each member that is one.
func readMembers(s *sink, members container, src Source, whole Place) {
	found, skipped := 0, 0
	members(func(m member) bool {
		r, ok := memberReport(src, m.name)
		if m.alone {
			r, ok = reportOf(src, m.name)
		}
		switch {
		case m.name == "" && m.err != nil:
			if m.err.Lost {
				found++ // what is lost may have been reports
			}
			return s.problem(Report{}, m.err)
		case !ok:
			if m.name == "" || !isCompanion(m.name) {
				skipped++
			}
			return s.alive()
		}
		found++
		r.Place = m.place
		r = s.readable(r)
		if !s.wants(src, r) {
			return s.skip() // without the cost of reading it
		}
		if m.err != nil {
			return s.problem(r, m.err)
		}
		raw, err := m.read(s.limit)
		if err != nil {
			return s.unreadable(r, err)
		}
		text, ok := s.text(r, raw)
		if !ok {
			return !s.done
		}
		if src == OpenI {
			r, err = parseOpenI(r, text)
			if err != nil {
				return s.lost(r, err.Error(), "")
			}
		} else {
			r.Text = text
		}
		return s.report(r)
	})
	if s.done {
		return
	}
	if skipped > 0 {
		s.counts.Skipped += skipped
		s.warn(whole, plural(skipped, "file in it is", "files in it are")+" no reports, by their names, and skipped", "")
	}
	if found == 0 {
		s.lost(Report{Place: whole}, "no report of the format "+string(src)+" found in it", "")
	}
}

func (s *sink) problem(r Report, p *Problem) bool {
	if p.Lost {
		s.counts.Lost++
	}
	return s.put(r, p)
}

func (s *sink) unreadable(r Report, err error) bool {
	if errors.Is(err, errTooLarge) {
		return s.lost(r, "the report is longer than "+bytesName(s.limit), "")
	}
	return s.lost(r, "cannot be read: "+reason(err), "")
}

// memberReport is reportOf for one file among others.
func memberReport(src Source, name string) (Report, bool) {
	if isCompanion(name) {
		return Report{}, false
	}
	return reportOf(src, name)
}

// reportOf gives the ids that a file's name tells, and whether the name is that
// of a report.
func reportOf(src Source, name string) (Report, bool) {
	dir, base := path.Split(name)
	stem, ending := cutEnding(base)
	switch {
	case hidden(base):
	case src == MIMIC:
		study, ok := mimicID(stem, 's')
		if !ok || ending != ".txt" {
			break
		}
		subject, _ := mimicID(path.Base(dir), 'p')
		return Report{ID: study, Study: study, Subject: subject}, true
	case src == OpenI && ending == ".xml":
		if strings.Trim(stem, "0123456789") == "" {
			stem = "CXR" + stem
		}
		return Report{ID: stem}, true
	case src == Text && ending == ".txt":
		return Report{ID: stem}, true
	}
	return Report{}, false
}

// mimicID gives the eight digits of a MIMIC-CXR name: p10000032, s50414267.
func mimicID(s string, letter byte) (string, bool) {
	if len(s) != 9 || s[0] != letter || strings.Trim(s[1:], "0123456789") != "" {
		return "", false
	}
	return s[1:], true
}

func cutEnding(base string) (stem, ending string) {
	ending = path.Ext(base)
	return strings.TrimSuffix(base, ending), strings.ToLower(ending)
}

// hidden files have no part in a corpus. A path of Windows that goes up is none.
func hidden(base string) bool { return strings.HasPrefix(base, ".") && !strings.HasPrefix(base, `..\`) }

// isCompanion says whether a file belongs beside reports without being one.
func isCompanion(name string) bool {
	base := path.Base(name)
	if hidden(base) || strings.HasPrefix(name, "__MACOSX/") || strings.HasSuffix(name, "/") {
		return true
	}
	stem, ending := cutEnding(strings.ToLower(base))
	switch stem {
	case "license", "readme", "sha256sums":
		return true
	case "records", "index":
		return ending != ".txt"
	}
	return strings.HasSuffix(plainName(base), ".csv")
}

// guessMembers finds the format of a container from the names in it. It looks
// past other texts for the names of MIMIC-CXR, but not for ever. Where there is no
// name at all, broken is why.
func guessMembers(members container) (src Source, broken *Problem) {
	const enough = 1000
	seen := 0
	members(func(m member) bool {
		if seen == 0 && m.name == "" {
			broken = m.err
			return true
		}
		broken = nil
		seen++
		for _, s := range memberSources {
			if _, ok := memberReport(s, m.name); !ok {
				continue
			}
			if src == "" || s == MIMIC {
				src = s
			}
			break
		}
		return src != MIMIC && seen < enough
	})
	return src, broken
}

// firstReport gives the ids of the first report in a container.
func firstReport(members container, src Source) (first Report) {
	members(func(m member) bool {
		r, ok := memberReport(src, m.name)
		if ok {
			first = r
		}
		return !ok
	})
	return first
}

// folder visits the files under a folder in lexical order. Their names are
// absolute, for the ids in them: s50414267.txt may be reached by the root ".".
func folder(root string, follow bool) container {
	return func(visit func(member) bool) {
		w := folderWalk{follow: follow, visit: visit}
		w.walk(root, absolute(root), nil)
	}
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return filepath.ToSlash(name)
}

type folderWalk struct {
	follow bool
	visit  func(member) bool
	buf    []byte
}

// walk visits what is in dir; above are the folders that hold it.
func (w *folderWalk) walk(dir, name string, above []fs.FileInfo) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return w.fail(dir, "", "cannot be read: "+reason(err), "")
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return w.fail(dir, "", "the link leads back to a folder that holds it", "remove the link")
		}
	}
	above = append(above, info)
	entries, err := os.ReadDir(dir)
	if err != nil && !w.fail(dir, "", "the folder cannot be read: "+reason(err), "check its permissions") {
		return false
	}
	for _, e := range entries {
		if !w.entry(filepath.Join(dir, e.Name()), path.Join(name, e.Name()), e.Type(), above) {
			return false
		}
	}
	return true
}

func (w *folderWalk) entry(file, name string, mode fs.FileMode, above []fs.FileInfo) bool {
	if mode&fs.ModeSymlink != 0 {
		target, err := os.Stat(file)
		switch {
		case !w.follow:
			if err == nil && target.IsDir() {
				name = "" // whatever it is called, reports may be in it
			}
			return w.fail(file, name, "a symbolic link, not followed", "give its target as an input")
		case err != nil:
			return w.fail(file, name, "the link leads nowhere: "+reason(err), "remove the link")
		}
		mode = target.Mode()
	}
	switch {
	case mode.IsDir():
		return w.walk(file, name, above)
	case mode.IsRegular():
		return w.visit(member{name: name, place: Place{Path: file}, read: func(limit int) ([]byte, error) {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			w.buf, err = readFile(f, w.buf, limit)
			return w.buf, err
		}})
	default:
		return w.fail(file, name, "neither a file nor a folder", "")
	}
}

func (w *folderWalk) fail(file, name, what, do string) bool {
	p := Place{Path: file}
	return w.visit(member{name: name, place: p, err: &Problem{Place: p, What: what, Do: do, Lost: true}})
}

// readAll reads to the end into buf, and fails with errTooLarge past limit.
func readAll(r io.Reader, buf []byte, limit int) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return buf, errTooLarge
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

// tarball visits the members of a tar archive, compressed or not.
func tarball(path string, open func() (io.ReadCloser, error)) container {
	return func(visit func(member) bool) {
		whole := Place{Path: path}
		fail := func(err error) {
			visit(member{place: whole, err: &Problem{
				Place: whole, What: "the archive is truncated or damaged: " + reason(err) + "; what comes after is lost",
				Do: "get it again", Lost: true,
			}})
		}
		r, err := open()
		if err != nil {
			fail(err)
			return
		}
		defer r.Close()
		var buf []byte
		in := &zeroCounter{Reader: r}
		archive := tar.NewReader(in)
		for {
			h, err := archive.Next()
			if err == io.EOF {
				// The standard library takes the end of the file for the end of
				// the archive, which is two blocks of zeros.
				if in.zeros < 1024 {
					fail(io.ErrUnexpectedEOF)
				}
				return
			}
			if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && h != nil) {
				fail(err)
				return
			}
			m := member{name: h.Name, place: Place{Path: path + "!" + h.Name}}
			switch h.Typeflag {
			case tar.TypeReg:
				m.read = func(limit int) ([]byte, error) {
					if h.Size > int64(limit) {
						return nil, errTooLarge
					}
					var err error
					buf, err = readAll(archive, buf, limit)
					return buf, err
				}
			case tar.TypeSymlink, tar.TypeLink:
				m.err = &Problem{Place: m.place, What: "a link within an archive, not followed", Lost: true}
			default:
				continue
			}
			if !visit(m) {
				return
			}
		}
	}
}

// zeroCounter counts the zeros that the bytes read so far end with.
type zeroCounter struct {
	io.Reader
	zeros int
}

func (z *zeroCounter) Read(p []byte) (int, error) {
	n, err := z.Reader.Read(p)
	if rest := bytes.TrimRight(p[:n], "\x00"); len(rest) > 0 {
		z.zeros = n - len(rest)
	} else {
		z.zeros += n
	}
	return n, err
}

// single visits the one report that a stream is, under a name that makes it
// one in any format.
func single(st *stream, src Source) container {
	return func(visit func(member) bool) {
		name := absolute(st.path)
		if st.path == "-" {
			name = "stdin"
		}
		name = path.Join(path.Dir(name), withoutCompression(path.Base(name)))
		if _, ok := reportOf(src, name); !ok {
			stem, _ := cutEnding(path.Base(name))
			ending := ".txt"
			if src == OpenI {
				ending = ".xml"
			}
			name = strings.TrimLeft(stem, ".") + ending
		}
		visit(member{name: name, alone: true, place: Place{Path: st.path}, read: func(limit int) ([]byte, error) {
			r, err := st.open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return readAll(r, nil, limit)
		}})
	}
}
