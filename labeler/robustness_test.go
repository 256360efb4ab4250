package labeler_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
)

// A change gives a text another look and leaves what it says alone, so that it
// changes no label. The functions below are the list of what never does; each
// says what it keeps where keeping nothing would alter the meaning.
type change struct {
	name string
	make func(text string) string
}

// bodyChanges rewrite the text of one section.
var bodyChanges = slices.Concat([]change{
	{"with a final full stop", withFinalStop},
	{"without a final full stop", withoutFinalStop},
	{"numbered lines without full stops", lines("%d. ", bare)},
	{"bulleted lines without full stops", lines("- ", bare)},
	{"paragraphs without full stops", paragraphs(bare)},
	{"paragraphs", paragraphs(stopped)},
	{"numbers left out", unnumbered},
	{"numbers one higher", renumbered},
	{"first letters in capitals", titled},
	{"not wrapped", wrapped(1 << 20)},
	{"wrapped at 20", wrapped(20)},
	{"wrapped at 40", wrapped(40)},
	{"wrapped at 79", wrapped(79)},
	{"wrapped at 120", wrapped(120)},
	{"other dates, times and names", otherSurrogates},
	{"sentences in another order", permuted},
	{"sentences in reverse order", reversed},
	{"every sentence twice", repeated},
	{"first sentence again at the end", echoed},
},
	each("numbered", []string{"%d. ", "%d.", "%d) ", "%d)", "(%d) "}, func(form string) func(string) string { return inline(form) }),
	each("on lines", []string{"%d. ", "%d.", "%d) ", "%d)", "(%d) ", "#%d ", "#%d. ", "- ", "-", "* ", "• "}, func(form string) func(string) string { return lines(form, stopped) }),
	each("removed words as", []string{"___", "XXXX", "[**2151-8-4**]", "[**Name**]"}, notation),
)

// textChanges rewrite a whole report, its headers included, or one section.
var textChanges = []change{
	{"upper case", strings.ToUpper},
	{"lower case", strings.ToLower},
	{"CR LF", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
	{"CR", func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }},
	{"indented by one blank", indented},
	{"not indented", unindented},
	{"blanks behind lines", func(s string) string { return strings.ReplaceAll(s+"\n", "\n", " \t\n") }},
	{"double blanks", func(s string) string { return strings.ReplaceAll(s, " ", "  ") }},
	{"tabs", func(s string) string { return strings.ReplaceAll(s, " ", "\t") }},
	{"non-breaking blanks", func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }},
	{"curly quotes", curly},
	{"straight quotes", strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`).Replace},
	{"hyphens U+2010", hyphens('\u2010')},
	{"hyphens U+2011", hyphens('\u2011')},
	{"en dashes for hyphens", hyphens('\u2013')},
	{"minus signs for hyphens", hyphens('\u2212')},
	{"soft ligatures", strings.NewReplacer("ffi", "ﬃ", "ffl", "ﬄ", "ff", "ﬀ", "fi", "ﬁ", "fl", "ﬂ").Replace},
}

func each(what string, forms []string, by func(string) func(string) string) []change {
	var all []change
	for _, form := range forms {
		all = append(all, change{what + " " + fmt.Sprintf("%q", form), by(form)})
	}
	return all
}

// pieces cuts a text into sentences as the labeler does, and what stands
// before, between and behind them: blanks, line breaks, list markers.
func pieces(text string) (gaps, sentences []string) {
	at := 0
	for _, s := range segment.Sentences(nil, text, corpus.Span{End: len(text)}) {
		gaps = append(gaps, text[at:s.Start])
		sentences = append(sentences, s.In(text))
		at = s.End
	}
	return append(gaps, text[at:]), sentences
}

// joined is the inverse of pieces.
func joined(gaps, sentences []string) string {
	var b strings.Builder
	for i, s := range sentences {
		b.WriteString(gaps[i])
		b.WriteString(s)
	}
	b.WriteString(gaps[len(sentences)])
	return b.String()
}

// chance is a source of random numbers that is the same for the same text.
func chance(text string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(text))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

// stopped is the sentence with a full stop, unless something closes it already.
func stopped(sentence string) string {
	if sentence == "" || strings.ContainsRune(".!?", rune(strings.TrimRight(sentence, `)]"'”’`+" ")[max(0, len(strings.TrimRight(sentence, `)]"'”’`+" "))-1)])) {
		return sentence
	}
	return sentence + "."
}

