package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/review"
)

func (s *served) get(path string) string {
	s.t.Helper()
	answer, err := http.Get(s.url + path)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, answer.StatusCode, "%s", content)
	return string(content)
}

// An index is searched, an error judged, and the server killed: validate reads the
// verdict, and a new server shows it.
func TestServeCorpusAndKill(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	reports := file("reports.csv", "id,text\na,No edema.\nb,Possible fracture.\n")
	goldFile := file("gold.csv", "id,Edema,Fracture\na,0,\nb,,1\n")
	verdicts, idx := filepath.Join(dir, "verdicts.jsonl"), filepath.Join(dir, "idx")
	var out, told bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"index", "--quiet", "--index", idx, reports}, strings.NewReader(""), &out, &told), told.String())
	x, err := index.Open(t.Context(), idx)
	require.NoError(t, err)
	require.Equal(t, 2, x.Reports())
	require.NoError(t, x.Close())

	args := []string{"--index", idx, "--gold", goldFile, "--verdicts", verdicts, "--reviewer", "ann", reports}
	s := startServing(t, args...)
	assert.Contains(t, s.get("search?q=fracture:uncertain"), "1 of 2 reports")
	assert.Contains(t, s.get("review"), "0 of 1 errors have a verdict")
	form := url.Values{"id": {"b"}, "of": {"Fracture"}, "version": {"0"}, "kind": {"positive -> uncertain"}, "give": {"gold error"}, "note": {"read again"}}
	status, page := s.post("review/verdict", "application/x-www-form-urlencoded", form.Encode())
	require.Equal(t, http.StatusOK, status, page)
	require.NoError(t, s.cmd.Process.Kill())
	<-s.done

	history, err := review.Load(verdicts)
	require.NoError(t, err)
	item := history.Item(review.Label{ID: "b", Observation: "Fracture"})
	assert.Equal(t, []string{"gold error", "read again", "ann"}, []string{string(item.Verdict), item.Note, item.By})
	again := startServing(t, args...)
	assert.Contains(t, again.get("review"), "1 of 1 errors have a verdict")

	out.Reset()
	told.Reset()
	code := run(t.Context(), []string{"validate", "--gold", goldFile, reports, "--adjudicated", verdicts, "--resamples", "0"}, strings.NewReader(""), &out, &told)
	require.Equal(t, 0, code, told.String())
	assert.Contains(t, out.String(), "1 gold label corrected")
	assert.Contains(t, out.String(), "no label differs from gold")
}
