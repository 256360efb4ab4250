package rules

import (
	"errors"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// ParseExample takes the mark out of an example: "No <effusion>." gives
// "No effusion." with the span of "effusion" in it. Without a mark ok is
// false. A mark that is not closed, empty, or not the only one is an error.
func ParseExample(text string) (plain string, mark corpus.Span, ok bool, err error) {
	before, rest, open := strings.Cut(text, "<")
	if strings.Contains(before, ">") {
		return text, corpus.Span{}, false, errors.New(`example has ">" before "<"; a mention is marked <...>`)
	}
	if !open {
		return text, corpus.Span{}, false, nil
	}
	marked, after, closed := strings.Cut(rest, ">")
	switch {
	case !closed:
		return text, corpus.Span{}, false, errors.New(`example has "<" without ">"; a mention is marked <...>`)
	case strings.ContainsAny(after, "<>") || strings.Contains(marked, "<"):
		return text, corpus.Span{}, false, errors.New("example marks more than one mention; mark one, and write another example for the other")
	case strings.TrimSpace(marked) == "":
		return text, corpus.Span{}, false, errors.New("example marks nothing; a mention is marked <...>")
	}
	return before + marked + after, corpus.Span{Start: len(before), End: len(before) + len(marked)}, true, nil
}
