package browse

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

func stream(reports []corpus.Report) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for _, r := range reports {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func indexOf(t testing.TB, reports []corpus.Report, opts index.WriteOptions) *index.Index {
	t.Helper()
	if opts.Labeler.Rules == nil {
		opts.Labeler.Rules = chexpertRules()
	}
	dir := t.TempDir()
	_, err := index.Write(t.Context(), dir, stream(reports), opts)
	require.NoError(t, err)
	x, err := index.Open(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	return x
}

// films are n reports, some of them with what could harm a terminal.
func films(n int) []corpus.Report {
	all := make([]corpus.Report, n)
	for i := range all {
		text := fmt.Sprintf(" FINDINGS: \n \n Film %d.  No pneumothorax.\n Heart size is normal.\n \n IMPRESSION: \n \n Small effusion, possible edema.\n", i)
		id := fmt.Sprintf("film%04d", i)
		switch i % 5 {
		case 1:
			text = strings.ReplaceAll(text, "Small", "\x1b[31m\x1b]0;x\x07Small \u202e肺 👩‍⚕️ e\u0301")
			id += "\x1b[2J"
		case 2:
			text = strings.ReplaceAll(text, "Film", strings.Repeat("W", 3000)+" film")
			id += strings.Repeat("-long", 50)
		}
		all[i] = corpus.Report{ID: id, Text: text}
	}
	return all
}

var someFilms = sync.OnceValue(func() []corpus.Report { return films(230) })

// The rules of most tests, and what explains their reports, are made once.
var chexpertRules = sync.OnceValue(func() *rules.Set {
	set, err := rules.Embedded("chexpert")
	if err != nil {
		panic(err)
	}
	return set
})

var chexpert = sync.OnceValue(func() *relabel.Explainer {
	set := chexpertRules()
	return &relabel.Explainer{Origin: index.Origin{RuleSet: set.Name, Digest: set.Digest}}
})

func modelOf(t testing.TB, x source, opts Options, width, height int) *model {
	m := newModel(t.Context(), x, opts)
	m.seeker.explain = chexpert()
	t.Cleanup(m.seeker.close)
	do(m, m.Init())
	tell(m, tea.WindowSizeMsg{Width: width, Height: height})
	return m
}

// tell gives a message to a model, and all that follows from it.
func tell(m *model, msg tea.Msg) {
	_, cmd := m.Update(msg)
	do(m, cmd)
}

func do(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			do(m, c)
		}
	default:
		tell(m, msg)
	}
}

var codes = map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
	"left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "f1": tea.KeyF1}

