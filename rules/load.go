package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
)

// fileKinds are the top-level keys that tell what a file holds.
var fileKinds = []string{"ruleset", "observation", "cues", "classes", "sections"}

// Load reads the rule set in the root of fsys: every *.yaml file, ruleset.yaml
// first, then by name. A ruleset.yaml with `extends: NAME` adds to that
// embedded set or replaces parts of it. An error is of type Errors and holds
// everything that is wrong.
func Load(fsys fs.FS) (*Set, error) {
	return checked(load(fsys, ""))
}

// LoadDir is Load for a directory; errors name files with dir before them.
func LoadDir(dir string) (*Set, error) {
	s, errs, err := loadDir(dir)
	if err != nil {
		return nil, err
	}
	return checked(s, errs)
}

// LintDir says all that LoadDir and Lint find wrong in a directory, in one
// list. The set is nil where it cannot be used.
func LintDir(dir string) (*Set, Errors, error) {
	s, errs, err := loadDir(dir)
	if err != nil || s == nil {
		return nil, errs, err
	}
	broken := len(errs) > 0
	errs = s.src.finish(append(errs, s.Lint()...))
	if broken {
		s = nil
	}
	return s, errs, nil
}

func loadDir(dir string) (*Set, Errors, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w; give the folder that holds ruleset.yaml", dir, cause(err))
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("%s: not a folder; give the one that holds ruleset.yaml", dir)
	}
	s, errs := load(os.DirFS(dir), filepath.ToSlash(filepath.Clean(dir)))
	return s, errs, nil
}

// cause is what an error of the file system says but for the call and the
// path, which the message names in its own way.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// checked adds the errors of the phrases to those of the files.
func checked(s *Set, errs Errors) (*Set, error) {
	if s != nil {
		_, inPhrases := s.compile()
		errs = s.src.finish(append(errs, inPhrases...))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return s, nil
}

const mainFile = "ruleset.yaml"

// readFiles reads files in their order. They are parsed side by side, since that
// is a good part of the time to the first label.
func (d *draft) readFiles(fsys fs.FS, prefix string, names []string) {
	readers, tops := make([]*reader, len(names)), make([]ast.Node, len(names))
	var parsing sync.WaitGroup
	for i, name := range names {
		file := filepath.Join(prefix, name)
		content, err := fs.ReadFile(fsys, name)
		readers[i] = &reader{file: file, src: &d.src}
		if err != nil {
			readers[i].errs = Errors{{Pos: Pos{File: file}, What: unreadable(err)}}
			continue
		}
		d.src.add(file, content)
		parsing.Go(func() { tops[i] = readers[i].parse(content) })
	}
	parsing.Wait()
	for i, r := range readers {
		if tops[i] != nil {
			d.read(r, tops[i])
		}
		d.errs = append(d.errs, r.errs...)
	}
}

// load reads and assembles without looking into phrases. The set is nil where
// nothing can be made of the files, and flawed where there are errors.
func load(fsys fs.FS, prefix string) (*Set, Errors) {
	d := &draft{}
	var names []string
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, Errors{{Pos: Pos{File: filepath.Join(prefix, ".")}, What: unreadable(err)}}
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if i := slices.Index(names, mainFile); i >= 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, mainFile)
	} else {
		return nil, Errors{{Pos: Pos{File: filepath.Join(prefix, mainFile)}, What: "file is missing; " +
			"a rule set has one with `ruleset: NAME`, and `extends: chexpert` to build on the embedded set"}}
	}
	d.readFiles(fsys, prefix, names)
	s := d.assemble()
	if s == nil {
		return nil, d.src.finish(d.errs)
	}
	s.Digest = s.digest()
	takes := func(c draftCue) bool { return c.takes != nil }
	if len(d.disable) > 0 || slices.ContainsFunc(d.cues, takes) {
		whole := *d
		whole.disable, whole.errs = nil, nil
		whole.cues = slices.DeleteFunc(slices.Clone(d.cues), takes)
		s.undisabled = whole.assemble()
	}
	return s, s.src.finish(d.errs)
}

func unreadable(err error) string {
	return fmt.Sprintf("cannot be read: %v; mend that, or take it out of the folder", cause(err))
}

