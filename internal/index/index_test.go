package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// chexpert is the rule set of most tests, compiled once.
var chexpert = sync.OnceValue(func() *rules.Set {
	set, err := rules.Embedded("chexpert")
	if err != nil {
		panic(err)
	}
	return set
})

// stream gives reports as a reader does.
func stream(reports []corpus.Report) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for _, r := range reports {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// written makes an index of reports in a folder and opens it.
func written(t testing.TB, dir string, reports []corpus.Report, opts WriteOptions) *Index {
	t.Helper()
	if opts.Labeler.Rules == nil {
		opts.Labeler.Rules = chexpert()
	}
	_, err := Write(context.Background(), dir, stream(reports), opts)
	require.NoError(t, err)
	return opened(t, dir)
}

func opened(t testing.TB, dir string) *Index {
	t.Helper()
	x, err := Open(context.Background(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	return x
}

// ids are those of the reports that a query finds, in order.
func ids(t testing.TB, x *Index, query string, match Match) []string {
	t.Helper()
	q, err := x.Parse(query)
	require.NoError(t, err)
	var all []string
	for h, err := range x.Hits(context.Background(), q, Options{Limit: -1, Sort: "id", IDsOnly: true, Match: match}) {
		require.NoError(t, err)
		all = append(all, h.ID)
	}
	return all
}

// phrases that made-up reports are made of. They repeat, in several sections, with
// and without negation, so that conditions on reports and on sentences differ.
var phrases = []string{
	"No pleural effusion.", "There is no pleural effusion or pneumothorax.", "Small pleural effusion is present.",
	"Pleural effusions have resolved.", "Possible small pneumothorax.", "No pneumothorax.", "No PTX.",
	"Large right pneumothorax with a chest tube in place.", "The chest tube has been removed.", "Tube in the chest.",
	"Heart size is normal.", "Cardiomegaly is unchanged.", "Mild pulmonary edema.", "Edema cannot be excluded.",
	"No focal consolidation, pleural effusion,\n or pneumothorax.", "Pneumonia is possible.", "Pleural, effusion.",
	"Effusion: no. Pleural thickening.", "Left-sided PICC line at 2.5 cm.", "No acute process.", "Nodule\x1b[31m in the <b>left</b> lung.",
	"The effusion seen before is no longer seen, no pneumothorax.", "Right apical ptx is smaller.", "Oedema of the lungs.",
}

func madeUp(r *rand.Rand, n int) []corpus.Report {
	all := make([]corpus.Report, n)
	for i := range all {
		var b strings.Builder
		for _, section := range []string{"INDICATION", "FINDINGS", "IMPRESSION"} {
			if r.IntN(4) == 0 {
				continue
			}
			fmt.Fprintf(&b, " %s: \n", section)
			for range 1 + r.IntN(4) {
				fmt.Fprintf(&b, " %s\n", phrases[r.IntN(len(phrases))])
			}
			b.WriteString(" \n")
		}
		study := fmt.Sprint(50000000 + i)
		all[i] = corpus.Report{ID: study, Study: study, Subject: fmt.Sprint(10000000 + i/3), Text: b.String()}
	}
	return all
}

// scanned is a report as a plain reading of it has it: the oracle of the tests. It
// knows nothing of the index but what a word and a stem is.
type scanned struct {
	id        string
	labels    map[string]corpus.Assertion
	sentences []scannedSentence
}

type scannedSentence struct {
	section string
	words   []string
	says    map[string]bool // "pneumothorax:positive", "rule:...", "cue:..."
}

func scan(t testing.TB, reports []corpus.Report) []scanned {
	labels, err := labeler.New(labeler.Options{})
	require.NoError(t, err)
	marks, err := labeler.New(labeler.Options{Section: "all"})
	require.NoError(t, err)
	all := make([]scanned, len(reports))
	for i, r := range reports {
		s := scanned{id: r.ID, labels: map[string]corpus.Assertion{}}
		for _, l := range labels.Label(r).Labels {
			s.labels[slug(string(l.Observation))] = l.Assertion
		}
		result := marks.Label(r)
		for _, section := range result.Sections {
			for _, span := range segment.Sentences(nil, r.Text, section.Span) {
				one := scannedSentence{section: section.Name, says: map[string]bool{}}
				one.words = strings.FieldsFunc(strings.ToLower(span.In(r.Text)), func(r rune) bool {
					return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
				})
				for _, l := range result.Labels {
					for _, e := range l.Evidence {
						if e.Sentence == span {
							one.says[slug(string(l.Observation))+":"+e.Assertion.String()] = true
							one.says["rule:"+e.Rule], one.says["cue:"+e.Cue] = true, true
						}
					}
				}
				s.sentences = append(s.sentences, one)
			}
		}
		all[i] = s
	}
	return all
}

// condition is a query with what it means, in words of its own: on a sentence (nil:
// it is of reports alone) and on a report.
type condition struct {
	query    string
	sentence func(scannedSentence) bool
	report   func(scanned) bool
}

func (s scanned) any(holds func(scannedSentence) bool) bool {
	return slices.ContainsFunc(s.sentences, holds)
}

func ofSentence(query string, holds func(scannedSentence) bool) condition {
	return condition{query, holds, func(s scanned) bool { return s.any(holds) }}
}

func hasPhrase(s scannedSentence, words []string, form func(string) string) bool {
	for i := 0; i+len(words) <= len(s.words); i++ {
		if slices.EqualFunc(words, s.words[i:i+len(words)], func(a, b string) bool { return form(a) == form(b) }) {
			return true
		}
	}
	return false
}

// drawCondition makes a random query and its meaning.
func drawCondition(t *rapid.T, inside bool, depth int, form func(string) string) condition {
	word := rapid.SampledFrom([]string{"no", "pleural", "effusion", "effusions", "pneumothorax", "chest", "tube", "edema", "nodule", "absent", "2", "left"})
	leaves := []func() condition{
		func() condition {
			w := word.Draw(t, "word")
			return ofSentence(w, func(s scannedSentence) bool { return hasPhrase(s, []string{w}, form) })
		},
		func() condition {
			p := rapid.SampledFrom([]string{"no pleural effusion", "no pneumothorax", "pleural effusion", "chest tube", "no acute process", "effusion or pneumothorax", "2 5 cm", "effusion no", "resolved no"}).Draw(t, "phrase")
			return ofSentence(`"`+p+`"`, func(s scannedSentence) bool { return hasPhrase(s, strings.Fields(p), form) })
		},
		func() condition {
			o := rapid.SampledFrom([]string{"pneumothorax", "pleural_effusion", "edema", "support_devices", "cardiomegaly"}).Draw(t, "observation")
			a := rapid.SampledFrom(assertionWords).Draw(t, "assertion")
			says := func(s scannedSentence) bool {
				if a.name == "unmentioned" {
					return !s.says[o+":positive"] && !s.says[o+":uncertain"] && !s.says[o+":negative"]
				}
				return a.any[corpus.Positive] && s.says[o+":positive"] || a.any[corpus.Uncertain] && s.says[o+":uncertain"] || a.any[corpus.Negative] && s.says[o+":negative"]
			}
			return condition{o + ":" + a.name, says, func(s scanned) bool { return a.any[s.labels[o]] }}
		},
		func() condition {
			name := rapid.SampledFrom([]string{"findings", "impression", "indication"}).Draw(t, "section")
			return ofSentence("section:"+name, func(s scannedSentence) bool { return s.section == name })
		},
		func() condition {
			tag := rapid.SampledFrom([]string{"rule:pneumothorax.pneumothorax", "cue:negation.no", "rule:pleural-effusion.effusion"}).Draw(t, "tag")
			return ofSentence(tag, func(s scannedSentence) bool { return s.says[tag] })
		},
		func() condition {
			name, w := rapid.SampledFrom([]string{"findings", "impression"}).Draw(t, "section"), word.Draw(t, "word")
			return ofSentence(name+":"+w, func(s scannedSentence) bool { return s.section == name && hasPhrase(s, []string{w}, form) })
		},
	}
	if depth == 0 {
		return rapid.SampledFrom(leaves).Draw(t, "leaf")()
	}
	part := func() condition { return drawCondition(t, inside, depth-1, form) }
	kinds := []string{"leaf", "and", "or", "not"}
	if !inside {
		kinds = append(kinds, "same-sentence", "same-sentence")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "leaf":
		return rapid.SampledFrom(leaves).Draw(t, "leaf")()
	case "and":
		a, b := part(), part()
		return condition{"(" + a.query + ") (" + b.query + ")", both(a.sentence, b.sentence), both(a.report, b.report)}
	case "or":
		a, b := part(), part()
		return condition{"(" + a.query + ") OR (" + b.query + ")", either(a.sentence, b.sentence), either(a.report, b.report)}
	case "not":
		a := part()
		return condition{"-(" + a.query + ")", not(a.sentence), not(a.report)}
	}
	a := drawCondition(t, true, depth-1, form)
	return condition{"same-sentence(" + a.query + ")", nil, func(s scanned) bool { return s.any(a.sentence) }}
}

func both[T any](a, b func(T) bool) func(T) bool   { return func(v T) bool { return a(v) && b(v) } }
func either[T any](a, b func(T) bool) func(T) bool { return func(v T) bool { return a(v) || b(v) } }
func not[T any](a func(T) bool) func(T) bool       { return func(v T) bool { return !a(v) } }

// Every query finds what a plain reading of all reports finds: no report more, none
// less; and counts and facets are those of these reports. So it is of an index that
// was built at once, and of one that was brought up to date several times.
func TestQueriesAreExact(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(1, 2)), 240)
	at := written(t, t.TempDir()+"/once", reports, WriteOptions{})
	dir := t.TempDir() + "/grown"
	before := slices.Clone(reports)
	for i := range before[:60] {
		before[i].Text += " \n OTHER: \n Something else about effusions.\n"
	}
	written(t, dir, before[:100], WriteOptions{})
	written(t, dir, reports[40:180], WriteOptions{Update: true})
	grown := written(t, dir, reports, WriteOptions{Update: true})
	all := scan(t, reports)

	rapid.Check(t, func(t *rapid.T) {
		match, form := Stems, stemOf
		if rapid.Bool().Draw(t, "exact") {
			match, form = Exact, func(w string) string { return w }
		}
		c := drawCondition(t, false, rapid.IntRange(0, 3).Draw(t, "depth"), form)
		var want []string
		var labels [4]int
		for _, s := range all {
			if c.report(s) {
				want = append(want, s.id)
				labels[s.labels["pneumothorax"]]++
			}
		}
		for name, x := range map[string]*Index{"once": at, "grown": grown} {
			q, err := x.Parse(c.query)
			if err != nil {
				t.Fatalf("%s: %v", c.query, err)
			}
			var got []string
			for h, err := range x.Hits(context.Background(), q, Options{Limit: -1, Sort: "id", IDsOnly: true, Match: match}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, h.ID)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s index: %s\n got %v\nwant %v", name, c.query, got, want)
			}
			r, err := x.Search(context.Background(), q, Options{Limit: 7, Facets: true, Match: match})
			if err != nil {
				t.Fatal(err)
			}
			place := slices.Index(x.Observations(), corpus.Observation("Pneumothorax"))
			if r.Total != len(want) || len(r.Hits) != min(7, len(want)) || r.Facets.Labels[place] != labels {
				t.Fatalf("%s index: %s: %d reports and facets %v, want %d and %v", name, c.query, r.Total, r.Facets.Labels[place], len(want), labels)
			}
			for _, h := range r.Hits {
				if !slices.Contains(want, h.ID) {
					t.Fatalf("%s: %s is no hit", c.query, h.ID)
				}
			}
		}
	})
}

