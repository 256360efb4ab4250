package corpus

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, mimicFiles, zip.Deflate))
	f.Add(zipOf(f, mimicFiles, zip.Store))
	f.Add(sizedZip(f, mimicFiles))
	f.Add(headedZip(f, mimicFiles))
	f.Add(zipOf(f, mimicFiles, zip.Deflate)[:150])
	f.Fuzz(func(t *testing.T, data []byte) {
		if !isZip(data) {
			return
		}
		const limit = 1 << 16
		path := filepath.Join(t.TempDir(), "m.zip")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		r, err := Open(t.Context(), []string{path}, Options{From: "mimic", MaxReportBytes: limit})
		require.NoError(t, err)
		checkAll(t, r)
		seen := given(t, r)
		// In one pass, without seeking.
		open := func() *Reader {
			r, err := Open(t.Context(), []string{"-"}, Options{From: "mimic", Stdin: bytes.NewReader(data), MaxReportBytes: limit})
			require.NoError(t, err)
			return r
		}
		checkAll(t, open())
		// What it misses of the reports in the file is told. (A damaged directory may name
		// one member twice.)
		r = open()
		passed := given(t, r)
		for name := range seen {
			if passed[name] == 0 {
				require.Positive(t, r.Counts().Lost, name)
			}
		}

		// Each report that the standard library reads is read.
		std, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, m := range std.File {
			if _, ok := reportOf(MIMIC, m.Name); !ok || m.Flags&zipEncrypted != 0 || !m.Mode().IsRegular() {
				continue
			}
			in, err := m.Open()
			if err != nil {
				continue
			}
			text, err := io.ReadAll(in)
			if err != nil || len(text) > limit || bytes.IndexByte(text, 0) >= 0 || m.CRC32 == 0 {
				continue
			}
			seen[m.Name]--
			require.GreaterOrEqual(t, seen[m.Name], 0, m.Name)
		}
	})
}

// given counts the reports of each name in an archive.
func given(t *testing.T, r *Reader) map[string]int {
	names := map[string]int{}
	for report, err := range r.Reports(t.Context()) {
		if err == nil {
			_, name, _ := strings.Cut(report.Place.Path, "!")
			names[name]++
		}
	}
	return names
}
