package rules

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/radlabel/radlabel/internal/segment"
)

// ID is a token's number in a matcher. Tokens that no phrase knows share a
// number for their kind.
type ID uint32

const (
	_      ID = iota // of a token without a number
	idWord           // unknown words, and whatever is skipped
	idNumber
	idMark
	idJoin
	idKnown // the first number of a word that a phrase knows
)

// ClassID is the number of a named class in a matcher.
type ClassID uint8

// class is the number of a class or of a group of alternatives. Groups come
// behind the classes, have no bit in a mask, and all their members, short and
// long, in a trie.
type class uint16

// The built-in classes, and how many classes fit into a mask.
const (
	classAny    class = iota // every token that is no mark: what a gap steps over
	classNumber              // @number
	classNamed               // the first of a rule set's own
	maxClasses  = 64
)

// mask is a set of classes.
type mask uint64

// Matcher finds every phrase of a rule set in a sentence, in one walk along
// its tokens. It is immutable and safe for concurrent use.
//
// All phrases are in one trie. An edge is a word, or one member of a class or
// of a group of alternatives. Members of one word are a bit of the token's mask;
// longer ones have a trie of their own for each class. A node may also lead on,
// without a token, to a node that repeats members of a class, or to the far
// side of a gap.
type Matcher struct {
	ids     map[string]ID
	single  []mask // by ID: the classes that the token is a member of
	first   []mask // by ID: the classes with a longer member that begins with the token
	classes map[string]class

	misspelt misspellings
	members  []node32 // by class: the root of its longer members, 0 for none

	nodes     []trieNode
	words     []wordEdge
	links     []classEdge
	targets   []Target
	rootWords []node32   // by ID: the words of the root, most of which lead nowhere
	rootLinks [][]uint32 // by ID: into links, those of the root that the token leads along
	meets     int        // nodes with a number in meet
	scratch   sync.Pool
}

type node32 uint32

// trieNode holds ranges of Matcher.words, links and targets.
type trieNode struct {
	words, wordsEnd     uint32
	links, groups       uint32 // members of a class; of a group
	enter, linksEnd     uint32 // loops and gaps, entered without a token
	targets, targetsEnd uint32
	need                marks // without one of these ahead nothing is found from here on
	next                marks // nor without one of these as the next token,
	classes             mask  // or one that a member of these begins with
	meet                int32 // number of a node where different ways to the same place meet, or -1
	loop                class // what the node repeats, or classAny for nothing
	ends                bool  // a member of a class ends here
}

// marks stand for a set of tokens, one bit for many of them.
type marks uint64

// always is the mark of what needs no token.
const always marks = 1 << 63

func markOf(id ID) marks { return 1 << (id % 63) }

type wordEdge struct {
	id ID
	to node32
}

type classEdge struct {
	class class
	gap   uint8 // of an edge entered without a token: the gap's length, or 0 for a loop
	to    node32
}

// Compile builds the matcher of the rule set. Its errors are of type Errors.
func (s *Set) Compile() (*Matcher, error) {
	m, errs := s.compile()
	if len(errs) > 0 {
		return nil, errs
	}
	return m, nil
}

func (s *Set) compile() (*Matcher, Errors) {
	lists := s.lists()
	ahead := parseAhead(lists)
	b := newBuilder(&s.src)
	errs := b.addClasses(s.Classes)
	for _, l := range lists {
		for i, n := range <-ahead {
			paths, err := b.paths(n)
			if err != nil {
				errs = append(errs, s.src.phraseError(l.id, l.phrases[i], err))
				continue
			}
			for _, p := range paths {
				b.add(p, Target{l.kind, l.index, i})
			}
		}
	}
	if len(errs) > 0 {
		return nil, s.src.finish(errs)
	}
	return b.matcher(), nil
}

// phraseList is the phrases of a rule or cue that serve one purpose.
type phraseList struct {
	id      string
	phrases []Phrase
	kind    TargetKind
	index   int
}

