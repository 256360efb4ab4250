package rules

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// Lint reports what is wrong with a loaded set although it works: missing docs
// and examples, phrases that repeat others or are never reached, tags that
// nothing reads. Errors.Fatal leaves the warnings out.
func (s *Set) Lint() Errors {
	l := &linter{set: s, builder: newBuilder(&s.src)}
	l.errs = append(l.errs, l.builder.addClasses(s.Classes)...)
	l.tags()
	for i := range s.Rules {
		r := &s.Rules[i]
		if r.Doc == "" {
			l.fail(r.Pos, r.ID, "rule has no doc; say in one sentence what it finds")
		}
		l.examples(r)
		l.phrases(r.ID, "phrase", r.Phrases)
		l.phrases(r.ID, "unless phrase", r.Unless)
	}
	for i := range s.Cues {
		c := &s.Cues[i]
		if c.Doc == "" {
			l.fail(c.Pos, c.ID, "cue has no doc; say in one sentence what it does")
		}
		if len(c.Examples) == 0 {
			l.fail(c.Pos, c.ID, "cue has no examples")
		}
		l.phrases(c.ID, "phrase", c.Phrases)
		l.phrases(c.ID, "unless phrase", c.Unless)
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		if c.Doc == "" {
			l.fail(c.Pos, c.Name, "class has no doc; say in one sentence what its words have in common")
		}
		l.repeated(c.Name, "word", c.Words)
	}
	l.acrossRules()
	l.observations()
	return s.src.finish(l.errs)
}

type linter struct {
	set     *Set
	builder *builder
	errs    Errors
}

func (l *linter) fail(pos Pos, id, format string, args ...any) {
	l.errs = append(l.errs, &Error{Pos: pos, ID: id, What: fmt.Sprintf(format, args...)})
}

func (l *linter) warn(pos Pos, id, format string, args ...any) {
	l.errs = append(l.errs, &Error{Pos: pos, ID: id, What: fmt.Sprintf(format, args...), Warning: true})
}

// tags reports tags that only one side knows. That the other side of what a set
// inherits is replaced or disabled is no mistake.
func (l *linter) tags() {
	var carried, named []string
	for i := range l.set.Rules {
		carried = append(carried, l.set.Rules[i].Tags...)
	}
	for i := range l.set.Cues {
		named = slices.Concat(named, l.set.Cues[i].Only, l.set.Cues[i].Except, l.set.Cues[i].Explains)
	}
	for i := range l.set.Rules {
		r := &l.set.Rules[i]
		for _, t := range r.Tags {
			if !slices.Contains(named, t) && !l.set.Inherits(r.ID) {
				l.fail(r.Pos, r.ID, "unknown tag %q: no cue names it%s", t, suggest(t, distinct(named)))
			}
		}
	}
	for i := range l.set.Cues {
		c := &l.set.Cues[i]
		for _, t := range slices.Concat(c.Only, c.Except, c.Explains) {
			if !slices.Contains(carried, t) && !l.set.Inherits(c.ID) {
				l.fail(c.Pos, c.ID, "unknown tag %q: no rule carries it%s", t, suggest(t, distinct(carried)))
			}
		}
	}
}

func distinct(all []string) []string {
	all = slices.Sorted(slices.Values(all))
	return slices.Compact(all)
}

func (l *linter) examples(r *Rule) {
	if len(r.Examples) == 0 {
		l.fail(r.Pos, r.ID, "rule has no examples")
		return
	}
	var has [len(r.As)]bool
	for _, e := range r.Examples {
		has[e.Assertion] = true
	}
	if !has[corpus.Positive] && r.As[corpus.Positive] == corpus.Positive && r.Bare != corpus.Negative {
		l.warn(r.Pos, r.ID, "rule has no positive example")
	}
	if !has[corpus.Negative] && !has[corpus.Unmentioned] {
		l.warn(r.Pos, r.ID, "rule has neither a negative nor an unmentioned example")
	}
}

// repeated reports phrases that are written twice, and gives their texts.
func (l *linter) repeated(id, what string, phrases []Phrase) (again []bool) {
	first := make(map[string]Pos)
	again = make([]bool, len(phrases))
	for i, ph := range phrases {
		key := strings.ToLower(strings.Join(strings.Fields(ph.Text), " "))
		if at, ok := first[key]; ok {
			again[i] = true
			l.warn(ph.Pos, id, "%s %q stands here already, in line %d", what, ph.Text, at.Line)
			continue
		}
		first[key] = ph.Pos
	}
	return again
}

