package obtain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// content is long enough to be cut, and to count as progress.
var content = bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)

func sumOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// server serves and remembers what it was asked.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []http.Header
}

// serve answers the n-th request, from 0, by the handler.
func serve(t *testing.T, handler func(n int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.seen)
		s.seen = append(s.seen, r.Header.Clone())
		s.mu.Unlock()
		handler(n, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// give serves b with a tag, ranges and all.
func give(w http.ResponseWriter, r *http.Request, tag string, b []byte) {
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// cut sends the head of a whole file and closes the connection half-way.
func cut(w http.ResponseWriter, tag string, b []byte, size int) {
	conn, out, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: %s\r\n\r\n", size, tag)
	out.Write(b)
	out.Flush()
}

// fixture is a Getter without patience, and what it said.
type fixture struct {
	*Getter
	dir   string
	notes []string
	slept []time.Duration
}

func newFixture(t *testing.T, address string) *fixture {
	base, err := ParseBase(address)
	require.NoError(t, err)
	f := &fixture{dir: t.TempDir()}
	f.Getter = &Getter{
		Base: base, Dir: f.dir, Attempts: 3,
		Sleep: func(ctx context.Context, d time.Duration) error { f.slept = append(f.slept, d); return ctx.Err() },
		Note:  func(s string) { f.notes = append(f.notes, s) },
	}
	return f
}

func (f *fixture) file(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join(f.dir, name))
	require.NoError(t, err)
	return b
}

func (f *fixture) names(t *testing.T) (names []string) {
	require.NoError(t, fs.WalkDir(os.DirFS(f.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestGet(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/base/files/p10/a b%.txt", r.URL.Path)
		give(w, r, `"1"`, content)
	})
	f := newFixture(t, s.URL+"/base")
	var last int64
	f.Getter.Progress = func(name string, have, size int64) {
		assert.GreaterOrEqual(t, have, last)
		assert.EqualValues(t, len(content), size)
		last = have
	}
	name := "files/p10/a b%.txt"
	f.Sums = Sums{name: sumOf(content)}
	require.NoError(t, f.Get(t.Context(), name))
	assert.Equal(t, content, f.file(t, name))
	assert.EqualValues(t, len(content), last)
	assert.Equal(t, []string{name}, f.names(t), "no part is left")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(f.dir, name))
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, f.Get(t.Context(), name))
	assert.Equal(t, 1, s.asked(), "what is there is not fetched again")
	assert.Contains(t, f.notes[1], "is there already, checksum right")

	f.Sums[name] = sumOf([]byte("other"))
	assert.ErrorContains(t, f.Get(t.Context(), name), "move it away")
	assert.Equal(t, content, f.file(t, name))
}

func TestEmptyFile(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, nil) })
	f := newFixture(t, s.URL)
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Empty(t, f.file(t, "x"))
	assert.Equal(t, []string{"x"}, f.names(t))
}

func TestResume(t *testing.T) {
	half := len(content) / 2
	other := bytes.ToUpper(content)
	for _, test := range []struct {
		name     string
		then     func(w http.ResponseWriter, r *http.Request)
		want     []byte
		ranged   bool
		note     string
		requests int
	}{
		{"goes on", func(w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) }, content, true, "goes on at byte 1,572,864", 2},
		{"the tag changed", func(w http.ResponseWriter, r *http.Request) { give(w, r, `"2"`, other) }, other, true, "begins anew", 2},
		{"it grew", func(w http.ResponseWriter, r *http.Request) { give(w, r, `"2"`, append(other, other...)) }, append(other, other...), true, "begins anew", 2},
		{"it shrank", func(w http.ResponseWriter, r *http.Request) { give(w, r, `"2"`, other[:9]) }, other[:9], true, "begins anew", 2},
		{"no ranges", func(w http.ResponseWriter, r *http.Request) { w.Write(content) }, content, true, "begins anew", 2},
		{"If-Range is ignored", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-Range")
			give(w, r, `"2"`, other)
		}, other, true, "the file on the server is another", 3},
		{"another size under the same tag", func(w http.ResponseWriter, r *http.Request) {
			give(w, r, `"1"`, append(other, '!'))
		}, append(other, '!'), true, "the file on the server is another", 3},
		{"shorter than the part", func(w http.ResponseWriter, r *http.Request) {
			give(w, r, `"1"`, other[:9])
		}, other[:9], true, "shorter than the part", 3},
		{"another part than asked for", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				r.Header.Set("Range", "bytes=7-")
			}
			give(w, r, `"1"`, content)
		}, content, true, "the file on the server is another", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					cut(w, `"1"`, content[:half], len(content))
					return
				}
				test.then(w, r)
			})
			f := newFixture(t, s.URL)
			f.Sums = Sums{"x": sumOf(test.want)}
			require.NoError(t, f.Get(t.Context(), "x"))
			assert.Equal(t, sumOf(test.want), sumOf(f.file(t, "x")))
			assert.Equal(t, test.requests, s.asked())
			assert.Equal(t, fmt.Sprintf("bytes=%d-", half), s.seen[1].Get("Range"))
			assert.Equal(t, `"1"`, s.seen[1].Get("If-Range"))
			assert.Contains(t, strings.Join(f.notes, "\n"), test.note)
			assert.Equal(t, []string{"x"}, f.names(t))
		})
	}
}

