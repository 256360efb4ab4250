package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// resumableNames are one of every form.
var resumableNames = []string{"x.csv", "x.jsonl", "x.csv.gz", "x.csv.zst", "x.jsonl.gz", "x.jsonl.zst", "x.parquet"}

func resumableOptions(t require.TestingT, name string, layout Layout) ResumableOptions {
	format, err := ParseName(name)
	require.NoError(t, err)
	return ResumableOptions{Format: format, Layout: layout, Header: header, Of: []Trait{{"the input", "a"}}, Every: 1}
}

// numbered is the ith of many results, with quotes and line ends in ids and texts.
func numbered(i int) labeler.Result {
	id := fmt.Sprintf("%d \"a\"\n, %d", i, i*i)
	return result(id, fmt.Sprint(i/3), fmt.Sprint(i), strings.Repeat("No \"effusion\".\n", i%5),
		corpus.Assertion(i%4), corpus.Assertion(i/4%4), corpus.Assertion(i/16%4))
}

func whole(t require.TestingT, name string, layout Layout, rows int) []byte {
	var b bytes.Buffer
	opts := resumableOptions(t, name, layout)
	w, err := New(&b, opts.Format, layout, opts.Header)
	require.NoError(t, err)
	for i := range rows {
		require.NoError(t, w.Write(numbered(i)))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// end stops as a process that is killed does: nothing is flushed or removed.
func (r *Resumable) end() {
	if r.part.saving != nil {
		<-r.part.saving
	}
	r.part.file.Close()
	if r.made != nil {
		r.made.Close()
	}
}

// A run that ends anywhere, any number of times, and goes on gives the bytes of
// one that nothing has ended.
func TestResumeGivesTheSameBytes(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(resumableNames).Draw(t, "name")
		layout := rapid.SampledFrom([]Layout{Default, CheXpert}).Draw(t, "layout")
		rows := rapid.IntRange(0, 4*packedRows).Draw(t, "rows")
		ends := rapid.SliceOfN(rapid.IntRange(0, rows), 0, 4).Draw(t, "ends")
		torn := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "torn")

		out := filepath.Join(folder, name)
		opts := resumableOptions(t, name, layout)
		r, err := Begin(out, opts)
		require.NoError(t, err)
		done := 0
		for _, end := range ends {
			for ; done < end; done++ {
				require.NoError(t, r.Write(numbered(done)))
				require.NoError(t, r.Save(func() any { return done + 1 }))
			}
			r.end()
			appendTo(t, out+".part", torn)
			if rapid.Bool().Draw(t, "power is lost") { // what the journal does not know of may be zeros; a disk may even lie
				from := rapid.Int64Range(0, sizeOf(t, out+".part")).Draw(t, "zeros from")
				require.NoError(t, os.Truncate(out+".part", from))
				appendTo(t, out+".part", make([]byte, len(torn)))
			}
			var state json.RawMessage
			r, state, err = Resume(out, opts)
			require.NoError(t, err)
			done = 0
			if state != nil {
				require.NoError(t, json.Unmarshal(state, &done))
			}
			require.Equal(t, done, r.Rows())
		}
		for ; done < rows; done++ {
			require.NoError(t, r.Write(numbered(done)))
		}
		require.NoError(t, r.Close())
		require.NoError(t, r.Commit())
		r.Abort()
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole(t, name, layout, rows), got), "the bytes differ")
		left, err := filepath.Glob(filepath.Join(folder, "*"))
		require.NoError(t, err)
		require.Equal(t, []string{out}, left, "nothing else is left")
		require.NoError(t, os.Remove(out))
	})
}

func sizeOf(t require.TestingT, name string) int64 {
	info, err := os.Stat(name)
	require.NoError(t, err)
	return info.Size()
}

func appendTo(t require.TestingT, name string, b []byte) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.Write(b)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// begunWith begins an output, and ends it with so many rows saved.
func begunWith(t *testing.T, out string, rows int) ResumableOptions {
	opts := resumableOptions(t, out, Default)
	r, err := Begin(out, opts)
	require.NoError(t, err)
	for i := range rows {
		require.NoError(t, r.Write(numbered(i)))
	}
	require.NoError(t, r.Save(func() any { return rows }))
	r.Abort()
	name, kept := r.Kept()
	assert.Equal(t, out+".part", name)
	assert.Equal(t, rows, kept)
	return opts
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.csv")
	opts := begunWith(t, out, 3)
	opts.Of = []Trait{{"the input", "b"}}
	_, _, err := Resume(out, opts)
	var other *OtherRun
	require.ErrorAs(t, err, &other)
	assert.EqualError(t, err, out+`.part is of another run: the input was "a", and is "b" now; give what it was, or leave out --resume to begin anew`)
	opts.Of = []Trait{{"the input", "a"}, {"another input", "c"}}
	_, _, err = Resume(out, opts)
	assert.ErrorContains(t, err, `another input was "", and is "c" now`)
	opts.Of = opts.Of[:1]
	r, _, err := Resume(out, opts)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Rows(), "what was refused is still there")
	r.Abort()
}

