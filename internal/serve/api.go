package serve

import (
	"encoding/json"
	"net/http"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
)

// apiRoutes are what programs ask; openapi.json describes it.
func (s *Server) apiRoutes() {
	s.handle("POST /api/v1/label", s.labelOne)
}

// reportJSON is a report as programs send it.
type reportJSON struct {
	ID      string  `json:"id"`
	Subject string  `json:"subject_id"`
	Study   string  `json:"study_id"`
	Text    *string `json:"text"`
}

func (r reportJSON) report() corpus.Report {
	return corpus.Report{ID: r.ID, Subject: r.Subject, Study: r.Study, Text: *r.Text}
}

// labelOne labels one report.
func (s *Server) labelOne(w http.ResponseWriter, r *http.Request) error {
	var in reportJSON
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Text == nil {
		return refuse(http.StatusBadRequest, `want a JSON object with the report under "text"`)
	}
	c, err := s.choose(r.URL.Query().Get("ruleset"), r.URL.Query().Get("section"))
	if err != nil {
		return err
	}
	result, err := s.label(r.Context(), c, in.report())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(output.AppendJSON(nil, result), '\n'))
	return err
}
