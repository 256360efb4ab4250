package gold

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

// shown writes the labels and mentions of a sheet, a line each.
func shown(s *Sheet) []string {
	var lines []string
	for _, row := range s.All {
		for i, o := range s.Observations {
			if row.Labels[i] != un {
				lines = append(lines, row.ID+" "+string(o)+" "+row.Labels[i].String())
			}
			if row.Mentions == nil {
				continue
			}
			for _, m := range row.Mentions[i] {
				lines = append(lines, "  "+m.Mention.In(m.Sentence)+" "+m.Assertion.String()+": "+m.Sentence)
			}
		}
	}
	return lines
}

// checkMentions checks that a row has mentions where its source says so, and that
// a mention is where it says that it is.
func checkMentions(t require.TestingT, s *Source, row Row) {
	require.Len(t, row.Labels, len(s.Observations))
	require.Equal(t, s.HasMentions, row.Mentions != nil)
	if s.HasMentions {
		require.Len(t, row.Mentions, len(s.Observations))
	}
	for _, mentions := range row.Mentions {
		for _, m := range mentions {
			sentence := corpus.Span{End: len(m.Sentence)}
			for _, span := range []corpus.Span{m.Mention, m.CueSpan, m.Scope} {
				require.True(t, 0 <= span.Start && span.Start <= span.End)
				require.True(t, sentence.Contains(span))
			}
			if s.HasText {
				require.Equal(t, m.Sentence, sentence.Shift(m.At).In(row.Text))
				require.Equal(t, m.Mention.In(m.Sentence), m.Place().In(row.Text))
			}
		}
	}
}

func checkSheet(t *testing.T, s *Sheet) {
	for _, row := range s.All {
		checkMentions(t, s.Source, row)
	}
}

// folder writes files and gives the folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "brat")
	for name, data := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	}
	return dir
}

func TestLoadBrat(t *testing.T) {
	dir := folder(t, map[string]string{
		"p10/s50000001.txt": "\ufeffÜbersicht: no left effusion.\r\nThe heart is big. Edema?\r\n",
		"p10/s50000001.ann": "T1\tPleural_Effusion 20 28\teffusion\r\nA1\tNegated T1\r\n#1\tAnnotatorNotes T1\tsure\n" +
			"T2\tCardiomegaly 35 40;44 47\theart big\nT3\tEdema 49 54\tEdema\nM1\tCertainty T3 possible\nR1\tsame Arg1:T1 Arg2:T2\nE1\tEdema:T3\n*\tEquiv T1 T2\nA2\tSide T1 left\nA3\tNegated E1\n",
		"empty.txt": "Nothing.", "empty.ann": "",
		"more.TXT": "", "unmarked.txt": "No edema.", ".hidden/x.ann": "?",
	})
	sheet, err := Load(context.Background(), dir, Options{Known: fourteen})
	require.NoError(t, err)
	checkSheet(t, sheet)
	assert.Equal(t, "brat", sheet.Format)
	assert.True(t, sheet.HasText && sheet.HasMentions)
	assert.Equal(t, observations{"Pleural Effusion", "Cardiomegaly", "Edema"}, sheet.Observations)
	assert.Equal(t, []string{
		"50000001 Pleural Effusion negative", "  effusion negative: Übersicht: no left effusion.",
		"50000001 Cardiomegaly positive", "  heart is big positive: The heart is big.",
		"50000001 Edema uncertain", "  Edema uncertain: Edema?",
	}, shown(sheet))
	assert.Len(t, sheet.All, 2)
	assert.Equal(t, "Übersicht: no left effusion.\nThe heart is big. Edema?\n", sheet.All[1].Text)

	one, err := Load(context.Background(), filepath.Join(dir, "empty.ann"), Options{Only: observations{"Edema"}})
	require.NoError(t, err)
	assert.Len(t, one.All, 1)
	assert.Equal(t, "empty", one.All[0].ID)
}

func TestAttributes(t *testing.T) {
	for line, want := range map[string]string{
		"Negation T1": "negative", "negated T1": "negative", "Uncertainty T1": "uncertain", "Speculation T1": "uncertain",
		"Possible T1": "uncertain", "Hedged T1": "uncertain", "Assertion T1 absent": "negative", "Certainty T1 Speculated": "uncertain",
		"Polarity T1 positive": "positive", "Status T1 affirmed": "positive", "Side T1 left": "positive", "Negated T1 false": "positive",
		"Uncertainty T1 certain": "positive", "Uncertainty T1 high": "positive", "Uncertainty T1 absent": "positive", "Uncertainty T1 present": "uncertain",
		"Negated T1 true": "negative", "Negation T1 affirmed": "positive", "Uncertainty T1 negated": "negative", "Certainty T1 certain": "positive",
		"Negated T1\nA2\tUncertain T1": "uncertain", "Negated T1\nA2\tStatus T1 present": "negative",
	} {
		dir := folder(t, map[string]string{"a.txt": "Edema.", "a.ann": "A1\t" + line + "\nT1\tEdema 0 5\tEdema\n"})
		sheet, err := Load(context.Background(), dir, Options{})
		require.NoError(t, err)
		assert.Equal(t, want, sheet.All[0].Labels[0].String(), line)
	}
}

