package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/evaltext"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/rules"
)

type validateRun struct {
	*app
	inputFlags
	labelFlags
	ids          idsFlag
	gold, goldID string
	needIDs      bool // rows are not matched by their order
	pred         string
	adjudicated  string
	compare      string
	task         string
	only         []string
	by           string
	part         string
	of           gold.Part
	gates        []string
	terms        []eval.Term
	html, errors string
	json         bool
	brief        string
	resamples    int
	seed         uint64
	examples     int
	colours      string
	quiet        bool
}

// The tasks of validate.
const (
	taskLabels    = "labels"
	taskPresence  = "presence"
	taskAgreement = "agreement"
	taskNegEx     = "negex"
	taskBioScope  = "bioscope"
)

func tasks() []string {
	return []string{taskLabels, taskPresence, taskAgreement, taskNegEx, taskBioScope}
}

func (a *app) validateCommand() *cobra.Command {
	r := &validateRun{app: a}
	cmd := &cobra.Command{
		Use:   "validate --gold GOLD (--pred LABELS | INPUT...) | --gold GOLD --compare A B [INPUT...] | --task TASK FILE...",
		Short: "Measure labels against gold: figures, intervals, errors with their cause",
		Long: `Validate compares labels with gold: those of a file (--pred), those that the rules
give the inputs now, or, where gold carries its texts, those that the rules give
these. It prints precision, recall and F1 of every observation for mention,
positive, negation and uncertain, with 95 % bootstrap intervals, and the labels that
differ, with the sentence, the mention, the cue and the rule behind each.

Gold and labels are CSV (radlabel's, MIMIC-CXR's, CheXpert's), JSON lines, Parquet,
or the exports of brat, doccano and Label Studio; rows are matched by id. Labels of
images are put together by study: the strongest label of each.

--compare A B measures two predictions on the same gold: files of labels, folders
of rules, or names of embedded rule sets. --task presence asks of each label only
whether it is positive, for gold that knows no negation. --task agreement A B
compares two annotators. --task negex and --task bioscope measure negation alone on
the corpora of these names.

--adjudicated FILE takes verdicts on errors, given in the browser with radlabel
serve --gold, into gold: its errors are corrected, ambiguous labels left out.

With --gate, the exit code is 1 where a condition does not hold.`,
		Example: `  radlabel validate --gold gold.csv --pred labels.jsonl --html page.html
  radlabel validate --gold gold.csv reports.csv --section all --rules my-rules
  radlabel validate --gold gold.csv --compare chexpert my-rules reports.csv
  radlabel validate --gold gold.csv reports.csv --gate 'mention.micro>=0.98,"Pleural Effusion".negation>=0.97'`,
		Args: func(cmd *cobra.Command, args []string) error { return r.check(cmd, args) },
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.gold, "gold", "", "`file` or folder of gold labels")
	flags.StringVar(&r.goldID, "gold-id", "", "`column` or field of the ids in gold (guessed)")
	flags.StringVar(&r.pred, "pred", "", "`file` of labels to measure; without it the inputs are labelled now")
	flags.StringVar(&r.adjudicated, "adjudicated", "", "`file` of verdicts on errors, as radlabel serve saves them: errors of gold are corrected, ambiguous labels left out")
	flags.StringVar(&r.compare, "compare", "", "compare `A` with the argument behind it: --compare A B")
	flags.StringVar(&r.task, "task", taskLabels, "what is measured: "+strings.Join(tasks(), ", "))
	flags.StringSliceVar(&r.only, "observations", nil, "only these observations, by `names` joined by commas")
	flags.StringVar(&r.by, "by", "", "also sum up by this `column` of gold")
	flags.StringVar(&r.part, "part", "", "only one of N equal parts of gold, `I/N`, by a hash of the ids: write rules on 1/2, measure on 2/2")
	flags.StringArrayVar(&r.gates, "gate", nil, "`conditions` joined by commas, such as 'mention.micro>=0.98'; exit 1 where one fails")
	flags.StringVar(&r.html, "html", "", "write a page for a browser to this `file`")
	flags.StringVar(&r.errors, "errors", "", "write every label that differs to this `file`, .csv or .jsonl")
	flags.BoolVar(&r.json, "json", false, "print all figures as a JSON object")
	flags.StringVar(&r.brief, "brief", "", "print one line of a table under this `name`, or with --by one a group, and no more")
	flags.IntVar(&r.resamples, "resamples", 1000, "`number` of bootstrap samples; 0: no intervals")
	flags.Uint64Var(&r.seed, "seed", 1, "`seed` of the bootstrap")
	flags.IntVar(&r.examples, "examples", 10, "`number` of differing labels to print in full")
	flags.StringVar(&r.colours, "color", "auto", "`when` to colour the text: auto, always, never")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress, notes or warnings: errors alone")
	cmd.MarkFlagsMutuallyExclusive("json", "brief")
	cmd.MarkFlagsMutuallyExclusive("pred", "compare")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	r.ids.add(cmd)
	offer(cmd, "task", tasks)
	offerList(cmd, "observations", func() []string {
		set, err := r.load()
		if err != nil {
			return nil
		}
		return namesOf(set.Observations)
	})
	offer(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	return cmd
}

// check refuses what does not go together before anything is read.
func (r *validateRun) check(cmd *cobra.Command, args []string) error {
	files := map[string]int{taskAgreement: 2, taskNegEx: 1, taskBioScope: 1}
	n, alone := files[r.task]
	given := func(names ...string) string {
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				return name
			}
		}
		return ""
	}
	switch {
	case !slices.Contains(tasks(), r.task):
		return fmt.Errorf("--task %q is not known; use %s", r.task, strings.Join(tasks(), ", "))
	case alone && given("ids") != "":
		return fmt.Errorf("--ids is not for --task %s", r.task)
	case alone && given("gold", "pred", "compare", "adjudicated") != "":
		return fmt.Errorf("--task %s takes its files as arguments, without --%s", r.task, given("gold", "pred", "compare", "adjudicated"))
	case alone && len(args) != n:
		return fmt.Errorf("--task %s wants %s, and there are %d", r.task, columns.Count(n, "file"), len(args))
	case alone && r.task != taskAgreement && given("html", "by", "observations") != "":
		return fmt.Errorf("--%s is not for --task %s", given("html", "by", "observations"), r.task)
	case r.task == taskAgreement && given("part") != "":
		return errors.New("--part is not for --task agreement")
	case !alone && r.gold == "":
		return errors.New("no gold; give --gold FILE")
	case r.compare != "" && r.second() == "":
		return errors.New("--compare wants two, one behind the other: --compare A B")
	case r.compare != "" && given("gate", "html", "brief", "by") != "":
		return fmt.Errorf("--%s is not for --compare; validate A and B by themselves", given("gate", "html", "brief", "by"))
	case r.pred != "" && len(args) > 0:
		return fmt.Errorf("--pred has the labels, and %s is an input to label; give one of them", args[0])
	case r.resamples != 0 && r.resamples < fewestResamples:
		return fmt.Errorf("--resamples %d: want 0, for no intervals, or %d and more", r.resamples, fewestResamples)
	case r.examples < 0:
		return errors.New("--examples wants a number from 0")
	case r.errors != "" && r.errors == r.html:
		return fmt.Errorf("--errors and --html both name %s", r.html)
	}
	if r.errors != "" && rowsForm(r.errors) == "" {
		return fmt.Errorf("--errors %s: name the file .csv or .jsonl", r.errors)
	}
	if given("part") != "" {
		var err error
		if r.of, err = gold.ParsePart(r.part); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	for _, gate := range r.gates {
		terms, err := eval.ParseGate(gate)
		if err != nil {
			return err
		}
		r.terms = append(r.terms, terms...)
	}
	return nil
}

