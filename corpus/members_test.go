package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMIMIC(t *testing.T) {
	folder := writeFolder(t, mimicFiles)
	for _, tt := range []struct {
		name, path string
		files      []file
		total      int
	}{
		{"zip", write(t, "mimic.zip", zipOf(t, mimicFiles, zip.Deflate)), mimicFiles, 4},
		{"zip, stored", write(t, "mimic.zip", zipOf(t, mimicFiles, zip.Store)), mimicFiles, 4},
		{"zip after something else", write(t, "mimic.zip", append([]byte("PK\x03\x04 not so"), zipOf(t, mimicFiles, zip.Deflate)...)), mimicFiles, 4},
		{"tar", write(t, "mimic.tar", tarOf(t, mimicFiles)), mimicFiles, -1},
		{"tar.gz", write(t, "mimic.tar.gz", gz(t, tarOf(t, mimicFiles))), mimicFiles, -1},
		{"tgz of another name", write(t, "mimic", gz(t, tarOf(t, mimicFiles))), mimicFiles, -1},
		{"tar.zst", write(t, "mimic.tar.zst", zst(t, tarOf(t, mimicFiles))), mimicFiles, -1},
		{"folder", folder, mimicFiles, -1},
		{"part of the folder", filepath.Join(folder, "files", "p10"), mimicFiles[:3], -1},
		{"one subject", filepath.Join(folder, "files", "p10", "p10000032"), mimicFiles[:2], -1},
		{"one study", filepath.Join(folder, "files", "p10", "p10000032", "s50414267.txt"), mimicFiles[:1], 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, Options{}, tt.path)
			assert.Empty(t, g.messages())
			assert.Equal(t, "mimic", g.reader.Format())
			assert.True(t, g.reader.HasSubjects())
			assert.Equal(t, tt.total, g.reader.Total())
			require.Len(t, g.reports, len(tt.files))
			for i, f := range tt.files {
				r := g.reports[i]
				parts := strings.Split(f.name, "/")
				assert.Equal(t, parts[3], "s"+r.ID+".txt")
				assert.Equal(t, r.ID, r.Study)
				assert.Equal(t, parts[2], "p"+r.Subject)
				assert.Equal(t, f.text, r.Text)
				assert.Nil(t, r.Sections)
				assert.True(t, strings.HasSuffix(r.Place.Path, parts[3]), r.Place.Path)
				assert.True(t, strings.HasPrefix(r.Place.Path, tt.path), r.Place.Path)
			}
		})
	}
}

func TestMIMICSubjectFromTheWorkingFolder(t *testing.T) {
	t.Chdir(filepath.Join(writeFolder(t, mimicFiles), "files", "p10", "p10000032"))
	for _, path := range []string{".", "s50414267.txt"} {
		g := readAllOf(t, Options{}, path)
		assert.True(t, g.reader.HasSubjects())
		assert.Equal(t, "10000032", g.reports[0].Subject)
		assert.Equal(t, "s50414267.txt", g.reports[0].Place.Path)
	}
}

func TestMIMICUnderAnotherName(t *testing.T) {
	g := readAllOf(t, Options{From: "mimic"}, write(t, "mine.txt", []byte("FINAL REPORT")))
	assert.Equal(t, []string{"mine"}, g.ids())
	assert.False(t, g.reader.HasSubjects())
}

// Files that belong to the distribution are passed over; others are counted.
func TestOtherFilesAreSkipped(t *testing.T) {
	files := append([]file{
		{"LICENSE.txt", "terms"}, {"README.md", "read"}, {"SHA256SUMS.txt", "sums"}, {".hidden.txt", "x"},
		{"cxr-study-list.csv.gz", "x"}, {"files/index.html", "x"}, {"a-notes.txt", "mine"}, {"files/p10/p10000032/scan.dcm", "x"},
	}, mimicFiles...)
	for name, path := range map[string]string{
		"zip":    write(t, "m.zip", zipOf(t, files, zip.Deflate)),
		"tar":    write(t, "m.tgz", gz(t, tarOf(t, files))),
		"folder": writeFolder(t, files),
	} {
		t.Run(name, func(t *testing.T) {
			g := readAllOf(t, Options{}, path)
			assert.Equal(t, "mimic", g.reader.Format())
			assert.Len(t, g.reports, 4)
			require.Len(t, g.problems, 1)
			assert.Contains(t, g.problems[0].What, "2 files in it are no reports, by their names, and skipped")
			assert.Equal(t, 2, g.reader.Counts().Skipped)
		})
	}
}

