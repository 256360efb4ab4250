package labeler

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"github.com/radlabel/radlabel/corpus"
)

// A worker takes batchSize reports at a time, or fewer with batchBytes of text: enough
// to make the hand-over cheap, few enough to keep the memory of reports under way small.
const (
	batchSize  = 64
	batchBytes = 1 << 20
)

// item is a result, at first with its report alone, or an error of the stream at its
// place.
type item struct {
	result Result
	err    error
}

// batch is a run of items that one worker labels. done is closed when all are.
type batch struct {
	items []item
	done  chan struct{}
}

// LabelAll labels a stream of reports on a number of workers (0: one a core)
// and gives the results in the order of the reports. Errors of the stream are
// passed on at their place. So is the *corpus.Problem of a report that could not be
// labelled, as Attempt has it; the result beside it has the report. It ends early when
// the context does, with its error.
func (l *Labeler) LabelAll(ctx context.Context, reports iter.Seq2[corpus.Report, error], workers int) iter.Seq2[Result, error] {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var wait sync.WaitGroup
		defer wait.Wait()
		defer cancel()

		work := make(chan *batch)
		order := make(chan *batch, 2*workers)
		wait.Go(func() {
			defer close(order)
			defer close(work)
			send(ctx, reports, work, order)
		})
		for range workers {
			wait.Go(func() {
				for b := range work {
					b.attempt(ctx, l)
				}
			})
		}
		for b := range order {
			select {
			case <-b.done:
			case <-ctx.Done():
			}
			if err := ctx.Err(); err != nil { // the batch may not be whole
				yield(Result{}, err)
				return
			}
			for _, it := range b.items {
				if !yield(it.result, it.err) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Result{}, err)
		}
	}
}

// attempt labels the items of a batch, or as many as there is time for until the
// context ends.
func (b *batch) attempt(ctx context.Context, l *Labeler) {
	defer close(b.done)
	for i := range b.items {
		it := &b.items[i]
		if it.err != nil {
			continue
		}
		if it.result, it.err = l.Attempt(ctx, it.result.Report); ctx.Err() != nil {
			return
		}
	}
}

// send cuts the stream into batches, and gives each to the workers and, in
// order, to the reader of results.
func send(ctx context.Context, reports iter.Seq2[corpus.Report, error], work, order chan<- *batch) {
	fresh := func() *batch { return &batch{items: make([]item, 0, batchSize), done: make(chan struct{})} }
	next, bytes := fresh(), 0
	flush := func() bool {
		if len(next.items) == 0 {
			return true
		}
		for _, to := range []chan<- *batch{order, work} {
			select {
			case to <- next:
			case <-ctx.Done():
				return false
			}
		}
		next, bytes = fresh(), 0
		return true
	}
	for report, err := range reports {
		it := item{err: err}
		if err == nil {
			it.result.Report = report
		}
		next.items = append(next.items, it)
		bytes += len(report.Text)
		if (len(next.items) == batchSize || bytes >= batchBytes) && !flush() {
			return
		}
	}
	flush()
}
