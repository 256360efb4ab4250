package dataset

import (
	"context"
	"iter"
)

// rowOrError is what an iterator gives at a time.
type rowOrError[T any] struct {
	row T
	err error
}

// rowsAtATime are handed over together, and batchesWaiting may wait.
const rowsAtATime, batchesWaiting = 512, 4

// ahead reads on one processor while what is done with the rows is done on
// another. A row is valid until the next.
func ahead[T any](ctx context.Context, read func(context.Context) iter.Seq2[*T, error]) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		p := &pump[T]{make(chan []rowOrError[T], batchesWaiting), make(chan []rowOrError[T], batchesWaiting)}
		defer func() {
			cancel()
			for range p.full { // until the reader has closed the file
			}
		}()
		go p.fill(ctx, read(ctx))
		for batch := range p.full {
			for i := range batch {
				if !yield(&batch[i].row, batch[i].err) {
					return
				}
			}
			select {
			case p.spent <- batch[:0]:
			default:
			}
		}
	}
}

// pump hands batches of rows over, and takes them back to be used again.
type pump[T any] struct{ full, spent chan []rowOrError[T] }

// fill reads to the end of the rows, or of ctx.
func (p *pump[T]) fill(ctx context.Context, rows iter.Seq2[*T, error]) {
	defer close(p.full)
	batch := p.empty()
	for row, err := range rows {
		next := rowOrError[T]{err: err}
		if err == nil {
			next.row = *row
		}
		if batch = append(batch, next); len(batch) < rowsAtATime {
			continue
		}
		select {
		case p.full <- batch:
			batch = p.empty()
		case <-ctx.Done():
			return
		}
	}
	select {
	case p.full <- batch:
	case <-ctx.Done():
	}
}

func (p *pump[T]) empty() []rowOrError[T] {
	select {
	case batch := <-p.spent:
		return batch
	default:
		return make([]rowOrError[T], 0, rowsAtATime)
	}
}
