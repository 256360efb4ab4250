package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/synthetic"
	"github.com/radlabel/radlabel/labeler"
)

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

const testdata = "../../testdata"

// config is a small configuration.
func config(out string, shards int, inputs ...string) Config {
	return Config{Inputs: inputs, Output: out, Shards: shards, Layout: output.Default, Version: "devel"}
}

// onPrism runs a pipeline in this process.
func onPrism(t *testing.T, c Config) (map[string]int64, error) {
	t.Helper()
	require.NoError(t, c.check())
	p, s := beam.NewPipelineWithRoot()
	build(s, c)
	result, err := beamx.RunWithMetrics(context.Background(), p)
	if err != nil {
		return nil, err
	}
	return countersOf(result.Metrics()), nil
}

// single writes what one process makes of the same inputs, by the packages that
// `radlabel label` is made of, and counts its labels as the counters do.
func single(t *testing.T, c Config) map[string]int64 {
	t.Helper()
	inputs, err := expand(t.Context(), c.Inputs)
	require.NoError(t, err)
	l, err := c.Labels.build()
	require.NoError(t, err)
	reader, err := corpus.Open(t.Context(), inputs, corpus.Options{From: c.Reading.From})
	require.NoError(t, err)
	layout := c.Layout
	if reader.HasSubjects() {
		layout = layout.OfStudies()
	}
	format, err := output.ParseName(c.Output)
	require.NoError(t, err)
	f, err := os.Create(c.Output)
	require.NoError(t, err)
	defer f.Close()
	w, err := output.New(f, format, layout, c.header(l))
	require.NoError(t, err)
	counts := map[string]int64{}
	for r, err := range l.LabelAll(t.Context(), reader.Reports(t.Context()), 0) {
		if p, ok := err.(*corpus.Problem); ok {
			counts[map[bool]string{true: "lost", false: "warnings"}[p.Lost]]++
			continue
		}
		require.NoError(t, err)
		require.NoError(t, w.Write(r))
		counts["reports"]++
		for _, label := range r.Labels {
			counts[fmt.Sprintf("labels/%s/%s", label.Observation, label.Assertion)]++
		}
	}
	require.NoError(t, w.Close())
	return counts
}

// rows gives the header of an output and its rows, in order.
func rows(t *testing.T, name string) (header string, rows []string) {
	t.Helper()
	if strings.HasSuffix(name, ".parquet") {
		return parquetRows(t, name)
	}
	f, err := corpus.OpenFile(name)
	require.NoError(t, err)
	all, err := f.ReadAll()
	require.NoError(t, err)
	for line := range strings.Lines(string(all)) {
		rows = append(rows, line)
	}
	return rows[0], rows[1:]
}

func parquetRows(t *testing.T, name string) (header string, all []string) {
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	r := parquet.NewReader(f)
	buf := make([]parquet.Row, 10)
	for {
		n, err := r.ReadRows(buf)
		for _, row := range buf[:n] {
			all = append(all, fmt.Sprintf("%+v", row))
		}
		if err != nil || n == 0 {
			break
		}
	}
	return r.Schema().String(), all
}

// shardRows gives the header that all shards have, and the rows of all, in order of
// the shards.
func shardRows(t *testing.T, c Config, n int) (header string, all []string) {
	t.Helper()
	for i := range n {
		h, r := rows(t, c.shardFile(i, n))
		if i > 0 {
			require.Equal(t, header, h)
		}
		header, all = h, append(all, r...)
	}
	return header, all
}

func lines[T any](t *testing.T, name string) (all []T) {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		var v T
		require.NoError(t, json.Unmarshal([]byte(line), &v))
		all = append(all, v)
	}
	return all
}

