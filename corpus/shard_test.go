package corpus

import (
	"archive/zip"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every report and every Problem of a corpus is in exactly one of its shards, in
// the order of the corpus.
func TestShardsAreTheCorpus(t *testing.T) {
	inputs := manyInputs(t)
	inputs["warnings"] = write(t, "w.csv", []byte("id,text\na,x\nb,\na,caf\xe9\n,y\nc\nd,z\n"))
	inputs["openi"] = writeFolder(t, []file{
		{"ecgen-radiology/7.xml", `<eCitation><uId id="CXR70"/><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">Clear.</AbstractText></Abstract></Article></MedlineCitation></eCitation>`},
		{"ecgen-radiology/8.xml", `<eCitation><uId id="CXR80"/><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">Edema.</AbstractText></Abstract></Article></MedlineCitation></eCitation>`},
		{"ecgen-radiology/9.xml", `broken`},
	})
	for name, paths := range oneByOne(t, inputs) {
		t.Run(name, func(t *testing.T) {
			whole := readAllOf(t, Options{}, paths...)
			for of := 1; of <= 5; of++ {
				var ids, messages []string
				at := map[string]int{}
				for i, id := range whole.ids() {
					at[id] = i
				}
				for i := range of {
					g := shardOf(t, Shard{i, of}, paths...)
					ids, messages = append(ids, g.ids()...), append(messages, g.messages()...)
					last := -1
					for _, id := range g.ids() {
						if whole.reader.Counts().Duplicates == 0 {
							assert.Greater(t, at[id], last)
						}
						last = at[id]
					}
				}
				assert.ElementsMatch(t, whole.ids(), ids, "%d shards", of)
				assert.ElementsMatch(t, whole.messages(), messages, "%d shards", of)
			}
		})
	}
}

// Ranges one after another are the corpus, each an even part of it.
func TestRangesAreTheCorpus(t *testing.T) {
	inputs := manyInputs(t)
	inputs["warnings"] = write(t, "w.csv", []byte("id,text\na,x\nb,\na,caf\xe9\n,y\nc\nd,z\n"))
	for name, paths := range oneByOne(t, inputs) {
		t.Run(name, func(t *testing.T) {
			whole := readAllOf(t, Options{}, paths...)
			items := whole.reader.Counts().Items
			for of := 2; of <= items+2; of++ {
				var all got
				last := 0
				for i := range of {
					r, err := Open(t.Context(), paths, Options{Shard: Shard{i, of}, Ranges: true})
					require.NoError(t, err)
					held := 0
					for report, err := range r.Reports(t.Context()) {
						if p, ok := err.(*Problem); ok {
							all.problems = append(all.problems, p)
							if !p.Lost {
								continue
							}
						} else {
							require.NoError(t, err)
							all.reports = append(all.reports, report)
						}
						held++
						assert.Equal(t, last+1, report.Ordinal)
						last = report.Ordinal
					}
					assert.InDelta(t, items/of, held, 1)
					assert.Equal(t, items, r.Counts().Items)
				}
				assert.Equal(t, whole.reports, all.reports, "%d ranges", of)
				assert.Equal(t, whole.messages(), all.messages(), "%d ranges", of)
			}
		})
	}
}

// Ordinals are the same in every shard, and count what is not read as well.
func TestOrdinalsOfShards(t *testing.T) {
	for name, path := range manyInputs(t) {
		whole := readAllOf(t, Options{}, path)
		for i := range 3 {
			r, err := Open(t.Context(), []string{path}, Options{Shard: Shard{i, 3}})
			require.NoError(t, err)
			for report, err := range r.Reports(t.Context()) {
				if err == nil {
					assert.Contains(t, whole.reports, report, name)
				}
			}
			assert.Equal(t, whole.reader.Counts().Items, r.Counts().Items, name)
		}
	}
}

func TestRangesNeedToBeCounted(t *testing.T) {
	_, err := Open(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader("id,text\n"), Shard: Shard{0, 2}, Ranges: true})
	assert.ErrorContains(t, err, "-: what comes through a pipe cannot be counted first")
}

// oneByOne are these inputs, and two of which the first ends with a warning, which
// belongs to the first report of the second.
func oneByOne(t *testing.T, inputs map[string]string) map[string][]string {
	all := map[string][]string{"one after another": {
		write(t, "a.zip", zipOf(t, append(numbered(1, 6), file{"notes.pdf", "%PDF"}), zip.Deflate)),
		write(t, "b.zip", zipOf(t, numbered(7, 12), zip.Deflate)),
	}}
	for name, path := range inputs {
		all[name] = []string{path}
	}
	return all
}

// numbered are files of reports.
func numbered(first, last int) (files []file) {
	for i := first; i <= last; i++ {
		files = append(files, file{fmt.Sprintf("files/p10/p10000001/s%d.txt", 50000000+i), "Edema."})
	}
	return files
}

// shardOf is readAllOf without what is checked of Counts, which are of all.
func shardOf(t *testing.T, s Shard, paths ...string) (g got) {
	r, err := Open(t.Context(), paths, Options{Shard: s})
	require.NoError(t, err)
	for report, err := range r.Reports(t.Context()) {
		if err == nil {
			assert.True(t, s.Has(report))
			g.reports = append(g.reports, report)
			continue
		}
		var p *Problem
		require.ErrorAs(t, err, &p)
		g.problems = append(g.problems, p)
	}
	return g
}

// A study is in one shard, whatever else is known of it; and shards written today are
// those of tomorrow's version.
func TestShardOfAStudy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 300).Draw(t, "of")
		study := rapid.String().Draw(t, "study")
		in := 0
		for i := range of {
			s := Shard{i, of}
			a := s.Has(Report{ID: study})
			assert.Equal(t, a, s.Has(Report{Study: study, ID: study, Subject: "1", Place: Place{Path: "elsewhere"}}) || study == "" && a)
			if a {
				in++
			}
		}
		assert.Equal(t, 1, in)
	})
	var places []int
	for _, study := range []string{"50414267", "50414268", "50414269", "a"} {
		for i := range 16 {
			if (Shard{i, 16}).Has(Report{Study: study}) {
				places = append(places, i)
			}
		}
	}
	assert.Equal(t, []int{6, 7, 4, 12}, places)
}

// Studies are spread evenly.
func TestShardsAreEven(t *testing.T) {
	const of, n = 16, 16_000
	var sizes [of]int
	for study := range n {
		for i := range of {
			if (Shard{i, of}).Has(Report{Study: fmt.Sprint(50_000_000 + study)}) {
				sizes[i]++
			}
		}
	}
	for _, size := range sizes {
		assert.InDelta(t, n/of, size, n/of/5)
	}
}

func TestParseShard(t *testing.T) {
	for _, s := range []string{"1/1", "3/16", "16/16", "65536/65536"} {
		shard, err := ParseShard(s)
		require.NoError(t, err)
		assert.Equal(t, s, shard.String())
	}
	assert.Equal(t, "1/1", Shard{}.String())
	for _, s := range []string{"", "3", "0/4", "5/4", "a/4", "1/0", "-1/4", "1/4/4", "1/65537"} {
		_, err := ParseShard(s)
		assert.ErrorContains(t, err, "want i/n", s)
	}
}
