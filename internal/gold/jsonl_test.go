package gold

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

const ownHeader = `{"tool":"radlabel","version":"x","observations":["No Finding","Edema","Pleural Effusion"],"options":{"section":"all"}}` + "\n"

func TestLoadOwnJSONL(t *testing.T) {
	data := ownHeader +
		`{"id":"s50000001","subject_id":"10000001","labels":{"Edema":{"label":0,"evidence":[{"rule":"edema.edema","cue":"negation.no","section":"impression",` +
		`"assertion":"negative","sentence":[70,79],"mention":[73,78],"cue_span":[70,72],"scope":[73,78],"text":"No edema."}]},` +
		`"No Finding":{"label":1,"evidence":[],"reason":"nothing abnormal is described"}},"blank":{"Pleural Effusion":"no mention"}}` + "\n\n" +
		`{"id":"2","labels":{},"blank":{"No Finding":"withheld","Edema":"no \u201cmention\u201d","Pleural Effusion":"no mention"}}`
	mention := Mention{
		Rule: "edema.edema", Cue: "negation.no", Section: "impression", Assertion: neg, Sentence: "No edema.", At: 70,
		Mention: corpus.Span{Start: 3, End: 8}, CueSpan: corpus.Span{Start: 0, End: 2}, Scope: corpus.Span{Start: 3, End: 8},
	}
	want := []Row{
		{
			ID: "50000001", Group: "10000001", Place: at(2), Labels: assertions{pos, neg, un},
			Mentions: [][]Mention{nil, {mention}, nil}, Reasons: []string{"nothing abnormal is described", "", "no mention"},
		},
		{ID: "2", Place: at(4), Labels: assertions{un, un, un}, Mentions: make([][]Mention, 3), Reasons: []string{"withheld", "no “mention”", "no mention"}},
	}
	for _, data := range []string{data, gz(t, data), zst(t, data)} {
		sheet := load(t, "g", data, Options{By: "subject_id", Known: fourteen, Strict: true})
		assert.Equal(t, "jsonl", sheet.Format)
		assert.True(t, sheet.HasMentions)
		assert.False(t, sheet.HasText || sheet.Sentences)
		assert.Equal(t, observations{"No Finding", "Edema", "Pleural Effusion"}, sheet.Observations)
		assert.Equal(t, want, sheet.All)
	}
	sheet := load(t, "g", data, Options{Only: observations{"Edema"}})
	assert.Equal(t, observations{"Edema"}, sheet.Observations)
	assert.Equal(t, [][]Mention{{mention}}, sheet.All[0].Mentions)
	assert.Equal(t, assertions{neg}, sheet.All[0].Labels)

	assert.Empty(t, load(t, "g", ownHeader, Options{}).All)
}

