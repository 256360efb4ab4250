package labeler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// What is remembered of a shape serves every sentence of that shape: other figures
// and other names leave labels and the words behind them as they are, and a
// sentence is labelled the same whatever was labelled before it.
func TestShapes(t *testing.T) {
	var sentences []string
	for _, row := range table(t, "sentences.tsv", '\t') {
		sentences = append(sentences, row["text"])
	}
	require.NotEmpty(t, sentences[0])
	remembers, forgets := newLabeler(t, labeler.Options{Section: "all"}), newLabeler(t, labeler.Options{Section: "all", Cache: -1})
	rapid.Check(t, func(t *rapid.T) {
		sentence := rapid.SampledFrom(sentences).Draw(t, "sentence")
		text := []byte(sentence)
		for i, c := range text {
			switch {
			case '0' <= c && c <= '9':
				text[i] = rapid.SampledFrom([]byte("0123456789")).Draw(t, "digit")
			case rapid.IntRange(0, 60).Draw(t, "letter") == 0 && ('a' <= c && c <= 'z'):
				text[i] = rapid.SampledFrom([]byte("qxz,.:(/-")).Draw(t, "sign")
			}
		}
		for _, s := range []string{sentence, string(text)} {
			want, got := forgets.Label(corpus.Report{ID: "1", Text: s}), remembers.Label(corpus.Report{ID: "1", Text: s})
			assert.Equal(t, want, got, s)
		}
	})
}
