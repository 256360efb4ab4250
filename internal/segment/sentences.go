package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
)

// maxSentence bounds a sentence, in bytes: whatever is longer is no prose, and
// is split at a blank.
const maxSentence = 4 << 10

// Sentences appends the sentences of text[within.Start:within.End] to dst, in
// order. A sentence is not empty, has no blanks at its ends, and holds neither
// list markers ("1.", "2)", "- ") nor rules. It ends
//
//   - at a full stop, question or exclamation mark that is not part of an
//     abbreviation or number; a semicolon does not end it;
//   - before a list item, and before a line that starts something new
//     ("Lungs: clear"); a line that is only wrapped does not end it;
//   - at an empty line. But a page break may stand within a sentence: where the
//     word before the empty line needs another ("There is no") and the text
//     goes on in small letters, or in capitals as it was so far, no sentence
//     ends. In title case it does: every word could begin a new one.
func Sentences(dst []corpus.Span, text string, within corpus.Span) []corpus.Span {
	s := newScanner(text, within)
	s.sentences = dst
	s.scan()
	return s.sentences
}

// Markers appends the list markers and rules between the sentences of
// text[within.Start:within.End] to dst: what is neither blank nor in a
// sentence.
func Markers(dst []corpus.Span, text string, within corpus.Span) []corpus.Span {
	s := newScanner(text, within)
	s.markers, s.mark = dst, true
	s.scan()
	return s.markers
}

// scanner passes once over the text. What it looks back or ahead for is
// bounded, or a run that it then jumps over.
type scanner struct {
	text       string
	begin, end int
	sentences  []corpus.Span
	markers    []corpus.Span
	mark       bool // collect markers
	capitals   bool // the text has no small letters: its capitals say nothing

	start int // of the open sentence, -1 when none is open
	last  int // end of its last byte that is no blank
	gap   int // end of its last word that a blank follows, for splitting what is too long
	word  int // start of the word after that
	depth int // brackets open in it
	next  int // number that the next item of a list would have
}

func newScanner(text string, within corpus.Span) scanner {
	return scanner{
		text: text, begin: within.Start, end: within.End, start: -1, next: 1,
		capitals: !strings.ContainsFunc(within.In(text), unicode.IsLower),
	}
}

func (s *scanner) scan() {
	text := s.text
	for i, newLine := s.begin, true; i < s.end; {
		if newLine {
			newLine = false
			i = s.line(i)
			continue
		}
		c := text[i]
		if c == '\n' || c == '\r' {
			_, i = lineEnd(text, i, s.end)
			newLine = true
			continue
		}
		if n := blank(text, i); n > 0 {
			i += n
			continue
		}
		if s.start < 0 {
			if j := s.bullet(i, false); j > 0 {
				i = s.item(i, j)
				continue
			}
		}
		if isDigit(c) || c == '(' || c == '#' || c == "•"[0] {
			if j, n := s.inline(i); j > 0 {
				s.next = n + 1
				i = s.item(i, j)
				continue
			}
		}
		s.open(i)
		switch c {
		case '(':
			s.depth++
			i++
		case ')':
			s.depth = max(0, s.depth-1)
			i++
		case '.', '!', '?':
			j, ends := s.stop(i)
			i, s.last = j, j
			if ends {
				s.close()
				continue
			}
		default:
			if c < utf8.RuneSelf {
				for i++; i < s.end && isLetter(text[i]); i++ { // the commonest case
				}
				break
			}
			_, n := utf8.DecodeRuneInString(text[i:s.end])
			i += n
		}
		s.last = i
		s.bound()
	}
	s.close()
}

// open starts a sentence at i unless one is open.
func (s *scanner) open(i int) {
	switch {
	case s.start < 0:
		s.start, s.gap, s.word, s.depth = i, i, i, 0
	case i > s.last:
		s.gap, s.word = s.last, i
	}
}

func (s *scanner) close() {
	if s.start >= 0 && s.last > s.start {
		s.bound()
		s.sentences = append(s.sentences, corpus.Span{Start: s.start, End: s.last})
	}
	s.start = -1
}

// bound splits the open sentence where it is too long.
func (s *scanner) bound() {
	for s.last-s.start > maxSentence {
		cut, resume := s.gap, s.word
		if cut <= s.start || cut-s.start > maxSentence { // one word
			cut = s.start + maxSentence
			for !utf8.RuneStart(s.text[cut]) && cut > s.start+maxSentence-utf8.UTFMax {
				cut--
			}
			resume = cut
		}
		s.sentences = append(s.sentences, corpus.Span{Start: s.start, End: cut})
		s.start, s.gap, s.word = resume, resume, resume
	}
}

