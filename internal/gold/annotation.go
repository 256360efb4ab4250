package gold

import (
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// assertionWords are what annotation schemes call the assertions.
var assertionWords = map[string]corpus.Assertion{
	"positive": corpus.Positive, "present": corpus.Positive, "affirmed": corpus.Positive,
	"negative": corpus.Negative, "negated": corpus.Negative, "absent": corpus.Negative,
	"uncertain": corpus.Uncertain, "possible": corpus.Uncertain, "hedged": corpus.Uncertain,
	"speculated": corpus.Uncertain, "speculative": corpus.Uncertain,
	"unmentioned": corpus.Unmentioned,
}

// assertionOf gives the assertion of a word of an annotation scheme.
func assertionOf(word string) (corpus.Assertion, bool) {
	a, ok := assertionWords[strings.ToLower(strings.TrimSpace(word))]
	return a, ok
}
