package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/internal/searchtext"
	"github.com/radlabel/radlabel/rules"
)

// searchRoutes are the pages and the API of an index.
func (s *Server) searchRoutes() {
	if s.Index == nil {
		return
	}
	s.explainer = &relabel.Explainer{Origin: s.Index.Origin(), Known: s.ruleSetsInUse()}
	s.entry("/search", "Search")
	s.handle("GET /search", s.search)
	s.handle("GET /search/report", s.searchReport)
	s.handleStream("GET /search/download/{form}", s.downloadHits)
	s.handle("GET /api/v1/search", s.searchAPI)
	s.handle("GET /api/v1/suggest", s.suggest)
}

func (s *Server) ruleSetsInUse() (all []*rules.Set) {
	for _, l := range s.inUse() {
		all = append(all, l.Rules())
	}
	return all
}

// pageOfHits is how many hits a page has, and mostHits how many the API gives at once.
const (
	pageOfHits = 200
	mostHits   = 1000
)

// corpusStyle is that of the pages of a corpus.
var corpusStyle = []string{"corpus.css"}

// inquiry is what an address asks of the index.
type inquiry struct {
	Query, Sort, Match string
	Offset             int
	parsed             index.Query
	options            index.Options
}

// matches are the values of Match by index.Match.
var matches = []string{"synonyms", "stems", "exact"}

// inquire reads the address. A query that cannot be understood is an
// *index.QueryError; "" is every report.
func (s *Server) inquire(r *http.Request) (inquiry, error) {
	v := r.URL.Query()
	q := inquiry{Query: strings.TrimSpace(v.Get("q")), Sort: v.Get("sort"), Match: v.Get("match")}
	match := slices.Index(matches, cmp.Or(q.Match, matches[0]))
	switch {
	case match < 0:
		return q, refuse(http.StatusBadRequest, "match is one of %s", strings.Join(matches, ", "))
	case !slices.Contains(index.Sorts(), strings.TrimPrefix(q.Sort, "-")) && q.Sort != "":
		return q, refuse(http.StatusBadRequest, "sort is one of %s, with - before it to turn it round", strings.Join(index.Sorts(), ", "))
	}
	if at := v.Get("offset"); at != "" {
		var err error
		if q.Offset, err = strconv.Atoi(at); err != nil || q.Offset < 0 {
			return q, refuse(http.StatusBadRequest, "offset is a number from 0")
		}
	}
	q.options = index.Options{Sort: q.Sort, Match: index.Match(match), Offset: min(q.Offset, s.Index.Reports()), Limit: pageOfHits}
	var err error
	if q.Query != "" {
		q.parsed, err = s.Index.Parse(q.Query)
	}
	return q, err
}

