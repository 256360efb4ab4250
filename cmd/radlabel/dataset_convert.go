package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/convert"
	"github.com/radlabel/radlabel/internal/output"
)

type convertRun struct {
	*app
	dataset                                             *dataset.Dataset
	out, uncertain, blank, level, reduce, names, layout string
	images                                              []string
	show, partial, quiet                                bool
	opts                                                convert.Options
}

// The levels of convert.
const (
	levelImage = "image"
	levelStudy = "study"
)

// convertCommand makes training targets of a label file of a dataset.
func (a *app) convertCommand(d *dataset.Dataset) *cobra.Command {
	r := &convertRun{app: a, dataset: d}
	cmd := &cobra.Command{
		Use:   "convert LABELS -o OUT",
		Short: "Make training targets of a label file: uncertain labels, levels, names, layouts",
		Long: `Convert makes training targets of the labels of a dataset: its own label file, or
the table, JSON lines or Parquet that radlabel wrote. The columns of ids are kept as
they are, and so are views, sexes, ages and splits.

The steps are always in this order:
` + r.firstStep() + `  rows of a split or a view are kept       --split, --view
  the views of a study become one row      --level study, --reduce
  blanks are filled                        --blank
  observations get other names             --names
  uncertain labels get their rule          --uncertain
  rows are written                         --layout

--uncertain takes the approaches of the CheXpert paper, one for all or one for some and
one for the rest: ignore (no target), zeros, ones, multiclass (2, a class of its own),
or keep (-1). Unless told, it is ignore for the layout torchxrayvision, whose loaders
read -1 as missing, and keep for the others. --show prints how names are mapped, and
why.`,
		Example: r.examples(),
		Args:    func(cmd *cobra.Command, args []string) error { return r.check(cmd, args) },
		RunE:    action(r.run),
	}
	r.addFlags(cmd)
	return cmd
}

// hasTables says whether the dataset has tables of images beside its labels.
func (r *convertRun) hasTables() bool { return len(convert.Tables(r.dataset)) > 0 }

// firstStep is what the tables of images are for.
func (r *convertRun) firstStep() string {
	switch {
	case !r.hasTables():
		return ""
	case r.dataset.Studies:
		return "  labels of a study become those of each\n  image, with its split and view           --images\n"
	}
	return "  images get their split                   --images\n"
}

// examples are those of the help.
func (r *convertRun) examples() string {
	command := "  radlabel dataset " + r.dataset.Name + " convert "
	first := "labels.csv -o targets.csv --split train --view frontal"
	switch r.dataset {
	case dataset.MIMIC:
		first = "mimic-cxr-2.0.0-chexpert.csv.gz --images split.csv.gz,metadata.csv.gz --split train --view PA,AP -o train.csv"
	case dataset.ChestXray14:
		first = "Data_Entry_2017.csv --images train_val_list.txt,test_list.txt --split train_val -o train.csv"
	}
	return command + first + "\n" +
		command + "labels.csv -o targets.csv --uncertain zeros,Atelectasis=ones,Edema=ones\n" +
		command + "labels.csv.gz -o targets.parquet --names torchxrayvision --level study\n" +
		command + "--names chestx-ray14 --show"
}

func (r *convertRun) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&r.out, "output", "o", "-", "write to this `file`: .csv, .csv.gz, .csv.zst or .parquet; - is standard output")
	if r.hasTables() {
		flags.StringSliceVar(&r.images, "images", nil, "tables of images, `files` or folders joined by commas: "+oneOf(convert.Tables(r.dataset)))
		_ = cmd.MarkFlagFilename("images")
	}
	flags.StringSliceVar(&r.opts.Splits, "split", nil, "keep the rows of these `splits` alone: "+strings.Join(r.dataset.Splits, ", "))
	flags.StringSliceVar(&r.opts.Views, "view", nil, "keep the images with these `views` alone: frontal, lateral, or a name such as PA")
	flags.StringVar(&r.uncertain, "uncertain", "", "`rules` for uncertain labels, joined by commas: "+oneOf(convert.Rules())+", or OBSERVATION=RULE (that of the layout)")
	flags.StringVar(&r.blank, "blank", string(convert.KeepBlank), "what a blank label becomes: keep, zeros, healthy (0 where No Finding is 1, but for Support Devices)")
	flags.StringVar(&r.level, "level", levelImage, "`level` of the rows: image (as they are), or study")
	flags.StringVar(&r.reduce, "reduce", string(convert.Max), "`rule` by which the views of a study make one label: "+oneOf(convert.Reductions()))
	flags.StringVar(&r.names, "names", "", "`names` of the observations: "+oneOf(convert.AllNames())+" (those of the layout)")
	flags.StringVar(&r.layout, "layout", "", "`layout` of the labels: "+oneOf(convert.Layouts())+" (that of the names, else of the dataset)")
	flags.BoolVar(&r.show, "show", false, "print how names are mapped to those of --names, and read nothing")
	flags.BoolVar(&r.partial, "partial", false, "take a file that lacks observations, and leave them blank")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no summary, notes or warnings: errors alone")
	offerList(cmd, "split", func() []string { return r.dataset.Splits })
	offerList(cmd, "view", func() []string { return []string{"frontal", "lateral", "PA", "AP"} })
	offerList(cmd, "uncertain", func() []string { return namesOf(convert.Rules()) })
	offer(cmd, "blank", func() []string { return namesOf(convert.Blanks()) })
	offer(cmd, "level", func() []string { return []string{levelImage, levelStudy} })
	offer(cmd, "reduce", func() []string { return namesOf(convert.Reductions()) })
	offer(cmd, "names", func() []string { return namesOf(convert.AllNames()) })
	offer(cmd, "layout", func() []string { return namesOf(convert.Layouts()) })
}

