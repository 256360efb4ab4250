package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/internal/segment"
)

var tokenizer segment.Tokenizer

// oneRule is a set with one rule, its phrases, and two classes.
func oneRule(phrases ...string) *Set {
	s := &Set{
		Rules: []Rule{{ID: "x.y"}},
		Classes: []Class{
			{Name: "side", Words: asPhrases("left", "right", "left upper", "@number sided")},
			{Name: "mod", Words: asPhrases("@side", "small", "very small")},
			{Name: "long", Words: asPhrases("as before", "@number days ago")},
		},
	}
	s.Rules[0].Phrases = asPhrases(phrases...)
	return s
}

func asPhrases(texts ...string) []Phrase {
	var all []Phrase
	for _, t := range texts {
		all = append(all, Phrase{Text: t})
	}
	return all
}

// found gives the texts that the set's phrases match, in order.
func found(t *testing.T, s *Set, sentence string) []string {
	t.Helper()
	m, err := s.Compile()
	require.NoError(t, err)
	tokens := tokenizer.Tokens(nil, sentence)
	var texts []string
	for _, match := range m.Match(nil, tokens) {
		texts = append(texts, sentence[tokens[match.Start].Start:tokens[match.End-1].End])
	}
	return texts
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		phrase, sentence string
		want             []string
	}{
		{"effusion~", "Effusion, effusions, effusive", []string{"Effusion", "effusions"}},
		{"opacity~", "opacity opacities opacitys", []string{"opacity", "opacities"}},
		{"stop~v here", "stopped here, stopping here, stop here, stoped here", []string{"stopped here", "stopping here", "stop here"}},
		{"pleural? effusion", "pleural effusion", []string{"pleural effusion", "effusion"}},
		{"(pleural|lung base) fluid", "lung base fluid, pleural fluid, base fluid", []string{"lung base fluid", "pleural fluid"}},
		{"a (b|c d|e) f", "a c d f; a b f; a c f; a e f", []string{"a c d f", "a b f", "a e f"}},
		{"a (b|c (d|e)?)? f", "a f; a c f; a c e f; a d f", []string{"a f", "a c f", "a c e f"}},
		{"plate like", "plate-like plate like", []string{"plate-like", "plate like"}},
		{"plate-like", "plate-like plate like", []string{"plate-like", "plate like"}},
		{"w/o", "w/o w o", []string{"w/o"}},
		{"can not", "It can't be", []string{"can't"}},
		{"no ..2 effusion", "no effusion, no big effusion; no big old effusion. no big old bad effusion", []string{"no effusion", "no big effusion", "no big old effusion"}},
		{"no ..3 effusion", "no air, effusion", nil},
		{"no ..1 ..1 effusion", "no big old effusion", []string{"no big old effusion"}},
		{"(a|@number)* effusion", "3 a 4 effusion", []string{"3 a 4 effusion", "a 4 effusion", "4 effusion", "effusion"}},
		{"b (c|@side)* effusion", "b left upper c effusion", []string{"b left upper c effusion"}},
		{"@side effusion", "left effusion, left upper effusion, upper effusion", []string{"left effusion", "left upper effusion"}},
		{"@side effusion", "2 sided effusion, two sided effusion", []string{"2 sided effusion"}},
		{"@mod* effusion", "very small left upper effusion", []string{"very small left upper effusion", "small left upper effusion", "left upper effusion", "effusion"}},
		{"no @mod+ effusion", "no effusion, no left small effusion", []string{"no left small effusion"}},
		{"no @mod* @side* effusion", "no left left left effusion", []string{"no left left left effusion"}},
		{"no (very|x y)* good", "no good; no very x y very good; no x good", []string{"no good", "no very x y very good"}},
		{"(very|x y)+ good", "very x y good", []string{"very x y good", "x y good"}},
		{"@number cm", "2.5 cm, two cm, 12 cm", []string{"2.5 cm", "12 cm"}},
		{"t 8", "t 8, t 9", []string{"t 8"}},
		{"seen @long here", "seen as before here, seen 3 days ago here", []string{"seen as before here", "seen 3 days ago here"}},
		{"seen @long* here", "seen as before 3 days ago here, seen here", []string{"seen as before 3 days ago here", "seen here"}},
		{"seen (@long)+ ..1 here", "seen 3 days ago and here", []string{"seen 3 days ago and here"}},
		{"@number mm and 5 mm", "5 mm and 5 mm", []string{"5 mm and 5 mm"}},
		{"? pneumonia", "? pneumonia ?pneumonia pneumonia", []string{"? pneumonia", "?pneumonia"}},
		{`\? pneumonia`, "? pneumonia", []string{"? pneumonia"}},
		{`pneumonia \?`, "pneumonia?", []string{"pneumonia?"}},
		{"effusion , no", "effusion, no", []string{"effusion, no"}},
	} {
		t.Run(c.phrase, func(t *testing.T) {
			assert.Equal(t, c.want, found(t, oneRule(c.phrase), c.sentence))
		})
	}
}

