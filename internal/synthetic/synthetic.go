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
	patients := 0
	for _, split := range []struct {
		name string
		rows int
	}{{"train", train}, {"valid", valid}} {
		r := rand.New(rand.NewPCG(1, 2))
		err := write(filepath.Join(folder, split.name+".csv"), func(w io.Writer) {
			fmt.Fprintf(w, "Path,Sex,Age,Frontal/Lateral,AP/PA,%s\n", strings.Join(observations, ","))
			for left := split.rows; left > 0; {
				patients++
				left = cheXpertPatient(w, r, fmt.Sprintf("%s/patient%05d", split.name, patients), left)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cheXpertPatient writes the images of a patient, and gives how many of those left
// are left now.
func cheXpertPatient(w io.Writer, r *rand.Rand, path string, left int) int {
	sex := [...]string{"Female", "Male"}[r.IntN(2)]
	for study := 1; study <= 1+r.IntN(5) && left > 0; study++ {
		row := labels(r)
		for view := 1; view <= 1+r.IntN(2) && left > 0; view++ {
			name, shown := "frontal", "Frontal,"+[...]string{"AP", "PA"}[r.IntN(2)]
			if view == 2 {
				name, shown = "lateral", "Lateral,"
			}
			fmt.Fprintf(w, "CheXpert-v1.0-small/%s/study%d/view%d_%s.jpg,%s,%d,%s%s\n",
				path, study, view, name, sex, 18+r.IntN(73), shown, row)
			left--
		}
	}
	return left
}

// mimic is a made-up MIMIC-CXR: studies, of which the first are labelled, and images.
type mimic struct {
	*rand.Rand
	studies  []mimicStudy
	labelled int
	images   []mimicImage
}

type mimicStudy struct{ subject, study int }

type mimicImage struct {
	mimicStudy
	dicom string
}

// MIMIC writes the two lists, split, metadata and two label files of so many
// studies, of which so many are labelled, and images into a folder, compressed.
func MIMIC(folder string, studies, labelled, images int) error {
	m := newMIMIC(studies, images)
	m.labelled = labelled
	for _, file := range []struct {
		name  string
		write func(io.Writer)
	}{
		{"cxr-study-list", m.studyList},
		{"cxr-record-list", m.recordList},
		{"mimic-cxr-2.0.0-split", m.split},
		{"mimic-cxr-2.0.0-metadata", m.metadata},
		{"mimic-cxr-2.0.0-chexpert", m.labels},
		{"mimic-cxr-2.0.0-negbio", m.labels},
	} {
		if err := write(filepath.Join(folder, file.name+".csv.gz"), file.write); err != nil {
			return err
		}
	}
	return nil
}

func newMIMIC(studies, images int) *mimic {
	m := &mimic{Rand: rand.New(rand.NewPCG(3, 4)), studies: make([]mimicStudy, studies), images: make([]mimicImage, images)}
	subject := 10_000_000
	for i := range m.studies {
		if i == 0 || m.IntN(7) < 2 {
			subject += 1 + m.IntN(100)
		}
		m.studies[i] = mimicStudy{subject, 50_000_000 + i*40 + m.IntN(40)}
	}
	for i := range m.images {
		a, b := m.Uint64(), m.Uint64()
		m.images[i] = mimicImage{m.studies[i%studies], fmt.Sprintf("%08x-%08x-%08x-%08x-%08x", uint32(a), a>>32, uint32(b), b>>32, i)}
	}
	return m
}

func (m *mimic) studyList(w io.Writer) {
	fmt.Fprintln(w, "subject_id,study_id,path")
	for _, s := range m.studies {
		fmt.Fprintf(w, "%d,%d,files/p%d/p%d/s%d.txt\n", s.subject, s.study, s.subject/1_000_000, s.subject, s.study)
	}
}

func (m *mimic) recordList(w io.Writer) {
	fmt.Fprintln(w, "subject_id,study_id,dicom_id,path")
	for _, i := range m.images {
		fmt.Fprintf(w, "%d,%d,%s,files/p%d/p%d/s%d/%s.dcm\n", i.subject, i.study, i.dicom, i.subject/1_000_000, i.subject, i.study, i.dicom)
	}
}

func (m *mimic) split(w io.Writer) {
	fmt.Fprintln(w, "dicom_id,study_id,subject_id,split")
	for _, i := range m.images {
		split := "train"
		switch i.subject % 100 {
		case 0:
			split = "test"
		case 1:
			split = "validate"
		}
		fmt.Fprintf(w, "%s,%d,%d,%s\n", i.dicom, i.study, i.subject, split)
	}
}

func (m *mimic) metadata(w io.Writer) {
	fmt.Fprintln(w, "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning")
	for _, i := range m.images {
		view := [...]string{"AP", "PA", "LATERAL", "LL", ""}[m.IntN(5)]
		fmt.Fprintf(w, "%s,%d,%d,CHEST (PA AND LAT),%s,3056,2544,21800506,213014.53100000002,CHEST (PA AND LAT),postero-anterior,Erect\n", i.dicom, i.subject, i.study, view)
	}
}

func (m *mimic) labels(w io.Writer) {
	fmt.Fprintf(w, "subject_id,study_id,%s\n", strings.Join(alphabetical, ","))
	for _, s := range m.studies[:m.labelled] {
		fmt.Fprintf(w, "%d,%d%s\n", s.subject, s.study, labels(m.Rand))
	}
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
