package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file is one file of a folder or an archive made for a test.
type file struct{ name, text string }

var mimicFiles = []file{
	{"files/p10/p10000032/s50414267.txt", " FINAL REPORT\n IMPRESSION: \n \n No acute process.\n"},
	{"files/p10/p10000032/s53189527.txt", " FINAL REPORT\n FINDINGS: \n \n Clear lungs.\n"},
	{"files/p10/p10000764/s57375967.txt", " FINAL REPORT\n IMPRESSION: \n \n Small left effusion.\n"},
	{"files/p11/p11000011/s51029426.txt", " FINAL REPORT\n IMPRESSION: \n \n Mild oedema.\n"},
}

func zipOf(t testing.TB, files []file, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		// The writer sets the sizes after the data.
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarOf(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o600}))
		_, err := io.WriteString(w, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gz(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zst(t testing.TB, plain []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer w.Close()
	return w.EncodeAll(plain, nil)
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func writeFolder(t testing.TB, files []file) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(f.text), 0o600))
	}
	return dir
}

// got is all that a Reader yields.
type got struct {
	reader   *Reader
	reports  []Report
	problems []*Problem
}

func (g got) ids() []string {
	ids := []string{}
	for _, r := range g.reports {
		ids = append(ids, r.ID)
	}
	return ids
}

func (g got) texts() []string {
	texts := []string{}
	for _, r := range g.reports {
		texts = append(texts, r.Text)
	}
	return texts
}

// messages shows the Problems without the folder of the test: "lost" or "warn",
// place, and what is wrong.
func (g got) messages() []string {
	messages := []string{}
	for _, p := range g.problems {
		kind := "warn "
		if p.Lost {
			kind = "lost "
		}
		place := p.Place
		file, member, archive := strings.Cut(place.Path, "!")
		place.Path = filepath.Base(file)
		if archive {
			place.Path += "!" + member
		}
		messages = append(messages, kind+place.String()+": "+p.What)
	}
	return messages
}

func readAllOf(t testing.TB, opts Options, paths ...string) got {
	t.Helper()
	r, err := Open(context.Background(), paths, opts)
	require.NoError(t, err)
	g := got{reader: r}
	for report, err := range r.Reports(context.Background()) {
		if err == nil {
			checkReport(t, report)
			g.reports = append(g.reports, report)
			continue
		}
		var p *Problem
		require.ErrorAs(t, err, &p)
		require.NotEmpty(t, p.Place.Path)
		require.NotContains(t, p.Error(), "\n")
		g.problems = append(g.problems, p)
	}
	lost := 0
	for _, p := range g.problems {
		if p.Lost {
			lost++
		}
	}
	assert.Equal(t, lost, r.Counts().Lost)
	assert.Equal(t, len(g.reports), r.Counts().Reports)
	return g
}

// checkReport holds every report to what the package promises.
func checkReport(t testing.TB, r Report) {
	t.Helper()
	require.NotEmpty(t, r.ID)
	require.True(t, strings.ToValidUTF8(r.Text, "") == r.Text)
	require.NotContains(t, r.Text, "\r")
	at := 0
	for _, s := range r.Sections {
		require.LessOrEqual(t, at, s.Header.Start)
		if s.Name != "" {
			require.Equal(t, strings.ToUpper(s.Name)+":", s.Header.In(r.Text))
		}
		require.LessOrEqual(t, s.Header.End, s.Span.Start)
		require.NotEmpty(t, strings.TrimSpace(s.Span.In(r.Text)))
		at = s.Span.End
	}
	require.LessOrEqual(t, at, len(r.Text))
}