// oneOf are the values of a flag, as its help names them.
func oneOf[T ~string](values []T) string { return strings.Join(namesOf(values), ", ") }

// check reads the options.
func (r *convertRun) check(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("uncertain") {
		var err error
		if r.opts.Uncertain, err = convert.ParsePolicy(r.uncertain); err != nil {
			return fmt.Errorf("--uncertain: %w", err)
		}
	}
	for _, split := range r.opts.Splits {
		if !slices.Contains(r.dataset.Splits, split) {
			return fmt.Errorf("--split %q is not known; use %s", split, strings.Join(r.dataset.Splits, ", "))
		}
	}
	r.opts.Study = r.level == levelStudy
	if !r.opts.Study && r.level != levelImage {
		return fmt.Errorf("--level %q is not known; use %s or %s", r.level, levelImage, levelStudy)
	}
	err := errors.Join(
		chosen("blank", r.blank, convert.Blanks(), &r.opts.Blank),
		chosen("reduce", r.reduce, convert.Reductions(), &r.opts.Reduce),
		chosen("names", r.names, convert.AllNames(), &r.opts.Names),
		chosen("layout", r.layout, convert.Layouts(), &r.opts.Layout),
	)
	switch {
	case err != nil:
		return err
	case !r.opts.Study && cmd.Flags().Changed("reduce"):
		return errors.New("--reduce is for --level study")
	case r.show && len(args) > 0:
		return errors.New("--show reads nothing; leave the labels out")
	case r.show:
		return nil
	case len(args) != 1:
		return fmt.Errorf("want one label file, and there are %d", len(args))
	}
	r.opts = r.opts.For(r.dataset)
	return nil
}

// chosen takes the value of a flag where it is one of those there are, or "".
func chosen[T ~string](flag, value string, all []T, into *T) error {
	*into = T(value)
	if value != "" && !slices.Contains(all, *into) {
		return fmt.Errorf("--%s %q is not known; use %s", flag, value, oneOf(all))
	}
	return nil
}

func (r *convertRun) run(ctx context.Context, args []string) error {
	if r.show {
		return r.showNames()
	}
	format, err := output.ParseName(r.out)
	if err != nil || format.Kind == "jsonl" {
		return usagef("-o %s: name the file .csv, .csv.gz, .csv.zst or .parquet", r.out)
	}
	if err := overwrites(append(args, r.images...), r.out); err != nil {
		return err
	}
	t := newTally(r.app, r.quiet)
	source, images, err := r.open(ctx, args[0], t)
	if err != nil {
		return err
	}
	c, err := convert.New(source, r.opts)
	if err != nil {
		return failure{exitUsage, err}
	}
	summary, err := r.write(ctx, c, format, t)
	if err != nil {
		return err
	}
	if !r.quiet {
		for _, note := range source.Notes {
			fmt.Fprintf(r.stderr, "%s: %s\n", source.Path, note)
		}
		r.summary(t, summary, images)
	}
	switch {
	case t.lost == 0:
		return nil
	case r.quiet:
		return fmt.Errorf("radlabel: %s could not be read", columns.Count(t.lost, "row"))
	}
	return failure{code: exitIO} // the summary has said it
}

