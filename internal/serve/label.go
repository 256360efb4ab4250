package serve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/labeler"
)

func (s *Server) labelRoutes() {
	s.entry("/", "Label")
	s.handle("GET /{$}", s.showLabel)
	s.handle("POST /label", s.showLabel)
	s.handle("POST /label/{form}", s.downloadLabels)
}

// choice is how reports are labelled, as a request asks for it.
type choice struct {
	RuleSet, Section string
	labeler          *labeler.Labeler
}

// choose finds the labeler of a rule set, "" being the first, and a section.
func (s *Server) choose(ruleSet, section string) (choice, error) {
	c := choice{RuleSet: ruleSet, Section: section}
	all := s.inUse()
	if c.RuleSet == "" {
		c.RuleSet = all[0].Rules().Name
	}
	if c.Section == "" {
		c.Section = s.Section
	}
	i := slices.IndexFunc(all, func(l *labeler.Labeler) bool { return l.Rules().Name == c.RuleSet })
	if i < 0 {
		return c, refuse(http.StatusBadRequest, "no such rule set; there are %s", strings.Join(s.ruleSets(), ", "))
	}
	if c.labeler = all[i]; c.Section != s.Section {
		other, err := c.labeler.Of(c.Section)
		if err != nil {
			return c, refuse(http.StatusBadRequest, "the rule set %s does not know the section; it is auto, all, or names joined by commas", c.RuleSet)
		}
		c.labeler = other
	}
	return c, nil
}

// ruleSets are the names of the rule sets.
func (s *Server) ruleSets() (names []string) {
	for _, l := range s.inUse() {
		names = append(names, l.Rules().Name)
	}
	return names
}

// largeText is the length of the longest text, in bytes, that waits for its turn with
// all others. A report of a hospital has a few thousand; one of many megabytes takes
// seconds, and those wait for each other alone.
const largeText = 128 << 10

// label labels one report that was asked for alone.
func (s *Server) label(ctx context.Context, c choice, r corpus.Report) (labeler.Result, error) {
	result, err := s.labelInTurn(ctx, c, r)
	if len(corpus.Problems(err)) > 0 {
		err = refuse(http.StatusUnprocessableEntity, "the report could not be labelled within the time that the server gives it, or has more mentions than any report")
	}
	return result, err
}

// labelInTurn labels one report when it is its turn. The error is the *corpus.Problem of
// the report, or of the context.
func (s *Server) labelInTurn(ctx context.Context, c choice, r corpus.Report) (labeler.Result, error) {
	turn := s.labels
	if len(r.Text) > largeText {
		turn = s.large
	}
	if err := turn.Acquire(ctx, 1); err != nil {
		return labeler.Result{}, err
	}
	defer turn.Release(1)
	result, err := c.labeler.Attempt(ctx, r)
	s.metrics.report(c.RuleSet, err)
	return result, err
}

// asked is what the form of the label page asks for: a report that was typed, or
// a file of reports.
type asked struct {
	choice
	text string
	file []byte
	name string
}

func (s *Server) readForm(r *http.Request) (asked, error) {
	if r.Method == http.MethodGet {
		c, err := s.choose("", "")
		return asked{choice: c}, err
	}
	if err := parseForm(r); err != nil {
		return asked{}, err
	}
	c, err := s.choose(r.PostForm.Get("ruleset"), r.PostForm.Get("section"))
	a := asked{choice: c, text: lineEnds(r.PostForm.Get("text"))}
	if err != nil || r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 || r.MultipartForm.File["file"][0].Size == 0 {
		return a, err
	}
	part := r.MultipartForm.File["file"][0]
	f, err := part.Open()
	if err != nil {
		return a, err
	}
	defer f.Close()
	a.name = part.Filename
	a.file, err = io.ReadAll(f)
	return a, err
}

