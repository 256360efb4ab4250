package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync/atomic"
)

// File is one file that is read as it is or, where it is compressed with gzip or
// zstd, as what it was before.
type File struct {
	Path string
	Name string // base name in lower case, without the ending of a compression
	Head []byte // how it begins, decompressed: at most 64 KiB
	st   *stream
	all  bool // Head is all of it
}

// OpenFile looks at how a file begins. The error is a *Problem: there is nothing
// to read, or the compression is damaged.
func OpenFile(path string) (*File, error) {
	bad := func(what, do string) error {
		return &Problem{Place: Place{Path: path}, What: what, Do: do, Lost: true}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, bad(reason(err), "check the path")
	case info.IsDir():
		return nil, bad("this is a folder", "give a file")
	}
	st, err := newStream(path, info, new(atomic.Int64))
	if err != nil {
		return nil, bad(reason(err), "check the path and its permissions")
	}
	head, err := st.head()
	if err != nil {
		return nil, bad(reason(err), "check the path and its permissions")
	}
	f := &File{Path: path, Name: st.name, Head: plainHead(head), st: st}
	ended := int64(len(head)) == st.size
	if !f.Regular() { // its head ends with a line, or where it ends
		ended = bytes.IndexByte(head, '\n') < 0
	}
	f.all = ended && len(head) < headBytes && len(f.Head) < headBytes
	switch {
	case len(f.Head) > 0:
		return f, nil
	case isCompressed(head):
		return nil, bad("the compressed file is empty, truncated or damaged", "get it again")
	default:
		return nil, bad("the file is empty", "")
	}
}

// Regular reports whether the file can be opened more than once; a pipe cannot.
func (f *File) Regular() bool { return f.st.pipe == nil }

// Open gives the plain bytes from the beginning. The error is a *Problem.
func (f *File) Open() (io.ReadCloser, error) {
	in, err := f.st.open()
	if err != nil {
		return nil, f.Fault(0, err)
	}
	return in, nil
}

// ReadAll gives all plain bytes. The error is a *Problem.
func (f *File) ReadAll() ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all, err := io.ReadAll(in)
	if err != nil {
		return nil, f.Fault(0, err)
	}
	return all, nil
}

// HeadLines is Head without a last line that is cut short.
func (f *File) HeadLines() []byte {
	if f.all {
		return f.Head
	}
	return f.Head[:bytes.LastIndexByte(f.Head, '\n')+1]
}

// Fault words an error that reading the file gave, at a line (0: none).
func (f *File) Fault(line int, err error) *Problem {
	what := "cannot be read: " + reason(err)
	if line > 0 {
		what = "reading ends here: " + reason(err)
	}
	return &Problem{Place: Place{f.Path, line}, What: what, Do: "get the file again", Lost: true, Ends: true}
}

// CheckText says why the file is no text, going by how it begins, as a *Problem.
func (f *File) CheckText() error {
	if err := checkText(f.Head); err != nil {
		line := 0
		if at := bytes.IndexByte(f.Head, 0); err == errBinary {
			line = 1 + bytes.Count(f.Head[:at], []byte("\n"))
		}
		return &Problem{Place: Place{f.Path, line}, What: "the file is no text: " + err.Error(), Lost: true}
	}
	return nil
}

// CheckLines says that the lines end with carriage returns alone, as a *Problem.
func (f *File) CheckLines() error {
	if bytes.IndexByte(f.Head, '\n') < 0 && bytes.IndexByte(bytes.TrimRight(f.Head, "\r"), '\r') >= 0 {
		return &Problem{Place: Place{f.Path, 1}, What: "its lines end with carriage returns alone", Do: "save it with line feeds", Lost: true}
	}
	return nil
}

// Table is a table with a header row, read row by row: its fields stand between
// commas, semicolons or tabs, or what a line "sep=;" above the header names.
type Table struct {
	File   *File
	Header []string // without blank names at its end
	width  int      // of the rows, with blank fields at their ends
	comma  byte
	plain  bool // tabs alone separate fields, and quotes are signs like others
}

// Row is one row of a table: a field for every column of the header.
type Row struct {
	Fields  []string // valid UTF-8 with \n line ends
	Line    int      // where it begins, from 1
	Foreign int      // bytes that were not UTF-8, read as Windows-1252
}

