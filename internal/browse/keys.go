package browse

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	"charm.land/bubbles/v2/viewport"
	"charm.land/lipgloss/v2"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/page"
)

// keyMap is what the keys do. A letter that does something does it only where no
// query is typed.
type keyMap struct {
	up, down, pageUp, pageDown, first, last key.Binding
	open, back, previous, next              key.Binding
	mend, leave, edit                       key.Binding
	keys, question, quit, q, suspend        key.Binding
}

func newKeyMap() keyMap {
	bind := func(shown, does string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
	}
	return keyMap{
		up:       bind("↑", "up", "up", "ctrl+p"),
		down:     bind("↓", "down", "down", "ctrl+n"),
		pageUp:   bind("PgUp", "a page up", "pgup"),
		pageDown: bind("PgDn", "a page down", "pgdown"),
		first:    bind("Home", "to the first", "home"),
		last:     bind("End", "to the last", "end"),
		open:     bind("Enter", "open", "enter"),
		back:     bind("Esc", "back", "esc", "backspace"),
		previous: bind("←", "the report before", "left", "p"),
		next:     bind("→", "the next report", "right", "n"),
		mend:     bind("Tab", "take the suggestion", "tab"),
		leave:    bind("Esc", "leave the query", "esc"),
		edit:     bind("/", "edit the query", "/", "esc", "tab"),
		keys:     bind("F1", "keys", "f1"),
		question: bind("?", "keys", "?"),
		quit:     bind("Ctrl-C", "quit", "ctrl+c"),
		q:        bind("q", "quit", "q"),
		suspend:  bind("Ctrl-Z", "suspend", "ctrl+z"),
	}
}

// newQuery is the line that the query is typed in. Keys that move in the list are
// not its own, nor is the system's clipboard: terminals paste by themselves.
func newQuery(text string) textinput.Model {
	in := textinput.New()
	in.Prompt = "query: "
	plain := textinput.StyleState{}
	styles := textinput.Styles{Focused: plain, Blurred: plain}
	styles.Focused.Prompt = lipgloss.NewStyle().Bold(true)
	styles.Cursor.Blink = false
	in.SetStyles(styles)
	in.KeyMap.LineStart.SetKeys("ctrl+a")
	in.KeyMap.LineEnd.SetKeys("ctrl+e")
	for _, b := range []*key.Binding{&in.KeyMap.Paste, &in.KeyMap.AcceptSuggestion, &in.KeyMap.NextSuggestion, &in.KeyMap.PrevSuggestion} {
		b.Unbind()
	}
	in.SetValue(text)
	in.Focus()
	return in
}

// newPager shows lines that may be more than the screen has.
func newPager(k keyMap) viewport.Model {
	v := viewport.New()
	v.MouseWheelEnabled = false
	v.KeyMap = viewport.KeyMap{Up: k.up, Down: k.down, PageUp: k.pageUp, PageDown: k.pageDown}
	v.KeyMap.PageDown.SetKeys("pgdown", "space")
	return v
}

// newHelp is the line of keys at the foot.
func newHelp() help.Model {
	h := help.New()
	h.Styles = help.Styles{}
	return h
}

// shortHelp are the keys shown at the foot of the screen.
func (m *model) shortHelp() []key.Binding {
	k := m.keys
	switch {
	case m.pane == keysPane:
		return []key.Binding{k.back, k.down, k.quit}
	case m.pane == reportPane:
		return []key.Binding{k.back, k.q, k.question, k.next, k.previous, k.down, k.pageDown}
	case !m.query.Focused():
		return []key.Binding{k.open, k.edit, k.q, k.question, k.down, k.pageDown, k.last}
	case m.answer.wrong != nil && m.answer.wrong.Near != "":
		return []key.Binding{k.mend, k.keys, k.quit}
	}
	return []key.Binding{k.open, k.down, k.keys, k.quit, k.pageDown, k.last, k.leave}
}

// guide tells every key, what the marks of a report mean, and what a query may be:
// on each line something with what it is. One without is a heading.
func guide(colour bool) [][2]string {
	lines := [][2]string{
		{"In the list"},
		{"letters", "write the query; its hits follow"},
		{"← → Ctrl-A Ctrl-E", "move in the query"},
		{"Ctrl-W Ctrl-U Ctrl-K", "cut from the query"},
		{"↑ ↓ PgUp PgDn Home End", "move in the list"},
		{"Enter", "opens the report"},
		{"Tab", "puts the suggestion into a wrong query"},
		{"Esc", "leaves the query: q quits then, ? shows this, and / goes back to it"},
		{},
		{"In a report"},
		{"↑ ↓ PgUp PgDn Home End", "scroll; Space is a page down"},
		{"← →", "the report before, the next one"},
		{"Esc", "back to the list"},
		{"q", "quits; ? shows this"},
		{},
		{"Anywhere"},
		{"F1", "shows this"},
		{"Ctrl-C", "quits; Ctrl-Z suspends"},
		{},
		{"Marks of a report"},
		{"|", "labelled text"},
		{">", "the sentence that was found"},
	}
	return append(append(lines, marks(colour)...), [][2]string{
		{},
		{"Queries"},
		{"effusion tube", "both words, in any form"},
		{`"no pleural effusion"`, "these words, one after the other"},
		{"effusion -tube", "NOT; also OR, AND, and parentheses"},
		{"pneumo* efusion~", "words like a pattern, words one edit away"},
		{"pneumothorax:positive", "the label of the report; also uncertain, negative, mentioned, unmentioned"},
		{"impression:edema", "a word, phrase or pattern in a section"},
		{"same-sentence(...)", "one sentence for which all of it holds; there pneumothorax:positive is what the sentence says"},
		{"section: rule: cue:", "and id: subject: study: split: view: date: are other fields"},
	}...)
}

func marks(colour bool) [][2]string {
	if !colour {
		return [][2]string{
			{"+ - ? =", "below mentions: positive, negative, uncertain, excluded"},
			{"^ . *", "below cues, scopes, words of the query"},
		}
	}
	mark := func(begin, words string) string { return begin + words + page.Reset }
	return [][2]string{
		{"mentions", mark(page.Colour(corpus.Positive), "positive") + ", " + mark(page.Colour(corpus.Uncertain), "uncertain") + ", " +
			mark(page.Colour(corpus.Negative), "negative") + ", " + mark(page.Bold, "excluded")},
		{"others", mark(page.CueMark, "cues") + ", " + mark(underlined, "scopes") + ", " + mark(page.Bold, "words of the query")},
	}
}
