package gold

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// FuzzOpen reads any bytes under any name, beside any text: nothing panics, what
// is wrong is a Problem, and what is read holds what it says.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("id,Edema,site\ns50000001,1,a\n2,,b\n"), "g.csv", "", uint8(1))
	f.Add([]byte("Path,Edema\nx/patient1/study1/a.jpg,1\nx/patient1/study1/b.jpg,1\n"), "g.csv", "", uint8(0))
	f.Add([]byte("id\ttext\tobservation\tlabel\n1\tNo \"edema\".\tEdema\t0\n"), "g.tsv", "", uint8(2))
	f.Add([]byte(ownHeader+`{"id":"2","labels":{"Edema":{"label":0,"evidence":[{"assertion":"negative","sentence":[0,9],"mention":[3,8],"text":"No edema."}]}}}`), "g.jsonl", "", uint8(0))
	f.Add([]byte(`{"id":"a","sentence":"No edema.","labels":{"Edema":0}}`+"\n"+`{"id":"a","sentence":"Edema.","labels":{"Edema":1}}`), "g.jsonl", "", uint8(3))
	f.Add([]byte(`{"path_to_image":"a/patient1/study1/x","Edema":1.0}`), "g.jsonl", "", uint8(0))
	f.Add([]byte("T1\tEdema 3 8\tedema\nA1\tNegated T1\n"), "g.ann", "No edema.", uint8(0))
	f.Add([]byte("T1\tEdema 0 1;3 8\tNedema\n"), "g.ann", "No\r\nedema.", uint8(0))
	f.Add([]byte(`{"id":1,"text":"No 🫁 edema.","label":[[5,10,"Edema:negative"]]}`), "g.jsonl", "", uint8(0))
	f.Add([]byte(`{"id":1,"text":"x","entities":[{"label":"Edema","start_offset":0,"end_offset":1}]}`), "g.jsonl", "", uint8(0))
	f.Add([]byte(`[{"id":1,"data":{"text":"No 🫁 edema."},"annotations":[{"result":[{"id":"r","value":{"start":6,"end":11,"text":"edema","labels":["Edema"]}},{"id":"r","value":{"start":6,"end":11,"choices":["negative"]}}]}]}]`), "g.json", "", uint8(0))
	f.Add([]byte(`[{"id":1,"text":"Edema.","label":[{"start":0,"end":5,"labels":["Edema"]}],"whole":{"choices":["Fracture"]}}]`), "g.json", "", uint8(1))
	f.Add(written(f, "o.parquet", output.Default, []labeler.Result{{Report: corpus.Report{ID: "1"}, Labels: make([]labeler.Label, len(fourteen))}}), "g.parquet", "", uint8(0))
	f.Add([]byte("sep=;\nid;EDEMA;model\n1.0;NA;x\n"), "g.csv", "", uint8(4))
	f.Add([]byte(`[{"id":1,"text":"Edema.","label":[]},{"id":2,"text":"Edema.","label":[[0,5,"Edema"],"Fracture"]}]`), "g.json", "", uint8(0))
	f.Add([]byte(`{"id":"1","labels":{"Edema":1}}`+"\n"+`{"labels":{"edema":{"label":0,"evidence":[{"assertion":"negative","sentence":[0,9],"mention":[3,8],"text":"No edema."}]}}}`), "g.jsonl", "", uint8(4))
	f.Add([]byte("id,Finding Labels\n1,Edema|Mass\n2,No Finding\n"), "g.csv", "", uint8(2))
	options := []Options{
		{}, {Known: fourteen, By: "site", Strict: true}, {Only: observations{"edema", "Fracture"}}, {By: "id", IDColumn: "id"},
		{Known: fourteen}, {Known: fourteen, Only: observations{"edema"}},
	}

	f.Fuzz(func(t *testing.T, data []byte, name, text string, choice uint8) {
		dir := t.TempDir()
		path := filepath.Join(dir, filepath.Base("g"+name))
		if os.WriteFile(path, data, 0o600) != nil {
			t.Skip("no name of a file")
		}
		_ = os.WriteFile(path[:len(path)-len(filepath.Ext(path))]+".txt", []byte(text), 0o600)
		ctx, opts := context.Background(), options[int(choice)%len(options)]
		source, err := Open(ctx, path, opts)
		if err != nil {
			checkProblem(t, err)
			return
		}
		sheet := &Sheet{Source: source}
		for row, err := range source.Rows(ctx) {
			if err != nil {
				checkProblem(t, err)
				continue
			}
			checkMentions(t, source, row)
			sheet.All = append(sheet.All, row)
		}
		report := sheet.PerReport()
		for _, row := range report.All {
			checkMentions(t, report.Source, row)
		}
	})
}

func checkProblem(t *testing.T, err error) {
	var p *corpus.Problem
	require.True(t, errors.As(err, &p), "%T %v", err, err)
	require.NotEmpty(t, p.What)
	require.NotEmpty(t, p.Place.Path)
}

// FuzzLoadNegEx and FuzzLoadBioScope read any bytes as the corpora: what is read
// lies within its sentence.
func FuzzLoadNegEx(f *testing.F) {
	f.Add([]byte("1\tEDEMA\tThere is no EDEMA.\tNegated\tRecent\tPatient\n2\tedema\tEDEMA?\tAffirmed\n"))
	f.Add([]byte("Number\tConcept\tSentence\tNegation\n"))
	f.Add([]byte("1\t\"x\ty\"\t\t\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "n.tsv")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		concepts, _, err := LoadNegEx(path)
		if err != nil {
			checkProblem(t, err)
		}
		for _, c := range concepts {
			require.True(t, 0 <= c.Span.Start && c.Span.Start <= c.Span.End && c.Span.End <= len(c.Sentence))
		}
	})
}

func FuzzLoadBioScope(f *testing.F) {
	f.Add([]byte(`{"doc_id":"1","sentence_id":"2","text":"No edema.","annotations":[{"type":"negation","cue":[0,2],"scope":[0,8],"cue_text":"No"}]}`))
	f.Add([]byte(`{"text":"é?","annotations":[{"type":"speculation","cue":[1,2],"scope":[0,2],"scope_text":"é?"}]}` + "\n[]\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "b.jsonl")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		sentences, _, err := LoadBioScope(path)
		if err != nil {
			checkProblem(t, err)
		}
		for _, s := range sentences {
			for _, c := range s.Scopes {
				require.True(t, 0 <= c.Cue.Start && c.Cue.End <= len(s.Text))
			}
		}
	})
}
