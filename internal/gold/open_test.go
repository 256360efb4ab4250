package gold

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/labeler"
)

const (
	un  = corpus.Unmentioned
	neg = corpus.Negative
	may = corpus.Uncertain
	pos = corpus.Positive
)

type (
	observations = []corpus.Observation
	assertions   = []corpus.Assertion
)

func write(t testing.TB, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	return path
}

func gz(t testing.TB, data string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(data))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zst(t testing.TB, data string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return string(w.EncodeAll([]byte(data), nil))
}

// faults splits the message of joined errors and drops the folder of the test.
func faults(err error, name string) []string {
	var messages []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if i := strings.Index(line, name); i >= 0 {
			line = line[i:]
		}
		messages = append(messages, line)
	}
	return messages
}

// load loads a source and drops the folder of the test from its places.
func load(t testing.TB, name, data string, opts Options) *Sheet {
	t.Helper()
	path := write(t, name, data)
	sheet, err := Load(context.Background(), path, opts)
	require.NoError(t, err)
	for i := range sheet.All {
		sheet.All[i].Place.Path = filepath.Base(sheet.All[i].Place.Path)
	}
	return sheet
}

func at(line int) corpus.Place { return corpus.Place{Path: "g", Line: line} }

var fourteen = observations{
	"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Lesion", "Lung Opacity", "Edema", "Consolidation",
	"Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
}

