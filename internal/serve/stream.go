package serve

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
)

// wire is the connection of a stream, both ways. Each read and write may take
// Limits.Timeout; what is written goes out before a read may have to wait.
type wire struct {
	s   *Server
	w   http.ResponseWriter
	r   io.Reader
	out *bufio.Writer
}

const wireBuffer = 64 << 10

func (s *Server) newWire(w http.ResponseWriter, r *http.Request) *wire {
	x := &wire{s: s, w: w, r: r.Body}
	x.out = bufio.NewWriterSize(writer(x.write), wireBuffer)
	return x
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func (x *wire) write(p []byte) (int, error) {
	x.s.alive(x.w)
	return x.w.Write(p)
}

func (x *wire) flush() error {
	if err := x.out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(x.w).Flush()
}

// Read reads what comes next, once the client has all answers to what came before.
func (x *wire) Read(p []byte) (int, error) {
	if err := x.flush(); err != nil {
		return 0, err
	}
	x.s.alive(x.w)
	return x.r.Read(p)
}

// labelMany labels a report a line, and answers with a line for each, in order, as
// they come. What is wrong with one is told on its line; only what ends the reading
// ends the stream.
func (s *Server) labelMany(w http.ResponseWriter, r *http.Request) error {
	c, err := s.chosen(w, r)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 is so already
	// A stream that ends early leaves lines behind, which are no next request.
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "application/jsonl")
	x := s.newWire(w, r)
	in := corpus.NewLines(x, "", s.lineOptions())
	for n := 1; ; n++ {
		line, err := in.Next()
		switch {
		case err != nil:
			x.end(n, err)
			return x.flush()
		case s.stopping.Load():
			x.problem(n, "the server is stopping; send this line and those behind it to another")
			return x.flush()
		case line.TooLong:
			x.problem(n, fmt.Sprintf("the line has more than %d bytes; start the server with a larger --max-request", s.Limits.Request))
		case line.Problem != nil:
			x.problem(n, wantReport)
		default:
			if err := s.labelLine(x, r, c, line); err != nil {
				return err
			}
		}
	}
}

// labelLine answers a line that is a report. The error is of the stream.
func (s *Server) labelLine(x *wire, r *http.Request, c choice, line corpus.Line) error {
	result, err := s.label(r.Context(), c, line.Report)
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	if err != nil {
		x.problem(line.Number, messageOf(err))
		return nil
	}
	_, err = x.out.Write(append(output.AppendJSON(x.out.AvailableBuffer(), result), '\n'))
	return err
}

// problem tells what is wrong with a line. An error of writing comes up at the next
// flush.
func (x *wire) problem(line int, message string) {
	object, _ := json.Marshal(problem{Error: message, Line: line}) // strings and a number
	_, _ = x.out.Write(append(object, '\n'))
}

// end tells why the reading ended before the client had sent all.
func (x *wire) end(line int, err error) {
	switch {
	case errors.Is(err, io.EOF):
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.problem(line, "the line did not come within the time that the server waits; it has --timeout")
	default:
		x.problem(line, "the line ended before its end; send it again")
	}
}
