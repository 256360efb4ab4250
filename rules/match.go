package rules

import (
	"cmp"
	"slices"

	"github.com/radlabel/radlabel/internal/segment"
)

// TargetKind tells what a phrase is for.
type TargetKind uint8

// The kinds of target.
const (
	RulePhrase TargetKind = iota // Set.Rules[Index].Phrases[Phrase]
	RuleUnless                   // Set.Rules[Index].Unless[Phrase]
	CuePhrase                    // Set.Cues[Index].Phrases[Phrase]
	CueUnless                    // Set.Cues[Index].Unless[Phrase]
)

// Target names a phrase of a rule set.
type Target struct {
	Kind          TargetKind
	Index, Phrase int
}

// Match is a place where a phrase was found: tokens[Start:End] of the slice
// given to Matcher.Match.
type Match struct {
	Target     Target
	Start, End int
}

func compareMatches(a, b Match) int {
	return cmp.Or(
		cmp.Compare(a.Start, b.Start),
		cmp.Compare(b.End, a.End),
		cmp.Compare(a.Target.Kind, b.Target.Kind),
		cmp.Compare(a.Target.Index, b.Target.Index),
		cmp.Compare(a.Target.Phrase, b.Target.Phrase),
	)
}

// scratch is what one walk needs besides the matcher.
type scratch struct {
	ids   []ID  // of the tokens but Joins
	place []int // their indices
	seen  [][]uint32
	stamp uint32 // of the current start, in seen
	start int
	dst   []Match
}

// Match appends every match of every phrase in the tokens of one sentence to
// dst, each once, ordered by start, then longest first, then target. Join
// tokens are passed over, and no match begins or ends with one.
func (m *Matcher) Match(dst []Match, tokens []segment.Token) []Match {
	s := m.scratch.Get().(*scratch)
	s.ids, s.place, s.dst = s.ids[:0], s.place[:0], dst
	for i := range tokens {
		if id := m.ID(tokens[i]); id != idJoin {
			s.ids = append(s.ids, id)
			s.place = append(s.place, i)
		}
	}
	for i, id := range s.ids {
		if !m.start[id] { // most tokens end here
			continue
		}
		if s.stamp++; s.stamp == 0 { // wrapped: old stamps could look new
			for _, row := range s.seen {
				clear(row)
			}
			s.stamp = 1
		}
		s.start = i
		from := len(s.dst)
		if to := m.rootWords[id]; to != 0 {
			m.walk(s, to, i+1)
		}
		m.follow(s, rootNode, i)
		// Two paths of one phrase can cover the same words.
		if found := s.dst[from:]; len(found) > 1 {
			slices.SortFunc(found, compareMatches)
			s.dst = s.dst[:from+len(slices.Compact(found))]
		}
	}
	dst, s.dst = s.dst, nil
	m.scratch.Put(s)
	return dst
}

const rootNode node32 = 1

// walk goes on from node n in front of token i.
func (m *Matcher) walk(s *scratch, n node32, i int) {
	t := &m.nodes[n]
	if t.loop >= 0 {
		// Ambiguous members reach a loop many times at the same place; once is
		// enough, and keeps the walk from growing exponentially.
		row := s.seen[t.loop]
		if len(row) <= i {
			row = append(row, make([]uint32, len(s.ids)+1-len(row))...)
			s.seen[t.loop] = row
		}
		if row[i] == s.stamp {
			return
		}
		row[i] = s.stamp
	}
	if t.targets < t.targetsEnd && i > s.start {
		start, end := s.place[s.start], s.place[i-1]+1
		for _, target := range m.targets[t.targets:t.targetsEnd] {
			s.dst = append(s.dst, Match{target, start, end})
		}
	}
	if i < len(s.ids) {
		if to := m.word(t, s.ids[i]); to != 0 {
			m.walk(s, to, i+1)
		}
	}
	m.follow(s, n, i)
}

// follow takes every way out of n but its words.
func (m *Matcher) follow(s *scratch, n node32, i int) {
	t := &m.nodes[n]
	for _, e := range m.links[t.enter:t.enterEnd] {
		m.walk(s, e.to, i)
	}
	if i == len(s.ids) {
		return
	}
	id := s.ids[i]
	single, first := m.single[id], m.first[id]
	switch {
	case t.loop < 0:
	case t.class >= maxClasses:
		m.member(s, n, m.members[t.class], i)
	default:
		m.pass(s, classEdge{t.class, n}, i, single, first)
	}
	for _, e := range m.links[t.links:t.linksEnd] {
		m.pass(s, e, i, single, first)
	}
}

// pass goes along e once for each member of its class that stands at token i,
// whose classes are single and first.
func (m *Matcher) pass(s *scratch, e classEdge, i int, single, first mask) {
	bit := mask(1) << e.class
	if single&bit != 0 {
		m.walk(s, e.to, i+1)
	}
	if first&bit != 0 {
		m.member(s, e.to, m.members[e.class], i)
	}
}

// member walks the trie of a class's longer members from n and goes on at to
// wherever one of them ends.
func (m *Matcher) member(s *scratch, to, n node32, i int) {
	t := &m.nodes[n]
	if t.class == memberEnd {
		m.walk(s, to, i)
	}
	if i == len(s.ids) {
		return
	}
	id := s.ids[i]
	if next := m.word(t, id); next != 0 {
		m.member(s, to, next, i+1)
	}
	for _, e := range m.links[t.links:t.linksEnd] { // @number
		if m.single[id]&(1<<e.class) != 0 {
			m.member(s, to, e.to, i+1)
		}
	}
}

// word gives the node that the word leads to from t, or 0.
func (m *Matcher) word(t *trieNode, id ID) node32 {
	edges := m.words[t.words:t.wordsEnd]
	if len(edges) <= 8 { // nearly always
		for _, e := range edges {
			if e.id == id {
				return e.to
			}
		}
		return 0
	}
	lo, hi := 0, len(edges)
	for lo < hi {
		if mid := (lo + hi) / 2; edges[mid].id < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(edges) && edges[lo].id == id {
		return edges[lo].to
	}
	return 0
}
