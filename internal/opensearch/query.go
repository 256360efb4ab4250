package opensearch

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
)

// Query writes the body of a search that finds the reports which Index.Search finds
// with the same match, in an index of Template's that has the reports of this one.
// Their order may be another. The error is of a pattern that OpenSearch has no form of.
func Query(w io.Writer, c index.Condition, match index.Match) error {
	t := translation{match: match}
	query := t.report(c)
	if t.err != nil {
		return t.err
	}
	return write(w, object{"query": query})
}

// translation makes queries of conditions; err is the first that could not be.
type translation struct {
	match index.Match
	err   error
}

// report is a condition of whole reports.
func (t *translation) report(c index.Condition) object {
	switch c := c.(type) {
	case index.Text:
		return within(t.text(c))
	case index.SameSentence:
		return within(t.sentence(c.Of))
	case index.Asserts:
		return terms("labels."+index.FieldName(string(c.Observation)), namesOf(c.Any))
	case index.Has:
		switch c.Field {
		case "rule", "cue":
			return within(t.sentence(c))
		case "view", "section":
			return terms(c.Field+"s", c.Any)
		}
		return terms(c.Field, c.Any)
	case index.Named:
		return named(c)
	case index.Dated:
		return dated(c)
	}
	return combined(c, t.report)
}

// sentence is a condition of one sentence.
func (t *translation) sentence(c index.Condition) object {
	switch c := c.(type) {
	case index.Text:
		return t.text(c)
	case index.Asserts:
		return asserted(c)
	case index.Has:
		return terms(map[string]string{"section": sectionField, "rule": ruleField, "cue": cueField}[c.Field], c.Any)
	}
	return combined(c, t.sentence)
}

// combined is AND, OR, NOT, or everything.
func combined(c index.Condition, each func(index.Condition) object) object {
	switch c := c.(type) {
	case index.All:
		must, not := []object{}, []object{}
		for _, part := range c {
			if n, ok := part.(index.Not); ok {
				not = append(not, each(n.Of))
			} else {
				must = append(must, each(part))
			}
		}
		return every(must, not)
	case index.Any:
		should := make([]object, len(c))
		for i, part := range c {
			should[i] = each(part)
		}
		return object{"bool": object{"should": should, "minimum_should_match": 1}}
	case index.Not:
		return every(nil, []object{each(c.Of)})
	}
	return object{"match_all": object{}}
}

// every is a query for which the first hold and none of the others.
func every(must, not []object) object {
	parts := object{}
	if len(must) > 0 {
		parts["must"] = must
	}
	if len(not) > 0 {
		parts["must_not"] = not
	}
	return object{"bool": parts}
}

// within is a report with a sentence of the query; the more of its sentences are, the
// higher it ranks.
func within(query object) object {
	return object{"nested": object{"path": sentencesField, "query": query, "score_mode": "sum"}}
}

func terms(field string, any []string) object {
	return object{"terms": object{field: any}}
}

func namesOf(all []corpus.Assertion) []string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.String()
	}
	return names
}

// asserted is what a sentence says of an observation. It leaves one unmentioned if it
// says nothing of it.
func asserted(a index.Asserts) object {
	var said, all []string
	unmentioned := false
	for _, assertion := range a.Any {
		if assertion == corpus.Unmentioned {
			unmentioned = true
			continue
		}
		said = append(said, says(a.Observation, assertion))
	}
	if !unmentioned {
		return terms(saysField, said)
	}
	for assertion := corpus.Negative; assertion <= corpus.Positive; assertion++ {
		all = append(all, says(a.Observation, assertion))
	}
	return every(nil, []object{terms(saysField, all)})
}

// text is words, a phrase or a pattern, in a section if one is asked for.
func (t *translation) text(c index.Text) object {
	query := t.words(c)
	if c.Section == "" {
		return query
	}
	return every([]object{query, terms(sectionField, []string{c.Section})}, nil)
}

