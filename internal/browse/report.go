package browse

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/internal/searchtext"
)

// show shows a report that was opened, at the sentence that was found.
func (m *model) show(o opened) {
	m.report = o
	m.pager.SetYOffset(0)
	found := m.layOut()
	if most := m.pager.Height() * 2 / 3; found > most {
		m.pager.SetYOffset(found - m.pager.Height()/3)
	}
}

// layOut puts the report into lines of the terminal's width, and gives the one where
// the sentence is that was found.
func (m *model) layOut() (found int) {
	d, why := m.report.document, m.report.explained
	m.pager.SetHeight(max(m.height-len(m.reportHead())-1, 1))
	screen := page.Screen{Width: max(m.width-margin, 1), Colour: m.seeker.opts.Colour, Asked: relabel.Asked(d), Found: relabel.FoundIn(d)}
	lines, found := screen.Report(why.Marks)
	if !m.seeker.opts.Colour {
		lines = append(append(lines, ""), wrapped(page.Legend+"   words of the query: *", m.width)...)
	}
	lines = append(lines, "")
	for _, l := range screen.Reasons(why.Labels) {
		lines = append(lines, hanging(l, m.width)...)
	}
	if why.Note != "" {
		lines = append(append(lines, ""), wrapped(why.Note, m.width)...)
	}
	m.pager.SetContentLines(lines)
	return found
}

// mostColumns is how much is shown of a reason, which quotes the report.
const mostColumns = 2000

// hanging wraps a line, and indents what it becomes as the line is.
func hanging(line string, width int) []string {
	rest := strings.TrimLeft(line, " ")
	indent := line[:min(len(line)-len(rest), width/2)]
	lines := wrapped(ansi.Truncate(rest, mostColumns, "…"), width-len(indent))
	for i := range lines {
		lines[i] = indent + lines[i]
	}
	return lines
}

// reportHead names the report and its labels.
func (m *model) reportHead() []string {
	style := searchtext.Style{Colour: true, Observations: m.seeker.source.Observations()}
	d := m.report.document
	right := columns.Thousands(m.chosen+1) + " of " + columns.Thousands(m.answer.total)
	lines := []string{spread(style.Head(d.Hit), right, m.width)}
	if labels := style.Labels(d.Hit); labels != "" {
		lines = append(lines, clipped(labels, m.width, labelLines)...)
	}
	return append(lines, faint+strings.Repeat("─", m.width)+page.Reset)
}

func (m *model) reportLines() []string {
	lines := m.reportHead()
	switch {
	case m.report.err != nil:
		return append(lines, wrapped(page.OneLine(m.report.err.Error()), m.width)...)
	case m.report.document.Text == "":
		return lines // it is on its way
	}
	return append(lines, strings.Split(m.pager.View(), "\n")...)
}

// showKeys shows the keys over what is on the screen.
func (m *model) showKeys() {
	m.under, m.pane = m.pane, keysPane
	m.table.GotoTop()
}

// keyColumn is where the guide says what keys do.
const keyColumn = 25

func (m *model) layOutKeys() {
	m.table.SetHeight(max(m.height-1, 1))
	var lines []string
	for _, l := range guide(m.seeker.opts.Colour) {
		if l[1] == "" {
			lines = append(lines, page.Bold+l[0]+page.Reset)
			continue
		}
		column := min(keyColumn, m.width/2)
		for i, does := range wrapped(l[1], m.width-column-margin) {
			does = strings.Repeat(" ", column) + does
			if i == 0 {
				does = l[0] + strings.Repeat(" ", max(column-ansi.StringWidth(l[0]), 1)) + strings.TrimLeft(does, " ")
			}
			lines = append(lines, strings.Repeat(" ", margin)+does)
		}
	}
	m.table.SetContentLines(lines)
}
