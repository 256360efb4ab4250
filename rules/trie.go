package rules

import (
	"cmp"
	"iter"
	"slices"
)

// buildNode is a node of the trie while it grows.
type buildNode struct {
	edges   []edge
	to      map[edgeKey]*buildNode // the same, where there are many
	targets []Target
	loop    class // what the node repeats, or classAny
	meets   bool  // more than one way can lead here
	ends    bool  // a member of a class ends here
}

type edge struct {
	key edgeKey
	to  *buildNode
}

// edgeKey is the kind of a step, which is the order in which the edges of a node
// are laid out, and its number: of a word, of a class, or the length of a gap.
type edgeKey uint64

func keyOf(kind stepKind, n uint32) edgeKey { return edgeKey(kind)<<32 | edgeKey(n) }

func (k edgeKey) kind() stepKind { return stepKind(k >> 32) }
func (k edgeKey) n() uint32      { return uint32(k) }

// manyEdges is how many are still looked through one by one.
const manyEdges = 16

// follow gives the node behind the edge, or nil.
func (n *buildNode) follow(k edgeKey) *buildNode {
	if n.to != nil {
		return n.to[k]
	}
	for _, e := range n.edges {
		if e.key == k {
			return e.to
		}
	}
	return nil
}

// lead adds an edge that n does not have.
func (n *buildNode) lead(k edgeKey, to *buildNode) {
	n.edges = append(n.edges, edge{k, to})
	if n.to != nil {
		n.to[k] = to
		return
	}
	if len(n.edges) > manyEdges {
		n.to = make(map[edgeKey]*buildNode, 2*len(n.edges))
		for _, e := range n.edges {
			n.to[e.key] = e.to
		}
	}
}

// each gives the edges of a kind, by their numbers.
func (n *buildNode) each(kind stepKind) iter.Seq2[uint32, *buildNode] {
	return func(yield func(uint32, *buildNode) bool) {
		for _, e := range n.edges {
			if e.key.kind() == kind && !yield(e.key.n(), e.to) {
				return
			}
		}
	}
}

// key gives the edge of the step, and numbers a word that is new.
func (b *builder) key(s step) edgeKey {
	switch s.kind {
	case stepWord:
		return keyOf(stepWord, uint32(b.id(s)))
	case stepGap:
		return keyOf(stepGap, uint32(s.n))
	}
	return keyOf(s.kind, uint32(b.class[s.name]))
}

// step follows the edge s from n, or adds it.
func (b *builder) step(n *buildNode, s step) *buildNode {
	k := b.key(s)
	to := n.follow(k)
	if to == nil {
		to = b.node()
		n.lead(k, to)
		b.edges[s.kind]++
	}
	switch s.kind {
	case stepClass:
		to.meets = b.member[k.n()] != nil
	case stepLoop:
		to.loop, to.meets = class(k.n()), true
	case stepGap:
		to.meets = true
	}
	return to
}

// node gives a new node. They come by the hundred: there are many.
func (b *builder) node() *buildNode {
	if len(b.free) == 0 {
		b.free = make([]buildNode, 256)
	}
	n := &b.free[0]
	b.free = b.free[1:]
	b.nodes++
	return n
}

// addPath follows p from n and gives the node at its end.
func (b *builder) addPath(n *buildNode, p path) *buildNode {
	for _, s := range p {
		n = b.step(n, s)
	}
	return n
}

func (b *builder) add(p path, t Target) {
	n := b.addPath(b.root, p)
	if !slices.Contains(n.targets, t) {
		n.targets = append(n.targets, t)
	}
}

// room makes room for all that lay will append.
func (m *Matcher) room(b *builder) {
	m.nodes = make([]trieNode, 1, b.nodes+1) // node 0 is nowhere
	m.words = make([]wordEdge, 0, b.edges[stepWord])
	m.links = make([]classEdge, 0, b.edges[stepClass]+b.edges[stepLoop]+b.edges[stepGap])
}

// lay appends n and all below it and gives its number.
func (m *Matcher) lay(b *builder, n *buildNode) node32 {
	at := node32(len(m.nodes))
	t := trieNode{meet: -1, loop: n.loop, ends: n.ends}
	if len(n.targets) > 0 {
		t.need, t.next = always, always
	}
	if n.loop != classAny {
		t.take(b, uint32(n.loop))
	}
	if n.meets {
		t.meet = int32(m.meets)
		m.meets++
	}
	m.nodes = append(m.nodes, t)
	t.targets = uint32(len(m.targets))
	m.targets = append(m.targets, n.targets...)
	t.targetsEnd = uint32(len(m.targets))

	// The edges of a node stand together, before those of the nodes below it.
	slices.SortFunc(n.edges, func(a, b edge) int { return cmp.Compare(a.key, b.key) })
	t.words, t.links = uint32(len(m.words)), uint32(len(m.links))
	t.groups, t.enter = t.links, t.links
	for _, e := range n.edges {
		switch k := e.key; k.kind() {
		case stepWord:
			m.words = append(m.words, wordEdge{id: ID(k.n())})
			t.need |= markOf(ID(k.n()))
			t.next |= markOf(ID(k.n()))
			continue
		case stepClass:
			m.links = append(m.links, classEdge{class: class(k.n())})
			t.need |= b.marks[k.n()]
			t.take(b, k.n())
			if k.n() < maxClasses {
				t.groups++
			}
			t.enter++
		case stepLoop:
			m.links = append(m.links, classEdge{class: class(k.n())})
		case stepGap:
			m.links = append(m.links, classEdge{gap: uint8(k.n())})
			if k.n() > 0 {
				t.next = ^marks(0)
			}
		}
	}
	t.wordsEnd, t.linksEnd = uint32(len(m.words)), uint32(len(m.links))
	m.nodes[at] = t
	for i, e := range n.edges {
		to := m.lay(b, e.to)
		if i < int(t.wordsEnd-t.words) {
			m.words[int(t.words)+i].to = to
		} else {
			m.links[int(t.links)+i-int(t.wordsEnd-t.words)].to = to
		}
		if k := e.key.kind(); k == stepLoop || k == stepGap {
			m.nodes[at].need |= m.nodes[to].need
			m.nodes[at].next |= m.nodes[to].next
			m.nodes[at].classes |= m.nodes[to].classes
		}
	}
	return at
}

// take notes that a member of the class leads on from t.
func (t *trieNode) take(b *builder, c uint32) {
	if c < maxClasses {
		t.classes |= 1 << c
	} else {
		t.next |= b.marks[c]
	}
}
