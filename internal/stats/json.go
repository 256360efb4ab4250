package stats

import (
	"encoding/json"
	"io"

	"github.com/radlabel/radlabel/corpus/dataset"
)

// JSON writes all counts as one indented object. Views and levels are not left
// out: what is shown to a person is a part of it.
func JSON(w io.Writer, s *Stats) error {
	type assertions struct {
		Positive  int `json:"positive"`
		Negative  int `json:"negative"`
		Uncertain int `json:"uncertain"`
		Blank     int `json:"blank"`
	}
	type table struct {
		Source       string                `json:"source"`
		Level        dataset.Level         `json:"level"`
		Split        string                `json:"split"`
		Labelled     int                   `json:"labelled"`
		AllBlank     int                   `json:"all_blank"`
		Prevalence   map[string]assertions `json:"prevalence"`
		CoOccurrence [][]int               `json:"co_occurrence"`
	}
	type population struct {
		Split    string  `json:"split"`
		Patients int     `json:"patients"`
		Studies  *int    `json:"studies,omitempty"`
		Images   int     `json:"images"`
		Views    []Count `json:"views,omitempty"`
		Sexes    []Count `json:"sexes,omitempty"`
		Ages     *Ages   `json:"ages,omitempty"`
	}
	type file struct {
		Path   string       `json:"path"`
		Kind   dataset.Kind `json:"kind"`
		Source string       `json:"source,omitempty"`
		Rows   int          `json:"rows"`
		Lost   int          `json:"lost"`
		Odd    int          `json:"odd"`
	}
	type box struct {
		Finding string `json:"finding"`
		Boxes   int    `json:"boxes"`
		Images  int    `json:"images"`
	}
	type check struct {
		What string `json:"what"`
		N    int    `json:"count"`
	}
	out := struct {
		Dataset      string       `json:"dataset"`
		Observations []string     `json:"observations"`
		Files        []file       `json:"files"`
		Splits       []population `json:"splits"`
		Labels       []table      `json:"labels"`
		Boxes        []box        `json:"boxes,omitempty"`
		Checks       []check      `json:"checks,omitempty"`
	}{Dataset: s.Dataset.Name}
	for _, o := range s.Observations {
		out.Observations = append(out.Observations, string(o))
	}
	for _, f := range s.Files {
		out.Files = append(out.Files, file{f.Path, f.Kind, f.Source, f.Rows, f.Lost, f.Odd})
	}
	for _, p := range s.Splits {
		q := population{p.Split, p.Patients, nil, p.Images, p.Views, p.Sexes, p.Ages}
		if s.Dataset.Studies {
			q.Studies = &p.Studies
		}
		out.Splits = append(out.Splits, q)
	}
	for _, t := range s.Labels {
		u := table{t.Source, t.Level, t.Split, t.Labelled, t.AllBlank, map[string]assertions{}, t.CoOccurrence}
		for i, p := range t.Prevalence {
			u.Prevalence[string(s.Observations[i])] = assertions(p)
		}
		out.Labels = append(out.Labels, u)
	}
	for _, b := range s.Boxes {
		out.Boxes = append(out.Boxes, box{string(b.Finding), b.Boxes, b.Images})
	}
	for _, c := range s.Checks {
		out.Checks = append(out.Checks, check(c))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
