// Package segment cuts a report into sections, a section into sentences
// (paragraphs and list items end a sentence), and a sentence into tokens.
// It is the only importer of prose.
package segment

import "github.com/radlabel/radlabel/corpus"

// SectionDef describes one kind of section, as the rule set's section file
// gives it.
type SectionDef struct {
	Name     string   // canonical name: "impression"
	Doc      string   //
	Headers  []string // header texts that mean it, any case, misspellings included
	Contains []string // a header that contains one of these words means it too (view names)
	Labelled bool     // labelled by --section all
}

// Kind tells what a token is made of.
type Kind uint8

// The kinds of token.
const (
	Word   Kind = iota // letters, possibly with digits: "effusion", "T8"
	Number             // digits with their separators: "2.5", "5:40", "12/04/2011"
	Mark               // anything else: ",", "(", "/", "___"
	Join               // a hyphen glued between two words: the "-" of "right-sided"
)

// Token is one token of a sentence. Start and End are byte offsets into the
// sentence. Norm is the token in lower case with straight quotes ("n't" is
// given as "not").
type Token struct {
	Start, End int
	Norm       string
	Kind       Kind
}

// Span is the token's place in the sentence.
func (t Token) Span() corpus.Span { return corpus.Span{Start: t.Start, End: t.End} }
