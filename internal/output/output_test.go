package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

var header = Header{
	Tool: "radlabel", Version: "v0", RuleSet: "small", Digest: "abc",
	Observations: []corpus.Observation{"No Finding", "Pleural Effusion", "Edema"},
	Options:      Options{Section: "auto"},
}

// result is a report whose labels are given in the order of header.Observations.
func result(id, subject, study, text string, labels ...corpus.Assertion) labeler.Result {
	r := labeler.Result{Report: corpus.Report{ID: id, Subject: subject, Study: study, Text: text}}
	for i, a := range labels {
		l := labeler.Label{Observation: header.Observations[i], Assertion: a}
		if a == corpus.Unmentioned {
			l.Reason = "no mention"
		}
		r.Labels = append(r.Labels, l)
	}
	return r
}

func write(t *testing.T, f Format, layout Layout, results ...labeler.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, f, layout, header)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

const u, n, q, p = corpus.Unmentioned, corpus.Negative, corpus.Uncertain, corpus.Positive

func TestParseName(t *testing.T) {
	for name, want := range map[string]Format{
		"-":             {Kind: "csv"},
		"x.csv":         {Kind: "csv"},
		"a.b/X.CSV.GZ":  {Kind: "csv", Compression: "gz"},
		"x.jsonl":       {Kind: "jsonl"},
		"x.jsonl.gz":    {Kind: "jsonl", Compression: "gz"},
		"x.jsonl.zst":   {Kind: "jsonl", Compression: "zst"},
		"x.csv.parquet": {Kind: "parquet"},
	} {
		got, err := ParseName(name)
		assert.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "x", "x.txt", "csv", "x.gz", "x.parquet.gz", "x.csv/y"} {
		_, err := ParseName(name)
		assert.ErrorContains(t, err, "name it .csv, .jsonl or .parquet", name)
	}
}

func TestCSVLayouts(t *testing.T) {
	plain := []labeler.Result{
		result("a,1", "", "", "Effusion,\nsmall", u, p, q),
		result("b", "", "", " \"Clear\"", p, n, u),
	}
	studies := []labeler.Result{
		result("50", "10", "50", "x", u, p, q),
		result("b", "", "", "y", p, n, u),
	}
	for _, test := range []struct {
		name   string
		layout Layout
		in     []labeler.Result
		want   string
	}{
		{"default", Default, plain, "id,No Finding,Pleural Effusion,Edema\n\"a,1\",,1.0,-1.0\nb,1.0,0.0,\n"},
		{"studies", Studies, studies, "subject_id,study_id,No Finding,Pleural Effusion,Edema\n10,50,,1.0,-1.0\n,b,1.0,0.0,\n"},
		{"mimic", MIMIC, studies, "subject_id,study_id,Edema,No Finding,Pleural Effusion\n10,50,-1.0,,1.0\n,b,,1.0,0.0\n"},
		{"published labeler", CheXpert, plain, "Reports,No Finding,Pleural Effusion,Edema\n\"Effusion,\nsmall\",,1.0,-1.0\n\" \"\"Clear\"\"\",1.0,0.0,\n"},
		{"no reports", Default, nil, "id,No Finding,Pleural Effusion,Edema\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, string(write(t, Format{Kind: "csv"}, test.layout, test.in...)))
		})
	}
}