// bare is the sentence without its full stop.
func bare(sentence string) string { return strings.TrimRight(sentence, ".") }

func withFinalStop(text string) string {
	return stopped(strings.TrimRightFunc(text, unicode.IsSpace))
}

func withoutFinalStop(text string) string { return bare(strings.TrimRightFunc(text, unicode.IsSpace)) }

// marker is the nth list marker in a form such as "%d. " or "- ".
func marker(form string, n int) string {
	if strings.Contains(form, "%d") {
		return fmt.Sprintf(form, n)
	}
	return form
}

// lines makes every sentence an item of a list, on a line of its own.
func lines(form string, end func(string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		_, sentences := pieces(text)
		for i, s := range sentences {
			b.WriteString(marker(form, i+1) + end(s) + "\n")
		}
		return b.String()
	}
}

// inline makes every sentence an item of a list that runs on in one line.
func inline(form string) func(string) string {
	return func(text string) string {
		var items []string
		_, sentences := pieces(text)
		for i, s := range sentences {
			items = append(items, marker(form, i+1)+stopped(s))
		}
		return strings.Join(items, " ")
	}
}

// paragraphs parts the sentences by empty lines.
func paragraphs(end func(string) string) func(string) string {
	return func(text string) string {
		_, sentences := pieces(text)
		for i, s := range sentences {
			sentences[i] = end(s)
		}
		return strings.Join(sentences, "\n\n")
	}
}

var markers = regexp.MustCompile(`\S+`)

// unnumbered takes the list markers away. The items get full stops, which
// their numbers stood for.
func unnumbered(text string) string {
	gaps, sentences := pieces(text)
	for i := range gaps {
		gaps[i] = markers.ReplaceAllString(gaps[i], "")
		if i > 0 && gaps[i] == "" && i < len(sentences) {
			gaps[i] = " "
		}
	}
	for i, s := range sentences {
		sentences[i] = stopped(s)
	}
	return joined(gaps, sentences)
}

var digits = regexp.MustCompile(`\d+`)

// renumbered lets lists begin at 2, as those do whose first item was cut off.
func renumbered(text string) string {
	gaps, sentences := pieces(text)
	for i := range gaps {
		gaps[i] = digits.ReplaceAllStringFunc(gaps[i], func(n string) string {
			var k int
			fmt.Sscan(n, &k)
			return fmt.Sprint(k + 1)
		})
	}
	return joined(gaps, sentences)
}

// titled begins every sentence with a capital letter.
func titled(text string) string {
	gaps, sentences := pieces(text)
	for i, s := range sentences {
		r, n := utf8.DecodeRuneInString(s)
		sentences[i] = string(unicode.ToUpper(r)) + s[n:]
	}
	return joined(gaps, sentences)
}

// wrapped breaks the lines at another width, indented by one blank as MIMIC's
// are. Paragraphs and list items stay, and so does a line break that alone ends
// a sentence.
func wrapped(width int) func(string) string {
	return func(text string) string {
		gaps, sentences := pieces(text)
		var b strings.Builder
		column := 0
		for i, s := range sentences {
			soft := i > 0 && strings.TrimSpace(gaps[i]) == "" && gaps[i] != "" && strings.Count(gaps[i], "\n") < 2 &&
				(!strings.Contains(gaps[i], "\n") || stopped(sentences[i-1]) == sentences[i-1])
			if !soft {
				b.WriteString(gaps[i])
				column = len(gaps[i]) - strings.LastIndex(gaps[i], "\n") - 1
			}
			for j, word := range strings.Fields(s) {
				switch {
				case j == 0 && !soft:
				case column+1+len(word) > width:
					b.WriteString("\n ")
					column = 1
				default:
					b.WriteByte(' ')
					column++
				}
				b.WriteString(word)
				column += len(word)
			}
		}
		b.WriteString(gaps[len(sentences)])
		return b.String()
	}
}

