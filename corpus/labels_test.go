package corpus

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLabelEncoding(t *testing.T) {
	for a, want := range map[Assertion]string{Positive: "1.0", Negative: "0.0", Uncertain: "-1.0", Unmentioned: ""} {
		assert.Equal(t, want, EncodeLabel(a))
		back, err := DecodeLabel(want)
		require.NoError(t, err)
		assert.Equal(t, a, back)
	}
	for s, want := range map[string]Assertion{"1": Positive, " 0 ": Negative, "-1": Uncertain, "nan": Unmentioned, "NaN": Unmentioned, "  ": Unmentioned, "1.00": Positive} {
		a, err := DecodeLabel(s)
		require.NoError(t, err)
		assert.Equal(t, want, a, s)
	}
	for _, s := range []string{"2", "0.5", "yes", "-0.9", "inf"} {
		_, err := DecodeLabel(s)
		require.EqualError(t, err, "a label must be 1, 0, -1 or blank", s)
	}
}

func TestReadGold(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       []Gold
	}{
		{
			"plain", "id,No Finding,Edema\nCXR1,1,\nCXR2,,-1.0\nCXR3,,0\n",
			[]Gold{
				{"CXR1", map[Observation]Assertion{"No Finding": Positive}},
				{"CXR2", map[Observation]Assertion{"Edema": Uncertain}},
				{"CXR3", map[Observation]Assertion{"Edema": Negative}},
			},
		},
		{
			"the radiologists' names of MIMIC-CXR", "study_id,Airspace Opacity,Edema\n50414267,1.0,0.0\n",
			[]Gold{{"50414267", map[Observation]Assertion{"Lung Opacity": Positive, "Edema": Negative}}},
		},
		{
			"by header, whatever the order", "Edema,subject_id,study_id\r\n1.0,p10000032,s50414267\r\n",
			[]Gold{{"50414267", map[Observation]Assertion{"Edema": Positive}}},
		},
		{
			"the published labeler's output", "Reports,Edema\n\"No\noedema\",0.0\nx,\n",
			[]Gold{{"1", map[Observation]Assertion{"Edema": Negative}}, {"2", map[Observation]Assertion{}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, data := range map[string][]byte{"gold.csv": []byte(tt.data), "gold.csv.gz": gz(t, []byte(tt.data))} {
				gold, err := ReadGold(write(t, name, data))
				require.NoError(t, err)
				assert.Equal(t, tt.want, gold)
			}
		})
	}
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

func TestReadGoldFaults(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       []string
	}{
		{"labels and rows", "id,Edema,Fracture\na,2,\nb,x,0\n,1,1\na,,\nc,1\nd,1,1\n", []string{
			"g.csv:6: the row has 2 fields, the header 3",
			"g.csv:2: column 2 (Edema): a label must be 1, 0, -1 or blank",
			"g.csv:3: column 2 (Edema): a label must be 1, 0, -1 or blank",
			"g.csv:4: column 1 (id): the id is empty",
			`g.csv:5: column 1 (id): the id "a" has a row already`,
		}},
		{"no labels", "id,text\na,x\n", []string{"g.csv:1: there is no column of labels; name the columns after the observations"}},
		{"the same observation twice", "id,Lung Opacity,Airspace Opacity\na,1,1\n", []string{`g.csv:1: two columns are named "Lung Opacity"; remove one`}},
		{"an open quote", "id,Edema\na,\"1\nb,1\n", []string{"g.csv:2: a quote opened here is not closed; it swallowed 1 line, of which only what is clearly a row was read; close it, or double quotes within quoted fields"}},
		{"empty", "", []string{"g.csv: the file is empty"}},
		{"binary", "\x00", []string{"g.csv: the file is no text: binary data (NUL bytes), not text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadGold(write(t, "g.csv", []byte(tt.data)))
			require.Error(t, err)
			assert.Equal(t, tt.want, faults(err, "g.csv"))
		})
	}
	_, err := ReadGold("no-such.csv")
	assert.EqualError(t, err, "no-such.csv: no such file or folder; check the path")
	_, err = ReadGold(t.TempDir())
	assert.ErrorContains(t, err, "this is a folder; give a table")
}

func TestLoadExceptions(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       map[string]Exception
	}{
		{"sections", "study_id,section\ns50000001,Findings\n50000002,wet read\n", map[string]Exception{
			"50000001": {Section: "findings"}, "50000002": {Section: "wet read"},
		}},
		{"spans", "study_id,start,end\n50000001,0,12\n", map[string]Exception{"50000001": {Span: Span{0, 12}}}},
		{"both", "study_id,section,start,end\n50000001,,5,12\n50000002,findings,,\n", map[string]Exception{
			"50000001": {Span: Span{5, 12}}, "50000002": {Section: "findings"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := LoadExceptions(write(t, "e.csv", []byte(tt.data)))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestLoadExceptionsFaults(t *testing.T) {
	data := `study_id,section,start,end
1,findings,0,5
2,,x,5
3,,5,5
4,,,
,findings,,
6,findings,,
6,impression,,
`
	_, err := LoadExceptions(write(t, "e.csv", []byte(data)))
	require.Error(t, err)
	assert.Equal(t, []string{
		"e.csv:2: column 2 (section): a section and a span are both given",
		"e.csv:3: column 3 (start): an offset must be a whole number from 0",
		"e.csv:4: column 4 (end): the span is empty: its end must be greater than its start",
		"e.csv:5: column 3 (start): an offset must be a whole number from 0",
		"e.csv:5: column 4 (end): an offset must be a whole number from 0",
		"e.csv:6: column 1 (study_id): the study id is empty",
		`e.csv:8: column 1 (study_id): the study "6" has an exception already`,
	}, faults(err, "e.csv"))

	for _, header := range []string{"id,section\n1,x\n", "study_id\n1\n", "study_id,start\n1,2\n"} {
		_, err := LoadExceptions(write(t, "e.csv", []byte(header)))
		assert.ErrorContains(t, err, "write the header study_id,section or study_id,start,end")
	}
}