// keyOf is a key by its name, or a letter.
func keyOf(name string) tea.KeyPressMsg {
	if code, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

func press(m *model, keys ...string) {
	for _, k := range keys {
		tell(m, keyOf(k))
	}
}

func write(m *model, query string) {
	for _, r := range query {
		press(m, string(r))
	}
}

func screen(m *model) string { return ansi.Strip(m.View().Content) }

func TestTyping(t *testing.T) {
	x := indexOf(t, someFilms(), index.WriteOptions{})
	m := modelOf(t, x, Options{Name: "idx"}, 80, 24)
	assert.Contains(t, screen(m), "230 reports in idx")
	assert.Contains(t, screen(m), "pneumothorax:positive")

	write(m, "film")
	assert.Contains(t, screen(m), "query: film")
	assert.Contains(t, screen(m), "1 of 230")
	write(m, " id:film0008")
	assert.Contains(t, screen(m), "1 report in")
	assert.Contains(t, screen(m), "▌ 1. film0008")
	assert.Contains(t, screen(m), "positive: Pleural Effusion; uncertain: Edema\n▌   findings: Film 8.\n")
	assert.NotContains(t, screen(m), "2. ")
	press(m, "ctrl+u")
	assert.Contains(t, screen(m), "230 reports in idx")
	tell(m, tea.PasteMsg{Content: "film0007\n OR\tzebra"})
	assert.Contains(t, screen(m), "query: film0007  OR zebra", "what is pasted is one line")
	assert.Contains(t, screen(m), "0 reports in")
	press(m, "down", "end", "enter", "pgup")
	assert.Equal(t, listPane, m.pane)

	assert.Contains(t, screen(modelOf(t, x, Options{Query: "film -id:film0001*"}, 80, 24)), "1 of 2", "a query to begin with")
}

func TestMoves(t *testing.T) {
	m := modelOf(t, indexOf(t, someFilms(), index.WriteOptions{}), Options{Query: "film", Sort: "id"}, 80, 24)
	at := func(place, first, last string) {
		t.Helper()
		assert.Contains(t, screen(m), place+" of 230")
		assert.Contains(t, screen(m), first)
		assert.Contains(t, screen(m), last)
	}
	at("1", "▌ 1. film0000", "  5. film")
	press(m, "up")
	at("1", "▌ 1. film0000", "  5. film")
	press(m, "down", "down")
	at("3", "  1. film0000", "▌ 3. film0002-long")
	press(m, "end")
	at("230", "227. film0226", "▌ 230. film0229")
	assert.Contains(t, m.View().Content, page.Bold+"film"+page.Reset+" 227.", "of a long sentence, what was asked for")
	press(m, "up", "up", "up", "up", "up", "up", "up")
	at("223", "▌ 223. film0222", "  224. film")
	press(m, "home")
	at("1", "▌ 1. film0000", "  2. film")
	press(m, "pgdown")
	at("5", "▌ 5. film0004", "  6. film")
	press(m, "pgup")
	at("1", "▌ 1. film0000", "  2. film")
	press(m, "esc", "q")
	assert.False(t, m.query.Focused())
	press(m, "/", "q")
	assert.Contains(t, screen(m), "query: filmq")
}

// sequence is what may steer a terminal: colours alone.
var sequence = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Whatever keys are pressed on a screen of whatever size: it is filled and not
// more, what is chosen is on it, and nothing but colours steers the terminal.
func TestScreenHolds(t *testing.T) {
	x := indexOf(t, someFilms(), index.WriteOptions{})
	var keys []string
	for name := range codes {
		keys = append(keys, name)
	}
	keys = append(keys, "ctrl+u", "ctrl+w", "f", "i", "l", "m", " ", "*", ":", "\"", "(", "q", "?", "/", "é", "肺")
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Custom(func(t *rapid.T) tea.WindowSizeMsg {
			return tea.WindowSizeMsg{Width: rapid.IntRange(1, 170).Draw(t, "width"), Height: rapid.IntRange(1, 60).Draw(t, "height")}
		})
		first := size.Draw(rt, "size")
		query := rapid.SampledFrom([]string{"", "film", "id:film000*", "effusion:positive", "efusion:positive", "edema\"", "pneumothorax:negative film"}).Draw(rt, "query")
		m := newModel(context.Background(), x, Options{Query: query, Sort: "id", Colour: rapid.Bool().Draw(rt, "colour")})
		m.seeker.explain = chexpert()
		defer m.seeker.close()
		do(m, m.Init())
		tell(m, first)
		for range rapid.IntRange(0, 25).Draw(rt, "keys") {
			if rapid.IntRange(0, 9).Draw(rt, "resized") == 0 {
				tell(m, size.Draw(rt, "size"))
			} else {
				press(m, rapid.SampledFrom(keys).Draw(rt, "key"))
			}
			holds(rt, m)
		}
	})
}

func holds(t *rapid.T, m *model) {
	content := m.View().Content
	lines := strings.Split(content, "\n")
	if len(lines) != m.height {
		t.Fatalf("%d lines on a screen of %d:\n%s", len(lines), m.height, screen(m))
	}
	for _, l := range lines {
		if ansi.StringWidth(l) > m.width {
			t.Fatalf("%d columns on a screen of %d: %q", ansi.StringWidth(l), m.width, l)
		}
	}
	for _, r := range sequence.ReplaceAllString(content, "") {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			t.Fatalf("the screen has %q:\n%s", r, screen(m))
		}
	}
	if m.chosen < 0 || m.chosen >= max(m.answer.total, 1) {
		t.Fatalf("%d of %d hits is chosen", m.chosen, m.answer.total)
	}
	chosen := fmt.Sprintf("▌ %d. ", m.chosen+1)
	if m.pane == listPane && m.answer.total > 0 && m.height > 6 && m.width > len(chosen) && !strings.Contains(screen(m), chosen) {
		t.Fatalf("hit %d is chosen and not on the screen:\n%s", m.chosen+1, screen(m))
	}
}

func TestWrongQuery(t *testing.T) {
	m := modelOf(t, indexOf(t, films(3), index.WriteOptions{}), Options{}, 60, 20)
	write(m, "film 肺 pneumotorax:negative")
	assert.Contains(t, screen(m), `unknown field "pneumotorax"; did you mean pneumothorax?`)
	assert.Contains(t, screen(m), "  film 肺 pneumotorax:negative\n          ^^^^^^^^^^^\n", "two columns for the wide one")
	assert.Contains(t, screen(m), "Tab puts pneumothorax there.")
	assert.NotContains(t, screen(m), "1. film")
	press(m, "tab")
	assert.Contains(t, screen(m), "query: film 肺 pneumothorax:negative")
	assert.NotContains(t, screen(m), "unknown")

	press(m, "ctrl+u")
	write(m, strings.Repeat("film ", 30)+"edema:uncertan")
	assert.Regexp(t, `film edema:uncertan\n +\^{8}\n`, screen(m), "of a long query the wrong part")
	press(m, "tab")
	assert.Contains(t, screen(m), "3 reports in")
}

