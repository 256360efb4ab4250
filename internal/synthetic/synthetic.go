// Package synthetic writes made-up label files of the size of the published
// ones, for tests and benchmarks. Ids and labels are random, from a fixed seed;
// how often a label is what follows the published shares in no more than kind.
package synthetic

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Sizes of the published files, in rows.
const (
	CheXpertTrain = 223_414
	CheXpertValid = 234
	MIMICStudies  = 227_835
	MIMICLabelled = 227_827
	MIMICImages   = 377_110
)

var observations = []string{
	"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
	"Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
}

var alphabetical = []string{
	"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
	"Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
}

// labels writes 14 random labels.
func labels(r *rand.Rand) string {
	var b strings.Builder
	for range observations {
		b.WriteByte(',')
		switch n := r.IntN(100); {
		case n < 15:
			b.WriteString("1.0")
		case n < 25:
			b.WriteString("0.0")
		case n < 30:
			b.WriteString("-1.0")
		}
	}
	return b.String()
}

// CheXpert writes train.csv and valid.csv of so many rows into a folder.
func CheXpert(folder string, train, valid int) error {
	first := 1
	for _, split := range []struct {
		name string
		rows int
	}{{"train", train}, {"valid", valid}} {
		r := rand.New(rand.NewPCG(1, 2))
		err := write(filepath.Join(folder, split.name+".csv"), func(w io.Writer) {
			fmt.Fprintf(w, "Path,Sex,Age,Frontal/Lateral,AP/PA,%s\n", strings.Join(observations, ","))
			for n := 0; n < split.rows; first++ {
				sex := [...]string{"Female", "Male"}[r.IntN(2)]
				for study := 1; study <= 1+r.IntN(5) && n < split.rows; study++ {
					row := labels(r)
					for view := 1; view <= 1+r.IntN(2) && n < split.rows; view++ {
						name, shown := "frontal", "Frontal,"+[...]string{"AP", "PA"}[r.IntN(2)]
						if view == 2 {
							name, shown = "lateral", "Lateral,"
						}
						fmt.Fprintf(w, "CheXpert-v1.0-small/%s/patient%05d/study%d/view%d_%s.jpg,%s,%d,%s%s\n",
							split.name, first, study, view, name, sex, 18+r.IntN(73), shown, row)
						n++
					}
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// MIMIC writes the two lists, split, metadata and two label files of so many
// studies, of which so many are labelled, and images into a folder, compressed.
func MIMIC(folder string, studies, labelled, images int) error {
	type image struct {
		subject, study int
		dicom          string
	}
	r := rand.New(rand.NewPCG(3, 4))
	subject, study := make([]int, studies), make([]int, studies)
	for i, s := 0, 10_000_000; i < studies; i++ {
		if i == 0 || r.IntN(7) < 2 {
			s += 1 + r.IntN(100)
		}
		subject[i], study[i] = s, 50_000_000+i*40+r.IntN(40)
	}
	all := make([]image, images)
	for i := range all {
		s := i % studies
		a, b := r.Uint64(), r.Uint64()
		all[i] = image{subject[s], study[s], fmt.Sprintf("%08x-%08x-%08x-%08x-%08x", uint32(a), a>>32, uint32(b), b>>32, i)}
	}
	split := func(subject int) string {
		switch n := subject % 100; {
		case n == 0:
			return "test"
		case n == 1:
			return "validate"
		}
		return "train"
	}
	files := map[string]func(io.Writer){
		"cxr-study-list.csv.gz": func(w io.Writer) {
			fmt.Fprintln(w, "subject_id,study_id,path")
			for i := range study {
				fmt.Fprintf(w, "%d,%d,files/p%d/p%d/s%d.txt\n", subject[i], study[i], subject[i]/1_000_000, subject[i], study[i])
			}
		},
		"cxr-record-list.csv.gz": func(w io.Writer) {
			fmt.Fprintln(w, "subject_id,study_id,dicom_id,path")
			for _, m := range all {
				fmt.Fprintf(w, "%d,%d,%s,files/p%d/p%d/s%d/%s.dcm\n", m.subject, m.study, m.dicom, m.subject/1_000_000, m.subject, m.study, m.dicom)
			}
		},
		"mimic-cxr-2.0.0-split.csv.gz": func(w io.Writer) {
			fmt.Fprintln(w, "dicom_id,study_id,subject_id,split")
			for _, m := range all {
				fmt.Fprintf(w, "%s,%d,%d,%s\n", m.dicom, m.study, m.subject, split(m.subject))
			}
		},
		"mimic-cxr-2.0.0-metadata.csv.gz": func(w io.Writer) {
			fmt.Fprintln(w, "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning")
			for _, m := range all {
				view := [...]string{"AP", "PA", "LATERAL", "LL", ""}[r.IntN(5)]
				fmt.Fprintf(w, "%s,%d,%d,CHEST (PA AND LAT),%s,3056,2544,21800506,213014.53100000002,CHEST (PA AND LAT),postero-anterior,Erect\n", m.dicom, m.subject, m.study, view)
			}
		},
	}
	for _, labeler := range []string{"chexpert", "negbio"} {
		files["mimic-cxr-2.0.0-"+labeler+".csv.gz"] = func(w io.Writer) {
			fmt.Fprintf(w, "subject_id,study_id,%s\n", strings.Join(alphabetical, ","))
			for i := range labelled {
				fmt.Fprintf(w, "%d,%d%s\n", subject[i], study[i], labels(r))
			}
		}
	}
	for _, name := range []string{
		"cxr-study-list.csv.gz", "cxr-record-list.csv.gz", "mimic-cxr-2.0.0-split.csv.gz", "mimic-cxr-2.0.0-metadata.csv.gz",
		"mimic-cxr-2.0.0-chexpert.csv.gz", "mimic-cxr-2.0.0-negbio.csv.gz",
	} {
		if err := write(filepath.Join(folder, name), files[name]); err != nil {
			return err
		}
	}
	return nil
}

// write makes a file, compressed if its name ends so.
func write(path string, content func(io.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var out io.WriteCloser = f
	if strings.HasSuffix(path, ".gz") {
		out, _ = gzip.NewWriterLevel(f, gzip.BestSpeed)
	}
	b := bufio.NewWriterSize(out, 1<<16)
	content(b)
	if err := b.Flush(); err != nil {
		return err
	}
	if out != f {
		return out.Close()
	}
	return nil
}
