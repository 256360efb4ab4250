package serve

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/review"
)

// reviewed is a validation of made-up reports whose gold takes every hedge for a
// finding, and every denied edema for a mistake. Verdicts go to a file.
func reviewed(t testing.TB, file string) *Review {
	t.Helper()
	all, err := labelers()
	require.NoError(t, err)
	l := all[0]
	source := &gold.Source{Path: "gold.csv", Observations: l.Observations()}
	predicted := &gold.Sheet{Source: &gold.Source{Path: "rules", Observations: l.Observations(), HasMentions: true}}
	annotated := &gold.Sheet{Source: source}
	texts := map[string]string{}
	for _, r := range madeUp(30) {
		row := gold.Of(l.Label(r))
		predicted.All = append(predicted.All, row)
		g := gold.Row{ID: row.ID}
		for i, a := range row.Labels {
			switch {
			case a == corpus.Uncertain:
				a = corpus.Positive
			case a == corpus.Negative && l.Observations()[i] == "Edema":
				a = corpus.Unmentioned
			}
			g.Labels = append(g.Labels, a)
		}
		annotated.All = append(annotated.All, g)
		texts[row.ID] = r.Text
	}
	j, err := eval.Join(eval.JoinOptions{}, annotated, predicted)
	require.NoError(t, err)
	store, err := review.OpenStore(file)
	require.NoError(t, err)
	return &Review{Evaluation: eval.Evaluate(j, 0, eval.Options{Rules: l.Rules()}), Gold: "gold.csv", Prediction: "rules",
		Text: func(id string) string { return texts[id] }, Verdicts: store, Reviewer: "ann"}
}

// verdict is the body of a form.
func verdict(d eval.Disagreement, version int, give, note string, filters ...string) string {
	v := url.Values{"id": {d.ID}, "of": {string(d.Observation)}, "version": {fmt.Sprint(version)}, "give": {give}, "note": {note}, "kind": {d.Kind()}}
	for i := 0; i+1 < len(filters); i += 2 {
		v.Set(filters[i], filters[i+1])
	}
	return v.Encode()
}

var formHeaders = []string{"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html"}

