package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Ctrl-C leaves what came, and says where.
func TestInterruptedDownload(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	part := filepath.Join(dir, "a", "x.csv.part")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		for r.Context().Err() == nil {
			if info, err := os.Stat(part); err == nil && info.Size() > 0 {
				stop()
			}
		}
	}))
	defer s.Close()
	var stdout, stderr bytes.Buffer
	args := []string{"dataset", "chexpert", "obtain", "--from", s.URL, "--dir", dir, "a/x.csv"}
	assert.Equal(t, exitInterrupted, run(ctx, args, nil, &stdout, &stderr))
	assert.Equal(t, "a/x.csv.part has what came of it; give the command again to go on\nradlabel: interrupted\n", stderr.String())
	b, err := os.ReadFile(part)
	assert.NoError(t, err)
	assert.Equal(t, "half", string(b))
}