// address gives the address of a page of the same inquiry with another query.
func (q inquiry) address(path, query string, more ...string) string {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", query)
	set("sort", q.Sort)
	set("match", q.Match)
	for i := 0; i+1 < len(more); i += 2 {
		set(more[i], more[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// queryProblem is a query with what is wrong in it, in the place of hits.
type queryProblem struct {
	Before, Wrong, After string
	What                 string
	Instead, InsteadPath string // a query that may have been meant
}

func (q inquiry) problem(wrong *index.QueryError) *queryProblem {
	at := min(wrong.Offset, len(q.Query))
	end := min(at+wrong.Length, len(q.Query))
	p := &queryProblem{Before: q.Query[:at], Wrong: q.Query[at:end], After: q.Query[end:], What: wrong.What}
	if wrong.Do != "" {
		p.What += "; " + wrong.Do
	}
	if wrong.Near != "" {
		p.Instead = q.Query[:at] + wrong.Near + q.Query[end:]
		p.InsteadPath = q.address("/search", p.Instead)
	}
	return p
}

// searchView is what the search page shows.
type searchView struct {
	inquiry
	Sorts, Matches []string
	Problem        *queryProblem
	Reports        int // of the index
	Total          int
	Hits           []hitView
	Observations   []facetRow
	Facets         []facet
	Next, Previous string // addresses; "" where there is none
	Downloads      []link
	Stale          bool
}

// From and To number the hits that the page has.
func (v searchView) From() int { return v.Offset + 1 }
func (v searchView) To() int   { return v.Offset + len(v.Hits) }

// groupOfHits is how many hits a browser draws, or leaves undrawn, together: one by
// one, ten thousand would be too many to keep an eye on while it scrolls.
const groupOfHits = 25

// hitGroup is some hits of a page.
type hitGroup struct {
	From int // the number of the first
	Hits []hitView
}

// Groups are the hits of the page.
func (v searchView) Groups() (all []hitGroup) {
	for hits := range slices.Chunk(v.Hits, groupOfHits) {
		all = append(all, hitGroup{v.From() + len(all)*groupOfHits, hits})
	}
	return all
}

// hitView is a hit as a page shows it.
type hitView struct {
	Path, ID, About string
	Labels          []labelGroup
	Section         string
	Pieces          []evalpage.Piece
}

// labelGroup are the labels of a report with one assertion.
type labelGroup struct{ Assertion, Observations string }

// facetRow is the counts of an observation.
type facetRow struct {
	Observation string
	Cells       []facetCell
}

// facet is a table of counts by one property of reports.
type facet struct {
	Name  string
	Cells []facetCell
}

// facetCell is a count with the address of the inquiry that is narrowed by it, or,
// where it is On, widened again.
type facetCell struct {
	Name, Path string
	Hits       int
	On         bool
}

// Title says what the link of a cell does.
func (c facetCell) Title() string {
	if c.On {
		return "without " + c.Name
	}
	return c.Name
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	q, err := s.inquire(r)
	v := searchView{inquiry: q, Sorts: index.Sorts(), Matches: matches, Reports: s.Index.Reports()}
	if err == nil {
		err = s.find(r.Context(), &v, r.Header.Get("Radlabel-Part") == "")
	}
	status := http.StatusOK
	if wrong := (*index.QueryError)(nil); errors.As(err, &wrong) {
		status, v.Problem = http.StatusBadRequest, q.problem(wrong)
	} else if err != nil {
		return err
	}
	if r.Header.Get("Radlabel-Part") != "" && v.Problem == nil {
		return showPart(w, "search", "hits", v)
	}
	return s.showStatus(w, status, "search", view{Title: "Search", Here: "/search", Scripts: []string{"search.js"}, Styles: corpusStyle, Data: v})
}

// find fills the view with the hits.
func (s *Server) find(ctx context.Context, v *searchView, facets bool) error {
	v.options.Facets = facets
	found, err := s.Index.Search(ctx, v.parsed, v.options)
	if err != nil {
		return err
	}
	v.Total, v.Stale = found.Total, facets && s.Index.Stale()
	for i, h := range found.Hits {
		v.Hits = append(v.Hits, s.hitView(v.inquiry, h, v.Offset+i))
	}
	if v.To() < v.Total {
		v.Next = v.address("/search", v.Query, "offset", strconv.Itoa(v.To()))
	}
	if v.Offset > 0 {
		v.Previous = v.address("/search", v.Query, "offset", strconv.Itoa(max(0, v.Offset-pageOfHits)))
	}
	if facets {
		v.Observations, v.Facets = s.facetsOf(v.inquiry, found.Facets)
		v.Downloads = []link{{v.address("/search/download/csv", v.Query), "Download CSV"}, {v.address("/search/download/jsonl", v.Query), "Download JSON lines"}}
	}
	return nil
}

func (s *Server) hitView(q inquiry, h index.Hit, n int) hitView {
	v := hitView{
		ID: page.OneLine(h.ID), Section: page.OneLine(h.Best.Section), Pieces: sentencePieces(h.Best),
		Path: q.address("/search/report", q.Query, "id", h.ID, "n", strconv.Itoa(n)),
	}
	style := searchtext.Style{Observations: s.Index.Observations()}
	_, v.About, _ = strings.Cut(style.Head(h), v.ID+" ")
	v.Labels = labelGroups(h.Labels, s.Index.Observations())
	return v
}

func labelGroups(labels []corpus.Assertion, observations []corpus.Observation) (all []labelGroup) {
	for _, a := range []corpus.Assertion{corpus.Positive, corpus.Uncertain, corpus.Negative} {
		var names []string
		for i, l := range labels {
			if l == a {
				names = append(names, string(observations[i]))
			}
		}
		if len(names) > 0 {
			all = append(all, labelGroup{a.String(), strings.Join(names, ", ")})
		}
	}
	return all
}

// sentencePieces are a sentence with its mentions, cues and words of the query.
func sentencePieces(one index.Sentence) []evalpage.Piece {
	var marks []evalpage.Mark
	for _, m := range one.Marks {
		marks = append(marks, evalpage.Mark{Span: m.Mention, Class: "mention " + m.Assertion.String()}, evalpage.Mark{Span: m.CueSpan, Class: "cue"})
	}
	for _, w := range one.Words {
		marks = append(marks, evalpage.Mark{Span: w, Class: "asked"})
	}
	return evalpage.Pieces(one.Text, marks)
}

// facetsOf gives counts with their links.
func (s *Server) facetsOf(q inquiry, f *index.Facets) (rows []facetRow, lists []facet) {
	cell := func(condition, name string, hits int) facetCell {
		return facetCell{Name: name, Hits: hits, On: q.parsed.Has(condition), Path: q.address("/search", q.parsed.Toggle(condition))}
	}
	for i, o := range s.Index.Observations() {
		row := facetRow{Observation: string(o)}
		for _, a := range facetAssertions {
			row.Cells = append(row.Cells, cell(index.FieldName(string(o))+":"+a.String(), string(o)+" "+a.String(), f.Labels[i][a]))
		}
		rows = append(rows, row)
	}
	for _, list := range []struct {
		name   string
		counts []index.Count
	}{{"section", f.Sections}, {"split", f.Splits}, {"view", f.Views}} {
		one := facet{Name: list.name}
		for _, c := range list.counts {
			one.Cells = append(one.Cells, cell(index.Term(list.name, c.Value), page.OneLine(c.Value), c.Hits))
		}
		if len(one.Cells) > 0 {
			lists = append(lists, one)
		}
	}
	return rows, lists
}

// facetAssertions are the columns of the facets.
var facetAssertions = []corpus.Assertion{corpus.Positive, corpus.Uncertain, corpus.Negative, corpus.Unmentioned}

// foundReport is what the page of a report shows.
type foundReport struct {
	inquiry
	ID, About      string
	Marked         *page.Marked // the report with all mentions
	One            *page.Marked // its labels, for part-report.html
	RuleSet, Note  string
	Back           string
	Previous, Next string
	Number, Total  int // in the list of hits; 0 where it is not known
}

func (s *Server) searchReport(w http.ResponseWriter, r *http.Request) error {
	q, err := s.inquire(r)
	if wrong := (*index.QueryError)(nil); errors.As(err, &wrong) {
		return refuse(http.StatusBadRequest, "the query cannot be understood: %s", wrong.What)
	} else if err != nil {
		return err
	}
	id := r.URL.Query().Get("id")
	d, ok, err := s.Index.Document(r.Context(), id, q.parsed, q.options.Match)
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusNotFound, "the index has no report of this id")
	}
	why := s.explainer.Explain(d, s.Index.Observations())
	marked, labels := page.Mark(why.Marks, relabel.Asked(d)...), page.Mark(why.Labels)
	v := foundReport{inquiry: q, ID: page.OneLine(d.ID), Marked: &marked, One: &labels, Note: why.Note,
		RuleSet: s.linkedRuleSet(s.Index.Origin().Digest), Back: q.address("/search", q.Query)}
	style := searchtext.Style{Observations: s.Index.Observations()}
	_, v.About, _ = strings.Cut(style.Head(d.Hit), v.ID+" ")
	if err := s.neighbours(r, &v); err != nil {
		return err
	}
	return s.show(w, "found", view{Title: v.ID, Here: "/search", Scripts: []string{"keys.js"}, Styles: corpusStyle, Data: v})
}

// linkedRuleSet is the name of the rule set of that digest, for links to its rules;
// that of the first where there is none.
func (s *Server) linkedRuleSet(digest string) string {
	for _, set := range s.ruleSetsInUse() {
		if set.Digest == digest {
			return set.Name
		}
	}
	return s.inUse()[0].Rules().Name
}

// neighbours finds the hits before and after the one with the number that the
// address has.
func (s *Server) neighbours(r *http.Request, v *foundReport) error {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 0 {
		return nil
	}
	opts := v.options
	opts.Offset, opts.Limit, opts.IDsOnly = max(0, n-1), 3, true
	found, err := s.Index.Search(r.Context(), v.parsed, opts)
	if err != nil {
		return err
	}
	v.Number, v.Total = n+1, found.Total
	v.Back = v.address("/search", v.Query, "offset", strconv.Itoa(n/pageOfHits*pageOfHits))
	for i, h := range found.Hits {
		path := v.address("/search/report", v.Query, "id", h.ID, "n", strconv.Itoa(opts.Offset+i))
		switch opts.Offset + i {
		case n - 1:
			v.Previous = path
		case n + 1:
			v.Next = path
		}
	}
	return nil
}

// downloadHits streams all hits as a file.
func (s *Server) downloadHits(w http.ResponseWriter, r *http.Request) error {
	form := r.PathValue("form")
	kind, ok := forms[form]
	if !ok || form == "json" {
		return refuse(http.StatusNotFound, "no such form of hits; there are csv, jsonl")
	}
	q, err := s.inquire(r)
	if err != nil {
		return asRefusal(err)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="search.`+form+`"`)
	x := s.newWire(w, r)
	write, done, err := s.hitWriter(x.out, form)
	if err != nil {
		return err
	}
	opts := q.options
	opts.Limit, opts.Offset = -1, 0
	for h, err := range s.Index.Hits(r.Context(), q.parsed, opts) {
		if err == nil {
			err = write(h)
		}
		if err != nil {
			return asRefusal(err)
		}
	}
	return errors.Join(done(), x.flush())
}

func (s *Server) hitWriter(w io.Writer, form string) (write func(index.Hit) error, done func() error, err error) {
	if form == "csv" {
		t, err := searchtext.NewTable(w, s.Index.Observations(), s.Index.HasSubjects())
		if err != nil {
			return nil, nil, err
		}
		return t.Write, t.Close, nil
	}
	lines := json.NewEncoder(w)
	return func(h index.Hit) error { return lines.Encode(searchtext.OfHit(h, s.Index.Observations())) }, func() error { return nil }, nil
}

// asRefusal words what is wrong with a query for programs.
func asRefusal(err error) error {
	if wrong := (*index.QueryError)(nil); errors.As(err, &wrong) {
		message := fmt.Sprintf("query: %s (byte %d)", wrong.What, wrong.Offset)
		if wrong.Do != "" {
			message += "; " + wrong.Do
		}
		return refuse(http.StatusBadRequest, "%s", message)
	}
	return err
}

// searchAPI gives hits as JSON, a page at a time.
func (s *Server) searchAPI(w http.ResponseWriter, r *http.Request) error {
	q, err := s.inquire(r)
	if err != nil {
		return asRefusal(err)
	}
	opts, v := q.options, r.URL.Query()
	opts.Limit = 10
	if limit := v.Get("limit"); limit != "" {
		if opts.Limit, err = strconv.Atoi(limit); err != nil || opts.Limit < 0 || opts.Limit > mostHits {
			return refuse(http.StatusBadRequest, "limit is a number from 0 to %d", mostHits)
		}
	}
	if facets := v.Get("facets"); facets != "" {
		if opts.Facets, err = strconv.ParseBool(facets); err != nil {
			return refuse(http.StatusBadRequest, "facets is true or false")
		}
	}
	found, err := s.Index.Search(r.Context(), q.parsed, opts)
	if err != nil {
		return asRefusal(err)
	}
	o := searchtext.Object{Query: q.Query, Total: found.Total, Hits: []searchtext.HitObject{}, Facets: searchtext.OfFacets(found.Facets, s.Index.Observations())}
	for _, h := range found.Hits {
		o.Hits = append(o.Hits, searchtext.OfHit(h, s.Index.Observations()))
	}
	writeJSON(w, http.StatusOK, struct {
		searchtext.Object
		Next *int `json:"next_offset,omitempty"` // of the page behind this one
	}{o, nextOffset(opts, found)})
	return nil
}

func nextOffset(opts index.Options, found index.Results) *int {
	if next := opts.Offset + len(found.Hits); next < found.Total && len(found.Hits) > 0 {
		return &next
	}
	return nil
}

// mostSuggestions is how many suggestions there are at once.
const mostSuggestions = 12

// suggestionJSON is a suggestion: the query with it, cut where the cursor then is.
type suggestionJSON struct {
	Text      string `json:"text"`
	Kind      string `json:"kind"`
	Doc       string `json:"doc,omitempty"`
	Sentences int    `json:"sentences,omitempty"`
	Before    string `json:"before"`
	After     string `json:"after"`
}

// suggest gives what may stand at the cursor of a query, which is as many UTF-8
// bytes from its beginning as at says.
func (s *Server) suggest(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query().Get("q")
	at := len(q)
	if cursor := r.URL.Query().Get("at"); cursor != "" {
		var err error
		if at, err = strconv.Atoi(cursor); err != nil || at < 0 {
			return refuse(http.StatusBadRequest, "at is a number of bytes from 0")
		}
	}
	all := []suggestionJSON{}
	for _, one := range s.Index.Suggest(q, at, mostSuggestions) {
		all = append(all, suggestionJSON{one.Text, string(one.Kind), one.Doc, one.Sentences, q[:one.Start] + one.Text, q[one.End:]})
	}
	writeJSON(w, http.StatusOK, struct {
		Suggestions []suggestionJSON `json:"suggestions"`
	}{all})
	return nil
}
