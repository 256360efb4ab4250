package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evaltext"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/negation"
	"github.com/radlabel/radlabel/rules"
)

// assertions measures package negation by itself on a corpus of NegEx's or
// BioScope's form.
func (r *validateRun) assertions(path string) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	set, engine, err := r.engine()
	if err != nil {
		return err
	}
	t := newTally(r.app, r.quiet)
	result, err := r.measured(path, engine, t)
	if err != nil {
		return err
	}
	about := evaltext.About{
		Tool: "radlabel", Version: version(), RuleSet: set.Name, Digest: set.Digest, Gold: path, Part: r.part,
		Prediction: fmt.Sprintf("rules %s %.12s", set.Name, set.Digest),
	}
	if r.errors != "" {
		err := r.writeRows(evaltext.NewAssertions, func(rows *evaltext.Rows) error { return each(result.Errors, rows.Assertion) })
		if err != nil {
			return err
		}
	}
	switch {
	case r.json:
		err = evaltext.AssertionsJSON(r.stdout, &result, about)
	case r.brief != "":
		err = evaltext.AssertionsBrief(r.stdout, r.brief, &result)
	default:
		fmt.Fprintf(r.stdout, "gold: %s%s\nprediction: %s\n", about.Gold, r.ofPart(), about.Prediction)
		err = evaltext.Assertions(r.stdout, &result, style)
	}
	return errors.Join(err, r.gated(result.Figures), t.failure())
}

// engine prepares the negation of the rule set.
func (r *validateRun) engine() (*rules.Set, *negation.Engine, error) {
	set, err := r.load()
	if err != nil {
		return nil, nil, err
	}
	matcher, err := set.Compile()
	if err != nil {
		return nil, nil, err
	}
	engine, err := negation.New(set, matcher)
	return set, engine, err
}

// measured reads the corpus and scores it. Rows that cannot be used, of which the
// published files have some, are told; lines that cannot be read are lost.
func (r *validateRun) measured(path string, engine *negation.Engine, t *tally) (eval.AssertionResult, error) {
	opts := eval.Options{Resamples: r.resamples, Seed: r.seed}
	if r.task == taskBioScope {
		sentences, left, err := gold.LoadBioScope(path)
		if err != nil {
			return eval.AssertionResult{}, err
		}
		leftOut(t, left)
		sentences = slices.DeleteFunc(sentences, func(s gold.ScopedSentence) bool { return !r.of.Has(s.ID) })
		if len(sentences) == 0 {
			return eval.AssertionResult{}, r.emptyPart(path)
		}
		return eval.Scopes(engine, sentences, opts), nil
	}
	concepts, left, err := gold.LoadNegEx(path)
	if err != nil {
		return eval.AssertionResult{}, err
	}
	leftOut(t, left)
	concepts = slices.DeleteFunc(concepts, func(c gold.Concept) bool { return !r.of.Has(c.ID) })
	if len(concepts) == 0 {
		return eval.AssertionResult{}, r.emptyPart(path)
	}
	return eval.Negated(engine, concepts, opts), nil
}

func leftOut(t *tally, left []*corpus.Problem) {
	for _, problem := range left {
		t.problem(problem)
	}
	if len(left) > 0 && !t.quiet {
		fmt.Fprintf(t.stderr, "%s left out\n", columns.Count(len(left), "row"))
	}
}
