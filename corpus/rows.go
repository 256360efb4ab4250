package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sort"
	"strings"
	"unicode/utf8"
)

// lineReader reads lines without ever holding more than limit bytes of one.
type lineReader struct {
	in    *bufio.Reader
	limit int
	line  int // number of the line read last, from 1
	long  []byte

	keeping bool   // the lines that are read, for rewind
	kept    []byte // whole lines
	at      int    // in kept: those from here on are read again before the rest
	mark    int    // in kept: where rewind goes back to
	marked  int    // the line before it

	work int // bytes of the lines given so far, again and again, and of those moved
}

var errLongLine = errors.New("a line is longer than the limit")

func newLineReader(in io.Reader, limit int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, headBytes), limit: limit}
}

// next gives the next line with its line end, valid until the next call. A
// line longer than limit is passed over: errLongLine.
func (l *lineReader) next() ([]byte, error) {
	if l.at < len(l.kept) {
		return l.again(), nil
	}
	line, err := l.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		l.long = append(l.long[:0], line...)
		for err == bufio.ErrBufferFull {
			line, err = l.in.ReadSlice('\n')
			if len(l.long) <= l.limit {
				l.long = append(l.long, line...)
			}
		}
		line = l.long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	l.line++
	if l.line == 1 {
		line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	}
	if len(line) > l.limit {
		return nil, errLongLine
	}
	l.work += len(line)
	if l.keeping {
		l.kept = append(l.kept, line...)
		l.at = len(l.kept)
	}
	return line, nil
}

// again gives the next line of those kept.
func (l *lineReader) again() []byte {
	line := l.kept[l.at:]
	if n := bytes.IndexByte(line, '\n'); n >= 0 {
		line = line[:n+1]
	}
	l.at += len(line)
	l.work += len(line)
	l.line++
	return line
}

// keep marks where rewind goes back to, until it is called again or forget is.
func (l *lineReader) keep() {
	// What stands before is moved over when it is the larger part: every byte read
	// pays for one that is moved.
	if rest := l.kept[l.at:]; l.at >= len(rest) {
		l.kept, l.at = l.kept[:copy(l.kept, rest)], 0
		l.work += len(rest)
	}
	l.keeping, l.mark, l.marked = true, l.at, l.line
}

func (l *lineReader) rewind() { l.at, l.line = l.mark, l.marked }

// forward goes on behind the lines kept, the last of which is that line.
func (l *lineReader) forward(line int) { l.at, l.line = len(l.kept), line }

func (l *lineReader) forget() { l.keeping = false }

// mostFields is how many fields a row may have: what is hostile, or no table, would
// take many times its bytes.
const mostFields = 1 << 16

const tooWide = "more than 65,536 fields"

// row is one row of a table.
type row struct {
	fields   []string // valid UTF-8 with \n line ends
	line     int      // where it begins
	foreign  int      // bytes read as Windows-1252
	loose    bool     // a quote within a quoted field is not doubled
	doubtful bool     // read out of what an open quote swallowed
}

// rowError is a row that cannot be read; the next one can.
type rowError struct {
	line   int // of the row, or of the quote left open
	column int // of the field, from 1; 0: of none
	what   string
	do     string
	torn   bool // by a quote left open

	swallowed int // lines by that quote
}

// whole is what is wrong, with what became of the lines that a quote swallowed.
func (e *rowError) whole(became string) string {
	if e.swallowed == 0 {
		return e.what
	}
	return e.what + "; it swallowed " + plural(e.swallowed, "line", "lines") + ", " + became
}

func (e *rowError) Error() string { return e.what }

// rowReader reads delimited rows as RFC 4180 has them, and goes on where that
// is broken. The standard library's reader loses everything from a quote left
// open to the end of the file. Here such a quote is taken to be found out by
// the next quote that opens a field within it, by the end of the file, or by
// the limit; the lines after it are read again as rows of their own. They may have
// quotes left open as well, but are not followed once more: see quiet.
type rowReader struct {
	lines *lineReader
	comma byte // 0: a line is one field, unless it is quoted
	plain bool // a quote is a sign like any other
	begun bool // the first line that is not blank has been read
	doubt int  // rows that begin before this line are doubtful
	flat  []byte
	ends  []int
	quiet quiet
	spare []string
}

// quiet is what is known of the lines that are read again: nothing in them, up to a
// line, closes or betrays a quote opened before them, be it whose it may.
type quiet struct {
	to     int  // the last of them; before the line read last: nothing is known
	size   int  // bytes that those not read again yet would add to a quoted field
	sealed bool // the next line betrays an open quote, or there is none
}

func newRowReader(in io.Reader, comma byte, limit int) *rowReader {
	return &rowReader{lines: newLineReader(in, limit), comma: comma}
}

