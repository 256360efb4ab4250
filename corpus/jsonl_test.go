package corpus

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestJSONL(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		opts       Options
		ids, texts []string
		messages   []string
		columns    Columns
	}{
		{
			name: "plain", data: "{\"id\":\"a\",\"text\":\"No\\r\\neffusion.\"}\r\n\n{\"id\":2,\"text\":null}",
			ids: []string{"a", "2"}, texts: []string{"No\neffusion.", ""}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.jsonl:3: the report is empty"},
		},
		{
			name: "named fields", data: `{"key":7,"words":"x","text":"y"}`, opts: Options{IDColumn: "key", TextColumn: "words"},
			ids: []string{"7"}, texts: []string{"x"}, columns: Columns{ID: "key", Text: "words"},
		},
		{
			name: "sections in the order of the object", data: `{"impression":"Normal.","id":"a","findings":"Clear.","labels":{"x":[1]}}` + "\n" + `{"findings":"Clear.","id":"b"}`,
			ids: []string{"a", "b"}, texts: []string{"IMPRESSION: Normal.\n\nFINDINGS: Clear.", "FINDINGS: Clear."},
			columns: Columns{ID: "id", Sections: []string{"impression", "findings"}},
		},
		{
			name: "a first line about the file", data: "{\"tool\":\"radlabel\"}\n{\"id\":\"a\",\"text\":\"x\"}\n",
			ids: []string{"a"}, texts: []string{"x"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.jsonl:1: there is no field of report text among tool"},
		},
		{
			name: "bad lines", data: "{\"id\":1,\"text\":\"x\"}\n{\"id\":2,\n[1]\n{\"id\":3,\"text\":\"y\"} z\n{\"id\":4,\"text\":[]}\nno\n{\"id\":5,\"text\":\"z\"}\n",
			ids: []string{"1", "5"}, texts: []string{"x", "z"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{
				"lost r.jsonl:2: the line is not a JSON object", "lost r.jsonl:3: the line is not a JSON object",
				"lost r.jsonl:4: there is something after the JSON object", `lost r.jsonl:5: the field "text" is not a string`,
				"lost r.jsonl:6: the line is not a JSON object",
			},
		},
		{
			name: "numbers", data: "{\"id\":1,\"text\":7}\n{\"id\":-2.5,\"text\":\"x\"}\n{\"id\":true,\"text\":\"x\"}\n{\"id\":3,\"text\":-1}\n",
			ids: []string{"-2.5"}, texts: []string{"x"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{
				`lost r.jsonl:1: the field "text" is not a string`, `lost r.jsonl:3: the field "id" is not a string`,
				`lost r.jsonl:4: the field "text" is not a string`,
			},
		},
		{
			name: "ids missing", data: "{\"text\":\"x\"}\n{\"id\":\"\",\"text\":\"y\"}\n",
			ids: []string{"1", "2"}, texts: []string{"x", "y"}, columns: Columns{Text: "text"},
			messages: []string{"warn r.jsonl:2: the id is empty; the number of the line stands for it"},
		},
		{
			name: "half a surrogate pair", data: `{"id":1,"text":"\ud800\u0041 \ud83d\ude00"}` + "\n" + `{"id":"\ude00","text":"x \ud800"}`,
			ids: []string{"1", "\ufffd"}, texts: []string{"\ufffdA 😀", "x \ufffd"}, columns: Columns{ID: "id", Text: "text"},
		},
		{
			name: "what JSON forbids", data: "{\"id\":1,\"text\":\"x\ty\\nz\"}\n{\"id\":2,\"text\":\"\\x\"}\n{\"id\":03,\"text\":\"x\"}\n{\"id\":4,\"text\":\"x\",}\n{\"id\":5,\"text\":\"x\",\"y\":NaN}\n{\"id\":6,\"text\":\"z\"}\n",
			ids: []string{"6"}, texts: []string{"z"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{
				"lost r.jsonl:1: the line is not a JSON object", "lost r.jsonl:2: the line is not a JSON object",
				"lost r.jsonl:3: the line is not a JSON object", "lost r.jsonl:4: the line is not a JSON object",
				"lost r.jsonl:5: the line is not a JSON object",
			},
		},
		{
			name: "a name twice, and nested deep", data: `{"id":1,"id":2,"text":"x","n":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
			ids: []string{"1"}, texts: []string{"x"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{`warn r.jsonl:1: the field "id" comes twice in an object; the first is read`},
		},
		{
			name: "names twice are told once a file",
			data: "{\"id\":1,\"text\":\"x\"}\n{\"id\":2,\"text\":\"x\",\"text\":\"y\"}\n{\"text\":\"z\",\"id\":3,\"text\":\"y\"}\n{\"id\":4,\"text\":\"x\",\"id\":5,\"text\":\"y\",\"text\":7}\n",
			ids:  []string{"1", "2", "3", "4"}, texts: []string{"x", "x", "z", "x"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{
				`warn r.jsonl:2: the field "text" comes twice in an object; the first is read`,
				`warn r.jsonl:4: the field "id" comes twice in an object; the first is read`,
			},
		},
		{
			name: "names twice that are not read, and sections, which all are", data: `{"id":1,"n":1,"n":2,"Text":"y","findings":"Clear.","findings":"Dry.","note":"","note":""}`,
			ids: []string{"1"}, texts: []string{"FINDINGS: Clear.\n\nFINDINGS: Dry."}, columns: Columns{ID: "id", Text: "Text", Sections: []string{"findings", "findings"}},
		},
		{
			name: "Windows-1252 and a byte order mark", data: "\ufeff{\"id\":1,\"text\":\"\xc9dema\"}\n",
			ids: []string{"1"}, texts: []string{"Édema"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.jsonl:1: 1 byte is not UTF-8, read as Windows-1252"},
		},
		{
			name: "blank lines alone", data: "\n\n", ids: []string{}, texts: []string{},
			messages: []string{"lost r.jsonl: there is no line in it"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.messages == nil {
				tt.messages = []string{}
			}
			g := readAllOf(t, tt.opts, write(t, "r.jsonl", []byte(tt.data)))
			assert.Equal(t, "jsonl", g.reader.Format())
			assert.Equal(t, tt.columns, g.reader.Columns())
			assert.Equal(t, tt.messages, g.messages())
			assert.Equal(t, tt.ids, g.ids())
			assert.Equal(t, tt.texts, g.texts())

			again := readAllOf(t, tt.opts, write(t, "r.jsonl.zst", zst(t, []byte(tt.data))))
			assert.Equal(t, tt.ids, again.ids())
		})
	}
}

// Looking for names that come twice costs lines of one form nothing.
func TestJSONLLinesOfOneFormAllocateNoMore(t *testing.T) {
	place := Place{Path: "r.jsonl"}
	j := &jsonlReader{s: newLines("", Options{}).objects.s}
	allocations := func(line string) float64 {
		return testing.AllocsPerRun(100, func() { j.line([]byte(line), place) })
	}
	once := allocations(`{"id":1,"text":"x"}`)
	assert.LessOrEqual(t, allocations(`{"id":1,"text":"x","text":"y"}`), once, "told already")
	assert.Equal(t, []string{"text"}, j.twice)
}

func TestJSONLSubjects(t *testing.T) {
	g := readAllOf(t, Options{}, write(t, "r", []byte(`{"subject_id":10000032,"study_id":50414267,"text":"x"}`)))
	assert.True(t, g.reader.HasSubjects())
	assert.Equal(t, "50414267", g.reports[0].ID)
	assert.Equal(t, "10000032", g.reports[0].Subject)
}

func TestJSONLTakesAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		want := []string{}
		for _, text := range rapid.SliceOfN(rapid.String(), 1, 8).Draw(t, "texts") {
			line, err := json.Marshal(map[string]string{"text": text})
			require.NoError(t, err)
			b.Write(append(line, '\n'))
			want = append(want, unixLines(text))
		}
		r, err := Open(t.Context(), []string{"-"}, Options{From: "jsonl", Stdin: &b})
		require.NoError(t, err)
		got := []string{}
		for report, err := range r.Reports(t.Context()) {
			if err == nil {
				got = append(got, report.Text)
			}
		}
		require.Equal(t, want, got)
	})
}

// A line that is made to be dear costs no more than in proportion to its length: not the
// stack, not memory for each of its values.
func TestJSONLHostileLines(t *testing.T) {
	const long = 1 << 20
	for name, n := range map[string]string{
		"deep":            strings.Repeat("[", long),
		"deep and broken": strings.Repeat("[", 9000) + "t" + strings.Repeat("x", long),
		"wide":            "[" + strings.Repeat("1,", long/2) + "1]}",
		"wide, of names":  "{" + strings.Repeat(`"":1,`, long/5) + `"":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var o object
			line := []byte(`{"id":1,"text":"x","n":` + n)
			require.NoError(t, o.parse([]byte(`{"id":0,"text":"x"}`)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := o.parse(line)
			runtime.ReadMemStats(&after)
			assert.Equal(t, json.Valid(line), err == nil)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4*long))
		})
	}
}

// checkObject compares an object with what encoding/json makes of the line.
func checkObject(t *testing.T, line []byte) {
	var o object
	err := o.parse(line)
	if want := json.Valid(line) && bytes.TrimSpace(line)[0] == '{'; (err == nil) != want {
		t.Fatalf("%q: %v", line, err)
	}
	if err != nil {
		return
	}
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(line, &fields))
	last := map[string]int{}
	for i, name := range o.names {
		last[name] = i
	}
	require.Len(t, last, len(fields))
	for name, i := range last {
		require.Equal(t, string(fields[name]), string(o.values[i]))
		var want string
		if json.Unmarshal(fields[name], &want) == nil {
			got, err := o.text(i)
			require.NoError(t, err)
			require.Equal(t, unixLines(want), got)
		}
	}
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte("{\"id\":1,\"text\":\"x\"}\n{\"findings\":\"y\"}\n"))
	f.Add([]byte("{\n\xff}\n{\"text\":\"\\ud800\"}"))
	f.Add([]byte(`{"text":"\ud800\u0041","te\u0078t":1,"n":[{"":-0.5e3},true]} `))
	f.Add([]byte("{\"text\":\"a\tb\\nc\"}\n{\"text\":\"\"}{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for line := range bytes.Lines(data) {
			if utf8.Valid(line) { // as it is, once it has been decoded
				checkObject(t, line)
			}
		}
		r, err := Open(t.Context(), []string{"-"}, Options{From: "jsonl", Stdin: bytes.NewReader(data), MaxReportBytes: 4096})
		if err != nil {
			return
		}
		checkAll(t, r)
		if len(data) > headBytes || r.inputs[0].void {
			return
		}
		lines := 0
		for line := range bytes.Lines(bytes.TrimPrefix(data, []byte(byteOrderMark))) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		if c := r.Counts(); lines > 0 && c.Reports+c.Lost != lines {
			t.Fatalf("%d lines, %+v", lines, c)
		}
	})
}
