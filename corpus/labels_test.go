package corpus

import (
	"slices"
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
	for s, want := range map[string]Assertion{"1": Positive, " 0 ": Negative, "-1": Uncertain, "nan": Unmentioned, "NaN": Unmentioned, "  ": Unmentioned, "1.00": Positive,
		"NA": Unmentioned, "n/a": Unmentioned, "None": Unmentioned, "NULL": Unmentioned, "Positive": Positive, "negative": Negative, "UNCERTAIN": Uncertain, "unmentioned": Unmentioned} {
		a, err := DecodeLabel(s)
		require.NoError(t, err)
		assert.Equal(t, want, a, s)
	}
	for s, want := range map[string]string{
		"2": `"2"`, "0.5": `"0.5"`, " yes ": `"yes"`, "-0.9": `"-0.9"`, "inf": `"inf"`,
		"no effusion and no edema": `(24 bytes, not shown)`, "nineteen bytes and é": `(21 bytes, not shown)`,
	} {
		_, err := DecodeLabel(s)
		require.EqualError(t, err, want+" is no label; want 1, 0, -1 or blank", s)
	}
}

func TestFindings(t *testing.T) {
	for s, want := range map[string][]Observation{
		"No Finding": {NoFinding}, "Edema": {"Edema"}, "Effusion|Pleural_Thickening": {"Effusion", "Pleural_Thickening"}, "": nil, " ": nil,
	} {
		found, err := DecodeFindings(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, found, s)
		if want != nil {
			assert.Equal(t, s, string(AppendFindings(nil, found)))
		}
	}
	assert.Equal(t, "No Finding", string(AppendFindings(nil, nil)))
	assert.True(t, slices.IsSorted(Diseases()))
	for s, want := range map[string]string{
		"Oedema": `"Oedema" is no disease of ChestX-ray14`, "Edema|": `"" is no disease of ChestX-ray14`,
		"Edema|No Finding": "No Finding stands beside a disease",
	} {
		_, err := DecodeFindings(s)
		assert.EqualError(t, err, want)
	}
}

func TestLabelColumns(t *testing.T) {
	for _, tt := range []struct {
		header string
		id     int
		labels []int
	}{
		{"id,No Finding,Edema", 0, []int{1, 2}},
		{"Edema,subject_id,study_id", 2, []int{0}},
		{"subject_id,study_id,dicom_id,Edema,split", 1, []int{3}},
		{"Reports,Edema", -1, []int{1}},
		{"Path,Sex,Age,Frontal/Lateral,AP/PA,Edema", 0, []int{5}},
		{"path_to_image,section_findings,Edema", 0, []int{2}},
		{",Study,findings,Edema", 1, []int{3}},
		{"Unnamed: 0,id,Edema", 1, []int{2}},
		{"id,text", 0, nil},
		{"image_path,Edema", 0, []int{1}},
		{"Edema,image,study_id", 2, []int{0}},
	} {
		id, labels := LabelColumns(strings.Split(tt.header, ","))
		assert.Equal(t, tt.id, id, tt.header)
		assert.Equal(t, tt.labels, labels, tt.header)
	}
	assert.Equal(t, 2, TextColumn([]string{"id", "report", "Text"}))
	assert.Equal(t, -1, TextColumn([]string{"id"}))
	assert.Equal(t, Observation("Lung Opacity"), ObservationOf(" airspace opacity"))
	assert.Equal(t, Observation("Edema"), ObservationOf("Edema "))
	assert.Equal(t, 1, FindColumn([]string{"study id", "Study_ID"}, "Study_ID"))
	assert.Equal(t, 0, FindColumn([]string{"Study-ID", "x"}, "study id"))
	assert.Equal(t, -1, FindColumn([]string{"id"}, "ids"))
}

func TestStudyOf(t *testing.T) {
	for id, want := range map[string]string{
		"s50414267": "50414267", " 7 ": "7", "s5": "s5", "": "",
		"CheXpert-v1.0/test/patient64741/study1":              "patient64741/study1",
		"CheXpert-v1.0/train/patient00001/study2/view1_f.jpg": "patient00001/study2",
		" a/b ": "a/b", "50414267.0": "50414267", "1.0": "1", ".0": ".0", "1.5": "1.5", "1.2.0": "1.2.0",
		"files/p10/p10000032/s50414267.txt": "50414267", "s50414267.txt": "50414267", "p10/s5.txt": "p10/s5.txt",
		"files/p10/p10000032/s50414267/02aa804e.jpg": "50414267", "p10000032/s50414267": "50414267", "x10000032/s50414267/a.jpg": "x10000032/s50414267/a.jpg",
	} {
		assert.Equal(t, want, StudyOf(id))
		assert.Equal(t, want, StudyOf(want), "the id of a study is its own")
	}
}

