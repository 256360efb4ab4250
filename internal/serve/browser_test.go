package serve

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/internal/browsertest"
)

var update = flag.Bool("update", false, "write the pictures in docs/web")

// open starts a server and opens a page of it in a browser. When the test ends,
// nothing may have been said on the console, nothing asked of another server, and
// axe may find nothing serious in what is shown then.
func open(t *testing.T, opts Options, path string) *browsertest.Tab {
	t.Helper()
	url := start(t, newServer(t, opts))
	p := browsertest.Open(t, url)
	if path != "/" {
		p.Do(chromedp.Navigate(strings.TrimSuffix(url, "/") + path))
	}
	t.Cleanup(func() {
		p.Accessible()
		p.Quiet()
	})
	return p
}

const example = `FINDINGS: The heart is mildly enlarged. No pleural effusion or
pneumothorax. Left base opacity, atelectasis versus pneumonia.

IMPRESSION: Possible edema. The ETT has been removed.`

// text is what the page shows at a selector.
func text(p *browsertest.Tab, selector string) string {
	p.T.Helper()
	return browsertest.Value[string](p, fmt.Sprintf(`document.querySelector(%q).textContent`, selector))
}

// write types a report, and waits for its labels.
func write(p *browsertest.Tab, report string, mentions int) {
	p.T.Helper()
	p.Do(chromedp.SendKeys(chromedp.CSS("#text"), report))
	p.Wait(fmt.Sprintf(`document.querySelectorAll(".paper .mention").length === %d`, mentions))
}

func TestLabelWhileTyping(t *testing.T) {
	p := open(t, Options{}, "/")
	write(p, example, 2)
	assert.Equal(t, "0 positive, 1 uncertain, 1 negative, 12 blank", text(p, "#counts"))
	assert.Equal(t, text(p, "#counts"), text(p, "#live"), "who does not see hears it")
	assert.Equal(t, "Possible", text(p, ".paper .cue"))
	assert.Equal(t, example, text(p, ".paper .marks"), "the marks have the text of the field")
	same := `JSON.stringify(["font", "lineHeight", "padding", "width", "height", "letterSpacing", "tabSize", "whiteSpace"].map(s => getComputedStyle(document.querySelector(%q))[s]))`
	assert.Equal(t, browsertest.Value[string](p, fmt.Sprintf(same, "#text")), browsertest.Value[string](p, fmt.Sprintf(same, ".paper .marks")), "each mark is under its word")

	p.Run(`section.value = "all"; section.dispatchEvent(new Event("change", { bubbles: true }))`)
	p.Wait(`document.querySelectorAll(".paper .mention").length > 5`)
	assert.Equal(t, "2 positive, 3 uncertain, 3 negative, 6 blank", text(p, "#counts"))

	p.Run(`ruleset.value = "chestxray14"; ruleset.dispatchEvent(new Event("change", { bubbles: true }))`)
	p.Wait(`document.querySelector("[data-observation=Hernia]")`)
	assert.Contains(t, browsertest.Value[string](p, `document.querySelector(".why a").href`), "?ruleset=chestxray14")
}

// A page is seen at once. How fast is told, not asserted: the machine may be busy.
func TestFirstPaint(t *testing.T) {
	p := open(t, Options{}, "/")
	var took, came []float64
	for range 5 {
		p.Do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.URL))
		p.Wait(`performance.getEntriesByName("first-contentful-paint").length`)
		took = append(took, browsertest.Value[float64](p, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
		came = append(came, browsertest.Value[float64](p, `Math.max(...performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).map(e => e.responseEnd))`))
	}
	t.Logf("all had come after %.0f ms, first paints after %.0f ms", came, took)
	assert.Equal(t, 3, browsertest.Value[int](p, `performance.getEntriesByType("resource").filter(e => !e.name.endsWith("icon.svg")).length + 1`), "one page, one style, one script")
}

// Of answers that overtake each other, the last question's counts.
func TestLastQuestionCounts(t *testing.T) {
	p := open(t, Options{}, "/")
	p.Run(`const asked = window.fetch, late = [];
		window.cancelled = 0;
		window.fetch = (url, options) => {
			options.signal.addEventListener("abort", () => window.cancelled++);
			return asked(url, options);
		};
		for (const words of ["Edema.", "Edema. Effusion.", "Edema. Effusion. Fracture."]) {
			text.value = words;
			form = document.getElementById("label");
			section.dispatchEvent(new Event("change", { bubbles: true }));
		}`)
	p.Wait(`document.querySelectorAll(".paper .mention").length === 3`)
	assert.Equal(t, 2, browsertest.Value[int](p, `window.cancelled`))
}

