//go:build unix

package browse

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/internal/browse/browsetest"
	"github.com/radlabel/radlabel/internal/index"
)

// panicsIn names the index that a test process browses, with a fault in it.
const panicsIn = "RADLABEL_TEST_PANICS_IN"

func TestMain(m *testing.M) {
	dir := os.Getenv(panicsIn)
	if dir == "" {
		os.Exit(m.Run())
	}
	x, err := index.Open(context.Background(), dir)
	if err == nil {
		defer x.Close()
		err = run(context.Background(), faulty{x}, Options{In: os.Stdin, Out: os.Stdout, Query: "film", Name: dir})
	}
	fmt.Println(err)
	os.Exit(3)
}

// faulty is an index with a fault in the program that reads it.
type faulty struct{ *index.Index }

func (faulty) Document(context.Context, string, index.Query, index.Match) (index.Document, bool, error) {
	panic("a fault")
}

// A panic leaves the terminal as it was.
func TestPanic(t *testing.T) {
	dir := t.TempDir()
	_, err := index.Write(t.Context(), dir, stream(films(3)), index.WriteOptions{})
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)

	e := browsetest.New(t, 80, 24)
	before := e.State()
	c := exec.Command(exe)
	c.Env = append(os.Environ(), panicsIn+"="+dir, "TERM=xterm")
	e.Start(c)
	e.Wait("3 reports in", "▌ 1. ")
	assert.NotEqual(t, before.Settings, e.State().Settings)
	e.Type("\r")
	assert.Error(t, c.Wait())
	e.Wait("a fault of the program ended the search; please report what stands above")
	after := e.State()
	before.Screen, after.Screen = "", ""
	assert.Equal(t, before, after)
}