// item ends the open sentence before the marker [i, j) and returns j.
func (s *scanner) item(i, j int) int {
	s.close()
	if s.mark {
		s.markers = append(s.markers, corpus.Span{Start: i, End: j})
	}
	return j
}

// line takes what is special at the start of a line: blank lines, rules, list
// markers, and lines that start a new item. It returns where to go on.
func (s *scanner) line(i int) int {
	text := s.text
	i = skipBlanks(text, i, s.end)
	if i >= s.end || text[i] == '\n' || text[i] == '\r' {
		if !s.hangs() || !s.goesOn(i) {
			s.close() // a paragraph ends
		}
		return i
	}
	if j := rule(text, i, s.end); j > 0 {
		return s.item(i, j)
	}
	for {
		j := s.bullet(i, true)
		if j == 0 {
			var n int
			if j, n = s.number(i); j > 0 && (s.start < 0 || n == 1 || n == s.next) {
				s.next = n + 1
			} else {
				break
			}
		}
		i = skipBlanks(text, s.item(i, j), s.end)
		if i >= s.end || text[i] == '\n' || text[i] == '\r' {
			return i
		}
	}
	if s.start >= 0 && s.startsItem(i) {
		s.close()
	}
	if c := text[i]; isLetter(c) || isDigit(c) {
		// A number here was looked at for a marker already.
		s.open(i)
		s.last = i + 1
		return i + 1
	}
	return i
}

// hangs reports whether the open sentence ends with a word that another must
// follow: a page break then stands in it, and no paragraph ends. A "no" behind
// a colon is an answer.
func (s *scanner) hangs() bool {
	if s.start < 0 {
		return false
	}
	start, word := s.wordBefore(s.last)
	switch word {
	case "no":
		return !strings.HasSuffix(strings.TrimRight(s.text[s.start:start], " \t"), ":")
	case "or", "and", "of", "the", "a", "an", "with", "in", "to", "for", "from", "by", "at", "on", "is", "are", "may", "than", "versus":
		return true
	}
	return false
}

// goesOn reports whether the next line with something on it, behind the blank
// one at i, may go on with the open sentence: it begins with a small letter, or
// with a word in capitals where the sentence has no others so far.
func (s *scanner) goesOn(i int) bool {
	const most = 200 // bytes of blank lines
	for end := min(s.end, i+most); i < end; {
		switch c := s.text[i]; {
		case c == '\n' || c == '\r':
			i++
		case blank(s.text, i) > 0:
			i += blank(s.text, i)
		case isUpper(c):
			return s.capitals || s.inCapitals(i)
		default:
			return isLower(c)
		}
	}
	return false
}

// inCapitals reports whether the open sentence and the word at i have no small
// letters. Of a long sentence it looks at the end.
func (s *scanner) inCapitals(i int) bool {
	const most = 100 // bytes of the sentence
	for _, c := range []byte(s.text[max(s.start, s.last-most):s.last]) {
		if isLower(c) {
			return false
		}
	}
	j := i
	for j < s.end && isUpper(s.text[j]) {
		j++
	}
	return j > i+1 && (j == s.end || !isLower(s.text[j]))
}

// listed reports whether a text begins as a list does: with a number or bullet.
func listed(text string) bool {
	s := newScanner(text, corpus.Span{End: len(text)})
	if text == "" {
		return false
	}
	end, _ := s.number(0)
	return end > 0 || s.bullet(0, true) > 0
}

// bullet gives the end of the bullet at i, or 0. A dash or an asterisk is one
// at the start of a line, also glued to its word, and at the start of a
// sentence before a blank.
func (s *scanner) bullet(i int, newLine bool) int {
	switch c := s.text[i]; {
	case c == '-' || c == '*' || c == '+' || c == '>':
		j := i + 1
		for j < s.end && s.text[j] == c {
			j++
		}
		if j == s.end || blank(s.text, j) > 0 || newLine && j == i+1 && c != '+' && c != '>' && isLetter(s.text[j]) {
			return j
		}
	case c >= utf8.RuneSelf:
		switch r, n := utf8.DecodeRuneInString(s.text[i:s.end]); r {
		case '•', '▪', '■', '●', '◦', '‣', '·', '\uf0b7':
			return i + n
		case '–', '—':
			if i+n == s.end || blank(s.text, i+n) > 0 {
				return i + n
			}
		}
	}
	return 0
}

