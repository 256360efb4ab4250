package evalpage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/browsertest"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/labeler"
)

// labelled is an evaluation of the labels of testdata/reports. Gold is these
// labels with one in four changed by chance, so that there are errors of every
// kind, with the sentences of real labels.
func labelled(t testing.TB) *eval.Evaluation {
	t.Helper()
	l, err := labeler.New(labeler.Options{Section: "all"})
	require.NoError(t, err)
	input, err := corpus.Open(t.Context(), []string{"../../testdata/reports"}, corpus.Options{})
	require.NoError(t, err)
	source := &gold.Source{Observations: l.Observations(), HasMentions: true}
	predicted, annotated := &gold.Sheet{Source: source}, &gold.Sheet{Source: source}
	chance := rand.New(rand.NewPCG(1, 2))
	for report, err := range input.Reports(t.Context()) {
		if problem := (*corpus.Problem)(nil); errors.As(err, &problem) {
			continue // the empty report
		}
		require.NoError(t, err)
		// One report of a single long sentence, as dictation without full stops gives.
		if len(predicted.All) == 40 {
			report.Text = "FINDINGS: " + strings.ReplaceAll(strings.Repeat("There is no focal consolidation, pleural effusion or pneumothorax but small atelectasis cannot be excluded, ", 8), ".", ",")
		}
		row := gold.Of(l.Label(report))
		predicted.All = append(predicted.All, row)
		row.Labels, row.Group = slices.Clone(row.Labels), [...]string{"portable", "posteroanterior and lateral", "unknown"}[chance.IntN(3)]
		for o := range row.Labels {
			if chance.IntN(4) == 0 {
				row.Labels[o] = corpus.Assertion(chance.IntN(4))
			}
		}
		annotated.All = append(annotated.All, row)
	}
	j, err := eval.Join(eval.JoinOptions{}, annotated, predicted)
	require.NoError(t, err)
	e := eval.Evaluate(j, 0, eval.Options{Derived: "No Finding", Resamples: 200, Seed: 1, Rules: l.Rules()})
	e.OnlyGold, e.OnlyPrediction = []string{"50000901", "50000902"}, []string{"50000903"}
	return e
}

// tab is an evaluation in the browser.
type tab struct{ *browsertest.Tab }

// open writes a page to a file and opens it, at 1200 pixels unless a width is given.
func open(t *testing.T, e *eval.Evaluation) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "evaluation.html")
	require.NoError(t, os.WriteFile(file, []byte(render(t, e, about)), 0o644))
	return &tab{browsertest.Open(t, (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String())}
}

// value gives the value of a JavaScript expression.
func value[T any](p *tab, expression string) T {
	p.T.Helper()
	return browsertest.Value[T](p.Tab, expression)
}

// visit opens the page anew with a fragment.
func (p *tab) visit(fragment string) {
	p.T.Helper()
	p.Do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.URL+fragment))
}

// seen is the number of errors that can be seen.
func (p *tab) seen() int {
	p.T.Helper()
	return value[int](p, `[...document.querySelectorAll("#list > li")].filter(li => li.getClientRects().length > 0).length`)
}

// shown is the number of errors that can be seen; it is also what the page says.
func (p *tab) shown() int {
	p.T.Helper()
	n := p.seen()
	assert.Equal(p.T, count(n), strings.Fields(value[string](p, `shown.textContent`))[0])
	return n
}

// settled is the number of errors shown after the fragment has become one.
func (p *tab) settled(fragment string) int {
	p.T.Helper()
	p.Do(chromedp.Poll[chromedp.Void](fmt.Sprintf("location.hash === %q", fragment)), chromedp.Sleep(50*time.Millisecond))
	return p.shown()
}

// number counts the errors that a condition holds of.
func number(e *eval.Evaluation, holds func(eval.Disagreement) bool) (n int) {
	for _, d := range e.Errors {
		if holds(d) {
			n++
		}
	}
	return n
}