// next gives the next row that is not a blank line. Its error is a *rowError
// where reading can go on.
func (r *rowReader) next() (row, error) {
	line, err := r.first()
	if err != nil {
		return row{}, err
	}
	out := row{line: r.lines.line, doubtful: r.lines.line < r.doubt}
	if out.fields = r.simple(line); out.fields != nil {
		return out, nil
	}
	out.loose, err = r.split(line)
	if err != nil {
		return row{}, err
	}
	if len(r.flat) > r.lines.limit {
		return row{}, r.tooLong(out.line)
	}
	if len(r.ends) > mostFields {
		return row{}, &rowError{line: out.line, what: "the row has " + tooWide, do: "see whether it is a table"}
	}
	if nul := bytes.IndexByte(r.flat, 0); nul >= 0 {
		column := 1 + sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > nul })
		return row{}, &rowError{line: out.line, column: column, what: "the row holds " + errBinary.Error()}
	}
	r.decode(&out)
	return out, nil
}

// first gives the next line that is neither blank nor names the separator.
func (r *rowReader) first() ([]byte, error) {
	r.lines.forget()
	for {
		line, err := r.lines.next()
		if err == nil && r.lines.line <= r.quiet.to {
			size, _, _ := r.quoted(line)
			r.quiet.size -= size
		}
		switch {
		case err == errLongLine:
			return nil, r.tooLong(r.lines.line)
		case err != nil:
			return nil, err
		case len(trimLineEnd(line)) == 0:
			continue
		}
		named := !r.begun && r.comma != 0 && namedComma(line) != 0
		r.begun = true
		if !named {
			return line, nil
		}
	}
}

// split cuts a row that begins with a line into r.flat, at r.ends. Loose says that
// a quote within a quoted field is not doubled.
func (r *rowReader) split(line []byte) (loose bool, err error) {
	r.flat, r.ends = r.flat[:0], r.ends[:0]
	c := &cut{rowReader: r, start: true}
	before := 0 // bytes in r.flat up to the line where the quote was opened, and with it
	for {
		if torn := c.line(line); torn {
			r.quiet = quiet{to: r.lines.line - 1, sealed: true}
			return false, r.torn(c.openedAt)
		}
		if !c.quoted {
			r.ends = append(r.ends, len(r.flat))
			return c.loose, nil
		}
		if c.openedAt == r.lines.line {
			before = len(r.flat)
			r.lines.keep()
			if err := r.foresee(c.openedAt); err != nil {
				return false, err
			}
		}
		if len(r.flat) > r.lines.limit {
			r.quiet = quiet{to: r.lines.line, size: len(r.flat) - before}
			return false, r.torn(c.openedAt)
		}
		line, err = r.lines.next()
		switch {
		case err == io.EOF:
			r.quiet = quiet{to: r.lines.line, sealed: true}
			return false, r.torn(c.openedAt)
		case err == errLongLine:
			return false, r.tooLong(c.openedAt)
		case err != nil:
			return false, err
		}
	}
}

// foresee says what comes of a quote that the line read last leaves open, where the
// lines after it are known to be quiet: it goes on behind them. No error: nothing
// is known, or the quote is closed in time. Where the limit comes before they end,
// because this row has more bytes than the one they were followed for, the quote is
// said to have swallowed them all.
func (r *rowReader) foresee(openedAt int) error {
	q := &r.quiet
	if q.to < openedAt {
		return nil
	}
	if !q.sealed {
		r.lines.forward(q.to)
	}
	for !q.sealed && len(r.flat)+q.size <= r.lines.limit {
		line, err := r.lines.next()
		switch {
		case err == io.EOF:
			q.sealed = true
			continue
		case err == errLongLine:
			return r.tooLong(openedAt)
		case err != nil:
			return err
		}
		size, closed, torn := r.quoted(line)
		switch {
		case closed:
			*q = quiet{}
			r.lines.rewind()
			return nil
		case torn:
			q.sealed = true
		default:
			q.to, q.size = r.lines.line, q.size+size
		}
	}
	return r.torn(openedAt)
}

// quoted says what a line does to a quote opened before it: how many bytes it adds
// to the field, and whether it closes the quote or shows it to be left open.
func (r *rowReader) quoted(line []byte) (size int, closed, torn bool) {
	c := cut{rowReader: r, quoted: true}
	before, end := len(r.flat), len(trimLineEnd(line))
	for i := 0; i < len(line) && c.quoted && !torn; {
		i, torn = c.inQuotes(line, i, end)
	}
	size = len(r.flat) - before
	r.flat = r.flat[:before]
	return size, !c.quoted, torn
}

// cut is where a row is being cut.
type cut struct {
	*rowReader
	start    bool // at the start of a field
	quoted   bool // within quotes
	openedAt int  // line of the quote
	loose    bool
}

