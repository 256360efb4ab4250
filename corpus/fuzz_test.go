package corpus

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzTar reads any bytes as an archive: nothing panics, and each report that
// the standard library reads is read.
func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, mimicFiles))
	f.Add(tarOf(f, mimicFiles)[:700])
	f.Add(gz(f, tarOf(f, mimicFiles[:1])))
	f.Add(tarOf(f, []file{{"/etc/p10000001/s50000001.txt", "absolute"}, {"../p1/s50000002.txt", "above"}, {"caf\xe9/s50000003.txt", "\xff"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		path := filepath.Join(t.TempDir(), "m.tar")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		r, err := Open(t.Context(), []string{path}, Options{From: "mimic", MaxReportBytes: limit})
		if err != nil {
			return
		}
		checkAll(t, r)
		if !isTar(data) {
			return
		}
		seen := map[string]int{}
		for report, err := range r.Reports(t.Context()) {
			if err == nil {
				_, name, _ := strings.Cut(report.Place.Path, "!")
				seen[name]++
			}
		}
		std := tar.NewReader(bytes.NewReader(data))
		for {
			h, err := std.Next()
			if err != nil && err != tar.ErrInsecurePath {
				return
			}
			if _, ok := memberReport(MIMIC, h.Name); !ok || h.Typeflag != tar.TypeReg {
				continue
			}
			text, err := io.ReadAll(std)
			if err != nil || len(text) > limit || bytes.IndexByte(text, 0) >= 0 {
				continue
			}
			seen[h.Name]--
			require.GreaterOrEqual(t, seen[h.Name], 0, h.Name)
		}
	})
}

// FuzzOpenI reads any bytes as a file of OpenI.
func FuzzOpenI(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR7"/><MedlineCitation><Article><Abstract>` +
		`<AbstractText Label="FINDINGS">Clear &amp; dry.</AbstractText><AbstractText Label="IMPRESSION">No effusion.</AbstractText>` +
		`</Abstract></Article></MedlineCitation></eCitation>`))
	f.Add([]byte(`<eCitation><uId id=""/></eCitation>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><eCitation>&b;</eCitation>`))
	f.Add([]byte("<?xml version='1.0' encoding='latin1'?><eCitation>\xe9</eCitation><eCitation/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Open(t.Context(), []string{"-"}, Options{From: "openi", Stdin: bytes.NewReader(data), MaxReportBytes: 1 << 16})
		if err != nil {
			return
		}
		checkAll(t, r)
	})
}

// FuzzOpen opens any bytes under any name and reads what is guessed of them.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("id,text\n1,x\n"), "a.csv")
	f.Add([]byte(`{"text":"x"}`), "a")
	f.Add(gz(f, []byte("No effusion.")), "a.txt.gz")
	f.Add(zst(f, []byte("id;text\n1;x\n")), "a.csv.zst")
	f.Add(zipOf(f, mimicFiles[:1], 0), "a.zip")
	f.Add([]byte("<eCitation/>"), "a.xml")
	f.Add([]byte("\xff\xfea\x00"), "s50000001.txt")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		path := filepath.Join(t.TempDir(), filepath.Base("x"+name))
		if os.WriteFile(path, data, 0o600) != nil {
			return // no name of a file
		}
		r, err := Open(t.Context(), []string{path}, Options{MaxReportBytes: 1 << 16})
		if err != nil {
			var p *Problem
			require.ErrorAs(t, err, &p)
			return
		}
		checkAll(t, r)
	})
}

// FuzzTable reads any bytes as a table of labels: a field for every column of the
// header, all of them UTF-8.
func FuzzTable(f *testing.F) {
	f.Add([]byte("id,Edema\n1,1.0\n2,\"a\n\nb\"\n"), "t.csv", false)
	f.Add([]byte("sep=;\nid;Edema;;\n1;0;;\n"), "t.csv", false)
	f.Add([]byte("id\tEdema\n1\t\"\n"), "t.tsv", true)
	f.Add(gz(f, []byte("id,Edema\n1,\xe9\n")), "t.csv.gz", false)
	f.Add(zst(f, []byte("id,Edema\n\"1,2\n3,4\n")), "t.csv.zst", true)
	f.Fuzz(func(t *testing.T, data []byte, name string, plain bool) {
		path := filepath.Join(t.TempDir(), filepath.Base("t"+name))
		if os.WriteFile(path, data, 0o600) != nil {
			return
		}
		file, err := OpenFile(path)
		if err != nil {
			return
		}
		table, err := file.Table(plain)
		if err != nil {
			var p *Problem
			require.ErrorAs(t, err, &p)
			return
		}
		line := 0
		for row, err := range table.Rows() {
			if err != nil {
				continue
			}
			require.Len(t, row.Fields, len(table.Header))
			require.Greater(t, row.Line, line)
			line = row.Line
			for _, field := range row.Fields {
				require.True(t, utf8.ValidString(field))
			}
		}
	})
}

// FuzzLoadExceptions: what is loaded is a section or a span with something in it.
func FuzzLoadExceptions(f *testing.F) {
	f.Add([]byte("study_id,section\n50000001,findings\n"))
	f.Add([]byte("study_id,start,end\ns50000001,3,9\n2,9,3\n"))
	f.Add([]byte("study_id,section,start,end\n1,a,,\n1,b,1,2\n3,,0,99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "e.csv")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		exceptions, _ := LoadExceptions(path)
		for id, e := range exceptions {
			require.NotEmpty(t, id)
			require.True(t, (e.Section != "") != (e.Span != Span{}))
			require.GreaterOrEqual(t, e.Span.Start, 0)
			require.GreaterOrEqual(t, e.Span.End, e.Span.Start)
		}
	})
}

// FuzzFindings: what is read is what is written of it.
func FuzzFindings(f *testing.F) {
	for _, s := range []string{"", "No Finding", "Mass|Nodule", "Pleural_Thickening|Mass", "Mass|Mass", "|", "mass"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found, err := DecodeFindings(s)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		if len(found) == 0 {
			return // nothing is said, which is not No Finding
		}
		again, err := DecodeFindings(string(AppendFindings(nil, found)))
		require.NoError(t, err)
		require.ElementsMatch(t, found, again)
	})
}
