package index

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// LoadMetadata loads tables of what is known of studies beside their reports, as
// MIMIC-CXR has them: columns study_id and any of split, ViewPosition and StudyDate,
// a row an image. Later tables add to earlier ones. The error is a *corpus.Problem.
func LoadMetadata(paths []string) (map[string]Metadata, error) {
	all := map[string]Metadata{}
	for _, path := range paths {
		if err := addMetadata(all, path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func addMetadata(all map[string]Metadata, path string) error {
	file, err := corpus.OpenFile(path)
	if err != nil {
		return err
	}
	table, err := file.Table(false)
	if err != nil {
		return err
	}
	study := corpus.FindColumn(table.Header, "study_id")
	split := corpus.FindColumn(table.Header, "split")
	view := corpus.FindColumn(table.Header, "ViewPosition")
	date := corpus.FindColumn(table.Header, "StudyDate")
	if study < 0 || split < 0 && view < 0 && date < 0 {
		return &corpus.Problem{Place: corpus.Place{Path: path, Line: 1}, What: "no columns of metadata",
			Do: "give a table with study_id and split, ViewPosition or StudyDate"}
	}
	for row, err := range table.Rows() {
		if err != nil {
			return err
		}
		id := corpus.StudyOf(row.Fields[study])
		m := all[id]
		if split >= 0 {
			m.Split = strings.TrimSpace(row.Fields[split])
		}
		if view >= 0 {
			m.Views = withView(m.Views, strings.TrimSpace(row.Fields[view]))
		}
		if date >= 0 {
			if m.Date, err = parseDate(row.Fields[date]); err != nil {
				return table.Fault(row.Line, date, err.Error(), "write it as 21500131 or 2150-01-31")
			}
		}
		all[id] = m
	}
	return nil
}

// withView adds a view to those in order; the slice may be shared.
func withView(views []string, view string) []string {
	if view == "" || slices.Contains(views, view) {
		return views
	}
	views = append(slices.Clone(views), view)
	slices.Sort(views)
	return views
}

func parseDate(s string) (uint32, error) {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".0") // of pandas
	if s == "" {
		return 0, nil
	}
	digits := strings.ReplaceAll(s, "-", "")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || len(digits) != 8 {
		return 0, fmt.Errorf("%q is no date", s)
	}
	return uint32(n), nil
}
