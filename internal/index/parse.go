package index

import (
	"fmt"
	"math"
	"regexp/syntax"
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
	if p.text[p.i:] == "*" {
		return nil, nil
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
	for {
		next, err := p.not(field)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
		if !p.operator("AND", "&&") && p.ends() {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return allOf{at{start, p.i - start}, parts}, nil
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
	case ':':
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
		if p.i < len(p.text) && p.text[p.i] == '(' {
			n, err := p.group(p.i, field)
			return n, true, err
		}
		n, err := p.value(field)
		return n, true, err
	}
	return nil, false, nil
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
		return p.regexp(field)
	case '[', '{':
		return p.between(field)
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
	if t, ok := n.(text); ok {
		t.boost = boost
		return t, nil
	}
	return n, nil
}

// made is the node of a field with a value.
func (p *parser) made(field fieldOf, start int, value string, quoted bool) (node, error) {
	where := at{start, p.i - start}
	switch field.kind {
	case noField, textField, sectionText:
		return p.textNode(field, where, value, quoted)
	case observationField:
		return p.assertionNode(field, where, value)
	case ruleField, cueField, sectionField:
		return p.tagNode(field, where, value)
	case splitField, viewField:
		return p.setNode(field, where, value)
	case dateField:
		return p.dateNode(where, value)
	}
	return p.idNode(field, where, value, quoted)
}

func (p *parser) textNode(field fieldOf, where at, value string, quoted bool) (node, error) {
	t := text{at: where, section: field.name, quoted: quoted, boost: 1}
	if !quoted {
		if word, edits, ok := strings.Cut(value, "~"); ok {
			return p.fuzzy(t, word, edits)
		}
		if strings.ContainsAny(value, "*?") && strings.Trim(value, "*?") != "" {
			t.pattern = wildcard(strings.ToLower(value))
			return t, nil
		}
	}
	for _, w := range wordsOf(nil, value) {
		t.words = append(t.words, w.text)
	}
	if len(t.words) == 0 {
		return nil, p.fail(where.offset, where.length, "no word to search for", "a word has letters or digits")
	}
	return t, nil
}

func (p *parser) fuzzy(t text, word, edits string) (node, error) {
	t.edits = 1
	if edits != "" {
		n, err := strconv.Atoi(edits)
		if err != nil || n < 1 || n > 2 {
			return nil, p.fail(t.offset, t.length, fmt.Sprintf("%q is no number of edits", edits), "write word~1 or word~2")
		}
		t.edits = n
	}
	words := wordsOf(nil, word)
	if len(words) != 1 {
		return nil, p.fail(t.offset, t.length, "edits are of one word", "write word~1")
	}
	t.pattern = words[0].text
	return t, nil
}

// wildcard makes a regular expression of a pattern.
func wildcard(pattern string) string {
	var b strings.Builder
	for _, r := range pattern {
		switch {
		case r == '*':
			b.WriteString(".*")
		case r == '?':
			b.WriteByte('.')
		case r < utf8.RuneSelf && strings.ContainsRune(`+()^$.{}[]|\`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (p *parser) regexp(field fieldOf) (node, error) {
	start := p.i
	end := start + 1
	for ; end < len(p.text) && p.text[end] != '/'; end++ {
		if p.text[end] == '\\' {
			end++
		}
	}
	if end >= len(p.text) {
		return nil, p.fail(start, 1, "a regular expression that is not closed", "put a / where it ends")
	}
	p.i = end + 1
	where := at{start, p.i - start}
	if field.kind > sectionText {
		return nil, p.fail(start, where.length, "regular expressions are of words alone", "")
	}
	pattern := p.text[start+1 : end]
	if _, err := syntax.Parse(pattern, syntax.Perl); err != nil || pattern == "" {
		return nil, p.fail(start, where.length, "no regular expression", "see the syntax of Go's package regexp")
	}
	return text{at: where, pattern: pattern, section: field.name, boost: 1}, nil
}

func (p *parser) assertionNode(field fieldOf, where at, value string) (node, error) {
	if value == "*" {
		value = "mentioned"
	}
	var names []string
	for _, a := range assertionWords {
		if strings.EqualFold(a.name, value) {
			return asserts{where, field.index, a.any}, nil
		}
		names = append(names, a.name)
	}
	return nil, p.unknownValue(where, value, "assertion", names)
}

func (p *parser) unknownValue(where at, value, what string, names []string) error {
	near := suggest(strings.ToLower(value), names)
	do := "there is none in this index"
	switch {
	case near != "":
		do = fmt.Sprintf("did you mean %s?", near)
	case len(names) > 0 && len(names) <= 12:
		do = "use " + strings.Join(names, ", ")
	case len(names) > 0:
		do = "radlabel index stats lists those that there are"
	}
	err := p.fail(where.offset, where.length, fmt.Sprintf("unknown %s %q", what, value), do).(*QueryError)
	err.Near = near
	return err
}

func (p *parser) tagNode(field fieldOf, where at, value string) (node, error) {
	names, what := p.x.manifest.Rules, "rule"
	switch field.kind {
	case cueField:
		names, what = p.x.manifest.Cues[1:], "cue"
	case sectionField:
		names, what = p.x.manifest.Sections, "section"
	}
	found := matching(value, names)
	if len(found) == 0 {
		return nil, p.unknownValue(where, value, what, names)
	}
	return tagged{where, field.kind, found}, nil
}

func (p *parser) setNode(field fieldOf, where at, value string) (node, error) {
	sets, what := p.x.manifest.Splits, "split"
	if field.kind == viewField {
		sets, what = p.x.manifest.Views, "view"
	}
	names := members(sets)
	found := matching(value, names)
	if len(found) == 0 {
		return nil, p.unknownValue(where, value, what, names)
	}
	return belongs{where, field.kind, found}, nil
}

// matching gives the names that a value with * and ? in it means; without them,
// case and the signs between words are of no matter.
func matching(value string, names []string) []string {
	var found []string
	for _, n := range names {
		if like(value, n) || strings.EqualFold(value, n) || slug(value) == slug(n) && slug(n) != "" {
			found = append(found, n)
		}
	}
	return found
}

// like reports whether a pattern with * and ? is the whole of a name, case apart.
func like(pattern, name string) bool {
	p, n := strings.ToLower(pattern), strings.ToLower(name)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// idNode is an id as it is, or a comparison of ids as texts of the same length.
func (p *parser) idNode(field fieldOf, where at, value string, quoted bool) (node, error) {
	n := named{at: where, field: field.kind}
	if !quoted {
		for _, op := range []string{">=", "<=", ">", "<"} {
			if bound, ok := strings.CutPrefix(value, op); ok {
				bound = bareID(field.kind, bound)
				if bound == "" {
					return nil, p.fail(where.offset, where.length, "a value is missing", "write it right behind "+op)
				}
				if op[0] == '>' {
					n.lo, n.loOpen = bound, op == ">"
				} else {
					n.hi, n.hiOpen = bound, op == "<"
				}
				return n, nil
			}
		}
	}
	n.lo = bareID(field.kind, value)
	n.hi = n.lo
	return n, nil
}

// bareID takes the letter off that MIMIC-CXR's paths have before ids.
func bareID(kind fieldKind, value string) string {
	letter := map[fieldKind]string{subjectField: "p", studyField: "s"}[kind]
	if rest, ok := strings.CutPrefix(value, letter); ok && letter != "" && rest != "" && strings.Trim(rest, "0123456789") == "" {
		return rest
	}
	return value
}

// between is [a TO b].
func (p *parser) between(field fieldOf) (node, error) {
	start := p.i
	end := strings.IndexAny(p.text[start:], "]}")
	if end < 0 {
		return nil, p.fail(start, 1, "a range that is not closed", "write [a TO b]")
	}
	p.i = start + end + 1
	where := at{start, p.i - start}
	ends := strings.Fields(p.text[start+1 : start+end])
	if len(ends) != 3 || ends[1] != "TO" {
		return nil, p.fail(start, where.length, "no range", "write [a TO b]; * is an open end")
	}
	open := [2]bool{p.text[start] == '{', p.text[start+end] == '}'}
	switch field.kind {
	case dateField:
		d := dated{where, 0, math.MaxUint32}
		if ends[0] != "*" {
			lo, hi, ok := dateSpan(ends[0])
			if !ok {
				return nil, p.wrongDate(where, ends[0])
			}
			if d.lo = lo; open[0] {
				d.lo = hi + 1
			}
		}
		if ends[2] != "*" {
			lo, hi, ok := dateSpan(ends[2])
			if !ok {
				return nil, p.wrongDate(where, ends[2])
			}
			if d.hi = hi; open[1] {
				d.hi = lo - 1
			}
		}
		d.lo = max(d.lo, 1)
		return d, nil
	case idField, subjectField, studyField:
		n := named{at: where, field: field.kind, loOpen: open[0], hiOpen: open[1]}
		if ends[0] != "*" {
			n.lo = bareID(field.kind, ends[0])
		}
		if ends[2] != "*" {
			n.hi = bareID(field.kind, ends[2])
		}
		return n, nil
	}
	return nil, p.fail(start, where.length, "ranges are of date, id, subject and study alone", "")
}

func (p *parser) wrongDate(where at, value string) error {
	return p.fail(where.offset, where.length, fmt.Sprintf("%q is no date", value), "write 2150, 2150-01 or 2150-01-31")
}

func (p *parser) dateNode(where at, value string) (node, error) {
	if value == "*" {
		return dated{where, 1, math.MaxUint32}, nil
	}
	op := value[:len(value)-len(strings.TrimLeft(value, "<>="))]
	lo, hi, ok := dateSpan(value[len(op):])
	if !ok {
		return nil, p.wrongDate(where, value[len(op):])
	}
	switch op {
	case "", "=":
		return dated{where, lo, hi}, nil
	case ">=":
		return dated{where, lo, math.MaxUint32}, nil
	case ">":
		return dated{where, hi + 1, math.MaxUint32}, nil
	case "<=":
		return dated{where, 1, hi}, nil
	case "<":
		return dated{where, 1, lo - 1}, nil
	}
	return nil, p.fail(where.offset, len(op), fmt.Sprintf("unknown comparison %q", op), "use >=, <=, > or <")
}

// dateSpan gives the first and the last day that a date stands for.
func dateSpan(s string) (lo, hi uint32, ok bool) {
	digits := strings.ReplaceAll(s, "-", "")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, 0, false
	}
	switch len(digits) {
	case 4:
		return uint32(n) * 10000, uint32(n)*10000 + 9999, true
	case 6:
		return uint32(n) * 100, uint32(n)*100 + 99, true
	case 8:
		return uint32(n), uint32(n), true
	}
	return 0, 0, false
}