// More comes than the file was said to have.
func TestLongerThanSaid(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			cut(w, `"1"`, content[:100], len(content))
		case 1:
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 100-%d/%d", len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
			w.(http.Flusher).Flush() // no length, then
			w.Write(content)
		default:
			give(w, r, `"1"`, content)
		}
	})
	f := newFixture(t, s.URL)
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, content, f.file(t, "x"))
	assert.Contains(t, strings.Join(f.notes, "\n"), "more came than the file is long; it is fetched anew")
	assert.Empty(t, s.seen[2].Get("Range"))
}

// Servers call a file encoded that is compressed where it lies. It comes as it
// is there, and goes on where it broke.
func TestGzipFile(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "identity", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		if n == 0 {
			cut(w, "\"1\"\r\nContent-Encoding: gzip", content[:100], len(content))
			return
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	f := newFixture(t, s.URL)
	require.NoError(t, f.Get(t.Context(), "x.csv.gz"))
	assert.Equal(t, content, f.file(t, "x.csv.gz"))
	assert.Equal(t, "bytes=100-", s.seen[1].Get("Range"))
	assert.Equal(t, 2, s.asked())
}

// A server that names no version cannot be asked for the rest of one.
func TestNoValidator(t *testing.T) {
	for _, tag := range []string{"", `W/"1"`} {
		s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				cut(w, tag, content[:100], len(content))
				return
			}
			w.Write(content)
		})
		f := newFixture(t, s.URL)
		require.NoError(t, f.Get(t.Context(), "x"))
		assert.Empty(t, s.seen[1].Get("Range"))
		assert.Equal(t, content, f.file(t, "x"))
	}
}

// A connection that always breaks ends the attempts, but not while it gets on;
// the next call goes on.
func TestBrokenAgainAndAgain(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 20 {
			give(w, r, `"1"`, content)
			return
		}
		cut(w, `"1"`, content[:100], len(content))
	})
	f := newFixture(t, s.URL)
	err := f.Get(t.Context(), "x")
	assert.ErrorContains(t, err, "x: the connection broke after 100 bytes")
	assert.ErrorContains(t, err, "3 times in a row; run again later: it goes on from 100 bytes in x.part")
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second}, f.slept)
	assert.Equal(t, []string{"x.part", "x.part.json"}, f.names(t))
	assert.Equal(t, content[:100], f.file(t, "x.part"))

	rest := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f.Base, _ = ParseBase(rest.URL)
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, "bytes=100-", rest.seen[0].Get("Range"))
	assert.Equal(t, content, f.file(t, "x"))
}

// A file that takes many connections is had, since each brings some of it.
func TestManyConnections(t *testing.T) {
	long := bytes.Repeat(content, 3)
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		var from int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		end := min(from+progress, len(long))
		w.Header().Set("ETag", `"1"`)
		if n == 0 {
			cut(w, `"1"`, long[:end], len(long))
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, end-1, len(long)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(long[from:end])
	})
	f := newFixture(t, s.URL)
	f.Attempts = 2
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, sumOf(long), sumOf(f.file(t, "x")))
	assert.Equal(t, 9, s.asked())
}

// All came, but the process ended before the file had its name.
func TestWholePart(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f := newFixture(t, s.URL)
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "x.part"), content, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "x.part.json"), fmt.Appendf(nil, `{"size":%d,"etag":"\"1\""}`, len(content)), 0o600))
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, content, f.file(t, "x"))
	assert.Equal(t, 1, s.asked())
}

