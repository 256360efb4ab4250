package serve

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

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