func TestShardsAreASingleRun(t *testing.T) {
	inputs := []string{testdata + "/reports", testdata + "/inputs/reports.jsonl", testdata + "/inputs/openi"}
	for _, ending := range []string{".csv", ".jsonl.gz", ".parquet"} {
		t.Run(ending, func(t *testing.T) {
			folder := t.TempDir()
			c := config(filepath.Join(folder, "labels"+ending), 5, inputs...)
			counters, err := onPrism(t, c)
			require.NoError(t, err)
			one := c
			one.Output = filepath.Join(folder, "single"+ending)
			counts := single(t, one)

			wantHeader, want := rows(t, one.Output)
			header, got := shardRows(t, c, 5)
			assert.Equal(t, wantHeader, header)
			assert.Greater(t, len(want), 80)
			assert.ElementsMatch(t, want, got)

			counts["shards"] = 5
			assert.Equal(t, counts, counters)
			sum := 0
			for _, s := range lines[Summary](t, c.shardsFile()) {
				sum += s.Reports
				assert.NotZero(t, s.Reports)
			}
			assert.Equal(t, len(want), sum)
		})
	}
}

// By file, the shards one after another are a single run in its order.
func TestByFileKeepsOrder(t *testing.T) {
	folder := t.TempDir()
	for i := range 7 {
		var b strings.Builder
		for k := range 3 + i {
			fmt.Fprintf(&b, `{"id":"%d-%d","text":"No effusion. Edema of day %d."}`+"\n", i, k, i)
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("day%d.jsonl", i)), []byte(b.String()), 0o600))
	}
	for _, shards := range []int{1, 3, 7, 20} {
		c := config(filepath.Join(folder, fmt.Sprintf("of%d.csv", shards)), shards, filepath.Join(folder, "day*.jsonl"))
		c.ByFile = true
		_, err := onPrism(t, c)
		require.NoError(t, err)
		one := c
		one.Output = filepath.Join(folder, "single.csv")
		single(t, one)
		_, want := rows(t, one.Output)
		_, got := shardRows(t, c, min(shards, 7))
		assert.Equal(t, want, got)
	}
}

// What cannot be read is a dead letter, once, in whatever shard it falls; the job and
// the other reports go on.
func TestDeadLetters(t *testing.T) {
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.jsonl")
	require.NoError(t, os.WriteFile(bad, []byte(`{"id":"a","text":"Edema."}
{"id":"b","text":
{"id":"c","text":""}
{"id":"d","text":"No edema."}
{"id":"a","text":"Effusion."}
`), 0o600))
	missing := filepath.Join(folder, "missing.jsonl")
	for _, byFile := range []bool{false, true} {
		c := config(filepath.Join(folder, "labels.csv"), 3, bad, missing)
		c.ByFile = byFile
		counters, err := onPrism(t, c)
		require.NoError(t, err)
		n := c.shards(2)
		_, got := shardRows(t, c, n)
		assert.Len(t, got, 4)
		assert.EqualValues(t, 4, counters["reports"])
		assert.EqualValues(t, 2, counters["lost"])
		assert.EqualValues(t, 2, counters["warnings"])
		letters := lines[Letter](t, c.lettersFile())
		var said []string
		for _, l := range letters {
			said = append(said, fmt.Sprintf("%s:%d %t", filepath.Base(l.Path), l.Line, l.Lost))
		}
		assert.Equal(t, []string{"bad.jsonl:2 true", "bad.jsonl:3 false", "bad.jsonl:5 false", "missing.jsonl:0 true"}, said)
	}
}

