package gold_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

func writeCorpus(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "annotations")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// whats gives the line and the words of each problem.
func whats(left []*corpus.Problem) (all []string) {
	for _, p := range left {
		all = append(all, corpus.Place{Path: "line", Line: p.Place.Line}.String()+": "+p.What)
	}
	return all
}

func lost(left []*corpus.Problem) (all []bool) {
	for _, p := range left {
		all = append(all, p.Lost)
	}
	return all
}

func TestLoadNegEx(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		want          []string // "concept status"
		left          []string
	}{
		{
			"header", "Report No.\tConcept\tSentence\tNegation\n1\tblorb\tNo BLORB.\tNegated\n",
			[]string{"1 BLORB negative"}, nil,
		},
		{
			"no header, more columns, CR LF, blank lines", "1\tblorb\tA BLORB.\tAffirmed\tRecent\tPatient\r\n\r\n2\tgrume\tGRUME?\tpossible\tRecent\tPatient\r\n",
			[]string{"1 BLORB positive", "2 GRUME uncertain"}, nil,
		},
		{
			"no number", "blorb\tA BLORB.\tAffirmed\n",
			[]string{" BLORB positive"}, nil,
		},
		{
			"first row with a status that is none", "1\tblorb\tA BLORB.\tAfirmed\n2\tblorb\tA BLORB.\tAffirmed\n",
			[]string{"2 BLORB positive"}, []string{`line:1: column 4: the status "Afirmed" is none of Affirmed, Negated and Possible`},
		},
		{
			"capitals before other places", "1\tblorb\tA blorb or a BLORB.\tAffirmed\n",
			[]string{"1 BLORB positive"}, nil,
		},
		{
			"any case, any blanks, whole words", "1\tdull (old)  blorb\tHis dull  (old) blorb, dull (old) blorb.\tNegated\n2\ted\tNeeded by ed.\tAffirmed\n",
			[]string{"1 dull  (old) blorb negative", "2 ed positive"}, nil,
		},
		{
			"cut short", "1\tSNELL:  1. NO BLORB SEEN\tHPI: NO BLORB SEEN.\tAffirmed\n",
			[]string{"1 NO BLORB SEEN positive"}, nil,
		},
		{
			"not UTF-8 in the first row", "1\tcaf\xe9\tA GRUME.\tNo\n2\tgrume\tA GRUME.\tAffirmed\n",
			[]string{"2 GRUME positive"}, []string{"line:1: the row is not UTF-8"},
		},
		{
			"whole words in capitals", "1\ted\tNEEDED in ED.\tAffirmed\n2\ted\tNeeded, Éd, ed.\tAffirmed\n3\ted\tNEEDED.\tAffirmed\n4\ted\tÉED, éed.\tAffirmed\n",
			[]string{"1 ED positive", "2 ed positive"}, []string{
				"line:3: the concept cannot be found in its sentence", "line:4: the concept cannot be found in its sentence",
			},
		},
		{
			"not there", "5\tgrume\tA GRUME.\tAffirmed\n1\tblorb\tA GRUME.\tAffirmed\n2\t \tA GRUME.\tAffirmed\n3\tgrume\tA GRUME.\n4\tgrume\tA GRUME, caf\xe9.\tAffirmed\n",
			[]string{"5 GRUME positive"}, []string{
				"line:2: the concept cannot be found in its sentence",
				"line:3: the concept cannot be found in its sentence",
				"line:4: the row has too few columns",
				"line:5: the row is not UTF-8",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			concepts, left, err := gold.LoadNegEx(writeCorpus(t, tt.content))
			require.NoError(t, err)
			var got []string
			for _, c := range concepts {
				got = append(got, c.ID+" "+c.Span.In(c.Sentence)+" "+c.Status.String())
			}
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.left, whats(left))
			for _, p := range left {
				assert.Equal(t, p.What != "the concept cannot be found in its sentence", p.Lost, "what can be read is not lost")
			}
		})
	}
}

func TestLoadNegExFails(t *testing.T) {
	for content, want := range map[string]string{
		"a\tb\tc\td\n":                   "no row has a concept, a sentence and a status",
		"":                               "the file is empty",
		"1\tblorb\tA GRUME.\tAffirmed\n": "no line of it can be used: in line 1, the concept cannot be found in its sentence; write a number",
	} {
		_, _, err := gold.LoadNegEx(writeCorpus(t, content))
		assert.ErrorContains(t, err, want)
	}
	_, _, err := gold.LoadNegEx(filepath.Join(t.TempDir(), "none.tsv"))
	var problem *corpus.Problem
	require.ErrorAs(t, err, &problem)
	assert.Equal(t, "no such file or folder", problem.What)
}

func TestLoadNegExCompressed(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte("1\tblorb\tNo BLORB.\tNegated\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := writeCorpus(t, b.String())
	concepts, left, err := gold.LoadNegEx(path)
	require.NoError(t, err)
	assert.Empty(t, left)
	require.Len(t, concepts, 1)
	assert.Equal(t, corpus.Place{Path: path, Line: 1}, concepts[0].Place)

	_, _, err = gold.LoadNegEx(writeCorpus(t, b.String()[:b.Len()-9]))
	assert.Error(t, err)
}