func (t *translation) words(c index.Text) object {
	switch {
	case c.Wildcard != "":
		return wildcard(c)
	case c.Regexp != "":
		pattern, err := luceneRegexp(c.Regexp)
		if err != nil {
			t.err = cmp.Or(t.err, err)
		}
		return object{"regexp": object{exactField: boosted(c, object{"value": pattern, "flags": "NONE"})}}
	case c.Near != "":
		return object{"fuzzy": object{exactField: boosted(c, object{
			"value": c.Near, "fuzziness": c.Edits, "transpositions": true,
			"rewrite": "constant_score", // the default takes but some of the words that are near
		})}}
	}
	field := textField
	if t.match == index.Exact {
		field = exactField
	}
	words := boosted(c, object{"query": strings.Join(c.Words, " ")})
	if c.Quoted || len(c.Words) > 1 {
		return object{"match_phrase": object{field: words}}
	}
	if t.match == index.Stems {
		words["analyzer"] = stemmedWords
	}
	return object{"match": object{field: words}}
}

func wildcard(c index.Text) object {
	if start := strings.TrimSuffix(c.Wildcard, "*"); start != "" && !strings.ContainsAny(start, "*?") {
		return object{"prefix": object{exactField: boosted(c, object{"value": start})}}
	}
	return object{"wildcard": object{exactField: boosted(c, object{"value": c.Wildcard})}}
}

func boosted(c index.Text, query object) object {
	if c.Boost != 1 {
		query["boost"] = c.Boost
	}
	return query
}

// named is a report by an id.
func named(n index.Named) object {
	switch {
	case n.Like == "*":
		return object{"exists": object{"field": n.Field}}
	case strings.ContainsAny(n.Like, "*?"):
		return object{"wildcard": object{n.Field: object{"value": strings.ReplaceAll(n.Like, `\`, `\\`), "case_insensitive": true}}}
	case n.Like != "":
		return object{"term": object{n.Field: object{"value": n.Like}}}
	}
	bounds := object{}
	if n.From != "" {
		bounds[map[bool]string{false: "gte", true: "gt"}[n.FromOpen]] = padded(n.From)
	}
	if n.To != "" {
		bounds[map[bool]string{false: "lte", true: "lt"}[n.ToOpen]] = padded(n.To)
	}
	if len(bounds) == 0 {
		return object{"exists": object{"field": n.Field}}
	}
	return object{"range": object{"by_length." + n.Field: bounds}}
}

// dated is a report of some days.
func dated(d index.Dated) object {
	bounds := object{}
	if d.From > 1 {
		bounds["gte"] = firstDay(d.From)
	}
	if d.To < math.MaxUint32 {
		bounds["lte"] = lastDay(d.To)
	}
	if len(bounds) == 0 {
		return object{"exists": object{"field": "date"}}
	}
	return object{"range": object{"date": bounds}}
}

// firstDay is the first day of the calendar from a number like 21500131 on.
func firstDay(n uint32) string {
	year, month, date := int(n/10000), int(n/100%100), int(n%100)
	if month == 0 || date == 0 {
		date = 1
	}
	switch {
	case month == 0:
		month = 1
	case month > 12:
		year, month, date = year+1, 1, 1
	case date > daysOf(year, month):
		month, date = month+1, 1
	}
	return inCalendar(year, month, date)
}

// lastDay is the last day of the calendar up to a number like 21500131.
func lastDay(n uint32) string {
	year, month, date := int(n/10000), int(n/100%100), int(n%100)
	switch {
	case month == 0:
		date = 0
		month = 1
	case month > 12:
		month, date = 12, 31
	}
	return inCalendar(year, month, min(date, daysOf(year, month)))
}

func daysOf(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// inCalendar is a day, of which the month 13 is the next year's first, and the day 0
// the last of the month before.
func inCalendar(year, month, date int) string {
	t := time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC)
	return fmt.Sprintf("%04d-%02d-%02d", t.Year(), t.Month(), t.Day())
}
