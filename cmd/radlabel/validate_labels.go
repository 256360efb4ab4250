package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evaltext"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/rules"
)

// evaluated measures one prediction.
func (r *validateRun) evaluated(ctx context.Context, inputs []string) error {
	var p *predictor
	var err error
	if r.pred != "" {
		p, err = filePredictor(ctx, r.pred, r.labelOptions())
	} else {
		p, err = rulesPredictor(&r.labelFlags)
	}
	if err != nil {
		return err
	}
	t, sheets, err := r.trial(ctx, inputs, p)
	if err != nil {
		return err
	}
	e, err := r.evaluate(t.gold, sheets[0], p.set)
	if err != nil {
		return err
	}
	if err := r.show(e, p.name, p.set); err != nil {
		return err
	}
	return errors.Join(r.gated(e.Figures), t.tally.failure())
}

// trial is gold with what it takes to get the predictions for it.
type trial struct {
	*validateRun
	gold   *gold.Sheet
	inputs []string
	tally  *tally
}

// trial loads gold and gets the labels of each predictor for it. Gold whose rows
// are sentences is by report then, unless its own texts are labelled.
func (r *validateRun) trial(ctx context.Context, inputs []string, from ...*predictor) (*trial, []*gold.Sheet, error) {
	var known []corpus.Observation
	own := len(inputs) == 0
	for _, p := range from {
		known = append(known, p.observations...)
		own = own && p.source == nil
	}
	g, err := r.loadGold(ctx, known)
	if err != nil {
		return nil, nil, err
	}
	if g.Sentences && !own {
		g = g.PerReport()
	}
	t := &trial{validateRun: r, gold: g, inputs: inputs, tally: newTally(r.app, r.quiet)}
	var sheets []*gold.Sheet
	for _, p := range from {
		sheet, err := t.labels(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		sheets = append(sheets, sheet)
	}
	return t, sheets, nil
}

// labels are those of a file, or those that a labeler gives now.
func (t *trial) labels(ctx context.Context, p *predictor) (*gold.Sheet, error) {
	switch {
	case p.source != nil:
		return p.source.Load(ctx)
	case len(t.inputs) == 0 && !t.gold.HasText:
		return nil, usagef("%s has no texts to label; give the INPUT, or --pred LABELS", t.validateRun.gold)
	case len(t.inputs) == 0:
		return p.sheet(ctx, ownTexts(t.gold), t.tally)
	}
	reader, err := t.open(ctx, t.app, t.inputs)
	if err != nil {
		return nil, err
	}
	if t.tally.terminal != nil && !t.quiet {
		t.tally.bar = newBar(t.tally.terminal, reader)
		defer func() { t.tally.bar.hide(); t.tally.bar = nil }()
	}
	w := wanted{ids: make(map[string]bool, len(t.gold.All))}
	for _, row := range t.gold.All {
		w.ids[row.ID] = true
	}
	sheet, err := p.sheet(ctx, w.of(reader.Reports(ctx)), t.tally)
	if err == nil && len(sheet.All) == 0 && len(w.others) > 0 {
		err = fmt.Errorf("%s: no id of gold is among the inputs: gold has %q, the inputs %q; name the columns of ids with --gold-id and --id-column",
			t.validateRun.gold, t.gold.All[0].ID, w.others)
	}
	return sheet, err
}

func (r *validateRun) loadGold(ctx context.Context, known []corpus.Observation) (*gold.Sheet, error) {
	sheet, err := gold.Load(ctx, r.gold, r.goldOptions(known))
	if err == nil && len(sheet.All) == 0 {
		err = &corpus.Problem{Place: corpus.Place{Path: r.gold}, What: "there is no row in it", Do: "check the file"}
	}
	return sheet, err
}

// goldOptions are those of gold, whose observations must be known ones.
func (r *validateRun) goldOptions(known []corpus.Observation) gold.Options {
	opts := gold.Options{IDColumn: r.goldID, By: r.by, Known: known, Strict: known != nil}
	for _, name := range r.only {
		opts.Only = append(opts.Only, corpus.Observation(strings.TrimSpace(name)))
	}
	return opts
}

// labelOptions are those of a file of labels.
func (r *validateRun) labelOptions() gold.Options { return gold.Options{IDColumn: r.id} }

func (r *validateRun) options(set *rules.Set) (eval.Options, error) {
	opts := eval.Options{Presence: r.task == taskPresence, Resamples: r.resamples, Seed: r.seed, Rules: set}
	if set == nil { // only to know what it derives
		var err error
		if set, err = r.load(); err != nil {
			return opts, err
		}
	}
	opts.Derived = set.Derived.Observation
	return opts, nil
}

func (r *validateRun) evaluate(g, prediction *gold.Sheet, set *rules.Set) (*eval.Evaluation, error) {
	opts, err := r.options(set)
	if err != nil {
		return nil, err
	}
	j, err := eval.Join(eval.JoinOptions{Presence: opts.Presence}, g, prediction)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.gold, err)
	}
	if len(j.OnlyGold) > 0 && !r.quiet {
		fmt.Fprintf(r.stderr, "%s: %d of %d ids have no prediction\n", r.gold, len(j.OnlyGold), len(g.All))
	}
	return eval.Evaluate(j, 0, opts), nil
}

// compared measures two predictions against each other.
func (r *validateRun) compared(ctx context.Context, second string, inputs []string) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	a, err := anyPredictor(ctx, r.compare, r.labelFlags, r.labelOptions())
	if err != nil {
		return err
	}
	b, err := anyPredictor(ctx, second, r.labelFlags, r.labelOptions())
	if err != nil {
		return err
	}
	t, sheets, err := r.trial(ctx, inputs, a, b)
	if err != nil {
		return err
	}
	set := b.set
	if set == nil {
		set = a.set
	}
	opts, err := r.options(set)
	if err != nil {
		return err
	}
	j, err := eval.Join(eval.JoinOptions{Presence: opts.Presence}, t.gold, sheets...)
	if err != nil {
		return fmt.Errorf("%s: %w", r.gold, err)
	}
	c := eval.Compare(j, opts)
	if r.errors != "" {
		err := r.writeRows(evaltext.NewChanges, func(rows *evaltext.Rows) error { return each(c.Changes, rows.Change) })
		if err != nil {
			return err
		}
	}
	if r.json {
		err = evaltext.ComparisonJSON(r.stdout, c, evaltext.About{Tool: "radlabel", Version: version(), Gold: r.gold}, a.name, b.name)
	} else {
		err = evaltext.Comparison(r.stdout, c, a.name, b.name, style)
	}
	return errors.Join(err, t.tally.failure())
}

// agreement compares two annotators.
func (r *validateRun) agreement(ctx context.Context, first, second string) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	b, err := gold.Load(ctx, second, r.goldOptions(nil))
	if err != nil {
		return err
	}
	a, err := gold.Load(ctx, first, r.goldOptions(nil))
	if err != nil {
		return err
	}
	r.gold = first
	e, err := r.evaluate(a, b, nil)
	if err != nil {
		return err
	}
	if r.errors != "" || r.html != "" || r.json || r.brief != "" {
		err = r.show(e, second, nil)
	}
	if err == nil && !r.json && r.brief == "" {
		err = evaltext.Agreement(r.stdout, e, first, second, style)
	}
	return errors.Join(err, r.gated(e.Figures))
}
