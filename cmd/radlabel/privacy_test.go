package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// secret is a word of every text that these tests give to the program.
const secret = "zebra"

// secretText is a report that must not be seen but in what was asked for. The
// sentence that the program fails on may begin anywhere in it.
const secretText = "IMPRESSION: No zebra effusion, the \"zebra\" has edema.\nA zebra, 3 cm; possible zebra pneumonia in the zebra."

// secretInputs are inputs of every format with the secret in all texts, and with
// what is said of files that are damaged. All but ids, file names and headers is
// text of reports.
func secretInputs(t require.TestingT) map[string][]byte {
	quoted := `"` + strings.ReplaceAll(secretText, `"`, `""`) + `"`
	escaped := strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(secretText)
	var archive, tarred, packed bytes.Buffer
	z, tr, g := zip.NewWriter(&archive), tar.NewWriter(&tarred), gzip.NewWriter(&packed)
	var table, lines, xml strings.Builder
	table.WriteString("id,report,Edema,Pleural Effusion\n")
	for i := range 6 {
		w, err := z.Create(fmt.Sprintf("files/p10/p10000001/s5000000%d.txt", i))
		require.NoError(t, err)
		_, err = io.WriteString(w, secretText)
		require.NoError(t, err)
		require.NoError(t, tr.WriteHeader(&tar.Header{Name: fmt.Sprintf("s5000000%d.txt", i), Size: int64(len(secretText)), Mode: 0o600}))
		_, err = io.WriteString(tr, secretText)
		require.NoError(t, err)
		fmt.Fprintf(&table, "%d,%s,1,0\n", i/2, quoted)
		fmt.Fprintf(&lines, `{"id": "%d", "text": "%s", "labels": {"Edema": 1}}`+"\n", i/2, escaped)
	}
	require.NoError(t, z.Close())
	require.NoError(t, tr.Close())
	_, err := g.Write([]byte(table.String()))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	xml.WriteString(`<?xml version="1.0"?><eCitation><uId id="CXR1"/><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">` +
		strings.ReplaceAll(secretText, `"`, "&quot;") + `</AbstractText></Abstract></Article></MedlineCitation></eCitation>`)
	// Where ids and sections should stand, there is text.
	asExceptions := "study_id,section,report\nNo zebra in this lung,findings," + quoted + "\n"
	asSections := asExceptions + "2,the zebra of a report," + quoted + "\n"
	return map[string][]byte{
		"ids.csv": []byte(asExceptions), "sections.csv": []byte(asSections),
		"in.csv": []byte(table.String()), "in.csv.gz": packed.Bytes(), "in.jsonl": []byte(lines.String()),
		"in.zip": archive.Bytes(), "in.tar": tarred.Bytes(), "1.xml": []byte(xml.String()), "in.txt": []byte(secretText),
	}
}