func (s *Set) lists() []phraseList {
	all := make([]phraseList, 0, 2*(len(s.Rules)+len(s.Cues)))
	for i, r := range s.Rules {
		all = append(all, phraseList{r.ID, r.Phrases, RulePhrase, i}, phraseList{r.ID, r.Unless, RuleUnless, i})
	}
	for i, c := range s.Cues {
		all = append(all, phraseList{c.ID, c.Phrases, CuePhrase, i}, phraseList{c.ID, c.Unless, CueUnless, i})
	}
	return all
}

// parsed is a phrase as a tree, or what is wrong with it.
type parsed struct {
	tree *node
	err  error
}

func (w *words) parse(text string) parsed {
	tree, err := parsePhrase(text, w)
	return parsed{tree, err}
}

// parseAhead parses the phrases of each list while the lists before it are built
// into the trie.
func parseAhead(lists []phraseList) <-chan []parsed {
	ahead := make(chan []parsed, len(lists)) // never waits: whoever reads may stop
	go func() {
		var w words
		for _, l := range lists {
			trees := make([]parsed, len(l.phrases))
			for i, ph := range l.phrases {
				trees[i] = w.parse(ph.Text)
			}
			ahead <- trees
		}
	}()
	return ahead
}

// builder grows the trie node by node; matcher lays it out.
type builder struct {
	src      *sources // to place errors
	words    words
	ids      map[string]ID
	single   []mask
	first    []mask
	like     []ID // by ID: the unknown tokens of the same kind
	class    map[string]class
	member   []*buildNode // by class
	marks    []marks      // by class: of the tokens that members begin with
	resolver *resolver    // of the classes
	flat     bool         // write all alternatives out
	root     *buildNode

	free  []buildNode
	nodes int              // made so far
	edges [stepGap + 1]int // by kind, made so far
}

func newBuilder(src *sources) *builder {
	b := &builder{
		src:    src,
		ids:    map[string]ID{},
		single: []mask{idWord: 1 << classAny, idNumber: 1<<classAny | 1<<classNumber, idMark: 0, idJoin: 0},
		first:  make([]mask, idKnown),
		like:   make([]ID, idKnown),
		class:  map[string]class{numberClass: classNumber},
		member: make([]*buildNode, classNamed),
	}
	b.root = b.node()
	return b
}

// id numbers the word of s. What goes for every token of its kind goes for it
// as well; matcher adds that when all classes are known.
func (b *builder) id(s step) ID {
	id, ok := b.ids[s.name]
	if !ok {
		id = ID(len(b.single))
		b.ids[s.name] = id
		b.single = append(b.single, 0)
		b.first = append(b.first, 0)
		b.like = append(b.like, idOf(s.token))
	}
	return id
}

// idOf is the number of unknown tokens of the kind.
func idOf(k segment.Kind) ID {
	switch k {
	case segment.Number:
		return idNumber
	case segment.Mark:
		return idMark
	case segment.Join:
		return idJoin
	}
	return idWord
}

// paths expands one phrase, whose classes must be known.
func (b *builder) paths(p parsed) ([]path, error) {
	if p.err != nil {
		return nil, p.err
	}
	n, err := b.prepare(p.tree, true)
	if err != nil {
		return nil, err
	}
	return expand(n)
}

// minGroup is how many paths make alternatives worth a trie of their own.
const minGroup = 3

// prepare checks the names of classes, and gives alternatives that are made of
// words alone, and repeated groups, a trie of their own: written out, each of
// their words would carry a copy of all that follows. Alternatives that begin
// a phrase are written out all the same, so that its first word is in the root.
// What changes is copied, for a tree may hold a node twice: (a|b)+ is (a|b)(a|b)*.
func (b *builder) prepare(n *node, first bool) (*node, error) {
	switch {
	case n.op == opClass || n.op == opLoop && n.kids == nil:
		if _, ok := b.class[n.class]; !ok {
			return nil, &phraseError{n.at, fmt.Sprintf("no class @%s%s", n.class, suggest(n.class, keys(b.class)))}
		}
		return n, nil
	case n.op == opLoop:
		name, err := b.group(n.kids[0])
		return &node{op: opLoop, class: name, at: n.at}, err
	case n.op == opAlt && !first && !b.flat && wordsAlone(n) && count(n) >= minGroup:
		name, err := b.group(n)
		return &node{op: opGroup, class: name, at: n.at}, err
	}
	kids, changed := n.kids, false
	for i, k := range n.kids {
		kid, err := b.prepare(k, first)
		if err != nil {
			return nil, err
		}
		if kid != k {
			if !changed {
				kids, changed = slices.Clone(kids), true
			}
			kids[i] = kid
		}
		if n.op == opSeq {
			first = first && (k.op == opOption || k.op == opLoop)
		}
	}
	if !changed {
		return n, nil
	}
	return &node{op: n.op, kids: kids, at: n.at}, nil
}

