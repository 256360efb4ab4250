package verify

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// copyOf writes files into a folder of their own and makes it the working
// folder, so that findings have no path of the machine.
func copyOf(t *testing.T, files map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	t.Chdir(folder)
}

// verified gives the findings and what could not be read, a line each.
func verified(t *testing.T, d *dataset.Dataset, opts Options, paths ...string) (found []Finding, unread []string, v *Result) {
	t.Helper()
	opts.Tell = func(f Finding) { found = append(found, f) }
	opts.Unread = func(p *corpus.Problem) { unread = append(unread, p.Error()) }
	v, err := Run(t.Context(), d, paths, opts)
	require.NoError(t, err)
	return found, unread, v
}

// with gives a good copy with some files changed; "" takes one away.
func with(good map[string]string, changes map[string]string) map[string]string {
	files := map[string]string{}
	for name, content := range good {
		files[name] = content
	}
	for name, content := range changes {
		if files[name] = content; content == "" {
			delete(files, name)
		}
	}
	return files
}

const (
	nihTable      = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
	cheXpertTable = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices\n"
	mimicLabels   = "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices\n"
	blank14       = ",,,,,,,,,,,,," // the last may follow
	d1            = "00000001-00000000-00000000-00000000-00000001"
	d2            = "00000002-00000000-00000000-00000000-00000002"
)

var goodNIH = map[string]string{
	"Data_Entry_2017.csv": nihTable + "00000001_000.png,Edema,0,1,58,M,PA\n00000001_001.png,No Finding,1,1,58,M,PA\n00000002_000.png,Mass|Hernia,0,2,60,F,AP\n",
	"BBox_List_2017.csv":  "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000001_000.png,Edema,1,2,3,4\n",
	"train_val_list.txt":  "00000001_000.png\n00000001_001.png\n",
	"test_list.txt":       "00000002_000.png\n",
}

var goodCheXpert = map[string]string{
	"train.csv": cheXpertTable + "CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP," + blank14 + "\n" +
		"CheXpert-v1.0/train/patient00001/study1/view2_lateral.jpg,Female,68,Lateral,," + blank14 + "\n",
	"valid.csv": cheXpertTable + "CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0" + blank14 + "\n",
}

var goodMIMIC = map[string]string{
	"cxr-study-list.csv":                "subject_id,study_id,path\n10000001,50000001,files/p10/p10000001/s50000001.txt\n10000002,50000002,files/p10/p10000002/s50000002.txt\n",
	"cxr-record-list.csv":               "subject_id,study_id,dicom_id,path\n10000001,50000001," + d1 + ",x\n10000002,50000002," + d2 + ",x\n",
	"mimic-cxr-2.0.0-split.csv":         "dicom_id,study_id,subject_id,split\n" + d1 + ",50000001,10000001,train\n" + d2 + ",50000002,10000002,test\n",
	"mimic-cxr-2.0.0-metadata.csv":      "dicom_id,subject_id,study_id,ViewPosition\n" + d1 + ",10000001,50000001,PA\n" + d2 + ",10000002,50000002,AP\n",
	"mimic-cxr-2.0.0-chexpert.csv":      mimicLabels + "10000001,50000001," + blank14 + "\n10000002,50000002," + blank14 + "1.0\n",
	"mimic-cxr-2.0.0-negbio.csv":        mimicLabels + "10000001,50000001," + blank14 + "\n10000002,50000002," + blank14 + "-1.0\n",
	"files/p10/p10000001/s50000001.txt": " FINAL REPORT\n", "files/p10/p10000002/s50000002.txt": " FINAL REPORT\n",
	"files/p10/p10000001/s50000001/" + d1 + ".jpg": "x", "files/p10/p10000002/s50000002/" + d2 + ".jpg": "x",
}

