package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzFind takes any bytes for a file of any dataset: what is wrong is told at
// its place, and what is read is within the names of the dataset.
func FuzzFind(f *testing.F) {
	f.Add([]byte("Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding\nCheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0\n"), "train.csv", uint8(1))
	f.Add([]byte("subject_id,study_id,dicom_id,split\n10000032,50414267,02aa804e,train\n"), "mimic-cxr-2.0.0-split.csv", uint8(2))
	f.Add([]byte("subject_id,study_id,Edema\n10000032,50414267,-1.0\n"), "mimic-cxr-2.0.0-chexpert.csv", uint8(2))
	f.Add([]byte("Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n00000001_000.png,Cardiomegaly,0,1,58,M,PA,2682,2749,0.143,0.143\n"), "Data_Entry_2017_v2020.csv", uint8(0))
	f.Add([]byte("Image Index,Finding Label,Bbox [x,y,w,h],,,\n00013118_008.png,Infiltrate,225,547,86,79,,,\n"), "BBox_List_2017.csv", uint8(0))
	f.Add([]byte("00000001_000.png\n\n00000001_001.png"), "train_val_list.txt", uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, name string, which uint8) {
		d := All()[int(which)%len(All())]
		path := filepath.Join(t.TempDir(), filepath.Base("/"+name))
		if os.WriteFile(path, data, 0o600) != nil {
			return // no name of a file
		}
		found, _ := Find(t.Context(), d, []string{path})
		if found == nil {
			return
		}
		for _, file := range found.Files {
			for row, err := range file.Rows(t.Context()) {
				if err != nil {
					require.NotEmpty(t, err.Error())
					continue
				}
				require.GreaterOrEqual(t, row.Age, -1)
				require.Positive(t, row.Line)
				for _, fault := range row.Faults {
					require.Equal(t, row.Line, fault.Problem.Place.Line)
				}
			}
			file.Notes()
		}
	})
}
