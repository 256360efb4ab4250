package obtain

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReadSums: a list gives a checksum, whole, for the names asked for alone.
func FuzzReadSums(f *testing.F) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, list := range []string{"", sum + "  a\n", "\ufeff" + strings.ToUpper(sum) + " *./a\r\n\n" + sum + "  b\n", "x  a\n", sum} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		sums, err := ReadSums(strings.NewReader(list), []string{"a", "b/c"})
		if err != nil {
			return
		}
		for name, sum := range sums {
			require.Contains(t, []string{"a", "b/c"}, name)
			require.Regexp(t, "^[0-9a-f]{64}$", sum)
		}
	})
}