// Standard input has no name; what it is shows in how it begins.
func TestStandardInputIsGuessed(t *testing.T) {
	table, lines := "id,text\n7,No effusion.\n8,Edema.\n", "{\"id\":7,\"text\":\"No effusion.\"}\n{\"id\":8,\"text\":\"Edema.\"}\n"
	for _, tt := range []struct {
		name, format string
		data         []byte
		opts         Options
		ids          []string
	}{
		{"a table", "csv", []byte(table), Options{}, []string{"7", "8"}},
		{"a table with a byte order mark", "csv", []byte("\ufeff" + table), Options{}, []string{"7", "8"}},
		{"a compressed table", "csv", gz(t, []byte(table)), Options{}, []string{"7", "8"}},
		{"tabs", "csv", []byte("findings\tage\nClear.\t7\nClear.\t8\n"), Options{}, []string{"1", "2"}},
		{"a table without ids", "csv", []byte("Report Text,Patient Age\nClear.,7\n"), Options{}, []string{"1"}},
		{"blanks behind commas", "csv", []byte("id, text\n7,Clear.\n"), Options{}, []string{"7"}},
		{"one column", "csv", []byte("text\nClear.\n"), Options{}, []string{"1"}},
		{"a named column", "csv", []byte("key,words\n7,Clear.\n"), Options{IDColumn: "key", TextColumn: "words"}, []string{"7"}},
		{"CheXpert Plus", "chexpert-plus", []byte("path_to_image,section_findings\na/patient1/study1/x.jpg,Clear.\n"), Options{}, []string{"patient1/study1"}},
		{"lines", "jsonl", []byte(lines), Options{}, []string{"7", "8"}},
		{"compressed lines", "jsonl", zst(t, []byte(lines)), Options{}, []string{"7", "8"}},
		{"a zip", "mimic", zipOf(t, mimicFiles[:1], zip.Deflate), Options{}, []string{"50414267"}},
		{"a tar", "mimic", tarOf(t, mimicFiles[:1]), Options{}, []string{"50414267"}},
		{"a compressed tar", "mimic", gz(t, tarOf(t, mimicFiles[:1])), Options{}, []string{"50414267"}},
		{"OpenI", "openi", []byte("<?xml version=\"1.0\"?>\n<eCitation><uId id=\"CXR7\"/></eCitation>"), Options{}, []string{"CXR7"}},
		{"a text", "text", []byte("No effusion, no edema.\n"), Options{}, []string{"stdin"}},
		{"a compressed text", "text", gz(t, []byte("No effusion.\n")), Options{}, []string{"stdin"}},
		{"a header of a report", "text", []byte("IMPRESSION\nClear.\n"), Options{}, []string{"stdin"}},
		{"a title of a report", "text", []byte("Report\nClear.\n"), Options{}, []string{"stdin"}},
		{"words that may be columns", "text", []byte("Findings, no effusion\nClear, small\n"), Options{}, []string{"stdin"}},
		{"a text with a brace", "text", []byte("{dictated} No effusion.\n"), Options{}, []string{"stdin"}},
		{"a text with brackets", "text", []byte("[**Name**] No effusion.\n"), Options{}, []string{"stdin"}},
		{"nothing", "text", nil, Options{}, []string{"stdin"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Stdin = bytes.NewReader(tt.data)
			g := readAllOf(t, tt.opts, "-")
			assert.Equal(t, tt.format, g.reader.Format())
			assert.Equal(t, tt.ids, g.ids())
		})
	}
	for name, tt := range map[string]struct {
		data    string
		opts    Options
		message string
	}{
		"an array":                {"[{\"text\":\"x\"}]", Options{}, "-: this is a JSON array; write one object a line"},
		"a column that is not in": {"id,text\n1,x\n", Options{TextColumn: "txt"}, "-: there is no column \"txt\" among id, text"},
	} {
		tt.opts.Stdin = strings.NewReader(tt.data)
		_, err := Open(t.Context(), []string{"-"}, tt.opts)
		assert.ErrorContains(t, err, tt.message, name)
	}
}

// One wrong path of several costs its own reports alone.
func TestSomePathsAreWrong(t *testing.T) {
	good := write(t, "x.zip", zipOf(t, mimicFiles, zip.Deflate))
	none, table := filepath.Join(t.TempDir(), "none.zip"), write(t, "y.csv", []byte("a,b\n1,2\n"))
	g := readAllOf(t, Options{}, none, good, table)
	assert.Len(t, g.reports, 4)
	assert.Equal(t, []string{"lost none.zip: no such file or folder", "lost y.csv: there is no column of report text among a, b"}, g.messages())
	assert.Equal(t, "mimic", g.reader.Format())
	assert.True(t, g.reader.HasSubjects())
	assert.Equal(t, 4, g.reader.Total())

	_, err := Open(t.Context(), []string{none, table}, Options{})
	assert.ErrorContains(t, err, "none.zip: no such file or folder; check the path\n")
	assert.ErrorContains(t, err, "y.csv: there is no column of report text")
	var problem *Problem
	assert.ErrorAs(t, err, &problem)
}

