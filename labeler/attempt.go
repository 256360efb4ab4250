package labeler

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/radlabel/radlabel/corpus"
)

// DefaultMaxTime is a bound for Options.MaxTime that no report of a real corpus
// comes near: a usual one takes less than a millisecond, 16 MiB of the dearest
// words half a minute.
const DefaultMaxTime = time.Minute

// mostMentions is how many Attempt takes of one report: a real one has dozens, and
// evidence takes many times the bytes of its words. mostSections is how many headers.
const (
	mostMentions = 1 << 16
	mostSections = 1 << 16
)

// bounds are what work on a report must not go beyond. The zero value is none.
type bounds struct {
	time     time.Time
	mentions int
	sections int
	done     <-chan struct{} // nobody waits for the report any more
	asked    int
}

var (
	errTime     = errors.New("it takes too long")
	errMentions = errors.New("it has too many mentions")
	errSections = errors.New("it has too many sections")
	errDone     = errors.New("nobody waits for it")
)

// passed says which of them has been, where so many mentions have been found. It looks
// at the clock now and then: sentences are bounded, and most take less time than the clock.
func (b *bounds) passed(mentions int) error {
	const often = 16
	if b.mentions > 0 && mentions > b.mentions {
		return errMentions
	}
	b.asked++
	if b.asked%often != 1 {
		return nil
	}
	select {
	case <-b.done:
		return errDone
	default:
	}
	if !b.time.IsZero() && !time.Now().Before(b.time) {
		return errTime
	}
	return nil
}

// split says which of them has been, where so many headers have been found.
func (b *bounds) split(headers int) error {
	if b.sections > 0 && headers > b.sections {
		return errSections
	}
	return b.passed(0)
}

// Attempt labels one report as LabelAll does: the error is the *corpus.Problem of a
// report that could not be labelled, because a fault of the program came up,
// Options.MaxTime was over or it has too many mentions or sections; the result beside it has the
// report. When the context ends, so does the attempt, with its error.
func (l *Labeler) Attempt(ctx context.Context, r corpus.Report) (result Result, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			result = Result{Report: r}
			// What the fault says of itself may hold text of the report.
			err = failed(r, "radlabel failed on the report "+corpus.QuoteID(r.ID)+faultyPlace(), "tell the project of this place in its code")
		}
	}()
	within := bounds{mentions: mostMentions, sections: mostSections, done: ctx.Done()}
	if l.maxTime > 0 {
		within.time = time.Now().Add(l.maxTime)
	}
	result, err = l.labelWithin(&within, r)
	switch err {
	case nil:
		return result, nil
	case errDone:
		return Result{Report: r}, ctx.Err()
	case errMentions, errSections:
		most := fmt.Sprintf("%d mentions", mostMentions)
		if err == errSections {
			most = fmt.Sprintf("%d sections", mostSections)
		}
		what := fmt.Sprintf("the report %s, of %d bytes, has more than %s", corpus.QuoteID(r.ID), len(r.Text), most)
		return Result{Report: r}, failed(r, what, "see what it holds")
	}
	what := fmt.Sprintf("labelling the report %s, of %d bytes, took longer than %s", corpus.QuoteID(r.ID), len(r.Text), l.maxTime)
	return Result{Report: r}, failed(r, what, "see what it holds, or give more --max-time")
}

func failed(r corpus.Report, what, do string) *corpus.Problem {
	return &corpus.Problem{Place: r.Place, What: what, Do: do, Lost: true}
}

// faultyPlace names the function and the line of the project that a recovered
// panic came from: " in Sentences (sentences.go:40)".
func faultyPlace() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf(" in %s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