// draft is what the files of one directory say, before it is put together.
type draft struct {
	src  sources
	errs Errors

	seen         bool // ruleset.yaml
	name, doc    string
	extends      placed
	disable      []placed
	observations []placed
	unlabelled   []placed
	takes        []draftTake
	rules        []draftRule
	cues         []draftCue
	classes      []Class
	sections     []draftSection
	policy       []placed
	derived      []draftDerived
}

type draftRule struct {
	Rule
	observation placed
	also        []placed
}

type draftCue struct {
	Cue
	takes []placed // ids of cues
}

// draftTake is what the file of an observation takes over from the set extended.
type draftTake struct {
	observation placed
	what        []placed // ids of rules, observations
}

type draftSection struct {
	segment.SectionDef
	pos Pos
}

type draftDerived struct {
	observation placed
	ignore      []placed
}

func (d *draft) fail(pos Pos, id, format string, args ...any) {
	d.errs = append(d.errs, &Error{Pos: pos, ID: id, What: fmt.Sprintf(format, args...)})
}

func (d *draft) read(r *reader, top ast.Node) {
	m, ok := top.(ast.MapNode)
	if !ok {
		r.fail(r.pos(top), "a rule file is a mapping (key: value), not %s", describe(top))
		return
	}
	var kinds []string
	for it := m.MapRange(); it.Next(); {
		if k := it.Key().GetToken().Value; slices.Contains(fileKinds, k) && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) != 1 {
		found := "none of them"
		if len(kinds) > 1 {
			found = strings.Join(kinds, " and ")
		}
		r.fail(r.pos(top), "a rule file has one of the keys %s; this one has %s", strings.Join(fileKinds, ", "), found)
		return
	}
	switch kinds[0] {
	case "ruleset":
		d.readMain(r, top)
	case "observation":
		d.readObservation(r, top)
	case "cues":
		r.fields(top, "a cue file", map[string]func(ast.Node){
			"cues": func(n ast.Node) { r.list(n, "cues", func(n ast.Node) { d.readCue(r, n) }) },
			"doc":  nil,
		})
	case "classes":
		r.fields(top, "a class file", map[string]func(ast.Node){
			"classes": func(n ast.Node) { r.list(n, "classes", func(n ast.Node) { d.readClass(r, n) }) },
			"doc":     nil,
		})
	case "sections":
		r.fields(top, "a section file", map[string]func(ast.Node){
			"sections": func(n ast.Node) { r.list(n, "sections", func(n ast.Node) { d.readSection(r, n) }) },
			"policy":   r.listTo(&d.policy, "policy", "the name of a section"),
			"doc":      nil,
		})
	}
}

func (d *draft) readMain(r *reader, top ast.Node) {
	if d.seen {
		r.fail(r.pos(top), "there is a ruleset.yaml already; a rule set has one file with the key ruleset")
		return
	}
	d.seen = true
	var disableAt Pos
	r.fields(top, "ruleset.yaml", map[string]func(ast.Node){
		"ruleset": func(n ast.Node) {
			s, ok := r.text(n, "ruleset")
			if d.name = strings.TrimSpace(s); ok && !kebab(d.name) {
				r.fail(r.pos(n), "ruleset %q: a name is of lower case, digits and hyphens", d.name)
			}
		},
		"doc":     r.textTo(&d.doc, "doc"),
		"extends": r.placedTo(&d.extends, "extends"),
		"disable": func(n ast.Node) {
			disableAt = r.pos(n)
			r.listTo(&d.disable, "disable", "an id")(n)
		},
		"observations": r.listTo(&d.observations, "observations", "an observation"),
		"unlabelled":   r.listTo(&d.unlabelled, "unlabelled", "an observation"),
	})
	if d.extends.text == "" && len(d.disable) > 0 {
		r.fail(disableAt, "disable drops parts of another rule set; it wants extends beside it")
	}
}

