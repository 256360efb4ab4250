package gold

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// decodeLabel reads a label as corpus.DecodeLabel does. Of a probability, which
// programs that look at images give, the error says what to do.
func decodeLabel(s string) (corpus.Assertion, error) {
	a, err := corpus.DecodeLabel(s)
	if err == nil {
		return a, nil
	}
	s = strings.TrimSpace(s)
	if v, broken := strconv.ParseFloat(s, 64); broken == nil && 0 < v && v < 1 {
		err = notThresholded(s)
	}
	return a, err
}

func notThresholded(s string) error {
	return fmt.Errorf("%s is a probability, no label; choose a threshold and write 1 from there on, 0 below", quotedID(s))
}
