package labeler_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
)

// A change gives a text another look and leaves what it says alone, so that it
// changes no label. The two tables and the functions behind them are the list
// of what never does; a function says what it keeps where keeping nothing
// would alter the meaning. docs/labels.md tells users of them.
type change struct {
	name string
	of   func(text string) string
}

// sentenceChanges alter how the sentences of a section are closed, numbered,
// laid out and ordered.
var sentenceChanges = slices.Concat([]change{
	{"with a final full stop", withFinalStop},
	{"without a final full stop", withoutFinalStop},
	{"numbered lines without full stops", onLines("%d. ", bare)},
	{"bulleted lines without full stops", onLines("- ", bare)},
	{"paragraphs", paragraphs(stopped)},
	{"paragraphs without full stops", paragraphs(bare)},
	{"exclamation marks for full stops", closedWith("!", " ")},
	{"two full stops", closedWith("..", " ")},
	{"semicolons for full stops", closedWith("", "; ")},
	{"no list numbers", unnumbered},
	{"list numbers one higher", renumbered},
	{"list numbers from 8", from(8)},
	{"lettered lines", lettered},
	{"under a label", labelled},
	{"first letters in capitals", titled},
	{"every word in capitals", headline},
	{"not wrapped", wrapped(1 << 20)},
	{"wrapped at 20", wrapped(20)},
	{"wrapped at 40", wrapped(40)},
	{"wrapped at 79", wrapped(79)},
	{"wrapped at 120", wrapped(120)},
	{"wrapped behind hyphens", wrappedAtHyphens},
	{"no blanks between sentences", glued},
	{"sentences in another order", permuted},
	{"sentences in reverse order", reversed},
	{"every sentence twice", doubled},
	{"first sentence again at the end", echoed},
},
	each("numbered", inline, "%d. ", "%d.", "%d) ", "%d)", "(%d) ", "• ", "- "),
	each("on lines", onLinesStopped, "%d. ", "%d.", "%d) ", "%d)", "(%d) ", "#%d ", "#%d. ", "%d.\n ", "- ", "-", "-- ", "* ", "• ", "> "),
	each("removed as", removed, "___", "____", "[**2151-8-4**]", "[**Name**]", "[**Last Name (STitle) 35**]"),
	each("dated", dated, "___", "3/4/2150", "3/4", "2150-03-04", "March 4, 2150", "Mar. 4", "[**2151-8-4**]", "[**3-4**]"),
	each("at", timed, "4:30 pm", "4:30 p.m.", "4:30 P.M.", "4:30PM", "4:30", "16:30", "1630", "___"),
	each("told to", named, "Dr. Whitfield", "Dr. ___", "Dr. XXXX", "Dr. A. Whitfield", "Dr. O'Brien", "Dr Whitfield", "DR. WHITFIELD",
		"Dr. [**Last Name (STitle) 35**]", "Jane Whitfield, MD,", "___"),
)

