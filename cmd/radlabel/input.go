package main

import (
	"context"
	"io"
)

// interruptible is an input whose reads end when the context does: a terminal
// or a pipe that nobody writes to must not hold up Ctrl-C. The read that was
// under way is left behind with a buffer of its own.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	got chan chunk
	buf []byte // read and not yet given
	err error  // what ended the input, after buf
}

type chunk struct {
	data []byte
	err  error
}

func newInterruptible(ctx context.Context, in io.Reader) *interruptible {
	return &interruptible{ctx: ctx, in: in}
}

func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.buf) == 0 && r.err == nil {
		if r.got == nil {
			r.got = make(chan chunk)
			go r.pump()
		}
		select {
		case c := <-r.got:
			r.buf, r.err = c.data, c.err
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
	n := copy(p, r.buf)
	if r.buf = r.buf[n:]; len(r.buf) > 0 {
		return n, nil
	}
	return n, r.err
}

// pump reads ahead by one buffer until the input or the context ends.
func (r *interruptible) pump() {
	for {
		buf := make([]byte, 1<<16)
		n, err := r.in.Read(buf)
		select {
		case r.got <- chunk{buf[:n], err}:
		case <-r.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}
