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
	ids   []ID     // of the tokens but Joins
	place []int    // their indices
	start int      // where the walk began
	met   []visits // by trieNode.meet
	stamp uint32   // of start
	dst   []Match
}

// visits are the numbers of tokens behind a start at which a node was reached.
type visits struct {
	tokens uint64
	stamp  uint32
}

// been reports whether the walk was at the node i tokens behind its start
// already, and remembers that it is now.
func (s *scratch) been(meet int32, i int) bool {
	v := &s.met[meet]
	if v.stamp != s.stamp {
		*v = visits{stamp: s.stamp}
	}
	was := v.tokens&(1<<i) != 0
	v.tokens |= 1 << i
	return was
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
			clear(s.met)
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

// maxMatch is how many tokens a match may have, so that a repetition costs the
// same at every token of however long a run. Their numbers fit into visits.
const maxMatch = 60

// walk goes on from node n in front of token i.
func (m *Matcher) walk(s *scratch, n node32, i int) {
	if i-s.start > maxMatch {
		return
	}
	t := &m.nodes[n]
	// Once is enough, and keeps the walk from growing exponentially.
	if t.meet >= 0 && s.been(t.meet, i-s.start) {
		return
	}
	if t.targets < t.targetsEnd {
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
	for _, e := range m.links[t.enter:t.linksEnd] {
		m.walk(s, e.to, i)
		for j := i; j < min(i+int(e.gap), len(s.ids)) && m.single[s.ids[j]]&(1<<classAny) != 0; j++ {
			m.walk(s, e.to, j+1)
		}
	}
	if i == len(s.ids) {
		return
	}
	if t.loop != classAny {
		m.pass(s, classEdge{class: t.loop, to: n}, i)
	}
	if id := s.ids[i]; m.single[id]|m.first[id] != 0 {
		for _, e := range m.links[t.links:t.groups] {
			m.pass(s, e, i)
		}
	}
	for _, e := range m.links[t.groups:t.enter] {
		m.member(s, e.to, m.members[e.class], i)
	}
}

// pass takes e behind each member of its class that begins at token i.
func (m *Matcher) pass(s *scratch, e classEdge, i int) {
	if e.class >= maxClasses {
		m.member(s, e.to, m.members[e.class], i)
		return
	}
	id, bit := s.ids[i], mask(1)<<e.class
	if m.single[id]&bit != 0 {
		m.walk(s, e.to, i+1)
	}
	if m.first[id]&bit != 0 {
		m.member(s, e.to, m.members[e.class], i)
	}
}

// member walks the trie of a class's longer members from n and goes on at to
// wherever one of them ends.
func (m *Matcher) member(s *scratch, to, n node32, i int) {
	t := &m.nodes[n]
	if t.ends {
		m.walk(s, to, i)
	}
	if i == len(s.ids) {
		return
	}
	id := s.ids[i]
	if next := m.word(t, id); next != 0 {
		m.member(s, to, next, i+1)
	}
	for _, e := range m.links[t.links:t.groups] { // @number
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
