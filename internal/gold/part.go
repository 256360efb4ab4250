package gold

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// Part is one of several parts of about equal size that ids fall into, whatever
// file they come in: rules are written with one part in sight and measured on
// another. The zero value is the whole.
type Part struct{ Index, Of int } // Index from 1

// ParsePart reads "1/2": the first of two parts.
func ParsePart(s string) (Part, error) {
	var p Part
	if n, err := fmt.Sscanf(s, "%d/%d", &p.Index, &p.Of); n != 2 || err != nil || s != p.String() || p.Index < 1 || p.Index > p.Of {
		return Part{}, fmt.Errorf("part %q: want I/N, such as 1/2 for the first of two", s)
	}
	return p, nil
}

// String gives the part as ParsePart reads it.
func (p Part) String() string { return fmt.Sprintf("%d/%d", p.Index, p.Of) }

// Has reports whether an id falls into the part: by its 64-bit FNV-1a hash,
// modulo the number of parts.
func (p Part) Has(id string) bool {
	if p.Of == 0 {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(id)) //nolint:errcheck // a hash takes all
	return h.Sum64()%uint64(p.Of) == uint64(p.Index-1)
}

// Part keeps the rows that fall into a part. Sentences go with their report.
func (s *Sheet) Part(p Part) *Sheet {
	all := slices.DeleteFunc(slices.Clone(s.All), func(r Row) bool {
		id := r.ID
		if s.Sentences {
			id = reportOfSentence(id)
		}
		return !p.Has(id)
	})
	return &Sheet{Source: s.Source, All: all}
}

// reportOfSentence gives the report of a row with an id REPORT:N.
func reportOfSentence(id string) string { return id[:max(0, strings.LastIndexByte(id, ':'))] }
