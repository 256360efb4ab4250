package sha256sums

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for line, path := range map[string]string{
		sum + "  a.csv":                      "a.csv",
		sum + " *a b.csv\r":                  "a b.csv",
		strings.ToUpper(sum) + " ./files/x ": "files/x ",
		"\ufeff" + sum + "  a":               "a",
	} {
		gotSum, gotPath, err := Parse(line)
		assert.NoError(t, err, line)
		assert.Equal(t, sum, gotSum, line)
		assert.Equal(t, path, gotPath, line)
	}
	for _, line := range []string{"", "  ", "\r"} {
		gotSum, gotPath, err := Parse(line)
		assert.NoError(t, err)
		assert.Empty(t, gotSum+gotPath)
	}
	for _, line := range []string{sum, sum + " ", sum[2:] + "  a", sum + "0a  a", "x" + sum[1:] + "  a", "a.csv  " + sum} {
		_, _, err := Parse(line)
		assert.Error(t, err, line)
	}
}
