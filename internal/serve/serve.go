// Package serve shows radlabel in a browser, and gives labels to other programs
// over HTTP: pages rendered here with a little script beside them, and an API
// below /api/v1 that openapi.json describes.
//
// A request goes through guard.go (host, origin, who asks, how many at a time),
// then to the handler of its route, which gives an error for what it refuses.
// Everything that a page loads is embedded; nothing comes from elsewhere.
//
// # How a page is added
//
//  1. html/NAME.html defines the template "main". Its data is the view's Data;
//     what reports hold is escaped by html/template, and shown by page.Printable.
//
//  2. NAME.go has the handlers and one method that registers them, which New calls
//     where the Options have what the page needs: s.entry("/name", "Name") is its
//     place in the navigation, s.handle("GET /name", s.showName) the page, and
//     s.handle("GET /api/v1/name", s.nameAPI) what programs ask, which goes into
//     assets/openapi.json too.
//
//  3. A handler ends with s.show(w, "search", view{...}), with writeJSON, or with
//     refuse(status, what is wrong; what to do). Reports' texts come by POST and go
//     into no address, header, log or message. What may take longer than
//     Limits.Timeout is registered by handleStream, and calls s.alive(w) now and then.
//
//  4. assets/NAME.js is named in the view's Scripts. Without it the page works by
//     links and forms. The policy of browser rights allows neither inline script nor
//     style attributes in markup; assets/style.css has the looks of all pages.
//
//  5. In tests, open(t, options) gives a tab of a real browser on a running server,
//     whose end asserts that nothing was said on the console, nothing asked of
//     another host, and axe finds nothing.
package serve

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/labeler"
)

// Options say what is served, and to whom.
type Options struct {
	Labelers []*labeler.Labeler // a rule set each, of different names; the first is used where none is asked for
	Section  string             // what they label unless another is asked for: "auto" (also "")
	Version  string
	Limits   Limits
	Access   Access

	Index  *index.Index // reports to search; nil: none
	Review *Review      // a validation to look at; nil: none

	Corpus        relabel.Corpus // reports that changed rules are tried on; nil: none
	CorpusReports int            // how many they are
	RuleFolder    string         // of the first rule set, whose files may be saved; "": it is an embedded one
}

// Limits bound what a request may cost. The zero value of each is its default.
type Limits struct {
	Request  int64         // bytes of a request's body, and of a line of a stream; 0: DefaultRequest
	Requests int           // requests under way, the others are told to come again; 0: DefaultRequests
	Timeout  time.Duration // for reading a request, and for answering it; 0: DefaultTimeout
}

// The limits unless others are set.
const (
	DefaultRequest  = 16 << 20
	DefaultRequests = 256
	DefaultTimeout  = 30 * time.Second
)

// Server serves the pages and the API.
type Server struct {
	Options
	mux      *http.ServeMux
	patterns []string // of the routes
	nav      []link
	metrics  *metrics
	slots    chan struct{}       // requests under way
	labels   *semaphore.Weighted // labelling, in the order of asking
	large    *semaphore.Weighted // labelling of large texts
	hosts    map[string]bool     // that the server may be called by, beside loopback's and the certificate's
	stopping atomic.Bool

	current   atomic.Pointer[[]*labeler.Labeler] // Options.Labelers, or what saved rules have made of them
	explainer *relabel.Explainer                 // of reports of the index
	firing    firing
	trials    trials
	saving    sync.Mutex // of rule files
}

// link is an entry of the navigation.
type link struct{ Path, Title string }

// New makes a server.
func New(opts Options) (*Server, error) {
	if len(opts.Labelers) == 0 {
		return nil, errors.New("nothing to serve: no rule set")
	}
	if opts.Access.secret() {
		opts.Access.known = newKnown()
	}
	opts.Section = cmp.Or(opts.Section, "auto")
	opts.Limits.Request = cmp.Or(opts.Limits.Request, DefaultRequest)
	opts.Limits.Requests = cmp.Or(opts.Limits.Requests, DefaultRequests)
	opts.Limits.Timeout = cmp.Or(opts.Limits.Timeout, DefaultTimeout)
	s := &Server{
		Options: opts, mux: http.NewServeMux(), metrics: newMetrics(),
		slots:  make(chan struct{}, opts.Limits.Requests),
		labels: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		large:  semaphore.NewWeighted(1),
		hosts:  map[string]bool{},
	}
	s.assetRoutes()
	s.stateRoutes()
	s.labelRoutes()
	s.current.Store(&s.Labelers)
	s.searchRoutes()
	s.reviewRoutes()
	s.ruleRoutes()
	s.editRoutes()
	s.apiRoutes()
	return s, nil
}

// inUse are the labelers, the one that is used where none is asked for first.
func (s *Server) inUse() []*labeler.Labeler { return *s.current.Load() }

// entry puts a page into the navigation, behind those before it.
func (s *Server) entry(path, title string) { s.nav = append(s.nav, link{path, title}) }

// Listen opens the address. Other machines may reach it only where Options.Access
// has a certificate and a secret; the error is a *WrongAddress where it has not.
func (s *Server) Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &WrongAddress{addr, "is no address: want host:port, as 127.0.0.1:8620"}
	}
	if err := s.Access.allows(addr, host); err != nil {
		return nil, err
	}
	if host != "" {
		s.hosts[hostKey(host)] = true
	}
	return net.Listen("tcp", addr)
}

// URL is the address of the first page at a listener.
func (s *Server) URL(l net.Listener) string {
	scheme := "http"
	if s.Access.Certificate != nil {
		scheme = "https"
	}
	addr := l.Addr().String()
	if host, port, err := net.SplitHostPort(addr); err == nil && net.ParseIP(host).IsUnspecified() {
		addr = net.JoinHostPort(s.Access.name(), port)
	}
	return scheme + "://" + addr + "/"
}

// stopTime is how long requests under way may take to end once the server is
// told to stop.
const stopTime = 10 * time.Second

// Serve answers until the context ends, then lets what is under way come to its
// end, and gives nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer s.trials.end()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		TLSConfig:         s.Access.tls(),
		// What it would say of a request may hold a part of it.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(l, "", "")
		} else {
			ended <- server.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}