// A shard that the run has labelled is not labelled again when it is asked for once
// more, and is told as if it had been. Another run, or a file that is not as it was
// written, is no such shard.
func TestShardsOfARunAreKept(t *testing.T) {
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.jsonl")
	require.NoError(t, os.WriteFile(bad, []byte("{\"id\":\"b\",\"text\":\n"), 0o600))
	c := config(filepath.Join(folder, "labels.csv"), 3, testdata+"/reports", bad)
	c.Run = "first"
	require.NoError(t, c.check())
	want, err := onPrism(t, c)
	require.NoError(t, err)
	letters := lines[Letter](t, c.lettersFile())
	assert.Zero(t, want["recalled"])

	again := func(run string) map[string]int64 {
		t.Helper()
		c := c
		c.Run = run
		l, err := c.Labels.labeler()
		require.NoError(t, err)
		for shard := range 2 { // as far as the run came
			_, err := (&labelShard{c}).write(t.Context(), Work{Shard: shard, Of: 3, Paths: c.Inputs}, l)
			require.NoError(t, err)
		}
		kept, err := os.ReadFile(c.shardFile(0, 3))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(c.shardFile(0, 3), bytes.Repeat([]byte("x"), len(kept)), 0o600))
		require.NoError(t, os.Truncate(c.shardFile(1, 3), 10))
		c.Run = "first"
		got, err := onPrism(t, c)
		require.NoError(t, err)
		assert.Equal(t, letters, lines[Letter](t, c.lettersFile()))
		left, err := filepath.Glob(filepath.Join(folder, "*.done"))
		require.NoError(t, err)
		assert.Empty(t, left)
		return got
	}
	got := again("first")
	assert.EqualValues(t, 1, got["recalled"], "the one that is whole")
	content, err := os.ReadFile(c.shardFile(0, 3))
	require.NoError(t, err)
	assert.Equal(t, byte('x'), content[0])
	delete(got, "recalled")
	assert.Equal(t, want, got)
	content, err = os.ReadFile(c.shardFile(1, 3))
	require.NoError(t, err)
	assert.Greater(t, len(content), 10, "labelled again")

	assert.Equal(t, want, again("second"))
	content, err = os.ReadFile(c.shardFile(0, 3))
	require.NoError(t, err)
	assert.NotEqual(t, byte('x'), content[0])
}

// Rules of a folder travel with the pipeline: the folder may be gone when it runs.
func TestRulesAreSent(t *testing.T) {
	folder := t.TempDir()
	mine := filepath.Join(folder, "mine")
	require.NoError(t, os.Mkdir(mine, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(mine, "ruleset.yaml"), []byte("ruleset: mine\nextends: chexpert\ndisable: [hedge.possible]\n"), 0o600))
	c := config(filepath.Join(folder, "labels.jsonl"), 2, testdata+"/reports")
	var err error
	c.Labels.Rules, err = packRules(mine)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(mine))
	_, err = onPrism(t, c)
	require.NoError(t, err)
	header, _ := shardRows(t, c, 2)
	assert.Contains(t, header, `"ruleset":"mine"`)

	c.Labels.Digest = strings.Repeat("0", 64)
	_, err = c.Labels.build()
	assert.ErrorContains(t, err, "run one build of radlabel-beam on both")
}

func TestOneLabelerAProcess(t *testing.T) {
	l := Labels{RuleSet: "chexpert"}
	first := make([]*labeler.Labeler, 8)
	done := make(chan int)
	for i := range first {
		go func() {
			first[i], _ = l.labeler()
			done <- i
		}()
	}
	for range first {
		<-done
	}
	require.NotNil(t, first[0])
	for _, other := range first {
		assert.Same(t, first[0], other)
	}
	l.Section = "all"
	other, err := l.labeler()
	require.NoError(t, err)
	assert.NotSame(t, first[0], other)
}

func TestWhatFailedIsTriedAgain(t *testing.T) {
	var o onceEach[int]
	_, err := o.get("a", func() (int, error) { return 0, os.ErrNotExist })
	assert.ErrorIs(t, err, os.ErrNotExist)
	v, err := o.get("a", func() (int, error) { return 1, nil })
	assert.NoError(t, err)
	assert.Equal(t, 1, v)
	v, _ = o.get("a", func() (int, error) { return 2, nil })
	assert.Equal(t, 1, v)
}

func TestConfigIsChecked(t *testing.T) {
	good := config("labels.csv", 2, "reports")
	for want, change := range map[string]func(*Config){
		"no input":                            func(c *Config) { c.Inputs = nil },
		"standard input cannot be read":       func(c *Config) { c.Inputs = []string{"-"} },
		"no output":                           func(c *Config) { c.Output = "" },
		"unknown kind of output":              func(c *Config) { c.Output = "labels.xls" },
		"--shards 0":                          func(c *Config) { c.Shards = 0 },
		`--from "pdf" is not known`:           func(c *Config) { c.Reading.From = "pdf" },
		`--layout "wide" is not known`:        func(c *Config) { c.Layout = "wide" },
		"--layout is for CSV alone":           func(c *Config) { c.Output, c.Layout = "labels.jsonl", output.MIMIC },
		"does not know":                       func(c *Config) { c.Layout = output.NIH },
		"nowhere":                             func(c *Config) { c.Labels.Section = "nowhere" },
		"none-such":                           func(c *Config) { c.Labels.RuleSet = "none-such" },
		"the rules of the pipeline: zip: not": func(c *Config) { c.Labels.Rules = []byte("no zip") },
	} {
		c := good
		change(&c)
		assert.ErrorContains(t, c.check(), want)
	}
	assert.NoError(t, good.check())
}

