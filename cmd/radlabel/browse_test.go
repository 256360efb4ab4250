//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/internal/browse/browsetest"
)

// radlabel gives the program, as a process of its own.
func radlabel(t *testing.T, args ...string) *exec.Cmd {
	link := filepath.Join(t.TempDir(), "radlabel")
	require.NoError(t, os.Symlink(mustExecutable(t), link))
	c := exec.Command(link, args...)
	c.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=")
	return c
}

func indexOf(t *testing.T, inputs ...string) string {
	dir := filepath.Join(t.TempDir(), "idx")
	out, err := radlabel(t, append([]string{"index", "--quiet", "--index", dir}, inputs...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

// The keys of a terminal.
const (
	down, forth, back  = "\x1b[B", "\x1b[C", "\x1b[D"
	pageDown, end      = "\x1b[6~", "\x1b[F"
	enter, escape, tab = "\r", "\x1b", "\t"
	ctrlC, f1          = "\x03", "\x1bOP"
)

// A query is typed, a report is opened, and whatever ends the program leaves the
// terminal as it was.
func TestInteractiveSearch(t *testing.T) {
	dir := indexOf(t, "../../testdata/reports")
	for _, how := range []struct {
		name string
		end  func(*browsetest.Terminal, *exec.Cmd)
		code int
		says string
	}{
		{"Ctrl-C", func(e *browsetest.Terminal, _ *exec.Cmd) { e.Type(ctrlC) }, exitDone, ""},
		{"q", func(e *browsetest.Terminal, _ *exec.Cmd) { e.Type("q") }, exitDone, ""},
		{"SIGTERM", func(_ *browsetest.Terminal, c *exec.Cmd) { c.Process.Signal(syscall.SIGTERM) }, exitInterrupted, "radlabel: interrupted"},
		{"SIGHUP", func(_ *browsetest.Terminal, c *exec.Cmd) { c.Process.Signal(syscall.SIGHUP) }, exitInterrupted, "radlabel: interrupted"},
	} {
		t.Run(how.name, func(t *testing.T) {
			e := browsetest.New(t, 80, 24)
			echo := exec.Command("echo", "what was there")
			e.Start(echo)
			require.NoError(t, echo.Wait())
			e.Wait("what was there")
			before := e.State()

			c := radlabel(t, "search", "--index", dir)
			e.Start(c)
			e.Wait("query:", "89 reports in ")
			assert.NotContains(t, e.Screen(), "what was there")
			during := e.State()
			assert.True(t, during.Alternate)
			assert.NotEqual(t, before.Settings, during.Settings, "the terminal was taken")

			e.Type("pneumothorax:positive")
			e.Wait("4 reports in", "1 of 4", "▌ 1. ", "positive: ")
			e.Type(down)
			e.Wait("2 of 4", "▌ 2. ")
			e.Type(enter)
			e.Wait("2 of 4", "|>The left apical pneumothorax is", "FINDINGS:")
			e.Type(end)
			e.Wait("Pneumothorax: positive", "by rule pneumothorax.", "blank, no mention: ")
			how.end(e, c)
			err := c.Wait()
			assert.Equal(t, how.code, c.ProcessState.ExitCode(), "%v", err)
			e.Wait("what was there" + strings.TrimRight("\n"+how.says, "\n"))
			after := e.State()
			after.Screen = strings.TrimSuffix(after.Screen, "\n"+how.says)
			assert.Equal(t, before, after)
		})
	}
}

// What is typed is searched for, and what is wrong is said.
func TestInteractiveQueries(t *testing.T) {
	dir := indexOf(t, "../../testdata/reports")
	e := browsetest.New(t, 60, 20)
	c := radlabel(t, "search", "--index", dir, "-i", "tube pneumotorax:positiv")
	e.Start(c)
	e.Wait("no answer", `unknown field "pneumotorax"`, "  tube pneumotorax:positiv\n       ^^^^^^^^^^^", "Tab puts pneumothorax there.")
	e.Type(tab)
	e.Wait("query: tube pneumothorax:positiv", `unknown assertion "positiv"`, "^^^^^^^")
	e.Type(tab)
	e.Wait("query: tube pneumothorax:positive", "1 report in", "▌ 1. ")
	e.Type("\x15edema") // Ctrl-U
	e.Wait("query: edema", "1 of ")
	e.Type(end)
	e.WaitGone("  1 of ")
	e.Type(f1)
	e.Wait("In the list", "In a report")
	e.Type(escape)
	e.Wait("query: edema")

	e.Resize(160, 50)
	screen := e.Wait("Ctrl-C quit • PgDn")
	assert.Equal(t, 50, strings.Count(screen, "\n")+1, "the screen is filled")
	e.Type(escape + "/" + "ma")
	e.Wait("query: edemama")
	e.Type(ctrlC)
	assert.NoError(t, c.Wait())
}

// Nothing in a report steers the terminal.
func TestInteractiveHostile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hostile.csv")
	rows := "id,text\n" +
		"a\x1b]0;id\x07,\"\x1b]0;title\x07\x1b[31m\x1b[2J\x1b[?1049lNo effusion \x9b?25h\u202eseen.\nÉvil 肺 effusion.\"\n" +
		"long," + strings.Repeat("W", 1_000_000) + " effusion.\n"
	require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
	e := browsetest.New(t, 60, 20)
	c := radlabel(t, "search", "--index", indexOf(t, file), "-i", "effusion")
	e.Start(c)
	e.Wait("2 reports in", "a·]0;id·", "1 of 2")
	e.Type(enter)
	e.Wait("·]0;title··[31m·[2J·[?1049lNo", "Pleural Effusion:")
	e.Type(forth)
	e.Wait("long", "WWWWWWWWWWWW effusion.")
	e.Type(back)
	e.Wait("肺 effusion.")
	state := e.State()
	assert.Empty(t, state.Title)
	assert.True(t, state.Alternate)
	assert.True(t, state.CursorHidden)
	e.Type(ctrlC)
	assert.NoError(t, c.Wait())
}

// Colours are those of the other commands, or none.
func TestInteractiveColours(t *testing.T) {
	dir := indexOf(t, "../../testdata/reports")
	for _, test := range []struct {
		env   string
		flag  string
		has   string
		lacks string
	}{
		{"NO_COLOR=", "--color=auto", "\x1b[31;1m", "~"},
		{"NO_COLOR=1", "--color=auto", "\x1b[1m", "\x1b[31;1m"},
		{"NO_COLOR=1", "--color=always", "\x1b[31;1m", "~"},
	} {
		e := browsetest.New(t, 80, 24)
		c := radlabel(t, "search", "--index", dir, "-i", "pneumothorax:positive", test.flag)
		c.Env = append(c.Env, test.env)
		e.Start(c)
		e.Wait("4 reports in", "▌ 1. ")
		assert.Contains(t, e.Rendered(), test.has, test)
		assert.NotContains(t, e.Rendered(), test.lacks, test)
		e.Type(enter)
		e.Wait("FINDINGS", "pneumothorax")
		assert.Equal(t, test.lacks != "~", strings.Contains(e.Screen(), "++++++"), "marks below the line: %v", test)
		e.Type("q")
		assert.NoError(t, c.Wait())
	}
}

// At a terminal too, what prints and ends wants a query.
func TestInteractiveFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"--count"}, "no query; give one in quotes"},
		{[]string{"-i", "--json"}, "[interactive json]"},
		{[]string{"-i", "--limit", "3", "edema"}, "[interactive limit]"},
		{[]string{"-i", "edema", "--sort", "colour"}, "use relevance, id, subject"},
		{[]string{"-i", "--index", "nowhere"}, "nowhere: no index in this folder"},
	} {
		e := browsetest.New(t, 120, 20)
		c := radlabel(t, append([]string{"search", "--index", "idx"}, test.args...)...)
		e.Start(c)
		assert.Error(t, c.Wait())
		e.Wait(test.says)
		assert.False(t, e.State().Alternate)
	}
}
