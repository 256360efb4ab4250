package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts")

// The scripts run the program as a process of its own, so that signals, pipes
// and exit codes are the real ones.
func TestMain(m *testing.M) { testscript.Main(m, programs) }

// programs are what this binary is by its name.
var programs = map[string]func(){"radlabel": func() { os.Exit(mainCode()) }}

func TestScripts(t *testing.T) {
	rules, err := filepath.Abs("testdata/rules")
	if err != nil {
		t.Fatal(err)
	}
	project, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			e.Setenv("TESTBIN", exe)
			if data := os.Getenv("RADLABEL_DATA"); data != "" {
				abs, err := filepath.Abs(data)
				if err != nil {
					return err
				}
				e.Setenv("RADLABEL_DATA", abs)
			}
			e.Setenv("TESTDATA", filepath.Join(project, "testdata"))
			return os.CopyFS(filepath.Join(e.WorkDir, "rules"), os.DirFS(rules))
		},
		Condition: func(condition string) (bool, error) {
			if name, ok := strings.CutPrefix(condition, "env:"); ok {
				return os.Getenv(name) != "", nil
			}
			switch condition {
			case "root":
				return os.Geteuid() == 0, nil
			case "full": // a device that is always full
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			case "pipes":
				return runtime.GOOS != "windows", nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":     exitCode,
			"reports":  writeReports,
			"damage":   damage,
			"truncate": truncate,
			"big":      big,
			"lines":    countLines,
			"mode":     mode,
			"serve":    serveFolder,
		},
	})
}

// exitCode runs a program and asserts its exit code: code N PROGRAM ARG...
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// writeReports writes N reports in MIMIC-CXR's layout, into an archive or a
// folder: reports NAME N.
func writeReports(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	files := map[string]string{}
	var order []string
	for i := range n {
		member := fmt.Sprintf("files/p10/p100000%02d/s500000%02d.txt", i/10, i)
		files[member] = fmt.Sprintf("                                 FINAL REPORT\n IMPRESSION: \n \n Film %d. No effusion.\n", i)
		order = append(order, member)
	}
	if filepath.Ext(name) != ".zip" {
		for member, text := range files {
			path := filepath.Join(name, filepath.FromSlash(member))
			ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
			ts.Check(os.WriteFile(path, []byte(text), 0o600))
		}
		return
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, member := range order {
		// Stored, so that damage finds the text, and with the sizes before it, so
		// that a cut archive can still be read.
		text := files[member]
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: member, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(text)),
			CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text)),
		})
		ts.Check(err)
		_, err = w.Write([]byte(text))
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(name, b.Bytes(), 0o600))
}

// damage changes the first occurrence of words in a file: damage FILE WORDS.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	i := bytes.Index(b, []byte(args[1]))
	if i < 0 {
		ts.Fatalf("%s is not in %s", args[1], args[0])
	}
	b[i] ^= 0xff
	ts.Check(os.WriteFile(name, b, 0o600))
}

// truncate cuts a file to a part of its size: truncate FILE PERCENT.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	info, err := os.Stat(name)
	ts.Check(err)
	percent, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(name, info.Size()*percent/100))
}

// big writes a file with @ replaced by 50 MB of text without a line end:
// big FILE TEXT. Backslash n is a line end.
func big(ts *testscript.TestScript, _ bool, args []string) {
	const size = 50 << 20
	words := strings.Repeat("No effusion and no edema. ", size/26+1)
	text := strings.ReplaceAll(args[1], `\n`, "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, "@", words, 1)), 0o600))
}

// countLines asserts the number of lines of a file: lines FILE N.
func countLines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// mode asserts the permissions of a file: mode FILE 600.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	want, err := strconv.ParseUint(args[1], 8, 32)
	ts.Check(err)
	if got := info.Mode().Perm(); runtime.GOOS != "windows" && got != fs.FileMode(want) {
		ts.Fatalf("%s has the mode %o, want %o", args[0], got, want)
	}
}

// serveFolder serves a folder below $URL/open/, below $URL/closed/ to ada with the
// password geheim, and below $URL/broken/ without the second half of what is
// asked for: serve FOLDER.
func serveFolder(ts *testscript.TestScript, _ bool, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	mux := http.NewServeMux()
	mux.Handle("/open/", http.StripPrefix("/open", files))
	mux.Handle("/closed/", http.StripPrefix("/closed", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "geheim" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	})))
	mux.HandleFunc("/broken/{name}", func(w http.ResponseWriter, r *http.Request) {
		b, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), r.PathValue("name")))
		if err != nil || r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write(b[:len(b)/2])
	})
	s := httptest.NewServer(mux)
	ts.Defer(s.Close)
	ts.Setenv("URL", s.URL)
}
