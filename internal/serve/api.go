package serve

import (
	"errors"
	"net/http"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/rules"
)

// apiRoutes are what programs ask; assets/openapi.json describes it.
func (s *Server) apiRoutes() {
	s.handle("GET /api/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(assets()["openapi.json"])
		return err
	})
	s.handle("POST /api/v1/label", s.labelOne)
	s.handleStream("POST /api/v1/labels", s.labelMany)
	s.handle("GET /api/v1/rulesets", s.ruleSetsAPI)
	s.handle("GET /api/v1/rules", s.rulesAPI)
	s.handle("GET /api/v1/rules/{id}", s.ruleAPI)
}

const wantReport = `want a JSON object with the text of a report under "text", and its id under "id"`

// lineOptions say how reports are read as programs send them: as label --stream reads
// them, but that id and places come back as they were sent.
func (s *Server) lineOptions() corpus.Options {
	return corpus.Options{MaxReportBytes: int(s.Limits.Request), AsSent: true}
}

// parseReport reads a report that came alone. What is wrong with it may hold some of
// its text, and is not told.
func (s *Server) parseReport(object []byte) (corpus.Report, error) {
	line := corpus.ParseLine(object, s.lineOptions())
	if line.Problem != nil {
		return corpus.Report{}, refuse(http.StatusBadRequest, wantReport)
	}
	return line.Report, nil
}

// chosen is the choice that the address of a request names. The answer says what it
// came to.
func (s *Server) chosen(w http.ResponseWriter, r *http.Request) (choice, error) {
	c, err := s.choose(r.URL.Query().Get("ruleset"), r.URL.Query().Get("section"))
	if err == nil {
		w.Header().Set("Radlabel-Ruleset", c.RuleSet)
		w.Header().Set("Radlabel-Digest", c.labeler.Rules().Digest)
	}
	return c, err
}

// labelOne labels one report.
func (s *Server) labelOne(w http.ResponseWriter, r *http.Request) error {
	c, err := s.chosen(w, r)
	if err != nil {
		return err
	}
	object, err := readBody(r)
	if err != nil {
		return err
	}
	report, err := s.parseReport(object)
	if err != nil {
		return err
	}
	result, err := s.label(r.Context(), c, report)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(output.AppendJSON(nil, result), '\n'))
	return err
}

// ruleSetJSON is a rule set that labels can be asked of.
type ruleSetJSON struct {
	Name         string               `json:"name"`
	Doc          string               `json:"doc"`
	Digest       string               `json:"digest"`
	Observations []corpus.Observation `json:"observations"`
	Sections     []string             `json:"sections"`
	Rules        int                  `json:"rules"`
	Cues         int                  `json:"cues"`
}

func (s *Server) ruleSetsAPI(w http.ResponseWriter, _ *http.Request) error {
	in := s.inUse()
	all := make([]ruleSetJSON, len(in))
	for i, l := range in {
		set := l.Rules()
		all[i] = ruleSetJSON{set.Name, set.Doc, set.Digest, set.Observations, sectionsOf(l), len(set.Rules), len(set.Cues)}
	}
	writeJSON(w, http.StatusOK, map[string]any{"rulesets": all})
	return nil
}

// ruleJSON is a rule, or a cue, which has a kind and a direction and no observation.
type ruleJSON struct {
	ID          string               `json:"id"`
	Doc         string               `json:"doc"`
	Observation corpus.Observation   `json:"observation,omitempty"`
	Also        []corpus.Observation `json:"also,omitempty"`
	Kind        string               `json:"kind,omitempty"`
	Direction   string               `json:"direction,omitempty"`
	Phrases     []string             `json:"phrases"`
	Unless      []string             `json:"unless,omitempty"`
	Examples    []exampleJSON        `json:"examples"`
}

type exampleJSON struct {
	Text      string `json:"text"`
	Assertion string `json:"assertion"`
}

// of takes over what rules and cues have alike.
func (j ruleJSON) of(phrases, unless []rules.Phrase, examples []rules.Example) ruleJSON {
	j.Phrases, j.Examples = []string{}, []exampleJSON{}
	for _, p := range phrases {
		j.Phrases = append(j.Phrases, p.Text)
	}
	for _, p := range unless {
		j.Unless = append(j.Unless, p.Text)
	}
	for _, e := range examples {
		j.Examples = append(j.Examples, exampleJSON{e.Text, e.Assertion.String()})
	}
	return j
}

func jsonOfRule(r *rules.Rule) ruleJSON {
	return ruleJSON{ID: r.ID, Doc: r.Doc, Observation: r.Observation, Also: r.Also}.of(r.Phrases, r.Unless, r.Examples)
}

func jsonOfCue(c *rules.Cue) ruleJSON {
	return ruleJSON{ID: c.ID, Doc: c.Doc, Kind: c.Kind.String(), Direction: c.Direction.String()}.of(c.Phrases, c.Unless, c.Examples)
}

func (s *Server) rulesAPI(w http.ResponseWriter, r *http.Request) error {
	c, err := s.chosen(w, r)
	if err != nil {
		return err
	}
	all := struct {
		RuleSet string     `json:"ruleset"`
		Digest  string     `json:"digest"`
		Rules   []ruleJSON `json:"rules"`
		Cues    []ruleJSON `json:"cues"`
	}{c.RuleSet, c.labeler.Rules().Digest, []ruleJSON{}, []ruleJSON{}}
	set := c.labeler.Rules()
	for i := range set.Rules {
		all.Rules = append(all.Rules, jsonOfRule(&set.Rules[i]))
	}
	for i := range set.Cues {
		all.Cues = append(all.Cues, jsonOfCue(&set.Cues[i]))
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (s *Server) ruleAPI(w http.ResponseWriter, r *http.Request) error {
	c, err := s.chosen(w, r)
	if err != nil {
		return err
	}
	set, id := c.labeler.Rules(), r.PathValue("id")
	if rule, ok := set.Rule(id); ok {
		writeJSON(w, http.StatusOK, jsonOfRule(rule))
	} else if cue, ok := set.Cue(id); ok {
		writeJSON(w, http.StatusOK, jsonOfCue(cue))
	} else {
		return unknownRule(set, id)
	}
	return nil
}

// messageOf is what a program is told of an error within a stream.
func messageOf(err error) string {
	if known := (refusal{}); errors.As(err, &known) {
		return known.message
	}
	return errFault.Error()
}
