package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"

	"github.com/radlabel/radlabel/corpus"
)

// longestWord is how many bytes of a word count; the rest is dropped.
const longestWord = 64

// word is a word of a text, in lower case, with its place.
type word struct {
	text string
	corpus.Span
}

// wordsOf appends the words of a text: runs of letters and digits. There are no
// stop words: "no" is the word that a report turns on. (Bleve's tokenizer of
// characters would end at the sign for a character that could not be read.)
func wordsOf(dst []word, text string) []word {
	start := -1
	end := func(i int) {
		if start >= 0 {
			dst = append(dst, word{norm(text[start:i]), corpus.Span{Start: start, End: i}})
			start = -1
		}
	}
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		end(i)
	}
	end(len(text))
	return dst
}

// norm is a word as it is kept.
func norm(s string) string {
	s = strings.ToLower(s)
	if len(s) <= longestWord {
		return s
	}
	cut := longestWord
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// stemOf is what the forms of an English word have in common. A word with a sign
// that is no plain letter ("t12") has no other forms.
func stemOf(word string) string {
	for i := range len(word) {
		if c := word[i]; c < 'a' || c > 'z' {
			return word
		}
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}
