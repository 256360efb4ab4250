package index

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
)

// Mark is a mention of an observation in a sentence.
type Mark struct {
	Observation corpus.Observation
	Assertion   corpus.Assertion // Unmentioned: a cue excludes the mention
	Rule, Cue   string           // ids; Cue is "" where the mention stands alone
	Mention     corpus.Span      // byte offsets into the text that the mark is of
	CueSpan     corpus.Span      // empty without a cue
}

// sentence is a sentence of a report on its way into the index.
type sentence struct {
	section string
	text    string // blanks and line ends are one blank each
	start   int    // where it stands in the report, in bytes
	marks   []Mark // of text
	key     key
}

// key stands for all that is known of a sentence: equal keys, the same sentence.
type key [16]byte

// analysed is a report with its labels and sentences.
type analysed struct {
	report    corpus.Report
	labels    []corpus.Assertion
	about     Metadata
	unread    bool // it has text, and none of it to label
	sentences []sentence
	hash      key   // of all that the report's row is made of
	problem   error // of the stream, in place of a report
}

// analyst labels a report and cuts it into sentences.
type analyst struct {
	labels *labeler.Labeler // decides the labels of a report
	marks  *labeler.Labeler // reads every section that is worth labelling
}

func newAnalyst(opts labeler.Options) (*analyst, error) {
	labels, err := labeler.New(opts)
	if err != nil {
		return nil, err
	}
	marks, err := labels.Of("all")
	if err != nil {
		return nil, err
	}
	if opts.Section == "all" && len(opts.Exceptions) == 0 {
		marks = labels
	}
	return &analyst{labels, marks}, nil
}

func (a *analyst) analyse(r *analysed) {
	result := a.labels.Label(r.report)
	r.unread = len(result.Labelled) == 0 && strings.TrimSpace(r.report.Text) != ""
	if r.labels == nil {
		r.labels = make([]corpus.Assertion, len(result.Labels))
		for i, l := range result.Labels {
			r.labels[i] = l.Assertion
		}
	}
	if a.marks != a.labels {
		result = a.marks.Label(r.report)
	}
	r.sentences = sentencesOf(result)
}

// sentencesOf cuts every section into its sentences, with the marks in them.
func sentencesOf(r labeler.Result) []sentence {
	marks := map[int][]Mark{}
	for _, l := range r.Labels {
		for _, e := range l.Evidence {
			marks[e.Sentence.Start] = append(marks[e.Sentence.Start], Mark{
				Observation: l.Observation, Assertion: e.Assertion, Rule: e.Rule, Cue: e.Cue,
				Mention: e.Mention, CueSpan: e.CueSpan,
			})
		}
	}
	var all []sentence
	var spans []corpus.Span
	for _, s := range r.Sections {
		spans = segment.Sentences(spans[:0], r.Report.Text, s.Span)
		for _, span := range spans {
			one := sentence{section: s.Name, text: oneLine(span.In(r.Report.Text)), start: span.Start, marks: marks[span.Start]}
			for i := range one.marks {
				m := &one.marks[i]
				m.Mention = inLine(r.Report.Text, span, m.Mention)
				m.CueSpan = inLine(r.Report.Text, span, m.CueSpan)
			}
			one.key = one.makeKey()
			all = append(all, one)
		}
		clear(spans)
	}
	return all
}

func (s *sentence) makeKey() key {
	var b []byte
	b = append(b, s.section...)
	b = append(b, 0)
	b = append(b, s.text...)
	for _, m := range s.marks {
		b = append(b, 0)
		b = append(b, m.Observation...)
		b = append(b, 0)
		b = append(b, m.Rule...)
		b = append(b, 0)
		b = append(b, m.Cue...)
		b = append(b, 0, byte(m.Assertion))
		for _, n := range []int{m.Mention.Start, m.Mention.End, m.CueSpan.Start, m.CueSpan.End} {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	sum := sha256.Sum256(b)
	return key(sum[:16])
}

// oneLine makes every run of blanks and line ends one blank.
func oneLine(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && i+1 < len(s) && s[i+1] == ' ' {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s
}

// inLine gives a span of the report as one of a sentence's one line; empty where
// it is not within the sentence.
func inLine(text string, sentence, span corpus.Span) corpus.Span {
	if span.Empty() || !sentence.Contains(span) {
		return corpus.Span{}
	}
	before := text[sentence.Start:span.Start]
	trimmed := strings.TrimRightFunc(before, unicode.IsSpace)
	start := len(oneLine(trimmed))
	if len(trimmed) < len(before) {
		start++
	}
	return corpus.Span{Start: start, End: start + len(oneLine(span.In(text)))}
}

// placesOf gives where each byte of a sentence's one line of so many bytes stands in
// the report, in which the sentence starts at start; the last is where it ends.
func placesOf(text string, start, length int) []int {
	places := make([]int, 0, length+1)
	at := start
	for len(places) < length && at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if unicode.IsSpace(r) {
			places = append(places, at) // all that follow are of the same blank
			for at < len(text) && unicode.IsSpace(r) {
				at += size
				r, size = utf8.DecodeRuneInString(text[at:])
			}
			continue
		}
		for range size {
			places = append(places, at)
			at++
		}
	}
	for len(places) <= length {
		places = append(places, at)
	}
	return places
}

// batchOfReports is how many reports a worker takes at a time.
const batchOfReports = 64

type batch struct {
	reports []analysed
	done    chan struct{}
}

// analyseAll analyses a stream of reports on a worker a core, and gives them in
// their order. A problem of the stream stands at its place.
func (a *analyst) analyseAll(ctx context.Context, reports iter.Seq[analysed]) iter.Seq[analysed] {
	return func(yield func(analysed) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var wait sync.WaitGroup
		defer wait.Wait()
		defer cancel()
		workers := runtime.GOMAXPROCS(0)
		work, order := make(chan *batch), make(chan *batch, 2*workers)
		wait.Go(func() {
			defer close(order)
			defer close(work)
			cut(ctx, reports, work, order)
		})
		for range workers {
			wait.Go(func() {
				for b := range work {
					for i, r := range b.reports {
						if r.problem == nil {
							a.analyse(&b.reports[i])
						}
					}
					close(b.done)
				}
			})
		}
		for b := range order {
			select {
			case <-b.done:
			case <-ctx.Done():
				return
			}
			for _, r := range b.reports {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// cut makes batches of a stream and hands each to the workers and, in order, to
// the one who waits for them.
func cut(ctx context.Context, reports iter.Seq[analysed], work, order chan<- *batch) {
	b := &batch{done: make(chan struct{})}
	send := func() bool {
		for _, to := range []chan<- *batch{order, work} {
			select {
			case to <- b:
			case <-ctx.Done():
				return false
			}
		}
		b = &batch{done: make(chan struct{})}
		return true
	}
	for r := range reports {
		b.reports = append(b.reports, r)
		if len(b.reports) == batchOfReports && !send() {
			return
		}
	}
	if len(b.reports) > 0 {
		send()
	}
}
