package index

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/radlabel/radlabel/internal/nearest"
)

// sameSentence is the function of a query.
const sameSentence = "same-sentence"

// Parse understands a query. The error is a *QueryError.
func (x *Index) Parse(query string) (Query, error) {
	p := &parser{x: x, text: query, fields: x.fieldTable()}
	root, err := p.parse()
	if err != nil {
		return Query{}, err
	}
	return Query{text: query, root: root}, nil
}

func (x *Index) fieldTable() map[string]fieldOf {
	table := map[string]fieldOf{}
	for _, s := range x.manifest.Sections {
		table[slug(s)] = fieldOf{kind: sectionText, name: s}
	}
	for i, o := range x.manifest.Observations {
		table[slug(string(o))] = fieldOf{kind: observationField, index: i}
	}
	for name, kind := range map[string]fieldKind{
		"section": sectionField, "rule": ruleField, "cue": cueField, "id": idField, "subject": subjectField,
		"study": studyField, "split": splitField, "view": viewField, "date": dateField, "text": textField,
	} {
		table[name] = fieldOf{kind: kind}
	}
	delete(table, "")
	return table
}

// parser reads a query from left to right:
//
//	any   = all { ("OR" | "||") all }
//	all   = not { ["AND" | "&&"] not }
//	not   = { "NOT" | "!" | "-" | "+" } one
//	one   = "(" any ")" | "same-sentence" "(" any ")" | [ field ":" ] value | field ":" "(" any ")"
//	value = word | pattern | word "~" [ edits ] | '"' words '"' | "/" regexp "/" | range
type parser struct {
	x      *Index
	text   string
	i      int
	fields map[string]fieldOf
	inside bool // of same-sentence(...)
	depth  int
}

// deepest is how deep parentheses may be nested.
const deepest = 100

func (p *parser) fail(offset, length int, what, do string) error {
	return &QueryError{Query: p.text, Offset: offset, Length: length, What: what, Do: do}
}

func (p *parser) parse() (node, error) {
	if !utf8.ValidString(p.text) {
		return nil, p.fail(0, len(p.text), "it is not UTF-8", "")
	}
	if p.blanks(); p.i == len(p.text) {
		return nil, p.fail(0, 0, "it is empty", `ask for words, "a phrase" or pneumothorax:positive; * is every report`)
	}
	n, err := p.any(fieldOf{})
	if err != nil {
		return nil, err
	}
	if p.i < len(p.text) {
		return nil, p.fail(p.i, 1, `a ")" that closes nothing`, `take it away, or put it in quotes`)
	}
	return n, nil
}

func (p *parser) blanks() {
	for p.i < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.i]) >= 0 {
		p.i++
	}
}

// operator takes one of the words or signs if it comes next.
func (p *parser) operator(word, sign string) bool {
	p.blanks()
	rest := p.text[p.i:]
	if strings.HasPrefix(rest, sign) {
		p.i += len(sign)
		return true
	}
	if strings.HasPrefix(rest, word) && (len(rest) == len(word) || strings.IndexByte(" \t\n\r(\"", rest[len(word)]) >= 0) {
		p.i += len(word)
		return true
	}
	return false
}

