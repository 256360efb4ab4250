package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// predictor is where labels come from: a file that has them, or a labeler that
// is yet to give them to the inputs.
type predictor struct {
	name         string // for a person
	observations []corpus.Observation
	source       *gold.Source     // nil where labeler is set
	labeler      *labeler.Labeler // nil where source is set
	set          *rules.Set       // of the labeler
}

// title names the predictor for a person, and says of a file of images, once it
// has been read, that they were put together by study.
func (p *predictor) title() string {
	if p.source == nil {
		return p.name
	}
	return titleOf(p.source)
}

func titleOf(s *gold.Source) string {
	if s.Images == 0 {
		return s.Path
	}
	study := columns.Thousands(s.Studies) + " studies"
	if s.Studies == 1 {
		study = "1 study"
	}
	return fmt.Sprintf("%s, %s put together into %s, the strongest label of each", s.Path, columns.Count(s.Images, "image"), study)
}

// filePredictor opens a file of labels.
func filePredictor(ctx context.Context, path string, opts gold.Options) (*predictor, error) {
	source, err := gold.Open(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	return &predictor{name: path, observations: source.Observations, source: source}, nil
}

// rulesPredictor labels with the rule set that the flags name.
func rulesPredictor(f *labelFlags) (*predictor, error) {
	l, opts, err := f.labeler()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("rules %s %.12s, section %s", opts.Rules.Name, opts.Rules.Digest, opts.Section)
	return &predictor{name: name, observations: l.Observations(), labeler: l, set: opts.Rules}, nil
}

// anyPredictor takes a folder of rules, the name of an embedded rule set, or
// labels of any form. All rules label by the other flags alike.
func anyPredictor(ctx context.Context, arg string, f labelFlags, opts gold.Options) (*predictor, error) {
	_, err := os.Stat(arg)
	_, noRules := os.Stat(filepath.Join(arg, "ruleset.yaml"))
	switch {
	case noRules == nil:
		f.folder = arg
	case err != nil && slices.Contains(rules.Names(), arg):
		f.folder, f.name = "", arg
	case errors.Is(err, fs.ErrNotExist):
		return nil, &corpus.Problem{Place: corpus.Place{Path: arg}, What: "there is no such file or folder, nor an embedded rule set of this name",
			Do: "check the path; the rule sets are " + strings.Join(rules.Names(), ", ")}
	default:
		return filePredictor(ctx, arg, opts)
	}
	p, err := rulesPredictor(&f)
	if err == nil && f.folder != "" {
		p.name += " (" + arg + ")"
	}
	return p, err
}

// rows gives the labels of the inputs, or of the file. Problems come as errors
// between them.
func (p *predictor) rows(ctx context.Context, reports iter.Seq2[corpus.Report, error]) iter.Seq2[gold.Row, error] {
	if p.source != nil {
		return p.source.Rows(ctx)
	}
	return func(yield func(gold.Row, error) bool) {
		for result, err := range p.labeler.LabelAll(ctx, reports, 0) {
			if err != nil {
				if !yield(gold.Row{}, err) {
					return
				}
				continue
			}
			if !yield(gold.Of(result), nil) {
				return
			}
		}
	}
}

// sheet keeps the labels of a labeler. Problems of single reports are told and
// counted by t.
func (p *predictor) sheet(ctx context.Context, reports iter.Seq2[corpus.Report, error], t *tally) (*gold.Sheet, error) {
	sheet := &gold.Sheet{Source: &gold.Source{Path: p.name, Format: "labeler", Observations: p.observations, HasMentions: true, HasText: true}}
	seen := map[string]bool{}
	for row, err := range p.rows(ctx, reports) {
		var problem *corpus.Problem
		switch {
		case errors.As(err, &problem):
			t.problem(problem)
			continue
		case err != nil:
			return nil, err
		}
		if seen[row.ID] {
			t.problem(&corpus.Problem{Place: row.Place, What: "the id " + corpus.QuoteID(row.ID) + " has come already; the first report with it is measured"})
			continue
		}
		seen[row.ID] = true
		sheet.All = append(sheet.All, row)
		t.results++
		t.bar.set(t.results)
	}
	return sheet, ctx.Err()
}

// wanted are the reports whose id or study is one of ids, under that id.
type wanted struct {
	ids   map[string]bool
	other string // the first id that was not wanted
}

// of passes on the wanted reports of a stream.
func (w *wanted) of(reports iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for r, err := range lostOnly(reports) {
			id := corpus.StudyOf(r.ID)
			switch {
			case err != nil:
			case w.ids[id]:
				r.ID = id
			case w.ids[r.Study]:
				r.ID = r.Study
			default:
				w.other = cmp.Or(w.other, r.ID)
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// lostOnly leaves out the warnings of reports that were read, which the label
// command gives: here they are of no matter.
func lostOnly(reports iter.Seq2[corpus.Report, error]) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for r, err := range reports {
			var problem *corpus.Problem
			if errors.As(err, &problem) && !problem.Lost {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// ownTexts are the texts that a sheet of gold carries, as reports.
func ownTexts(sheet *gold.Sheet) iter.Seq2[corpus.Report, error] {
	return func(yield func(corpus.Report, error) bool) {
		for _, row := range sheet.All {
			if !yield(corpus.Report{ID: row.ID, Text: row.Text, Place: row.Place}, nil) {
				return
			}
		}
	}
}
