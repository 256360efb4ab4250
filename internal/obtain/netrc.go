package obtain

import (
	"fmt"
	"strings"
)

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
