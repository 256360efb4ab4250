package index

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/internal/nearest"
)

// Suggestion is what may stand at the cursor of a query, in place of
// query[Start:End] (bytes).
type Suggestion struct {
	Text       string
	Start, End int
	Kind       SuggestionKind
	Doc        string // what a field is about; may be empty
	Sentences  int    // distinct ones that have a word; 0 of other kinds
}

// SuggestionKind is what a suggestion is.
type SuggestionKind string

// The kinds of suggestions. A field's Text ends with a colon, a function's with an
// open parenthesis.
const (
	SuggestField    SuggestionKind = "field"
	SuggestValue    SuggestionKind = "value"
	SuggestWord     SuggestionKind = "word"
	SuggestFunction SuggestionKind = "function"
)

// Suggest gives what may stand at the cursor, a byte offset into the query: fields
// and words of the index that begin with what stands before it, or the values of a
// field; at most so many. It is a function of the index and what it is given alone.
// A query need not be complete, nor right.
func (x *Index) Suggest(query string, cursor, most int) []Suggestion {
	if !utf8.ValidString(query) {
		return nil
	}
	cursor = max(0, min(cursor, len(query)))
	for !utf8.RuneStart(append([]byte(query), 'x')[cursor]) {
		cursor--
	}
	at := placeOf(query, cursor)
	s := suggesting{x: x, query: query, at: at, cursor: cursor}
	switch {
	case at.nothing:
	case at.field != "":
		s.values()
	case at.quoted:
		s.words()
	default:
		s.fields()
		s.words()
	}
	return s.all[:min(len(s.all), max(most, 0))]
}

// queryPlace is what a cursor of a query stands in.
type queryPlace struct {
	start   int    // of what is written at the cursor: a name, a value, a word
	field   string // whose value it is; "" is none
	quoted  bool   // within quotes
	inside  bool   // of same-sentence(...)
	nothing bool   // where nothing can be suggested: a regular expression, a range
}

// openGroup is a parenthesis before the cursor that is not closed there.
type openGroup struct {
	field  string
	inside bool
}

// placeOf reads a query up to the cursor as the parser would, and forgives what is
// wrong with it.
func placeOf(query string, cursor int) queryPlace {
	var groups []openGroup
	within := func() openGroup {
		if len(groups) == 0 {
			return openGroup{}
		}
		return groups[len(groups)-1]
	}
	place := func(start int) queryPlace {
		return queryPlace{start: start, field: within().field, inside: within().inside}
	}
	now := place(0)
	for i := 0; i < cursor; i++ {
		switch c := query[i]; {
		case strings.IndexByte(" \t\n\r", c) >= 0:
			now = place(i + 1)
		case c == '\\':
			i++
		case c == '(':
			groups = append(groups, groupBehind(query[:i], now))
			now = place(i + 1)
		case c == ')':
			if len(groups) > 0 {
				groups = groups[:len(groups)-1]
			}
			now = place(i + 1)
		case c == '"' || now.start == i && (c == '/' || c == '[' || c == '{'):
			end, closed := closing(query[:cursor], i)
			if !closed {
				now.nothing, now.quoted = c != '"', c == '"'
				if now.field == "" || now.start != i { // a phrase: its last word
					now.start = i + 1
				}
				return now
			}
			i, now = end, place(end+1)
		case now.start == i && strings.IndexByte("-+!", c) >= 0:
			now.start = i + 1
		case c == ':' && now.field == "" && isName(query[now.start:i]):
			now.field, now.start = query[now.start:i], i+1
		}
	}
	return now
}

// groupBehind is the parenthesis behind what stands before it.
func groupBehind(before string, now queryPlace) openGroup {
	if strings.HasSuffix(strings.TrimRight(before, " "), sameSentence) {
		return openGroup{inside: true}
	}
	return openGroup{field: now.field, inside: now.inside}
}

// closing gives where a quote, a regular expression or a range that opens ends.
func closing(query string, open int) (end int, closed bool) {
	ends := map[byte]string{'"': `"`, '/': "/", '[': "]}", '{': "]}"}[query[open]]
	for i := open + 1; i < len(query); i++ {
		switch {
		case query[i] == '\\':
			i++
		case strings.IndexByte(ends, query[i]) >= 0:
			return i, true
		}
	}
	return 0, false
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || !isNameByte(byte(r)) }) &&
		strings.ContainsFunc(s, unicode.IsLetter)
}

// suggesting collects suggestions.
type suggesting struct {
	x      *Index
	query  string
	at     queryPlace
	cursor int
	all    []Suggestion
}

// written is what stands between the start of the place and the cursor.
func (s *suggesting) written() string { return s.query[s.at.start:s.cursor] }

// end is where what is written at the cursor ends.
func (s *suggesting) end(goesOn func(rune) bool) int {
	for i, r := range s.query[s.cursor:] {
		if !goesOn(r) {
			return s.cursor + i
		}
	}
	return len(s.query)
}

