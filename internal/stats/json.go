package stats

import (
	"encoding/json"
	"io"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// jsonStats is all counts as they are written.
type jsonStats struct {
	Dataset      string               `json:"dataset"`
	Observations []corpus.Observation `json:"observations"`
	Files        []FileCount          `json:"files"`
	Splits       []jsonPopulation     `json:"splits"`
	Labels       []jsonLabels         `json:"labels"`
	LabelsByView []jsonLabels         `json:"labels_by_view,omitempty"`
	Boxes        []BoxCount           `json:"boxes,omitempty"`
	Checks       []Check              `json:"checks,omitempty"`
}

type jsonPopulation struct {
	Split    string  `json:"split"`
	Patients int     `json:"patients"`
	Studies  *int    `json:"studies,omitempty"` // nil where the dataset has none
	Images   int     `json:"images"`
	Views    []Count `json:"views,omitempty"`
	Sexes    []Count `json:"sexes,omitempty"`
	Ages     *Ages   `json:"ages,omitempty"`
}

type jsonLabels struct {
	Source       string                            `json:"source"`
	Level        dataset.Level                     `json:"level"`
	Split        string                            `json:"split"`
	View         string                            `json:"view,omitempty"`
	Labelled     int                               `json:"labelled"`
	AllBlank     int                               `json:"all_blank"`
	Prevalence   map[corpus.Observation]Prevalence `json:"prevalence"`
	CoOccurrence [][]int                           `json:"co_occurrence"`
}

// JSON writes all counts as one indented object. Views and levels are not left
// out: what is shown to a person is a part of it.
func JSON(w io.Writer, s *Stats) error {
	out := jsonStats{
		Dataset: s.Dataset.Name, Observations: s.Observations, Files: s.Files, Boxes: s.Boxes, Checks: s.Checks,
		Labels: s.jsonLabels(s.Labels), LabelsByView: s.jsonLabels(s.LabelsByView),
	}
	for _, p := range s.Splits {
		q := jsonPopulation{p.Split, p.Patients, nil, p.Images, p.Views, p.Sexes, p.Ages}
		if s.Dataset.Studies {
			q.Studies = &p.Studies
		}
		out.Splits = append(out.Splits, q)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

func (s *Stats) jsonLabels(tables []LabelTable) (all []jsonLabels) {
	for _, t := range tables {
		u := jsonLabels{t.Source, t.Level, t.Split, t.View, t.Labelled, t.AllBlank, map[corpus.Observation]Prevalence{}, t.CoOccurrence}
		for i, p := range t.Prevalence {
			u.Prevalence[s.Observations[i]] = p
		}
		all = append(all, u)
	}
	return all
}
