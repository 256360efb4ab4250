package evaltext

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{1: "1.000", .9874: ".987", 0: ".000", -.0123: "-.012", -.0001: ".000", 10.5: "10.500", -1: "-1.000"} {
		assert.Equal(t, want, number(v), v)
	}
	assert.Equal(t, "-", number(math.NaN()))
	assert.Equal(t, ".100 to .900", interval(.1, .9))
	assert.Empty(t, interval(math.NaN(), .9))
	for v, want := range map[float64]string{.1: "+.100", -.1: "-.100", 0: ".000", .00001: ".000", -.00001: ".000"} {
		assert.Equal(t, want, signed(v), v)
	}
	for v, want := range map[float64]string{.0001: "<.001", .05: ".050", 1: "1.000"} {
		assert.Equal(t, want, probability(v), v)
	}
	assert.Empty(t, probability(math.NaN()))
}

func mention(sentence, words, cue string) gold.Mention {
	find := func(s string) corpus.Span {
		i := strings.Index(sentence, s)
		return corpus.Span{Start: i, End: i + len(s)}
	}
	return gold.Mention{Sentence: sentence, Mention: find(words), CueSpan: find(cue), Rule: "edema.edema", Cue: "hedge.may", Assertion: corpus.Uncertain, Section: "impression", At: 7}
}

func TestSentence(t *testing.T) {
	for _, tt := range []struct{ sentence, words, cue, want string }{
		{"There may be\n  mild edema.", "edema", "may be", "There [may be] mild <edema>."},
		{"Edema? ", "Edema", "?", "<Edema>[?]"},
		{"Edema.", "Edema", "", "<Edema>."},
		{"absence of edema is not shown", "edema", "absence of edema is not", "[absence of <edema> is not] shown"},
		{"edema\x1b[31m and \x00", "edema", "", "<edema>·[31m and ·"},
	} {
		assert.Equal(t, tt.want, Style{}.sentence(mention(tt.sentence, tt.words, tt.cue)))
	}
	coloured := Style{Colour: true}.sentence(mention("There may be edema\x1b[31m.", "edema", "may be"))
	assert.Equal(t, "There \x1b[35;4mmay be\x1b[0m \x1b[1;33medema\x1b[0m·[31m.", coloured)
	assert.Equal(t, "Edema.", Style{}.sentence(gold.Mention{Sentence: "Edema.", Mention: corpus.Span{Start: 3, End: 99}}), "a span that is none marks nothing")
}