func TestNamesInArchivesAreOnlyRead(t *testing.T) {
	files := []file{
		{"/etc/p10000001/s50000001.txt", "absolute"},
		{"../../p10000001/s50000002.txt", "above"},
		{`C:\x\s50000003.txt`, "other"},
		{`..\s50000004.txt`, "other, above"},
	}
	for _, path := range []string{
		write(t, "m.zip", zipOf(t, files, zip.Deflate)),
		write(t, "m.tar", tarOf(t, files)),
	} {
		g := readAllOf(t, Options{}, path)
		assert.Equal(t, []string{"absolute", "above"}, g.texts())
		assert.Equal(t, path+"!../../p10000001/s50000002.txt", g.reports[1].Place.Path)
		assert.Equal(t, 2, g.reader.Counts().Skipped, "told, not hidden")
	}
}

func TestZipMemberFaults(t *testing.T) {
	const name = "files/p10/p10000032/s53189527.txt"
	files := []file{mimicFiles[0], {name, strings.Repeat("No effusion. ", 30)}, mimicFiles[2]}
	for _, tt := range []struct {
		name   string
		method uint16
		spoil  func(local, entry []byte)
		what   string
	}{
		{"a stored byte is wrong", zip.Store, func(local, _ []byte) { local[30+len(name)+3] ^= 1 }, "its checksum is wrong"},
		{"deflated data is damaged", zip.Deflate, func(local, _ []byte) { local[30+len(name)] = 0xff }, "its compressed data is damaged"},
		{"no header at its place", zip.Deflate, func(local, _ []byte) { local[0] = 0 }, "its header is damaged"},
		{"encrypted", zip.Deflate, func(_, entry []byte) { entry[8] |= 1 }, "it is encrypted"},
		{"a method that is not known", zip.Deflate, func(_, entry []byte) { entry[10] = 99 }, "its compression method 99 is not known"},
		{"it stands beyond the end", zip.Deflate, func(_, entry []byte) { binary.LittleEndian.PutUint32(entry[42:], 1<<30) }, "it ends too early"},
		{"a size that is not its own", zip.Deflate, func(_, entry []byte) { binary.LittleEndian.PutUint32(entry[24:], 7) }, "its checksum is wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := zipOf(t, files, tt.method)
			local := bytes.Index(data, []byte(name)) - 30
			entry := bytes.LastIndex(data, []byte(name)) - 46
			tt.spoil(data[local:], data[entry:])
			g := readAllOf(t, Options{}, write(t, "m.zip", data))
			assert.Equal(t, []string{"lost m.zip!" + name + ": cannot be read: " + tt.what}, g.messages())
			assert.Equal(t, []string{"50414267", "57375967"}, g.ids())
		})
	}
}

func TestMembersThatAreTooLargeOrBinary(t *testing.T) {
	files := []file{
		{"s50000001.txt", "short"}, {"s50000002.txt", strings.Repeat("long ", 300)},
		{"s50000003.txt", "b\x00nary"}, {"s50000004.txt", "last"},
	}
	for name, path := range map[string]string{
		"m.zip": write(t, "m.zip", zipOf(t, files, zip.Deflate)),
		"m.tar": write(t, "m.tar", tarOf(t, files)),
		"m":     writeFolder(t, files),
	} {
		t.Run(name, func(t *testing.T) {
			g := readAllOf(t, Options{MaxReportBytes: 1000}, path)
			assert.Equal(t, []string{"short", "last"}, g.texts())
			require.Len(t, g.problems, 2)
			assert.Equal(t, "the report is longer than 1000 bytes", g.problems[0].What)
			assert.Equal(t, "binary data (NUL bytes), not text", g.problems[1].What)
		})
	}
}