// fields suggests fields by the beginning of their names or of a word in them.
func (s *suggesting) fields() {
	typed := strings.ToLower(s.written())
	if typed == "" || !isName(typed) {
		return
	}
	end := s.end(func(r rune) bool { return r < utf8.RuneSelf && isNameByte(byte(r)) })
	after := end
	if end < len(s.query) && s.query[end] == ':' {
		after++
	}
	var later []Suggestion
	for _, f := range s.x.Fields() {
		if s.at.inside && ofReport(f.Name) {
			continue
		}
		one := Suggestion{Text: f.Name + ":", Start: s.at.start, End: after, Kind: SuggestField, Doc: f.Doc}
		switch {
		case strings.HasPrefix(f.Name, typed):
			s.all = append(s.all, one)
		case strings.Contains(f.Name, "_"+typed):
			later = append(later, one)
		}
	}
	s.all = append(s.all, later...)
	if strings.HasPrefix(sameSentence, typed) && !s.at.inside {
		if end < len(s.query) && s.query[end] == '(' {
			after = end + 1
		}
		s.all = append(s.all, Suggestion{Text: sameSentence + "(", Start: s.at.start, End: after, Kind: SuggestFunction,
			Doc: "one sentence for which all in the parentheses holds"})
	}
	if len(s.all) == 0 && len(typed) >= leastMisspelt {
		s.misspelt(typed, after)
	}
}

// leastMisspelt is how many letters a name has at least that is taken for misspelt.
const leastMisspelt = 5

func (s *suggesting) misspelt(typed string, end int) {
	var names []string
	docs := map[string]string{}
	for _, f := range s.x.Fields() {
		if !s.at.inside || !ofReport(f.Name) {
			names, docs[f.Name] = append(names, f.Name), f.Doc
		}
	}
	if near := nearest.Name(typed, names); near != "" {
		s.all = append(s.all, Suggestion{Text: near + ":", Start: s.at.start, End: end, Kind: SuggestField, Doc: docs[near]})
	}
}

// ofReport reports whether a field says something of a report, not of a sentence.
func ofReport(field string) bool {
	return slices.Contains([]string{"id", "subject", "study", "split", "view", "date"}, field)
}

// values suggests the values of the field at the cursor.
func (s *suggesting) values() {
	all := s.x.Fields()
	i := slices.IndexFunc(all, func(f Field) bool { return f.Name == slug(s.at.field) })
	if i < 0 {
		return
	}
	if all[i].Values == nil {
		if kind := s.x.fieldTable()[all[i].Name].kind; kind == textField || kind == sectionText {
			s.at.quoted = s.at.quoted || s.written() != "" && s.query[s.at.start] == '"'
			s.words()
		}
		return
	}
	typed := strings.ToLower(strings.TrimPrefix(s.written(), `"`))
	end := s.end(func(r rune) bool {
		return s.at.quoted && r != '"' || !strings.ContainsRune(" \t\n\r()\"^", r)
	})
	if s.at.quoted && end < len(s.query) {
		end++ // the closing quote
	}
	var ranked [3][]Suggestion
	for _, v := range all[i].Values {
		lower, rank := strings.ToLower(v), 2
		switch {
		case strings.HasPrefix(lower, typed):
			rank = 0
		case strings.Contains(lower, "."+typed):
			rank = 1
		case !strings.Contains(lower, typed):
			continue
		}
		ranked[rank] = append(ranked[rank], Suggestion{Text: quotedValue(v), Start: s.at.start, End: end, Kind: SuggestValue})
	}
	s.all = slices.Concat(ranked[:]...)
}

// quotedValue is a value as a query has it.
func quotedValue(v string) string {
	if v != "" && !strings.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf || !isNameByte(byte(r)) }) {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// words suggests words of the index, those of the most sentences first.
func (s *suggesting) words() {
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	start := s.cursor
	for start > s.at.start {
		r, size := utf8.DecodeLastRuneInString(s.query[:start])
		if !isWord(r) {
			break
		}
		start -= size
	}
	if start > s.at.start && !s.at.quoted { // within a pattern, a boost, a word with other signs
		return
	}
	typed := norm(s.query[start:s.cursor])
	if typed == "" {
		return
	}
	found, err := s.x.terms.beginning(wordField, typed)
	if err != nil {
		return // a search will tell
	}
	end := s.end(isWord)
	words := make([]Suggestion, 0, len(found))
	for word, n := range found {
		words = append(words, Suggestion{Text: word, Start: start, End: end, Kind: SuggestWord, Sentences: n})
	}
	slices.SortFunc(words, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Sentences, a.Sentences), cmp.Compare(a.Text, b.Text))
	})
	s.all = append(s.all, words...)
}

// Term is a field with a value as a query has it.
func Term(field, value string) string { return field + ":" + quotedValue(value) }
