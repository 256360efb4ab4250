package obtain

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Sums are sha256 checksums in lower-case hexadecimal by the name of the file.
type Sums map[string]string

// ReadSums reads lines of a checksum and a name, as sha256sum writes them, and
// keeps those of the names given: the whole list of a dataset is long. Lines
// that are neither empty nor such a pair are an error that begins with the line.
func ReadSums(r io.Reader, names []string) (Sums, error) {
	wanted := make(map[string]bool, len(names))
	for _, n := range names {
		wanted[n] = true
	}
	sums := Sums{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimRight(strings.TrimPrefix(lines.Text(), "\ufeff"), "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		sum, name, ok := strings.Cut(line, " ")
		if b, err := hex.DecodeString(sum); !ok || err != nil || len(b) != 32 {
			return nil, fmt.Errorf("%d: want a sha256 checksum, a blank and the name of a file, as sha256sum writes them", number)
		}
		name = strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(name, " "), "*"), "./")
		if wanted[name] {
			sums[name] = strings.ToLower(sum)
		}
	}
	return sums, lines.Err()
}

// of gives the checksum of a file; "" where files are held against none.
func (s Sums) of(name string) (string, error) {
	if sum, ok := s[name]; ok || s == nil {
		return sum, nil
	}
	return "", fmt.Errorf("%s: has no checksum in the list; check the name, and that the list is of the same dataset and version", name)
}