// number reads a list marker "1.", "1)", "(1)", "#1", "#1.", "1.)" of at most
// two digits at i: its end and its number, or 0.
func (s *scanner) number(i int) (end, n int) {
	text := s.text[:s.end]
	open := text[i]
	if open == '(' || open == '#' {
		i++
	}
	j := i
	for j < len(text) && j < i+3 && isDigit(text[j]) {
		n = n*10 + int(text[j]-'0')
		j++
	}
	if j == i || j > i+2 || n == 0 {
		return 0, 0
	}
	k := j
	switch {
	case k < len(text) && text[k] == ')':
		k++
	case open == '(':
		return 0, 0
	case k+1 < len(text) && text[k] == '.' && text[k+1] == ')':
		k += 2
	case k < len(text) && text[k] == '.':
		k++
	case open == '#' && k < len(text) && text[k] == ':':
		k++
	case open != '#':
		return 0, 0
	}
	if k == len(text) || blank(text, k) > 0 {
		return k, n
	}
	if c := text[k]; k > j && (isLetter(c) || c == '_' || c == '(' || c == '"' || c >= utf8.RuneSelf) {
		return k, n
	}
	return 0, 0
}

// inline reads a list marker inside a line. Inside a sentence it must have the
// number that the list has come to, and stand where an item can start: the
// numbers of ribs, levels and images are no markers.
func (s *scanner) inline(i int) (end, n int) {
	text := s.text
	if text[i] == "•"[0] {
		if strings.HasPrefix(text[i:s.end], "•") {
			return i + len("•"), s.next - 1
		}
		return 0, 0
	}
	if s.depth > 0 {
		return 0, 0
	}
	end, n = s.number(i)
	if end == 0 || n != s.next && s.start >= 0 {
		return 0, 0
	}
	if k := skipBlanks(text, end, s.end); k == s.end || text[k] == '\n' || text[k] == '\r' {
		return 0, 0 // "rib 2." ends the line
	}
	if s.start < 0 { // behind a stop, "2." is no sentence of its own
		return end, n
	}
	before := text[s.last-1]
	if s.last == i { // glued
		if isLetter(before) && n > 1 && text[i] != '(' && text[i] != '#' && end < s.end && isLetter(text[end]) {
			if w, _ := s.wordBefore(i); i-w >= 4 {
				return end, n
			}
		}
		if n > 1 && (before == ')' || before == ';' || before == ':') {
			return end, n
		}
		return 0, 0
	}
	if n > 1 || text[end-1] == ')' && text[i] != '(' || strings.IndexByte(".:;,", before) >= 0 {
		return end, n
	}
	return 0, 0
}

// startsItem reports whether the line at i starts something new though the
// line before did not end its sentence: a label ("Lungs: clear"), or a
// function word in capitals that a wrapped line would not have.
func (s *scanner) startsItem(i int) bool {
	text := s.text[:s.end]
	if !isUpper(text[i]) {
		return false
	}
	j := i
	for j < len(text) && isLetter(text[j]) {
		j++
	}
	switch text[i:j] {
	case "No", "There", "The", "This", "These", "It", "In", "If", "Both":
		if j < len(text) && text[j] == ' ' {
			return true
		}
	}
	for ; j < len(text) && j < i+40; j++ {
		c := text[j]
		if c == ':' {
			return j+1 == len(text) || blank(text, j+1) > 0
		}
		if !isLetter(c) && strings.IndexByte(" ,/&-()", c) < 0 {
			return false
		}
	}
	return false
}

// stop takes the run of stops at i and reports whether it ends the sentence.
// What closes a quote or bracket goes with it.
func (s *scanner) stop(i int) (end int, ends bool) {
	text := s.text[:s.end]
	j := i + 1
	for j < len(text) && (text[j] == '.' || text[j] == '!' || text[j] == '?') {
		j++
	}
	after := j
	for after < len(text) {
		if c := text[after]; c == ')' || c == ']' || c == '"' || c == '\'' {
			after++
		} else if strings.HasPrefix(text[after:], "”") || strings.HasPrefix(text[after:], "’") {
			after += len("”")
		} else {
			break
		}
	}
	if after == len(text) {
		return after, true
	}
	switch {
	case text[i] == '?': // "? pneumonia", "(?) pneumonia" hedge
		ends = i > s.start && s.last == i && text[i-1] != '(' &&
			(blank(text, after) > 0 || isUpper(text[after]))
	case text[i] == '!':
		ends = blank(text, after) > 0 || isLetter(text[after])
	case blank(text, after) > 0:
		ends = j > i+1 || !s.abbreviation(i, after)
	default:
		ends = s.gluedStop(i, after)
	}
	if !ends {
		return j, false
	}
	return after, true
}

