package labeler

import (
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

// deadline is a time that work must not go beyond. The zero value is none.
type deadline struct {
	at    time.Time
	asked int
}

// passed looks at the clock now and then: sentences are bounded, and most take
// less time than the clock.
func (d *deadline) passed() bool {
	const often = 16
	if d.at.IsZero() {
		return false
	}
	d.asked++
	return d.asked%often == 1 && !time.Now().Before(d.at)
}

// Attempt labels one report as LabelAll does: the error is the *corpus.Problem of a
// report that could not be labelled, because a fault of the program came up or
// Options.MaxTime was over; the result beside it has the report.
func (l *Labeler) Attempt(r corpus.Report) (result Result, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			result = Result{Report: r}
			// What the fault says of itself may hold text of the report.
			err = failed(r, "radlabel failed on the report "+corpus.QuoteID(r.ID)+faultyPlace(), "tell the project of this place in its code")
		}
	}()
	var end deadline
	if l.maxTime > 0 {
		end.at = time.Now().Add(l.maxTime)
	}
	result, done := l.labelUntil(&end, r)
	if !done {
		what := fmt.Sprintf("labelling the report %s, of %d bytes, took longer than %s", corpus.QuoteID(r.ID), len(r.Text), l.maxTime)
		return Result{Report: r}, failed(r, what, "see what it holds, or give more --max-time")
	}
	return result, nil
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
