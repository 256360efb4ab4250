package corpus

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTables(t *testing.T) {
	for _, tt := range []struct {
		name, file, data string
		opts             Options
		ids, texts       []string
		messages         []string
		columns          Columns
	}{
		{
			name: "plain", data: "id,text\na,No effusion.\nb,\"Clear, no oedema.\"\n",
			ids: []string{"a", "b"}, texts: []string{"No effusion.", "Clear, no oedema."},
			columns: Columns{ID: "id", Text: "text"},
		},
		{
			name: "quotes, line ends, byte order mark, no end of line", data: "\ufeffreport_text,Report ID\r\n\"one\r\n\r\n\"\"two\"\"\",a\r\n\r\nthree,b",
			ids: []string{"a", "b"}, texts: []string{"one\n\n\"two\"", "three"},
			columns: Columns{ID: "Report ID", Text: "report_text"},
		},
		{
			name: "tabs", file: "r.tsv", data: "uid\treport\n1\tone, two\n",
			ids: []string{"1"}, texts: []string{"one, two"}, columns: Columns{ID: "uid", Text: "report"},
		},
		{
			name: "semicolons", data: "id;text\n1;one, two\n",
			ids: []string{"1"}, texts: []string{"one, two"}, columns: Columns{ID: "id", Text: "text"},
		},
		{
			name: "no name that tells", file: "r", data: "id,text\n1,one\n",
			ids: []string{"1"}, texts: []string{"one"}, columns: Columns{ID: "id", Text: "text"},
		},
		{
			name: "named columns", data: "id,text,key,words\na,x,b,y\n", opts: Options{IDColumn: "key", TextColumn: "Words"},
			ids: []string{"b"}, texts: []string{"y"}, columns: Columns{ID: "key", Text: "words"},
		},
		{
			name: "no ids", data: "report\none\ntwo\n",
			ids: []string{"1", "2"}, texts: []string{"one", "two"}, columns: Columns{Text: "report"},
		},
		{
			name: "an id missing", data: "id,text\na,one\n,two\n",
			ids: []string{"a", "2"}, texts: []string{"one", "two"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.csv:3: the id is empty; the number of the row stands for it"},
		},
		{
			name: "sections", data: "uid,Findings,impression,indication\n1,Clear.,\"Normal.\n\",\n2,,,Cough\n",
			ids: []string{"1", "2"}, texts: []string{"FINDINGS: Clear.\n\nIMPRESSION: Normal.", "INDICATION: Cough"},
			columns: Columns{ID: "uid", Sections: []string{"Findings", "impression", "indication"}},
		},
		{
			name: "sections with a text beside them", data: "id,report,section_findings,section_other_notes\n1,whole,Clear.,Late.\n2,whole,,\n",
			ids: []string{"1", "2"}, texts: []string{"FINDINGS: Clear.\n\nOTHER NOTES: Late.", "whole"},
			columns: Columns{ID: "id", Text: "report", Sections: []string{"section_findings", "section_other_notes"}},
		},
		{
			name: "a section asked for as the text", data: "id,findings,impression\n1,Clear.,Normal.\n", opts: Options{TextColumn: "findings"},
			ids: []string{"1"}, texts: []string{"Clear."}, columns: Columns{ID: "id", Text: "findings"},
		},
		{
			name: "a comparison alone is no report", data: "id,text,comparison\n1,Clear.,None.\n",
			ids: []string{"1"}, texts: []string{"Clear."}, columns: Columns{ID: "id", Text: "text"},
		},
		{
			name: "Windows-1252 and UTF-8", data: "id,text\n1,\xc9dema\n2,œdema\n",
			ids: []string{"1", "2"}, texts: []string{"Édema", "œdema"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.csv:2: 1 byte is not UTF-8, read as Windows-1252"},
		},
		{
			name: "duplicate ids and empty texts", data: "id,text\na,x\na,y\nb,\n",
			ids: []string{"a", "a", "b"}, texts: []string{"x", "y", ""}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{`warn r.csv:3: the id "a" is not new in this corpus`, "warn r.csv:4: the report is empty"},
		},
		{
			name: "too few fields", data: "id,text,more\na,x,1\nb,y\nc,z,3\n",
			ids: []string{"a", "c"}, texts: []string{"x", "z"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:3: the row has 2 fields, the header 3"},
		},
		{
			name: "too many fields", data: "id,text,more\na,x,1,2\nb,y,1,, \n",
			ids: []string{"b"}, texts: []string{"y"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:2: the row has 4 fields, the header 3"},
		},
		{
			name: "a text with commas and no quotes", data: "id,text\na,No effusion, no oedema, clear.\nb,y\n",
			ids: []string{"a", "b"}, texts: []string{"No effusion, no oedema, clear.", "y"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.csv:2: the row has 4 fields, the header 2; the rest was taken for text"},
		},
		{
			name: "a quote that is not doubled", data: "id,text\na,\"the \"old\" film\"\nb,5\" tube\n",
			ids: []string{"a", "b"}, texts: []string{`the "old" film`, `5" tube`}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"warn r.csv:2: a quote within a quoted field is not doubled"},
		},
		{
			name: "a quote left open before quoted rows", data: "id,text\n1,\"one\n2,\"two\"\n3,\"three\"\n",
			ids: []string{"2", "3"}, texts: []string{"two", "three"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:2: a quote opened here is not closed"},
		},
		{
			name: "a quote left open before quoted rows, over several lines", data: "id,text\n1,\"one\nFINDINGS: x\n2,two\n3,\"three\"\n",
			ids: []string{"2", "3"}, texts: []string{"two", "three"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:2: a quote opened here is not closed; it swallowed 2 lines, of which only what is clearly a row was read"},
		},
		{
			name: "a quote left open to the end", data: "id,text\n1,one\n2,\"two\n clear, as before\n3,three\n4,four\n",
			ids: []string{"1", "3", "4"}, texts: []string{"one", "three", "four"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:3: a quote opened here is not closed; it swallowed 3 lines, of which only what is clearly a row was read"},
		},
		{
			name: "a quote left open in the last line", data: "id,text\n1,one\n2,\"two",
			ids: []string{"1"}, texts: []string{"one"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:3: a quote opened here is not closed"},
		},
		{
			name: "each quote left open", data: "id,text\n1,\"one\n2,\"two\n3,\"three\n",
			ids: []string{}, texts: []string{}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{
				"lost r.csv:2: a quote opened here is not closed", "lost r.csv:3: a quote opened here is not closed",
				"lost r.csv:4: a quote opened here is not closed",
			},
		},
		{
			name: "a quote left open after a field of several lines", data: "id,a,text\n1,\"x\ny\",\"one\n2,b,two\n",
			ids: []string{"2"}, texts: []string{"two"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:3: a quote opened here is not closed; it swallowed 1 line, of which only what is clearly a row was read"},
		},
		{
			name: "no row", data: "id,text\n", ids: []string{}, texts: []string{}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv: there is no row under the header"},
		},
		{
			name: "binary in one row", data: "id,text\n1,one\n" + strings.Repeat(" ", headBytes) + "\n2,\x00\n3,three\n",
			ids: []string{"1", "3"}, texts: []string{"one", "three"}, columns: Columns{ID: "id", Text: "text"},
			messages: []string{"lost r.csv:3: the row has 1 field, the header 2", "lost r.csv:4: the row holds binary data (NUL bytes), not text"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.file == "" {
				tt.file = "r.csv"
			}
			if tt.messages == nil {
				tt.messages = []string{}
			}
			g := readAllOf(t, tt.opts, write(t, tt.file, []byte(tt.data)))
			assert.Equal(t, "csv", g.reader.Format())
			assert.Equal(t, tt.columns, g.reader.Columns())
			assert.Equal(t, tt.messages, g.messages())
			assert.Equal(t, tt.ids, g.ids())
			assert.Equal(t, tt.texts, g.texts())
			assert.False(t, g.reader.HasSubjects())

			for ending, packed := range map[string][]byte{".gz": gz(t, []byte(tt.data)), ".zst": zst(t, []byte(tt.data))} {
				again := readAllOf(t, tt.opts, write(t, tt.file+ending, packed))
				assert.Equal(t, tt.ids, again.ids())
				assert.Equal(t, tt.texts, again.texts())
			}
		})
	}
}

func TestTableSections(t *testing.T) {
	g := readAllOf(t, Options{}, write(t, "r.csv", []byte("id,exam,impressions,section_narrative\n1,CHEST,Normal.,\n")))
	r := g.reports[0]
	assert.Equal(t, "EXAMINATION: CHEST\n\nIMPRESSION: Normal.", r.Text)
	require.Len(t, r.Sections, 2)
	assert.Equal(t, Section{Name: "examination", Header: Span{0, 12}, Span: Span{13, 18}}, r.Sections[0])
	assert.Equal(t, "impression", r.Sections[1].Name)
	assert.Equal(t, "IMPRESSION:", r.Sections[1].Header.In(r.Text))
	assert.Equal(t, "Normal.", r.Sections[1].Span.In(r.Text))
}

func TestTableSubjects(t *testing.T) {
	for _, tt := range []struct {
		name, data  string
		opts        Options
		id          string
		study, subj string
	}{
		{"digits", "subject_id,study_id,report\n10000032,50414267,x\n", Options{}, "50414267", "50414267", "10000032"},
		{"letters", "subject_id,study_id,report\np10000032,s50414267,x\n", Options{}, "50414267", "50414267", "10000032"},
		{"another id", "id,subject_id,study_id,report\n7,10000032,50414267,x\n", Options{IDColumn: "id"}, "7", "50414267", "10000032"},
		{"notes", "note_id,subject_id,study_id,text\nn7,1,2,x\n", Options{}, "n7", "2", "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, tt.opts, write(t, "r.csv", []byte(tt.data)))
			assert.True(t, g.reader.HasSubjects())
			require.Len(t, g.reports, 1)
			assert.Equal(t, tt.id, g.reports[0].ID)
			assert.Equal(t, tt.study, g.reports[0].Study)
			assert.Equal(t, tt.subj, g.reports[0].Subject)
		})
	}
}

func TestTableHeaderFaults(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		opts       Options
		want, not  string
	}{
		{"no text column", "id,Edema\n1,0\n", Options{}, "r.csv: there is no column of report text among id, Edema; name the columns with --id-column and --text-column", ""},
		{"a missing text column", "id,text\n1,x\n", Options{TextColumn: "body"}, `r.csv: there is no column "body" among id, text; name the columns with`, ""},
		{"a missing id column", "id,text\n1,x\n", Options{IDColumn: "study"}, `there is no column "study" among id, text`, ""},
		{"no header", "Heart size is normal and lungs are clear.\nNo effusion.\n", Options{}, "use --from chexpert-labeler", "Heart"},
		{"two texts", "id,report,report\n1,Edema,Pneumonia\n", Options{}, "r.csv: the columns 2 (report), 3 (report) have the same name; rename all but one, or drop them", ""},
		{"two texts, in other letters", "id,full text,Full_Text\n1,Edema,Pneumonia\n", Options{}, "the columns 2 (full text), 3 (Full_Text) have the same name", ""},
		{"two texts, one for rows without sections", "id,text,findings,text\n1,a,b,c\n", Options{}, "the columns 2 (text), 4 (text) have the same name", ""},
		{"two texts asked for", "id,words,words\n1,a,b\n", Options{TextColumn: "words"}, "the columns 2 (words), 3 (words) have the same name", ""},
		{"two texts asked for in other letters", "id,Words,words\n1,a,b\n", Options{TextColumn: "WORDS"}, "the columns 2 (Words), 3 (words) have the same name", ""},
		{"two ids", "id,text,id\n1,x,2\n", Options{}, "the columns 1 (id), 3 (id) have the same name", ""},
		{"two ids asked for", "key,key,text\n1,2,x\n", Options{IDColumn: "key"}, "the columns 1 (key), 2 (key) have the same name", ""},
		{"two subjects", "subject_id,subject_id,study_id,report\n1,2,3,x\n", Options{}, "the columns 1 (subject_id), 2 (subject_id) have the same name", ""},
		{"two paths of CheXpert Plus", "path_to_image,report,path_to_image\na,x,b\n", Options{}, "the columns 1 (path_to_image), 3 (path_to_image) have the same name", ""},
		{"many of one name", "text" + strings.Repeat(",text", 99) + "\n", Options{}, "9 (text), 10 (text), ... have the same name", "11"},
		{"a long header", wideHeader(60_000, "%s") + ",text\n1,x\n", Options{}, "r.csv: the header row is longer than 65536 bytes; drop columns that are not needed, or shorten their names", "c1"},
		{"a long header that begins with what is read", "id,text," + wideHeader(60_000, "%s") + "\n1,x\n", Options{}, "the header row is longer than 65536 bytes", ""},
		{"a long quoted header", wideHeader(60_000, "%q") + ",text\n1,x\n", Options{}, "the header row is longer than 65536 bytes", ""},
		{"a long header over two lines", "\"a\nb\"," + wideHeader(60_000, "%s") + ",text\n1,x\n", Options{}, "the header row is longer than 65536 bytes", ""},
		{"a header of too many names", "sep=;\n" + strings.Repeat(";", mostFields) + ";text\n1;x\n", Options{}, "the header row has more than 65,536 fields; see whether it is a table", ""},
		{"an open header before many rows", "id,\"text\n" + strings.Repeat("1,x\n", headBytes), Options{}, "the header row cannot be read: a quote opened here is not closed", ""},
		{"an open header", "id,\"text\n1,x\n", Options{}, "the header row cannot be read: a quote opened here is not closed", "text\n"},
		{"CheXpert Plus without its column", "id,report\n1,x\n", Options{From: "chexpert-plus"}, "there is no column path_to_image among id, report", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), []string{write(t, "r.csv", []byte(tt.data))}, tt.opts)
			require.ErrorContains(t, err, tt.want)
			if tt.not != "" {
				assert.NotContains(t, err.Error(), tt.not)
			}
			var p *Problem
			require.ErrorAs(t, err, &p)
			assert.True(t, p.Lost)
		})
	}
}

// wideHeader gives n names of columns, each in a form.
func wideHeader(n int, form string) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(form, fmt.Sprintf("c%d", i))
	}
	return strings.Join(names, ",")
}

// Names may come twice where all columns of one are read, where none is, or where it
// is said which one is.
func TestNamesTwice(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		opts       Options
		want       string
	}{
		{"sections", "id,findings,findings\n1,Clear.,Dry.\n", Options{}, "FINDINGS: Clear.\n\nFINDINGS: Dry."},
		{"other columns", "id,n,n,text,note,note\n1,2,3,x,y,z\n", Options{}, "x"},
		{"another is asked for", "id,text,text,words\n1,x,y,z\n", Options{TextColumn: "words"}, "z"},
		{"one is asked for in full", "id,Text,text\n1,x,y\n", Options{TextColumn: "text"}, "y"},
		{"a subject without a study", "id,subject_id,subject_id,text\n1,2,3,x\n", Options{}, "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, tt.opts, write(t, "r.csv", []byte(tt.data)))
			assert.Equal(t, []string{tt.want}, g.texts())
			assert.Empty(t, g.messages())
		})
	}
}

