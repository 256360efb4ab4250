package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() { programs["radlabel-without-sockets"] = withoutSockets }

// withoutSockets is the program in a process that the kernel kills when it asks
// for a socket.
func withoutSockets() {
	if err := forbidSockets(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(77)
	}
	os.Exit(mainCode())
}

// forbidSockets puts a filter before the system calls of all threads.
func forbidSockets() error {
	const tsync = 1
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no filter of system calls: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, tsync, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return fmt.Errorf("no filter of system calls: %w", errno)
	}
	return nil
}

// Every command does its work in a process that would be killed for opening a
// socket; dataset obtain, the one that downloads, is.
func TestNoCommandOpensASocket(t *testing.T) {
	folder := t.TempDir()
	bin := filepath.Join(folder, "radlabel-without-sockets")
	require.NoError(t, os.Symlink(mustExecutable(t), bin))
	data, err := filepath.Abs("../../testdata")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(data, filepath.Join(folder, "testdata")))
	execute := func(line string) (*os.ProcessState, string) {
		c := exec.Command(bin, strings.Fields(line)...)
		c.Dir = folder
		var out bytes.Buffer
		c.Stdout, c.Stderr, c.Stdin = &out, &out, strings.NewReader("No effusion.")
		_ = c.Run()
		return c.ProcessState, out.String()
	}
	if state, said := execute("version"); state.ExitCode() == 77 {
		t.Skip(said)
	}
	for _, line := range []string{
		"label testdata/reports -o out.csv", "label testdata/reports -o out.jsonl.gz", "label testdata/reports -o out.parquet --resume",
		"label -", "label --stream", "label testdata/reports --shard 1/1 -o one.csv", "merge . -o merged.csv", "explain No.effusion.", "explain --html page.html --id 50001990 testdata/reports", "sections testdata/reports",
		"rules list", "rules show pneumothorax.pneumothorax", "rules lint", "rules test", "rules export rules",
		"validate --gold testdata/gold.csv testdata/reports --html v.html", "diff out.csv out.jsonl.gz",
		"chexpert-labeler --reports_path testdata/inputs/chexpert-labeler.csv", "dataset chexpert obtain", "man pages",
		"index testdata/reports --index reports.index", "index stats --index reports.index", "search --index reports.index effusion", "dataset chexpert stats out.csv", "dataset chexpert verify .", "dataset chexpert convert out.csv", "completion bash", "version", "--help",
	} {
		state, said := execute(line)
		assert.Contains(t, []int{exitDone, exitCheck, exitIO}, state.ExitCode(), "%s: %s", line, said)
	}
	state, said := execute("dataset chexpert obtain --dir data --from http://127.0.0.1:9/ none.csv")
	status, ok := state.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	assert.True(t, status.Signaled() && status.Signal() == syscall.SIGSYS, "the filter works: %v %s", state, said)
}
