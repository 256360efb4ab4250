package evalpage

import (
	"cmp"
	"net/url"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

// link is the address of the errors that a filter leaves: pairs of a filter's
// name and its value.
func link(pairs ...string) string {
	var s strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		s.WriteString([]string{"#", "&"}[min(i, 1)])
		s.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	return s.String()
}

// What stands for the rule and the cue of an error that has none. No id of a
// rule set looks like them.
const (
	noRule = "no rule"
	noCue  = "no cue"
)

func observationOf(d eval.Disagreement) []string {
	return []string{page.OneLine(string(d.Observation))}
}

func kindOf(d eval.Disagreement) []string { return []string{d.Kind()} }

// RulesOf are the rules that decide a label, as in eval.Attribution; an error
// that no rule decides is known by its reason.
func RulesOf(d eval.Disagreement) []string {
	ids := distinct(d.Decisive, func(m gold.Mention) string { return m.Rule })
	switch {
	case len(ids) > 0:
		return ids
	case d.Reason != "":
		return []string{noRule + ": " + page.OneLine(d.Reason)}
	}
	return []string{noRule}
}

// CuesOf are the cues that govern what decides a label; one name stands for none.
func CuesOf(d eval.Disagreement) []string {
	if ids := distinct(d.Decisive, func(m gold.Mention) string { return m.Cue }); len(ids) > 0 {
		return ids
	}
	return []string{noCue}
}

func distinct(mentions []gold.Mention, id func(gold.Mention) string) (ids []string) {
	for _, m := range mentions {
		if s := page.OneLine(id(m)); s != "" && !slices.Contains(ids, s) {
			ids = append(ids, s)
		}
	}
	return ids
}

// tally is a number of errors that have something in common.
type tally struct {
	Name  string
	Count int
	Href  string
}

// tallies counts the errors by the names that each has, the commonest first.
func tallies(errors []eval.Disagreement, filter string, names func(eval.Disagreement) []string) (all []tally) {
	at := map[string]int{}
	for _, d := range errors {
		for _, name := range names(d) {
			i, ok := at[name]
			if !ok {
				i = len(all)
				at[name] = i
				all = append(all, tally{Name: name, Href: link(filter, name)})
			}
			all[i].Count++
		}
	}
	slices.SortFunc(all, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// tallyTable is a table of tallies, of which the first are shown at once.
type tallyTable struct {
	Caption, Column string
	First, Rest     []tally
}

// firstTallies is how many tallies of a table are shown at once.
const firstTallies = 12

func newTallyTable(caption, column string, all []tally) tallyTable {
	n := min(len(all), firstTallies)
	return tallyTable{caption, column, all[:n], all[n:]}
}

// attributions are the rules or the cues of a rule set by what became of their
// labels.
type attributions struct {
	What         string // "rule" or "cue"
	Wrong, Right attributionTable
	Unused       []string
}

type attributionTable struct {
	Caption, What string
	Rows          []attribution
}

type attribution struct {
	eval.Attribution
	Share float64 // of wrong labels
	Href  string
}

func newAttributions(what string, all []eval.Attribution, unused []string) attributions {
	a := attributions{
		What:   what,
		Wrong:  attributionTable{Caption: "Each " + what + " that carries a wrong label", What: what},
		Right:  attributionTable{Caption: "Each " + what + " that carries right labels alone", What: what},
		Unused: unused,
	}
	for _, one := range all {
		one.ID = page.OneLine(one.ID)
		t := &a.Right
		if one.Wrong > 0 {
			t = &a.Wrong
		}
		t.Rows = append(t.Rows, attribution{one, share(one.Wrong, one.Right+one.Wrong), link(what, one.ID)})
	}
	return a
}

// browser is the list of errors with its filters.
type browser struct {
	Errors  []errorItem
	All     int // errors, of which the page may hold fewer
	Each    int // of an observation's confusion are held at most
	Filters []filter
}

// filter is a choice of errors by one property.
type filter struct {
	Name, Label string
	Values      []string
}

// errorItem is an error as the page shows it. Rules and Cues are lines, one an
// id, for the filters.
type errorItem struct {
	ID, Observation, Kind   string
	Gold, Predicted, Reason string
	Rules, Cues             string
	Passages                []Passage
	Text, Summary           string // Summary is "" of a short text
}

func newErrorItem(d eval.Disagreement, gold side) errorItem {
	text, summary := textOf(d.Text)
	return errorItem{
		ID: page.OneLine(d.ID), Observation: observationOf(d)[0], Kind: d.Kind(),
		Gold: d.Gold.String(), Predicted: d.Predicted.String(), Reason: page.OneLine(d.Reason),
		Rules: strings.Join(RulesOf(d), "\n"), Cues: strings.Join(CuesOf(d), "\n"),
		Passages: Passages(d, gold.Word), Text: text, Summary: summary,
	}
}

func newBrowser(e *eval.Evaluation, gold, prediction side) browser {
	shown, each := balanced(e.Errors, mostErrors)
	b := browser{All: len(e.Errors), Each: each}
	for _, d := range shown {
		b.Errors = append(b.Errors, newErrorItem(d, gold))
	}
	b.Filters = []filter{
		{"observation", "Observation", values(shown, observationOf)},
		{"confusion", gold.Name + " → " + prediction.Word, values(shown, kindOf)},
	}
	if e.Evidence {
		b.Filters = append(b.Filters,
			filter{"rule", "Rule", values(shown, RulesOf)},
			filter{"cue", "Cue", values(shown, CuesOf)})
	}
	return b
}

// Cut reports whether the page lacks errors.
func (b browser) Cut() bool { return len(b.Errors) < b.All }

// MostPrinted is how many of the errors shown are printed.
func (browser) MostPrinted() int { return mostPrinted }

// balanced leaves of each confusion of an observation the first errors, as many
// of each as there is room for, in their order: rare confusions are kept whole,
// since no other report shows them. Each is how many that are.
func balanced(errors []eval.Disagreement, room int) (kept []eval.Disagreement, each int) {
	if len(errors) <= room {
		return errors, len(errors)
	}
	type kind struct {
		observation     corpus.Observation
		gold, predicted corpus.Assertion
	}
	of := func(d eval.Disagreement) kind { return kind{d.Observation, d.Gold, d.Predicted} }
	counts := map[kind]int{}
	for _, d := range errors {
		counts[of(d)]++
	}
	each = max(1, sort.Search(room, func(i int) bool {
		n := 0
		for _, count := range counts {
			n += min(count, i+1)
		}
		return n > room
	}))
	clear(counts)
	for _, d := range errors {
		if counts[of(d)]++; counts[of(d)] <= each && len(kept) < room {
			kept = append(kept, d)
		}
	}
	return kept, each
}

// How much of a text is shown at once, how much of a longer one stands for it
// until it is unfolded, and how much of it the page holds, in bytes.
const (
	shortText   = 300
	summaryText = 120
	mostText    = 4000
)

// textOf gives a text as the page shows it, and what stands for a long one.
func textOf(s string) (text, summary string) {
	if len(s) <= shortText {
		return page.OneLine(s), ""
	}
	return page.Printable(cutText(s, mostText)), page.OneLine(cutText(s, summaryText))
}

// cutText cuts a text at the end of a word, if one ends near, or of a character.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	if i := strings.LastIndexAny(s[:most], " \n"); i > most-40 {
		most = i
	}
	return s[:most] + " ..."
}

// values are the names that errors have, in alphabetical order.
func values(errors []eval.Disagreement, names func(eval.Disagreement) []string) (all []string) {
	for _, t := range tallies(errors, "", names) {
		all = append(all, t.Name)
	}
	slices.Sort(all)
	return all
}

// Passage is a sentence with what was found in it.
type Passage struct {
	Section  string
	Pieces   []Piece
	Mentions []FoundTimes
	at       int
	sentence string
	marks    []Mark
}

// Found is a mention as words, for those who do not see the marks.
type Found struct {
	Side                string // gold's name; "" of the prediction
	Assertion, Words    string
	Rule, Cue, CueWords string
}

// FoundTimes is a mention that a passage has more than once, in the same words.
type FoundTimes struct {
	Found
	Times int
}

// Passages gives the sentences of an error's mentions, each once, with the marks of
// prediction and gold; the mentions of gold have the given name of that side.
func Passages(d eval.Disagreement, gold string) []Passage {
	var all passageList
	for _, m := range d.Decisive {
		all.add(m, "")
	}
	for _, m := range d.Annotated {
		all.add(m, gold)
	}
	for i := range all {
		all[i].Pieces = Pieces(all[i].sentence, all[i].marks)
	}
	return all
}

type passageList []Passage

func (l *passageList) add(m gold.Mention, side string) {
	words := clamp(m.Mention, m.Sentence)
	p := l.passage(m, words)
	f := Found{Side: side, Assertion: m.Assertion.String(), Words: page.OneLine(words.In(m.Sentence))}
	for _, mark := range marksOf(m, side != "") {
		p.marks = append(p.marks, Mark{mark.Span.Shift(m.At - p.at), mark.Class})
	}
	if side == "" {
		f.Rule, f.Cue, f.CueWords = page.OneLine(m.Rule), page.OneLine(m.Cue), page.OneLine(clamp(m.CueSpan, m.Sentence).In(m.Sentence))
	}
	if i := slices.IndexFunc(p.Mentions, func(t FoundTimes) bool { return t.Found == f }); i >= 0 {
		p.Mentions[i].Times++
	} else {
		p.Mentions = append(p.Mentions, FoundTimes{f, 1})
	}
}

// passage finds the passage that a mention stands in. Gold may have cut the
// report into other sentences than the prediction: what counts is that the
// passage has these words at this place of the report.
func (l *passageList) passage(m gold.Mention, words corpus.Span) *Passage {
	for i := range *l {
		p := &(*l)[i]
		same := p.at == m.At && p.sentence == m.Sentence
		at := words.Shift(m.At - p.at)
		if same || !at.Empty() && clamp(at, p.sentence) == at && at.In(p.sentence) == words.In(m.Sentence) {
			return p
		}
	}
	*l = append(*l, Passage{Section: page.OneLine(m.Section), at: m.At, sentence: m.Sentence})
	return &(*l)[len(*l)-1]
}

// marksOf are the marks of a mention in its sentence.
func marksOf(m gold.Mention, annotated bool) []Mark {
	words := clamp(m.Mention, m.Sentence)
	if annotated {
		return []Mark{{words, "annotated"}}
	}
	return []Mark{{words, "mention " + m.Assertion.String()}, {clamp(m.CueSpan, m.Sentence), "cue"}, {clamp(m.Scope, m.Sentence), "scope"}}
}

// InReport gives the text of a report with the marks of an error's mentions, as far
// as their words stand in it where they should.
func InReport(text string, d eval.Disagreement) []Piece {
	var marks []Mark
	for i, m := range slices.Concat(d.Decisive, d.Annotated) {
		words := clamp(m.Mention, m.Sentence)
		if at := words.Shift(m.At); at.Empty() || clamp(at, text) != at || at.In(text) != words.In(m.Sentence) {
			continue
		}
		for _, mark := range marksOf(m, i >= len(d.Decisive)) {
			marks = append(marks, Mark{mark.Span.Shift(m.At), mark.Class})
		}
	}
	return Pieces(text, marks)
}

// Mark is a class that the bytes of a span have.
type Mark struct {
	Span  corpus.Span
	Class string
}

// Piece is a run of a text under the same marks. Its text can be printed.
type Piece struct{ Text, Class string }

// clamp puts a span into a text, at the bounds of its characters: the spans of
// a prediction that was read from a file may be anything.
func clamp(s corpus.Span, text string) corpus.Span {
	bound := func(i int) int {
		i = max(0, min(i, len(text)))
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
		return i
	}
	s = corpus.Span{Start: bound(s.Start), End: bound(s.End)}
	if s.Empty() {
		return corpus.Span{Start: s.Start, End: s.Start}
	}
	return s
}

// Pieces cuts a text wherever a mark begins or ends. Together the pieces are the
// text.
func Pieces(text string, marks []Mark) (all []Piece) {
	cuts := []int{0, len(text)}
	for i := range marks {
		marks[i].Span = clamp(marks[i].Span, text)
		cuts = append(cuts, marks[i].Span.Start, marks[i].Span.End)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := range len(cuts) - 1 {
		s := corpus.Span{Start: cuts[i], End: cuts[i+1]}
		all = append(all, Piece{page.Printable(s.In(text)), classes(marks, s)})
	}
	return all
}

func classes(marks []Mark, s corpus.Span) string {
	var names []string
	for _, m := range marks {
		if m.Span.Contains(s) && !slices.Contains(names, m.Class) {
			names = append(names, m.Class)
		}
	}
	return strings.Join(names, " ")
}
