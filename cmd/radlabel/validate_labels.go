package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/evaltext"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/review"
	"github.com/radlabel/radlabel/rules"
)

// evaluated measures one prediction.
func (r *validateRun) evaluated(ctx context.Context, inputs []string) error {
	var p *predictor
	known, err := r.known()
	if err != nil {
		return err
	}
	if r.pred != "" {
		p, err = filePredictor(ctx, r.pred, r.labelOptions(known))
	} else {
		p, err = rulesPredictor(&r.labelFlags)
	}
	if err != nil {
		return err
	}
	t, sheets, err := r.trial(ctx, known, inputs, p)
	if err != nil {
		return err
	}
	r.presenceNote(t.gold, sheets[0])
	e, err := r.evaluate(t.gold, sheets[0], p.set)
	if err != nil {
		return err
	}
	table := t.gold.Format == "csv" || t.gold.Format == "parquet" // which have a place for every label
	if !r.quiet && r.task != taskPresence && table && !t.gold.PositiveOnly && eval.TwoValued(t.gold) {
		fmt.Fprintf(r.stderr, "%s: every label is 1 or 0; if 0 may mean that nothing was said, use --task presence\n", r.gold)
	}
	about := r.about(titleOf(t.gold.Source), p.title(), p.set)
	about.Adjudicated = t.adjudicated
	onPage := about.Gold
	if about.Adjudicated != nil {
		onPage += ", adjudicated by " + about.Adjudicated.File
	}
	err = r.files(e, evalpage.About{Gold: onPage, Prediction: about.Prediction})
	if err == nil {
		err = r.show(e, about)
	}
	return errors.Join(err, r.gated(e.Figures), t.tally.failure())
}

// presenceNote says of a sheet that lists what is positive that the labels are
// compared as --task presence does.
func (r *validateRun) presenceNote(sheets ...*gold.Sheet) {
	for _, s := range sheets {
		if s.PositiveOnly && r.task != taskPresence && !r.quiet {
			fmt.Fprintf(r.stderr, "%s: it lists what is positive and nothing else, so labels are compared as positive or not (--task presence)\n", s.Path)
		}
	}
}

// known are the observations of the rule set, as names are to be spelt.
func (r *validateRun) known() ([]corpus.Observation, error) {
	set, err := r.load()
	if err != nil {
		return nil, err
	}
	return set.Observations, nil
}

// trial is gold with what it takes to get the predictions for it.
type trial struct {
	*validateRun
	gold   *gold.Sheet
	inputs []string
	tally  *tally
	// adjudicated is what verdicts did to gold; nil without them.
	adjudicated *evaltext.Adjudicated
}

