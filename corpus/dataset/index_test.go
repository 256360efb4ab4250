package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// In whatever order keys come, each has the number of its first time.
func TestIndexIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x Index
		want := map[uint64]int32{}
		for _, key := range rapid.SliceOf(rapid.Uint64Range(0, 20)).Draw(t, "keys") {
			n, known := want[key]
			if !known {
				n = int32(len(want))
				require.Equal(t, int32(-1), x.Find(key))
				want[key] = n
			}
			got, isNew := x.Number(key)
			require.Equal(t, n, got)
			require.Equal(t, !known, isNew)
			require.Equal(t, n, x.Find(key))
		}
		require.Equal(t, len(want), x.Len())
	})
}
