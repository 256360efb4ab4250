package convert_test

import (
	"errors"
	"fmt"
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
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/convert"
)

// labelTable is how rows of a label file are drawn: what each column may hold, good
// and bad. The first column has the ids, which differ from row to row.
type labelTable struct {
	dataset *dataset.Dataset
	id      func(row int) []string
	columns []string
	values  map[string][]string
	labels  []string // names of columns
	label   []string
}

var labelValues = []string{"1.0", "0.0", "-1.0", "", "1", "nan", "0.5", "2", "yes"}

var labelTables = map[string]labelTable{
	"images of chexpert": {dataset.CheXpert, func(row int) []string {
		return []string{
			fmt.Sprintf("CheXpert-v1.0/train/patient%05d/study1/view1_frontal.jpg", row+1), fmt.Sprintf("valid/patient%05d/study2/view2_lateral.jpg", row+1),
			fmt.Sprintf("train/patient%05d/study1", row+1), "Male", fmt.Sprintf("patient%05d/study1/view1_frontal.jpg", row+1), "",
		}
	}, []string{"Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"}, map[string][]string{
		"Sex": {"Male", "Female", "", "68", "Unknown"}, "Age": {"68", "0", "", "Female", "300", "1.5"},
		"Frontal/Lateral": {"Frontal", "Lateral", "AP", ""}, "AP/PA": {"AP", "PA", "", "Frontal"},
	}, texts(dataset.CheXpert.Observations), labelValues},
	"paths of chexpert": {dataset.CheXpert, func(row int) []string {
		return []string{fmt.Sprintf("CheXpert-v1.0-small/train/patient%05d/study1/view1_frontal.jpg", row+1), "68", ""}
	}, []string{"Path", "note"}, map[string][]string{"note": {"a", ""}}, texts(dataset.CheXpert.Observations), labelValues},
	"studies of chexpert": {dataset.CheXpert, func(row int) []string {
		return []string{fmt.Sprintf("CheXpert-v1.0/test/patient%05d/study1", row+64741), "study1", ""}
	}, []string{"Study"}, nil, texts(dataset.CheXpert.Observations), labelValues},
	"mimic-cxr": {dataset.MIMIC, func(row int) []string {
		return []string{fmt.Sprint(50000001 + row), fmt.Sprintf("s%d", 50000001+row), fmt.Sprintf("%d.0", 50000001+row), fmt.Sprint(10000001 + row), "", "x"}
	}, []string{"study_id", "subject_id"}, map[string][]string{"subject_id": {"10000001", "p10000002", "50000001", "", "1"}},
		texts(dataset.MIMIC.Observations), labelValues},
	"chestx-ray14": {dataset.ChestXray14, func(row int) []string {
		return []string{fmt.Sprintf("%08d_000.png", row+1), fmt.Sprintf("%08d_000.jpg", row+1), "1", "", "PA"}
	}, []string{"Image Index", "Patient ID", "Patient Age", "Patient Gender", "View Position", "Follow-up #"}, map[string][]string{
		"Patient ID": {"1", "2", "x", ""}, "Patient Age": {"58", "058Y", "412", "M", ""}, "Patient Gender": {"M", "F", "58", ""},
		"View Position": {"PA", "AP", "58", ""}, "Follow-up #": {"0", "1", ""},
	}, []string{corpus.FindingLabels}, []string{"No Finding", "Mass|Hernia", "Mess", "", "Mass|No Finding"}},
}

func texts(observations []corpus.Observation) (all []string) {
	for _, o := range observations {
		all = append(all, string(o))
	}
	return all
}

// draw writes a table with rows that may be wrong. Columns stand in any order, and
// their names may be in lower case.
func (l labelTable) draw(t *rapid.T, path string) {
	header := slices.Concat(l.columns, l.labels)
	order := rapid.Permutation(header).Draw(t, "order")
	lower, trailing := rapid.Bool().Draw(t, "lower"), rapid.SampledFrom([]string{"", ",", ",,"}).Draw(t, "trailing")
	var b strings.Builder
	for i, name := range order {
		if lower {
			name = strings.ToLower(name)
		}
		fmt.Fprintf(&b, "%s%s", strings.Repeat(",", min(i, 1)), name)
	}
	b.WriteString(trailing + "\n")
	pick := func(good []string) string {
		if rapid.IntRange(0, 5).Draw(t, "bad") > 0 {
			return good[0]
		}
		return rapid.SampledFrom(good).Draw(t, "value")
	}
	for row := range rapid.IntRange(1, 6).Draw(t, "rows") {
		var fields []string
		for _, name := range order {
			switch {
			case name == l.columns[0]:
				fields = append(fields, pick(l.id(row)))
			case name == "Patient ID" && rapid.Bool().Draw(t, "of the image"):
				fields = append(fields, fmt.Sprint(row+1))
			case slices.Contains(l.columns, name):
				fields = append(fields, pick(l.values[name]))
			default:
				fields = append(fields, pick(l.label))
			}
		}
		b.WriteString(strings.Join(fields, ",") + "\n")
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
}

// What counts and checks a dataset reads its files as dataset.File does, row by row;
// converting them loses the same rows, and warns of the same values of the others.
func TestRowsAreJudgedAsTheDatasetDoes(t *testing.T) {
	for name, table := range labelTables {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "labels.csv")
			rapid.Check(t, func(rt *rapid.T) {
				table.draw(rt, path)
				found, err := dataset.Find(t.Context(), table.dataset, []string{path})
				require.NoError(rt, err)
				want := map[int][]string{} // by line; nil: lost
				for r, err := range found.Files[0].Rows(t.Context()) {
					require.NoError(rt, err)
					want[r.Line] = nil
					if r.Lost() {
						continue
					}
					want[r.Line] = []string{}
					for _, f := range r.Faults {
						want[r.Line] = append(want[r.Line], f.Error())
					}
				}
				assert.Equal(rt, want, judged(rt, path, table.dataset))
			})
		})
	}
}