func TestReasons(t *testing.T) {
	p := open(t, Options{}, "/")
	write(p, example, 2)
	edema := `document.querySelector("[data-observation=Edema]").parentElement`
	why := edema + `.querySelector(".why")`

	t.Run("pointer", func(t *testing.T) {
		assert.False(t, browsertest.Value[bool](p, why+`.checkVisibility()`))
		point(p, edema+`.querySelector("button")`)
		p.Wait(why + `.checkVisibility() && document.querySelector(".lit")`)
		assert.Equal(t, "edema", text(p, ".lit"))
		point(p, `document.querySelector(".paper .uncertain")`)
		p.Wait(`at.textContent !== ""`)
		assert.Equal(t, "Edema: uncertain, by rule edema.edema, cue hedge.possible (Possible)", text(p, "#at"))
		assert.Zero(t, browsertest.Value[int](p, `document.querySelectorAll(".lit").length`))
	})

	t.Run("keyboard", func(t *testing.T) {
		p.Do(chromedp.Focus(chromedp.CSS("#text")))
		p.Run(`text.setSelectionRange(0, 0)`)
		p.Wait(`at.textContent === ""`)
		p.Run(`text.setSelectionRange(text.value.indexOf("edema"), text.value.indexOf("edema"))`)
		p.Wait(`at.textContent !== ""`)
		p.Press(kb.ArrowLeft)
		p.Wait(`at.textContent === ""`)
		for range 30 {
			if p.Press(kb.Tab); browsertest.Value[string](p, `document.activeElement.dataset.observation ?? ""`) == "Edema" {
				break
			}
		}
		assert.True(t, browsertest.Value[bool](p, why+`.checkVisibility()`))
		assert.Equal(t, "edema", text(p, ".lit"))
		p.Accessible()
		p.Press(kb.Escape)
		assert.False(t, browsertest.Value[bool](p, why+`.checkVisibility()`))
		p.Press(kb.Tab)
		p.Run(`document.querySelector("[data-observation=Edema]").focus()`)
		p.Press(kb.Tab)
		assert.Equal(t, "edema.edema", browsertest.Value[string](p, `document.activeElement.textContent`), "the rule is the next stop")
		p.Press(kb.Enter)
		p.Wait(`location.pathname === "/rules/edema.edema" && document.querySelector("h1")`)
		assert.Equal(t, "edema.edema", text(p, "h1"))
		assert.Positive(t, browsertest.Value[int](p, `document.querySelectorAll(".labels > li.positive").length`), "with examples")
	})
}

// point moves the pointer to the middle of an element.
func point(p *browsertest.Tab, element string) {
	p.T.Helper()
	at := browsertest.Value[[]float64](p, `(() => { const r = `+element+`.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] })()`)
	p.Do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
}

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	files := map[string]string{
		"one.txt":  "IMPRESSION: Sm\xe4ll\tedema.\r\nNo effusion.\r\n",
		"many.csv": "id,report\r\nA1,No effusion.\nA2,\"Possible edema, \"\"mild\"\".\"\nA3,Fracture.\n",
		"bad.csv":  "id,report\nB1,\"No effusion",
		"evil.csv": "id,report\n<script>console.error(1)</script>,\"<img src=x onerror=\"\"console.error(2)\"\"> edema\"\nb,c\n",
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	downloads := t.TempDir()
	p := open(t, Options{}, "/")
	browsertest.Call(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: downloads})
	choose := func(name string) {
		p.Do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{filepath.Join(folder, name)}))
	}

	choose("one.txt")
	p.Wait(`document.querySelectorAll(".paper .mention").length === 2`)
	assert.Equal(t, "IMPRESSION: Smäll\tedema.\nNo effusion.\n", browsertest.Value[string](p, `text.value`))
	assert.Equal(t, browsertest.Value[string](p, `text.value`), text(p, ".paper .marks"))

	choose("many.csv")
	p.Wait(`document.querySelectorAll("tbody tr").length === 3`)
	assert.Equal(t, "3 reports", text(p, "#counts"))
	assert.Equal(t, "A2?", text(p, "tbody tr:nth-child(2)"))
	p.Accessible()
	for form, want := range map[string]string{"csv": "id,No Finding,", "jsonl": `{"tool":"radlabel","version":"v0","ruleset":"chexpert",`} {
		p.Do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`[formaction="/label/%s"]`, form))))
		file := filepath.Join(downloads, "labels."+form)
		require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, patience, tick)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(content), want), string(content))
		assert.Equal(t, 4, strings.Count(string(content), "\n"))
		assert.Contains(t, string(content), "A3")
	}

	p.Do(chromedp.Click(chromedp.CSS("tbody tr:nth-child(2) button")))
	p.Wait(`document.querySelectorAll(".paper .mention").length === 1`)
	assert.Equal(t, `Possible edema, "mild".`, browsertest.Value[string](p, `text.value`))

	choose("bad.csv")
	p.Wait(`said.textContent || document.querySelector("[role=alert]")`)
	assert.Contains(t, text(p, "#said")+text(p, "#result"), "the file")

	choose("evil.csv")
	p.Wait(`document.querySelector("tbody button")?.textContent.includes("script")`)
	p.Do(chromedp.Click(chromedp.CSS("tbody button")))
	p.Wait(`document.querySelectorAll(".paper .mention").length === 1`)
	assert.Zero(t, browsertest.Value[int](p, `document.querySelectorAll("main img, main script").length`))
}

