package searchtext

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
)

var observations = []corpus.Observation{"Edema", "Pneumothorax", "Pleural Effusion"}

func span(text, words string) corpus.Span {
	i := strings.Index(text, words)
	return corpus.Span{Start: i, End: i + len(words)}
}

func example() index.Hit {
	text := "No pneumothorax, possible edema\x1b[2J <b>&\u009b\x7f tube."
	return index.Hit{
		ID: "50000001", Subject: "10000001", Study: "50000001", Split: "train", Views: []string{"AP", "PA"}, Date: 21500131, Score: 2,
		Labels: []corpus.Assertion{corpus.Uncertain, corpus.Negative, corpus.Unmentioned},
		Best: index.Sentence{Section: "impression", Text: text, Words: []corpus.Span{span(text, "tube")}, Asked: []bool{true, false},
			Marks: []index.Mark{
				{Observation: "Pneumothorax", Assertion: corpus.Negative, Rule: "p.p", Cue: "n.no", Mention: span(text, "pneumothorax"), CueSpan: span(text, "No")},
				{Observation: "Edema", Assertion: corpus.Uncertain, Rule: "e.e", Cue: "h.p", Mention: span(text, "edema"), CueSpan: span(text, "possible")},
			}},
		Before: []index.Sentence{{Section: "impression", Text: "Before."}},
		After:  []index.Sentence{{Section: "impression", Text: "After."}},
	}
}

func TestHits(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Hits(&b, []index.Hit{example(), {ID: "2"}}, 4, Style{Observations: observations}))
	assert.Equal(t, `5. 50000001 (subject 10000001, train, AP PA, 2150-01-31)
   uncertain: Edema; negative: Pneumothorax
   impression: Before.
 > impression: No pneumothorax, possible edema·[2J <b>&·· tube.
   impression: After.

6. 2
`, b.String())

	b.Reset()
	require.NoError(t, Hits(&b, []index.Hit{example()}, 0, Style{Observations: observations, Colour: true}))
	assert.Contains(t, b.String(), page.CueMark+"No"+page.Reset+" "+page.Colour(corpus.Negative)+"pneumothorax"+page.Reset)
	assert.Contains(t, b.String(), page.Bold+"tube"+page.Reset)
}

var sequence = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colour adds to a text and changes nothing of it, and nothing in it steers a terminal.
func TestPaintedIsTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune{'\x1b', '[', 'm', '\x07', '\u009b', '\x00', '\r', ' ', 'a'}))).Draw(t, "text")
		cuts := []int{0}
		for i := range text {
			cuts = append(cuts, i)
		}
		cuts = append(cuts, len(text))
		var paints []Paint
		for range rapid.IntRange(0, 5).Draw(t, "paints") {
			a, b := rapid.SampledFrom(cuts).Draw(t, "start"), rapid.SampledFrom(cuts).Draw(t, "end")
			paints = append(paints, Paint{corpus.Span{Start: min(a, b), End: max(a, b)}, page.Bold})
		}
		painted := Painted(text, paints)
		if got := sequence.ReplaceAllString(painted, ""); got != page.Printable(text) {
			t.Fatalf("%q became %q", text, painted)
		}
		for _, r := range sequence.ReplaceAllString(painted, "") {
			if unicode.IsControl(r) && r != '\n' {
				t.Fatalf("%q holds %q", painted, r)
			}
		}
	})
}

