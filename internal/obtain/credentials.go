package obtain

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Credentials are a name and a password for the host of a Getter's Base. They
// do not print.
type Credentials struct {
	User, password string
	From           string // where they are from: the environment, or a file
}

// Empty reports whether there are none.
func (c Credentials) Empty() bool { return c.User == "" && c.password == "" }

// String keeps the password out of what prints c.
func (c Credentials) String() string { return "credentials from " + c.From }

// GoString keeps the password out of what prints c with %#v.
func (c Credentials) GoString() string { return c.String() }

// authorize adds the credentials to a request, but over plain http to this
// machine alone.
func (c Credentials) authorize(req *http.Request) {
	if !c.Empty() && (req.URL.Scheme == "https" || loopback(req.URL.Hostname())) {
		req.SetBasicAuth(c.User, c.password)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// LoadCredentials gives what the environment has for a host: RADLABEL_USER and
// RADLABEL_PASSWORD, else the host's entry in the netrc file that NETRC names,
// else in ~/.netrc. That there are none is no error. No error repeats what
// stands in the file.
func LoadCredentials(host string, getenv func(string) string) (Credentials, error) {
	user, password := getenv("RADLABEL_USER"), getenv("RADLABEL_PASSWORD")
	switch {
	case user != "" && password != "":
		return Credentials{user, password, "the environment"}, nil
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
	return Credentials{user, password, name}, nil
}

// parseNetrc finds the entry of a host: the first of its name, else the default.
// Words may be quoted, with \ before a quote or backslash in them. A # where a
// keyword is due begins a comment. Errors begin with the line.
func parseNetrc(text, host string) (user, password string, err error) {
	type entry struct{ user, password string }
	var fallback, other entry
	var mine *entry
	at := &other
	n := netrc{rest: text, line: 1}
	for {
		key, ok, err := n.word(true)
		if err != nil {
			return "", "", err
		}
		if !ok {
			break
		}
		switch key {
		case "default":
			at = &fallback
			continue
		case "macdef": // up to an empty line
			n.skipTo("\n\n")
			continue
		case "machine", "login", "password", "account":
		default:
			return "", "", fmt.Errorf("%d: a word that is none of machine, default, login, password, account, macdef; quote values that have blanks in them", n.line)
		}
		value, ok, err := n.word(false)
		switch {
		case err != nil:
			return "", "", err
		case !ok:
			return "", "", fmt.Errorf("%d: nothing follows %s; complete the entry", n.line, key)
		}
		switch key {
		case "machine":
			at = &entry{}
			if mine == nil && strings.EqualFold(value, host) {
				mine = at
			}
		case "login":
			at.user = value
		case "password":
			at.password = value
		}
	}
	if mine == nil {
		mine = &fallback
	}
	return mine.user, mine.password, nil
}

// netrc is what is left of a netrc file.
type netrc struct {
	rest string
	line int
}

// word gives the next word; false at the end. Comments are skipped where a
// keyword is due.
func (n *netrc) word(keyword bool) (string, bool, error) {
	for {
		blank := len(n.rest) - len(strings.TrimLeft(n.rest, " \t\r\n"))
		n.take(blank)
		if !keyword || !strings.HasPrefix(n.rest, "#") {
			break
		}
		n.skipTo("\n")
	}
	if n.rest == "" {
		return "", false, nil
	}
	if n.rest[0] != '"' {
		end := strings.IndexAny(n.rest, " \t\r\n")
		if end < 0 {
			end = len(n.rest)
		}
		return n.take(end), true, nil
	}
	var word strings.Builder
	for i := 1; i < len(n.rest) && n.rest[i] != '\n'; i++ {
		switch c := n.rest[i]; {
		case c == '"':
			n.take(i + 1)
			return word.String(), true, nil
		case c == '\\' && i+1 < len(n.rest) && n.rest[i+1] != '\n':
			i++
			word.WriteByte(n.rest[i])
		default:
			word.WriteByte(c)
		}
	}
	return "", false, fmt.Errorf("%d: a quote opened here is not closed; close it on the same line", n.line)
}

// take gives the next bytes and goes on after them.
func (n *netrc) take(size int) string {
	s := n.rest[:size]
	n.line += strings.Count(s, "\n")
	n.rest = n.rest[size:]
	return s
}

// skipTo goes on after the end given, or to the end of all.
func (n *netrc) skipTo(end string) {
	if i := strings.Index(n.rest, end); i >= 0 {
		n.take(i + len(end))
	} else {
		n.take(len(n.rest))
	}
}