func TestMatchOrder(t *testing.T) {
	s := &Set{
		Rules: []Rule{
			{ID: "a.a", Phrases: asPhrases("b", "a b", "(a|a b) b?"), Unless: asPhrases("a b")},
			{ID: "a.b", Phrases: asPhrases("a")},
		},
		Cues: []Cue{{ID: "c", Phrases: asPhrases("a b"), Unless: asPhrases("b")}},
	}
	m, err := s.Compile()
	require.NoError(t, err)
	got := m.Match([]Match{{Start: 7}}, tokenizer.Tokens(nil, "a-b"))
	assert.Equal(t, []Match{
		{Start: 7}, // what dst held already
		{Target{RulePhrase, 0, 1}, 0, 3},
		{Target{RulePhrase, 0, 2}, 0, 3},
		{Target{RuleUnless, 0, 0}, 0, 3},
		{Target{CuePhrase, 0, 0}, 0, 3},
		{Target{RulePhrase, 0, 2}, 0, 1},
		{Target{RulePhrase, 1, 0}, 0, 1},
		{Target{RulePhrase, 0, 0}, 2, 3},
		{Target{CueUnless, 0, 0}, 2, 3},
	}, got)
}

func TestMatcherClasses(t *testing.T) {
	m, err := oneRule("@mod* effusion", "t 8", ",").Compile()
	require.NoError(t, err)
	side, ok := m.Class("side")
	require.True(t, ok)
	mod, ok := m.Class("mod")
	require.True(t, ok)
	number, ok := m.Class("number")
	require.True(t, ok)
	_, ok = m.Class("no such class")
	assert.False(t, ok)
	for i, c := range []struct {
		word              string
		side, mod, number bool
	}{
		{"Left", true, true, false},
		{"small", false, true, false},
		{"upper", false, false, false}, // only within "left upper"
		{"unknown", false, false, false},
		{"8", false, false, true}, // known to a phrase
		{"9", false, false, true},
		{",", false, false, false},
		{";", false, false, false},
	} {
		ids := m.IDs(nil, tokenizer.Tokens(nil, c.word))
		require.Len(t, ids, 1, i)
		assert.Equal(t, c.side, m.Has(ids[0], side), c.word)
		assert.Equal(t, c.mod, m.Has(ids[0], mod), c.word)
		assert.Equal(t, c.number, m.Has(ids[0], number), c.word)
	}
}

// Overlapping members of one class must not make the walk exponential.
func TestLongest(t *testing.T) {
	m, err := oneRule("x").Compile()
	require.NoError(t, err)
	mod, ok := m.Class("mod")
	require.True(t, ok)
	for _, c := range []struct{ sentence, want string }{
		{"left upper lobe", "left upper"},
		{"left-upper lobe", "left-upper"},
		{"Left lower lobe", "Left"},
		{"2 sided", "2 sided"},
		{"very small", "very small"},
		{"very large", ""},
		{"very", ""},
		{"lobe", ""},
	} {
		tokens := tokenizer.Tokens(nil, c.sentence)
		got := ""
		if end := m.Longest(tokens, 0, mod); end > 0 {
			got = c.sentence[:tokens[end-1].End]
		}
		assert.Equal(t, c.want, got, c.sentence)
	}
}

func TestMatchAmbiguousLoop(t *testing.T) {
	s := &Set{
		Rules:   []Rule{{ID: "x.y", Phrases: asPhrases("@m* x", "(@m* (a|a a|a b a) @m* (b|a b|b a))? @m* (a|b|a b) ..9 ..9 @m* x")}},
		Classes: []Class{{Name: "m", Words: asPhrases("a", "b", "a b", "b a", "a b a")}},
	}
	m, err := s.Compile()
	require.NoError(t, err)
	tokens := tokenizer.Tokens(nil, strings.Repeat("a b ", 100)+"y")
	assert.Empty(t, m.Match(nil, tokens))
}

