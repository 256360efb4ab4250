package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// FindingLabels is the column of ChestX-ray14's label file: the diseases that an
// image has, joined by |, or NoFinding alone.
const FindingLabels = "Finding Labels"

// NoFinding is what stands where nothing was found, in ChestX-ray14's label file
// and in CheXpert's.
const NoFinding Observation = "No Finding"

// Diseases are the 14 that FindingLabels may name, in its order.
func Diseases() []Observation {
	return []Observation{
		"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia",
		"Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax",
	}
}

// AppendFindings appends what FindingLabels says of these diseases.
func AppendFindings(row []byte, found []Observation) []byte {
	if len(found) == 0 {
		return append(row, NoFinding...)
	}
	for i, o := range found {
		if i > 0 {
			row = append(row, '|')
		}
		row = append(row, o...)
	}
	return row
}

// DecodeFindings gives the diseases that FindingLabels names, or NoFinding; none
// for a blank. A name that is none of them, or one beside NoFinding, is an error.
func DecodeFindings(s string) ([]Observation, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	diseases := Diseases()
	var found []Observation
	for name := range strings.SplitSeq(s, "|") {
		o := Observation(strings.TrimSpace(name))
		if o != NoFinding && !slices.Contains(diseases, o) {
			return nil, fmt.Errorf("%s is no disease of ChestX-ray14", quoteID(string(o)))
		}
		found = append(found, o)
	}
	if len(found) > 1 && slices.Contains(found, NoFinding) {
		return nil, fmt.Errorf("%s stands beside a disease", NoFinding)
	}
	return found, nil
}
