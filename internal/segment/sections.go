package segment

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/nearest"
)

// Names that the layout of a report gives a meaning to; all other names are
// the section file's.
const (
	Preamble      = "preamble"       // text before the first header, or after a block
	LastParagraph = "last-paragraph" // policy: the text after the first paragraph break of the last section
)

// Splitter cuts reports into sections and chooses those to label. It is
// immutable and safe for concurrent use.
type Splitter struct {
	defs    []SectionDef
	names   map[string]int    // a name in plain form -> index in defs, the first of them
	headers map[string]int    // a header in plain form -> index in defs
	long    []header          // headers long enough to be told when misspelt
	words   []header          // Contains, " word " in plain form, in order of defs
	own     []map[string]bool // of each of defs, the words of Headers and Contains
	policy  []string
}

type header struct {
	plain string
	def   int
}

// NewSplitter compiles section definitions. The policy names what "auto"
// labels: the first of these that a report has with text in it; each is the
// name of a definition or "last-paragraph". A header that contains words of
// several definitions means the first of them.
func NewSplitter(defs []SectionDef, policy []string) (*Splitter, error) {
	s := &Splitter{defs: slices.Clone(defs), names: make(map[string]int), headers: make(map[string]int), policy: slices.Clone(policy)}
	names := make(map[string]bool)
	for i, def := range defs {
		if plainHeader(def.Name) == "" {
			return nil, fmt.Errorf("section %d of the section file has no name: give it one", i+1)
		}
		if names[def.Name] {
			return nil, fmt.Errorf("section %q is defined twice: join the definitions", def.Name)
		}
		names[def.Name] = true
		if _, ok := s.names[plainHeader(def.Name)]; !ok {
			s.names[plainHeader(def.Name)] = i
		}
		own := make(map[string]bool)
		for _, h := range slices.Concat(def.Headers, def.Contains) {
			for word := range strings.FieldsSeq(plainHeader(h)) {
				own[word] = true
			}
		}
		s.own = append(s.own, own)
		for _, h := range def.Headers {
			plain := plainHeader(h)
			if plain == "" {
				return nil, fmt.Errorf("section %q: header %q has no letters: remove it", def.Name, h)
			}
			if len(plain) > maxHeader {
				return nil, fmt.Errorf("section %q: header %q is longer than %d bytes: shorten it", def.Name, h, maxHeader)
			}
			if other, ok := s.headers[plain]; ok {
				if other != i {
					return nil, fmt.Errorf("header %q is listed for section %q and section %q: keep one", h, defs[other].Name, def.Name)
				}
				continue
			}
			s.headers[plain] = i
			if len(plain) >= minFuzzy {
				s.long = append(s.long, header{plain, i})
			}
		}
		for _, w := range def.Contains {
			plain := plainHeader(w)
			if plain == "" {
				return nil, fmt.Errorf("section %q: contains %q has no letters: remove it", def.Name, w)
			}
			s.words = append(s.words, header{" " + plain + " ", i})
		}
	}
	if len(defs) > 0 && len(policy) == 0 {
		return nil, fmt.Errorf("no section policy: say which section to label first, for example [impression, findings]")
	}
	for _, p := range policy {
		if p != LastParagraph && !names[p] {
			return nil, fmt.Errorf("section policy: %q is neither a section nor %s: want %s", p, LastParagraph, s.nameList())
		}
	}
	return s, nil
}

func (s *Splitter) nameList() string {
	names := make([]string, len(s.defs))
	for i, def := range s.defs {
		names[i] = def.Name
	}
	return strings.Join(names, ", ")
}

// kind tells what cuts a report, and how sure it is.
type kind uint8

const (
	known    kind = iota // a header of the table, or a misspelling of one
	contains             // a header with a word of Contains in it
	unknown              // a header in capitals that is neither
	ruled                // a line of underscores
	final                // the line FINAL REPORT
)

// cut is a place where a section may end: a header with its colon, a rule or
// the line FINAL REPORT.
type cut struct {
	kind       kind
	def        int
	start, end int
	fresh      bool // a paragraph starts with it
	text       bool // contains: its words are text, with what is behind it
}

func (s *Splitter) block(c cut) bool {
	return c.kind <= contains && s.defs[c.def].Block
}

