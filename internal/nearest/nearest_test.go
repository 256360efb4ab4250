package nearest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestName(t *testing.T) {
	names := []string{"section", "exceptions", "rules", "ruleset"}
	for name, want := range map[string]string{
		"sections": "section", "sektion": "section", "rule": "rules", "rulset": "ruleset", "exeptions": "exceptions",
		"lures": "rules", "x": "", "output": "", "": "",
	} {
		assert.Equal(t, want, Name(name, names), name)
	}
	assert.Equal(t, "ab", Name("a", []string{"ab", "ac"}), "the first of equally near ones")
	assert.Empty(t, Name("rules", nil))
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b       string
		most, want int
	}{
		{"", "", 0, 0},
		{"abc", "abc", 0, 0},
		{"abc", "abd", 0, 1},
		{"abc", "ab", 2, 1},
		{"abc", "abcd", 2, 1},
		{"abc", "bac", 2, 1},
		{"ab", "bca", 3, 3}, // swapped letters are not edited again
		{"impression", "depression", 2, 2},
		{"abcdef", "ghijkl", 2, 3},
		{"a", "abcdef", 2, 3},
	} {
		assert.Equal(t, test.want, Distance(test.a, test.b, test.most), "%s %s", test.a, test.b)
	}
}

// plain is Distance by its definition.
func plain(a, b string) int {
	switch {
	case a == "":
		return len(b)
	case b == "":
		return len(a)
	}
	d := 1 + min(plain(a[1:], b), plain(a, b[1:]), plain(a[1:], b[1:]))
	if a[0] == b[0] {
		d = min(d, plain(a[1:], b[1:]))
	}
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		d = min(d, 1+plain(a[2:], b[2:]))
	}
	return d
}

func TestDistanceEqualsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringMatching(`[abc]{0,6}`).Draw(t, "a")
		b := rapid.StringMatching(`[abc]{0,6}`).Draw(t, "b")
		most := rapid.IntRange(0, 7).Draw(t, "most")
		want := min(plain(a, b), most+1)
		if got := Distance(a, b, most); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		// Equal beginnings change nothing, and take it to long names.
		long := string(make([]byte, short))
		if got := Distance(long+a, long+b, most); got != want {
			t.Fatalf("long: got %d, want %d", got, want)
		}
	})
}

func TestDistanceAllocatesNothing(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { Distance("impression", "imperssion", 2) }))
}
