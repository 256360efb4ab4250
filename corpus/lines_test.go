package corpus

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLines(t *testing.T) {
	for line, want := range map[string]Line{
		`{"id":"a","text":"Edema."}`:                          {Report: Report{ID: "a", Text: "Edema."}},
		`{"subject_id":"p10","study_id":7,"text":"x"}` + "\r": {Report: Report{ID: "7", Study: "7", Subject: "p10", Text: "x"}},
		`{"text":"x"}`:         {Report: Report{ID: "1", Text: "x"}},
		`{"id":"a","text":""}`: {Report: Report{ID: "a"}, Warnings: []*Problem{{What: "the report is empty"}}},
		`{"id":"a","text":7}`:  {Report: Report{ID: "a"}, Problem: &Problem{What: `the field "text" is not a string`, Lost: true}},
		`{"study_id":"7","subject_id":1,"findings":[]}`: {Report: Report{ID: "7", Study: "7", Subject: "1"}, Problem: &Problem{What: `the field "findings" is not a string`, Lost: true}},
		`{"id":"a"}`:             {Report: Report{ID: "a"}, Problem: &Problem{What: `there is no field of report text among id`, Do: "name the fields with --id-column and --text-column", Lost: true}},
		`{"id":[],"text":"x"}`:   {Problem: &Problem{What: `the field "id" is not a string`, Lost: true}},
		`{"id":"a","text":`:      {Problem: &Problem{What: "the line is not a JSON object", Do: "write one object a line", Lost: true}},
		" ":                      {Problem: &Problem{What: "the line is empty", Do: "write one object a line", Lost: true}},
		strings.Repeat("x", 101): {TooLong: true, Problem: &Problem{What: "the line is longer than 100 bytes", Lost: true}},
	} {
		for _, end := range []string{"\n", ""} {
			if line == " " && end == "" {
				continue
			}
			l := NewLines(strings.NewReader(line+end), "stdin", Options{MaxReportBytes: 100})
			got, err := l.Next()
			require.NoError(t, err)
			place := Place{"stdin", 1}
			want.Number, want.Report.Place, want.Report.Ordinal = 1, place, 1
			for _, p := range append(want.Warnings, want.Problem) {
				if p != nil {
					p.Place = place
				}
			}
			assert.Equal(t, want, got, line)
			alone := ParseLine([]byte(line+end), Options{MaxReportBytes: 100})
			assert.Equal(t, want.Report.Text, alone.Report.Text, line)
			assert.Equal(t, want.TooLong, alone.TooLong, line)
			assert.Equal(t, want.Problem == nil, alone.Problem == nil, line)
			_, err = l.Next()
			assert.Equal(t, io.EOF, err)
		}
	}
}

// As it was sent, a report has its own id and the places of its text; line ends are line
// feeds either way.
func TestLinesAsSent(t *testing.T) {
	const object = "{\n\"id\": 7, \"text\": \"No\\r\\neffusion.\\rEdema.\"}"
	assert.Equal(t, "No \neffusion.\nEdema.", ParseLine([]byte(object), Options{AsSent: true}).Report.Text)
	assert.Equal(t, "No\neffusion.\nEdema.", ParseLine([]byte(object), Options{}).Report.Text)
	const study = `{"id":"a","subject_id":"2","study_id":"3","text":"x"}`
	assert.Equal(t, "a", ParseLine([]byte(study), Options{AsSent: true}).Report.ID)
	assert.Equal(t, "3", ParseLine([]byte(study), Options{}).Report.ID)
}

// Lines are given each when it is there, and are as many as there are line ends.
func TestLinesComeAsTheyAre(t *testing.T) {
	in, out := io.Pipe()
	l := NewLines(in, "", Options{})
	for i, line := range []string{`{"id":"a","text":"x"}`, "", "{", `{"id":"b","text":"y"}`} {
		go func() { _, _ = io.WriteString(out, line+"\n") }()
		got, err := l.Next()
		require.NoError(t, err)
		assert.Equal(t, i+1, got.Number)
		assert.False(t, l.Waiting())
	}
	go func() { _, _ = io.WriteString(out, "1\n2\n3"); out.Close() }()
	_, err := l.Next()
	require.NoError(t, err)
	assert.True(t, l.Waiting())
	for range 2 {
		_, err = l.Next()
		require.NoError(t, err)
		assert.False(t, l.Waiting(), "a line without its end is none yet")
	}
	_, err = l.Next()
	assert.Equal(t, io.EOF, err)
}

// Of lines that are reports, what comes one at a time is what Reader gives.
func TestLinesAreTheReaders(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 5).Draw(rt, "texts")
		var in strings.Builder
		for i, text := range texts {
			line, err := json.Marshal(map[string]any{"id": i, "text": text})
			require.NoError(t, err)
			in.Write(append(line, '\n'))
		}
		r, err := Open(t.Context(), []string{"-"}, Options{From: "jsonl", Stdin: strings.NewReader(in.String())})
		require.NoError(t, err)
		l := NewLines(bufio.NewReader(strings.NewReader(in.String())), "-", Options{})
		for report, err := range r.Reports(t.Context()) {
			if err != nil {
				continue // a warning
			}
			got, err := l.Next()
			require.NoError(t, err)
			assert.Nil(t, got.Problem)
			assert.Equal(t, report, got.Report)
		}
	})
}

// Whatever comes, there is a line for every line, which is a report or a Problem, and
// texts are valid.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"id\":\"a\",\"text\":\"x\"}\n\n{\n"))
	f.Add([]byte("\xef\xbb\xbf{\"study_id\":1,\"subject_id\":null,\"findings\":\"caf\xe9\"}\r\n[]"))
	f.Add([]byte("{\"text\":\"\\ud800\",\"text\":{}}\n" + strings.Repeat(" ", 300)))
	f.Fuzz(func(t *testing.T, in []byte) {
		want := strings.Count(string(in), "\n")
		if len(in) > 0 && in[len(in)-1] != '\n' {
			want++
		}
		l := NewLines(strings.NewReader(string(in)), "stdin", Options{MaxReportBytes: 200})
		for n := 1; ; n++ {
			line, err := l.Next()
			if err == io.EOF {
				assert.Equal(t, want, n-1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, n, line.Number)
			assert.Equal(t, Place{"stdin", n}, line.Report.Place)
			assert.True(t, utf8.ValidString(line.Report.Text))
			if line.Problem != nil {
				assert.Empty(t, line.Report.Text)
			}
		}
	})
}
