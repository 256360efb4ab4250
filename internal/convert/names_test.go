package convert_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/convert"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/output"
)

// The mapping is data: every line is a term, every observation of both sets has one,
// and what a term says can be carried out.
func TestNamesTable(t *testing.T) {
	content, err := os.ReadFile("names.tsv")
	require.NoError(t, err)
	lines := 0
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		assert.Len(t, strings.Split(line, "\t"), 5, line)
	}
	terms := convert.Terms()
	assert.Len(t, terms, lines-1, "all but the header")
	carries := []convert.Carries{convert.Whole, convert.Present, convert.Absent, convert.Nothing}
	seen := map[[2]corpus.Observation]bool{}
	var chexpert, nih []corpus.Observation
	for _, term := range terms {
		assert.NotEmpty(t, term.Reason)
		assert.Contains(t, carries, term.ToNIH)
		assert.Contains(t, carries, term.ToCheXpert)
		pair := [2]corpus.Observation{term.CheXpert, term.NIH}
		assert.False(t, seen[pair], "%s twice", pair)
		seen[pair] = true
		if term.CheXpert == "" || term.NIH == "" {
			assert.Equal(t, []convert.Carries{convert.Nothing, convert.Nothing}, []convert.Carries{term.ToNIH, term.ToCheXpert}, "%s has nowhere to go", pair)
		}
		chexpert, nih = append(chexpert, term.CheXpert), append(nih, term.NIH)
	}
	assertSame := func(want, got []corpus.Observation) {
		got = slices.DeleteFunc(got, func(o corpus.Observation) bool { return o == "" })
		slices.Sort(got)
		slices.Sort(want)
		assert.Equal(t, want, slices.Compact(got))
	}
	assertSame(convert.CheXpertNames.Observations(), chexpert)
	assertSame(convert.NIHNames.Observations(), nih)
}

// carried says whether a label goes over.
func carried(c convert.Carries, a corpus.Assertion) bool {
	switch c {
	case convert.Whole:
		return true
	case convert.Present:
		return a != corpus.Negative
	case convert.Absent:
		return a == corpus.Negative
	}
	return false
}

// converted writes a file as another of some options.
func converted(t *testing.T, path string, d *dataset.Dataset, opts convert.Options, name string) string {
	source, err := convert.Open(t.Context(), path, d, false)
	require.NoError(t, err)
	c, err := convert.New(source, opts)
	require.NoError(t, err)
	format, err := output.ParseName(name)
	require.NoError(t, err)
	var out bytes.Buffer
	texts, numbers := c.Header()
	w, err := output.NewTable(&out, format, output.TableOptions{Texts: texts, Numbers: numbers, Missing: opts.For(d).Layout.Missing()})
	require.NoError(t, err)
	_, err = c.Run(t.Context(), w, func(p *corpus.Problem) { t.Error(p) })
	require.NoError(t, err)
	require.NoError(t, w.Close())
	name = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(name, out.Bytes(), 0o600))
	return name
}

// From CheXpert's names to ChestX-ray14's and back, a label stays where the mapping
// takes it both ways, and is blank where it does not.
func TestFilesToChestXray14AndBack(t *testing.T) {
	observations := convert.CheXpertNames.Observations()
	rapid.Check(t, func(rt *rapid.T) {
		file := anyFile(rt)
		path, content := saved(t, file.rows)
		for i, l := range file.labels {
			for k, o := range observations {
				for _, term := range convert.Terms() {
					if a := l.At(k); term.CheXpert == o && !(carried(term.ToNIH, a) && carried(term.ToCheXpert, a)) {
						file.labels[i] = file.labels[i].With(k, corpus.Unmentioned)
					}
				}
			}
		}
		want := strings.SplitAfterN(content, "\n", 2)[0]
		for i, l := range file.labels {
			want += strings.Join(strings.Split(file.rows[i], ",")[:5], ",")
			for k := range observations {
				want += "," + corpus.EncodeLabel(l.At(k))
			}
			want += "\n"
		}
		there := converted(t, path, dataset.CheXpert, convert.Options{Names: convert.NIHNames, Layout: convert.CheXpertLayout}, "there.csv")
		back := converted(t, there, dataset.CheXpert, convert.Options{Names: convert.CheXpertNames}, "back.csv")
		got, err := os.ReadFile(back)
		require.NoError(t, err)
		assert.Equal(rt, want, string(got))
	})
}

// CheXpert's layout and MIMIC-CXR's have the same labels, in another order.
func TestFilesBetweenLayouts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path, content := saved(t, anyFile(rt).rows)
		there := converted(t, path, dataset.CheXpert, convert.Options{Layout: convert.MIMICLayout}, "there.csv")
		header, err := os.ReadFile(there)
		require.NoError(t, err)
		names := strings.Split(strings.SplitN(string(header), "\n", 2)[0], ",")[5:]
		assert.True(rt, slices.IsSorted(names))
		back, err := os.ReadFile(converted(t, there, dataset.CheXpert, convert.Options{}, "back.csv"))
		require.NoError(t, err)
		assert.Equal(rt, content, string(back))
	})
}

// Parquet has the columns and values that CSV has, whatever the options.
func TestParquetEqualsCSV(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path, _ := saved(t, anyFile(rt).rows)
		opts := convert.Options{
			Layout:    rapid.SampledFrom(convert.Layouts()).Draw(rt, "layout"),
			Blank:     rapid.SampledFrom(convert.Blanks()).Draw(rt, "blank"),
			Study:     rapid.Bool().Draw(rt, "study"),
			Uncertain: convert.Policy{Rest: rapid.SampledFrom([]convert.Rule{convert.Keep, convert.Ignore, convert.Zeros, convert.Ones}).Draw(rt, "rule")},
		}
		if opts.Layout != convert.NIHLayout && rapid.Bool().Draw(rt, "multiclass") {
			opts.Uncertain.Rest = convert.MultiClass
		}
		plain, err := os.Open(converted(t, path, dataset.CheXpert, opts, "out.csv"))
		require.NoError(t, err)
		defer plain.Close()
		want, err := csv.NewReader(plain).ReadAll()
		require.NoError(t, err)
		f, err := corpus.OpenFile(converted(t, path, dataset.CheXpert, opts, "out.parquet"))
		require.NoError(t, err)
		parquet, err := gold.OpenParquet(f)
		require.NoError(t, err)
		assert.Equal(rt, want[0], parquet.Header)
		row := 0
		for r, err := range parquet.Rows() {
			require.NoError(t, err)
			row++
			for i, field := range r.Fields {
				assert.Equal(rt, number(want[row][i]), number(field), parquet.Header[i])
			}
		}
		assert.Equal(rt, len(want)-1, row)
	})
}

// number gives a value without what CSV and Parquet have each in their own way: 1.0
// for 1, NaN for a missing one.
func number(s string) string {
	if v, err := strconv.ParseFloat(s, 64); err == nil && v == v {
		return strconv.Itoa(int(v))
	} else if err == nil {
		return ""
	}
	return s
}
