package labeler_test

import (
	"fmt"
	"log"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

func Example() {
	l, err := labeler.New(labeler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	text := "FINDINGS: Clear lungs.\nIMPRESSION: No pneumothorax. Possible small effusion."
	result := l.Label(corpus.Report{ID: "1", Text: text})
	for _, label := range result.Labels {
		for _, e := range label.Evidence {
			fmt.Printf("%s: %s, for %q in %q\n", label.Observation, label.Assertion, e.Mention.In(text), e.Sentence.In(text))
		}
	}
	// Output:
	// Pneumothorax: negative, for "pneumothorax" in "No pneumothorax."
	// Pleural Effusion: uncertain, for "effusion" in "Possible small effusion."
}
