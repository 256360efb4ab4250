package labeler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The cache never holds more than its bound, and gives back what was put last.
func TestCacheIsBounded(t *testing.T) {
	const size = 1 << 10
	c := newCache(size)
	for i := range 50 * size {
		sentence := fmt.Sprint("Sentence ", i)
		c.put(c.key(sentence), []finding{{rule: i}})
		found, ok := c.get(c.key(sentence))
		assert.True(t, ok)
		assert.Equal(t, i, found[0].rule)
	}
	held := 0
	for i := range c.shards {
		held += len(c.shards[i].young) + len(c.shards[i].old)
	}
	assert.LessOrEqual(t, held, size)
	assert.Greater(t, held, size/4)

	long := strings.Repeat("x", longestRemembered+1)
	c.put(c.key(long), nil)
	_, ok := c.get(c.key(long))
	assert.False(t, ok, "a sentence too long to remember")
}

func TestNoCache(t *testing.T) {
	c := newCache(-1)
	c.put(c.key("No effusion."), nil)
	_, ok := c.get(c.key("No effusion."))
	assert.False(t, ok)
}

func TestLateCache(t *testing.T) {
	c := newLateCache(0)
	for i := range 3 {
		_, ok := c.get(c.key("No effusion."))
		assert.Equal(t, i == 2, ok)
		c.put(c.key("No effusion."), nil)
	}
}
