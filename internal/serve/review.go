package serve

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/review"
)

// Review is a validation whose errors are looked at and judged.
type Review struct {
	Evaluation       *eval.Evaluation
	Gold, Prediction string                 // what was compared, for a person
	RuleSet          string                 // of the labelers, that the rules of errors are of; "" is the first
	Text             func(id string) string // of a report or sentence; "" where it is not known
	Verdicts         *review.Store          // nil: errors are looked at alone
	Reviewer         string                 // who judges, where requests do not say so
}

// reviewRoutes are the pages of a validation.
func (s *Server) reviewRoutes() {
	if s.Review == nil {
		return
	}
	s.entry("/review", "Review")
	s.handle("GET /review", s.reviewAll)
	s.handle("GET /review/errors", s.reviewErrors)
	s.handle("GET /review/error", s.reviewError)
	if s.Review.Verdicts != nil {
		s.handle("POST /review/verdict", s.saveVerdict)
	}
}

// filterNames are the properties that errors are chosen by, as an address names
// them, and what a person calls them.
var filterNames = []struct{ Name, Label string }{
	{"observation", "Observation"}, {"confusion", "Gold → prediction"}, {"rule", "Rule"}, {"cue", "Cue"}, {"verdict", "Verdict"},
}

// filters are the properties that errors are to have; "" is any.
type filters map[string]string

// filtersOf reads the filters of an address or a form.
func filtersOf(v url.Values) filters {
	f := filters{}
	for _, one := range filterNames {
		if value := v.Get(one.Name); value != "" {
			f[one.Name] = value
		}
	}
	return f
}