// A file and a text can be dropped anywhere on the form.
func TestDrop(t *testing.T) {
	p := open(t, Options{}, "/")
	drop := func(fill string) {
		p.Run(`const data = new DataTransfer(); ` + fill + `;
			document.getElementById("label").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))`)
	}
	drop(`data.items.add(new File(["id,text\n1,No effusion.\n2,Edema."], "reports.csv"))`)
	p.Wait(`document.querySelectorAll("tbody tr").length === 2`)
	drop(`data.items.add(new File(["Edema. No effusion."], "report.txt"))`)
	p.Wait(`text.value === "Edema. No effusion." && document.querySelectorAll(".paper .mention").length === 2`)
	drop(`data.setData("text/plain", "Fracture.")`)
	p.Wait(`text.value === "Fracture." && document.querySelectorAll(".paper .mention").length === 1`)
}

func TestCopy(t *testing.T) {
	p := open(t, Options{}, "/")
	write(p, "No effusion.", 1)
	p.Run(`navigator.clipboard.writeText = async words => { window.copied = words }`)
	p.Do(chromedp.Click(chromedp.CSS("[data-copy=json]")))
	p.Wait(`said.textContent === "Copy JSON: done"`)
	var one struct {
		Labels map[string]struct{ Label int }
	}
	require.NoError(t, json.Unmarshal([]byte(browsertest.Value[string](p, `copied`)), &one))
	assert.Equal(t, 0, one.Labels["Pleural Effusion"].Label)
	p.Do(chromedp.Click(chromedp.CSS("[data-copy=csv]")))
	p.Wait(`said.textContent === "Copy CSV: done"`)
	assert.True(t, strings.HasPrefix(browsertest.Value[string](p, `copied`), "id,No Finding,"))
}

// Without its script the page works by forms.
func TestWithoutScript(t *testing.T) {
	p := open(t, Options{}, "/")
	browsertest.Call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.Do(chromedp.Navigate(p.URL))
	p.Do(chromedp.SendKeys(chromedp.CSS("#text"), "\nNo effusion."))
	p.Do(chromedp.Click(chromedp.CSS("#submit")))
	p.Do(chromedp.WaitVisible(chromedp.CSS("#result .marks")))
	assert.Equal(t, "\nNo effusion.", text(p, "#result .marks"))
	assert.Equal(t, "\nNo effusion.", browsertest.Value[string](p, `document.getElementById("text").value`))
	assert.Equal(t, "/label", browsertest.Value[string](p, `location.pathname`))
	assert.Empty(t, browsertest.Value[string](p, `location.search`), "no text in an address")
	file := filepath.Join(t.TempDir(), "many.csv")
	require.NoError(t, os.WriteFile(file, []byte("id,report\nA1,No effusion.\nA2,Edema.\n"), 0o600))
	p.Do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	p.Do(chromedp.Click(chromedp.CSS("#submit")))
	p.Do(chromedp.WaitVisible(chromedp.CSS("tbody")))
	p.Do(chromedp.Click(chromedp.CSS("tbody tr:nth-child(2) button")))
	p.Do(chromedp.WaitVisible(chromedp.CSS("#result .marks")))
	assert.Equal(t, "Edema.", text(p, "#result .marks"))
	browsertest.Call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
}

