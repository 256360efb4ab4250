package obtain

import (
	"embed"
	"path"
	"strings"

	"github.com/radlabel/radlabel/corpus/dataset"
)

//go:embed texts/*.txt
var texts embed.FS

// Access is how a dataset is had.
type Access struct {
	Dataset *dataset.Dataset
	Places  []Place
	Example string // a command line that downloads some of it
}

// Place is where files of a dataset are.
type Place struct {
	Base  string   // "" where there is no stable public address
	Files []string // names, and patterns of path.Match
}

// AccessTo says how a dataset is had.
func AccessTo(d *dataset.Dataset) Access {
	a := Access{Dataset: d}
	obtain := "radlabel dataset " + d.Name + " obtain "
	switch d {
	case dataset.MIMIC:
		a.Example = obtain + "--checksums SHA256SUMS.txt mimic-cxr-reports.zip"
		a.Places = []Place{
			{"https://physionet.org/files/mimic-cxr/2.1.0/", []string{
				"mimic-cxr-reports.zip", "cxr-record-list.csv.gz", "cxr-study-list.csv.gz", "cxr-provider-list.csv.gz",
				"files/*/*/*.txt", "files/*/*/*/*.dcm",
			}},
			{"https://physionet.org/files/mimic-cxr-jpg/2.1.0/", []string{
				"mimic-cxr-2.0.0-chexpert.csv.gz", "mimic-cxr-2.0.0-negbio.csv.gz", "mimic-cxr-2.0.0-split.csv.gz",
				"mimic-cxr-2.0.0-metadata.csv.gz", "mimic-cxr-2.1.0-test-set-labeled.csv", "IMAGE_FILENAMES",
				"files/*/*/*/*.jpg",
			}},
		}
	case dataset.CheXpert:
		a.Example = "RADLABEL_FROM=$(cat link.txt) " + obtain + "train.csv valid.csv"
		a.Places = []Place{{"", []string{"CheXpert-v1.0.zip", "CheXpert-v1.0-small.zip", "train.csv", "valid.csv"}}}
	case dataset.ChestXray14:
		a.Example = obtain + "--from gs://gcs-public-data--healthcare-nih-chest-xray png/00000001_000.png"
		a.Places = []Place{{"", []string{
			"Data_Entry_2017_v2020.csv", "BBox_List_2017.csv", "train_val_list.txt", "test_list.txt", "images_*.tar.gz",
		}}}
	}
	return a
}

// Text says how the dataset is had: what to register for and sign, where it is,
// its files, what to cite.
func (a Access) Text() string {
	b, _ := texts.ReadFile("texts/" + a.Dataset.Name + ".txt") // embedded: a test reads them all
	return string(b)
}

// Base gives the public address of a file, or "".
func (a Access) Base(file string) string {
	for _, place := range a.Places {
		for _, pattern := range place.Files {
			if ok, _ := path.Match(pattern, file); ok {
				return place.Base
			}
		}
	}
	return ""
}

// Public reports whether some file of the dataset has a public address.
func (a Access) Public() bool {
	for _, place := range a.Places {
		if place.Base != "" {
			return true
		}
	}
	return false
}

// Files are the names that are no patterns.
func (a Access) Files() (names []string) {
	for _, place := range a.Places {
		for _, name := range place.Files {
			if !strings.Contains(name, "*") {
				names = append(names, name)
			}
		}
	}
	return names
}
