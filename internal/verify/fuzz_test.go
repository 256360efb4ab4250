package verify

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseSum: no line of a list of checksums leads out of the folder of the list.
func FuzzParseSum(f *testing.F) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, line := range []string{"", "\ufeff" + sum + "  a.csv", sum + " *b/c.csv", sum + "  ../d", sum + "  /e", sum + "  b/../../f", "x  g", sum} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, ok := parseSum(line)
		if !ok || s.wrong != "" {
			return
		}
		require.Len(t, s.want, 64)
		require.True(t, filepath.IsLocal(s.name), s.name)
	})
}
