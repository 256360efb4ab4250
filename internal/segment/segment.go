// Package segment cuts a report into sections, a section into sentences
// (paragraphs and list items end a sentence), and a sentence into tokens.
// It is the only importer of prose.
//
// The story, in order:
//
//	Splitter.Split   report text -> all its sections
//	Splitter.Select  sections    -> those to label
//	Sentences        a section   -> sentences
//	Tokenizer.Tokens a sentence  -> tokens
//
// Nothing is lost on the way: a byte that is no blank is in exactly one
// section (its header or its text) unless it belongs to a rule or to the line
// FINAL REPORT; a byte of a section in exactly one sentence or list marker; a
// byte of a sentence in exactly one token. All offsets count bytes.
package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
)

// SectionDef describes one kind of section, as the rule set's section file
// gives it.
type SectionDef struct {
	Name     string   // canonical name: "impression"
	Doc      string   //
	Headers  []string // header texts that mean it, any case, misspellings included
	Contains []string // a header that contains one of these words means it too (view names)
	Labelled bool     // labelled by --section all
	Trailing bool     // follows the text of a report: with no other header known, the text before it is the report's
	Block    bool     // ends at a rule, FINAL REPORT or a block, not at a header, when a report follows (wet reads, addenda)
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
// given as "not"). Number is what the tokenizer's Number says of it, or 0.
type Token struct {
	Start, End int
	Norm       string
	Number     uint32
	Kind       Kind
}

// Span is the token's place in the sentence.
func (t Token) Span() corpus.Span { return corpus.Span{Start: t.Start, End: t.End} }

// blank is the length in bytes of the blank rune at text[i], or 0.
func blank(text string, i int) int {
	c := text[i]
	if c < utf8.RuneSelf {
		if c == ' ' || '\t' <= c && c <= '\r' {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(text[i:]); unicode.IsSpace(r) {
		return n
	}
	return 0
}

// lineEnd finds where the line that holds i ends, and where the next begins.
// Lines end with LF, CR or CR LF.
func lineEnd(text string, i, end int) (eol, next int) {
	const window = 128 // most lines are shorter; a text of nothing but CR is not searched again and again
	for ; i < end; i += window {
		part := text[i:min(i+window, end)]
		lf := strings.IndexByte(part, '\n')
		if lf >= 0 {
			part = part[:lf]
		}
		cr := strings.IndexByte(part, '\r')
		switch {
		case cr >= 0 && i+cr+1 < end && text[i+cr+1] == '\n':
			return i + cr, i + cr + 2
		case cr >= 0:
			return i + cr, i + cr + 1
		case lf >= 0:
			return i + lf, i + lf + 1
		}
	}
	return end, end
}

// skipBlanks gives the first offset from i on that is no blank of the line.
func skipBlanks(text string, i, end int) int {
	for i < end && text[i] != '\n' && text[i] != '\r' {
		n := blank(text, i)
		if n == 0 {
			break
		}
		i += n
	}
	return min(i, end)
}

// trim takes the blanks off both ends of a span.
func trim(text string, s corpus.Span) corpus.Span {
	for s.Start < s.End {
		n := blank(text, s.Start)
		if n == 0 {
			break
		}
		s.Start += n
	}
	for s.End > s.Start {
		r, n := utf8.DecodeLastRuneInString(text[s.Start:s.End])
		if !unicode.IsSpace(r) {
			break
		}
		s.End -= n
	}
	s.End = max(s.End, s.Start)
	return s
}

// minRule is how many signs make a rule: "___" alone is a removed name.
const minRule = 8

// rule gives the end of the line of signs (underscores as a rule) at i, where
// nothing else stands on the line, or 0.
func rule(text string, i, end int) int {
	if i >= end {
		return 0
	}
	c := text[i]
	if c != '_' && c != '=' && c != '-' && c != '*' {
		return 0
	}
	j := i
	for j < end && text[j] == c {
		j++
	}
	if j-i < minRule {
		return 0
	}
	if k := skipBlanks(text, j, end); k < end && text[k] != '\n' && text[k] != '\r' {
		return 0
	}
	return j
}

func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isLetter(c byte) bool { return isUpper(c) || isLower(c) }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func lower(c byte) byte {
	if isUpper(c) {
		return c + 'a' - 'A'
	}
	return c
}