func TestBratFaults(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.txt": "No edema.",
		"a.ann": "T1\tEdema 3 8\tfluid\nT2\tEdema 3 99\tedema\nT3 Edema\nX\nA1\tNegated T9\nA2\nT5\tEdemas 3 8\tedema\nT6\tEdema 3 3\t\nT5\tEdema 3 8\tedema\n",
		"b.ann": "", "c.txt": "\xff", "c.ann": "", "d/e.txt": "", "d/e.ann": "", "e.txt": "", "e.ann": "",
	})
	_, err := Load(context.Background(), dir, Options{Known: fourteen, Strict: true})
	require.Error(t, err)
	assert.Equal(t, []string{
		`a.ann:1: the text is "edema" at these offsets, and "fluid" in the line`,
		`a.ann:2: "3 99" is no span of the text, which has 9 characters`,
		"a.ann:3: the line has no identifier, type with offsets, and text with tabs between them",
		`a.ann:4: the line is none of brat's: "X"`,
		`a.ann:7: the label "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
		`a.ann:8: "3 3" is no span of the text, which has 9 characters`,
		`a.ann:9: the identifier "T5" is taken already`,
		`a.ann:5: there is no "T9"`,
		"a.ann:6: the line has no identifier, and name with what it is of, with a tab between them",
		"b.ann: the text b.txt beside it cannot be read: no such file or directory",
		"c.txt: the file is not UTF-8; convert it to UTF-8",
		`e.ann: the id "e" has a row already, in d/e.ann`,
	}, faults(errorWithout(err, dir+string(filepath.Separator)), "\x00"))

	for name, want := range map[string]string{
		"none":     "there is no .ann file in this folder; give a file, or a folder of brat's .ann files beside their .txt files",
		"unmarked": "there is no label of an observation in it",
	} {
		files := map[string]map[string]string{"none": {"a.txt": "x"}, "unmarked": {"a.txt": "x", "a.ann": ""}}[name]
		_, err := Load(context.Background(), folder(t, files), Options{})
		assert.ErrorContains(t, err, want)
	}
	_, err = Load(context.Background(), dir, Options{By: "site"})
	assert.ErrorContains(t, err, `brat's files have no column "site"; group tables or JSON lines`)
	_, err = Load(context.Background(), filepath.Join(dir, "no-such.ann"), Options{})
	assert.ErrorContains(t, err, "no-such.ann: no such file or folder; check the path")
}

type plainError string

func (e plainError) Error() string { return string(e) }

func errorWithout(err error, text string) error {
	return plainError(strings.ReplaceAll(err.Error(), text, ""))
}

func TestLoadDoccano(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		spans      bool
		want       []string
	}{
		{
			"sequences, old", `{"id":1,"text":"Ü no edema. Rib broken.","labels":[[5,10,"Edema:negative"],[12,22,"fracture"]]}` + "\n" +
				`{"id":2,"text":"Edema?","label":[[0,5,"Edema (possible)"]]}`, true,
			[]string{"1 Edema negative", "  edema negative: Ü no edema.", "1 Fracture positive", "  Rib broken positive: Rib broken.", "2 Edema uncertain", "  Edema uncertain: Edema?"},
		},
		{
			"sequences, new", `{"id":1,"text":"No edema. No fluid.","entities":[{"id":7,"label":"Pleural_Effusion_negative","start_offset":13,"end_offset":18},{"id":8,"label":"Edema | absent","start_offset":3,"end_offset":8}],"relations":[],"Comments":[]}`, true,
			[]string{"1 Pleural Effusion negative", "  fluid negative: No fluid.", "1 Edema negative", "  edema negative: No edema."},
		},
		{
			"across sentences", `{"id":1,"text":"No edema. No fluid.","entities":[{"label":"Edema","start_offset":3,"end_offset":18}]}`, true,
			[]string{"1 Edema positive", "  edema. No fluid positive: No edema. No fluid."},
		},
		{
			"texts", `{"id":1,"text":"No edema.","label":["Edema - negative","Fracture=uncertain"]}`, false,
			[]string{"1 Edema negative", "1 Fracture uncertain"},
		},
		{
			"spans and texts", `{"id":1,"text":"Rib broken.","label":["Edema - negative","Fracture"]}` + "\n" + `{"id":2,"text":"Edema?","label":[[0,5,"Edema"],"Fracture:negative"]}`, true,
			[]string{"1 Edema negative", "1 Fracture positive", "2 Edema positive", "  Edema positive: Edema?", "2 Fracture negative"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			array := "[" + strings.ReplaceAll(tt.data, "\n", ",\n") + "]"
			for _, data := range []string{tt.data, array, strings.Replace(array, "[", `[{"id":9,"text":"","label":[]},`, 1)} {
				sheet := load(t, "g", data, Options{Known: fourteen})
				checkSheet(t, sheet)
				assert.Equal(t, "doccano", sheet.Format)
				assert.True(t, sheet.HasText)
				assert.Equal(t, tt.spans, sheet.HasMentions)
				assert.Equal(t, tt.want, shown(sheet))
				assert.Empty(t, sheet.Notes)
			}
		})
	}
	for data, note := range map[string]string{
		`{"text":"x","label":["Edema"]}` + "\n" + `{"text":"x","label":[]}`: "there is no column of ids: lines are numbered",
		`[{"text":"x","label":["Edema"]},{"text":"x","label":[]}]`:          "there is no column of ids: elements are numbered",
	} {
		sheet := load(t, "g", data, Options{})
		assert.Equal(t, []string{note}, sheet.Notes)
		assert.Equal(t, "2", sheet.All[1].ID)
	}
	sheet := load(t, "g.jsonl", `{"id":1,"report":"s50000001","site":"a","data":"No edema.","label":[[3,8,"Edema"],[0,2,"Cue"]]}`, Options{IDColumn: "report", By: "site", Only: observations{"Edema"}})
	assert.Equal(t, "50000001", sheet.All[0].ID)
	assert.Equal(t, "a", sheet.All[0].Group)
}