func (d *draft) readObservation(r *reader, top ast.Node) {
	var observation placed
	var takes []placed
	from := len(d.rules)
	stem := strings.TrimSuffix(filepath.Base(r.file), filepath.Ext(r.file))
	r.fields(top, "an observation file", map[string]func(ast.Node){
		"observation": func(n ast.Node) {
			s, ok := r.text(n, "observation")
			observation = placed{strings.TrimSpace(s), r.pos(n)}
			if ok && observation.text == "" {
				r.fail(observation.pos, "observation wants a name")
			}
		},
		"doc":   nil,
		"takes": r.listTo(&takes, "takes", "the id of a rule, or an observation,"),
		"rules": func(n ast.Node) { r.list(n, "rules", func(n ast.Node) { d.readRule(r, n, stem) }) },
		"derived": func(n ast.Node) {
			var derived draftDerived
			r.fields(n, "derived", map[string]func(ast.Node){
				"ignore": r.listTo(&derived.ignore, "ignore", "an observation"),
			})
			derived.observation.pos = r.pos(n)
			d.derived = append(d.derived, derived)
		},
	})
	if takes != nil {
		d.takes = append(d.takes, draftTake{observation, takes})
	}
	for i := range d.derived { // of this file alone: those read before have theirs
		if d.derived[i].observation.text == "" {
			d.derived[i].observation.text = observation.text
		}
	}
	for i := range d.rules[from:] {
		d.rules[from+i].observation = observation
	}
}

func (d *draft) readRule(r *reader, n ast.Node, stem string) {
	rule := draftRule{Rule: Rule{Bare: corpus.Positive, As: identity, Pos: r.pos(n)}}
	r.id = idOfItem(n)
	defer func() { r.id = "" }()
	var id placed
	var tags []placed
	var phrases, unless bool
	ok := r.fields(n, "a rule", map[string]func(ast.Node){
		"id":       r.placedTo(&id, "id"),
		"doc":      r.textTo(&rule.Doc, "doc"),
		"phrases":  r.phrasesTo(&rule.Phrases, &phrases, "phrases"),
		"unless":   r.phrasesTo(&rule.Unless, &unless, "unless"),
		"also":     r.listTo(&rule.also, "also", "an observation"),
		"tags":     r.listTo(&tags, "tags", "a tag"),
		"bare":     r.assertionTo(&rule.Bare),
		"as":       func(n ast.Node) { rule.As = r.mapAssertions(n) },
		"weak":     r.boolTo(&rule.Weak, "weak"),
		"examples": r.examplesTo(&rule.Examples),
	})
	if !ok {
		return
	}
	rule.ID = id.text
	want := stem + ".NAME"
	switch name, found := strings.CutPrefix(rule.ID, stem+"."); {
	case rule.ID == "":
		r.fail(rule.Pos, "rule has no id; give it one of the form %s", want)
	case !found || !kebab(name):
		r.fail(id.pos, "id %q: in this file want %s, with NAME in lower case, digits and hyphens", rule.ID, want)
	}
	if !phrases {
		r.fail(rule.Pos, "rule has no phrases")
	}
	rule.Tags = r.tags(tags)
	d.rules = append(d.rules, rule)
}

