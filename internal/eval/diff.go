package eval

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

// Diff counts what changed between two label sources that are read side by
// side, in whatever order each has its rows. It holds counts, some examples, and
// the rows that wait for their partner; sources in the same order keep none
// waiting.
type Diff struct {
	Observations []corpus.Observation // that both have, in the new one's order
	OldLacks     []corpus.Observation
	NewLacks     []corpus.Observation
	Reports      int         // that both have
	Changed      int         // of them, those with some label changed
	Labels       int         // changed labels
	By           []Confusion // of each observation, [old][new]

	// Presence asks of each label only whether it is positive: everything else
	// counts as unmentioned, for a source that lists what is positive alone.
	Presence bool
	// Each is given every change as it is found. It may be nil.
	Each func(Change) error
	// Progress is told the number of reports that have been compared, after each
	// row. It may be nil.
	Progress func(reports int)
	// Examples of each observation and kind are kept, up to this many.
	Most int

	examples map[exampleKey][]Change
	causes   map[Cause]int
	columns  [2][]int
	waiting  [2]map[string]gold.Row
	seed     maphash.Seed
	seen     map[uint64]uint8 // the sides that have given an id, by its hash
}

type exampleKey struct {
	observation int
	old, new    corpus.Assertion
}

// Cause is the rules and cues behind a change: those of the first decisive
// mention of the old and of the new label. A label that no mention made has
// none.
type Cause struct {
	Observation        corpus.Observation
	OldRule, OldCue    string
	NewRule, NewCue    string
	OldLabel, NewLabel corpus.Assertion
}

// NewDiff prepares the comparison of sources with these observations.
func NewDiff(old, new []corpus.Observation, most int) *Diff {
	d := &Diff{
		Most: most, examples: map[exampleKey][]Change{}, causes: map[Cause]int{},
		waiting: [2]map[string]gold.Row{{}, {}}, seed: maphash.MakeSeed(), seen: map[uint64]uint8{},
	}
	for i, o := range new {
		at := slices.Index(old, o)
		if at < 0 {
			d.OldLacks = append(d.OldLacks, o)
			continue
		}
		d.Observations = append(d.Observations, o)
		d.columns[0], d.columns[1] = append(d.columns[0], at), append(d.columns[1], i)
	}
	for _, o := range old {
		if !slices.Contains(new, o) {
			d.NewLacks = append(d.NewLacks, o)
		}
	}
	d.By = make([]Confusion, len(d.Observations))
	return d
}

// Read compares two sources of rows, old and new. It takes from both in turns, so
// that rows in the same order find each other at once. What is wrong with single
// rows is told with its side; any other error ends it.
func (d *Diff) Read(ctx context.Context, sides [2]iter.Seq2[gold.Row, error], told func(side int, problem *corpus.Problem)) error {
	var next [2]func() (gold.Row, error, bool)
	for i, rows := range sides {
		pull, stop := iter.Pull2(rows)
		defer stop()
		next[i] = pull
	}
	for open := 2; open > 0; {
		open = 0
		for side := range next {
			row, err, ok := next[side]()
			if !ok {
				continue
			}
			open++
			if err == nil {
				err = d.Add(side, row)
			}
			var problem *corpus.Problem
			switch {
			case errors.As(err, &problem):
				told(side, problem)
			case err != nil:
				return err
			}
			if d.Progress != nil {
				d.Progress(d.Reports)
			}
		}
	}
	return ctx.Err()
}

// Add takes the next row of the old source (side 0) or of the new one (side 1).
// A row whose id its side has given before is an error.
func (d *Diff) Add(side int, row gold.Row) error {
	if key := maphash.String(d.seed, row.ID); d.seen[key]&(1<<side) != 0 {
		return &corpus.Problem{Place: row.Place, What: "the id " + corpus.QuoteID(row.ID) + " has come already; the first row with it is compared"}
	} else {
		d.seen[key] |= 1 << side
	}
	other, ok := d.waiting[1-side][row.ID]
	if !ok {
		d.waiting[side][row.ID] = row
		return nil
	}
	delete(d.waiting[1-side], row.ID)
	if side == 0 {
		return d.compare(&row, &other)
	}
	return d.compare(&other, &row)
}

