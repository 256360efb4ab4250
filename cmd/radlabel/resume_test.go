package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var kills = flag.Int("kills", 10, "how often TestKilled ends runs")

// manyReports writes a table of reports with what is told of: empty ones,
// repeated ids, rows too short, bytes of another encoding, quotes.
func manyReports(t *testing.T, name string, n int) {
	var b strings.Builder
	b.WriteString("id,report\n")
	for i := range n {
		switch {
		case i%997 == 5:
			fmt.Fprintf(&b, "%d,\n", i)
		case i%991 == 7:
			fmt.Fprintf(&b, "%d,No effusion.\n", i/2)
		case i%983 == 9:
			fmt.Fprintf(&b, "%d\n", i)
		case i%977 == 11:
			fmt.Fprintf(&b, "%d,\"HISTORY: \xe9tat %d.\n\nIMPRESSION:\n\"\"\n\"\n", i, i)
		default:
			fmt.Fprintf(&b, "%d,\"FINDINGS: Film %d of the chest.\n\nIMPRESSION: %s edema. No effusion in film %d.\"\n", i, i, []string{"No", "Possible", "Mild"}[i%3], i)
		}
	}
	require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
}

// program is this program as a process of its own; the test binary is what
// testscript makes of it by its name.
func program(t *testing.T, folder string, args ...string) *exec.Cmd {
	bin := filepath.Join(folder, "radlabel")
	if _, err := os.Lstat(bin); err != nil {
		require.NoError(t, os.Symlink(mustExecutable(t), bin))
	}
	c := exec.Command(bin, args...)
	c.Dir = folder
	return c
}

var varyingRate = regexp.MustCompile(`rows? in .*reports/s|written to [^:]*`)

// summaryOf is the account that a run gives in the end.
func summaryOf(stderr string) string {
	at := strings.LastIndex(stderr, " reports read")
	return varyingRate.ReplaceAllString(stderr[max(at, 0):], "...")
}

// killing is a folder in which runs are killed.
type killing struct {
	folder  string
	want    map[string][]byte // by the name of the output
	summary string
	usual   time.Duration // that a run takes
	wentOn  int
	chance  *rand.Rand
}

func (k *killing) path(name string) string { return filepath.Join(k.folder, name) }

