package relabel

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// changed is chexpert without the cue that makes a possible finding uncertain.
func changed(t *testing.T) *labeler.Labeler {
	set, err := rules.Load(fstest.MapFS{"ruleset.yaml": {Data: []byte("ruleset: mine\nextends: chexpert\ndisable: [hedge.possible]\n")}})
	require.NoError(t, err)
	l, err := labeler.New(labeler.Options{Rules: set})
	require.NoError(t, err)
	return l
}

func chexpert(t *testing.T) *labeler.Labeler {
	l, err := labeler.New(labeler.Options{})
	require.NoError(t, err)
	return l
}

func texts(n int) (rows []gold.Row) {
	for i := range n {
		text := []string{"Possible edema.", "No fracture.", "Small effusion, possible pneumonia.", ""}[i%4]
		rows = append(rows, gold.Row{ID: fmt.Sprint(i), Text: text})
	}
	return rows
}

func TestDiff(t *testing.T) {
	old, new := chexpert(t), changed(t)
	d := eval.NewDiff(old.Observations(), new.Observations(), 2)
	var told []int
	d.Progress = func(reports int) { told = append(told, reports) }
	failed, err := Diff(t.Context(), d, OfRows(texts(200)), old, new)
	require.NoError(t, err)
	assert.Zero(t, failed)
	assert.Equal(t, 150, d.Reports)
	assert.Equal(t, 150, told[len(told)-1])
	assert.IsNonDecreasing(t, told)
	shifts := d.Shifts()
	require.Len(t, shifts, 2)
	for _, s := range shifts {
		assert.Equal(t, [2]corpus.Assertion{corpus.Uncertain, corpus.Positive}, [2]corpus.Assertion{s.Old, s.New})
		assert.Equal(t, 50, s.Labels)
		require.Len(t, s.Examples, 2)
		assert.Equal(t, "hedge.possible", s.Examples[0].OldWhy[0].Cue)
		assert.Empty(t, s.Examples[0].NewWhy[0].Cue)
	}
}

// The reports of an index are labelled as they were when it was made.
func TestDiffOfIndex(t *testing.T) {
	dir := t.TempDir()
	reports := func(yield func(corpus.Report, error) bool) {
		for _, row := range texts(100) {
			if !yield(corpus.Report{ID: row.ID, Text: row.Text}, nil) {
				return
			}
		}
		yield(corpus.Report{ID: "table", Text: "Edema. Possible fracture.", Sections: []corpus.Section{
			{Name: "findings", Span: corpus.Span{End: 6}}, {Name: "impression", Span: corpus.Span{Start: 7, End: 25}}}}, nil)
	}
	_, err := index.Write(t.Context(), dir, reports, index.WriteOptions{})
	require.NoError(t, err)
	x, err := index.Open(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	explainer := Explainer{Origin: x.Origin()}
	old := explainer.Labeler()
	require.NotNil(t, old)
	all, err := OfIndex(x, old.Rules())
	require.NoError(t, err)

	n := 0
	for r, err := range all(t.Context()) {
		require.NoError(t, err)
		d, ok, err := x.Document(t.Context(), r.ID, index.Query{}, 0)
		require.True(t, ok)
		require.NoError(t, err)
		for i, l := range old.Label(r).Labels {
			require.Equal(t, d.Labels[i], l.Assertion, "%s of %s", l.Observation, r.ID)
		}
		n++
	}
	assert.Equal(t, x.Reports(), n)
	new := changed(t)
	d := eval.NewDiff(old.Observations(), new.Observations(), 1)
	_, err = Diff(t.Context(), d, all, old, new)
	require.NoError(t, err)
	assert.Equal(t, x.Reports(), d.Reports)
	assert.Equal(t, 51, d.Changed, "of the table's report the impression is labelled")
}

func TestDiffEndsEarly(t *testing.T) {
	old, new := chexpert(t), changed(t)
	ctx, cancel := context.WithCancel(t.Context())
	d := eval.NewDiff(old.Observations(), new.Observations(), 1)
	d.Progress = func(reports int) {
		if reports == 70 {
			cancel()
		}
	}
	_, err := Diff(ctx, d, OfRows(texts(4000)), old, new)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, d.Reports, 3000)

	broken := func(context.Context) iter.Seq2[corpus.Report, error] {
		return func(yield func(corpus.Report, error) bool) { yield(corpus.Report{}, fmt.Errorf("damaged")) }
	}
	_, err = Diff(t.Context(), eval.NewDiff(old.Observations(), new.Observations(), 1), broken, old, new)
	assert.EqualError(t, err, "damaged")
}
