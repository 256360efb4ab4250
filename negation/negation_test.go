package negation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// bench is an engine with what it takes to read a sentence.
type bench struct {
	set    *rules.Set
	engine *negation.Engine
}

func newBench(t testing.TB) *bench {
	t.Helper()
	set, err := rules.Embedded("chexpert")
	require.NoError(t, err)
	matcher, err := set.Compile()
	require.NoError(t, err)
	engine, err := negation.New(set, matcher)
	require.NoError(t, err)
	return &bench{set: set, engine: engine}
}

func (b *bench) read(text string) negation.Sentence { return b.engine.Read(text) }

// mentions finds the tokens that the marked spans cover.
func mentions(s negation.Sentence, spans ...corpus.Span) []negation.Mention {
	var all []negation.Mention
	for _, span := range spans {
		m, _ := s.Mention(span)
		m.Observation = corpus.Observation(rune('A' + len(all)))
		all = append(all, m)
	}
	return all
}

// marked takes the marks <...> out of a text.
func marked(text string) (plain string, spans []corpus.Span) {
	var b strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "<>")
		if i < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:i])
		if text[i] == '<' {
			spans = append(spans, corpus.Span{Start: b.Len()})
		} else {
			spans[len(spans)-1].End = b.Len()
		}
		text = text[i+1:]
	}
	return b.String(), spans
}

// The structures that scopes follow. Findings are nonsense words where the
// rule set must not know them; +, -, ? and . stand for positive, negative,
// uncertain and no cue, one a mark, in text order.
func TestScopes(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct{ name, text, want string }{
		{"forward to the end", "No <blorb> on either side.", "-"},
		{"list with or", "No <blorb>, <grume> or <snell>.", "---"},
		{"list without conjunction", "No <blorb>, <grume>.", "--"},
		{"list with nor", "Neither <blorb> nor <grume>.", "--"},
		{"slash in a negated list", "No <blorb>/<grume>.", "--"},
		{"commas missing", "There is no sizable <blorb> <grume> or <snell>", "---"},
		{"next item is there", "No <blorb>, mild <grume>.", "-."},
		{"contrast", "No <blorb> but <grume> on the left.", "-."},
		{"semicolon", "No <blorb>; <grume>.", "-."},
		{"there is", "No <blorb> there is <grume>", "-."},
		{"run-on", "No <blorb> small <grume>", "-."},
		{"with behind a mention", "No <blorb> with <grume>.", "-."},
		{"and with an article", "No <blorb> and a <grume>.", "-."},
		{"clause behind and", "No <blorb>, and the <grume> has doubled.", "-."},
		{"an infinitive makes no clause", "No dull, <blorb> to suggest <grume>.", "--"},
		{"seen closes the list", "No <blorb>, <grume>, or <snell> is seen.", "---"},
		{"occasion behind the list", "No <blorb> after the <grume>.", "-."},
		{"parentheses are islands", "No <blorb> (compared to before), <grume>, or <snell>.", "---"},
		{"scope inside parentheses", "<Blorb> (no <grume>) and <snell>.", ".-."},
		{"nearest cue governs", "Possible <blorb> without <grume>.", "?-"},
		{"affirmation behind a comma", "No <blorb>, likely <grume>.", "-+"},
		{"affirmation within a denial", "No <blorb> to suggest <grume>.", "--"},
		{"backward", "<Blorb> is not seen.", "-"},
		{"backward over a list", "<Blorb>, <grume>, and <snell> have resolved.", "---"},
		{"backward stops at a clause", "<Blorb> is large and <grume> is not seen.", ".-"},
		{"backward stops at a comma", "Small <blorb>, <grume> not excluded.", ".?"},
		{"colon", "<Blorb>: none.", "-"},
		{"colon of another item", "<Blorb>. Plan: next visit: no.", "."},
		{"either before", "Possible <blorb>.", "?"},
		{"either behind", "<Blorb> possible.", "?"},
		{"either behind, nothing across the comma", "<Blorb> possible, small <grume>.", "?."},
		{"inside", "The absence of a <blorb> cannot be confirmed.", "?"},
		{"versus", "<Blorb> versus <grume>.", "??"},
		{"or", "<Blorb> or <grume>.", "??"},
		{"or in a list", "<Blorb>, <grume>, or <snell>.", "???"},
		{"or behind a date", "<Blorb> on March 4, 2150 or <grume>.", "??"},
		{"or behind a removed date", "<Blorb> on ___ or <grume>.", "??"},
		{"or behind an abbreviation", "<Blorb> approx. 2 cm or <grume>.", "??"},
		{"or before another word", "<Blorb> or old change.", "?"},
		{"or behind modifiers", "Small or moderate <blorb>.", "."},
		{"commit does not settle alternatives", "Likely <blorb> or <grume>.", "??"},
		{"negated alternatives", "<Blorb> or <grume> is not seen.", "--"},
		{"double negation", "The <blorb> has not resolved.", "+"},
		{"denied change", "No change in the <blorb>.", "+"},
		{"denied change behind a colon", "Lungs: No change of the <blorb>.", "+"},
		{"no new", "No new <blorb> or <grume>.", "??"},
		{"no new, to suggest", "No new <blorb> to suggest <grume> or <snell>.", "?--"},
		{"a predicate shares its subject", "The <blorb> ends behind the <grume> and has resolved.", "-."},
		{"a predicate shares its subject behind but", "The <blorb> was hazy, but is not seen.", "-"},
		{"a clause has its own subject", "The <blorb> was hazy, but <grume> is not seen.", ".-"},
		{"a setting is no predicate", "The <blorb> is hazy, though in the right clinical setting <grume>.", ".?"},
		{"a setting joined to a predicate is none", "The <blorb> is hazy but in the appropriate clinical setting.", "."},
		{"a relative clause within the subject", "The <blorb>, where a <grume> lay, has resolved.", "-."},
		{"an apposition within the subject", "The <blorb>, without a match elsewhere, has resolved.", "-"},
		{"a clause behind a terminator", "There is <blorb>, and small <grume> is not excluded.", ".?"},
		{"another subject", "Heart <blorb> is difficult to assess given the <grume>.", "?."},
		{"one stands for the mention before", "No <blorb> is seen, but a small one could be missed.", "?"},
		{"it stands for the nearest", "No <blorb> and no <grume>, but the film cannot exclude it.", "-?"},
		{"one stands for a list", "No <blorb> or <grume>, although a small one could be missed.", "??"},
		{"one does not hedge what is there", "Large <blorb>, and a second one cannot be excluded.", "."},
		{"suspicion of something else is not implied", "No new <blorb> in the area of suspected <grume>.", "??"},
		{"the other one is there", "Right <blorb> has resolved; the left persists.", "+"},
		{"a listed item said to be there", "No <blorb>, no <grume>, <snell> unchanged", "--."},
		{"pseudo", "<Blorb>; the tip is not seen.", "."},
		{"not reaches a few words", "It does not extend beyond the margin, and the old, well known <blorb> lies there.", "."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, spans := marked(tt.text)
			s := b.read(text)
			var got strings.Builder
			for _, v := range b.engine.Classify(s, mentions(s, spans...)) {
				switch {
				case !v.Governed:
					got.WriteByte('.')
				default:
					got.WriteByte("x-?+"[v.Assertion])
				}
			}
			assert.Equal(t, tt.want, got.String(), tt.text)
		})
	}
}

