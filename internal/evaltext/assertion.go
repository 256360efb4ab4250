package evaltext

import (
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
)

// Agreement writes how far two annotators agree, and what is to be adjudicated.
func Agreement(w io.Writer, e *eval.Evaluation, names Pair, style Style) error {
	p := &printer{w: w}
	p.printf("A: %s\nB: %s\n%s with both, on %s\n", page.OneLine(names.A), page.OneLine(names.B),
		columns.Count(e.Reports, e.Unit), columns.Count(len(e.Observations), "observation"))
	p.alone("only with A, left out", e.OnlyGold)
	p.alone("only with B, left out", e.OnlyPrediction)
	p.observations("only with A, left out", e.PredictionLacks)
	p.observations("only with B, left out", e.GoldLacks)
	p.printf("\n")
	apart := map[corpus.Observation]int{}
	for _, d := range e.Errors {
		apart[d.Observation]++
	}
	t := columns.New("agreement", columns.Right("kappa"), "95 % interval", columns.Right("labels alike"), "95 % interval", columns.Right("of"), columns.Right("to adjudicate"),
		columns.Right("positive in A"), columns.Right("in B"))
	row := func(label, kappa, cells string, apart int, positive [2]int) {
		k, c := figure(e, kappa), figure(e, cells)
		t.AppendRow(table.Row{label, number(k.Value), interval(k.Low, k.High), number(c.Value), interval(c.Low, c.High),
			columns.Thousands(c.Gold), columns.Thousands(apart), columns.Thousands(positive[0]), columns.Thousands(positive[1])})
	}
	var pooled [2]int
	for i, o := range e.Observations {
		a, b := positives(e.Confusions[i])
		pooled[0], pooled[1] = pooled[0]+a, pooled[1]+b
		row(string(o), string(o)+".kappa", string(o)+".cells", apart[o], [2]int{a, b})
	}
	row("all labels pooled", "kappa.micro", "cells", len(e.Errors), pooled)
	mean := figure(e, "kappa.macro")
	t.AppendRow(table.Row{"mean of the observations", number(mean.Value), interval(mean.Low, mean.High)})
	p.table(t)
	exact := figure(e, "exact")
	p.printf("%ss with every label alike: %s\n\n", e.Unit, withInterval(exact))
	if len(e.Errors) == 0 {
		return p.err
	}
	p.causes("A -> B", e.Errors, eval.Disagreement.Kind)
	for _, d := range e.Errors[:min(len(e.Errors), style.Examples)] {
		p.printf("%s  %s: %s\n", page.OneLine(d.ID), style.bold(string(d.Observation)), d.Kind())
		for _, m := range d.Annotated {
			p.printf("    A %s\n      %s\n", m.Assertion, style.sentence(m))
		}
		for _, m := range d.Decisive {
			p.printf("    B %s\n      %s\n", m.Assertion, style.sentence(m))
		}
	}
	p.more(len(e.Errors) - style.Examples)
	return p.err
}

// positives counts the positive labels of both sides.
func positives(c eval.Confusion) (a, b int) {
	for other := range c {
		a += c[corpus.Positive][other]
		b += c[other][corpus.Positive]
	}
	return a, b
}

// more says how much is not shown.
func (p *printer) more(n int) {
	if n > 0 {
		p.printf("... and %s more; --examples N shows more, --errors FILE.csv has all\n", columns.Thousands(n))
	}
}

// Assertions writes how well the rule set reads an assertion corpus.
func Assertions(w io.Writer, r *eval.AssertionResult, style Style) error {
	p := &printer{w: w}
	p.printf("%s\n\n", columns.Count(r.Sentences, "sentence"))
	t := columns.New("figure", columns.Right("value"), "95 % interval", columns.Right("n"))
	for _, f := range r.Figures {
		t.AppendRow(table.Row{f.Name, number(f.Value), interval(f.Low, f.High), columns.Thousands(f.Gold)})
	}
	p.table(t)
	if len(r.Errors) == 0 {
		return p.err
	}
	p.printf("%s\n\n", columns.Count(len(r.Errors), "error"))
	p.counted("gold -> prediction", "errors", len(r.Errors), func(i int) string { return r.Errors[i].Kind() })
	p.counted("cue behind the error", "errors", len(r.Errors), func(i int) string {
		if cue := r.Errors[i].Cue; cue != "" {
			return cue
		}
		return "no cue"
	})
	for i := range r.Errors[:min(len(r.Errors), style.Examples)] {
		e := &r.Errors[i]
		m := gold.Mention{Sentence: e.Sentence, Mention: e.Concept, CueSpan: e.CueSpan, Assertion: e.Predicted}
		if e.Concept.Empty() {
			m.Mention, m.Assertion = e.GoldCue, e.Gold
		}
		p.printf("%s  %s", page.OneLine(e.ID), e.Kind())
		if e.Cue != "" {
			p.printf(", cue %s", e.Cue)
		}
		p.printf("\n    %s\n", style.sentence(m))
	}
	p.more(len(r.Errors) - style.Examples)
	return p.err
}

// AssertionsBrief are the lines of one corpus in a table of many, as Markdown has
// it: its name, a figure, its value with its interval, and the cases in gold.
func AssertionsBrief(w io.Writer, name string, r *eval.AssertionResult) error {
	p := &printer{w: w}
	for _, f := range r.Figures {
		if !strings.HasSuffix(f.Name, ".precision") && !strings.HasSuffix(f.Name, ".recall") {
			p.printf("| %s | %s | %s | %s |\n", name, f.Name, withInterval(f), columns.Thousands(f.Gold))
		}
	}
	return p.err
}
