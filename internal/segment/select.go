package segment

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/radlabel/radlabel/corpus"
)

// UnknownSection is the error of a wanted section that the section file does not
// name.
type UnknownSection struct {
	Name  string
	known string // names joined by commas
	shown string // Name as it is told; "": quoted
}

func (e *UnknownSection) Error() string {
	return fmt.Sprintf("no section is named %s: want auto, all, or some of %s", cmp.Or(e.shown, strconv.Quote(e.Name)), e.known)
}

// Discreet is the error for a name that was read from a file: what may be the text of a
// report is not told.
func (e *UnknownSection) Discreet() *UnknownSection {
	return &UnknownSection{e.Name, e.known, corpus.QuoteID(e.Name)}
}

// Select chooses the sections to label, in text order; those without text are
// left out. What is wanted is
//
//   - "auto" or "": one section, by the policy. Where the policy names a
//     section, it is the last of that name that has text. last-paragraph is the
//     text after the first paragraph break of the last section; if the header
//     of that is not known, it is the whole section. Sections that follow a
//     report's text ("NOTIFICATION") are looked at last;
//   - "all": every section that the section file says is labelled, and every
//     section that it does not know ("TUBES AND LINES"). Where none of these is
//     more than what follows a report's text, the last paragraph too;
//   - names joined by commas: every section of these names. An unknown name is
//     an *UnknownSection, which lists the names; it is reported whatever the
//     text, so that Select("", nil, want) checks want.
//
// With auto and all, a report in which no header is known is labelled whole,
// unknown headers included ("PNEUMOTHORAX: NONE"). Headers that follow its text
// do not count, nor do blocks: all labels the blocks too, auto only where there
// is nothing else.
//
// With auto and all, the text before the first header is labelled too where it
// is prose or a list, not a title, and neither findings nor an impression were
// found: it is one of these without its header. With all, prose there is
// findings before an impression too.
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

	own := false    // sections are ours to change, which those of Split need not be
	headed := false // a header is known, other than one behind the text
	before := false // there is text so far
	for i, sec := range sections {
		sec.Span.End = min(sec.Span.End, len(text))
		sec.Span.Start = max(0, min(sec.Span.Start, sec.Span.End))
		sec.Span = trim(text, sec.Span)
		if def, ok := s.def(sec.Name); ok {
			sec.Name = s.defs[def].Name
			def := s.defs[def]
			switch {
			case sec.Name == Preamble || def.Block:
			case !def.Trailing, !def.Labelled && !before:
				headed = true
			}
			before = before || !def.Block && !sec.Span.Empty()
		} else {
			before = true
		}
		if sec == sections[i] {
			continue
		}
		if !own {
			sections, own = slices.Clone(sections), true
		}
		sections[i] = sec
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
		return s.whole(sections, want == "all"), nil
	case want == "all":
		report := false // more than what follows a report was found
		found := full(func(sec corpus.Section) bool {
			def, ok := s.def(sec.Name)
			labelled := !ok || s.defs[def].Labelled
			report = report || labelled && !(ok && s.defs[def].Trailing)
			return labelled
		})
		if !report {
			if sec, ok := s.lastParagraph(text, sections); ok {
				found = inserted(found, sec)
			}
		}
		return withPreamble(text, sections, found, true), nil
	}
	for _, p := range s.policy {
		if p == LastParagraph {
			if sec, ok := s.lastParagraph(text, sections); ok {
				return withPreamble(text, sections, []corpus.Section{sec}, false), nil
			}
			continue
		}
		for _, sec := range slices.Backward(sections) {
			if !sec.Span.Empty() && answers(sec.Name, p) {
				return withPreamble(text, sections, []corpus.Section{sec}, false), nil
			}
		}
	}
	return withPreamble(text, sections, nil, false), nil
}