func TestColumnsNamedOfWhatHasNone(t *testing.T) {
	archive, table := write(t, "x.zip", zipOf(t, mimicFiles[:1], zip.Deflate)), write(t, "y.csv", []byte("key,text\n1,x\n"))
	g := readAllOf(t, Options{IDColumn: "key"}, archive, table)
	assert.Equal(t, []string{"50414267", "1"}, g.ids())
	assert.Equal(t, []string{"warn x.zip: the format mimic has no named columns"}, g.messages())
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name  string
		paths []string
		opts  Options
		want  string
	}{
		{"no input", nil, Options{}, "no input; give a file, a folder, or - for standard input"},
		{"a format that is not known", []string{dir}, Options{From: "docx"}, `input format "docx" is not known; use one of mimic, csv, chexpert-labeler, jsonl, openi, chexpert-plus, text`},
		{"a path that does not exist", []string{filepath.Join(dir, "x.csv")}, Options{}, "x.csv: no such file or folder; check the path"},
		{"a format that is not recognised", []string{write(t, "a.dat", []byte("some words\n"))}, Options{}, "a.dat: the format is not recognised; say it with --from: mimic, csv"},
		{"an empty folder", []string{dir}, Options{}, "no report found in this folder by the names of its files"},
		{"a folder as a table", []string{dir}, Options{From: "csv"}, "a folder cannot be read as csv; give the file itself"},
		{"an archive as a table", []string{write(t, "x.zip", zipOf(t, mimicFiles, zip.Deflate))}, Options{From: "jsonl"}, "an archive cannot be read as jsonl"},
		{"a JSON array", []string{write(t, "x.jsonl", []byte("[{}]"))}, Options{}, "this is a JSON array; write one object a line"},
		{"no standard input", []string{"-"}, Options{}, "there is no standard input"},
		{"standard input twice", []string{"-", "-"}, Options{Stdin: strings.NewReader("")}, "standard input (-) is given twice"},
		{"a negative limit", []string{dir}, Options{MaxReportBytes: -1}, "negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(context.Background(), tt.paths, tt.opts)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestOpenOfMissingPathIsAProblem(t *testing.T) {
	_, err := Open(context.Background(), []string{"no-such-file.csv"}, Options{})
	var p *Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, "no-such-file.csv", p.Place.Path)
	assert.True(t, p.Lost)
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
		messages         []string
	}{
		{"plain", "No effusion.\n", "No effusion.\n", []string{}},
		{"line ends", "No\r\neffusion.\r", "No\neffusion.\n", []string{}},
		{"byte order mark", "\ufeffNo effusion.", "No effusion.", []string{}},
		{"Windows-1252", "the patient\x92s œdema", "the patient’s œdema", []string{"warn r.txt: 1 byte is not UTF-8, read as Windows-1252"}},
		{"empty", "", "", []string{"warn r.txt: the report is empty"}},
		{"blank", " \n", " \n", []string{"warn r.txt: the report is empty"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, Options{}, write(t, "r.txt", []byte(tt.text)))
			require.Len(t, g.reports, 1)
			assert.Equal(t, "r", g.reports[0].ID)
			assert.Equal(t, tt.want, g.reports[0].Text)
			assert.Equal(t, tt.messages, g.messages())
			assert.Equal(t, "text", g.reader.Format())
			assert.Equal(t, 1, g.reader.Total())
		})
	}
}

