package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

var update = flag.Bool("update", false, "write the golden files")

// span is the place of the first occurrence of words in a text.
func span(text, words string) corpus.Span {
	i := strings.Index(text, words)
	if i < 0 {
		panic(words)
	}
	return corpus.Span{Start: i, End: i + len(words)}
}

func example() labeler.Result {
	text := "INDICATION: <b>Cough</b> & fever.\r\n\nIMPRESSION: No pleural effusion or\npneumothorax. Possible edema\x1b[31m.\n"
	mention := func(rule string, a corpus.Assertion, words, cue, cueWords, scope, sentence string) labeler.Evidence {
		return labeler.Evidence{Rule: rule, Cue: cue, Section: "impression", Assertion: a,
			Sentence: span(text, sentence), Mention: span(text, words), CueSpan: span(text, cueWords), Scope: span(text, scope)}
	}
	negated := "No pleural effusion or\npneumothorax."
	return labeler.Result{
		Report: corpus.Report{ID: "50<1>", Text: text},
		Sections: []corpus.Section{
			{Name: "indication", Header: span(text, "INDICATION:"), Span: span(text, " <b>Cough</b> & fever.\r\n\n")},
			{Name: "impression", Header: span(text, "IMPRESSION:"), Span: span(text, text[strings.Index(text, " No"):])},
		},
		Labelled: []corpus.Section{{Name: "impression", Span: span(text, text[strings.Index(text, " No"):])}},
		Labels: []labeler.Label{
			{Observation: "No Finding", Reason: "withheld by Edema"},
			{Observation: "Edema", Assertion: corpus.Uncertain, Evidence: []labeler.Evidence{
				mention("edema.edema", corpus.Uncertain, "edema", "possible", "Possible", " edema", "Possible edema\x1b[31m.")}},
			{Observation: "Pneumothorax", Assertion: corpus.Negative, Evidence: []labeler.Evidence{
				mention("pneumothorax.pneumothorax", corpus.Negative, "pneumothorax", "no", "No", " pleural effusion or\npneumothorax", negated)}},
			{Observation: "Pleural Effusion", Assertion: corpus.Negative, Evidence: []labeler.Evidence{
				mention("pleural-effusion.effusion", corpus.Negative, "pleural effusion", "no", "No", " pleural effusion or\npneumothorax", negated)}},
			{Observation: "Fracture", Reason: "no mention"},
			{Observation: "Pneumonia", Reason: "no mention"},
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile("testdata/"+name, got, 0o644))
	}
	want, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestText(t *testing.T) {
	var plain, colour bytes.Buffer
	require.NoError(t, Text(&plain, example(), false))
	golden(t, "explain.txt", plain.Bytes())
	assert.NotContains(t, plain.String(), "\x1b", "no report can steer the terminal")

	require.NoError(t, Text(&colour, example(), true))
	golden(t, "explain.ansi", colour.Bytes())
	assert.NotContains(t, colour.String(), "edema\x1b[31m.")
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, HTML(&b, example(), "radlabel v0, rule set small"))
	golden(t, "explain.html", b.Bytes())
	assert.NotContains(t, b.String(), "<b>Cough", "report text is escaped")
	assert.NotRegexp(t, `(?i)<script|https?://|\ssrc=`, b.String(), "the page needs nothing from elsewhere")

	d := xml.NewDecoder(&b)
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err, "elements nest")
		}
	}
}

// Long lines are wrapped without losing a character, and the underlines stay
// under their words.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zé肺e\x{301}]{1,120}`)).Draw(t, "words")
		text := strings.Join(words, " ")
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		for at < len(text) && !utf8.RuneStart(text[at]) {
			at++ // spans of a report begin and end at runes
		}
		l := line{{text[:at], piece{}}, {text[at:], piece{scope: true}}}
		width := rapid.IntRange(2, 120).Draw(t, "width")
		var got strings.Builder
		for _, cut := range (Screen{Width: width}).wrap([]line{l}) {
			n := 0
			for _, r := range cut {
				got.WriteString(r.text)
				n += ansi.StringWidthWc(r.text)
			}
			assert.LessOrEqual(t, n, width)
		}
		assert.Equal(t, text, got.String())
	})
}

// The pieces are the whole text, in order, whatever the marks.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z ]{1,40}`).Draw(t, "text")
		anywhere := rapid.Custom(func(t *rapid.T) corpus.Span {
			a := rapid.IntRange(0, len(text)).Draw(t, "start")
			return corpus.Span{Start: a, End: rapid.IntRange(a, len(text)).Draw(t, "end")}
		})
		r := labeler.Result{Report: corpus.Report{Text: text}, Labels: []labeler.Label{{}}}
		for range rapid.IntRange(0, 5).Draw(t, "mentions") {
			r.Labels[0].Evidence = append(r.Labels[0].Evidence, labeler.Evidence{
				Mention: anywhere.Draw(t, "mention"), CueSpan: anywhere.Draw(t, "cue"), Scope: anywhere.Draw(t, "scope")})
		}
		at := 0
		for _, p := range pieces(r) {
			require.Equal(t, at, p.span.Start)
			at = p.span.End
			for _, m := range mentionsOf(r) {
				assert.Equal(t, m.span.Contains(p.span), m.span.Overlaps(p.span))
			}
		}
		assert.Equal(t, len(text), at)
	})
}

func TestUnderlines(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Text(&b, example(), false))
	assert.Regexp(t, regexp.MustCompile(`(?m)^\| IMPRESSION: No pleural effusion or$\n\|             \^\^\.-{16}\.{3}$\n\| pneumothorax\. Possible edema·\[31m\.$\n\| -{12}  \^{8}\.\?{5}$`), b.String())
}

// A screen shows what was looked for and where it was found, in its own width.
func TestScreen(t *testing.T) {
	text := example().Report.Text
	s := Screen{Width: 20, Asked: []corpus.Span{span(text, "fever")}, Found: span(text, "Possible edema\x1b[31m.")}
	lines, found := s.Report(example())
	assert.Equal(t, []string{
		"  INDICATION:", "  <b>Cough</b> &", "  fever.", "  *****", "",
		"| IMPRESSION: No", "|             ^^.", "| pleural effusion or", "| ----------------...",
		"| pneumothorax.", "| ------------", "|>Possible edema·[31m.", "| ^^^^^^^^.?????",
	}, lines)
	assert.Equal(t, 11, found)

	lines, _ = Screen{Width: 20}.Report(labeler.Result{Report: corpus.Report{Text: "   TITLE\n \n one\n  two\n"}})
	assert.Equal(t, []string{"    TITLE", "", "  one", "   two"}, lines, "what all are indented by is left out")

	s.Colour = true
	lines, found = s.Report(example())
	assert.Contains(t, lines[2], Bold+"fever"+Reset)
	assert.Equal(t, "|>"+CueMark+"Possible"+Reset, lines[found][:len("|>"+CueMark+"Possible"+Reset)])
	assert.Contains(t, strings.Join(s.Reasons(example()), "\n"), "Pneumothorax: "+Colour(corpus.Negative)+"negative")
}

// Signs that turn the direction of a line would show another text than there is.
func TestPrintable(t *testing.T) {
	assert.Equal(t, "a·b··c\n d·e··f·é肺", Printable("a\u202eb\u2066\u2069c\n\td\x1be\u0085\u2028f\u200fé肺"))
	assert.Equal(t, "a b", OneLine(" a\r\n b\t"))
}
