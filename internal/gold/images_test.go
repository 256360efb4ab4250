package gold

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

// Rows of images are put together by study, wherever their rows stand, and
// whether the id, a column beside it or a path names the image.
func TestImages(t *testing.T) {
	const path = "CheXpert-v1.0/valid/patient64541/study1/view"
	for name, tt := range map[string]struct {
		file, data string
		opts       Options
		studies    map[string]string // labels as letters: p, u, n, -
		images     int
	}{
		"CheXpert": {"g.csv", "Path,Sex,Edema,Fracture\n" + path + "1_frontal.jpg,Male,-1.0,\nx/patient2/study3/view1_frontal.jpg,Male,0,\n" + path + "2_lateral.jpg,Male,1.0,0.0\n",
			Options{}, map[string]string{"patient64541/study1": "pn", "patient2/study3": "n-"}, 3},
		"paths as ids": {"g.csv", "id,Edema,Fracture\n" + path + "1.jpg,0,\n" + path + "2.jpg,-1,0\n",
			Options{}, map[string]string{"patient64541/study1": "un"}, 2},
		"paths of MIMIC-CXR": {"g.csv", "image_path,Edema,Fracture\nfiles/p10/p10000032/s50414267/a.jpg,,\nfiles/p10/p10000032/s50414267/b.jpg,,0\n",
			Options{}, map[string]string{"50414267": "-n"}, 2},
		"the study beside the image": {"g.tsv", "dicom_id\tstudy_id\tEdema\tFracture\na\ts50414267\t1\t\nb\t50414267\t0\t0\n",
			Options{}, map[string]string{"50414267": "pn"}, 2},
		"one image a study": {"g.csv", "Path,Edema,Fracture\n" + path + "1.jpg,1,\nx/patient2/study1/view1.jpg,0,\n",
			Options{}, map[string]string{"patient64541/study1": "p-", "patient2/study1": "n-"}, 0},
		"a report's path is no image": {"g.csv", "study_id,path,Edema,Fracture\n50414267,files/p10/p10000032/s50414267.txt,1,\n",
			Options{}, map[string]string{"50414267": "p-"}, 0},
		"images as ids": {"g.csv", "dicom_id,study_id,Edema,Fracture\na,1,1,\nb,1,0,0\n",
			Options{IDColumn: "dicom_id"}, map[string]string{"a": "p-", "b": "nn"}, 0},
		"JSON lines": {"g.jsonl", `{"path": "` + path + `1.jpg", "Edema": -1, "Fracture": null}` + "\n" + `{"path": "` + path + `2.jpg", "Edema": 0, "Fracture": 1}`,
			Options{}, map[string]string{"patient64541/study1": "up"}, 2},
		"JSON lines with labels": {"g.jsonl", `{"id": "` + path + `1.jpg", "labels": {"Edema": 0, "Fracture": null}}` + "\n" + `{"id": "` + path + `2.jpg", "labels": {"Edema": 1}}`,
			Options{}, map[string]string{"patient64541/study1": "p-"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := Load(context.Background(), write(t, tt.file, tt.data), tt.opts)
			require.NoError(t, err)
			require.Equal(t, []corpus.Observation{"Edema", "Fracture"}, sheet.Observations)
			got := map[string]string{}
			for _, row := range sheet.All {
				got[row.ID] = letters(row.Labels)
			}
			assert.Equal(t, tt.studies, got)
			assert.Equal(t, tt.images, sheet.Images)
			if tt.images > 0 {
				assert.Equal(t, len(tt.studies), sheet.Studies)
			}
		})
	}
}

func TestImagesInParquet(t *testing.T) {
	var b bytes.Buffer
	type view struct {
		Study string   `parquet:"study_id"`
		Edema *float64 `parquet:"Edema,optional"`
		Image string   `parquet:"dicom_id"`
	}
	zero, one := 0., 1.
	require.NoError(t, parquet.Write(&b, []view{{"s50414267", &zero, "a"}, {"s50000001", nil, "b"}, {"s50414267", &one, "c"}}))
	sheet, err := Load(context.Background(), write(t, "g.parquet", b.String()), Options{})
	require.NoError(t, err)
	require.Len(t, sheet.All, 2)
	assert.Equal(t, "50414267 p, 50000001 -", sheet.All[0].ID+" "+letters(sheet.All[0].Labels)+", "+sheet.All[1].ID+" "+letters(sheet.All[1].Labels))
	assert.Equal(t, [2]int{3, 2}, [2]int{sheet.Images, sheet.Studies})
}

// Whoever stops, or is stopped, between the rows gets no part of them for the whole.
func TestImagesInterrupted(t *testing.T) {
	path := write(t, "g.csv", "Path,Edema\nx/patient1/study1/a.jpg,1\nx/patient2/study1/a.jpg,0\nx/patient3/study1/a.jpg,0\n")
	source, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := 0
	for _, err = range source.Rows(ctx) {
		if err != nil {
			break
		}
		rows++
		cancel()
	}
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, rows)
	for range source.Rows(t.Context()) {
		break
	}
}

func letters(labels []corpus.Assertion) string {
	s := ""
	for _, a := range labels {
		s += string("-nup"[a])
	}
	return s
}

// The labels of a study are the greatest of its images', whatever the order of
// the rows.
func TestImagesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		images := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Row {
			return Row{
				ID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "study"), image: "i",
				Labels: []corpus.Assertion{corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "label"))},
			}
		}), 1, 8).Draw(t, "images")
		want := map[string]corpus.Assertion{}
		for _, row := range images {
			want[row.ID] = max(want[row.ID], row.Labels[0])
		}
		got := map[string]corpus.Assertion{}
		rows := slices.Clone(images)
		for i := range rows {
			rows[i].Labels = slices.Clone(rows[i].Labels)
		}
		s := sourceOf(Source{}, rows)
		for row, err := range s.Rows(context.Background()) {
			require.NoError(t, err)
			got[row.ID] = row.Labels[0]
		}
		assert.Equal(t, want, got)
		assert.Equal(t, len(images) > len(want), s.Images == len(images))
	})
}