func TestReport(t *testing.T) {
	m := modelOf(t, indexOf(t, films(12), index.WriteOptions{}), Options{Query: "effusion", Sort: "id", Colour: true}, 80, 24)
	press(m, "enter")
	for _, want := range []string{"film0000", "1 of 12", "positive: Pleural Effusion; uncertain: Edema", "  Film 0.  No pneumothorax.", "|>Small effusion, possible edema.",
		"Edema: uncertain", `uncertain "edema" by rule edema.`, `cue hedge.possible "possible"`, "impression: Small effusion, possible edema."} {
		assert.Contains(t, screen(m), want)
	}
	content := m.View().Content
	assert.Contains(t, content, page.Colour(corpus.Negative)+underlined+"pneumothorax"+page.Reset, "a mention in a scope, in text that is not labelled")
	assert.Contains(t, content, page.CueMark+"possible"+page.Reset)

	press(m, "right")
	assert.Contains(t, screen(m), "film0001·[2J")
	assert.Contains(t, screen(m), "|>·[31m·]0;x·Small ·肺 👩‍⚕️ e\u0301 effusion, possible edema.")
	press(m, "right")
	assert.Contains(t, screen(m), "3 of 12", "a long id leaves room for the place")
	assert.Contains(t, screen(m), "|>Small effusion", "behind a long sentence, the one that was found")
	press(m, "home")
	assert.Contains(t, screen(m), "FINDINGS:")
	press(m, "end")
	assert.Contains(t, screen(m), "blank, no mention: ")
	tell(m, tea.WindowSizeMsg{Width: 40, Height: 12})
	assert.Contains(t, screen(m), "film0002-long")
	press(m, "left", "left", "left")
	assert.Contains(t, screen(m), "1 of 12", "there is none before the first")
	press(m, "?")
	assert.Contains(t, screen(m), "In the list")
	press(m, "end")
	assert.Contains(t, screen(m), "section: rule: cue:")
	press(m, "esc")
	assert.Contains(t, screen(m), "1 of 12")
	press(m, "right", "esc")
	assert.Equal(t, listPane, m.pane)
	assert.Contains(t, screen(m), "▌ 2. film0001", "the list is at the report that was shown last")
}

// Without colour, lines below the text mark it.
func TestReportWithoutColour(t *testing.T) {
	m := modelOf(t, indexOf(t, films(1), index.WriteOptions{}), Options{Query: "film possible"}, 80, 30)
	press(m, "enter")
	assert.Contains(t, screen(m), "  Heart size is normal.")
	assert.Regexp(t, `(?m)^  Film 0\.  No pneumothorax\. +\n  \*{4}     \^\^ -{12} *$`, screen(m))
	assert.Regexp(t, `(?m)^\|.Small effusion, possible edema\. +\n\|       \+{8}  \^{8} \?{5} *$`, screen(m))
	assert.Contains(t, screen(m), "words of the query: *")
}

// The list and its keys go on while a search runs; its answer is that of the query
// as it stands, whatever was asked before.
func TestSearchInFlight(t *testing.T) {
	x := &slow{Index: indexOf(t, films(12), index.WriteOptions{}), began: make(chan struct{}, 9)}
	m := modelOf(t, x, Options{Query: "film0001"}, 80, 24)
	x.hold = true
	_, first := m.Update(keyOf("*"))
	answers := make(chan tea.Msg)
	go func() { answers <- first() }()
	<-x.began
	assert.Contains(t, screen(m), "searching")
	_, second := m.Update(keyOf("2"))
	select {
	case msg := <-answers:
		assert.Nil(t, msg, "it was cancelled")
	case <-time.After(10 * time.Second):
		t.Fatal("the search before was not cancelled")
	}
	x.hold = false
	m.Update(answer{turn: m.seeker.turn - 1, total: 99})
	assert.NotContains(t, screen(m), "99", "an answer to what was asked before")

	_, cmd := m.Update(keyOf("enter"))
	do(m, cmd)
	assert.Equal(t, listPane, m.pane, "nothing to open yet")
	press(m, "ctrl+u")
	write(m, "id:film000")
	_, third := m.Update(keyOf("3"))
	m.Update(keyOf("enter"))
	do(m, second)
	do(m, third)
	assert.Equal(t, reportPane, m.pane, "opened as soon as it had come")
	assert.Contains(t, screen(m), "Film 3.")
}

// slow is an index whose searches end only when they are cancelled, while hold is set.
type slow struct {
	*index.Index
	hold  bool
	began chan struct{}
}

