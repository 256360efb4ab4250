package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 40 * time.Millisecond: "40 ms", 1250 * time.Millisecond: "1.2 s", 3 * time.Second: "3 s",
		75 * time.Second: "75 s", 150 * time.Second: "3m", 3 * time.Hour: "3h0m",
	} {
		assert.Equal(t, want, duration(d), d)
	}
}

func TestFirstWords(t *testing.T) {
	assert.Equal(t, "No effusion.", firstWords(" No\n effusion.\n", 40))
	assert.Equal(t, "No eff...", firstWords("No effusion.", 9))
	assert.Equal(t, "éééé...", firstWords(strings.Repeat("é", 1000), 7))
	assert.Equal(t, "a [31m b", firstWords("a\x1b[31m\u0085b", 40), "nothing steers the terminal")
}

func TestRoff(t *testing.T) {
	assert.Equal(t, "\\&.a\nb \\-c \\e\n\\&'d", roff(".a\nb -c \\\n'd"))
}

// Problems of a kind differ in numbers and quoted words alone.
func TestKinds(t *testing.T) {
	var stderr bytes.Buffer
	tally := newTally(&app{stderr: &stderr}, false)
	for i := range 3 {
		tally.problem(&corpus.Problem{Place: corpus.Place{Path: "x.csv", Line: i + 1}, What: fmt.Sprintf(`the id "a\"%d" is there %d times`, i, i)})
	}
	tally.problem(&corpus.Problem{Place: corpus.Place{Path: "x.csv"}, What: "empty", Lost: true})
	if assert.Len(t, tally.kinds, 2) {
		assert.Equal(t, "the id ... is there ... times", tally.kinds[0].what)
		assert.Equal(t, 3, tally.kinds[0].count)
	}
	assert.Equal(t, 1, tally.lost)
	assert.Equal(t, 4, strings.Count(stderr.String(), "\n"))
}

// closed is a stream whose reader has gone.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestClosedPipes(t *testing.T) {
	var stderr bytes.Buffer
	assert.Equal(t, exitDone, run(context.Background(), []string{"version"}, nil, closed{}, &stderr))
	assert.Empty(t, stderr.String())
	var stdout bytes.Buffer
	assert.Equal(t, exitUsage, run(context.Background(), []string{"lable"}, nil, &stdout, closed{}), "the exit code stays")
}

// stopping is an input that interrupts the work after what it holds.
type stopping struct {
	io.Reader
	stop func()
}

func (s stopping) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil {
		s.stop()
	}
	return n, err
}

// What is said of an interrupted output is true of it.
func TestInterrupted(t *testing.T) {
	for out, want := range map[string]string{
		"-":                                      "radlabel: interrupted; what is on standard output is a part\n",
		filepath.Join(t.TempDir(), "labels.csv"): "radlabel: interrupted; nothing was written under the final name\n",
	} {
		ctx, stop := context.WithCancel(t.Context())
		in := stopping{strings.NewReader("id,text\n1,Edema.\n"), stop}
		var stdout, stderr bytes.Buffer
		args := []string{"label", "--rules", "testdata/rules", "-", "-o", out}
		assert.Equal(t, exitInterrupted, run(ctx, args, in, &stdout, &stderr))
		assert.Equal(t, want, stderr.String())
		assert.NoFileExists(t, out)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitInterrupted, run(ctx, []string{"sections", "--rules", "testdata/rules", "testdata"}, nil, &stdout, &stderr))
	assert.Equal(t, "radlabel: interrupted\n", stderr.String())
}

// interrupting interrupts the work when it says what this holds.
type interrupting struct {
	bytes.Buffer
	at   string
	stop func()
}

func (w *interrupting) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.at) {
		w.stop()
	}
	return w.Buffer.Write(p)
}

// What is whole is not interrupted any more.
func TestInterruptedWhenDone(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "labels.csv")
	stderr := &interrupting{at: "written to", stop: stop}
	in := strings.NewReader(`{"id":"a","text":"No effusion."}` + "\n" + `{"id":"b"}` + "\n")
	assert.Equal(t, exitIO, run(ctx, []string{"label", "--rules", "testdata/rules", "-", "-o", out}, in, io.Discard, stderr))
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	assert.NotContains(t, stderr.String(), "interrupted")
	assert.FileExists(t, out)
}