func TestBrowser(t *testing.T) {
	e := labelled(t)
	p := open(t, e)
	all := len(e.Errors)
	require.Greater(t, all, 100)

	t.Run("content", func(t *testing.T) {
		text := value[string](p, `document.body.innerText`)
		for _, want := range []string{"reports wholly right", "mention, micro F1", "Pleural Effusion", "kappa", "micro", "portable", "By confusion", "By cue", "2 reports in gold alone"} {
			assert.Contains(t, text, want)
		}
		assert.Equal(t, len(e.Tasks), value[int](p, `document.querySelectorAll("svg.panel").length`))
		assert.Equal(t, len(e.Observations), value[int](p, `document.querySelectorAll(".heatmap").length`))
		assert.Equal(t, all, p.shown())
	})

	d := e.Errors[slices.IndexFunc(e.Errors, func(d eval.Disagreement) bool { return CuesOf(d)[0] != noCue })]
	for _, test := range []struct {
		filter, value string
		holds         func(eval.Disagreement) bool
	}{
		{"observation", string(d.Observation), func(o eval.Disagreement) bool { return o.Observation == d.Observation }},
		{"confusion", d.Kind(), func(o eval.Disagreement) bool { return o.Kind() == d.Kind() }},
		{"rule", RulesOf(d)[0], func(o eval.Disagreement) bool { return slices.Contains(RulesOf(o), RulesOf(d)[0]) }},
		{"cue", CuesOf(d)[0], func(o eval.Disagreement) bool { return slices.Contains(CuesOf(o), CuesOf(d)[0]) }},
	} {
		want := number(e, test.holds)
		require.Positive(t, want)
		require.Less(t, want, all)
		t.Run("choose "+test.filter, func(t *testing.T) {
			p.Run(fmt.Sprintf(`const field = filters.elements.%s;
				field.value = %q;
				field.dispatchEvent(new Event("change", { bubbles: true }))`, test.filter, test.value))
			assert.Equal(t, want, p.settled(link(test.filter, test.value)))
			p.Run(`history.back()`)
			assert.Equal(t, all, p.settled(""), "back is back to all")
		})
		t.Run("link to "+test.filter, func(t *testing.T) {
			p.visit(link(test.filter, test.value))
			assert.Equal(t, want, p.shown())
			assert.Equal(t, test.value, value[string](p, "filters.elements."+test.filter+".value"))
			p.visit("")
		})
	}

	t.Run("type a text", func(t *testing.T) {
		p.Do(chromedp.SendKeys(chromedp.CSS("#filters [name=text]"), d.ID))
		assert.Equal(t, number(e, func(o eval.Disagreement) bool { return o.ID == d.ID }), p.settled("#text="+d.ID))
		p.Do(chromedp.Click(chromedp.CSS("#clear")))
		assert.Equal(t, all, p.settled("#all"))
		assert.Positive(t, value[int](p, "scrollY"), "the page stays where it is")
	})

	t.Run("click a cell", func(t *testing.T) {
		href := link("observation", string(d.Observation), "confusion", d.Kind())
		p.Do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`.heatmap a[href=%q]`, href))))
		want := number(e, func(o eval.Disagreement) bool { return o.Observation == d.Observation && o.Kind() == d.Kind() })
		assert.Equal(t, want, p.settled(href))
		assert.Equal(t, fmt.Sprint(want), value[string](p, fmt.Sprintf("document.querySelector('.heatmap a[href=%q]').textContent", href)))
		assert.InDelta(t, 0, value[float64](p, `errors.getBoundingClientRect().top`), 5, "the errors are in view")
	})

	t.Run("print", func(t *testing.T) {
		few := p.shown()
		require.Less(t, few, mostPrinted)
		p.Media("print")
		assert.Equal(t, few, p.seen(), "what is shown is printed")
		assert.True(t, p.Visible("#filters [name=confusion]"), "with the filters that chose it")
		assert.False(t, p.Visible("#filters [name=rule]"))
		assert.False(t, p.Visible("#filters [name=text]"))
		p.visit("")
		assert.False(t, p.Visible("#filters"))
		p.Media("screen")
	})

	t.Run("widths", func(t *testing.T) {
		for _, width := range []int64{320, 360, 768, 1200} {
			p.Do(chromedp.EmulateViewport(width, 800))
			assert.LessOrEqual(t, value[int64](p, `document.documentElement.scrollWidth`), width)
		}
	})

	t.Run("keyboard", func(t *testing.T) {
		assert.Zero(t, value[int](p, `document.querySelectorAll('[tabindex]:not([tabindex="0"], [tabindex="-1"]), a:not([href])').length`))
		assert.Zero(t, value[int](p, `[...document.querySelectorAll("select, input")].filter(f => !f.labels.length).length`), "each filter has a label")
		assert.Zero(t, value[int](p, `[...document.querySelectorAll("table")].filter(t => !t.caption || t.querySelector("th:not([scope])")).length`), "each table has a caption and scopes")
	})
	p.Quiet()
}

// What reports hold cannot run, and filters find it all the same.
func TestBrowserRunsNothingElse(t *testing.T) {
	const evil = `"'><img src=x onerror="console.error(1)"><script>console.error(2)</script> a&b=c#d%zz`
	e := small()
	e.Observations[1] = evil
	for i := range e.Errors {
		e.Errors[i].ID, e.Errors[i].Observation, e.Errors[i].Reason = evil, evil, evil
	}
	p := open(t, e)
	assert.Equal(t, 3, p.shown())
	p.Do(chromedp.Click(chromedp.CSS(".heatmap:last-of-type a")))
	assert.Equal(t, 1, p.settled(link("observation", evil, "confusion", "uncertain -> negative")))
	p.visit("#observation=nothing+so+named&text=%zz")
	assert.Equal(t, 0, p.shown())
	p.Quiet()
}

