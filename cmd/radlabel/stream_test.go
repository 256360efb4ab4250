package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// streaming is label --stream as a process of its own, on real pipes.
type streaming struct {
	*exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func startStream(t *testing.T, flags ...string) *streaming {
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(folder, "rules"), os.DirFS("testdata/rules")))
	s := &streaming{Cmd: program(t, folder, append([]string{"label", "--stream", "--rules", "rules"}, flags...)...)}
	var err error
	s.in, err = s.StdinPipe()
	require.NoError(t, err)
	out, err := s.StdoutPipe()
	require.NoError(t, err)
	s.out = bufio.NewReader(out)
	s.Stderr = &s.stderr
	require.NoError(t, s.Start())
	t.Cleanup(func() { _ = s.Process.Kill(); _ = s.Wait() })
	return s
}

// reply is the object of one line.
type reply struct {
	ID      string                     `json:"id"`
	Subject string                     `json:"subject_id"`
	Study   string                     `json:"study_id"`
	Labels  map[string]json.RawMessage `json:"labels"`
	Error   string                     `json:"error"`
	Line    int                        `json:"line"`
}

// ask writes a line and waits for the one that answers it.
func (s *streaming) ask(t *testing.T, line string) (r reply) {
	_, err := io.WriteString(s.in, line+"\n")
	require.NoError(t, err)
	answer, err := s.out.ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(answer), &r), answer)
	return r
}

// Each line is answered before the next one is written, whatever it is.
func TestStreamAnswersAtOnce(t *testing.T) {
	s := startStream(t, "--max-report", "1KiB", "--quiet")
	assert.Equal(t, reply{Error: "the line is empty; write one object a line", Line: 1}, s.ask(t, ""))
	for i := range 50 {
		got := s.ask(t, fmt.Sprintf(`{"subject_id":"p1","study_id":"%d","text":"No edema in film %d."}`, i, i))
		assert.Equal(t, fmt.Sprint(i), got.Study)
		assert.Contains(t, got.Labels, "Edema")
	}
	assert.Equal(t, reply{Error: "the line is not a JSON object; write one object a line", Line: 52}, s.ask(t, `{"id":`))
	assert.Equal(t, reply{ID: "7", Study: "7", Subject: "1", Error: `the field "text" is not a string`, Line: 53}, s.ask(t, `{"subject_id":"1","study_id":"7","text":{}}`))
	assert.Equal(t, reply{Error: "the line is longer than 1024 bytes", Line: 54}, s.ask(t, strings.Repeat("x", 5000)))
	assert.Equal(t, reply{ID: "8", Error: "there is no field of report text among id; name the fields with --id-column and --text-column", Line: 55}, s.ask(t, `{"id":"8"}`))
	assert.Equal(t, "9", s.ask(t, `{"id":9,"text":"Edema."}`).ID)
	require.NoError(t, s.in.Close())
	_, err := s.out.ReadString('\n')
	assert.Equal(t, io.EOF, err)
	require.NoError(t, s.Wait(), "errors that are answered are no failure")
	assert.Empty(t, s.stderr.String())
}

// Ctrl-C ends a stream that waits, and so does a reader that has gone.
func TestStreamEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("signals")
	}
	s := startStream(t)
	s.ask(t, `{"id":"1","text":"Edema."}`)
	require.NoError(t, s.Process.Signal(os.Interrupt))
	_ = s.Wait()
	assert.Equal(t, exitInterrupted, s.ProcessState.ExitCode())
	assert.Equal(t, "radlabel: interrupted; what is on standard output is a part\n", s.stderr.String())

	folder := t.TempDir()
	program(t, folder)
	c := exec.Command("sh", "-c", `{ while echo '{"id":"1","text":"Edema."}'; do :; done | { ./radlabel label --stream --rules "$RULES"; echo $? >code; } | head -n 3 | wc -l; } 2>said`)
	c.Dir = folder
	rules, err := filepath.Abs("testdata/rules")
	require.NoError(t, err)
	c.Env = append(os.Environ(), "RULES="+rules)
	out, err := c.CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "3", strings.TrimSpace(string(out)))
	code, err := os.ReadFile(filepath.Join(folder, "code"))
	require.NoError(t, err)
	assert.Equal(t, "0\n", string(code))
}

