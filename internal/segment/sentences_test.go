package segment

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

func sentences(text string) []string {
	var out []string
	for _, s := range Sentences(nil, text, corpus.Span{End: len(text)}) {
		out = append(out, s.In(text))
	}
	return out
}

func TestSentences(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string // want: sentences parted by |
	}{
		{"stops", "Lungs clear. No effusion! Edema?", "Lungs clear.|No effusion!|Edema?"},
		{"no stop at the end", "Lungs clear. No edema", "Lungs clear.|No edema"},
		{"glued", "Lungs are clear.No effusion.", "Lungs are clear.|No effusion."},
		{"glued lower case", "lungs are clear.no effusion.", "lungs are clear.|no effusion."},
		{"glued to a level", "Fracture of T8.No edema", "Fracture of T8.|No edema"},
		{"lower case", "no effusion. heart is large.", "no effusion.|heart is large."},
		{"semicolon", "No edema; small effusion.", "No edema; small effusion."},
		{"wrapped", "There is a small\n effusion on the\r\n left.", "There is a small\n effusion on the\r\n left."},
		{"paragraph", "Clear lungs\n \n Large heart", "Clear lungs|Large heart"},
		{"a page break in a sentence", "Clear lungs.  No\n \n effusion or\r\n\r\n edema.", "Clear lungs.|No\n \n effusion or\r\n\r\n edema."},
		{"a page break in capitals", "CLEAR LUNGS. THERE IS NO\n\nEFFUSION.", "CLEAR LUNGS.|THERE IS NO\n\nEFFUSION."},
		{"a page break in a sentence in capitals", "Clear lungs. THERE IS NO\n \nEFFUSION. Old.", "Clear lungs.|THERE IS NO\n \nEFFUSION.|Old."},
		{"capitals before another sentence", "THERE IS NO\n\nEffusion", "THERE IS NO|Effusion"},
		{"a page break in title case", "There Is No\n\nEffusion", "There Is No|Effusion"},
		{"no as an answer in a list", "effusion: no\n\nedema: no\n\nlungs clear", "effusion: no|edema: no|lungs clear"},
		{"a word hangs before a new sentence", "Effusion is\n\nLarge heart", "Effusion is|Large heart"},
		{"paragraph, CR LF", "Clear lungs\r\n\r\nLarge heart", "Clear lungs|Large heart"},
		{"CR alone", "Clear lungs\rand bones\r\rLarge heart", "Clear lungs\rand bones|Large heart"},
		{"numbered lines", " 1. No edema.\n 2. Small effusion\n 3. Old fracture", "No edema.|Small effusion|Old fracture"},
		{"glued number", "1.No edema", "No edema"},
		{"glued numbers", "1.Small nodule.2.No edema.3.Old fracture.", "Small nodule.|No edema.|Old fracture."},
		{"glued to the word before", "1.NO EDEMA2.BASAL OPACITIES", "NO EDEMA|BASAL OPACITIES"},
		{"inline numbers", "1.Large heart 2.No edema", "Large heart|No edema"},
		{"inline brackets", "1) no edema 2) large heart", "no edema|large heart"},
		{"inline double brackets", "Shows: (1) no edema (2) large heart.", "Shows:|no edema|large heart."},
		{"hash", "#1. Edema #2. Effusion\n#3 Nodule", "Edema|Effusion|Nodule"},
		{"bullets", "- No edema\n- Effusion\n* Nodule\n• Scar • Mass", "No edema|Effusion|Nodule|Scar|Mass"},
		{"dash glued", "-No edema\n-Effusion", "No edema|Effusion"},
		{"list without its start", "Chest 1. Clear. 2. No edema.", "Chest 1.|Clear.|No edema."},
		{"a minus is no bullet", "Moved\n -2 cm", "Moved\n -2 cm"},
		{"dash after a sentence", "Clear. - No edema", "Clear.|No edema"},
		{"number that is not the next of a list", "Fracture of rib\n 7. No edema", "Fracture of rib\n 7.|No edema"},
		{"number at the end", "1. Fracture of rib 2.", "Fracture of rib 2."},
		{"level", "1. Ends at T2. No edema", "Ends at T2.|No edema"},
		{"bracketed reference", "1. Nodule (image 2) is old.", "Nodule (image 2) is old."},
		{"title", "Told to Dr. ___ today. No edema", "Told to Dr. ___ today.|No edema"},
		{"title, wrapped", "Told to Dr.\n Jones today.", "Told to Dr.\n Jones today."},
		{"time", "Told at 5:40 p.m. by phone at 6 a.m. on site.", "Told at 5:40 p.m. by phone at 6 a.m. on site."},
		{"time ends", "Told at 5:40 p.m. The heart is large.", "Told at 5:40 p.m.|The heart is large."},
		{"decimal", "A 2.5 cm mass. Edema.", "A 2.5 cm mass.|Edema."},
		{"country", "Made in the U.S. Army hospital.", "Made in the U.S. Army hospital."},
		{"versus", "Edema vs. Pneumonia.", "Edema vs. Pneumonia."},
		{"approx", "It is approx. 3 cm.", "It is approx. 3 cm."},
		{"month", "Seen on Jan. 14 and Feb. ___ again.", "Seen on Jan. 14 and Feb. ___ again."},
		{"inches", "At 72 in. distance.", "At 72 in. distance."},
		{"centimetres", "At 3 cm. from it. At 3 cm. No edema", "At 3 cm. from it.|At 3 cm.|No edema"},
		{"centimetres, lower case", "at 3 cm. no edema", "at 3 cm.|no edema"},
		{"examples", "Old, e.g. Scars, i.e. Fibrosis.", "Old, e.g. Scars, i.e. Fibrosis."},
		{"number sign", "A No. 3 tube.", "A No. 3 tube."},
		{"abbreviations in capitals", "AT 7 A.M. TODAY, AT 72 IN. DISTANCE. E. COLI", "AT 7 A.M. TODAY, AT 72 IN. DISTANCE.|E. COLI"},
		{"unit in capitals", "AT 3 CM. NO EDEMA", "AT 3 CM.|NO EDEMA"},
		{"tokens parted by blanks", "edema vs . mass on jan . 14 . dr . ___ at 3 cm . large heart", "edema vs . mass on jan . 14 .|dr . ___ at 3 cm .|large heart"},
		{"no as an answer", "Any edema? No. Heart large.", "Any edema?|No.|Heart large."},
		{"circa", "Since ca. 2010.", "Since ca. 2010."},
		{"saint", "A St. Jude valve.", "A St. Jude valve."},
		{"species", "Grew E. coli. No edema", "Grew E. coli.|No edema"},
		{"question as a hedge", "Opacity ? pneumonia (?edema).", "Opacity ? pneumonia (?edema)."},
		{"closing signs", `Lungs "clear." (No edema.) Large heart`, `Lungs "clear."|(No edema.)|Large heart`},
		{"run of stops", "Clear... No edema", "Clear...|No edema"},
		{"removed words", "The XXXX is ___. XXXX seen.", "The XXXX is ___.|XXXX seen."},
		{"rule", "Clear\n ____________\n Large heart", "Clear|Large heart"},
		{"removed name on a line", "Told to\n ___\n today.", "Told to\n ___\n today."},
		{"labels", "Lungs: clear\nHeart: large", "Lungs: clear|Heart: large"},
		{"new lines of sentences", "Heart is large\nNo edema\nThere is a scar", "Heart is large|No edema|There is a scar"},
		{"nothing", " \n\t", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, strings.Join(sentences(tt.in), "|"))
		})
	}
}

