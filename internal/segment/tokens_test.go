package segment

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// texts gives the tokens of a sentence as they are written.
func texts(s string) []string {
	var tok Tokenizer
	var out []string
	for _, t := range tok.Tokens(nil, s) {
		out = append(out, s[t.Start:t.End])
	}
	return out
}

// norms gives the tokens of a sentence in normal form.
func norms(s string) string {
	var tok Tokenizer
	var out []string
	for _, t := range tok.Tokens(nil, s) {
		out = append(out, t.Norm)
	}
	return strings.Join(out, " ")
}

func TestTokens(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"The nodule isn't.", "The nodule is n't ."},
		{"(isn't)", "( is n't )"},
		{"It doesn't, it can't", "It does n't , it ca n't"},
		{"isn’t doesn&rsquo;t ISN'T.", "is n’t does n&rsquo;t IS N'T ."},
		{"cannot exclude", "can not exclude"},
		{"Cannot, can not", "Can not , can not"},
		{"edema/effusion", "edema / effusion"},
		{"edema,no", "edema , no"},
		{"Effusion:none", "Effusion : none"},
		{"clear.No", "clear . No"},
		{"w/o c/w s/p and/or", "w / o c / w s / p and / or"},
		{"2.5 cm at 5:40 on 12/04/2011", "2.5 cm at 5:40 on 12/04/2011"},
		{"p.m. a.m., (U.S.) e.g.", "p.m. a.m. , ( U.S. ) e.g."},
		{"P.M.", "P.M."},
		{"5:40p.m.", "5:40 p.m."},
		{"1.2x0.8cm", "1.2 x 0.8 cm"},
		{"4x3X2 cm", "4 x 3 X 2 cm"},
		{"4cm 10mm.", "4 cm 10 mm ."},
		{"5th 2nd 3rd", "5th 2nd 3rd"},
		{"1,200 2,3 1.No", "1,200 2 , 3 1 . No"},
		{"T8 CO2 T10.", "T8 CO2 T10 ."},
		{"right-sided", "right - sided"},
		{"T8-T9 2-3", "T8 - T9 2 - 3"},
		{"hydro-pneumothorax", "hydro - pneumothorax"},
		{"clear--no - yes", "clear -- no - yes"},
		{"Dr. vs. Jan. No.", "Dr . vs . Jan . No ."},
		{"patient's lungs' Hodgkin’s", "patient 's lungs ' Hodgkin ’s"},
		{"___'s ___,", "___ 's ___ ,"},
		{"on [**2151-8-4**], ([**Name**])", "on [**2151-8-4**] , ( [**Name**] )"},
		{"o'clock we'll", "o'clock we 'll"},
		{"... ?! (8)", "... ? ! ( 8 )"},
		{"a+b=c&d;e", "a + b = c & d ; e"},
		{"“quoted” ‘x’", "“ quoted ” ‘ x ’"},
		{":3 xD 8)", ": 3 xD 8 )"},
		{"\xffbad\xff\xfe", "\xff bad \xff \xfe"},
		{"fluß ü\u0301x", "fluß ü\u0301x"},
		{"ȺȺȺȺȺ's", "ȺȺȺȺȺ 's"},
		{"   ", ""},
		{"\u00a0x\u00a0", "x"},
		{strings.Repeat("ab/", 30) + "c", strings.Repeat("ab / ", 30) + "c"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			assert.Equal(t, tt.want, strings.Join(texts(tt.in), " "))
		})
	}
}

func TestTokenNorm(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"CAN'T", "can not"},
		{"can’t", "can not"},
		{"won't", "will not"},
		{"cannot", "can not"},
		{"Isn’t.", "is not ."},
		{"patient&rsquo;s", "patient 's"},
		{"“No”", `" no "`},
		{"T8–T9", "t8 - t9"},
		{"B−lines", "b - lines"},
		{"Eﬀusion, ﬁlm", "effusion , film"},
		{"____ [**2151-8-4**]", "___ ___"},
	} {
		assert.Equal(t, tt.want, norms(tt.in), tt.in)
	}
}

