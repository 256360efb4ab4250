package gold

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// someResults draws labelled reports, with a sentence for each mention.
func someResults(t *rapid.T) []labeler.Result {
	ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9]([a-z0-9 ,";é]{0,6}[a-z0-9])?`), 1, 20, rapid.ID[string]).Draw(t, "ids")
	var all []labeler.Result
	for _, id := range ids {
		r := labeler.Result{Report: corpus.Report{ID: id}}
		for _, o := range fourteen {
			l := labeler.Label{Observation: o, Assertion: corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "assertion"))}
			if l.Assertion == un {
				l.Reason = rapid.SampledFrom([]string{"no mention", "section not labelled", `"é"` + "\n"}).Draw(t, "reason")
			} else {
				sentence := rapid.StringMatching(`[a-zé"\\]{1,9} [a-z\t]{1,9}\.`).Draw(t, "sentence")
				from := len(r.Report.Text)
				r.Report.Text += sentence + "\n"
				blank := strings.IndexByte(sentence, ' ')
				l.Evidence = []labeler.Evidence{{
					Rule: "rule", Section: "impression", Assertion: l.Assertion,
					Sentence: corpus.Span{Start: from, End: from + len(sentence)}, Mention: corpus.Span{Start: from + blank + 1, End: from + len(sentence)},
				}}
				if rapid.Bool().Draw(t, "cue") {
					l.Evidence[0].Cue, l.Evidence[0].CueSpan = "cue", corpus.Span{Start: from, End: from + blank}
					l.Evidence[0].Scope = l.Evidence[0].Mention
				}
			}
			r.Labels = append(r.Labels, l)
		}
		all = append(all, r)
	}
	return all
}

// What radlabel writes is read back as what it was.
func TestRoundTrip(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		results := someResults(rt)
		name := rapid.SampledFrom([]string{"o.csv", "o.csv.gz", "o.jsonl", "o.jsonl.zst", "o.parquet"}).Draw(rt, "name")
		layout := rapid.SampledFrom([]output.Layout{output.Default, output.Studies, output.MIMIC, output.CheXpert}).Draw(rt, "layout")
		path := filepath.Join(folder, name)
		require.NoError(rt, os.WriteFile(path, written(rt, name, layout, results), 0o600))

		sheet, err := Load(context.Background(), path, Options{Known: fourteen, Strict: true})
		require.NoError(rt, err)
		require.Len(rt, sheet.All, len(results))
		for i, r := range results {
			want, got := Of(r), sheet.All[i]
			if layout != output.CheXpert || !strings.HasPrefix(name, "o.csv") {
				require.Equal(rt, want.ID, got.ID)
			}
			for k, o := range sheet.Observations {
				require.Equal(rt, want.Labels[slices.Index(fourteen, o)], got.Labels[k], o)
			}
			if sheet.HasMentions {
				require.Equal(rt, want.Mentions, got.Mentions)
				require.Equal(rt, want.Reasons, got.Reasons)
			}
		}
	})
}

func written(t require.TestingT, name string, layout output.Layout, results []labeler.Result) []byte {
	format, err := output.ParseName(name)
	require.NoError(t, err)
	var b bytes.Buffer
	w, err := output.New(&b, format, layout, output.Header{Tool: "radlabel", Observations: fourteen})
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

type otherRow struct {
	Study   int64    `parquet:"study_id"`
	Split   string   `parquet:"split"`
	Edema   *float64 `parquet:"Edema,optional"`
	Airless float32  `parquet:"Atelectasis"`
	Broken  string   `parquet:"Fracture"`
	Words   []string `parquet:"words,list"`
}

func parquetOf(t testing.TB, rows ...otherRow) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, parquet.Write(&b, rows))
	return b.String()
}

func TestLoadParquet(t *testing.T) {
	one, none := 1.0, -1.0
	data := parquetOf(t, otherRow{50000001, "train", &one, 0, "-1", nil}, otherRow{50000002, "test", nil, 1, "", []string{"a", "b"}}, otherRow{50000003, "test", &none, -1, "0.0", nil})
	want := []Row{
		{ID: "50000001", Group: "train", Place: corpus.Place{Path: "g"}, Labels: assertions{pos, neg, may}},
		{ID: "50000002", Group: "test", Place: corpus.Place{Path: "g"}, Labels: assertions{un, pos, un}},
		{ID: "50000003", Group: "test", Place: corpus.Place{Path: "g"}, Labels: assertions{may, may, neg}},
	}
	for _, data := range []string{data, gz(t, data)} {
		sheet := load(t, "g", data, Options{Known: fourteen, Strict: true, By: "split"})
		assert.Equal(t, "parquet", sheet.Format)
		assert.Equal(t, observations{"Edema", "Atelectasis", "Fracture"}, sheet.Observations)
		assert.Equal(t, want, sheet.All)
	}
}

func TestParquetNames(t *testing.T) {
	type row struct {
		Edema float64 `parquet:"EDEMA"`
		Model string  `parquet:"model"`
		Year  int32   `parquet:"year"`
		Blank *string `parquet:"Scoliosis,optional"`
	}
	var b bytes.Buffer
	require.NoError(t, parquet.Write(&b, []row{{1, "v2", 2019, nil}, {0, "", 2018, nil}, {0, "v2", 2020, nil}}))
	sheet := load(t, "g", b.String(), Options{Known: fourteen})
	assert.Equal(t, observations{"Edema", "Scoliosis"}, sheet.Observations)
	assert.Equal(t, []string{"there is no column of ids: rows are numbered", "columns passed over, which hold no labels: model, year"}, sheet.Notes)
}

func TestParquetFaults(t *testing.T) {
	two := 2.0
	whole := parquetOf(t, otherRow{1, "", &two, 0.5, "yes", nil}, otherRow{2, "", nil, 1, "", nil}, otherRow{2, "", nil, 1, "", nil})
	damaged := "g.parquet: the Parquet file is damaged or of an unknown kind; get it again, or write it as CSV"
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       []string
	}{
		{"labels and ids", whole, Options{Known: fourteen}, []string{
			`g.parquet: row 1: column 3 (Edema): "2" is no label; want 1, 0, -1 or blank`,
			`g.parquet: row 1: column 4 (Atelectasis): "0.5" is a probability, no label; choose a threshold and write 1 from there on, 0 below`,
			`g.parquet: row 1: column 5 (Fracture): "yes" is no label; want 1, 0, -1 or blank`,
			`g.parquet: row 3: column 1 (study_id): the id "2" has a row already, in row 2`,
		}},
		{"columns", whole, Options{By: "splits", Known: observations{"Edema", "Atelectasis"}, Strict: true}, []string{
			`g.parquet: there is no column "splits"; did you mean "split"?`,
			`g.parquet: column 5 ("Fracture") is none of the observations; rename it, or name those to score with --observations`,
		}},
		{"cut short", whole[:len(whole)-20], Options{}, []string{damaged}},
		{"nothing", "PAR1", Options{}, []string{damaged}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(context.Background(), write(t, "g.parquet", tt.data), tt.opts)
			require.Error(t, err)
			assert.Equal(t, tt.want, faults(err, "g.parquet"))
		})
	}
}
