package index

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
)

// apply puts a suggestion into its query.
func (s Suggestion) apply(query string) string { return query[:s.Start] + s.Text + query[s.End:] }

func TestSuggest(t *testing.T) {
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(1, 2)), 60), WriteOptions{Metadata: map[string]Metadata{
		"50000000": {Split: "train"}, "50000001": {Split: "test set"},
	}})
	for _, test := range []struct {
		query string // | is the cursor
		want  string // the first suggestions, put into the query
	}{
		{"|", ""},
		{"pneumoth|", "pneumothorax:; pneumothorax"},
		{"effu|", "pleural_effusion:; effusion; effusions"},
		{"-effu| tube", "-pleural_effusion: tube; -effusion tube; -effusions tube"},
		{"pleural_effusion:|", "pleural_effusion:positive; pleural_effusion:uncertain; pleural_effusion:negative; pleural_effusion:unmentioned"},
		{"Pleural-Effusion:n|", "Pleural-Effusion:negative; Pleural-Effusion:uncertain; Pleural-Effusion:unmentioned; Pleural-Effusion:mentioned"},
		{"edema:un|mentioned no", "edema:uncertain no; edema:unmentioned no"},
		{"ede|:positive", "edema:positive; edema:positive"}, // the field, the word
		{"edema:(positive OR unc|)", "edema:(positive OR uncertain)"},
		{"section:imp|", "section:impression"},
		{"section:(impression find|", "section:(impression findings"},
		{"impression:no (ede|", "impression:no (edema:; impression:no (edema"},
		{"impression:(tub|", "impression:(tube"},
		{"rule:effusion|", "rule:pleural-effusion.effusion; rule:pleural-effusion.listed; rule:pleural-effusion.fluid-alone; rule:pleural-effusion.fluid"},
		{`split:|`, `split:"test set"; split:train`},
		{`split:"te|`, `split:"test set"`},
		{`split:"te|st" no`, `split:"test set" no`},
		{`"no ple|"`, `"no pleural"`},
		{`"no pleural" ple|`, `"no pleural" pleural_effusion:; "no pleural" pleural_other:; "no pleural" pleural`},
		{`same-|`, "same-sentence("},
		{`same-sentence(sp|`, ""},
		{`same-sentence (split|`, ""},
		{`same-sentence(no) spl|`, "same-sentence(no) split:"},
		{`pneumotorax|`, "pneumothorax:"},
		{"/tub|", ""},
		{"date:[tub|", ""},
		{"date:[2150 TO 2151] tub|", "date:[2150 TO 2151] tube"},
		{"id:5|", ""},
		{"tub*e|", ""},
		{`tu\|`, ""},
		{"nothinglike:|", ""},
	} {
		cursor := strings.IndexByte(test.query, '|')
		query := strings.Replace(test.query, "|", "", 1)
		var got []string
		for _, s := range x.Suggest(query, cursor, 4) {
			got = append(got, s.apply(query))
		}
		assert.Equal(t, test.want, strings.Join(got, "; "), test.query)
	}
	assert.Len(t, x.Suggest("p", 1, 3), 3)
	assert.Empty(t, x.Suggest("p", 1, -1))
	first := x.Suggest("no", 2, 3)[1]
	assert.Equal(t, SuggestWord, first.Kind)
	assert.Positive(t, first.Sentences)
}

// A suggestion that is taken is part of a query that is understood, as far as it
// goes; and every word and value is one that finds something.
func TestSuggestionsAreUnderstood(t *testing.T) {
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(5, 2)), 60), WriteOptions{})
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SampledFrom([]string{"", "no ", "-", "(tube OR ", "same-sentence(", `"no effusion" `, "edema:(positive OR negative) "}).Draw(t, "before")
		typed := rapid.SampledFrom([]string{"p", "e", "pl", "no", "s", "rule:", "cue:neg", "section:", "edema:", "impression:", "findings:t", "text:e", "v", "d"}).Draw(t, "typed")
		query := before + typed
		all := x.Suggest(query, len(query), 30)
		if len(all) == 0 {
			return
		}
		s := rapid.SampledFrom(all).Draw(t, "suggestion")
		taken := s.apply(query)
		switch s.Kind {
		case SuggestField:
			next := x.Suggest(taken, len(taken), 1)
			if len(next) == 0 {
				return // of anything
			}
			taken = next[0].apply(taken)
		case SuggestFunction:
			taken += "no"
		}
		taken += strings.Repeat(")", strings.Count(taken, "(")-strings.Count(taken, ")"))
		if _, err := x.Parse(taken); strings.Contains(taken, "same-sentence(") && strings.Count(taken, "same-sentence(") > 1 {
			return
		} else {
			require.NoError(t, err, "%q from %q", taken, query)
		}
		if s.Kind == SuggestWord && before == "" && typed != "text:e" && !strings.Contains(typed, ":") {
			q, err := x.Parse(s.Text)
			require.NoError(t, err)
			found, err := x.Search(context.Background(), q, Options{Match: Exact})
			require.NoError(t, err)
			assert.Positive(t, found.Total, s.Text)
		}
	})
}