// So it is of real reports, where there are any.
func TestRealReportsAreExact(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA names no folder of real reports")
	}
	reader, err := corpus.Open(context.Background(), []string{filepath.Join(data, "openi", "reports.csv")}, corpus.Options{})
	require.NoError(t, err)
	var reports []corpus.Report
	for r, err := range reader.Reports(context.Background()) {
		if err == nil {
			reports = append(reports, r)
		}
	}
	x := written(t, t.TempDir(), reports, WriteOptions{})
	require.NoError(t, x.Check(context.Background()))
	all := scan(t, reports)
	word := func(w string) condition {
		return ofSentence(w, func(s scannedSentence) bool { return hasPhrase(s, []string{w}, stemOf) })
	}
	phrase := func(p string) condition {
		return ofSentence(`"`+p+`"`, func(s scannedSentence) bool { return hasPhrase(s, strings.Fields(p), stemOf) })
	}
	says := func(o, a string) condition {
		return ofSentence(o+":"+a, func(s scannedSentence) bool { return s.says[o+":"+a] })
	}
	label := func(o string, a corpus.Assertion) condition {
		return condition{o + ":" + a.String(), nil, func(s scanned) bool { return s.labels[o] == a }}
	}
	within := func(a, b condition) condition {
		both := both(a.sentence, b.sentence)
		return condition{"same-sentence(" + a.query + " " + b.query + ")", nil, func(s scanned) bool { return s.any(both) }}
	}
	found := 0
	for _, c := range []condition{
		word("no"), word("effusion"), word("the"), word("xxxx"), phrase("no pleural effusion"), phrase("no pneumothorax"), phrase("no acute"),
		phrase("no focal consolidation pleural effusion or pneumothorax"), phrase("heart size is normal"),
		within(word("no"), says("pleural_effusion", "positive")), within(word("no"), says("pneumothorax", "negative")),
		within(word("possible"), says("pneumonia", "uncertain")), within(phrase("chest tube"), says("support_devices", "positive")),
		label("pneumothorax", corpus.Positive), label("edema", corpus.Uncertain), label("cardiomegaly", corpus.Negative), label("no_finding", corpus.Positive),
	} {
		var want []string
		for _, s := range all {
			if c.report(s) {
				want = append(want, s.id)
			}
		}
		slices.Sort(want)
		got := ids(t, x, c.query, Stems)
		found += len(got)
		require.Equal(t, want, got, c.query)
	}
	require.Positive(t, found)
}