// What a pipe brings is refused as a file is, not read as one report.
func TestHeaderFaultsOnPipes(t *testing.T) {
	for data, want := range map[string]string{
		"id,report,report\n1,Edema,Pneumonia\n":           "the columns 2 (report), 3 (report) have the same name",
		"id,text," + wideHeader(60_000, "%s") + "\n1,x\n": "the header row is longer than 65536 bytes",
	} {
		_, err := Open(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader(data)})
		require.ErrorContains(t, err, want)
	}
}

// A table of labels says as much of a header that is too long.
func TestLongHeaderOfLabels(t *testing.T) {
	for data, want := range map[string]string{
		wideHeader(60_000, "%s") + "\n":               "t.csv:1: the header row is longer than 65536 bytes; drop columns",
		wideHeader(60_000, "%q") + "\n1\n":            "t.csv:1: the header row is longer than 65536 bytes; drop columns",
		"id" + strings.Repeat(",", mostFields) + "\n": "t.csv:1: the header row has more than 65,536 fields",
	} {
		for name, packed := range map[string][]byte{"t.csv": []byte(data), "t.csv.gz": gz(t, []byte(data))} {
			file, err := OpenFile(write(t, name, packed))
			require.NoError(t, err)
			_, err = file.Table(false)
			require.ErrorContains(t, err, strings.Replace(want, "t.csv", name, 1))
		}
	}
}

