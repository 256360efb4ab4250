// Package browsertest opens pages in a real headless Chromium for tests, and hears
// what they say on the console and what they ask for.
package browsertest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start starts headless Chromium. Without RADLABEL_CHROME a test that needs it is
// skipped where there is none.
func start(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("RADLABEL_CHROME")
	if path == "" {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				path = cmp.Or(path, found)
			}
		}
	}
	if path == "" {
		t.Skip("no Chromium or Chrome on PATH; RADLABEL_CHROME names one")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	err := chromedp.Do(ctx)
	if err != nil && os.Getenv("RADLABEL_CHROME") == "" {
		t.Skipf("%s does not start: %v", path, err)
	}
	require.NoError(t, err, "%s starts", path)
	return ctx
}

// Tab is a page in the browser and what it complained of and asked for.
type Tab struct {
	T   *testing.T
	Ctx context.Context
	URL string // of the site: nothing outside of it may be asked for

	mu       sync.Mutex
	trouble  []string
	requests []string
}

// Open opens an address, at 1200 by 900 pixels.
func Open(t *testing.T, url string) *Tab {
	t.Helper()
	p := &Tab{T: t, Ctx: start(t), URL: url}
	require.NoError(t, chromedp.Listen(p.Ctx, p.hear))
	Call(p, network.Enable, network.EnableParams{})
	Call(p, runtime.Enable, cdp.Empty{})
	Call(p, log.Enable, cdp.Empty{})
	p.Do(chromedp.EmulateViewport(1200, 900), chromedp.Navigate(url))
	return p
}

func (p *Tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.trouble = append(p.trouble, fmt.Sprint("console ", event.Type))
	case *runtime.EventExceptionThrown:
		p.trouble = append(p.trouble, event.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		p.trouble = append(p.trouble, fmt.Sprint(event.Entry.Level, ": ", event.Entry.Text))
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, event.Request.URL)
	}
}

// Do does steps.
func (p *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.T.Helper()
	require.NoError(p.T, chromedp.Do(p.Ctx, steps...))
}

// Call calls a command of the browser.
func Call[P, R any](p *Tab, command cdp.Command[P, R], params P) R {
	p.T.Helper()
	answer, err := chromedp.Call(p.Ctx, command, params)
	require.NoError(p.T, err)
	return answer
}

// Value gives the value of a JavaScript expression, or of what it promises.
func Value[T any](p *Tab, expression string) T {
	p.T.Helper()
	v, err := chromedp.Run(p.Ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(p.T, err, expression)
	return v
}

// Run runs JavaScript.
func (p *Tab) Run(script string) {
	p.T.Helper()
	Value[bool](p, "(() => { "+script+"; return true })()")
}

// Wait waits until a JavaScript expression holds, on this page or the one that it
// leads to.
func (p *Tab) Wait(expression string) {
	p.T.Helper()
	p.wait(expression, 20*time.Second)
}

// WaitLong waits for what a busy machine may take long for.
func (p *Tab) WaitLong(expression string) {
	p.T.Helper()
	p.wait(expression, 90*time.Second)
}

// wait asks again and again, since a page that is left takes what it was asked
// along. A page that is still coming does not hear the keys yet.
func (p *Tab) wait(expression string, most time.Duration) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.Ctx, most)
	defer cancel()
	for {
		v, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.readyState === 'complete' && !!("+expression+")"))
		if v && err == nil {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			require.FailNow(p.T, "waiting for "+expression, "%v", err)
		}
	}
}

// Press presses keys one after the other, as chromedp.KeyEvent takes them.
func (p *Tab) Press(keys string) {
	p.T.Helper()
	p.Do(chromedp.KeyEvent(keys))
}

// codes are those of keys that are not letters or digits.
var codes = map[string]int64{"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "/": 191}

// Keys presses keys by their names as a keyboard does: a page that takes a key keeps
// it from the field that has the focus, which Press does not.
func (p *Tab) Keys(names ...string) {
	p.T.Helper()
	for _, name := range names {
		key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: name, WindowsVirtualKeyCode: codes[name]}
		switch {
		case name == "Enter":
			key.Text = "\r"
		case len(name) == 1:
			key.Text = name
			key.WindowsVirtualKeyCode = cmp.Or(key.WindowsVirtualKeyCode, int64(strings.ToUpper(name)[0]))
		}
		Call(p, input.DispatchKeyEvent, key)
		key.Type, key.Text = input.DispatchKeyEventTypeKeyUp, ""
		Call(p, input.DispatchKeyEvent, key)
	}
}

// Media makes the page believe that it is printed, or shown on a screen.
func (p *Tab) Media(name string, features ...*emulation.MediaFeature) {
	p.T.Helper()
	Call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name, Features: features})
}

// Visible tells whether an element can be seen.
func (p *Tab) Visible(selector string) bool {
	p.T.Helper()
	return Value[bool](p, fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, selector))
}

// Quiet asserts that the page has said nothing on the console and asked for nothing
// outside of its site.
func (p *Tab) Quiet() {
	p.T.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(p.T, p.trouble, "nothing on the console")
	for _, r := range p.requests {
		assert.True(p.T, strings.HasPrefix(r, p.URL) || strings.HasPrefix(r, "data:") || r == "about:blank", "asks for %s", r)
	}
	assert.NotEmpty(p.T, p.requests)
}

// Forgive drops what was said on the console that has a text in it: what was to be.
func (p *Tab) Forgive(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = slices.DeleteFunc(p.trouble, func(s string) bool { return strings.Contains(s, text) })
}