// However often an index was brought up to date, it answers as one that was written
// at once, and has few stores.
func TestManyUpdates(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(11, 12)), 60)
	dir := t.TempDir()
	once := written(t, t.TempDir(), reports, WriteOptions{})
	for n := 5; n <= 60; n += 5 {
		x := written(t, dir, reports[:n], WriteOptions{Update: true})
		require.Equal(t, n, x.Reports())
		require.LessOrEqual(t, x.Stats().Stores, mostStores)
	}
	grown := opened(t, dir)
	require.NoError(t, grown.Check(context.Background()))
	for _, query := range documented {
		for _, match := range []Match{Synonyms, Stems, Exact} {
			q, err := once.Parse(query)
			if err != nil {
				continue
			}
			want, err := once.Search(context.Background(), q, Options{Limit: -1, Facets: true, Match: match, Context: 1})
			require.NoError(t, err)
			q, err = grown.Parse(query)
			require.NoError(t, err)
			got, err := grown.Search(context.Background(), q, Options{Limit: -1, Facets: true, Match: match, Context: 1})
			require.NoError(t, err)
			require.Equal(t, want, got, query)
		}
	}
}

func TestQueriesByExample(t *testing.T) {
	report := func(id, text string) corpus.Report {
		return corpus.Report{ID: id, Subject: "1" + id, Study: id, Text: text}
	}
	x := written(t, t.TempDir(), []corpus.Report{
		report("1", " FINDINGS: \n No pleural effusion. Chest tube.\n \n IMPRESSION: \n Small pneumothorax.\n"),
		report("2", " FINDINGS: \n Pleural effusions. No change.\n \n IMPRESSION: \n No PTX.\n"),
		report("3", " IMPRESSION: \n Possible pneumonia.\n"),
		report("4", " FINDINGS: \n Possible pneumonia. No pleural\n effusion.\n \n IMPRESSION: \n Pneumonia. Line at 2.5 cm.\n"),
		{ID: "5"},
	}, WriteOptions{Metadata: map[string]Metadata{
		"1": {Split: "train", Views: []string{"LATERAL", "PA"}, Date: 21500131}, "2": {Split: "test", Views: []string{"AP"}, Date: 21511224},
	}})
	for _, c := range []struct {
		query string
		want  string
		match Match
	}{
		{`*`, "1 2 3 4 5", 0},
		{`* -effusion`, "3 5", 0},
		{`-*`, "", 0},
		{`same-sentence(* -no -effusion -tube)`, "1 3 4", 0},
		{`effusion`, "1 2 4", 0},
		{`effusion`, "1 4", Exact},
		{`EFFUSION`, "1 4", Exact},
		{`"no pleural effusion"`, "1 4", 0}, // across a line end, not across sentences
		{`"effusion no"`, "", 0},
		{`no pleural effusion`, "1 2 4", 0},
		{`pneumothorax`, "1 2", 0},
		{`pneumothorax`, "1", Stems},
		{`ptx`, "1 2", 0},
		{`"ptx"`, "2", 0},
		{`pneumothorax:positive`, "1", 0},
		{`Pneumothorax:Negative`, "2", 0},
		{`pneumothorax:(positive OR negative)`, "1 2", 0},
		{`pneumothorax:*`, "1 2", 0},
		{`pneumothorax:unmentioned`, "3 4 5", 0},
		{`pneumonia:uncertain`, "3", 0},
		{`same-sentence(pneumonia:uncertain)`, "3 4", 0},
		{`same-sentence (pneumonia:uncertain section:impression)`, "3", 0},
		{`same-sentence(pleural -no)`, "2", 0},
		{`pleural-effusion:positive OR pneumonia:positive`, "4", 0}, // 2's impression is silent on it
		{`same-sentence(pleural_effusion:positive)`, "2", 0},
		{`NOT effusion`, "3 5", 0},
		{`-effusion -pneumonia`, "5", 0},
		{`+effusion !tube`, "2 4", 0},
		{`effusion AND (tube OR line)`, "1 4", 0},
		{`effusion && tube || change`, "1 2", 0},
		{`findings:effusion -impression:pneumothorax`, "2 4", Stems},
		{`impression:"small pneumothorax"`, "1", 0},
		{`section:impression -section:findings`, "3", 0},
		{`pneumo*`, "1 3 4", 0},
		{`pn?umonia`, "3 4", 0},
		{`pnuemonia~2`, "3 4", 0},
		{`pneumonja~`, "3 4", 0},
		{`/p(tx|neumonia)/`, "2 3 4", 0},
		{`/P(TX|Neumonia)/`, "2 3 4", 0},
		{`/pn[a-z]{6}a/^2`, "3 4", 0},
		{`2.5`, "4", 0},
		{`"at 2.5 cm"`, "4", 0},
		{`5:40`, "", 0},
		{`rule:pneumothorax.pneumothorax`, "1 2", 0},
		{`rule:pneumothorax.*`, "1 2", 0},
		{`cue:negation.no same-sentence(cue:negation.no pneumothorax)`, "2", 0},
		{`id:1`, "1", 0},
		{`id:(1 OR 3)`, "1 3", 0},
		{`subject:p11`, "1", 0},
		{`study:s2`, "2", 0},
		{`study:[2 TO 3]`, "2 3", 0},
		{`study:{2 TO *]`, "3 4", 0},
		{`study:[* TO *]`, "1 2 3 4", 0},
		{`study:*`, "1 2 3 4", 0},
		{`id:[* TO *]`, "1 2 3 4 5", 0},
		{`id:>=4`, "4 5", 0},
		{`subject:<12`, "1", 0},
		{`split:train`, "1", 0},
		{`split:*`, "1 2", 0},
		{`view:pa`, "1", 0},
		{`date:2150`, "1", 0},
		{`date:>2150-01`, "2", 0},
		{`date:<2150-02`, "1", 0},
		{`date:20511224 OR date:21511224`, "2", 0},
		{`date:2150-01-31`, "1", 0},
		{`date:[2150-01-31 TO 2151]`, "1 2", 0},
		{`date:{2150 TO *}`, "2", 0},
		{`-date:*`, "3 4 5", 0},
		{`effusion^3 tube`, "1", 0},
		{`sub\:ject`, "", 0},
		{`"quote \" in it"`, "", 0},
	} {
		t.Run(c.query, func(t *testing.T) {
			assert.Equal(t, c.want, strings.Join(ids(t, x, c.query, c.match), " "))
		})
	}
}