func TestCheXpertLabeler(t *testing.T) {
	data := "Heart size normal, lungs clear.\n\"1. Left effusion.\n\n2. \"\"Old\"\" film, stable.\"\n\n\"\"\nlast"
	g := readAllOf(t, Options{From: "chexpert-labeler"}, write(t, "r.csv", []byte(data)))
	assert.Equal(t, []string{"1", "2", "3", "4"}, g.ids())
	assert.Equal(t, []string{"Heart size normal, lungs clear.", "1. Left effusion.\n\n2. \"Old\" film, stable.", "", "last"}, g.texts())
	assert.Equal(t, []string{"warn r.csv:6: the report is empty"}, g.messages())
	assert.Equal(t, "chexpert-labeler", g.reader.Format())

	g = readAllOf(t, Options{From: "chexpert-labeler"}, write(t, "r.csv", []byte("a\n\"b\n\"c\"\nd\n\"e\nf\n")))
	assert.Equal(t, []string{"a", "c", "d"}, g.texts())
	assert.Equal(t, []string{
		"lost r.csv:2: a quote opened here is not closed",
		"lost r.csv:5: a quote opened here is not closed; it swallowed 1 line, of which only what is clearly a row was read",
	}, g.messages())
}

func TestCheXpertPlus(t *testing.T) {
	data := `path_to_image,report,section_findings,section_impression,section_accession_number
train/patient00001/study1/view1_frontal.jpg,whole,Clear.,Normal.,17
train/patient00001/study1/view2_lateral.jpg,whole,Clear.,Normal.,17
train/patient00001/study2/view1_frontal.jpg,whole,Clear.,Normal.,18
train/patient00002/study1/view1_frontal.jpg,whole,,,19
train/patient00002/study1/view2_frontal.jpg,other,,,19
elsewhere.jpg,odd,,,20
`
	for _, opts := range []Options{{}, {From: "chexpert-plus"}} {
		g := readAllOf(t, opts, write(t, "r.csv", []byte(data)))
		assert.Equal(t, "chexpert-plus", g.reader.Format())
		assert.Equal(t, []string{"patient00001/study1", "patient00001/study2", "patient00002/study1", "patient00002/study1", "elsewhere.jpg"}, g.ids())
		assert.Equal(t, []string{
			"FINDINGS: Clear.\n\nIMPRESSION: Normal.", "FINDINGS: Clear.\n\nIMPRESSION: Normal.", "whole", "other", "odd",
		}, g.texts())
		assert.Equal(t, []string{
			`warn r.csv:6: the id "patient00002/study1" is not new in this corpus`,
			"warn r.csv: 1 row repeats the report of the row before for another view; read once",
		}, g.messages())
		assert.Equal(t, 1, g.reader.Counts().Folded)
	}
}