// Of a part without a word of what it is nothing is believed.
func TestUnknownPart(t *testing.T) {
	for _, about := range []string{"", "{", `{"size":3145728}`} {
		s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
		f := newFixture(t, s.URL)
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "x.part"), []byte("stale"), 0o600))
		if about != "" {
			require.NoError(t, os.WriteFile(filepath.Join(f.dir, "x.part.json"), []byte(about), 0o600))
		}
		require.NoError(t, f.Get(t.Context(), "x"))
		assert.Empty(t, s.seen[0].Get("Range"))
		assert.Equal(t, content, f.file(t, "x"))
	}
}

func TestWrongChecksum(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f := newFixture(t, s.URL)
	f.Sums = Sums{"x": sumOf([]byte("other"))}
	err := f.Get(t.Context(), "x")
	assert.ErrorContains(t, err, "x: the checksum is wrong: sha256 "+sumOf(content)[:12])
	assert.ErrorContains(t, err, "what came is removed")
	assert.Empty(t, f.names(t))
	assert.ErrorContains(t, f.Get(t.Context(), "y"), "y: has no checksum in the list")
	assert.Equal(t, 1, s.asked())
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		status   int
		retry    string // Retry-After
		want     string
		requests int
		slept    []time.Duration
	}{
		{status: 401, want: "x: HOST answers 401 (Unauthorized): refused; set RADLABEL_USER and RADLABEL_PASSWORD, or put the host into ~/.netrc", requests: 1},
		{status: 403, want: "x: HOST answers 403 (Forbidden); sign the dataset's agreement", requests: 1},
		{status: 404, want: "x: HOST answers 404 (Not Found); check the name, and the address: http://HOST/x", requests: 1},
		{status: 206, want: "x: HOST answers 206", requests: 1},
		{status: 416, want: "x: HOST answers 416", requests: 1},
		{status: 304, want: "x: HOST answers 304", requests: 1},
		{status: 501, want: "x: HOST answers 501", requests: 1},
		{status: 503, want: "x: HOST answers 503 (Service Unavailable), and so 3 times in a row; run again later", requests: 3, slept: []time.Duration{time.Second, 2 * time.Second}},
		{status: 429, retry: "7", want: "x: HOST answers 429 (Too Many Requests), and so 3 times in a row", requests: 3, slept: []time.Duration{7 * time.Second, 7 * time.Second}},
		{status: 429, retry: "7200", want: "to be asked again in 2h0m0s; try then", requests: 1},
		{status: 429, retry: "soon", want: "3 times in a row", requests: 3, slept: []time.Duration{time.Second, 2 * time.Second}},
		{status: 503, retry: "Fri, 31 Dec 2100 23:59:59 GMT", want: "to be asked again in ", requests: 1},
	} {
		t.Run(fmt.Sprint(test.status, test.retry), func(t *testing.T) {
			s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				if test.retry != "" {
					w.Header().Set("Retry-After", test.retry)
				}
				w.WriteHeader(test.status)
			})
			f := newFixture(t, s.URL)
			err := f.Get(t.Context(), "x")
			assert.ErrorContains(t, err, strings.ReplaceAll(test.want, "HOST", strings.TrimPrefix(s.URL, "http://")))
			assert.Equal(t, test.status == 401, errors.Is(err, ErrRefused))
			assert.Equal(t, test.requests, s.asked())
			assert.Equal(t, test.slept, f.slept)
			assert.Empty(t, f.names(t))
		})
	}
}

func TestRetrySucceeds(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		give(w, r, `"1"`, content)
	})
	f := newFixture(t, s.URL)
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, []time.Duration{5 * time.Second}, f.slept)
}

func TestAnswersThatAreNotTheFile(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a page": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("<html>log in"))
		}, "answers with a web page"},
		"compressed on the way": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte("?"))
		}, "sends it compressed"},
		"no length": {func(w http.ResponseWriter, r *http.Request) {
			conn, out, _ := w.(http.Hijacker).Hijack()
			defer conn.Close()
			out.WriteString("HTTP/1.0 200 OK\r\n\r\npart")
			out.Flush()
		}, "give --checksums"},
		"compressed, and no .gz": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			give(w, r, `"1"`, content)
		}, `sends it compressed ("gzip")`},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { test.answer(w, r) })
			f := newFixture(t, s.URL)
			assert.ErrorContains(t, f.Get(t.Context(), "x.csv"), test.want)
			assert.Empty(t, f.names(t))
		})
	}
}

// A chunked body has no size before its end.
func TestChunked(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		w.Write(content[:100])
		w.(http.Flusher).Flush()
		if n == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Write(content[100:])
	})
	f := newFixture(t, s.URL)
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, content, f.file(t, "x"))
	assert.Equal(t, 2, s.asked())
}

