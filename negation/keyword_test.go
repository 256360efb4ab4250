package negation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// keywords writes each keyword of a text with its scope: - denies, ? doubts.
func keywords(engine *negation.Engine, text string) (all []string) {
	s := engine.Read(text)
	for _, k := range engine.Keywords(s) {
		sign := map[corpus.Assertion]string{corpus.Negative: "-", corpus.Uncertain: "?"}[k.Assertion]
		all = append(all, sign+s.Span(k.Start, k.End).In(text)+": "+s.Span(k.ScopeStart, k.ScopeEnd).In(text))
	}
	return all
}

func TestKeywords(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"the word of a longer cue", "There is no evidence of a blorb.", []string{"-no: no evidence of a blorb"}},
		{"a probability that commits", "Probably a blorb.", []string{"?Probably: Probably a blorb"}},
		{"a denied change", "No change in the blorb.", []string{"-No: No change in the blorb"}},
		{"a pseudo-cue", "There are no prior films.", []string{"-no: no prior films"}},
		{"gone is not denied", "The blorb has resolved.", nil},
		{"no cue", "Look on either side.", nil},
		{"two words of one cue", "This could suggest a blorb.", []string{"?could: could suggest a blorb", "?suggest: suggest a blorb"}},
		{"several words", "The picture is consistent with a blorb.", []string{"?consistent with: consistent with a blorb"}},
		{"nested", "No grume to suggest a blorb.", []string{"-No: No grume to suggest a blorb", "?suggest: suggest a blorb"}},
		{"the next cue does not end it", "This may be a blorb without grume.", []string{"?may: may be a blorb without grume", "-without: without grume"}},
		{"contrast", "No blorb, but grume.", []string{"-No: No blorb"}},
		{"clause", "No blorb, and the grume has doubled.", []string{"-No: No blorb"}},
		{"a reason", "This may be a blorb given the fever.", []string{"?may: may be a blorb"}},
		{"relative clause behind a denial", "No blorb which is old.", []string{"-No: No blorb"}},
		{"relative clause behind a doubt", "Possible blorb which may be old.", []string{"?Possible: Possible blorb which may be old", "?may: may be old"}},
		{"adjectives with a comma", "No focal, dull blorb.", []string{"-No: No focal, dull blorb"}},
		{"list", "This may be a blorb, a grume, or a snell.", []string{
			"?may: may be a blorb, a grume, or a snell", "?or: a blorb, a grume, or a snell"}},
		{"denied list", "No blorb, grume.", []string{"-No: No blorb, grume"}},
		{"an aside", "Likely blorb, in the usual place.", []string{"?Likely: Likely blorb"}},
		{"parentheses", "No blorb (old film) or grume.", []string{"-No: No blorb (old film) or grume", "?or: or grume"}},
		{"passive", "A small blorb is not seen today.", []string{"-not: A small blorb is not seen today"}},
		{"passive without verb", "The blorb now not identified.", []string{"-not: The blorb now not identified"}},
		{"participle before a noun", "With no documented blorb.", []string{"-no: no documented blorb"}},
		{"passive of a modal verb", "The blorb can be seen in the old.", []string{"?can: The blorb can be seen in the old"}},
		{"relative subject", "A haze which may be explained by a blorb.", []string{"?may: which may be explained by a blorb"}},
		{"subject of a later clause", "The grume is old and the blorb cannot be excluded.", []string{"?cannot be excluded: the blorb cannot be excluded"}},
		{"subject alone", "A blorb is unlikely.", []string{"?unlikely: A blorb is unlikely"}},
		{"adjective", "The blorb is not dull.", []string{"-not: not dull"}},
		{"attribute", "Negative chest film.", []string{"-Negative: Negative"}},
		{"attribute with a complement", "The film is negative for blorb.", []string{"-negative: negative for blorb"}},
		{"alternatives in a denial", "No evidence of blorb or grume in the bases.", []string{
			"-No: No evidence of blorb or grume in the bases", "?or: blorb or grume"}},
		{"adjectives as alternatives", "Changes of viral or bacterial blorb.", []string{"?or: viral or bacterial"}},
		{"place goes with both", "Mild left upper lobe blorb versus grume.", []string{"?versus: blorb versus grume"}},
		{"abbreviated", "Blorb vs. grume.", []string{"?vs: Blorb vs. grume"}},
		{"question", "It is unclear if this is a blorb.", []string{"?unclear: unclear if this is a blorb"}},
		{"one word", "We cannot see a blorb.", []string{"-cannot: cannot see a blorb"}},
		{"either", "This is either a blorb or a grume.", []string{"?either: either a blorb or a grume", "?or: either a blorb or a grume"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, keywords(b.engine, tt.text))
		})
	}
}

func TestKeywordsWithoutClasses(t *testing.T) {
	set := &rules.Set{Name: "tiny", Cues: []rules.Cue{
		{ID: "no", Kind: rules.Negation, Phrases: []rules.Phrase{{Text: "no evidence of"}}},
		{ID: "likely", Kind: rules.Affirmation, Phrases: []rules.Phrase{{Text: "likely"}}},
	}}
	matcher, err := set.Compile()
	require.NoError(t, err)
	engine, err := negation.New(set, matcher)
	require.NoError(t, err)
	assert.Equal(t, []string{"-no evidence of: a blorb, likely"}, keywords(engine, "There is no evidence of a blorb, likely."))
}

func TestKeywordProperties(t *testing.T) {
	b := newBench(t)
	words := rapid.SampledFrom([]string{"no", "may", "or", "either", "is", "not", "seen", "excluded", ",", "(", ")", "which", "and", "blorb", "left", "lobe",
		"viral", "of", "if", "could", "be", "rule", "out", "-", ";", "but", "negative", "chest", "for", "to"})
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, w := range rapid.SliceOfN(words, 0, 12).Draw(t, "words") {
			text += w + " "
		}
		s := b.read(text)
		end := 0
		for _, k := range b.engine.Keywords(s) {
			require.True(t, end <= k.Start && k.Start < k.End && k.End <= len(s.Tokens), "keywords in order: %+v", k)
			require.True(t, 0 <= k.ScopeStart && k.ScopeStart <= k.Start && k.End <= k.ScopeEnd && k.ScopeEnd <= len(s.Tokens), "a scope holds its keyword: %+v", k)
			end = k.End
		}
	})
}