// A line of 50 MB is told and passed over, without 50 MB of memory.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("No effusion. ", 4<<20)
	for _, tt := range []struct{ name, from, data, what string }{
		{"csv", "csv", "id,text\n1,one\n2," + long + "\n3,three\n", "lost r:3: the row is longer than 16 MiB"},
		{"csv, quoted", "csv", "id,text\n1,one\n2,\"" + long + "\"\n3,three\n", "lost r:3: the row is longer than 16 MiB"},
		{"csv, quoted, later line", "csv", "id,text\n1,one\n2,\"x\n" + long + "\"\n3,three\n", "lost r:3: the row is longer than 16 MiB"},
		{"chexpert-labeler", "chexpert-labeler", "one\n" + long + "\nthree\n", "lost r:2: the row is longer than 16 MiB"},
		{"jsonl", "jsonl", "{\"id\":1,\"text\":\"one\"}\n{\"id\":2,\"text\":\"" + long + "\"}\n{\"id\":3,\"text\":\"three\"}\n", "lost r:2: the line is longer than 16 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "r", []byte(tt.data))
			g := readAllOf(t, Options{From: tt.from}, path)
			assert.Equal(t, []string{"one", "three"}, g.texts())
			assert.Equal(t, []string{tt.what}, g.messages())
			assert.Equal(t, "3", g.reports[1].ID)
		})
	}
	g := readAllOf(t, Options{}, write(t, "r.txt", []byte(long)))
	assert.Equal(t, []string{"lost r.txt: the report is longer than 16 MiB"}, g.messages())
}

