package evalpage

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

var update = flag.Bool("update", false, "write the golden files")

var about = About{
	Title: "Labels compared with gold", Gold: "gold.csv", Prediction: "labels.jsonl",
	MadeBy: "radlabel v0, rule set small",
}

var nan = math.NaN()

func render(t testing.TB, e *eval.Evaluation, about About) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, e, about))
	return b.String()
}

// span is the place of the first occurrence of words in a text.
func span(text, words string) corpus.Span {
	i := strings.Index(text, words)
	if i < 0 {
		panic(words)
	}
	return corpus.Span{Start: i, End: i + len(words)}
}

// small is an evaluation of three reports with every kind of thing in it.
func small() *eval.Evaluation {
	negated := "No pleural\neffusion or edema\x1b[31m is seen."
	mention := gold.Mention{
		Rule: "edema.edema", Cue: "no", Section: "impression", Assertion: corpus.Negative, Sentence: negated, At: 100,
		Mention: span(negated, "edema"), CueSpan: span(negated, "No"), Scope: span(negated, " pleural\neffusion or edema"),
	}
	annotated := gold.Mention{Assertion: corpus.Uncertain, Sentence: "or edema", At: 100 + strings.Index(negated, "or edema"), Mention: corpus.Span{Start: 3, End: 8}}
	one := func(name string, value, low, high float64, n int) eval.Figure {
		return eval.Figure{Name: name, Value: value, Low: low, High: high, Gold: n}
	}
	return &eval.Evaluation{
		Reports:      1234,
		Observations: []corpus.Observation{"No Finding", "Edema"},
		Tasks:        []eval.Task{eval.Mentioned, eval.Negation},
		Derived:      "No Finding",
		Confusions: []eval.Confusion{
			{corpus.Unmentioned: {1, 0, 0, 1}, corpus.Positive: {0, 0, 0, 1}},
			{corpus.Unmentioned: {1, 0, 0, 0}, corpus.Uncertain: {1, 1, 0, 0}},
		},
		Figures: []eval.Figure{
			one("exact", .5, .25, .75, 1234), one("cells", .75, nan, nan, 6),
			one("mention.micro", .9, .8, 1, 40), one("mention.micro.precision", .85, nan, nan, 40), one("mention.micro.recall", .95, nan, nan, 40),
			one("mention.macro", .875, nan, nan, 40), one("kappa.micro", -.0421, nan, nan, 6), one("weighted.micro", 1, nan, nan, 40),
			one("Edema.mention", .9, .8, 1, 40), one("Edema.mention.precision", .85, nan, nan, 40), one("Edema.mention.recall", .95, nan, nan, 40),
			one("Edema.negation", nan, nan, nan, 0), one("No Finding.mention", .7512, .5, .9, 10),
			one("spans.overlap", .5, nan, nan, 2), one("spans.overlap.precision", 1, nan, nan, 2), one("spans.overlap.recall", .3333, nan, nan, 2),
		},
		Groups:    []eval.Group{{Name: "", Reports: 1, Exact: 1, Cells: 2, Right: 2}, {Name: "portable", Reports: 2, Exact: 0, Cells: 4, Right: 2}},
		Resamples: 1000, Seed: 7,
		Errors: []eval.Disagreement{
			{ID: "s1", Observation: "No Finding", Predicted: corpus.Positive, Reason: "nothing stated"},
			{ID: "s2", Observation: "Edema", Gold: corpus.Uncertain, Predicted: corpus.Negative, Decisive: []gold.Mention{mention}, Annotated: []gold.Mention{annotated}},
			{ID: "s3", Observation: "Edema", Gold: corpus.Uncertain, Reason: "no mention"},
		},
		Rules:    []eval.Attribution{{ID: "edema.edema", Right: 3, Wrong: 1, Mentions: 5}, {ID: "edema.kerley", Right: 2, Mentions: 2}},
		Cues:     []eval.Attribution{{ID: "no", Right: 3, Wrong: 1, Mentions: 5}},
		Unused:   eval.Unused{Rules: []string{"edema.chf"}, Cues: []string{"without", "denies"}},
		Evidence: true,
		OnlyGold: []string{"s8", "s9"}, OnlyPrediction: []string{"s7"},
		GoldLacks: []corpus.Observation{"Fracture"}, PredictionLacks: []corpus.Observation{"Scoliosis", "Hernia"},
	}
}