// Table reads the header row. In a plain table with tabs a quote is a sign like
// any other. The error is a *Problem.
func (f *File) Table(plain bool) (*Table, error) {
	if err := f.CheckText(); err != nil {
		return nil, err
	}
	t := &Table{File: f, comma: guessComma(f.Head)}
	t.plain = plain && t.comma == '\t'
	rows := t.reader(bytes.NewReader(f.Head), headBytes)
	first, cut, err := rows.header(f.Head)
	var broken *rowError
	switch {
	case cut && !f.all:
		what, do := rows.longHeader(f.st)
		return nil, t.Fault(1, -1, what, do)
	case errors.As(err, &broken):
		return nil, t.broken(broken)
	case err != nil:
		return nil, t.Fault(1, -1, "there is no header row", "")
	}
	if err := f.CheckLines(); err != nil {
		return nil, err
	}
	t.Header = trimBlank(first.fields)
	if len(t.Header) == 0 {
		return nil, t.Fault(first.line, -1, "the header row has no names", "")
	}
	t.width = t.usualWidth()
	if len(t.Header) == 1 && t.comma != '|' && strings.Contains(t.Header[0], "|") {
		return nil, t.Fault(first.line, -1, "the header row has none of the separators that are read", "put commas, semicolons or tabs between the columns")
	}
	return t, nil
}

// trimBlank drops the blank fields at the end of a row.
func trimBlank(fields []string) []string {
	for len(fields) > 0 && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

// usualWidth is how many fields the first rows mostly have, of those with a field
// for each name and nothing but blanks behind. Some programs end the header, or
// every row, with commas; but one comma too many in a single row moves all that
// stands behind it, and must not pass because the row ends blank.
func (t *Table) usualWidth() int {
	usual, rows := len(t.Header), map[int]int{}
	all := t.reader(bytes.NewReader(t.File.HeadLines()), headBytes)
	for header := true; ; header = false {
		r, err := all.next()
		if err != nil {
			return usual
		}
		n := len(r.fields)
		if header || n < len(t.Header) || !blank(r.fields[len(t.Header):]) {
			continue
		}
		if rows[n]++; rows[n] > rows[usual] {
			usual = n
		}
	}
}

func (t *Table) reader(in io.Reader, limit int) *rowReader {
	r := newRowReader(in, t.comma, limit)
	r.plain = t.plain
	return r
}

// Rows gives the rows under the header. An error is the *Problem of one row,
// after which the next comes, or ends the rows.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in, err := t.File.Open()
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer in.Close()
		t.read(in, yield)
	}
}

// HeadRows gives those of the rows that stand in File.Head, but for broken ones.
func (t *Table) HeadRows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		t.read(bytes.NewReader(t.File.HeadLines()), func(r Row, err error) bool { return err != nil || yield(r) })
	}
}

func (t *Table) read(in io.Reader, yield func(Row, error) bool) {
	rows := t.reader(in, DefaultMaxReportBytes)
	for header := true; ; {
		r, err := rows.next()
		if err == io.EOF {
			return
		}
		var broken *rowError
		torn := errors.As(err, &broken) && broken.torn
		switch {
		case broken != nil:
			p := t.broken(broken)
			p.Ends = torn
			err = p
		case err != nil:
			yield(Row{}, t.File.Fault(rows.lines.line+1, err))
			return
		case header:
			header = false
			continue
		default:
			r.fields, err = t.fit(r)
		}
		if !yield(Row{Fields: r.fields, Line: r.line, Foreign: r.foreign}, err) || torn {
			return
		}
	}
}

// fit gives a row as many fields as the header has names. Of one that has more or
// fewer, the error names the first column that is too many, or that is not there.
func (t *Table) fit(r row) ([]string, error) {
	have, want := len(r.fields), len(t.Header)
	if have != t.width || !blank(r.fields[want:]) {
		what := fmt.Sprintf("the row has %s, the header %d", plural(have, "field", "fields"), want)
		if t.width > want {
			what += fmt.Sprintf(" and other rows %d", t.width)
		}
		return nil, t.Fault(r.line, min(have, want), what, "")
	}
	return r.fields[:want], nil
}

func (t *Table) broken(e *rowError) *Problem {
	return t.Fault(e.line, e.column-1, e.whole("and reading ends with it"), e.do)
}

// Fault is the problem of one field, or, with column -1, of a whole row. A column
// behind those of the header has no name, nor has any where the header may be the
// text of a report.
func (t *Table) Fault(line, column int, what, do string) *Problem {
	switch {
	case column >= len(t.Header), column >= 0 && !AreNames(t.Header...):
		what = fmt.Sprintf("column %d: %s", column+1, what)
	case column >= 0:
		what = fmt.Sprintf("column %d (%s): %s", column+1, strings.TrimSpace(t.Header[column]), what)
	}
	return &Problem{Place: Place{t.File.Path, line}, What: what, Do: do, Lost: true}
}