// Each field is decoded for itself, where the bytes on both sides of a comma would
// make one letter of UTF-8.
func TestFieldsAreDecodedAlone(t *testing.T) {
	g := readAllOf(t, Options{From: "csv"}, write(t, "r.csv", []byte("id,text,site\n1,one \xd5,\x9a\n")))
	assert.Equal(t, []string{"one Õ"}, g.texts())
	assert.Equal(t, []string{"warn r.csv:2: 2 bytes are not UTF-8, read as Windows-1252"}, g.messages())
}

// A row of more fields than a table has is told and passed over.
func TestWideRow(t *testing.T) {
	for _, tt := range []struct{ name, commas string }{
		{"plain", strings.Repeat(",", 3<<20)},
		{"quoted", strings.Repeat(`,"x"`, 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := readAllOf(t, Options{From: "csv"}, write(t, "r.csv", []byte("id,text\n1,one\n2,two"+tt.commas+"\n3,three\n")))
			assert.Equal(t, []string{"one", "three"}, g.texts())
			assert.Equal(t, []string{"lost r.csv:3: the row has more than 65,536 fields"}, g.messages())
		})
	}
	for _, field := range []string{"x", `"x"`, ""} {
		for over := range 2 {
			in := strings.NewReader(field + strings.Repeat(","+field, mostFields-1+over))
			row, err := newRowReader(in, ',', 1<<20).next()
			assert.Equal(t, over == 0, err == nil, "%s, %d too many", field, over)
			assert.Len(t, row.fields, mostFields*(1-over))
		}
	}
}