func TestDoccanoFaults(t *testing.T) {
	data := `{"id":1,"text":"No edema.","label":[[3,10,"Edema"],[3,8],["a","b","Edema"],7,[3,8,"Edemas"]]}` + "\n{\n" +
		`{"id":2,"text":1,"label":[]}` + "\n" + `{"id":2,"text":"x"}` + "\n" + `{"id":3,"text":"x","label":["Edema"]}` + "\n" + `{"id":3,"text":"x","label":["Edema"]}`
	_, err := Load(context.Background(), write(t, "g.jsonl", data), Options{Known: fourteen, Strict: true})
	require.Error(t, err)
	got := faults(err, "g.jsonl")
	assert.Equal(t, []string{
		`g.jsonl:1: the label "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
		"g.jsonl:1: label 1 is no label with a span of the text, which has 9 characters",
		"g.jsonl:1: label 2 is no label with a span of the text, which has 9 characters",
		"g.jsonl:1: label 3 is no label with a span of the text, which has 9 characters",
		"g.jsonl:1: label 4 is no label with a span of the text, which has 9 characters",
		"g.jsonl:2: the JSON is broken at byte 1 of the line: unexpected end of JSON input",
		`g.jsonl:3: the field "text" is not a string`,
		"g.jsonl:4: there is no array of labels",
	}, got[:8])
	assert.Contains(t, got[8], `g.jsonl:4: the id "2" has a row already, in `)
	assert.Contains(t, got[9], `g.jsonl:6: the id "3" has a row already, in `)

	_, err = Load(context.Background(), write(t, "g.json", `[{"id":1,"text":"x","label":["Edema"]},7,`+"\n"+`{"id":1,"text":"x","label":[7]}]`), Options{})
	require.Error(t, err)
	got = faults(err, "g.json")
	assert.Equal(t, []string{
		"g.json:1: element 2: the line is not a JSON object",
		"g.json:2: element 3: label 1 is no label with a span of the text, which has 1 characters",
	}, got[:2])
	assert.Contains(t, got[2], `g.json:2: the id "1" has a row already, in `)
}

func TestLoadLabelStudio(t *testing.T) {
	task := func(result string) string {
		return `[{"id":1,"annotations":[{"was_cancelled":true,"result":[{}]},{"result":[` + result + `]}],"data":{"text":"Clear 🫁. No edema.\r\nBroken rib."}}]`
	}
	region := func(id, value string) string {
		return `{"id":"` + id + `","type":"labels","from_name":"label","to_name":"text","value":` + value + `}`
	}
	edema := region("r", `{"start":13,"end":18,"text":"edema","labels":["Edema"]}`)
	for _, tt := range []struct {
		name, data string
		want       []string
	}{
		{"UTF-16", task(edema), []string{"1 Edema positive", "  edema positive: No edema."}},
		{"code points", task(region("r", `{"start":12,"end":17,"text":"edema","labels":["Edema:negative"]}`)), []string{"1 Edema negative", "  edema negative: No edema."}},
		{"without text", task(region("r", `{"start":13,"end":18,"labels":["Edema_absent"]}`)), []string{"1 Edema negative", "  edema negative: No edema."}},
		{"after CRLF", task(region("r", `{"start":21,"end":31,"text":"Broken rib","labels":["Fracture"]}`)), []string{"1 Fracture positive", "  Broken rib positive: Broken rib."}},
		{
			"choices of a region", task(region("r", `{"start":13,"end":18,"choices":["negative"]}`) + "," + region("r", `{"start":13,"end":18,"choices":["left"]}`) + "," + edema),
			[]string{"1 Edema negative", "  edema negative: No edema."},
		},
		{
			"choices of the text", task(`{"id":"a","type":"choices","from_name":"finding","value":{"choices":["Edema|negative","Fracture"]}},{"id":"b","from_name":"Pneumonia","value":{"choices":["Possible"]}},{"type":"relation"}`),
			[]string{"1 Edema negative", "1 Fracture positive", "1 Pneumonia uncertain"},
		},
		{
			"ground truth, and what nobody annotated",
			`[{"id":1,"data":{"study_id":"s50000001","report":"No edema."},"annotations":[{"result":[]},{"ground_truth":true,"result":[` + region("r", `{"start":3,"end":8,"text":"edema","labels":["Edema:negative"]}`) + `]}]},` +
				"\n" + `{"id":2,"data":{"report":"x"},"annotations":[]}]`,
			[]string{"50000001 Edema negative", "  edema negative: No edema."},
		},
		{
			"JSON-MIN", `[{"text":"No edema. Broken rib.","id":4,"label":[{"start":3,"end":8,"text":"edema","labels":["Edema"]},{"start":10,"end":20,"text":"Broken rib","labels":["Fracture"]}],` +
				`"assertion":[{"start":3,"end":8,"text":"edema","choices":["negative"]}],"whole":{"choices":["Pneumonia:negative"]},"Atelectasis":"absent","overall":"Cardiomegaly","annotator":1}]`,
			[]string{
				"4 Edema negative", "  edema negative: No edema.", "4 Fracture positive", "  Broken rib positive: Broken rib.",
				"4 Pneumonia negative", "4 Atelectasis negative", "4 Cardiomegaly positive",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sheet := load(t, "g.json", tt.data, Options{Known: fourteen})
			checkSheet(t, sheet)
			assert.Equal(t, "label studio", sheet.Format)
			assert.True(t, sheet.HasText)
			assert.Equal(t, tt.name != "choices of the text", sheet.HasMentions)
			assert.Equal(t, tt.want, shown(sheet))
		})
	}
	sheet := load(t, "g.json", `[{"id":9,"project":5,"data":{"text":"No edema.","site":"a"},"annotations":[{"result":[`+region("r", `{"start":3,"end":8,"labels":["Edema","Cue"]}`)+`]}]}]`,
		Options{IDColumn: "project", By: "site", Only: observations{"Edema"}})
	assert.Equal(t, "5", sheet.All[0].ID)
	assert.Equal(t, "a", sheet.All[0].Group)
}

func TestLabelStudioNotes(t *testing.T) {
	chosen := `{"result":[{"from_name":"a","value":{"choices":["Edema"]}}]}`
	task := func(annotations string) string {
		return `{"data":{"text":"Edema."},"annotations":[` + annotations + `]}`
	}
	for _, tt := range []struct {
		name  string
		tasks []string
		want  []string
	}{
		{"one annotator", []string{`{"id":1,"data":{"text":"Edema."},"completions":[` + chosen + `]}`}, nil},
		{"one of each", []string{task(chosen), task(""), task(chosen + "," + chosen)}, []string{
			"there is no column of ids: tasks are numbered", "1 task without an annotation left out", "further annotators of 1 task ignored",
		}},
		{"two of each", []string{task(chosen + "," + chosen), task(""), task(`{"was_cancelled":true}`), task(chosen + "," + chosen + "," + chosen), task(chosen + `,{"was_cancelled":true}`)}, []string{
			"there is no column of ids: tasks are numbered", "2 tasks without an annotation left out", "further annotators of 2 tasks ignored",
		}},
	} {
		sheet := load(t, "g", "["+strings.Join(tt.tasks, ",")+"]", Options{})
		assert.Equal(t, tt.want, sheet.Notes, tt.name)
	}
	lone := `{"id":1,"data":{"text":"Edema."},"annotations":[` + chosen + `]}`
	for _, data := range []string{lone, lone + "\n" + lone, strings.ReplaceAll(lone, ",", ",\n")} {
		_, err := Load(context.Background(), write(t, "g.json", data), Options{})
		require.Error(t, err)
		assert.Equal(t, []string{"g.json: this is a task of Label Studio by itself; export the project as JSON or JSON-MIN, an array of tasks"}, faults(err, "g.json"))
	}
}

func TestLabelStudioFaults(t *testing.T) {
	id := 0
	region := func(value string) string {
		id++
		return `{"id":` + strconv.Itoa(id) + `,"data":{"text":"No edema."},"annotations":[{"result":[{"value":` + value + `}]}]}`
	}
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       []string
	}{
		{"regions", "[\n" + region(`{"start":3,"end":9,"text":"edema","labels":["Edema"]}`) + ",\n" + region(`{"start":3,"end":99,"labels":["Edema"]}`) + ",\n\n" +
			region(`{"labels":["Edema"]}`) + ",\n" + region(`{"start":3,"end":8,"labels":["Edemas"]}`) + "\n,7]", Options{Known: fourteen, Strict: true}, []string{
			`g.json:2: task 1: region 1: the text is "edema." at these offsets, and "edema" in the region`,
			"g.json:3: task 2: region 1: [3, 99] is no span of the text, which has 9 characters",
			"g.json:5: task 3: region 1: its start or end is no number",
			`g.json:6: the label "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
			"g.json:7: element 5 of the array is not a JSON object",
		}},
		{"ids", `[{"id":1,"data":{"text":"x"},"annotations":[{"result":[{"value":{"start":0,"end":9,"labels":["Edema"]}}]}]},` + "\n" + `{"id":1,"data":{"text":"x"},"annotations":[{"result":[]}]}]`, Options{}, nil},
		{"fields", "[" + region(`{"choices":["Edema"]}`) + "]", Options{By: "site"}, []string{`g.json:1: task 1: there is no field "site"; the fields are text`}},
		{"broken", "[{},\n{,}]", Options{}, []string{"g.json:2: the JSON is broken: invalid character ',' looking for beginning of object key string"}},
		{"too short", "[{},\n{", Options{}, []string{"g.json:2: the JSON is broken: unexpected end of JSON input"}},
		{"too long", "[{}]\n7", Options{}, []string{"g.json:2: the JSON is broken: invalid character '7' after top-level value"}},
		{"empty", "[]", Options{}, []string{"g.json: there is no label of an observation in it"}},
		{"not UTF-8", "[\"\xff\"]", Options{}, []string{"g.json: the file is not UTF-8; convert it to UTF-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(context.Background(), write(t, "g.json", tt.data), tt.opts)
			require.Error(t, err)
			if tt.want == nil {
				assert.ErrorContains(t, err, `g.json:2: the id "1" has a row already, in `)
				return
			}
			assert.Equal(t, tt.want, faults(err, "g.json"))
		})
	}
}

