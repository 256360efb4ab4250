package stats

import (
	"bytes"
	"fmt"
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

const (
	nihHeader      = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
	nihRow         = "00000001_000.png,Cardiomegaly|Effusion,0,1,57,M,PA,2682,2749,0.143,0.143"
	cheXpertHeader = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
	cheXpertRow    = "CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0"
	splitHeader    = "dicom_id,study_id,subject_id,split"
	splitRow       = "02aa804e-bde0afdd-112c0b34-7bc16630-4e384014,50414267,10000032,train"
)

// Every malformed input is a problem with its file, line and column, counted,
// and the rest of the file is read.
func TestMalformed(t *testing.T) {
	swap := func(row string, with ...string) string { return strings.NewReplacer(with...).Replace(row) }
	for _, test := range []struct {
		name          string
		dataset       *dataset.Dataset
		file, content string
		rows, lost    int
		odd           int
		want          []string // what the problems say, from the place on
	}{
		{"whole", dataset.ChestXray14, "d.csv", nihHeader + "\n" + nihRow + "\n", 1, 0, 0, nil},
		{"a header alone", dataset.ChestXray14, "d.csv", nihHeader + "\n", 1, 1, 0, []string{":1: there is no row under the header; get the file again"}},
		{"CRLF and BOM", dataset.ChestXray14, "d.csv", "\ufeff" + nihHeader + "\r\n" + nihRow + "\r\n", 1, 0, 0, nil},
		{"trailing commas", dataset.ChestXray14, "d.csv", nihHeader + ",\n" + nihRow + ",\n", 1, 0, 0, nil},
		{"extra comma", dataset.ChestXray14, "d.csv", nihHeader + "\n" + nihRow + ",7\n" + nihRow + "\n", 2, 1, 0,
			[]string{"d.csv:2: column 12: the row has 12 fields, the header 11"}},
		{"cut row", dataset.ChestXray14, "d.csv", nihHeader + "\n00000001_000.png,Cardio\n", 1, 1, 0, []string{"d.csv:2: column 3 (Follow-up #): the row has 2 fields, the header 11"}},
		{"missing column", dataset.ChestXray14, "d.csv", swap(nihHeader, "Patient ID", "Patient") + "\n" + nihRow + "\n", 0, 0, 0,
			[]string{`d.csv:1: this is none of the files of ChestX-ray14; for one of images there is no column "Patient ID"; did you mean "Patient" to be "Patient ID"?`}},
		{"unknown disease", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, "Effusion", "Effusions") + "\n", 1, 1, 0,
			[]string{`d.csv:2: column 2 (Finding Labels): "Effusions" is no disease`}},
		{"age with a unit", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, ",57,", ",058Y,") + "\n", 1, 0, 1,
			[]string{`d.csv:2: column 5 (Patient Age): the age "058Y" has a unit; read as 58 years`}},
		{"age in months", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, ",57,", ",018M,") + "\n", 1, 0, 1, []string{"read as 1 years"}},
		{"age of nobody", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, ",57,", ",411,") + "\n", 1, 0, 1,
			[]string{"d.csv:2: column 5 (Patient Age): nobody is 411 years old"}},
		{"no age", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, ",57,", ",old,") + "\n", 1, 0, 1,
			[]string{`d.csv:2: column 5 (Patient Age): "old" is no age; counted as unknown`}},
		{"unknown sex", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, ",M,", ",X,") + "\n", 1, 0, 1,
			[]string{`d.csv:2: column 6 (Patient Gender): "X" is no sex; counted as unknown`}},
		{"swapped fields", dataset.ChestXray14, "d.csv", nihHeader + "\n" + swap(nihRow, "0,1,57,M", "0,57,1,M") + "\n", 1, 1, 0,
			[]string{"d.csv:2: column 4 (Patient ID): the patient is 57, that of the image 1; check that the columns are not swapped"}},
		{"swapped names", dataset.ChestXray14, "d.csv", swap(nihHeader, "Age", "Gender", "Gender", "Age") + "\n" + nihRow + "\n", 1, 0, 2,
			[]string{`d.csv:2: column 6 (Patient Age): "M" is no age`, `d.csv:2: column 5 (Patient Gender): "57" is no sex`}},
		{"twice", dataset.ChestXray14, "d.csv", nihHeader + "\n" + nihRow + "\n" + nihRow + "\n", 2, 1, 0,
			[]string{`d.csv:3: the image "00000001_000.png" has a row already; keep one row`}},
		{"list", dataset.ChestXray14, "test_list.txt", "00000001_000.png\r\nimage 7\r\n\r\n00000001_000.png\r\n", 3, 2, 0,
			[]string{`test_list.txt:2: column 1: "image 7" is no name of an image`, `test_list.txt:4: the image "00000001_000.png" is in the list already`}},
		{"list of carriage returns", dataset.ChestXray14, "test_list.txt", "00000001_000.png\r00000001_001.png\r", 0, 0, 0,
			[]string{"test_list.txt:1: its lines end with carriage returns alone; save it with line feeds"}},
		{"list of UTF-16", dataset.ChestXray14, "test_list.txt", "\xff\xfe0\x000\x00\n\x00", 0, 0, 0,
			[]string{"test_list.txt: the file is no text: the text is UTF-16; convert it to UTF-8"}},
		{"list of binary data", dataset.ChestXray14, "test_list.txt", "00000001_000.png\n\x00\n", 0, 0, 0, []string{"test_list.txt:2: the file is no text: "}},
		{"list of two names a line", dataset.ChestXray14, "test_list.txt", "00000001_000.png\n00000001_001.png 00000001_002.png\n", 2, 1, 0,
			[]string{`test_list.txt:2: column 1: "00000001_001.png 00000001_002.png" is no name of an image`}},
		{"box", dataset.ChestXray14, "b.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000001_000.png,Infiltrate,1.5,2,3,4\n00000001_000.png,Mass,1,2,x,4\n00000001_000.png,Cyst,1,2,3,4\n", 3, 2, 0,
			[]string{`b.csv:3: column 5 (w): "x" is no number of pixels`, `b.csv:4: column 2 (Finding Label): "Cyst" is no disease`}},

		{"whole", dataset.CheXpert, "c.csv", cheXpertHeader + "\n" + cheXpertRow + "\n", 1, 0, 0, nil},
		{"no sex", dataset.CheXpert, "c.csv", swap(cheXpertHeader, ",Sex", "") + "\n" + swap(cheXpertRow, ",Female", "") + "\n", 0, 0, 0,
			[]string{`for one of images there is no column "Sex"`}},
		{"a comma too many in a row that ends blank", dataset.CheXpert, "c.csv", cheXpertHeader + "\n" + swap(cheXpertRow, "AP,1.0", "AP,,1.0", ",1.0\n", ",\n") + "\n" + cheXpertRow + "\n", 2, 1, 0,
			[]string{`c.csv:2: column 20: the row has 20 fields, the header 19`}},
		{"value", dataset.CheXpert, "c.csv", cheXpertHeader + "\n" + swap(cheXpertRow, ",0.0,", ",0.5,") + "\n", 1, 1, 0,
			[]string{`c.csv:2: column 15 (Pneumothorax): "0.5" is no label; want 1, 0, -1 or blank`}},
		{"path", dataset.CheXpert, "c.csv", cheXpertHeader + "\n" + swap(cheXpertRow, "patient00001", "patient") + "\n", 1, 1, 0,
			[]string{`c.csv:2: column 1 (Path): the path "CheXpert-v1.0/train/patient/study1/view1..." has no number of a patient`}},
		{"missing label", dataset.CheXpert, "c.csv", swap(cheXpertHeader, "Pneumothorax", "Pneumotorax") + "\n" + cheXpertRow + "\n", 0, 0, 0,
			[]string{`c.csv:1: there is no column "Pneumothorax"; did you mean the column "Pneumotorax" to be it?`}},
		{"column twice", dataset.CheXpert, "c.csv", swap(cheXpertHeader, "Edema", "Fracture") + "\n" + cheXpertRow + "\n", 0, 0, 0,
			[]string{"c.csv:1: column 18 (Fracture): column 11 has this name already", `c.csv:1: there is no column "Edema"`}},
		{"view", dataset.CheXpert, "c.csv", cheXpertHeader + "\n" + swap(cheXpertRow, ",Frontal,AP,", ",AP,Frontal,") + "\n", 1, 0, 2,
			[]string{`c.csv:2: column 4 (Frontal/Lateral): "AP" is neither Frontal nor Lateral`, `c.csv:2: column 5 (AP/PA): "Frontal" is none of AP, PA, LL and RL`}},
		{"other order", dataset.CheXpert, "groundtruth.csv", "Study,Edema,No Finding\nCheXpert-v1.0/test/patient64741/study1,1,0\n", 1, 0, 12, []string{`"Fracture"; its labels are blank`}},

		{"whole", dataset.MIMIC, "s.csv", splitHeader + "\n" + splitRow + "\n", 1, 0, 0, nil},
		{"swapped ids", dataset.MIMIC, "s.csv", "dicom_id,subject_id,study_id,split\n" + splitRow + "\n", 1, 1, 0,
			[]string{"s.csv:2: column 2 (subject_id): 50414267 is no id of eight digits that begins with 1; check that the columns are not swapped"}},
		{"split", dataset.MIMIC, "s.csv", splitHeader + "\n" + swap(splitRow, ",train", ",valid") + "\n", 1, 1, 0,
			[]string{`s.csv:2: column 4 (split): "valid" is none of train, validate and test`}},
		{"dicom", dataset.MIMIC, "s.csv", splitHeader + "\n" + swap(splitRow, "-bde", "_bde") + "\n", 1, 1, 0, []string{"s.csv:2: column 1 (dicom_id)"}},
		{"two patients", dataset.MIMIC, "s.csv", splitHeader + "\n" + splitRow + "\n" + swap(splitRow, "02aa", "03aa", "10000032", "10000033") + "\n", 2, 1, 0,
			[]string{"s.csv:3: the study 50414267 is of the patient 10000033 here and of 10000032 in another row"}},
		{"no subject", dataset.MIMIC, "mimic-cxr-2.0.0-chexpert.csv", "study_id,Atelectasis\n50414267,1.0\n", 0, 0, 0,
			[]string{`for one of labels there is no column "subject_id"`}},
		{"no split", dataset.MIMIC, "mimic-cxr-2.0.0-split.csv", "dicom_id,study_id,subject_id\n" + splitRow + "\n", 0, 0, 0,
			[]string{`for one of split there is no column "split"`}},
		{"no view", dataset.MIMIC, "mimic-cxr-2.0.0-metadata.csv", "dicom_id,study_id,subject_id,Rows\n" + splitRow + "\n", 0, 0, 0,
			[]string{`for one of metadata there is no column "ViewPosition"`}},
		{"small letters", dataset.MIMIC, "s.csv", strings.ToUpper(splitHeader) + "\n" + splitRow + "\n", 1, 0, 0, nil},
		{"carriage returns", dataset.MIMIC, "s.csv", splitHeader + "\r" + splitRow + "\r", 0, 0, 0,
			[]string{"s.csv:1: its lines end with carriage returns alone; save it with line feeds"}},
		{"empty", dataset.MIMIC, "s.csv", "", 0, 0, 0, []string{"s.csv: the file is empty"}},
		{"UTF-16", dataset.MIMIC, "s.csv", "\xff\xfed\x00i\x00", 0, 0, 0, []string{"s.csv: the file is no text: the text is UTF-16"}},
	} {
		t.Run(test.dataset.Name+" "+test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.file)
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
			count, problems := countFile(t, test.dataset, path)
			assert.Equal(t, [3]int{test.rows, test.lost, test.odd}, [3]int{count.Rows, count.Lost, count.Odd}, "rows, lost, odd: %s", problems)
			if test.want == nil {
				assert.Empty(t, problems)
			}
			for _, want := range test.want {
				assert.Contains(t, problems, want)
			}
		})
	}
}

