package obtain

import (
	"bufio"
	"fmt"
	"io"

	"github.com/radlabel/radlabel/internal/sha256sums"
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
		sum, name, err := sha256sums.Parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%d: %w; get the list again", number, err)
		}
		if wanted[name] {
			sums[name] = sum
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
