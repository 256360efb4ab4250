package gold

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

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

// quotedImage quotes the path of an image, which may be long and has no blanks.
func quotedImage(name string) string {
	if strings.Contains(name, " ") {
		return quotedID(name)
	}
	return corpus.Quote(name, 80)
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

// ids knows the ids of the rows so far, in 16 bytes each.
type ids struct {
	unit string // what places count: "line", "row"
	seed maphash.Seed
	seen map[uint64]int // where a row was; below 0: where a study had its first image
}

func newIDs(unit string) *ids {
	return &ids{unit: unit, seed: maphash.MakeSeed(), seen: map[uint64]int{}}
}

// add says what is wrong with the id of a row at a line or the like, or "". An
// empty id has been told already. A study has one row, or one for each image.
func (s *ids) add(row Row, at int) (what string) {
	if row.ID == "" {
		return ""
	}
	first := s.first(row.ID, at, row.image != "")
	switch {
	case first != 0 && (row.image == "" || first > 0):
		return fmt.Sprintf("the id %s has a row already, in %s %d", quotedID(row.ID), s.unit, max(first, -first))
	case row.image == "":
		return ""
	}
	if first := s.first("image "+row.image, at, false); first != 0 {
		return fmt.Sprintf("the image %s has a row already, in %s %d", quotedImage(row.image), s.unit, first)
	}
	return ""
}

// first gives where an id was first, or 0, and then keeps this place.
func (s *ids) first(id string, at int, image bool) int {
	key := maphash.String(s.seed, id)
	if first := s.seen[key]; first != 0 {
		return first
	}
	if image {
		at = -at
	}
	s.seen[key] = at
	return 0
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
