package rules

import (
	"cmp"
	"math"
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
	ahead []marks  // of each of them and all behind it; and of nothing
	place []int    // their indices
	start int      // where the walk began
	met   []visits // by trieNode.meet
	stamp uint32   // of start: one more for each token further left
	dst   []Match
	steps int // nodes explored, which a test bounds
}

// visits are the numbers of tokens behind a start at which a node was reached,
// and of those at which no phrase was found to end there or beyond.
type visits struct {
	been, dead uint64
	stamp      uint32
}

// visits gives those of a node. What is dead stays so for the starts to the left,
// which may go less far.
func (s *scratch) visits(meet int32) *visits {
	v := &s.met[meet]
	if left := s.stamp - v.stamp; left > 0 {
		v.been, v.dead, v.stamp = 0, v.dead<<left, s.stamp
	}
	return v
}

// Match appends every match of every phrase in the tokens of one sentence to
// dst, each once, ordered by start, then longest first, then target. Join
// tokens are passed over, and no match begins or ends with one.
func (m *Matcher) Match(dst []Match, tokens []segment.Token) []Match {
	s := m.scratch.Get().(*scratch)
	dst = m.match(s, dst, tokens)
	m.scratch.Put(s)
	return dst
}

func (m *Matcher) match(s *scratch, dst []Match, tokens []segment.Token) []Match {
	s.ids, s.place, s.dst = s.ids[:0], s.place[:0], dst
	for i := range tokens {
		if id := m.ID(tokens[i]); id != idJoin {
			s.ids = append(s.ids, id)
			s.place = append(s.place, i)
		}
	}
	s.ahead = append(slices.Grow(s.ahead[:0], len(s.ids)+1)[:len(s.ids)], always)
	for i := len(s.ids) - 1; i >= 0; i-- {
		s.ahead[i] = s.ahead[i+1] | markOf(s.ids[i])
	}
	if s.stamp > math.MaxUint32-64-uint32(len(s.ids)) { // it would wrap, and old stamps look new
		clear(s.met)
		s.stamp = 0
	}
	s.stamp += 64 // nothing is known of this sentence
	first := len(s.dst)
	for i := len(s.ids) - 1; i >= 0; i-- {
		s.stamp++
		s.start = i
		from := len(s.dst)
		if to := m.rootWords[s.ids[i]]; to != 0 {
			m.walk(s, to, i+1)
		}
		for _, link := range m.rootLinks[s.ids[i]] {
			m.along(s, &m.nodes[rootNode], link, i)
		}
		// Two paths of one phrase can cover the same words.
		if found := s.dst[from:]; len(found) > 1 {
			slices.SortFunc(found, func(a, b Match) int { return compareMatches(b, a) })
			s.dst = s.dst[:from+len(slices.Compact(found))]
		}
	}
	slices.Reverse(s.dst[first:])
	dst, s.dst = s.dst, nil
	return dst
}

const rootNode node32 = 1

// maxMatch is how many tokens a match may have, so that what ends far behind
// a long run is not found from every token of it. Their numbers fit into visits.
const maxMatch = 60

// walk goes on from node n in front of token i, and reports whether a phrase ends
// there or beyond.
func (m *Matcher) walk(s *scratch, n node32, i int) (found bool) {
	if i-s.start > maxMatch {
		return false
	}
	t := &m.nodes[n]
	if t.need&s.ahead[i] == 0 || i < len(s.ids) && !m.goesOn(t, s.ids[i]) {
		return false
	}
	if t.meet < 0 {
		return m.explore(s, n, i)
	}
	// Once is enough, and keeps the walk from growing exponentially.
	v, bit := s.visits(t.meet), uint64(1)<<(i-s.start)
	if (v.been|v.dead)&bit != 0 {
		return v.dead&bit == 0
	}
	v.been |= bit
	if found = m.explore(s, n, i); !found {
		v.dead |= bit
	}
	return found
}

// goesOn reports whether a phrase may end at t or go on with the token.
func (m *Matcher) goesOn(t *trieNode, id ID) bool {
	return t.next&(markOf(id)|always) != 0 || t.classes&(m.single[id]|m.first[id]) != 0
}

// explore takes the targets of n and every way out of it.
func (m *Matcher) explore(s *scratch, n node32, i int) (found bool) {
	s.steps++
	t := &m.nodes[n]
	if t.targets < t.targetsEnd {
		found = true
		start, end := s.place[s.start], s.place[i-1]+1
		for _, target := range m.targets[t.targets:t.targetsEnd] {
			s.dst = append(s.dst, Match{target, start, end})
		}
	}
	if i < len(s.ids) {
		if id := s.ids[i]; t.need&markOf(id) != 0 {
			if to := m.word(t, id); to != 0 && m.walk(s, to, i+1) {
				found = true
			}
		}
	}
	return m.follow(s, n, i) || found
}

// follow takes every way out of n but its words.
func (m *Matcher) follow(s *scratch, n node32, i int) (found bool) {
	t := &m.nodes[n]
	if i < len(s.ids) && t.loop != classAny {
		found = m.pass(s, classEdge{class: t.loop, to: n}, i)
	}
	for link := t.links; link < t.linksEnd; link++ {
		found = m.along(s, t, link, i) || found
	}
	return found
}

// along takes one of the links of t.
func (m *Matcher) along(s *scratch, t *trieNode, link uint32, i int) (found bool) {
	e := m.links[link]
	switch {
	case link >= t.enter:
		found = m.walk(s, e.to, i)
		for j := i; j < min(i+int(e.gap), len(s.ids)) && m.single[s.ids[j]]&(1<<classAny) != 0; j++ {
			found = m.walk(s, e.to, j+1) || found
		}
		return found
	case i == len(s.ids):
		return false
	case link >= t.groups:
		return m.member(s, e.to, m.members[e.class], i)
	}
	return m.pass(s, e, i)
}

// pass takes e behind each member of its class that begins at token i.
func (m *Matcher) pass(s *scratch, e classEdge, i int) (found bool) {
	if e.class >= maxClasses {
		return m.member(s, e.to, m.members[e.class], i)
	}
	id, bit := s.ids[i], mask(1)<<e.class
	if m.single[id]&bit != 0 {
		found = m.walk(s, e.to, i+1)
	}
	if m.first[id]&bit != 0 {
		found = m.member(s, e.to, m.members[e.class], i) || found
	}
	return found
}

// member walks the trie of a class's longer members from n and goes on at to
// wherever one of them ends.
func (m *Matcher) member(s *scratch, to, n node32, i int) (found bool) {
	t := &m.nodes[n]
	if t.ends {
		found = m.walk(s, to, i)
	}
	if i == len(s.ids) {
		return found
	}
	id := s.ids[i]
	if t.need&markOf(id) == 0 {
		return found
	}
	if next := m.word(t, id); next != 0 {
		found = m.member(s, to, next, i+1) || found
	}
	for _, e := range m.links[t.links:t.groups] { // @number
		if m.single[id]&(1<<e.class) != 0 {
			found = m.member(s, to, e.to, i+1) || found
		}
	}
	return found
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