// line cuts one line. Torn says that it shows the quote before it to be left open.
func (c *cut) line(line []byte) (torn bool) {
	end := len(trimLineEnd(line))
	for i := 0; i < len(line); {
		switch {
		case c.quoted:
			if i, torn = c.inQuotes(line, i, end); torn {
				return true
			}
		case i >= end:
			i = len(line)
		case c.start && line[i] == '"' && !c.plain:
			c.quoted, c.openedAt, c.start = true, c.lines.line, false
			i++
		case c.separates(line[i]):
			if len(c.ends) <= mostFields {
				c.ends = append(c.ends, len(c.flat))
			}
			c.start = true
			i++
		default:
			n := end - i
			if c.comma != 0 {
				if at := bytes.IndexByte(line[i:end], c.comma); at >= 0 {
					n = at
				}
			}
			c.flat = append(c.flat, line[i:i+n]...)
			c.start = false
			i += n
		}
	}
	return false
}

// inQuotes reads on from i, to behind the next quote or the line.
func (c *cut) inQuotes(line []byte, i, end int) (next int, torn bool) {
	n := bytes.IndexByte(line[i:], '"')
	if n < 0 {
		c.flat = append(c.flat, line[i:]...)
		return len(line), false
	}
	quote := i + n
	c.flat = append(c.flat, line[i:quote]...)
	i = quote + 1
	switch {
	case i < len(line) && line[i] == '"':
		c.flat = append(c.flat, '"')
		i++
	case i >= end, c.separates(line[i]):
		c.quoted = false
	case c.lines.line > c.openedAt && (quote == 0 || c.separates(line[quote-1])):
		return i, true
	default:
		c.flat = append(c.flat, '"')
		c.loose = true
	}
	return i, false
}

func (r *rowReader) separates(c byte) bool { return r.comma != 0 && c == r.comma }

// notSimple are the bytes that a field must be looked at for.
var notSimple = func() (is [256]bool) {
	for _, c := range []byte("\"\r\x00") {
		is[c] = true
	}
	for c := utf8.RuneSelf; c < len(is); c++ {
		is[c] = true
	}
	return is
}()

// simple gives the fields of a line of ASCII without quotes, which most of the
// lines of large tables are, with no more than mostFields; nil of any other.
func (r *rowReader) simple(line []byte) []string {
	line = trimLineEnd(line)
	r.ends = r.ends[:0]
	for i, c := range line {
		if notSimple[c] {
			return nil
		}
		if c == r.comma {
			if r.ends = append(r.ends, i); len(r.ends) == mostFields {
				return nil
			}
		}
	}
	all, from := string(line), 0
	fields := r.take(len(r.ends) + 1)
	for i, end := range r.ends {
		fields[i] = all[from:end]
		from = end + 1
	}
	fields[len(r.ends)] = all[from:]
	return fields
}

// take gives room for the fields of a row, out of what was made for many.
func (r *rowReader) take(n int) []string {
	if len(r.spare) < n {
		r.spare = make([]string, max(n, 512))
	}
	fields := r.spare[:n:n]
	r.spare = r.spare[n:]
	return fields
}

func (r *rowReader) decode(out *row) {
	all := string(r.flat)
	out.fields = r.take(len(r.ends))
	from := 0
	for i, end := range r.ends {
		field := all[from:end]
		if !utf8.ValidString(field) { // alone: two halves of a letter would make a whole
			n := 0
			field, n = decodeForeign([]byte(field))
			out.foreign += n
		}
		out.fields[i] = unixLines(field)
		from = end
	}
}

func (r *rowReader) tooLong(line int) error {
	return &rowError{line: line, what: "the row is longer than " + bytesName(r.lines.limit), do: "check its quotes"}
}

// torn goes back to the line after the one where the quote was opened. Quiet lines
// may be the rest of the torn row as well as rows that its quote swallowed.
func (r *rowReader) torn(openedAt int) error {
	r.lines.rewind()
	r.doubt = max(r.doubt, r.quiet.to+1)
	return &rowError{
		line: openedAt, what: "a quote opened here is not closed", do: "close it, or double quotes within quoted fields",
		torn: true, swallowed: r.quiet.to - openedAt,
	}
}

// header reads the header row of a table out of its head. Cut says that it goes on
// where the head ends, unless the table ends there too. No row can be
// read after it.
func (r *rowReader) header(head []byte) (header row, cut bool, err error) {
	header, err = r.next()
	if !bytes.HasSuffix(head, []byte("\n")) {
		_, end := r.lines.next()
		cut = end == io.EOF
	}
	return header, cut, err
}

// longHeader says what is wrong with a header row that goes on where the head of a
// table ends. Of the reader it takes no more than how rows are written.
func (r *rowReader) longHeader(st *stream) (what, do string) {
	what, do = "the header row is longer than "+bytesName(headBytes), "drop columns that are not needed, or shorten their names"
	if st.pipe != nil {
		return what, do
	}
	in, err := st.open()
	if err != nil {
		return what, do
	}
	defer in.Close()
	whole := &rowReader{lines: newLineReader(in, DefaultMaxReportBytes), comma: r.comma, plain: r.plain}
	var broken *rowError
	if _, err := whole.next(); errors.As(err, &broken) && strings.HasSuffix(broken.what, tooWide) {
		return "the header row has " + tooWide, broken.do
	}
	return what, do
}

func trimLineEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
