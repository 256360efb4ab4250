package labeler_test

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/labeler"
)

// realData gives the path of a file of the development data, which the project
// does not hold, or skips the test.
func realData(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("RADLABEL_DATA")
	if dir == "" {
		t.Skip("RADLABEL_DATA is not set: no real reports to measure on")
	}
	return filepath.Join(dir, name)
}

// count is a two-by-two table without the true negatives.
type count struct{ tp, fp, fn int }

func (c *count) add(gold, predicted bool) {
	switch {
	case gold && predicted:
		c.tp++
	case predicted:
		c.fp++
	case gold:
		c.fn++
	}
}

func (c count) f1() float64 { return 2 * float64(c.tp) / float64(2*c.tp+c.fp+c.fn) }

// Floors of accuracy on OpenI reports with gold labels for findings and
// impression: micro F1 over the 13 observations with mentions.
func TestAccuracyOpenI(t *testing.T) {
	ctx := context.Background()
	sheet, err := gold.Load(ctx, realData(t, "openi/gold-chexpert14.csv"), gold.Options{})
	require.NoError(t, err)
	want := map[string]gold.Row{}
	for _, g := range sheet.All {
		want[g.ID] = g
	}
	reader, err := corpus.Open(ctx, []string{realData(t, "openi/reports.csv")}, corpus.Options{})
	require.NoError(t, err)
	l := newLabeler(t, labeler.Options{Section: "all"})
	var mention, positive, negation, uncertain count
	n, exact := 0, 0
	for result, err := range l.LabelAll(ctx, reader.Reports(ctx), 0) {
		var problem *corpus.Problem
		if errors.As(err, &problem) && !problem.Lost {
			continue
		}
		require.NoError(t, err)
		g, ok := want[result.Report.ID]
		if !ok {
			continue
		}
		n++
		same := true
		for i, got := range result.Labels {
			require.Equal(t, sheet.Observations[i], got.Observation)
			gold, got, o := g.Labels[i], got.Assertion, got.Observation
			same = same && gold == got
			if o == "No Finding" {
				continue
			}
			mention.add(gold != corpus.Unmentioned, got != corpus.Unmentioned)
			positive.add(gold == corpus.Positive, got == corpus.Positive)
			negation.add(gold == corpus.Negative, got == corpus.Negative)
			uncertain.add(gold == corpus.Uncertain, got == corpus.Uncertain)
		}
		if same {
			exact++
		}
	}
	require.Len(t, sheet.All, n)
	t.Logf("%d reports: micro F1 mention %.4f, positive %.4f, negation %.4f, uncertain %.4f; %.3f with all labels right",
		n, mention.f1(), positive.f1(), negation.f1(), uncertain.f1(), float64(exact)/float64(n))
	assert.GreaterOrEqual(t, mention.f1(), .99)
	assert.GreaterOrEqual(t, positive.f1(), .97)
	assert.GreaterOrEqual(t, negation.f1(), .99)
	assert.GreaterOrEqual(t, uncertain.f1(), .93)
}

// Floors on behavioural test sentences, over all and in each phenomenon.
func TestAccuracyChallenge(t *testing.T) {
	f, err := os.Open(realData(t, "challenge.tsv"))
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(t, err)
	l := newLabeler(t, labeler.Options{Section: "all"})
	type share struct{ right, all int }
	var total share
	by := map[string]*share{}
	for _, row := range rows[1:] {
		phenomenon, text, o := row[1], row[2], corpus.Observation(row[3])
		want, err := corpus.DecodeLabel(strings.TrimSpace(row[4]))
		require.NoError(t, err)
		p := cmp.Or(by[phenomenon], &share{})
		by[phenomenon] = p
		p.all++
		total.all++
		if label(l.Label(corpus.Report{Text: text}), o).Assertion == want {
			p.right++
			total.right++
		}
	}
	t.Logf("%d of %d rows right", total.right, total.all)
	assert.GreaterOrEqual(t, float64(total.right), .97*float64(total.all))
	for phenomenon, p := range by {
		assert.GreaterOrEqual(t, float64(p.right), .8*float64(p.all), phenomenon)
	}
}
