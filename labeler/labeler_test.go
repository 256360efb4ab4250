package labeler_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

const testdata = "../testdata"

func newLabeler(t testing.TB, opts labeler.Options) *labeler.Labeler {
	t.Helper()
	l, err := labeler.New(opts)
	require.NoError(t, err)
	return l
}

// table reads a file of testdata with a header row as one map a row.
func table(t testing.TB, name string, comma rune) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata, name))
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = comma, comma == '\t'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	var all []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		all = append(all, m)
	}
	return all
}

func label(r labeler.Result, o corpus.Observation) labeler.Label {
	for _, l := range r.Labels {
		if l.Observation == o {
			return l
		}
	}
	return labeler.Label{Observation: o, Reason: "no such observation"}
}

// reports reads the shipped reports in MIMIC-CXR's layout.
func reports(t testing.TB) []corpus.Report {
	t.Helper()
	reader, err := corpus.Open(context.Background(), []string{filepath.Join(testdata, "reports")}, corpus.Options{})
	require.NoError(t, err)
	var all []corpus.Report
	for r, err := range reader.Reports(context.Background()) {
		var problem *corpus.Problem
		if errors.As(err, &problem) && !problem.Lost {
			continue
		}
		require.NoError(t, err)
		all = append(all, r)
	}
	require.NotEmpty(t, all)
	return all
}

// Every sentence of testdata has the label that docs/labels.md gives it.
func TestSentences(t *testing.T) {
	for ruleset, file := range map[string]string{"chexpert": "sentences.tsv", "chestxray14": "chestxray14.tsv"} {
		set, err := rules.Embedded(ruleset)
		require.NoError(t, err)
		l := newLabeler(t, labeler.Options{Rules: set, Section: "all"})
		for _, row := range table(t, file, '\t') {
			want, err := corpus.DecodeLabel(row["label"])
			require.NoError(t, err, row["id"])
			require.Contains(t, set.Observations, corpus.Observation(row["observation"]), row["id"])
			got := label(l.Label(corpus.Report{ID: row["id"], Text: row["text"]}), corpus.Observation(row["observation"]))
			assert.Equal(t, want.String(), got.Assertion.String(), "%s (%s): %s: %s: %+v %s", row["id"], row["kind"], row["text"], row["observation"], got.Evidence, got.Reason)
		}
	}
}

// What both sets label alike they find alike: an unlabelled observation leaves
// everything else as it is.
func TestSharedObservations(t *testing.T) {
	set, err := rules.Embedded("chestxray14")
	require.NoError(t, err)
	chexpert, nih := newLabeler(t, labeler.Options{Section: "all"}), newLabeler(t, labeler.Options{Rules: set, Section: "all"})
	for _, r := range reports(t) {
		a, b := chexpert.Label(r), nih.Label(r)
		for _, o := range []corpus.Observation{"Pneumothorax", "Consolidation"} {
			if one := label(a, o); one.Assertion != corpus.Uncertain { // which chestxray14 has other conventions for
				assert.Equal(t, one, label(b, o), r.Study)
			}
		}
	}
}

// Every report of testdata has its gold labels, by MIMIC-CXR's policy and over
// all sections.
func TestGold(t *testing.T) {
	for _, tt := range []struct{ section, gold string }{{"auto", "gold.csv"}, {"all", "gold-all.csv"}} {
		t.Run(tt.section, func(t *testing.T) {
			l := newLabeler(t, labeler.Options{Section: tt.section})
			gold := map[string]map[string]string{}
			for _, row := range table(t, tt.gold, ',') {
				gold[row["study_id"]] = row
			}
			all := reports(t)
			assert.Len(t, gold, len(all))
			for _, r := range all {
				for _, got := range l.Label(r).Labels {
					want, err := corpus.DecodeLabel(gold[r.Study][string(got.Observation)])
					require.NoError(t, err)
					assert.Equal(t, want.String(), got.Assertion.String(), "%s: %s: %s", r.Study, got.Observation, describe(r, got))
				}
			}
		})
	}
}

func describe(r corpus.Report, l labeler.Label) string {
	var b strings.Builder
	for _, e := range l.Evidence {
		fmt.Fprintf(&b, "[%s %s %q: %s] ", e.Rule, e.Cue, e.Mention.In(r.Text), e.Sentence.In(r.Text))
	}
	return b.String() + l.Reason
}