// fewestResamples is how many samples an interval of 95 % asks for at least.
const fewestResamples = 100

// second is the argument behind the value of --compare, whatever else stands
// before or behind the two.
func (r *validateRun) second() string {
	for i, arg := range r.args {
		behind := i + 1
		if arg == "--compare" {
			behind++
		} else if !strings.HasPrefix(arg, "--compare=") {
			continue
		}
		if behind < len(r.args) && !strings.HasPrefix(r.args[behind], "-") {
			return r.args[behind]
		}
	}
	return ""
}

func (r *validateRun) run(ctx context.Context, args []string) error {
	for _, out := range []string{r.html, r.errors} {
		if err := overwrites(append([]string{r.gold, r.pred, r.compare, r.adjudicated}, args...), out); out != "" && err != nil {
			return err
		}
	}
	if err := r.ids.load(r.app, args); err != nil {
		return err
	}
	switch {
	case r.task == taskNegEx || r.task == taskBioScope:
		return r.assertions(args[0])
	case r.task == taskAgreement:
		return r.agreement(ctx, args[0], args[1])
	case r.compare != "":
		i := slices.Index(args, r.second())
		return r.compared(ctx, r.second(), slices.Delete(slices.Clone(args), i, i+1))
	}
	return r.evaluated(ctx, args)
}