// countFile reads a file and gives what was said, a line a problem, without the
// folder.
func countFile(t *testing.T, d *dataset.Dataset, path string) (FileCount, string) {
	var b strings.Builder
	found, err := dataset.Find(t.Context(), d, []string{path})
	if err != nil {
		b.WriteString(err.Error())
	}
	s, err := Gather(t.Context(), d, found.Files, func(p *corpus.Problem) { b.WriteString(p.Error() + "\n") })
	require.NoError(t, err)
	var count FileCount
	if len(s.Files) > 0 {
		count = s.Files[0]
	}
	return count, strings.ReplaceAll(b.String(), filepath.Dir(path)+string(filepath.Separator), "")
}

// A file that is cut within its header is not told to lack the columns behind.
func TestTruncatedHeader(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(cheXpertHeader + "\n" + cheXpertRow + "\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "train.csv.gz")
	require.NoError(t, os.WriteFile(path, b.Bytes()[:b.Len()/2], 0o600))
	_, problems := countFile(t, dataset.CheXpert, path)
	assert.Contains(t, problems, "it ends too early")
	assert.NotContains(t, problems, "there is no column")
}

func TestTruncatedGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(splitHeader + "\n"))
	require.NoError(t, err)
	for i := range 20_000 {
		_, err := z.Write([]byte(strings.Replace(splitRow, "02aa804e", string([]byte("0123456789abcdef"[i%16:i%16+1]))+"2aa"+strings.Repeat("0", 4), 1) + "\n"))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "split.csv.gz")
	require.NoError(t, os.WriteFile(path, b.Bytes()[:b.Len()-100], 0o600))
	count, problems := countFile(t, dataset.MIMIC, path)
	assert.Positive(t, count.Lost)
	assert.True(t, count.Torn)
	assert.Regexp(t, `split\.csv\.gz:\d+: reading ends here: it ends too early; get the file again`, problems)
}

