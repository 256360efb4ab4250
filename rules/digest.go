package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// digest is the sha256 of everything that can change a label. Docs, examples,
// places, comments, formatting and the order of files do not count; nor do the
// names of unlabelled observations, since their rules do.
func (s *Set) digest() string {
	c := Set{
		Name: s.Name, Observations: s.Observations, Policy: s.Policy, Derived: s.Derived,
		Rules: slices.Clone(s.Rules), Cues: slices.Clone(s.Cues),
		Classes: slices.Clone(s.Classes), Sections: slices.Clone(s.Sections),
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		r.Doc, r.Examples, r.Pos = "", nil, Pos{}
		r.Phrases, r.Unless = plainPhrases(r.Phrases), plainPhrases(r.Unless)
	}
	for i := range c.Cues {
		r := &c.Cues[i]
		r.Doc, r.Examples, r.Pos = "", nil, Pos{}
		r.Phrases, r.Unless = plainPhrases(r.Phrases), plainPhrases(r.Unless)
	}
	for i := range c.Classes {
		r := &c.Classes[i]
		r.Doc, r.Pos = "", Pos{}
		r.Words = plainPhrases(r.Words)
	}
	for i := range c.Sections {
		c.Sections[i].Doc = ""
	}
	slices.SortStableFunc(c.Rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(c.Cues, func(a, b Cue) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Classes, func(a, b Class) int { return cmp.Compare(a.Name, b.Name) })
	// Sections keep their order: the first whose header fits wins.
	hash := sha256.New()
	if err := json.NewEncoder(hash).Encode(c); err != nil {
		return "" // texts and numbers alone: they can be encoded
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func plainPhrases(all []Phrase) []Phrase {
	var plain []Phrase
	for _, p := range all {
		plain = append(plain, Phrase{Text: strings.Join(strings.Fields(p.Text), " ")})
	}
	return plain
}