func (d *draft) readCue(r *reader, n ast.Node) {
	cue := draftCue{Cue: Cue{Pos: r.pos(n)}}
	r.id = idOfItem(n)
	defer func() { r.id = "" }()
	var id, kind, direction, when, implies placed
	var only, except, explains, ends []placed
	var phrases, unless bool
	ok := r.fields(n, "a cue", map[string]func(ast.Node){
		"id":        r.placedTo(&id, "id"),
		"doc":       r.textTo(&cue.Doc, "doc"),
		"kind":      r.placedTo(&kind, "kind"),
		"direction": r.placedTo(&direction, "direction"),
		"only":      r.listTo(&only, "only", "a tag"),
		"explains":  r.listTo(&explains, "explains", "a tag"),
		"except":    r.listTo(&except, "except", "a tag"),
		"ends":      r.listTo(&ends, "ends", "a kind of cue"),
		"when":      r.placedTo(&when, "when"),
		"reach":     r.countTo(&cue.Reach, "reach"),
		"lists":     r.boolTo(&cue.Lists, "lists"),
		"weak":      r.boolTo(&cue.Weak, "weak"),
		"suggests":  r.boolTo(&cue.Suggests, "suggests"),
		"implies":   r.placedTo(&implies, "implies"),
		"takes":     r.listTo(&cue.takes, "takes", "the id of a cue"),
		"phrases":   r.phrasesTo(&cue.Phrases, &phrases, "phrases"),
		"unless":    r.phrasesTo(&cue.Unless, &unless, "unless"),
		"examples":  r.examplesTo(&cue.Examples),
	})
	if !ok {
		return
	}
	cue.ID = id.text
	switch {
	case cue.ID == "":
		r.fail(cue.Pos, "cue has no id")
	case !cueID(cue.ID):
		r.fail(id.pos, "id %q: want lower case, digits and hyphens, with at most one dot (negation.no)", cue.ID)
	}
	if kind.text == "" {
		if kind.pos.Line == 0 {
			kind.pos = cue.Pos
		}
		r.fail(kind.pos, "cue has no kind; it is one of %s", strings.Join(kindNames[:], ", "))
	} else {
		cue.Kind = choose[Kind](r, kind, "kind", kindNames[:])
	}
	if direction.text != "" {
		cue.Direction = choose[Direction](r, direction, "direction", directionNames[:])
	}
	if when.text != "" {
		cue.When = choose[When](r, when, "when", whenNames[:])
	}
	if implies.text != "" {
		names := []string{Negation.String(), Uncertainty.String(), Affirmation.String()}
		if slices.Contains(names, implies.text) {
			cue.Implies = choose[Kind](r, implies, "kind", kindNames[:])
		} else {
			r.fail(implies.pos, "implies %q: what is suggested is negated, hedged or affirmed; want %s", implies.text, strings.Join(names, ", "))
		}
	}
	for _, e := range ends {
		cue.Ends = append(cue.Ends, choose[Kind](r, e, "kind", kindNames[:]))
	}
	if !phrases && cue.takes == nil {
		r.fail(cue.Pos, "cue has no phrases")
	}
	cue.Only, cue.Except, cue.Explains = r.tags(only), r.tags(except), r.tags(explains)
	d.cues = append(d.cues, cue)
}

func (d *draft) readClass(r *reader, n ast.Node) {
	class := Class{Pos: r.pos(n)}
	r.id = idOfItem(n)
	defer func() { r.id = "" }()
	var name placed
	var words bool
	ok := r.fields(n, "a class", map[string]func(ast.Node){
		"name":  r.placedTo(&name, "name"),
		"doc":   r.textTo(&class.Doc, "doc"),
		"words": r.phrasesTo(&class.Words, &words, "words"),
	})
	if !ok {
		return
	}
	class.Name = name.text
	switch {
	case class.Name == "":
		r.fail(class.Pos, "class has no name")
	case !kebab(class.Name):
		r.fail(name.pos, "class %q: a name is lower case, digits and hyphens", class.Name)
	case class.Name == numberClass:
		r.fail(name.pos, "class @%s is built in; take another name", numberClass)
		return
	}
	if !words {
		r.fail(class.Pos, "class has no words")
	}
	d.classes = append(d.classes, class)
}

func (d *draft) readSection(r *reader, n ast.Node) {
	section := draftSection{pos: r.pos(n)}
	r.id = idOfItem(n)
	defer func() { r.id = "" }()
	var headers, contains []placed
	ok := r.fields(n, "a section", map[string]func(ast.Node){
		"name":     r.textTo(&section.Name, "name"),
		"doc":      r.textTo(&section.Doc, "doc"),
		"headers":  r.listTo(&headers, "headers", "a header"),
		"contains": r.listTo(&contains, "contains", "a word"),
		"labelled": r.boolTo(&section.Labelled, "labelled"),
		"trailing": r.boolTo(&section.Trailing, "trailing"),
		"block":    r.boolTo(&section.Block, "block"),
	})
	if !ok {
		return
	}
	section.Headers, section.Contains = texts(headers), texts(contains)
	for _, p := range slices.Concat(headers, contains) {
		if p.text == "" { // it would be found in every header
			r.fail(p.pos, "empty text; drop it")
		}
	}
	if section.Name == "" {
		r.fail(section.pos, "section has no name")
	}
	d.sections = append(d.sections, section)
}