// ChestX-ray14's form lists what is positive, and says nothing of a text that
// was not labelled.
func TestFindingLabels(t *testing.T) {
	h := header
	h.Observations = append(corpus.Diseases(), corpus.NoFinding, "Scoliosis")
	assert.Empty(t, NIH.Missing(h.Observations))
	assert.Equal(t, []corpus.Observation{"Atelectasis", "Mass"}, NIH.Missing(slices.DeleteFunc(corpus.Diseases(), func(o corpus.Observation) bool {
		return o == "Atelectasis" || o == "Mass"
	})))
	assert.Empty(t, CheXpert.Missing(nil))

	report := func(id, text string, found map[corpus.Observation]corpus.Assertion) labeler.Result {
		r := labeler.Result{Report: corpus.Report{ID: id, Subject: "10", Study: id, Text: text}}
		r.Labelled = []corpus.Section{{Span: corpus.Span{End: len(text)}}}
		for _, o := range h.Observations {
			r.Labels = append(r.Labels, labeler.Label{Observation: o, Assertion: found[o]})
		}
		return r
	}
	in := []labeler.Result{
		report("1", "x", map[corpus.Observation]corpus.Assertion{"Pneumonia": p, "Edema": p, "Mass": q, "Scoliosis": p}),
		report("2", "x", map[corpus.Observation]corpus.Assertion{"Pneumonia": q, "Edema": n}),
		report("3", " ", nil),
	}
	for layout, want := range map[Layout]string{
		NIH:             "id,Finding Labels\n1,Edema|Pneumonia\n2,No Finding\n3,\n",
		NIH.OfStudies(): "subject_id,study_id,Finding Labels\n10,1,Edema|Pneumonia\n10,2,No Finding\n10,3,\n",
	} {
		var b bytes.Buffer
		w, err := New(&b, Format{Kind: "csv"}, layout, h)
		require.NoError(t, err)
		for _, r := range in {
			require.NoError(t, w.Write(r))
		}
		require.NoError(t, w.Close())
		assert.Equal(t, want, b.String(), layout)
	}
}

