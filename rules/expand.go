package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/internal/segment"
)

// step is one edge of a path through the trie.
type step struct {
	kind  stepKind
	name  string       // of a word, class or group
	token segment.Kind // of a word
	n     int          // of a gap: the most tokens
}

type stepKind uint8

const (
	stepWord  stepKind = iota
	stepClass          // one member of a class or group
	stepLoop           // zero or more members of a class or group
	stepGap            // zero to n tokens that are no marks
)

// path is one way through a phrase.
type path []step

func (p path) key() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('0' + byte(s.kind))
		b.WriteByte('0' + byte(s.n))
		b.WriteString(s.name)
		b.WriteByte(0)
	}
	return b.String()
}

// empty reports whether the path can match without a token.
func (p path) empty() bool { return p.least() == 0 }

// least is how many tokens the path matches at least.
func (p path) least() (n int) {
	for _, s := range p {
		if s.kind == stepWord || s.kind == stepClass {
			n++
		}
	}
	return n
}

// endsInGap reports whether a gap can be the first or last thing to match.
func (p path) endsInGap() bool {
	isSolid := func(s step) bool { return s.kind != stepLoop }
	first := slices.IndexFunc(p, isSolid)
	last := len(p) - 1
	for last > first && !isSolid(p[last]) {
		last--
	}
	return first >= 0 && (p[first].kind == stepGap || p[last].kind == stepGap)
}

// maxPaths bounds what one phrase may expand to.
const maxPaths = 20_000

// expand gives the paths of a phrase, some of them perhaps more than once:
// alternatives and optional items are written out; classes, groups, loops and
// gaps stay what they are.
func expand(n *node) ([]path, error) {
	if count(n) > maxPaths {
		return nil, &phraseError{n.at, fmt.Sprintf("phrase expands to more than %d word paths; split it, or use a class", maxPaths)}
	}
	paths := appendPaths([]path{make(path, 0, 8)}, n)
	for i, p := range paths {
		p = mergeLoops(p)
		switch {
		case p.empty():
			return nil, &phraseError{n.at, "phrase could match nothing: every part is optional"}
		case p.least() > maxMatch:
			return nil, &phraseError{n.at, fmt.Sprintf("phrase is longer than %d words, and no match is", maxMatch)}
		case p.endsInGap():
			return nil, &phraseError{n.at, "a gap stands between words; this one begins or ends the phrase when its optional neighbours are left out"}
		}
		paths[i] = p
	}
	return paths, nil
}

// count is the number of paths before equal ones are dropped, but no more than
// maxPaths+1.
func count(n *node) int {
	c := 1
	switch n.op {
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

// appendPaths extends every path with every path of n. It takes paths over, each
// of which has the room behind it for itself.
func appendPaths(paths []path, n *node) []path {
	var s step
	switch n.op {
	case opWord:
		s = step{kind: stepWord, name: n.word, token: n.kind}
	case opClass, opGroup:
		s = step{kind: stepClass, name: n.class}
	case opLoop:
		s = step{kind: stepLoop, name: n.class}
	case opGap:
		s = step{kind: stepGap, n: n.n}
	case opOption:
		return append(paths, appendPaths(fork(paths), n.kids[0])...)
	case opSeq:
		for _, k := range n.kids {
			paths = appendPaths(paths, k)
		}
		return paths
	case opAlt:
		var all []path
		for _, k := range n.kids {
			all = append(all, appendPaths(fork(paths), k)...)
		}
		return all
	}
	for i := range paths {
		paths[i] = append(paths[i], s)
	}
	return paths
}

// fork gives paths that can be extended apart from these.
func fork(paths []path) []path {
	forks := make([]path, len(paths))
	for i, p := range paths {
		forks[i] = slices.Clip(p)
	}
	return forks
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