func wordsAlone(n *node) bool {
	if n.op == opWord {
		return true
	}
	for _, k := range n.kids {
		if !wordsAlone(k) {
			return false
		}
	}
	return n.op == opSeq || n.op == opAlt
}

// group builds the trie of a group of alternatives, once for equal groups, and
// gives the group's name.
func (b *builder) group(n *node) (string, error) {
	members, err := b.resolver.expand(n)
	if err != nil {
		return "", err
	}
	texts := make([]string, len(members))
	for i, m := range members {
		texts[i] = m.key()
	}
	slices.Sort(texts)
	name := strings.Join(slices.Compact(texts), "|")
	if _, ok := b.class[name]; ok {
		return name, nil
	}
	if len(b.member) == math.MaxUint16 {
		return "", &phraseError{n.at, "rule set has too many different groups of alternatives; use classes"}
	}
	root := b.node()
	for _, m := range members {
		b.addPath(root, m).ends = true
	}
	b.class[name] = class(len(b.member))
	b.member = append(b.member, root)
	return name, nil
}

// addClasses numbers the classes and resolves their members to words alone.
func (b *builder) addClasses(classes []Class) Errors {
	var errs Errors
	if len(classes) > maxClasses-int(classNamed) {
		c := classes[maxClasses-int(classNamed)]
		errs = append(errs, &Error{Pos: c.Pos, ID: c.Name, What: fmt.Sprintf("a rule set has at most %d classes; join some, or write their words out", maxClasses-int(classNamed))})
	}
	r := &resolver{builder: b, classes: make(map[string]*Class), done: make(map[string][]path)}
	b.resolver = r
	for i := range classes {
		c := &classes[i]
		if _, ok := b.class[c.Name]; ok {
			where := "built in"
			if first := r.classes[c.Name]; first != nil {
				where = "at " + first.Pos.String()
			}
			errs = append(errs, &Error{Pos: c.Pos, ID: c.Name, What: fmt.Sprintf("class %q is there already, %s", c.Name, where)})
			continue
		}
		r.classes[c.Name] = c
		b.class[c.Name] = class(len(b.member))
		b.member = append(b.member, nil)
	}
	for len(b.member) < maxClasses {
		b.member = append(b.member, nil)
	}
	for i := range classes {
		c := &classes[i]
		if r.classes[c.Name] != c {
			r.resolveAll(c) // for its errors
			continue
		}
		for _, m := range r.members(c) {
			b.addMember(b.class[c.Name], m)
		}
	}
	return append(errs, r.errs...)
}

func (b *builder) addMember(c class, m path) {
	bit := mask(1) << c
	if len(m) == 1 {
		if m[0].kind == stepClass { // @number, the only class left in a resolved member
			b.single[idNumber] |= bit
		} else {
			b.single[b.id(m[0])] |= bit
		}
		return
	}
	if b.member[c] == nil {
		b.member[c] = b.node()
	}
	if m[0].kind == stepClass {
		b.first[idNumber] |= bit
	} else {
		b.first[b.id(m[0])] |= bit
	}
	b.addPath(b.member[c], m).ends = true
}

// resolver writes classes within classes out.
type resolver struct {
	*builder
	classes map[string]*Class
	done    map[string][]path
	open    []string // the classes being resolved, to find circles
	errs    Errors
}

func (r *resolver) members(c *Class) []path {
	if m, ok := r.done[c.Name]; ok {
		return m
	}
	r.open = append(r.open, c.Name)
	all := r.resolveAll(c)
	r.open = r.open[:len(r.open)-1]
	r.done[c.Name] = all
	return all
}