// sizedZip has the sizes of a member before its data, as zip programs write it.
func sizedZip(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{
			Name: f.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(f.text)),
			UncompressedSize64: uint64(len(f.text)), CompressedSize64: uint64(len(f.text)),
		}
		m, err := w.CreateRaw(h)
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// Wherever a zip is cut, every member that is whole is read, in order, and the
// cut is told.
func TestTruncatedZip(t *testing.T) {
	for name, data := range map[string][]byte{
		"sizes after the data":  zipOf(t, mimicFiles, zip.Deflate),
		"sizes before the data": sizedZip(t, mimicFiles),
	} {
		t.Run(name, func(t *testing.T) {
			directory := bytes.Index(data, []byte(zipEntry))
			for cut := 60; cut < len(data); cut++ {
				path := write(t, "m.zip", data[:cut])
				g := readAllOf(t, Options{From: "mimic"}, path)
				whole := 0
				for i := range mimicFiles {
					next := directory
					if i+1 < len(mimicFiles) {
						next = bytes.Index(data, []byte(mimicFiles[i+1].name)) - 30
					}
					// The two sizes that end a member, of 4 bytes each, can be done without.
					if next-8 <= cut && strings.HasPrefix(name, "sizes after") || next <= cut {
						whole++
					}
				}
				require.GreaterOrEqual(t, len(g.reports), whole, "cut at %d", cut)
				for i, r := range g.reports {
					require.Equal(t, mimicFiles[i].text, r.Text, "cut at %d", cut)
				}
				require.NotEmpty(t, g.problems, "cut at %d", cut)
				last := g.problems[len(g.problems)-1]
				require.Equal(t, path, last.Place.Path)
				if cut >= directory+4 {
					require.Contains(t, last.What, "the archive's directory is damaged")
					require.False(t, last.Lost)
				} else {
					require.Contains(t, last.What, "the archive is truncated")
					require.True(t, last.Lost)
				}
			}
		})
	}
}

// A damaged directory does not hide the members behind the damage.
func TestDamagedZipDirectory(t *testing.T) {
	data := zipOf(t, mimicFiles, zip.Deflate)
	data[bytes.LastIndex(data, []byte(mimicFiles[2].name))-46] = 'X'
	g := readAllOf(t, Options{}, write(t, "m.zip", data))
	assert.Equal(t, []string{"50414267", "53189527", "57375967", "51029426"}, g.ids())
	require.Len(t, g.problems, 1)
	assert.Contains(t, g.problems[0].What, "the archive's directory is damaged")
}

// Without sizes and without a directory, one spoilt member costs only itself.
func TestScanGoesOnAfterSpoiltMember(t *testing.T) {
	for _, data := range [][]byte{zipOf(t, mimicFiles, zip.Deflate), sizedZip(t, mimicFiles)} {
		directory := bytes.Index(data, []byte(zipEntry))
		data[bytes.Index(data, []byte(mimicFiles[1].name))+len(mimicFiles[1].name)+2] ^= 0xff
		g := readAllOf(t, Options{}, write(t, "m.zip", data[:directory]))
		assert.Equal(t, []string{"50414267", "57375967", "51029426"}, g.ids())
		assert.Len(t, g.problems, 2)
	}
}

// More members than a classic directory can count.
func TestZip64(t *testing.T) {
	const n = 1<<16 + 10
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		m, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("p10000001/s%08d.txt", i)})
		require.NoError(t, err)
		_, err = io.WriteString(m, "x")
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	r, err := Open(context.Background(), []string{write(t, "m.zip", b.Bytes())}, Options{})
	require.NoError(t, err)
	assert.Equal(t, n, r.Total())
	got := 0
	for report, err := range r.Reports(context.Background()) {
		require.NoError(t, err)
		if want := fmt.Sprintf("%08d", got); report.ID != want {
			t.Fatalf("report %d is %s", got, report.ID)
		}
		got++
	}
	assert.Equal(t, n, got)

	g := piped(t, sizedZip(t, scanFiles(n)))
	assert.Equal(t, n, len(g.reports))
	assert.Zero(t, len(g.problems))
}

