//go:build unix

package index

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

// BenchmarkIndex builds an index and asks it, and tells in one run how long that
// takes against a plain scan of the same texts. RADLABEL_REPORTS names the reports;
// without it the shipped ones are repeated.
//
//	RADLABEL_REPORTS=reports.zip go test ./internal/index -run '^$' -bench BenchmarkIndex -benchtime 1x
func BenchmarkIndex(b *testing.B) {
	path := cmp.Or(os.Getenv("RADLABEL_REPORTS"), "../../testdata/reports")
	for b.Loop() {
		benchmarkIndex(b, path)
	}
}

func benchmarkIndex(b *testing.B, path string) {
	dir := filepath.Join(b.TempDir(), "index")
	size := benchmarkWrite(b, path, dir)
	fmt.Printf("size: %d MB of text, index %.2f times that\n", size>>20, float64(folderSize(dir))/float64(size))

	start := time.Now()
	x, err := Open(context.Background(), dir)
	require.NoError(b, err)
	defer x.Close()
	opened := time.Since(start)
	_, err = timed(x, documented[0])
	require.NoError(b, err)
	fmt.Printf("open: %.0f ms, first query %.0f ms behind that\n", ms(opened), ms(time.Since(start)-opened))

	scan, unpack := scanTimes(b, path)
	fmt.Printf("a scan of the texts for one phrase: %.0f ms in memory, %.0f ms with unpacking\n", ms(scan), ms(unpack))
	fmt.Printf("%8s %8s %8s %8s %10s %10s  %s\n", "hits", "least ms", "p50 ms", "p95 ms", "p50/scan", "p50/unpack", "query")
	for _, q := range documented {
		var all []time.Duration
		total := 0
		for range 40 {
			start := time.Now()
			total, err = timed(x, q)
			all = append(all, time.Since(start))
			require.NoError(b, err)
		}
		slices.Sort(all)
		p50 := ms(all[20])
		fmt.Printf("%8d %8.1f %8.1f %8.1f %10.4f %10.4f  %s\n", total, ms(all[0]), p50, ms(all[38]), p50/ms(scan), p50/ms(unpack), q)
	}
}

// benchmarkWrite builds the index and gives the size of the texts.
func benchmarkWrite(b *testing.B, path, dir string) (size int) {
	ctx := context.Background()
	reader, err := corpus.Open(ctx, []string{path}, corpus.Options{})
	require.NoError(b, err)
	start, cpu := time.Now(), cpuTime()
	written, err := Write(ctx, dir, reader.Reports(ctx), WriteOptions{})
	require.NoError(b, err)
	took, worked := time.Since(start).Seconds(), (cpuTime() - cpu).Seconds()
	n := float64(written.Reports)
	fmt.Printf("build: %d reports, %d distinct sentences, in %.1f s: %.0f reports/s; %.1f s of processors, %.0f reports/s on two\n",
		written.Reports, written.Sentences, took, n/took, worked, 2*n/worked)

	start, cpu = time.Now(), cpuTime()
	_, err = Write(ctx, dir, reader.Reports(ctx), WriteOptions{Update: true})
	require.NoError(b, err)
	fmt.Printf("update that finds nothing new: %.1f s, %.1f s of processors\n", time.Since(start).Seconds(), (cpuTime() - cpu).Seconds())
	x, err := Open(ctx, dir)
	require.NoError(b, err)
	defer x.Close()
	return int(x.Stats().TextBytes)
}

// cpuTime is what the process has used of all processors.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// scanTimes is how long it takes to look for one phrase in all texts, as grep does
// with those in memory and zgrep with the packed ones. Neither joins lines.
func scanTimes(b *testing.B, path string) (memory, unpack time.Duration) {
	ctx := context.Background()
	reader, err := corpus.Open(ctx, []string{path}, corpus.Options{})
	require.NoError(b, err)
	phrase := []byte("o pleural effusion")
	var texts [][]byte
	start := time.Now()
	found := 0
	for r, err := range reader.Reports(ctx) {
		if err == nil {
			texts = append(texts, []byte(r.Text))
			found += bytes.Count(texts[len(texts)-1], phrase)
		}
	}
	unpack = time.Since(start)
	start = time.Now()
	for _, t := range texts {
		found -= bytes.Count(t, phrase)
	}
	require.Zero(b, found)
	return time.Since(start), unpack
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// timed is what a user of the command line asks for.
func timed(x *Index, query string) (int, error) {
	q, err := x.Parse(query)
	if err != nil {
		return 0, nil // a value that is not in these reports
	}
	r, err := x.Search(context.Background(), q, Options{Limit: 10, Facets: true})
	return r.Total, err
}

func folderSize(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if info, infoErr := d.Info(); err == nil && infoErr == nil && !d.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}