// Of a long sentence what was asked for is shown.
func TestLongSentence(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("é", 500_000) + " tube " + strings.Repeat("x", 500_000),
		"tube " + strings.Repeat("é", 500_000), strings.Repeat("é ", 500_000) + "tube",
	} {
		for _, colour := range []bool{false, true} {
			line := Style{Colour: colour}.Sentence(index.Sentence{Section: "findings", Text: text, Words: []corpus.Span{span(text, "tube")}})
			assert.Contains(t, line, "tube")
			assert.Contains(t, line, "...")
			assert.NotContains(t, line, "\ufffd")
			assert.Less(t, len(line), 500)
			if colour {
				assert.Contains(t, line, page.Bold+"tube"+page.Reset)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	text := "IMPRESSION: No\n effusion.\x1b[31m\n"
	d := index.Document{Hit: index.Hit{ID: "1", Labels: []corpus.Assertion{0, 0, corpus.Negative}}, Text: text,
		Sentences: []index.Placed{{Section: "impression", Marks: []index.Mark{{Assertion: corpus.Negative, Mention: span(text, "effusion"), Cue: "n", CueSpan: span(text, "No")}}}}}
	var b strings.Builder
	require.NoError(t, Document(&b, d, Style{Observations: observations}))
	assert.Equal(t, "== 1\nnegative: Pleural Effusion\n\nIMPRESSION: No\n effusion.·[31m\n", b.String())
	b.Reset()
	require.NoError(t, Document(&b, d, Style{Observations: observations, Colour: true}))
	assert.Contains(t, b.String(), page.CueMark+"No"+page.Reset+"\n "+page.Colour(corpus.Negative)+"effusion"+page.Reset+".·[31m")
}

func TestFacets(t *testing.T) {
	f := &index.Facets{Labels: [][4]int{{1, 2, 3, 4000}, {0, 0, 0, 0}, {9, 9, 9, 9}}, Splits: []index.Count{{Value: "train", Hits: 7}}}
	for i := range 20 {
		f.Sections = append(f.Sections, index.Count{Value: fmt.Sprint("section\x1b", i), Hits: 20 - i})
	}
	var b strings.Builder
	require.NoError(t, Facets(&b, f, observations))
	assert.Contains(t, b.String(), "Edema                4,000          3         2            1\n")
	assert.Contains(t, b.String(), "section·0")
	assert.Contains(t, b.String(), "and 8 more")
	assert.Contains(t, b.String(), "split  reports\ntrain        7\n")
	assert.NotContains(t, b.String(), "\x1b")
}

// JSON keeps every sign of a report; no form has one that a terminal would act on.
func TestRows(t *testing.T) {
	hit := example()
	var b bytes.Buffer
	require.NoError(t, JSON(&b, Object{Query: "q", Total: 1, Hits: []HitObject{OfHit(hit, observations)},
		Facets: OfFacets(&index.Facets{Labels: make([][4]int, 3)}, observations)}))
	assert.Equal(t, 1, strings.Count(b.String(), "\n"))
	assert.NotRegexp(t, "[\x00-\x09\x0b-\x1f\x7f-\u009f]", b.String())
	var o Object
	require.NoError(t, json.Unmarshal(b.Bytes(), &o))
	assert.Equal(t, hit.Best.Text, o.Hits[0].Best.Text)
	assert.Equal(t, map[string]int{"Edema": -1, "Pneumothorax": 0}, o.Hits[0].Labels)
	assert.Equal(t, hit.Best.Marks[1].Mention, o.Hits[0].Best.Marks[1].Mention)
	assert.True(t, o.Hits[0].Best.Marks[0].Asked)
	assert.False(t, o.Hits[0].Best.Marks[1].Asked)
	assert.Equal(t, "2150-01-31", o.Hits[0].Date)
	assert.Equal(t, "After.", o.Hits[0].After[0].Text)
	assert.Nil(t, OfFacets(nil, observations))

	shown := "No pneumothorax, possible edema·[2J <b>&·· tube."
	b.Reset()
	for _, studies := range []bool{true, false} {
		table, err := NewTable(&b, observations, studies)
		require.NoError(t, err)
		require.NoError(t, table.Write(hit))
		require.NoError(t, table.Close())
	}
	rows := csv.NewReader(&b)
	rows.FieldsPerRecord = -1
	all, err := rows.ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		{"subject_id", "study_id", "Edema", "Pneumothorax", "Pleural Effusion", "section", "sentence"},
		{"10000001", "50000001", "-1.0", "0.0", "", "impression", shown},
		{"id", "Edema", "Pneumothorax", "Pleural Effusion", "section", "sentence"},
		{"50000001", "-1.0", "0.0", "", "impression", shown},
	}, all)
}

// A report may repeat a word until its marks are many, and has colour all the same.
func TestManyPaints(t *testing.T) {
	const n = 200_000
	var paints []Paint
	for i := range n {
		paints = append(paints, Paint{corpus.Span{Start: 3 * i, End: 3*i + 2}, page.Bold})
	}
	assert.Equal(t, n, strings.Count(Painted(strings.Repeat("no ", n), paints), page.Bold+"no"+page.Reset+" "))
}

// Ids steer a terminal as little as text does.
func TestTableOfHostileIDs(t *testing.T) {
	for studies, want := range map[bool]string{false: "a·[2J·b,1.0,,\n", true: "7 ·,8,1.0,,\n"} {
		var b strings.Builder
		table, err := NewTable(&b, []corpus.Observation{"Edema"}, studies)
		require.NoError(t, err)
		require.NoError(t, table.Write(index.Hit{ID: "a\x1b[2J\nb", Subject: "7\n\x07", Study: "8", Labels: []corpus.Assertion{corpus.Positive}}))
		require.NoError(t, table.Close())
		_, row, _ := strings.Cut(b.String(), "\n")
		assert.Equal(t, want, row)
	}
}