func TestLinksInArchives(t *testing.T) {
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	h := &zip.FileHeader{Name: "s50000001.txt"}
	h.SetMode(os.ModeSymlink | 0o777)
	m, err := w.CreateHeader(h)
	require.NoError(t, err)
	_, err = io.WriteString(m, "/etc/passwd")
	require.NoError(t, err)
	require.NoError(t, w.Close())

	var tb bytes.Buffer
	tw := tar.NewWriter(&tb)
	require.NoError(t, tw.WriteHeader(&tar.Header{Name: "s50000001.txt", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}))
	require.NoError(t, tw.Close())

	for name, data := range map[string][]byte{"m.zip": z.Bytes(), "m.tar": tb.Bytes()} {
		g := readAllOf(t, Options{}, write(t, name, data))
		assert.Empty(t, g.reports)
		assert.Equal(t, []string{"lost " + name + "!s50000001.txt: a link within an archive, not followed"}, g.messages())
	}
}

func TestTruncatedTar(t *testing.T) {
	data := tarOf(t, mimicFiles)
	for cut := 512; cut < len(data)-512; cut += 32 { // its last block means nothing
		g := readAllOf(t, Options{}, write(t, "m.tar", data[:cut]))
		require.GreaterOrEqual(t, len(g.reports), min(cut/1024, len(mimicFiles)), "cut at %d", cut)
		for i, r := range g.reports {
			require.Equal(t, mimicFiles[i].text, r.Text, "cut at %d", cut)
		}
		require.NotEmpty(t, g.problems, "cut at %d", cut)
		require.Equal(t, "lost m.tar: the archive is truncated or damaged: it ends too early; what comes after is lost",
			g.messages()[len(g.problems)-1], "cut at %d", cut)
	}
}

func TestFolderLinks(t *testing.T) {
	dir := writeFolder(t, []file{{"p10000001/s50000001.txt", "one"}, {"p10000001/s50000005.txt", "five"}})
	target := writeFolder(t, []file{{"s50000002.txt", "two"}})
	sub := filepath.Join(dir, "p10000001")
	link := func(to, from string) { require.NoError(t, os.Symlink(to, filepath.Join(sub, from))) }
	link(filepath.Join(target, "s50000002.txt"), "s50000003.txt")
	link(target, "more")
	link(dir, "round")
	link("nowhere", "s50000004.txt")
	link("nowhere", "other.doc")

	g := readAllOf(t, Options{}, dir)
	assert.Equal(t, []string{"50000001", "50000005"}, g.ids())
	assert.Equal(t, []string{
		"lost more: a symbolic link, not followed",
		"lost round: a symbolic link, not followed",
		"lost s50000003.txt: a symbolic link, not followed",
		"lost s50000004.txt: a symbolic link, not followed",
		"warn " + filepath.Base(dir) + ": 1 file in it is no reports, by their names, and skipped",
	}, g.messages())

	g = readAllOf(t, Options{FollowLinks: true}, dir)
	assert.Equal(t, []string{"50000002", "50000001", "50000003", "50000005"}, g.ids())
	assert.Equal(t, []string{
		"lost round: the link leads back to a folder that holds it",
		"lost s50000004.txt: the link leads nowhere: no such file or folder",
	}, g.messages()[:2])
}

// A file that goes away, or may not be read, while the rest is read.
func TestUnreadableFilesInFolder(t *testing.T) {
	dir := writeFolder(t, mimicFiles)
	r, err := Open(context.Background(), []string{dir}, Options{})
	require.NoError(t, err)
	var ids, lost []string
	for report, err := range r.Reports(context.Background()) {
		if err != nil {
			lost = append(lost, report.ID+" "+err.(*Problem).What)
			continue
		}
		if len(ids) == 0 {
			require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(mimicFiles[1].name))))
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "files", "p11")))
		}
		ids = append(ids, report.ID)
	}
	assert.Equal(t, []string{"50414267", "57375967"}, ids)
	assert.Equal(t, []string{"53189527 cannot be read: no such file or folder", " cannot be read: no such file or folder"}, lost)

	if os.Geteuid() == 0 {
		t.Skip("nothing is forbidden to the superuser")
	}
	dir = writeFolder(t, mimicFiles)
	require.NoError(t, os.Chmod(filepath.Join(dir, filepath.FromSlash(mimicFiles[1].name)), 0))
	g := readAllOf(t, Options{}, dir)
	assert.Len(t, g.reports, 3)
	assert.Equal(t, []string{"lost s53189527.txt: cannot be read: no permission to read it"}, g.messages())
}