// idOfItem finds the id or name of a list item, for messages about it.
func idOfItem(n ast.Node) string {
	m, ok := n.(ast.MapNode)
	if !ok {
		return ""
	}
	for it := m.MapRange(); it.Next(); {
		if k := it.Key().GetToken().Value; k == "id" || k == "name" {
			if s, ok := it.Value().(*ast.StringNode); ok {
				return strings.TrimSpace(s.Value)
			}
		}
	}
	return ""
}

func texts(all []placed) []string {
	var out []string
	for _, p := range all {
		out = append(out, p.text)
	}
	return out
}

// tags checks the form of tags.
func (r *reader) tags(all []placed) []string {
	for _, p := range all {
		if !kebab(p.text) {
			r.fail(p.pos, "tag %q: want lower case, digits and hyphens", p.text)
		}
	}
	return texts(all)
}

// choose finds a name among those of an enumeration.
func choose[E ~uint8](r *reader, p placed, what string, names []string) E {
	i := slices.Index(names, p.text)
	if i < 0 {
		r.fail(p.pos, "%s %q is none of %s", what, p.text, strings.Join(names, ", "))
		return 0
	}
	return E(i)
}

var (
	kindNames      = [...]string{"pseudo", "exclusion", "uncertainty", "negation", "affirmation", "alternative", "terminator"}
	directionNames = [...]string{"forward", "backward", "both", "inside", "either", "antecedent"}
	whenNames      = [...]string{"anywhere", "start", "after-mention", "next-to-mention"}
)

func name(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("(%d)", i)
}

// String gives the kind as rule files spell it.
func (k Kind) String() string { return name(kindNames[:], uint8(k)) }

// String gives the direction as rule files spell it.
func (d Direction) String() string { return name(directionNames[:], uint8(d)) }

// String gives the place as rule files spell it.
func (w When) String() string { return name(whenNames[:], uint8(w)) }

// identity is Rule.As where a rule has no `as`.
var identity = [4]corpus.Assertion{corpus.Unmentioned, corpus.Negative, corpus.Uncertain, corpus.Positive}

func (r *reader) assertionTo(dst *corpus.Assertion) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := r.text(n, "an assertion")
		if !ok {
			return
		}
		a, err := corpus.ParseAssertion(s)
		if err != nil {
			r.fail(r.pos(n), "%v", err)
			return
		}
		*dst = a
	}
}

// assertionKeys reads a mapping whose keys are assertions.
func (r *reader) assertionKeys(n ast.Node, what string, read func(corpus.Assertion, ast.Node)) {
	known := make(map[string]func(ast.Node))
	for a := corpus.Unmentioned; a <= corpus.Positive; a++ {
		known[a.String()] = func(n ast.Node) { read(a, n) }
	}
	r.fields(n, what, known)
}

func (r *reader) mapAssertions(n ast.Node) [4]corpus.Assertion {
	as := identity
	r.assertionKeys(n, "as", func(from corpus.Assertion, n ast.Node) { r.assertionTo(&as[from])(n) })
	return as
}

func (r *reader) examplesTo(dst *[]Example) func(ast.Node) {
	return func(n ast.Node) {
		r.assertionKeys(n, "examples", func(a corpus.Assertion, n ast.Node) {
			r.list(n, a.String(), func(n ast.Node) {
				s, ok := r.text(n, "an example")
				if !ok {
					return
				}
				_, _, marked, err := ParseExample(s)
				switch {
				case err != nil:
					r.fail(r.pos(n), "%v", err)
				case !marked && a != corpus.Unmentioned:
					r.fail(r.pos(n), "%s example marks no mention; put it in <...>", a)
				}
				*dst = append(*dst, Example{Text: s, Assertion: a, Pos: r.pos(n)})
			})
		})
	}
}

// kebab reports whether s is of lower-case letters and digits, with single
// hyphens between them.
func kebab(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' || strings.Contains(s, "--") {
		return false
	}
	for i := range len(s) {
		if !classByte(s[i]) {
			return false
		}
	}
	return true
}

func cueID(s string) bool {
	stem, name, found := strings.Cut(s, ".")
	return kebab(stem) && (!found || kebab(name))
}

