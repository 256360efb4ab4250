package browse

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/searchtext"
)

// Lines of a hit: its labels and its sentence have a few, the rest is cut.
const (
	labelLines    = 2
	sentenceLines = 4
	margin        = 2 // columns at the left, which show the chosen hit
)

const (
	reverse    = "\x1b[7m"
	faint      = "\x1b[2m"
	underlined = "\x1b[4m"
	bar        = "▌"
)

// View is the screen.
func (m *model) View() tea.View {
	var lines []string
	switch m.pane {
	case listPane:
		lines = m.listLines()
	case reportPane:
		lines = m.reportLines()
	case keysPane:
		lines = strings.Split(m.table.View(), "\n")
	}
	v := tea.NewView(strings.Join(m.framed(lines), "\n"))
	v.AltScreen = true
	return v
}

// framed cuts or fills lines to those of the screen, with the keys as the last.
func (m *model) framed(lines []string) []string {
	screen := make([]string, m.height)
	copy(screen, lines)
	if m.height > 1 {
		screen[m.height-1] = faint + m.help.ShortHelpView(m.shortHelp()) + page.Reset
	}
	for i, l := range screen {
		screen[i] = ansi.Truncate(l, m.width, "")
	}
	return screen
}

// head is what stands above the hits: the query, what it found, and, where there is
// room, a blank line.
func (m *model) head() []string {
	lines := []string{m.query.View(), m.status()}
	if m.height > 12 {
		lines = append(lines, "")
	}
	return lines
}

// rows is how many lines there are for hits.
func (m *model) rows() int { return max(m.height-len(m.head())-1, 1) }

func (m *model) listLines() []string {
	lines := m.head()
	switch {
	case m.answer.err != nil:
		return append(lines, wrapped(page.OneLine(m.answer.err.Error()), m.width)...)
	case m.answer.wrong != nil:
		return append(lines, m.wrongLines()...)
	case m.blank():
		return append(lines, m.welcome()...)
	}
	for n, end := m.top, len(lines)+m.rows(); n < m.answer.total && len(lines) < end; n++ {
		lines = append(lines, m.hitLines(n)...)
	}
	return lines
}

// status says what the query found, and where in it the reader is.
func (m *model) status() string {
	a := m.answer
	left, right := "", ""
	switch {
	case m.blank():
		left = columns.Count(m.seeker.source.Reports(), "report") + " in " + page.OneLine(m.seeker.opts.Name)
	case a.wrong != nil, a.err != nil:
		left = "no answer"
	case a.query.String() != "":
		left = columns.Count(a.total, "report") + " in " + milliseconds(a.took)
	}
	if !m.current() {
		left = strings.TrimPrefix(left+", searching", ", ")
	}
	if a.total > 0 {
		right = columns.Thousands(m.chosen+1) + " of " + columns.Thousands(a.total)
	}
	return faint + spread(left, right, m.width) + page.Reset
}

// spread puts one text at the left, cut where it must be, and another at the right.
func spread(left, right string, width int) string {
	room := max(width-ansi.StringWidth(right), 0)
	if right != "" {
		room = max(room-1, 0)
	}
	left = ansi.Truncate(left, room, "…")
	return left + strings.Repeat(" ", max(width-ansi.StringWidth(left)-ansi.StringWidth(right), 0)) + right
}

func milliseconds(d time.Duration) string {
	if d < time.Millisecond {
		return "less than 1 ms"
	}
	return columns.Thousands(int(d.Milliseconds())) + " ms"
}

func (m *model) welcome() []string {
	return []string{
		"Type what to look for:",
		"",
		"  effusion tube             both words, in any form",
		`  "no pleural effusion"     these words in a row`,
		"  pneumothorax:positive     the label of the report",
		"  same-sentence(no edema:positive)",
		"",
		"F1 tells more, and the keys.",
	}
}

// wrongLines show where a query is wrong, and what may have been meant.
func (m *model) wrongLines() []string {
	wrong := m.answer.wrong
	what := wrong.What
	if wrong.Do != "" {
		what += "; " + wrong.Do
	}
	lines := wrapped(page.OneLine(what), m.width)
	lines = append(lines, "")
	lines = append(lines, place(wrong, max(m.width-2*margin, 4))...)
	if wrong.Near != "" {
		lines = append(lines, "", "Tab puts "+page.OneLine(wrong.Near)+" there.")
	}
	return lines
}