// Whatever the spans, the words stay and nothing steers the terminal.
func TestSentenceKeepsWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z \n\x1b]{0,30}`).Draw(t, "text")
		span := rapid.Custom(func(t *rapid.T) corpus.Span {
			start := rapid.IntRange(0, len(text)).Draw(t, "start")
			return corpus.Span{Start: start, End: rapid.IntRange(start, len(text)).Draw(t, "end")}
		})
		got := Style{}.sentence(gold.Mention{Sentence: text, Mention: span.Draw(t, "mention"), CueSpan: span.Draw(t, "cue")})
		require.NotContains(t, got, "\x1b")
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < 'a' || r > 'z' {
					return -1
				}
				return r
			}, s)
		}
		require.Equal(t, letters(text), letters(got))
	})
}

func TestRows(t *testing.T) {
	d := eval.Disagreement{
		ID: "a,1", Observation: "Pleural Effusion", Gold: corpus.Positive, Predicted: corpus.Uncertain,
		Decisive:  []gold.Mention{mention("May be \"edema\".", "edema", "May be")},
		Annotated: []gold.Mention{{Sentence: "Edema", Mention: corpus.Span{Start: 0, End: 5}, Assertion: corpus.Positive}},
	}
	none := eval.Disagreement{ID: "b", Observation: "Edema", Gold: corpus.Negative, Reason: "no mention", Text: "No such thing."}
	write := func(form string, fill func(*Rows)) string {
		var b bytes.Buffer
		r, err := NewErrors(&b, form)
		require.NoError(t, err)
		fill(r)
		require.NoError(t, r.Close())
		return b.String()
	}
	all := func(r *Rows) {
		require.NoError(t, r.Error(d))
		require.NoError(t, r.Error(none))
	}
	rows, err := csv.NewReader(strings.NewReader(write("csv", all))).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		errorColumns,
		{"a,1", "Pleural Effusion", "positive", "uncertain", "edema.edema", "hedge.may", "impression", "edema", "May be", `May be "edema".`, "", ""},
		{"b", "Edema", "negative", "unmentioned", "", "", "", "", "", "", "no mention", "No such thing."},
	}, rows)
	lines := strings.Split(strings.TrimSpace(write("jsonl", all)), "\n")
	require.Len(t, lines, 2)
	assert.JSONEq(t, `{"id":"a,1","observation":"Pleural Effusion","gold":"positive","predicted":"uncertain",
		"decisive":[{"rule":"edema.edema","cue":"hedge.may","section":"impression","assertion":"uncertain","sentence":"May be \"edema\".","at":7,"mention":[8,13],"cue_span":[0,6]}],
		"annotated":[{"assertion":"positive","sentence":"Edema","at":0,"mention":[0,5]}]}`, lines[0])
	assert.JSONEq(t, `{"id":"b","observation":"Edema","gold":"negative","predicted":"unmentioned","reason":"no mention","text":"No such thing."}`, lines[1])
	assert.Equal(t, strings.Join(errorColumns, ",")+"\n", write("csv", func(*Rows) {}), "a header where there is no error")
}

func TestJSON(t *testing.T) {
	e := &eval.Evaluation{
		Reports: 1, Observations: []corpus.Observation{"Edema"}, Confusions: []eval.Confusion{{{0, 0, 0, 2}}},
		Figures: []eval.Figure{{Name: "mention.micro", Value: .5, Low: math.NaN(), High: math.Inf(1), Gold: 3}},
	}
	var b bytes.Buffer
	require.NoError(t, JSON(&b, e, About{Tool: "radlabel", Gold: "g.csv"}))
	var got struct {
		Gold    string
		Figures []struct {
			Name      string
			Value     float64
			Low, High *float64
			Gold      int
		}
		Confusions map[string]map[string]map[string]int
		OnlyGold   []string `json:"only_gold"`
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &got))
	assert.Equal(t, "g.csv", got.Gold)
	assert.Equal(t, .5, got.Figures[0].Value)
	assert.Nil(t, got.Figures[0].Low, "what is undefined is null")
	assert.Nil(t, got.Figures[0].High)
	assert.Equal(t, 2, got.Confusions["Edema"]["unmentioned"]["positive"])
	assert.NotNil(t, got.OnlyGold)
}

// An evaluation of nothing is shown without a fault.
func TestEmpty(t *testing.T) {
	for name, show := range map[string]func(*bytes.Buffer) error{
		"evaluation": func(b *bytes.Buffer) error { return Evaluation(b, &eval.Evaluation{}, Style{}) },
		"comparison": func(b *bytes.Buffer) error { return Comparison(b, &eval.Comparison{}, Pair{"a", "b"}, Style{}) },
		"diff":       func(b *bytes.Buffer) error { return Diff(b, eval.NewDiff(nil, nil, 0), Pair{"a", "b"}, Style{}) },
		"agreement":  func(b *bytes.Buffer) error { return Agreement(b, &eval.Evaluation{}, Pair{"a", "b"}, Style{}) },
		"assertions": func(b *bytes.Buffer) error { return Assertions(b, &eval.AssertionResult{}, Style{}) },
	} {
		var b bytes.Buffer
		require.NoError(t, show(&b), name)
		assert.NotContains(t, b.String(), "NaN", name)
	}
}
