package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

const (
	shownOfAKind = 20          // problems of one kind that are printed as they come
	placesOfKind = 3           // places of one kind in the summary
	patience     = time.Second // work that takes longer shows a progress bar
)

// tally accounts for every report: it prints problems as they come, shows the
// progress, and sums up.
type tally struct {
	*app
	quiet      bool
	start      time.Time
	messages   io.Writer    // stderr, or above the progress bar
	results    atomic.Int64 // read by the progress bar
	empty      int
	unlabelled int // not empty, but without a part to label
	lost       int
	kinds      []*kind
}

// kind is problems that differ in places and numbers alone.
type kind struct {
	what   string
	lost   bool
	count  int
	places []string
}

func newTally(a *app, quiet bool) *tally {
	return &tally{app: a, quiet: quiet, start: time.Now(), messages: a.stderr}
}

func (t *tally) result(r labeler.Result) {
	t.results.Add(1)
	switch {
	case isBlank(r.Report.Text):
		t.empty++
	case len(r.Labelled) == 0:
		t.unlabelled++
	}
}

var variable = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\d+`)

// problem counts a problem under its kind and prints it, up to a number of a
// kind. In quiet, warnings are not printed.
func (t *tally) problem(p *corpus.Problem) {
	what := variable.ReplaceAllString(p.What, "...")
	var k *kind
	for _, known := range t.kinds {
		if known.what == what && known.lost == p.Lost {
			k = known
		}
	}
	if k == nil {
		k = &kind{what: what, lost: p.Lost}
		t.kinds = append(t.kinds, k)
	}
	k.count++
	if len(k.places) < placesOfKind {
		k.places = append(k.places, p.Place.String())
	}
	if p.Lost {
		t.lost++
	}
	if t.quiet && !p.Lost {
		return
	}
	switch {
	case k.count <= shownOfAKind:
		fmt.Fprintln(t.messages, p.Error())
	case k.count == shownOfAKind+1:
		fmt.Fprintf(t.messages, "radlabel: more of this kind is counted and not shown: %s\n", what)
	}
}

// failure is the error of lost reports.
func (t *tally) failure() error {
	if t.lost == 0 {
		return nil
	}
	if t.quiet {
		return failure{exitIO, fmt.Errorf("radlabel: %s could not be read", count(t.lost, "report"))}
	}
	return failure{code: exitIO} // the summary has said it
}

// summary accounts for every report on stderr.
func (t *tally) summary(reader *corpus.Reader, how, where string) {
	if t.quiet {
		return
	}
	took := time.Since(t.start)
	read := int(t.results.Load())
	var b strings.Builder
	format := reader.Format()
	if format == "" {
		format = "no format found"
	}
	fmt.Fprintf(&b, "%s read (%s): %s labelled", count(read, "report"), format, thousands(read-t.empty-t.unlabelled))
	if t.empty > 0 {
		fmt.Fprintf(&b, ", %s empty", thousands(t.empty))
	}
	if t.unlabelled > 0 {
		fmt.Fprintf(&b, ", %s without text to label", thousands(t.unlabelled))
	}
	fmt.Fprintf(&b, "; %s lost\n", thousands(t.lost))
	if c := columnNames(reader.Columns()); c != "" {
		fmt.Fprintf(&b, "  columns: %s\n", c)
	}
	counts := reader.Counts()
	if counts.Folded > 0 {
		fmt.Fprintf(&b, "  %s of the report before, folded into it\n", count(counts.Folded, "row"))
	}
	if counts.Skipped > 0 {
		fmt.Fprintf(&b, "  %s skipped: no reports\n", count(counts.Skipped, "file"))
	}
	for _, k := range t.kinds {
		name := "warning"
		if k.lost {
			name = "lost"
		}
		places := strings.Join(k.places, ", ")
		if k.count > len(k.places) {
			places += ", ..."
		}
		fmt.Fprintf(&b, "  %s, %s: %s (%s)\n", name, thousands(k.count), k.what, places)
	}
	fmt.Fprintf(&b, "  %s\n", how)
	if where == "-" {
		where = "standard output"
	}
	fmt.Fprintf(&b, "  written to %s: %s in %s", where, count(read, "row"), duration(took))
	if took > 0 {
		fmt.Fprintf(&b, ", %s reports/s", thousands(int(float64(read)/took.Seconds())))
	}
	b.WriteByte('\n')
	io.WriteString(t.stderr, b.String())
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

// progress shows a bar with the rate and the time left once the work has taken
// a while, if stderr is a terminal. The function given ends it.
func (t *tally) progress(reader *corpus.Reader) (stop func()) {
	if t.quiet || !t.terminal {
		return func() {}
	}
	show := make(chan any)
	delay := time.AfterFunc(patience, func() { close(show) })
	bars := mpb.New(mpb.WithOutput(t.stderr), mpb.WithAutoRefresh(), mpb.WithWidth(40), mpb.WithRenderDelay(show))
	// Neither reports nor bytes are known of a pipe: then there is a rate alone.
	const whole = 1000
	bar := bars.New(whole, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return t.state(reader) })))
	ticker, ended := time.NewTicker(200*time.Millisecond), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				// One short of the whole: a full bar would end before the work.
				bar.SetCurrent(min(int64(t.fraction(reader)*whole), whole-1))
			case <-ended:
				return
			}
		}
	}()
	t.messages = bars
	return func() {
		ticker.Stop()
		close(ended)
		delay.Stop()
		bar.Abort(true)
		bars.Wait()
		t.messages = t.stderr
	}
}

// fraction is the part of the work that is done, 0 where it is not known.
func (t *tally) fraction(reader *corpus.Reader) float64 {
	if total := reader.Total(); total > 0 {
		return float64(t.results.Load()) / float64(total)
	}
	if read, total := reader.Progress(); total > 0 {
		return float64(read) / float64(total)
	}
	return 0
}

// state is "12,000 reports, 3,900/s, 50 s left".
func (t *tally) state(reader *corpus.Reader) string {
	done, took := int(t.results.Load()), time.Since(t.start)
	s := fmt.Sprintf(" %s, %s/s", count(done, "report"), thousands(int(float64(done)/took.Seconds())))
	if f := min(t.fraction(reader), 1); f > 0 {
		s += ", " + duration(time.Duration(float64(took)*(1-f)/f)) + " left"
	}
	return s
}

// count is "1 report" or "12,000 reports".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands writes a number from 0 with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration is rounded to what a reader wants to know.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
