package stats

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

var update = flag.Bool("update", false, "write the golden files")

// gathered are the counts of files that have nothing wrong.
func gathered(t testing.TB, d *dataset.Dataset, paths ...string) *Stats {
	found, err := dataset.Find(t.Context(), d, paths)
	require.NoError(t, err)
	s, err := Gather(t.Context(), d, found.Files, func(p *corpus.Problem) { t.Error(p) })
	require.NoError(t, err)
	return s
}

// The made-up datasets in testdata, as text.
func TestText(t *testing.T) {
	for _, d := range dataset.All() {
		t.Run(d.Name, func(t *testing.T) {
			folder := filepath.Join("..", "..", "testdata", "datasets", d.Name)
			var got bytes.Buffer
			require.NoError(t, Text(&got, gathered(t, d, folder), View{}))
			golden := filepath.Join("testdata", d.Name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got.String(), "go test ./internal/stats -update writes it")
		})
	}
}

func TestOutputsAreTheSameTwice(t *testing.T) {
	for _, write := range []func(io.Writer, *Stats) error{JSON, HTML} {
		for _, d := range dataset.All() {
			folder := filepath.Join("..", "..", "testdata", "datasets", d.Name)
			var a, b bytes.Buffer
			require.NoError(t, write(&a, gathered(t, d, folder)))
			require.NoError(t, write(&b, gathered(t, d, folder)))
			assert.Equal(t, a.String(), b.String())
		}
	}
}

func TestHTMLLoadsNothingAndEscapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a<script>alert(1)<.csv")
	require.NoError(t, os.WriteFile(path, []byte("study_id,subject_id,"+strings.Join(names(dataset.MIMIC.Observations), ",")+"\n50414267,10000032"+strings.Repeat(",1", 14)+"\n"), 0o600))
	var b bytes.Buffer
	require.NoError(t, HTML(&b, gathered(t, dataset.MIMIC, path)))
	page := b.String()
	assert.NotContains(t, page, "<script")
	assert.Contains(t, page, "a&lt;script&gt;")
	assert.NotRegexp(t, `(?i)(https?:|src=|@import|url\()`, page)
	assert.Equal(t, 2, strings.Count(page, "<svg"), "bars and a heat map")
}

func names(all []corpus.Observation) (names []string) {
	for _, o := range all {
		names = append(names, string(o))
	}
	return names
}

// A study is what the strongest of its views says, and the readers are joined by
// the names of their columns.
func TestCheXpertStudies(t *testing.T) {
	folder := t.TempDir()
	row := func(view, kind, labels string) string {
		return "CheXpert-v1.0-small/train/patient00001/study1/" + view + "_" + strings.ToLower(kind) + ".jpg,Male,40," + kind + ",," + labels + strings.Repeat(",", 11) + "\n"
	}
	content := cheXpertHeader + "\n" + row("view1", "Frontal", "0.0,1.0,") + row("view2", "Lateral", "-1.0,-1.0,0.0")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "train.csv"), []byte(content), 0o600))
	s := gathered(t, dataset.CheXpert, folder)
	require.Len(t, s.Labels, 4)
	study := s.Labels[0]
	assert.Equal(t, dataset.ByStudy, study.Level)
	assert.Equal(t, 1, study.Labelled)
	assert.Equal(t, []Prevalence{{Uncertain: 1}, {Positive: 1}, {Negative: 1}, {Blank: 1}}, study.Prevalence[:4])
	assert.Equal(t, 1, s.Splits[0].Studies)
	assert.Equal(t, 2, s.Splits[0].Images)
	assert.Equal(t, []Count{{"frontal", 1}, {"lateral", 1}}, s.Splits[0].Views)
}

// In the made-up copy the radiologists differ, and their majority is the ground
// truth. The columns of each stand in an order of their own.
func TestMajorityIsTheGroundTruth(t *testing.T) {
	s := gathered(t, dataset.CheXpert, filepath.Join("..", "..", "testdata", "datasets", "chexpert", "test"))
	tables := map[string]LabelTable{}
	for _, table := range s.Labels {
		if table.Split == "test" {
			tables[table.Source] = table
		}
	}
	truth, majority := tables["ground truth"], tables["majority of 5 radiologists"]
	require.Equal(t, 3, truth.Labelled)
	assert.Equal(t, truth.Prevalence, majority.Prevalence)
	assert.Equal(t, truth.CoOccurrence, majority.CoOccurrence)
	assert.NotEqual(t, truth.Prevalence, tables["bc2"].Prevalence)
}

// A study that one of the radiologists has not read has no majority.
func TestMajorityIsOfAllReaders(t *testing.T) {
	folder := t.TempDir()
	row := func(study string, edema string) string { return "test/patient64741/" + study + "," + edema + "\n" }
	for name, rows := range map[string]string{
		"a.csv": row("study1", "1") + row("study2", "1"), "b.csv": row("study1", "1"), "c.csv": row("study1", "0") + row("study2", "1"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("Study,Edema\n"+rows), 0o600))
	}
	found, err := dataset.Find(t.Context(), dataset.CheXpert, []string{folder})
	require.NoError(t, err)
	s, err := Gather(t.Context(), dataset.CheXpert, found.Files, func(*corpus.Problem) {}) // that other columns are not there
	require.NoError(t, err)
	for _, table := range s.Labels {
		if table.Source == "majority of 3 radiologists" {
			assert.Equal(t, 1, table.Labelled)
			assert.Equal(t, Prevalence{Positive: 1}, table.Prevalence[dataset.CheXpert.Index("Edema")])
			return
		}
	}
	t.Error("there is no majority")
}