func TestCompressedIsTheSameText(t *testing.T) {
	in := []labeler.Result{result("a", "", "", "x", u, p, q)}
	want := write(t, Format{Kind: "csv"}, Default, in...)

	z, err := gzip.NewReader(bytes.NewReader(write(t, Format{Kind: "csv", Compression: "gz"}, Default, in...)))
	require.NoError(t, err)
	got, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	zs, err := zstd.NewReader(bytes.NewReader(write(t, Format{Kind: "csv", Compression: "zst"}, Default, in...)))
	require.NoError(t, err)
	defer zs.Close()
	got, err = io.ReadAll(zs)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestJSONL(t *testing.T) {
	text := "No effusion. Possible \"edema\"."
	r := result("50", "10", "50", text, u, n, q)
	r.Labels[0].Reason = "withheld by Edema"
	r.Labels[1].Evidence = []labeler.Evidence{{
		Rule: "pleural-effusion.effusion", Cue: "no.no", Section: "impression", Assertion: n,
		Sentence: corpus.Span{Start: 0, End: 12}, Mention: corpus.Span{Start: 3, End: 11},
		CueSpan: corpus.Span{Start: 0, End: 2}, Scope: corpus.Span{Start: 3, End: 11},
	}}
	r.Labels[2].Evidence = []labeler.Evidence{{
		Rule: "edema.edema", Section: "impression", Assertion: q,
		Sentence: corpus.Span{Start: 13, End: 30}, Mention: corpus.Span{Start: 23, End: 28},
	}}
	got := string(write(t, Format{Kind: "jsonl"}, Default, r))
	assert.Equal(t, `{"tool":"radlabel","version":"v0","ruleset":"small","digest":"abc","observations":["No Finding","Pleural Effusion","Edema"],"options":{"section":"auto"}}
{"id":"50","subject_id":"10","study_id":"50","labels":{"Pleural Effusion":{"label":0,"evidence":[{"rule":"pleural-effusion.effusion","cue":"no.no","section":"impression","assertion":"negative","sentence":[0,12],"mention":[3,11],"cue_span":[0,2],"scope":[3,11],"text":"No effusion."}]},"Edema":{"label":-1,"evidence":[{"rule":"edema.edema","section":"impression","assertion":"uncertain","sentence":[13,30],"mention":[23,28],"text":"Possible \"edema\"."}]}},"blank":{"No Finding":"withheld by Edema"}}
`, got)
	for _, line := range strings.Split(strings.TrimSpace(got), "\n") {
		assert.True(t, json.Valid([]byte(line)), line)
	}
	assert.Len(t, bytes.Split(bytes.TrimSpace(write(t, Format{Kind: "jsonl"}, Default)), []byte("\n")), 1,
		"without reports there is still the header")
}

func TestParquet(t *testing.T) {
	in := []labeler.Result{
		result("50", "10", "50", "x", u, p, q),
		result("b", "", "", "y", p, n, u),
	}
	b := write(t, Format{Kind: "parquet"}, Default, in...)
	assert.Equal(t, b, write(t, Format{Kind: "parquet"}, Default, in...), "the same labels give the same bytes")

	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	var columns []string
	for _, c := range f.Schema().Fields() {
		columns = append(columns, c.Name())
	}
	assert.Equal(t, []string{"id", "subject_id", "study_id", "No Finding", "Pleural Effusion", "Edema"}, columns)
	meta, ok := f.Lookup("radlabel")
	require.True(t, ok)
	assert.Contains(t, meta, `"digest":"abc"`)

	type row struct {
		ID        string  `parquet:"id"`
		Subject   *string `parquet:"subject_id"`
		Study     *string `parquet:"study_id"`
		NoFinding *int8   `parquet:"No Finding"`
		Effusion  *int8   `parquet:"Pleural Effusion"`
		Edema     *int8   `parquet:"Edema"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	assert.Equal(t, []row{
		{ID: "50", Subject: new("10"), Study: new("50"), Effusion: new(int8(1)), Edema: new(int8(-1))},
		{ID: "b", NoFinding: new(int8(1)), Effusion: new(int8(0))},
	}, rows)
}

func TestParquetRefusesAColumnTwice(t *testing.T) {
	_, err := New(io.Discard, Format{Kind: "parquet"}, Default, Header{Observations: []corpus.Observation{"id"}})
	assert.ErrorContains(t, err, `observation "id"`)
}

// fullDisk takes n bytes and then fails.
type fullDisk struct{ n int }

var errFull = errors.New("no space")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.n {
		return 0, errFull
	}
	d.n -= len(p)
	return len(p), nil
}

// A write that fails must be told at the latest by Close, in every format.
func TestFailingWrite(t *testing.T) {
	for _, f := range []Format{{"csv", ""}, {"csv", "gz"}, {"csv", "zst"}, {"jsonl", ""}, {"jsonl", "gz"}, {"parquet", ""}} {
		for _, room := range []int{0, 20} {
			t.Run(fmt.Sprint(f.Kind, f.Compression, room), func(t *testing.T) {
				err := func() error {
					w, err := New(&fullDisk{room}, f, Default, header)
					if err != nil {
						return err
					}
					for i := range 1000 {
						if err := w.Write(result(fmt.Sprint(i), "", "", "", u, p, q)); err != nil {
							return err
						}
					}
					return w.Close()
				}()
				assert.ErrorIs(t, err, errFull)
			})
		}
	}
}

// FuzzField holds the CSV quoting against encoding/csv: what it reads is what
// was written, and what it writes differs at most by quotes that no reader
// needs.
func FuzzField(f *testing.F) {
	for _, s := range []string{"", "a", " a", "a,b", `"`, `a"b""c`, "a\nb", "\r", "a\r\nb", `\.`, "é\xff", "\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		row := append(appendField(nil, s), ",end\n"...)
		records, err := csv.NewReader(bytes.NewReader(row)).ReadAll()
		require.NoError(t, err)
		// encoding/csv reads CR LF in quotes as LF, and drops a CR before it.
		want := strings.ReplaceAll(s, "\r\n", "\n")
		assert.Equal(t, [][]string{{want, "end"}}, records)

		var b bytes.Buffer
		w := csv.NewWriter(&b)
		require.NoError(t, w.Write([]string{s, "end"}))
		w.Flush()
		if b.String() != string(row) {
			assert.Equal(t, `"`+s+`"`+",end\n", b.String(), "only needless quotes may differ")
		}
	})
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c", "\x00\x1f\n\r\t", "é€😀\u2028", "\xff\xfeab\xc3", "�", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		require.NoError(t, json.Unmarshal(appendString(nil, s), &got))
		// A conversion to runes and back gives U+FFFD for each byte that is not UTF-8.
		assert.Equal(t, string([]rune(s)), got)
	})
}

func BenchmarkCSV(b *testing.B) {
	r := result("50414267", "10000032", "50414267", "", u, p, q)
	w := newCSV(io.Discard, Default, header.Observations)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWritersDoNotAllocateForRows(t *testing.T) {
	r := result("50414267", "10000032", "50414267", "", u, p, q)
	for _, w := range []Writer{newCSV(io.Discard, Default, header.Observations), newJSONL(io.Discard, header)} {
		require.NoError(t, w.Write(r))
		assert.Zero(t, testing.AllocsPerRun(100, func() { _ = w.Write(r) }), "%T", w)
	}
}