// assemble puts the draft together, on top of the set that it extends, and
// checks what one part says of another. Problems go to d.errs.
func (d *draft) assemble() *Set {
	s := &Set{}
	var own map[string]bool
	if d.extends.text != "" {
		base, err := Embedded(d.extends.text)
		if err != nil {
			d.fail(d.extends.pos, "", "extends: %v", err)
			return nil // without the base, nothing that follows means much
		}
		s, own = base, make(map[string]bool)
		for i := range d.rules {
			own[d.rules[i].ID] = true
		}
		for i := range d.cues {
			own[d.cues[i].ID] = true
		}
	}
	s.own, s.extends = own, d.extends.text
	s.Name, s.Doc = d.name, d.doc
	for _, f := range d.src.files {
		s.src.files = append(s.src.files, f)
		if s.src.lines == nil {
			s.src.lines = map[string][]string{}
		}
		s.src.lines[f] = d.src.lines[f]
	}

	d.unique()
	d.take(s)
	d.order(s)
	d.drop(s)
	if len(s.Observations) == 0 {
		d.fail(Pos{File: d.src.files[0], Line: 1}, "", "rule set has no observations")
	}
	known := plain(slices.Concat(s.Observations, s.Unlabelled))
	observation := func(p placed, id string) corpus.Observation {
		if p.text != "" && !slices.Contains(known, p.text) {
			d.fail(p.pos, id, "unknown observation %q%s", p.text, suggest(p.text, known))
		}
		return corpus.Observation(p.text)
	}
	checked := make(map[Pos]bool) // an unknown observation is said once a file
	ofFile := func(p placed) corpus.Observation {
		if checked[p.pos] {
			return corpus.Observation(p.text)
		}
		checked[p.pos] = true
		return observation(p, "")
	}
	for _, t := range d.takes {
		ofFile(t.observation)
	}
	rules := make([]Rule, len(d.rules))
	for i, r := range d.rules {
		r.Observation = ofFile(r.observation)
		for _, o := range r.also {
			r.Also = append(r.Also, observation(o, r.ID))
		}
		rules[i] = r.Rule
	}
	s.Rules = put(s.Rules, rules, func(r *Rule) string { return r.ID })
	s.Cues = put(s.Cues, d.takeCues(s), func(c *Cue) string { return c.ID })
	s.Classes = put(s.Classes, d.classes, func(c *Class) string { return c.Name })
	sections := make([]segment.SectionDef, len(d.sections))
	for i, c := range d.sections {
		sections[i] = c.SectionDef
	}
	s.Sections = put(s.Sections, sections, func(c *segment.SectionDef) string { return c.Name })
	var sectionNames []string
	for _, c := range s.Sections {
		sectionNames = append(sectionNames, c.Name)
	}
	if len(d.policy) > 0 {
		s.Policy = texts(d.policy)
		sectionNames = append(sectionNames, segment.LastParagraph)
		for _, p := range d.policy {
			if !slices.Contains(sectionNames, p.text) {
				d.fail(p.pos, "", "policy: no section %q%s", p.text, suggest(p.text, sectionNames))
			}
		}
	}
	d.checkSections(s)
	for i, derived := range d.derived {
		if i > 0 {
			d.fail(derived.observation.pos, "", "one observation is derived, and %q is already", d.derived[0].observation.text)
			break
		}
		s.Derived = Derived{Observation: observation(derived.observation, "")}
		for _, o := range derived.ignore {
			s.Derived.Ignore = append(s.Derived.Ignore, observation(o, ""))
		}
	}
	d.checkDerived(s, known)
	return s
}

// checkDerived reports a derived observation that was taken and is gone, so that
// no report would get its label.
func (d *draft) checkDerived(s *Set, known []string) {
	gone := string(s.Derived.Observation)
	if slices.Contains(known, gone) {
		return
	}
	for _, t := range d.takes {
		for _, p := range t.what {
			if p.text == gone {
				d.fail(p.pos, "", "takes: %q is the derived observation, and taken whole it is gone; "+
					"list it in %s as well, say in one file that its observation is derived (derived: {ignore: []}), or take its rules by their ids", gone, mainFile)
				return
			}
		}
	}
}

