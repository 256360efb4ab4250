package gold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// spellings gives observations by the names that mean them: as they are written,
// and by nameKey.
type spellings map[string]corpus.Observation

func spellingsOf(all []corpus.Observation) spellings {
	s := spellings{}
	for _, o := range all {
		if key := nameKey(string(o)); s[key] == "" {
			s[key] = o
		}
		s[string(o)] = o
	}
	return s
}

// of gives the observation that a name means, or, of a name that means none of
// them, one of that name.
func (s spellings) of(name string) (o corpus.Observation, known bool) {
	name = strings.TrimSpace(name)
	itself := corpus.ObservationOf(name)
	for _, key := range []string{name, nameKey(name), string(itself), nameKey(string(itself))} {
		if o, known := s[key]; known {
			return o, true
		}
	}
	return itself, false
}

// nameKey is how names are compared: in lower case, underscores and hyphens as
// blanks.
func nameKey(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return ' '
		}
		return r
	}, strings.ToLower(name))
	return strings.Join(strings.Fields(name), " ")
}

// names tells which observation a name in a source means.
type names struct {
	known  spellings            // Options.Known
	list   []string             // of Options.Known, to name the nearest
	chosen []corpus.Observation // Options.Only, spelt as known; nil: all
	only   spellings            // of chosen
	strict bool
}

func newNames(opts Options) names {
	n := names{known: spellingsOf(opts.Known), strict: opts.Strict}
	for _, o := range opts.Known {
		n.list = append(n.list, string(o))
	}
	if opts.Only == nil {
		return n
	}
	n.chosen = []corpus.Observation{}
	for _, o := range opts.Only {
		if o, _ := n.known.of(string(o)); !slices.Contains(n.chosen, o) {
			n.chosen = append(n.chosen, o)
		}
	}
	n.only = spellingsOf(n.chosen)
	return n
}

// meaning gives the observation of a name, and whether it is one of those that
// are known or asked for.
func (n names) meaning(name string) (o corpus.Observation, known bool) {
	o, known = n.known.of(name)
	if n.chosen != nil {
		return n.only.of(string(o))
	}
	return o, known
}

// find gives the observation of a name. Where it means none, unknown says
// whether that is wrong: with Options.Only, what is not asked for is passed
// over.
func (n names) find(name string) (o corpus.Observation, unknown bool) {
	o, known := n.meaning(name)
	switch {
	case known:
		return o, false
	case n.chosen != nil:
		return "", false
	case o == "" || n.strict:
		return "", true
	default:
		return o, false
	}
}

// unknown is the problem of a name that is none of the observations; what is how
// it is called: `column 3 ("Edemas")`.
func (n names) unknown(place corpus.Place, what, name string) error {
	near := didYouMean(strings.TrimSpace(name), n.list)
	do := near + "Rename it, or name those to score with --observations"
	if near == "" {
		do = "rename it, or name those to score with --observations"
	}
	return problem(place, what+" is none of the observations", do)
}

// columns says what the columns of a table, or the fields of objects, hold.
type columns struct {
	header       []string
	id, group    int // -1: none
	labels       []int
	observations []corpus.Observation // of each of labels
	names        []corpus.Observation // of each of labels, as the one column spells it that lists what is positive; nil: a column each
	passed       []string             // columns passed over, which hold no labels
	image        int                  // that names the image of a row, beside the study; -1: none
}

// columnsOf finds the columns by their names, and by the sample of what they hold
// where a name is not known. The error joins a Problem for each that is wrong.
func columnsOf(header []string, sample []sampled, place corpus.Place, opts Options) (columns, error) {
	c, labels, wrong := besideLabels(header, place, opts)
	n := newNames(opts)
	for i, name := range header {
		_, known := n.meaning(name)
		if i == c.id || i == c.group || !known && !slices.Contains(labels, i) {
			continue
		}
		o, unknown := n.find(name)
		switch j := slices.Index(c.observations, o); {
		case unknown:
			wrong.add(n.unknown(place, columnAt(i, header), name))
		case o == "":
		case !known && sample[i].foreign():
			c.passed = append(c.passed, name)
		case j >= 0:
			wrong.add(problem(place, fmt.Sprintf("columns %d and %d both are %q", c.labels[j]+1, i+1, o), "remove one"))
		default:
			c.labels = append(c.labels, i)
			c.observations = append(c.observations, o)
		}
	}
	for _, o := range n.chosen {
		if !slices.Contains(c.observations, o) {
			wrong.add(noColumn(place, string(o), header))
		}
	}
	if wrong.n == 0 && len(c.labels) == 0 {
		wrong.add(c.noLabels(place))
	}
	return c, wrong.err()
}

