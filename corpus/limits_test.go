package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overlapping is a zip archive whose directory names one member again and again.
func overlapping(t *testing.T, text string, times int) []byte {
	data := zipOf(t, []file{{"files/p10/p10000001/s50000001.txt", text}}, zip.Deflate)
	dir, ok := findZipDirectory(bytes.NewReader(data), int64(len(data)))
	require.True(t, ok)
	end := bytes.LastIndex(data, []byte(zipEnd))
	entry := data[dir.start:end]
	bomb := append(bytes.Clone(data[:dir.start]), bytes.Repeat(entry, times)...)
	tail := bytes.Clone(data[end:])
	for _, at := range []int{8, 10} { // entries on this disk, and on all
		binary.LittleEndian.PutUint16(tail[at:], uint16(times))
	}
	binary.LittleEndian.PutUint32(tail[12:], uint32(times*len(entry)))
	return append(bomb, tail...)
}

func TestBombs(t *testing.T) {
	blank := strings.Repeat(" ", 1<<20)
	t.Run("zip of overlapping members", func(t *testing.T) {
		path := write(t, "m.zip", overlapping(t, blank, 80))
		g := readAllOf(t, Options{}, path)
		assert.Equal(t, "lost m.zip: it unpacks to more than 500 times its size, as if made to fill a disk (--max-ratio); what comes after is lost",
			g.messages()[len(g.messages())-1])
		assert.Len(t, g.reports, 65)
		assert.Len(t, readAllOf(t, Options{MaxRatio: 100_000}, path).reports, 80, "the limit can be set")
	})
	t.Run("one member larger than it says", func(t *testing.T) {
		data := zipOf(t, []file{{"s50000001.txt", blank}, mimicFiles[0]}, zip.Deflate)
		at := bytes.LastIndex(data[:bytes.LastIndex(data, []byte(mimicFiles[0].name))], []byte("s50000001.txt")) - 46
		binary.LittleEndian.PutUint32(data[at+24:], 10)
		g := readAllOf(t, Options{MaxReportBytes: 1000}, write(t, "m.zip", data))
		assert.Equal(t, []string{"lost m.zip!s50000001.txt: the report is longer than 1000 bytes"}, g.messages())
		assert.Len(t, g.reports, 1)
	})
	lines := []byte("id,text\n1,No effusion.\n2," + strings.Repeat(blank, 70) + "\n3,Edema.\n")
	for name, data := range map[string][]byte{"x.csv.gz": gz(t, lines), "x.csv.zst": zst(t, lines)} {
		t.Run(name, func(t *testing.T) {
			path := write(t, name, data)
			g := readAllOf(t, Options{}, path)
			assert.Equal(t, []string{"1"}, g.ids())
			require.Len(t, g.problems, 1)
			assert.Contains(t, g.problems[0].What, "reading ends here: it unpacks to more than 500 times its size")
			g = readAllOf(t, Options{MaxRatio: 100_000}, path)
			assert.Equal(t, []string{"1", "3"}, g.ids(), "the limit can be set")
		})
	}
	t.Run("tar.gz", func(t *testing.T) {
		files := []file{mimicFiles[0]}
		for range 70 {
			files = append(files, file{"s50000001.txt", blank})
		}
		g := readAllOf(t, Options{}, write(t, "m.tar.gz", gz(t, tarOf(t, files))))
		assert.Contains(t, g.messages()[len(g.messages())-1], "it unpacks to more than 500 times its size")
		assert.Less(t, len(g.reports), 70)
	})
}

// A zstd stream that wants more memory than it may have is refused.
func TestZstdWindow(t *testing.T) {
	// A window of 2 to the power of exponent, one block: a line of one letter.
	frame := func(exponent byte) []byte {
		return []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, (exponent - 10) << 3, 0x03 | 1000<<3&0xff, 1000 >> 5, 0, 'x'}
	}
	for exponent, ok := range map[byte]bool{20: true, 27: true, 28: false, 31: false} {
		g := readAllOf(t, Options{From: "chexpert-labeler"}, write(t, "x.csv.zst", frame(exponent)))
		assert.Equal(t, ok, len(g.reports) == 1, exponent)
	}
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	name := "caf\xe9 \x1b[2J.txt"
	var tarred bytes.Buffer
	w := tar.NewWriter(&tarred)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: 1, Mode: 0o600, Format: tar.FormatGNU}))
	_, err := io.WriteString(w, "x")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	paths := map[string]string{
		"m.zip": write(t, "m.zip", zipOf(t, []file{{name, "x"}}, zip.Deflate)),
		"m.tar": write(t, "m.tar", tarred.Bytes()),
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err == nil {
		paths["folder"] = folder
	}
	for what, path := range paths {
		t.Run(what, func(t *testing.T) {
			g := readAllOf(t, Options{From: "text"}, path)
			assert.Equal(t, []string{"café \x1b[2J"}, g.ids())
			require.Len(t, g.problems, 1)
			message := g.problems[0].Error()
			assert.Contains(t, message, `caf\xe9 \x1b[2J.txt: the name is not UTF-8; for the id it is read as Windows-1252`)
			assert.NotContains(t, message, "\x1b", "nothing steers the terminal")
		})
	}
}

func TestPlace(t *testing.T) {
	for path, want := range map[string]string{
		"a b/ü\\x.txt": "a b/ü\\x.txt", "a\nb": `a\nb`, "\xff\\": `\xff\\`, "": "",
	} {
		assert.Equal(t, want, Place{Path: path}.String())
		assert.Equal(t, want+":3", Place{path, 3}.String())
	}
}

func TestQuoteID(t *testing.T) {
	assert.Equal(t, `"50414267"`, QuoteID("50414267"))
	assert.Equal(t, `"\x1b[2J"`, QuoteID("\x1b[2J"))
	assert.Equal(t, `(12 bytes, not shown)`, QuoteID("No effusion."))
	assert.Equal(t, `(41 bytes, not shown)`, QuoteID(strings.Repeat("x", 41)))
}

// A file that is written to while it is read is told of.
func TestFilesThatChange(t *testing.T) {
	for what, change := range map[string]func(path string) error{
		"longer": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("3,z\n")
			f.Close()
			return err
		},
		"of another time": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)) },
		"another file": func(path string) error {
			if err := os.Rename(path, path+".old"); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("id,text\n1,x\n2,y\n"), 0o600)
		},
		"gone": os.Remove,
	} {
		t.Run(what, func(t *testing.T) {
			path := write(t, "x.csv", []byte("id,text\n1,x\n2,y\n"))
			r, err := Open(t.Context(), []string{path}, Options{})
			require.NoError(t, err)
			var last error
			for report, err := range r.Reports(t.Context()) {
				if report.ID == "2" {
					require.NoError(t, change(path))
				}
				last = err
			}
			assert.EqualError(t, last, path+": the file changed while it was read; what was read may be of both its states; run again when nobody writes to it")
		})
	}
	path := write(t, "x.csv", []byte("id,text\n1,x\n"))
	assert.Empty(t, readAllOf(t, Options{}, path).problems)
}

// changing is a file to which somebody writes while it is read.
type changing struct {
	*os.File
	change func() error
}

func (c changing) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	if change := c.change(); change != nil {
		return n, change
	}
	return n, err
}

func TestReadFileThatChanges(t *testing.T) {
	path := write(t, "x.txt", []byte("abc"))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	b, err := readFile(f, nil, 10)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(b))

	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	_, err = readFile(changing{f, func() error { return os.Truncate(path, 2) }}, nil, 10)
	assert.Equal(t, errChanged, err)
}
