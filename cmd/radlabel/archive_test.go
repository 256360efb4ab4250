package main

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/synthetic"
)

// archive gives RADLABEL_ARCHIVE, or one of as many made-up reports as
// RADLABEL_REPORTS says (20,000).
func archive(b *testing.B) string {
	if path := os.Getenv("RADLABEL_ARCHIVE"); path != "" {
		return path
	}
	n := 20_000
	if s := os.Getenv("RADLABEL_REPORTS"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	f, err := os.Open("../../testdata/sentences.tsv")
	require.NoError(b, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(b, err)
	var sentences []string
	for _, row := range rows[1:] {
		sentences = append(sentences, row[2])
	}
	path := filepath.Join(b.TempDir(), "archive.zip")
	out, err := os.Create(path)
	require.NoError(b, err)
	require.NoError(b, synthetic.Archive(out, n, sentences))
	require.NoError(b, out.Close())
	return path
}

// readArchive reads every member with the standard library, on as many workers as
// there are processors: the yardstick. It gives the number of members.
func readArchive(b *testing.B, path string) int {
	z, err := zip.OpenReader(path)
	require.NoError(b, err)
	defer z.Close()
	workers := runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(z.File); i += workers {
				m, err := z.File[i].Open()
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, m); err != nil {
					b.Error(err)
				}
				m.Close()
			}
		})
	}
	wait.Wait()
	return len(z.File)
}

// toLines writes the reports of an archive as JSON lines.
func toLines(b *testing.B, path, name string) {
	f, err := os.Create(name)
	require.NoError(b, err)
	defer f.Close()
	reader, err := corpus.Open(b.Context(), []string{path}, corpus.Options{})
	require.NoError(b, err)
	e := json.NewEncoder(f)
	for r, err := range reader.Reports(b.Context()) {
		require.NoError(b, err)
		require.NoError(b, e.Encode(map[string]string{"id": r.ID, "text": r.Text}))
	}
}

func labelArchive(t testing.TB, input, output string, flags ...string) {
	t.Helper()
	args := append([]string{"label", "--quiet", input, "-o", output}, flags...)
	if code := run(context.Background(), args, strings.NewReader(""), io.Discard, os.Stderr); code != exitDone {
		t.Fatal("exit code ", code)
	}
}

// BenchmarkArchive labels a whole archive, from the command line on, beside merely
// reading it in the same run; "x/read" is the ratio of both. .ci/speed repeats it
// and tells medians.
func BenchmarkArchive(b *testing.B) {
	path := archive(b)
	out := b.TempDir()
	var read time.Duration // of one operation
	reports := 0
	label := func(b *testing.B, input, name string, flags ...string) {
		b.ReportAllocs()
		for b.Loop() {
			labelArchive(b, input, filepath.Join(out, name), flags...)
		}
		each := b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(reports)/each.Seconds(), "reports/s")
		if read > 0 {
			b.ReportMetric(each.Seconds()/read.Seconds(), "x/read")
		}
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			reports = readArchive(b, path)
		}
		read = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(reports)/read.Seconds(), "reports/s")
	})
	b.Run("csv", func(b *testing.B) { label(b, path, "labels.csv") })
	b.Run("jsonl", func(b *testing.B) { label(b, path, "labels.jsonl") })
	b.Run("parquet", func(b *testing.B) { label(b, path, "labels.parquet") })
	lines := filepath.Join(out, "reports.jsonl")
	toLines(b, path, lines)
	b.Run("from-jsonl", func(b *testing.B) { label(b, lines, "again.csv", "--id-column", "id", "--text-column", "text") })
	for _, workers := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("workers-%d", workers), func(b *testing.B) {
			label(b, path, "labels.csv", "--workers", strconv.Itoa(workers))
		})
	}
}