func TestTextFolder(t *testing.T) {
	dir := writeFolder(t, []file{{"b.txt", "two"}, {"a.TXT", "one"}, {"sub/c.txt", "three"}, {"sub/d.pdf", "x"}, {"README.txt", "x"}})
	g := readAllOf(t, Options{}, dir)
	assert.Equal(t, "text", g.reader.Format())
	assert.Equal(t, []string{"a", "b", "c"}, g.ids()[:3])
	assert.Equal(t, []string{"one", "two", "three"}, g.texts()[:3])
	assert.Equal(t, 1, g.reader.Counts().Skipped)

	g = readAllOf(t, Options{}, filepath.Join(dir, "README.txt"))
	assert.Equal(t, []string{"README"}, g.ids(), "what is asked for by name is read")
}

const openiDoc = `<?xml version="1.0" encoding="utf-8"?>
<eCitation><meta type="rr"/><uId id="CXR7"/>
<MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Cough &amp; fever</AbstractText>
<AbstractText Label="FINDINGS">Heart size is normal.</AbstractText>
<AbstractText Label="IMPRESSION"/>
</Abstract></Article></MedlineCitation></eCitation>`

func TestOpenI(t *testing.T) {
	other := strings.Replace(openiDoc, `<uId id="CXR7"/>`, "", 1)
	latin := strings.Replace(strings.Replace(openiDoc, "utf-8", "windows-1252", 1), "normal", "n\xf8rmal", 1)
	files := []file{
		{"ecgen-radiology/1.xml", openiDoc}, {"ecgen-radiology/2.xml", other}, {"ecgen-radiology/3.xml", "<eCitation><uId>"},
		{"ecgen-radiology/4.xml", "<other/>"}, {"ecgen-radiology/5.xml", strings.Replace(latin, "CXR7", "CXR5", 1)},
	}
	for name, path := range map[string]string{
		"tgz":    write(t, "NLMCXR_reports.tgz", gz(t, tarOf(t, files))),
		"zip":    write(t, "NLMCXR_reports.zip", zipOf(t, files, zip.Deflate)),
		"folder": writeFolder(t, files),
	} {
		t.Run(name, func(t *testing.T) {
			g := readAllOf(t, Options{}, path)
			assert.Equal(t, "openi", g.reader.Format())
			assert.False(t, g.reader.HasSubjects())
			assert.Equal(t, []string{"CXR7", "CXR2", "CXR5"}, g.ids())
			r := g.reports[0]
			assert.Equal(t, "COMPARISON: None.\n\nINDICATION: Cough & fever\n\nFINDINGS: Heart size is normal.", r.Text)
			require.Len(t, r.Sections, 3)
			assert.Equal(t, "findings", r.Sections[2].Name)
			assert.Equal(t, "Heart size is normal.", r.Sections[2].Span.In(r.Text))
			assert.Contains(t, g.reports[2].Text, "nørmal")
			require.Len(t, g.problems, 3)
			assert.Equal(t, "not well-formed XML at line 1", g.problems[0].What)
			assert.Equal(t, "not an XML file of OpenI (its root is not eCitation)", g.problems[1].What)
			assert.Equal(t, "1 byte is not UTF-8, read as Windows-1252", g.problems[2].What)
		})
	}
	g := readAllOf(t, Options{}, write(t, "9.xml", []byte(other)))
	assert.Equal(t, []string{"CXR9"}, g.ids())
	g = readAllOf(t, Options{}, write(t, "nine", []byte(other)))
	assert.Equal(t, []string{"nine"}, g.ids())
}