// phrases reports what repeats or is covered by earlier phrases of the rule.
func (l *linter) phrases(id, what string, phrases []Phrase) {
	again := l.repeated(id, what, phrases)
	root := l.builder.node()
	for i, ph := range phrases {
		if again[i] {
			continue
		}
		tree := l.builder.words.parse(ph.Text)
		l.builder.flat = true
		flat, err := l.builder.paths(tree)
		l.builder.flat = false
		paths, broken := l.builder.paths(tree)
		if broken != nil {
			l.errs = append(l.errs, l.set.src.phraseError(id, ph, broken))
			continue
		}
		// A phrase too long to be written out is not checked.
		if err == nil && !slices.ContainsFunc(flat, func(p path) bool { return !l.builder.covers(root, p) }) {
			l.fail(ph.Pos, id, "%s %q is never reached: the phrases before it match all that it matches", what, ph.Text)
		}
		for _, p := range paths {
			end := l.builder.addPath(root, p)
			if len(end.targets) == 0 {
				end.targets = []Target{{Phrase: i}}
			}
		}
	}
}

// covers reports whether whatever p matches, a path from n to a target matches
// as well. It may miss that, and is never wrong in saying so.
func (b *builder) covers(n *buildNode, p path) bool {
	if len(p) == 0 && len(n.targets) > 0 {
		return true
	}
	for _, to := range n.each(stepLoop) {
		if b.covers(to, p) {
			return true
		}
	}
	for length, to := range n.each(stepGap) {
		for i := 0; ; i++ {
			if b.covers(to, p[i:]) {
				return true
			}
			if i == len(p) || i == int(length) || p[i].kind != stepWord || b.like[b.id(p[i])] == idMark {
				break
			}
		}
		if len(p) > 0 && p[0].kind == stepGap && p[0].n <= int(length) && b.covers(to, p[1:]) {
			return true
		}
	}
	if n.loop != classAny && (len(p) > 0 && p[0].kind == stepLoop && b.class[p[0].name] == n.loop && b.covers(n, p[1:]) ||
		b.coversMember(n, n.loop, p)) {
		return true
	}
	for c, to := range n.each(stepClass) {
		if b.coversMember(to, class(c), p) {
			return true
		}
	}
	if len(p) == 0 || p[0].kind != stepWord {
		return false
	}
	to := n.follow(b.key(p[0]))
	return to != nil && b.covers(to, p[1:])
}

// coversMember is covers behind one member of c.
func (b *builder) coversMember(to *buildNode, c class, p path) bool {
	if len(p) == 0 {
		return false
	}
	switch p[0].kind {
	case stepClass:
		if b.class[p[0].name] == c && b.covers(to, p[1:]) {
			return true
		}
	case stepWord:
		if c < maxClasses && b.single[b.id(p[0])]&(1<<c) != 0 && b.covers(to, p[1:]) {
			return true
		}
	}
	for n, i := b.member[c], 0; n != nil && i < len(p) && p[i].kind == stepWord; i++ {
		if n = n.follow(b.key(p[i])); n != nil && n.ends && b.covers(to, p[i+1:]) {
			return true
		}
	}
	return false
}

// acrossRules warns of phrases that two rules of one observation share: which
// of them finds the mention is then a matter of order.
func (l *linter) acrossRules() {
	type key struct {
		observation corpus.Observation
		text        string
	}
	first := make(map[key]*Rule)
	for i := range l.set.Rules {
		r := &l.set.Rules[i]
		for _, ph := range r.Phrases {
			k := key{r.Observation, strings.ToLower(strings.Join(strings.Fields(ph.Text), " "))}
			if other := first[k]; other != nil && other != r {
				l.warn(ph.Pos, r.ID, "phrase %q is also one of %s", ph.Text, other.ID)
				continue
			}
			first[k] = r
		}
	}
}

// observations warns of those without any rule.
func (l *linter) observations() {
	found := make(map[corpus.Observation]bool)
	for i := range l.set.Rules {
		found[l.set.Rules[i].Observation] = true
		for _, o := range l.set.Rules[i].Also {
			found[o] = true
		}
	}
	main := "" // the last, behind that of the set extended
	for _, f := range l.set.src.files {
		if filepath.Base(f) == mainFile {
			main = f
		}
	}
	for _, o := range slices.Concat(l.set.Observations, l.set.Unlabelled) {
		if !found[o] && o != l.set.Derived.Observation && main != "" {
			l.warn(Pos{File: main}, "", "no rule finds %q", string(o))
		}
	}
}
