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

	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/obtain"
)

// A dataset in two places at one host, as MIMIC-CXR is: the host is asked once
// with a wrong password.
func TestRefusedHost(t *testing.T) {
	t.Setenv("RADLABEL_USER", "ada")
	t.Setenv("RADLABEL_PASSWORD", "falsch")
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer s.Close()
	var stderr bytes.Buffer
	r := &obtainRun{
		app: &app{stderr: &stderr}, dir: t.TempDir(),
		access: obtain.Access{Dataset: dataset.MIMIC, Places: []obtain.Place{
			{Base: s.URL + "/one/", Files: []string{"a", "b"}}, {Base: s.URL + "/two/", Files: []string{"c"}},
		}},
	}
	for _, checksums := range []string{"", "SHA256SUMS.txt"} {
		r.refused, r.checksums, asked = nil, checksums, 0
		stderr.Reset()
		err := r.run(t.Context(), []string{"a", "b", "c"})
		assert.EqualError(t, err, "radlabel: 3 of 3 files could not be had")
		assert.Equal(t, 1, asked)
		assert.Contains(t, stderr.String(), "check the name and password that the environment has for it")
		assert.NotContains(t, stderr.String(), "falsch")
	}
}

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
