package index

import (
	"fmt"
	"iter"

	"github.com/radlabel/radlabel/corpus"
)

// intake passes on the reports of a stream that have to be analysed.
type intake struct {
	old     *Index // nil: all have to be
	rebuilt bool
	opts    WriteOptions
	seen    map[string]struct{}
	stays   []bool // rows of old that are as they were
	gone    []bool // rows of old whose report has changed
	same    int
	changed int
}

func (in *intake) needed(reports iter.Seq2[corpus.Report, error]) iter.Seq[analysed] {
	if in.old != nil {
		in.stays = make([]bool, in.old.Reports())
		in.gone = make([]bool, in.old.Reports())
	}
	return func(yield func(analysed) bool) {
		for r, err := range reports {
			a := analysed{report: r, problem: err}
			if err == nil && !in.take(&a) {
				continue
			}
			if !yield(a) {
				return
			}
		}
	}
}

// take reports whether a report has to be analysed, or told as a problem.
func (in *intake) take(a *analysed) bool {
	id := a.report.ID
	if _, ok := in.seen[id]; ok {
		a.problem = &corpus.Problem{Place: a.report.Place, What: fmt.Sprintf("the id %q is that of an earlier report", id),
			Do: "the index has the first; give each report an id of its own", Lost: true}
		return true
	}
	in.seen[id] = struct{}{}
	if in.opts.Progress != nil {
		in.opts.Progress(len(in.seen))
	}
	if in.opts.Labels != nil {
		a.labels = in.opts.Labels(a.report)
	}
	row, known := 0, false
	if in.old != nil {
		row, known = in.old.row(id)
	}
	a.about = in.opts.Metadata[studyOf(a.report)]
	if known && len(in.opts.Metadata) == 0 {
		a.about = in.old.metadata(row)
	}
	a.hash = rowHash(a.report, a.labels, a.about)
	if !known {
		return true
	}
	if !in.rebuilt && in.old.hashOf(row) == a.hash {
		in.stays[row] = true
		in.same++
		return false
	}
	in.gone[row] = true
	in.changed++
	return true
}

func studyOf(r corpus.Report) string {
	if r.Study != "" {
		return r.Study
	}
	return corpus.StudyOf(r.ID)
}