// Without a part, or with one that is not what its journal says, the output
// begins.
func TestResumeBegins(t *testing.T) {
	for what, damage := range map[string]func(out string) error{
		"no part":         func(out string) error { return os.Remove(out + ".part") },
		"no journal":      func(out string) error { return os.Remove(out + ".part.json") },
		"a torn journal":  func(out string) error { return os.Truncate(out+".part.json", 20) },
		"a shorter part":  func(out string) error { return os.Truncate(out+".part", 20) },
		"a changed part":  func(out string) error { return os.WriteFile(out+".part", make([]byte, 1000), 0o600) },
		"a folder's part": func(out string) error { return os.RemoveAll(filepath.Dir(out) + "/x.csv.part.json") },
	} {
		t.Run(what, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "x.csv")
			opts := begunWith(t, out, 3)
			require.NoError(t, damage(out))
			r, state, err := Resume(out, opts)
			require.NoError(t, err)
			assert.Nil(t, state)
			assert.Zero(t, r.Rows())
			require.NoError(t, r.Close())
			require.NoError(t, r.Commit())
			got, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, string(whole(t, "x.csv", Default, 0)), string(got))
		})
	}
}

func TestPartIsOfOneRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are not locked there")
	}
	out := filepath.Join(t.TempDir(), "x.csv")
	opts := resumableOptions(t, out, Default)
	r, err := Begin(out, opts)
	require.NoError(t, err)
	_, err = Begin(out, opts)
	assert.EqualError(t, err, out+".part: another run is writing it; wait for it, or write elsewhere")
	r.Abort()
	r, err = Begin(out, opts)
	require.NoError(t, err)
	r.Abort()
	assert.Empty(t, names(t, filepath.Dir(out)))
}

func TestPartModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permissions there")
	}
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(name)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	for _, name := range []string{"x.csv", "x.parquet"} {
		out := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(out+".part", nil, 0o644), "of another time")
		opts := begunWith(t, out, 3)
		assert.Equal(t, fs.FileMode(0o600), mode(out+".part"))
		assert.Equal(t, fs.FileMode(0o600), mode(out+".part.json"))
		opts.Mode = 0o640
		r, _, err := Resume(out, opts)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.NoError(t, r.Commit())
		assert.Equal(t, fs.FileMode(0o640), mode(out))
	}
}

// A link in the place of a part leads nowhere.
func TestPartIsNoLink(t *testing.T) {
	folder := t.TempDir()
	other := filepath.Join(folder, "other")
	require.NoError(t, os.WriteFile(other, []byte("kept"), 0o600))
	out := filepath.Join(folder, "x.csv")
	if err := os.Symlink(other, out+".part"); err != nil || noFollow == 0 {
		t.Skip("no symbolic links here:", err)
	}
	_, err := Begin(out, resumableOptions(t, out, Default))
	assert.ErrorContains(t, err, "not written")
	b, _ := os.ReadFile(other)
	assert.Equal(t, "kept", string(b))
}

// An output whose folder goes away while it is written is told of at the next
// save, and not at the end of a long run.
func TestVanishedFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders in use are not removed there")
	}
	out := filepath.Join(t.TempDir(), "gone", "x.csv")
	require.NoError(t, os.Mkdir(filepath.Dir(out), 0o700))
	r, err := Begin(out, resumableOptions(t, out, Default))
	require.NoError(t, err)
	defer r.Abort()
	require.NoError(t, os.RemoveAll(filepath.Dir(out)))
	deadline := time.Now().Add(10 * time.Second)
	for err == nil && time.Now().Before(deadline) {
		require.NoError(t, r.Write(numbered(0)))
		err = r.Save(func() any { return nil })
	}
	assert.EqualError(t, err, out+": not written: its .part is not there any more; check the path, or write elsewhere")
	assert.Error(t, r.Commit())
	r.Abort()
	_, rows := r.Kept()
	assert.Zero(t, rows)
}