var (
	dates    = regexp.MustCompile(`\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{4}-\d{1,2}-\d{1,2}\b`)
	times    = regexp.MustCompile(`\b\d{1,2}:\d\d\b`)
	surnames = regexp.MustCompile(`\bDr\. (___|XXXX|[A-Z][a-z]+)`)
)

// otherSurrogates puts other dates, times and names of the same form in place.
func otherSurrogates(text string) string {
	text = dates.ReplaceAllStringFunc(text, func(d string) string {
		if strings.Contains(d, "-") {
			return "2149-12-31"
		}
		return "3/4/2150"
	})
	text = times.ReplaceAllString(text, "4:30")
	return surnames.ReplaceAllString(text, "Dr. Whitfield")
}

var removed = regexp.MustCompile(`_{3,7}|\bX{4}\b|\[\*\*[^*]*\*\*\]`)

// notation writes removed words in the way of another collection.
func notation(as string) func(string) string {
	return func(text string) string {
		return removed.ReplaceAllStringFunc(text, func(string) string { return as })
	}
}

// rearranged puts the sentences in another order, or some of them more than
// once. Each is closed by a full stop, and list markers stay where they are:
// what a sentence is must not rest on its neighbours. The labeler reads every
// sentence by itself, so none that refers to another is kept back.
func rearranged(text string, order func(n int) []int) string {
	gaps, sentences := pieces(text)
	var b strings.Builder
	for i, k := range order(len(sentences)) {
		switch {
		case i < len(sentences) && (i == 0 || strings.TrimSpace(gaps[i]) != "" || strings.Contains(gaps[i], "\n")):
			b.WriteString(gaps[i])
		default:
			b.WriteByte(' ')
		}
		b.WriteString(stopped(sentences[k]))
	}
	return b.String()
}

func permuted(text string) string { return rearranged(text, chance(text).Perm) }

func reversed(text string) string {
	return rearranged(text, func(n int) []int {
		var order []int
		for i := range n {
			order = append(order, n-1-i)
		}
		return order
	})
}

// repeated says every sentence twice, in one paragraph.
func repeated(text string) string {
	var all []string
	_, sentences := pieces(text)
	for _, s := range sentences {
		all = append(all, stopped(s), stopped(s))
	}
	return strings.Join(all, " ")
}

func echoed(text string) string {
	if _, sentences := pieces(text); len(sentences) > 0 {
		return withFinalStop(text) + " " + stopped(sentences[0])
	}
	return text
}

func indented(text string) string {
	return " " + strings.ReplaceAll(text, "\n", "\n ")
}

var indentation = regexp.MustCompile(`(?m)^[ \t]+`)

func unindented(text string) string { return indentation.ReplaceAllString(text, "") }