// open opens the labels, and the tables of their images; nil are none.
func (r *convertRun) open(ctx context.Context, labels string, t *tally) (*convert.Source, *convert.Images, error) {
	source, err := convert.Open(ctx, labels, r.dataset, r.partial)
	if err != nil || r.images == nil {
		return source, nil, err
	}
	images, err := convert.OpenImages(ctx, r.dataset, r.images, t.problem)
	if err != nil {
		return nil, nil, err
	}
	source.Join(images)
	return source, images, nil
}

// write writes what is converted, in place when whole.
func (r *convertRun) write(ctx context.Context, c *convert.Conversion, format output.Format, t *tally) (*convert.Summary, error) {
	out, err := r.create(r.out)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	texts, numbers := c.Header()
	w, err := output.NewTable(out, format, output.TableOptions{
		Texts: texts, Numbers: numbers, Missing: r.opts.Layout.Missing(), Tool: "radlabel", Version: version(),
	})
	if err != nil {
		return nil, err
	}
	summary, err := c.Run(ctx, w, t.problem)
	var none convert.NoRows
	switch {
	case errors.As(err, &none) && r.hasTables() && r.images == nil:
		return nil, usagef("%w; --images takes the tables that tell", none)
	case errors.As(err, &none):
		return nil, failure{exitUsage, none}
	case err != nil:
		return nil, err
	}
	t.results = summary.Written
	return summary, t.finish(w, out)
}

// summary accounts for every row and label on stderr.
func (r *convertRun) summary(t *tally, s *convert.Summary, images *convert.Images) {
	var b strings.Builder
	each := "row"
	switch {
	case r.opts.Study:
		each = "study"
	case images != nil:
		each = "image"
	}
	fmt.Fprintf(&b, "%s read, %s lost; ", columns.Count(s.Read, "row"), columns.Thousands(s.Lost))
	if t.nothing() {
		b.WriteString("nothing written, since none could be read\n")
	} else {
		where := cmp.Or(strings.TrimPrefix(r.out, "-"), "standard output")
		fmt.Fprintf(&b, "%s written to %s, one per %s\n", columns.Thousands(s.Written), where, each)
	}
	t.writeKinds(&b)
	imageLines(&b, images)
	for _, by := range slices.Sorted(maps.Keys(s.LeftOut)) {
		fmt.Fprintf(&b, "left out, %s: %s\n", by, columns.Thousands(s.LeftOut[by]))
	}
	r.labelLines(&b, s)
	io.WriteString(r.stderr, b.String())
}

// imageLines account for the images of the tables.
func imageLines(b *strings.Builder, m *convert.Images) {
	if m == nil {
		return
	}
	fmt.Fprintf(b, "%s in %s\n", columns.Count(m.Count, "image"), strings.Join(m.Files, ", "))
	if m.Unlabelled > 0 {
		fmt.Fprintf(b, "images without labels, left out: %s\n", columns.Thousands(m.Unlabelled))
	}
	if m.Imageless > 0 {
		fmt.Fprintf(b, "rows of labels whose image the tables do not have: %s\n", columns.Thousands(m.Imageless))
	}
}

// labelLines tell what became of labels.
func (r *convertRun) labelLines(b *strings.Builder, s *convert.Summary) {
	fmt.Fprintf(b, "names %s, layout %s, blanks: %s", r.opts.Names, r.opts.Layout, r.opts.Blank)
	if r.opts.Study {
		fmt.Fprintf(b, ", views: %s", r.opts.Reduce)
	}
	b.WriteByte('\n')
	tab := columns.New("observation", columns.Right("1"), columns.Right("0"), columns.Right("uncertain"), columns.Right("blank"), "rule", columns.Right("labels changed by it"))
	uncertain, changed := 0, 0
	for _, c := range s.Counts {
		uncertain, changed = uncertain+c.Uncertain, changed+c.Changed
		n := columns.Thousands
		tab.AppendRow(table.Row{string(c.Observation), n(c.One), n(c.Zero), n(c.Uncertain), n(c.Missing), string(c.Rule), n(c.Changed)})
	}
	fmt.Fprintf(b, "%s\n", tab.Render())
	left(b, "blank labels that became 0", s.Filled)
	left(b, "labels without a counterpart, left out", s.NoCounterpart)
	switch {
	case r.opts.Layout == convert.XRVLayout && r.uncertain == "" && changed > 0:
		fmt.Fprintf(b, "uncertain labels, which are missing in this layout unless --uncertain says otherwise: %s\n", columns.Thousands(changed))
	case r.opts.Layout == convert.XRVLayout && uncertain > 0:
		fmt.Fprintf(b, "uncertain labels, which the loaders of torchxrayvision read as missing where they are -1: %s\n", columns.Thousands(uncertain))
	case r.opts.Layout == convert.NIHLayout && uncertain > 0:
		fmt.Fprintf(b, "uncertain labels, which Finding Labels does not list: %s\n", columns.Thousands(uncertain))
	}
	if r.opts.Layout == convert.NIHLayout && s.Unknown > 0 {
		fmt.Fprintf(b, "rows with blank Finding Labels, since nothing is positive and not all is negative: %s\n", columns.Thousands(s.Unknown))
	}
}

