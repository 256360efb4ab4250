package labeler

import (
	"fmt"
	"strings"
)

// ParseCompat reads conventions joined by commas: chexpert (all of them),
// aggregation, no-finding, none.
func ParseCompat(s string) (Compat, error) {
	var c Compat
	for name := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(name) {
		case "none", "":
		case "chexpert":
			c = Compat{Aggregation: true, NoFinding: true}
		case "aggregation":
			c.Aggregation = true
		case "no-finding":
			c.NoFinding = true
		default:
			return c, fmt.Errorf("%q is not known; use chexpert, aggregation, no-finding or none", name)
		}
	}
	return c, nil
}

// Names gives the conventions that are on, as ParseCompat reads them.
func (c Compat) Names() (names []string) {
	if c.Aggregation {
		names = append(names, "aggregation")
	}
	if c.NoFinding {
		names = append(names, "no-finding")
	}
	return names
}
