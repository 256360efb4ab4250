package gold_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

func TestLoadBioScope(t *testing.T) {
	sentences, left, err := gold.LoadBioScope(writeCorpus(t, `{"doc_id":"7","sentence_id":"S1.1","text":"Après: no blorb, or grumé.","annotations":[`+
		`{"type":"negation","cue":[7,9],"cue_text":"no","scope":[7,25],"scope_text":"no blorb, or grumé"},`+
		`{"type":"speculation","cue":[17,19],"cue_text":"or","scope":[10,15]}]}

{"doc_id":"7","sentence_id":"S1.2","text":"A blorb.","annotations":[]}
{"doc_id":"7","sentence_id":"S1.3","text":"A blorb."}
{"text":"No blorb.","annotations":[{"type":"negation","cue":[1,2],"cue_text":"No","scope":[0,8]}]}
{"text":"No blorb.","annotations":[{"type":"negation","cue":[0,2],"cue_text":"No","scope":[0,10]}]}
{"text":"No blorb.","annotations":[{"type":"negation","cue":[0,2]}]}
{"text":"No blorb.","annotations":[{"type":"doubt","cue":[0,2],"scope":[0,8]}]}
{"annotations":[]}
{"text":"No blorb
`))
	require.NoError(t, err)
	require.Len(t, sentences, 3)
	s := sentences[0]
	assert.Equal(t, "7/S1.1", s.ID)
	require.Len(t, s.Scopes, 2)
	assert.Equal(t, corpus.Negative, s.Scopes[0].Assertion)
	assert.Equal(t, "no", s.Scopes[0].Cue.In(s.Text))
	assert.Equal(t, "no blorb, or grumé", s.Scopes[0].Scope.In(s.Text), "characters have become bytes")
	assert.Equal(t, corpus.Uncertain, s.Scopes[1].Assertion)
	assert.Equal(t, "blorb, or", s.Scopes[1].Whole().In(s.Text), "a cue outside its scope")
	assert.Equal(t, 3, sentences[1].Place.Line)
	assert.Empty(t, sentences[2].Scopes)
	assert.Equal(t, []string{
		"line:5: the offsets of a cue do not give its text",
		"line:6: the offsets of a scope do not give its text",
		"line:7: an annotation has no cue or no scope",
		"line:8: an annotation is neither negation nor speculation",
		"line:9: there is no text",
		"line:10: the line is no sentence with its annotations in JSON",
	}, whats(left))
	assert.Equal(t, []bool{false, false, true, true, true, true}, lost(left))

	_, _, err = gold.LoadBioScope(writeCorpus(t, ""))
	assert.ErrorContains(t, err, "the file is empty")
	for content, want := range map[string]string{
		"1\tblorb\tNo BLORB.\tNegated\n": "no line of it can be used: in line 1, the line is no sentence with its annotations in JSON; write one object a line",
		"\n":                             "no line of it can be used; write one object a line",
	} {
		_, _, err := gold.LoadBioScope(writeCorpus(t, content))
		assert.ErrorContains(t, err, want)
	}
}