func TestHTML(t *testing.T) {
	got := render(t, small(), about)
	if *update {
		require.NoError(t, os.WriteFile("testdata/small.html", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/small.html")
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
	assert.Equal(t, got, render(t, small(), about), "the same evaluation gives the same bytes")
	assert.NotRegexp(t, `https?://|\ssrc=|@import|url\(`, got, "the page needs nothing from elsewhere")
	nests(t, got)
}

// nests checks that the elements of a page nest.
func nests(t *testing.T, html string) {
	t.Helper()
	html = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(html, "")
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else {
			require.NoError(t, err)
		}
	}
}

// What a report, a file or a rule set may hold is text and never markup.
func TestEscapes(t *testing.T) {
	const evil = `"'><script>alert(1)</script><b x="`
	e := small()
	e.Observations[1] = evil
	e.Groups[1].Name = evil
	e.OnlyGold = []string{evil}
	e.GoldLacks = []corpus.Observation{evil}
	e.Rules[0].ID, e.Cues[0].ID, e.Unused.Rules = evil, evil, []string{evil}
	e.Errors = []eval.Disagreement{{
		ID: evil, Observation: evil, Reason: evil, Predicted: corpus.Positive,
		Decisive:  []gold.Mention{{Rule: evil, Cue: evil, Section: evil, Sentence: evil, Mention: corpus.Span{Start: 1, End: 9}, CueSpan: corpus.Span{Start: 5, End: 12}}},
		Annotated: []gold.Mention{{Sentence: evil, Mention: corpus.Span{End: len(evil)}, At: 500}},
	}}
	for _, text := range []string{evil, strings.Repeat(evil, 20)} {
		e.Errors = append(e.Errors, eval.Disagreement{ID: "text", Observation: evil, Predicted: corpus.Positive, Text: text})
	}
	got := render(t, e, About{evil, evil, evil, evil, evil, evil, evil})
	assert.Equal(t, 1, strings.Count(got, "<script"), "the page's own script alone")
	assert.NotContains(t, got, "<b x=")
	assert.Contains(t, got, "&lt;script&gt;")
	nests(t, got)
}

func TestControlCharacters(t *testing.T) {
	got := render(t, small(), about)
	assert.NotContains(t, got, "\x1b")
	assert.Contains(t, got, "·[31m")
}

// An evaluation may lack anything.
func TestEmpty(t *testing.T) {
	without := func(change func(*eval.Evaluation)) *eval.Evaluation {
		e := small()
		change(e)
		return e
	}
	for _, test := range []struct {
		name   string
		e      *eval.Evaluation
		has    string
		hasNot string
	}{
		{"nothing", &eval.Evaluation{}, "There is no error.", "NaN"},
		{"no reports", &eval.Evaluation{Observations: []corpus.Observation{"Edema"}, Confusions: make([]eval.Confusion, 1), Tasks: []eval.Task{eval.Positive}}, "Left out, no F1: Edema", "NaN"},
		{"no errors", without(func(e *eval.Evaluation) { e.Errors = nil }), "There is no error.", `id="list"`},
		{"no groups", without(func(e *eval.Evaluation) { e.Groups = nil }), "Rules and cues", `id="groups"`},
		{"an empty group", without(func(e *eval.Evaluation) { e.Groups = []eval.Group{{Name: "ward"}} }), "ward", "NaN"},
		{"no evidence", without(func(e *eval.Evaluation) { e.Evidence = false; e.Errors[1].Decisive = nil }), "There are labels alone", `id="carriers"`},
		{"no intervals", without(func(e *eval.Evaluation) {
			e.Resamples = 0
			for i := range e.Figures {
				e.Figures[i].Low, e.Figures[i].High = nan, nan
			}
		}), "<circle", "95 %"},
		{"no spans", without(func(e *eval.Evaluation) { e.Figures = e.Figures[:13] }), "1,234", "Mentions of the prediction"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := render(t, test.e, about)
			assert.Contains(t, got, test.has)
			assert.NotContains(t, got, test.hasNot)
			assert.NotContains(t, got, "NaN")
			nests(t, got)
		})
	}
}

func TestManyErrors(t *testing.T) {
	e := &eval.Evaluation{Observations: []corpus.Observation{"Edema"}}
	for i := range mostErrors + 1200 {
		e.Errors = append(e.Errors, eval.Disagreement{ID: fmt.Sprint("s", i), Observation: "Edema", Gold: corpus.Positive})
		e.OnlyGold = append(e.OnlyGold, fmt.Sprint("g", i))
	}
	got := render(t, e, about)
	assert.Equal(t, mostErrors, strings.Count(got, "<li data-observation"))
	assert.Contains(t, got, "The page holds 5,000 of the 6,200 errors that the numbers above count: of each confusion of an observation the first 5,000. <code>--errors FILE</code> writes all.")
	assert.Contains(t, got, "6,200 reports in gold alone: not compared")
	assert.Contains(t, got, "g999 and 5,200 more")
}

// Rare confusions are whole, common ones are cut alike, and the order stays.
func TestBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.Custom(func(t *rapid.T) eval.Disagreement {
			// The smaller numbers are more frequent: there are common kinds and rare ones.
			n := min(rapid.IntRange(0, 20).Draw(t, "kind"), rapid.IntRange(0, 20).Draw(t, "kind"))
			return eval.Disagreement{Observation: corpus.Observation(fmt.Sprint(n / 4)), Predicted: corpus.Assertion(n % 4)}
		})
		all := rapid.SliceOfN(one, 0, 200).Draw(t, "errors")
		for i := range all {
			all[i].ID = fmt.Sprint(i)
		}
		room := rapid.IntRange(1, 120).Draw(t, "room")
		kept, each := balanced(all, room)
		if len(all) <= room {
			assert.Equal(t, all, kept)
			return
		}
		assert.LessOrEqual(t, len(kept), room)
		kind := func(d eval.Disagreement) string { return string(d.Observation) + d.Kind() }
		of, held := map[string]int{}, map[string]int{}
		var want []eval.Disagreement
		for _, d := range all {
			if of[kind(d)]++; of[kind(d)] <= each && len(want) < room {
				want = append(want, d)
			}
		}
		assert.Equal(t, want, kept, "the first of each, in order")
		more := 0 // were each one greater
		for _, n := range of {
			more += min(n, each+1)
		}
		assert.Greater(t, more, room, "no more of each has room")
		for _, d := range kept {
			held[kind(d)]++
		}
		if len(of) <= room {
			for k, n := range of {
				assert.Equal(t, min(n, each), held[k])
			}
		}
	})
}