// Split cuts a report into sections, in text order. Spans have no blanks at
// their ends; a section with nothing in it has an empty span behind its
// header; text without a header is a section named "preamble".
//
// A header stands at the start of a line, in capitals (or as a known header
// with a capital letter, or without one where a sentence or paragraph ended
// before; one with a word of Contains may be in title case where a paragraph
// starts), up to a colon; a known header may also have the line to itself. A
// text without line breaks may have known headers anywhere. Then:
//
//   - a known or misspelt header always starts a section;
//   - a header known only by a word that it contains (a view name) starts one
//     unless it stands in a labelled section, whose text it then is. One with
//     words that no header of its section has ("CHEST TUBE:") is text in title
//     case; in capitals it starts a section in a known one that is not labelled,
//     and counts as unknown elsewhere, but its words stay in the text;
//   - an unknown header ("LUNGS:") starts one where no known section is open,
//     or at a new paragraph of one that is not labelled, and is text elsewhere;
//   - a block (wet read, addendum) lasts to the next rule, FINAL REPORT or
//     block, whatever headers it holds, when a report follows there;
//   - a rule ends blocks and the preamble, and is a part of any other section.
func (s *Splitter) Split(text string) []corpus.Section {
	sections, _ := s.SplitUntil(text, func(int) error { return nil })
	return sections
}

// SplitUntil is Split, which may end early: now and then it asks whether it is to, with
// so many headers found, and gives the error that says so.
func (s *Splitter) SplitUntil(text string, ask func(headers int) error) ([]corpus.Section, error) {
	var room [usualCuts]cut
	cuts, err := s.cuts(room[:0], text, ask)
	if err == nil {
		err = ask(len(cuts))
	}
	if err != nil {
		return nil, err
	}
	// For each cut, where the block that it opens would end, and whether a
	// report follows there.
	var roomEnds [usualCuts + 1]int
	var roomReport [usualCuts + 1]bool
	ends, report := roomEnds[:], roomReport[:]
	if len(cuts) > usualCuts {
		ends, report = make([]int, len(cuts)+1), make([]bool, len(cuts)+1)
	}
	ends[len(cuts)] = len(cuts)
	for i := len(cuts) - 1; i >= 0; i-- {
		c := cuts[i]
		ends[i], report[i] = ends[i+1], report[i+1]
		switch {
		case c.kind == ruled:
			ends[i] = i
		case c.kind == final:
			ends[i], report[i] = i, true
		case c.kind <= contains && !s.block(c):
			report[i] = true
		}
	}

	sections := make([]corpus.Section, 0, len(cuts)+1)
	open := corpus.Section{Name: Preamble}
	openKnown, openLabelled, openBlock := false, false, false
	closeAt := func(end int) {
		open.Span.End = max(end, open.Span.Start)
		open.Span = trim(text, open.Span)
		if !open.Header.Empty() || !open.Span.Empty() {
			if open.Span.Empty() {
				open.Span = corpus.Span{Start: open.Header.End, End: open.Header.End}
			}
			sections = append(sections, open)
		}
	}
	until := 0 // cuts before this one are inside a block
	for i, c := range cuts {
		block := s.block(c)
		switch {
		case c.kind == ruled && openKnown && !openBlock,
			i < until && !block,
			c.kind == contains && openLabelled && !block,
			c.kind == unknown && openKnown && (openLabelled || !c.fresh):
			continue
		}
		closeAt(c.start)
		if c.text {
			c.end = c.start
			if !openKnown {
				c.kind = unknown
			}
		}
		if c.kind >= ruled {
			open = corpus.Section{Name: Preamble, Span: corpus.Span{Start: c.end}}
			openKnown, openLabelled, openBlock = false, false, false
			continue
		}
		open = corpus.Section{Header: corpus.Span{Start: c.start, End: c.end}, Span: corpus.Span{Start: c.end}}
		openKnown, openLabelled, openBlock = c.kind <= contains, false, block
		if openKnown {
			open.Name, openLabelled = s.defs[c.def].Name, s.defs[c.def].Labelled
		} else {
			open.Name = unknownName(text[c.start:cuts[i].end])
		}
		if j := ends[i]; block {
			until = 0
			if j < len(cuts) && report[j] {
				until = j
			}
			openLabelled = openLabelled && until > 0
		}
	}
	closeAt(len(text))
	return sections, nil
}

// often is how many lines, or colons of a text of one line, are looked at between two
// questions: one in capitals that is nearly a header takes microseconds.
const often = 64

// unknownName is the name of a section whose header the table does not know.
func unknownName(header string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.TrimRight(header, ": \t")), " "))
}

// usualCuts are as many as nearly every report has.
const usualCuts = 24