// Line wraps change no sentence boundary.
func TestSentencesWrapped(t *testing.T) {
	text := "The lungs are clear. A PICC ends 2.5 cm above Carina, near Dr. ___ at 5 p.m. or so. No edema."
	want := len(sentences(text))
	for i := range text {
		if text[i] == ' ' {
			wrapped := text[:i] + "\n " + text[i+1:]
			assert.Len(t, sentences(wrapped), want, wrapped)
		}
	}
}

type failer interface{ Fatalf(string, ...any) }

func checkSentences(t failer, text string, within corpus.Span) {
	got, marks := Sentences(nil, text, within), Markers(nil, text, within)
	covered := make([]int, len(text))
	for k, spans := range [][]corpus.Span{got, marks} {
		at := within.Start
		for _, s := range spans {
			if s.Start < at || s.Empty() || s.End > within.End {
				t.Fatalf("span %v out of order in %q", s, text)
			}
			if k == 0 && trim(text, s) != s {
				t.Fatalf("sentence %q has blanks at its ends", s.In(text))
			}
			if k == 0 && s.Len() > maxSentence {
				t.Fatalf("sentence of %d bytes", s.Len())
			}
			at = s.End
			for i := s.Start; i < s.End; i++ {
				covered[i]++
			}
		}
	}
	for i, r := range text {
		if i < within.Start || i >= within.End {
			continue
		}
		if covered[i] > 1 || covered[i] == 0 && !unicode.IsSpace(r) {
			t.Fatalf("byte %d of %q is in %d sentences and markers", i, text, covered[i])
		}
	}
}

func TestSentencesCoverText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := someText(t)
		if rapid.Bool().Draw(t, "long") {
			text = strings.Repeat(text, 200)
		}
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		to := rapid.IntRange(from, len(text)).Draw(t, "to")
		checkSentences(t, text, corpus.Span{Start: from, End: to})
	})
}

func TestSentencesLinear(t *testing.T) {
	for _, unit := range runs {
		var dst []corpus.Span
		linear(t, unit, func(s string) { dst = Sentences(dst[:0], s, corpus.Span{End: len(s)}) })
	}
}

func FuzzSentences(f *testing.F) {
	for _, s := range []string{"1.No edema2.Mass", "(1) a (2) b", "p.m. The", "Clear.No", "? x", "• a\n-b", "\r\n\r\n1) x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkSentences(t, s, corpus.Span{End: len(s)}) })
}

func BenchmarkSentences(b *testing.B) {
	text := strings.Repeat(" 1. The heart is mildly enlarged, as it was at 5:40 p.m. on ___, and there\n is no edema. A 2.5 cm nodule is old.\n \n", 100)
	var dst []corpus.Span
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst = Sentences(dst[:0], text, corpus.Span{End: len(text)})
	}
}
