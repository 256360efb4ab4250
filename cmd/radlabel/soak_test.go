package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var soak = flag.Int("soak", 0, "how many reports TestSoak labels; 0: none")

// soakReport is the ith report of a corpus without end, of which two sentences
// in five are like no other.
func soakReport(w io.Writer, i int) {
	n := uint32(i) * 2654435761 // scattered
	sentences := []string{
		"The lungs are clear.", "No pleural effusion or pneumothorax.", "Possible right basilar atelectasis versus pneumonia.",
		"Heart size is mildly enlarged.", "The endotracheal tube ends 4 cm above the carina.", "No acute fracture.",
		"Mild pulmonary edema has improved.", "Stable left lower lobe opacity, cannot exclude consolidation.",
	}
	fmt.Fprintf(w, `{"id":"%d","text":"FINDINGS: Film %d of %d. %s Opacity of %d mm in zone %d.\n\nIMPRESSION: %s %s %s No edema in film %d."}`+"\n",
		i, i, n%97, sentences[n%8], n%4001, n%13, sentences[n>>3%8], sentences[n>>6%8], sentences[n>>9%8], n)
}

// resident gives the memory of a process in KiB, 0 where it cannot be known.
func resident(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kib, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]))
	return kib
}

// soakRun labels reports from first to last in a process of its own, adds the
// rows to sum, and gives its memory after each tenth of them.
func soakRun(t *testing.T, folder string, first, last int, sum io.Writer) (memory []int) {
	c := program(t, folder, "label", "-", "--from", "jsonl", "--quiet", "-o", "out.csv")
	in, err := c.StdinPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	require.NoError(t, c.Start())
	lines := bufio.NewWriterSize(in, 1<<16)
	for i := first; i < last; i++ {
		soakReport(lines, i)
		if tenth := (last - first) / 10; tenth > 0 && (i-first+1)%tenth == 0 {
			memory = append(memory, resident(c.Process.Pid))
		}
	}
	require.NoError(t, lines.Flush())
	require.NoError(t, in.Close())
	require.NoError(t, c.Wait(), stderr.String())
	f, err := os.Open(filepath.Join(folder, "out.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows := bufio.NewReader(f)
	_, err = rows.ReadString('\n')
	require.NoError(t, err)
	n, err := io.Copy(sum, rows)
	require.NoError(t, err)
	require.Positive(t, n)
	return memory
}

// TestSoak labels so many reports in one run and in runs of 100,000: the rows are
// the same, and memory stays where it was but for the ids that are known.
//
//	go test ./cmd/radlabel -run TestSoak -soak 5000000 -timeout 0 -v
func TestSoak(t *testing.T) {
	if *soak == 0 || runtime.GOOS == "windows" {
		t.Skip("-soak says how many reports")
	}
	const each = 100_000
	folder := t.TempDir()
	start := time.Now()
	whole, parts := sha256.New(), sha256.New()
	memory := soakRun(t, folder, 0, *soak, whole)
	t.Logf("%d reports in %s, memory after each tenth in KiB: %v", *soak, time.Since(start).Round(time.Second), memory)
	start = time.Now()
	for first := 0; first < *soak; first += each {
		soakRun(t, folder, first, min(first+each, *soak), parts)
	}
	t.Logf("in runs of %d: %s", each, time.Since(start).Round(time.Second))
	assert.Equal(t, whole.Sum(nil), parts.Sum(nil), "the rows are the same")
	t.Logf("sha256 of the rows: %x", whole.Sum(nil))
	if slices.Max(memory) > 0 {
		assert.Less(t, slices.Max(memory)<<10, 300_000_000, "memory does not grow with the corpus")
	}
}