// cuts appends the headers, rules and FINAL REPORT lines of a text, in order.
func (s *Splitter) cuts(cuts []cut, text string, ask func(headers int) error) ([]cut, error) {
	text = plainBlanks(text)
	if t := trim(text, corpus.Span{End: len(text)}); !strings.ContainsAny(t.In(text), "\n\r") {
		return s.inlineCuts(cuts, text, ask)
	}
	small := !hasCapital(text) // no header can be told by its capitals
	fresh := true              // a paragraph starts here
	ended := true              // a sentence ended before
	for i, lines := 0, 1; i < len(text); lines++ {
		if lines%often == 0 {
			if err := ask(len(cuts)); err != nil {
				return nil, err
			}
		}
		eol, next := lineEnd(text, i, len(text))
		start := skipBlanks(text, i, eol)
		i = next
		if start == eol {
			fresh, ended = true, true
			continue
		}
		if text[start] == '_' {
			if end := rule(text, start, eol); end > 0 {
				cuts = append(cuts, cut{kind: ruled, start: start, end: end})
				fresh, ended = true, true
				continue
			}
		}
		line := text[start:eol]
		if end := finalReport(line); end > 0 && strings.Trim(line[end:], ": \t") == "" {
			cuts = append(cuts, cut{kind: final, start: start, end: start + len(trimEnd(line))})
			fresh, ended = true, true
			continue
		}
		c, ok := s.header(line, fresh, ended, small)
		if ok {
			c.start, c.end, c.fresh = start, start+c.end, fresh
			cuts = append(cuts, c)
		}
		line = trimEnd(line)
		fresh = ok && c.end == start+len(line)
		// After a header in small letters, the next may follow any text.
		ended = fresh || ok && !isUpper(text[start]) || strings.IndexByte(".:!?;", line[len(line)-1]) >= 0
	}
	return cuts, nil
}

// finalReport gives the length of FINAL REPORT at the start of the line, or 0.
func finalReport(line string) int {
	const first, second = "final", "report"
	if len(line) < len(first) || lower(line[0]) != first[0] || !strings.EqualFold(line[:len(first)], first) {
		return 0
	}
	i := skipBlanks(line, len(first), len(line))
	end := i + len(second)
	if i == len(first) || end > len(line) || !strings.EqualFold(line[i:end], second) || end < len(line) && isAlnumAt(line, end) {
		return 0
	}
	return end
}

// plainBlanks is the text with as many plain blanks in the place of every
// non-breaking or otherwise wide one, so that offsets stay.
func plainBlanks(text string) string {
	const leads = "\xc2\xe1\xe2\xe3" // the first bytes of such blanks
	wide := false
	for i := range len(leads) {
		wide = wide || strings.IndexByte(text, leads[i]) >= 0
	}
	if !wide {
		return text // nearly every text, and no byte was looked at alone
	}
	var plain []byte
	for i := 0; i < len(text); i++ {
		if text[i] < utf8.RuneSelf {
			continue
		}
		if n := blank(text, i); n > 0 {
			if plain == nil {
				plain = []byte(text)
			}
			copy(plain[i:], "   "[:n])
		}
	}
	if plain == nil {
		return text
	}
	return string(plain)
}

const (
	maxHeader = 96 // bytes of a header
	minFuzzy  = 7  // bytes of a header that may be misspelt
)

// headerByte reports whether c may stand in a header.
func headerByte(c byte) bool { return headerBytes[c] }

var headerBytes = func() (is [256]bool) {
	for c := range is {
		is[c] = isLetter(byte(c)) || isDigit(byte(c)) || strings.IndexByte(" \t()/,-&#'", byte(c)) >= 0
	}
	return is
}()

// trimEnd drops the blanks and tabs at the end of a line.
func trimEnd(line string) string {
	for len(line) > 0 && (line[len(line)-1] == ' ' || line[len(line)-1] == '\t') {
		line = line[:len(line)-1]
	}
	return line
}

