package output

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// jsonlWriter writes the header, then an object a report.
type jsonlWriter struct {
	w       *bufio.Writer
	header  Header
	started bool
	row     []byte
}

func newJSONL(w io.Writer, h Header) *jsonlWriter {
	return &jsonlWriter{w: bufio.NewWriterSize(w, 1<<16), header: h}
}

func (j *jsonlWriter) start() error {
	j.started = true
	line, err := json.Marshal(j.header)
	if err != nil {
		return err
	}
	_, err = j.w.Write(append(line, '\n'))
	return err
}

// Write writes the object of one report.
func (j *jsonlWriter) Write(r labeler.Result) error {
	if !j.started {
		if err := j.start(); err != nil {
			return err
		}
	}
	j.row = append(AppendJSON(j.row[:0], r), '\n')
	_, err := j.w.Write(j.row)
	return err
}

// begun says that the header stands in the output already.
func (j *jsonlWriter) begun() { j.started = true }

// Flush brings the rows so far to the stream below.
func (j *jsonlWriter) Flush() error { return j.w.Flush() }

// Close writes the header if no report did, and flushes.
func (j *jsonlWriter) Close() error {
	if !j.started {
		if err := j.start(); err != nil {
			return err
		}
	}
	return j.w.Flush()
}

// AppendJSON appends the object of one report, without a newline:
//
//	{"id", "subject_id", "study_id",
//	 "labels": {observation: {"label": 1|0|-1, "evidence": [...], "reason"}},
//	 "blank": {observation: reason}}
//
// A piece of evidence is {"rule", "cue", "section", "assertion", "sentence",
// "mention", "cue_span", "scope", "text"}: spans are [start, end) in bytes of
// the report, text is the sentence. What does not apply is left out
// (subject_id, study_id; cue, cue_span and scope of a mention that stands
// alone). Labels keep the order of the rule set.
func AppendJSON(b []byte, r labeler.Result) []byte {
	b = append(b, '{')
	b = append(appendIDs(b, r.Report), `,"labels":{`...)
	n := 0
	for i := range r.Labels {
		l := &r.Labels[i]
		if l.Assertion == corpus.Unmentioned {
			continue
		}
		if n > 0 {
			b = append(b, ',')
		}
		n++
		b = appendLabel(appendString(b, string(l.Observation)), l, r.Report.Text)
	}
	b = append(b, `},"blank":{`...)
	n = 0
	for i := range r.Labels {
		l := &r.Labels[i]
		if l.Assertion != corpus.Unmentioned {
			continue
		}
		if n > 0 {
			b = append(b, ',')
		}
		n++
		b = append(appendString(b, string(l.Observation)), ':')
		b = appendString(b, l.Reason)
	}
	return append(b, `}}`...)
}

func appendIDs(b []byte, r corpus.Report) []byte {
	b = appendString(append(b, `"id":`...), r.ID)
	if r.Subject != "" {
		b = appendString(append(b, `,"subject_id":`...), r.Subject)
	}
	if r.Study != "" {
		b = appendString(append(b, `,"study_id":`...), r.Study)
	}
	return b
}

// AppendError appends the object of a line, counted from 1, that gave no labels, without
// a newline: {"id", "subject_id", "study_id", "error", "line"}, the ids as far as they
// are known.
func AppendError(b []byte, line int, r corpus.Report, err error) []byte {
	b = append(b, '{')
	if r.ID != "" {
		b = append(appendIDs(b, r), ',')
	}
	b = appendString(append(b, `"error":`...), err.Error())
	b = strconv.AppendInt(append(b, `,"line":`...), int64(line), 10)
	return append(b, '}')
}

func appendLabel(b []byte, l *labeler.Label, text string) []byte {
	b = append(b, `:{"label":`...)
	b = strconv.AppendInt(b, int64(Number(l.Assertion)), 10)
	b = append(b, `,"evidence":[`...)
	for i := range l.Evidence {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEvidence(b, &l.Evidence[i], text)
	}
	b = append(b, ']')
	if l.Reason != "" {
		b = appendString(append(b, `,"reason":`...), l.Reason)
	}
	return append(b, '}')
}

func appendEvidence(b []byte, e *labeler.Evidence, text string) []byte {
	b = appendString(append(b, `{"rule":`...), e.Rule)
	if e.Cue != "" {
		b = appendString(append(b, `,"cue":`...), e.Cue)
	}
	b = appendString(append(b, `,"section":`...), e.Section)
	b = appendString(append(b, `,"assertion":`...), e.Assertion.String())
	b = appendSpan(append(b, `,"sentence":`...), e.Sentence)
	b = appendSpan(append(b, `,"mention":`...), e.Mention)
	if !e.CueSpan.Empty() {
		b = appendSpan(append(b, `,"cue_span":`...), e.CueSpan)
	}
	if !e.Scope.Empty() {
		b = appendSpan(append(b, `,"scope":`...), e.Scope)
	}
	b = appendString(append(b, `,"text":`...), e.Sentence.In(text))
	return append(b, '}')
}

// Number is the label of an assertion: 1, 0 or -1. Unmentioned has none (0 is
// given; callers leave it blank).
func Number(a corpus.Assertion) int {
	switch a {
	case corpus.Positive:
		return 1
	case corpus.Uncertain:
		return -1
	}
	return 0
}

func appendSpan(b []byte, s corpus.Span) []byte {
	b = strconv.AppendInt(append(b, '['), int64(s.Start), 10)
	b = strconv.AppendInt(append(b, ','), int64(s.End), 10)
	return append(b, ']')
}

const hex = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, as in encoding/json; it is here because that package allocates for
// every value.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
