package obtain

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A disk that is full in earnest. What fits is kept, and goes on when there is
// room.
func TestFullFileSystem(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	f := newFixture(t, s.URL)
	if err := syscall.Mount("none", f.dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no small file system to fill, which needs root: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(f.dir, 0)) })
	err := f.Get(t.Context(), "x")
	assert.ErrorContains(t, err, "x: not written: no space left on device; free some space")
	assert.Contains(t, f.names(t), "x.part")

	require.NoError(t, syscall.Mount("none", f.dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, content, f.file(t, "x"))
	assert.NotEmpty(t, s.seen[1].Get("Range"))
}
