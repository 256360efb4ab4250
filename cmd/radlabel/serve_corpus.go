package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/internal/review"
	"github.com/radlabel/radlabel/internal/serve"
)

// corpusFlags say which reports are served: an index, and a validation.
type corpusFlags struct {
	inputFlags
	index              string
	gold, goldID, pred string
	verdicts, reviewer string
}

func (f *corpusFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.index, "index", "", "`folder` of an index, to search")
	flags.StringVar(&f.gold, "gold", "", "`file` or folder of gold labels, to review the errors")
	flags.StringVar(&f.goldID, "gold-id", "", "`column` or field of the ids in gold (guessed)")
	flags.StringVar(&f.pred, "pred", "", "`file` of labels to review; without it the inputs are labelled now")
	flags.StringVar(&f.verdicts, "verdicts", "", "`file` that verdicts on errors are saved to, for validate --adjudicated")
	flags.StringVar(&f.reviewer, "reviewer", "", "`name` kept with verdicts (who runs this; with --users, who signs in)")
	offerFolders(cmd, "index")
	f.inputFlags.add(cmd)
}

// check refuses what does not go together.
func (f *corpusFlags) check(inputs []string) error {
	switch {
	case f.gold == "" && len(inputs) > 0:
		return fmt.Errorf("%s is an argument without --gold; inputs are labelled to be compared with gold, and radlabel index makes an index to search", inputs[0])
	case f.gold == "" && (f.pred != "" || f.verdicts != ""):
		return errors.New("--pred and --verdicts are of a review; give --gold FILE")
	case f.pred != "" && len(inputs) > 0:
		return fmt.Errorf("--pred has the labels, and %s is an input to label; give one of them", inputs[0])
	}
	return nil
}

// corpus opens what there is to search, to review and to try rules on, and gives
// what closes it.
func (r *serveRun) corpus(ctx context.Context, opts *serve.Options, inputs []string) (end func(), err error) {
	end = func() {}
	if r.index != "" {
		if opts.Index, err = index.Open(ctx, r.index); err != nil {
			return end, err
		}
		end = func() { opts.Index.Close() }
		if opts.Corpus, err = relabel.OfIndex(opts.Index, opts.Labelers[0].Rules()); err != nil {
			return end, err
		}
		opts.CorpusReports = opts.Index.Reports()
	}
	if r.gold == "" {
		return end, nil
	}
	var rows []gold.Row
	if opts.Review, rows, err = r.review(ctx, opts.Index, inputs); err != nil {
		return end, err
	}
	if opts.Corpus == nil && len(rows) > 0 {
		opts.Corpus, opts.CorpusReports = relabel.OfRows(rows), len(rows)
	}
	return end, nil
}

// review compares labels with gold as validate does. It gives the rows with texts
// beside.
func (r *serveRun) review(ctx context.Context, x *index.Index, inputs []string) (*serve.Review, []gold.Row, error) {
	v := &validateRun{app: r.app, inputFlags: r.inputFlags, labelFlags: r.labelFlags, gold: r.gold, goldID: r.goldID, pred: r.pred, task: taskLabels}
	known, err := v.known()
	if err != nil {
		return nil, nil, err
	}
	var p *predictor
	if r.pred != "" {
		p, err = filePredictor(ctx, r.pred, v.labelOptions(known))
	} else {
		p, err = rulesPredictor(&v.labelFlags)
	}
	if err != nil {
		return nil, nil, err
	}
	t, sheets, err := v.trial(ctx, known, inputs, p)
	if err != nil {
		return nil, nil, err
	}
	e, err := v.evaluate(t.gold, sheets[0], p.set)
	if err != nil {
		return nil, nil, err
	}
	rows := withTexts(sheets[0], t.gold)
	found := &serve.Review{Evaluation: e, Gold: titleOf(t.gold.Source), Prediction: p.title(), Text: textOf(rows, x), Reviewer: r.reviewerName()}
	if p.set != nil {
		found.RuleSet = p.set.Name
	}
	if r.verdicts != "" {
		found.Verdicts, err = review.OpenStore(r.verdicts)
	}
	return found, rows, err
}

// withTexts are the rows that hold their texts, each id once.
func withTexts(sheets ...*gold.Sheet) (rows []gold.Row) {
	seen := map[string]bool{}
	for _, s := range sheets {
		for _, row := range s.All {
			if row.Text != "" && !seen[row.ID] {
				seen[row.ID] = true
				rows = append(rows, gold.Row{ID: row.ID, Text: row.Text})
			}
		}
	}
	return rows
}

// textOf finds texts among rows, or in an index.
func textOf(rows []gold.Row, x *index.Index) func(id string) string {
	texts := make(map[string]string, len(rows))
	for _, row := range rows {
		texts[row.ID] = row.Text
	}
	return func(id string) string {
		if text, ok := texts[id]; ok || x == nil {
			return text
		}
		d, _, err := x.Document(context.Background(), id, index.Query{}, index.Exact)
		if err != nil {
			return "" // a search tells what is wrong with the index
		}
		return d.Text
	}
}

// reviewerName is the name that verdicts are kept with.
func (r *serveRun) reviewerName() string {
	if r.reviewer != "" {
		return r.reviewer
	}
	if who, err := user.Current(); err == nil {
		return who.Username
	}
	return ""
}
