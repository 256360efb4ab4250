package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size is a flag of bytes: 4096, 64KiB, 16MiB, 1GiB.
type size int

var sizeUnits = []struct {
	name  string
	bytes int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// String gives the size in the largest unit that divides it.
func (s *size) String() string {
	for _, u := range sizeUnits {
		if int(*s) >= u.bytes && int(*s)%u.bytes == 0 {
			return strconv.Itoa(int(*s)/u.bytes) + u.name
		}
	}
	return strconv.Itoa(int(*s))
}

// Set reads a size.
func (s *size) Set(text string) error {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n <= 0 || n > math.MaxInt/u.bytes {
			break
		}
		*s = size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size; give a number of bytes, or one with KiB, MiB or GiB", text)
}

// Type names the flag's argument.
func (s *size) Type() string { return "size" }