func TestStalled(t *testing.T) {
	for _, after := range []int{-1, 100} {
		s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if n > 0 {
				give(w, r, `"1"`, content)
				return
			}
			if after > 0 {
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				w.Header().Set("ETag", `"1"`)
				w.Write(content[:after])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		f := newFixture(t, s.URL)
		f.Stall = 200 * time.Millisecond
		require.NoError(t, f.Get(t.Context(), "x"))
		assert.Equal(t, content, f.file(t, "x"))
		assert.Contains(t, f.notes[0], "nothing came for a while")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("ETag", `"1"`)
		w.Write(content[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	f := newFixture(t, s.URL)
	f.Getter.Progress = func(string, int64, int64) { cancel() }
	assert.ErrorIs(t, f.Get(ctx, "x"), context.Canceled)
	assert.Equal(t, []string{"x.part", "x.part.json"}, f.names(t))
	assert.Equal(t, content[:1000], f.file(t, "x.part"))
	assert.Empty(t, f.slept)
}

// Of two downloads of a file one waits for the other.
func TestTwoAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are not locked there")
	}
	var second error
	var other *fixture
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if second == nil {
			second = other.Get(t.Context(), "x")
		}
		give(w, r, `"1"`, content)
	})
	f := newFixture(t, s.URL)
	other = newFixture(t, s.URL)
	other.Dir = f.Dir
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.ErrorContains(t, second, "x: another process is downloading it; wait for that, then run again")
	assert.Equal(t, content, f.file(t, "x"))
	assert.Equal(t, 1, s.asked())
	require.NoError(t, other.Get(t.Context(), "x"))
	assert.Contains(t, other.notes[0], "is there already")
}

// fullDisk takes n bytes.
type fullDisk struct {
	io.Writer
	n *int
}

func (d fullDisk) Write(p []byte) (int, error) {
	if *d.n -= len(p); *d.n < 0 {
		return 0, &fs.PathError{Op: "write", Path: "tmp", Err: syscall.ENOSPC}
	}
	return d.Writer.Write(p)
}

func TestFullDisk(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f := newFixture(t, s.URL)
	room := 2 << 20
	f.disk = func(w io.Writer) io.Writer { return fullDisk{w, &room} }
	err := f.Get(t.Context(), "x")
	assert.ErrorContains(t, err, "x: not written: no space left on device; free some space")
	assert.ErrorContains(t, err, "it goes on from ")
	assert.ErrorIs(t, err, syscall.ENOSPC)
	assert.Equal(t, []string{"x.part", "x.part.json"}, f.names(t))
	assert.Equal(t, 1, s.asked(), "asking again frees no space")
	f.disk = nil
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, content, f.file(t, "x"))
}

func TestNames(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f := newFixture(t, s.URL)
	for _, name := range []string{"", ".", "..", "../x", "a/../../x", "a/../x", "/etc/x", "a//x", "a/", "./x", `a\x`, `..\x`, "a\x00"} {
		assert.Error(t, CheckName(name), name)
		assert.ErrorContains(t, f.Get(t.Context(), name), "is no name of a file below the folder", name)
	}
	err := f.Get(t.Context(), "https://host/train.csv?sig=geheim")
	if assert.ErrorContains(t, err, "not an address; give that by --from, or, where it is a signed link, by RADLABEL_FROM") {
		assert.NotContains(t, err.Error(), "geheim")
	}
	assert.Zero(t, s.asked())
	if runtime.GOOS != "windows" {
		outside := t.TempDir()
		require.NoError(t, os.Symlink(outside, filepath.Join(f.dir, "link")))
		assert.Error(t, f.Get(t.Context(), "link/x"), "nor by a link")
		entries, err := os.ReadDir(outside)
		require.NoError(t, err)
		assert.Empty(t, entries)
	}
	require.NoError(t, os.Mkdir(filepath.Join(f.dir, "folder"), 0o700))
	assert.ErrorContains(t, f.Get(t.Context(), "folder"), "is a folder")
}

func TestNoHost(t *testing.T) {
	s := serve(t, nil)
	s.Close()
	f := newFixture(t, s.URL+"?sig=geheim")
	err := f.Get(t.Context(), "x")
	assert.ErrorContains(t, err, "x: no answer: ")
	assert.ErrorContains(t, err, "3 times in a row")
	assert.NotContains(t, err.Error()+strings.Join(f.notes, ""), "geheim")
}

func TestCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	f := newFixture(t, s.URL)
	assert.ErrorContains(t, f.Get(t.Context(), "x"), "the server is not who it says it is")
	assert.Empty(t, f.slept)
}