func TestLoadOtherJSONL(t *testing.T) {
	for _, tt := range []struct {
		name, data   string
		opts         Options
		format       string
		sentences    bool
		observations observations
		want         []Row
	}{
		{
			"plain", `{"id": 7, "labels": {"Edema": 1, "Fracture": "negative"}}` + "\n" + `{"id": "8", "labels": {"Pneumonia": -1.0, "Edema": null, "Fracture": "possible"}}` + "\n",
			Options{}, "jsonl", false,
			observations{"Edema", "Fracture", "Pneumonia"},
			[]Row{{ID: "7", Place: at(1), Labels: assertions{pos, neg, un}}, {ID: "8", Place: at(2), Labels: assertions{un, may, may}}},
		},
		{
			"with texts", "\ufeff" + `{"study_id": "s50000001", "text": "No edema.", "split": "a", "labels": {"edema": 0}}` + "\r\n",
			Options{Known: fourteen, Strict: true, By: "split"}, "jsonl", false,
			observations{"Edema"},
			[]Row{{ID: "50000001", Group: "a", Place: at(1), Text: "No edema.", Labels: assertions{neg}}},
		},
		{
			"some observations", `{"id": "7", "labels": {"Edema": 1, "Scoliosis": 1}}` + "\n",
			Options{Only: observations{"Fracture", "Edema"}, Known: fourteen, Strict: true}, "jsonl", false,
			observations{"Fracture", "Edema"},
			[]Row{{ID: "7", Place: at(1), Labels: assertions{un, pos}}},
		},
		{
			"flat", `{"path_to_image": "train/patient00001/study1/view1.jpg", "Edema": 1.0, "Fracture": null}` + "\n" +
				`{"path_to_image": "train/patient00001/study1/view2.jpg", "Edema": 1.0, "Fracture": null}` + "\n" +
				`{"path_to_image": "train/patient00002/study1/view1.jpg", "Edema": 0.0, "Fracture": -1}` + "\n",
			Options{Known: fourteen, Strict: true}, "jsonl", false,
			observations{"Edema", "Fracture"},
			[]Row{{ID: "patient00001/study1", Place: at(1), Labels: assertions{pos, un}}, {ID: "patient00002/study1", Place: at(3), Labels: assertions{neg, may}}},
		},
		{
			"sentences", `{"id": "a", "section": "findings", "sentence": "No edema.", "labels": {"Edema": 0}}` + "\n" +
				`{"id": "b", "section": "findings", "sentence": "Fine.", "labels": {}}` + "\n" +
				`{"id": "a", "section": "impression", "sentence": "Broken rib.", "labels": {"Fracture": 1}}` + "\n",
			Options{By: "section"}, "sentences", true,
			observations{"Edema", "Fracture"},
			[]Row{
				{ID: "a:1", Group: "findings", Place: at(1), Text: "No edema.", Labels: assertions{neg, un}},
				{ID: "b:1", Group: "findings", Place: at(2), Text: "Fine.", Labels: assertions{un, un}},
				{ID: "a:2", Group: "impression", Place: at(3), Text: "Broken rib.", Labels: assertions{un, pos}},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sheet := load(t, "g", tt.data, tt.opts)
			assert.Equal(t, tt.format, sheet.Format)
			assert.Equal(t, tt.sentences, sheet.Sentences)
			assert.Equal(t, tt.observations, sheet.Observations)
			assert.Equal(t, tt.want, sheet.All)
			assert.Equal(t, tt.want[0].Text != "", sheet.HasText)
			assert.False(t, sheet.HasMentions)
		})
	}
	sheet := load(t, "g", `{"id":"2","labels":{"Edema":{"label":0,"evidence":[{"assertion":"negative","sentence":[0,9],"mention":[3,8],"text":"No edema."}]}}}`, Options{})
	assert.True(t, sheet.HasMentions, "evidence without a header")
}

// Rows without evidence have mentions as well where others have some.
func TestJSONLMentions(t *testing.T) {
	edema := `{"id":"1","labels":{"Edema":{"label":0,"evidence":[{"assertion":"negative","sentence":[0,9],"mention":[3,8],"text":"No edema."}]}}}` + "\n"
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       bool
	}{
		{"some rows with evidence", edema + `{"id":"2","labels":{"Edema":1}}`, Options{}, true},
		{"evidence that is not asked for", edema + `{"id":"2","labels":{"Fracture":1}}`, Options{Only: observations{"Fracture"}}, false},
		{"no evidence", `{"id":"1","labels":{"Edema":{"label":0,"evidence":[]}}}`, Options{}, false},
		{"sentences", `{"id":"1","sentence":"x","labels":{"Fracture":1}}` + "\n" + strings.Replace(edema, `"labels"`, `"sentence":"No edema.","labels"`, 1), Options{}, true},
	} {
		sheet := load(t, "g", tt.data, tt.opts)
		assert.Equal(t, tt.want, sheet.HasMentions, tt.name)
		checkSheet(t, sheet)
		checkSheet(t, sheet.PerReport())
	}
}