// Every defect of a small copy is found, once, and nothing else but the counts.
func TestVerifyFinds(t *testing.T) {
	for _, test := range []struct {
		name    string
		dataset *dataset.Dataset
		changes map[string]string
		want    string // kind: finding, a line each
	}{
		{"good", dataset.ChestXray14, nil, ""},
		{"id", dataset.ChestXray14, map[string]string{"BBox_List_2017.csv": "Image Index,Finding Label,Bbox [x,y,w,h],,,\n1.png,Edema,1,2,3,4\n"},
			`id: BBox_List_2017.csv:2: column 1 (Image Index): "1.png" is no name of an image, such as 00000001_000.png; check that the columns are not swapped`},
		{"id in a list", dataset.ChestXray14, map[string]string{"test_list.txt": "00000002_000.png\nx\n"},
			`id: test_list.txt:2: column 1: "x" is no name of an image, such as 00000001_000.png; get the table again`},
		{"label", dataset.ChestXray14, map[string]string{"Data_Entry_2017.csv": strings.Replace(goodNIH["Data_Entry_2017.csv"], "Hernia", "Hernias", 1)},
			`label: Data_Entry_2017.csv:4: column 2 (Finding Labels): `},
		{"age", dataset.ChestXray14, map[string]string{"Data_Entry_2017.csv": strings.Replace(goodNIH["Data_Entry_2017.csv"], ",60,", ",412,", 1)},
			`remark value: Data_Entry_2017.csv:4: column 5 (Patient Age): nobody is 412 years old; counted as unknown`},
		{"sex", dataset.ChestXray14, map[string]string{"Data_Entry_2017.csv": strings.Replace(goodNIH["Data_Entry_2017.csv"], "60,F,", "F,60,", 1)},
			`value: Data_Entry_2017.csv:4: column 5 (Patient Age): "F" is no age; counted as unknown; check that the columns are not swapped
value: Data_Entry_2017.csv:4: column 6 (Patient Gender): "60" is no sex; counted as unknown; check that the columns are not swapped`},
		{"row", dataset.ChestXray14, map[string]string{"BBox_List_2017.csv": goodNIH["BBox_List_2017.csv"] + "00000001_000.png\n"},
			`row: BBox_List_2017.csv:3: column 2 (Finding Label): the row has 1 field, the header 6; get the table again`},
		{"duplicate", dataset.ChestXray14, map[string]string{"Data_Entry_2017.csv": goodNIH["Data_Entry_2017.csv"] + "00000001_000.png,Edema,0,1,58,M,PA\n"},
			`duplicate: Data_Entry_2017.csv:5: the image "00000001_000.png" has a row already; keep one row`},
		{"leak", dataset.ChestXray14, map[string]string{"train_val_list.txt": "00000001_000.png\n", "test_list.txt": "00000001_001.png\n00000002_000.png\n"},
			`split leak: train_val_list.txt:1: the patient 1 is in train_val here and in test in test_list.txt:1; leave the patient out of one split`},
		{"not in a list", dataset.ChestXray14, map[string]string{"test_list.txt": "00000003_000.png\n"},
			`missing row: Data_Entry_2017.csv:4: the image "00000002_000.png" has no row in the split list; get the table again
missing row: test_list.txt:1: the image "00000003_000.png" has no row in the images; get the table again`},
		{"box", dataset.ChestXray14, map[string]string{"BBox_List_2017.csv": goodNIH["BBox_List_2017.csv"] + "00000009_000.png,Infiltrate,1,2,3,4\n"},
			`unlisted box: BBox_List_2017.csv:3: a box of the image "00000009_000.png", which no table of images lists; get the tables again`},
		{"images", dataset.ChestXray14, map[string]string{"images_01/images/00000001_000.png": "x", "images_01/images/00000002_000.png": "", "images_02/images/00000004_000.png": "x", "images_02/images/a.png": "x", "images_02/images/00000001_000.png": "x"},
			`duplicate: images_02/images/00000001_000.png: another folder has this image too; keep one file
extra file: images_02/images/00000004_000.png: no table lists this image; take it out of the folder
id: images_02/images/a.png: "a.png" is no name of an image, such as 00000001_000.png; rename the file, or take it out of the folder
missing file: Data_Entry_2017.csv:3: the image "00000001_001.png" has no image file (.png); get the file, or leave out the row
missing file: Data_Entry_2017.csv:4: the image "00000002_000.png" has no image file (.png); get the file, or leave out the row`},

		{"good", dataset.CheXpert, nil, ""},
		{"label", dataset.CheXpert, map[string]string{"valid.csv": strings.Replace(goodCheXpert["valid.csv"], "0.0", "0.5", 1)},
			`label: valid.csv:2: column 6 (No Finding): `},
		{"path", dataset.CheXpert, map[string]string{"valid.csv": strings.Replace(goodCheXpert["valid.csv"], "patient64541", "p64541", 1)},
			`id: valid.csv:2: column 1 (Path): `},
		{"leak", dataset.CheXpert, map[string]string{"valid.csv": strings.Replace(goodCheXpert["valid.csv"], "patient64541", "patient00001", 1)},
			`split leak: valid.csv:2: the patient 1 is in valid here and in train in train.csv:2; leave the patient out of one split`},
		{"images of one split", dataset.CheXpert, map[string]string{"train/patient00001/study1/view1_frontal.jpg": "x", "train/patient00001/study2/view1_frontal.jpg": "x"},
			`extra file: train/patient00001/study2/view1_frontal.jpg: no table lists this image; take it out of the folder
missing file: train.csv:3: the image "patient00001/study1/view2_lateral.jpg" has no image file (.jpg); get the file, or leave out the row`},

		{"good", dataset.MIMIC, nil, ""},
		{"id", dataset.MIMIC, map[string]string{"cxr-study-list.csv": goodMIMIC["cxr-study-list.csv"] + "5,50000003,x\n"},
			`id: cxr-study-list.csv:4: column 1 (subject_id): 5 is no id of eight digits that begins with 1; check that the columns are not swapped`},
		{"split", dataset.MIMIC, map[string]string{"mimic-cxr-2.0.0-split.csv": strings.Replace(goodMIMIC["mimic-cxr-2.0.0-split.csv"], ",test", ",dev", 1)},
			`value: mimic-cxr-2.0.0-split.csv:3: column 4 (split): "dev" is none of train, validate and test; check that the columns are not swapped`},
		{"rows", dataset.MIMIC, map[string]string{
			"mimic-cxr-2.0.0-negbio.csv":   mimicLabels + "10000001,50000001," + blank14 + "\n",
			"mimic-cxr-2.0.0-metadata.csv": "dicom_id,subject_id,study_id,ViewPosition\n" + d1 + ",10000001,50000001,PA\n",
			"cxr-study-list.csv":           goodMIMIC["cxr-study-list.csv"] + "10000003,50000003,x\n",
		}, `missing row: cxr-study-list.csv:3: the study 50000002 has no row in the labels of negbio; get the table again
missing row: cxr-study-list.csv:4: the study 50000003 has no row of an image; get the table again
missing row: cxr-study-list.csv:4: the study 50000003 has no row in the labels of chexpert; get the table again
missing row: cxr-study-list.csv:4: the study 50000003 has no row in the labels of negbio; get the table again
missing report: cxr-study-list.csv:4: the study 50000003 has no report; get the file, or leave out the row
missing row: mimic-cxr-2.0.0-split.csv:3: the image "` + d2[:40] + `..." has no row in the metadata; get the table again`},
		{"contradiction", dataset.MIMIC, map[string]string{"mimic-cxr-2.0.0-metadata.csv": strings.Replace(goodMIMIC["mimic-cxr-2.0.0-metadata.csv"], "10000002", "10000001", 1)},
			`contradiction: mimic-cxr-2.0.0-metadata.csv:3: the study 50000002 is of the patient 10000001 here and of 10000002 in another row; get the tables again
contradiction: mimic-cxr-2.0.0-metadata.csv:3: the image "` + d2[:40] + `..." is of another patient or study in another row; get the tables again`},
		{"leak", dataset.MIMIC, map[string]string{"mimic-cxr-2.0.0-split.csv": goodMIMIC["mimic-cxr-2.0.0-split.csv"] + strings.ReplaceAll(d2, "2", "3") + ",50000001,10000001,validate\n"},
			`split leak: mimic-cxr-2.0.0-split.csv:4: the patient 10000001 is in validate here and in train in line 2; leave the patient out of one split
missing row: mimic-cxr-2.0.0-split.csv:4: the image "` + strings.ReplaceAll(d2, "2", "3")[:40] + `..." has no row in the metadata; get the table again
missing row: mimic-cxr-2.0.0-split.csv:4: the image "` + strings.ReplaceAll(d2, "2", "3")[:40] + `..." has no row in the record list; get the table again
missing file: mimic-cxr-2.0.0-split.csv:4: the image "` + strings.ReplaceAll(d2, "2", "3")[:40] + `..." has no image file (.jpg); get the file, or leave out the row`},
		{"reports", dataset.MIMIC, map[string]string{"files/p10/p10000002/s50000002.txt": "", "files/p10/p10000002/s50000007.txt": "x", "files/p10/p10000002/s10000002.txt": "x", "files/p10/p10000002/s50000001.txt": "x"},
			`id: files/p10/p10000002/s10000002.txt: 10000002 is no id of eight digits that begins with 5; rename the file
duplicate: files/p10/p10000002/s50000001.txt: another file has the report of the study 50000001 too; keep one
extra file: files/p10/p10000002/s50000007.txt: no table lists the study 50000007 of this report; take it out of the folder
missing report: cxr-study-list.csv:3: the study 50000002 has no report; get the file, or leave out the row`},
		{"misplaced", dataset.MIMIC, map[string]string{"files/p10/p10000002/s50000002/" + d2 + ".jpg": "", "files/p10/p10000001/s50000001/" + d2 + ".jpg": "x"},
			`contradiction: files/p10/p10000001/s50000001/` + d2 + `.jpg: the folder is of the patient 10000001 and the study 50000001, the tables have the image under 10000002 and 50000002; put the file into its folder`},
	} {
		t.Run(test.dataset.Name+"/"+test.name, func(t *testing.T) {
			good := map[*dataset.Dataset]map[string]string{dataset.ChestXray14: goodNIH, dataset.CheXpert: goodCheXpert, dataset.MIMIC: goodMIMIC}[test.dataset]
			copyOf(t, with(good, test.changes))
			found, unread, _ := verified(t, test.dataset, Options{}, ".")
			assert.Empty(t, unread)
			var got []string
			for _, f := range found {
				if f.Kind != WrongCount {
					got = append(got, line(f))
				}
			}
			want := strings.Split(test.want, "\n")
			if test.want == "" {
				want = nil
			}
			require.Len(t, got, len(want), strings.Join(got, "\n"))
			for i := range want {
				if strings.HasSuffix(want[i], ": ") {
					assert.Contains(t, got[i], want[i])
					continue
				}
				assert.Equal(t, want[i], got[i])
			}
		})
	}
}

