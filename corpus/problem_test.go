package corpus

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProblems(t *testing.T) {
	a, b, c := &Problem{What: "a"}, &Problem{What: "b"}, &Problem{What: "c"}
	assert.Empty(t, Problems(nil))
	assert.Empty(t, Problems(io.EOF))
	assert.Equal(t, []*Problem{a}, Problems(a))
	assert.Equal(t, []*Problem{a}, Problems(fmt.Errorf("of a file: %w", a)))
	assert.Equal(t, []*Problem{a, b, c}, Problems(errors.Join(a, io.EOF, errors.Join(b, fmt.Errorf("again: %w", c)))))
}