func TestReviewByHTTP(t *testing.T) {
	r := reviewed(t, filepath.Join(t.TempDir(), "verdicts.jsonl"))
	s := newServer(t, Options{Review: r})
	first := r.Evaluation.Errors[0]
	alone := newServer(t, Options{Review: &Review{Evaluation: r.Evaluation}}) // without verdicts
	address := query("/review/error", "id", first.ID, "of", string(first.Observation), "saved", first.ID, "saved-of", string(first.Observation))
	assert.Equal(t, http.StatusOK, ask(alone, http.MethodGet, address, "").Code)
	page := func(path string) string {
		w := ask(s, http.MethodGet, path, "", formHeaders...)
		require.Equal(t, http.StatusOK, w.Code, path)
		return w.Body.String()
	}
	assert.Contains(t, page("/review"), fmt.Sprintf("0 of %d errors have a verdict", len(r.Evaluation.Errors)))
	confusion := query("/review/errors", "observation", string(first.Observation), "confusion", first.Kind())
	assert.Contains(t, page("/review"), strings.ReplaceAll(confusion, "&", "&amp;")[:30])
	of := 0
	for _, d := range r.Evaluation.Errors {
		if d.Observation == first.Observation && d.Kind() == first.Kind() {
			of++
		}
	}
	assert.Equal(t, of, strings.Count(page(confusion), "<li><h2>"))
	assert.Contains(t, page(query("/review/errors", "cue", "hedge.possible")), "errors")
	assert.Contains(t, page(query("/review/errors", "rule", "zebra")), "<strong>0</strong> errors")

	path := query("/review/error", "id", first.ID, "of", string(first.Observation))
	shown := page(path)
	for _, want := range []string{"FINDINGS", first.Decisive[0].Rule, `value="rule error"`, fmt.Sprintf("error 1 of %d", len(r.Evaluation.Errors))} {
		assert.Contains(t, shown, want)
	}
	w := ask(s, http.MethodGet, query("/review/error", "id", "zebra", "of", "Edema"), "", formHeaders...)
	assert.Equal(t, http.StatusNotFound, w.Code)

	// A verdict is saved, and the next error comes.
	w = ask(s, http.MethodPost, "/review/verdict", verdict(first, 0, "gold error", "read\r\nagain"), formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	next := page(w.Header().Get("Location"))
	assert.Contains(t, next, "Saved: ")
	assert.Contains(t, next, fmt.Sprintf("error 2 of %d", len(r.Evaluation.Errors)))
	shown = page(path)
	for _, want := range []string{"<strong>gold error</strong>, by ann", "read\nagain</textarea>", `aria-pressed="true"`, `name="version" value="1"`} {
		assert.Contains(t, shown, want)
	}
	assert.Contains(t, page("/review"), "1 of ")
	assert.Equal(t, len(r.Evaluation.Errors)-1, strings.Count(page(query("/review/errors", "verdict", "none yet")), "<li><h2>"))

	// A second tab that has not seen it is told, and keeps its note.
	w = ask(s, http.MethodPost, "/review/verdict", verdict(first, 0, "rule error", "mine"), formHeaders...)
	assert.Equal(t, http.StatusConflict, w.Code)
	for _, want := range []string{"Not saved: ", "meanwhile ann has called it", "Yours was “rule error”", "theirs is “read", "mine</textarea>", `name="version" value="1"`} {
		assert.Contains(t, w.Body.String(), want)
	}
	history, err := review.Load(r.Verdicts.Path())
	require.NoError(t, err)
	item := history.Item(review.Label{ID: first.ID, Observation: first.Observation})
	assert.Equal(t, review.GoldError, item.Verdict)

	// Having seen it, it may replace it; the note alone and taking back stay at the error.
	w = ask(s, http.MethodPost, "/review/verdict", verdict(first, 1, "keep", "better"), formHeaders...)
	assert.Contains(t, w.Header().Get("Location"), "id="+first.ID)
	w = ask(s, http.MethodPost, "/review/verdict", verdict(first, 2, "", ""), formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code)
	assert.Contains(t, page(w.Header().Get("Location")), "no verdict any more")
	assert.Contains(t, page(path), "none yet")

	// Filters go along, also that of errors without a verdict, which the error leaves.
	w = ask(s, http.MethodPost, "/review/verdict", verdict(first, 3, "ambiguous", "", "verdict", "none yet"), formHeaders...)
	assert.Contains(t, w.Header().Get("Location"), "verdict=none+yet")
	assert.NotContains(t, w.Header().Get("Location"), "?id="+first.ID+"&")

	other := first
	other.Predicted = corpus.Negative
	assert.Equal(t, http.StatusConflict, ask(s, http.MethodPost, "/review/verdict", verdict(other, 4, "rule error", ""), formHeaders...).Code, "a page of another prediction")
	for body, status := range map[string]int{
		verdict(first, 4, "zebra", ""):                                            400,
		strings.Replace(verdict(first, 4, "ambiguous", ""), "version=4", "", 1):   400,
		verdict(eval.Disagreement{ID: "x", Observation: "y"}, 0, "ambiguous", ""): 404,
	} {
		assert.Equal(t, status, ask(s, http.MethodPost, "/review/verdict", body, formHeaders...).Code, body)
	}
	assert.Equal(t, http.StatusForbidden, ask(s, http.MethodPost, "/review/verdict", verdict(first, 4, "rule error", ""), append(formHeaders, "Origin", "https://other.example")...).Code)

	r.Verdicts = nil
	s = newServer(t, Options{Review: r})
	assert.NotContains(t, page(path), "<textarea")
	assert.Equal(t, http.StatusNotFound, ask(s, http.MethodPost, "/review/verdict", verdict(first, 0, "rule error", "")).Code)
}

// What one server has saved, another that was started on the same file shows.
func TestVerdictsOutliveAServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verdicts.jsonl")
	r := reviewed(t, file)
	first := r.Evaluation.Errors[0]
	one, two := newServer(t, Options{Review: r}), newServer(t, Options{Review: reviewed(t, file)})
	w := ask(one, http.MethodPost, "/review/verdict", verdict(first, 0, "rule error", ""), formHeaders...)
	require.Equal(t, http.StatusSeeOther, w.Code)
	w = ask(two, http.MethodPost, "/review/verdict", verdict(first, 0, "gold error", ""), formHeaders...)
	assert.Equal(t, http.StatusConflict, w.Code)
	history, err := review.Load(file)
	require.NoError(t, err)
	assert.Len(t, history.Items(), 1)
	assert.Equal(t, review.RuleError, history.Items()[0].Verdict)
}