// A quoted field of more lines than fit is a quote left open.
func TestLongRow(t *testing.T) {
	data := "id,text\n1,\"one\n" + strings.Repeat("more text\n", 200) + "2,two\n"
	g := readAllOf(t, Options{MaxReportBytes: 500}, write(t, "r.csv", []byte(data)))
	assert.Equal(t, []string{"2"}, g.ids())
	assert.Contains(t, g.messages()[0], "lost r.csv:2: a quote opened here is not closed; it swallowed 50 lines")
}

// Quotes that are left open again and again are followed once, whatever they do: what is
// read, copied and read again grows no faster than the bytes of the table.
func TestOpenQuotesCostWhatTheyHave(t *testing.T) {
	const most = 6 // times the bytes
	lines := func(line string) func(n int) string {
		return func(n int) string { return strings.Repeat(line, n) }
	}
	for name, form := range map[string]func(n int) string{
		"doubled in the next line":  lines("1,\"\"x\n"),
		"doubled, at the beginning": lines("\"\"x\n"),
		"carriage returns":          lines("1,\"\"x\r\r\n"),
		"other quotes between":      lines("a\"b,c\"\"d,\"\"x \"\" y\n"),
		"blank lines between":       lines("1,\"\"x\n\n\r\n\n"),
		"separators":                lines(",,,,\"\"x\n"),
		"quotes of many":            lines("x\"\"\"\"\"\"\"\"\"\"\"\"\"\",\"\"y\n1,\"\"x\n"),
		"betrayed at the end":       func(n int) string { return strings.Repeat("1,\"\"x\n", n) + "2,\"y\",\"z\"\n" },
		"betrayed now and then":     lines(strings.Repeat("1,\"\"x\n", 50) + "2,\"y\n"),
		"closed at the end":         func(n int) string { return strings.Repeat("1,\"\"x\n", n) + "x\"\n" },
		"closed now and then":       lines(strings.Repeat("1,\"\"x\n", 50) + "x\"\n"),
		"a line too long":           lines(strings.Repeat("1,\"\"x\n", 50) + strings.Repeat("x", 4001) + "\n"),
		"long lines":                lines("1,\"\"" + strings.Repeat("x", 900) + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{200, 1600} {
				for _, limit := range []int{4000, 1 << 24} {
					for _, comma := range []byte{',', 0} {
						data := form(n)
						r := newRowReader(strings.NewReader(data), comma, limit)
						for {
							_, err := r.next()
							if err == io.EOF {
								break
							}
						}
						assert.LessOrEqual(t, r.lines.work, most*len(data), "%d rows, at most %d bytes", n, limit)
					}
				}
			}
		})
	}
}

