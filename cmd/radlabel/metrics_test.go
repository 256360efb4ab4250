package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The figures on the shipped gold are a file, so that whoever changes a rule sees
// in review what it did to them. go test -update writes it.
func TestMetrics(t *testing.T) {
	project, err := filepath.Abs("../..")
	require.NoError(t, err)
	t.Chdir(project)
	var all strings.Builder
	for _, args := range [][]string{
		{"--gold", "testdata/gold.csv", "testdata/reports"},
		{"--gold", "testdata/gold-all.csv", "testdata/reports", "--section", "all"},
		{"--gold", "testdata/sentences.tsv", "--by", "kind"},
		{"--gold", "testdata/chestxray14.tsv", "--by", "kind", "--ruleset", "chestxray14"},
	} {
		all.WriteString("radlabel validate " + strings.Join(args, " ") + "\n\n")
		args = append([]string{"validate", "--quiet", "--examples", "100"}, args...)
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitDone, run(context.Background(), args, strings.NewReader(""), &stdout, &stderr), stderr.String())
		all.WriteString(regexp.MustCompile(`(rules \w+) [0-9a-f]{12}`).ReplaceAllString(stdout.String(), "$1 ..."))
		all.WriteString("\n")
	}
	golden := filepath.Join("testdata", "metrics.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(all.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), all.String(), "go test ./cmd/radlabel -run TestMetrics -update writes the figures of now")
}
