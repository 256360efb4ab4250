package index

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// childFolder names the folder in which a process of the tests writes an index of
// reports without end, until it is killed.
const childFolder = "RADLABEL_TEST_INDEX"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		_, err := Write(context.Background(), dir, endless(), WriteOptions{Update: os.Getenv("RADLABEL_TEST_UPDATE") != ""})
		fmt.Println("ended:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// endless gives reports for ever, and says after a while that it does.
func endless() iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for i := 0; ; i++ {
			if i == 3000 {
				fmt.Println("writing")
			}
			if !yield(corpus.Report{ID: fmt.Sprint("endless", i), Text: fmt.Sprintf("Pneumothorax number %d.", i)}, nil) {
				return
			}
		}
	}
}

// A writer that is killed leaves the index before as it was, and the next one ends
// its work.
func TestKilledWriter(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kill -9")
	}
	reports := madeUp(rand.New(rand.NewPCG(1, 1)), 50)
	for _, update := range []string{"", "yes"} {
		dir := t.TempDir()
		written(t, dir, reports[:40], WriteOptions{})
		want := ids(t, opened(t, dir), "effusion", 0)

		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFolder+"="+dir, "RADLABEL_TEST_UPDATE="+update)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "writing\n", line)
		_, err = Write(context.Background(), dir, stream(reports), WriteOptions{})
		require.ErrorContains(t, err, "another radlabel index is writing")
		require.Equal(t, want, ids(t, opened(t, dir), "effusion", 0), "while it is written")
		require.NoError(t, child.Process.Kill())
		child.Wait()

		x := opened(t, dir)
		require.Equal(t, want, ids(t, x, "effusion", 0))
		require.NoError(t, x.Check(context.Background()))
		w, err := Write(context.Background(), dir, stream(reports), WriteOptions{Update: true})
		require.NoError(t, err)
		require.Equal(t, Written{Reports: 50, New: 10, Same: 40, Unlabelled: w.Unlabelled, Sentences: w.Sentences}, w)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 3, "manifest, lock and one generation: %v", entries)
		require.NoError(t, opened(t, dir).Check(context.Background()))
	}
}

// While an index is written, readers see the one before, whole; a second writer is
// told at once; and what was open before stays as it was.
func TestReadersAndWriters(t *testing.T) {
	dir := t.TempDir()
	old := madeUp(rand.New(rand.NewPCG(1, 1)), 60)
	fresh := madeUp(rand.New(rand.NewPCG(2, 2)), 60)
	x := written(t, dir, old, WriteOptions{})
	before := ids(t, x, "effusion", 0)
	reached, goOn := make(chan struct{}), make(chan struct{})
	slow := func(yield func(corpus.Report, error) bool) {
		for i, r := range fresh {
			if i == 30 {
				close(reached)
				<-goOn
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	done := make(chan error)
	go func() {
		_, err := Write(context.Background(), dir, slow, WriteOptions{Update: true})
		done <- err
	}()
	<-reached
	start := time.Now()
	_, err := Write(context.Background(), dir, stream(nil), WriteOptions{})
	require.ErrorContains(t, err, "another radlabel index is writing this index")
	require.Less(t, time.Since(start), 10*time.Second)

	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			y, err := Open(context.Background(), dir)
			if !assert.NoError(t, err) {
				return
			}
			defer y.Close()
			for range 5 {
				assert.Equal(t, before, ids(t, y, "effusion", 0))
				assert.Equal(t, before, ids(t, x, "effusion", 0), "one index, several goroutines")
			}
		})
	}
	wait.Wait()
	require.False(t, x.Stale())
	close(goOn)
	require.NoError(t, <-done)
	require.True(t, x.Stale())
	require.Equal(t, before, ids(t, x, "effusion", 0), "an index that was open")
	y := written(t, t.TempDir(), fresh, WriteOptions{})
	require.Equal(t, ids(t, y, "effusion", 0), ids(t, opened(t, dir), "effusion", 0))
}

