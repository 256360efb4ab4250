package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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

// choiceOf is a filter with its values, for a form.
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

// errorView is what the page of an error shows.
type errorView struct {
	judged
	Filters                filters
	ShownID                string
	RuleSet                string
	Number, Total          int // among those that the filters leave; Number is 0 where it is none of them
	Next, Previous, List   string
	Passages               []evalpage.Passage
	Report                 []evalpage.Piece
	Rules, Cues            []string // ids
	Verdicts               []verdictButton
	Note                   string
	Saved                  string // what was saved just before
	SavedPath              string
	Stale                  string // why it was not saved
	Given                  string // the verdict that was not saved
	Text                   string // that an error without mentions was found in
	CanSave                bool
	Judged, Errors, NoText int
}

// When tells when the verdict was given.
func (v errorView) When() string { return v.Item.At.Format("2006-01-02 15:04 MST") }

// verdictButton is a verdict that can be chosen.
type verdictButton struct {
	Verdict  review.Verdict
	Key, Doc string
	On       bool
}

var verdictButtons = []verdictButton{
	{review.RuleError, "1", "gold is right", false},
	{review.GoldError, "2", "the prediction is right", false},
	{review.Ambiguous, "3", "the text allows both", false},
}

func (s *Server) reviewError(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	e, err := s.errorView(filtersOf(v), review.Label{ID: v.Get("id"), Observation: corpus.Observation(v.Get("of"))})
	if err != nil {
		return err
	}
	if id := v.Get("saved"); id != "" && e.CanSave {
		e.saved(s, review.Label{ID: id, Observation: corpus.Observation(v.Get("saved-of"))})
	}
	return s.showError(w, http.StatusOK, e)
}

func (s *Server) showError(w http.ResponseWriter, status int, e errorView) error {
	return s.showStatus(w, status, "review-error", view{Title: e.ShownID + ", " + page.OneLine(string(e.Observation)), Here: "/review", Scripts: []string{"keys.js"}, Styles: corpusStyle, Data: e})
}

// saved tells of the verdict that led to this page.
func (e *errorView) saved(s *Server, l review.Label) {
	history, err := s.Review.Verdicts.History()
	if err != nil {
		return
	}
	if item := history.Item(l); item.Version > 0 {
		e.Saved = fmt.Sprintf("%s, %s: %s", page.OneLine(l.ID), l.Observation, cmp.Or(string(item.Verdict), "no verdict any more"))
		e.SavedPath = e.Filters.address("/review/error", "id", l.ID, "of", string(l.Observation))
	}
}

// errorView looks up an error and its neighbours.
func (s *Server) errorView(f filters, l review.Label) (errorView, error) {
	everyone, err := s.errors(nil)
	if err != nil {
		return errorView{}, err
	}
	e := errorView{Filters: f, CanSave: s.Review.Verdicts != nil, Errors: len(everyone), List: f.address("/review/errors"),
		RuleSet: cmp.Or(s.Review.RuleSet, s.inUse()[0].Rules().Name)}
	at := -1
	var before, after *eval.Disagreement
	for i, j := range everyone {
		here := j.ID == l.ID && j.Observation == l.Observation
		if j.Verdict() != review.Open {
			e.Judged++
		}
		kept := f.keep(j)
		if kept {
			e.Total++
		}
		switch {
		case here:
			at = i
			if kept {
				e.Number = e.Total
			}
		case kept && at < 0:
			before = j.Disagreement
		case kept && after == nil:
			after = j.Disagreement
		}
	}
	if at < 0 {
		return e, refuse(http.StatusNotFound, "there is no such error in this validation")
	}
	if before != nil {
		e.Previous = f.of("/review/error", before)
	}
	if after != nil {
		e.Next = f.of("/review/error", after)
	}
	e.judged = everyone[at]
	s.fill(&e)
	return e, nil
}

// fill adds what is shown of the error itself.
func (s *Server) fill(e *errorView) {
	e.ShownID, e.Passages, e.Text = page.OneLine(e.ID), evalpage.Passages(*e.Disagreement, "gold"), page.Printable(e.judged.Text)
	if s.Review.Text != nil {
		if text := s.Review.Text(e.ID); text != "" {
			e.Report, e.Text = evalpage.InReport(text, *e.Disagreement), ""
		}
	}
	seen := func(ids []string, id string) []string {
		if id == "" || slices.Contains(ids, id) {
			return ids
		}
		return append(ids, id)
	}
	for _, m := range e.Decisive {
		e.Rules, e.Cues = seen(e.Rules, m.Rule), seen(e.Cues, m.Cue)
	}
	for _, b := range verdictButtons {
		b.On = b.Verdict == e.Verdict()
		e.Verdicts = append(e.Verdicts, b)
	}
	if e.Verdict() != review.Open {
		e.Note = e.Item.Note
	}
}

// saveVerdict saves what the form of an error says, and goes on to the next error;
// where only the note was to be kept, or nothing follows, to the same.
func (s *Server) saveVerdict(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	form := r.PostForm
	l := review.Label{ID: form.Get("id"), Observation: corpus.Observation(form.Get("of"))}
	version, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		return refuse(http.StatusBadRequest, "version is the number of verdicts that were seen; take the form of the page")
	}
	f := filtersOf(form)
	e, err := s.errorView(f, l) // before it is saved: the filters may leave it out then
	if err != nil {
		return err
	}
	if kind := form.Get("kind"); kind != e.Kind() {
		return refuse(http.StatusConflict, "the page was of %q, and the server now compares %q; open the error again", kind, e.Kind())
	}
	record := s.recordOf(r, e)
	if err := record.Check(); err != nil {
		return refuse(http.StatusBadRequest, "%s", err)
	}
	_, err = s.Review.Verdicts.Save(r.Context(), record, version)
	stale := (*review.StaleError)(nil)
	switch {
	case errors.As(err, &stale):
		e.Item = stale.Now
		e.Verdicts = nil
		s.fill(&e)
		e.Stale, e.Given, e.Note = "Not saved: "+err.Error(), string(record.Verdict), record.Note
		return s.showError(w, http.StatusConflict, e)
	case err != nil && r.Context().Err() == nil:
		return refuse(http.StatusInternalServerError, "%s", err)
	case err != nil:
		return err
	}
	to := e.Next
	if to == "" || form.Get("give") == "keep" || record.Verdict == review.Open {
		to = f.of("/review/error", e.Disagreement)
	}
	http.Redirect(w, r, to+"&"+url.Values{"saved": {l.ID}, "saved-of": {string(l.Observation)}}.Encode(), http.StatusSeeOther)
	return nil
}

// recordOf is what the form says of an error.
func (s *Server) recordOf(r *http.Request, e errorView) review.Record {
	record := review.Record{Label: review.Label{ID: e.ID, Observation: e.Observation}, Gold: e.Gold, Predicted: e.Predicted,
		Verdict: review.Verdict(r.PostForm.Get("give")), By: s.reviewer(r), At: time.Now()}
	record.Note = strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(r.PostForm.Get("note")), "\r\n", "\n"), "\uFFFD")
	if record.Verdict == "keep" {
		record.Verdict = e.Verdict()
	}
	return record
}

// reviewer is who sends a request.
func (s *Server) reviewer(r *http.Request) string {
	if name, _, ok := r.BasicAuth(); ok && s.Access.Users[name] != "" {
		return name
	}
	return s.Review.Reviewer
}