func TestWrongQueries(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(1, 2)), 30), WriteOptions{})
	for _, c := range []struct{ query, marked, what string }{
		{``, ``, "it is empty"},
		{`  `, ``, "it is empty"},
		{`effusion pneumotorax:positive`, `pneumotorax`, "did you mean pneumothorax?"},
		{`effusion:positive`, `effusion`, "did you mean pleural_effusion?"},
		{`edema:postive`, `postive`, "did you mean positive?"},
		{`a (edema:perhaps)`, `perhaps`, "use positive, uncertain, negative, unmentioned, mentioned"},
		{`section:impresion`, `impresion`, "did you mean impression?"},
		{`rule:pneumothorax.pneumotorax`, `pneumothorax.pneumotorax`, "did you mean pneumothorax.pneumothorax?"},
		{`cue:nonsense-of-cues`, `nonsense-of-cues`, "unknown cue"},
		{`split:train`, `train`, "there is none in this index"},
		{`effusion (tube`, `(`, "not closed"},
		{`effusion tube)`, `)`, "closes nothing"},
		{`effusion ()`, `)`, "nothing stands before"},
		{`effusion AND`, ``, "missing at the end"},
		{`NOT`, ``, "missing at the end"},
		{`"no effusion`, `"`, "quote that is not closed"},
		{`___ effusion`, `___`, "no word to search for"},
		{`effusion~3`, `effusion~3`, "no number of edits"},
		{`effusion^x`, `^x`, "a boost is a number"},
		{`edema:`, `:`, "a value is missing"},
		{`same-sentance(a b)`, `same-sentance`, "did you mean same-sentence(...)?"},
		{`same-sentence(a same-sentence(b))`, `same-sentence`, "within itself"},
		{`same-sentence(subject:1 a)`, `subject`, "outside of same-sentence"},
		{`effusion OR OR tube`, `OR`, "nothing stands before OR"},
		{`subject:""`, `""`, "a value is missing"},
		{`AND`, `AND`, "nothing stands before AND"},
		{`(&& a)`, `&&`, "nothing stands before &&"},
		{`"pleural effusion":negative`, `:`, "write pleural_effusion:negative"},
		{`edema :positive`, `:`, "no field stands before this colon"},
		{`tube right-sid*`, `right-sid*`, "a pattern is of one word"},
		{`**`, `**`, "no word to search for"},
		{`impression:*`, `*`, "no word to search for"},
		{`edema:positive^2`, `^2`, "a boost of what ranks nothing"},
		{`date:2150-13`, `2150-13`, "is no date"},
		{`date:<0000`, `<0000`, "is no date"},
		{`date:yesterday`, `yesterday`, "is no date"},
		{`date:[2150 TO`, `[`, "not closed"},
		{`text:[a TO b]`, `[a TO b]`, "ranges are of"},
		{`/a(/`, `/a(/`, "no regular expression"},
		{`/a|b)(c/`, `/a|b)(c/`, "no regular expression"},
		{`/a`, `/`, "not closed"},
		{"\xff", "\xff", "not UTF-8"},
		{strings.Repeat("(", 1000), `(`, "more than 100 parentheses"},
	} {
		t.Run(c.query, func(t *testing.T) {
			_, err := x.Parse(c.query)
			var wrong *QueryError
			require.ErrorAs(t, err, &wrong)
			assert.Contains(t, err.Error(), c.what)
			got := wrong.Query[wrong.Offset:min(wrong.Offset+wrong.Length, len(wrong.Query))]
			assert.True(t, strings.HasPrefix(got, c.marked) || got == c.marked, "it marks %q, want %q", got, c.marked)
		})
	}
}

