package convert

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// Names is a set of observations under the names that a dataset or library has
// for them.
type Names string

// The sets of names. XRV's are the 18 that torchxrayvision's models are trained on.
const (
	CheXpertNames Names = "chexpert"
	NIHNames      Names = "chestx-ray14"
	XRVNames      Names = "torchxrayvision"
)

// AllNames are all of them.
func AllNames() []Names { return []Names{CheXpertNames, NIHNames, XRVNames} }

// Observations are those of the set, in its own order.
func (n Names) Observations() []corpus.Observation {
	switch n {
	case CheXpertNames:
		return slices.Clone(dataset.CheXpert.Observations)
	case NIHNames:
		return slices.Clone(dataset.ChestXray14.Observations)
	default:
		return []corpus.Observation{
			"Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema", "Fibrosis", "Effusion",
			"Pneumonia", "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass", "Hernia", "Lung Lesion", "Fracture",
			"Lung Opacity", "Enlarged Cardiomediastinum",
		}
	}
}

// Carries says which labels of an observation go over to another one.
type Carries string

// What may go over.
const (
	Whole   Carries = "all"      // both mean the same, or the parts make up the whole
	Present Carries = "1 and -1" // a part is there, so the whole is
	Absent  Carries = "0"        // the whole is not there, so no part is
	Nothing Carries = "none"
)

func (c Carries) label(a corpus.Assertion) corpus.Assertion {
	if c == Present && a == corpus.Negative || c == Absent && a != corpus.Negative || c == Nothing {
		return corpus.Unmentioned
	}
	return a
}

// Term is a line of the mapping of names: an observation of CheXpert beside one of
// ChestX-ray14, and what goes over in each direction.
type Term struct {
	CheXpert, NIH corpus.Observation // "": the set has none
	ToNIH         Carries
	ToCheXpert    Carries
	Reason        string
}

//go:embed names.tsv
var namesTable string

// Terms is the mapping between CheXpert's observations and ChestX-ray14's, as
// names.tsv has it.
func Terms() (all []Term) {
	header := true
	for line := range strings.Lines(namesTable) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case strings.HasPrefix(line, "#") || len(fields) != 5:
			continue
		case header:
			header = false
			continue
		}
		for i := range fields[:2] {
			fields[i] = strings.TrimPrefix(fields[i], "-")
		}
		all = append(all, Term{
			CheXpert: corpus.Observation(fields[0]), NIH: corpus.Observation(fields[1]),
			ToNIH: Carries(fields[2]), ToCheXpert: Carries(fields[3]), Reason: fields[4],
		})
	}
	return all
}

// link takes labels of one observation to another.
type link struct {
	source, target corpus.Observation
	carries        Carries
}

// links are those from one set of names to another. To and from torchxrayvision,
// which has names of both, a name goes to itself, and Pleural Effusion to Effusion.
func links(have []corpus.Observation, from, to Names) (all []link) {
	switch {
	case from == CheXpertNames && to == NIHNames:
		for _, t := range Terms() {
			all = append(all, link{t.CheXpert, t.NIH, t.ToNIH})
		}
	case from == NIHNames && to == CheXpertNames:
		for _, t := range Terms() {
			all = append(all, link{t.NIH, t.CheXpert, t.ToCheXpert})
		}
	default:
		targets := to.Observations()
		for _, o := range append(from.Observations(), have...) { // torchxrayvision's may have others beside its own
			target := o
			switch {
			case o == "Pleural Effusion" && to == XRVNames:
				target = "Effusion"
			case o == "Effusion" && to == CheXpertNames:
				target = "Pleural Effusion"
			}
			l := link{o, target, Whole}
			if slices.Contains(targets, target) && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return slices.DeleteFunc(all, func(l link) bool { return l.carries == Nothing || l.source == "" || l.target == "" })
}

// Mapping takes the labels of some observations to those of a set of names.
type Mapping struct {
	Targets []corpus.Observation
	sources [][]source  // of each target
	carried [][]Carries // of each observation that is mapped
}

type source struct {
	at      int // -1: not there
	carries Carries
}

// NewMapping maps these observations, which go by the names of from.
func NewMapping(have []corpus.Observation, from, to Names) *Mapping {
	m := &Mapping{Targets: to.Observations(), carried: make([][]Carries, len(have))}
	m.sources = make([][]source, len(m.Targets))
	for _, l := range links(have, from, to) {
		at, target := slices.Index(have, l.source), slices.Index(m.Targets, l.target)
		m.sources[target] = append(m.sources[target], source{at, l.carries})
		if at >= 0 {
			m.carried[at] = append(m.carried[at], l.carries)
		}
	}
	return m
}

// Apply maps labels. What has no counterpart is blank. Of several sources the
// strongest counts, and all must be negative to make a negative.
func (m *Mapping) Apply(l Labels) (out Labels) {
	for target, sources := range m.sources {
		best, blank := corpus.Unmentioned, false
		for _, s := range sources {
			a := corpus.Unmentioned
			if s.at >= 0 {
				a = s.carries.label(l.At(s.at))
			}
			best, blank = max(best, a), blank || a == corpus.Unmentioned
		}
		if best == corpus.Negative && blank {
			best = corpus.Unmentioned
		}
		out = out.With(target, best)
	}
	return out
}

// Leaves reports whether a label of the observation with this number has nowhere to
// go.
func (m *Mapping) Leaves(i int, a corpus.Assertion) bool {
	return a != corpus.Unmentioned &&
		!slices.ContainsFunc(m.carried[i], func(c Carries) bool { return c.label(a) != corpus.Unmentioned })
}

// NamesOf tells by which set of names observations go: the first that has all of
// them, else torchxrayvision's, which mixes those of the others.
func NamesOf(observations []corpus.Observation) Names {
	for _, n := range AllNames() {
		all := n.Observations()
		if !slices.ContainsFunc(observations, func(o corpus.Observation) bool { return !slices.Contains(all, o) }) {
			return n
		}
	}
	return XRVNames
}

// spelling gives the observation that the header of a column means, by the key of
// the header.
var spelling = sync.OnceValue(func() map[string]corpus.Observation {
	s := map[string]corpus.Observation{}
	for _, n := range AllNames() {
		for _, o := range n.Observations() {
			s[corpus.ColumnKey(string(o))] = o
		}
	}
	s[corpus.ColumnKey("Airspace Opacity")] = corpus.ObservationOf("Airspace Opacity")
	return s
})