// checkSpans asserts the invariant of offsets: spans lie in the text, on the
// borders of runes, the mention within its sentence.
func checkSpans(t require.TestingT, r labeler.Result) {
	n := len(r.Report.Text)
	within := func(s corpus.Span) bool { return 0 <= s.Start && s.Start <= s.End && s.End <= n }
	for _, l := range r.Labels {
		for _, e := range l.Evidence {
			for _, s := range []corpus.Span{e.Sentence, e.Mention, e.CueSpan, e.Scope} {
				require.True(t, within(s), "%s: span %v of a text of %d bytes", l.Observation, s, n)
			}
			require.True(t, e.Sentence.Contains(e.Mention), "%s: mention %v outside sentence %v", l.Observation, e.Mention, e.Sentence)
			require.False(t, e.Mention.Empty())
			if e.Cue != "" {
				require.True(t, e.Sentence.Contains(e.CueSpan) && e.Sentence.Contains(e.Scope))
			}
		}
	}
}

// stream gives the reports n times.
func stream(all []corpus.Report, n int) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for range n {
			for _, r := range all {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func digest(t testing.TB, seq iter.Seq2[labeler.Result, error]) string {
	t.Helper()
	var b strings.Builder
	for r, err := range seq {
		require.NoError(t, err)
		line, err := json.Marshal(r)
		require.NoError(t, err)
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// The same input gives the same results in the same order, whatever the number
// of workers and the cache.
func TestSameForAnyWorkersAndCache(t *testing.T) {
	all := reports(t)
	want := digest(t, newLabeler(t, labeler.Options{}).LabelAll(context.Background(), stream(all, 3), 1))
	require.Equal(t, 3*len(all), strings.Count(want, "\n"))
	for _, cache := range []int{0, -1, 1, 100} {
		for _, workers := range []int{1, 2, 8} {
			l := newLabeler(t, labeler.Options{Cache: cache})
			assert.Equal(t, want, digest(t, l.LabelAll(context.Background(), stream(all, 3), workers)), "cache %d, %d workers", cache, workers)
		}
	}
}

func TestLabelAllPassesErrorsAtTheirPlace(t *testing.T) {
	l := newLabeler(t, labeler.Options{})
	bad := errors.New("bad")
	in := func(yield func(corpus.Report, error) bool) {
		for i := range 300 {
			if i == 150 {
				if !yield(corpus.Report{}, bad) {
					return
				}
				continue
			}
			if !yield(corpus.Report{ID: fmt.Sprint(i), Text: "No effusion."}, nil) {
				return
			}
		}
	}
	i := 0
	for r, err := range l.LabelAll(context.Background(), in, 3) {
		if i == 150 {
			assert.ErrorIs(t, err, bad)
		} else {
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprint(i), r.Report.ID)
		}
		i++
	}
	assert.Equal(t, 300, i)
}

func TestLabelAllStops(t *testing.T) {
	l := newLabeler(t, labeler.Options{})
	forever := func(yield func(corpus.Report, error) bool) {
		for yield(corpus.Report{Text: "No effusion."}, nil) {
		}
	}
	n := 0
	for range l.LabelAll(context.Background(), forever, 2) {
		if n++; n == 1000 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range l.LabelAll(ctx, forever, 2) {
		cancel()
		last = err
	}
	assert.ErrorIs(t, last, context.Canceled)
}

// Positive > Uncertain > Negative > Unmentioned over all mentions: permuting or
// repeating the sentences of a report changes no label.
func TestAggregationIgnoresOrderAndRepetition(t *testing.T) {
	l := newLabeler(t, labeler.Options{Section: "all"})
	sentences := []string{
		"No effusion.", "Possible effusion.", "Small left effusion.", "No pneumothorax.", "Heart size is normal.", "The heart is enlarged.",
		"Findings suggest heart failure.", "The feeding tube was removed overnight.", "A right PICC is in place.", "Scoliosis.", "Lungs are clear.",
	}
	assertions := func(text []string) string {
		var b strings.Builder
		for _, l := range l.Label(corpus.Report{Text: strings.Join(text, " ")}).Labels {
			fmt.Fprintf(&b, "%s=%s ", l.Observation, l.Assertion)
		}
		return b.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.SampledFrom(sentences), 1, 8).Draw(t, "sentences")
		shuffled := rapid.Permutation(append(some[:len(some):len(some)], some[0])).Draw(t, "shuffled")
		assert.Equal(t, assertions(some), assertions(shuffled))
	})
}

func TestBlanksHaveReasons(t *testing.T) {
	l := newLabeler(t, labeler.Options{})
	for _, tt := range []struct{ name, text, reason string }{
		{"empty", " \n", "empty text"},
		{"no section to label", "INDICATION: Cough.\n", "section not labelled"},
		{"no mention", "IMPRESSION: Clear lungs.\n", "no mention"},
		{"excluded", "IMPRESSION: History of pneumonia.\n", "mention excluded by exclusion.history"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := label(l.Label(corpus.Report{Text: tt.text}), "Pneumonia")
			assert.Equal(t, corpus.Unmentioned, got.Assertion)
			assert.Equal(t, tt.reason, got.Reason)
		})
	}
}

func TestCompat(t *testing.T) {
	report := corpus.Report{Text: "No effusion. Possible effusion. Small effusion. Scoliosis."}
	ours := newLabeler(t, labeler.Options{Section: "all"}).Label(report)
	assert.Equal(t, corpus.Positive, label(ours, "Pleural Effusion").Assertion)
	theirs := newLabeler(t, labeler.Options{Section: "all", Compat: labeler.Compat{Aggregation: true}}).Label(report)
	assert.Equal(t, corpus.Uncertain, label(theirs, "Pleural Effusion").Assertion)

	report.Text = "Scoliosis."
	assert.Equal(t, corpus.Unmentioned, label(newLabeler(t, labeler.Options{Section: "all"}).Label(report), "No Finding").Assertion)
	compat := newLabeler(t, labeler.Options{Section: "all", Compat: labeler.Compat{NoFinding: true}})
	assert.Equal(t, corpus.Positive, label(compat.Label(report), "No Finding").Assertion)
}

func TestExceptions(t *testing.T) {
	text := "FINDINGS: Small effusion.\n \n IMPRESSION: No pneumothorax.\n"
	start := strings.Index(text, "effusion")
	l := newLabeler(t, labeler.Options{Exceptions: map[string]corpus.Exception{
		"50000001": {Section: "findings"},
		"50000002": {Span: corpus.Span{Start: start, End: start + len("effusion")}},
		"50000003": {Span: corpus.Span{Start: start, End: len(text) + 1}},
	}})
	for _, tt := range []struct {
		study    string
		effusion corpus.Assertion
		use      labeler.ExceptionUse
	}{
		{"50000001", corpus.Positive, labeler.ExceptionUsed},
		{"50000002", corpus.Positive, labeler.ExceptionUsed},
		{"50000003", corpus.Unmentioned, labeler.ExceptionOutside}, // the policy chooses
		{"50000004", corpus.Unmentioned, labeler.NoException},
	} {
		result := l.Label(corpus.Report{ID: tt.study, Study: tt.study, Text: text})
		assert.Equal(t, tt.effusion, label(result, "Pleural Effusion").Assertion, tt.study)
		assert.Equal(t, tt.use, result.Exception, tt.study)
	}
	_, err := labeler.New(labeler.Options{Exceptions: map[string]corpus.Exception{"50000001": {Section: "findngs"}}})
	assert.ErrorContains(t, err, "50000001")
}

// Evidence shows what a cue excludes, and says why it makes no label.
func TestExcludedMentionsAreShown(t *testing.T) {
	l := newLabeler(t, labeler.Options{Section: "all"})
	r := l.Label(corpus.Report{Text: "History of pneumonia. No CHF."})
	pneumonia := label(r, "Pneumonia")
	assert.Equal(t, "mention excluded by exclusion.history", pneumonia.Reason)
	if assert.Len(t, pneumonia.Evidence, 1) {
		assert.Equal(t, corpus.Unmentioned, pneumonia.Evidence[0].Assertion)
	}
	assert.Equal(t, "mention is negative, which cardiomegaly.heart-failure does not record", label(r, "Cardiomegaly").Reason)
}

// The longest sentence that the segmenter leaves whole takes no time to speak
// of, whatever lists it holds: four times the list may not take fifty times
// the time (a fourth power takes 256), in each of several tries.
func TestLongLists(t *testing.T) {
	l := newLabeler(t, labeler.Options{Section: "all", Cache: -1})
	for _, item := range []string{"effusion or edema, ", "effusion/edema ", "no effusion, ", "likely edema, ", "possible mass versus edema and ", "heart normal, ", "(edema or "} {
		measure := func(n int) time.Duration {
			text := strings.Repeat(item, n/len(item))
			best := time.Hour
			for range 3 {
				start := time.Now()
				l.Label(corpus.Report{Text: text})
				best = min(best, time.Since(start))
			}
			return best
		}
		var small, large time.Duration
		for range 5 {
			if small, large = measure(1000), measure(4000); large < 50*small {
				break
			}
		}
		assert.Less(t, large, 50*small, item)
	}
}

// A labeler of other sections labels as one that was made for them, whatever either
// has labelled before.
func TestOf(t *testing.T) {
	auto, err := labeler.New(labeler.Options{Exceptions: map[string]corpus.Exception{"1": {Section: "findings"}}})
	require.NoError(t, err)
	all, err := auto.Of("all")
	require.NoError(t, err)
	made, err := labeler.New(labeler.Options{Section: "all"})
	require.NoError(t, err)
	plain, err := labeler.New(labeler.Options{})
	require.NoError(t, err)
	again, err := all.Of("")
	require.NoError(t, err)
	r := corpus.Report{ID: "1", Text: "FINDINGS: No effusion.\n\nIMPRESSION: Possible edema. No effusion.\n"}
	for range 2 {
		require.Equal(t, made.Label(r), all.Label(r))
		require.Equal(t, plain.Label(r), again.Label(r))
		require.Equal(t, labeler.ExceptionUsed, auto.Label(r).Exception)
	}
	_, err = auto.Of("nowhere")
	require.ErrorContains(t, err, "nowhere")
}

// Without evidence the labels are the same.
func TestBrief(t *testing.T) {
	for _, compat := range []labeler.Compat{{}, {Aggregation: true, NoFinding: true}} {
		full := newLabeler(t, labeler.Options{Section: "all", Compat: compat})
		brief := full.Brief()
		with, err := brief.With(full.Rules())
		require.NoError(t, err)
		evidence := 0
		for _, r := range append(reports(t), corpus.Report{}) {
			want := full.Label(r)
			for i := range want.Labels {
				evidence += len(want.Labels[i].Evidence)
				want.Labels[i].Evidence, want.Labels[i].Reason = nil, ""
			}
			assert.Equal(t, want, brief.Label(r))
			assert.Equal(t, want, with.Label(r))
		}
		assert.Positive(t, evidence)
	}
}

func TestUnknownSection(t *testing.T) {
	_, err := labeler.New(labeler.Options{Section: "imprecision"})
	assert.ErrorContains(t, err, "imprecision")
}

// Whatever is labelled, offsets hold.
func FuzzLabel(f *testing.F) {
	l := newLabeler(f, labeler.Options{Section: "all"})
	for _, s := range []string{"IMPRESSION: 1.No effusion,or (small) PTX;\n2)isn't. \xff“ETT” removed", "", "Ⱥ's heart is enlarged/normal"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkSpans(t, l.Label(corpus.Report{ID: "x", Text: text}))
	})
}