// inserted puts a section at its place among others, unless its text is of one.
func inserted(sections []corpus.Section, sec corpus.Section) []corpus.Section {
	i := 0
	for i < len(sections) && sections[i].Span.End <= sec.Span.Start {
		i++
	}
	if i < len(sections) && sections[i].Span.Start < sec.Span.End {
		return sections
	}
	return slices.Insert(sections, i, sec)
}

// withPreamble puts the text before the first header before what was found,
// where it is prose or a list and neither findings nor an impression were found;
// with all set, also where it is prose and only an impression was found.
func withPreamble(text string, sections, found []corpus.Section, all bool) []corpus.Section {
	if len(sections) == 0 || sections[0].Name != Preamble {
		return found
	}
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(sec corpus.Section) bool { return answers(sec.Name, name) })
	}
	preamble := sections[0].Span.In(text)
	switch {
	case has("findings"):
	case (all || !has("impression")) && isProse(preamble), !has("impression") && listed(preamble):
		return append([]corpus.Section{sections[0]}, found...)
	}
	return found
}

// isProse reports whether a text is sentences rather than a title: it has more
// words than titles have, and one of those that titles do without.
func isProse(text string) bool {
	const wordsOfTitle = 8
	words, verb := 0, false
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		words++
		switch strings.ToLower(word) {
		case "is", "are", "was", "were", "has", "have", "no", "there",
			"isn", "aren", "wasn", "weren", "hasn", "haven": // isn't
			verb = true
		}
	}
	return verb && words > wordsOfTitle
}

// def gives the definition of a section's name, which may be a header of it.
func (s *Splitter) def(name string) (int, bool) {
	for i, def := range s.defs {
		if def.Name == name {
			return i, true
		}
	}
	plain := plainHeader(name)
	if def, ok := s.names[plain]; ok {
		return def, true
	}
	def, ok := s.headers[plain]
	return def, ok
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

// whole is a report in which no header is known: its unknown headers are text,
// also those with nothing behind them. Of what follows the text,
// that is kept which is labelled. With all set, so are labelled blocks;
// otherwise blocks are kept only where there is nothing else.
func (s *Splitter) whole(sections []corpus.Section, all bool) []corpus.Section {
	var own, blocks []corpus.Section
	text := false // other than of blocks
	for _, sec := range sections {
		def, ok := s.def(sec.Name)
		if !ok && !sec.Header.Empty() && sec.Header.Start < sec.Span.End {
			sec.Span.Start = sec.Header.Start
			sec.Header.End = sec.Header.Start
		}
		switch {
		case sec.Span.Empty():
		case !ok, !s.defs[def].Block && !s.defs[def].Trailing, !s.defs[def].Block && s.defs[def].Labelled:
			text = true
			own = append(own, sec)
		case s.defs[def].Block:
			blocks = append(blocks, sec)
			if all && s.defs[def].Labelled {
				own = append(own, sec)
			}
		}
	}
	if !text {
		return blocks
	}
	return own
}

// lastParagraph is the text after the first paragraph break of the last
// section, as a section of that name; a section whose header is not known is
// all text. Blocks do not count, and sections that follow a report's text only
// where the last other one has no such paragraph.
func (s *Splitter) lastParagraph(text string, sections []corpus.Section) (corpus.Section, bool) {
	var behind []corpus.Section // follow the text, last first
	for _, sec := range slices.Backward(sections) {
		def, ok := s.def(sec.Name)
		switch {
		case ok && s.defs[def].Block:
			continue
		case ok && s.defs[def].Trailing:
			behind = append(behind, sec)
			continue
		}
		if found, ok := afterBreak(text, sec, !ok); ok {
			return found, true
		}
		break
	}
	for _, sec := range behind {
		if found, ok := afterBreak(text, sec, false); ok {
			return found, true
		}
	}
	return corpus.Section{}, false
}

// afterBreak is the text after the first paragraph break of a section, or with
// whole set the section.
func afterBreak(text string, sec corpus.Section, whole bool) (corpus.Section, bool) {
	if whole && !sec.Span.Empty() {
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