// Quotes that are followed no more are told as if they were.
func TestOpenQuotesNotFollowedAgain(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		limit      int
		want       []string // the first field of a row, or the line of a torn one and the lines it swallowed
	}{
		{"to the end", "1,\"\"x\n2,\"\"x\n\n3,x\n4,\"\"x\n5,x\n", 100, []string{"1+5", "2+4", "3", "5+1", "5"}},
		{"betrayed", "1,\"\"x\n2,\"\"x\n3,\"y\"\n4,\"\"x", 100, []string{"1+1", "2+0", "3", "4+0"}},
		{"the limit, then closed", "1,\"\"x\n2,\"\"x\nlong long line\n3,\"\"x\nx\"\n4,x\n", 20, []string{"1+2", "2+2", "long long line", "3", "4"}},
		{"the limit, again and again", "1,\"\"x\n2,\"\"x\n3,\"\"x\n4,\"\"x\n5,\"\"x\n6,x\n", 10, []string{"1+2", "2+2", "3+2", "4+2", "5+1", "6"}},
		{"the limit, then a line too long", "1,\"\"x\n2,\"\"x\n3,\"\"x\n" + strings.Repeat("x", 30) + "\n4,x\n", 13, []string{"1+2", "2 too long", "4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRowReader(strings.NewReader(tt.data), ',', tt.limit)
			got := []string{}
			for {
				row, err := r.next()
				if err == io.EOF {
					break
				}
				var broken *rowError
				switch {
				case !errors.As(err, &broken):
					got = append(got, row.fields[0])
				case broken.torn:
					got = append(got, fmt.Sprintf("%d+%d", broken.line, broken.swallowed))
				default:
					got = append(got, fmt.Sprintf("%d too long", broken.line))
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// What the standard library writes, and reads, is read the same.
func TestRowsAgreeWithStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringOfN(rapid.SampledFrom([]rune("ab, \"\n;é")), 0, 12, -1)
		rows := rapid.SliceOfN(rapid.SliceOfN(field, 2, 4), 1, 6).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		require.NoError(t, w.WriteAll(rows))
		r := newRowReader(&b, ',', 1000)
		for _, want := range rows {
			got, err := r.next()
			require.NoError(t, err)
			require.Equal(t, want, got.fields)
			require.False(t, got.loose)
		}
		_, err := r.next()
		require.Error(t, err)
	})
}

// A line that has nothing to look at is cut where its separators are.
func TestSimpleRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		comma := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "comma")
		line := rapid.StringOfN(rapid.SampledFrom([]rune("ab,;\t ")), 1, 40, -1)
		lines := rapid.SliceOfN(line, 1, 6).Draw(t, "lines")
		r := newRowReader(strings.NewReader(strings.Join(lines, "\r\n")), comma[0], 1000)
		for _, line := range lines {
			got, err := r.next()
			require.NoError(t, err)
			require.Equal(t, strings.Split(line, comma), got.fields)
		}
	})
}