// about says what is measured, and by what.
func (r *validateRun) about(g, prediction string, set *rules.Set) evaltext.About {
	about := evaltext.About{Tool: "radlabel", Version: version(), Gold: g, Part: r.part, Prediction: prediction}
	if set != nil {
		about.RuleSet, about.Digest, about.Section = set.Name, set.Digest, r.section
	}
	return about
}

// adjudication is the line that tells of verdicts; "" where none are applied.
func adjudication(about evaltext.About) string {
	if about.Adjudicated == nil {
		return ""
	}
	return fmt.Sprintf("adjudicated: %s, %s\n", about.Adjudicated.File, about.Adjudicated.Applied)
}

// ofPart names the part of gold that is measured, behind the name of gold.
func (r *validateRun) ofPart() string {
	if r.part == "" {
		return ""
	}
	return ", part " + r.part
}

// files writes the errors and the page, where they were asked for.
func (r *validateRun) files(e *eval.Evaluation, page evalpage.About) error {
	if r.errors != "" {
		err := r.writeRows(evaltext.NewErrors, func(rows *evaltext.Rows) error { return each(e.Errors, rows.Error) })
		if err != nil {
			return err
		}
	}
	if r.html == "" {
		return nil
	}
	page.Title, page.MadeBy, page.Part = "Validation", "radlabel "+version(), r.part
	return r.writeFile(r.html, func(w io.Writer) error { return evalpage.HTML(w, e, page) })
}

// show prints the evaluation.
func (r *validateRun) show(e *eval.Evaluation, about evaltext.About) error {
	style, err := r.style()
	if err != nil {
		return err
	}
	switch {
	case r.json:
		return evaltext.JSON(r.stdout, e, about)
	case r.brief != "" && e.Groups != nil:
		return evaltext.BriefGroups(r.stdout, r.brief, e.Groups)
	case r.brief != "":
		return evaltext.Brief(r.stdout, r.brief, e)
	}
	fmt.Fprintf(r.stdout, "gold: %s%s\n%sprediction: %s\n", about.Gold, r.ofPart(), adjudication(about), about.Prediction)
	return evaltext.Evaluation(r.stdout, e, style)
}

func (r *validateRun) style() (evaltext.Style, error) {
	colour, err := r.colour(r.colours)
	return evaltext.Style{Colour: colour, Examples: r.examples}, err
}

// writeRows writes the file of --errors.
func (r *validateRun) writeRows(begin func(io.Writer, string) (*evaltext.Rows, error), fill func(*evaltext.Rows) error) error {
	return r.writeFile(r.errors, func(w io.Writer) error {
		rows, err := begin(w, rowsForm(r.errors))
		if err != nil {
			return err
		}
		return errors.Join(fill(rows), rows.Close())
	})
}

func each[T any](all []T, do func(T) error) error {
	for _, one := range all {
		if err := do(one); err != nil {
			return err
		}
	}
	return nil
}

// gated fails where the figures do.
func (r *validateRun) gated(figures []eval.Figure) error {
	failed, err := eval.Check(r.terms, figures)
	if err != nil {
		return failure{exitUsage, fmt.Errorf("--gate: %w", err)}
	}
	if len(failed) == 0 {
		if len(r.terms) > 0 && !r.quiet {
			fmt.Fprintf(r.stderr, "gate: %s\n", columns.Count(len(r.terms), "condition")+", all hold")
		}
		return nil
	}
	var b strings.Builder
	for _, f := range failed {
		fmt.Fprintf(&b, "gate failed: %s\n", f)
	}
	return failure{exitCheck, errors.New(b.String())}
}
