package main

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// stages are what a report goes through, each by the functions that do it. What
// two of them could claim goes to the inner one, and collecting garbage first of all.
var stages = []struct {
	name      string
	functions []string
}{
	{"garbage", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge"}},
	{"compile", []string{"radlabel/rules.(*Set).", "radlabel/rules.load", "radlabel/rules.parseAhead", "radlabel/rules.(*draft)", "goccy/go-yaml"}},
	{"unpack", []string{"compress/flate"}},
	{"sections", []string{"radlabel/internal/segment.(*Splitter)"}},
	{"sentences", []string{"radlabel/internal/segment.Sentences"}},
	{"tokens", []string{"radlabel/internal/segment.(*Tokenizer)", "radlabel/negation.(*Engine).Shape"}},
	{"match", []string{"radlabel/rules.(*Matcher)"}},
	{"classify", []string{"radlabel/negation."}},
	{"cache", []string{"radlabel/labeler.(*cache)"}},
	{"labels", []string{"radlabel/labeler."}},
	{"write", []string{"radlabel/internal/output.", "parquet-go"}},
	{"read", []string{"radlabel/corpus."}},
}

// BenchmarkStages labels the archive of BenchmarkArchive and tells, by a profile of
// the processor, how many nanoseconds of processor time a report costs in each stage.
func BenchmarkStages(b *testing.B) {
	path := archive(b)
	reports := readArchive(b, path)
	lines := b.TempDir() + "/reports.jsonl"
	toLines(b, path, lines)
	for _, run := range []struct {
		name, input, output string
		flags               []string
	}{
		{"csv", path, "labels.csv", nil},
		{"jsonl", path, "labels.jsonl", nil},
		{"parquet", path, "labels.parquet", nil},
		{"from-jsonl", lines, "labels.csv", []string{"--id-column", "id", "--text-column", "text"}},
	} {
		b.Run(run.name, func(b *testing.B) {
			var raw bytes.Buffer
			require.NoError(b, pprof.StartCPUProfile(&raw))
			for b.Loop() {
				labelArchive(b, run.input, b.TempDir()+"/"+run.output, run.flags...)
			}
			pprof.StopCPUProfile()
			p, err := profile.ParseData(raw.Bytes())
			require.NoError(b, err)
			each := float64(reports * b.N)
			all := 0.0
			for stage, ns := range byStage(p) {
				b.ReportMetric(ns/each, stage+"-ns/report")
				all += ns
			}
			b.ReportMetric(all/each, "ns/report")
		})
	}
}

// byStage gives the nanoseconds of each stage, and of the "rest".
func byStage(p *profile.Profile) map[string]float64 {
	spent := make(map[string]float64)
	for _, s := range p.Sample {
		spent[stageOf(s)] += float64(s.Value[len(s.Value)-1])
	}
	return spent
}

func stageOf(s *profile.Sample) string {
	inner := "rest"
	for _, l := range s.Location { // from the innermost on
		for _, line := range l.Line {
			for i, stage := range stages {
				if (i == 0 || inner == "rest") && doneBy(line.Function.Name, stage.functions) {
					if i == 0 {
						return stage.name
					}
					inner = stage.name
				}
			}
		}
	}
	return inner
}

func doneBy(function string, functions []string) bool {
	for _, f := range functions {
		if strings.Contains(function, f) {
			return true
		}
	}
	return false
}