func TestLoadTable(t *testing.T) {
	for _, tt := range []struct {
		name, data   string
		opts         Options
		observations observations
		want         []Row
	}{
		{
			"ids and labels", "id,No Finding,Edema\nCXR1,1,\nCXR2,,-1.0\nCXR3,nan,0\n", Options{},
			observations{"No Finding", "Edema"},
			[]Row{{ID: "CXR1", Place: at(2), Labels: assertions{pos, un}}, {ID: "CXR2", Place: at(3), Labels: assertions{un, may}}, {ID: "CXR3", Place: at(4), Labels: assertions{un, neg}}},
		},
		{
			"the radiologists' names of MIMIC-CXR", "study_id,Airspace Opacity,Edema\n50414267,1.0,0.0\n", Options{Known: fourteen},
			observations{"Lung Opacity", "Edema"},
			[]Row{{ID: "50414267", Place: at(2), Labels: assertions{pos, neg}}},
		},
		{
			"MIMIC-CXR, whatever the order", "\ufeffEdema;subject_id;study_id\r\n1.0;p10000032;s50414267\r\n", Options{},
			observations{"Edema"},
			[]Row{{ID: "50414267", Place: at(2), Labels: assertions{pos}}},
		},
		{
			"the test set of CheXpert", "Study\tEdema\nCheXpert-v1.0/test/patient64741/study1\t1.0\n", Options{},
			observations{"Edema"},
			[]Row{{ID: "patient64741/study1", Place: at(2), Labels: assertions{pos}}},
		},
		{
			"CheXpert, a row an image",
			"Path,Sex,Age,Frontal/Lateral,AP/PA,Edema\nCheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0\n" +
				"CheXpert-v1.0/train/patient00001/study1/view2_lateral.jpg,Female,68,Lateral,,1.0\nCheXpert-v1.0/train/patient00001/study2/view1_frontal.jpg,Female,68,Frontal,AP,\n",
			Options{},
			observations{"Edema"},
			[]Row{{ID: "patient00001/study1", Place: at(2), Labels: assertions{pos}}, {ID: "patient00001/study2", Place: at(4), Labels: assertions{un}}},
		},
		{
			"ChestX-ray14's list", "id,Finding Labels,Follow-up #\na,Edema|Mass,0\nb,No Finding,1\nc,,2\n", Options{Only: observations{"edema", "Hernia", "No Finding"}},
			observations{"edema", "Hernia", "No Finding"},
			[]Row{
				{ID: "a", Place: at(2), Labels: assertions{pos, neg, neg}}, {ID: "b", Place: at(3), Labels: assertions{neg, neg, pos}},
				{ID: "c", Place: at(4), Labels: assertions{un, un, un}},
			},
		},
		{
			"the published labeler's output", "Reports,Edema\n\"No\nedema\",0.0\nx,\n", Options{},
			observations{"Edema"},
			[]Row{{ID: "1", Place: at(2), Labels: assertions{neg}}, {ID: "2", Place: at(4), Labels: assertions{un}}},
		},
		{
			"groups, named ids, some observations", "case,site,Edema,Fracture,note\n7,north,1,0,seen twice\n8,,,,\n",
			Options{IDColumn: "Case", By: "site", Only: observations{"Fracture"}},
			observations{"Fracture"},
			[]Row{{ID: "7", Group: "north", Place: at(2), Labels: assertions{neg}}, {ID: "8", Place: at(3), Labels: assertions{un}}},
		},
		{
			"a separator that is named", "sep=|\nid|pleural_effusion\n7.0|1\n", Options{Known: fourteen, Strict: true},
			observations{"Pleural Effusion"},
			[]Row{{ID: "7", Place: at(3), Labels: assertions{pos}}},
		},
		{
			"words", "id,Edema,airspace-opacity\na,Positive,NA\nfiles/p10/p10000032/s50414267.txt,None,uncertain\n", Options{Known: fourteen},
			observations{"Edema", "Lung Opacity"},
			[]Row{{ID: "a", Place: at(2), Labels: assertions{pos, un}}, {ID: "50414267", Place: at(3), Labels: assertions{un, may}}},
		},
		{
			"names with underscores", "id,pleural_effusion\n7,1\n", Options{Known: fourteen},
			observations{"Pleural Effusion"},
			[]Row{{ID: "7", Place: at(2), Labels: assertions{pos}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, data := range []string{tt.data, gz(t, tt.data), zst(t, tt.data)} {
				sheet := load(t, "g", data, tt.opts)
				assert.Equal(t, "csv", sheet.Format)
				assert.Equal(t, tt.observations, sheet.Observations)
				assert.Equal(t, tt.want, sheet.All)
				assert.False(t, sheet.HasText || sheet.HasMentions || sheet.Sentences)
			}
		})
	}
}

func TestTableFaults(t *testing.T) {
	rename := "ename it, or name those to score with --observations"
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       []string
	}{
		{"labels and rows", "id,Edema,Fracture\na,2,\nb,x,no fracture is seen anywhere\n,1,1\na,,\nc,1\nd,1,1\n", Options{}, []string{
			`g.csv:2: column 2 (Edema): "2" is no label; want 1, 0, -1 or blank`,
			`g.csv:3: column 2 (Edema): "x" is no label; want 1, 0, -1 or blank`,
			`g.csv:3: column 3 (Fracture): (28 bytes, not shown) is no label; want 1, 0, -1 or blank`,
			"g.csv:4: column 1 (id): the id is empty",
			`g.csv:5: column 1 (id): the id "a" has a row already, in line 2`,
			"g.csv:6: column 3 (Fracture): the row has 2 fields, the header 3",
		}},
		{"ChestX-ray14's list", "id,Finding Labels\na,Edema|Oedema\nb,Edema|No Finding\n", Options{}, []string{
			`g.csv:2: column 2 (Finding Labels): "Oedema" is no disease of ChestX-ray14`,
			"g.csv:3: column 2 (Finding Labels): No Finding stands beside a disease",
		}},
		{"a list that is not known", "id,Finding Labels\na,Edema\n", Options{Known: fourteen, Strict: true}, []string{
			`g.csv:1: column 2 ("Finding Labels"): no observation is called Effusion, Emphysema, Fibrosis, Hernia, Infiltration, Mass, Nodule, Pleural_Thickening; take the rule set chestxray14, or name those to score with --observations`,
		}},
		{"the same id", "id,Edema\na,1\nb,1\na,1\n", Options{}, []string{
			`g.csv:4: column 1 (id): the id "a" has a row already, in line 2`,
		}},
		{"the same id behind a fault", "id,Edema\na,2\na,1\na,3\nb,0\n", Options{Known: fourteen}, []string{
			`g.csv:2: column 2 (Edema): "2" is no label; want 1, 0, -1 or blank`,
			`g.csv:3: column 1 (id): the id "a" has a row already, in line 2`,
			`g.csv:4: column 2 (Edema): "3" is no label; want 1, 0, -1 or blank`,
			`g.csv:4: column 1 (id): the id "a" has a row already, in line 2`,
		}},
		{"an image of a study behind a fault", "Path,Edema\nx/patient1/study1/a.jpg,2\nx/patient1/study1/b.jpg,0\nx/patient1/study1/c.jpg,1\nx/patient1/study1/d.jpg,3\n", Options{}, []string{
			`g.csv:2: column 2 (Edema): "2" is no label; want 1, 0, -1 or blank`,
			`g.csv:5: column 2 (Edema): "3" is no label; want 1, 0, -1 or blank`,
		}},
		{"no labels in the columns", "id,remark,model\na,x,y\n", Options{}, []string{
			"g.csv:1: there is no column of labels, and none in remark, model; name the columns after the observations",
		}},
		{"a known name", "id,Edema,remark\na,x,y\n", Options{Known: fourteen}, []string{
			`g.csv:2: column 2 (Edema): "x" is no label; want 1, 0, -1 or blank`,
		}},
		{"strict", "id,Edema,remark\na,1,y\n", Options{Known: fourteen, Strict: true}, []string{
			`g.csv:1: column 3 ("remark") is none of the observations; r` + rename,
		}},
		{"what is asked for in other words", "id,Edema\na,1\n", Options{Known: fourteen, Only: observations{"pleural_effusion"}}, []string{
			`g.csv:1: there is no column "Pleural Effusion"; the columns are id, Edema`,
		}},
		{"signs that separate nothing", "id|Edema\na|1\n", Options{}, []string{
			"g.csv:1: the header row has none of the separators that are read; put commas, semicolons or tabs between the columns",
		}},
		{"an image twice", "Path,Edema\nx/patient1/study1/a.jpg,1\nx/patient1/study1/b.jpg,0\nx/patient1/study1/a.jpg,1\n", Options{}, []string{
			`g.csv:4: column 1 (Path): the image "x/patient1/study1/a.jpg" has a row already, in line 2`,
		}},
		{"a study beside its images", "id,Edema\npatient1/study1,1\nx/patient1/study1/a.jpg,1\ny/patient2/study1/a.jpg,1\ny/patient2/study1,1\n", Options{}, []string{
			`g.csv:3: column 1 (id): the id "patient1/study1" has a row already, in line 2`,
			`g.csv:5: column 1 (id): the id "patient2/study1" has a row already, in line 4`,
		}},
		{"images of a study in two groups", "Path,AP/PA,Edema\nx/patient1/study1/a.jpg,AP,1\nx/patient1/study1/b.jpg,,0\n", Options{By: "AP/PA"}, []string{
			`g.csv:3: the study "patient1/study1" is in the group "" here and in "AP" in another image; sum up by a column that is the same for all images of a study`,
		}},
		{"probabilities", "id,Edema,Fracture\na,0.73,1\nb,1, 1e-5\nc,-.5,0\n", Options{}, []string{
			`g.csv:2: column 2 (Edema): "0.73" is a probability, no label; choose a threshold and write 1 from there on, 0 below`,
			`g.csv:3: column 3 (Fracture): "1e-5" is a probability, no label; choose a threshold and write 1 from there on, 0 below`,
			`g.csv:4: column 2 (Edema): "-.5" is no label; want 1, 0, -1 or blank`,
		}},
		{"no labels", "id,text\na,x\n", Options{}, []string{"g.csv:1: there is no column of labels; name the columns after the observations"}},
		{"twice", "id,Lung Opacity,Airspace Opacity\na,1,1\n", Options{}, []string{`g.csv:1: columns 2 and 3 both are "Lung Opacity"; remove one`}},
		{"unknown observations", "id,Edema,Plural Effusion,Scoliosis\na,1,,\n", Options{Known: fourteen, Strict: true}, []string{
			`g.csv:1: column 3 ("Plural Effusion") is none of the observations; did you mean "Pleural Effusion"? R` + rename,
			`g.csv:1: column 4 ("Scoliosis") is none of the observations; r` + rename,
		}},
		{"names of columns", "id,site,Edema\na,1,\n", Options{By: "sites", IDColumn: "accession", Only: observations{"Edem", "Edema"}}, []string{
			`g.csv:1: there is no column "accession"; the columns are id, site, Edema`,
			`g.csv:1: there is no column "sites"; did you mean "site"?`,
			`g.csv:1: there is no column "Edem"; did you mean "Edema"?`,
		}},
		{"an open quote", "id,Edema\na,\"1\nb,1\n", Options{}, []string{"g.csv:2: a quote opened here is not closed; it swallowed 1 line, and reading ends with it; close it, or double quotes within quoted fields"}},
		{"empty", "", Options{}, []string{"g.csv: the file is empty"}},
		{"blank", "\n\n", Options{}, []string{"g.csv:1: there is no header row"}},
		{"binary", "\x00", Options{}, []string{"g.csv:1: the file is no text: binary data (NUL bytes), not text"}},
		{"UTF-16", "\xff\xfei\x00d\x00", Options{}, []string{"g.csv: the file is no text: the text is UTF-16; convert it to UTF-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(context.Background(), write(t, "g.csv", tt.data), tt.opts)
			require.Error(t, err)
			assert.Equal(t, tt.want, faults(err, "g.csv"))
		})
	}
	_, err := Open(context.Background(), "no-such.csv", Options{})
	assert.EqualError(t, err, "no-such.csv: no such file or folder; check the path")
}

