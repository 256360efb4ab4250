package stats

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus/dataset"
)

func made(d *dataset.Dataset, more ...string) string {
	return filepath.Join(append([]string{"..", "..", "testdata", "datasets", d.Name}, more...)...)
}

// The views of a split have all of its images that have labels, and no label is
// lost or made between the two.
func TestViewsAddUp(t *testing.T) {
	for _, d := range dataset.All() {
		t.Run(d.Name, func(t *testing.T) {
			s := gathered(t, d, made(d))
			type key struct{ source, split string }
			sums := map[key]*LabelTable{}
			for i := range s.LabelsByView {
				v := &s.LabelsByView[i]
				assert.Equal(t, dataset.ByImage, v.Level)
				assert.NotEmpty(t, v.View)
				k := key{v.Source, v.Split}
				if sums[k] == nil {
					sums[k] = newLabelTable(len(s.Observations))
				}
				sums[k].merge(v)
			}
			n := 0
			for _, want := range s.Labels {
				if want.Level != dataset.ByImage {
					continue
				}
				n++
				sum := sums[key{want.Source, want.Split}]
				require.NotNil(t, sum, want.Heading())
				assert.Equal(t, want.Labelled, sum.Labelled)
				assert.Equal(t, want.Prevalence, sum.Prevalence)
				assert.Equal(t, want.CoOccurrence, sum.CoOccurrence)
			}
			assert.Positive(t, n)
			assert.Len(t, sums, n)
		})
	}
}

const (
	twoViews = "dicom_id,study_id,subject_id,ViewPosition\n" +
		"02aa804e-bde0afdd-112c0b34-7bc16630-4e384014,50414267,10000032,PA\n" +
		"174413ec-4ec4c1f7-34ea26b7-c5f994f8-79ef1962,50414267,10000032,LATERAL\n" +
		"2a2277a9-b0ded155-c0de8eb9-c124d10e-82c5caab,53189527,10000032,PA\n" +
		"e084de3b-be89b11e-20fe3f9f-9c8d8dfe-4cfd202c,53911762,10000032,PA\n"
	twoStudies = "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices\n" +
		"10000032,50414267,1.0,-1.0,,,,,,,,,,,,\n10000032,53189527,0.0,,,,,,,,,,,,,\n"
)

// A label of a study of MIMIC-CXR counts for each of its images.
func TestImagesHaveTheLabelsOfTheirStudy(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"metadata.csv": twoViews, "mimic-cxr-2.0.0-chexpert.csv": twoStudies} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	s := gathered(t, dataset.MIMIC, folder)
	require.Len(t, s.Labels, 2)
	assert.Equal(t, "chexpert by study, all: 2 studies", s.Labels[0].Heading())
	assert.Equal(t, "chexpert by image, all: 3 images", s.Labels[1].Heading())
	assert.Equal(t, []Prevalence{{Positive: 2, Negative: 1}, {Uncertain: 2, Blank: 1}}, s.Labels[1].Prevalence[:2])
	require.Len(t, s.LabelsByView, 2)
	assert.Equal(t, "chexpert by image, all, PA: 2 images", s.LabelsByView[0].Heading())
	assert.Equal(t, []Prevalence{{Positive: 1, Negative: 1}, {Uncertain: 1, Blank: 1}}, s.LabelsByView[0].Prevalence[:2])
	assert.Equal(t, "chexpert by image, all, LATERAL: 1 image", s.LabelsByView[1].Heading())
	assert.Equal(t, Prevalence{Positive: 1}, s.LabelsByView[1].Prevalence[0])
}

// What was asked for and cannot be shown is told, with what it would need.
func TestMissingTables(t *testing.T) {
	for _, test := range []struct {
		dataset *dataset.Dataset
		file    string
		view    View
		want    string
	}{
		{dataset.MIMIC, "", View{}, ""},
		{dataset.MIMIC, "", View{Level: dataset.ByImage}, ""},
		{dataset.MIMIC, "mimic-cxr-2.0.0-chexpert.csv.gz", View{Level: dataset.ByImage}, "not shown: chexpert: none of the files has the images of their studies"},
		{dataset.MIMIC, "mimic-cxr-2.0.0-chexpert.csv.gz", View{ByView: true}, "not shown: chexpert: none of the files has the views of images"},
		{dataset.MIMIC, "mimic-cxr-2.0.0-chexpert.csv.gz", View{Split: "test"}, "not shown: chexpert: they have no study of test"},
		{dataset.CheXpert, "", View{ByView: true}, "not shown: ground truth, bc1, bc2, bc3, bc4, bc5, majority of 5 radiologists: none of the files has the images of their studies"},
		{dataset.CheXpert, "", View{Split: "test"}, "not shown: labels: they have no study of test"},
		{dataset.ChestXray14, "", View{ByView: true, Split: "test"}, ""},
		{dataset.ChestXray14, "BBox_List_2017.csv", View{}, ""},
		{dataset.ChestXray14, "BBox_List_2017.csv", View{ByView: true}, "no labels: none of the files has any"},
	} {
		s := gathered(t, test.dataset, made(test.dataset, test.file))
		assert.Equal(t, test.want, test.view.missing(s), "%s %+v", test.file, test.view)
		var text bytes.Buffer
		require.NoError(t, Text(&text, s, test.view))
		if test.want != "" {
			assert.Contains(t, text.String(), "\n"+test.want+"\n")
		}
	}
}
