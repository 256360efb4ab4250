package index

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/labeler"
)

// A disk that is full is told as such, wherever it happens, and the index before
// stays.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	if os.Geteuid() != 0 {
		t.Skip("a small file system cannot be mounted here")
	}
	all := madeUp(rand.New(rand.NewPCG(1, 1)), 400)
	quick := WriteOptions{Labeler: labeler.Options{Rules: chexpert()}}
	failed := 0
	for _, size := range []int{120, 160, 200, 260, 340, 440, 600} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", size)); err != nil {
			t.Skip("a small file system cannot be mounted here:", err)
		}
		func() {
			defer syscall.Unmount(dir, syscall.MNT_DETACH)
			index := filepath.Join(dir, "index")
			if _, err := Write(context.Background(), index, stream(all[:5]), quick); err != nil {
				require.ErrorContains(t, err, "no space left on device", "%d KiB", size)
				return
			}
			_, err := Write(context.Background(), index, stream(all), quick)
			x, openErr := Open(context.Background(), index)
			require.NoError(t, openErr)
			defer x.Close()
			if err == nil {
				require.Equal(t, len(all), x.Reports())
				return
			}
			failed++
			require.ErrorContains(t, err, "no space left on device", "%d KiB", size)
			require.Equal(t, 5, x.Reports())
			entries, err := os.ReadDir(index)
			require.NoError(t, err)
			require.Len(t, entries, 3)
		}()
	}
	require.Positive(t, failed)
}

// A file that may not be read is no damage: to write the index again would lose it.
func TestForbiddenFile(t *testing.T) {
	dir := t.TempDir()
	x := written(t, dir, madeUp(rand.New(rand.NewPCG(1, 1)), 5), WriteOptions{})
	path := filepath.Join(x.path, textsName)
	require.NoError(t, os.Chmod(path, 0))
	if f, err := os.Open(path); err == nil {
		f.Close()
		t.Skip("this user may read everything")
	}
	_, err := Open(context.Background(), dir)
	require.ErrorIs(t, err, fs.ErrPermission)
	var damage *DamageError
	require.False(t, errors.As(err, &damage))
}