// A query error shows its place under the query.
// A pattern that Bleve refuses is known when it is asked for.
func TestRefusedPatternShowsPlace(t *testing.T) {
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(1, 2)), 3), WriteOptions{})
	q, err := x.Parse(`edema /^no/`)
	require.NoError(t, err)
	_, err = x.Search(t.Context(), q, Options{})
	assert.EqualError(t, err, "query: the pattern cannot be used: zero width assertions not allowed\n  edema /^no/\n        ^^^^^")
}

func TestQueryErrorShowsPlace(t *testing.T) {
	err := &QueryError{Query: "schön edma:positive", Offset: len("schön "), Length: 4, What: `unknown field "edma"`, Do: "did you mean edema?"}
	assert.Equal(t, "query: unknown field \"edma\"; did you mean edema?\n  schön edma:positive\n        ^^^^", err.Error())
}

// Whatever is typed, parsing ends in a query or in an error with a place in it.
func FuzzParse(f *testing.F) {
	x := written(f, f.TempDir(), madeUp(rand.New(rand.NewPCG(1, 2)), 20), WriteOptions{})
	for _, q := range documented {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := x.Parse(query)
		if err != nil {
			var wrong *QueryError
			require.ErrorAs(t, err, &wrong)
			require.True(t, wrong.Offset >= 0 && wrong.Offset+wrong.Length <= len(query)+1, "%v", wrong)
			require.NotEmpty(t, err.Error())
			return
		}
		if len(query) < 40 {
			_, err = x.Search(context.Background(), q, Options{Limit: 3})
			var wrong *QueryError
			require.True(t, err == nil || errors.As(err, &wrong), "%v", err)
		}
	})
}