// The annotated text of an error without mentions is shown, a long one folded.
func TestText(t *testing.T) {
	e := small()
	with := func(text string) string {
		e.Errors[2].Text = text
		got := render(t, e, about)
		nests(t, got)
		return got
	}
	assert.Contains(t, with("Mild\n  edema\x1b & more."), "<blockquote>Mild edema· &amp; more.</blockquote>\n<p class=\"why\">no mention</p>")
	assert.NotContains(t, with(strings.Repeat("x", shortText)), "<details class=")

	long := strings.Repeat("No edema.\nÄ normal heart. ", 500)
	got := with(long)
	assert.Regexp(t, `(?s)<details class="text"><summary>No edema\. Ä [^\n]{80,120} \.\.\.</summary><blockquote>No edema\.\n.* \.\.\.</blockquote></details>`, got)
	text, _ := textOf(long)
	assert.LessOrEqual(t, len(text), mostText+len(" ..."))
	assert.True(t, strings.HasPrefix(long, strings.TrimSuffix(text, " ...")))

	text, summary := textOf(strings.Repeat("é", mostText))
	assert.Equal(t, strings.Repeat("é", mostText/2)+" ...", text)
	assert.Equal(t, strings.Repeat("é", summaryText/2)+" ...", summary)
}

// Two annotators are called by their names wherever the sides are told apart.
func TestNames(t *testing.T) {
	about := about
	about.GoldName, about.PredictionName = "Reader A", "Reader B"
	html := render(t, small(), about)
	for _, want := range []string{
		"Reader A: <b>gold.csv</b>", "Reader B: <b>labels.jsonl</b>", "2 reports in Reader A alone", "1 report in Reader B alone", "Reader A lacks Fracture",
		"cases in Reader A</span>", "Reader A (rows) and Reader B (columns)", `title="Reader A uncertain, Reader B negative"`, "Reader A → Reader B", "<li>Reader A: ", "mention in Reader A",
	} {
		assert.Contains(t, html, want)
	}
	html = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(html, "")
	html = strings.NewReplacer(about.Title, "", "gold.csv", "").Replace(html)
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, "")
	assert.NotRegexp(t, `(?i)gold|prediction`, text)

	e := small()
	e.Unit = "sentence"
	assert.Contains(t, render(t, e, about), "sentences compared")
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{.9874: ".987", 1: "1.000", 0: ".000", .9996: "1.000", -.0421: "−.042", -.0001: ".000"} {
		assert.Equal(t, want, decimal(v))
	}
	assert.Equal(t, dash, decimal(nan))
	assert.Equal(t, "[.500, 1.000]", interval(eval.Figure{Low: .5, High: 1}))
	assert.Empty(t, interval(eval.Figure{Low: nan, High: 1}))
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		assert.Equal(t, want, count(n))
	}
	for v, want := range map[float64]string{0: "0", .1: ".1", .92: ".92", 1: "1"} {
		assert.Equal(t, want, tickLabel(v))
	}
}