func line(f Finding) string {
	s := string(f.Kind) + ": " + f.String()
	if f.Remark {
		s = "remark " + s
	}
	return s
}

func lines(found []Finding) (all []string) {
	for _, f := range found {
		all = append(all, line(f))
	}
	return all
}

// A split that the copy does not have is no failure, unless it is to be complete.
func TestVerifyCountsAndCompleteness(t *testing.T) {
	copyOf(t, goodCheXpert)
	found, _, v := verified(t, dataset.CheXpert, Options{}, "train.csv")
	assert.Equal(t, []string{"count: train.csv: images in the split train: 2, published are 223,414; get what is missing"}, lines(found))
	assert.Equal(t, []string{"images (train.csv, 2 rows)"}, v.Checked)
	assert.Equal(t, []string{"ground truth", "radiologist", "image files", "images of the split valid", "images of the split test",
		"the published totals of 224,316 images and 65,240 patients: no table lists the images of valid and test", "checksums"}, v.NotChecked)

	found, _, _ = verified(t, dataset.CheXpert, Options{Complete: true}, "train.csv")
	assert.Equal(t, []string{
		"absent: train.csv: not there: ground truth; get it, or leave out --complete",
		"absent: train.csv: not there: radiologist; get it, or leave out --complete",
		"absent: train.csv: not there: image files; get it, or leave out --complete",
		"absent: train.csv: not there: images of the split valid; get it, or leave out --complete",
		"absent: train.csv: not there: images of the split test; get it, or leave out --complete",
		"absent: train.csv: not checked: the published totals of 224,316 images and 65,240 patients: no table lists the images of valid and test; get it, or leave out --complete",
	}, lines(found)[1:])

	copyOf(t, goodMIMIC)
	found, _, _ = verified(t, dataset.MIMIC, Options{}, ".")
	assert.Equal(t, []string{
		"count: cxr-study-list.csv: rows: 2, published are 227,835; get what is missing",
		"count: mimic-cxr-2.0.0-split.csv: rows: 2, published are 377,110; get what is missing",
		"count: mimic-cxr-2.0.0-metadata.csv: rows: 2, published are 377,110; get what is missing",
		"count: cxr-record-list.csv: rows: 2, published are 377,110; get what is missing",
		"count: mimic-cxr-2.0.0-chexpert.csv: rows: 2, published are 227,827; get what is missing",
		"count: mimic-cxr-2.0.0-negbio.csv: rows: 2, published are 227,827; get what is missing",
		"count: .: images in the split train: 1, published are 368,960; get what is missing",
		"count: .: images in the split test: 1, published are 5,159; get what is missing",
		"count: .: images: 2, published are 377,110; get what is missing",
		"count: .: studies: 2, published are 227,835; get what is missing",
		"count: .: patients: 2, published are 65,379; get what is missing",
	}, lines(found))
}

