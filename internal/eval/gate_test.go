package eval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	figures := []Figure{
		{Name: "mention.micro", Value: .98, Low: .96, High: .99},
		{Name: "Pleural Effusion.negation", Value: .9},
		{Name: "Edema.uncertain", Value: math.NaN()},
	}
	for _, tt := range []struct {
		gate   string
		failed []string
	}{
		{"mention.micro>=0.98", nil},
		{"mention.micro>0.98", []string{"mention.micro>0.98: it is 0.9800"}},
		{`mention.micro >= 0.97 , "Pleural Effusion".negation>=.95, mention.micro<0.9`, []string{
			`"Pleural Effusion".negation>=0.95: it is 0.9000`, "mention.micro<0.9: it is 0.9800",
		}},
		{`"pleural effusion.negation"<=0.9`, nil},
		{"mention.micro>=0.98003", []string{"mention.micro>=0.98003: it is 0.98000"}},
		{"Pleural Effusion.negation>=0.9", nil},
		{"mention.micro.low>=.97,mention.micro.high>=.99", []string{"mention.micro.low>=0.97: it is 0.9600"}},
		{"Edema.uncertain>=0", []string{"Edema.uncertain>=0: the figure is undefined here"}},
	} {
		terms, err := ParseGate(tt.gate)
		require.NoError(t, err, tt.gate)
		failed, err := Check(terms, figures)
		require.NoError(t, err, tt.gate)
		var got []string
		for _, f := range failed {
			got = append(got, f.String())
		}
		assert.Equal(t, tt.failed, got, tt.gate)
	}
}

func TestGateErrors(t *testing.T) {
	for gate, want := range map[string]string{
		"":                       `gate "": a term has no figure; write mention.micro>=0.98`,
		">=1":                    `gate ">=1": a term has no figure; write mention.micro>=0.98`,
		"a":                      `gate "a": a wants >=, >, <= or < behind it`,
		"a>=1,":                  `gate "a>=1,": a term has no figure; write mention.micro>=0.98`,
		"a==1":                   `gate "a==1": a wants >=, >, <= or < behind it`,
		"a>=b":                   `gate "a>=b": a>= wants a number, not "b"`,
		"a>=nan":                 `gate "a>=nan": a>= wants a number, not "nan"`,
		`"a>=1`:                  `gate "\"a>=1": a quote is not closed`,
		"mention.micro>=0.9 0.8": `gate "mention.micro>=0.9 0.8": mention.micro>= wants a number, not "0.9 0.8"`,
	} {
		_, err := ParseGate(gate)
		assert.EqualError(t, err, want)
	}
	terms, err := ParseGate("mention.mirco>=1")
	require.NoError(t, err)
	_, err = Check(terms, []Figure{{Name: "mention.micro"}})
	assert.EqualError(t, err, `there is no figure "mention.mirco"; did you mean "mention.micro"?`)
	terms, _ = ParseGate("sensitivity>=1")
	_, err = Check(terms, []Figure{{Name: "mention.micro"}})
	assert.EqualError(t, err, `there is no figure "sensitivity"; validate --json lists all`)
}

// What a gate says of itself is a gate, and says the same.
func FuzzParseGate(f *testing.F) {
	f.Add(`mention.micro>=0.98,"Pleural Effusion".negation.low<1`)
	f.Add(`"a,b".c>1e-3`)
	f.Fuzz(func(t *testing.T, gate string) {
		terms, err := ParseGate(gate)
		if err != nil {
			return
		}
		for _, term := range terms {
			again, err := ParseGate(term.String())
			require.NoError(t, err, term.String())
			require.Equal(t, []Term{term}, again)
		}
	})
}
