package serve

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

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
	in := bufio.NewReaderSize(x, wireBuffer)
	for n := 1; ; n++ {
		line, err := readLine(in, int(s.Limits.Request))
		if err != nil && !errors.Is(err, errLong) && len(line) == 0 {
			x.end(n, err)
			return x.flush()
		}
		switch {
		case s.stopping.Load():
			x.problem(n, "the server is stopping; send this line and those behind it to another")
			return x.flush()
		case errors.Is(err, errLong):
			x.problem(n, fmt.Sprintf("the line has more than %d bytes; start the server with a larger --max-request", s.Limits.Request))
		case len(bytes.TrimSpace(line)) == 0:
		default:
			if err := s.labelLine(x, r, c, n, line); err != nil {
				return err
			}
		}
	}
}

// labelLine answers one line. The error is of the stream.
func (s *Server) labelLine(x *wire, r *http.Request, c choice, n int, line []byte) error {
	report, err := parseReport(line)
	if err != nil {
		x.problem(n, wantReport)
		return nil
	}
	result, err := s.label(r.Context(), c, report)
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	if err != nil {
		x.problem(n, messageOf(err))
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

var errLong = errors.New("the line is too long")

// readLine reads a line without its end. Of one longer than the limit it reads all
// and gives none, with errLong. The error at the end of a last line comes with the
// next call.
func readLine(in *bufio.Reader, limit int) (line []byte, err error) {
	for long := false; ; {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > limit+1; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLong
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil:
			return nil, err
		}
		return line, nil
	}
}
