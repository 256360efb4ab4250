package browse

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"github.com/radlabel/radlabel/internal/index"
)

// pane is what fills the screen.
type pane uint8

const (
	listPane pane = iota
	reportPane
	keysPane
)

// model is what is on the screen, and what keys do to it.
type model struct {
	seeker        *seeker
	keys          keyMap
	help          help.Model
	width, height int
	pane, under   pane // under: what the keys were opened over
	query         textinput.Model

	answer  answer // of the last query that has one
	pages   map[int][]index.Hit
	waiting map[int]bool // pages that were asked for
	eager   bool         // the first hit is to be opened when it has come
	chosen  int          // hit
	top     int          // first hit on the screen

	report opened
	pager  viewport.Model // of the report
	table  viewport.Model // of the keys
}

func newModel(ctx context.Context, x source, opts Options) *model {
	m := &model{seeker: newSeeker(ctx, x, opts), keys: newKeyMap(), help: newHelp(), query: newQuery(opts.Query)}
	m.pager, m.table = newPager(m.keys), newPager(m.keys)
	return m
}

// Init begins with the query that was given.
func (m *model) Init() tea.Cmd { return tea.Batch(m.ask(), m.seeker.prepare) }

// Update does what a key or an answer asks for.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		cmd = m.press(msg)
	case tea.PasteMsg:
		if m.pane == listPane {
			m.query.Focus()
			cmd = m.edit(msg)
		}
	case answer:
		if msg.turn == m.seeker.turn {
			cmd = m.take(msg)
		}
	case more:
		if msg.turn == m.seeker.turn {
			m.pages[msg.page] = msg.hits
			m.answer.err = msg.err
		}
	case opened:
		if msg.turn == m.seeker.turn && msg.document.ID == m.report.document.ID {
			m.show(msg)
		}
	}
	m.scroll()
	return m, tea.Batch(cmd, m.fetch())
}

// press does what a key does wherever it is pressed, or else what it does here.
func (m *model) press(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.quit):
		return tea.Quit
	case key.Matches(k, m.keys.suspend):
		return tea.Suspend
	case m.pane == keysPane:
		return m.pressInKeys(k)
	case key.Matches(k, m.keys.keys):
		m.showKeys()
		return nil
	case m.pane == reportPane:
		return m.pressInReport(k)
	case m.query.Focused():
		return m.pressInQuery(k)
	}
	return m.pressInList(k)
}

func (m *model) pressInKeys(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.q):
		return tea.Quit
	case key.Matches(k, m.keys.back, m.keys.keys, m.keys.question, m.keys.open):
		m.pane = m.under
		return nil
	}
	return m.leaf(&m.table, k)
}

func (m *model) pressInReport(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.q):
		return tea.Quit
	case key.Matches(k, m.keys.question):
		m.showKeys()
		return nil
	case key.Matches(k, m.keys.back):
		m.pane = listPane
		return nil
	case key.Matches(k, m.keys.next):
		return m.openBeside(1)
	case key.Matches(k, m.keys.previous):
		return m.openBeside(-1)
	}
	return m.leaf(&m.pager, k)
}

// leaf scrolls.
func (m *model) leaf(v *viewport.Model, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.first):
		v.GotoTop()
	case key.Matches(k, m.keys.last):
		v.GotoBottom()
	default:
		var cmd tea.Cmd
		*v, cmd = v.Update(k)
		return cmd
	}
	return nil
}

func (m *model) pressInQuery(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.leave):
		m.query.Blur()
		return nil
	case key.Matches(k, m.keys.mend):
		return m.mend()
	}
	if cmd, ok := m.move(k); ok {
		return cmd
	}
	return m.edit(k)
}

func (m *model) pressInList(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.q):
		return tea.Quit
	case key.Matches(k, m.keys.question):
		m.showKeys()
		return nil
	case key.Matches(k, m.keys.edit):
		return m.query.Focus()
	}
	cmd, _ := m.move(k)
	return cmd
}

