package gold

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// names tells which observation a name in a source means.
type names struct {
	only   bool
	strict bool
	list   []string                      // that may be meant
	known  map[string]corpus.Observation // as written, and by nameKey
	chosen []corpus.Observation          // Options.Only, as they are to be spelt
}

func newNames(opts Options) names {
	n := names{strict: opts.Strict}
	n.learn(opts.Known)
	if opts.Only == nil {
		return n
	}
	spelling := n
	n = names{only: true}
	for _, o := range opts.Only {
		known, _ := spelling.find(string(o))
		n.chosen = append(n.chosen, cmp.Or(known, o)) // one that is unknown is looked for as it is
	}
	n.learn(n.chosen)
	return n
}

func (n *names) learn(all []corpus.Observation) {
	n.known = map[string]corpus.Observation{}
	for _, o := range all {
		n.list = append(n.list, string(o))
		if _, taken := n.known[nameKey(string(o))]; !taken {
			n.known[nameKey(string(o))] = o
		}
		n.known[string(o)] = o
	}
}

// knows reports whether an observation is one of those that were given.
func (n names) knows(o corpus.Observation) bool { return n.known[string(o)] == o }

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

// find gives the observation of a name. Where it means none, unknown says
// whether that is wrong: with Options.Only, what is not asked for is passed
// over.
func (n names) find(name string) (o corpus.Observation, unknown bool) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", !n.only
	}
	for _, key := range []string{name, nameKey(name), string(corpus.ObservationOf(name)), nameKey(string(corpus.ObservationOf(name)))} {
		if o, ok := n.known[key]; ok {
			return o, false
		}
	}
	if n.only || n.strict {
		return "", !n.only
	}
	return corpus.ObservationOf(name), false
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
	images       bool                 // a row is one image of a study
}

// imageColumns name one image in each row.
var imageColumns = []string{"path", "path_to_image", "dicom_id", "image_id"}

// columnsOf finds the columns by their names. The error joins a Problem for each
// that is wrong.
func columnsOf(header []string, place corpus.Place, opts Options) (columns, error) {
	c := columns{header: header, group: -1}
	var labels []int
	c.id, labels = corpus.LabelColumns(header)
	var wrong problems
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
	for _, name := range imageColumns {
		c.images = c.images || corpus.FindColumn(header, name) >= 0
	}
	n := newNames(opts)
	for _, i := range labels {
		if i == c.id || i == c.group {
			continue
		}
		o, unknown := n.find(header[i])
		switch j := slices.Index(c.observations, o); {
		case unknown:
			wrong.add(n.unknown(place, fmt.Sprintf("column %d (%q)", i+1, strings.TrimSpace(header[i])), header[i]))
		case o == "":
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
		wrong.add(problem(place, "there is no column of labels", "name the columns after the observations"))
	}
	return c, wrong.err()
}

func noColumn(place corpus.Place, name string, header []string) error {
	what := fmt.Sprintf("there is no column %q", name)
	if near := didYouMean(name, header); near != "" {
		return problem(place, what, strings.TrimSpace(near))
	}
	return problem(place, what, "the columns are "+list(header))
}

// list shows the first of many names.
func list(names []string) string {
	const most = 30
	var shown []string
	for _, name := range names[:min(len(names), most)] {
		if len(name) > 40 {
			name = strings.ToValidUTF8(name[:40], "") + "..."
		}
		shown = append(shown, strings.TrimSpace(name))
	}
	if len(names) > most {
		shown = append(shown, "...")
	}
	return strings.Join(shown, ", ")
}
