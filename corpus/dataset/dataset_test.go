package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

func TestDatasetsAreWhole(t *testing.T) {
	for _, d := range All() {
		assert.Same(t, d, Named(d.Name))
		assert.LessOrEqual(t, len(d.Observations), 16, "two bits each in 32")
		if len(d.Published.Splits) > 0 {
			sum := 0
			for _, split := range d.Splits {
				sum += d.Published.Splits[split]
			}
			assert.Equal(t, d.Published.Images, sum, d.Name)
		}
	}
	assert.Nil(t, Named("padchest"))
}

// The radiologists' labels of MIMIC-CXR's test set are known by their columns,
// whatever the file is called, and Airspace Opacity is Lung Opacity.
func TestMIMICGroundTruth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.csv")
	require.NoError(t, os.WriteFile(path, []byte("study_id,Airspace Opacity,Edema\n50000001,1.0,\n"), 0o600))
	found, err := Find(t.Context(), MIMIC, []string{path})
	require.NoError(t, err)
	require.Len(t, found.Files, 1)
	assert.Equal(t, GroundTruth, found.Files[0].Kind)
	for rec, err := range found.Files[0].Records(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, "test", rec.Split)
		assert.Equal(t, corpus.Positive, rec.Labels.At(MIMIC.Index("Lung Opacity")))
	}
}

func TestLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assertion := rapid.Custom(func(t *rapid.T) corpus.Assertion { return corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "a")) })
		a := rapid.SliceOfN(assertion, 16, 16).Draw(t, "one")
		b := rapid.SliceOfN(assertion, 16, 16).Draw(t, "other")
		var la, lb Labels
		for i := range a {
			la, lb = la.With(i, corpus.Positive).With(i, a[i]), lb.With(i, b[i])
		}
		m := la.Max(lb)
		for i := range a {
			assert.Equal(t, a[i], la.At(i))
			assert.Equal(t, max(a[i], b[i]), m.At(i))
		}
		assert.Equal(t, m, lb.Max(la))
	})
}

func TestParsePath(t *testing.T) {
	for _, test := range []struct{ path, image, split, wrong string }{
		{"CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg", "patient00001/study1/view1_frontal.jpg", "train", ""},
		{"CheXpert-v1.0-small/valid/patient00001/study1/view2_lateral.jpg", "patient00001/study1/view2_lateral.jpg", "valid", ""},
		{"train/patient00001/study12/view1_frontal.jpg", "patient00001/study12/view1_frontal.jpg", "train", ""},
		{"CheXpert-v1.0/test/patient64741/study1", "", "test", ""},
		{"CheXpert-v1.0/val/patient64741/study1", "", "valid", ""},
		{"CheXpert-v1.0/test/patient64741/study1/", "", "test", ""},
		{"train/00001/study1/view1_frontal.jpg", "", "", "no split and patient"},
		{"patient00001/study1/view1_frontal.jpg", "", "", "no split and patient"},
		{"CheXpert-v1.0/other/patient00001/study1", "", "", "none of train, valid and test"},
		{"train/patientX/study1/view1_frontal.jpg", "", "", "no number of a patient"},
		{"train/patient00001/1/view1_frontal.jpg", "", "", "no study behind the patient"},
		{"train/patient00001/study1/a/view1_frontal.jpg", "", "", "no view at its end"},
		{"68", "", "", "no split and patient"},
	} {
		p, err := ParsePath(test.path)
		if test.wrong != "" {
			assert.ErrorContains(t, err, test.wrong, test.path)
			continue
		}
		require.NoError(t, err, test.path)
		assert.Equal(t, test.image, p.Image)
		root, _, _ := strings.Cut(strings.Replace(test.path, "/val/", "/valid/", 1), "/"+test.split+"/patient")
		if root == test.path {
			root = ""
		}
		assert.Equal(t, root, p.Root, test.path)
		assert.Equal(t, test.split, p.Split)
		assert.Contains(t, []uint32{1, 64741}, p.Patient)
	}
}
