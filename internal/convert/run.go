package convert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
)

// Options say what is made of a label file. Zero values are those of Options.For.
type Options struct {
	Splits    []string  // rows of these alone; none: of all
	Views     []string  // images with these alone, as HasView knows them; none: all
	Study     bool      // a row a study, not one an image
	Reduce    Reduction // of the views of a study
	Blank     Blank
	Names     Names
	Uncertain Policy
	Layout    Layout
}

// For gives options without zero values: names are those of the layout and the
// layout that of the names, or both are the dataset's; uncertain labels without a
// rule have that of the layout.
func (o Options) For(d *dataset.Dataset) Options {
	if o.Layout == "" && o.Names == "" {
		o.Layout = OwnLayout(d)
	}
	o.Names = cmp.Or(o.Names, o.Layout.Names())
	o.Layout = cmp.Or(o.Layout, LayoutOf(d, o.Names))
	o.Uncertain.Rest = cmp.Or(o.Uncertain.Rest, o.Layout.Uncertain())
	o.Reduce, o.Blank = cmp.Or(o.Reduce, Max), cmp.Or(o.Blank, KeepBlank)
	return o
}

// leaves out a row, and says by what of it.
func (o Options) leaves(r Row) (by string, out bool) {
	switch {
	case len(o.Splits) > 0 && !slices.Contains(o.Splits, r.is.Split):
		return "split " + cmp.Or(r.is.Split, "not known"), true
	case len(o.Views) > 0 && !slices.ContainsFunc(o.Views, func(v string) bool { return HasView(v, r.is.View) }):
		return "view " + cmp.Or(r.is.View, "not known"), true
	}
	return "", false
}

// HasView reports whether a view is what a person named: by its name, such as PA, or
// frontal or lateral, under which names of projections fall.
func HasView(named, view string) bool {
	projection, frontal := strings.CutPrefix(view, "frontal ")
	switch strings.ToLower(named) {
	case "frontal":
		return frontal || view == "frontal" || view == "PA" || view == "AP"
	case "lateral":
		return !frontal && (strings.EqualFold(view, "lateral") || view == "LL")
	}
	return strings.EqualFold(named, projection)
}

// Writer takes the rows that are made, with a value for every column of Header.
type Writer interface {
	Write(texts []string, targets []Target) error
}

// Count is what became of the labels of one observation that is written.
type Count struct {
	Observation corpus.Observation
	Rule        Rule
	Changed     int // uncertain labels that the rule changed

	One, Zero, Uncertain, Missing int // targets
}

// Left is how many labels of an observation had no counterpart, or blank ones were
// filled.
type Left struct {
	Observation corpus.Observation
	Labels      int
}

// Summary accounts for every row and label.
type Summary struct {
	Read, Lost, Written int
	LeftOut             map[string]int // rows by Options.Splits and Views, with the split or view that they have
	Counts              []Count
	Filled              []Left // blank labels that became negative
	NoCounterpart       []Left // labels without a counterpart among the names
	Unknown             int    // rows whose Finding Labels is blank since not all diseases were judged
}

// Conversion is one that is ready to run.
type Conversion struct {
	opts    Options
	source  *Source
	rules   []Rule
	mapping *Mapping
	order   []int // of the targets as they are written
	summary Summary
	writer  Writer
	fault   func(*corpus.Problem)
}

// New checks that the options go together and with the file. The error is one of
// usage.
func New(s *Source, opts Options) (*Conversion, error) {
	opts = opts.For(s.dataset)
	c := &Conversion{opts: opts, source: s, mapping: NewMapping(s.Observations, s.Names, opts.Names)}
	c.summary.LeftOut = map[string]int{}
	var err error
	switch c.rules, err = opts.Uncertain.For(c.mapping.Targets); {
	case err != nil:
		return nil, fmt.Errorf("--uncertain: %w", err)
	case opts.Study && !s.hasStudies():
		return nil, errors.New("--level study: no column says which study an image is of")
	case opts.Layout == NIHLayout && opts.Names != NIHNames:
		return nil, fmt.Errorf("--layout %s lists ChestX-ray14's diseases; it goes with --names %s", NIHLayout, NIHNames)
	case opts.Layout == NIHLayout && opts.Uncertain.Uses(MultiClass):
		return nil, fmt.Errorf("--layout %s lists what is positive and has no place for a third class", NIHLayout)
	}
	c.order = opts.Layout.Order(c.mapping.Targets)
	for i, o := range c.mapping.Targets {
		c.summary.Counts = append(c.summary.Counts, Count{Observation: o, Rule: c.rules[i]})
	}
	for _, o := range s.Observations {
		c.summary.Filled = append(c.summary.Filled, Left{Observation: o})
		c.summary.NoCounterpart = append(c.summary.NoCounterpart, Left{Observation: o})
	}
	return c, nil
}

// Header gives the columns that are written: texts, and behind them targets.
func (c *Conversion) Header() (texts, targets []string) {
	texts = c.source.Beside(c.opts.Study)
	if c.opts.Layout == NIHLayout {
		return withFindings(texts, corpus.FindingLabels), nil
	}
	for _, i := range c.order {
		targets = append(targets, string(c.mapping.Targets[i]))
	}
	return texts, targets
}

