package rules

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/radlabel/radlabel/internal/nearest"
	"github.com/radlabel/radlabel/internal/segment"
)

// misspeltClass names the class of the words that are also found with one
// letter wrong, missing, doubled or swapped with its neighbour. They are long
// terms that no other word is near to; cues are matched as they are written.
const misspeltClass = "misspelt"

// The shortest token that may be a misspelling. Shorter words have neighbours
// of another meaning ("plural", "mess").
const shortestMisspelt = 7

// misspellings finds the words of the class by their first letter, which
// dictation and typing rarely get wrong.
type misspellings map[byte][]knownWord

type knownWord struct {
	text string
	id   ID
}

func (m *Matcher) misspellings() misspellings {
	c, ok := m.classes[misspeltClass]
	if !ok {
		return nil
	}
	found := make(misspellings)
	for _, text := range slices.Sorted(maps.Keys(m.ids)) {
		if id := m.ids[text]; text != "" && m.single[id]&(1<<c) != 0 {
			found[text[0]] = append(found[text[0]], knownWord{text, id})
		}
	}
	return found
}

// meant gives the word that an unknown token misspells.
func (ms misspellings) meant(t segment.Token) (ID, bool) {
	if ms == nil || t.Kind != segment.Word || utf8.RuneCountInString(t.Norm) < shortestMisspelt {
		return 0, false
	}
	for _, known := range ms[t.Norm[0]] {
		if nearest.Distance(t.Norm, known.text, 1) == 1 {
			return known.id, true
		}
	}
	return 0, false
}
