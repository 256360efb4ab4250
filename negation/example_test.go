package negation_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// Cues and scopes of a sentence, and the assertion of any span of it.
func Example() {
	set, err := rules.Embedded("chexpert")
	if err != nil {
		log.Fatal(err)
	}
	matcher, err := set.Compile()
	if err != nil {
		log.Fatal(err)
	}
	engine, err := negation.New(set, matcher)
	if err != nil {
		log.Fatal(err)
	}

	text := "No wheeze, but a rash is possible."
	sentence := engine.Read(text)
	for _, cue := range engine.Cues(sentence, nil) {
		scope := sentence.Span(cue.ScopeStart, cue.ScopeEnd)
		fmt.Printf("%s: %q\n", set.Cues[cue.Index].ID, scope.In(text))
	}

	start := strings.Index(text, "rash")
	rash, _ := sentence.Mention(corpus.Span{Start: start, End: start + len("rash")})
	fmt.Println("rash:", engine.Classify(sentence, []negation.Mention{rash})[0].Assertion)
	// Output:
	// negation.no: "wheeze"
	// hedge.possible: "a rash"
	// rash: uncertain
}