// wordBefore gives the start of the letters that end at i, at most 12 back,
// and the word in lower case; a longer word is "".
func (s *scanner) wordBefore(i int) (start int, word string) {
	start = i
	for start > s.start && start > i-12 && isLetter(s.text[start-1]) {
		start--
	}
	if i-start > len("approx") {
		return start, ""
	}
	return start, strings.ToLower(s.text[start:i])
}

// What an abbreviation needs behind its stop to be one.
const (
	anything  = 1 << iota // Dr. Jude
	count                 // No. 3, Jan. ___
	lowerCase             // 72 in. distance
)

func abbreviated(word string) int {
	switch word {
	case "dr", "drs", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "cf", "fig", "figs", "eg", "ie":
		return anything
	case "no", "nos", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
		"im", "img", "ser", "vol", "pp":
		return count
	case "ca":
		return count | lowerCase
	case "in", "cm", "mm", "ft", "etc", "incl", "min", "max", "hr", "hrs", "rt", "lt", "lat", "ant", "resp", "esp":
		return lowerCase
	}
	return 0
}

// abbreviation reports whether the full stop at i, which a blank follows at
// after, belongs to an abbreviation and does not end the sentence. Collections
// of tokens have a blank before it too ("vs ."), as before stops that do.
func (s *scanner) abbreviation(i, after int) bool {
	end := i
	if s.last == i-1 && s.start >= 0 {
		end = s.last
	}
	start, word := s.wordBefore(end)
	if word == "" {
		return false
	}
	text := s.text
	k := after
	for k < s.end {
		n := blank(text, k)
		if n == 0 {
			break
		}
		k += n
	}
	if k >= s.end {
		return false
	}
	follows := text[k]
	upper := isUpper(follows) && !s.capitals
	small := isLetter(follows) && !upper
	if end < i {
		kind := abbreviated(word)
		return kind&anything != 0 || kind&count != 0 && isDigit(follows)
	}
	if len(word) == 1 {
		if start-2 >= s.start && text[start-1] == '.' && isLetter(text[start-2]) { // p.m., e.g.
			switch lower(text[start-2]) {
			case 'e', 'i': // e.g., i.e.
				return true
			case 'u': // U.S.
				return word == "s"
			}
			return !upper
		}
		// E. coli; "type C. no" ends.
		return isUpper(text[start]) && small && !s.function(k) &&
			(start == s.start || !isDigit(text[start-1]))
	}
	kind := abbreviated(word)
	return kind&anything != 0 ||
		kind&count != 0 && (isDigit(follows) || follows == '_') ||
		kind&lowerCase != 0 && small && !s.function(k)
}

// function reports whether the word at k is one that starts sentences in a
// text without capitals, or of nothing else.
func (s *scanner) function(k int) bool {
	j := k
	for j < s.end && j < k+6 && isLetter(s.text[j]) {
		j++
	}
	switch strings.ToLower(s.text[k:j]) {
	case "no", "there", "the", "this", "these", "it":
		return true
	}
	return false
}

// gluedStop reports whether the full stop at i ends the sentence though no
// blank follows it: "clear.No effusion".
func (s *scanner) gluedStop(i, after int) bool {
	text := s.text
	c := text[after]
	letter, upper := isLetter(c), isUpper(c)
	if c >= utf8.RuneSelf {
		r, _ := utf8.DecodeRuneInString(text[after:s.end])
		letter, upper = unicode.IsLetter(r), unicode.IsUpper(r)
	}
	capital := upper && after+1 < s.end && isLetter(text[after+1]) // a word in capitals or with one
	if i == s.start {
		return false
	}
	start, word := s.wordBefore(i)
	switch before := text[i-1]; {
	case isDigit(before):
		return capital || after > i+1 && letter
	case !isLetter(before):
		return letter || isDigit(c) && before == ')'
	case i-start == 1:
		if start-1 >= s.start && text[start-1] == '.' { // p.m.The, but U.S.Navy
			return capital && word != "s" && after+1 < s.end && isLower(text[after+1])
		}
		return capital
	}
	kind := abbreviated(word)
	switch {
	case kind == anything:
		return false
	case isDigit(c):
		return kind == 0 && i-start >= 3
	case letter:
		return kind&lowerCase == 0 || upper
	case c == '_':
		return kind == 0
	}
	return c == '(' || c == '[' || c == '#' || c == '*' || c == '-'
}