// label begins a run; ended waits for it, and gives its exit code and what it says.
func (k *killing) label(t *testing.T, out string, flags ...string) (c *exec.Cmd, ended func() (int, string)) {
	args := []string{"label", "--rules", "rules", "in.csv", "--checkpoint", "1ms", "-o", out}
	c = program(t, k.folder, append(args, flags...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	require.NoError(t, c.Start())
	return c, func() (int, string) {
		_ = c.Wait()
		return c.ProcessState.ExitCode(), stderr.String()
	}
}

// whole makes the outputs that are to be reached.
func (k *killing) whole(t *testing.T, outs []string) {
	k.want = map[string][]byte{}
	start := time.Now()
	for _, out := range outs {
		_, ended := k.label(t, "whole."+out)
		code, said := ended()
		require.Equal(t, exitIO, code, said)
		k.summary = summaryOf(said)
		var err error
		k.want[out], err = os.ReadFile(k.path("whole." + out))
		require.NoError(t, err)
	}
	assert.Contains(t, k.summary, "lost", "the reports have some of everything")
	k.usual = time.Since(start) / time.Duration(len(outs))
}

// run goes on with an output and, if it is to be, is ended at a random moment. It
// reports whether it came to its end.
func (k *killing) run(t *testing.T, out string, kill bool) bool {
	c, ended := k.label(t, out, "--resume")
	if kill {
		time.Sleep(time.Duration(k.chance.Int64N(int64(k.usual) * 3 / 2)))
		signal := os.Kill
		if k.chance.IntN(2) == 0 {
			signal = os.Interrupt
		}
		_ = c.Process.Signal(signal)
	}
	code, said := ended()
	if strings.Contains(said, "going on behind them") {
		k.wentOn++
	}
	got, err := os.ReadFile(k.path(out))
	if err == nil { // it may have been killed just behind the last of its work
		require.True(t, bytes.Equal(k.want[out], got), "%s differs from that of a run that nothing has ended", out)
	}
	if code != exitIO {
		return false
	}
	require.NoError(t, err)
	require.Equal(t, k.summary, summaryOf(said))
	left, err := filepath.Glob(k.path(out + ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, os.Remove(k.path(out)))
	return true
}

// Runs that are killed, or interrupted, at random points and run again with
// --resume give the bytes and the summary of a run that nothing has ended.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("signals")
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	k := &killing{folder: t.TempDir(), chance: rand.New(rand.NewPCG(seed, 0))}
	require.NoError(t, os.CopyFS(k.path("rules"), os.DirFS("testdata/rules")))
	manyReports(t, k.path("in.csv"), 10_000)
	outs := []string{"out.csv", "out.jsonl", "out.csv.gz", "out.jsonl.zst", "out.parquet"}
	k.whole(t, outs)
	killed, finished := 0, 0
	for killed < *kills || finished < len(outs) {
		if k.run(t, outs[finished%len(outs)], killed < *kills) {
			finished++
		} else {
			killed++
		}
	}
	assert.NotZero(t, k.wentOn, "no run had anything to go on with")
	t.Logf("ended %d times, went on %d times, finished %d times", killed, k.wentOn, finished)
}

// piped runs label on JSON lines of standard input, and ends it with its context
// once something is saved and all was read; end is false where it may go on.
func piped(t *testing.T, lines, out string, end bool, flags ...string) (code int, said string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := stopping{strings.NewReader(lines), func() {
		for end && ctx.Err() == nil {
			if _, err := os.Stat(out + ".part.json"); err == nil {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}}
	var stderr bytes.Buffer
	args := append([]string{"label", "--rules", "testdata/rules", "--from", "jsonl", "-", "-o", out, "--checkpoint", "1ns"}, flags...)
	code = run(ctx, args, in, &bytes.Buffer{}, &stderr)
	return code, stderr.String()
}

// jsonLines are so many reports; the first has an id and a text of its own.
func jsonLines(first string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":"%s","text":"%s"}`+"\n", first, first)
	for i := range n {
		fmt.Fprintf(&b, `{"id":"R%d","text":"No effusion."}`+"\n", i)
	}
	return b.String()
}

func TestInterruptedKeepsAPart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	lines := jsonLines("A", 5000)
	code, said := piped(t, lines, out, true)
	require.Equal(t, exitInterrupted, code)
	assert.Regexp(t, `out\.csv\.part keeps [\d,]+ rows?; the same command with --resume goes on behind them\nradlabel: interrupted; nothing was written under the final name\n$`, said)

	code, said = piped(t, jsonLines("B", 5000), out, false, "--resume")
	assert.Equal(t, exitIO, code)
	assert.Contains(t, said, "out.csv.part: the inputs do not read as they did for it; leave out --resume to begin anew\n")
	code, said = piped(t, "", out, false, "--resume")
	assert.Equal(t, exitIO, code, said)

	for flag, want := range map[string]string{
		"--section=all":     `--section was "auto", and is "all" now`,
		"--layout=mimic":    `--layout was "default", and is "mimic" now`,
		"--max-report=1KiB": `--max-report was "16777216", and is "1024" now`,
	} {
		code, said = piped(t, lines, out, false, "--resume", flag)
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, said, "radlabel: --resume: "+out+".part is of another run: "+want+"; give what it was, or leave out --resume to begin anew\n")
	}

	code, said = piped(t, lines, out, false, "--resume")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, said, "going on behind them\n5,001 reports read (jsonl): 5,001 labelled; 0 lost\n")
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, 5002, strings.Count(string(got), "\n"))
	left, err := filepath.Glob(out + ".*")
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Without --resume an output begins, whatever an earlier run has left.
func TestBeginAnew(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	code, _ := piped(t, jsonLines("A", 5000), out, true)
	require.Equal(t, exitInterrupted, code)
	code, said := piped(t, jsonLines("B", 10), out, false)
	assert.Equal(t, exitDone, code, said)
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, 12, strings.Count(string(got), "\n"))
	code, said = piped(t, jsonLines("B", 10), out, false, "--resume")
	assert.Equal(t, exitDone, code, said)
	again, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, string(got), string(again), "with nothing to go on with, it begins")
}