func TestCuesWithoutMentions(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"No wheeze, but it may be early.", []string{"negation.no: wheeze", "hedge.may: early"}},
		{"A dull blorb versus an old grume in the garden.", []string{"alternative.versus: a dull blorb versus an old grume"}},
		{"It is blorb, old grume, or a snell, we hope.", []string{"alternative.or: blorb , old grume , or a snell"}},
		{"Blorb, old grume or snell is there.", []string{"alternative.or: old grume or snell"}},
	} {
		s := b.read(tt.text)
		var got []string
		for _, c := range b.engine.Cues(s, nil) {
			got = append(got, b.set.Cues[c.Index].ID+": "+text(s, c.ScopeStart, c.ScopeEnd))
		}
		assert.Equal(t, tt.want, got, tt.text)
	}
}

func text(s negation.Sentence, start, end int) string {
	var words []string
	for _, t := range s.Tokens[start:end] {
		words = append(words, t.Norm)
	}
	return strings.Join(words, " ")
}

// Whatever the words, every cue and scope lies in the sentence, a scope does
// not cut its cue, and a verdict names a cue that the sentence has.
func TestTotality(t *testing.T) {
	b := newBench(t)
	vocabulary := []string{
		"no", "not", "without", "possible", "may", "cannot", "exclude", "is", "are", "has", "resolved", "seen", ",", "and", "or",
		"versus", "/", "(", ")", ";", ".", ":", "but", "with", "there", "small", "effusion", "heart", "tube", "enlarged", "normal", "removed",
		"either", "new", "history", "of", "if", "stable", "absence", "be", "confirmed", "5.2", "___", "Ⱥ", "likely",
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 25).Draw(t, "words")
		s := b.read(strings.Join(words, " "))
		n := len(s.Tokens)
		var ms []negation.Mention
		for range rapid.IntRange(0, 4).Draw(t, "mentions") {
			if n == 0 {
				break
			}
			start := rapid.IntRange(0, n-1).Draw(t, "start")
			ms = append(ms, negation.Mention{
				Start: start, End: rapid.IntRange(start+1, n).Draw(t, "end"),
				Tags:    rapid.SampledFrom([][]string{nil, {"device"}, {"silhouette"}, {"sign"}, {"device", "unheard of"}}).Draw(t, "tags"),
				Neutral: rapid.Bool().Draw(t, "neutral"), Observation: rapid.SampledFrom([]corpus.Observation{"A", "B"}).Draw(t, "observation"),
			})
		}
		check := func(c negation.Cue) {
			if c.Start < 0 || c.Start >= c.End || c.End > n || c.ScopeStart < 0 || c.ScopeStart > c.ScopeEnd || c.ScopeEnd > n {
				t.Fatalf("cue %+v in a sentence of %d tokens", c, n)
			}
		}
		for _, c := range b.engine.Cues(s, ms) {
			check(c)
		}
		verdicts := b.engine.Classify(s, ms)
		if len(verdicts) != len(ms) {
			t.Fatalf("%d verdicts for %d mentions", len(verdicts), len(ms))
		}
		for _, v := range verdicts {
			if v.Governed {
				check(v.Cue)
			} else if v.Assertion != corpus.Unmentioned {
				t.Fatalf("verdict %+v without a cue", v)
			}
		}
	})
}

func FuzzClassify(f *testing.F) {
	b := newBench(f)
	f.Add("No effusion (see above), or small pneumothorax; cannot exclude mass versus scar.", 1, 2)
	f.Add(")) , or / not (", 0, 1)
	f.Fuzz(func(t *testing.T, text string, start, length int) {
		if len(text) > 2000 {
			return
		}
		s := b.read(text)
		if n := len(s.Tokens); start < 0 || length < 1 || start >= n || length > n-start {
			return
		}
		m := negation.Mention{Start: start, End: start + length}
		first := b.engine.Classify(s, []negation.Mention{m})
		assert.Equal(t, first, b.engine.Classify(s, []negation.Mention{m}), "the same sentence, another verdict")
	})
}