// Of rows behind a quote left open nothing is known, which every output says.
func TestOpenQuote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.csv")
	rows := nihHeader + "\n" + nihRow + "\n\"" + strings.Replace(nihRow, "_000", "_001", 1) + "\n" + strings.Replace(nihRow, "_000", "_002", 1) + "\n"
	require.NoError(t, os.WriteFile(path, []byte(rows), 0o600))
	count, problems := countFile(t, dataset.ChestXray14, path)
	assert.Equal(t, FileCount{Path: path, Kind: dataset.Images, Source: "labels", Rows: 2, Lost: 1, Torn: true}, count)
	assert.Contains(t, problems, "d.csv:3: a quote opened here is not closed")

	found, err := dataset.Find(t.Context(), dataset.ChestXray14, []string{path})
	require.NoError(t, err)
	s, err := Gather(t.Context(), dataset.ChestXray14, found.Files, func(*corpus.Problem) {})
	require.NoError(t, err)
	var text, page, object bytes.Buffer
	require.NoError(t, Text(&text, s, View{}))
	assert.Regexp(t, `images  at least 2  at least 1    0 `, text.String())
	assert.Contains(t, text.String(), path+": not read to its end; the rows behind are not counted\n")
	require.NoError(t, HTML(&page, s))
	assert.Contains(t, page.String(), `<td class="number">at least 2</td><td class="number">at least 1</td>`)
	assert.Contains(t, page.String(), "not read to its end; the rows behind are not counted")
	require.NoError(t, JSON(&object, s))
	assert.Contains(t, object.String(), `"torn": true`)
}

// Binary data far behind the beginning costs its row alone.
func TestBinaryField(t *testing.T) {
	rows := nihHeader + "\n"
	for i := range 2000 {
		rows += fmt.Sprintf("%08d_000.png,Edema,0,%d,57,M,PA,2682,2749,0.143,0.143\n", i+1, i+1)
	}
	rows = rows[:len(rows)-len("PA,2682,2749,0.143,0.143\n")] + "P\x00,2682,2749,0.143,0.143\n"
	path := filepath.Join(t.TempDir(), "d.csv")
	require.NoError(t, os.WriteFile(path, []byte(rows), 0o600))
	count, problems := countFile(t, dataset.ChestXray14, path)
	assert.Equal(t, [3]int{2000, 1, 0}, [3]int{count.Rows, count.Lost, count.Odd}, problems)
	assert.Equal(t, "d.csv:2001: column 7 (View Position): the row holds binary data (NUL bytes), not text\n", problems)
}