// A page that lacks errors says of a choice how many there are.
func TestBrowserCut(t *testing.T) {
	e := small()
	e.Confusions[1] = eval.Confusion{corpus.Positive: {corpus.Negative: 3, corpus.Unmentioned: 2 * mostErrors}, corpus.Negative: {corpus.Negative: 227835}}
	e.Errors = nil
	for i := range 2*mostErrors + 3 {
		d := eval.Disagreement{ID: fmt.Sprint("s", i), Observation: "Edema", Gold: corpus.Positive, Text: "word" + fmt.Sprint(i)}
		if i >= 2*mostErrors {
			d.Predicted = corpus.Negative
			d.Text = strings.Repeat("A long text. ", 200)
		}
		e.Errors = append(e.Errors, d)
	}
	p := open(t, e)
	said := func(fragment string) string {
		p.visit(fragment)
		p.shown()
		return value[string](p, `shown.textContent`)
	}
	assert.Equal(t, "5,000 of 10,003 errors", said(""))
	assert.Equal(t, "3 errors, all of this kind", said(link("observation", "Edema", "confusion", "positive -> negative")))
	assert.Equal(t, "4,997 of 10,000 errors of this kind; the page holds no more of them", said(link("confusion", "positive -> unmentioned")))
	assert.Equal(t, "4,997 of 10,000 errors of this kind; the page holds no more of them", said(link("confusion", "positive -> unmentioned", "observation", "Edema")))
	assert.Equal(t, "3 of the 5,000 errors that the page holds", said("#text=long+text"))
	assert.Equal(t, "1 of the 5,000 errors that the page holds", said("#text=word4711"), "the text of an error is searched")

	p.Media("print")
	assert.Equal(t, 1, p.seen())
	assert.False(t, p.Visible(".printed"))
	p.visit(link("confusion", "positive -> unmentioned"))
	assert.Equal(t, mostPrinted, p.seen(), "the first of what is shown")
	assert.True(t, p.Visible(".printed"))
	p.visit(link("confusion", "positive -> negative"))
	assert.Equal(t, 3, p.seen())
	assert.False(t, p.Visible("details.text blockquote"), "long texts stay folded")
	p.Media("screen")
	assert.False(t, p.Visible(".printed"))
	p.Quiet()
}

// The greatest numbers fit their places at the usual widths.
func TestBrowserFits(t *testing.T) {
	e := labelled(t)
	e.Figures = slices.Clone(e.Figures)
	for i := range e.Figures {
		f := &e.Figures[i]
		f.Value, f.Low, f.High, f.Gold = 1, 1, 1, 88888
	}
	for o := range e.Confusions {
		for g := range e.Confusions[o] {
			e.Confusions[o][g] = [4]int{88888, 88888, 88888, 88888}
		}
	}
	p := open(t, e)
	const (
		boxes = `[...document.querySelectorAll("#figures .box")].filter(e => e.scrollWidth > e.clientWidth).length`
		cells = `[...document.querySelectorAll(".heatmap td")].filter(e => e.scrollWidth > e.clientWidth).length`
		lines = `[...document.querySelectorAll(".heatmap td")].filter(e => e.clientHeight > 30).length`
		// The number of cases stands clear of the figures before it.
		near = `[...document.querySelectorAll(".panel .numbers + .numbers")].filter(n =>
			n.getClientRects().length && n.getBoundingClientRect().left < n.previousSibling.getBoundingClientRect().right + 4).length`
	)
	for _, width := range []int64{1280, 1024, 390, 320} {
		p.Do(chromedp.EmulateViewport(width, 900))
		if width == 1280 { // a narrower table may scroll
			assert.Zero(t, value[int](p, boxes), "%d pixels", width)
		}
		assert.Zero(t, value[int](p, cells), "%d pixels", width)
		assert.Zero(t, value[int](p, lines), "%d pixels", width)
		assert.Zero(t, value[int](p, near), "%d pixels", width)
	}
	p.Quiet()
}

// Hiding nearly all of many errors is no dearer than showing all of them: what is
// quadratic in the browser would be many times.
func TestBrowserIsFast(t *testing.T) {
	e := labelled(t)
	few := e.Errors
	for len(e.Errors) < mostErrors {
		e.Errors = append(e.Errors, few...)
	}
	p := open(t, e)
	assert.InDelta(t, mostErrors, value[int](p, `document.querySelectorAll("#list > li").length`), 50)
	took := map[string]float64{}
	for _, words := range []string{"effusion", "what no error has", ""} {
		took[words] = value[float64](p, fmt.Sprintf(`new Promise(done => {
			const field = filters.elements.text;
			field.value = %q;
			const start = performance.now();
			field.dispatchEvent(new Event("input", { bubbles: true }));
			addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))), { once: true });
		})`, words))
		t.Logf("filtered by %q in %.0f ms", words, took[words])
	}
	assert.Less(t, took["what no error has"], 3*took[""])
	assert.Less(t, took["effusion"], 3*took[""])
	p.Quiet()
}