func TestTokenKind(t *testing.T) {
	var tok Tokenizer
	var got []string
	for _, tk := range tok.Tokens(nil, "Left-sided T8, 2.5 cm (___) 5th - 5:40 p.m. isn't.") {
		got = append(got, fmt.Sprintf("%s/%d", tk.Norm, tk.Kind))
	}
	assert.Equal(t, "left/0 -/3 sided/0 t8/0 ,/2 2.5/1 cm/0 (/2 ___/2 )/2 5th/0 -/2 5:40/1 p.m./0 is/0 not/0 ./2",
		strings.Join(got, " "))
}

// A hyphen at the end of a line joins, but for that of one half of two.
func TestHyphenAtLineEnd(t *testing.T) {
	var tok Tokenizer
	for in, want := range map[string]Kind{
		"right-\n sided":            Join,
		"right‐\r\nsided":           Join,
		"T8-\nT9":                   Join,
		"right- sided":              Mark,
		"pre-\n and post-operative": Mark,
		"effusion -\n no edema":     Mark,
		"effusion-\n 2 cm":          Mark,
		"effusion,-\nno edema":      Mark,
	} {
		tokens := tok.Tokens(nil, in)
		i := slices.IndexFunc(tokens, func(t Token) bool { return t.Norm == "-" })
		assert.Equal(t, want, tokens[i].Kind, "%q", in)
	}
}

// checkTokens holds the invariants of Tokens: spans in order, in range and
// disjoint; every byte that is no blank in one of them; no blank in any.
func checkTokens(t failer, s string, tokens []Token) {
	at := 0
	gap := func(end int) {
		for _, r := range s[at:end] {
			if !unicode.IsSpace(r) {
				t.Fatalf("%q is in no token of %q", s[at:end], s)
			}
		}
	}
	for _, tok := range tokens {
		if tok.Start < at || tok.End <= tok.Start || tok.End > len(s) {
			t.Fatalf("token %+v out of order in %q", tok, s)
		}
		if strings.IndexFunc(s[tok.Start:tok.End], unicode.IsSpace) >= 0 {
			t.Fatalf("token %+v of %q holds a blank", tok, s)
		}
		if tok.Norm == "" || tok.Norm != strings.ToLower(tok.Norm) {
			t.Fatalf("token %+v of %q has no norm in lower case", tok, s)
		}
		gap(tok.Start)
		at = tok.End
	}
	gap(len(s))
}

// words that texts of properties are made of: what is hard, and what is not.
var pieces = rapid.SampledFrom([]string{
	"No", "effusion", "can't", "isn’t", "n't", "'s", "&rsquo;", "U.S.", "p.m.", "2.5", "5:40", "12/04/2011", "cm",
	"T8", "-", "–", ".", "..", ",", ":", "/", "(", ")", "___", "XXXX", "1.", "2.", "3)", "(1)", "#1", "• ", "* ", "x",
	"\n", "\n \n", "\r\n", " ", "  ", "\t", "\u00a0", "\xff", "É", "Ⱥ", "ʼ", "?", "!", `"`, "“", "Dr.", "cannot",
	"IMPRESSION:", "FINDINGS", "\n IMPRESSION:", "\n WET READ: ___", "\n FINAL REPORT\n", "\nADDENDUM:",
	"\n ________________\n", "\n LUNGS:", "\n PORTABLE CHEST:", "İ", "²", "½",
})

func someText(t *rapid.T) string {
	if rapid.Bool().Draw(t, "raw") {
		return rapid.String().Draw(t, "text")
	}
	return strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(t, "pieces"), "")
}

func TestTokensCoverSentence(t *testing.T) {
	var tok Tokenizer
	rapid.Check(t, func(t *rapid.T) {
		s := someText(t)
		cold, warm := new(Tokenizer).Tokens(nil, s), tok.Tokens(nil, s)
		checkTokens(t, s, cold)
		if !assert.ObjectsAreEqual(cold, warm) {
			t.Fatalf("the cache changes the tokens of %q", s)
		}
	})
}