func (r *resolver) resolveAll(c *Class) []path {
	var all []path
	for _, ph := range c.Words {
		members, err := r.resolve(ph)
		if err != nil {
			r.errs = append(r.errs, r.src.phraseError(c.Name, ph, err))
			continue
		}
		all = append(all, members...)
		if len(all) > maxPaths {
			r.errs = append(r.errs, &Error{Pos: c.Pos, ID: c.Name, What: fmt.Sprintf("class @%s has more than %d members", c.Name, maxPaths)})
			return nil
		}
	}
	return all
}

func (r *resolver) resolve(ph Phrase) ([]path, error) {
	n, err := parsePhrase(ph.Text, &r.words)
	if err != nil {
		return nil, err
	}
	return r.expand(n)
}

// expand gives the members that n describes, in words and numbers.
func (r *resolver) expand(n *node) ([]path, error) {
	if err := r.plain(n); err != nil {
		return nil, err
	}
	paths, err := expand(n)
	if err != nil {
		return nil, err
	}
	var all []path
	for _, p := range paths {
		members := []path{nil}
		for _, s := range p {
			tails := []path{{s}}
			if s.kind == stepClass && s.name != numberClass {
				tails = r.members(r.classes[s.name])
			}
			if len(all)+len(members)*len(tails) > maxPaths {
				return nil, &phraseError{n.at, fmt.Sprintf("phrase expands to more than %d word paths; split it", maxPaths)}
			}
			var next []path
			for _, m := range members {
				for _, t := range tails {
					next = append(next, append(m[:len(m):len(m)], t...))
				}
			}
			members = next
		}
		all = append(all, members...)
	}
	return all, nil
}

// plain checks that a class's phrase is made of words, alternatives and other
// classes that do not lead back to it.
func (r *resolver) plain(n *node) error {
	switch n.op {
	case opGap, opLoop:
		return &phraseError{n.at, "a class or a repeated group holds words, alternatives and classes, but no gap and no repetition"}
	case opClass:
		if _, err := r.prepare(n, true); err != nil {
			return err
		}
		if i := slices.Index(r.open, n.class); i >= 0 {
			circle := ""
			for _, name := range append(r.open[i:len(r.open):len(r.open)], n.class) {
				if circle != "" {
					circle += " -> "
				}
				circle += "@" + name
			}
			return &phraseError{n.at, "classes are defined in a circle: " + circle}
		}
	}
	for _, k := range n.kids {
		if err := r.plain(k); err != nil {
			return err
		}
	}
	return nil
}

// matcher lays the trie out in slices. Node 0 is nowhere, node 1 the root.
func (b *builder) matcher() *Matcher {
	for id := idKnown; int(id) < len(b.single); id++ {
		b.single[id] |= b.single[b.like[id]]
		b.first[id] |= b.first[b.like[id]]
	}
	m := &Matcher{
		ids: b.ids, single: b.single, first: b.first, classes: b.class,
		members: make([]node32, len(b.member)),
	}
	m.room(b)
	m.misspelt = m.misspellings()
	b.marks = b.memberMarks()
	root := m.lay(b, b.root)
	for c, n := range b.member {
		if n != nil {
			m.members[c] = m.lay(b, n)
		}
	}
	m.rootWords = make([]node32, len(b.single))
	m.rootLinks = make([][]uint32, len(b.single))
	n := &m.nodes[root]
	for _, e := range m.words[n.words:n.wordsEnd] {
		m.rootWords[e.id] = e.to
	}
	var all []uint32
	for id := range m.rootLinks {
		from := len(all)
		for link := n.links; link < n.linksEnd; link++ {
			if m.leads(n, link, ID(id)) {
				all = append(all, link)
			}
		}
		m.rootLinks[id] = all[from:len(all):len(all)]
	}
	m.scratch.New = func() any { return &scratch{met: make([]visits, m.meets)} }
	return m
}