// damaged changes a file as disks, editors and people do.
func damaged(t *rapid.T, data []byte) []byte {
	data = slices.Clone(data)
	for range rapid.IntRange(0, 4).Draw(t, "damages") {
		at := rapid.IntRange(0, len(data)).Draw(t, "at")
		switch rapid.SampledFrom([]string{"cut", "bit", "insert", "drop"}).Draw(t, "damage") {
		case "cut":
			data = data[:at]
		case "bit":
			if at < len(data) {
				data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
		case "insert":
			what := rapid.SampledFrom([]string{"\"", "\n", "\r", "\x00", "\xff", ",,", "}", "<", "\"\n\"", "[1]", "\x1b[2J"}).Draw(t, "what")
			data = slices.Insert(data, at, []byte(what)...)
		case "drop":
			data = slices.Delete(data, at, min(at+rapid.IntRange(1, 20).Draw(t, "bytes"), len(data)))
		}
	}
	return data
}

// private are runs of which nothing but the outputs named may hold a text.
var private = [][]string{
	{"label", "IN", "-o", "out.csv"},
	{"label", "IN", "-o", "out.parquet", "--section", "all", "--workers", "2", "--checkpoint", "1ns"},
	{"label", "IN", "-o", "out.csv", "--id-column", "report", "--text-column", "report"},
	{"label", "IN", "-o", "out.csv", "--from", "chexpert-labeler"},
	{"label", "IN", "-o", "out.csv", "--from", "csv", "--resume"},
	{"label", "IN", "-o", "out.csv", "--from", "jsonl", "--max-report", "100"},
	{"label", "IN", "-o", "out.csv", "--from", "openi"},
	{"label", "IN", "-o", "out.csv", "--from", "mimic", "--max-time", "1ns"},
	{"label", "IN", "-o", "out.csv", "--exceptions", "IN"},
	{"label", "IN", "-o", "out.csv", "--shard", "2/3", "--shard-by", "range"},
	{"label", "--stream", "--max-report", "100"},
	{"sections", "IN"},
	{"validate", "--gold", "IN"},
	{"validate", "--gold", "IN", "IN"},
	{"validate", "--task", "negex", "IN"},
	{"validate", "--task", "bioscope", "IN"},
	{"diff", "IN", "IN"},
	{"diff", "IN", "out.csv"},
	{"dataset", "mimic-cxr", "stats", "IN"},
	{"dataset", "chexpert", "verify", "IN"},
	{"rules", "lint", "--rules", "IN"},
}

// No text of a report is in what the program says, in a panic, or in a file that
// it leaves, whatever is wrong with its input. What it was asked for on standard
// output and in files of evidence may have texts.
func TestNoTextIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inputs := secretInputs(t)
		names := []string{"ids.csv", "sections.csv", "in.csv", "in.csv.gz", "in.jsonl", "in.zip", "in.tar", "1.xml", "in.txt"}
		name := rapid.SampledFrom(names).Draw(t, "input")
		args := slices.Clone(rapid.SampledFrom(private).Draw(t, "args"))
		folder, err := os.MkdirTemp("", "radlabel-private-")
		require.NoError(t, err)
		defer os.RemoveAll(folder)
		temporary := filepath.Join(folder, "tmp")
		require.NoError(t, os.Mkdir(temporary, 0o700))
		before, had := os.LookupEnv("TMPDIR")
		require.NoError(t, os.Setenv("TMPDIR", temporary))
		defer func() {
			if os.Unsetenv("TMPDIR"); had {
				os.Setenv("TMPDIR", before)
			}
		}()

		in := filepath.Join(folder, name)
		data := damaged(t, inputs[name])
		require.NoError(t, os.WriteFile(in, data, 0o600))
		for i, arg := range args {
			switch {
			case arg == "IN":
				args[i] = in
			case strings.HasPrefix(arg, "out."):
				args[i] = filepath.Join(folder, arg)
			}
		}
		var stdout, stderr bytes.Buffer
		stdin, err := os.ReadFile(in) // of --stream
		require.NoError(t, err)
		code := run(context.Background(), append(args, rulesOf(args)...), bytes.NewReader(stdin), &stdout, &stderr)
		require.NotContains(t, strings.ToLower(stderr.String()), secret, "%v ended with %d", args, code)
		require.NotContains(t, stderr.String(), "\x1b", "nothing steers the terminal")
		err = filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || path == in {
				return err
			}
			switch filepath.Base(path) {
			case "out.csv", "out.parquet":
			case "out.csv.shard":
				record, err := os.ReadFile(path)
				require.NotContains(t, strings.ToLower(string(record)), secret)
				return err
			default:
				t.Errorf("%v left %s", args, path)
			}
			return nil
		})
		require.NoError(t, err)
	})
}

// rulesOf gives the small rule set of the tests to the commands that take one.
func rulesOf(args []string) []string {
	if args[0] == "dataset" || slices.Contains(args, "--rules") {
		return nil
	}
	return []string{"--rules", "testdata/rules"}
}
