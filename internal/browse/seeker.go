package browse

import (
	"context"
	"errors"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/relabel"
)

// pageSize is how many hits are asked for at once.
const pageSize = 50

// seeker asks the index. Every question is a tea.Cmd, which runs beside the keys; a
// new query cancels the questions of the one before, and whatever they still
// answer has an old turn.
type seeker struct {
	source
	opts    Options
	explain *relabel.Explainer

	base context.Context
	end  context.CancelFunc
	ctx  context.Context // of the query of this turn
	stop context.CancelFunc
	turn int

	asking sync.Mutex // held while the index is read
}

func newSeeker(ctx context.Context, x source, opts Options) *seeker {
	s := &seeker{source: x, opts: opts, explain: &relabel.Explainer{Origin: x.Origin()}}
	s.base, s.end = context.WithCancel(ctx)
	s.ctx, s.stop = context.WithCancel(s.base)
	return s
}

// prepare builds what explains a report, so that the first one opens at once.
func (s *seeker) prepare() tea.Msg {
	s.explain.Prepare()
	return nil
}

// close returns when the index is read no more.
func (s *seeker) close() {
	s.end()
	s.asking.Lock()
}

// answer is what a query came to, in a first page of hits.
type answer struct {
	turn  int
	query index.Query
	wrong *index.QueryError // the query is not understood
	err   error             // the index could not be read
	took  time.Duration
	total int
	hits  []index.Hit
}

// more is another page of the hits of a turn.
type more struct {
	turn, page int
	hits       []index.Hit
	err        error
}

// opened is a report of a turn.
type opened struct {
	turn      int
	document  index.Document
	explained relabel.Explained
	err       error
}

// cancel ends the turn.
func (s *seeker) cancel() {
	s.stop()
	s.turn++
	s.ctx, s.stop = context.WithCancel(s.base)
}

// search asks for a query in place of the one before.
func (s *seeker) search(query string) tea.Cmd {
	s.cancel()
	return s.ask(func(ctx context.Context, turn int) tea.Msg {
		a := answer{turn: turn}
		begin := time.Now()
		var found index.Results
		if a.query, a.err = s.Parse(query); a.err == nil {
			found, a.err = s.Search(ctx, a.query, s.options(0))
		}
		a.total, a.hits, a.took = found.Total, found.Hits, time.Since(begin)
		if errors.As(a.err, &a.wrong) {
			a.err = nil
		}
		return a
	})
}

// page asks for another page of hits.
func (s *seeker) page(q index.Query, page int) tea.Cmd {
	return s.ask(func(ctx context.Context, turn int) tea.Msg {
		found, err := s.Search(ctx, q, s.options(page))
		return more{turn, page, found.Hits, err}
	})
}

// open asks for the report of a hit.
func (s *seeker) open(q index.Query, hit index.Hit) tea.Cmd {
	return s.ask(func(ctx context.Context, turn int) tea.Msg {
		d, ok, err := s.Document(ctx, hit.ID, q, s.opts.Match)
		if err == nil && !ok {
			err = errors.New("the report is not in the index any more")
		}
		if err != nil {
			return opened{turn: turn, document: index.Document{Hit: hit}, err: err}
		}
		return opened{turn, d, s.explain.Explain(d, s.Observations()), nil}
	})
}

func (s *seeker) options(page int) index.Options {
	return index.Options{Limit: pageSize, Offset: page * pageSize, Sort: s.opts.Sort, Match: s.opts.Match}
}

// ask makes a question of this turn. One whose turn is over when it comes to be
// asked, or while it is answered, has no answer.
func (s *seeker) ask(question func(ctx context.Context, turn int) tea.Msg) tea.Cmd {
	ctx, turn := s.ctx, s.turn
	return func() tea.Msg {
		s.asking.Lock()
		defer s.asking.Unlock()
		if ctx.Err() != nil {
			return nil
		}
		msg := question(ctx, turn)
		if ctx.Err() != nil {
			return nil
		}
		return msg
	}
}