// The hits of a page after another are those of all, in every order, and each order
// is one.
func TestPagesAndOrders(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(3, 4)), 80), WriteOptions{})
	q, err := x.Parse("effusion OR no")
	require.NoError(t, err)
	for _, key := range Sorts() {
		for _, order := range []string{key, "-" + key} {
			whole, err := x.Search(context.Background(), q, Options{Limit: -1, Sort: order})
			require.NoError(t, err)
			var paged []Hit
			for offset := 0; offset < whole.Total; offset += 7 {
				r, err := x.Search(context.Background(), q, Options{Limit: 7, Offset: offset, Sort: order})
				require.NoError(t, err)
				paged = append(paged, r.Hits...)
			}
			require.Equal(t, whole.Hits, paged, order)
		}
	}
	_, err = x.Search(context.Background(), q, Options{Sort: "colour"})
	assert.ErrorContains(t, err, "not known")
	r, err := x.Search(context.Background(), q, Options{Offset: 1000, Limit: 5})
	require.NoError(t, err)
	assert.Empty(t, r.Hits)
}

// What is marked in a sentence and in a report is what it is said to be.
func TestMarksAreInPlace(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(5, 6)), 60)
	x := written(t, t.TempDir(), reports, WriteOptions{})
	q, err := x.Parse(`pneumothorax:mentioned OR "pleural effusion" OR edema`)
	require.NoError(t, err)
	marks := 0
	for _, r := range reports {
		d, ok, err := x.Document(context.Background(), r.ID, q, Synonyms)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, r.Text, d.Text)
		for _, s := range d.Sentences {
			for _, m := range s.Marks {
				marks++
				require.True(t, s.Span.Contains(m.Mention))
				require.False(t, m.Mention.Empty())
				text := m.Mention.In(d.Text)
				require.Equal(t, strings.TrimSpace(text), text)
				require.Equal(t, m.Cue == "", m.CueSpan.Empty())
			}
			for _, w := range s.Words {
				require.Regexp(t, `(?i)^(pleural|effusions?|o?edema)$|^(?i)ptx$|^(?i)pneumothorax$`, w.In(d.Text))
			}
		}
	}
	assert.Greater(t, marks, 50)
	_, ok, err := x.Document(context.Background(), "unknown", q, Synonyms)
	require.NoError(t, err)
	assert.False(t, ok)
}