// So is a part that is removed or replaced, and of what it had nothing is promised.
func TestVanishedPart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files in use are not removed there")
	}
	for name, vanish := range map[string]func(part string) error{
		"removed":  os.Remove,
		"replaced": func(part string) error { return errors.Join(os.Remove(part), os.WriteFile(part, nil, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "x.csv")
			r, err := Begin(out, resumableOptions(t, out, Default))
			require.NoError(t, err)
			require.NoError(t, vanish(out+".part"))
			deadline := time.Now().Add(10 * time.Second)
			for err == nil && time.Now().Before(deadline) {
				require.NoError(t, r.Write(numbered(0)))
				err = r.Save(func() any { return nil })
			}
			gone := out + ": not written: its .part is not there any more; check the path, or write elsewhere"
			assert.EqualError(t, err, gone)
			assert.EqualError(t, r.Commit(), gone)
			assert.NoFileExists(t, out)
			r.Abort()
			_, rows := r.Kept()
			assert.Zero(t, rows)
			assert.NoFileExists(t, out+".part.json")
		})
	}
}

// What cannot have its name is kept.
func TestUnnamedPart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.csv")
	r, err := Begin(out, resumableOptions(t, out, Default))
	require.NoError(t, err)
	for rows := 0; rows == 0; _, rows = r.Kept() {
		require.NoError(t, r.Write(numbered(0)))
		require.NoError(t, r.Save(func() any { return nil }))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(out, "in the way"), 0o700))
	require.NoError(t, r.Close())
	require.Error(t, r.Commit())
	r.Abort()
	name, rows := r.Kept()
	assert.Positive(t, rows)
	assert.FileExists(t, name)
	assert.FileExists(t, name+".json")
}

// FuzzResume goes on with any journal and any part: nothing panics, and what
// cannot be gone on with is said to be so, or begun anew.
func FuzzResume(f *testing.F) {
	for i, name := range resumableNames {
		out := filepath.Join(f.TempDir(), name)
		opts := resumableOptions(f, name, Default)
		r, err := Begin(out, opts)
		require.NoError(f, err)
		for row := range packedRows {
			require.NoError(f, r.Write(numbered(row%7)))
		}
		require.NoError(f, r.Save(func() any { return 3 }))
		r.Abort()
		journal, err := os.ReadFile(out + ".part.json")
		require.NoError(f, err)
		part, err := os.ReadFile(out + ".part")
		require.NoError(f, err)
		f.Add(journal, part, uint8(i))
	}
	f.Add([]byte(`{"of":[{"name":"the input","value":"a"}],"rows":9000000000,"bytes":0,"sum":0,"state":null}`), []byte{}, uint8(2))
	f.Fuzz(func(t *testing.T, journal, part []byte, which uint8) {
		name := resumableNames[int(which)%len(resumableNames)]
		out := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(out+".part", part, 0o600))
		require.NoError(t, os.WriteFile(out+".part.json", journal, 0o600))
		r, state, err := Resume(out, resumableOptions(t, name, Default))
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.NoError(t, r.Write(numbered(1)))
		require.NoError(t, r.Close())
		require.NoError(t, r.Commit())
		if state == nil {
			got, err := os.ReadFile(out)
			require.NoError(t, err)
			var want bytes.Buffer
			opts := resumableOptions(t, name, Default)
			w, err := New(&want, opts.Format, Default, opts.Header)
			require.NoError(t, err)
			require.NoError(t, w.Write(numbered(1)))
			require.NoError(t, w.Close())
			if string(journal) == "null" || !json.Valid(journal) {
				require.Equal(t, want.Bytes(), got)
			}
		}
	})
}

// What was saved before the first row, of a run whose first reports were lost, is gone
// on with.
func TestResumeBeforeTheFirstRow(t *testing.T) {
	for _, name := range resumableNames {
		out := filepath.Join(t.TempDir(), name)
		opts := resumableOptions(t, name, Default)
		r, err := Begin(out, opts)
		require.NoError(t, err)
		require.NoError(t, r.Save(func() any { return 7 }))
		r.end()
		r, state, err := Resume(out, opts)
		require.NoError(t, err, name)
		assert.JSONEq(t, "7", string(state))
		require.NoError(t, r.Write(numbered(0)))
		require.NoError(t, r.Close())
		require.NoError(t, r.Commit())
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		assert.Equal(t, whole(t, name, Default, 1), got, name)
	}
}
