package convert_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/convert"
)

// dicom is the id of an image.
func dicom(n int) string {
	return fmt.Sprintf("%08x-00000000-00000000-00000000-00000000", n)
}

// mimicFiles are the tables of five images of three studies, and the labels of three,
// one of which has no image.
func mimicFiles() map[string]string {
	labels := "subject_id,study_id," + strings.Join(texts(dataset.MIMIC.Observations), ",") + "\n"
	for _, row := range []string{"10000002,50000003", "10000001,50000001", "10000003,50000009"} {
		labels += row + ",1.0,-1.0" + strings.Repeat(",", 12) + "\n"
	}
	return map[string]string{
		"labels.csv": labels,
		"split.csv": "dicom_id,study_id,subject_id,split\n" +
			dicom(5) + ",50000001,10000001,train\n" + dicom(1) + ",50000002,10000001,train\n" + dicom(3) + ",50000001,10000001,train\n" +
			dicom(4) + ",50000003,10000002,test\n",
		"metadata.csv": "dicom_id,subject_id,study_id,ViewPosition\n" +
			dicom(3) + ",10000001,50000001,PA\n" + dicom(4) + ",10000002,50000003,LATERAL\n" + dicom(2) + ",10000002,50000003,AP\n" + dicom(5) + ",10000001,50000001,\n",
	}
}

// folder writes files.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

// joined converts labels with the images of tables, and gives the columns before the
// labels.
func joined(t *testing.T, d *dataset.Dataset, labels string, tables []string, opts convert.Options) (rows []string, s *convert.Summary, m *convert.Images) {
	source, err := convert.Open(t.Context(), labels, d, true)
	require.NoError(t, err)
	m, err = convert.OpenImages(t.Context(), d, tables, func(p *corpus.Problem) { t.Error(p) })
	require.NoError(t, err)
	source.Join(m)
	var out bytes.Buffer
	s = write(t, t.Context(), source, opts, &out)
	n := len(source.Beside(opts.Study))
	if opts.For(d).Layout == convert.NIHLayout {
		n++ // Finding Labels
	}
	for line := range strings.Lines(out.String()) {
		rows = append(rows, strings.Join(strings.Split(strings.TrimSpace(line), ",")[:n], ","))
	}
	return rows, s, m
}

// Rows are those of the labels, in their order, and the images of each in that of the
// tables.
func TestImagesOfStudies(t *testing.T) {
	dir := folder(t, mimicFiles())
	labels := filepath.Join(dir, "labels.csv")
	for name, c := range map[string]struct {
		tables []string
		opts   convert.Options
		want   []string
	}{
		"all": {[]string{dir}, convert.Options{}, []string{
			"dicom_id,subject_id,study_id,split,ViewPosition",
			dicom(4) + ",10000002,50000003,test,LATERAL", dicom(2) + ",10000002,50000003,,AP",
			dicom(5) + ",10000001,50000001,train,", dicom(3) + ",10000001,50000001,train,PA",
		}},
		"split alone": {[]string{filepath.Join(dir, "split.csv")}, convert.Options{Splits: []string{"train"}}, []string{
			"dicom_id,subject_id,study_id,split", dicom(5) + ",10000001,50000001,train", dicom(3) + ",10000001,50000001,train",
		}},
		"views": {[]string{dir}, convert.Options{Views: []string{"PA", "ap"}}, []string{
			"dicom_id,subject_id,study_id,split,ViewPosition", dicom(2) + ",10000002,50000003,,AP", dicom(3) + ",10000001,50000001,train,PA",
		}},
		"studies with a view": {[]string{dir}, convert.Options{Views: []string{"frontal"}, Study: true}, []string{
			"subject_id,study_id,split", "10000002,50000003,", "10000001,50000001,train",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, s, m := joined(t, dataset.MIMIC, labels, c.tables, c.opts)
			assert.Equal(t, c.want, rows)
			assert.Equal(t, 3, s.Read)
			assert.Equal(t, 1, m.Imageless, "the labels of 50000009")
			assert.Equal(t, 1, m.Unlabelled, "the image of 50000002")
		})
	}
	_, s, m := joined(t, dataset.MIMIC, labels, []string{dir}, convert.Options{Splits: []string{"train"}, Views: []string{"PA"}})
	assert.Equal(t, map[string]int{"split test": 1, "split not known": 1, "view blank": 1}, s.LeftOut)
	assert.Equal(t, []string{"split.csv", "metadata.csv"}, m.Files)
}

