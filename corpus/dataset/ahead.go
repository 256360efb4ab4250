package dataset

import (
	"context"
	"iter"
)

// ahead reads on one processor while what is done with the rows is done on
// another. A row is valid until the next.
func ahead[T any](ctx context.Context, read func(context.Context) iter.Seq2[*T, error]) iter.Seq2[*T, error] {
	type result struct {
		row T
		err error
	}
	const batch, waiting = 512, 4
	return func(yield func(*T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		batches := make(chan []result, waiting)
		spent := make(chan []result, waiting)
		defer func() {
			cancel()
			for range batches { // until the reader has closed the file
			}
		}()
		go func() {
			defer close(batches)
			rows := make([]result, 0, batch)
			send := func() bool {
				select {
				case batches <- rows:
					select {
					case rows = <-spent:
					default:
						rows = make([]result, 0, batch)
					}
					return true
				case <-ctx.Done():
					return false
				}
			}
			for row, err := range read(ctx) {
				r := result{err: err}
				if err == nil {
					r.row = *row
				}
				if rows = append(rows, r); len(rows) == batch && !send() {
					return
				}
			}
			send()
		}()
		for rows := range batches {
			for i := range rows {
				if !yield(&rows[i].row, rows[i].err) {
					return
				}
			}
			select {
			case spent <- rows[:0]:
			default:
			}
		}
	}
}
