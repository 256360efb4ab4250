package rules

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/internal/segment"
)

// A phrase is parsed into a tree of nodes. Words are tokens as the segmenter
// gives them, so that a phrase and a sentence are cut in the same places.
type node struct {
	op    op
	word  string       // opWord
	kind  segment.Kind // opWord
	class string       // opClass, opLoop, opGroup: the name of the class, or what the builder calls the group
	n     int          // opGap: the most tokens
	at    int          // byte offset into the phrase
	kids  []*node      // opSeq, opAlt; one for opOption, and for opLoop of a group
}

type op uint8

const (
	opWord   op = iota
	opClass     // one member of a class
	opLoop      // zero or more members of a class or group
	opGap       // up to n tokens that are no marks
	opSeq       // kids, one after the other
	opAlt       // one of the kids
	opOption    // the kid or nothing
	opGroup     // an opAlt that the builder has given a trie of its own
)

// numberClass is the name of the built-in class of all Number tokens.
const numberClass = "number"

const (
	maxGap   = 20 // tokens
	maxDepth = 20 // nested groups
)

// phraseError is what is wrong with a phrase, at a byte offset into it.
type phraseError struct {
	at   int
	what string
}

func (e *phraseError) Error() string { return e.what }

// words cuts the text of a phrase into tokens, and remembers what it has cut:
// the same words stand in many phrases, and the tokenizer is dear.
type words struct {
	tokenizer segment.Tokenizer
	known     map[string][]segment.Token
}

// of gives the tokens of text without Join tokens, which neither phrases nor
// sentences see.
func (w *words) of(text string) []segment.Token {
	if tokens, ok := w.known[text]; ok {
		return tokens
	}
	var tokens []segment.Token
	for _, t := range w.tokenizer.Tokens(nil, text) {
		if t.Kind != segment.Join {
			tokens = append(tokens, t)
		}
	}
	if w.known == nil {
		w.known = make(map[string][]segment.Token)
	}
	w.known[text] = tokens
	return tokens
}

// phraseParser reads one phrase by recursive descent.
type phraseParser struct {
	text  string
	at    int
	depth int
	words *words
}

// parsePhrase parses text. Errors are of type *phraseError.
func parsePhrase(text string, w *words) (*node, error) {
	if !utf8.ValidString(text) {
		return nil, &phraseError{0, "phrase is not valid UTF-8"}
	}
	p := &phraseParser{text: text, words: w}
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) { // alternatives stops at a closing bracket only
		return nil, p.errorf(p.at, `")" without "("; write \) for the mark itself`)
	}
	return n, nil
}

func (p *phraseParser) errorf(at int, format string, args ...any) error {
	return &phraseError{at, fmt.Sprintf(format, args...)}
}

func (p *phraseParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *phraseParser) space() {
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += size
	}
}

// alternatives reads sequences with "|" between them.
func (p *phraseParser) alternatives() (*node, error) {
	start := p.at
	var kids []*node
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if p.peek() != '|' {
			break
		}
		if p.depth == 0 {
			return nil, p.errorf(p.at, `"|" outside a group; write (a|b), or one phrase for each`)
		}
		p.at++
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return &node{op: opAlt, kids: kids, at: start}, nil
}

// sequence reads items up to "|", ")" or the end.
func (p *phraseParser) sequence() (*node, error) {
	start := p.at
	var kids []*node
	for {
		p.space()
		if p.at >= len(p.text) || p.peek() == '|' || p.peek() == ')' {
			break
		}
		n, err := p.item()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	switch len(kids) {
	case 0:
		if p.depth == 0 && p.peek() == 0 {
			return nil, p.errorf(start, "phrase is empty")
		}
		return nil, p.errorf(p.at, "nothing here to match; write x? for an optional x")
	case 1:
		return kids[0], nil
	}
	return &node{op: opSeq, kids: kids, at: start}, nil
}

// item reads a word, class, group or gap, with the sign behind it.
func (p *phraseParser) item() (*node, error) {
	start := p.at
	var n *node
	var err error
	switch c := p.peek(); {
	case c == '(':
		n, err = p.group()
	case c == '@':
		n, err = p.class()
	case p.gapAhead():
		return p.gap()
	case strings.IndexByte("?~*+", c) >= 0 && strings.TrimSpace(p.text[:p.at]) == "" && p.blankAt(p.at+1):
		p.at++ // a phrase may begin with such a mark: "? pneumonia"
		return &node{op: opWord, word: string(c), kind: segment.Mark, at: start}, nil
	case strings.IndexByte("?~*+", c) >= 0:
		return nil, p.errorf(p.at, `%q has nothing to act on; write \%c for the mark itself`, c, c)
	default:
		n, err = p.wordRun()
	}
	if err != nil {
		return nil, err
	}
	switch p.peek() {
	case '?':
		p.at++
		n = &node{op: opOption, kids: []*node{n}, at: start}
	case '*', '+':
		loop := &node{op: opLoop, at: start}
		switch {
		case n.op == opClass:
			loop.class = n.class
		case p.text[start] == '(':
			loop.kids = []*node{n}
		default:
			return nil, p.errorf(p.at, `"%c" is for classes and groups (@mod%c); write \%c for the mark itself`, p.peek(), p.peek(), p.peek())
		}
		if p.peek() == '+' {
			n = &node{op: opSeq, kids: []*node{n, loop}, at: start}
		} else {
			n = loop
		}
		p.at++
	}
	if c := p.peek(); c != 0 && strings.IndexByte("?~*+", c) >= 0 {
		return nil, p.errorf(p.at, `%q cannot follow here: an item takes one sign, and "~" comes first (word~?)`, c)
	}
	return n, nil
}

func (p *phraseParser) group() (*node, error) {
	start := p.at
	if p.depth == maxDepth {
		return nil, p.errorf(start, "groups are nested more than %d deep", maxDepth)
	}
	p.depth++
	p.at++
	n, err := p.alternatives()
	p.depth--
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		return nil, p.errorf(start, `"(" without ")"; write \( for the mark itself`)
	}
	p.at++
	return n, nil
}

