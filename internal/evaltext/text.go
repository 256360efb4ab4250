// Package evaltext shows evaluations to people at a terminal and to programs:
// tables of figures, the errors with their causes, and the same as CSV, JSON
// lines and JSON. Package evalpage makes a page of them for a browser.
package evaltext

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/page"
)

// Style says how much is shown, and how.
type Style struct {
	Colour   bool
	Examples int // errors or changes shown in full
}

// number writes a share or an F1: .987, 1.000, -.012; a dash where undefined.
func number(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	digits := strings.TrimPrefix(strconv.FormatFloat(math.Abs(v), 'f', 3, 64), "0")
	if v < 0 && digits != ".000" {
		return "-" + digits
	}
	return digits
}

// interval writes both ends of a 95 % interval.
func interval(low, high float64) string {
	if math.IsNaN(low) || math.IsNaN(high) {
		return ""
	}
	return number(low) + " to " + number(high)
}

// printer writes the parts of a text and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) table(t table.Writer) { p.printf("%s\n\n", t.Render()) }

// Evaluation writes all tables of an evaluation, then its errors.
func Evaluation(w io.Writer, e *eval.Evaluation, style Style) error {
	p := &printer{w: w}
	p.headline(e)
	p.overall(e)
	for _, t := range e.Tasks {
		p.task(e, t)
	}
	p.agreement(e)
	p.groups(e.Groups)
	p.attributions(e)
	p.errors(e, style)
	return p.err
}

func (p *printer) headline(e *eval.Evaluation) {
	p.printf("%s compared with gold on %s\n", columns.Count(e.Reports, e.Unit), columns.Count(len(e.Observations), "observation"))
	p.alone("only in gold, left out", e.OnlyGold)
	p.alone("only in the prediction, left out", e.OnlyPrediction)
	p.observations("not in gold, left out", e.GoldLacks)
	p.observations("not in the prediction, left out", e.PredictionLacks)
	exact, _ := eval.Find(e.Figures, "exact")
	cells, _ := eval.Find(e.Figures, "cells")
	p.printf("%ss with every label right: %s\n", e.Unit, withInterval(exact))
	p.printf("labels right: %s of %s\n\n", withInterval(cells), columns.Thousands(cells.Gold))
}

func withInterval(f eval.Figure) string {
	if s := interval(f.Low, f.High); s != "" {
		return number(f.Value) + " [" + s + "]"
	}
	return number(f.Value)
}

// alone names the first ids without a partner.
func (p *printer) alone(what string, ids []string) {
	const most = 5
	if len(ids) == 0 {
		return
	}
	list := strings.Join(ids[:min(len(ids), most)], ", ")
	if len(ids) > most {
		list += ", ..."
	}
	p.printf("%s %s: %s\n", columns.Count(len(ids), "id"), what, page.OneLine(list))
}

func (p *printer) observations(what string, all []corpus.Observation) {
	if len(all) == 0 {
		return
	}
	names := make([]string, len(all))
	for i, o := range all {
		names[i] = string(o)
	}
	p.printf("%s %s: %s\n", columns.Count(len(all), "observation"), what, page.OneLine(strings.Join(names, ", ")))
}

// overall is the table of micro and macro figures.
func (p *printer) overall(e *eval.Evaluation) {
	t := columns.New("all observations", columns.Right("precision"), columns.Right("recall"),
		columns.Right("micro F1"), "95 % interval", columns.Right("macro F1"), "95 % interval", columns.Right("n"))
	for _, task := range e.Tasks {
		name := task.String()
		micro, macro := figure(e, name+".micro"), figure(e, name+".macro")
		t.AppendRow(table.Row{name, number(figure(e, name+".micro.precision").Value), number(figure(e, name+".micro.recall").Value),
			number(micro.Value), interval(micro.Low, micro.High), number(macro.Value), interval(macro.Low, macro.High), columns.Thousands(micro.Gold)})
	}
	for _, name := range []string{"weighted", "kappa"} {
		micro, ok := eval.Find(e.Figures, name+".micro")
		if !ok {
			continue
		}
		macro := figure(e, name+".macro")
		label := map[string]string{"weighted": "weighted F1", "kappa": "kappa"}[name]
		t.AppendRow(table.Row{label, "", "", number(micro.Value), interval(micro.Low, micro.High), number(macro.Value), interval(macro.Low, macro.High), columns.Thousands(micro.Gold)})
	}
	p.table(t)
	p.spans(e)
}

