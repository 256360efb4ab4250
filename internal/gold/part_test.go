package gold

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParsePart(t *testing.T) {
	p, err := ParsePart("2/3")
	require.NoError(t, err)
	require.Equal(t, Part{2, 3}, p)
	for _, wrong := range []string{"", "1", "0/2", "3/2", "-1/2", "1/0", "1/2/3", " 1/2", "01/2", "one/two"} {
		_, err := ParsePart(wrong)
		require.ErrorContains(t, err, "want I/N", wrong)
	}
}

func TestPartsAreApartAndWhole(t *testing.T) {
	require.True(t, Part{}.Has("a"))
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "id")
		n := rapid.IntRange(1, 9).Draw(t, "n")
		in := 0
		for i := 1; i <= n; i++ {
			if (Part{i, n}).Has(id) {
				in++
			}
		}
		require.Equal(t, 1, in)
	})
	sizes := map[bool]int{}
	for i := range 1000 {
		sizes[Part{1, 2}.Has(fmt.Sprintf("s%d", 50000000+i))]++
	}
	require.InDelta(t, 500, sizes[true], 60)
}

func TestSentencesFallWithTheirReport(t *testing.T) {
	s := &Sheet{Source: &Source{Sentences: true}}
	for i := range 100 {
		s.All = append(s.All, Row{ID: fmt.Sprintf("r%d:0", i)}, Row{ID: fmt.Sprintf("r%d:1", i)})
	}
	part := s.Part(Part{1, 2})
	require.NotEmpty(t, part.All)
	for i := 0; i < len(part.All); i += 2 {
		require.Equal(t, reportOfSentence(part.All[i].ID), reportOfSentence(part.All[i+1].ID))
	}
	require.Len(t, s.All, 200)
}