// lineEnds gives a text as readers of files do: in UTF-8, with line feeds alone.
func lineEnds(text string) string {
	return strings.ToValidUTF8(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\uFFFD")
}

// readBody reads a bounded body.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if large := (*http.MaxBytesError)(nil); err == nil || errors.As(err, &large) {
		return body, err
	}
	return nil, refuse(http.StatusBadRequest, "the request ended before its end; send it again")
}

// parseForm reads a form into memory alone: no text goes to a disk.
func parseForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(1 << 40) // the body is bounded
	} else {
		err = r.ParseForm()
	}
	if large := (*http.MaxBytesError)(nil); err == nil || errors.As(err, &large) {
		return err
	}
	return refuse(http.StatusBadRequest, "the form cannot be read; send it as the page does")
}

// reports are those of the form.
func (a asked) reports(ctx context.Context) (iter.Seq2[corpus.Report, error], error) {
	if a.file == nil {
		return func(yield func(corpus.Report, error) bool) { yield(corpus.Report{ID: "report", Text: a.text}, nil) }, nil
	}
	reader, err := corpus.Open(ctx, []string{"-"}, corpus.Options{Stdin: bytes.NewReader(a.file), MaxRatio: mostRatio})
	if err != nil {
		return nil, unread(err)
	}
	return reader.Reports(ctx), nil
}

// unread says why a file cannot be read.
func unread(err error) error {
	for _, p := range corpus.Problems(err) {
		p.Place.Path = "the file"
		return refuse(http.StatusBadRequest, "%s", p)
	}
	return err
}

// labelView is what the label page shows.
type labelView struct {
	RuleSets, Sections []string
	RuleSet, Section   string
	Text               string
	One                *page.Marked // of a report that was typed, or alone in its file
	Opened             bool         // it is from a file
	Table              *table       // of a file of more
	Problem            string
}

func (v labelView) Counts() string { return counts(v.One) }

func (s *Server) showLabel(w http.ResponseWriter, r *http.Request) error {
	a, err := s.readForm(r)
	if err != nil {
		return err
	}
	v := labelView{RuleSets: s.ruleSets(), Sections: s.sections(a.choice), RuleSet: a.RuleSet, Section: a.Section, Text: a.text}
	switch {
	case a.file != nil:
		err = s.labelFile(r.Context(), a, &v)
	case r.Method == http.MethodPost:
		err = s.labelText(r.Context(), a, &v)
	}
	if err != nil {
		return err
	}
	if r.Header.Get("Radlabel-Part") != "" {
		return showPart(w, "label", "result", v)
	}
	return s.show(w, "label", view{Title: "Label", Here: "/", Scripts: []string{"label.js"}, Data: v})
}

func (s *Server) labelText(ctx context.Context, a asked, v *labelView) error {
	result, err := s.label(ctx, a.choice, corpus.Report{ID: "report", Text: a.text})
	if err != nil {
		return err
	}
	marked := page.Mark(result)
	v.One = &marked
	return nil
}

// sectionsOf are the choices of what is labelled.
func sectionsOf(l *labeler.Labeler) []string {
	all := []string{"auto", "all"}
	for _, section := range l.Rules().Sections {
		all = append(all, section.Name)
	}
	return all
}

// sections are those, and what is chosen where it is another.
func (s *Server) sections(c choice) []string {
	all := sectionsOf(c.labeler)
	for _, more := range []string{s.Section, c.Section} {
		if !slices.Contains(all, more) {
			all = append(all, more)
		}
	}
	return all
}

// table is what the reports of a file come to. It has the first of them.
type table struct {
	Observations []corpus.Observation
	Rows         []tableRow
	Reports      int
	Problems     []string
	text         int // bytes of all reports
}

type tableRow struct {
	ID, Text string
	Labels   []string
}

// How many rows a table has, of how many bytes of text, and how many problems stand
// above it; and how many times its size a file may unpack to.
const (
	mostRows     = 200
	mostText     = 4 << 20
	mostProblems = 20
	mostRatio    = 20
)

// Cut reports whether the table lacks reports.
func (t *table) Cut() bool { return t.Reports > len(t.Rows) }