func (p *phraseParser) class() (*node, error) {
	start := p.at
	p.at++
	for p.at < len(p.text) && classByte(p.text[p.at]) {
		p.at++
	}
	name := p.text[start+1 : p.at]
	if name == "" {
		return nil, p.errorf(start, `"@" wants the name of a class (lower case, digits, hyphens); write \@ for the mark itself`)
	}
	return &node{op: opClass, class: name, at: start}, nil
}

func classByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}

func (p *phraseParser) gapAhead() bool {
	rest := p.text[p.at:]
	return len(rest) > 2 && rest[:2] == ".." && '0' <= rest[2] && rest[2] <= '9'
}

func (p *phraseParser) gap() (*node, error) {
	start := p.at
	n := 0
	for p.at += 2; '0' <= p.peek() && p.peek() <= '9'; p.at++ {
		n = min(n*10+int(p.peek()-'0'), maxGap+1)
	}
	if n < 1 || n > maxGap {
		return nil, p.errorf(start, "a gap is ..1 to ..%d tokens long", maxGap)
	}
	if c := p.peek(); c != 0 && strings.IndexByte(" \t\n)|", c) < 0 {
		return nil, p.errorf(p.at, "a gap ends with a blank: ..%d word", n)
	}
	return &node{op: opGap, n: n, at: start}, nil
}

// wordRun reads text up to a blank or an operator, cuts it into tokens and
// inflects the last of them.
func (p *phraseParser) wordRun() (*node, error) {
	start := p.at
	text, err := p.plain()
	if err != nil {
		return nil, err
	}
	tokens := p.words.of(text)
	if len(tokens) == 0 {
		return nil, p.errorf(start, "nothing here to match: no word, number or mark")
	}
	kids := make([]*node, len(tokens))
	for i, t := range tokens {
		kids[i] = &node{op: opWord, word: t.Norm, kind: t.Kind, at: start}
	}
	if p.peek() == '~' {
		last := len(kids) - 1
		if kids[last], err = p.inflected(kids[last]); err != nil {
			return nil, err
		}
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return &node{op: opSeq, kids: kids, at: start}, nil
}

const operators = "()|?~@*+"

// plain reads up to a blank or an operator and takes the backslashes out.
func (p *phraseParser) plain() (string, error) {
	var escaped strings.Builder // what stands before and behind backslashes
	for {
		rest := p.text[p.at:]
		end := strings.IndexFunc(rest, func(r rune) bool {
			return r == '\\' || unicode.IsSpace(r) || strings.ContainsRune(operators, r)
		})
		if end < 0 {
			end = len(rest)
		}
		p.at += end
		if p.peek() != '\\' && escaped.Len() == 0 {
			return rest[:end], nil
		}
		escaped.WriteString(rest[:end])
		if p.peek() != '\\' {
			return escaped.String(), nil
		}
		p.at++
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if size == 0 || unicode.IsSpace(r) {
			return "", p.errorf(p.at-1, `"\" wants a mark behind it: \? \( \+`)
		}
		escaped.WriteRune(r)
		p.at += size
	}
}

// inflected reads "~" or "~v" behind the word and gives its forms.
func (p *phraseParser) inflected(word *node) (*node, error) {
	if word.kind != segment.Word {
		return nil, p.errorf(p.at, "only words are inflected; %q is none", word.word)
	}
	p.at++
	forms := plural
	if p.peek() == 'v' && !p.wordByteAt(p.at+1) {
		p.at++
		forms = verbForms
	} else if p.wordByteAt(p.at) {
		return nil, p.errorf(p.at, `after "~" comes a blank, or "v" for a verb`)
	}
	alt := &node{op: opAlt, at: word.at}
	for _, f := range forms(word.word) {
		alt.kids = append(alt.kids, &node{op: opWord, word: f, kind: segment.Word, at: word.at})
	}
	return alt, nil
}

func (p *phraseParser) blankAt(i int) bool {
	r, _ := utf8.DecodeRuneInString(p.text[min(i, len(p.text)):])
	return i >= len(p.text) || unicode.IsSpace(r)
}

func (p *phraseParser) wordByteAt(i int) bool {
	if i >= len(p.text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(p.text[i:])
	return !unicode.IsSpace(r) && !strings.ContainsRune(operators, r)
}
