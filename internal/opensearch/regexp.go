package opensearch

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// luceneRegexp writes a regular expression of Go's, of a word in small letters, as
// OpenSearch reads them, with none of the operators that it has beyond the usual.
func luceneRegexp(pattern string) (string, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase)
	if err == nil {
		var b strings.Builder
		if err = writeRegexp(&b, tree); err == nil {
			return b.String(), nil
		}
	}
	return "", fmt.Errorf("the regular expression /%s/ cannot be used: %w", pattern, err)
}

func writeRegexp(b *strings.Builder, r *syntax.Regexp) error {
	switch r.Op {
	case syntax.OpEmptyMatch:
		b.WriteString("()")
	case syntax.OpLiteral:
		for _, c := range r.Rune {
			writeRune(b, unicode.ToLower(c))
		}
	case syntax.OpCharClass:
		if len(r.Rune) == 0 {
			return fmt.Errorf("%s is no character", r)
		}
		writeClass(b, r.Rune)
	case syntax.OpAnyCharNotNL, syntax.OpAnyChar:
		b.WriteByte('.')
	case syntax.OpCapture:
		return writeRegexp(b, r.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return writeRepeat(b, r)
	case syntax.OpConcat:
		return writeAll(b, r.Sub, "")
	case syntax.OpAlternate:
		return writeAll(b, r.Sub, "|")
	default:
		return fmt.Errorf("%s is not of a word", r)
	}
	return nil
}

// writeAll writes expressions with a sign between them; without one, alternatives
// stand in parentheses.
func writeAll(b *strings.Builder, all []*syntax.Regexp, between string) error {
	for i, r := range all {
		if i > 0 {
			b.WriteString(between)
		}
		if err := writeGroup(b, r, between == "" && uncaptured(r).Op == syntax.OpAlternate); err != nil {
			return err
		}
	}
	return nil
}

func uncaptured(r *syntax.Regexp) *syntax.Regexp {
	for r.Op == syntax.OpCapture {
		r = r.Sub[0]
	}
	return r
}

func writeGroup(b *strings.Builder, r *syntax.Regexp, parentheses bool) error {
	if !parentheses {
		return writeRegexp(b, r)
	}
	b.WriteByte('(')
	err := writeRegexp(b, r)
	b.WriteByte(')')
	return err
}

func writeRepeat(b *strings.Builder, r *syntax.Regexp) error {
	if r.Flags&syntax.NonGreedy != 0 {
		return fmt.Errorf("%s is not of a whole word", r)
	}
	of := uncaptured(r.Sub[0])
	single := of.Op == syntax.OpLiteral && len(of.Rune) == 1 || of.Op == syntax.OpCharClass || of.Op == syntax.OpAnyCharNotNL
	if err := writeGroup(b, of, !single); err != nil {
		return err
	}
	switch {
	case r.Op == syntax.OpStar:
		b.WriteByte('*')
	case r.Op == syntax.OpPlus:
		b.WriteByte('+')
	case r.Op == syntax.OpQuest:
		b.WriteByte('?')
	case r.Max < 0:
		fmt.Fprintf(b, "{%d,}", r.Min)
	default:
		fmt.Fprintf(b, "{%d,%d}", r.Min, r.Max)
	}
	return nil
}

// writeClass writes a class of characters: pairs of the first and the last.
func writeClass(b *strings.Builder, ranges []rune) {
	b.WriteByte('[')
	for i := 0; i+1 < len(ranges); i += 2 {
		writeRune(b, ranges[i])
		if ranges[i+1] > ranges[i] {
			b.WriteByte('-')
			writeRune(b, ranges[i+1])
		}
	}
	b.WriteByte(']')
}

// writeRune writes a character that stands for itself.
func writeRune(b *strings.Builder, c rune) {
	if c < utf8.RuneSelf && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
		b.WriteByte('\\')
	}
	b.WriteRune(c)
}
