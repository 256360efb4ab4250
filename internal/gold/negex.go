package gold

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
)

// Concept is a clinical concept in a sentence, with what the sentence asserts of
// it.
type Concept struct {
	ID       string
	Sentence string
	Span     corpus.Span      // of the concept: byte offsets into Sentence
	Status   corpus.Assertion // Positive (affirmed), Negative (negated) or Uncertain (possible)
	Place    corpus.Place
}

// statuses are those of NegEx's annotations, in lower case.
var statuses = map[string]corpus.Assertion{
	"affirmed": corpus.Positive, "negated": corpus.Negative, "possible": corpus.Uncertain,
}

func statusOf(cell string) (corpus.Assertion, bool) {
	a, ok := statuses[strings.ToLower(strings.TrimSpace(cell))]
	return a, ok
}

// LoadNegEx reads a table of concepts as NegEx (Chapman et al. 2001; Harkema et
// al. 2009) gives them: cells between tabs, plain or compressed, with a number, a
// concept, its sentence with the concept in capitals, and a status. Columns
// behind that are passed over; a header is recognised and not needed. left are
// the rows that are not among the concepts and why, in the order of the file: what
// cannot be read is Lost, what can be read and not used is not. The error is that
// of a file without any concept.
func LoadNegEx(path string) (concepts []Concept, left []*corpus.Problem, err error) {
	lines, err := linesOf(path)
	if err != nil {
		return nil, nil, err
	}
	rows := make([][]string, len(lines))
	status := -1 // the column of the status: the first that has one behind a concept and a sentence
	for i, line := range lines {
		rows[i] = strings.Split(line, "\t")
		for c := 2; c < len(rows[i]) && status < 0; c++ {
			if _, ok := statusOf(rows[i][c]); ok {
				status = c
			}
		}
	}
	if status < 0 {
		return nil, nil, &corpus.Problem{
			Place: corpus.Place{Path: path}, Lost: true,
			What: "no row has a concept, a sentence and a status",
			Do:   writeNegEx,
		}
	}
	for i, row := range rows {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		c, wrong := conceptOf(row, status)
		c.Place = corpus.Place{Path: path, Line: i + 1}
		switch {
		case wrong == nil:
			concepts = append(concepts, c)
		case i == 0 && strings.HasSuffix(wrong.What, noStatus) && isHeader(row, status):
		default:
			wrong.Place = c.Place
			left = append(left, wrong)
		}
	}
	if concepts == nil {
		return nil, nil, nothingUsable(path, writeNegEx, left)
	}
	return concepts, left, nil
}

const (
	writeNegEx = "write a number, a concept, its sentence and Affirmed, Negated or Possible, with tabs between them"
	noStatus   = " is none of Affirmed, Negated and Possible"
)

// unreadable and unusable are problems of a line, whose place is yet to be told.
func unreadable(what string) *corpus.Problem { return &corpus.Problem{What: what, Lost: true} }

func unusable(what string) *corpus.Problem { return &corpus.Problem{What: what} }

// nothingUsable says so, and why the first line is not.
func nothingUsable(path, do string, left []*corpus.Problem) error {
	what := "no line of it can be used"
	if len(left) > 0 {
		what += fmt.Sprintf(": in line %d, %s", left[0].Place.Line, left[0].What)
	}
	return problem(corpus.Place{Path: path}, what, do)
}

// conceptOf reads a row, or says what is wrong with it.
func conceptOf(row []string, status int) (c Concept, wrong *corpus.Problem) {
	if len(row) <= status {
		return c, unreadable("the row has too few columns")
	}
	if slices.ContainsFunc(row, func(cell string) bool { return !utf8.ValidString(cell) }) {
		return c, unreadable("the row is not UTF-8")
	}
	var ok bool
	if c.Status, ok = statusOf(row[status]); !ok {
		return c, unreadable(fmt.Sprintf("column %d: the status %s%s", status+1, quotedID(strings.TrimSpace(row[status])), noStatus))
	}
	if status > 2 {
		c.ID = strings.TrimSpace(row[status-3])
	}
	c.Sentence = row[status-1]
	if c.Span, ok = findConcept(c.Sentence, row[status-2]); !ok {
		return c, unusable("the concept cannot be found in its sentence")
	}
	return c, nil
}

// isHeader reports whether a first row without a status is one of names. A
// concept with a misspelt status is in its sentence.
func isHeader(row []string, status int) bool {
	_, found := findConcept(row[status-1], row[status-2])
	return !found
}

// findConcept finds the concept in its sentence, in whole words: in capitals;
// else in any case and with any blanks between its words; else the longest run of
// words in capitals that is a part of it, where the sentence has been cut short.
func findConcept(sentence, concept string) (corpus.Span, bool) {
	words := strings.Fields(concept)
	if len(words) == 0 {
		return corpus.Span{}, false
	}
	upper := regexp.QuoteMeta(strings.ToUpper(strings.TrimSpace(concept)))
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	for _, pattern := range []string{upper, `(?i)` + strings.Join(words, `\s+`)} {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return corpus.Span{}, false // not UTF-8, or without measure
		}
		for _, at := range re.FindAllStringIndex(sentence, -1) {
			if span := (corpus.Span{Start: at[0], End: at[1]}); isWords(sentence, span) {
				return span, true
			}
		}
	}
	return longestCapitals(sentence, concept)
}

// isWords reports whether no word goes on over an end of the span.
func isWords(text string, span corpus.Span) bool {
	within := func(at int) bool {
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at:])
		return isWordSign(before) && isWordSign(after)
	}
	return !within(span.Start) && !within(span.End)
}

func isWordSign(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var (
	anyWord     = regexp.MustCompile(`\S+`)
	smallLetter = regexp.MustCompile(`\p{Ll}`)
	twoCapitals = regexp.MustCompile(`\p{Lu}{2}`)
)

// longestCapitals finds the longest run of words without a small letter that
// stands in the concept too.
func longestCapitals(sentence, concept string) (longest corpus.Span, ok bool) {
	whole := " " + strings.ToUpper(strings.Join(strings.Fields(concept), " ")) + " "
	words := anyWord.FindAllStringIndex(sentence, -1)
	for i, first := range words {
		for _, last := range words[i:] {
			if smallLetter.MatchString(sentence[last[0]:last[1]]) {
				break
			}
			run := strings.TrimRight(sentence[first[0]:last[1]], ".,:;")
			text := strings.Join(strings.Fields(run), " ")
			if len(text) > len(whole) {
				break
			}
			if len(run) > longest.Len() && twoCapitals.MatchString(run) && strings.Contains(whole, " "+text+" ") {
				longest, ok = corpus.Span{Start: first[0], End: first[0] + len(run)}, true
			}
		}
	}
	return longest, ok
}

// linesOf gives the lines of a small file, without their ends. The error is a
// *corpus.Problem.
func linesOf(path string) ([]string, error) {
	file, err := corpus.OpenFile(path)
	if err != nil {
		return nil, err
	}
	if err := file.CheckText(); err != nil {
		return nil, err
	}
	content, err := file.ReadAll()
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines, nil
}
