package rules

import (
	"fmt"
	"strings"

	"github.com/radlabel/radlabel/internal/segment"
)

// step is one edge of a path through the trie: a word, one member of a class,
// any token that is no mark, or zero or more members of a class.
type step struct {
	kind  stepKind
	name  string       // word or class
	token segment.Kind // of a word
}

type stepKind uint8

const (
	stepWord stepKind = iota
	stepClass
	stepAny
	stepLoop
)

type path []step

func (p path) key() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('0' + byte(s.kind))
		b.WriteString(s.name)
		b.WriteByte(0)
	}
	return b.String()
}

// empty reports whether the path matches without a token.
func (p path) empty() bool {
	for _, s := range p {
		if s.kind != stepLoop {
			return false
		}
	}
	return true
}

// maxPaths bounds what one phrase may expand to.
const maxPaths = 20_000

// expand gives the distinct paths of a phrase: alternatives, optional items
// and gaps are written out; classes stay classes.
func expand(n *node) ([]path, error) {
	if c := count(n); c > maxPaths {
		return nil, &phraseError{n.at, fmt.Sprintf("phrase expands to more than %d word paths; split it, or use a class", maxPaths)}
	}
	paths := appendPaths([]path{nil}, n)
	seen := make(map[string]bool, len(paths))
	kept := paths[:0]
	for _, p := range paths {
		p = mergeLoops(p)
		key := p.key()
		if seen[key] {
			continue
		}
		seen[key] = true
		switch {
		case p.empty():
			return nil, &phraseError{n.at, "phrase could match nothing: every part is optional"}
		case p[0].kind == stepAny || p[len(p)-1].kind == stepAny:
			return nil, &phraseError{n.at, "a gap stands between words: with its optional neighbours left out, this one begins or ends the phrase"}
		}
		kept = append(kept, p)
	}
	return kept, nil
}

// count is the number of paths before equal ones are dropped, no more than
// maxPaths+1.
func count(n *node) int {
	c := 1
	switch n.op {
	case opGap:
		c = n.n + 1
	case opOption:
		c = 1 + count(n.kids[0])
	case opSeq:
		for _, k := range n.kids {
			c = min(c*count(k), maxPaths+1)
		}
	case opAlt:
		c = 0
		for _, k := range n.kids {
			c += count(k)
		}
	}
	return min(c, maxPaths+1)
}

// appendPaths extends every path with every path of n.
func appendPaths(paths []path, n *node) []path {
	one := func(s step) []path {
		out := make([]path, len(paths))
		for i, p := range paths {
			out[i] = append(p[:len(p):len(p)], s)
		}
		return out
	}
	switch n.op {
	case opWord:
		return one(step{stepWord, n.word, n.kind})
	case opClass:
		return one(step{kind: stepClass, name: n.class})
	case opLoop:
		return one(step{kind: stepLoop, name: n.class})
	case opGap:
		all := paths
		for range n.n {
			paths = one(step{kind: stepAny})
			all = append(all[:len(all):len(all)], paths...)
		}
		return all
	case opOption:
		return append(paths[:len(paths):len(paths)], appendPaths(paths, n.kids[0])...)
	case opSeq:
		for _, k := range n.kids {
			paths = appendPaths(paths, k)
		}
		return paths
	case opAlt:
		var all []path
		for _, k := range n.kids {
			all = append(all, appendPaths(paths, k)...)
		}
		return all
	}
	return paths
}

// mergeLoops drops a repetition that stands right behind the same one.
func mergeLoops(p path) path {
	for i := 1; i < len(p); i++ {
		if p[i].kind == stepLoop && p[i] == p[i-1] {
			p = append(p[:i:i], p[i+1:]...)
			i--
		}
	}
	return p
}
