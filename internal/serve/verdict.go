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
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/review"
)

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