func TestIsImagePath(t *testing.T) {
	for id, want := range map[string]bool{
		"CheXpert-v1.0/train/patient00001/study2/view1_f.jpg": true,
		"patient00001/study2/view1_f.jpg":                     true,
		" files/p10/p10000032/s50414267/02aa804e.jpg ":        true,
		"CheXpert-v1.0/test/patient64741/study1":              false,
		"CheXpert-v1.0/test/patient64741/study1/":             false,
		"files/p10/p10000032/s50414267.txt":                   false,
		"a/b.jpg":                                             false,
		"":                                                    false,
	} {
		assert.Equal(t, want, IsImagePath(id), id)
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

func TestTable(t *testing.T) {
	type rows [][]string
	for _, tt := range []struct {
		name, data string
		plain      bool
		header     []string
		want       rows
		faults     []string
	}{
		{"commas", "a,b\n1,\"x, y\"\n\n2,z\n", false, []string{"a", "b"}, rows{{"1", "x, y"}, {"2", "z"}}, nil},
		{"commas behind the header", "a,b,,\n1,x\n2,z\n", false, []string{"a", "b"}, rows{{"1", "x"}, {"2", "z"}}, nil},
		{"commas behind all", "a,b,,\n1,x,,\n2,z,,\n", false, []string{"a", "b"}, rows{{"1", "x"}, {"2", "z"}}, nil},
		{"commas behind the rows", "a,b\n1,x,\n2,z,\n", false, []string{"a", "b"}, rows{{"1", "x"}, {"2", "z"}}, nil},
		{"a comma too many in a row that ends blank", "a,b,c\n1,x,\n2,,z,\n3,x,\n", false, []string{"a", "b", "c"}, rows{{"1", "x", ""}, {"3", "x", ""}}, []string{
			"t.csv:3: column 4: the row has 4 fields, the header 3",
		}},
		{"a comma lost where rows end with one", "a,b\n1,x,\n2,z\n3,x,\n", false, []string{"a", "b"}, rows{{"1", "x"}, {"3", "x"}}, []string{
			"t.csv:3: column 3: the row has 2 fields, the header 2 and other rows 3",
		}},
		{"tabs", "a\tb\n1\t\"x\ty\"\n", false, []string{"a", "b"}, rows{{"1", "x\ty"}}, nil},
		{"plain tabs", "a\tb\n1\t\"x\" y\n", true, []string{"a", "b"}, rows{{"1", `"x" y`}}, nil},
		{"plain means nothing to commas", "a,b\n1,\"x, y\"\n", true, []string{"a", "b"}, rows{{"1", "x, y"}}, nil},
		{"semicolons, a mark, CRLF", "\ufeffa;b\r\n1;2\r\n", false, []string{"a", "b"}, rows{{"1", "2"}}, nil},
		{"a named separator", "\ufeff\"SEP=|\"\r\na|b\r\n1,|2\r\n", false, []string{"a", "b"}, rows{{"1,", "2"}}, nil},
		{"a named tab", "\nsep=\t\na\tb,c,d\n1\t2\n", false, []string{"a", "b,c,d"}, rows{{"1", "2"}}, nil},
		{"a header that names no separator", "sep=x,b\n1,2\n", false, []string{"sep=x", "b"}, rows{{"1", "2"}}, nil},
		{"faults", "a,b\n1\n1,2,3\n3,4\n", false, []string{"a", "b"}, rows{{"3", "4"}}, []string{
			"t.csv:2: column 2 (b): the row has 1 field, the header 2", "t.csv:3: column 3: the row has 3 fields, the header 2",
		}},
		{"an open quote", "a,b\n1,2\nc,\"1\nd,1\n", false, []string{"a", "b"}, rows{{"1", "2"}}, []string{
			"t.csv:3: a quote opened here is not closed; it swallowed 1 line, and reading ends with it; close it, or double quotes within quoted fields",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, data := range map[string][]byte{"t.csv": []byte(tt.data), "t.csv.gz": gz(t, []byte(tt.data))} {
				f, err := OpenFile(write(t, name, data))
				require.NoError(t, err)
				assert.True(t, f.Regular())
				table, err := f.Table(tt.plain)
				require.NoError(t, err)
				assert.Equal(t, tt.header, table.Header)
				var got rows
				var wrong []string
				for r, err := range table.Rows() {
					if err != nil {
						wrong = append(wrong, strings.ReplaceAll(faults(err, "t.csv")[0], ".gz", ""))
						continue
					}
					got = append(got, r.Fields)
				}
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.faults, wrong)
				var first rows
				for r := range table.HeadRows() {
					first = append(first, r.Fields)
				}
				assert.Equal(t, tt.want, first)
			}
		})
	}
}

func TestTableFaults(t *testing.T) {
	for data, want := range map[string]string{
		"":               "t.csv: the file is empty",
		"\x00":           "t.csv:1: the file is no text: binary data (NUL bytes), not text",
		"\n\n":           "t.csv:1: there is no header row",
		"\x1f\x8b\x08":   "t.csv: the compressed file is empty, truncated or damaged; get it again",
		"a|b\n1|2\n":     "t.csv:1: the header row has none of the separators that are read; put commas, semicolons or tabs between the columns",
		"a,\"b\nc,d\n\n": "t.csv:1: a quote opened here is not closed; it swallowed 2 lines, and reading ends with it; close it, or double quotes within quoted fields",
	} {
		f, err := OpenFile(write(t, "t.csv", []byte(data)))
		if err == nil {
			_, err = f.Table(false)
		}
		require.Error(t, err)
		assert.Equal(t, []string{want}, faults(err, "t.csv"))
	}
	_, err := OpenFile("no-such.csv")
	assert.EqualError(t, err, "no-such.csv: no such file or folder; check the path")
	_, err = OpenFile(t.TempDir())
	assert.ErrorContains(t, err, "this is a folder; give a file")

	whole := gz(t, []byte("a,b\n"+strings.Repeat("1,2\n", 1000)))
	f, err := OpenFile(write(t, "t.csv.gz", whole[:len(whole)-9]))
	require.NoError(t, err)
	table, err := f.Table(false)
	require.NoError(t, err)
	var last error
	for _, err := range table.Rows() {
		last = err
	}
	assert.ErrorContains(t, last, "reading ends here: it ends too early; get the file again")
}

// What is cut short at the end of the head is no row of it.
func TestHeadRows(t *testing.T) {
	data := "a,b\n" + strings.Repeat("1,-1.0\n", headBytes/6)
	for name, data := range map[string][]byte{"t.csv": []byte(data), "t.csv.gz": gz(t, []byte(data))} {
		f, err := OpenFile(write(t, name, data))
		require.NoError(t, err)
		table, err := f.Table(false)
		require.NoError(t, err)
		n := 0
		for r := range table.HeadRows() {
			require.Equal(t, []string{"1", "-1.0"}, r.Fields)
			n++
		}
		assert.Equal(t, (headBytes-len("a,b\n"))/len("1,-1.0\n"), n)
		all, err := f.ReadAll()
		require.NoError(t, err)
		assert.Len(t, all, len("a,b\n")+headBytes/6*len("1,-1.0\n"))
	}
	f, err := OpenFile(write(t, "t.csv", []byte("a,b\n1,2")))
	require.NoError(t, err)
	assert.Equal(t, "a,b\n1,2", string(f.HeadLines()))
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

func TestLoadExceptionsOfOneName(t *testing.T) {
	for header, want := range map[string]string{
		"study_id,section,Section":  "e.csv:1: the columns 2 (section), 3 (Section) have the same name; rename all but one, or drop them",
		"study_id,study_id,section": "the columns 1 (study_id), 2 (study_id) have the same name",
		"study_id,start,end,end":    "the columns 3 (end), 4 (end) have the same name",
	} {
		_, err := LoadExceptions(write(t, "e.csv", []byte(header+"\n1,2,3,4\n")))
		require.ErrorContains(t, err, want)
	}
}
