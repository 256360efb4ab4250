package columns

import (
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/assert"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 227835: "227,835", 1000000: "1,000,000"} {
		assert.Equal(t, want, Thousands(n))
	}
	assert.Equal(t, "1 row", Count(1, "row"))
	assert.Equal(t, "2,000 rows", Count(2000, "row"))
}

func TestTable(t *testing.T) {
	c := New("rule", Right("labels"))
	c.AppendRow(table.Row{"a.long-one", "7"})
	c.AppendRow(table.Row{"b", "1,000"})
	assert.Equal(t, "rule        labels\na.long-one       7\nb            1,000", c.Render())
}
