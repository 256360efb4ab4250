package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/labeler"
)

const (
	shownOfAKind = 20 // problems of one kind that are printed as they come
	placesOfKind = 3  // places of one kind in the summary
	mostKinds    = 64 // that are told apart
)

// tally accounts for every report: it prints problems as they come, shows the
// progress, and sums up.
type tally struct {
	*app
	quiet      bool
	start      time.Time
	bar        *bar // nil where nobody looks
	memory     *garbage
	results    int
	empty      int
	unlabelled int // not empty, but without a part to label
	lost       int
	kinds      []*kind
	exceptions exceptions
	shard      corpus.Shard                   // what is labelled; zero: all
	passed     passed                         // what the reader has given
	before     int                            // of the results, those of the run that this one goes on with
	save       func(account func() any) error // saves the account beside what is written; may be nil
}

// exceptions are those of the user's file, and which reports they served.
type exceptions struct {
	file string
	by   map[string]corpus.Exception
	seen map[string]bool
}

// kind is problems that differ in places and numbers alone.
type kind struct {
	what   string // with numbers and quoted words left out
	first  string // in full
	lost   bool
	count  int
	places []string
}

func newTally(a *app, quiet bool) *tally {
	return &tally{app: a, quiet: quiet, start: time.Now()}
}

func (t *tally) result(r labeler.Result) {
	t.results++
	t.bar.set(t.results)
	t.memory.labelled()
	switch {
	case isBlank(r.Report.Text):
		t.empty++
	case len(r.Labelled) == 0:
		t.unlabelled++
	}
	if r.Exception != labeler.NoException {
		t.exception(r)
	}
}

// exception notes that a report had an exception, and tells when it was of no use.
func (t *tally) exception(r labeler.Result) {
	id := r.Report.Study
	if _, ok := t.exceptions.by[id]; !ok {
		id = r.Report.ID
	}
	if t.exceptions.seen == nil {
		t.exceptions.seen = make(map[string]bool)
	}
	t.exceptions.seen[id] = true
	if r.Exception == labeler.ExceptionOutside {
		t.problem(&corpus.Problem{
			Place: corpus.Place{Path: t.exceptions.file},
			What:  fmt.Sprintf("the exception of %s has no text in its span; --section chose instead", corpus.QuoteID(id)),
			Do:    fmt.Sprintf("give bytes from 0 to %d", len(r.Report.Text)),
		})
	}
}

// unusedExceptions tells of exceptions whose reports did not come.
func (t *tally) unusedExceptions() {
	for _, id := range slices.Sorted(maps.Keys(t.exceptions.by)) {
		if !t.exceptions.seen[id] {
			t.problem(&corpus.Problem{
				Place: corpus.Place{Path: t.exceptions.file},
				What:  fmt.Sprintf("the exception of %s was not used: no report has this id", corpus.QuoteID(id)),
			})
		}
	}
}