// Tokens do not depend on what else stands in the sentence.
func TestTokensKeepDst(t *testing.T) {
	var tok Tokenizer
	dst := tok.Tokens(nil, "no edema")
	dst = tok.Tokens(dst, "or effusion")
	require.Len(t, dst, 4)
	assert.Equal(t, Token{Start: 3, End: 11, Norm: "effusion"}, dst[3])
}

func TestTokensConcurrently(t *testing.T) {
	var tok Tokenizer
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 3000 {
				s := fmt.Sprintf("nodule%d isn't %d.%dcm", (g+i)%700, i, i)
				got := tok.Tokens(nil, s)
				if len(got) != 5 || got[0].Norm != s[:got[0].End] || got[2].Norm != "not" {
					t.Errorf("tokens of %q: %v", s, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

// More chunks than the cache has room for.
func TestTokensCacheIsBounded(t *testing.T) {
	var tok Tokenizer
	for i := range 2 * sets * ways {
		tok.Tokens(nil, fmt.Sprintf("w%dz", i))
	}
	held := 0
	for i := range tok.cache {
		for j := range tok.cache[i] {
			if tok.cache[i][j].Load() != nil {
				held++
			}
		}
	}
	assert.Greater(t, held, sets*ways/2)
	assert.Equal(t, "w 1 z", strings.Join(texts("w 1z"), " "))
}

// linear fails when four times the input takes far more than four times the
// time, in each of several tries: quadratic work takes sixteen times. It
// compares two times of one run and knows no absolute one; a busy machine can
// spoil a try, not all of them.
func linear(t *testing.T, unit string, work func(string)) {
	t.Helper()
	measure := func(n int) time.Duration {
		s := strings.Repeat(unit, n/len(unit))
		best := time.Hour
		for range 3 {
			start := time.Now()
			work(s)
			best = min(best, time.Since(start))
		}
		return best
	}
	var small, large time.Duration
	for range 30 {
		small, large = measure(100<<10), measure(400<<10)
		if large <= 10*small {
			return
		}
	}
	t.Errorf("%q: 100 KB take %v, 400 KB %v", unit, small, large)
}

// what took quadratic time somewhere, or could.
var runs = []string{".", "!", "(", "-", "_", ",.", "'", ". ", "? ", "a", "1.", "1) ", "\n", "\n\r", " ", "\xff", "Ⱥ", "A:", "\nA:",
	"WET READ:\n", "\n____________", "(1)", "-\n", "\nIMPRESSION: ", "…", "x0.", "a.b.", "9", "n't"}

func TestTokensLinear(t *testing.T) {
	for _, unit := range runs {
		var tok Tokenizer
		var dst []Token
		linear(t, unit, func(s string) { dst = tok.Tokens(dst[:0], s) })
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"It isn't.", "(can’t)", "1.2x0.8cm", "5:40p.m.", "T8-T9", "Ⱥ's", "&rsquo;s", "\xff'", "___'s"} {
		f.Add(s)
	}
	var tok Tokenizer
	f.Fuzz(func(t *testing.T, s string) { checkTokens(t, s, tok.Tokens(nil, s)) })
}

func BenchmarkTokens(b *testing.B) {
	sentences := []string{
		"No focal consolidation, pleural effusion, or pneumothorax is seen.",
		"The right-sided PICC line isn't seen; its tip had been 2.5 cm above the carina.",
		"Mild cardiomegaly with left basilar atelectasis/scarring, unchanged since ___.",
		"There is no evidence of acute fracture, though T8-T9 can't be assessed.",
	}
	size := 0
	for _, s := range sentences {
		size += len(s)
	}
	var tok Tokenizer
	var dst []Token
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range sentences {
			dst = tok.Tokens(dst[:0], s)
		}
	}
}

func BenchmarkTokensCold(b *testing.B) {
	s := "No focal consolidation, pleural effusion, or pneumothorax is seen."
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		for i := 0; i < len(s); {
			j := i + strings.IndexByte(s[i:]+" ", ' ')
			split(nil, s[i:j], 0, boundaries(s[i:j]))
			i = j + 1
		}
	}
}
