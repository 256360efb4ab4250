package eval

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

// Joined are the rows of gold and of one or more predictions, paired by id, on
// the observations that all of them have.
type Joined struct {
	// Observations are those that are compared, in the first prediction's order.
	Observations []corpus.Observation
	// OnlyGold are the ids of gold that some prediction lacks; OnlyPrediction
	// those of the first prediction that gold lacks.
	OnlyGold, OnlyPrediction []string
	// GoldLacks are the observations of the first prediction that gold does not
	// judge; PredictionLacks those of gold that some prediction does not have.
	GoldLacks, PredictionLacks []corpus.Observation

	unit        string // of a pair
	presence    bool
	pairs       []pair
	goldColumn  []int   // of each observation in gold's rows
	columns     [][]int // of each observation in the rows of each prediction
	cells       [][]uint8
	agreements  [][]agreement // of each pair, in each prediction
	mentions    bool          // gold has mentions
	hasMentions []bool        // so has each prediction
}

// pair is a row of gold with that of each prediction.
type pair struct {
	gold  *gold.Row
	given []*gold.Row
}

// A cell is gold's assertion * 4 + the predicted one, or open where one side has
// not judged.
const open = 16

// agreement says of a pair whether all labels that are judged are right.
type agreement uint8

const (
	nothingJudged agreement = iota
	someWrong
	allRight
)

// JoinOptions say what is compared.
type JoinOptions struct {
	// Presence asks of each label only whether it is positive: everything else,
	// in gold and prediction, counts as unmentioned. So it is where a sheet lists
	// what is positive alone.
	Presence bool
	// Gold and Prediction are what errors call the two sides; "" are "gold" and
	// "the prediction".
	Gold, Prediction string
}

// Join pairs rows by id. It fails where nothing can be compared: no id or no
// observation is common to all.
func Join(opts JoinOptions, g *gold.Sheet, predictions ...*gold.Sheet) (*Joined, error) {
	j := &Joined{mentions: g.HasMentions, unit: "report", presence: opts.Presence || g.PositiveOnly}
	if g.Sentences {
		j.unit = "sentence"
	}
	byID := make([]map[string]*gold.Row, len(predictions))
	for k, p := range predictions {
		j.presence = j.presence || p.PositiveOnly
		j.hasMentions = append(j.hasMentions, p.HasMentions)
		byID[k] = make(map[string]*gold.Row, len(p.All))
		for i := range p.All {
			byID[k][p.All[i].ID] = &p.All[i]
		}
	}
	inGold := make(map[string]bool, len(g.All))
	for i := range g.All {
		row := &g.All[i]
		inGold[row.ID] = true
		paired := pair{gold: row}
		for k := range predictions {
			if given := byID[k][row.ID]; given != nil {
				paired.given = append(paired.given, given)
			}
		}
		if len(paired.given) < len(predictions) {
			j.OnlyGold = append(j.OnlyGold, row.ID)
			continue
		}
		j.pairs = append(j.pairs, paired)
	}
	first := predictions[0]
	for i := range first.All {
		if id := first.All[i].ID; !inGold[id] {
			j.OnlyPrediction = append(j.OnlyPrediction, id)
		}
	}
	j.matchObservations(g, predictions)
	a, b := cmp.Or(opts.Gold, "gold"), cmp.Or(opts.Prediction, "the prediction")
	switch {
	case len(g.All) == 0:
		return nil, fmt.Errorf("%s has no row", a)
	case len(j.pairs) == 0:
		return nil, fmt.Errorf("no id of %s is in %s: %[1]s has %[3]s, %[2]s %[4]s", a, b, someIDs(g.All), someIDs(first.All))
	case len(j.Observations) == 0:
		return nil, fmt.Errorf("%s and %s have no observation in common: %[1]s has %[3]q, %[2]s %[4]q", a, b, g.Observations, first.Observations)
	}
	j.fillCells()
	return j, nil
}

// someIDs names the first ids of a sheet.
func someIDs(rows []gold.Row) string {
	const most = 3
	s := "none"
	for i := range rows[:min(len(rows), most)] {
		if i == 0 {
			s = corpus.QuoteID(rows[i].ID)
		} else {
			s += ", " + corpus.QuoteID(rows[i].ID)
		}
	}
	if len(rows) > most {
		s += ", ..."
	}
	return s
}

func (j *Joined) matchObservations(g *gold.Sheet, predictions []*gold.Sheet) {
	j.columns = make([][]int, len(predictions))
	for _, o := range predictions[0].Observations {
		at := slices.Index(g.Observations, o)
		if at < 0 {
			j.GoldLacks = append(j.GoldLacks, o)
			continue
		}
		columns := make([]int, len(predictions))
		for k, p := range predictions {
			columns[k] = slices.Index(p.Observations, o)
		}
		if slices.Contains(columns, -1) {
			continue
		}
		j.Observations = append(j.Observations, o)
		j.goldColumn = append(j.goldColumn, at)
		for k, column := range columns {
			j.columns[k] = append(j.columns[k], column)
		}
	}
	for _, o := range g.Observations {
		if !slices.Contains(j.Observations, o) {
			j.PredictionLacks = append(j.PredictionLacks, o)
		}
	}
}

func (j *Joined) fillCells() {
	seen := func(a corpus.Assertion) uint8 {
		if j.presence {
			a = presence(a)
		}
		return uint8(a)
	}
	for k := range j.columns {
		cells := make([]uint8, 0, len(j.pairs)*len(j.Observations))
		for _, p := range j.pairs {
			for o, column := range j.goldColumn {
				given, at := p.given[k], j.columns[k][o]
				cell := uint8(open)
				if p.gold.Judged(column) && given.Judged(at) {
					cell = seen(p.gold.Labels[column])*4 + seen(given.Labels[at])
				}
				cells = append(cells, cell)
			}
		}
		j.cells = append(j.cells, cells)
		all := make([]agreement, len(j.pairs))
		for p := range all {
			switch judged, agreeing := whole(j.row(k, p)); {
			case judged == 0:
			case judged == agreeing:
				all[p] = allRight
			default:
				all[p] = someWrong
			}
		}
		j.agreements = append(j.agreements, all)
	}
}

// TwoValued reports whether every label of a sheet is positive or negative, as
// where people were asked what is there, not what a report says.
func TwoValued(s *gold.Sheet) bool {
	for _, row := range s.All {
		for i, a := range row.Labels {
			if row.Judged(i) && a != corpus.Positive && a != corpus.Negative {
				return false
			}
		}
	}
	return len(s.All) > 0
}

// row gives the cells of a pair in the k-th prediction.
func (j *Joined) row(k, pair int) []uint8 {
	n := len(j.Observations)
	return j.cells[k][pair*n : (pair+1)*n]
}

// assertions of a cell that is not open.
func assertions(cell uint8) (gold, predicted corpus.Assertion) {
	return corpus.Assertion(cell / 4), corpus.Assertion(cell % 4)
}

// right reports whether a cell is open or as gold has it.
func right(cell uint8) bool { return cell == open || cell/4 == cell%4 }

// whole counts the cells that are not open, and those of them that are right.
func whole(cells []uint8) (judged, agreeing int) {
	for _, cell := range cells {
		if cell != open {
			judged++
			if right(cell) {
				agreeing++
			}
		}
	}
	return judged, agreeing
}