// withFindings puts Finding Labels where ChestX-ray14 has it: behind the first column.
func withFindings(texts []string, findings string) []string {
	return slices.Insert(slices.Clone(texts), min(1, len(texts)), findings)
}

// Run reads all rows and writes what becomes of them. What is wrong with a row, which
// is then lost, goes to fault. Where the level is kept, nothing is held in memory but
// a hash of each id; else the labels and ids of each study are. The error is a
// NoRows, of ctx, or of what reads or writes.
func (c *Conversion) Run(ctx context.Context, w Writer, fault func(*corpus.Problem)) (*Summary, error) {
	c.writer, c.fault = w, fault
	each := func(r Row) error { return c.write(r.Beside, r.Labels) }
	studies := studies{at: map[string]int{}}
	if c.opts.Study && c.source.images {
		each = func(r Row) error { studies.add(c, r); return nil }
	}
	for row, err := range c.source.Rows(ctx) {
		var problem *corpus.Problem
		switch {
		case errors.As(err, &problem) && !problem.Lost:
			c.fault(problem)
			continue
		case errors.As(err, &problem):
			c.lost(problem)
			continue
		case err != nil:
			return nil, err
		}
		c.summary.Read++
		if by, out := c.opts.leaves(row); out {
			c.summary.LeftOut[by]++
			continue
		}
		if err := each(row); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(ctx.Err(), studies.write(c)); err != nil {
		return nil, err
	}
	if c.source.join != nil {
		c.summary.Read = c.source.join.rows
	}
	if c.summary.Read+c.summary.Lost == 0 {
		c.lost(&corpus.Problem{Place: corpus.Place{Path: c.source.Path}, What: "there is no row under the header", Do: "get the file again", Lost: true})
	}
	if c.summary.Written == 0 && len(c.summary.LeftOut) > 0 {
		return nil, NoRows(c.summary.LeftOut)
	}
	return &c.summary, nil
}

// NoRows is the error of options that leave out every row.
type NoRows map[string]int

func (e NoRows) Error() string {
	var have []string
	for _, by := range slices.Sorted(maps.Keys(e)) {
		have = append(have, fmt.Sprintf("%s (%s)", by, columns.Thousands(e[by])))
	}
	return "--split and --view leave no row: there are " + strings.Join(have, ", ")
}

func (c *Conversion) lost(p *corpus.Problem) {
	c.summary.Lost++
	c.fault(p)
}

// studies are the views of each study, in the order in which they begin.
type studies struct {
	at  map[string]int
	all []views
}

type views struct {
	beside []string // of the first
	first  Labels
	more   []Labels
	place  corpus.Place
}

func (s *studies) add(c *Conversion, r Row) {
	study := studyOf(c.source.dataset, c.source.beside, r)
	if i, ok := s.at[study]; ok {
		s.all[i].more = append(s.all[i].more, r.Labels)
		return
	}
	s.at[strings.Clone(study)] = len(s.all) // the fields of a row share one string
	v := views{first: r.Labels, place: r.Place}
	for _, i := range c.source.kept(true) {
		value := r.Beside[i]
		if c.source.beside[i].isPath() {
			value = path.Dir(value)
		}
		v.beside = append(v.beside, strings.Clone(value))
	}
	s.all = append(s.all, v)
}

func (s *studies) write(c *Conversion) error {
	for _, v := range s.all {
		labels := v.first
		if v.more != nil {
			var err error
			labels, err = c.opts.Reduce.Reduce(append(v.more, v.first), len(c.source.Observations))
			if err != nil {
				c.lost(&corpus.Problem{Place: v.place, What: err.Error(), Do: "name a rule with --reduce", Lost: true})
				continue
			}
		}
		if err := c.write(v.beside, labels); err != nil {
			return err
		}
	}
	return nil
}

// write takes the labels of a row through the steps that follow.
func (c *Conversion) write(beside []string, labels Labels) error {
	filled := c.opts.Blank.Fill(labels, c.source.Observations)
	if c.opts.Blank != KeepBlank || c.opts.Names != c.source.Names {
		for i := range c.source.Observations {
			if filled.At(i) != labels.At(i) {
				c.summary.Filled[i].Labels++
			}
			if c.mapping.Leaves(i, labels.At(i)) {
				c.summary.NoCounterpart[i].Labels++
			}
		}
	}
	mapped := c.mapping.Apply(filled)
	var room, ordered [dataset.MostLabels]Target
	targets := room[:len(c.mapping.Targets)]
	for i := range targets {
		a := mapped.At(i)
		targets[i] = c.rules[i].Target(a)
		c.summary.Counts[i].add(a, targets[i])
	}
	c.summary.Written++
	if c.opts.Layout == NIHLayout {
		findings := Findings(targets)
		if findings == "" {
			c.summary.Unknown++
		}
		return c.writer.Write(withFindings(beside, findings), nil)
	}
	for i, from := range c.order {
		ordered[i] = targets[from]
	}
	return c.writer.Write(beside, ordered[:len(c.order)])
}

func (c *Count) add(a corpus.Assertion, t Target) {
	if a == corpus.Uncertain && t != -1 {
		c.Changed++
	}
	switch t {
	case 0:
		c.Zero++
	case 1:
		c.One++
	case Missing:
		c.Missing++
	default:
		c.Uncertain++
	}
}
