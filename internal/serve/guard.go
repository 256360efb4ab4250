package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// policy is what the browser may do for a page: load and ask what this server has.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP lets a request through to its handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if s.Access.Certificate != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if err := s.guard(r); err != nil {
		s.tell(w, r, err)
		return
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		nowhere := &unrouted{ResponseWriter: w}
		s.mux.ServeHTTP(nowhere, r)
		w.Header().Del("Location") // to a cleaner address where there is nothing either
		s.tell(w, r, nowhere.refusal())
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unrouted takes the status that the mux answers with where it has no route.
type unrouted struct {
	http.ResponseWriter
	status int
}

func (u *unrouted) WriteHeader(status int)      { u.status = status }
func (u *unrouted) Write(p []byte) (int, error) { return len(p), nil }

func (u *unrouted) refusal() error {
	if u.status == http.StatusMethodNotAllowed {
		return refuse(u.status, "this address is not asked so; Allow says how")
	}
	return refuse(http.StatusNotFound, "there is nothing at this address; the first page leads to all others")
}

// guard refuses what is not for this server, comes from another site's page, or
// does not say who asks.
func (s *Server) guard(r *http.Request) error {
	if isProbe(r.URL.Path) {
		return nil
	}
	if !s.isHost(r.Host) {
		return refuse(http.StatusMisdirectedRequest, "this server is not called by that name; use the address that it prints")
	}
	// Browsers say what site a request comes from; other programs do not.
	if err := new(http.CrossOriginProtection).Check(r); err != nil || isForeignPart(r) {
		return refuse(http.StatusForbidden, "the request comes from a page of another site; open the address that radlabel serve prints")
	}
	return s.Access.check(r)
}

// isForeignPart reports whether a browser asks for a part of another site's page. What
// comes could not be read there, but how long it takes could; a link leads here.
func isForeignPart(r *http.Request) bool {
	site, dest := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Dest")
	return (site == "cross-site" || site == "same-site") && dest != "document"
}

// isProbe tells the addresses that say nothing but whether the server is there.
func isProbe(path string) bool { return path == "/healthz" || path == "/readyz" }

// isHost reports whether the server may be called by a name: a page of another
// site that has made its own name lead here is kept out by it.
func (s *Server) isHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = hostKey(host)
	return isLoopback(host) || s.hosts[host] || s.Access.isNamed(host)
}

func hostKey(host string) string { return strings.ToLower(strings.Trim(host, "[]")) }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// handler answers a request, or gives an error before it has written anything.
type handler func(w http.ResponseWriter, r *http.Request) error

// handle registers a handler of requests that are bounded in size and time.
func (s *Server) handle(pattern string, h handler) {
	s.handleStream(pattern, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), s.Limits.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, s.Limits.Request)
		return h(w, r)
	})
}

// handleStream registers a handler that bounds what it reads by itself.
func (s *Server) handleStream(pattern string, h handler) {
	s.patterns = append(s.patterns, pattern)
	route := pattern[strings.Index(pattern, " ")+1:]
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer := &answer{ResponseWriter: w, begins: func() { s.alive(w) }}
		defer s.metrics.request(route, time.Now(), answer)
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default:
			s.tell(answer, r, refuse(http.StatusServiceUnavailable, "too many requests are under way; try again in a second"))
			return
		}
		s.alive(w)
		switch err := s.attempt(h, answer, r); {
		case err == nil:
		case answer.status != 0:
			panic(http.ErrAbortHandler) // the client is to see that it has not all of it
		default:
			s.tell(answer, r, err)
		}
	})
}

// attempt makes an error of a fault of the program. What the fault says of itself
// may hold text of a report.
func (s *Server) attempt(h handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = errFault
		}
	}()
	return h(w, r)
}

var errFault = errors.New("radlabel failed on this request; tell the project what was asked")

// grace is how much longer a client may take to send than there is to answer: reading
// that ends takes the connection along, and with it the answer that time was over.
const grace = time.Second

// alive gives the client Limits.Timeout from now on to read or write what is next.
func (s *Server) alive(w http.ResponseWriter) {
	control, by := http.NewResponseController(w), time.Now().Add(s.Limits.Timeout)
	_ = control.SetReadDeadline(by.Add(grace)) // a recorder of a test has none
	_ = control.SetWriteDeadline(by)
}

// answer remembers what was answered.
type answer struct {
	http.ResponseWriter
	status int
	begins func() // what it takes to find an answer is no part of the time to send it
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		a.begins()
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
		a.begins()
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// refusal is an error with the status that tells it. Its message holds no text of
// a report.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Sprintf(format, args...)}
}

// tell answers with an error: a page to a browser, an object to a program.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Del("Content-Disposition")
	status, message := http.StatusInternalServerError, errFault.Error()
	var known refusal
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errWho):
		w.Header().Set("WWW-Authenticate", `Basic realm="radlabel", charset="UTF-8"`)
		status, message = http.StatusUnauthorized, "this server asks for a name and a password, or a bearer token"
	case errors.As(err, &known):
		status, message = known.status, known.message
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
	case errors.As(err, &large):
		status, message = http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes; send less, or start the server with a larger --max-request", large.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		status, message = http.StatusServiceUnavailable, "it took too long; send less, or start the server with more --timeout"
	case r.Context().Err() != nil:
		return // nobody listens
	}
	if strings.HasPrefix(r.URL.Path, "/api/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		writeJSON(w, status, problem{Error: message})
		return
	}
	_ = s.showStatus(w, status, "error", view{Title: http.StatusText(status), Data: message})
}
