package serve

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

const (
	mainRules = "ruleset: mine\nextends: chexpert\n"
	changed   = "ruleset: mine\nextends: chexpert\ndisable: [hedge.possible]\n"
)

// withRules makes options of a folder of rules of one's own, and of a corpus.
func withRules(t testing.TB, reports int) Options {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ruleset.yaml"), []byte(mainRules), 0o640))
	set, err := rules.LoadDir(dir)
	require.NoError(t, err)
	l, err := labeler.New(labeler.Options{Rules: set})
	require.NoError(t, err)
	all, err := labelers()
	require.NoError(t, err)
	var rows []gold.Row
	for _, r := range madeUp(reports) {
		rows = append(rows, gold.Row{ID: r.ID, Text: r.Text})
	}
	return Options{Labelers: append([]*labeler.Labeler{l}, all...), RuleFolder: dir, Corpus: relabel.OfRows(rows), CorpusReports: len(rows)}
}

func draftForm(file, base, text string) string {
	return url.Values{"ruleset": {"mine"}, "file": {file}, "base": {base}, "text": {text}}.Encode()
}

// finished asks for a trial until it is done, and gives its page.
func finished(t testing.TB, s *Server, path string) string {
	t.Helper()
	for range 3000 {
		w := ask(s, http.MethodGet, path, "", formHeaders...)
		require.Equal(t, http.StatusOK, w.Code)
		if strings.Contains(w.Body.String(), `data-done="true"`) {
			return w.Body.String()
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.FailNow(t, "the trial does not end")
	return ""
}

func TestTryAndSaveRules(t *testing.T) {
	opts := withRules(t, 60)
	s := newServer(t, opts)
	t.Cleanup(s.trials.end)
	file := filepath.Join(opts.RuleFolder, "ruleset.yaml")
	base := digestOf([]byte(mainRules))
	post := func(path, body string) (int, string, string) {
		w := ask(s, http.MethodPost, path, body, formHeaders...)
		return w.Code, w.Body.String(), w.Header().Get("Location")
	}
	w := ask(s, http.MethodGet, "/rules/edit?ruleset=mine", "", formHeaders...)
	assert.Contains(t, w.Body.String(), "extends: chexpert\n</textarea>")
	assert.Contains(t, w.Body.String(), "Try it on 60 reports")
	assert.Contains(t, w.Body.String(), base)

	// Errors come with their line; what was written stays.
	code, body, _ := post("/rules/try", draftForm("ruleset.yaml", base, mainRules+"disable: [hedge.posible]\r\n# <b>mine</b>"))
	assert.Equal(t, http.StatusUnprocessableEntity, code)
	for _, want := range []string{`data-line="3"`, "hedge.posible", "did you mean", "# &lt;b&gt;mine&lt;/b&gt;"} {
		assert.Contains(t, body, want)
	}
	code, body, _ = post("/rules/try", draftForm("ruleset.yaml", base, "ruleset: [\n"))
	assert.Equal(t, http.StatusUnprocessableEntity, code)
	assert.Contains(t, body, "not YAML")

	// A trial shows what changes, and only then there is something to save.
	code, _, path := post("/rules/try", draftForm("ruleset.yaml", base, strings.ReplaceAll(changed, "\n", "\r\n")))
	require.Equal(t, http.StatusSeeOther, code)
	page := finished(t, s, path)
	for _, want := range []string{"Done: 60 of 60 reports", "Pneumothorax", `<span class="uncertain">uncertain</span>`, `<span class="cue">Possible</span>`, "hedge.possible", "Save ruleset.yaml"} {
		assert.Contains(t, page, want)
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, mainRules, string(content))
	code, _, _ = post(path+"/save", "")
	require.Equal(t, http.StatusSeeOther, code)
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, changed, string(content))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	entries, err := os.ReadDir(opts.RuleFolder)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left beside it")

	// It is in use.
	label := ask(s, http.MethodPost, "/api/v1/label", `{"text":"Possible edema."}`)
	assert.Contains(t, label.Body.String(), `"Edema":{"label":1`)
	assert.Contains(t, finished(t, s, path), "Saved to <code>")
	code, _, _ = post(path+"/save", "")
	assert.Equal(t, http.StatusConflict, code)

	// Who has opened the file before does not overwrite it.
	code, _, path = post("/rules/try", draftForm("ruleset.yaml", base, mainRules+"disable: [hedge.may]\n"))
	require.Equal(t, http.StatusSeeOther, code)
	finished(t, s, path)
	code, body, _ = post(path+"/save", "")
	assert.Equal(t, http.StatusConflict, code)
	assert.Contains(t, body, "has changed on the disk")

	// A new file.
	code, _, path = post("/rules/try", draftForm("foreign-body.yaml", "", "observation: Fracture\nrules:\n  - id: foreign-body.screw\n    doc: x\n    phrases: [screw~]\n    examples: {positive: [\"A <screw>.\"]}\n"))
	require.Equal(t, http.StatusSeeOther, code)
	assert.Contains(t, finished(t, s, path), "All 1 examples of the file hold")
	code, body, _ = post(path+"/save", "")
	require.Equal(t, http.StatusSeeOther, code, body)
	assert.FileExists(t, filepath.Join(opts.RuleFolder, "foreign-body.yaml"))
	assert.Equal(t, http.StatusOK, ask(s, http.MethodGet, "/rules/foreign-body.screw", "").Code)
}

func TestWhatIsNotSaved(t *testing.T) {
	opts := withRules(t, 3)
	s := newServer(t, opts)
	t.Cleanup(s.trials.end)
	for _, name := range []string{"../x.yaml", "/etc/passwd", "x.txt", ".x.yaml", "a/b.yaml", `..\x.yaml`} {
		assert.Equal(t, http.StatusBadRequest, ask(s, http.MethodGet, "/rules/edit?ruleset=mine&file="+url.QueryEscape(name), "").Code, name)
		assert.Equal(t, http.StatusBadRequest, ask(s, http.MethodPost, "/rules/try", draftForm(name, "", "x"), formHeaders...).Code, name)
	}
	assert.Equal(t, http.StatusNotFound, ask(s, http.MethodGet, "/rules/edit?ruleset=chexpert&file=none.yaml", "").Code)
	assert.Equal(t, http.StatusNotFound, ask(s, http.MethodPost, "/rules/trial/zebra/save", "").Code)

	// A name leads to one rule set.
	taken := ask(s, http.MethodPost, "/rules/try", draftForm("ruleset.yaml", digestOf([]byte(mainRules)), "ruleset: chexpert\nextends: chexpert\n"), formHeaders...)
	assert.Equal(t, http.StatusUnprocessableEntity, taken.Code)
	assert.Contains(t, taken.Body.String(), "another rule set that is served is called chexpert")

	// Embedded rules are tried, and stay as they are.
	files, err := rules.Files("chexpert")
	require.NoError(t, err)
	edema, err := draft{files: files}.files.Open("edema.yaml")
	require.NoError(t, err)
	edema.Close()
	w := ask(s, http.MethodGet, "/rules/edit?ruleset=chexpert&file=edema.yaml", "", formHeaders...)
	assert.Contains(t, w.Body.String(), "stay as they are")
	d, err := s.readDraft("chexpert", "edema.yaml")
	require.NoError(t, err)
	form := url.Values{"ruleset": {"chexpert"}, "file": {"edema.yaml"}, "base": {d.Base}, "text": {d.Text}}
	w = ask(s, http.MethodPost, "/rules/try", form.Encode(), formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	path := w.Header().Get("Location")
	assert.NotContains(t, finished(t, s, path), "/save")
	assert.Contains(t, finished(t, s, path), "No label changes")
	assert.Equal(t, http.StatusForbidden, ask(s, http.MethodPost, path+"/save", "", formHeaders...).Code)
}

func TestOneTrialAtATime(t *testing.T) {
	opts := withRules(t, 1)
	opts.Corpus = func(ctx context.Context) iter.Seq2[corpus.Report, error] {
		return func(func(corpus.Report, error) bool) { <-ctx.Done() }
	}
	s := newServer(t, opts)
	base := digestOf([]byte(mainRules))
	w := ask(s, http.MethodPost, "/rules/try", draftForm("ruleset.yaml", base, changed), formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code)
	path := w.Header().Get("Location")
	w = ask(s, http.MethodPost, "/rules/try", draftForm("ruleset.yaml", base, changed), formHeaders...)
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.Contains(t, w.Body.String(), "other rules are being tried")
	assert.Contains(t, w.Body.String(), "disable: [hedge.possible]\n</textarea>", "what was written stays")
	assert.Equal(t, http.StatusConflict, ask(s, http.MethodPost, path+"/save", "", formHeaders...).Code, "not before it was tried")
	w = ask(s, http.MethodPost, path+"/stop", "", formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code)
	assert.Contains(t, finished(t, s, path), "Stopped after")
	s.trials.end()
}

func TestRulesSayHowOftenTheyFired(t *testing.T) {
	s := newServer(t, Options{Index: indexed(t, 60)})
	w := ask(s, http.MethodGet, "/rules", "", formHeaders...)
	firing, err := s.fired(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, firing.Rules["pleural-effusion.effusion"].Mentions)
	assert.Contains(t, w.Body.String(), "in the 60 reports of the index")
	w = ask(s, http.MethodGet, "/rules/pleural-effusion.effusion", "", formHeaders...)
	assert.Contains(t, w.Body.String(), `href="/search?q=rule%3Apleural-effusion.effusion"`)
	assert.Contains(t, w.Body.String(), `href="/rules/edit?ruleset=chexpert&amp;file=pleural-effusion.yaml&amp;line=`)
	w = ask(s, http.MethodGet, "/rules/negation.no", "", formHeaders...)
	assert.Contains(t, w.Body.String(), `href="/search?q=cue%3Anegation.no"`)
}

func FuzzEdit(f *testing.F) {
	opts := withRules(f, 2)
	s := newServer(f, opts)
	f.Cleanup(s.trials.end)
	f.Add("ruleset.yaml", mainRules)
	f.Add("x.yaml", "observation: <script>\nrules: []\n")
	f.Add("../x", "\xff: [")
	f.Fuzz(func(t *testing.T, file, text string) {
		w := ask(s, http.MethodPost, "/rules/try", draftForm(file, "", text), formHeaders...)
		require.Less(t, w.Code, 500)
		require.NotContains(t, w.Body.String(), "<script>")
		s.trials.end() // the next one may begin
		content, err := os.ReadFile(filepath.Join(opts.RuleFolder, "ruleset.yaml"))
		require.NoError(t, err)
		require.Equal(t, mainRules, string(content))
	})
}

func TestRulesInABrowser(t *testing.T) {
	opts := withRules(t, 60)
	p := open(t, opts, "/rules")
	p.Do(chromedp.SendKeys(chromedp.CSS("#find"), "hedge.possible"))
	p.Wait(`[...document.querySelectorAll("#rules tbody tr")].filter(e => e.checkVisibility()).length === 1`)
	p.Accessible()
	p.Run(`document.querySelector("a[href*='/rules/edit']").click()`)
	p.Wait(`location.pathname === "/rules/edit" && document.readyState === "complete"`)
	p.Accessible()

	// An error leads to its line.
	p.Run(`text.focus(); text.setSelectionRange(text.value.length, text.value.length)`)
	p.Do(chromedp.SendKeys(chromedp.CSS("#text"), "disable: [hedge.posible]\n"))
	p.Run(`document.querySelector("#rulefile button").click()`)
	p.Wait(`document.querySelector("[data-line]")`)
	p.Forgive("422")
	p.Accessible()
	p.Run(`document.querySelector("[data-line]").click()`)
	p.Wait(`document.activeElement === text && text.value.slice(text.selectionStart, text.selectionEnd).includes("hedge.posible")`)

	// Mended, it is tried, and saved once its changes have been seen.
	p.Run(`text.value = text.value.replace("posible", "possible"); document.querySelector("#rulefile button").click()`)
	p.Wait(`location.pathname.startsWith("/rules/trial/")`)
	p.WaitLong(`document.querySelector("[data-done=true]") && document.querySelector(".change .mention.positive")`)
	p.Accessible()
	p.Run(`[...document.querySelectorAll("button")].find(b => b.textContent === "Save ruleset.yaml").click()`)
	p.Wait(`document.querySelector(".done")`)
	content, err := os.ReadFile(filepath.Join(opts.RuleFolder, "ruleset.yaml"))
	require.NoError(t, err)
	assert.Equal(t, changed, string(content))
}
