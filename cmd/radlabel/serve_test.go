package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served is a running radlabel serve.
type served struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	said *bytes.Buffer // on standard error, beside the line of the address
	done chan error
}

func startServing(t *testing.T, args ...string) *served {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "radlabel")
	require.NoError(t, os.Symlink(mustExecutable(t), bin))
	s := &served{t: t, cmd: exec.Command(bin, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...), said: new(bytes.Buffer), done: make(chan error, 1)}
	stderr, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	require.NoError(t, err, line)
	s.url = regexp.MustCompile(`https?://\S+`).FindString(line)
	require.NotEmpty(t, s.url, line)
	go func() {
		_, _ = io.Copy(s.said, lines)
		s.done <- s.cmd.Wait()
	}()
	return s
}

func (s *served) post(path, kind, body string) (int, string) {
	s.t.Helper()
	answer, err := http.Post(s.url+path, kind, strings.NewReader(body))
	require.NoError(s.t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode, string(content)
}

// The server of the program labels, tells no text, and ends well when it is told to.
func TestServe(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := startServing(t, "--rules", "testdata/rules")
		code, content := s.post("api/v1/label", "application/json", `{"id":"`+secret+`","text":"No effusion, `+secret+`."}`)
		assert.Equal(t, http.StatusOK, code)
		assert.Contains(t, content, `"labels":{`)
		for _, broken := range []string{secret, `{"` + secret + `":1}`, `{"text":` + secret} {
			code, content = s.post("api/v1/label", "application/json", broken)
			assert.Equal(t, http.StatusBadRequest, code)
			assert.NotContains(t, content, secret)
		}
		code, content = s.post("label", "application/x-www-form-urlencoded", "text="+secret+"&ruleset="+secret)
		assert.Equal(t, http.StatusBadRequest, code)
		assert.NotContains(t, content, secret)
		_, content = s.post("api/v1/label?ruleset=chestxray14", "application/json", `{"text":"Hernia."}`)
		assert.Contains(t, content, `"Hernia":{"label":1`, "the embedded rule sets are there as well")
		require.NoError(t, s.cmd.Process.Signal(signal))
		assert.NoError(t, <-s.done, "%s ends it with 0", signal)
		assert.Empty(t, s.said.String(), "nothing of a request is said")
	}
}