func (p *parser) any(field fieldOf) (node, error) {
	start := p.i
	first, err := p.all(field)
	if err != nil {
		return nil, err
	}
	parts := []node{first}
	for p.operator("OR", "||") {
		next, err := p.all(field)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return anyOf{at{start, p.i - start}, parts}, nil
}

// ends reports whether nothing more of an AND comes.
func (p *parser) ends() bool {
	p.blanks()
	was := p.i
	or := p.operator("OR", "||")
	p.i = was
	return or || p.i == len(p.text) || p.text[p.i] == ')'
}

func (p *parser) all(field fieldOf) (node, error) {
	p.blanks()
	start := p.i
	var parts []node
	var written []string
	for {
		p.blanks()
		begin := p.i
		next, err := p.not(field)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
		written = append(written, p.text[begin:p.i])
		if !p.operator("AND", "&&") && p.ends() {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return allOf{at{start, p.i - start}, parts, written}, nil
}

func (p *parser) not(field fieldOf) (node, error) {
	negated := false
	p.blanks()
	start := p.i
	for {
		switch {
		case p.operator("NOT", "!"), p.sign('-'):
			negated = !negated
			continue
		case p.sign('+'):
			continue
		}
		break
	}
	n, err := p.one(field)
	if err != nil || !negated {
		return n, err
	}
	return noneOf{at{start, p.i - start}, n}, nil
}

// sign takes a sign that stands right before what it is of.
func (p *parser) sign(c byte) bool {
	if p.i+1 < len(p.text) && p.text[p.i] == c && strings.IndexByte(" \t\n\r", p.text[p.i+1]) < 0 {
		p.i++
		return true
	}
	return false
}

func (p *parser) one(field fieldOf) (node, error) {
	p.blanks()
	start := p.i
	switch {
	case p.i == len(p.text):
		return nil, p.fail(p.i, 0, "something is missing at the end", "finish the query, or take away what comes before")
	case p.text[p.i] == ')':
		return nil, p.fail(p.i, 1, `nothing stands before ")"`, "finish what is in the parentheses")
	case p.text[p.i] == '(':
		return p.group(start, field)
	case p.operator("OR", "||"), p.operator("AND", "&&"):
		return nil, p.fail(start, p.i-start, "nothing stands before "+p.text[start:p.i], "write a OR b, or put the word in quotes")
	}
	if field.kind == noField {
		if n, done, err := p.named(start); done || err != nil {
			return n, err
		}
	}
	return p.value(field)
}

// group is a query in parentheses.
func (p *parser) group(start int, field fieldOf) (node, error) {
	if p.depth++; p.depth > deepest {
		return nil, p.fail(p.i, 1, fmt.Sprintf("more than %d parentheses within one another", deepest), "ask for less at a time")
	}
	defer func() { p.depth-- }()
	open := p.i
	p.i++
	n, err := p.any(field)
	if err != nil {
		return nil, err
	}
	if p.blanks(); p.i == len(p.text) {
		return nil, p.fail(open, 1, `a "(" that is not closed`, `put a ")" where it ends`)
	}
	p.i++
	return n, nil
}

// named is what begins with a name: a function or a field.
func (p *parser) named(start int) (node, bool, error) {
	end := start
	for end < len(p.text) && isNameByte(p.text[end]) {
		end++
	}
	name := p.text[start:end]
	if name == sameSentence {
		for end < len(p.text) && p.text[end] == ' ' {
			end++
		}
	}
	if name == "" || end == len(p.text) {
		return nil, false, nil
	}
	switch p.text[end] {
	case '(':
		return p.function(start, end, name)
	case ':':
		return p.fielded(start, end, name)
	}
	return nil, false, nil
}

// function is what begins with a name before a parenthesis.
func (p *parser) function(start, end int, name string) (node, bool, error) {
	if name == sameSentence {
		p.i = end
		n, err := p.within(start)
		return n, true, err
	}
	if name != "OR" && name != "AND" && name != "NOT" && nearest.Name(strings.ToLower(name), []string{sameSentence}) != "" {
		err := p.fail(start, len(name), fmt.Sprintf("unknown function %q", name), "did you mean "+sameSentence+"(...)?").(*QueryError)
		err.Near = sameSentence
		return nil, true, err
	}
	return nil, false, nil
}

// fielded is what begins with a name before a colon.
func (p *parser) fielded(start, end int, name string) (node, bool, error) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) {
		return nil, false, nil // the time 5:40
	}
	field, ok := p.fields[slug(name)]
	if !ok {
		return nil, true, p.unknownField(start, name)
	}
	if err := p.fieldFits(start, name, field); err != nil {
		return nil, true, err
	}
	p.i = end + 1
	var n node
	var err error
	if p.i < len(p.text) && p.text[p.i] == '(' {
		n, err = p.group(p.i, field)
	} else {
		n, err = p.value(field)
	}
	return n, true, err
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func (p *parser) within(start int) (node, error) {
	if p.inside {
		return nil, p.fail(start, len(sameSentence), sameSentence+" within itself", "one is enough")
	}
	p.inside = true
	defer func() { p.inside = false }()
	part, err := p.group(p.i, fieldOf{})
	if err != nil {
		return nil, err
	}
	return withinSentence{at{start, p.i - start}, part}, nil
}

// fieldFits refuses what is said of whole reports within one sentence.
func (p *parser) fieldFits(start int, name string, f fieldOf) error {
	if p.inside && f.kind >= idField && f.kind <= dateField {
		return p.fail(start, len(name), fmt.Sprintf("%s is of a report, not of a sentence", name), "put it outside of "+sameSentence+"(...)")
	}
	return nil
}

func (p *parser) unknownField(start int, name string) error {
	var names []string
	for _, f := range p.x.Fields() {
		names = append(names, f.Name)
	}
	near := suggest(slug(name), names)
	do := `the fields are those of radlabel index stats; put words with ":" in quotes`
	if near != "" {
		do = fmt.Sprintf("did you mean %s?", near)
	}
	err := p.fail(start, len(name), fmt.Sprintf("unknown field %q", name), do).(*QueryError)
	err.Near = near
	return err
}

// suggest gives the known name that another may have meant: one that is few edits
// away, or that has it as one of its words.
func suggest(name string, known []string) string {
	if near := nearest.Name(name, known); near != "" {
		return near
	}
	for _, k := range known {
		if name != "" && slices.Contains(strings.FieldsFunc(k, func(r rune) bool { return r == '_' || r == '.' || r == '-' || r == ' ' }), name) {
			return k
		}
	}
	return ""
}

// value is what a field is to be, or words.
func (p *parser) value(field fieldOf) (node, error) {
	start := p.i
	if start == len(p.text) || strings.IndexByte(" \t\n\r)", p.text[start]) >= 0 {
		return nil, p.fail(max(start-1, 0), 1, "a value is missing", "write it right behind the colon")
	}
	switch p.text[start] {
	case '"':
		quoted, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return p.boosted(p.made(field, start, quoted, true))
	case '/':
		return p.boosted(p.regexp(field))
	case '[', '{':
		return p.between(field)
	case ':':
		return nil, p.fail(start, 1, "no field stands before this colon", "write pleural_effusion:negative, with _ for blanks and no quotes")
	}
	bare, err := p.bare()
	if err != nil {
		return nil, err
	}
	return p.boosted(p.made(field, start, bare, false))
}

// quoted reads up to the closing quote. A backslash takes the next sign as it is.
func (p *parser) quoted() (string, error) {
	open := p.i
	var b strings.Builder
	for p.i++; p.i < len(p.text); p.i++ {
		switch c := p.text[p.i]; {
		case c == '"':
			p.i++
			return b.String(), nil
		case c == '\\' && p.i+1 < len(p.text):
			p.i++
			b.WriteByte(p.text[p.i])
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail(open, 1, "a quote that is not closed", `put a " where the phrase ends`)
}

// bare reads up to a blank, a parenthesis, a quote, or the sign of a boost.
func (p *parser) bare() (string, error) {
	var b strings.Builder
	for ; p.i < len(p.text); p.i++ {
		c := p.text[p.i]
		if strings.IndexByte(" \t\n\r()\"^", c) >= 0 {
			break
		}
		if c == '\\' && p.i+1 < len(p.text) {
			p.i++
			c = p.text[p.i]
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// boosted reads ^2 behind a value: it counts for more in the ranking.
func (p *parser) boosted(n node, err error) (node, error) {
	if err != nil || p.i == len(p.text) || p.text[p.i] != '^' {
		return n, err
	}
	start := p.i
	p.i++
	number, _ := p.bare()
	boost, bad := strconv.ParseFloat(number, 64)
	if bad != nil || boost < 0 || boost > 1000 || math.IsNaN(boost) {
		return nil, p.fail(start, p.i-start, "a boost is a number from 0 to 1000", "write word^2")
	}
	t, ok := n.(text)
	if !ok {
		return nil, p.fail(start, p.i-start, "a boost of what ranks nothing", "boosts are of words, phrases and patterns")
	}
	t.boost = boost
	return t, nil
}