// Labels that are by image already, or by an id of another name, get what they lack.
func TestImagesOfOtherLabels(t *testing.T) {
	dir := folder(t, mimicFiles())
	for content, want := range map[string][]string{
		"dicom_id,Edema\n" + dicom(3) + ",1\n" + dicom(9) + ",0\n": {
			"dicom_id,subject_id,study_id,split,ViewPosition", dicom(3) + ",10000001,50000001,train,PA", dicom(9) + ",,,,",
		},
		"id,Edema\ns50000003,1\nR7,0\n": {
			"dicom_id,id,subject_id,study_id,split,ViewPosition",
			dicom(4) + ",s50000003,10000002,50000003,test,LATERAL", dicom(2) + ",s50000003,10000002,50000003,,AP",
		},
		"study_id,split,Edema\n50000001,test,1\n": {
			"dicom_id,study_id,split,subject_id,ViewPosition", dicom(5) + ",50000001,test,10000001,", dicom(3) + ",50000001,test,10000001,PA",
		},
		`{"id":"50000001","labels":{"Edema":1}}`: {
			"dicom_id,id,subject_id,study_id,split,ViewPosition",
			dicom(5) + ",50000001,10000001,50000001,train,", dicom(3) + ",50000001,10000001,50000001,train,PA",
		},
	} {
		name := filepath.Join(t.TempDir(), "labels")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		rows, _, _ := joined(t, dataset.MIMIC, name, []string{filepath.Join(dir, "split.csv"), filepath.Join(dir, "metadata.csv")}, convert.Options{})
		assert.Equal(t, want, rows, content)
	}
}

func TestSplitsOfChestXray14(t *testing.T) {
	dir := folder(t, map[string]string{
		"labels.csv":         "Image Index,Finding Labels,View Position\n00000001_000.png,Mass,PA\n00000002_000.png,Mass,AP\n00000003_000.png,Mass,PA\n",
		"train_val_list.txt": "00000002_000.png\n00000001_000.png\n", "test_list.txt": "00000009_000.png\n",
	})
	rows, s, m := joined(t, dataset.ChestXray14, filepath.Join(dir, "labels.csv"), []string{dir}, convert.Options{})
	assert.Equal(t, []string{
		"Image Index,Finding Labels,View Position,split", "00000001_000.png,Mass,PA,train_val", "00000002_000.png,Mass,AP,train_val", "00000003_000.png,Mass,PA,",
	}, rows)
	assert.Equal(t, []int{3, 1, 1}, []int{s.Written, m.Imageless, m.Unlabelled})
	rows, _, _ = joined(t, dataset.ChestXray14, filepath.Join(dir, "labels.csv"), []string{dir}, convert.Options{Splits: []string{"train_val"}, Views: []string{"PA"}})
	assert.Equal(t, []string{"Image Index,Finding Labels,View Position,split", "00000001_000.png,Mass,PA,train_val"}, rows)
}

func TestNoTableOfImages(t *testing.T) {
	dir := folder(t, mimicFiles())
	labels := filepath.Join(dir, "labels.csv")
	_, err := convert.OpenImages(t.Context(), dataset.MIMIC, []string{labels}, nil)
	assert.EqualError(t, err, labels+": this is no table of images (labels); give split, metadata, record list to --images")
	require.NoError(t, os.Remove(filepath.Join(dir, "split.csv")))
	require.NoError(t, os.Remove(filepath.Join(dir, "metadata.csv")))
	_, err = convert.OpenImages(t.Context(), dataset.MIMIC, []string{dir}, nil)
	assert.EqualError(t, err, dir+": there is no table of images; give split, metadata, record list to --images")
}

func TestHasView(t *testing.T) {
	for view, named := range map[string]string{
		"PA": "PA frontal", "AP": "AP frontal", "LATERAL": "LATERAL lateral", "LL": "LL lateral", "PA LLD": "", "blank": "blank", "": "",
		"frontal": "frontal", "frontal PA": "PA frontal", "frontal LL": "LL frontal", "lateral": "LATERAL lateral",
	} {
		for _, n := range []string{"PA", "AP", "LATERAL", "LL", "frontal", "lateral", "blank"} {
			want := false
			for _, w := range strings.Fields(named) {
				want = want || strings.EqualFold(w, n)
			}
			assert.Equal(t, want, convert.HasView(n, view), "%s of %q", n, view)
		}
	}
}