func TestBinaryAndUTF16AreRefused(t *testing.T) {
	for _, tt := range []struct{ name, file, data, want string }{
		{"text", "r.txt", "\x00\x01", "lost r.txt: binary data (NUL bytes), not text"},
		{"table", "r.csv", "id,text\n1,\x00\n", "lost r.csv: the file is no text: binary data (NUL bytes), not text"},
		{"lines", "r.jsonl", "{\"text\":\"\x00\"}\n", "lost r.jsonl: the file is no text: binary data (NUL bytes), not text"},
		{"unknown", "r.dcm", "DICM\x00\x00", "lost r.dcm: the file is no text: binary data (NUL bytes), not text"},
		{"UTF-16", "r.csv", "\xff\xfei\x00d\x00", "lost r.csv: the file is no text: the text is UTF-16; convert it to UTF-8"},
		{"empty table", "r.csv", "", "lost r.csv: the file is empty"},
		{"empty lines", "r.jsonl", "", "lost r.jsonl: the file is empty"},
		{"empty and unknown", "r.dat", "", "lost r.dat: the file is empty"},
		{"cut gzip", "r.csv.gz", "\x1f\x8b\x08\x00", "lost r.csv.gz: the compressed file is truncated or damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good := write(t, "good.txt", []byte("Clear lungs."))
			g := readAllOf(t, Options{}, write(t, tt.file, []byte(tt.data)), good)
			assert.Equal(t, []string{tt.want}, g.messages())
			assert.Equal(t, []string{"good"}, g.ids(), "the rest goes on")
		})
	}
}

func TestStandardInput(t *testing.T) {
	for _, tt := range []struct {
		name, from, in string
		ids            []string
	}{
		{"text", "", "No effusion.\nClear.\n", []string{"stdin"}},
		{"text, said", "text", "No effusion.\n", []string{"stdin"}},
		{"mimic", "mimic", " FINAL REPORT\n", []string{"stdin"}},
		{"mimic zip", "mimic", string(zipOf(t, mimicFiles[:2], zip.Deflate)), []string{"50414267", "53189527"}},
		{"mimic tar.gz", "mimic", string(gz(t, tarOf(t, mimicFiles[:2]))), []string{"50414267", "53189527"}},
		{"csv", "csv", "id,text\na,x\nb,y\n", []string{"a", "b"}},
		{"csv, compressed", "csv", string(gz(t, []byte("id,text\na,x\nb,y\n"))), []string{"a", "b"}},
		{"jsonl", "jsonl", `{"id":7,"text":"x"}`, []string{"7"}},
		{"chexpert-labeler", "chexpert-labeler", "x\n\"y\n\nz\"\n", []string{"1", "2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, Options{From: tt.from, Stdin: strings.NewReader(tt.in)}, "-")
			assert.Equal(t, tt.ids, g.ids())
			assert.Empty(t, g.messages())
			for _, r := range g.reports {
				assert.True(t, strings.HasPrefix(r.Place.Path, "-"), r.Place.Path)
			}
			again := 0
			for _, err := range g.reader.Reports(context.Background()) {
				require.ErrorContains(t, err, "once")
				again++
			}
			assert.Equal(t, 1, again)
		})
	}
}

func TestSeveralInputs(t *testing.T) {
	a := write(t, "a.csv", []byte("study_id,subject_id,text\ns50000001,p10000001,x\n"))
	b := write(t, "b.zip", zipOf(t, mimicFiles, zip.Store))
	c := write(t, "c.txt", []byte("z"))

	g := readAllOf(t, Options{}, a, b)
	assert.Equal(t, "csv, mimic", g.reader.Format())
	assert.True(t, g.reader.HasSubjects())
	assert.Equal(t, []string{"50000001", "50414267", "53189527", "57375967", "51029426"}, g.ids())

	g = readAllOf(t, Options{}, b, b, c)
	assert.Equal(t, "mimic, text", g.reader.Format())
	assert.False(t, g.reader.HasSubjects())
	assert.Equal(t, 9, g.reader.Total())
	assert.Len(t, g.reports, 9)
	assert.Equal(t, 4, g.reader.Counts().Duplicates)
	assert.Contains(t, g.messages()[0], `the id "50414267" is not new in this corpus`)
	read, total := g.reader.Progress()
	assert.Equal(t, total, read)
	assert.Positive(t, total)
}

func TestReportsCanBeReadAgain(t *testing.T) {
	path := write(t, "a.csv", []byte("id,text\na,x\na,y\n"))
	r, err := Open(context.Background(), []string{path}, Options{})
	require.NoError(t, err)
	for range 2 {
		n := 0
		for _, err := range r.Reports(context.Background()) {
			if err == nil {
				n++
			}
		}
		assert.Equal(t, 2, n)
		assert.Equal(t, Counts{Items: 2, Reports: 2, Duplicates: 1}, r.Counts())
	}
}

