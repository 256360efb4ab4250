package gold

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/nearest"
)

// mostProblems is how many problems a joined error tells in full.
const mostProblems = 20

// problems gathers what is wrong, and joins the first of it.
type problems struct {
	first []error
	n     int
}

func (p *problems) add(err error) {
	if p.n++; p.n <= mostProblems {
		p.first = append(p.first, err)
	}
}

// merge adds others, in the order of their lines.
func (p *problems) merge(others problems) {
	p.first = append(p.first, others.first...)
	slices.SortStableFunc(p.first, func(a, b error) int { return lineOf(a) - lineOf(b) })
	p.first = p.first[:min(len(p.first), mostProblems)]
	p.n += others.n
}

func lineOf(err error) int {
	var p *corpus.Problem
	if errors.As(err, &p) {
		return p.Place.Line
	}
	return 0
}

// err is nil where there are none.
func (p *problems) err() error {
	all := p.first
	if more := p.n - mostProblems; more == 1 {
		all = append(all, errors.New("and 1 more problem"))
	} else if more > 1 {
		all = append(all, fmt.Errorf("and %d more problems", more))
	}
	return errors.Join(all...)
}

func problem(place corpus.Place, what, do string) *corpus.Problem {
	return &corpus.Problem{Place: place, What: what, Do: do, Lost: true}
}

// quotedName quotes the name of an observation.
func quotedName(name string) string {
	if corpus.AreNames("", name) {
		return strconv.Quote(name)
	}
	return corpus.QuoteID(name)
}

func quotedID(id string) string { return corpus.QuoteID(id) }

// didYouMean asks for the nearest of the known names, and is "" where none is
// near.
func didYouMean(name string, known []string) string {
	if near := nearest.Name(name, known); near != "" {
		return fmt.Sprintf("did you mean %q? ", near)
	}
	return ""
}

// ids knows the ids of the rows so far, in 24 bytes each.
type ids struct {
	unit   string // what places count: "line", "row"
	images bool   // a row is one image of a study: another with the same labels repeats it
	seed   maphash.Seed
	seen   map[uint64]firstRow
}

type firstRow struct {
	at     int
	labels uint64 // hashed; 0: could not be read
}

func newIDs(unit string, images bool) *ids {
	return &ids{unit: unit, images: images, seed: maphash.MakeSeed(), seen: map[uint64]firstRow{}}
}

// add says what is wrong with the id of a row at a line or the like, or "". An
// empty id has been told already, and so has what is wrong with a faulty row.
func (s *ids) add(row Row, at int, faulty bool) (what string, repeats bool) {
	if row.ID == "" {
		return "", false
	}
	key := maphash.String(s.seed, row.ID)
	this := firstRow{at: at}
	if !faulty {
		this.labels = s.hash(row.Labels)
	}
	first, found := s.seen[key]
	switch {
	case !found:
		s.seen[key] = this
		return "", false
	case !s.images:
		return fmt.Sprintf("the id %s has a row already, in %s %d", quotedID(row.ID), s.unit, first.at), false
	case faulty:
		return "", false
	case first.labels == 0:
		s.seen[key] = this
		return "", false
	case first.labels != this.labels:
		return fmt.Sprintf("the study %s has other labels in %s %d", quotedID(row.ID), s.unit, first.at), false
	default:
		return "", true
	}
}

// hash is not 0.
func (s *ids) hash(labels []corpus.Assertion) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, a := range labels {
		h.WriteByte(byte(a))
	}
	return h.Sum64() | 1
}

// cache gives equal strings the same memory, as far as it remembers: labels,
// rules, reasons and sentences come again and again.
type cache struct {
	seed    maphash.Seed
	strings [1 << 13]string
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	slot := &c.strings[maphash.Bytes(c.seed, b)%uint64(len(c.strings))]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
