package dataset

import (
	"context"
	"iter"
)

// prefetched is Records with the reading on one processor and what is done with
// the rows on another.
func (f *File) prefetched(ctx context.Context) iter.Seq2[*Record, error] {
	type result struct {
		rec Record
		err error
	}
	const batch = 512
	return func(yield func(*Record, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		batches := make(chan []result, 4)
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
					rows = make([]result, 0, batch)
					return true
				case <-ctx.Done():
					return false
				}
			}
			for rec, err := range f.Records(ctx) {
				r := result{err: err}
				if err == nil {
					r.rec = *rec
				}
				if rows = append(rows, r); len(rows) == batch && !send() {
					return
				}
			}
			send()
		}()
		for rows := range batches {
			for i := range rows {
				if !yield(&rows[i].rec, rows[i].err) {
					return
				}
			}
		}
	}
}