// spans is the table of mentions where gold has their places.
func (p *printer) spans(e *eval.Evaluation) {
	t := columns.New("mentions", columns.Right("precision"), columns.Right("recall"), columns.Right("F1"), "95 % interval", columns.Right("n"))
	for _, m := range []struct{ name, what string }{
		{"spans.overlap", "overlapping"}, {"spans.exact", "the same span"}, {"spans.asserted", "overlapping, the same assertion"},
	} {
		if _, ok := eval.Find(e.Figures, m.name); ok {
			t.AppendRow(threefold(e, m.what, m.name))
		}
	}
	if t.Length() > 0 {
		p.table(t)
	}
}

func figure(e *eval.Evaluation, name string) eval.Figure {
	f, _ := eval.Find(e.Figures, name)
	return f
}

// threefold is a row of precision, recall and F1.
func threefold(e *eval.Evaluation, label, name string) table.Row {
	f1 := figure(e, name)
	return table.Row{label, number(figure(e, name+".precision").Value), number(figure(e, name+".recall").Value),
		number(f1.Value), interval(f1.Low, f1.High), columns.Thousands(f1.Gold)}
}

// task is the table of one task, an observation a row.
func (p *printer) task(e *eval.Evaluation, task eval.Task) {
	t := columns.New(task.String(), columns.Right("precision"), columns.Right("recall"), columns.Right("F1"), "95 % interval", columns.Right("n"))
	for _, o := range e.Observations {
		name := string(o) + "." + task.String()
		if _, ok := eval.Find(e.Figures, name); ok {
			t.AppendRow(threefold(e, string(o), name))
		}
	}
	p.table(t)
}

// agreement is the table of kappa and its like, an observation a row.
func (p *printer) agreement(e *eval.Evaluation) {
	weighted := len(e.Tasks) > 1
	headers := []any{"agreement", columns.Right("kappa"), "95 % interval", columns.Right("labels right"), columns.Right("of")}
	if weighted {
		headers = append(headers, columns.Right("weighted F1"), "95 % interval")
	}
	t := columns.New(headers...)
	for _, o := range e.Observations {
		kappa, cells, f1 := figure(e, string(o)+".kappa"), figure(e, string(o)+".cells"), figure(e, string(o)+".weighted")
		row := table.Row{string(o), number(kappa.Value), interval(kappa.Low, kappa.High), number(cells.Value), columns.Thousands(cells.Gold)}
		if weighted {
			row = append(row, number(f1.Value), interval(f1.Low, f1.High))
		}
		t.AppendRow(row)
	}
	p.table(t)
}

func (p *printer) groups(groups []eval.Group) {
	if groups == nil {
		return
	}
	t := columns.New("group", columns.Right("rows"), columns.Right("all right"), columns.Right("labels"), columns.Right("right"), columns.Right("share"))
	for _, g := range groups {
		t.AppendRow(table.Row{page.OneLine(g.Name), columns.Thousands(g.Reports), columns.Thousands(g.Exact), columns.Thousands(g.Cells), columns.Thousands(g.Right),
			number(float64(g.Right) / float64(g.Cells))})
	}
	p.table(t)
}

// worst is how many rules and cues, causes and the like a terminal shows.
const worst = 20

// attributions are the rules and cues with wrong labels.
func (p *printer) attributions(e *eval.Evaluation) {
	if !e.Evidence {
		return
	}
	for _, part := range []struct {
		what string
		all  []eval.Attribution
	}{{"rules with wrong labels", e.Rules}, {"cues with wrong labels", e.Cues}} {
		t := columns.New(part.what, columns.Right("right"), columns.Right("wrong"), columns.Right("mentions"))
		shown := 0
		for _, a := range part.all {
			if a.Wrong > 0 {
				shown++
			}
			if a.Wrong > 0 && shown <= worst {
				t.AppendRow(table.Row{a.ID, columns.Thousands(a.Right), columns.Thousands(a.Wrong), columns.Thousands(a.Mentions)})
			}
		}
		if shown == 0 {
			continue
		}
		p.printf("%s\n", t.Render())
		if shown > worst {
			p.printf("... and %s more\n", columns.Thousands(shown-worst))
		}
		p.printf("\n")
	}
	if len(e.Rules)+len(e.Cues) > 0 && len(e.Unused.Rules)+len(e.Unused.Cues) > 0 {
		p.printf("used by no report: %s, %s; --json and --html list them\n\n",
			columns.Count(len(e.Unused.Rules), "rule"), columns.Count(len(e.Unused.Cues), "cue"))
	}
}