func FuzzSuggest(f *testing.F) {
	x := written(f, f.TempDir(), madeUp(rand.New(rand.NewPCG(1, 2)), 20), WriteOptions{})
	for _, q := range documented {
		f.Add(q, len(q)/2)
		f.Add(q, len(q))
	}
	f.Add("ü", 1)
	f.Fuzz(func(t *testing.T, query string, cursor int) {
		for _, s := range x.Suggest(query, cursor, 20) {
			require.True(t, 0 <= s.Start && s.Start <= s.End && s.End <= len(query), "%+v", s)
			require.True(t, s.Start <= cursor, "%+v", s)
			require.True(t, utf8.ValidString(s.apply(query)))
		}
	})
}

// The counts of rules and cues are those of labelling every section of every report.
func TestFiring(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(7, 8)), 60)
	x := written(t, t.TempDir(), reports, WriteOptions{})
	got, err := x.Firing(t.Context())
	require.NoError(t, err)

	l, err := labeler.New(labeler.Options{Section: "all"})
	require.NoError(t, err)
	want := Firing{map[string]Fired{}, map[string]Fired{}}
	count := func(in map[string]Fired, mentions map[string]int) {
		for id, n := range mentions {
			if id != "" {
				in[id] = Fired{in[id].Mentions + n, in[id].Reports + 1}
			}
		}
	}
	for _, r := range reports {
		type mention struct {
			rule string
			corpus.Span
		}
		seen := map[mention]bool{}
		rules, cues := map[string]int{}, map[string]int{}
		for _, label := range l.Label(r).Labels {
			for _, e := range label.Evidence {
				if m := (mention{e.Rule, e.Mention}); !seen[m] {
					seen[m] = true
					rules[e.Rule]++
					cues[e.Cue]++
				}
			}
		}
		count(want.Rules, rules)
		count(want.Cues, cues)
	}
	assert.Equal(t, want, got)
	assert.NotEmpty(t, got.Cues)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = x.Firing(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

// Reports come out as they went in, with sections where a table gave them.
func TestTexts(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(7, 9)), 70)
	table := corpus.Report{ID: "table", Text: "Mild edema.\nNo change.", Sections: []corpus.Section{
		{Name: "findings", Span: corpus.Span{Start: 0, End: 11}}, {Name: "impression", Span: corpus.Span{Start: 12, End: 22}}}}
	x := written(t, t.TempDir(), append(reports, table), WriteOptions{})
	splitter, err := segment.NewSplitter(chexpert().Sections, chexpert().Policy)
	require.NoError(t, err)
	n := 0
	for r, err := range x.Texts(t.Context(), splitter.Split) {
		require.NoError(t, err)
		if n++; r.ID == "table" {
			require.Len(t, r.Sections, 2)
			assert.Equal(t, "findings", r.Sections[0].Name)
			assert.Equal(t, table.Sections[1].Span, r.Sections[1].Span)
			continue
		}
		i := int(mustRow(t, r.ID))
		require.Equal(t, corpus.Report{ID: reports[i].ID, Study: reports[i].Study, Subject: reports[i].Subject, Text: reports[i].Text}, r)
	}
	assert.Equal(t, 71, n)
}

func mustRow(t *testing.T, id string) int64 {
	var n int64
	for _, c := range id {
		n = n*10 + int64(c-'0')
	}
	require.GreaterOrEqual(t, n, int64(50000000), id)
	return n - 50000000
}
