// Package rules loads the rule language (YAML: observations, cues, sections,
// word classes), checks it, and compiles every phrase into one trie over token
// ids that a sentence is matched against once. It is the only importer of YAML
// and holds the embedded rule sets.
package rules

import (
	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
)

// Set is a loaded rule set. It does not change after loading.
type Set struct {
	Name         string
	Doc          string
	Digest       string               // sha256 of the canonical content, hex
	Observations []corpus.Observation // in output order
	Unlabelled   []corpus.Observation `json:"-"` // found as the others are, so that scopes and alternatives are read alike, and given no label
	Rules        []Rule               // mentions, in file order
	Cues         []Cue                // in file order
	Sections     []segment.SectionDef
	Policy       []string // what --section auto labels: the first of these that a report has
	Classes      []Class
	Derived      Derived

	src        sources         // the lines of its files, for messages
	extends    string          // the embedded set that this one extends, or ""
	own        map[string]bool // of a set that extends another: the ids of the rules and cues of its own
	undisabled *Set            // see Undisabled; nil where it is the set itself
}

// Inherits reports whether the rule or cue of that id is one of the set that
// this one extends, as it stands there.
func (s *Set) Inherits(id string) bool { return s.own != nil && !s.own[id] }

// Undisabled gives the set as it were if its files disabled nothing and took no
// cue; the set itself where they do not.
func (s *Set) Undisabled() *Set {
	if s.undisabled == nil {
		return s
	}
	return s.undisabled
}

// Base gives the embedded set that this one extends, as it is by itself, or nil.
func (s *Set) Base() (*Set, error) {
	if s.extends == "" {
		return nil, nil
	}
	return Embedded(s.extends)
}

// Rule gives the rule with that id.
func (s *Set) Rule(id string) (*Rule, bool) {
	for i := range s.Rules {
		if s.Rules[i].ID == id {
			return &s.Rules[i], true
		}
	}
	return nil, false
}

// Cue gives the cue with that id.
func (s *Set) Cue(id string) (*Cue, bool) {
	for i := range s.Cues {
		if s.Cues[i].ID == id {
			return &s.Cues[i], true
		}
	}
	return nil, false
}

// Derived says how the report-level observation without mentions of its own
// (No Finding) is decided: positive when no other observation but those in
// Ignore is positive or uncertain and no rule of its own (the other
// abnormalities) is either.
type Derived struct {
	Observation corpus.Observation
	Ignore      []corpus.Observation
}

// Rule finds mentions of one observation. In the file of the derived
// observation it finds the other abnormalities that withhold it.
type Rule struct {
	ID          string
	Doc         string
	Observation corpus.Observation
	Also        []corpus.Observation // observations that the same mention counts for as well
	Tags        []string             // chosen by cues (Only, Except): "silhouette", "device", "sign"
	Bare        corpus.Assertion     // assertion when no cue governs the mention; Positive unless the file says otherwise
	As          [4]corpus.Assertion  // assertion recorded for each assertion found; the identity unless the file says otherwise
	Weak        bool                 // counts only where no other rule mentions the observation in the report
	Phrases     []Phrase
	Unless      []Phrase // a mention that overlaps a match of one of these is no mention
	Examples    []Example
	Pos         Pos
}

// Kind is what a cue does to a mention in its scope.
type Kind uint8

// The kinds of cue, in the order of precedence between cues whose words
// overlap and are equally long (earlier wins).
const (
	Pseudo      Kind = iota // looks like a cue and is none: its words are taken and do nothing
	Exclusion               // the mention is of the past, of the order, of another organ: no mention
	Uncertainty             // uncertain
	Negation                // negative
	Affirmation             // positive ("suggests", "persistent", "enlarged")
	Alternative             // "or", "versus": joins alternatives
	Terminator              // ends scopes
)

// Direction is where a cue's scope lies.
type Direction uint8

// The directions of a scope, seen from the cue.
const (
	Forward    Direction = iota // behind the cue in reading order: "no X"
	Backward                    // before the cue: "X has resolved"
	Both                        // before it where a mention stands before it in the same clause, else behind it
	Inside                      // the words that the cue's own phrase spans: "new ... is not seen"
	Either                      // behind it where a mention stands in that scope, else before it: "possible X", "X possible"
	Antecedent                  // the nearest mention before it, which its own words stand for: "a small one could be missed"
)

// When says where in a sentence a cue counts.
type When uint8

// The places where a cue counts (YAML: when: anywhere|start|after-mention|next-to-mention).
const (
	Anywhere      When = iota
	Start              // only as the first words of the sentence
	AfterMention       // a Terminator: only for scopes that have passed a mention already
	NextToMention      // a Terminator: only right behind a mention (run-on sentences)
)

// Cue is a word or phrase that negates, hedges, affirms or excludes mentions
// in its scope, or ends the scopes of others.
type Cue struct {
	ID        string
	Doc       string
	Kind      Kind
	Direction Direction
	Only      []string // governs only mentions with one of these tags
	Except    []string // does not govern mentions with one of these tags
	Explains  []string // of an Alternative: mentions with one of these tags are what it explains, not its items, where others stand between
	Ends      []Kind   // of a Terminator: the kinds of cue whose scopes end here; empty: all
	When      When     // where in a sentence the cue counts
	Reach     int      // the most tokens its scope extends; 0: to the end of the clause structure
	Lists     bool     // what it governs is one list: commas do not end its scope, and "or" in it offers no alternatives
	Weak      bool     // yields to any other cue that governs the mention
	Suggests  bool     // of an Affirmation: what it speaks of rests on what stands before it ("opacity to suggest X")
	Implies   Kind     // what it does to what a mention in its scope suggests: "no new opacity to suggest X" denies X; 0: nothing else
	Phrases   []Phrase
	Unless    []Phrase // a cue match that overlaps a match of one of these is none
	Examples  []Example
	Pos       Pos

	taken int // how many of the phrases, the last, come from cues that it takes
}

// Own are the phrases that the cue does not take from others.
func (c *Cue) Own() []Phrase { return c.Phrases[:max(0, len(c.Phrases)-c.taken)] }

// Class is a named list of words, usable in phrases as @name.
type Class struct {
	Name  string
	Doc   string
	Words []Phrase // plain phrases (words, alternatives, inflections, other classes)
	Pos   Pos
}

// Phrase is one phrase of the pattern language, as written, with its place.
type Phrase struct {
	Text string
	Pos  Pos
}

// Example is a text with the mention marked <...> and the assertion that the
// labeler must give it. An unmentioned example may leave the mark out.
type Example struct {
	Text      string
	Assertion corpus.Assertion
	Pos       Pos
}

// Pos is a place in a rule file: line and column from 1.
type Pos struct {
	File         string
	Line, Column int
}