// curly turns straight quotes, opening ones at the start of a word.
func curly(text string) string {
	var b strings.Builder
	before := ' '
	for _, r := range text {
		opening := unicode.IsSpace(before) || before == '('
		switch {
		case r == '\'' && opening:
			b.WriteRune('‘')
		case r == '\'':
			b.WriteRune('’')
		case r == '"' && opening:
			b.WriteRune('“')
		case r == '"':
			b.WriteRune('”')
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

var hyphen = regexp.MustCompile(`([\pL\pN])-([\pL])`)

// hyphens writes another sign for hyphens between words; those between
// numbers are minuses and ranges, and those at the start of a line bullets.
func hyphens(sign rune) func(string) string {
	return func(text string) string {
		return hyphen.ReplaceAllString(text, "${1}"+string(sign)+"${2}")
	}
}

// normal are sentences that say nothing new of any observation but those they
// name: wherever one stands, all other labels stay.
var normal = []string{
	"The osseous structures are intact.",
	"No free air.",
	"The trachea is midline.",
	"Lungs are clear.",
	"The aorta is unremarkable.",
	"The patient is rotated.",
	"Compared to ___.",
	"Dr. Whitfield was notified at 4:30 pm on 3/4/2150.",
	"Findings were discussed with Dr. ___ by Dr. ___ at 4:30 p.m. on ___.",
	"PA and lateral views were obtained on [**2151-8-4**].",
	"No mediastinal widening.",
	"The heart is not enlarged.",
	"No pulmonary nodule or mass.",
	"No focal opacity.",
	"No pulmonary edema.",
	"No consolidation.",
	"No pneumonia.",
	"No atelectasis.",
	"There is no pneumothorax.",
	"No pleural effusion.",
	"No pleural thickening.",
	"No rib fracture.",
	"No support devices.",
}

// inserted puts one more sentence at a random place of the text, behind a
// full stop.
func inserted(text, more string, place int) string {
	gaps, sentences := pieces(text)
	switch n := len(sentences); {
	case n == 0:
		return text
	case place == 0:
		return more + " " + strings.TrimLeftFunc(text, unicode.IsSpace)
	case place >= n:
		return withFinalStop(text) + " " + more
	default:
		sentences[place-1] = stopped(sentences[place-1]) + " " + more
		return joined(gaps, sentences)
	}
}

// bodies are the texts of a report that are labelled.
type sample struct {
	report corpus.Report
	spans  []corpus.Span // of the sections that are labelled
	want   map[corpus.Observation]corpus.Assertion
}

// robustness labels samples before and after a change.
type robustness struct {
	labeler *labeler.Labeler
	samples []sample
	show    bool // the samples' sentences may be printed
}

func assertions(r labeler.Result) map[corpus.Observation]corpus.Assertion {
	m := make(map[corpus.Observation]corpus.Assertion, len(r.Labels))
	for _, l := range r.Labels {
		m[l.Observation] = l.Assertion
	}
	return m
}

func newRobustness(t *testing.T, section string, all []corpus.Report, show bool) *robustness {
	b := &robustness{labeler: newLabeler(t, labeler.Options{Section: section}), show: show}
	for _, r := range all {
		result := b.labeler.Label(r)
		s := sample{report: r, want: assertions(result)}
		for _, labelled := range result.Labelled {
			s.spans = append(s.spans, labelled.Span)
		}
		b.samples = append(b.samples, s)
	}
	require.NotEmpty(t, b.samples)
	return b
}

// edit gives the report with other text in its labelled sections.
func (s *sample) edit(f func(string) string) corpus.Report {
	r := s.report
	r.Sections = slices.Clone(r.Sections)
	var b strings.Builder
	at := 0
	for _, span := range s.spans {
		b.WriteString(r.Text[at:span.Start])
		start := b.Len()
		b.WriteString(f(span.In(r.Text)))
		at = span.End
		for i, old := range s.report.Sections {
			switch {
			case old.Span == span:
				r.Sections[i].Span = corpus.Span{Start: start, End: b.Len()}
			case old.Header.Start >= span.End:
				r.Sections[i].Header, r.Sections[i].Span = old.Header.Shift(b.Len()-at), old.Span.Shift(b.Len()-at)
			}
		}
	}
	b.WriteString(r.Text[at:])
	r.Text = b.String()
	return r
}

// shown is how many violations of one change are printed.
const shown = 10

// check labels what make makes of each sample, and reports every label that
// is not as before, but for those that make names itself.
func (b *robustness) check(t *testing.T, name string, make func(*sample) (corpus.Report, map[corpus.Observation]bool)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		wrong := 0
		for i := range b.samples {
			s := &b.samples[i]
			report, except := make(s)
			result := b.labeler.Label(report)
			for _, l := range result.Labels {
				if want := s.want[l.Observation]; l.Assertion != want && !except[l.Observation] {
					if wrong++; wrong <= shown {
						t.Errorf("%s: %s: %s: %s, and %s after the change%s", report.ID, name, l.Observation, want, l.Assertion, b.context(s, report, l))
					}
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d labels of %d reports are not as before", name, wrong, len(b.samples))
		}
		violations.Add(int64(wrong))
	})
}

var violations atomic.Int64

// context shows the sentences that mention the observation, before and after.
func (b *robustness) context(s *sample, after corpus.Report, l labeler.Label) string {
	if !b.show {
		return ""
	}
	var out strings.Builder
	list := func(when, text string, label labeler.Label) {
		fmt.Fprintf(&out, "\n  %s:", when)
		for _, e := range label.Evidence {
			fmt.Fprintf(&out, "\n    %s %s [%s]: %q", e.Assertion, e.Rule, e.Cue, e.Sentence.In(text))
		}
		if len(label.Evidence) == 0 {
			fmt.Fprintf(&out, " %s", label.Reason)
		}
	}
	list("before", s.report.Text, label(b.labeler.Label(s.report), l.Observation))
	list("after", after.Text, l)
	return out.String()
}

// bodies checks the changes of the text of sections.
func (b *robustness) bodies(t *testing.T, changes []change) {
	for _, c := range changes {
		b.check(t, c.name, func(s *sample) (corpus.Report, map[corpus.Observation]bool) { return s.edit(c.make), nil })
	}
}

// whole checks the changes of the whole text.
func (b *robustness) whole(t *testing.T, changes []change) {
	for _, c := range changes {
		b.check(t, c.name, func(s *sample) (corpus.Report, map[corpus.Observation]bool) {
			r := s.report
			r.Text = c.make(r.Text)
			return r, nil
		})
	}
}

// additions checks that normal sentences change only the labels they name.
func (b *robustness) additions(t *testing.T, sentences []string) {
	for _, more := range sentences {
		named := map[corpus.Observation]bool{}
		for o, a := range assertions(b.labeler.Label(corpus.Report{Text: more})) {
			named[o] = a != corpus.Unmentioned && o != "No Finding"
		}
		b.check(t, "with "+more, func(s *sample) (corpus.Report, map[corpus.Observation]bool) {
			return s.edit(func(text string) string {
				_, sentences := pieces(text)
				return inserted(text, more, chance(text+more).IntN(len(sentences)+1))
			}), named
		})
	}
}

// sentences are the texts of sentences.tsv as reports.
func sentenceReports(t *testing.T) []corpus.Report {
	var all []corpus.Report
	for _, row := range table(t, "sentences.tsv", '\t') {
		if n := len(all); n == 0 || all[n-1].ID != row["id"] {
			all = append(all, corpus.Report{ID: row["id"], Text: row["text"]})
		}
	}
	return all
}

// Nothing in the list of changes alters a label of the reports and sentences
// of testdata.
func TestRobustness(t *testing.T) {
	for _, section := range []string{"auto", "all"} {
		t.Run("reports, "+section, func(t *testing.T) {
			b := newRobustness(t, section, reports(t), true)
			b.bodies(t, bodyChanges)
			b.whole(t, textChanges)
			b.additions(t, normal)
		})
	}
	t.Run("sentences", func(t *testing.T) {
		b := newRobustness(t, "all", sentenceReports(t), true)
		b.bodies(t, slices.Concat(bodyChanges, textChanges))
		b.additions(t, normal)
	})
}

// The same holds for the reports of OpenI, where RADLABEL_DATA names the
// folder that has them.
func TestRobustnessOpenI(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no real reports to change")
	}
	reader, err := corpus.Open(context.Background(), []string{filepath.Join(data, "openi", "reports.csv")}, corpus.Options{})
	require.NoError(t, err)
	var all []corpus.Report
	for r, err := range reader.Reports(context.Background()) {
		var problem *corpus.Problem
		if errors.As(err, &problem) && !problem.Lost {
			continue
		}
		require.NoError(t, err)
		if testing.Short() && len(all) == 300 {
			break
		}
		all = append(all, r)
	}
	assert.NotEmpty(t, all)
	b := newRobustness(t, "all", all, testing.Verbose())
	b.bodies(t, slices.Concat(bodyChanges, textChanges))
	b.additions(t, normal)
}