// checkSections reports what keeps reports from being cut by the set's sections,
// each with the section that it begins with. It is silent about a file in which
// something else is wrong.
func (d *draft) checkSections(s *Set) {
	if _, err := segment.NewSplitter(s.Sections, s.Policy); err == nil || len(d.sections) == 0 {
		return
	}
	broken := make(map[string]bool)
	for _, e := range d.errs {
		broken[e.Pos.File] = true
	}
	places := make(map[string]Pos)
	for _, c := range d.sections {
		if broken[c.pos.File] {
			return
		}
		places[c.Name] = c.pos
	}
	var sound []segment.SectionDef
	for _, c := range s.Sections {
		if _, err := segment.NewSplitter(append(sound, c), []string{segment.LastParagraph}); err != nil {
			pos, ok := places[c.Name]
			if !ok { // an inherited section, which one of these gets in the way of
				pos = d.sections[0].pos
			}
			d.fail(pos, c.Name, "%v", err)
			continue
		}
		sound = append(sound, c)
	}
	if len(d.sections) > 0 && len(s.Policy) == 0 {
		d.fail(d.sections[0].pos, "", "no policy; say which section to label first: policy: [%s]", d.sections[0].Name)
	}
}

// put puts each item in the place of the one with the same id, or at the end.
// An id that the items give twice is an error; both are kept, so that what is
// wrong with either can be said.
func put[T any](all, items []T, id func(*T) string) []T {
	place := make(map[string]int)
	for i := range all {
		place[id(&all[i])] = i
	}
	for _, item := range items {
		if i, ok := place[id(&item)]; ok {
			all[i] = item
			delete(place, id(&item))
		} else {
			all = append(all, item)
		}
	}
	return all
}

// unique reports ids and names that are given twice within the draft, but for
// classes, which the compiler checks.
func (d *draft) unique() {
	first := make(map[string]Pos)
	check := func(kind, id string, pos Pos) {
		key := kind + id
		if at, ok := first[key]; ok && id != "" {
			d.fail(pos, id, "%s %q is there already, at %s", kind, id, at)
			return
		}
		first[key] = pos
	}
	for i := range d.rules {
		check("id", d.rules[i].ID, d.rules[i].Pos)
	}
	for i := range d.cues {
		check("id", d.cues[i].ID, d.cues[i].Pos)
	}
	for i := range d.sections {
		check("section", d.sections[i].Name, d.sections[i].pos)
	}
}

// take gives rules of the base to the observations whose files take them: by id,
// or all of an observation, whose place the other then takes everywhere. What
// more than one takes counts for each.
func (d *draft) take(s *Set) {
	if len(d.takes) == 0 {
		return
	}
	there := slices.Concat(s.Observations, s.Unlabelled)
	byRule, byObservation := map[string][]corpus.Observation{}, map[corpus.Observation][]corpus.Observation{}
	for _, t := range d.takes {
		by := corpus.Observation(t.observation.text)
		for _, p := range t.what {
			if d.extends.text == "" {
				d.fail(p.pos, "", "takes: %q is to come from another rule set; it wants extends in %s", p.text, mainFile)
			} else if o := corpus.Observation(p.text); slices.Contains(byObservation[o], by) || slices.Contains(byRule[p.text], by) {
				d.fail(p.pos, "", "takes: %q is taken for %q already; drop one", p.text, t.observation.text)
			} else if slices.Contains(there, o) {
				byObservation[o] = append(byObservation[o], by)
			} else if _, ok := s.Rule(p.text); ok {
				byRule[p.text] = append(byRule[p.text], by)
			} else {
				d.fail(p.pos, "", "takes: %s has no rule or observation %q%s", d.extends.text, p.text, suggest(p.text, append(ruleIDs(s), plain(there)...)))
			}
		}
	}
	now := func(all ...corpus.Observation) (now []corpus.Observation) {
		for _, o := range all {
			by, taken := byObservation[o]
			if !taken {
				by = []corpus.Observation{o}
			}
			for _, o := range by {
				if !slices.Contains(now, o) {
					now = append(now, o)
				}
			}
		}
		return now
	}
	for i := range s.Rules {
		r := &s.Rules[i]
		of, taken := byRule[r.ID]
		if !taken {
			of = now(r.Observation)
		}
		r.Also = slices.DeleteFunc(now(r.Also...), func(o corpus.Observation) bool { return slices.Contains(of, o) })
		r.Observation, r.Also = of[0], slices.Concat(of[1:], r.Also)
	}
	s.Derived.Ignore = now(s.Derived.Ignore...)
	gone := func(o corpus.Observation) bool { return byObservation[o] != nil }
	s.Observations, s.Unlabelled = slices.DeleteFunc(s.Observations, gone), slices.DeleteFunc(s.Unlabelled, gone)
}

