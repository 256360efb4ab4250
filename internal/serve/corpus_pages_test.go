package serve

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/radlabel/radlabel/internal/browsertest"
)

// Every page of a corpus on a phone, in the dark: nothing is wider than the screen,
// and axe finds nothing serious.
func TestCorpusPagesOnAPhone(t *testing.T) {
	opts := withRules(t, 30)
	opts.Index = indexed(t, 60)
	opts.Review = reviewed(t, filepath.Join(t.TempDir(), "verdicts.jsonl"))
	p := open(t, opts, "/search")
	p.Do(chromedp.EmulateViewport(390, 844))
	p.Media("screen", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	first := opts.Review.Evaluation.Errors[0]
	for _, path := range []string{
		"search", query("search", "q", "tube OR edema:negative"), query("search/report", "id", "50000003", "q", "no", "n", "1"),
		"review", "review/errors", query("review/error", "id", first.ID, "of", string(first.Observation)),
		"rules", "rules/edema.edema", "rules/edit?ruleset=chexpert&file=cues.yaml&line=40",
	} {
		p.Do(chromedp.Navigate(p.URL + path))
		p.Wait(`document.readyState === "complete"`)
		assert.LessOrEqual(t, browsertest.Value[int](p, `document.documentElement.scrollWidth`), 390, path)
		p.Accessible()
	}
	p.Wait(`document.activeElement === text && text.value.slice(0, text.selectionStart).split("\n").length === 40`)
}