// trial loads gold and gets the labels of each predictor for it. Rows of
// sentences stay so where both sides have them, or where gold's own texts are
// labelled; else they are put together by report.
func (r *validateRun) trial(ctx context.Context, known []corpus.Observation, inputs []string, from ...*predictor) (*trial, []*gold.Sheet, error) {
	sentences := true
	for _, p := range from {
		known = append(known[:len(known):len(known)], p.observations...)
		if p.source != nil {
			sentences = sentences && p.source.Sentences
		} else {
			sentences = sentences && len(inputs) == 0
		}
	}
	g, err := r.loadGold(ctx, known)
	if err != nil {
		return nil, nil, err
	}
	t := &trial{validateRun: r, gold: g, inputs: inputs, tally: newTally(r.app, r.quiet)}
	if !sentences {
		t.gold = g.PerReport()
	}
	var sheets []*gold.Sheet
	for _, p := range from {
		sheet, err := t.labels(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		if !sentences {
			sheet = sheet.PerReport()
		}
		sheets = append(sheets, sheet)
	}
	return t, sheets, t.adjudicate(sheets)
}

// adjudicate takes the verdicts of --adjudicated into gold.
func (t *trial) adjudicate(sheets []*gold.Sheet) error {
	path := t.validateRun.adjudicated
	if path == "" {
		return nil
	}
	verdicts, err := review.Load(path)
	if err != nil {
		return err
	}
	if verdicts.Torn && !t.quiet {
		fmt.Fprintf(t.stderr, "%s: the last line is cut short, as a kill leaves it, and is passed over\n", path)
	}
	presence := t.task == taskPresence || t.gold.PositiveOnly ||
		slices.ContainsFunc(sheets, func(s *gold.Sheet) bool { return s.PositiveOnly })
	sheet, applied := verdicts.Apply(t.gold, presence)
	t.gold, t.adjudicated = sheet, &evaltext.Adjudicated{File: path, Applied: applied}
	return nil
}

// labels are those of a file, or those that a labeler gives now.
func (t *trial) labels(ctx context.Context, p *predictor) (*gold.Sheet, error) {
	switch {
	case p.source != nil:
		sheet, err := p.source.Load(ctx)
		t.tally.notes(p.source)
		return sheet, err
	case len(t.inputs) == 0 && t.gold.HasText:
		return p.sheet(ctx, ownTexts(t.gold), t.tally)
	}
	inputs := t.inputs
	if len(inputs) == 0 && t.gold.Format == "csv" { // a table may hold the texts beside the labels
		inputs = []string{t.validateRun.gold}
	}
	if len(inputs) == 0 {
		return nil, t.noText()
	}
	reader, err := t.open(ctx, t.app, inputs)
	if err != nil && len(t.inputs) == 0 {
		return nil, t.noText()
	}
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
	if err == nil && len(sheet.All) == 0 && w.other != "" {
		err = fmt.Errorf("%s: no id of gold is among the inputs: gold has %s, the inputs %s; name the columns of ids with --gold-id and --id-column",
			t.validateRun.gold, corpus.QuoteID(t.gold.All[0].ID), corpus.QuoteID(w.other))
	}
	return sheet, err
}

func (t *trial) noText() error {
	return usagef("%s has no texts to label; give the INPUT, or --pred LABELS", t.validateRun.gold)
}

func (r *validateRun) loadGold(ctx context.Context, known []corpus.Observation) (*gold.Sheet, error) {
	sheet, err := gold.Load(ctx, r.gold, r.goldOptions(known, true))
	if err != nil {
		return nil, err
	}
	newTally(r.app, r.quiet).notes(sheet.Source)
	if len(sheet.All) == 0 {
		return nil, emptySheet(r.gold)
	}
	part := sheet.Part(r.of)
	if len(part.All) == 0 {
		return nil, r.emptyPart(r.gold)
	}
	part.All = slices.DeleteFunc(slices.Clone(part.All), func(row gold.Row) bool { return !r.ids.has(row.ID) })
	if len(part.All) == 0 {
		return nil, &corpus.Problem{Place: corpus.Place{Path: r.gold}, What: "none of its rows has one of the ids of " + r.ids.file,
			Do: "check that the ids are of the same reports"}
	}
	return part, nil
}

func emptySheet(path string) error {
	return &corpus.Problem{Place: corpus.Place{Path: path}, What: "there is no row in it", Do: "check the file"}
}

func (r *validateRun) emptyPart(path string) error {
	return usagef("%s: no row falls into part %s; take fewer parts", path, r.part)
}

// goldOptions are those of gold. Strict asks that its observations be known.
func (r *validateRun) goldOptions(known []corpus.Observation, strict bool) gold.Options {
	return gold.Options{IDColumn: r.goldID, By: r.by, Known: known, Strict: strict, Only: r.observations(), NeedIDs: r.needIDs}
}

// labelOptions are those of labels to measure.
func (r *validateRun) labelOptions(known []corpus.Observation) gold.Options {
	return gold.Options{IDColumn: r.id, Known: known, Only: r.observations()}
}

// observations are those of the flag; nil without it.
func (r *validateRun) observations() (only []corpus.Observation) {
	for _, name := range r.only {
		only = append(only, corpus.Observation(strings.TrimSpace(name)))
	}
	return only
}

func (r *validateRun) options(set *rules.Set) (eval.Options, error) {
	opts := eval.Options{Resamples: r.resamples, Seed: r.seed, Rules: set}
	if set == nil { // only to know what it derives
		var err error
		if set, err = r.load(); err != nil {
			return opts, err
		}
	}
	opts.Derived = set.Derived.Observation
	return opts, nil
}

func (r *validateRun) joinOptions() eval.JoinOptions {
	opts := eval.JoinOptions{Presence: r.task == taskPresence}
	if r.task == taskAgreement { // of which neither side is gold
		opts.Gold, opts.Prediction = "A", "B"
	}
	return opts
}

func (r *validateRun) evaluate(g, prediction *gold.Sheet, set *rules.Set) (*eval.Evaluation, error) {
	opts, err := r.options(set)
	if err != nil {
		return nil, err
	}
	j, err := eval.Join(r.joinOptions(), g, prediction)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.gold, err)
	}
	if len(j.OnlyGold) > 0 && !r.quiet {
		lack := "have no prediction"
		if r.task == taskAgreement {
			lack = "are not in B"
		}
		fmt.Fprintf(r.stderr, "%s: %d of %d ids %s\n", r.gold, len(j.OnlyGold), len(g.All), lack)
	}
	return eval.Evaluate(j, 0, opts), nil
}

