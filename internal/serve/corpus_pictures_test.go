package serve

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// Pictures of the pages of a corpus, which docs/web.md shows.
// go test ./internal/serve -run TestPictures -update writes them.
func TestPicturesOfACorpus(t *testing.T) {
	const folder = "../../docs/web/"
	opts := withRules(t, 300)
	opts.Index = indexed(t, 300)
	opts.Review = reviewed(t, filepath.Join(t.TempDir(), "verdicts.jsonl"))
	p := open(t, opts, query("/search", "q", "pleural_effusion:negative tube"))
	p.Do(chromedp.EmulateViewport(1100, 860))
	p.Wait(`document.querySelector(".hits .asked")`)
	p.Picture(folder+"search.png", *update)

	p.Do(chromedp.Navigate(p.URL + "review"))
	p.Keys("n")
	p.Wait(`location.pathname === "/review/error" && document.querySelector(".report")`)
	p.Picture(folder+"review.png", *update)

	p.Do(chromedp.Navigate(p.URL + "rules/edit?ruleset=mine"))
	p.Run(`text.value += "disable: [hedge.possible]\n"; document.querySelector("#rulefile button").click()`)
	p.WaitLong(`document.querySelector("[data-done=true]")`)
	p.Picture(folder+"trial.png", *update)
}