// memberMarks gives, by class, the marks of the tokens that a member begins with.
func (b *builder) memberMarks() []marks {
	all := make([]marks, len(b.member))
	for id := range b.single {
		for in := b.single[id] | b.first[id]; in != 0; in &= in - 1 {
			all[bits.TrailingZeros64(uint64(in))] |= markOf(ID(id))
		}
	}
	for c := maxClasses; c < len(b.member); c++ {
		for id := range b.member[c].each(stepWord) {
			all[c] |= markOf(ID(id))
		}
		for of := range b.member[c].each(stepClass) { // of a group that is repeated
			all[c] |= all[of]
			if of >= maxClasses {
				all[c] = ^marks(0) // it may not have been looked at
			}
		}
	}
	return all
}

// starts reports whether the token leads on from n, which is the root, a loop
// entered there, or the root of a group.
func (m *Matcher) starts(n node32, id ID) bool {
	t := &m.nodes[n]
	if m.word(t, id) != 0 || t.loop != classAny && m.begins(t.loop, id) {
		return true
	}
	for link := t.links; link < t.linksEnd; link++ {
		if m.leads(t, link, id) {
			return true
		}
	}
	return false
}

// leads reports whether the token leads on along one of the links of t.
func (m *Matcher) leads(t *trieNode, link uint32, id ID) bool {
	e := m.links[link]
	if link < t.enter {
		return m.begins(e.class, id)
	}
	return e.gap > 0 || m.starts(e.to, id)
}

// begins reports whether a member of the class begins with the token.
func (m *Matcher) begins(c class, id ID) bool {
	if c < maxClasses {
		return (m.single[id]|m.first[id])&(1<<c) != 0
	}
	return m.starts(m.members[c], id)
}

// keys gives the keys of a map in order.
func keys[K cmp.Ordered, V any](m map[K]V) []K {
	all := make([]K, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// Class gives the number of the class with that name.
func (m *Matcher) Class(name string) (ClassID, bool) {
	c, ok := m.classes[name]
	return ClassID(c), ok && c < maxClasses
}

// Number gives the number of a token by its norm and kind, for the matcher's own
// tokenizer.
func (m *Matcher) Number(t segment.Token) uint32 { return uint32(m.lookUp(t)) }

// ID gives the number of a token, for Has. A token that has one already must have
// it from this matcher.
func (m *Matcher) ID(t segment.Token) ID {
	if t.Number != 0 {
		return ID(t.Number)
	}
	return m.lookUp(t)
}

func (m *Matcher) lookUp(t segment.Token) ID {
	if t.Kind == segment.Join {
		return idJoin
	}
	if id, ok := m.ids[t.Norm]; ok {
		return id
	}
	if id, ok := m.misspelt.meant(t); ok {
		return id
	}
	return idOf(t.Kind)
}

// IDs appends the number of each token to dst.
func (m *Matcher) IDs(dst []ID, tokens []segment.Token) []ID {
	for _, t := range tokens {
		dst = append(dst, m.ID(t))
	}
	return dst
}

// Has reports whether the token with that number is a member of the class by
// itself; members of several words do not count.
func (m *Matcher) Has(id ID, class ClassID) bool {
	return m.single[id]&(1<<class) != 0
}

// Longest gives the end of the longest member of the class that begins at token
// i, or i where none does.
func (m *Matcher) Longest(tokens []segment.Token, i int, c ClassID) int {
	end := i
	if m.Has(m.ID(tokens[i]), c) {
		end = i + 1
	}
	var walk func(n node32, i int)
	walk = func(n node32, i int) {
		t := &m.nodes[n]
		if t.ends {
			end = max(end, i)
		}
		for i < len(tokens) && tokens[i].Kind == segment.Join {
			i++
		}
		if i == len(tokens) {
			return
		}
		id := m.ID(tokens[i])
		if next := m.word(t, id); next != 0 {
			walk(next, i+1)
		}
		for _, e := range m.links[t.links:t.groups] { // @number
			if m.single[id]&(1<<e.class) != 0 {
				walk(e.to, i+1)
			}
		}
	}
	if root := m.members[c]; root != 0 {
		walk(root, i)
	}
	return end
}
