package gold

import (
	"encoding/json"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// ScopedSentence is a sentence with the cues in it and their scopes, as people
// have annotated them.
type ScopedSentence struct {
	ID     string // DOCUMENT/SENTENCE
	Text   string
	Scopes []Scope // in the order of the source
	Place  corpus.Place
}

// Scope is a cue with the words that it negates or hedges. Both spans are byte
// offsets into the sentence.
type Scope struct {
	Assertion  corpus.Assertion // Negative: negation; Uncertain: speculation
	Cue, Scope corpus.Span
}

// Whole is the span of scope and cue together. BioScope's scopes hold their
// cues, but for a few that are cut short before them.
func (s Scope) Whole() corpus.Span {
	if s.Scope.Empty() {
		return s.Cue
	}
	return corpus.Span{Start: min(s.Cue.Start, s.Scope.Start), End: max(s.Cue.End, s.Scope.End)}
}

// bioscopeLine is a line as it stands in the file. Its spans count characters.
type bioscopeLine struct {
	Document    string `json:"doc_id"`
	Sentence    string `json:"sentence_id"`
	Text        *string
	Annotations []struct {
		Type       string
		Cue, Scope *corpus.Span
		CueText    *string `json:"cue_text"`
		ScopeText  *string `json:"scope_text"`
	}
}

// LoadBioScope reads sentences of the BioScope corpus (Vincze et al. 2008), one
// JSON object a line, plain or compressed: doc_id, sentence_id, text and
// annotations, each with its type (negation or speculation), cue and scope
// ([start, end] in characters) and, to check them by, cue_text and scope_text.
// left are the lines that are not among the sentences and why, in the order of
// the file: what cannot be read is Lost, what can be read and not used is not. The
// error is that of a file without any sentence.
func LoadBioScope(path string) (sentences []ScopedSentence, left []*corpus.Problem, err error) {
	lines, err := linesOf(path)
	if err != nil {
		return nil, nil, err
	}
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		s, wrong := scopedSentence(line)
		s.Place = corpus.Place{Path: path, Line: i + 1}
		if wrong != nil {
			wrong.Place = s.Place
			left = append(left, wrong)
			continue
		}
		sentences = append(sentences, s)
	}
	if sentences == nil {
		return nil, nil, nothingUsable(path, "write one object a line, with doc_id, sentence_id, text and annotations", left)
	}
	return sentences, left, nil
}

// scopedSentence reads a line, or says what is wrong with it.
func scopedSentence(line string) (s ScopedSentence, wrong *corpus.Problem) {
	var in bioscopeLine
	if err := json.Unmarshal([]byte(line), &in); err != nil {
		return s, unreadable("the line is no sentence with its annotations in JSON")
	}
	if in.Text == nil {
		return s, unreadable("there is no text")
	}
	s.ID, s.Text = in.Document+"/"+in.Sentence, *in.Text
	var offsets []int // in bytes, of each character and of the end
	for i := range s.Text {
		offsets = append(offsets, i)
	}
	offsets = append(offsets, len(s.Text))
	bytes := func(span *corpus.Span, text *string) (corpus.Span, bool) {
		if span.Start < 0 || span.Empty() || span.End >= len(offsets) {
			return corpus.Span{}, false
		}
		b := corpus.Span{Start: offsets[span.Start], End: offsets[span.End]}
		return b, text == nil || *text == b.In(s.Text)
	}
	for _, a := range in.Annotations {
		var scope Scope
		var ok bool
		switch a.Type {
		case "negation":
			scope.Assertion = corpus.Negative
		case "speculation":
			scope.Assertion = corpus.Uncertain
		default:
			return s, unreadable("an annotation is neither negation nor speculation")
		}
		if a.Cue == nil || a.Scope == nil {
			return s, unreadable("an annotation has no cue or no scope")
		}
		if scope.Cue, ok = bytes(a.Cue, a.CueText); !ok {
			return s, unusable("the offsets of a cue do not give its text")
		}
		if scope.Scope, ok = bytes(a.Scope, a.ScopeText); !ok {
			return s, unusable("the offsets of a scope do not give its text")
		}
		s.Scopes = append(s.Scopes, scope)
	}
	return s, nil
}