// left tells counts by observation, where there are any.
func left(w io.Writer, what string, all []convert.Left) {
	var parts []string
	total := 0
	for _, l := range all {
		if total += l.Labels; l.Labels > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", l.Observation, columns.Thousands(l.Labels)))
		}
	}
	if total > 0 {
		fmt.Fprintf(w, "%s: %s (%s)\n", what, columns.Thousands(total), strings.Join(parts, ", "))
	}
}

// showNames prints the mapping between CheXpert's names and ChestX-ray14's, and, for
// torchxrayvision's, which of them have a place there.
func (r *convertRun) showNames() error {
	if r.opts.Names == convert.XRVNames {
		_, err := fmt.Fprintf(r.stdout, "torchxrayvision's names, in its order: %s.\nPleural Effusion is called Effusion; every other observation keeps its name, or has no place.\n", oneOf(convert.XRVNames.Observations()))
		return err
	}
	t := columns.New("CheXpert", "ChestX-ray14", "to ChestX-ray14", "to CheXpert", "reason")
	for _, m := range convert.Terms() {
		t.AppendRow(table.Row{cmp.Or(string(m.CheXpert), "-"), cmp.Or(string(m.NIH), "-"), string(m.ToNIH), string(m.ToCheXpert), m.Reason})
	}
	_, err := fmt.Fprintln(r.stdout, t.Render())
	return err
}

// agreeCommand compares two label files of a dataset: validate --task agreement, with
// the observations of the dataset.
func (a *app) agreeCommand(d *dataset.Dataset) *cobra.Command {
	r := &validateRun{app: a, task: taskAgreement, needIDs: true}
	r.labelFlags.name = "chexpert"
	if d == dataset.ChestXray14 {
		r.labelFlags.name = "chestxray14"
	}
	pair := "mimic-cxr-2.0.0-chexpert.csv.gz labels.csv"
	switch d {
	case dataset.CheXpert:
		pair = "groundtruth.csv predictions.csv"
	case dataset.ChestXray14:
		pair = "Data_Entry_2017_v2020.csv labels.csv"
	}
	cmd := &cobra.Command{
		Use:   "agree A B",
		Short: "Compare two label files: kappa of every observation, shares of equal labels",
		Long: `Agree compares two label files by id, such as the published labels and one's own:
for each observation Cohen's kappa and the share of labels alike, with intervals, and
the positive labels on both sides; then from what to what labels differ. Files are of
any kind that validate reads. It is validate --task agreement for the label files of a
dataset.`,
		Example: "  radlabel dataset " + d.Name + " agree " + pair + " --errors apart.csv",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want two label files, A and B, and there are %d", len(args))
			}
			return r.check(cmd, args)
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.goldID, "id-column", "", "`column` of the ids (guessed)")
	flags.StringSliceVar(&r.only, "observations", nil, "only these observations, by `names` joined by commas")
	flags.StringArrayVar(&r.gates, "gate", nil, "`conditions` joined by commas, such as 'kappa.micro>=0.8'; exit 1 where one fails")
	flags.StringVar(&r.html, "html", "", "write a page for a browser to this `file`")
	flags.StringVar(&r.errors, "errors", "", "write every label that differs to this `file`, .csv or .jsonl")
	flags.BoolVar(&r.json, "json", false, "print all figures as a JSON object")
	flags.IntVar(&r.resamples, "resamples", 1000, "`number` of bootstrap samples; 0: no intervals")
	flags.Uint64Var(&r.seed, "seed", 1, "`seed` of the bootstrap")
	flags.IntVar(&r.examples, "examples", 0, "`number` of differing labels to print in full")
	flags.StringVar(&r.colours, "color", "auto", "`when` to colour the text: auto, always, never")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress, notes or warnings: errors alone")
	offer(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	return cmd
}