// header reads the header that a line (without its first blanks) starts with.
// The cut starts at 0 and ends behind the colon. In a text in small letters
// throughout, those of a line where a sentence has ended count as capitals.
func (s *Splitter) header(line string, fresh, ended, small bool) (cut, bool) {
	if !isLetter(line[0]) && !isDigit(line[0]) && line[0] != '(' {
		return cut{}, false
	}
	title := isUpper(line[0])
	j := 0
	capitals := true
	for j < len(line) && j < maxHeader && headerByte(line[j]) {
		if capitals && isLower(line[j]) && !(small && ended) {
			capitals = false
			last := line[len(line)-1]
			mayBeAlone := title && fresh && (headerByte(last) || last < ' ') // the one line of a text keeps its end
			if !mayBeAlone && strings.IndexByte(line[j:min(len(line), maxHeader)], ':') < 0 {
				return cut{}, false // nearly always
			}
		}
		j++
	}
	if j == maxHeader {
		return cut{}, false
	}
	alone := strings.TrimSpace(line[j:]) == ""
	stop := byte(0)
	if j < len(line) {
		stop = line[j]
	}
	// Of what is left, most is text, and is known for it by now.
	switch {
	case stop == ':' && (capitals || title || ended),
		capitals && (fresh || ended) && (alone || stop == ';' || stop == '.' || stop == '_'),
		title && fresh && alone:
	default:
		return cut{}, false
	}
	var buf [maxHeader]byte
	plain := appendPlain(buf[:0], line[:j])
	if len(plain) == 0 {
		return cut{}, false
	}
	colon := stop == ':' && !(isDigit(line[j-1]) && j+1 < len(line) && isDigit(line[j+1])) // of no time

	def, ok := s.headers[string(plain)]
	switch {
	case ok && colon && (capitals || title || ended),
		ok && fresh && (capitals || title) && alone,
		ok && fresh && capitals && (stop == ';' || stop == '.') && (j+1 == len(line) || blank(line, j+1) > 0):
		end := j
		if stop != 0 && !alone {
			end++
		} else {
			end = len(trimEnd(line[:j]))
		}
		return cut{kind: known, def: def, end: end}, true
	case capitals && ended && (alone || stop == '_' || stop == ':' && !colon):
		// WET READ VERSION #2 ___ ___ 8:19 AM
		if def, _, ok := s.find(plain); ok && s.defs[def].Block {
			end := j
			if !alone && stop == ':' { // the digits are of the time
				end = len(strings.TrimRight(line[:j], "0123456789"))
			}
			return cut{kind: known, def: def, end: len(trimEnd(line[:end]))}, true
		}
		return cut{}, false
	case !colon || !capitals && !title:
		return cut{}, false
	}
	if def, ok := s.misspelt(string(plain)); ok {
		return cut{kind: known, def: def, end: j + 1}, true
	}
	if !capitals && !(fresh && titleCase(line[:j])) {
		return cut{}, false
	}
	if def, other, ok := s.find(plain); ok {
		return cut{kind: contains, def: def, end: j + 1, text: other}, capitals || !other
	}
	if !capitals || isDigit(line[0]) || j < 2 {
		return cut{}, false
	}
	return cut{kind: unknown, end: j + 1}, true
}

func hasCapital(text string) bool {
	for i := range len(text) {
		if isUpper(text[i]) {
			return true
		}
	}
	return false
}

// titleCase reports whether every word begins with a capital letter, but for
// those that titles have small: "PA and Lateral Views of the Chest".
func titleCase(header string) bool {
	for i := 0; i < len(header); {
		if !isLetter(header[i]) {
			i++
			continue
		}
		start := i
		for i < len(header) && isLetter(header[i]) {
			i++
		}
		if !isUpper(header[start]) && !filler(header[start:i]) {
			return false
		}
	}
	return true
}

// filler reports whether a word is one of those that titles have small.
func filler(word string) bool {
	switch word {
	case "a", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with":
		return true
	}
	return false
}

// find gives the first definition one of whose words the header contains. It
// says whether the header has other words too, which may be a part of the text:
// "CHEST TUBE". A header that a word of Contains would be alone ("FINAL
// IMPRESSION") has none, nor has one of a section that is not labelled.
func (s *Splitter) find(plain []byte) (def int, other, ok bool) {
	var buf [maxHeader + 2]byte
	h := string(append(append(append(buf[:0], ' '), plain...), ' '))
	for _, w := range s.words {
		if !strings.Contains(h, w.plain) {
			continue
		}
		if d := s.defs[w.def]; !d.Labelled || d.Block {
			return w.def, false, true
		}
		if def, listed := s.headers[strings.TrimSpace(w.plain)]; listed && def == w.def {
			return w.def, false, true
		}
		for word := range strings.FieldsSeq(h) {
			other = other || !isDigit(word[0]) && !filler(word) && !s.own[w.def][word]
		}
		return w.def, other, true
	}
	return 0, false, false
}

