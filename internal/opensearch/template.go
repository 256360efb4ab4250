package opensearch

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/radlabel/radlabel/internal/index"
)

// object is a JSON object. Its keys are written in their order.
type object = map[string]any

// The fields of a sentence, and the analyzers of its text.
const (
	sentencesField = "sentences"
	sectionField   = "sentences.section"
	saysField      = "sentences.mentions.says"
	ruleField      = "sentences.mentions.rule"
	cueField       = "sentences.mentions.cue"
	textField      = "sentences.text"       // stems; words of a match also find their synonyms
	exactField     = "sentences.text.exact" // words as they are, in small letters

	exactWords   = "radlabel_exact"
	stemmedWords = "radlabel_stems"
	synonymWords = "radlabel_synonyms"
)

// Template writes the body of an index template for all indices that are called name,
// or begin with it and a hyphen. Its mapping is strict: a field that it does not know
// is an error of the document.
func Template(w io.Writer, x *index.Index, name string) error {
	origin := x.Origin()
	return write(w, object{
		"index_patterns": []string{name, name + "-*"},
		"priority":       priority(name),
		"_meta": object{
			"made_by": "radlabel " + x.Version(), "ruleset": origin.RuleSet, "digest": origin.Digest, "section": origin.Section,
		},
		"template": object{"settings": settings(x), "mappings": mappings(x)},
	})
}

// priority is above that of a name that this one begins with. OpenSearch refuses two
// templates of one priority whose patterns meet, as radlabel-* and radlabel-ct do, and
// gives an index the one of the highest. A hundred leaves room below, for those of all
// indices.
func priority(name string) int { return 100 + strings.Count(name, "-") }

// write writes a JSON value for people to read and change.
func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// settings have analyzers that cut texts as package index does: words are runs of
// letters and digits, in small letters, of at most 64; none is a stop word, and only
// words of plain letters have other forms.
func settings(x *index.Index) object {
	exact := []string{"lowercase", "radlabel_cut"}
	stems := append(exact[:2:2], "radlabel_plain", "radlabel_stem")
	filters := object{
		"radlabel_cut":   object{"type": "truncate", "length": 64},
		"radlabel_plain": object{"type": "keyword_marker", "keywords_pattern": ".*[^a-z].*"},
		"radlabel_stem":  object{"type": "stemmer", "language": "porter2"},
	}
	synonyms := stems
	if groups := x.Synonyms(); len(groups) > 0 {
		lines := make([]string, len(groups))
		for i, words := range groups {
			lines[i] = strings.Join(words, ", ")
		}
		filters["radlabel_synonym"] = object{"type": "synonym", "synonyms": lines}
		synonyms = append(stems[:4:4], "radlabel_synonym")
	}
	analyzer := func(filters []string) object {
		return object{"type": "custom", "tokenizer": "radlabel_words", "filter": filters}
	}
	return object{
		"index.mapping.nested_objects.limit": 1_000_000, // a report may have many sentences
		"analysis": object{
			"tokenizer": object{"radlabel_words": object{"type": "pattern", "pattern": `[^\p{L}\p{M}\p{Nd}]+`}},
			"filter":    filters,
			"analyzer": object{
				exactWords: analyzer(exact), stemmedWords: analyzer(stems), synonymWords: analyzer(synonyms),
			},
		},
	}
}

func mappings(x *index.Index) object {
	keyword := object{"type": "keyword"}
	labels := object{}
	for _, o := range x.Observations() {
		labels[index.FieldName(string(o))] = keyword
	}
	return object{
		"dynamic": "strict",
		"properties": object{
			"id": keyword, "subject": keyword, "study": keyword,
			"by_length": object{"properties": object{"id": keyword, "subject": keyword, "study": keyword}},
			"split":     keyword, "views": keyword,
			"date":         object{"type": "date", "format": "strict_date"},
			"labels":       object{"properties": labels},
			"ruleset":      keyword,
			"sections":     keyword,
			"text":         object{"type": "text", "index": false},
			sentencesField: sentences(keyword),
		},
	}
}

func sentences(keyword object) object {
	span := object{"type": "integer", "index": false, "doc_values": false}
	return object{
		"type": "nested",
		"properties": object{
			"section": keyword,
			"text": object{
				"type": "text", "analyzer": stemmedWords, "search_analyzer": synonymWords, "search_quote_analyzer": stemmedWords,
				"fields": object{"exact": object{"type": "text", "analyzer": exactWords}},
			},
			"span": span,
			"mentions": object{"properties": object{
				"observation": keyword, "assertion": keyword, "says": keyword, "rule": keyword, "cue": keyword,
				"mention": span, "cue_span": span,
			}},
		},
	}
}