// A report on which the labeler panics is one line, as what takes too long is.
func TestStreamOfFaults(t *testing.T) {
	whole, _, err := (&labelFlags{ruleFlags: ruleFlags{folder: "testdata/rules"}, section: "auto", compat: "none"}).labeler()
	require.NoError(t, err)
	unruly := new(labeler.Labeler) // without rules it cannot label anything
	var out, stderr bytes.Buffer
	s := &answers{
		in:  corpus.NewLines(strings.NewReader(jsonLines("A", 3)), "-", corpus.Options{}),
		out: bufio.NewWriter(&out),
		label: func(r corpus.Report) (labeler.Result, error) {
			if r.ID == "R1" {
				return unruly.Attempt(t.Context(), r)
			}
			return whole.Attempt(t.Context(), r)
		},
		tally: newTally(&app{stderr: &stderr}, true),
	}
	require.NoError(t, s.run(t.Context()))
	var got []string
	for line := range strings.Lines(out.String()) {
		var r reply
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		got = append(got, fmt.Sprintf("%s %t %d", r.ID, r.Error != "", r.Line))
		assert.Equal(t, r.Error != "", r.Labels == nil)
	}
	assert.Equal(t, []string{"A false 0", "R0 false 0", "R1 true 3", "R2 false 0"}, got)
	assert.Contains(t, out.String(), `{"id":"R1","error":"radlabel failed on the report \"R1\" in `)

	code, said := answered(t, jsonLines("A", 2), "--max-time", "1ns")
	assert.Equal(t, exitDone, code, said)
	assert.Contains(t, said, "3 lines answered: 3 with an error")
}

// answered runs label --stream on lines within this process.
func answered(t *testing.T, lines string, flags ...string) (code int, said string) {
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"label", "--stream", "--rules", "testdata/rules"}, flags...), strings.NewReader(lines), &stdout, &stderr)
	assert.Equal(t, strings.Count(lines, "\n"), strings.Count(stdout.String(), "\n"))
	return code, stderr.String()
}

// What can be labelled is answered with what label writes of it.
func TestStreamIsLabel(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.jsonl"), filepath.Join(folder, "out.jsonl")
	require.NoError(t, os.WriteFile(in, []byte(jsonLines("A", 300)), 0o600))
	code, said := runHere("label", "--rules", "testdata/rules", in, "-o", out)
	require.Equal(t, exitDone, code, said)
	want, err := os.ReadFile(out)
	require.NoError(t, err)
	_, rows, _ := bytes.Cut(want, []byte{'\n'})
	var stdout bytes.Buffer
	code = run(t.Context(), []string{"label", "--stream", "--rules", "testdata/rules", "-q"}, strings.NewReader(jsonLines("A", 300)), &stdout, io.Discard)
	assert.Equal(t, exitDone, code)
	assert.Equal(t, string(rows), stdout.String())
}

// An input that cannot be read on ends the stream with code 3, after its answers.
func TestStreamThatBreaks(t *testing.T) {
	in := io.MultiReader(strings.NewReader(jsonLines("A", 3)), broken{})
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"label", "--stream", "--rules", "testdata/rules"}, in, &stdout, &stderr)
	assert.Equal(t, exitIO, code)
	assert.Equal(t, 4, strings.Count(stdout.String(), "\n"))
	assert.Contains(t, stderr.String(), "-:5: reading ends here: the cable is out; what comes after is not answered")
}

type broken struct{}

func (broken) Read([]byte) (int, error) {
	time.Sleep(time.Millisecond)
	return 0, fmt.Errorf("the cable is out")
}
