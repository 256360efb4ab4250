package output

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

func names(t *testing.T, folder string) (names []string) {
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFileAppearsWhole(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "x.csv")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o644))

	f, err := Create(name)
	require.NoError(t, err)
	defer f.Abort()
	_, err = f.Write([]byte("new"))
	require.NoError(t, err)
	b, _ := os.ReadFile(name)
	assert.Equal(t, "old", string(b), "the old file stays until Commit")

	require.NoError(t, f.Commit())
	b, _ = os.ReadFile(name)
	assert.Equal(t, "new", string(b))
	assert.Equal(t, []string{"x.csv"}, names(t, folder))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	f, err := Create(filepath.Join(folder, "x.csv"))
	require.NoError(t, err)
	_, err = f.Write([]byte("half"))
	require.NoError(t, err)
	assert.NotEmpty(t, names(t, folder))
	f.Abort()
	assert.Empty(t, names(t, folder))
}

func TestCreateFollowsLinks(t *testing.T) {
	folder := t.TempDir()
	target, link := filepath.Join(folder, "x.csv"), filepath.Join(folder, "link.csv")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	f, err := Create(link)
	require.NoError(t, err)
	_, err = f.Write([]byte("new"))
	require.NoError(t, err)
	require.NoError(t, f.Commit())
	b, _ := os.ReadFile(target)
	assert.Equal(t, "new", string(b))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&fs.ModeSymlink, "the link is still a link")
}

// A link to a file that does not exist yet keeps pointing to it too.
func TestCreateFollowsDanglingLinks(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "there"), 0o700))
	for link, target := range map[string]string{
		"a.csv": "b.csv", "b.csv": filepath.Join("there", "c.csv"), filepath.Join("there", "c.csv"): filepath.Join("..", "x.csv"),
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	f, err := Create(filepath.Join(folder, "a.csv"))
	require.NoError(t, err)
	_, err = f.Write([]byte("new"))
	require.NoError(t, err)
	require.NoError(t, f.Commit())
	info, err := os.Lstat(filepath.Join(folder, "x.csv"))
	require.NoError(t, err)
	assert.True(t, info.Mode().IsRegular())
	for _, link := range []string{"a.csv", "b.csv", filepath.Join("there", "c.csv")} {
		info, err := os.Lstat(filepath.Join(folder, link))
		require.NoError(t, err)
		assert.NotZero(t, info.Mode()&fs.ModeSymlink, link)
		b, _ := os.ReadFile(filepath.Join(folder, link))
		assert.Equal(t, "new", string(b), link)
	}

	require.NoError(t, os.Symlink("round.csv", filepath.Join(folder, "round.csv")))
	_, err = Create(filepath.Join(folder, "round.csv"))
	assert.ErrorContains(t, err, "round.csv: not written: ")
}

func TestCreateErrors(t *testing.T) {
	folder := t.TempDir()
	_, err := Create(folder)
	assert.ErrorContains(t, err, "is a folder; name a file in it")
	_, err = Create(filepath.Join(folder, "none", "x.csv"))
	assert.ErrorContains(t, err, "none does not exist; create it first")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "f"), nil, 0o600))
	_, err = Create(filepath.Join(folder, "f", "x.csv"))
	assert.ErrorContains(t, err, "not written: not a directory")
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("needs /dev/full")
	}
	f, err := Create("/dev/full")
	require.NoError(t, err)
	defer f.Abort()
	_, err = f.Write([]byte(strings.Repeat("x", 1<<16)))
	assert.EqualError(t, err, "/dev/full: not written: no space left on device; free some space, or write elsewhere")
	_, err = os.Stat("/dev/full")
	assert.NoError(t, err, "a device is never replaced")

	// Enough rows for Parquet to write before it is closed.
	w, err := New(f, Format{Kind: "parquet"}, Default, Header{})
	require.NoError(t, err)
	for n := 0; err == nil && n < 3*rowGroup; n++ {
		err = w.Write(labeler.Result{Report: corpus.Report{ID: strconv.Itoa(n)}})
	}
	const full = "/dev/full: not written: no space left on device; free some space, or write elsewhere"
	assert.EqualError(t, err, full)
	assert.EqualError(t, w.Close(), full)
}

// The folder goes away before the rename.
func TestCommitErrorNamesTheFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "d")
	require.NoError(t, os.Mkdir(folder, 0o700))
	name := filepath.Join(folder, "x.csv")
	f, err := Create(name)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(folder))
	err = f.Commit()
	assert.ErrorContains(t, err, name+": not written: no such file or directory")
	assert.NotContains(t, err.Error(), ".tmp")
}