func TestJSONLFaults(t *testing.T) {
	evidence := func(e string) string {
		return ownHeader + `{"id":"2","labels":{"Edema":{"label":0,"evidence":[` + e + `]}}}`
	}
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       []string
	}{
		{"labels and ids", `{"id":"1","labels":{"Edema":2,"Fracture":"yes","Pneumonia":[1]}}` + "\n" + `{"id":"1","labels":{"Edema":1}}` + "\n" +
			`{"id":"1","labels":{"Edema":1}}` + "\n" + `{"id":"","labels":{}}` + "\n" + `{"id":{},"labels":3}` + "\n", Options{}, []string{
			`g.jsonl:1: Edema: "2" is no label; want 1, 0, -1 or null`,
			`g.jsonl:1: Fracture: "yes" is no label; want 1, 0, -1 or blank`,
			`g.jsonl:1: Pneumonia: "[1]" is no label; want 1, 0, -1 or null`,
			`g.jsonl:2: the id "1" has a row already, in line 1`,
			`g.jsonl:3: the id "1" has a row already, in line 1`,
			"g.jsonl:4: the id is empty",
			`g.jsonl:5: the field "id" is no id`,
			`g.jsonl:5: the field "labels" is not an object`,
		}},
		{"unknown observations among other faults", `{"id":"1","labels":{"Edema":2}}` + "\n" + `{"id":"2","labels":{"Edemas":1,"Fractures":1,"Edema":1}}` + "\n" +
			`{"id":"1","labels":{"Edemas":1}}` + "\n{}\n" + `{"id":"5","labels":{"Scoliosis":1}}`, Options{Known: fourteen, Strict: true}, []string{
			`g.jsonl:1: Edema: "2" is no label; want 1, 0, -1 or null`,
			`g.jsonl:2: "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
			`g.jsonl:2: "Fractures" is none of the observations; did you mean "Fracture"? Rename it, or name those to score with --observations`,
			`g.jsonl:3: the id "1" has a row already, in line 1`,
			"g.jsonl:4: the id is empty",
			`g.jsonl:4: the field "labels" is not an object`,
			`g.jsonl:5: "Scoliosis" is none of the observations; rename it, or name those to score with --observations`,
		}},
		{"an unknown observation in the header among other faults", ownHeader + `{"id":"2","labels":{"Edema":2,"Pleural Effusion":1}}`, Options{Known: observations{"No Finding", "Edema"}, Strict: true}, []string{
			`g.jsonl:1: "Pleural Effusion", which the header names, is none of the observations; rename it, or name those to score with --observations`,
			`g.jsonl:2: Edema: "2" is no label; want 1, 0, -1 or null`,
		}},
		{"labels twice", `{"id":"1","labels":{"Edema":1,"Fracture":1,"Edema":1,"edema":0}}` + "\n" + `{"id":"2","labels":{"Edema":1}}`, Options{Known: fourteen}, []string{
			"g.jsonl:1: Edema: the line has a label of Edema already",
			"g.jsonl:1: edema: the line has a label of Edema already",
		}},
		{"fields twice", `{"id":"1","Edema":1}` + "\n" + `{"id":"2","Edema":1,"Edema":1}`, Options{}, []string{
			"g.jsonl:2: Edema: the line has a label of Edema already",
		}},
		{"a long first line", `{"id":"1","labels":{"Edema":1},"text":"` + strings.Repeat("x", 1<<16) + `"}`, Options{}, []string{
			"g.jsonl: the first line is too long to see what it holds; write one object a line",
		}},
		{"broken", `{"id":"1","labels":{"Edema":1}}` + "\n" + `{"id":"1",,}` + "\n[]\n\xff\n", Options{}, []string{
			"g.jsonl:2: the JSON is broken at byte 11 of the line: invalid character ',' looking for beginning of object key string",
			"g.jsonl:3: the line is not a JSON object",
			"g.jsonl:4: the line is not UTF-8",
		}},
		{"values without end", `{"id":"1","labels":{"Edema":1},"text":"a, b"}` + "\n" + `{"id":"2","labels":{"Edema":1},"text":["\",",",[",` + strings.Repeat("1,", mostValues) + `1]}` + "\n", Options{}, []string{
			"g.jsonl:2: the line holds more than 1048576 values",
		}},
		{"broken at once", "\n{\n}\n", Options{}, []string{
			"g.jsonl:2: the JSON is broken at byte 1 of the line: unexpected end of JSON input; write one object a line",
		}},
		{"unknown observations", `{"id":"1","labels":{"Edemas":1}}`, Options{Known: fourteen, Strict: true}, []string{
			`g.jsonl:1: "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
		}},
		{"nothing", `{"id":"1","labels":{}}`, Options{}, []string{"g.jsonl: no line of it names an observation"}},
		{"no labels", `{"id":"1","text":"x"}`, Options{}, []string{"g.jsonl:1: there is no column of labels; name the columns after the observations"}},
		{"another field", `{"id":"1","Edema":1}` + "\n" + `{"id":"2","Edema":2,"Fracture":1}`, Options{}, []string{
			`g.jsonl:2: Edema: "2" is no label; want 1, 0, -1 or null`,
			`g.jsonl:2: the first object has no field "Fracture"`,
		}},
		{"fields", `{"id":"1","site":"x","labels":{"Edema":1}}`, Options{By: "sites", IDColumn: "accession"}, []string{
			`g.jsonl:1: there is no field "accession"; the fields are id, site, labels`,
			`g.jsonl:1: there is no field "sites"; did you mean "site"?`,
		}},
		{"the header", ownHeader, Options{Known: observations{"No Finding", "Edema"}, Strict: true}, []string{
			`g.jsonl:1: "Pleural Effusion", which the header names, is none of the observations; rename it, or name those to score with --observations`,
		}},
		{"the observations of the header", ownHeader, Options{Only: observations{"Edema", "Fracture"}}, []string{
			`g.jsonl:1: the header names no observation "Fracture"; it names No Finding, Edema, Pleural Effusion`,
		}},
		{"not in the header", ownHeader + `{"id":"2","labels":{"Fracture":{"label":0,"evidence":[]}}}`, Options{}, []string{
			`g.jsonl:2: "Fracture" is none of the observations of the header`,
		}},
		{"a sentence of another length", evidence(`{"assertion":"negative","sentence":[0,8],"mention":[3,8],"text":"No edema."}`), Options{}, []string{
			"g.jsonl:2: Edema: evidence 1: its sentence is not as long as its text",
		}},
		{"a mention outside", evidence(`{"assertion":"negative","sentence":[0,9],"mention":[3,10],"text":"No edema."}`), Options{}, []string{
			`g.jsonl:2: Edema: evidence 1: "mention" is no span within its sentence`,
		}},
		{"a scope that is none", evidence(`{"assertion":"negative","sentence":[0,9],"mention":[3,8],"scope":[8,3],"text":"No edema."}`), Options{}, []string{
			`g.jsonl:2: Edema: evidence 1: "scope" is no span within its sentence`,
		}},
		{"no assertion", evidence(`{"sentence":[0,9],"mention":[3,8],"text":"No edema."}`), Options{}, []string{
			`g.jsonl:2: Edema: evidence 1: assertion "": want positive, negative, uncertain or unmentioned`,
		}},
		{"no label", ownHeader + `{"id":"2","labels":{"Edema":{}}}`, Options{}, []string{`g.jsonl:2: Edema: there is no field "label"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(context.Background(), write(t, "g.jsonl", tt.data), tt.opts)
			require.Error(t, err)
			assert.Equal(t, tt.want, faults(err, "g.jsonl"))
		})
	}
}

// A line is searched for its end once, however long it is.
func TestLongLine(t *testing.T) {
	text := `{"id":"1","labels":{"Edema":1},"text":"` + strings.Repeat("x", 20<<20) + "\"}\n" + `{"id":"2","labels":{"Edema":1}}` + "\n" + `{"id":"3"`
	searched := 0
	var blocks []string
	_, err := cut(readerFunc(func(p []byte) (int, error) { // in small pieces
		n := copy(p[:min(len(p), 4<<10)], text[searched:])
		if searched += n; n == 0 {
			return 0, io.EOF
		}
		return n, nil
	}), func() []byte { return make([]byte, 0, blockBytes) }, func(b block) bool {
		blocks = append(blocks, string(b.text))
		return true
	})
	require.NoError(t, err)
	assert.Equal(t, text, strings.Join(blocks, ""))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Rows come in the order of the file, whatever the blocks they are decoded in.
func TestJSONLInOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString(ownHeader)
	reason := strings.Repeat("x", 5000)
	const n = 2000 // ten blocks
	for i := range n {
		fmt.Fprintf(&b, `{"id":"%d","labels":{},"blank":{"Edema":%q}}`+"\n", i, reason)
	}
	fmt.Fprintf(&b, `{"id":"%d","labels":{},"blank":{"Edema":"%s"}}`, n, strings.Repeat("y", 3<<20))
	path := write(t, "g.jsonl", b.String())
	source, err := Open(context.Background(), path, Options{})
	require.NoError(t, err)
	i := 0
	for row, err := range source.Rows(context.Background()) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), row.ID)
		require.Equal(t, i+2, row.Place.Line)
		i++
	}
	assert.Equal(t, n+1, i)

	for range source.Rows(context.Background()) {
		break // leaves nothing running
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var last error
	for _, last = range source.Rows(ctx) {
		stop()
	}
	assert.ErrorIs(t, last, context.Canceled)
	_, err = Load(ctx, path, Options{})
	require.ErrorIs(t, err, context.Canceled)

	whole := gz(t, b.String())
	_, err = Load(context.Background(), write(t, "g.jsonl.gz", whole[:len(whole)-9]), Options{})
	assert.ErrorContains(t, err, "reading ends here: it ends too early; get the file again")
}

func TestPlaces(t *testing.T) {
	path := write(t, "g.jsonl", ownHeader+`{"id":"2","labels":{}}`)
	sheet, err := Load(context.Background(), path, Options{})
	require.NoError(t, err)
	assert.Equal(t, path, sheet.Path)
	assert.Equal(t, filepath.Base(path)+":2", filepath.Base(sheet.All[0].Place.String()))
}

// What comes through a pipe is read once, whatever its format.
func TestPipe(t *testing.T) {
	for name, data := range map[string]string{
		"csv":       "id,Edema\n1,1\n",
		"jsonl":     `{"id":"1","labels":{"Edema":1}}` + "\n",
		"own jsonl": ownHeader + `{"id":"1","labels":{"Edema":{"label":1,"evidence":[]}}}`,
		"parquet":   parquetOf(t, otherRow{Study: 1, Airless: 1}),
		"doccano":   `{"id":1,"text":"Edema","label":["Edema"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			in, out, err := os.Pipe()
			require.NoError(t, err)
			path := fmt.Sprintf("/dev/fd/%d", in.Fd())
			if _, err := os.Stat(path); err != nil {
				t.Skip("pipes have no names here")
			}
			defer in.Close()
			go func() {
				_, _ = out.WriteString(data)
				out.Close()
			}()
			sheet, err := Load(context.Background(), path, Options{})
			require.NoError(t, err)
			require.Len(t, sheet.All, 1)
			assert.Equal(t, "1", sheet.All[0].ID)
		})
	}
}

// Evidence in some rows alone: the others have none, and none of them is short.
func TestEvidenceInSomeRows(t *testing.T) {
	sheet := load(t, "g.jsonl", `{"id":"1","labels":{"Edema":{"label":1,"evidence":[{"rule":"r","assertion":"positive","sentence":[0,6],"mention":[0,5],"text":"Edema."}]}}}
{"id":"2","labels":{"Edema":1}}`, Options{})
	require.True(t, sheet.HasMentions)
	for _, row := range sheet.All {
		assert.Len(t, row.Mentions, 1)
	}
}
