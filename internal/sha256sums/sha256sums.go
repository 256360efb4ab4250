// Package sha256sums reads lists of checksums as sha256sum writes them and
// PhysioNet ships them.
package sha256sums

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// errLine is what is wrong with a line that is none of a list.
var errLine = errors.New("want a SHA-256 checksum, 64 hexadecimal digits, and a path behind it")

// Parse reads a line of a list: a checksum, which is given in lower case, and the
// path of a file with slashes, which may have a star or ./ before it. Of a blank
// line both are "".
func Parse(line string) (sum, path string, err error) {
	line = strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), "\r\n")
	if strings.TrimSpace(line) == "" {
		return "", "", nil
	}
	sum, path, _ = strings.Cut(line, " ")
	path = strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(path, " "), "*"), "./")
	if digest, err := hex.DecodeString(sum); err != nil || len(digest) != sha256.Size || path == "" {
		return "", "", errLine
	}
	return strings.ToLower(sum), path, nil
}
