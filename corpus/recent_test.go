package corpus

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A hash is new if it is not among those that came last, as a plain list says.
func TestRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 2000).Draw(t, "most")
		r := recent{most: most}
		last := make(map[uint64]int) // when it came last, counted in new ones
		added := 0
		for _, hash := range rapid.SliceOfN(rapid.Uint64Range(0, 4000), 0, 6000).Draw(t, "hashes") {
			isNew := r.add(hash)
			if hash == 0 {
				hash = 1
			}
			at, came := last[hash]
			switch {
			case !came:
				require.True(t, isNew)
			case added-at < most:
				require.False(t, isNew)
			}
			added++
			last[hash] = added
			require.LessOrEqual(t, r.young.n, most)
			require.LessOrEqual(t, 4*r.young.n, 3*max(1, len(r.young.slots)))
		}
	})
}

func TestRecentIsBounded(t *testing.T) {
	const spread = 0x9e3779b97f4a7c15
	var r recent
	last := uint64(3*Recent - 1)
	for i := range uint64(3 * Recent) {
		require.True(t, r.add(spread*i+1))
	}
	require.LessOrEqual(t, 8*(len(r.young.slots)+len(r.old.slots)), 64<<20)
	require.False(t, r.add(spread*last+1))
}