// The labels of the index are those of the labeler, or those that are given.
// All documents are those that are had one by one, in the order in which they were
// read: also those of several packets of texts.
func TestDocumentsAreAll(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(9, 9)), 3*textsAtOnce+5)
	x := written(t, t.TempDir(), reports, WriteOptions{})
	row := 0
	for d, err := range x.Documents(context.Background()) {
		require.NoError(t, err)
		one, ok, err := x.Document(context.Background(), reports[row].ID, Query{}, Stems)
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, reports[row].Text, d.Text)
		one.Best, one.Before, one.After = Sentence{}, nil, nil
		assert.Equal(t, one, d)
		row++
	}
	assert.Equal(t, len(reports), row)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range x.Documents(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestLabels(t *testing.T) {
	reports := madeUp(rand.New(rand.NewPCG(7, 8)), 40)
	l, err := labeler.New(labeler.Options{})
	require.NoError(t, err)
	x := written(t, t.TempDir(), reports, WriteOptions{})
	for row := range reports {
		r, ok := x.row(reports[row].ID)
		require.True(t, ok)
		for i, label := range l.Label(reports[row]).Labels {
			require.Equal(t, label.Assertion, x.label(i, r))
		}
	}
	given := func(corpus.Report) []corpus.Assertion {
		labels := make([]corpus.Assertion, len(l.Observations()))
		labels[3] = corpus.Uncertain
		return labels
	}
	x = written(t, t.TempDir(), reports, WriteOptions{Labels: given, LabelsFile: "labels.csv"})
	assert.Len(t, ids(t, x, slug(string(l.Observations()[3]))+":uncertain", 0), len(reports))
	assert.Empty(t, ids(t, x, slug(string(l.Observations()[2]))+":mentioned", 0))
}

// A condition that is put beside a query narrows it, and one that is taken away
// gives it back.
func TestToggle(t *testing.T) {
	x := written(t, t.TempDir(), madeUp(rand.New(rand.NewPCG(7, 8)), 60), WriteOptions{})
	const condition = "edema:positive"
	both := ids(t, x, condition, 0)
	for query, want := range map[string]string{
		"*": condition, "no": "no edema:positive", " no  effusion ": "no effusion edema:positive", "no OR tube": "(no OR tube) edema:positive",
		"(no OR tube)": "(no OR tube) edema:positive", "(no) AND tube": "(no) tube edema:positive", "(no tube)": "(no tube) edema:positive",
		"edema:positive": "", "no AND edema:positive -tube": "no -tube", `"no (" -tube`: `"no (" -tube edema:positive`,
		"(no) OR (tube)": "((no) OR (tube)) edema:positive",
	} {
		q, err := x.Parse(query)
		require.NoError(t, err)
		got := q.Toggle(condition)
		require.Equal(t, want, got, query)
		assert.Equal(t, strings.Contains(query, condition), q.Has(condition))
		if q.Has(condition) {
			continue
		}
		want := slices.DeleteFunc(ids(t, x, query, 0), func(id string) bool { return !slices.Contains(both, id) })
		assert.Equal(t, want, ids(t, x, got, 0), query)
		again, err := x.Parse(got)
		require.NoError(t, err)
		require.True(t, again.Has(condition))
		if query == "*" {
			continue
		}
		assert.Equal(t, ids(t, x, query, 0), ids(t, x, again.Toggle(condition), 0), query)
	}
}

func TestEmptyIndex(t *testing.T) {
	x := written(t, t.TempDir(), nil, WriteOptions{})
	assert.Empty(t, ids(t, x, "effusion OR *a* OR -b", 0))
	require.NoError(t, x.Check(context.Background()))
	x = written(t, t.TempDir(), []corpus.Report{{ID: "a"}, {ID: "b", Text: "\n \n"}}, WriteOptions{})
	assert.Equal(t, []string{"a", "b"}, ids(t, x, "-effusion", 0))
}

// Reports that share an id are one: the first. The others are told.
func TestSameID(t *testing.T) {
	var told []string
	x := written(t, t.TempDir(), []corpus.Report{{ID: "a", Text: "One effusion."}, {ID: "a", Text: "Two tubes."}, {ID: "b", Text: "Three."}},
		WriteOptions{Problem: func(p *corpus.Problem) { told = append(told, p.What) }})
	assert.Equal(t, 2, x.Reports())
	assert.Empty(t, ids(t, x, "tube", 0))
	assert.Equal(t, []string{`the id "a" is that of an earlier report`}, told)
}

func TestOriginIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("tells nothing of races")
	}
	set, err := rules.Embedded("chestxray14")
	require.NoError(t, err)
	dir := t.TempDir()
	x := written(t, dir, madeUp(rand.New(rand.NewPCG(9, 9)), 10), WriteOptions{Labeler: labeler.Options{Rules: set, Section: "all"}, Version: "v9"})
	assert.Equal(t, Origin{RuleSet: "chestxray14", Digest: set.Digest, Section: "all"}, x.Origin())
	assert.Equal(t, "v9", x.Version())

	// Another rule set labels everything again, and refuses to leave some out.
	_, err = Write(context.Background(), dir, stream(madeUp(rand.New(rand.NewPCG(9, 9)), 9)), WriteOptions{Update: true})
	assert.ErrorContains(t, err, "made by rules chestxray14")
	assert.ErrorContains(t, err, "1 of its reports")
	w, err := Write(context.Background(), dir, stream(madeUp(rand.New(rand.NewPCG(9, 9)), 10)), WriteOptions{Update: true})
	require.NoError(t, err)
	assert.True(t, w.Rebuilt)
	assert.Equal(t, "chexpert", opened(t, dir).Origin().RuleSet)
}

// documented are the queries of docs/search.md and others of each kind.
var documented = []string{
	`pneumothorax`,
	`ptx`,
	`effusion`,
	`no`,
	`"no pleural effusion"`,
	`"chest tube"`,
	`effusion OR pneumothorax`,
	`pleural effusion -"no pleural effusion"`,
	`pneumothorax:positive`,
	`pneumothorax:positive "chest tube"`,
	`pleural_effusion:negative`,
	`same-sentence(no pneumothorax:positive)`,
	`same-sentence(pneumothorax:positive section:impression)`,
	`pneumonia:uncertain same-sentence(pneumonia:uncertain section:impression) -same-sentence(pneumonia:mentioned -section:impression)`,
	`impression:"no acute"`,
	`section:findings -section:impression`,
	`pneumo*`,
	`pnuemothorax~2`,
	`rule:pneumothorax.* edema:uncertain`,
	`cue:*`,
	`subject:10000032`,
	`study:50000043`,
	`id:[50000000 TO 50001000]`,
	`the`,
	`cardiomegaly:positive edema:positive pleural_effusion:positive -support_devices:positive`,
}