// move does what keys of the list do. ok is false for other keys.
func (m *model) move(k tea.KeyPressMsg) (cmd tea.Cmd, ok bool) {
	switch {
	case key.Matches(k, m.keys.up):
		m.choose(m.chosen - 1)
	case key.Matches(k, m.keys.down):
		m.choose(m.chosen + 1)
	case key.Matches(k, m.keys.pageUp):
		n := m.visible()
		m.top -= n
		m.choose(m.chosen - n)
	case key.Matches(k, m.keys.pageDown):
		n := m.visible()
		m.top += n
		m.choose(m.chosen + n)
	case key.Matches(k, m.keys.first):
		m.choose(0)
	case key.Matches(k, m.keys.last):
		m.choose(m.answer.total - 1)
	case key.Matches(k, m.keys.open):
		return m.openBeside(0), true
	default:
		return nil, false
	}
	return nil, true
}

// edit changes the query, and asks where it has become another one.
func (m *model) edit(msg tea.Msg) tea.Cmd {
	before := m.query.Value()
	var cmd tea.Cmd
	m.query, cmd = m.query.Update(msg)
	if m.query.Value() == before {
		return cmd
	}
	return tea.Batch(cmd, m.ask())
}

// ask asks for the query as it stands. An empty one asks for nothing.
func (m *model) ask() tea.Cmd {
	m.eager = false
	if m.blank() {
		m.seeker.cancel()
		m.take(answer{turn: m.seeker.turn})
		return nil
	}
	return m.seeker.search(m.query.Value())
}

func (m *model) blank() bool { return strings.TrimSpace(m.query.Value()) == "" }

// take shows an answer.
func (m *model) take(a answer) tea.Cmd {
	m.answer = a
	m.chosen, m.top = 0, 0
	m.pages, m.waiting = map[int][]index.Hit{0: a.hits}, map[int]bool{0: true}
	if m.eager {
		return m.openBeside(0)
	}
	return nil
}

// current reports whether the answer is that of the query as it stands.
func (m *model) current() bool { return m.answer.turn == m.seeker.turn }

// mend puts what may have been meant into a wrong query.
func (m *model) mend() tea.Cmd {
	wrong := m.answer.wrong
	if wrong == nil || wrong.Near == "" || !m.current() {
		return nil
	}
	before, after := wrong.Query[:wrong.Offset], wrong.Query[wrong.Offset+wrong.Length:]
	m.query.SetValue(before + wrong.Near + after)
	m.query.CursorEnd()
	return m.ask()
}

// choose moves to a hit.
func (m *model) choose(n int) { m.chosen = max(0, min(n, m.answer.total-1)) }

// hit is a hit that has come.
func (m *model) hit(n int) (index.Hit, bool) {
	if page := m.pages[n/pageSize]; n >= 0 && n%pageSize < len(page) {
		return page[n%pageSize], true
	}
	return index.Hit{}, false
}

// fetch asks for the pages around what is chosen.
func (m *model) fetch() tea.Cmd {
	if !m.current() {
		return nil
	}
	var all []tea.Cmd
	for _, n := range []int{m.chosen, m.chosen - pageSize/2, m.chosen + pageSize/2} {
		page := n / pageSize
		if n < 0 || n >= m.answer.total || m.waiting[page] {
			continue
		}
		m.waiting[page] = true
		all = append(all, m.seeker.page(m.answer.query, page))
	}
	return tea.Batch(all...)
}

// openBeside opens the report that is so many hits behind the chosen one. Where the
// answer is still to come, it is opened then.
func (m *model) openBeside(n int) tea.Cmd {
	m.eager = !m.current()
	hit, ok := m.hit(m.chosen + n)
	if m.eager || !ok {
		return nil
	}
	m.choose(m.chosen + n)
	m.pane, m.report = reportPane, opened{turn: m.seeker.turn, document: index.Document{Hit: hit}}
	m.pager.SetContentLines(nil)
	return m.seeker.open(m.answer.query, hit)
}

// resize fits all panes to the terminal.
func (m *model) resize(width, height int) {
	m.width, m.height = width, height
	m.query.SetWidth(max(width-len(m.query.Prompt)-1, 1))
	m.help.SetWidth(width)
	for _, v := range []*viewport.Model{&m.pager, &m.table} {
		v.SetWidth(width)
	}
	if m.report.document.Text != "" {
		m.layOut()
	}
	m.layOutKeys()
}
