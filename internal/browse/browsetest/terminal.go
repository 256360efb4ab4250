//go:build unix

// Package browsetest is a terminal for tests: a program runs in it, keys are typed
// at it, and its screen is read.
package browsetest

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// patience is how long a screen is waited for.
const patience = 15 * time.Second

// The modes of a terminal that are switched on to begin with.
const wrapping, cursor = 7, 25

// Terminal is a pseudo-terminal with an emulator of a screen at its other end.
type Terminal struct {
	t        testing.TB
	far, tty *os.File
	screen   *vt.SafeEmulator

	mu    sync.Mutex
	modes map[int]bool // that are switched on
	title string
}

// State is what a program should leave as it was.
type State struct {
	Settings     string // of the line, as stty prints them
	Screen       string
	Alternate    bool
	CursorHidden bool
	Title        string
	Modes        map[int]bool // that are switched on
}

// New makes a terminal of so many columns and lines.
func New(t testing.TB, width, height int) *Terminal {
	t.Helper()
	far, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	e := &Terminal{t: t, far: far, tty: tty, screen: vt.NewSafeEmulator(width, height), modes: map[int]bool{wrapping: true, cursor: true}}
	e.screen.SetCallbacks(vt.Callbacks{
		Title:       func(s string) { e.note(func() { e.title = s }) },
		EnableMode:  func(m ansi.Mode) { e.note(func() { e.modes[m.Mode()] = true }) },
		DisableMode: func(m ansi.Mode) { e.note(func() { delete(e.modes, m.Mode()) }) },
	})
	e.Resize(width, height)
	go io.Copy(e.screen, far) // what programs print
	go io.Copy(far, e.screen) // what the terminal answers to questions
	t.Cleanup(func() {
		tty.Close()
		far.Close()
		e.screen.InputPipe().(io.Closer).Close()
	})
	return e
}

func (e *Terminal) note(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
}

// Resize gives the terminal another size, and tells the program.
func (e *Terminal) Resize(width, height int) {
	e.t.Helper()
	e.screen.Resize(width, height)
	if err := pty.Setsize(e.far, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		e.t.Fatal(err)
	}
}

// Start runs a program that has this terminal for all its streams.
func (e *Terminal) Start(c *exec.Cmd) {
	e.t.Helper()
	c.Stdin, c.Stdout, c.Stderr = e.tty, e.tty, e.tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Process.Kill() })
}

// Type presses keys, as the bytes that they send.
func (e *Terminal) Type(keys string) {
	e.t.Helper()
	if _, err := io.WriteString(e.far, keys); err != nil {
		e.t.Fatal(err)
	}
}

// Screen is the text on the screen, without blanks at the ends of lines.
func (e *Terminal) Screen() string {
	lines := strings.Split(ansi.Strip(e.screen.Render()), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Rendered is the screen with its colours.
func (e *Terminal) Rendered() string { return e.screen.Render() }

// Wait waits until the screen has all these texts, and gives it.
func (e *Terminal) Wait(texts ...string) string {
	e.t.Helper()
	var screen string
	e.until(func() bool {
		screen = e.Screen()
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	}, func() { e.t.Fatalf("the screen does not have %q:\n%s", texts, screen) })
	return screen
}

// WaitGone waits until the screen has this text no more.
func (e *Terminal) WaitGone(text string) {
	e.t.Helper()
	e.until(func() bool { return !strings.Contains(e.Screen(), text) }, func() { e.t.Fatalf("the screen has %q:\n%s", text, e.Screen()) })
}

func (e *Terminal) until(holds func() bool, late func()) {
	e.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			late()
		}
	}
}

// State tells the state of the terminal, when no program writes to it.
func (e *Terminal) State() State {
	e.t.Helper()
	stty := exec.Command("stty", "-a")
	stty.Stdin = e.tty
	settings, err := stty.Output()
	if err != nil {
		e.t.Skipf("no stty: %v", err)
	}
	s := State{Settings: string(settings), Screen: e.Screen(), Alternate: e.screen.IsAltScreen(), CursorHidden: e.screen.CursorHidden()}
	e.note(func() { s.Title, s.Modes = e.title, maps.Clone(e.modes) }) // apart, as changes are noted while the screen is written
	return s
}
