package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
)

const (
	patience = time.Second            // work that takes longer shows a bar
	redraw   = 100 * time.Millisecond // between two changes of the bar
	whole    = 1000                   // the bar's steps
)

// bar is a progress bar with the rate and the time left. It shows itself once
// the work has been silent for a while, and hides for messages, which come
// again where it stood. A nil bar does nothing. Its methods are for one
// goroutine.
type bar struct {
	terminal  *os.File
	noun      string                      // what is counted
	fraction  func(results int64) float64 // the part of the work that is done; 0: not known
	start     time.Time
	results   atomic.Int64 // the line is drawn by a goroutine of mpb
	changed   time.Time    // when the bar was hidden or last drawn
	container *mpb.Progress
	line      *mpb.Bar
}

// newBar shows how many reports of a reader are done.
func newBar(terminal *os.File, reader *corpus.Reader) *bar {
	return newBarOf(terminal, "report", func(results int64) float64 { return fraction(reader, results) })
}

func newBarOf(terminal *os.File, noun string, fraction func(results int64) float64) *bar {
	now := time.Now()
	return &bar{terminal: terminal, noun: noun, fraction: fraction, start: now, changed: now}
}

// set tells the number of results so far.
func (b *bar) set(results int) {
	if b == nil {
		return
	}
	b.results.Store(int64(results))
	silent := time.Since(b.changed)
	switch {
	case b.container == nil && silent >= patience:
		b.show()
	case b.container == nil || silent < redraw:
		return
	}
	b.changed = time.Now()
	// One step short of the whole: a full bar would end before the work.
	b.line.SetCurrent(min(int64(b.part()*whole), whole-1))
}

func (b *bar) show() {
	b.container = newContainer(b.terminal)
	b.line = b.container.New(whole, mpb.BarStyle(), mpb.BarWidth(40),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.state() })))
}

// newContainer draws bars on a terminal.
func newContainer(terminal *os.File) *mpb.Progress {
	options := []mpb.ContainerOption{mpb.WithOutput(terminal)}
	if width, height, err := term.GetSize(int(terminal.Fd())); err != nil || width == 0 || height == 0 {
		// A terminal that does not know its size, which mpb would draw nothing
		// on. For what is no file it takes 80 columns.
		options = []mpb.ContainerOption{mpb.WithOutput(struct{ io.Writer }{terminal}), mpb.WithAutoRefresh(), mpb.ForceTTY()}
	}
	return mpb.New(options...)
}

// hide takes the bar away; it comes back with the results after a silence.
func (b *bar) hide() {
	if b == nil {
		return
	}
	if b.container != nil {
		b.line.Abort(true)
		b.container.Wait()
		b.container = nil
	}
	b.changed = time.Now()
}

// fraction is the part of a reader's work that is done, 0 where it is not known:
// of a pipe, neither reports nor bytes are.
func fraction(reader *corpus.Reader, results int64) float64 {
	if total := reader.Total(); total > 0 {
		return min(float64(results)/(float64(total)*reader.Part()), 1)
	}
	if read, total := reader.Progress(); total > 0 {
		return min(float64(read)/float64(total), 1)
	}
	return 0
}

func (b *bar) part() float64 { return b.fraction(b.results.Load()) }

// state is " 12,000 reports, 3,900/s, 50 s left".
func (b *bar) state() string {
	done, took := int(b.results.Load()), time.Since(b.start)
	s := fmt.Sprintf(" %s, %s/s", columns.Count(done, b.noun), columns.Thousands(int(float64(done)/took.Seconds())))
	if f := b.part(); f > 0 {
		left := time.Duration(float64(took) * (1 - f) / f)
		s += ", " + duration(max(left.Round(time.Second), time.Second)) + " left"
	}
	return s
}
