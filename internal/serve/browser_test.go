package serve

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/radlabel/radlabel/internal/browsertest"
)

// open starts a server and opens a page of it in a browser. When the test ends,
// nothing may have been said on the console and nothing asked of another server.
func open(t *testing.T, opts Options, path string) *browsertest.Tab {
	t.Helper()
	url := start(t, newServer(t, opts))
	p := browsertest.Open(t, url)
	if path != "/" {
		p.Do(chromedp.Navigate(strings.TrimSuffix(url, "/") + path))
	}
	t.Cleanup(p.Quiet)
	return p
}

const example = "IMPRESSION: No pleural effusion. Possible edema.\nThe heart is enlarged."

func TestLabelPage(t *testing.T) {
	p := open(t, Options{}, "/")
	p.Do(chromedp.SendKeys(chromedp.CSS("#text"), example))
	p.Wait(`document.querySelectorAll(".paper .mention").length === 3`)
	assert.Equal(t, "1 positive, 1 uncertain, 1 negative, 11 blank", browsertest.Value[string](p, `counts.textContent`))
}