func FuzzReview(f *testing.F) {
	r := reviewed(f, filepath.Join(f.TempDir(), "verdicts.jsonl"))
	s := newServer(f, Options{Review: r})
	first := r.Evaluation.Errors[0]
	f.Add(first.ID, string(first.Observation), "gold error", "note", "0", "negative -> positive")
	f.Add(first.ID, string(first.Observation), "keep", "<script>", "x", "\xff")
	f.Fuzz(func(t *testing.T, id, of, give, note, version, filter string) {
		v := url.Values{"id": {id}, "of": {of}, "give": {give}, "note": {note}, "version": {version}, "confusion": {filter}, "kind": {first.Kind()}}
		for _, w := range []string{"/review/errors", "/review/error"} {
			answer := ask(s, http.MethodGet, w+"?"+v.Encode(), "", formHeaders...)
			require.Less(t, answer.Code, 500)
			require.NotContains(t, answer.Body.String(), "<script>")
		}
		answer := ask(s, http.MethodPost, "/review/verdict", v.Encode(), formHeaders...)
		require.NotEqual(t, errFault.Error(), answer.Body.String())
		require.NotContains(t, answer.Body.String(), "<script>")
		_, err := review.Load(r.Verdicts.Path())
		require.True(t, err == nil || errors.Is(err, http.ErrNotSupported) || strings.Contains(err.Error(), "no such file"), "%v", err)
	})
}

// From error to error and verdict to verdict by the keyboard alone, with two tabs.
func TestReviewInABrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verdicts.jsonl")
	r := reviewed(t, file)
	p := open(t, Options{Review: r}, "/review")
	title := func() string { return text(p, "h1") }
	p.Accessible()
	p.Keys("n")
	p.Wait(`location.pathname === "/review/error"`)
	p.Accessible()
	first := title()
	p.Keys("j")
	p.Wait(`document.readyState === "complete" && document.querySelector(".steps").textContent.includes("error 2 of")`)
	p.Keys("ArrowLeft")
	p.Wait(`document.readyState === "complete" && document.querySelector("h1").textContent === ` + fmt.Sprintf("%q", first))

	// A note, and a verdict by its key; the next error follows.
	p.Keys("m")
	p.Wait(`document.activeElement === note`)
	p.Do(chromedp.SendKeys(chromedp.CSS("#note"), "seen 1 2 3"))
	p.Keys("Escape", "2")
	p.Wait(`document.readyState === "complete" && document.querySelector(".done")?.textContent.includes("gold error") && document.querySelector(".steps").textContent.includes("error 2 of")`)
	history, err := review.Load(file)
	require.NoError(t, err)
	require.Len(t, history.Items(), 1)
	item := history.Items()[0]
	assert.Equal(t, []string{"gold error", "seen 1 2 3", "ann"}, []string{string(item.Verdict), item.Note, item.By})

	// Another tab judges this error meanwhile.
	second := r.Evaluation.Errors[1]
	_, err = r.Verdicts.Save(t.Context(), review.Record{Label: review.Label{ID: second.ID, Observation: second.Observation},
		Gold: second.Gold, Predicted: second.Predicted, Verdict: review.Ambiguous, By: "ben"}, 0)
	require.NoError(t, err)
	p.Run(`fetch(document.querySelector(".verdicts").action, { method: "POST", body: new URLSearchParams(new FormData(document.querySelector(".verdicts"), document.querySelector("[data-key='1']"))), headers: { Accept: "text/html" } })
		.then(answer => answer.text()).then(content => { globalThis.refused = content })`)
	p.Wait(`globalThis.refused?.includes("meanwhile ben has called it")`)
	p.Forgive("409") // which the browser says on the console
	history, err = review.Load(file)
	require.NoError(t, err)
	assert.Equal(t, review.Ambiguous, history.Item(review.Label{ID: second.ID, Observation: second.Observation}).Verdict)

	// The list, from link to link.
	p.Keys("u")
	p.Wait(`document.readyState === "complete" && location.pathname === "/review/errors"`)
	p.Keys("j", "j", "j", "k")
	p.Wait(`document.activeElement === document.querySelectorAll("[data-list] a")[1]`)
	p.Accessible()
	p.Keys("Enter")
	p.Wait(`location.pathname === "/review/error" && document.querySelector(".report .mention")`)
}