// A file that is wrong in another way on each line is told of as others are.
func TestManyKindsOfProblems(t *testing.T) {
	var in, stderr bytes.Buffer
	in.WriteString(`{"id":"a","text":"No effusion."}` + "\n")
	const wrong = 1000
	for i := range wrong {
		fmt.Fprintf(&in, `{"id":"b","key%c%c":"x"}`+"\n", 'a'+i%26, 'a'+i/26)
	}
	out := filepath.Join(t.TempDir(), "labels.csv")
	assert.Equal(t, exitIO, run(t.Context(), []string{"label", "--rules", "testdata/rules", "-", "-o", out}, &in, io.Discard, &stderr))
	assert.Less(t, strings.Count(stderr.String(), "\n"), 2*(mostKinds+shownOfAKind))
	assert.Regexp(t, fmt.Sprintf(`lost, %d: problems of other kinds \(`, wrong-mostKinds), stderr.String())
}

// silent is an input that never says anything, as a terminal may be.
type silent struct{ asked chan struct{} }

func (s silent) Read([]byte) (int, error) {
	close(s.asked)
	select {}
}

// Ctrl-C ends a command that waits for its input.
func TestInterruptedWhileWaiting(t *testing.T) {
	for _, from := range []string{"text", "csv", ""} {
		ctx, stop := context.WithCancel(t.Context())
		in := silent{make(chan struct{})}
		go func() { <-in.asked; stop() }()
		var stdout, stderr bytes.Buffer
		out := filepath.Join(t.TempDir(), "labels.csv")
		args := []string{"label", "--rules", "testdata/rules", "-", "--from", from, "-o", out}
		assert.Equal(t, exitInterrupted, run(ctx, args, in, &stdout, &stderr), from)
		assert.Contains(t, stderr.String(), "radlabel: interrupted", from)
		assert.NoFileExists(t, out)
	}
}

func TestInterruptibleGivesAll(t *testing.T) {
	want := strings.Repeat("No effusion.\n", 20000)
	got, err := io.ReadAll(newInterruptible(t.Context(), iotest.HalfReader(strings.NewReader(want))))
	assert.NoError(t, err)
	assert.Equal(t, want, string(got))
}

// Of all that may be wrong with the options, --section is found by its type.
func TestUnknownSection(t *testing.T) {
	var unknown *segment.UnknownSection
	_, err := labeler.New(labeler.Options{Section: "findings, finding"})
	if assert.ErrorAs(t, err, &unknown) {
		assert.Equal(t, "finding", unknown.Name)
	}
	_, _, err = (&labelFlags{ruleFlags: ruleFlags{name: "chexpert"}, section: "finding"}).labeler()
	assert.ErrorContains(t, err, `--section: no section is named "finding": want auto, all, or some of `)
	assert.Equal(t, exitUsage, err.(failure).code)
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitDone},
		{errors.New("disk"), exitIO},
		{failure{exitCheck, errors.New("check")}, exitCheck},
		{fmt.Errorf("while: %w", usagef("flag")), exitUsage},
		{fmt.Errorf("while: %w", context.Canceled), exitInterrupted},
	} {
		a := &app{}
		root := a.root()
		root.AddCommand(&cobra.Command{Use: "fail", RunE: action(func(context.Context, []string) error { return test.err })})
		root.SetArgs([]string{"fail"})
		var stderr bytes.Buffer
		a.stderr = &stderr
		assert.Equal(t, test.want, a.execute(context.Background(), root), "%v", test.err)
	}
}

func TestEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb\n": "a\tb\n", "é 漢": "é 漢", "\x1b[2J\n": `\x1b[2J` + "\n", "a\r\x7f\u009b": `a\r\x7f\u009b`, "\xff\xc3": `\xff\xc3`, "": "",
	} {
		assert.Equal(t, want, string(escaped([]byte(in))))
	}
}
