package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// Field says what a column is for.
type Field uint8

// The fields. A row is nothing without its ids and labels.
const (
	Value Field = iota
	ID
	Label
)

// Column is a column of a dataset's tables, but for those of single observations.
type Column struct {
	Name  string // as its publishers write it
	Field Field
	Level Level // what it speaks of
	read  func(value string, rec *Record) error
}

// Read reads a value, without blanks around it, into a record. It is held against
// what columns before it have said of the record: the patient of an image against
// the image. The error is a *Wrong.
func (c *Column) Read(value string, rec *Record) error {
	if c.read == nil {
		return nil
	}
	return c.read(value, rec)
}

// Wrong is what is wrong with a value.
type Wrong struct {
	What, Do string
	Lost     bool // the row is nothing without it
}

func (w *Wrong) Error() string { return w.What }

// lost is wrong with a value without which the row is nothing.
func lost(do, format string, args ...any) error {
	return &Wrong{What: fmt.Sprintf(format, args...), Do: do, Lost: true}
}

// odd is wrong with a value that the row can do without.
func odd(do, format string, args ...any) error {
	return &Wrong{What: fmt.Sprintf(format, args...), Do: do}
}

// swapped is what to do about a value that looks like another column's.
const swapped = "check that the columns are not swapped"

// Columns are those of the dataset's tables, each behind those that it is held
// against.
func (d *Dataset) Columns() (all []*Column) {
	for _, f := range d.forms {
		for _, c := range slices.Concat(f.columns, f.more) {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// Column gives the column of the dataset's tables that a header names, whatever
// its case, blanks, hyphens and underscores; nil: none.
func (d *Dataset) Column(header string) *Column {
	key := corpus.ColumnKey(header)
	for _, c := range d.Columns() {
		if corpus.ColumnKey(c.Name) == key {
			return c
		}
	}
	return nil
}

// numberOf reads digits. Pandas writes 10000032.0 for a number beside blanks.
func numberOf(s string) (uint32, bool) {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, ".0"), 10, 32)
	return uint32(n), err == nil && n > 0
}

// OldestAge is the age in years from which on one is taken for a slip.
const OldestAge = 120

// readAge reads years: 58, or as DICOM writes them, 058Y, 006M, 012W, 003D.
func readAge(s string, rec *Record) error {
	if s == "" {
		return nil
	}
	digits, unit := s, byte('Y')
	if last := s[len(s)-1]; strings.IndexByte("YMWD", last) >= 0 {
		digits, unit = s[:len(s)-1], last
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || n != float64(int(n)) {
		return odd(swapped, "%s is no age; counted as unknown", quoted(s))
	}
	years := int(n) / map[byte]int{'Y': 1, 'M': 12, 'W': 52, 'D': 365}[unit]
	if years > OldestAge {
		return odd("", "nobody is %s years old; counted as unknown", digits)
	}
	rec.Age = years
	if digits != s {
		return odd("", "the age %s has a unit; read as %d years", quoted(s), years)
	}
	return nil
}

// readSex reads F or M, or the words.
func readSex(s string, rec *Record) error {
	rec.Sex = "unknown"
	switch strings.ToLower(s) {
	case "f", "female":
		rec.Sex = "F"
	case "m", "male":
		rec.Sex = "M"
	case "":
	case "unknown", "u", "o", "other":
		return odd("", "the sex is %s; counted as unknown", quoted(s))
	default:
		return odd(swapped, "%s is no sex; counted as unknown", quoted(s))
	}
	return nil
}

// readView reads the name of a view: a few capitals, or nothing.
func readView(s string, rec *Record) error {
	switch rec.View = s; {
	case s == "":
		rec.View = "blank"
	case len(s) > 24 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != "":
		rec.View = "unknown"
		return odd(swapped, "%s is no view; counted as unknown", quoted(s))
	}
	return nil
}

// readPixels reads a number, which records have no place for.
func readPixels(s string, _ *Record) error {
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return lost("", "%s is no number of pixels", quoted(s))
	}
	return nil
}

func quoted(s string) string { return corpus.Quote(s, 40) }