// Without any table of images there is no whole to count, which is said.
func TestVerifyWithoutImages(t *testing.T) {
	copyOf(t, goodMIMIC)
	_, _, v := verified(t, dataset.MIMIC, Options{}, "mimic-cxr-2.0.0-chexpert.csv")
	assert.Contains(t, v.NotChecked, "the published totals of 377,110 images, 227,835 studies and 65,379 patients: no table lists images")
}

const (
	fullView  = "CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg"
	smallView = "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg"
)

func cheXpertOf(paths ...string) string {
	table := cheXpertTable
	for _, path := range paths {
		view := "Frontal,AP,"
		if strings.Contains(path, "lateral") {
			view = "Lateral,,"
		}
		table += path + ",Female,68," + view + blank14 + "\n"
	}
	return table
}

// The table of either size of CheXpert joins with the images of either, and what
// is not alike is remarked once.
func TestVerifyPathForms(t *testing.T) {
	lateral := func(view string) string { return strings.Replace(view, "view1_frontal", "view2_lateral", 1) }
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"the same", map[string]string{"train.csv": cheXpertOf(smallView), smallView: "x"}, nil},
		{"full images, small paths", map[string]string{"train.csv": cheXpertOf(smallView, lateral(smallView)), fullView: "x", lateral(fullView): "x"},
			[]string{`remark path form: CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg: this folder is "CheXpert-v1.0", the paths in the tables begin with "CheXpert-v1.0-small/"; images are joined by what is behind it`}},
		{"small images, full paths", map[string]string{"train.csv": cheXpertOf(fullView), smallView: "x"},
			[]string{`remark path form: CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg: this folder is "CheXpert-v1.0-small", the paths in the tables begin with "CheXpert-v1.0/"; images are joined by what is behind it`}},
		{"both images, one lacking", map[string]string{"train.csv": cheXpertOf(smallView, lateral(smallView)), smallView: "x", lateral(smallView): "x", fullView: "x"},
			[]string{
				`remark path form: CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg: this folder is "CheXpert-v1.0", the paths in the tables begin with "CheXpert-v1.0-small/"; images are joined by what is behind it`,
				`missing file: train.csv:3: the image "patient00001/study1/view2_lateral.jpg" has no image file (.jpg) in CheXpert-v1.0; get the file, or leave out the row`,
			}},
		{"two tables", map[string]string{"train.csv": cheXpertOf(smallView, lateral(smallView)), "valid.csv": cheXpertOf(strings.Replace(fullView, "train/patient0", "valid/patient6", 1))},
			[]string{`remark path form: valid.csv:2: paths begin with "CheXpert-v1.0/" from here on, with "CheXpert-v1.0-small/" before; images are joined by what is behind it`}},
		{"a folder of another name", map[string]string{"train.csv": cheXpertOf(smallView), "mine/train/patient00001/study1/view1_frontal.jpg": "x"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			copyOf(t, test.files)
			found, unread, _ := verified(t, dataset.CheXpert, Options{}, ".")
			assert.Empty(t, unread)
			found = slices.DeleteFunc(found, func(f Finding) bool { return f.Kind == WrongCount })
			assert.Equal(t, test.want, lines(found))
		})
	}
}