// letterChanges alter letters, blanks and line ends, in a section or in a whole
// report with its headers.
var letterChanges = []change{
	{"upper case", strings.ToUpper},
	{"lower case", strings.ToLower},
	{"CR LF", strings.NewReplacer("\n", "\r\n").Replace},
	{"CR", strings.NewReplacer("\n", "\r").Replace},
	{"indented by one blank", strings.NewReplacer("\n", "\n ").Replace},
	{"not indented", unindented},
	{"blanks behind lines", strings.NewReplacer("\n", " \t\n").Replace},
	{"double blanks", strings.NewReplacer(" ", "  ").Replace},
	{"tabs", strings.NewReplacer(" ", "\t").Replace},
	{"non-breaking blanks", strings.NewReplacer(" ", "\u00a0").Replace},
	{"narrow blanks", strings.NewReplacer(" ", "\u2009").Replace},
	{"blanks before marks", spaced},
	{"no blanks behind commas", replaced(`(\pL), (\pL)`, "${1},${2}")},
	{"blanks around slashes", replaced(`(\pL)/(\pL)`, "${1} / ${2}")},
	{"curly quotes", curly},
	{"straight quotes", strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`).Replace},
	{"grave accents for apostrophes", strings.NewReplacer("'", "`").Replace},
	{"typographic hyphens", hyphens("\u2010")},
	{"non-breaking hyphens", hyphens("\u2011")},
	{"en dashes for hyphens", hyphens("\u2013")},
	{"minus signs for hyphens", hyphens("\u2212")},
	{"blanks for hyphens", hyphens(" ")},
	{"contracted", contracted},
	{"British spelling", british.Replace},
	{"ligatures", strings.NewReplacer("ffi", "ﬃ", "ffl", "ﬄ", "ff", "ﬀ", "fi", "ﬁ", "fl", "ﬂ").Replace},
}

// each makes a change of every form.
func each(what string, by func(form string) func(string) string, forms ...string) []change {
	var all []change
	for _, form := range forms {
		all = append(all, change{what + " " + strconv.Quote(form), by(form)})
	}
	return all
}

// replaced replaces what a regular expression matches.
func replaced(pattern, by string) func(string) string {
	re := regexp.MustCompile(pattern)
	return func(text string) string { return re.ReplaceAllString(text, by) }
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

// joined puts pieces together again.
func joined(gaps, sentences []string) string {
	var b strings.Builder
	for i, s := range sentences {
		b.WriteString(gaps[i] + s)
	}
	return b.String() + gaps[len(sentences)]
}

// chance is a source of random numbers that is the same for the same text.
func chance(text string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(text))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

func trimRight(text string) string { return strings.TrimRightFunc(text, unicode.IsSpace) }

// stopped is the sentence with a full stop, unless it is closed already.
func stopped(sentence string) string {
	if end := strings.TrimRight(sentence, ")]\"'”’ "); end == "" || strings.ContainsAny(end[len(end)-1:], ".!?") {
		return sentence
	}
	return sentence + "."
}

// bare is the sentence without its full stop.
func bare(sentence string) string { return strings.TrimRight(sentence, ".") }

// withFinalStop closes the text.
func withFinalStop(text string) string { return stopped(trimRight(text)) }

// withoutFinalStop leaves the text open.
func withoutFinalStop(text string) string { return bare(trimRight(text)) }

// marker is the nth list marker of a form.
func marker(form string, n int) string { return strings.ReplaceAll(form, "%d", strconv.Itoa(n)) }

// onLines makes every sentence an item of a list, on a line of its own.
func onLines(form string, end func(string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		_, sentences := pieces(text)
		for i, s := range sentences {
			b.WriteString(marker(form, i+1) + end(s) + "\n")
		}
		return b.String()
	}
}

// onLinesStopped does so with full stops.
func onLinesStopped(form string) func(string) string { return onLines(form, stopped) }

// inline makes every sentence an item of a list that runs on in one line. The
// items have full stops: a number alone does not always part two of them.
func inline(form string) func(string) string {
	return func(text string) string {
		_, sentences := pieces(text)
		for i, s := range sentences {
			sentences[i] = marker(form, i+1) + stopped(s)
		}
		return strings.Join(sentences, " ")
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

// closedWith ends every sentence that a full stop closes with another sign.
func closedWith(sign, gap string) func(string) string {
	return func(text string) string {
		_, sentences := pieces(text)
		for i, s := range sentences {
			if sentences[i] = stopped(s); strings.HasSuffix(sentences[i], ".") {
				sentences[i] = bare(sentences[i]) + sign
			}
		}
		return strings.Join(sentences, gap)
	}
}

// from numbers the sentences from n on, so that a list grows a second digit.
func from(n int) func(string) string {
	return func(text string) string {
		_, sentences := pieces(text)
		for i, s := range sentences {
			sentences[i] = marker("%d. ", i+n) + stopped(s)
		}
		return strings.Join(sentences, "\n")
	}
}

// lettered makes every sentence an item that a letter marks.
func lettered(text string) string {
	_, sentences := pieces(text)
	for i, s := range sentences {
		sentences[i] = string(rune('A'+i%26)) + ". " + stopped(s)
	}
	return strings.Join(sentences, "\n")
}

// labelled puts a label before every sentence that says nothing of it.
func labelled(text string) string {
	_, sentences := pieces(text)
	for i, s := range sentences {
		sentences[i] = "Other: " + stopped(s)
	}
	return strings.Join(sentences, "\n")
}

var notBlank = regexp.MustCompile(`\S+`)

// unnumbered takes the list markers away. The items get full stops, which
// their numbers stood for.
func unnumbered(text string) string {
	gaps, sentences := pieces(text)
	for i := range gaps {
		gaps[i] = notBlank.ReplaceAllString(gaps[i], " ")
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
			k, _ := strconv.Atoi(n)
			return strconv.Itoa(k + 1)
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

// headline begins every word with a capital letter, but for those behind a full
// stop: "7 a.m. today" goes on. It joins the lines first: "No" or "The" with a
// capital at the start of a line begins a sentence.
func headline(text string) string {
	before, word := ' ', ' ' // the rune before, and the last that was no blank
	return strings.Map(func(r rune) rune {
		begins := unicode.IsSpace(before) && word != '.'
		if before = r; !unicode.IsSpace(r) {
			word = r
		}
		if begins {
			return unicode.ToUpper(r)
		}
		return r
	}, wrapped(1<<20)(text))
}

// wrapped breaks the lines at another width, indented by one blank as MIMIC's
// are. Paragraphs and list items stay, and so does a line break that alone
// parts two sentences. No line begins with a dash, which would be a bullet, and
// the first has two words: one alone may be a header.
func wrapped(width int) func(string) string {
	return func(text string) string {
		gaps, sentences := pieces(text)
		var b strings.Builder
		column := 0
		for i, s := range sentences {
			gap := gaps[i]
			soft := i > 0 && gap != "" && strings.TrimSpace(gap) == "" && strings.Count(gap, "\n") < 2 &&
				(!strings.Contains(gap, "\n") || stopped(sentences[i-1]) == sentences[i-1])
			if !soft {
				b.WriteString(gap)
				column = len(gap) - strings.LastIndex(gap, "\n") - 1
			}
			for j, word := range strings.Fields(s) {
				switch {
				case j == 0 && !soft:
				case column+1+len(word) > width && word[0] != '-' && i+j > 1:
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
		return b.String() + gaps[len(sentences)]
	}
}

var hyphen = regexp.MustCompile(`([\pL\pN])-(\pL)`)

// wrappedAtHyphens breaks the line behind every hyphen between letters.
func wrappedAtHyphens(text string) string { return hyphen.ReplaceAllString(text, "${1}-\n ${2}") }

var (
	longWord = regexp.MustCompile(`\pL{3}\.$`)
	capital  = regexp.MustCompile(`^[A-Z]\pL`)
)

// glued leaves out the blanks between sentences where a word of three letters
// ends one and a word with a capital letter begins the next: "3 cm.X" and
// "a.m.No" may be of one sentence.
func glued(text string) string {
	gaps, sentences := pieces(text)
	for i := 1; i < len(sentences); i++ {
		if strings.Trim(gaps[i], " \t") == "" && longWord.MatchString(sentences[i-1]) && capital.MatchString(sentences[i]) {
			gaps[i] = ""
		}
	}
	return joined(gaps, sentences)
}

var (
	removedWord = regexp.MustCompile(`\b_{3,7}|\[\*\*[^*]*\*\*\]`)
	dateAfter   = regexp.MustCompile(`(?i)\b(since|on|from|dated|to|than|with|of)(\s+)(?:_{3,7}|XXXX|\d{1,2}/\d{1,2}(?:/\d{2,4})?|\d{4}-\d{1,2}-\d{1,2})([.,;)]|$)`)
	clock       = regexp.MustCompile(`(?i)\b\d{1,2}:\d\d(\s?[ap]\.?m\b)?`)
	doctor      = regexp.MustCompile(`\bDr\.\s+(___|XXXX|[A-Z][a-z]+)`)
)

// removed writes names and dates that were taken out of a text in the way of
// another collection. OpenI's XXXX is left as it is: it stands for any word,
// and is read as one, so that "most XXXX represents" is no "represents".
func removed(as string) func(string) string {
	return func(text string) string { return removedWord.ReplaceAllLiteralString(text, as) }
}

// dated puts other dates where a word says that a date comes, and a mark that
// the phrase ends.
func dated(as string) func(string) string {
	return func(text string) string { return dateAfter.ReplaceAllString(text, "${1}${2}"+as+"${3}") }
}

// timed puts other times in place.
func timed(as string) func(string) string {
	return func(text string) string { return clock.ReplaceAllLiteralString(text, as) }
}

// named puts other names in place.
func named(as string) func(string) string {
	return func(text string) string { return doctor.ReplaceAllLiteralString(text, as) }
}

// rearranged puts the sentences in the order given. Each is closed by a full
// stop and keeps to one line or list item: sentences must not rest on their
// neighbours to be told. All take part, "This may be pneumonia." too: the
// labeler reads every sentence by itself.
func rearranged(text string, order []int) string {
	gaps, sentences := pieces(text)
	var b strings.Builder
	for i, k := range order {
		b.WriteString(gaps[i])
		if i > 0 && gaps[i] == "" {
			b.WriteByte(' ')
		}
		b.WriteString(stopped(sentences[k]))
	}
	return b.String()
}

// permuted puts the sentences in an order that depends on the text alone.
func permuted(text string) string {
	_, sentences := pieces(text)
	return rearranged(text, chance(text).Perm(len(sentences)))
}

// reversed puts the last sentence first.
func reversed(text string) string {
	_, sentences := pieces(text)
	var order []int
	for i := range sentences {
		order = append(order, len(sentences)-1-i)
	}
	return rearranged(text, order)
}

// doubled says every sentence twice, all in one paragraph.
func doubled(text string) string {
	var all []string
	_, sentences := pieces(text)
	for _, s := range sentences {
		all = append(all, stopped(s), stopped(s))
	}
	return strings.Join(all, " ")
}

// echoed says the first sentence again at the end.
func echoed(text string) string {
	if _, sentences := pieces(text); len(sentences) > 0 {
		return withFinalStop(text) + " " + stopped(sentences[0])
	}
	return text
}

var indentation = regexp.MustCompile(`(?m)^[ \t]+`)

// unindented begins every line, also a header's, at its first letter.
func unindented(text string) string { return indentation.ReplaceAllString(text, "") }

// curly turns straight quotes, opening ones at the start of a word.
func curly(text string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		opening := unicode.IsSpace(before) || before == '('
		before = r
		switch {
		case r == '\'' && opening:
			return '‘'
		case r == '\'':
			return '’'
		case r == '"' && opening:
			return '“'
		case r == '"':
			return '”'
		}
		return r
	}, text)
}

var (
	markBehind = regexp.MustCompile(`(\pL{3}|[\])]|\b[vV]s)([.,;:)\]])`)
	markBefore = regexp.MustCompile(`([(\[])(\pL)`)
	cannot     = strings.NewReplacer("cannot", "can't", "can not", "can't", "Cannot", "Can't", "CANNOT", "CAN'T")
	notBehind  = regexp.MustCompile(`(?i)\b(is|are|was|were|does|do|did|has|have) not\b`)
	british    = strings.NewReplacer(" edema", " oedema", "Edema", "Oedema", "tumor", "tumour", "ized", "ised", "izing", "ising",
		"color", "colour", "center", "centre", "hemo", "haemo", "esophag", "oesophag", "orthoped", "orthopaed", "favor", "favour")
)

// spaced parts words and marks by blanks, as collections of tokens do. Short
// words keep theirs: "72 in. distance" and "7 a.m. today" are not told apart
// from the ends of sentences then.
func spaced(text string) string {
	return markBefore.ReplaceAllString(markBehind.ReplaceAllString(text, "${1} ${2}"), "${1} ${2}")
}

// contracted writes "isn't" and "can't".
func contracted(text string) string {
	return notBehind.ReplaceAllString(cannot.Replace(text), "${1}n't")
}

// hyphens writes another sign for hyphens between words; those before numbers
// are minuses or ranges, those at the start of a line bullets, and one between
// blanks is a dash.
func hyphens(sign string) func(string) string {
	return func(text string) string { return hyphen.ReplaceAllString(text, "${1}"+sign+"${2}") }
}

// additions are sentences that say nothing abnormal: of which observation they
// speak, the labeler is asked; all other labels stay.
var additions = []string{
	"The osseous structures are intact.",
	"No free air.",
	"The trachea is midline.",
	"Lungs are clear.",
	"The aorta is unremarkable.",
	"The patient is rotated.",
	"Lung volumes are low.",
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

// inserted puts one more sentence at one of len(sentences)+1 places: before a
// sentence, which may be a list item, or behind all.
func inserted(text, more string, place int) string {
	gaps, sentences := pieces(text)
	switch {
	case len(sentences) == 0:
		return text
	case place == 0:
		return more + " " + strings.TrimLeftFunc(text, unicode.IsSpace)
	case place == len(sentences):
		return withFinalStop(text) + " " + more
	}
	sentences[place-1] = stopped(sentences[place-1]) + " " + more
	return joined(gaps, sentences)
}

// labels are what a report says of each observation. Where one is left out,
// nothing is expected of it.
type labels map[corpus.Observation]corpus.Assertion

func labelsOf(r labeler.Result) labels {
	m := make(labels, len(r.Labels))
	for _, l := range r.Labels {
		m[l.Observation] = l.Assertion
	}
	return m
}

// derived is the observation that the others decide.
const derived = "No Finding"

// sample is a report as it was labelled before any change.
type sample struct {
	labeler.Result
	labels labels
}

// edited gives the report with other text in its labelled sections; edit is
// given the number of the section.
func (s *sample) edited(edit func(i int, text string) string) corpus.Report {
	r := s.Report
	r.Sections = slices.Clone(r.Sections)
	var b strings.Builder
	at := 0
	for i, section := range s.Labelled {
		span := section.Span
		b.WriteString(r.Text[at:span.Start])
		start := b.Len()
		b.WriteString(edit(i, span.In(r.Text)))
		at = span.End
		for k, old := range s.Report.Sections { // of a table, whose sections are given
			switch {
			case old.Span == span:
				r.Sections[k].Span = corpus.Span{Start: start, End: b.Len()}
			case old.Header.Start >= span.End:
				r.Sections[k].Header, r.Sections[k].Span = old.Header.Shift(b.Len()-at), old.Span.Shift(b.Len()-at)
			}
		}
	}
	b.WriteString(r.Text[at:])
	r.Text = b.String()
	return r
}

// body is all that is labelled, as one text.
func (s *sample) body() string {
	var texts []string
	for _, section := range s.Labelled {
		texts = append(texts, withFinalStop(section.Span.In(s.Report.Text)))
	}
	return strings.Join(texts, "\n\n")
}

// bench holds the samples of one collection, and the labeler that labels them
// again after a change.
type bench struct {
	*labeler.Labeler
	samples []sample
	show    bool // failures may quote the samples
}

func newBench(t *testing.T, section string, all []corpus.Report, show bool) *bench {
	b := &bench{Labeler: newLabeler(t, labeler.Options{Section: section}), show: show}
	for _, r := range all {
		result := b.Label(r)
		b.samples = append(b.samples, sample{result, labelsOf(result)})
	}
	require.NotEmpty(t, b.samples)
	return b
}

// shown is how many violations of one change are printed.
const shown = 10

// check alters each sample, labels it, and reports every label that is not as
// wanted. alter may leave a sample out.
func (b *bench) check(t *testing.T, name string, alter func(*sample) (r corpus.Report, want labels, ok bool)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		wrong, altered := 0, 0
		for i := range b.samples {
			s := &b.samples[i]
			r, want, ok := alter(s)
			if !ok {
				continue
			}
			altered++
			for _, l := range b.Label(r).Labels {
				if before, ok := want[l.Observation]; ok && before != l.Assertion {
					if wrong++; wrong <= shown {
						t.Errorf("%s: %s: %s is %s, want %s%s", s.Report.ID, name, l.Observation, l.Assertion, before, b.quote(s, r, l))
					}
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d labels of %d reports are not as before", name, wrong, altered)
		}
	})
}

// quote shows the sentences that mention the observation, before and after.
func (b *bench) quote(s *sample, after corpus.Report, l labeler.Label) string {
	if !b.show {
		return ""
	}
	var out strings.Builder
	for _, side := range []struct {
		when, text string
		label      labeler.Label
	}{{"before", s.Report.Text, label(s.Result, l.Observation)}, {"after", after.Text, l}} {
		fmt.Fprintf(&out, "\n  %s: %s", side.when, side.label.Reason)
		for _, e := range side.label.Evidence {
			fmt.Fprintf(&out, "\n    %s %s [%s] %q", e.Assertion, e.Rule, e.Cue, e.Sentence.In(side.text))
		}
	}
	return out.String()
}

// sections checks changes of the text of every labelled section.
func (b *bench) sections(t *testing.T, changes []change) {
	for _, c := range changes {
		b.check(t, c.name, func(s *sample) (corpus.Report, labels, bool) {
			return s.edited(func(_ int, text string) string { return c.of(text) }), s.labels, true
		})
	}
}

// whole checks changes of whole reports.
func (b *bench) whole(t *testing.T, changes []change) {
	for _, c := range changes {
		b.check(t, c.name+", with headers", func(s *sample) (corpus.Report, labels, bool) {
			r := s.Report
			r.Text = c.of(r.Text)
			return r, s.labels, true
		})
	}
}

// known reports whether the section file names a section.
func (b *bench) known(section string) bool {
	return slices.ContainsFunc(b.Rules().Sections, func(d segment.SectionDef) bool { return d.Name == section })
}

// layout checks changes of headers, and of what stands between them and
// their text.
func (b *bench) layout(t *testing.T) {
	for _, gap := range []string{"", " ", "   ", "\n", " \n ", " \n \n "} {
		b.check(t, "headers followed by "+strconv.Quote(gap), func(s *sample) (corpus.Report, labels, bool) {
			return b.reheaded(s, func(header string) string { return header + gap }), s.labels, true
		})
	}
	// A header that the section file does not know is one by its capitals.
	b.check(t, "headers in title case", func(s *sample) (corpus.Report, labels, bool) {
		return b.reheaded(s, func(header string) string {
			before := ' '
			return strings.Map(func(r rune) rune {
				defer func() { before = r }()
				if unicode.IsLetter(before) {
					return unicode.ToLower(r)
				}
				return r
			}, header) + "  "
		}), s.labels, true
	})
	// Reports that are labelled by their paragraphs, or have text under a header
	// that the section file does not know, need their lines; so do headers in a
	// text of capitals behind a sentence without a full stop.
	b.check(t, "all in one line", func(s *sample) (corpus.Report, labels, bool) {
		var texts []string
		at := 0
		for _, section := range s.Sections {
			if section.Header.Empty() && !section.Span.Empty() || !section.Header.Empty() && !b.known(section.Name) {
				return corpus.Report{}, nil, false
			}
			texts = append(texts, s.Report.Text[at:section.Span.Start], stopped(section.Span.In(s.Report.Text)))
			at = section.Span.End
		}
		for _, section := range s.Labelled {
			if section.Name == segment.LastParagraph {
				return corpus.Report{}, nil, false
			}
		}
		r := s.Report
		r.Text = strings.Join(strings.Fields(strings.Join(texts, " ")+s.Report.Text[at:]), " ")
		return r, s.labels, true
	})
}

// reheaded rewrites the known headers that have text, with the blanks behind
// them.
func (b *bench) reheaded(s *sample, of func(header string) string) corpus.Report {
	r := s.Report
	var out strings.Builder
	at := 0
	for _, section := range s.Sections {
		if !section.Header.Empty() && !section.Span.Empty() && b.known(section.Name) {
			out.WriteString(r.Text[at:section.Header.Start] + of(section.Header.In(r.Text)))
			at = section.Span.Start
		}
	}
	r.Text = out.String() + r.Text[at:]
	return r
}

// exchanged checks that it does not matter in which labelled section a
// sentence stands.
func (b *bench) exchanged(t *testing.T) {
	b.check(t, "texts of sections exchanged", func(s *sample) (corpus.Report, labels, bool) {
		return s.edited(func(i int, _ string) string {
			return s.Labelled[len(s.Labelled)-1-i].Span.In(s.Report.Text)
		}), s.labels, true
	})
}

// added checks that a sentence changes no label but those of the observations
// that it names.
func (b *bench) added(t *testing.T, sentences []string) {
	for _, more := range sentences {
		said := labelsOf(b.Label(corpus.Report{Text: more}))
		b.check(t, "with "+more, func(s *sample) (corpus.Report, labels, bool) {
			r := s.edited(func(_ int, text string) string {
				_, sentences := pieces(text)
				return inserted(text, more, chance(text+more).IntN(len(sentences)+1))
			})
			return r, together(s.labels, said), len(s.Labelled) > 0
		})
	}
}

// together are the labels of two texts read as one: of each observation the
// stronger assertion. An uncertain label beside a negative one may rest on
// words that count only where the report says no more ("heart size is
// unchanged"): such a label is left out, and then No Finding with it.
func together(a, b labels) labels {
	both := maps.Clone(a)
	open := false
	for o := range a {
		both[o] = max(a[o], b[o])
		if o != derived && min(a[o], b[o]) == corpus.Negative && both[o] == corpus.Uncertain {
			open = true
			delete(both, o)
		}
	}
	if both[derived] = min(a[derived], b[derived]); open {
		delete(both, derived)
	}
	return both
}

// compared checks that a date of any form may be added to a sentence in the
// place of one that was removed.
func (b *bench) compared(t *testing.T) {
	for _, date := range []string{"3/4/2150", "3/4", "3-4-2150", "2150-03-04", "March 4, 2150", "4 March 2150", "Mar. 4", "[**2151-8-4**]", "5:40 p.m. on 3/4/2150"} {
		for _, frame := range []string{"S since D.", "S, compared to D.", "S on D.", "S (D).", "Compared to D, s."} {
			dated := func(s *sample, date string) corpus.Report {
				return s.edited(func(_ int, text string) string {
					_, sentences := pieces(text)
					for i, one := range sentences {
						sentences[i] = strings.NewReplacer("S", bare(one), "s.", strings.ToLower(one[:1])+one[1:], "D", date).Replace(frame)
					}
					return strings.Join(sentences, " ")
				})
			}
			b.check(t, "with "+date+" in "+frame, func(s *sample) (corpus.Report, labels, bool) {
				return dated(s, date), labelsOf(b.Label(dated(s, "___"))), true
			})
		}
	}
}

// paired checks that a report keeps its labels beside the text of another,
// however they are joined, but for what that adds.
func (b *bench) paired(t *testing.T) {
	other := make(map[string]*sample, len(b.samples))
	for i := range b.samples {
		other[b.samples[i].Report.ID] = &b.samples[(i+1)%len(b.samples)]
	}
	for _, joint := range []string{" ", "  ", "\n", "\n\n", " 2. ", "\n2.", "\n- "} {
		b.check(t, "with another report behind "+strconv.Quote(joint), func(s *sample) (corpus.Report, labels, bool) {
			next := other[s.Report.ID]
			text := s.body() + joint + next.body()
			r := corpus.Report{Text: text, Sections: []corpus.Section{{Name: "findings", Span: corpus.Span{End: len(text)}}}}
			return r, together(s.labels, next.labels), len(s.Labelled) > 0 && len(next.Labelled) > 0
		})
	}
}

// layouts are reports whose text is told by other means than the header that
// stands before it; auto and all are what is labelled of them. Those of testdata
// have golden labels and come from one hospital; these are of many.
var layouts = []struct{ name, text, auto, all string }{
	{"prose before an impression",
		"The heart is mildly enlarged and there is a small left pleural effusion.\nNo pneumothorax is seen.\n\nIMPRESSION: Small left effusion.",
		"Small left effusion.", "The heart is mildly enlarged. Small left effusion. No pneumothorax."},
	{"prose without a stop",
		"The heart is mildly enlarged and there is a small left pleural effusion\n\nIMPRESSION: Cardiomegaly.",
		"Cardiomegaly.", "Cardiomegaly. Small left effusion."},
	{"prose before a comparison",
		"The heart is mildly enlarged and there is a small left pleural effusion.\n\nCOMPARISON: ___.",
		"Cardiomegaly. Small left effusion.", ""},
	{"a list without a header",
		"1. There is a small left pleural effusion.\n2. No pneumothorax is seen in this film.\n\nCOMPARISON: ___.",
		"Small left effusion. No pneumothorax.", ""},
	{"bullets without a header",
		"- There is a small left pleural effusion.\n- No pneumothorax is seen in this film.\n\nCOMPARISON: ___.",
		"Small left effusion. No pneumothorax.", ""},
	{"a list of reasons",
		"1) chest pain\n2) pneumonia\n\nFINDINGS: No pleural effusion.\n\nIMPRESSION: Old rib fracture.",
		"Old rib fracture.", "No effusion. Old rib fracture."},
	{"a page break in a sentence",
		"FINDINGS: The heart is enlarged.  There is no\n \n pleural effusion or\n\n pneumothorax.\n\nIMPRESSION: There is no\n\nedema.",
		"No edema.", "The heart is enlarged. No effusion or pneumothorax. No edema."},
	{"a device that names the chest",
		"COMPARISON: ___.\n\nRight Chest Tube: In unchanged position.\n\nThere is a small effusion.",
		"Right chest tube in unchanged position. Small effusion.", ""},
	{"a device in capitals",
		"COMPARISON: ___.\n\nCHEST TUBE: REMOVED.",
		"The chest tube was removed.", ""},
	{"a device in a report of headings",
		"LUNGS: NO CONSOLIDATION.\n\nCHEST TUBE: REMOVED.\n\nPLEURA: SMALL EFFUSION.",
		"No consolidation. The chest tube was removed. Small pleural effusion.", ""},
	{"a film that is no header",
		"INDICATION: Cough.\n\nOld Pleural Effusion on Chest Film: Resolved.\n\nNo pneumothorax.",
		"Old pleural effusion: resolved. No pneumothorax.", ""},
	{"a notification first",
		"NOTIFICATION: Dr. ___ was told at 4:30 pm.\n\nThere is a small pleural effusion.",
		"Small pleural effusion.", ""},
	{"a signature first",
		"SIGNED BY: ___\n\nThere is a small pleural effusion.\n\nNo pneumothorax.",
		"Small pleural effusion. No pneumothorax.", ""},
	{"a signature last", "No pneumothorax. Small pleural effusion.\n\nSIGNED BY: ___", "Small effusion. No pneumothorax.", ""},
	{"a signature and an addendum",
		"Small pleural effusion.\n\nDICTATED BY: ___\n\nADDENDUM: Left lower lobe pneumonia.",
		"Small pleural effusion.", "Small pleural effusion. Pneumonia."},
	{"an examination and a paragraph",
		"EXAMINATION: Chest.\n\nNo pneumothorax. Small pleural effusion.\n\nNOTIFICATION: Dr. ___ was told at 4:30 pm.",
		"Small pleural effusion. No pneumothorax.", ""},
	{"an examination and advice",
		"EXAMINATION: Chest.\n\nSmall pleural effusion.\n\nRECOMMENDATION: CT for the lung nodule.",
		"Small pleural effusion.", "Small pleural effusion. CT for the lung nodule."},
}

// laidOut are the layouts as reports. It checks that what they say is labelled.
func laidOut(t *testing.T, section string) []corpus.Report {
	l := newLabeler(t, labeler.Options{Section: section})
	var all []corpus.Report
	for _, layout := range layouts {
		r := corpus.Report{ID: layout.name, Text: layout.text}
		says := layout.auto
		if section == "all" && layout.all != "" {
			says = layout.all
		}
		assert.Equal(t, labelsOf(l.Label(corpus.Report{Text: says})), labelsOf(l.Label(r)), layout.name)
		all = append(all, r)
	}
	return all
}

// stated reads sentences.tsv as reports.
func stated(t *testing.T) []corpus.Report {
	var all []corpus.Report
	for _, row := range table(t, "sentences.tsv", '\t') {
		if n := len(all); n == 0 || all[n-1].ID != row["id"] {
			all = append(all, corpus.Report{ID: row["id"], Text: row["text"]})
		}
	}
	return all
}

// No change in the lists above alters a label of a report or sentence of
// testdata.
func TestRobustness(t *testing.T) {
	for _, section := range []string{"auto", "all"} {
		t.Run("reports, "+section, func(t *testing.T) {
			b := newBench(t, section, reports(t), true)
			b.sections(t, slices.Concat(sentenceChanges, letterChanges))
			b.whole(t, letterChanges)
			b.layout(t)
			b.exchanged(t)
			b.added(t, additions)
			b.paired(t)
			b.compared(t)
		})
	}
	for _, section := range []string{"auto", "all"} {
		t.Run("layouts, "+section, func(t *testing.T) {
			b := newBench(t, section, laidOut(t, section), true)
			b.sections(t, slices.Concat(sentenceChanges, letterChanges))
			b.whole(t, letterChanges)
			b.layout(t)
			b.added(t, additions)
		})
	}
	t.Run("sentences", func(t *testing.T) {
		b := newBench(t, "all", stated(t), true)
		b.sections(t, slices.Concat(sentenceChanges, letterChanges))
		b.added(t, additions)
		b.paired(t)
		b.compared(t)
	})
}

// The same holds for the reports of OpenI and the challenge sentences, where
// RADLABEL_DATA names the folder that has them; -v quotes them.
func TestRobustnessOfRealReports(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no real reports to change")
	}
	for _, file := range []string{"openi/reports.csv", "challenge.tsv"} {
		t.Run(file, func(t *testing.T) {
			reader, err := corpus.Open(context.Background(), []string{filepath.Join(data, file)}, corpus.Options{})
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
			b := newBench(t, "all", all, testing.Verbose())
			b.sections(t, slices.Concat(sentenceChanges, letterChanges))
			b.exchanged(t)
			b.added(t, additions)
			b.paired(t)
			some := *b // dates are set into every sentence, most of which are then new to the cache
			some.samples = b.samples[:min(len(b.samples), 500)]
			some.compared(t)
		})
	}
}

// Nor does a change of sentences with a change of letters on top of it.
func TestRobustnessOfTwoChanges(t *testing.T) {
	b := newBench(t, "all", slices.Concat(reports(t), stated(t)), true)
	rapid.Check(t, func(t *rapid.T) {
		s := &b.samples[rapid.IntRange(0, len(b.samples)-1).Draw(t, "sample")]
		first := sentenceChanges[rapid.IntRange(0, len(sentenceChanges)-1).Draw(t, "change of sentences")]
		second := letterChanges[rapid.IntRange(0, len(letterChanges)-1).Draw(t, "change of letters")]
		r := s.edited(func(_ int, text string) string { return second.of(first.of(text)) })
		for _, l := range b.Label(r).Labels {
			if l.Assertion != s.labels[l.Observation] {
				t.Fatalf("%s: %s, then %s: %s is %s, want %s%s", s.Report.ID, first.name, second.name, l.Observation, l.Assertion, s.labels[l.Observation], b.quote(s, r, l))
			}
		}
	})
}