// judged gives the warnings of each row, by its line; nil of one that is lost.
func judged(t *rapid.T, path string, d *dataset.Dataset) map[int][]string {
	source, err := convert.Open(t.Context(), path, d, false)
	require.NoError(t, err)
	got := map[int][]string{}
	warnings := []string{}
	for r, err := range source.Rows(t.Context()) {
		var p *corpus.Problem
		switch {
		case errors.As(err, &p) && !p.Lost:
			warnings = append(warnings, p.Error())
			continue
		case errors.As(err, &p) && strings.Contains(p.What, "has a row already"):
			t.Skip("an id that is drawn twice, which dataset.File leaves to others")
		case errors.As(err, &p):
			got[p.Place.Line] = nil
		default:
			require.NoError(t, err)
			got[r.Place.Line] = warnings
		}
		warnings = []string{}
	}
	return got
}

// A file that is not what it should be is refused before a row is read.
func TestRefused(t *testing.T) {
	labels := strings.Join(texts(dataset.CheXpert.Observations), ",")
	for name, c := range map[string]struct {
		dataset *dataset.Dataset
		content string
		want    string
	}{
		"mimic-cxr without studies":        {dataset.MIMIC, "subject_id," + labels + "\n", ":1: there is no column of ids; name it study_id, or dicom_id where a row is an image"},
		"chestx-ray14 without images":      {dataset.ChestXray14, "Finding Labels,Patient ID\nMass,1\n", ":1: there is no column of ids; name it Image Index"},
		"chestx-ray14 by patient and time": {dataset.ChestXray14, "Finding Labels,Patient ID,Follow-up #\nMass,1,0\n", ":1: there is no column of ids; name it Image Index"},
		"chexpert as mimic-cxr":            {dataset.MIMIC, "Path," + labels + "\n", ":1: the columns of ids are those of chexpert, not of mimic-cxr; name that dataset"},
		"mimic-cxr as chexpert":            {dataset.CheXpert, "study_id," + labels + "\n", ":1: the columns of ids are those of mimic-cxr, not of chexpert; name that dataset"},
		"chestx-ray14 as chexpert":         {dataset.CheXpert, "Image Index,Finding Labels\n", ":1: the columns of ids are those of chestx-ray14, not of chexpert; name that dataset"},
		"chexpert as chestx-ray14":         {dataset.ChestXray14, "Study," + labels + "\n", ":1: the columns of ids are those of chexpert, not of chestx-ray14; name that dataset"},
		"probabilities": {dataset.CheXpert, "Path," + labels + "\n" +
			"train/patient00001/study1/view1_frontal.jpg,0.73,1,0,0.12,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5\n",
			":2: column 2 (No Finding): the labels are probabilities, as a model predicts them; choose a threshold, and write 1 from there on and 0 below it"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "labels.csv")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			_, err := convert.Open(t.Context(), path, c.dataset, false)
			require.EqualError(t, err, path+c.want)
		})
	}
}

// Predictions are known in Parquet as well, where they are numbers.
func TestPredictionsInParquet(t *testing.T) {
	type prediction struct {
		Path         string
		Edema        float64
		Pneumothorax float32
	}
	path := filepath.Join(t.TempDir(), "predictions.parquet")
	require.NoError(t, parquet.WriteFile(path, []prediction{
		{"train/patient00001/study1/view1_frontal.jpg", 0.73, 0.25}, {"train/patient00002/study1/view1_frontal.jpg", 1, 0.5},
	}))
	_, err := convert.Open(t.Context(), path, dataset.CheXpert, true)
	assert.ErrorContains(t, err, "(Edema): the labels are probabilities, as a model predicts them; choose a threshold")
}

// The same image by another path, and the same study by another spelling, have one
// row.
func TestTwiceByAnotherName(t *testing.T) {
	rest := strings.Repeat(",", 14)
	for _, c := range []struct {
		dataset *dataset.Dataset
		header  string
		rows    []string
		lost    int
	}{
		{dataset.CheXpert, "Path", []string{"CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg", "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg"}, 1},
		{dataset.CheXpert, "Path", []string{"train/patient00001/study1/view1_frontal.jpg", "valid/patient00001/study1/view1_frontal.jpg"}, 0},
		{dataset.CheXpert, "Study", []string{"CheXpert-v1.0/test/patient00001/study1", "test/patient00001/study1"}, 1},
		{dataset.CheXpert, "id", []string{"train/patient00001/study1/view1_frontal.jpg", "train/patient00001/study1/view2_lateral.jpg"}, 0},
		{dataset.MIMIC, "study_id", []string{"50000001", "s50000001", "50000001.0", "50000002"}, 2},
		{dataset.MIMIC, "id", []string{"R1", "R2", "R1"}, 1},
	} {
		path := filepath.Join(t.TempDir(), "labels.csv")
		content := c.header + "," + strings.Join(texts(dataset.CheXpert.Observations), ",") + "\n" + strings.Join(c.rows, rest+"\n") + rest + "\n"
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		source, err := convert.Open(t.Context(), path, c.dataset, false)
		require.NoError(t, err)
		lost := 0
		for _, err := range source.Rows(t.Context()) {
			if err != nil {
				assert.ErrorContains(t, err, "has a row already")
				lost++
			}
		}
		assert.Equal(t, c.lost, lost, "%s", c.rows)
	}
}