func (p *printer) errors(e *eval.Evaluation, style Style) {
	if len(e.Errors) == 0 {
		p.printf("no label differs from gold\n")
		return
	}
	if len(e.Errors) == 1 {
		p.printf("1 label differs from gold\n\n")
	} else {
		p.printf("%s differ from gold\n\n", columns.Count(len(e.Errors), "label"))
	}
	p.causes("gold -> prediction", e.Errors, eval.Disagreement.Kind)
	if e.Evidence {
		p.causes("behind the error", e.Errors, cause)
	}
	for _, d := range e.Errors[:min(len(e.Errors), style.Examples)] {
		p.disagreement(d, style)
	}
	p.more(len(e.Errors) - style.Examples)
}

// cause names the rule and cue of the first decisive mention, or the reason.
func cause(d eval.Disagreement) string {
	if len(d.Decisive) == 0 {
		if d.Reason == "" {
			return "no mention"
		}
		return d.Reason
	}
	return by(d.Decisive[0].Rule, d.Decisive[0].Cue)
}

// by is "edema.edema, cue hedge.possible".
func by(rule, cue string) string {
	if cue == "" {
		return rule
	}
	return rule + ", cue " + cue
}

// causes counts the errors by a key, the commonest first.
func (p *printer) causes(what string, errors []eval.Disagreement, key func(eval.Disagreement) string) {
	p.counted(what, "labels", len(errors), func(i int) string { return key(errors[i]) })
}

// counted is a table of how often each key is given by n of a noun, the commonest first.
func (p *printer) counted(what, noun string, n int, key func(i int) string) {
	counts := map[string]int{}
	var keys []string
	for i := range n {
		k := key(i)
		if counts[k] == 0 {
			keys = append(keys, k)
		}
		counts[k]++
	}
	slices.SortStableFunc(keys, func(a, b string) int { return counts[b] - counts[a] })
	t := columns.New(what, columns.Right(noun))
	for _, k := range keys[:min(len(keys), worst)] {
		t.AppendRow(table.Row{page.OneLine(k), columns.Thousands(counts[k])})
	}
	p.printf("%s\n", t.Render())
	if len(keys) > worst {
		p.printf("... and %s more\n", columns.Thousands(len(keys)-worst))
	}
	p.printf("\n")
}

func (p *printer) disagreement(d eval.Disagreement, style Style) {
	p.printf("%s  %s: %s\n", page.OneLine(d.ID), style.bold(string(d.Observation)), d.Kind())
	if len(d.Decisive) == 0 && d.Reason != "" {
		p.printf("    %s\n", page.OneLine(d.Reason))
	}
	for _, m := range d.Decisive {
		p.printf("    %s\n      %s\n", by(m.Rule, m.Cue), style.sentence(m))
	}
	if len(d.Decisive) == 0 {
		for _, m := range d.Annotated {
			p.printf("    gold has %s\n      %s\n", m.Assertion, style.sentence(m))
		}
	}
	if d.Text != "" {
		p.printf("    in: %s\n", beginning(page.OneLine(d.Text)))
	}
}

// beginning cuts a text short for a terminal.
func beginning(text string) string {
	const most = 400
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// BriefGroups are the lines of the groups of one evaluation in such a table: its
// name, the group, its reports, judged labels, and the share that is right.
func BriefGroups(w io.Writer, name string, groups []eval.Group) error {
	p := &printer{w: w}
	for _, g := range groups {
		p.printf("| %s | %s | %s | %s | %s |\n", name, page.OneLine(g.Name), columns.Thousands(g.Reports), columns.Thousands(g.Cells),
			number(float64(g.Right)/float64(g.Cells)))
	}
	return p.err
}

// Brief is the line of one evaluation in a table of many, as Markdown has it:
// its name, the reports, the micro F1 of each task and the share of reports with
// every label right, with intervals.
func Brief(w io.Writer, name string, e *eval.Evaluation) error {
	row := []string{name, columns.Thousands(e.Reports)}
	for _, t := range e.Tasks {
		row = append(row, withInterval(figure(e, t.String()+".micro")))
	}
	_, err := fmt.Fprintf(w, "| %s |\n", strings.Join(append(row, withInterval(figure(e, "exact"))), " | "))
	return err
}