// The tables of both sizes say the same: one is read, and it is told which.
func TestVerifyBothSizesOfATable(t *testing.T) {
	copyOf(t, map[string]string{"CheXpert-v1.0/train.csv": cheXpertOf(fullView), "CheXpert-v1.0-small/train.csv": cheXpertOf(smallView)})
	for _, paths := range [][]string{{"."}, {"CheXpert-v1.0", "CheXpert-v1.0-small"}} {
		found, _, v := verified(t, dataset.CheXpert, Options{Complete: true}, paths...)
		for _, f := range found {
			assert.NotEqual(t, Duplicate, f.Kind)
			assert.NotContains(t, f.What, "in its place", "no fault of the copy")
		}
		assert.Regexp(t, `in its place`, strings.Join(v.NotChecked, "\n"))
	}
}

// Reports are had as an archive, too; one that cannot be read to its end says
// nothing of what is missing.
func TestVerifyArchive(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("files/p10/p10000001/s50000001.txt")
	require.NoError(t, err)
	_, err = w.Write([]byte(" FINAL REPORT\n IMPRESSION: No effusion, no edema.\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	lists := map[string]string{"cxr-study-list.csv": goodMIMIC["cxr-study-list.csv"], "mimic-cxr-reports.zip": b.String()}
	missing := "missing report: cxr-study-list.csv:3: the study 50000002 has no report; get the file, or leave out the row"

	copyOf(t, lists)
	for _, paths := range [][]string{{"."}, {"cxr-study-list.csv", "mimic-cxr-reports.zip"}, {"./mimic-cxr-reports.zip", "."}} {
		found, unread, v := verified(t, dataset.MIMIC, Options{}, paths...)
		assert.Empty(t, unread)
		assert.NotContains(t, strings.Join(lines(found), "\n"), "duplicate")
		assert.Contains(t, lines(found), missing)
		assert.Contains(t, strings.Join(v.Checked, "\n"), "1 report in ")
	}
	lists["mimic-cxr-reports.zip"] = b.String()[:70]
	copyOf(t, lists)
	found, unread, v := verified(t, dataset.MIMIC, Options{}, ".")
	assert.NotEmpty(t, unread)
	assert.NotContains(t, lines(found), missing)
	assert.Contains(t, v.NotChecked, "which studies lack a report: reports could not be read")
}

// A table that ends too early is unread, and not compared.
func TestVerifyTornTable(t *testing.T) {
	var list strings.Builder
	list.WriteString("subject_id,study_id,path\n")
	for i := range 5000 {
		fmt.Fprintf(&list, "%d,%d,x\n", 10000001+i*i%7919, 50000001+i)
	}
	whole := gzipped(t, list.String())
	copyOf(t, map[string]string{"cxr-study-list.csv.gz": whole[:len(whole)/2], "mimic-cxr-2.0.0-split.csv": goodMIMIC["mimic-cxr-2.0.0-split.csv"]})
	found, unread, v := verified(t, dataset.MIMIC, Options{}, ".")
	require.Len(t, unread, 1)
	assert.Regexp(t, `^cxr-study-list.csv.gz:\d+: reading ends here: `, unread[0])
	assert.Equal(t, []string{"count: mimic-cxr-2.0.0-split.csv: rows: 2, published are 377,110; get what is missing"}, lines(found))
	assert.Contains(t, v.NotChecked, "what rows lack: a table could not be read to its end")
}

// Neither is one with a quote left open, behind which nothing is read.
func TestVerifyOpenQuote(t *testing.T) {
	copyOf(t, with(goodMIMIC, map[string]string{"cxr-study-list.csv": strings.Replace(goodMIMIC["cxr-study-list.csv"], "\n", "\n\"", 1)}))
	found, unread, v := verified(t, dataset.MIMIC, Options{}, ".")
	require.Len(t, unread, 1)
	assert.Contains(t, unread[0], "cxr-study-list.csv:2: a quote opened here is not closed")
	for _, f := range found {
		assert.NotEqual(t, NoRow, f.Kind, f.String())
		assert.NotContains(t, f.String(), "study-list")
	}
	assert.Contains(t, v.NotChecked, "counts of the whole: a table could not be read to its end")
}

func gzipped(t *testing.T, s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// Images alone are held against their names; a folder of nothing is unread.
// A folder that is given twice, or within another, is read once.
func TestVerifyFoldersWithinFolders(t *testing.T) {
	copyOf(t, goodMIMIC)
	require.NoError(t, os.Symlink("files", "link"))
	want, unread, _ := verified(t, dataset.MIMIC, Options{}, ".")
	require.Empty(t, unread)
	for _, paths := range [][]string{{".", "."}, {"./", "files"}, {"files", "."}, {".", "files/p10"}, {".", "link"}} {
		found, unread, v := verified(t, dataset.MIMIC, Options{}, paths...)
		assert.Empty(t, unread, paths)
		assert.Equal(t, kinds(want), kinds(found), paths)
		assert.Contains(t, v.Checked, "2 image files", paths)
		assert.Contains(t, v.Checked, "2 reports", paths)
	}
}

func kinds(found []Finding) (all []FindingKind) {
	for _, f := range found {
		all = append(all, f.Kind)
	}
	return all
}

func TestVerifyImagesAlone(t *testing.T) {
	copyOf(t, map[string]string{"some/00000001_000.png": "x", "some/00000001_001.png": "", "none/a.md": "x"})
	found, unread, v := verified(t, dataset.ChestXray14, Options{}, "some")
	assert.Equal(t, []string{"empty file: some/00000001_001.png: the file is empty; get it again"}, lines(found))
	assert.Empty(t, unread)
	assert.Contains(t, v.Checked, "2 image files")

	found, unread, _ = verified(t, dataset.ChestXray14, Options{}, "none")
	assert.Empty(t, found)
	require.Len(t, unread, 1)
	assert.Contains(t, unread[0], "none: no file of ChestX-ray14 is in this folder; ")
}

func TestVerifyChecksums(t *testing.T) {
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	files := with(goodNIH, nil)
	list := ""
	for i := range 20 {
		name := fmt.Sprintf("images/%08d_000.png", i+1)
		files[name] = name
		list += sum(name) + " " + name + "\n"
	}
	delete(files, "images/00000005_000.png")
	files["images/00000003_000.png"] = "other"
	files["images/00000017_000.png"] = "other"
	files["SHA256SUMS.txt"] = list + "\n" + strings.ToUpper(sum(goodNIH["test_list.txt"])) + "  *test_list.txt\r\nabc x\n" + sum("") + " ../x\n"
	copyOf(t, files)
	wrong := []string{
		fmt.Sprintf(`checksum: SHA256SUMS.txt:3: "images/00000003_000.png" has the checksum %s..., not %s...; get the file again`, sum("other")[:12], sum("images/00000003_000.png")[:12]),
		fmt.Sprintf(`checksum: SHA256SUMS.txt:17: "images/00000017_000.png" has the checksum %s..., not %s...; get the file again`, sum("other")[:12], sum("images/00000017_000.png")[:12]),
		`checksum: SHA256SUMS.txt:23: want a SHA-256 checksum, 64 hexadecimal digits, and a path behind it; get the list again`,
		`checksum: SHA256SUMS.txt:24: "../x" is no path below the folder of the list; get the list again`,
	}
	read := int64(0)
	opts := Options{Checksums: "SHA256SUMS.txt", Progress: func(part, total int64) {
		assert.Less(t, read, part)
		read = part
		assert.LessOrEqual(t, part, total)
	}}
	found, unread, v := verified(t, dataset.ChestXray14, opts, "BBox_List_2017.csv")
	assert.Empty(t, unread)
	assert.Equal(t, wrong, lines(found)[1:])
	assert.Contains(t, v.Checked, "checksums of 20 files")
	assert.Contains(t, v.NotChecked, "checksums of 1 file not in the copy")

	found, _, _ = verified(t, dataset.ChestXray14, Options{Checksums: "SHA256SUMS.txt", Complete: true}, "BBox_List_2017.csv")
	assert.Contains(t, lines(found), `missing file: SHA256SUMS.txt:5: "images/00000005_000.png" is not there; get it`)

	_, unread, _ = verified(t, dataset.ChestXray14, Options{Checksums: "none.txt"}, "BBox_List_2017.csv")
	assert.Equal(t, []string{"none.txt: cannot be read; check the path and its permissions"}, unread)
}

// The published files of ChestX-ray14 have no findings.
func TestVerifyPublishedChestXray14(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA names no folder")
	}
	found, unread, v := verified(t, dataset.ChestXray14, Options{}, filepath.Join(data, "nih"))
	assert.Empty(t, found)
	assert.Empty(t, unread)
	require.Len(t, v.Checked, 2)
	assert.Contains(t, v.Checked[0], "112,120 rows")
	assert.Contains(t, v.Checked[1], "984 rows")
}
