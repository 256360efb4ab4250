package serve

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// labelers are those of the embedded rule sets, made once: they never change.
var labelers = sync.OnceValues(func() (all []*labeler.Labeler, err error) {
	for _, name := range []string{"chexpert", "chestxray14"} {
		set, err := rules.Embedded(name)
		if err != nil {
			return nil, err
		}
		l, err := labeler.New(labeler.Options{Rules: set, MaxTime: labeler.DefaultMaxTime})
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
})

// newServer makes a server with the embedded rule sets, if the options name no others.
func newServer(t testing.TB, opts Options) *Server {
	t.Helper()
	if opts.Labelers == nil {
		all, err := labelers()
		require.NoError(t, err)
		opts.Labelers = all
	}
	opts.Version = "v0"
	s, err := New(opts)
	require.NoError(t, err)
	return s
}

// start serves on a free port until the test ends, and gives the address.
func start(t testing.TB, s *Server) string {
	t.Helper()
	l, err := s.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	return s.URL(l)
}

// ask sends a request to a server without a connection.
func ask(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost:8620"
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// How long a test waits for what is to come, and how often it looks.
const (
	patience = 30 * time.Second
	tick     = 20 * time.Millisecond
)

// What the page on the web says of the API is so: each curl there is answered, with
// the answer that stands below it.
func TestDocs(t *testing.T) {
	const file = "../../docs/web.md"
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	s, pages := newServer(t, Options{}), string(content)
	commands := regexp.MustCompile("(?m)^curl (?:.* )?http://127\\.0\\.0\\.1:8620(\\S+)(?: -d '(.*)')?\n```\n(?:\n```json\n((?:.*\n)*?)```)?")
	found := commands.FindAllStringSubmatchIndex(pages, -1)
	require.Len(t, found, strings.Count(pages, "\ncurl "))
	for _, at := range slices.Backward(found) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return pages[at[2*i]:at[2*i+1]]
		}
		w := ask(s, http.MethodPost, part(1), part(2))
		require.Equal(t, http.StatusOK, w.Code, part(0))
		if at[2*3] < 0 {
			continue
		}
		got := w.Body.String()
		if *update {
			pages = pages[:at[2*3]] + got + pages[at[2*3+1]:]
			continue
		}
		assert.Equal(t, got, part(3), "go test ./internal/serve -run TestDocs -update writes it anew")
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(pages), 0o644))
	}
}

// Nothing of a request is in what the server counts, nor in what it says of a wrong one.
func TestNothingIsTold(t *testing.T) {
	s := newServer(t, Options{})
	for _, path := range []string{"/zebra", "/rules/zebra", "/rules?ruleset=zebra", "/label?zebra", "/label/zebra", "/assets/zebra/zebra", "/api/v1/rules/zebra", "/api/v1/label?section=zebra", "/api/v1/labels?ruleset=zebra"} {
		for _, method := range []string{"GET", "POST", "ZEBRA"} {
			for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=zebra", "zebra"} {
				w := ask(s, method, path, "zebra", "Content-Type", kind, "Accept", "text/html", "Authorization", "zebra")
				assert.NotContains(t, strings.ToLower(w.Body.String()), "zebra", "%s %s", method, path)
				for name, values := range w.Header() {
					assert.NotContains(t, strings.ToLower(strings.Join(values, " ")), "zebra", "%s %s %s", method, path, name)
				}
			}
		}
	}
	assert.NotContains(t, strings.ToLower(ask(s, "GET", "/metrics", "").Body.String()), "zebra")
}

// A report of a file that takes too long costs that report, on the page and in a download.
func TestFileWithAReportThatTakesTooLong(t *testing.T) {
	set, err := rules.Embedded("chexpert")
	require.NoError(t, err)
	l, err := labeler.New(labeler.Options{Rules: set, Section: "all", MaxTime: 100 * time.Millisecond, Cache: -1})
	require.NoError(t, err)
	s := newServer(t, Options{Labelers: []*labeler.Labeler{l}, Section: "all"})
	form := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid,report\n" +
		"1,No effusion.\n2," + strings.Repeat("Zebra stripes without effusion no new opacity. ", 200_000) + "\n3,Edema.\n\r\n--b--\r\n"
	ask := func(path string) string {
		w := ask(s, "POST", path, form, "Content-Type", "multipart/form-data; boundary=b", "Accept", "text/html")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		return w.Body.String()
	}
	page := ask("/label")
	assert.Contains(t, page, "the file:3: ")
	assert.NotContains(t, ask("/label/csv"), "\n2,")
	assert.Contains(t, ask("/label/csv"), "\n3,")
}
