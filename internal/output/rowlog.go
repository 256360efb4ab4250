package output

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

// rowLog writes what Parquet has of a result, so that a later run can write the
// same rows: id, subject and study, each after its length, and a byte an
// assertion after their number. A Parquet file without its end cannot be read.
type rowLog struct {
	w   *bufio.Writer
	row []byte
}

func newRowLog(w io.Writer) *rowLog { return &rowLog{w: bufio.NewWriterSize(w, 1<<16)} }

// Write writes one result.
func (l *rowLog) Write(r labeler.Result) error {
	row := l.row[:0]
	for _, s := range []string{r.Report.ID, r.Report.Subject, r.Report.Study} {
		row = append(binary.AppendUvarint(row, uint64(len(s))), s...)
	}
	row = binary.AppendUvarint(row, uint64(len(r.Labels)))
	for i := range r.Labels {
		row = append(row, byte(r.Labels[i].Assertion))
	}
	l.row = row
	_, err := l.w.Write(row)
	return err
}

// Flush brings the rows so far to the stream below.
func (l *rowLog) Flush() error { return l.w.Flush() }

// Close flushes.
func (l *rowLog) Close() error { return l.w.Flush() }

var errRowLog = errors.New("a row is damaged")

// readRow reads a row of a rowLog; io.EOF is the end. No length in it is
// believed to be longer than what is there.
func readRow(in *bufio.Reader) (labeler.Result, error) {
	var r labeler.Result
	for i, s := range []*string{&r.Report.ID, &r.Report.Subject, &r.Report.Study} {
		field, err := readField(in)
		if err == io.EOF && i == 0 {
			return r, io.EOF
		}
		if err != nil {
			return r, errRowLog
		}
		*s = string(field)
	}
	field, err := readField(in)
	if err != nil {
		return r, errRowLog
	}
	r.Labels = make([]labeler.Label, len(field))
	for i, a := range field {
		if a > byte(corpus.Positive) {
			return r, errRowLog
		}
		r.Labels[i].Assertion = corpus.Assertion(a)
	}
	return r, nil
}

// readField reads bytes after their number; io.EOF is that there is nothing more.
func readField(in *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	const longest = 1 << 30
	if n > longest {
		return nil, errRowLog
	}
	field, err := io.ReadAll(io.LimitReader(in, int64(n)))
	if err != nil || uint64(len(field)) != n {
		return nil, errRowLog
	}
	return field, nil
}
