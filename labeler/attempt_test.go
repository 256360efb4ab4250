package labeler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

// attempted labels reports on several workers, and gives the ids of the results
// and the problems.
func attempted(t *testing.T, l *Labeler, reports ...corpus.Report) (ids []string, problems []*corpus.Problem) {
	stream := func(yield func(corpus.Report, error) bool) {
		for _, r := range reports {
			if !yield(r, nil) {
				return
			}
		}
	}
	for result, err := range l.LabelAll(context.Background(), iter.Seq2[corpus.Report, error](stream), 3) {
		var p *corpus.Problem
		switch {
		case err == nil:
			ids = append(ids, result.Report.ID)
		case errors.As(err, &p):
			assert.NotEmpty(t, result.Report.ID, "the problem comes with its report")
			problems = append(problems, p)
		default:
			require.NoError(t, err)
		}
	}
	return ids, problems
}

// A panic within one report is a problem of this report: it says where it came
// from, and nothing of the text.
func TestPanicIsAProblemOfOneReport(t *testing.T) {
	l, err := New(Options{})
	require.NoError(t, err)
	for range 2 {
		l.Label(corpus.Report{Text: "No effusion."})
	}
	l.analyzer = nil // what it has said twice is in the cache; what is new makes it panic
	var reports []corpus.Report
	for i := range 200 {
		r := corpus.Report{ID: fmt.Sprint(i), Text: "No effusion.", Place: corpus.Place{Path: "x.csv", Line: i + 2}}
		if i == 130 {
			r.Text = "A zebra."
		}
		reports = append(reports, r)
	}
	ids, problems := attempted(t, l, reports...)
	assert.Len(t, ids, 199)
	assert.NotContains(t, ids, "130")
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Lost)
	message := problems[0].Error()
	assert.Regexp(t, `^x\.csv:132: radlabel failed on the report "130" in [\w.()*]+ \(\w+\.go:\d+\); tell the project of this place in its code$`, message)
	assert.NotContains(t, message, "zebra")
}

// A report that takes longer than it may is told of; the others are labelled.
func TestReportThatTakesTooLong(t *testing.T) {
	l, err := New(Options{Section: "all", MaxTime: 20 * time.Millisecond, Cache: -1})
	require.NoError(t, err)
	long := strings.Repeat("Zebra stripes without effusion or edema, no new opacity. ", 20_000)
	start := time.Now()
	ids, problems := attempted(t, l,
		corpus.Report{ID: "a", Text: "No effusion."},
		corpus.Report{ID: "b", Text: long, Place: corpus.Place{Path: "b.txt"}},
		corpus.Report{ID: "c", Text: "No effusion."})
	took := time.Since(start)
	assert.Equal(t, []string{"a", "c"}, ids)
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Lost)
	assert.EqualError(t, problems[0], fmt.Sprintf(`b.txt: labelling the report "b", of %d bytes, took longer than 20ms; see what it holds, or give more --max-time`, len(long)))

	unbounded, err := New(Options{Section: "all", Cache: -1})
	require.NoError(t, err)
	start = time.Now()
	unbounded.Label(corpus.Report{ID: "b", Text: long})
	all := time.Since(start)
	assert.Less(t, took, all, "the bound ends the work")
	t.Logf("%s of %s", took, all)
}

// A report with mentions without end is told of, before they take the memory.
func TestReportOfTooManyMentions(t *testing.T) {
	l, err := New(Options{Section: "all"})
	require.NoError(t, err)
	most := strings.Repeat("Effusion. ", mostMentions)
	ids, problems := attempted(t, l,
		corpus.Report{ID: "a", Text: most},
		corpus.Report{ID: "b", Text: most + "Effusion. Clear.", Place: corpus.Place{Path: "b.txt"}},
		corpus.Report{ID: "c", Text: "No effusion."})
	assert.Equal(t, []string{"a", "c"}, ids)
	require.Len(t, problems, 1)
	assert.EqualError(t, problems[0], fmt.Sprintf(`b.txt: the report "b", of %d bytes, has more than 65536 mentions; see what it holds`, len(most)+16))
}

// So is one of sections without end.
func TestReportOfTooManySections(t *testing.T) {
	l, err := New(Options{})
	require.NoError(t, err)
	most := strings.Repeat("IMPRESSION:\n", mostSections)
	ids, problems := attempted(t, l,
		corpus.Report{ID: "a", Text: most},
		corpus.Report{ID: "b", Text: most + "FINDINGS: Clear.", Place: corpus.Place{Path: "b.txt"}},
		corpus.Report{ID: "c", Text: "No effusion."})
	assert.Equal(t, []string{"a", "c"}, ids)
	require.Len(t, problems, 1)
	assert.EqualError(t, problems[0], fmt.Sprintf(`b.txt: the report "b", of %d bytes, has more than 65536 sections; see what it holds`, len(most)+16))
}

// Of long reports few are under way at a time.
func TestFewLongReportsAreUnderWay(t *testing.T) {
	l, err := New(Options{})
	require.NoError(t, err)
	for _, test := range []struct{ bytes, most int }{{batchBytes, 8}, {batchBytes / 8, 64}} {
		given := 0
		stream := func(yield func(corpus.Report, error) bool) {
			text := strings.Repeat(" ", test.bytes)
			for given < 200 && yield(corpus.Report{ID: "a", Text: text}, nil) {
				given++
			}
		}
		for range l.LabelAll(t.Context(), stream, 2) {
			break
		}
		assert.LessOrEqual(t, given, test.most, "of %d bytes each", test.bytes)
	}
}

// When the context ends, so does the report that is being labelled, and its batch:
// what comes out until then is whole.
func TestAttemptsEndWithTheContext(t *testing.T) {
	l, err := New(Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := l.Attempt(ctx, corpus.Report{ID: "a", Text: "No effusion."})
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, result.Labels)
	for _, text := range []string{strings.Repeat("X Y Z:\n", 100), strings.Repeat("Heart: normal. ", 100)} { // which take long to be cut
		result, err := l.labelWithin(&bounds{done: ctx.Done()}, corpus.Report{ID: "a", Text: text})
		require.ErrorIs(t, err, errDone)
		assert.Nil(t, result.Sections)
	}

	for after := range 3 * batchSize {
		ctx, cancel := context.WithCancel(t.Context())
		stream := func(yield func(corpus.Report, error) bool) {
			for i := range 6 * batchSize {
				if i == after {
					cancel()
				}
				if !yield(corpus.Report{ID: "a", Text: "No effusion."}, nil) {
					return
				}
			}
		}
		var end error
		for result, err := range l.LabelAll(ctx, stream, 2) {
			if end = err; err == nil {
				require.Len(t, result.Labels, len(l.Observations()))
			}
		}
		require.ErrorIs(t, end, context.Canceled)
	}
}