func (s *slow) Search(ctx context.Context, q index.Query, opts index.Options) (index.Results, error) {
	if s.hold {
		s.began <- struct{}{}
		<-ctx.Done()
	}
	return s.Index.Search(ctx, q, opts)
}

// When the seeker is closed nothing reads the index, and nothing begins to.
func TestClose(t *testing.T) {
	x := &slow{Index: indexOf(t, films(1), index.WriteOptions{}), began: make(chan struct{}, 9), hold: true}
	s := newSeeker(t.Context(), x, Options{})
	ended := make(chan tea.Msg, 1)
	cmd := s.search("film")
	later := s.page(index.Query{}, 1)
	go func() { ended <- cmd() }()
	<-x.began
	s.close()
	assert.Nil(t, <-ended)
	go func() { later() }() // waits for ever, as its index is closed
	select {
	case <-x.began:
		t.Error("the index was read after it was closed")
	case <-time.After(20 * time.Millisecond):
	}
}

// failing is an index that cannot be read.
type failing struct{ *index.Index }

func (failing) Search(context.Context, index.Query, index.Options) (index.Results, error) {
	return index.Results{}, fmt.Errorf("idx\x1b: a text cannot be decompressed; build it again")
}

func TestUnreadable(t *testing.T) {
	m := modelOf(t, failing{indexOf(t, films(1), index.WriteOptions{})}, Options{Query: "film"}, 60, 20)
	assert.Contains(t, screen(m), "no answer")
	assert.Contains(t, screen(m), "idx·: a text cannot be decompressed; build it again")
}

// Reasons are those of the index's own rules, sections and labels.
func TestExplain(t *testing.T) {
	report := corpus.Report{ID: "1", Text: "No mass or effusion.\nEdema."}
	report.Sections = []corpus.Section{{Name: "findings", Span: corpus.Span{End: 21}}, {Name: "impression", Span: corpus.Span{Start: 21, End: 27}}}
	explainedOf := func(opts index.WriteOptions, origin func(*index.Origin)) relabel.Explained {
		x := indexOf(t, []corpus.Report{report}, opts)
		e := relabel.Explainer{Origin: x.Origin()}
		if origin != nil {
			origin(&e.Origin)
		}
		d, ok, err := x.Document(t.Context(), "1", index.Query{}, 0)
		require.True(t, ok)
		require.NoError(t, err)
		return e.Explain(d, x.Observations())
	}
	labels := func(r labeler.Result) map[corpus.Observation]string {
		all := map[corpus.Observation]string{}
		for _, l := range r.Labels {
			if l.Assertion != corpus.Unmentioned {
				all[l.Observation] = strings.TrimSpace(l.Assertion.String() + " " + l.Reason)
			}
		}
		return all
	}

	why := explainedOf(index.WriteOptions{}, nil)
	assert.Equal(t, map[corpus.Observation]string{"Edema": "positive"}, labels(why.Labels), "of the impression alone")
	assert.Equal(t, []corpus.Section{{Name: "impression", Span: corpus.Span{Start: 21, End: 27}, Header: corpus.Span{Start: 21, End: 21}}}, why.Labels.Labelled)
	lines, _ := page.Screen{}.Report(why.Marks)
	assert.Equal(t, []string{"  No mass or effusion.", "  ^^ ----....--------", "| Edema.", "| +++++"}, lines, "marks are of every section")
	assert.Empty(t, why.Note)

	chestxray, err := rules.Embedded("chestxray14")
	require.NoError(t, err)
	why = explainedOf(index.WriteOptions{Labeler: labeler.Options{Rules: chestxray, Section: "all"}}, nil)
	assert.Equal(t, map[corpus.Observation]string{"Edema": "positive", "Effusion": "negative", "Mass": "negative"}, labels(why.Labels))

	given := func(corpus.Report) []corpus.Assertion {
		return append(make([]corpus.Assertion, 13), corpus.Positive)
	}
	why = explainedOf(index.WriteOptions{Labels: given, LabelsFile: "gold.csv"}, nil)
	assert.Equal(t, map[corpus.Observation]string{"Support Devices": "positive of gold.csv"}, labels(why.Labels))

	why = explainedOf(index.WriteOptions{}, func(o *index.Origin) { o.Digest = "0123456789abcdef" })
	assert.Equal(t, "The index was made with rules that this program does not have (chexpert 0123456789ab): no scopes and reasons.", why.Note)
	assert.Equal(t, map[corpus.Observation]string{"Edema": "positive as the index has it"}, labels(why.Labels))
	lines, _ = page.Screen{}.Report(why.Marks)
	assert.Equal(t, []string{"| No mass or effusion.", "| ^^ ----    --------", "| Edema.", "| +++++"}, lines, "no scopes")
}