// Names mean observations as they are known, and what is no column of labels is
// passed over, whatever the format.
func TestNames(t *testing.T) {
	type row = map[string]any
	for _, tt := range []struct {
		name  string
		rows  []row // of id, and of names with values
		opts  Options
		want  observations
		notes []string
	}{
		{"as they are known", []row{{"id": "a", "EDEMA": 1, "pleural_effusion": 0, "Airspace-Opacity": nil}}, Options{Known: fourteen}, observations{"Edema", "Lung Opacity", "Pleural Effusion"}, nil},
		{"unknown", []row{{"id": "a", "Edema": 1, "Scoliosis": -1}}, Options{Known: fourteen}, observations{"Edema", "Scoliosis"}, nil},
		{"blank", []row{{"id": "a", "Edema": 1, "Scoliosis": nil}}, Options{Known: fourteen}, observations{"Edema", "Scoliosis"}, nil},
		{
			"no labels", []row{{"id": "a", "Edema": 1, "model": "v2", "notes": nil, "year": 2019}, {"id": "b", "Edema": 1, "model": "v2", "notes": "x", "year": 2020}}, Options{Known: fourteen},
			observations{"Edema"}, []string{"columns passed over, which hold no labels: model, notes, year"},
		},
		{"some labels", []row{{"id": "a", "Edema": 1, "model": 0}, {"id": "b", "Edema": 1, "model": 1}}, Options{}, observations{"Edema", "model"}, nil},
		{"asked for", []row{{"id": "a", "Edema": 1, "lung-opacity": 0, "model": "v2"}}, Options{Known: fourteen, Only: observations{"airspace opacity", "Lung Opacity"}}, observations{"Lung Opacity"}, nil},
		{"asked for, not known", []row{{"id": "a", "Edema": 1, "Scoliosis": 0}}, Options{Known: fourteen, Only: observations{"scoliosis"}, Strict: true}, observations{"scoliosis"}, nil},
		{"known, though the name is of another kind", []row{{"id": "a", "Age": 1}}, Options{Known: observations{"Age"}}, observations{"Age"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names := slices.Sorted(maps.Keys(tt.rows[0]))
			names = slices.DeleteFunc(names, func(name string) bool { return name == "id" })
			csv, lines := "id,"+strings.Join(names, ",")+"\n", ""
			for _, r := range tt.rows {
				csv += r["id"].(string)
				for _, name := range names {
					csv += ","
					if r[name] != nil {
						csv += fmt.Sprint(r[name])
					}
				}
				csv += "\n"
				line, err := json.Marshal(r)
				require.NoError(t, err)
				lines += string(line) + "\n"
			}
			for _, data := range []string{csv, lines} {
				sheet := load(t, "g", data, tt.opts)
				assert.ElementsMatch(t, tt.want, sheet.Observations)
				assert.Equal(t, tt.notes, sheet.Notes)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       []string
	}{
		{"nothing", "id,Edema\na,1\n", nil},
		{"no ids", "Edema\n1\n", []string{"there is no column of ids: rows are numbered"}},
		{"no ids in lines", `{"labels":{"Edema":1}}`, []string{"there is no column of ids: lines are numbered"}},
		{"no ids in flat lines", `{"Edema":1}`, []string{"there is no column of ids: lines are numbered"}},
		{"another encoding", "id,Edema,n\n\xe9,1,\nb,1,\xe9\nc,1,\n", []string{
			"columns passed over, which hold no labels: n", "bytes that are not UTF-8 read as Windows-1252 in 2 rows",
		}},
		{"one row in another encoding", "id,Edema\n\xe9,1\n", []string{"bytes that are not UTF-8 read as Windows-1252 in 1 row"}},
		{"cells in another encoding", "id,text,observation,label\na,\xe9,Edema,1\n", []string{"bytes that are not UTF-8 read as Windows-1252 in 1 row"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sheet := load(t, "g", tt.data, Options{Known: fourteen})
			assert.Equal(t, tt.want, sheet.Notes)
			for range sheet.Rows(context.Background()) { // a second time
			}
			assert.Equal(t, tt.want, sheet.Notes)
		})
	}
	sheet := load(t, "g", "id,Edema\n\xe9,1\n", Options{})
	assert.Equal(t, "é", sheet.All[0].ID)
}

// Labelled reports have the ids that files of labels have.
func TestOf(t *testing.T) {
	for id, want := range map[string]string{"s50414267": "50414267", "CXR1": "CXR1", "7.0": "7"} {
		assert.Equal(t, want, Of(labeler.Result{Report: corpus.Report{ID: id}}).ID)
	}
}

func TestManyFaults(t *testing.T) {
	data := "id,Edema\n" + strings.Repeat(",1\n", 25)
	_, err := Load(context.Background(), write(t, "g.csv", data), Options{})
	require.Error(t, err)
	got := faults(err, "g.csv")
	assert.Len(t, got, 21)
	assert.Equal(t, "and 5 more problems", got[20])
	_, err = Load(context.Background(), write(t, "g.csv", data[:len(data)-12]), Options{})
	assert.Equal(t, "and 1 more problem", faults(err, "g.csv")[20])
}

func TestLoadCells(t *testing.T) {
	data := "id\tkind\ttext\tobservation\tlabel\n" +
		"t1\tplain\tNo \"effusion\", no edema.\tEdema\t0\n" +
		"t2\thedged\tMaybe edema.\tEdema\t-1\n" +
		"t1\tplain\tNo \"effusion\", no edema.\tPleural Effusion\t0\n" +
		"t2\thedged\tMaybe edema.\tFracture\t\n"
	sheet := load(t, "g", data, Options{By: "kind"})
	assert.Equal(t, "cells", sheet.Format)
	assert.True(t, sheet.HasText)
	assert.Equal(t, observations{"Edema", "Pleural Effusion", "Fracture"}, sheet.Observations)
	want := []Row{
		{ID: "t1", Group: "plain", Place: at(2), Text: `No "effusion", no edema.`, Labels: assertions{neg, neg, un}, Open: []bool{false, false, true}},
		{ID: "t2", Group: "hedged", Place: at(3), Text: "Maybe edema.", Labels: assertions{may, un, un}, Open: []bool{false, true, false}},
	}
	assert.Equal(t, want, sheet.All)

	sheet = load(t, "g", data, Options{Only: observations{"Pleural Effusion", "Pneumonia"}})
	assert.Equal(t, observations{"Pleural Effusion", "Pneumonia"}, sheet.Observations)
	assert.Len(t, sheet.All, 1)

	sheet = load(t, "g", "id,observation,label\n1,Edema,1\n", Options{})
	assert.False(t, sheet.HasText)
	assert.Equal(t, []Row{{ID: "1", Place: at(2), Labels: assertions{pos}, Open: []bool{false}}}, sheet.All)
}

func TestCellFaults(t *testing.T) {
	_, err := Load(context.Background(), write(t, "g.tsv", "id\ttext\tobservation\tlabel\n"+
		"1\tx\tEdema\tyes\n1\ty\tEdema\t1\n\tx\tEdema\t1\n2\tx\tEdemas\t1\n3\tx\tEdema\t1\n3\tx\tEdema\t0\n4\tx\n5\tx\tEdema\t1\n"), Options{Known: fourteen, Strict: true})
	require.Error(t, err)
	assert.Equal(t, []string{
		`g.tsv:2: column 4 (label): "yes" is no label; want 1, 0, -1 or blank`,
		`g.tsv:3: column 2 (text): the id "1" has another text in line 2; give each text an id of its own`,
		"g.tsv:4: column 1 (id): the id is empty",
		`g.tsv:5: column 3 (observation): "Edemas" is none of the observations; did you mean "Edema"? Rename it, or name those to score with --observations`,
		"g.tsv:7: column 4 (label): Edema is negative here and positive in line 6; keep one",
		"g.tsv:8: column 3 (observation): the row has 2 fields, the header 4",
	}, faults(err, "g.tsv"))
	_, err = Load(context.Background(), write(t, "g.tsv", "observation,label\nEdema,1\n"), Options{By: "labels"})
	require.Error(t, err)
	assert.Equal(t, []string{
		`g.tsv:1: there is no column "labels"; did you mean "label"?`,
		"g.tsv:1: there is no column of ids; name it with --id-column",
	}, faults(err, "g.tsv"))
	_, err = Load(context.Background(), write(t, "g.tsv", "id,observation,label\n"), Options{})
	require.Error(t, err)
	assert.Equal(t, []string{"g.tsv: there is no label in it"}, faults(err, "g.tsv"))
}

func TestPerReport(t *testing.T) {
	m := func(at int) Mention {
		return Mention{Assertion: pos, Sentence: "No edema.", At: at, Mention: corpus.Span{Start: 3, End: 8}}
	}
	s := &Sheet{Source: &Source{Sentences: true, Observations: observations{"Edema", "Fracture"}}, All: []Row{
		{ID: "a:1", Place: at(1), Text: "No edema.", Labels: assertions{neg, un}, Reasons: []string{"", "no mention"}, Mentions: [][]Mention{{m(0)}, nil}},
		{ID: "b:1", Place: at(2), Text: "x", Labels: assertions{un, un}},
		{ID: "a:2", Place: at(3), Text: "No edema.", Labels: assertions{pos, un}, Reasons: []string{"why", "no"}, Mentions: [][]Mention{{m(0)}, nil}},
	}}
	got := s.PerReport()
	assert.False(t, got.Sentences)
	want := []Row{
		{
			ID: "a", Place: at(1), Text: "No edema.\nNo edema.", Labels: assertions{pos, un}, Reasons: []string{"why", "no mention"},
			Mentions: [][]Mention{{m(0), m(10)}, nil},
		},
		{ID: "b", Place: at(2), Text: "x", Labels: assertions{un, un}},
	}
	assert.Equal(t, want, got.All)
	for _, r := range got.All {
		for _, mentions := range r.Mentions {
			for _, m := range mentions {
				assert.Equal(t, "edema", m.Place().In(r.Text))
			}
		}
	}
	assert.Equal(t, assertions{neg, un}, s.All[0].Labels, "the sentences stay as they are")
	assert.Same(t, got, got.PerReport())
	var streamed []Row
	for row, err := range got.Rows(context.Background()) {
		require.NoError(t, err)
		streamed = append(streamed, row)
	}
	assert.Equal(t, got.All, streamed)
}

// The sources that the project is developed with are read whole.
func TestLoadDevelopmentData(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no development data")
	}
	for _, tt := range []struct {
		name, format string
		least        int
	}{
		{"openi/gold-chexpert14.csv", "csv", 200},
		{"openi/gold-chexpert14-sentences.jsonl", "sentences", 1200},
		{"challenge.tsv", "cells", 300},
	} {
		sheet, err := Load(context.Background(), filepath.Join(data, tt.name), Options{Known: fourteen, Strict: true})
		require.NoError(t, err)
		assert.Equal(t, tt.format, sheet.Format)
		assert.GreaterOrEqual(t, len(sheet.All), tt.least)
		assert.Equal(t, tt.format == "sentences", sheet.Sentences)
		assert.Equal(t, tt.format != "csv", sheet.HasText)
		if sheet.Sentences {
			assert.Less(t, len(sheet.PerReport().All), 201)
		}
	}
}

// ChestX-ray14's own label file is read, with the images as ids.
func TestLoadChestXray14(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no label file of ChestX-ray14")
	}
	sheet, err := Load(context.Background(), filepath.Join(data, "nih", "Data_Entry_2017_v2020.csv.gz"), Options{IDColumn: "Image Index"})
	require.NoError(t, err)
	assert.Equal(t, append(corpus.Diseases(), corpus.NoFinding), sheet.Observations)
	require.Len(t, sheet.All, 112120)
	assert.Equal(t, "00000001_001.png", sheet.All[1].ID)
	for i, a := range sheet.All[1].Labels {
		o := sheet.Observations[i]
		assert.Equal(t, o == "Cardiomegaly" || o == "Emphysema", a == pos, o)
	}
}

// Columns that hold no labels are passed over, and told.
func TestPassedOver(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       []string
		read       observations
	}{
		{"nothing", "id,Edema,Hernia\n1,1,\n2,0,1\n", Options{}, nil, observations{"Edema", "Hernia"}},
		{
			"columns without labels", "id,Edema,model,notes,Edema_prob,Hernia\n1,1,v1,,.93,\n2,,v1,left,.1,\n", Options{Known: fourteen},
			[]string{"columns passed over, which hold no labels: model, notes, Edema_prob"}, observations{"Edema", "Hernia"},
		},
		{"no ids", "Edema\n1\n", Options{}, []string{"there is no column of ids: rows are numbered"}, observations{"Edema"}},
		{
			"another encoding", "id,note,Edema\n1,caf\xe9,1\n2,caf\xe9,0\n3,,\n", Options{Only: observations{"edema"}, Known: fourteen},
			[]string{"bytes that are not UTF-8 read as Windows-1252 in 2 rows"}, observations{"Edema"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sheet := load(t, "g.csv", tt.data, tt.opts)
			assert.Equal(t, tt.want, sheet.Notes)
			assert.Equal(t, []corpus.Observation(tt.read), sheet.Observations)
		})
	}
	_, err := Load(context.Background(), write(t, "g.csv", "id,Edema\n1,maybe\n"), Options{Known: fourteen})
	assert.ErrorContains(t, err, `"maybe" is no label`, "a known observation is never passed over")
}

// Ids and labels as programs write them.
func TestSpellings(t *testing.T) {
	sheet := load(t, "g.csv", "study_id,Edema\n50000001.0,NA\nfiles/p10/p10000001/s50000002.txt,Positive\ns50000003,none\n", Options{})
	var ids []string
	for _, row := range sheet.All {
		ids = append(ids, row.ID)
	}
	assert.Equal(t, []string{"50000001", "50000002", "50000003"}, ids)
	assert.Equal(t, corpus.Positive, sheet.All[1].Labels[0])
	assert.Equal(t, "50000001", Of(labeler.Result{Report: corpus.Report{ID: "s50000001"}}).ID)
}