// address gives the address of a page under these filters, and of one error if it
// is named.
func (f filters) address(path string, more ...string) string {
	v := url.Values{}
	for name, value := range f {
		v.Set(name, value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func (f filters) of(path string, d *eval.Disagreement) string {
	return f.address(path, "id", d.ID, "of", string(d.Observation))
}

// judged is an error with the verdict on it.
type judged struct {
	*eval.Disagreement
	Item review.Item
}

// Verdict is that of the error as it is now: one that was given on another label, or
// taken back, is none.
func (j judged) Verdict() review.Verdict {
	if j.Item.Version == 0 || j.Item.Gold != j.Gold || j.Item.Predicted != j.Predicted {
		return review.Open
	}
	return j.Item.Verdict
}

// Earlier is the verdict that was given on another label of the same observation;
// "" where there is none.
func (j judged) Earlier() string {
	if j.Item.Version == 0 || j.Item.Verdict == review.Open || j.Verdict() != review.Open {
		return ""
	}
	return fmt.Sprintf("%s, when gold was %s and the prediction %s", j.Item.Verdict, j.Item.Gold, j.Item.Predicted)
}

// unjudged is what the filter calls errors without a verdict.
const unjudged = "none yet"

// properties are the values that an error has of a filter.
func (j judged) properties(name string) []string {
	switch name {
	case "observation":
		return []string{string(j.Observation)}
	case "confusion":
		return []string{j.Kind()}
	case "rule":
		return evalpage.RulesOf(*j.Disagreement)
	case "cue":
		return evalpage.CuesOf(*j.Disagreement)
	}
	return []string{cmp.Or(string(j.Verdict()), unjudged)}
}

func (f filters) keep(j judged) bool {
	for name, value := range f {
		if !slices.Contains(j.properties(name), value) {
			return false
		}
	}
	return true
}

// errors are those that the filters leave, in their order.
func (s *Server) errors(f filters) ([]judged, error) {
	history := &review.History{}
	if s.Review.Verdicts != nil {
		var err error
		if history, err = s.Review.Verdicts.History(); err != nil {
			return nil, refuse(http.StatusInternalServerError, "%s", err)
		}
	}
	var all []judged
	errors := s.Review.Evaluation.Errors
	for i := range errors {
		j := judged{&errors[i], history.Item(review.Label{ID: errors[i].ID, Observation: errors[i].Observation})}
		if f.keep(j) {
			all = append(all, j)
		}
	}
	return all, nil
}

// tallied is a number of errors with a property, and the address of their list.
type tallied struct {
	Name, Path string
	Count      int
	Judged     int
}

// tallyOf counts errors by a property, the commonest first.
func tallyOf(all []judged, name string) (tallies []tallied) {
	at := map[string]int{}
	for _, j := range all {
		for _, value := range j.properties(name) {
			i, ok := at[value]
			if !ok {
				i = len(tallies)
				at[value] = i
				tallies = append(tallies, tallied{Name: value, Path: filters{name: value}.address("/review/errors")})
			}
			tallies[i].Count++
			if j.Verdict() != review.Open {
				tallies[i].Judged++
			}
		}
	}
	slices.SortFunc(tallies, func(a, b tallied) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return tallies
}

// confusionTable is the confusion of one observation, gold down, prediction across.
type confusionTable struct {
	Observation string
	Rows        []confusionRow
}

type confusionRow struct {
	Gold  string
	Cells []confusionCell
}

type confusionCell struct {
	Count       int
	Right       bool
	Path, Means string
}

// assertionsShown are rows and columns of confusions in reading order.
var assertionsShown = []corpus.Assertion{corpus.Positive, corpus.Negative, corpus.Uncertain, corpus.Unmentioned}

func confusions(e *eval.Evaluation) (all []confusionTable) {
	for i, o := range e.Observations {
		t := confusionTable{Observation: page.OneLine(string(o))}
		for _, g := range assertionsShown {
			row := confusionRow{Gold: g.String()}
			for _, p := range assertionsShown {
				kind := eval.Disagreement{Gold: g, Predicted: p}.Kind()
				row.Cells = append(row.Cells, confusionCell{
					Count: e.Confusions[i][g][p], Right: g == p, Means: fmt.Sprintf("%s: gold %s, prediction %s", t.Observation, g, p),
					Path: filters{"observation": string(o), "confusion": kind}.address("/review/errors"),
				})
			}
			t.Rows = append(t.Rows, row)
		}
		all = append(all, t)
	}
	return all
}

// reviewView is what the first page of the review shows.
type reviewView struct {
	*Review
	Reports, Cells, Right int
	Errors                int
	Judged                int
	File                  string // of the verdicts
	Confusions            []confusionTable
	Tallies               []tallyList
	Next                  string // the first error without a verdict; "" where all have one
}

// Unit names what was compared.
func (v reviewView) Unit() string { return columns.Count(v.Reports, v.Evaluation.Unit) }

type tallyList struct {
	Label string
	Rows  []tallied
}

func (s *Server) reviewAll(w http.ResponseWriter, _ *http.Request) error {
	all, err := s.errors(nil)
	if err != nil {
		return err
	}
	e := s.Review.Evaluation
	v := reviewView{Review: s.Review, Reports: e.Reports, Errors: len(all), Confusions: confusions(e)}
	for _, c := range e.Confusions {
		for g := range c {
			for p, n := range c[g] {
				if v.Cells += n; g == p {
					v.Right += n
				}
			}
		}
	}
	for _, one := range filterNames {
		if !e.Evidence && (one.Name == "rule" || one.Name == "cue") || one.Name == "verdict" && s.Review.Verdicts == nil {
			continue
		}
		v.Tallies = append(v.Tallies, tallyList{"By " + strings.ToLower(one.Label), tallyOf(all, one.Name)})
	}
	if s.Review.Verdicts != nil {
		v.File = s.Review.Verdicts.Path()
	}
	for i, j := range all {
		if j.Verdict() != review.Open {
			v.Judged++
		} else if v.Next == "" {
			v.Next = filters{}.of("/review/error", all[i].Disagreement)
		}
	}
	return s.show(w, "review", view{Title: "Review", Here: "/review", Scripts: []string{"keys.js"}, Styles: corpusStyle, Data: v})
}

// filterChoice is a filter with its values, for a form.
type filterChoice struct {
	Name, Label, Value string
	Values             []string
}

// choices are the filters with the values that any error has.
func (s *Server) choices(f filters) (all []filterChoice, err error) {
	errors, err := s.errors(nil)
	for _, one := range filterNames {
		if one.Name == "verdict" && s.Review.Verdicts == nil {
			continue
		}
		c := filterChoice{Name: one.Name, Label: one.Label, Value: f[one.Name]}
		for _, t := range tallyOf(errors, one.Name) {
			c.Values = append(c.Values, t.Name)
		}
		if c.Value != "" && !slices.Contains(c.Values, c.Value) {
			c.Values = append(c.Values, c.Value)
		}
		slices.Sort(c.Values)
		all = append(all, c)
	}
	return all, err
}

// errorsView is what the list of errors shows.
type errorsView struct {
	Choices        []filterChoice
	Rows           []errorRow
	Total, From    int
	Next, Previous string
	All            string
}

// To is the number of the last error shown.
func (v errorsView) To() int { return v.From + len(v.Rows) - 1 }

type errorRow struct {
	Path, ID, Observation string
	Gold, Predicted       string
	Verdict               string
	Pieces                []evalpage.Piece // of the first sentence
	Why                   string
}

// pageOfErrors is how many errors a list has.
const pageOfErrors = 100

func (s *Server) reviewErrors(w http.ResponseWriter, r *http.Request) error {
	f := filtersOf(r.URL.Query())
	all, err := s.errors(f)
	if err != nil {
		return err
	}
	offset, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("offset"), "0"))
	if err != nil || offset < 0 {
		return refuse(http.StatusBadRequest, "offset is a number from 0")
	}
	offset = min(offset, len(all))
	v := errorsView{Total: len(all), From: offset + 1, All: "/review/errors"}
	if v.Choices, err = s.choices(f); err != nil {
		return err
	}
	for _, j := range all[offset:min(offset+pageOfErrors, len(all))] {
		v.Rows = append(v.Rows, rowOf(f, j))
	}
	if v.To() < v.Total {
		v.Next = f.address("/review/errors", "offset", strconv.Itoa(v.To()))
	}
	if offset > 0 {
		v.Previous = f.address("/review/errors", "offset", strconv.Itoa(max(0, offset-pageOfErrors)))
	}
	return s.show(w, "errors", view{Title: "Errors", Here: "/review", Scripts: []string{"keys.js"}, Styles: corpusStyle, Data: v})
}

func rowOf(f filters, j judged) errorRow {
	row := errorRow{Path: f.of("/review/error", j.Disagreement), ID: page.OneLine(j.ID), Observation: page.OneLine(string(j.Observation)),
		Gold: j.Gold.String(), Predicted: j.Predicted.String(), Verdict: string(j.Verdict()), Why: page.OneLine(j.Reason)}
	if all := evalpage.Passages(*j.Disagreement, "gold"); len(all) > 0 {
		row.Pieces = all[0].Pieces
	}
	return row
}
