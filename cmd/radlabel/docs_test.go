package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command in the README and in docs/ is run, in order, file by file, in a
// copy of the checkout's shipped data, and prints what the page says it prints.
// Pages show commands in console blocks alone: "$ command", then its output, where
// a line of three dots stands for lines that are left out.
// go test -update writes the output into the pages.
func TestDocs(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell to run the commands with")
	}
	project, err := filepath.Abs("../..")
	require.NoError(t, err)
	pages, err := filepath.Glob(filepath.Join(project, "docs", "*.md"))
	require.NoError(t, err)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(mustExecutable(t), filepath.Join(bin, "radlabel")))

	for _, page := range append(pages, filepath.Join(project, "README.md")) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			work := t.TempDir()
			require.NoError(t, os.CopyFS(filepath.Join(work, "testdata"), os.DirFS(filepath.Join(project, "testdata"))))
			content, err := os.ReadFile(page)
			require.NoError(t, err)
			got := consoles(t, string(content), func(command string) string { return shell(t, work, bin, command) })
			if *update {
				require.NoError(t, os.WriteFile(page, []byte(got), 0o644))
				return
			}
			assert.Equal(t, string(content), got, "go test ./cmd/radlabel -run TestDocs -update writes what the commands print now")
		})
	}
}

func mustExecutable(t *testing.T) string {
	exe, err := os.Executable()
	require.NoError(t, err)
	return exe
}

// consoles runs the commands in the console blocks of a page and gives the page
// with what they print.
func consoles(t *testing.T, page string, run func(command string) string) string {
	var out strings.Builder
	console, fenced := false, false
	command := ""
	var shown []string // of the command's output, before
	flush := func() {
		if command != "" {
			out.WriteString(cutAs(shown, run(command)))
			command, shown = "", nil
		}
	}
	for line := range strings.Lines(page) {
		text := strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(text, "```"):
			flush()
			fenced = !fenced
			console = fenced && text == "```console"
		case console && strings.HasPrefix(text, "$ "):
			flush()
			command = text[2:]
		case console:
			shown = append(shown, line)
			continue
		case fenced:
			assert.False(t, strings.HasPrefix(text, "$ ") || strings.HasPrefix(text, "radlabel "), "a command outside a console block, which no test runs: %s", text)
		}
		out.WriteString(line)
	}
	return out.String()
}

const dots = "...\n"

// cutAs leaves out of an output what a page left out of an earlier one. A line is
// the same where it begins as before, up to two blanks. All is shown where some
// line is no more.
func cutAs(shown []string, output string) string {
	if !slices.Contains(shown, dots) {
		return output
	}
	begin := func(line string) string {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		return word
	}
	var out strings.Builder
	rest, skip := slices.Collect(strings.Lines(output)), false
	for _, line := range shown {
		if line == dots {
			skip = true
			continue
		}
		at := slices.IndexFunc(rest, func(l string) bool { return begin(l) == begin(line) })
		if at < 0 {
			return output
		}
		if skip && at > 0 {
			out.WriteString(dots)
			rest, at = rest[at:], 0
		}
		out.WriteString(strings.Join(rest[:at+1], ""))
		rest, skip = rest[at+1:], false
	}
	if skip && len(rest) > 0 {
		return out.String() + dots
	}
	return out.String() + strings.Join(rest, "")
}

func TestCutAs(t *testing.T) {
	const output = "head\na  1\nb  2\n\nhead\na  3\nb  4\n"
	for shown, want := range map[string]string{
		"":                             output,
		"head\nb  9\n":                 output,
		"head\n...\n":                  "head\n...\n",
		"...\nb  9\n...\n":             "...\nb  2\n...\n",
		"...\nb  9\nhead\n...\nb  4\n": "...\nb  2\n\nhead\n...\nb  4\n",
		"head\na  9\nb  9\n...\nb\n":   "head\na  1\nb  2\n...\nb  4\n",
		"head\n...\na  1\n...\nb  9\n": "head\na  1\nb  2\n\nhead\na  3\nb  4\n",
		"head\n...\nc  9\n":            output,
		"...\n":                        "...\n",
	} {
		assert.Equal(t, want, cutAs(slices.Collect(strings.Lines(shown)), output), "%q", shown)
	}
}

// How long it took differs from run to run, digest and counts with every rule.
var (
	varyingTime   = regexp.MustCompile(`in [\d.,]+ m?s, [\d,]+ reports/s`)
	varyingDigest = regexp.MustCompile(`rules (\w+) [0-9a-f]{12}\b`)
	varyingCounts = regexp.MustCompile(`[\d,]+ examples of \d+ rules and \d+ cues`)
)

func shell(t *testing.T, dir, bin, command string) string {
	if strings.HasPrefix(command, "go test") || strings.HasPrefix(command, "go build") || strings.HasPrefix(command, "git ") {
		return ""
	}
	c := exec.Command("sh", "-c", strings.ReplaceAll(command, "go run ./cmd/radlabel", "radlabel"))
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	var printed bytes.Buffer
	c.Stdout, c.Stderr = &printed, &printed
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Errorf("%s: %v", command, err)
	}
	text := varyingTime.ReplaceAllString(printed.String(), "in ... ms, ... reports/s")
	text = varyingCounts.ReplaceAllString(text, "... examples of ... rules and ... cues")
	return varyingDigest.ReplaceAllString(text, "rules $1 ...")
}
