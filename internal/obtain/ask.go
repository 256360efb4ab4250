package obtain

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const mostRedirects = 10

// ask sends the request for what is missing and follows redirects. It does so
// itself: http.Client would hand credentials on to subdomains and to plain http,
// the address with its query to whom it is redirected, and both to its errors.
func (g *Getter) ask(ctx context.Context, p *part) (*http.Response, error) {
	if g.Transport == nil {
		g.Transport = NewTransport()
	}
	u, home := g.address(p.name), true
	for range mostRedirects + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("%s: the address is none; check it", p.name)
		}
		req.Header.Set("User-Agent", "radlabel")
		req.Header.Set("Accept-Encoding", "identity")
		if version := p.state.validator(); p.have > 0 && version != "" {
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.have))
			req.Header.Set("If-Range", version)
		}
		if home = home && sameOrigin(u, g.Base); home && g.Base.RawQuery == "" {
			g.Credentials.authorize(req)
		}
		resp, err := g.Transport.RoundTrip(req)
		if err != nil {
			return nil, p.unanswered(cmp.Or(stalled(ctx), err))
		}
		if !redirects(resp.StatusCode) {
			return resp, nil
		}
		resp.Body.Close()
		next, err := resp.Location()
		if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Hostname() == "" {
			return nil, fmt.Errorf("%s: %s redirects to no address; check the address", p.name, u.Host)
		}
		if u.Scheme == "https" && next.Scheme == "http" {
			return nil, fmt.Errorf("%s: %s redirects from https to plain http, which is not followed; check the address", p.name, u.Host)
		}
		next.User = nil
		u = next
	}
	return nil, fmt.Errorf("%s: %s redirects more than %d times; check the address, or whether it asks to log in", p.name, g.Base.Host, mostRedirects)
}

// unanswered says what kept a request from an answer.
func (p *part) unanswered(err error) error {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.As(err, &certificate):
		return fmt.Errorf("%s: the server is not who it says it is: %w; check the address, and the certificates of this machine", p.name, err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%s: no host %s; check the address, and that there is a network", p.name, dns.Name)
	}
	return passingf("no answer: %v", err)
}

func redirects(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// retryAfter is what a server asks to wait, in seconds or as a date; 0 where it
// says nothing.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	s := resp.Header.Get("Retry-After")
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), 1<<30)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// contentRange reads "bytes 5-9/10", "bytes 5-9/*" and "bytes */10". Of what is
// not said, start is 0 and size is -1.
func contentRange(resp *http.Response) (start, size int64, ok bool) {
	s, ok := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes ")
	if !ok {
		return 0, -1, false
	}
	span, total, ok := strings.Cut(s, "/")
	if !ok {
		return 0, -1, false
	}
	size = -1
	var err error
	if total != "*" {
		if size, err = strconv.ParseInt(total, 10, 64); err != nil || size < 0 {
			return 0, -1, false
		}
	}
	if span == "*" {
		return 0, size, true
	}
	first, _, _ := strings.Cut(span, "-")
	start, err = strconv.ParseInt(first, 10, 64)
	return start, size, err == nil && start >= 0
}