func TestReportsStopWhenAsked(t *testing.T) {
	for name, path := range manyInputs(t) {
		t.Run(name, func(t *testing.T) {
			r, err := Open(context.Background(), []string{path}, Options{})
			require.NoError(t, err)
			n := 0
			for range r.Reports(context.Background()) {
				n++
				break
			}
			assert.Equal(t, 1, n)

			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n, ended := 0, false
			for _, err := range r.Reports(ctx) {
				require.False(t, ended, "nothing follows the end")
				if err != nil {
					require.ErrorIs(t, err, context.Canceled)
					ended = true
					continue
				}
				n++
				cancel()
			}
			assert.True(t, ended)
			assert.Equal(t, 1, n)
		})
	}
}

// manyInputs gives one input of each kind, of several reports each.
func manyInputs(t *testing.T) map[string]string {
	inputs := map[string]string{
		"zip":    write(t, "x.zip", zipOf(t, mimicFiles, zip.Deflate)),
		"tar":    write(t, "x.tar", tarOf(t, mimicFiles)),
		"folder": writeFolder(t, mimicFiles),
		"csv":    write(t, "x.csv", []byte("id,text\na,x\nb,y\nc,z\n")),
		"jsonl":  write(t, "x.jsonl", []byte("{\"text\":\"x\"}\n{\"text\":\"y\"}\n{\"text\":\"z\"}\n")),
	}
	whole, err := os.ReadFile(inputs["zip"])
	require.NoError(t, err)
	inputs["cut zip"] = write(t, "cut.zip", whole[:len(whole)-100])
	return inputs
}

// A pipe that is still being written yields what is there.
func TestReportsStream(t *testing.T) {
	for _, tt := range []struct {
		from, first, second string
	}{
		{"csv", "id,text\na,x\n", "b,y\n"},
		{"chexpert-labeler", "x\n", "y\n"},
		{"jsonl", "{\"text\":\"x\"}\n", "{\"text\":\"y\"}\n"},
	} {
		t.Run(tt.from, func(t *testing.T) {
			in, out := io.Pipe()
			sent := make(chan struct{})
			go func() {
				io.WriteString(out, tt.first) //nolint:errcheck // the reader tells
				<-sent
				io.WriteString(out, tt.second) //nolint:errcheck // the reader tells
				out.Close()
			}()
			r, err := Open(context.Background(), []string{"-"}, Options{From: tt.from, Stdin: in})
			require.NoError(t, err)
			var texts []string
			for report, err := range r.Reports(context.Background()) {
				require.NoError(t, err)
				texts = append(texts, report.Text)
				if len(texts) == 1 {
					close(sent) // only now is there a second one
				}
			}
			assert.Equal(t, []string{"x", "y"}, texts)
		})
	}
}

// An error in the middle of a stream is told after all that came before it.
func TestReadingEndsEarly(t *testing.T) {
	broken := func(s string) io.Reader {
		return io.MultiReader(strings.NewReader(s), errorReader{})
	}
	for _, tt := range []struct{ from, in, message string }{
		{"csv", "id,text\n1,x\n2,y", "lost -:3: reading ends here: the disk is gone; what comes after is lost"},
		{"jsonl", "{\"id\":1,\"text\":\"x\"}\n", "lost -:2: reading ends here: the disk is gone; what comes after is lost"},
		{"text", "abc", "lost -: cannot be read: the disk is gone"},
	} {
		g := readAllOf(t, Options{From: tt.from, Stdin: broken(tt.in)}, "-")
		assert.Equal(t, []string{tt.message}, g.messages())
		if tt.from != "text" {
			assert.Equal(t, []string{"1"}, g.ids())
		}
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestTruncatedCompression(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "%d,report %x\n", i, i*7919)
	}
	for name, data := range map[string][]byte{"x.csv.gz": gz(t, []byte(b.String())), "x.csv.zst": zst(t, []byte(b.String()))} {
		g := readAllOf(t, Options{}, write(t, name, data))
		assert.Len(t, g.reports, 20000)
		assert.Empty(t, g.problems)

		g = readAllOf(t, Options{}, write(t, name, data[:len(data)-10]))
		require.Len(t, g.problems, 1, name)
		assert.Contains(t, g.messages()[0], "reading ends here: it ends too early")
		assert.Positive(t, len(g.reports), name)
	}
}
