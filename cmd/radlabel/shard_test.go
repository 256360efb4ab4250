package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// runHere runs the program within this process.
func runHere(args ...string) (code int, said string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &stdout, &stderr)
	return code, stderr.String()
}

// shardedInputs are inputs of every kind, with what is told of and lost.
func shardedInputs(t *testing.T) [][]string {
	folder := t.TempDir()
	table := filepath.Join(folder, "in.csv")
	manyReports(t, table, 2000)
	small := filepath.Join(folder, "small.jsonl")
	require.NoError(t, os.WriteFile(small, []byte(jsonLines("A", 3)+"{\n"+jsonLines("A", 3)), 0o600))
	return [][]string{
		{"../../testdata/reports"},
		{table},
		{small, "none.csv"},
		{"../../testdata/reports", "../../testdata/inputs/reports.csv", small},
		{"../../testdata/inputs/openi", table},
	}
}

// For any number of shards and workers, any form and cut, merge gives the bytes and the
// account of a run without shards.
func TestMergedShardsAreASingleRun(t *testing.T) {
	inputs := shardedInputs(t)
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		defer os.RemoveAll(folder)
		in := rapid.SampledFrom(inputs).Draw(rt, "inputs")
		ending := rapid.SampledFrom([]string{".csv", ".jsonl", ".csv.gz", ".jsonl.zst", ".parquet"}).Draw(rt, "ending")
		by := rapid.SampledFrom([]string{byStudy, byRange}).Draw(rt, "by")
		n := rapid.IntRange(1, 7).Draw(rt, "shards")
		layout := "default"
		if strings.HasPrefix(ending, ".csv") {
			layout = rapid.SampledFrom([]string{"default", "mimic", "chexpert-labeler"}).Draw(rt, "layout")
		}
		label := func(out string, flags ...string) (int, string) {
			workers := rapid.IntRange(1, 4).Draw(rt, "workers")
			args := append([]string{"label", "--rules", "testdata/rules", "--layout", layout, "-o", out, "--workers", strconv.Itoa(workers)}, flags...)
			return runHere(append(args, in...)...)
		}
		one := filepath.Join(folder, "one"+ending)
		code, said := label(one)
		shards := filepath.Join(folder, "shards")
		require.NoError(rt, os.Mkdir(shards, 0o700))
		worst := exitDone
		for _, i := range rapid.Permutation(numbersTo(n)).Draw(rt, "order") {
			c, said := label(filepath.Join(shards, fmt.Sprint(i)+ending), "--shard", fmt.Sprintf("%d/%d", i, n), "--shard-by", by)
			require.Contains(rt, []int{exitDone, exitIO}, c, said)
			worst = max(worst, c)
		}
		require.Equal(rt, code, worst)
		merged := filepath.Join(folder, "merged"+ending)
		c, saidOfAll := runHere("merge", shards, "-o", merged)
		require.Equal(rt, code, c, saidOfAll)
		want, err := os.ReadFile(one)
		require.NoError(rt, err)
		got, err := os.ReadFile(merged)
		require.NoError(rt, err)
		require.True(rt, bytes.Equal(want, got), "the bytes differ")
		require.Equal(rt, fatesIn(said), fatesIn(saidOfAll))
	})
}

func numbersTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// fatesIn is what a summary says became of the reports.
func fatesIn(said string) string {
	for line := range strings.Lines(said) {
		if _, fates, ok := strings.Cut(line, ": "); ok && strings.HasSuffix(line, " lost\n") && strings.Contains(line, " labelled") {
			return fates
		}
	}
	return ""
}

// Shards that are killed at random moments and run again, each until it is done, are
// merged into the bytes of one run.
func TestKilledShards(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("signals")
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	k := &killing{folder: t.TempDir(), chance: rand.New(rand.NewPCG(seed, 0))}
	require.NoError(t, os.CopyFS(k.path("rules"), os.DirFS("testdata/rules")))
	manyReports(t, k.path("in.csv"), 10_000)
	const n = 3
	outs := []string{"out.csv", "out.jsonl.gz", "out.parquet"}
	k.whole(t, outs)
	killed := 0
	for _, out := range outs {
		shards := k.path(out + ".shards")
		require.NoError(t, os.Mkdir(shards, 0o700))
		for i := range n {
			for kills := 2; ; kills-- {
				_, ending, _ := strings.Cut(out, ".")
				c, ended := k.label(t, filepath.Join(shards, fmt.Sprintf("%d.%s", i+1, ending)), "--resume", "--shard", fmt.Sprintf("%d/%d", i+1, n))
				if kills > 0 {
					time.Sleep(time.Duration(k.chance.Int64N(int64(k.usual))))
					_ = c.Process.Kill()
				}
				if code, said := ended(); code == exitIO {
					break // some reports are lost, as in the whole
				} else {
					require.Equal(t, -1, code, said)
					killed++
				}
			}
		}
		merged := k.path("merged." + out)
		code, said := runHere("merge", shards, "-o", merged)
		require.Equal(t, exitIO, code, said)
		got, err := os.ReadFile(merged)
		require.NoError(t, err)
		require.True(t, bytes.Equal(k.want[out], got), "%s differs from that of one run", out)
		left, err := os.ReadDir(shards)
		require.NoError(t, err)
		assert.Len(t, left, 2*n)
	}
	assert.NotZero(t, killed)
	t.Logf("killed %d times", killed)
}

// Ctrl-C ends a merge without an output.
func TestInterruptedMerge(t *testing.T) {
	folder := t.TempDir()
	code, said := runHere("label", "--rules", "testdata/rules", "../../testdata/reports", "-o", filepath.Join(folder, "1.csv"), "--shard", "1/1")
	require.Equal(t, exitDone, code, said)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stderr bytes.Buffer
	out := filepath.Join(t.TempDir(), "labels.csv")
	code = run(ctx, []string{"merge", folder, "-o", out}, strings.NewReader(""), &bytes.Buffer{}, &stderr)
	assert.Equal(t, exitInterrupted, code)
	assert.Contains(t, stderr.String(), "radlabel: interrupted; nothing was written under the final name")
	assert.NoFileExists(t, out)
}
