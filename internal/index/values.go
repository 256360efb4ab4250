package index

import (
	"fmt"
	"math"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/radlabel/radlabel/corpus"
)

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
		if value == "*" && field.kind != sectionText {
			return everything{where}, nil
		}
		if strings.ContainsAny(value, "*?") {
			return p.wildcard(t, value)
		}
	}
	for _, w := range wordsOf(nil, value) {
		t.words = append(t.words, w.text)
	}
	if len(t.words) == 0 {
		return nil, p.noWord(where)
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

// wildcard is a pattern of a word.
func (p *parser) wildcard(t text, value string) (node, error) {
	letters := strings.NewReplacer("*", "", "?", "").Replace(value)
	words := wordsOf(nil, letters)
	if letters != "" && (len(words) != 1 || words[0].Span != corpus.Span{End: len(letters)}) {
		return nil, p.fail(t.offset, t.length, "a pattern is of one word", "a word has only letters and digits: write right sid* for right-sid*")
	}
	if len(words) == 0 {
		return nil, p.noWord(t.at)
	}
	t.wildcard = strings.ToLower(value)
	t.pattern = strings.NewReplacer("*", ".*", "?", ".").Replace(t.wildcard)
	return t, nil
}

func (p *parser) noWord(where at) error {
	return p.fail(where.offset, where.length, "no word to search for", "a word has letters or digits")
}

// anyCase begins a regular expression for which small and capital letters are the same.
const anyCase = "(?i:"

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
	pattern = anyCase + pattern + ")" // words are kept in small letters
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
	if value == "" {
		return nil, p.fail(where.offset, where.length, "a value is missing", "write an id")
	}
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
		return p.datesBetween(where, ends[0], ends[2], open)
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

// datesBetween is a range of dates; open says which of its ends are left out.
func (p *parser) datesBetween(where at, from, to string, open [2]bool) (node, error) {
	d := dated{where, 1, math.MaxUint32}
	if from != "*" {
		lo, hi, ok := dateSpan(from)
		if !ok {
			return nil, p.wrongDate(where, from)
		}
		if d.lo = lo; open[0] {
			d.lo = hi + 1
		}
	}
	if to != "*" {
		lo, hi, ok := dateSpan(to)
		if !ok {
			return nil, p.wrongDate(where, to)
		}
		if d.hi = hi; open[1] {
			d.hi = lo - 1
		}
	}
	return d, nil
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
	for _, form := range []struct {
		layout string
		days   uint32 // that it stands for, as numbers like 21500131
	}{{"2006", 10000}, {"2006-01", 100}, {"200601", 100}, {time.DateOnly, 1}, {"20060102", 1}} {
		if day, err := time.Parse(form.layout, s); err == nil && day.Year() > 0 {
			n, _ := strconv.ParseUint(strings.ReplaceAll(s, "-", ""), 10, 32)
			lo = uint32(n) * form.days
			return lo, lo + form.days - 1, true
		}
	}
	return 0, 0, false
}
