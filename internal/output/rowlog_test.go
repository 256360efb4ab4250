package output

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/labeler"
)

// readAllRows reads a log as far as it goes: what was read, written again, is the
// beginning of the log where its numbers are written the shortest way.
func readAllRows(t *testing.T, log []byte) (rows []labeler.Result) {
	in := bufio.NewReader(bytes.NewReader(log))
	var again bytes.Buffer
	w := newRowLog(&again)
	for {
		r, err := readRow(in)
		if err == io.EOF {
			require.NoError(t, w.Close())
			assert.LessOrEqual(t, again.Len(), len(log))
			return rows
		}
		if err != nil {
			assert.Equal(t, errRowLog, err)
			return rows
		}
		require.NoError(t, w.Write(r))
		rows = append(rows, r)
	}
}

func TestRowLog(t *testing.T) {
	var b bytes.Buffer
	w := newRowLog(&b)
	want := []labeler.Result{result("", "", "", ""), result("a\xff\r\n", "10", "é", "text", u, n, q), numbered(7)}
	for _, r := range want {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Close())
	rows := readAllRows(t, b.Bytes())
	require.Len(t, rows, 3)
	for i, r := range rows {
		assert.Equal(t, want[i].Report.ID, r.Report.ID)
		assert.Equal(t, want[i].Report.Study, r.Report.Study)
		assert.Empty(t, r.Report.Text, "no text is kept")
		require.Len(t, r.Labels, len(want[i].Labels))
		for j := range r.Labels {
			assert.Equal(t, want[i].Labels[j].Assertion, r.Labels[j].Assertion)
		}
	}
	for cut := 1; cut < b.Len(); cut++ {
		assert.LessOrEqual(t, len(readAllRows(t, b.Bytes()[:cut])), 3)
	}
}

// No log makes reading take more memory than it is long.
func FuzzReadRow(f *testing.F) {
	var b bytes.Buffer
	w := newRowLog(&b)
	for i := range 3 {
		require.NoError(f, w.Write(numbered(i)))
	}
	require.NoError(f, w.Close())
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Add([]byte{1, 'a', 0, 0, 0xff, 0xff, 0xff, 0xff, 0x03})
	f.Fuzz(func(t *testing.T, log []byte) { readAllRows(t, log) })
}
