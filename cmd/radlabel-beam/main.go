// Radlabel-beam labels reports as an Apache Beam pipeline: on this machine (Prism,
// the default) or, unchanged, on a cluster (Flink and other runners that Beam has).
//
// The story in order: main reads flags into a Config; pipeline.go builds plan, label
// and finish, with one element a shard; storage.go fetches and writes.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// The flags are the standard library's, as Beam's are: --runner, --endpoint,
// --environment_type and the others stand beside these.
var (
	out        = flag.String("output", "", "labels.csv, .jsonl or .parquet (.csv and .jsonl may end in .gz or .zst), a path or an s3:// or gs:// address; shards are labels-00003-of-00016.csv beside it")
	shards     = flag.Int("shards", 16, "number of shards, a few for each core of the cluster")
	byFile     = flag.Bool("by-file", false, "a shard is a run of whole inputs, rather than studies by the hash of their id: for many files")
	from       = flag.String("from", "", "input format (guessed)")
	idColumn   = flag.String("id-column", "", "column or field of the ids (guessed)")
	textColumn = flag.String("text-column", "", "column or field of the report texts (guessed)")
	folder     = flag.String("rules", "", "folder of rules; they are sent to the workers")
	ruleset    = flag.String("ruleset", "chexpert", "embedded rule set")
	section    = flag.String("section", "auto", "what to label: auto, all, or section names joined by commas")
	exceptions = flag.String("exceptions", "", "CSV file of what to label in single reports; it is sent to the workers")
	compat     = flag.String("compat", "none", "conventions of the published labeler to keep: chexpert, aggregation, no-finding, none")
	layout     = flag.String("layout", string(output.Default), "columns of a CSV: default, mimic, chexpert-labeler, nih")
	workers    = flag.Int("workers", 0, "reports labelled at a time within a shard (one a core)")
	runName    = flag.String("run", "", "name of the run: one that ended early goes on when it is submitted again with the same name, options and inputs (a new name)")
	temp       = flag.String("staging-dir", "", "where workers keep what they fetch from buckets (the system's folder for temporary files)")
)

// The exit codes are those of radlabel.
const (
	exitUsage = 2
	exitLost  = 3
)

func main() {
	flag.Usage = usage
	flag.Parse()
	beam.Init() // a worker goes no further
	c, err := configure(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitUsage)
	}
	lost, err := run(context.Background(), c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || lost {
		os.Exit(exitLost)
	}
}

func usage() {
	fmt.Fprint(os.Stderr, `Radlabel-beam labels reports as an Apache Beam pipeline.

  radlabel-beam --output labels.jsonl mimic-cxr-reports.zip
  radlabel-beam --output gs://bucket/labels.parquet --by-file --shards 200 'gs://bucket/reports/*.jsonl.gz'
  radlabel-beam --runner flink --endpoint host:8099 --environment_type PROCESS \
      --environment_config '{"command": "/opt/beam/boot"}' --output /shared/labels.csv /shared/reports.zip

`)
	flag.PrintDefaults()
}

// configure makes the configuration of the flags.
func configure(inputs []string) (Config, error) {
	c := Config{
		Inputs: inputs, Output: *out, Shards: *shards, ByFile: *byFile,
		Reading: Reading{From: *from, IDColumn: *idColumn, TextColumn: *textColumn},
		Labels:  Labels{RuleSet: *ruleset, Section: *section},
		Layout:  output.Layout(*layout), Workers: *workers, Version: version(), TempDir: *temp, Run: cmp.Or(*runName, rand.Text()),
	}
	var err error
	if c.Labels.Compat, err = labeler.ParseCompat(*compat); err != nil {
		return c, fmt.Errorf("--compat %w", err)
	}
	if *folder != "" {
		if c.Labels.Rules, err = packRules(*folder); err != nil {
			return c, err
		}
	}
	if *exceptions != "" {
		if c.Labels.Exceptions, err = corpus.LoadExceptions(*exceptions); err != nil {
			return c, err
		}
	}
	return c, c.check()
}

// version is that of the main module, or devel.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/radlabel/radlabel" && dep.Replace == nil {
				return dep.Version
			}
		}
	}
	return "devel"
}

// run runs the pipeline on the runner of the flags, and tells its counters.
func run(ctx context.Context, c Config) (lost bool, err error) {
	defer discard(c.TempDir)
	p, s := beam.NewPipelineWithRoot()
	build(s, c)
	result, err := beamx.RunWithMetrics(ctx, p)
	if err != nil {
		return false, err
	}
	counters := countersOf(result.Metrics())
	fmt.Fprintf(os.Stderr, "%d reports labelled in %d shards; %d lost, %d warnings\n",
		counters["reports"], counters["shards"], counters["lost"], counters["warnings"])
	fmt.Fprintf(os.Stderr, "  rules %.12s, section %s\n", c.Labels.Digest, c.Labels.Section)
	fmt.Fprintf(os.Stderr, "  written to %s; %s says what became of each shard, %s what was wrong\n",
		c.Output, c.shardsFile(), c.lettersFile())
	for _, name := range sortedKeys(counters) {
		if label, ok := strings.CutPrefix(name, "labels/"); ok && !strings.HasSuffix(name, "/unmentioned") {
			fmt.Fprintf(os.Stderr, "  %-40s %d\n", label, counters[name])
		}
	}
	return counters["lost"] > 0, nil
}

// countersOf sums the counters of the pipeline's namespace.
func countersOf(all metrics.Results) map[string]int64 {
	sums := map[string]int64{}
	for _, c := range all.AllMetrics().Counters() {
		if c.Namespace() == namespace {
			sums[c.Name()] += c.Result()
		}
	}
	return sums
}

func sortedKeys(m map[string]int64) []string {
	return slices.Sorted(maps.Keys(m))
}