// A writer whose stream fails, or that is interrupted, leaves nothing behind.
func TestFailedWriter(t *testing.T) {
	dir := t.TempDir()
	reports := madeUp(rand.New(rand.NewPCG(1, 1)), 20)
	written(t, dir, reports, WriteOptions{})
	broken := func(yield func(corpus.Report, error) bool) {
		_ = yield(reports[0], nil) && yield(corpus.Report{}, errors.New("the reader fails"))
	}
	_, err := Write(context.Background(), dir, broken, WriteOptions{})
	require.EqualError(t, err, "the reader fails")
	ctx, cancel := context.WithCancel(context.Background())
	stopping := func(yield func(corpus.Report, error) bool) {
		for i, r := range reports {
			if i == 10 {
				cancel()
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	_, err = Write(ctx, dir, stopping, WriteOptions{})
	require.ErrorIs(t, err, context.Canceled)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, 20, opened(t, dir).Reports())
}

// Damage to any file is found when the index is opened, and told with what to do.
func TestDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	dir := t.TempDir()
	x := written(t, dir, madeUp(rand.New(rand.NewPCG(1, 1)), 40), WriteOptions{Metadata: map[string]Metadata{"50000000": {Split: "train"}}})
	names := []string{"../" + manifestName}
	for _, f := range x.manifest.Files {
		if f.Size > 0 {
			names = append(names, f.Name)
		}
	}
	require.Greater(t, len(names), 4)
	generation := x.path
	x.Close()
	harms := map[string]func(path string, b []byte) error{
		"another byte": func(path string, b []byte) error {
			b[len(b)/2] ^= 0x20
			return os.WriteFile(path, b, 0o600)
		},
		"cut short": func(path string, b []byte) error { return os.WriteFile(path, b[:len(b)/2], 0o600) },
		"emptied":   func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"removed":   func(path string, _ []byte) error { return os.Remove(path) },
	}
	for _, name := range names {
		for how, harm := range harms {
			path := filepath.Join(generation, name)
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, harm(path, append([]byte(nil), whole...)))
			_, err = Open(context.Background(), dir)
			require.Error(t, err, "%s %s", name, how)
			if !(strings.HasSuffix(name, manifestName) && how == "removed") {
				var damage *DamageError
				require.ErrorAs(t, err, &damage, "%s %s", name, how)
			}
			require.ErrorContains(t, err, "radlabel index INPUT... --index "+dir, "%s %s", name, how)
			require.NoError(t, os.WriteFile(path, whole, 0o600))
		}
	}
	opened(t, dir)
}

// A damaged index cannot be brought up to date, and can be written anew.
func TestDamagedIsWrittenAnew(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	dir := t.TempDir()
	reports := madeUp(rand.New(rand.NewPCG(1, 1)), 20)
	written(t, dir, reports, WriteOptions{})
	require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), []byte("radlabel index"), 0o600))
	var damage *DamageError
	_, err := Write(context.Background(), dir, stream(reports), WriteOptions{Update: true})
	require.ErrorAs(t, err, &damage)
	require.Equal(t, 20, written(t, dir, reports, WriteOptions{}).Reports())

	require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), []byte("radlabel index 99 00000000\n{}"), 0o600))
	_, err = Open(context.Background(), dir)
	require.ErrorContains(t, err, "of format 99, and this version of radlabel reads 1; build it again")
	require.Equal(t, 20, written(t, dir, reports, WriteOptions{}).Reports())
}

// Where nothing can be read, an index of nothing does not take the place of one of
// something.
func TestNothingRead(t *testing.T) {
	dir := t.TempDir()
	x := written(t, dir, madeUp(rand.New(rand.NewPCG(1, 1)), 20), WriteOptions{})
	unreadable := func(yield func(corpus.Report, error) bool) {
		yield(corpus.Report{}, &corpus.Problem{What: "is no text", Lost: true})
	}
	for _, update := range []bool{false, true} {
		_, err := Write(context.Background(), dir, unreadable, WriteOptions{Update: update})
		require.NoError(t, err)
		require.False(t, x.Stale())
		require.Equal(t, 20, opened(t, dir).Reports())
	}
	empty := t.TempDir()
	_, err := Write(context.Background(), empty, unreadable, WriteOptions{})
	require.NoError(t, err)
	_, err = Open(context.Background(), empty)
	require.True(t, NoIndex(err))
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(context.Background(), dir)
	require.True(t, NoIndex(err))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600))
	_, err = Write(context.Background(), dir, stream(nil), WriteOptions{})
	require.ErrorContains(t, err, "holds thesis.txt, which is no part of an index")
	_, err = Open(context.Background(), filepath.Join(dir, "nothing"))
	require.True(t, NoIndex(err))
}