// Whichever one closing quote is lost, every other row is read, and no row is
// made up.
func TestOneLostQuoteCostsOneRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "rows")
		torn := rapid.IntRange(0, n-1).Draw(t, "torn")
		text := rapid.StringMatching(`[A-Z][a-z ,.]{0,20}(\n[A-Z][a-z ,.]{0,20}){0,3}`)
		data := "id,text\n"
		want := []string{}
		for i := range n {
			s := text.Draw(t, "text")
			data += fmt.Sprintf("CXR%d,\"%s", i, s)
			if i != torn {
				data += `"`
				want = append(want, fmt.Sprintf("CXR%d=%s", i, s))
			}
			data += "\n"
		}
		r, err := Open(t.Context(), []string{"-"}, Options{From: "csv", Stdin: strings.NewReader(data)})
		require.NoError(t, err)
		got, lost := []string{}, 0
		for report, err := range r.Reports(t.Context()) {
			if err == nil {
				got = append(got, report.ID+"="+report.Text)
			} else if err.(*Problem).Lost {
				lost++
			}
		}
		require.Equal(t, want, got)
		require.Equal(t, 1, lost)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,text\na,x\nb,\"y\n\nz\"\n"), uint8(0))
	f.Add([]byte("id,findings,impression\n1,\"a \"b\" c\",\n2,\"open\n3,x,y\n"), uint8(0))
	f.Add([]byte("\xef\xbb\xbfreport\r\n\x92\r\n\"\"\r\n"), uint8(0))
	f.Add([]byte("one\n\"two\n\"three\"\n"), uint8(1))
	f.Add([]byte("path_to_image,report\na/patient1/study1/x,y\na/patient1/study1/z,y\n"), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		from := []Source{CSV, CheXpertLabeler, CheXpertPlus}[kind%3]
		r, err := Open(t.Context(), []string{"-"}, Options{From: string(from), Stdin: bytes.NewReader(data), MaxReportBytes: 4096})
		if err != nil {
			return
		}
		checkAll(t, r)
		// A table that the standard library finds nothing wrong with loses nothing.
		if from != CSV || len(r.inputs[0].columns.Sections) > 0 || bytes.ContainsAny(data, "\x00\r") || len(data) > 4096 {
			return
		}
		strict := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
		strict.Comma = rune(guessComma(data))
		if rows, err := strict.ReadAll(); err == nil && len(rows) > 1 {
			if c := r.Counts(); c.Lost != 0 || c.Reports != len(rows)-1 {
				t.Fatalf("%d rows, %+v", len(rows)-1, c)
			}
		}
	})
}

// checkAll reads everything: reports are as promised, and something is said
// where there is none.
func checkAll(t *testing.T, r *Reader) {
	t.Helper()
	reports, lost := 0, 0
	for report, err := range r.Reports(t.Context()) {
		if err != nil {
			p, ok := err.(*Problem)
			require.True(t, ok)
			if p.Lost {
				lost++
			}
			continue
		}
		reports++
		checkReport(t, report)
	}
	require.Equal(t, reports, r.Counts().Reports)
	require.Equal(t, lost, r.Counts().Lost)
	require.Positive(t, reports+lost)
}

// A column is named by its header, unless that may be the text of a report.
func TestFaultNamesNoText(t *testing.T) {
	table := &Table{Header: []string{"id", "Pleural Effusion"}, File: &File{Path: "x.csv"}}
	assert.Equal(t, "x.csv:2: column 2 (Pleural Effusion): wrong", table.Fault(2, 1, "wrong", "").Error())
	table.Header = []string{"", `the "heart" is large.`}
	assert.Equal(t, "x.csv:2: column 2: wrong", table.Fault(2, 1, "wrong", "").Error())
}