// labelFile labels the reports of a file.
func (s *Server) labelFile(ctx context.Context, a asked, v *labelView) error {
	reports, err := a.reports(ctx)
	if err != nil {
		return err
	}
	t := &table{Observations: a.labeler.Observations()}
	var last labeler.Result
	for report, err := range reports {
		var result labeler.Result
		if err == nil {
			result, err = s.labelInTurn(ctx, a.choice, report)
		}
		switch problem := (*corpus.Problem)(nil); {
		case errors.As(err, &problem):
			t.problem(problem)
		case err != nil:
			return err
		default:
			last = result
			t.add(result)
		}
	}
	if t.Reports == 1 {
		marked := page.Mark(last)
		v.One, v.Text, v.Opened = &marked, last.Report.Text, true
	} else {
		v.Table, v.Text = t, ""
	}
	return nil
}

func (t *table) problem(p *corpus.Problem) {
	if p.Place.Path = "the file"; len(t.Problems) < mostProblems {
		t.Problems = append(t.Problems, page.OneLine(p.Error()))
	}
}

func (t *table) add(r labeler.Result) {
	t.text += len(r.Report.Text)
	if t.Reports++; len(t.Rows) == mostRows || t.text > mostText {
		return
	}
	row := tableRow{ID: page.OneLine(r.Report.ID), Text: r.Report.Text}
	for _, l := range r.Labels {
		row.Labels = append(row.Labels, l.Assertion.String())
	}
	t.Rows = append(t.Rows, row)
}

// forms are the files that labels are downloaded as.
var forms = map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "json": "application/json"}

// downloadLabels answers the form of the label page with a file: csv, jsonl, or json,
// which is the object of a report alone.
func (s *Server) downloadLabels(w http.ResponseWriter, r *http.Request) error {
	form := r.PathValue("form")
	kind, ok := forms[form]
	if !ok {
		return refuse(http.StatusNotFound, "no such form of labels; there are csv, json, jsonl")
	}
	a, err := s.readForm(r)
	if err != nil {
		return err
	}
	reports, err := a.reports(r.Context())
	if err != nil {
		return err
	}
	var out output.Writer = &objects{*bufio.NewWriter(w)}
	if form != "json" {
		if out, err = output.New(w, output.Format{Kind: form}, output.Default, s.header(a.choice)); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="labels.`+form+`"`)
	return s.writeLabels(r.Context(), out, a.choice, reports)
}

// objects writes the object of each report on a line.
type objects struct{ bufio.Writer }

func (o *objects) Write(r labeler.Result) error {
	_, err := o.Writer.Write(append(output.AppendJSON(o.AvailableBuffer(), r), '\n'))
	return err
}

// Close flushes.
func (o *objects) Close() error { return o.Flush() }

// writeLabels labels reports into a file. The page tells of those that cannot be read or
// labelled.
func (s *Server) writeLabels(ctx context.Context, out output.Writer, c choice, reports iter.Seq2[corpus.Report, error]) error {
	for report, err := range reports {
		var result labeler.Result
		if err == nil {
			result, err = s.labelInTurn(ctx, c, report)
		}
		if len(corpus.Problems(err)) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		if err := out.Write(result); err != nil {
			return err
		}
	}
	return out.Close()
}

// header says what makes the labels.
func (s *Server) header(c choice) output.Header {
	set := c.labeler.Rules()
	return output.Header{Tool: "radlabel", Version: s.Version, RuleSet: set.Name, Digest: set.Digest,
		Observations: c.labeler.Observations(), Options: output.Options{Section: c.Section}}
}

// counts says in a line how many labels there are of each kind.
func counts(m *page.Marked) string {
	n := map[string]int{}
	for _, l := range m.Labels {
		n[l.Assertion]++
	}
	return fmt.Sprintf("%d positive, %d uncertain, %d negative, %d blank", n["positive"], n["uncertain"], n["negative"], n["unmentioned"])
}
