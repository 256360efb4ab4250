package segment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// UnknownSection is the error of a wanted section that the section file does not
// name.
type UnknownSection struct {
	Name  string
	known string // names joined by commas
}

func (e *UnknownSection) Error() string {
	return fmt.Sprintf("no section is named %q: want auto, all, or some of %s", e.Name, e.known)
}

// Select chooses the sections to label, in text order; those without text are
// left out. What is wanted is
//
//   - "auto" or "": by the policy, one section. Where the policy names a
//     section, it is the last of that name that has text; last-paragraph is the
//     text after the first paragraph break of the last section, or the whole
//     of one whose header is not known;
//   - "all": every section that the section file says is labelled or does not
//     know ("TUBES AND LINES"); where none has text, the last paragraph;
//   - names joined by commas: every section of these names. An unknown name is
//     an *UnknownSection, which lists the names; it is reported whatever the
//     text, so that Select("", nil, want) checks want.
//
// With auto and all, a report in which no header is known, but for those that
// follow a report's text ("NOTIFICATION"), is labelled whole, unknown headers
// included ("PNEUMOTHORAX: NONE"), but without its blocks where it has anything
// else. A text before the first header that is a numbered list is an impression
// without its header, and labelled too; prose there is findings, for all.
//
// A section named "x and y" answers to x and to y too. Names are compared as
// headers are, so that sections from a table need not be spelt as in the
// section file.
func (s *Splitter) Select(text string, sections []corpus.Section, want string) ([]corpus.Section, error) {
	var names []string
	switch want = strings.TrimSpace(want); strings.ToLower(want) {
	case "", "auto", "all":
		want = strings.ToLower(want)
	default:
		for name := range strings.SplitSeq(want, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if !slices.ContainsFunc(s.defs, func(d SectionDef) bool { return d.Name == name }) {
				return nil, &UnknownSection{Name: name, known: s.nameList()}
			}
			names = append(names, name)
		}
	}

	sections = slices.Clone(sections)
	headed := false // a header is known, other than one behind the text
	for i := range sections {
		sec := &sections[i]
		sec.Span.End = min(sec.Span.End, len(text))
		sec.Span.Start = max(0, min(sec.Span.Start, sec.Span.End))
		sec.Span = trim(text, sec.Span)
		if def, ok := s.def(sec.Name); ok {
			sec.Name = s.defs[def].Name
			headed = headed || sec.Name != Preamble && !s.defs[def].Block && !s.defs[def].Trailing
		}
	}
	full := func(keep func(corpus.Section) bool) []corpus.Section {
		var kept []corpus.Section
		for _, sec := range sections {
			if !sec.Span.Empty() && keep(sec) {
				kept = append(kept, sec)
			}
		}
		return kept
	}

	switch {
	case names != nil:
		return full(func(sec corpus.Section) bool {
			return slices.ContainsFunc(names, func(name string) bool { return answers(sec.Name, name) })
		}), nil
	case !headed:
		return s.whole(sections), nil
	case want == "all":
		found := full(func(sec corpus.Section) bool {
			def, ok := s.def(sec.Name)
			return !ok || s.defs[def].Labelled
		})
		if found != nil {
			return withPreamble(text, sections, found, true), nil
		}
		if sec, ok := s.lastParagraph(text, sections); ok {
			found = []corpus.Section{sec}
		}
		return withPreamble(text, sections, found, false), nil
	}
	for _, p := range s.policy {
		if p == LastParagraph {
			if sec, ok := s.lastParagraph(text, sections); ok {
				return withPreamble(text, sections, []corpus.Section{sec}, false), nil
			}
			continue
		}
		if found := full(func(sec corpus.Section) bool { return answers(sec.Name, p) }); found != nil {
			return withPreamble(text, sections, found[len(found)-1:], false), nil
		}
	}
	return withPreamble(text, sections, nil, false), nil
}