// What reports may hold neither stops the index nor gets lost.
func TestHostileText(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	long := strings.Repeat("pneumo", 1<<18)
	reports := []corpus.Report{
		{ID: "long", Text: "IMPRESSION: No " + long + " effusion."},
		{ID: "zero", Text: "IMPRESSION: a\x00b effusion\x01 c."},
		{ID: "escape", Text: "IMPRESSION: \x1b[31mNo effusion\x1b]0;title\x07 \u009b31m."},
		{ID: "html", Text: "IMPRESSION: <script>effusion</script> & \"quotes\" '"},
		{ID: "signs", Text: "IMPRESSION: \ufffd effusion \ufffd\u202e\u200b déjà vu ŒDÈME İstanbul ǅ ẞ."},
		{ID: "id\x1b[0m\n", Text: "IMPRESSION: Effusion."},
		{ID: "many", Text: "IMPRESSION: " + strings.Repeat("effusion ", 100_000)},
		{ID: "blank", Text: "IMPRESSION:\u00a0\u2003 Effusion\u00a0\u2028here."},
	}
	x := written(t, t.TempDir(), reports, WriteOptions{})
	assert.Len(t, ids(t, x, "effusion", 0), len(reports))
	assert.Equal(t, []string{"zero"}, ids(t, x, `"a b effusion c"`, 0))
	assert.Equal(t, []string{"long"}, ids(t, x, "pneumopneumo*", 0))
	assert.Equal(t, []string{"long"}, ids(t, x, long, 0))
	assert.Equal(t, []string{"signs"}, ids(t, x, "DÉJÀ œdème istanbul", 0)[:1], "%v", ids(t, x, "istanbul", 0))
	assert.Equal(t, []string{"blank"}, ids(t, x, `"effusion here"`, 0))
	require.NoError(t, x.Check(context.Background()))
	q, err := x.Parse("effusion")
	require.NoError(t, err)
	for _, r := range reports {
		d, _, err := x.Document(context.Background(), r.ID, q, 0)
		require.NoError(t, err)
		require.Equal(t, r.Text, d.Text)
		found := 0
		for _, s := range d.Sentences {
			for _, w := range s.Words {
				found++
				require.Equal(t, "effusion", strings.ToLower(w.In(d.Text)))
			}
		}
		require.Positive(t, found, r.ID)
	}
}

// An update that finds nothing new leaves the generation that there is.
func TestNothingNew(t *testing.T) {
	dir := t.TempDir()
	reports := madeUp(rand.New(rand.NewPCG(1, 1)), 20)
	x := written(t, dir, reports, WriteOptions{Version: "1"})
	w, err := Write(context.Background(), dir, stream(reports[5:]), WriteOptions{Version: "2", Update: true})
	require.NoError(t, err)
	require.Equal(t, Written{Reports: 20, Same: 15, Kept: 5, Sentences: w.Sentences}, w)
	require.False(t, x.Stale())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)

	// Other metadata or labels are a change.
	w, err = Write(context.Background(), dir, stream(reports), WriteOptions{Update: true, Metadata: map[string]Metadata{"50000003": {Split: "test"}}})
	require.NoError(t, err)
	require.Equal(t, 1, w.Changed)
	require.Equal(t, []string{"50000003"}, ids(t, opened(t, dir), "split:test", 0))

	// An update without metadata keeps what there is, also where everything is
	// labelled again.
	w, err = Write(context.Background(), dir, stream(reports), WriteOptions{Update: true})
	require.NoError(t, err)
	require.Equal(t, 20, w.Same)
	reports[3].Text += " Edema."
	w, err = Write(context.Background(), dir, stream(reports), WriteOptions{Update: true})
	require.NoError(t, err)
	require.Equal(t, 1, w.Changed)
	w, err = Write(context.Background(), dir, stream(reports), WriteOptions{Update: true, Labeler: labeler.Options{Section: "all"}})
	require.NoError(t, err)
	require.True(t, w.Rebuilt)
	require.Equal(t, []string{"50000003"}, ids(t, opened(t, dir), "split:test", 0))
}
