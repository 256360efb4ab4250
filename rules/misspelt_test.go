package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMisspelt(t *testing.T) {
	s := oneRule("pneumothorax")
	s.Classes = append(s.Classes, Class{Name: "misspelt", Words: []Phrase{{Text: "pneumothorax"}}})
	m, err := s.Compile()
	require.NoError(t, err)
	for _, tt := range []struct {
		word  string
		found bool
	}{
		{"pneumothorax", true},
		{"pnuemothorax", true},   // swapped
		{"pneumothoax", true},    // missing
		{"pneumotthorax", true},  // doubled
		{"pneumothorux", true},   // wrong
		{"Pneumothorx", true},    //
		{"neumothorax", false},   // the first letter
		{"pnuemothoraks", false}, // two
		{"thorax", false},
		{"pneumo", false},
	} {
		assert.Equal(t, tt.found, len(m.Match(nil, tokenizer.Tokens(nil, "a "+tt.word))) == 1, tt.word)
	}

	s.Classes = s.Classes[:len(s.Classes)-1]
	m, err = s.Compile()
	require.NoError(t, err)
	assert.Empty(t, m.Match(nil, tokenizer.Tokens(nil, "a pnuemothorax")), "without the class")
}