func TestAxis(t *testing.T) {
	for _, test := range []struct {
		least float64
		want  string
	}{{0, "0 .2 .4 .6 .8 1"}, {.15, "0 .2 .4 .6 .8 1"}, {.2, ".2 .4 .6 .8 1"}, {.5, ".5 .6 .7 .8 .9 1"}, {.73, ".7 .8 .9 1"}, {.93, ".92 .94 .96 .98 1"}, {1, ".96 .98 1"}, {nan, ".96 .98 1"}} {
		a := newAxis([]eval.Figure{{Value: test.least, Low: nan}})
		var labels []string
		for _, tick := range a.ticks() {
			labels = append(labels, tick.Label)
		}
		assert.Equal(t, test.want, strings.Join(labels, " "), "from %v", test.least)
		assert.Equal(t, "100.00%", a.at(1))
	}
}

// Gold that cut the report otherwise marks the same passage, if that has its
// words there.
func TestPassages(t *testing.T) {
	d := small().Errors[1]
	all := Passages(d, "gold")
	require.Len(t, all, 1)
	assert.Equal(t, []string{"scope", "mention negative scope annotated", ""}, tail(all[0].Pieces, 3))
	assert.Len(t, all[0].Mentions, 2)

	d.Annotated[0].At--
	assert.Len(t, Passages(d, "gold"), 2, "other words stand there")
}

func TestInReport(t *testing.T) {
	d := eval.Disagreement{Decisive: []gold.Mention{{Sentence: "No edema.", At: 9, Mention: corpus.Span{Start: 3, End: 8}, CueSpan: corpus.Span{Start: 0, End: 2}, Assertion: corpus.Negative}}}
	assert.Equal(t, []Piece{{"FINDINGS\n", ""}, {"No", "cue"}, {" ", ""}, {"edema", "mention negative"}, {".", ""}}, InReport("FINDINGS\nNo edema.", d))
	assert.Equal(t, []Piece{{"Another report.", ""}}, InReport("Another report.", d), "whose sentences are others")
}

func tail(all []Piece, n int) (classes []string) {
	for _, p := range all[len(all)-n:] {
		classes = append(classes, p.Class)
	}
	return classes
}

// The pieces of a sentence are the sentence, in order, whatever the spans.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sentence := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zé ]{0,40}`)).Draw(t, "sentence")
		bound := rapid.OneOf(rapid.IntRange(-3, len(sentence)+3), rapid.Int())
		anywhere := rapid.Custom(func(t *rapid.T) corpus.Span {
			return corpus.Span{Start: bound.Draw(t, "start"), End: bound.Draw(t, "end")}
		})
		mention := rapid.Custom(func(t *rapid.T) gold.Mention {
			return gold.Mention{Sentence: sentence, At: 7, Mention: anywhere.Draw(t, "mention"),
				CueSpan: anywhere.Draw(t, "cue"), Scope: anywhere.Draw(t, "scope"), Assertion: corpus.Positive}
		})
		d := eval.Disagreement{
			Decisive:  rapid.SliceOfN(mention, 1, 4).Draw(t, "decisive"),
			Annotated: rapid.SliceOfN(mention, 0, 2).Draw(t, "annotated"),
		}
		all := Passages(d, "gold")
		require.Len(t, all, 1)
		var joined strings.Builder
		for _, p := range all[0].Pieces {
			joined.WriteString(p.Text)
		}
		assert.Equal(t, page.Printable(sentence), joined.String())
		times := 0
		for _, m := range all[0].Mentions {
			times += m.Times
		}
		assert.Equal(t, len(d.Decisive)+len(d.Annotated), times)

		report := rapid.String().Draw(t, "report")
		joined.Reset()
		for _, p := range InReport(report, d) {
			joined.WriteString(p.Text)
		}
		assert.Equal(t, page.Printable(report), joined.String())
	})
}
