package corpus

import (
	"bytes"
	"context"
	"io"
)

// Lines reads reports that come one JSON object a line, each as soon as its line is
// there: for a program that answers every line that is piped into it. It remembers
// nothing of earlier lines but the names of their fields, so it can go on for ever,
// and repeated ids are not told of.
type Lines struct {
	lines   *lineReader
	objects jsonlReader
	next    Line
}

// Line is one line: a report, or why it is none.
type Line struct {
	Number   int        // from 1
	Report   Report     // beside a Problem no more than its ids, as far as they are known
	Problem  *Problem   // nil: there is a report
	TooLong  bool       // the Problem is that the line has more than MaxReportBytes
	Warnings []*Problem // about the report
}

// NewLines reads lines; name stands for a path in their places. Of the options,
// IDColumn, TextColumn, MaxReportBytes and AsSent count.
func NewLines(in io.Reader, name string, opts Options) *Lines {
	l := newLines(name, opts)
	l.lines = newLineReader(in, l.objects.s.limit)
	return l
}

// ParseLine reads an object that came alone as if it was a line. It may have line
// ends between its fields.
func ParseLine(object []byte, opts Options) Line {
	l := newLines("", opts)
	if len(object) > l.objects.s.limit {
		return l.read(nil, 1, errLongLine)
	}
	return l.read(object, 1, nil)
}

func newLines(name string, opts Options) *Lines {
	limit := opts.MaxReportBytes
	if limit == 0 {
		limit = DefaultMaxReportBytes
	}
	l := new(Lines)
	s := &sink{ctx: context.Background(), counts: &Counts{}, limit: limit, yield: l.take}
	l.objects = jsonlReader{s: s, opts: opts, place: Place{Path: name}, obj: object{keepPlaces: opts.AsSent}}
	return l
}

// take keeps what the line that is being read comes to.
func (l *Lines) take(r Report, err error) bool {
	p, _ := err.(*Problem)
	if p != nil && !p.Lost {
		l.next.Warnings = append(l.next.Warnings, p)
		return true
	}
	l.next.Report, l.next.Problem = r, p
	return true
}

// Next waits for the next line. Whatever is wrong with it is its Problem: an empty line,
// one that is too long, one that is no object with a text. The error is io.EOF, or
// that of reading; then there are no more lines.
func (l *Lines) Next() (Line, error) {
	line, err := l.lines.next()
	if err != nil && err != errLongLine {
		return Line{}, err
	}
	return l.read(line, l.lines.line, err), nil
}

// read makes a report or a Problem of a line.
func (l *Lines) read(line []byte, number int, err error) Line {
	j := &l.objects
	j.number = number
	place := Place{Path: j.place.Path, Line: number}
	l.next = Line{Number: number, TooLong: err == errLongLine}
	switch {
	case l.next.TooLong:
		j.s.lost(Report{Place: place}, "the line is longer than "+bytesName(j.s.limit), "")
	case len(bytes.TrimSpace(line)) == 0:
		j.s.lost(Report{Place: place}, "the line is empty", "write one object a line")
	default:
		j.line(line, place)
	}
	return l.next
}

// Waiting reports whether a whole line has come that Next has not given yet.
func (l *Lines) Waiting() bool {
	waiting, _ := l.lines.in.Peek(l.lines.in.Buffered())
	return bytes.IndexByte(waiting, '\n') >= 0
}
