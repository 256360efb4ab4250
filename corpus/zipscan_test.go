package corpus

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scanFiles are reports of some length, which shrink.
func scanFiles(n int) []file {
	files := make([]file, n)
	for i := range files {
		text := fmt.Sprintf("FINDINGS: Film %d. No effusion. No pneumothorax. Heart size is %d.\n", i, i*7919)
		files[i] = file{fmt.Sprintf("files/p10/p10000001/s5%07d.txt", i), text}
	}
	return files
}

// headedZip has the sizes of a member before its data, which is deflated.
func headedZip(t testing.TB, files []file) []byte {
	t.Helper()
	streamed := zipOf(t, files, zip.Deflate)
	in, err := zip.NewReader(bytes.NewReader(streamed), int64(len(streamed)))
	require.NoError(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range in.File {
		h := f.FileHeader
		h.Flags &^= zipHasDescriptor
		m, err := w.CreateRaw(&h)
		require.NoError(t, err)
		raw, err := f.OpenRaw()
		require.NoError(t, err)
		_, err = io.Copy(m, raw)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func piped(t testing.TB, data []byte) got {
	t.Helper()
	return readAllOf(t, Options{From: "mimic", Stdin: bytes.NewReader(data)}, "-")
}

func withoutID(files []file, leave ...int) []string {
	ids := []string{}
	for i := range files {
		gone := false
		for _, l := range leave {
			gone = gone || i == l
		}
		if !gone {
			ids = append(ids, fmt.Sprintf("5%07d", i))
		}
	}
	return ids
}

// One fault in the header of a member costs that member at most, on a pipe and
// without a directory, and is told.
func TestScanOfDamagedHeaders(t *testing.T) {
	const n, at = 40, 17
	files := scanFiles(n)
	name := files[at].name
	missing := "lost -!" + name + ": the directory of the archive names it, and it was not found: its header, or what stands before it, is damaged"
	unread := func(what string) string { return "lost -!" + name + ": cannot be read: " + what }
	skipped := "warn -: 1 file in it is no reports, by their names, and skipped"
	zips := map[string][]byte{
		"deflated": headedZip(t, files), "stored": sizedZip(t, files), "streamed": zipOf(t, files, zip.Deflate),
	}
	for _, tt := range []struct {
		name, form string
		spoil      func(local []byte)
		messages   []string // none: it is read all the same
		alone      bool     // without a directory, nothing more than that is in doubt
	}{
		{"signature", "deflated", func(b []byte) { b[0] ^= 0x10 }, []string{missing}, false},
		{"signature", "stored", func(b []byte) { b[3] ^= 0x10 }, []string{missing}, false},
		{"signature", "streamed", func(b []byte) { b[1] ^= 1 }, []string{missing}, false},
		{"name longer", "deflated", func(b []byte) { b[26] ^= 0x40 }, []string{missing}, false},
		{"name longer than the archive", "deflated", func(b []byte) { b[27] ^= 0x80 }, []string{missing}, false},
		{"name shorter", "deflated", func(b []byte) { b[26] ^= 1 }, []string{missing, skipped}, false},
		{"name shorter", "streamed", func(b []byte) { b[26] ^= 1 }, []string{missing, skipped}, false},
		{"extra field", "stored", func(b []byte) { b[28] ^= 0x10 }, []string{unread("its checksum is wrong")}, false},
		{"name is of no report", "deflated", func(b []byte) { b[30+len(name)-1] ^= 1 }, []string{missing, skipped}, true},
		{"name is of another report", "deflated", func(b []byte) { b[30+len(name)-8] ^= 1 }, []string{missing}, true},
		{"compressed size, a little more", "deflated", func(b []byte) { b[18] ^= 1 << bits(b[18], false) }, nil, true},
		{"compressed size, a little less", "deflated", func(b []byte) { b[18] ^= 1 << bits(b[18], true) }, nil, true},
		{"compressed size, beyond the end", "deflated", func(b []byte) { b[20] ^= 0x10 }, nil, true},
		{"compressed size, beyond the limit", "deflated", func(b []byte) { b[21] ^= 0x10 }, nil, true},
		{"compressed size", "stored", func(b []byte) { b[20] ^= 0x10 }, nil, true},
		{"size", "deflated", func(b []byte) { b[22] ^= 1 }, []string{unread("its checksum is wrong")}, true},
		{"both sizes", "stored", func(b []byte) { b[18] ^= 1; b[22] ^= 1 }, []string{unread("its checksum is wrong")}, false},
		{"checksum", "deflated", func(b []byte) { b[14] ^= 1 }, []string{unread("its checksum is wrong")}, true},
		{"method", "deflated", func(b []byte) { b[8] ^= 1 }, []string{unread("its compression method 9 is not known")}, true},
		{"encrypted", "deflated", func(b []byte) { b[6] ^= 1 }, []string{unread("it is encrypted")}, true},
		{"encrypted", "streamed", func(b []byte) { b[6] ^= 1 }, []string{unread("its length stands only in the missing directory")}, true},
		{"sizes after the data", "streamed", func(b []byte) { b[6] ^= 8 }, []string{unread("its checksum is wrong")}, false},
		{"data", "streamed", func(b []byte) { b[30+len(name)+5] ^= 1 }, []string{unread("its checksum is wrong")}, true},
	} {
		t.Run(tt.name+", "+tt.form, func(t *testing.T) {
			data := bytes.Clone(zips[tt.form])
			tt.spoil(data[bytes.Index(data, []byte(name))-zipLocalLen:])
			g := piped(t, data)
			if tt.messages == nil {
				assert.Equal(t, withoutID(files), g.ids())
			} else if tt.name == "name is of another report" {
				assert.Len(t, g.ids(), n)
			} else {
				assert.Equal(t, withoutID(files, at), g.ids())
			}
			assert.ElementsMatch(t, tt.messages, g.messages())

			// Without a directory there is a message more, and a name less.
			g = readAllOf(t, Options{From: "mimic"}, write(t, "m.zip", data[:bytes.Index(data, []byte(zipEntry))]))
			assert.GreaterOrEqual(t, len(g.reports), n-1)
			last := g.messages()[len(g.messages())-1]
			if strings.Contains(last, "skipped") {
				last = g.messages()[len(g.messages())-2]
			}
			assert.Contains(t, last, "lost m.zip: the archive is truncated: its directory is missing; ")
			want := "more reports may be lost in "
			if tt.alone {
				want = "every report before that was read"
			}
			assert.Contains(t, last, want)
		})
	}
}

// bits is the lowest bit of b that is set, or that is not.
func bits(b byte, set bool) int {
	for i := range 8 {
		if b>>i&1 == 1 == set {
			return i
		}
	}
	return 7
}

// What two members and more are lost in is told as such.
func TestScanOfManyFaults(t *testing.T) {
	files := scanFiles(40)
	data := headedZip(t, files)
	local := func(i int) []byte { return data[bytes.Index(data, []byte(files[i].name))-zipLocalLen:] }
	from := len(data) - len(local(10))
	for i := 10; i < 13; i++ {
		local(i)[0] = 'X'
	}
	g := piped(t, data)
	assert.Equal(t, withoutID(files, 10, 11, 12), g.ids())
	assert.Equal(t, 3, g.reader.Counts().Lost, "each by its name")

	directory := bytes.Index(data, []byte(zipEntry))
	g = piped(t, data[:directory])
	assert.Equal(t, withoutID(files, 10, 11, 12), g.ids())
	size := len(local(10)) - len(local(13))
	assert.Equal(t, []string{fmt.Sprintf("lost -: the archive is truncated: its directory is missing; more reports may be lost in %d bytes from byte %d on", size, from)}, g.messages())

	g = piped(t, data[:directory+100])
	require.Len(t, g.messages(), 1)
	assert.Contains(t, g.messages()[0], "lost -: the archive is damaged, and its directory is too, so that nothing tells which reports may be lost: ")
}

// Sound archives, of whatever form, are read on a pipe as before.
func TestScanOfSoundArchives(t *testing.T) {
	files := scanFiles(5)
	inner := zipOf(t, []file{{"files/p10/p10000009/s59999999.txt", "within"}}, zip.Deflate)
	nested := append([]file{{"other.zip", string(inner)}, {"x/", ""}, {"LICENSE.txt", zipLocal + strings.Repeat("a", 50)}}, files...)
	long := append([]file{{"films.dat", strings.Repeat("a film;", 3<<20)}}, files...)
	skipped := []string{"warn -: 1 file in it is no reports, by their names, and skipped"}
	for _, tt := range []struct {
		name     string
		data     []byte
		messages []string
	}{
		{"streamed", zipOf(t, files, zip.Deflate), []string{}},
		{"deflated", headedZip(t, files), []string{}},
		{"stored", sizedZip(t, files), []string{}},
		{"with a comment", commented(t, files), []string{}},
		{"with zeros behind it", append(headedZip(t, files), make([]byte, 5000)...), []string{}},
		{"an archive within, stored", sizedZip(t, nested), skipped},
		{"an archive within, streamed", zipOf(t, nested, zip.Deflate), skipped},
		{"a file over the limit, stored", sizedZip(t, long), skipped},
		{"a file over the limit, deflated", headedZip(t, long), skipped},
		{"a file over the limit, streamed", zipOf(t, long, zip.Deflate), skipped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := piped(t, tt.data)
			assert.Equal(t, withoutID(files), g.ids())
			assert.Equal(t, tt.messages, g.messages())
		})
	}
	g := piped(t, append(zipOf(t, files, zip.Deflate), zipOf(t, mimicFiles, zip.Deflate)...))
	assert.Len(t, g.reports, 9, "one after the other")
	assert.Empty(t, g.problems)
}

func commented(t *testing.T, files []file) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	require.NoError(t, w.SetComment(strings.Repeat("PK\x03\x04 a comment ", 100)))
	for _, f := range files {
		m, err := w.Create(f.name)
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// What the directory and the members say of one another.
func TestScanAgainstDirectory(t *testing.T) {
	files := scanFiles(3)
	data := headedZip(t, files)
	entry := bytes.LastIndex(data, []byte(files[1].name)) - zipEntryLen
	t.Run("renamed", func(t *testing.T) {
		data := bytes.Clone(data)
		data[entry+zipEntryLen+len(files[1].name)-5] = '9'
		g := piped(t, data)
		assert.Len(t, g.reports, 3)
		assert.Equal(t, []string{"lost -!files/p10/p10000001/s50000009.txt: the directory of the archive names it, and it was not found: " +
			"its header, or what stands before it, is damaged"}, g.messages())
	})
	t.Run("removed", func(t *testing.T) {
		dir, ok := findZipDirectory(bytes.NewReader(data), int64(len(data)))
		require.True(t, ok)
		length := (bytes.LastIndex(data, []byte(zipEnd)) - int(dir.start)) / 3
		removed := append(bytes.Clone(data[:dir.start]), data[int(dir.start)+length:]...)
		end := removed[len(removed)-zipEndLen:]
		end[8], end[10] = 2, 2
		binary.LittleEndian.PutUint32(end[12:], uint32(2*length))
		g := piped(t, removed)
		assert.Len(t, g.reports, 3)
		assert.Equal(t, []string{"warn -: 1 file read from it is not in its directory: removed from it, or under a damaged name"}, g.messages())
	})
	t.Run("named again and again", func(t *testing.T) {
		g := piped(t, overlapping(t, "x", 80))
		assert.Len(t, g.reports, 1)
		assert.Equal(t, []string{"lost -: its directory names 79 files more than were found in it"}, g.messages())
	})
	t.Run("a link", func(t *testing.T) {
		data := bytes.Clone(data)
		data[entry+5] = 3
		binary.LittleEndian.PutUint32(data[entry+38:], 0o120777<<16)
		g := piped(t, data)
		assert.Equal(t, []string{"warn -!" + files[1].name + ": a link within an archive, which in one pass is read as if what it leads to were a text"}, g.messages())
	})
}

// Of more names than are known, how many there are is still compared.
func TestScanForgetsNames(t *testing.T) {
	names := zipNames{seed: maphash.MakeSeed(), most: 2}
	for _, name := range []string{"a", "b", "c"} {
		names.add(name)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		assert.False(t, names.absent(name))
	}
	assert.Equal(t, 2, names.visited.n)
	assert.Equal(t, 1, names.short())
}

// An archive whose every header leads through all that follows, in vain, is not
// gone through as often as it has headers.
func TestScanOfHostileHeaders(t *testing.T) {
	header := make([]byte, zipLocalLen+1)
	copy(header, zipLocal)
	le := binary.LittleEndian
	le.PutUint32(header[14:], 1)
	le.PutUint32(header[18:], 4<<20)
	le.PutUint32(header[22:], 4<<20)
	le.PutUint16(header[26:], 1)
	header[zipLocalLen] = 'x'
	data := bytes.Repeat(header, 8<<20/len(header))
	counter := &tally{Reader: bytes.NewReader(data)}
	scan := newZipScan("m.zip", counter, 5<<20)
	visited := 0
	require.True(t, scan.run(func(member) bool { visited++; return true }))
	assert.Less(t, scan.wasted, mostUnpacked(int64(len(data)), DefaultMaxRatio)+10<<20)
	assert.Less(t, visited, 2000)
	assert.EqualValues(t, len(data), counter.n)

	data[6] |= zipEncrypted // nothing of it is read, and the scan goes on all the same
	scan = newZipScan("m.zip", bytes.NewReader(data[:1000]), 5<<20)
	scan.wasted = 1 << 40
	require.True(t, scan.run(func(member) bool { return true }))
}

func TestZipMemberWithoutName(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range []file{mimicFiles[0], {"", "x"}} {
		m, err := w.CreateRaw(&zip.FileHeader{Name: f.name, CRC32: crc32.ChecksumIEEE([]byte(f.text)),
			CompressedSize64: uint64(len(f.text)), UncompressedSize64: uint64(len(f.text))})
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	for _, g := range []got{piped(t, b.Bytes()), readAllOf(t, Options{}, write(t, "m.zip", b.Bytes()))} {
		assert.Len(t, g.reports, 1)
		assert.Equal(t, 1, g.reader.Counts().Skipped)
	}
}

func TestZipCutInItsFirstHeader(t *testing.T) {
	data := zipOf(t, mimicFiles, zip.Deflate)
	for _, cut := range []int{4, 14, 30, 50} {
		for _, path := range []string{"-", write(t, "m.zip", data[:cut])} {
			_, err := Open(t.Context(), []string{path}, Options{Stdin: bytes.NewReader(data[:cut])})
			require.Error(t, err)
			assert.Equal(t, path+": the archive is truncated: its directory is missing; every report before that was read; get the archive again", err.Error())
		}
	}
}

// What is packed in a form that is not read is named, with what to do.
func TestOtherPackings(t *testing.T) {
	for head, want := range map[string]string{
		"BZh91AY&SY\x00\x01":                 "lost x: a file packed with bzip2, which is not read; unpack it first (bunzip2)",
		"BZh9\x17\x72\x45\x38\x50\x90\x00":   "lost x: a file packed with bzip2, which is not read; unpack it first (bunzip2)",
		"\xfd7zXZ\x00\x00\x04":               "lost x: a file packed with xz, which is not read; unpack it first (unxz)",
		"7z\xbc\xaf\x27\x1c\x00\x04":         "lost x: a file packed with 7-Zip, which is not read; unpack it first (7z x)",
		"Rar!\x1a\x07\x00\xcf":               "lost x: a file packed with RAR, which is not read; unpack it first (unrar x)",
		"BZh9 is how the text begins.\x00\n": "lost x: binary data (NUL bytes), not text",
	} {
		for _, path := range []string{"-", write(t, "x.txt", []byte(head)), write(t, "x.tar", []byte(head))} {
			if strings.HasSuffix(path, ".tar") && strings.Contains(head, " ") {
				continue
			}
			g := readAllOf(t, Options{Stdin: strings.NewReader(head)}, path)
			require.Len(t, g.problems, 1)
			assert.Equal(t, want, "lost x: "+g.problems[0].Message())
			assert.True(t, g.problems[0].Lost)
		}
	}
}

// Whichever bit of an archive is wrong, a report is read as it is or its loss is
// told, and no second report is lost by it, with a directory and without.
func TestScanOfAnyWrongBit(t *testing.T) {
	files := scanFiles(4)
	for form, data := range map[string][]byte{
		"deflated": headedZip(t, files), "stored": sizedZip(t, files), "streamed": zipOf(t, files, zip.Deflate),
	} {
		t.Run(form, func(t *testing.T) {
			directory := bytes.Index(data, []byte(zipEntry))
			header := bytes.Index(data, []byte(files[2].name)) - zipLocalLen
			for i := 4; i < len(data); i++ {
				bits := []int{i % 8}
				if header <= i && i < header+zipLocalLen {
					bits = []int{0, 1, 2, 3, 4, 5, 6, 7}
				}
				for _, bit := range bits {
					data[i] ^= 1 << bit
					g := piped(t, data)
					if n := intact(files, g); n < len(files) {
						require.Positive(t, g.reader.Counts().Lost, "byte %d, bit %d", i, bit)
						require.Equal(t, len(files)-1, n, "byte %d, bit %d", i, bit)
					}
					if i < directory {
						n := intact(files, piped(t, data[:directory]))
						require.GreaterOrEqual(t, n, len(files)-1, "byte %d, bit %d", i, bit)
					}
					data[i] ^= 1 << bit
				}
			}
		})
	}
}

// However many places of an archive are damaged, no report is lost without a word.
func TestScanOfManyDamages(t *testing.T) {
	files := scanFiles(30)
	for _, data := range [][]byte{headedZip(t, files), sizedZip(t, files), zipOf(t, files, zip.Deflate)} {
		directory := bytes.Index(data, []byte(zipEntry))
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			spoilt := bytes.Clone(data)
			for range 1 + rnd.IntN(4) {
				at, n := 4+rnd.IntN(directory-100), 1+rnd.IntN(40)
				switch rnd.IntN(3) {
				case 0:
					spoilt[at] ^= 1 << rnd.IntN(8)
				case 1:
					spoilt = append(spoilt[:at], spoilt[at+n:]...)
				default:
					clear(spoilt[at : at+n])
				}
			}
			g := piped(t, spoilt)
			if intact(files, g) < len(files) {
				require.Positive(t, g.reader.Counts().Lost)
			}
		}
	}
}

// intact counts the files whose reports are as they should be.
func intact(files []file, g got) int {
	read := map[file]bool{}
	for _, r := range g.reports {
		_, name, _ := strings.Cut(r.Place.Path, "!")
		read[file{name, r.Text}] = true
	}
	n := 0
	for _, f := range files {
		if read[f] {
			n++
		}
	}
	return n
}