// besideLabels finds the columns of ids and groups, and what is left of the others.
func besideLabels(header []string, place corpus.Place, opts Options) (c columns, labels []int, wrong problems) {
	c = columns{header: header, group: -1, image: imageColumn(header)}
	c.id, labels = corpus.LabelColumns(header)
	named := func(name string, column *int) {
		if name == "" {
			return
		}
		if *column = corpus.FindColumn(header, name); *column < 0 {
			wrong.add(noColumn(place, name, header))
		}
	}
	named(opts.IDColumn, &c.id)
	named(opts.By, &c.group)
	if opts.NeedIDs && opts.IDColumn == "" && c.id < 0 {
		wrong.add(problem(place, "there is no column of ids", "name it with --id-column; the columns are "+list(header)))
	}
	return c, labels, wrong
}

// findingsOf finds the labels in the one column that lists the positive diseases
// of ChestX-ray14, or No Finding. The error joins a Problem for each that is wrong.
func findingsOf(header []string, column int, place corpus.Place, opts Options) (columns, error) {
	c, _, wrong := besideLabels(header, place, opts)
	n := newNames(opts)
	var others []string
	for i, name := range header {
		if _, known := n.meaning(name); known && i != c.id && i != c.group {
			others = append(others, name)
		}
	}
	if others != nil {
		wrong.add(problem(place, columnAt(column, header)+" lists labels, and so do the columns "+list(others), "remove the one or the others"))
	}
	var strange []string
	for _, name := range append(corpus.Diseases(), corpus.NoFinding) {
		switch o, unknown := n.find(string(name)); {
		case unknown:
			strange = append(strange, string(name))
		case o != "":
			c.labels, c.observations, c.names = append(c.labels, column), append(c.observations, o), append(c.names, name)
		}
	}
	if strange != nil {
		wrong.add(problem(place, fmt.Sprintf("column %d (%q): no observation is called %s", column+1, header[column], list(strange)),
			"take the rule set chestxray14, or name those to score with --observations"))
	}
	if wrong.n == 0 && len(c.labels) == 0 {
		wrong.add(c.noLabels(place))
	}
	return c, wrong.err()
}

func (c columns) noLabels(place corpus.Place) error {
	what := "there is no column of labels"
	if c.passed != nil {
		what += ", and none in " + list(c.passed)
	}
	return problem(place, what, "name the columns after the observations")
}

// notes are what a person should know of the columns. Without ids, units (rows,
// lines) are numbered.
func (c columns) notes(units string) (notes []string) {
	if c.id < 0 {
		notes = append(notes, numbered(units))
	}
	return append(notes, c.passedNotes()...)
}

func (c columns) passedNotes() []string {
	if c.passed == nil {
		return nil
	}
	return []string{"columns passed over, which hold no labels: " + list(c.passed)}
}

// sampled is what the first values of a column are.
type sampled struct{ labels, others bool }

func (s *sampled) add(a corpus.Assertion, err error) {
	s.labels = s.labels || a != corpus.Unmentioned
	s.others = s.others || err != nil
}

// foreign reports whether the column holds something, and no label.
func (s sampled) foreign() bool { return s.others && !s.labels }

func noColumn(place corpus.Place, name string, header []string) error {
	what := fmt.Sprintf("there is no column %q", name)
	if near := didYouMean(name, header); near != "" {
		return problem(place, what, strings.TrimSpace(near))
	}
	return problem(place, what, "the columns are "+list(header))
}

// columnAt names a column, unless texts stand in the places of names.
func columnAt(i int, header []string) string {
	if !corpus.AreNames(header...) {
		return fmt.Sprintf("column %d", i+1)
	}
	return fmt.Sprintf("column %d (%q)", i+1, strings.TrimSpace(header[i]))
}

// list shows the first of many names.
func list(names []string) string {
	if !corpus.AreNames(names...) {
		return "not shown: they may be the text of a report"
	}
	const most = 30
	var shown []string
	for _, name := range names[:min(len(names), most)] {
		shown = append(shown, strings.Join(strings.Fields(name), " "))
	}
	if len(names) > most {
		shown = append(shown, "...")
	}
	return strings.Join(shown, ", ")
}