func TestSplitLabel(t *testing.T) {
	for label, want := range map[string]string{
		"Edema": "Edema positive", " Edema:negative": "Edema negative", "Edema | Possible": "Edema uncertain", "Edema=absent": "Edema negative",
		"Edema - hedged": "Edema uncertain", "Edema (negative)": "Edema negative", "Pleural_Effusion_negated": "Pleural_Effusion negative",
		"Edema: mild": "Edema: mild positive", "(negative)": "(negative) positive", "": " positive", "Edema(x)": "Edema(x) positive",
	} {
		name, a := splitLabel(label)
		assert.Equal(t, want, name+" "+a.String(), label)
	}
}

// Offsets of any unit lead to the same text as the raw one has there, but for
// line ends.
func TestOffsets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`\x{feff}?[aé🫁\r\n ]{0,20}`).Draw(t, "raw")
		for _, length := range []unit{codePoint, utf16Unit} {
			text, at := offsets(raw, length)
			require.NotContains(t, text, "\r")
			n := 0
			for i, r := range raw {
				rest := strings.TrimPrefix(raw[i:], byteOrderMark)
				rest = strings.ReplaceAll(strings.ReplaceAll(rest, "\r\n", "\n"), "\r", "\n")
				require.Equal(t, rest, text[at[n]:])
				n += length(r)
			}
			require.Len(t, at, n+1)
			require.Equal(t, len(text), at[n])
		}
	})
}