// Every page fits a phone, and none has what no key reaches.
func TestEveryPage(t *testing.T) {
	p := open(t, Options{}, "/")
	for _, path := range []string{"/", "/rules", "/rules/pneumothorax.pneumothorax", "/rules/negation.no?ruleset=chestxray14"} {
		p.Do(chromedp.Navigate(strings.TrimSuffix(p.URL, "/") + path))
		for _, width := range []int64{320, 390, 768, 1200} {
			p.Do(chromedp.EmulateViewport(width, 800))
			assert.LessOrEqual(t, browsertest.Value[int64](p, `document.documentElement.scrollWidth`), width, path)
		}
		assert.Equal(t, 1, browsertest.Value[int](p, `document.querySelectorAll("h1").length`), path)
		assert.Zero(t, browsertest.Value[int](p, `document.querySelectorAll('[tabindex]:not([tabindex="0"], [tabindex="-1"]), a:not([href]), [style]:not(textarea), [onclick], script:not([src])').length`), path)
		for _, scheme := range []string{"light", "dark"} {
			p.Media("screen", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
			p.Accessible()
		}
		p.Press(kb.Tab)
		assert.Equal(t, "To the content", browsertest.Value[string](p, `document.activeElement.textContent`), path)
	}
}

// All of the page can be done by keys: the report is typed, its section and rule set
// chosen, a label's reason read and the labels copied, without a pointer.
func TestKeysAlone(t *testing.T) {
	p := open(t, Options{}, "/")
	p.Run(`navigator.clipboard.writeText = async words => { window.copied = words }`)
	until := func(what string) {
		t.Helper()
		for range 40 {
			if p.Press(kb.Tab); browsertest.Value[bool](p, "document.activeElement.matches("+fmt.Sprintf("%q", what)+")") {
				seen := `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 })()`
				assert.True(t, browsertest.Value[bool](p, seen), "%s: the focus is seen", what)
				return
			}
		}
		require.FailNow(t, "no way by Tab to "+what)
	}
	until("#ruleset")
	p.Press("chestx")
	until("#section")
	p.Press("all")
	until("#text")
	p.Press("No hernia. Possible edema.")
	p.Wait(`document.querySelectorAll(".paper .mention").length === 2`)
	assert.Equal(t, "chestxray14", browsertest.Value[string](p, `ruleset.value`))
	assert.Equal(t, "all", browsertest.Value[string](p, `section.value`))
	until("[data-copy=json]")
	p.Press(kb.Enter)
	p.Wait(`said.textContent === "Copy JSON: done"`)
	assert.Contains(t, browsertest.Value[string](p, `copied`), `"Hernia":{"label":0`)
	until("[data-observation=Hernia]")
	p.Wait(`document.activeElement.nextElementSibling.checkVisibility()`)
	described := `document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent`
	assert.Contains(t, browsertest.Value[string](p, described), "negative “hernia” by rule no-finding.hernia")
}

// Printed, there is the report with its marks and every label with its reasons, and
// nothing to click.
func TestPrint(t *testing.T) {
	p := open(t, Options{}, "/")
	write(p, example, 2)
	p.Media("print")
	for _, selector := range []string{".paper .marks", ".labels .why"} {
		assert.True(t, p.Visible(selector), selector)
	}
	for _, selector := range []string{"header.site", ".bar", ".buttons", "#text", "#hint"} {
		assert.False(t, p.Visible(selector), selector)
	}
	assert.NotEqual(t, "rgba(0, 0, 0, 0)", browsertest.Value[string](p, `getComputedStyle(document.querySelector(".paper .mention")).color`))
	p.Media("screen")
}

// Pictures of the pages, which docs/web.md shows:
// go test ./internal/serve -run TestPictures -update writes them.
func TestPictures(t *testing.T) {
	const folder = "../../docs/web/"
	p := open(t, Options{}, "/")
	p.Do(chromedp.EmulateViewport(1100, 860))
	p.Run(`section.value = "all"`)
	write(p, example, 8)
	p.Do(chromedp.Focus(chromedp.CSS("[data-observation=Pneumonia]")))
	p.Picture(folder+"label.png", *update)
	p.Media("screen", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	p.Do(chromedp.EmulateViewport(390, 844))
	p.Run(`document.activeElement.blur(); scrollTo(0, 180)`)
	p.Picture(folder+"phone.png", *update)
	p.Media("screen", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "light"})
	p.Do(chromedp.EmulateViewport(1100, 860), chromedp.Navigate(p.URL+"rules/pleural-effusion.effusion"))
	p.Picture(folder+"rule.png", *update)
}