// inlineCuts finds known headers in a text of one line. A header in capitals
// may stand anywhere in mixed text; elsewhere a sentence must have ended
// before it.
func (s *Splitter) inlineCuts(cuts []cut, text string, ask func(headers int) error) ([]cut, error) {
	mixed := strings.IndexFunc(text, func(r rune) bool { return 'a' <= r && r <= 'z' }) >= 0
	taken := trim(text, corpus.Span{End: len(text)}).Start
	small := !hasCapital(text)
	if n := finalReport(text[taken:]); n > 0 && (small || isUpper(text[taken+n-1])) {
		cuts = append(cuts, cut{kind: final, start: taken, end: taken + n})
		taken = skipBlanks(text, taken+n, len(text))
	}
	if taken < len(text) {
		if c, ok := s.header(text[taken:], true, true, small); ok && c.kind <= contains {
			c.start, c.end = taken, taken+c.end
			cuts = append(cuts, c)
			taken = c.end
		}
	}
	for colon, colons := taken, 1; colon < len(text); colon, colons = colon+1, colons+1 {
		if colons%often == 0 {
			if err := ask(len(cuts)); err != nil {
				return nil, err
			}
		}
		i := strings.IndexByte(text[colon:], ':')
		if i < 0 {
			break
		}
		colon += i
		first := colon
		for first > taken && colon-first < maxHeader && headerByte(text[first-1]) {
			first--
		}
		c, ok := s.inlineHeader(text, first, colon, taken, mixed)
		if ok {
			cuts = append(cuts, c)
			taken = colon + 1
		}
	}
	return cuts, nil
}

// inlineHeader reads the header that ends at the colon and starts at or behind
// first: the longest run of words that is a known header, or else the words in
// capitals, where one of them is of Contains. Those win where a sentence ended
// before them and none before the known header: "PA AND LATERAL VIEWS:" is no
// "VIEWS:". Text before taken is of other headers.
func (s *Splitter) inlineHeader(text string, first, colon, taken int, mixed bool) (cut, bool) {
	last := func(i int) byte { // of the text before i, or 0
		before := strings.TrimRight(text[taken:i], " \t")
		if before == "" {
			return 0
		}
		return before[len(before)-1]
	}
	var buf [maxHeader]byte
	found, ok := cut{def: -1, end: colon + 1}, false
	capitals := colon // where the words in capitals start
	for ; first < colon; first++ {
		if !isLetter(text[first]) || first > taken && isAlnumAt(text, first-1) {
			continue
		}
		small := strings.ContainsFunc(text[first:colon], func(r rune) bool { return 'a' <= r && r <= 'z' })
		if !small {
			capitals = min(capitals, first)
		}
		def, known := s.headers[string(appendPlain(buf[:0], text[first:colon]))]
		if !known {
			continue
		}
		found.def, found.start = def, first
		if strings.IndexByte("\x00.:!?;)]_", last(first)) >= 0 {
			return found, true
		}
		ok = !small && mixed
		break
	}
	whole := found.def < 0 && (colon+1 == len(text) || !isDigit(text[colon+1])) || found.def >= 0 && strings.IndexByte(".!?;_", last(capitals)) >= 0
	if mixed && capitals < colon && whole {
		if def, other, contained := s.find(appendPlain(buf[:0], text[capitals:colon])); contained && def != found.def {
			found.kind, found.def, found.start, found.text, ok = contains, def, capitals, other, true
		}
	}
	return found, ok
}

// plainHeader is a header in lower case, its words parted by one blank: what
// headers are compared by.
func plainHeader(h string) string { return string(appendPlain(nil, h)) }

func appendPlain(dst []byte, h string) []byte {
	start, gap := len(dst), false
	for i := 0; i < len(h); i++ {
		c := h[i]
		switch {
		case isLetter(c) || isDigit(c) || c >= utf8.RuneSelf:
			if gap && len(dst) > start {
				dst = append(dst, ' ')
			}
			gap = false
			dst = append(dst, lower(c))
		case c == '&':
			if len(dst) > start {
				dst = append(dst, ' ')
			}
			dst = append(dst, "and"...)
			gap = true
		case c == '\'':
		default:
			gap = true
		}
	}
	return dst
}

// misspelt gives the definition of the long header that is nearest to the
// given one: one letter away (changed, lost, added or swapped with the next),
// or two where the header has nine letters and the first is right, so that
// DEPRESSION is no IMPRESSION.
func (s *Splitter) misspelt(plain string) (def int, ok bool) {
	best := 3
	for _, h := range s.long {
		most := 1
		if len(h.plain) >= 9 && h.plain[0] == plain[0] {
			most = 2
		}
		most = min(most, best-1)
		if d := nearest.Distance(plain, h.plain, most); d <= most {
			best, def, ok = d, h.def, true
		}
	}
	return def, ok
}