var variable = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\d+`)

// problem counts a problem under its kind and prints it, up to a number of a
// kind. In quiet, warnings are not printed.
func (t *tally) problem(p *corpus.Problem) {
	k := t.kind(variable.ReplaceAllString(p.What, "..."), p.What, p.Lost)
	k.count++
	if len(k.places) < placesOfKind {
		k.places = append(k.places, p.Place.String())
	}
	if p.Lost {
		t.lost++
	}
	if t.quiet && !p.Lost || k.count > shownOfAKind+1 {
		return
	}
	t.bar.hide()
	if k.count <= shownOfAKind {
		fmt.Fprintln(t.stderr, p.Error())
		return
	}
	fmt.Fprintf(t.stderr, "radlabel: more of this kind is counted and not shown: %s\n", k.what)
}

// otherKinds stand for what comes once there are enough kinds: a file may be wrong in
// another way on every line.
const otherKinds = "problems of other kinds"

// kind gives the problems of a kind, of which this is the first where there are none.
func (t *tally) kind(what, first string, lost bool) *kind {
	find := func(what string) *kind {
		for _, known := range t.kinds {
			if known.what == what && known.lost == lost {
				return known
			}
		}
		return nil
	}
	if known := find(what); known != nil {
		return known
	}
	if len(t.kinds) >= mostKinds {
		what = otherKinds
		if known := find(what); known != nil {
			return known
		}
	}
	k := &kind{what: what, first: first, lost: lost}
	t.kinds = append(t.kinds, k)
	return k
}

// notes tells how a source of labels was read; nil is none.
func (t *tally) notes(source *gold.Source) {
	if source == nil || t.quiet {
		return
	}
	for _, note := range source.Notes {
		fmt.Fprintf(t.stderr, "%s: %s\n", source.Path, note)
	}
}

// nothing reports whether no report was read although there were some. Then an
// output of an earlier run is worth more than an empty one. A shard of nothing is done
// all the same.
func (t *tally) nothing() bool { return t.results == 0 && t.lost > 0 && t.shard.Of == 0 }

// failure is the error of lost reports.
func (t *tally) failure() error {
	if t.lost == 0 {
		return nil
	}
	if t.quiet {
		return failure{exitIO, fmt.Errorf("radlabel: %s could not be read", columns.Count(t.lost, "report"))}
	}
	return failure{code: exitIO} // the summary has said it
}

// summary accounts for every report on stderr.
func (t *tally) summary(reader *corpus.Reader, how, where string) {
	if t.quiet {
		return
	}
	took := time.Since(t.start)
	read := t.results
	var b strings.Builder
	format := reader.Format()
	if format == "" {
		format = "no format found"
	}
	fmt.Fprintf(&b, "%s read (%s): %s\n", columns.Count(read, "report"), format, t.fates())
	if c := columnNames(reader.Columns()); c != "" {
		fmt.Fprintf(&b, "  columns: %s\n", c)
	}
	counts := reader.Counts()
	if counts.Folded > 0 {
		fmt.Fprintf(&b, "  %s of the report before, folded into it\n", columns.Count(counts.Folded, "row"))
	}
	if counts.Skipped > 0 {
		fmt.Fprintf(&b, "  %s skipped: no reports\n", columns.Count(counts.Skipped, "file"))
	}
	t.writeKinds(&b)
	fmt.Fprintf(&b, "  %s\n", how)
	switch {
	case t.nothing() && where != "-":
		fmt.Fprintf(&b, "  nothing written to %s\n", where)
	default:
		if where == "-" {
			where = "standard output"
		}
		fmt.Fprintf(&b, "  written to %s: %s in %s, %s reports/s\n", where, columns.Count(read, "row"),
			duration(took), columns.Thousands(int(float64(read-t.before)/took.Seconds())))
	}
	io.WriteString(t.stderr, b.String())
}

// fates is what became of the reports: "86 labelled, 1 empty; 0 lost".
func (t *tally) fates() string {
	s := columns.Thousands(t.results-t.empty-t.unlabelled) + " labelled"
	if t.empty > 0 {
		s += ", " + columns.Thousands(t.empty) + " empty"
	}
	if t.unlabelled > 0 {
		s += ", " + columns.Thousands(t.unlabelled) + " without text to label"
	}
	return s + "; " + columns.Thousands(t.lost) + " lost"
}

// writeKinds counts problems by their kinds, with some of their places.
func (t *tally) writeKinds(b *strings.Builder) {
	for _, k := range t.kinds {
		name := "warning"
		if k.lost {
			name = "lost"
		}
		what, places := k.what, strings.Join(k.places, ", ")
		if k.count == 1 {
			what = k.first
		}
		if k.count > len(k.places) {
			places += ", ..."
		}
		fmt.Fprintf(b, "  %s, %s: %s (%s)\n", name, columns.Thousands(k.count), what, places)
	}
}

// columnNames says which columns of a table were taken.
func columnNames(c corpus.Columns) string {
	var parts []string
	if c.ID != "" {
		parts = append(parts, fmt.Sprintf("id %q", c.ID))
	}
	if c.Text != "" {
		parts = append(parts, fmt.Sprintf("text %q", c.Text))
	}
	if len(c.Sections) > 0 {
		quoted := make([]string, len(c.Sections))
		for i, s := range c.Sections {
			quoted[i] = strconv.Quote(s)
		}
		parts = append(parts, "sections "+strings.Join(quoted, ", "))
	}
	return strings.Join(parts, ", ")
}

// duration is rounded to what a reader wants to know.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