func (d *Diff) compare(old, new *gold.Row) error {
	d.Reports++
	before := d.Labels
	for o := range d.Observations {
		if !old.Judged(d.columns[0][o]) || !new.Judged(d.columns[1][o]) {
			continue
		}
		from, to := old.Labels[d.columns[0][o]], new.Labels[d.columns[1][o]]
		if d.Presence {
			from, to = presence(from), presence(to)
		}
		d.By[o][from][to]++
		if from == to {
			continue
		}
		d.Labels++
		c := Change{ID: new.ID, Observation: d.Observations[o], Old: from, New: to}
		c.OldWhy, c.OldReason = why(old, d.columns[0][o])
		c.NewWhy, c.NewReason = why(new, d.columns[1][o])
		d.causes[c.cause()]++
		if key := (exampleKey{o, from, to}); len(d.examples[key]) < d.Most {
			d.examples[key] = append(d.examples[key], c)
		}
		if d.Each != nil {
			if err := d.Each(c); err != nil {
				return err
			}
		}
	}
	if d.Labels > before {
		d.Changed++
	}
	return nil
}

// presence is an assertion seen as positive or not.
func presence(a corpus.Assertion) corpus.Assertion {
	if a != corpus.Positive {
		return corpus.Unmentioned
	}
	return a
}

func (c *Change) cause() Cause {
	cause := Cause{Observation: c.Observation, OldLabel: c.Old, NewLabel: c.New}
	if len(c.OldWhy) > 0 {
		cause.OldRule, cause.OldCue = c.OldWhy[0].Rule, c.OldWhy[0].Cue
	}
	if len(c.NewWhy) > 0 {
		cause.NewRule, cause.NewCue = c.NewWhy[0].Rule, c.NewWhy[0].Cue
	}
	return cause
}

// CauseCount is a cause with the number of labels that it changed.
type CauseCount struct {
	Cause
	Labels int
}

// Causes are those of all changes, the commonest first.
func (d *Diff) Causes() []CauseCount {
	all := make([]CauseCount, 0, len(d.causes))
	for cause, n := range d.causes {
		all = append(all, CauseCount{cause, n})
	}
	slices.SortFunc(all, func(a, b CauseCount) int {
		return cmp.Or(
			cmp.Compare(b.Labels, a.Labels), cmp.Compare(a.Observation, b.Observation),
			cmp.Compare(a.OldLabel, b.OldLabel), cmp.Compare(a.NewLabel, b.NewLabel),
			cmp.Compare(a.OldRule, b.OldRule), cmp.Compare(a.OldCue, b.OldCue),
			cmp.Compare(a.NewRule, b.NewRule), cmp.Compare(a.NewCue, b.NewCue),
		)
	})
	return all
}

// Shift is the labels of one observation that changed in one way.
type Shift struct {
	Observation corpus.Observation
	Old, New    corpus.Assertion
	Labels      int
	Examples    []Change
}

// Shifts are what changed, by observation and from what to what, the commonest
// first.
func (d *Diff) Shifts() (all []Shift) {
	for o, confusion := range d.By {
		for from, row := range confusion {
			for to, n := range row {
				if n > 0 && from != to {
					from, to := corpus.Assertion(from), corpus.Assertion(to)
					all = append(all, Shift{d.Observations[o], from, to, n, d.examples[exampleKey{o, from, to}]})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Shift) int { return cmp.Compare(b.Labels, a.Labels) })
	return all
}

// Alone are the ids that only the old (side 0) or only the new source (side 1)
// has, sorted.
func (d *Diff) Alone(side int) []string {
	ids := make([]string, 0, len(d.waiting[side]))
	for id := range d.waiting[side] {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
