package index

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// documented are the queries of docs/search.md and others of each kind.
var documented = []string{
	`pneumothorax`,
	`ptx`,
	`effusion`,
	`no`,
	`"no pleural effusion"`,
	`"chest tube"`,
	`effusion OR pneumothorax`,
	`pleural effusion -"no pleural effusion"`,
	`pneumothorax:positive`,
	`pneumothorax:positive "chest tube"`,
	`pleural_effusion:negative`,
	`same-sentence(no pneumothorax:positive)`,
	`same-sentence(pneumothorax:positive section:impression)`,
	`pneumonia:uncertain same-sentence(pneumonia:uncertain section:impression) -same-sentence(pneumonia:mentioned -section:impression)`,
	`impression:"no acute"`,
	`section:findings -section:impression`,
	`pneumo*`,
	`pnuemothorax~2`,
	`rule:pneumothorax.* edema:uncertain`,
	`cue:*`,
	`subject:10000032`,
	`study:50000043`,
	`id:[50000000 TO 50001000]`,
	`the`,
	`cardiomegaly:positive edema:positive pleural_effusion:positive -support_devices:positive`,
}

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
	ctx := context.Background()
	dir := filepath.Join(b.TempDir(), "index")
	reader, err := corpus.Open(ctx, []string{path}, corpus.Options{})
	require.NoError(b, err)
	start := time.Now()
	written, err := Write(ctx, dir, reader.Reports(ctx), WriteOptions{Labeler: labeler.Options{}})
	require.NoError(b, err)
	took := time.Since(start)
	var texts []string
	size := 0
	for r, err := range reader.Reports(ctx) {
		if err == nil {
			texts = append(texts, r.Text)
			size += len(r.Text)
		}
	}
	fmt.Printf("build: %d reports in %.1f s, %.0f reports/s, %d distinct sentences\n", written.Reports, took.Seconds(), float64(written.Reports)/took.Seconds(), written.Sentences)
	fmt.Printf("size: %d MB of text, index %.2f times that\n", size>>20, float64(folderSize(dir))/float64(size))

	start = time.Now()
	x, err := Open(ctx, dir)
	require.NoError(b, err)
	defer x.Close()
	opened := time.Since(start)
	_, err = timed(x, documented[0])
	require.NoError(b, err)
	fmt.Printf("open: %.0f ms, first query %.0f ms behind that\n", ms(opened), ms(time.Since(start)-opened))

	start = time.Now()
	scanned := 0
	for _, t := range texts {
		scanned += bytes.Count([]byte(strings.ToLower(t)), []byte("no pleural effusion"))
	}
	scan := time.Since(start)
	fmt.Printf("scan of the texts: %.0f ms (%d)\n", ms(scan), scanned)
	fmt.Printf("%10s %8s %8s %8s  %s\n", "hits", "p50 ms", "p95 ms", "of scan", "query")
	for _, q := range documented {
		var all []time.Duration
		total := 0
		for range 20 {
			runtime.GC()
			start := time.Now()
			total, err = timed(x, q)
			all = append(all, time.Since(start))
			require.NoError(b, err)
		}
		slices.Sort(all)
		fmt.Printf("%10d %8.1f %8.1f %8.4f  %s\n", total, ms(all[10]), ms(all[18]), ms(all[10])/ms(scan), q)
	}
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