// takeCues gives the cues of the draft. Each has the phrases of those that it
// takes from the base, which are no cues of their own any longer.
func (d *draft) takeCues(s *Set) []Cue {
	var all []Cue
	taken := make(map[string]bool)
	for _, c := range d.cues {
		for _, p := range c.takes {
			from, ok := s.Cue(p.text)
			if !ok {
				d.fail(p.pos, c.ID, "takes: no cue %q is inherited%s", p.text, suggest(p.text, cueIDs(s)))
				continue
			}
			c.Phrases, c.Unless = slices.Concat(c.Phrases, from.Phrases), slices.Concat(c.Unless, from.Unless)
			c.taken += len(from.Phrases)
			taken[p.text] = true
		}
		all = append(all, c.Cue)
	}
	s.Cues = slices.DeleteFunc(s.Cues, func(c Cue) bool { return taken[c.ID] })
	return all
}

// order puts the observations that ruleset.yaml lists behind those that are
// inherited and not listed, the labelled and the others each among their own.
func (d *draft) order(s *Set) {
	var listed []corpus.Observation
	list := func(all []placed) []corpus.Observation {
		from := len(listed)
		for _, p := range all {
			switch o := corpus.Observation(p.text); {
			case o == "":
				d.fail(p.pos, "", "an observation wants a name")
			case slices.Contains(listed, o):
				d.fail(p.pos, "", "observation %q stands here twice", p.text)
			default:
				listed = append(listed, o)
			}
		}
		return listed[from:]
	}
	labelled, unlabelled := list(d.observations), list(d.unlabelled)
	again := func(o corpus.Observation) bool { return slices.Contains(listed, o) }
	s.Observations = append(slices.DeleteFunc(s.Observations, again), labelled...)
	s.Unlabelled = append(slices.DeleteFunc(s.Unlabelled, again), unlabelled...)
}

func plain[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

func ruleIDs(s *Set) []string {
	ids := make([]string, len(s.Rules))
	for i := range s.Rules {
		ids[i] = s.Rules[i].ID
	}
	return ids
}

func cueIDs(s *Set) []string {
	ids := make([]string, len(s.Cues))
	for i := range s.Cues {
		ids[i] = s.Cues[i].ID
	}
	return ids
}

// drop takes the disabled rules, cues and observations out of the base.
func (d *draft) drop(s *Set) {
	if d.extends.text == "" {
		return
	}
	for _, p := range d.disable {
		rules, cues, observations := len(s.Rules), len(s.Cues), len(s.Observations)+len(s.Unlabelled)
		s.Rules = slices.DeleteFunc(s.Rules, func(r Rule) bool {
			return r.ID == p.text || string(r.Observation) == p.text
		})
		s.Cues = slices.DeleteFunc(s.Cues, func(c Cue) bool { return c.ID == p.text })
		gone := func(o corpus.Observation) bool { return string(o) == p.text }
		s.Observations, s.Unlabelled = slices.DeleteFunc(s.Observations, gone), slices.DeleteFunc(s.Unlabelled, gone)
		if len(s.Observations)+len(s.Unlabelled) < observations {
			for i := range s.Rules {
				s.Rules[i].Also = slices.DeleteFunc(s.Rules[i].Also, gone)
			}
			s.Derived.Ignore = slices.DeleteFunc(s.Derived.Ignore, gone)
			if gone(s.Derived.Observation) {
				s.Derived = Derived{}
			}
			continue
		}
		if len(s.Rules) == rules && len(s.Cues) == cues {
			d.fail(p.pos, "", "disable: %s has no rule, cue or observation %q%s", d.extends.text, p.text, suggest(p.text, append(ruleIDs(s), cueIDs(s)...)))
		}
	}
}
