package gold

import (
	"io"
	"regexp"
	"slices"
	"strings"
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
// the rows that are not among the concepts and why, in the order of the file;
// the error is that of a file that cannot be read at all.
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
			Do:   "write a number, a concept, its sentence and Affirmed, Negated or Possible, with tabs between them",
		}
	}
	for i, row := range rows {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		c, what := conceptOf(row, status)
		c.Place = corpus.Place{Path: path, Line: i + 1}
		switch {
		case what == "":
			concepts = append(concepts, c)
		case i == 0 && what == noStatus && isHeader(row, status):
		default:
			left = append(left, &corpus.Problem{Place: c.Place, What: what, Lost: what != noConcept})
		}
	}
	return concepts, left, nil
}

const noConcept = "the concept cannot be found in its sentence"

const noStatus = "the status is none of Affirmed, Negated and Possible"

// conceptOf reads a row, or says what is wrong with it.
func conceptOf(row []string, status int) (c Concept, what string) {
	if len(row) <= status {
		return c, "the row has too few columns"
	}
	if slices.ContainsFunc(row, func(cell string) bool { return !utf8.ValidString(cell) }) {
		return c, "the row is not UTF-8"
	}
	var ok bool
	if c.Status, ok = statusOf(row[status]); !ok {
		return c, noStatus
	}
	if status > 2 {
		c.ID = strings.TrimSpace(row[status-3])
	}
	c.Sentence = row[status-1]
	if c.Span, ok = findConcept(c.Sentence, row[status-2]); !ok {
		return c, noConcept
	}
	return c, ""
}

// isHeader reports whether a first row without a status is one of names. A
// concept with a misspelt status is in its sentence.
func isHeader(row []string, status int) bool {
	_, found := findConcept(row[status-1], row[status-2])
	return !found
}

// findConcept finds the concept in its sentence: in capitals; else in any case
// and with any blanks between its words; else the longest run of words in
// capitals that is a part of it, where the sentence has been cut short.
func findConcept(sentence, concept string) (corpus.Span, bool) {
	words := strings.Fields(concept)
	if len(words) == 0 {
		return corpus.Span{}, false
	}
	upper := strings.ToUpper(strings.TrimSpace(concept))
	if at := strings.Index(sentence, upper); at >= 0 {
		return corpus.Span{Start: at, End: at + len(upper)}, true
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	anyCase, err := regexp.Compile(`(?i)(?:^|\W)(` + strings.Join(words, `\s+`) + `)(?:\W|$)`)
	if err != nil {
		return corpus.Span{}, false // not UTF-8, or without measure
	}
	if at := anyCase.FindStringSubmatchIndex(sentence); at != nil {
		return corpus.Span{Start: at[2], End: at[3]}, true
	}
	return longestCapitals(sentence, concept)
}

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
	in, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content, err := io.ReadAll(in)
	if err != nil {
		return nil, file.Fault(0, err)
	}
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines, nil
}