// An image that the table of splits lacks is in the split of its study.
func TestSplitOfTheStudy(t *testing.T) {
	folder := t.TempDir()
	const known, other = "00000001-00000000-00000000-00000000-00000001", "00000001-00000000-00000000-00000000-00000002"
	for name, content := range map[string]string{
		"split.csv":    "dicom_id,study_id,subject_id,split\n" + known + ",50000001,10000001,validate\n",
		"metadata.csv": "dicom_id,study_id,subject_id,ViewPosition\n" + known + ",50000001,10000001,PA\n" + other + ",50000001,10000001,LL\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	s := gathered(t, dataset.MIMIC, folder)
	require.Len(t, s.Splits, 2)
	assert.Equal(t, "validate", s.Splits[1].Split)
	assert.Equal(t, 2, s.Splits[1].Images)
}

func TestMIMICChecks(t *testing.T) {
	folder := filepath.Join("..", "..", "testdata", "datasets", "mimic-cxr")
	checks := map[string]int{}
	for _, c := range gathered(t, dataset.MIMIC, folder).Checks {
		checks[c.What] = c.N
	}
	assert.Equal(t, 1, checks["studies of the study list without a row of labels"])
	assert.Equal(t, 0, checks["labelled studies without an image"])
	assert.Contains(t, checks, "patients in more than one split")
}

func TestPatientOnBothSides(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"d.csv":              nihHeader + "\n" + nihRow + "\n" + strings.Replace(nihRow, "_000", "_001", 1) + "\n",
		"test_list.txt":      "00000001_000.png\n",
		"train_val_list.txt": "00000001_001.png\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	assert.Contains(t, gathered(t, dataset.ChestXray14, folder).Checks, Check{"patients in more than one split", 1})
}

func TestGatherStops(t *testing.T) {
	found, err := dataset.Find(t.Context(), dataset.CheXpert, []string{filepath.Join("..", "..", "testdata", "datasets", "chexpert")})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Gather(ctx, dataset.CheXpert, found.Files, func(*corpus.Problem) {})
	assert.ErrorIs(t, err, context.Canceled)
}

// The published files of ChestX-ray14, against a count by a plain split of them.
func TestRealChestXray14(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no published files to count")
	}
	folder := filepath.Join(data, "nih")
	s := gathered(t, dataset.ChestXray14, folder)
	assert.Equal(t, 112_120, s.Splits[0].Images)
	assert.Equal(t, 30_805, s.Splits[0].Patients)

	f, err := os.Open(filepath.Join(folder, "Data_Entry_2017_v2020.csv.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	all, err := io.ReadAll(z)
	require.NoError(t, err)
	plain := map[corpus.Observation]int{}
	pairs := map[[2]string]int{}
	for line := range strings.Lines(string(all)) {
		found := strings.Split(strings.Split(line, ",")[1], "|")
		for _, a := range found {
			plain[corpus.Observation(a)]++
			for _, b := range found {
				pairs[[2]string{a, b}]++
			}
		}
	}
	table := s.Labels[0]
	require.Equal(t, 112_120, table.Labelled)
	for i, o := range s.Observations {
		assert.Equal(t, plain[o], table.Prevalence[i].Positive, o)
		assert.Equal(t, 112_120-plain[o], table.Prevalence[i].Negative, o)
		for j, other := range s.Observations {
			assert.Equal(t, pairs[[2]string{string(o), string(other)}], table.CoOccurrence[i][j])
		}
	}
	boxes := 0
	for _, b := range s.Boxes {
		boxes += b.Boxes
	}
	assert.Equal(t, 984, boxes)
}

func TestMajority(t *testing.T) {
	const p, n, u, b = corpus.Positive, corpus.Negative, corpus.Uncertain, corpus.Unmentioned
	for _, test := range []struct {
		votes []corpus.Assertion
		want  corpus.Assertion
	}{
		{[]corpus.Assertion{p, p, p, n, n}, p},
		{[]corpus.Assertion{p, n, n, n, p}, n},
		{[]corpus.Assertion{p, p, n, n, u}, u},
		{[]corpus.Assertion{p, p, n, n}, u},
		{[]corpus.Assertion{b, b, b, p, p}, b},
		{[]corpus.Assertion{p}, p},
	} {
		var readers []dataset.Labels
		for _, v := range test.votes {
			readers = append(readers, dataset.Labels(0).With(3, v))
		}
		assert.Equal(t, test.want, majority(readers, 4).At(3), "%v", test.votes)
	}
}

func TestAges(t *testing.T) {
	var a Ages
	for _, age := range []int{-1, 3, 10, 20, 20, 95} {
		a.add(age)
	}
	a.done()
	assert.Equal(t, []int{5, 1, 3, 10, 20, 20, 95}, []int{a.Known, a.Unknown, a.Least, a.Lower, a.Median, a.Upper, a.Greatest})
	assert.InDelta(t, 29.6, a.Mean, 1e-9)
	assert.Len(t, a.Decades, 10)
	assert.Equal(t, Count{"20-29", 2}, a.Decades[2])
}
