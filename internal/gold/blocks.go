package gold

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
)

const (
	blockBytes   = 1 << 20  // of lines that are decoded at once
	mostLineByte = 64 << 20 // of one line
)

var errLongLine = errors.New("the line is longer than 64 MB")

// block is some whole lines of a file.
type block struct {
	text []byte
	line int // number of the first, from 1
}

// cut cuts a stream into blocks. buffer gives the memory of each. An error comes
// with the number of the line that it keeps from being read.
func cut(in io.Reader, buffer func() []byte, yield func(block) bool) (line int, err error) {
	line = 1
	text := buffer()
	searched := 0 // bytes of text that hold no line end
	for {
		if len(text) == cap(text) {
			if len(text) > mostLineByte {
				return line, errLongLine
			}
			text = append(text, make([]byte, len(text))...)[:len(text)]
		}
		n, err := in.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		end := len(text)
		if err == nil && end < cap(text) && end < blockBytes {
			continue
		}
		if err != io.EOF { // the last line is not whole, or torn
			end = searched + bytes.LastIndexByte(text[searched:], '\n') + 1
			if end == searched {
				end = 0
			}
			searched = len(text) - end
		}
		if end > 0 {
			rest := append(buffer(), text[end:]...)
			b := block{text[:end], line}
			line += bytes.Count(b.text, []byte("\n"))
			if !yield(b) {
				return line, nil
			}
			text = rest
		}
		if err == io.EOF {
			return line, nil
		}
		if err != nil {
			return line, err
		}
	}
}

// decodeInOrder decodes the blocks of a stream on all processors, and yields what
// becomes of each in the order of the stream. decoder makes a function for one
// goroutine, which must keep nothing of a block. Memory is bounded by a few
// blocks for each processor. The error is that of cut.
func decodeInOrder[E any](ctx context.Context, in io.Reader, decoder func() func(block) E, yield func(E) bool) (line int, err error) {
	type job struct {
		block
		done chan E
	}
	ctx, stop := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan job, workers), make(chan job, 2*workers)
	buffers := sync.Pool{New: func() any { b := make([]byte, 0, blockBytes+blockBytes/4); return &b }}

	var at int
	var fault error
	var running sync.WaitGroup
	running.Go(func() {
		defer close(order)
		defer close(jobs)
		buffer := func() []byte { return (*buffers.Get().(*[]byte))[:0] }
		at, fault = cut(in, buffer, func(b block) bool {
			j := job{b, make(chan E, 1)}
			for _, to := range []chan job{order, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	})
	for range workers {
		running.Go(func() {
			decode := decoder()
			for j := range jobs {
				j.done <- decode(j.block)
				buffers.Put(&j.text)
			}
		})
	}
	defer running.Wait()
	defer stop()
	for j := range order {
		select {
		case e := <-j.done:
			if !yield(e) {
				return 0, nil
			}
		case <-ctx.Done():
			return 0, nil
		}
	}
	return at, fault
}
