package obtain

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// Credentials are a name and a password for the host of a Getter's Base, and
// headers to send there, such as a token. They do not print.
type Credentials struct {
	User, password string
	From           string // where name and password are from: the environment, or a file
	headers        http.Header
}

// Empty reports whether there are none.
func (c Credentials) Empty() bool { return c.User == "" && c.password == "" && len(c.headers) == 0 }

// String keeps the password out of what prints c.
func (c Credentials) String() string { return "credentials from " + c.From }

// GoString keeps the password out of what prints c with %#v.
func (c Credentials) GoString() string { return c.String() }

// authorize adds the credentials to a request, but over plain http to this
// machine alone.
func (c Credentials) authorize(req *http.Request) {
	if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
		return
	}
	if c.User != "" || c.password != "" {
		req.SetBasicAuth(c.User, c.password)
	}
	for name, values := range c.headers {
		req.Header[name] = values
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// LoadCredentials gives what the environment has for a host: RADLABEL_USER and
// RADLABEL_PASSWORD, else the host's entry in the netrc file that NETRC names,
// else in ~/.netrc; and the headers of RADLABEL_HEADERS. An Authorization among
// these goes before name and password, which buckets are not told at all: they
// take none. That there is nothing is no error. No error repeats what stands in
// the environment or the file.
func LoadCredentials(host string, getenv func(string) string) (Credentials, error) {
	headers, err := parseHeaders(getenv("RADLABEL_HEADERS"))
	if err != nil {
		return Credentials{}, fmt.Errorf("RADLABEL_HEADERS: %w", err)
	}
	if headers.Get("Authorization") != "" || isBucket(host) {
		return Credentials{From: "RADLABEL_HEADERS", headers: headers}, nil
	}
	c, err := loadPassword(host, getenv)
	c.headers = headers
	return c, err
}

// loadPassword gives a host's name and password.
func loadPassword(host string, getenv func(string) string) (Credentials, error) {
	user, password := getenv("RADLABEL_USER"), getenv("RADLABEL_PASSWORD")
	switch {
	case user != "" && password != "":
		return Credentials{User: user, password: password, From: "the environment"}, nil
	case user != "" || password != "":
		return Credentials{}, errors.New("one of RADLABEL_USER and RADLABEL_PASSWORD is not set; set both, or neither")
	}
	name, named := getenv("NETRC"), true
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Credentials{}, nil
		}
		name, named = filepath.Join(home, ".netrc"), false
	}
	b, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return Credentials{}, nil
	case err != nil:
		return Credentials{}, fmt.Errorf("%s: cannot be read: %w; check the path and its permissions", name, errors.Unwrap(err))
	}
	user, password, err = parseNetrc(string(b), host)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s:%w", name, err)
	}
	return Credentials{User: user, password: password, From: name}, nil
}

var headerName = regexp.MustCompile(`^[0-9A-Za-z!#$%&'*+.^_|~-]+$`)

// parseHeaders reads lines such as "Authorization: Bearer TOKEN".
func parseHeaders(text string) (http.Header, error) {
	headers := http.Header{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || !headerName.MatchString(name) || value == "" || strings.ContainsFunc(value, unicode.IsControl) {
			return nil, fmt.Errorf("line %d: want a name, a colon and a value, such as Authorization: Bearer TOKEN", number)
		}
		switch name = http.CanonicalHeaderKey(name); name {
		case "Range", "If-Range", "Accept-Encoding", "Host", "Connection", "Content-Length", "Transfer-Encoding":
			return nil, fmt.Errorf("line %d: %s is for the download to set; leave it out", number, name)
		}
		headers.Add(name, value)
	}
	return headers, nil
}