// However long a run of words that repetitions take, twice the run is twice the
// work, and twice the matches.
func TestMatchOfLongRuns(t *testing.T) {
	embedded, err := Embedded("chexpert")
	require.NoError(t, err)
	for _, c := range []struct {
		set    *Set
		unit   string
		behind string
		most   int // steps a token
	}{
		{embedded, "is ", "", 100},
		{embedded, "is ", "seen", 100},
		{embedded, "no ", "", 100},
		{embedded, "a-\n", "", 100}, // hyphens at the ends of lines are passed over
		{embedded, "the small ", "effusion", 100},
		{oneRule("(a)+", "(is|was)* a", "@mod* x"), "a-\n", "", 100},
		{oneRule("(a)+", "(is|was)* a", "@mod* x"), "is a ", "", 100},
		{oneRule("(a)+", "(is|was)* a", "@mod* x"), "left ", "x", 100},
	} {
		m, err := c.set.Compile()
		require.NoError(t, err)
		work := func(n int) (steps, matches int) {
			s := m.scratch.New().(*scratch)
			tokens := tokenizer.Tokens(nil, strings.Repeat(c.unit, n)+c.behind)
			all := m.match(s, nil, tokens)
			for _, match := range all {
				words := slices.DeleteFunc(slices.Clone(tokens[match.Start:match.End]), func(t segment.Token) bool { return t.Kind == segment.Join })
				require.LessOrEqual(t, len(words), maxMatch, c.unit)
			}
			return s.steps, len(all)
		}
		half, halfMatches := work(1000)
		whole, wholeMatches := work(2000)
		assert.LessOrEqual(t, whole, 2*half+maxMatch*maxMatch, "%q", c.unit)
		assert.LessOrEqual(t, wholeMatches, 2*halfMatches+maxMatch*maxMatch, "%q", c.unit)
		assert.LessOrEqual(t, whole, 2000*c.most, "%q", c.unit)
	}
}

// The longest match is found whole.
func TestMatchOfTheLongest(t *testing.T) {
	run := strings.TrimSpace(strings.Repeat("small ", maxMatch-1))
	assert.Equal(t, []string{run + " x"}, found(t, oneRule("small @mod* x"), run+" x")[:1])
	assert.NotContains(t, found(t, oneRule("@mod* x"), "left "+run+" x"), "left "+run+" x")
}

func TestMatchConcurrently(t *testing.T) {
	m, err := oneRule("@mod* effusion").Compile()
	require.NoError(t, err)
	tokens := tokenizer.Tokens(nil, "no very small left upper effusion or effusion")
	want := m.Match(nil, tokens)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				assert.Equal(t, want, m.Match(nil, tokens))
			}
		})
	}
	wg.Wait()
}

func TestMatchAllocatesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, under which tests are short, drops pooled items at random")
	}
	m, err := oneRule("@mod* effusion", "no ..3 effusion").Compile()
	require.NoError(t, err)
	tokens := tokenizer.Tokens(nil, "no very small left upper effusion or effusion")
	dst := m.Match(nil, tokens)
	// The pool may be emptied in between; hence less than one, not none.
	assert.Less(t, testing.AllocsPerRun(200, func() { dst = m.Match(dst[:0], tokens) }), 1.0)
}

// naive matches the trees of phrases directly, by the meaning that docs/rules.md
// gives each item.
type naive struct {
	tokens  []segment.Token // no Joins
	classes map[string][]*node
}