func TestShardsMustBeWhole(t *testing.T) {
	two := []Summary{{Shard: 0, Of: 2, Reports: 1, Digest: "d"}, {Shard: 1, Of: 2, Reports: 1, Digest: "d"}}
	assert.NoError(t, whole(two, "x.csv"))
	assert.ErrorContains(t, whole(two[1:], "x.csv"), "missing")
	assert.ErrorContains(t, whole([]Summary{two[0], two[0]}, "x.csv"), "there twice")
	other := slices.Clone(two)
	other[1].Digest = "e"
	assert.ErrorContains(t, whole(other, "x.csv"), "different rules")
	mixed := slices.Clone(two)
	mixed[1].Subjects = true
	assert.ErrorContains(t, whole(mixed, "x.csv"), "differ in their columns")
	assert.NoError(t, whole(mixed, "x.jsonl"))
	mixed[1].Reports = 0
	assert.NoError(t, whole(mixed, "x.csv"), "a shard of nothing has no columns to differ in")
}

// What a lost worker left goes, and nothing else does.
func TestHalfWrittenShardsGo(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{".a-00001-of-00004.csv.123.tmp", ".a-00002-of-00004.csv.done.7.tmp", ".b-00001-of-00004.csv.123.tmp", ".a-x-00001-of-00004.csv.1.tmp", "a-00001-of-00004.csv"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	require.NoError(t, Config{Output: filepath.Join(folder, "a.csv")}.tidy())
	var left []string
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	assert.Equal(t, []string{".a-x-00001-of-00004.csv.1.tmp", ".b-00001-of-00004.csv.123.tmp", "a-00001-of-00004.csv"}, left)
	require.NoError(t, Config{Output: "gs://bucket/a.csv"}.tidy())
}

func TestNamesOfShards(t *testing.T) {
	for out, want := range map[string]string{
		"labels.csv":                  "labels-00003-of-00016.csv",
		"a.b/labels.v1.jsonl.gz":      "a.b/labels.v1-00003-of-00016.jsonl.gz",
		"gs://bucket/run/out.parquet": "gs://bucket/run/out-00003-of-00016.parquet",
	} {
		assert.Equal(t, want, Config{Output: out}.shardFile(3, 16))
	}
}

// archive writes reports made up of the project's sentences.
func archive(t *testing.T, name string, n int) {
	t.Helper()
	in, err := os.Open(testdata + "/sentences.tsv")
	require.NoError(t, err)
	defer in.Close()
	r := csv.NewReader(in)
	r.Comma, r.LazyQuotes = '\t', true
	all, err := r.ReadAll()
	require.NoError(t, err)
	var sentences []string
	for _, row := range all[1:] {
		sentences = append(sentences, row[2])
	}
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, synthetic.Archive(f, n, sentences))
}

// The commands of docs/clusters.md that need no cluster are run, as they stand there.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/clusters.md")
	require.NoError(t, err)
	work := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(work, "testdata"), os.DirFS(testdata)))
	program := filepath.Join(t.TempDir(), "radlabel-beam")
	built, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	ran := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "radlabel-beam ") || strings.Contains(line, "--runner") {
			continue
		}
		c := exec.Command("sh", "-c", line)
		c.Dir, c.Env = work, append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s%s", line, out)
		assert.Contains(t, string(out), " 0 lost")
		ran++
	}
	assert.Equal(t, 2, ran)
	assert.FileExists(t, filepath.Join(work, "out", "labels-00003-of-00004.jsonl"))
	assert.FileExists(t, filepath.Join(work, "out", "days.shards.jsonl"))
}
