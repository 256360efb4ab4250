package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The whole way from inputs to output on eight workers gives the bytes of one,
// while what is written is saved all the time. CI runs it under the race
// detector.
func TestEightWorkers(t *testing.T) {
	folder := t.TempDir()
	table := filepath.Join(folder, "in.csv")
	manyReports(t, table, 2000)
	for _, name := range []string{"out.csv", "out.jsonl.gz", "out.csv.zst", "out.parquet"} {
		var want []byte
		for _, workers := range []string{"1", "8"} {
			out := filepath.Join(folder, name)
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), []string{"label", "../../testdata/reports", table, "-o", out, "--workers", workers, "--checkpoint", "1ns"},
				strings.NewReader(""), &stdout, &stderr)
			require.Equal(t, exitIO, code, "some rows are broken: %s", stderr.String())
			got, err := os.ReadFile(out)
			require.NoError(t, err)
			if want == nil {
				want = got
			}
			assert.True(t, bytes.Equal(want, got), name)
		}
	}
}