// ends gives every place where a match of n that begins at one of the starts can end.
func (v *naive) ends(n *node, starts []int) []int {
	var out []int
	switch n.op {
	case opWord:
		for _, i := range starts {
			if i < len(v.tokens) && v.tokens[i].Norm == n.word {
				out = append(out, i+1)
			}
		}
	case opClass:
		out = v.member(n, starts)
	case opLoop:
		out = slices.Clone(starts)
		for more := starts; len(more) > 0; {
			var next []int
			for _, i := range v.member(n, more) {
				if !slices.Contains(out, i) {
					out = append(out, i)
					next = append(next, i)
				}
			}
			more = next
		}
	case opGap:
		for _, i := range starts {
			out = append(out, i)
			for j := i; j < i+n.n && j < len(v.tokens) && v.tokens[j].Kind != segment.Mark; j++ {
				out = append(out, j+1)
			}
		}
	case opSeq:
		out = starts
		for _, k := range n.kids {
			out = v.ends(k, out)
		}
	case opAlt:
		for _, k := range n.kids {
			out = append(out, v.ends(k, starts)...)
		}
	case opOption:
		out = append(slices.Clone(starts), v.ends(n.kids[0], starts)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (v *naive) member(n *node, starts []int) []int {
	var out []int
	if n.class == numberClass {
		for _, i := range starts {
			if i < len(v.tokens) && v.tokens[i].Kind == segment.Number {
				out = append(out, i+1)
			}
		}
	}
	for _, k := range append(slices.Clone(n.kids), v.classes[n.class]...) {
		out = append(out, v.ends(k, starts)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func naiveMatch(s *Set, tokens []segment.Token) []Match {
	v := &naive{classes: make(map[string][]*node)}
	var place []int
	for i, t := range tokens {
		if t.Kind != segment.Join {
			v.tokens = append(v.tokens, t)
			place = append(place, i)
		}
	}
	parse := func(text string) *node {
		n, err := parsePhrase(text, &words{})
		if err != nil {
			panic(err)
		}
		return n
	}
	for _, c := range s.Classes {
		for _, w := range c.Words {
			v.classes[c.Name] = append(v.classes[c.Name], parse(w.Text))
		}
	}
	var all []Match
	match := func(phrases []Phrase, kind TargetKind, index int) {
		for i, ph := range phrases {
			n := parse(ph.Text)
			for start := range v.tokens {
				for _, end := range v.ends(n, []int{start}) {
					all = append(all, Match{Target{kind, index, i}, place[start], place[end-1] + 1})
				}
			}
		}
	}
	for i := range s.Rules {
		match(s.Rules[i].Phrases, RulePhrase, i)
		match(s.Rules[i].Unless, RuleUnless, i)
	}
	for i := range s.Cues {
		match(s.Cues[i].Phrases, CuePhrase, i)
		match(s.Cues[i].Unless, CueUnless, i)
	}
	slices.SortFunc(all, compareMatches)
	return all
}

var (
	someWord  = rapid.SampledFrom([]string{"aa", "bb", "cc", "dd", "no", ",", "7", "bb-cc"})
	someClass = rapid.SampledFrom([]string{"@one", "@two", "@number"})
)

// somePhrase writes random phrases, also such that Compile refuses.
func somePhrase(classes *rapid.Generator[string], simple bool) *rapid.Generator[string] {
	var item, seq func(depth int) *rapid.Generator[string]
	item = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			kind := rapid.IntRange(0, 12).Draw(t, "kind")
			switch {
			case kind < 4 || depth == 0 && kind > 7:
				return someWord.Draw(t, "word")
			case kind < 5 && classes != nil:
				return classes.Draw(t, "class")
			case kind < 6 && classes != nil && !simple:
				return classes.Draw(t, "class") + rapid.SampledFrom([]string{"*", "+"}).Draw(t, "sign")
			case kind < 7 && !simple:
				return fmt.Sprintf("..%d", rapid.IntRange(1, 3).Draw(t, "gap"))
			case kind < 8:
				return someWord.Draw(t, "word") + "?"
			case kind < 12 && depth > 0:
				alts := rapid.SliceOfN(seq(depth-1), 1, 3).Draw(t, "alternatives")
				signs := []string{"", "", "?", "*", "+"}
				if simple {
					signs = signs[:3]
				}
				return "(" + strings.Join(alts, "|") + ")" + rapid.SampledFrom(signs).Draw(t, "sign")
			}
			return someWord.Draw(t, "word")
		})
	}
	seq = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(item(depth), 1, 3).Draw(t, "items"), " ")
		})
	}
	if simple {
		return seq(1)
	}
	return seq(2)
}

// someSet draws a set of phrases that compile.
func someSet(t *rapid.T) *Set {
	valid := func(s *Set, phrases []string) []Phrase {
		var kept []Phrase
		b := newBuilder(&sources{})
		b.addClasses(s.Classes)
		for _, text := range phrases {
			if _, err := b.paths(b.words.parse(text)); err == nil {
				kept = append(kept, Phrase{Text: text})
			}
		}
		return kept
	}
	s := &Set{}
	one := valid(s, rapid.SliceOfN(somePhrase(nil, true), 0, 4).Draw(t, "one"))
	s.Classes = []Class{{Name: "one", Words: append(one, Phrase{Text: "aa"})}}
	two := valid(s, rapid.SliceOfN(somePhrase(rapid.SampledFrom([]string{"@one", "@number"}), true), 0, 4).Draw(t, "two"))
	s.Classes = append(s.Classes, Class{Name: "two", Words: append(two, Phrase{Text: "bb"})})
	draw := func(what string) []Phrase {
		return valid(s, rapid.SliceOfN(somePhrase(someClass, false), 0, 3).Draw(t, what))
	}
	s.Rules = []Rule{{ID: "x.a", Phrases: draw("phrases"), Unless: draw("unless")}, {ID: "x.b", Phrases: draw("phrases")}}
	s.Cues = []Cue{{ID: "c", Phrases: draw("cue phrases"), Unless: draw("cue unless")}}
	return s
}

func TestMatchEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someSet(t)
		m, err := s.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			sentence := strings.Join(rapid.SliceOfN(someWord, 0, 12).Draw(t, "sentence"), " ")
			tokens := tokenizer.Tokens(nil, sentence)
			want, got := naiveMatch(s, tokens), m.Match(nil, tokens)
			if !slices.Equal(want, got) {
				t.Fatalf("sentence %q, set %+v\nnaive %v\ngot   %v", sentence, s, want, got)
			}
		}
	})
}

// The phrases that Lint calls unreachable must be so.
func TestCoveredPhrasesMatchNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someSet(t)
		covered := make(map[string]bool)
		for _, e := range s.Lint() {
			if strings.HasPrefix(e.What, "phrase ") && strings.Contains(e.What, "is never reached") { // of no unless
				covered[e.ID+"\x00"+strings.Split(e.What, `"`)[1]] = true
			}
		}
		for range 5 {
			tokens := tokenizer.Tokens(nil, strings.Join(rapid.SliceOfN(someWord, 0, 12).Draw(t, "sentence"), " "))
			all := naiveMatch(s, tokens)
			for _, m := range all {
				if m.Target.Kind != RulePhrase {
					continue
				}
				r := &s.Rules[m.Target.Index]
				if !covered[r.ID+"\x00"+r.Phrases[m.Target.Phrase].Text] {
					continue
				}
				if !slices.ContainsFunc(all, func(o Match) bool {
					return o.Start == m.Start && o.End == m.End && o.Target.Kind == RulePhrase &&
						o.Target.Index == m.Target.Index && o.Target.Phrase < m.Target.Phrase
				}) {
					t.Fatalf("%q is called unreachable and matches alone: %v", r.Phrases[m.Target.Phrase].Text, s.Lint())
				}
			}
		}
	})
}

func FuzzParsePhrase(f *testing.F) {
	for _, seed := range []string{"a (b|c d)? @mod* ..3 x~ y~v", "((((", "a|b", `\`, "..99 a", "@", "a~~", "(a|)", "@mod+?", "\xff", "é(ü)+ w/o", "? x", "(a?)*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := newBuilder(&sources{})
		b.addClasses([]Class{{Name: "mod", Words: asPhrases("small", "left upper")}})
		paths, err := b.paths(b.words.parse(text))
		if err != nil {
			pe, ok := err.(*phraseError)
			if !ok {
				t.Fatalf("error of type %T", err)
			}
			if pe.at < 0 || pe.at > len(text) {
				t.Fatalf("offset %d of %d: %s", pe.at, len(text), pe.what)
			}
			return
		}
		if len(paths) == 0 {
			t.Fatal("no paths and no error")
		}
		for _, p := range paths {
			if p.empty() {
				t.Fatalf("path %v matches nothing", p)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	m, err := oneRule("@mod* effusion~", "no (a|b c|@side)* ..3 x", "(a|b|c) (d|e f|g)? @number", "a ..2 b ..2 c").Compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("no small left upper effusions, a b c x")
	f.Fuzz(func(t *testing.T, sentence string) {
		tokens := tokenizer.Tokens(nil, sentence)
		matches := m.Match(nil, tokens)
		for i, match := range matches {
			if match.Start < 0 || match.End <= match.Start || match.End > len(tokens) {
				t.Fatalf("%v of %d tokens", match, len(tokens))
			}
			if tokens[match.Start].Kind == segment.Join || tokens[match.End-1].Kind == segment.Join {
				t.Fatalf("%v begins or ends with a Join", match)
			}
			if i > 0 && compareMatches(matches[i-1], match) >= 0 {
				t.Fatalf("%v before %v", matches[i-1], match)
			}
		}
	})
}