func TestSpansOfShippedReports(t *testing.T) {
	for _, section := range []string{"auto", "all"} {
		l := newLabeler(t, labeler.Options{Section: section})
		for _, r := range reports(t) {
			checkSpans(t, l.Label(r))
		}
	}
}

// A program that imports the labeler links no index, command line, screen or web server.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, unwanted := range []string{"github.com/blevesearch/bleve", "github.com/spf13/cobra", "net/http", "charm.land", "github.com/charmbracelet"} {
		for dep := range strings.Lines(string(out)) {
			assert.False(t, strings.HasPrefix(dep, unwanted), "labeler depends on %s", dep)
		}
	}
}

func BenchmarkLabel(b *testing.B) {
	all := reports(b)
	for _, bm := range []struct {
		name  string
		cache int
	}{{"cached", 0}, {"uncached", -1}} {
		b.Run(bm.name, func(b *testing.B) {
			l := newLabeler(b, labeler.Options{Cache: bm.cache})
			var n int64
			for i := 0; b.Loop(); i++ {
				r := all[i%len(all)]
				n += int64(len(r.Text))
				l.Label(r)
			}
			b.SetBytes(n / int64(b.N))
		})
	}
}

// MIMIC-CXR's policy labels the text that testdata says it does.
func TestLabelledText(t *testing.T) {
	want := map[string]map[string]string{}
	for _, row := range table(t, "labelled-text.csv", ',') {
		want[row["study_id"]] = row
	}
	l := newLabeler(t, labeler.Options{})
	for _, r := range reports(t) {
		row := want[r.Study]
		labelled := l.Label(r).Labelled
		if row["section"] == "" {
			for _, s := range labelled {
				assert.Empty(t, strings.TrimSpace(s.Span.In(r.Text)), r.Study)
			}
			continue
		}
		if !assert.NotEmpty(t, labelled, r.Study) {
			continue
		}
		text := strings.Join(strings.Fields(r.Text[labelled[0].Span.Start:labelled[len(labelled)-1].Span.End]), " ")
		assert.Equal(t, row["section"], labelled[0].Name, r.Study)
		assert.True(t, strings.HasPrefix(text, row["first_words"]), "%s begins %.40q, not %q", r.Study, text, row["first_words"])
		assert.True(t, strings.HasSuffix(text, row["last_words"]), "%s ends otherwise than %q", r.Study, row["last_words"])
	}
}