// place shows the wrong part of a query with carets below it, in so many columns.
func place(wrong *index.QueryError, width int) []string {
	query := page.Printable(wrong.Query)
	at := min(wrong.Offset, len(wrong.Query))
	end := min(at+wrong.Length, len(wrong.Query))
	before := page.Printable(wrong.Query[:at])
	part := page.Printable(wrong.Query[at:end])
	from := 0
	if skip := ansi.StringWidth(before) + min(ansi.StringWidth(part), width/2) - width; skip > 0 {
		from = skip
	}
	line := ansi.Cut(query, from, from+width)
	carets := min(max(ansi.StringWidth(part), 1), width)
	indent := strings.Repeat(" ", margin)
	return []string{indent + line, indent + strings.Repeat(" ", max(ansi.StringWidth(before)-from, 0)) + strings.Repeat("^", carets)}
}

// hitLines are those of a hit, with a blank one behind.
func (m *model) hitLines(n int) []string {
	hit, ok := m.hit(n)
	width := max(m.width-margin, 10)
	number := columns.Thousands(n+1) + ". "
	var lines []string
	if ok {
		style := searchtext.Style{Colour: true, Observations: m.seeker.source.Observations()}
		head := style.Head(hit)
		if n == m.chosen {
			head = ansi.Strip(head)
		}
		lines = append(lines, ansi.Truncate(number+head, width, "…"))
		lines = append(lines, indented(clipped(style.Labels(hit), width-margin, labelLines))...)
		if hit.Best.Text != "" {
			// Wrapping takes room: a line at most, so that what was found is not cut.
			style.Longest = max((sentenceLines-1)*(width-margin)-len(hit.Best.Section)-len(": ...  ..."), margin)
			lines = append(lines, indented(clipped(style.Sentence(hit.Best), width-margin, sentenceLines))...)
		}
	} else {
		lines = append(lines, number+"...")
	}
	for i, l := range lines {
		switch {
		case n != m.chosen:
			lines[i] = strings.Repeat(" ", margin) + l
		case i == 0:
			lines[i] = bar + " " + reverse + l + page.Reset
		default:
			lines[i] = bar + " " + l
		}
	}
	return append(lines, "")
}

func indented(lines []string) []string {
	for i, l := range lines {
		lines[i] = strings.Repeat(" ", margin) + l
	}
	return lines
}

// wrapped breaks a line at blanks; its colours go on in the lines that it becomes.
func wrapped(line string, width int) []string {
	return strings.Split(lipgloss.Wrap(line, max(width, 1), ""), "\n")
}

// clipped wraps a line into at most so many; the last shows whether there is more.
func clipped(line string, width, most int) []string {
	if line == "" {
		return nil
	}
	lines := wrapped(line, width)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = ansi.Truncate(lines[most-1], width-1, "") + "…"
	}
	return lines
}

// scroll moves the list as little as shows the chosen hit, and leaves no room at
// its end that hits could fill.
func (m *model) scroll() {
	m.top = max(0, min(m.top, m.chosen))
	m.top = max(m.top, m.topFor(m.chosen))
	m.top = max(0, min(m.top, m.topFor(m.answer.total-1)))
}

// topFor is the first hit to show for one to be the last that shows wholly.
func (m *model) topFor(last int) int {
	first, room := last, m.rows()+1 // the blank line of the last one need not show
	for n := last; n >= 0 && n > last-m.height; n-- {
		if room -= len(m.hitLines(n)); room < 0 {
			break
		}
		first = n
	}
	return first
}

// visible is how many hits the screen shows wholly, at least one.
func (m *model) visible() int {
	room := m.rows() + 1
	for n := m.top; n < m.answer.total; n++ {
		if room -= len(m.hitLines(n)); room < 0 {
			return max(n-m.top, 1)
		}
	}
	return max(m.answer.total-m.top, 1)
}