// compared measures two predictions against each other.
func (r *validateRun) compared(ctx context.Context, second string, inputs []string) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	known, err := r.known()
	if err != nil {
		return err
	}
	a, err := anyPredictor(ctx, r.compare, r.labelFlags, r.labelOptions(known))
	if err != nil {
		return err
	}
	b, err := anyPredictor(ctx, second, r.labelFlags, r.labelOptions(known))
	if err != nil {
		return err
	}
	t, sheets, err := r.trial(ctx, known, inputs, a, b)
	if err != nil {
		return err
	}
	opts, err := r.options(cmp.Or(b.set, a.set))
	if err != nil {
		return err
	}
	r.presenceNote(append(sheets, t.gold)...)
	j, err := eval.Join(r.joinOptions(), t.gold, sheets...)
	if err != nil {
		return fmt.Errorf("%s: %w", r.gold, err)
	}
	c := eval.Compare(j, opts)
	if r.errors != "" {
		err := r.writeRows(evaltext.NewJudged, func(rows *evaltext.Rows) error { return each(c.Changes, rows.Change) })
		if err != nil {
			return err
		}
	}
	names, about := evaltext.Pair{A: a.title(), B: b.title()}, r.about(titleOf(t.gold.Source), "", nil)
	about.Adjudicated = t.adjudicated
	if r.json {
		err = evaltext.ComparisonJSON(r.stdout, c, names, about)
	} else {
		if r.part != "" || t.gold.Images > 0 || about.Adjudicated != nil {
			fmt.Fprintf(r.stdout, "gold: %s%s\n%s", about.Gold, r.ofPart(), adjudication(about))
		}
		err = evaltext.Comparison(r.stdout, c, names, style)
	}
	return errors.Join(err, t.tally.failure())
}

// agreement compares two annotators.
func (r *validateRun) agreement(ctx context.Context, first, second string) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	known, err := r.known()
	if err != nil {
		return err
	}
	var sheets [2]*gold.Sheet
	for i, path := range []string{first, second} {
		if sheets[i], err = gold.Load(ctx, path, r.goldOptions(known, false)); err != nil {
			return err
		}
		newTally(r.app, r.quiet).notes(sheets[i].Source)
		if len(sheets[i].All) == 0 {
			return emptySheet(path)
		}
	}
	if sheets[0].Sentences != sheets[1].Sentences {
		sheets[0], sheets[1] = sheets[0].PerReport(), sheets[1].PerReport()
	}
	r.presenceNote(sheets[:]...)
	r.gold = first
	names := evaltext.Pair{A: titleOf(sheets[0].Source), B: titleOf(sheets[1].Source)}
	e, err := r.evaluate(sheets[0], sheets[1], nil)
	if err != nil {
		return err
	}
	err = r.files(e, evalpage.About{Gold: names.A, Prediction: names.B, GoldName: "A", PredictionName: "B"})
	switch {
	case err != nil:
	case r.json || r.brief != "":
		err = r.show(e, r.about(names.A, names.B, nil))
	default:
		err = evaltext.Agreement(r.stdout, e, names, style)
	}
	return errors.Join(err, r.gated(e.Figures))
}