// withPreamble puts the text before the first header before what was found,
// where it is a numbered list, or, with prose set, where it is prose and no
// findings were found.
func withPreamble(text string, sections, found []corpus.Section, prose bool) []corpus.Section {
	if len(sections) == 0 || sections[0].Name != Preamble {
		return found
	}
	preamble := sections[0].Span.In(text)
	prose = prose && isProse(preamble) && !slices.ContainsFunc(found, func(sec corpus.Section) bool { return answers(sec.Name, "findings") })
	if !prose && !numbered(preamble) {
		return found
	}
	return append([]corpus.Section{sections[0]}, found...)
}

// isProse reports whether a text is sentences rather than a title: it ends with
// a stop and has more words than titles have.
func isProse(text string) bool {
	const wordsOfTitle = 8
	return strings.HasSuffix(text, ".") && len(strings.Fields(text)) > wordsOfTitle
}

// numbered reports whether a text begins as the first item of a list: "1. ".
func numbered(text string) bool {
	return len(text) > 2 && text[0] == '1' && (text[1] == '.' || text[1] == ')') && !isDigit(text[2])
}

// def gives the definition of a section's name, which may be a header of it.
func (s *Splitter) def(name string) (int, bool) {
	for i, def := range s.defs {
		if def.Name == name {
			return i, true
		}
	}
	plain := plainHeader(name)
	for i, def := range s.defs {
		if plainHeader(def.Name) == plain {
			return i, true
		}
	}
	def, ok := s.headers[plain]
	return def, ok
}

// isBlock reports whether sections of that name are blocks.
func (s *Splitter) isBlock(name string) bool {
	def, ok := s.def(name)
	return ok && s.defs[def].Block
}

// answers reports whether a section of one name is what another asks for.
func answers(name, want string) bool {
	if name == want {
		return true
	}
	for part := range strings.SplitSeq(name, " and ") {
		if part == want {
			return true
		}
	}
	return false
}

// whole is a report in which no header is known: its unknown headers are text.
// Of what follows the text, that is kept which is labelled.
func (s *Splitter) whole(sections []corpus.Section) []corpus.Section {
	var own, blocks []corpus.Section
	for _, sec := range sections {
		if s.isBlock(sec.Name) {
			if !sec.Span.Empty() {
				blocks = append(blocks, sec)
			}
			continue
		}
		if def, ok := s.def(sec.Name); ok && s.defs[def].Trailing {
			if s.defs[def].Labelled && !sec.Span.Empty() {
				own = append(own, sec)
			}
			continue
		}
		if !sec.Header.Empty() && sec.Header.Start < sec.Span.End {
			sec.Span.Start = sec.Header.Start
			sec.Header.End = sec.Header.Start
		}
		if !sec.Span.Empty() {
			own = append(own, sec)
		}
	}
	if own == nil {
		return blocks
	}
	return own
}

// lastParagraph is the text after the first paragraph break of the last
// section that is no block, as a section of that name. A section whose header
// is not known is all text.
func (s *Splitter) lastParagraph(text string, sections []corpus.Section) (corpus.Section, bool) {
	for _, sec := range slices.Backward(sections) {
		if s.isBlock(sec.Name) {
			continue
		}
		if _, ok := s.def(sec.Name); !ok && !sec.Span.Empty() {
			return sec, true
		}
		for i := sec.Span.Start; i < sec.Span.End; {
			_, i = lineEnd(text, i, sec.Span.End)
			eol, _ := lineEnd(text, i, sec.Span.End)
			if skipBlanks(text, i, eol) == eol && eol < sec.Span.End {
				span := trim(text, corpus.Span{Start: i, End: sec.Span.End})
				return corpus.Section{Name: LastParagraph, Header: corpus.Span{Start: span.Start, End: span.Start}, Span: span}, !span.Empty()
			}
		}
		return corpus.Section{}, false
	}
	return corpus.Section{}, false
}
