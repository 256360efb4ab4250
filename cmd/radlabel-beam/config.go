package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// Config is what a pipeline is given. It travels to the workers within the DoFns, as
// JSON, so all of it is exported and plain.
type Config struct {
	Inputs  []string // paths, s3:// and gs:// addresses, patterns of both
	Output  string   // labels.jsonl: shards are labels-00003-of-00016.jsonl beside it
	Shards  int
	ByFile  bool // a shard is a run of whole inputs, in order; else studies by their hash
	Reading Reading
	Labels  Labels
	Layout  output.Layout
	Workers int // reports labelled at a time, in a shard
	Version string
	TempDir string // where workers put what they fetch; "": the system's
	Run     string // its shards that are there are not labelled again; "": all are
}

// Reading says how inputs are read, as corpus.Options does.
type Reading struct{ From, IDColumn, TextColumn string }

// Labels says what makes the labels.
type Labels struct {
	RuleSet    string // an embedded rule set, where Rules is empty
	Rules      []byte // a zip of the files of a rule set
	Digest     string // of the rule set, as whoever submits the pipeline has it
	Section    string
	Compat     labeler.Compat
	Exceptions map[string]corpus.Exception
}

// packRules makes a zip of the YAML files of a folder.
func packRules(folder string) ([]byte, error) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		w, err := z.Create(e.Name())
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return packed.Bytes(), err
}

// load reads the rule set out of the configuration.
func (l Labels) load() (*rules.Set, error) {
	if len(l.Rules) == 0 {
		return rules.Embedded(cmp.Or(l.RuleSet, "chexpert"))
	}
	files, err := zip.NewReader(bytes.NewReader(l.Rules), int64(len(l.Rules)))
	if err != nil {
		return nil, fmt.Errorf("the rules of the pipeline: %w", err)
	}
	return rules.Load(files)
}

// labelers are those of this process: all bundles of one configuration share one,
// with its cache of sentences.
var labelers onceEach[*labeler.Labeler]

// labeler gives the process's labeler of the configuration.
func (l Labels) labeler() (*labeler.Labeler, error) {
	key, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return labelers.get(string(key), l.build)
}

func (l Labels) build() (*labeler.Labeler, error) {
	set, err := l.load()
	if err != nil {
		return nil, err
	}
	if l.Digest != "" && set.Digest != l.Digest {
		return nil, fmt.Errorf("rule set %s is %.12s here and %.12s where the pipeline was submitted; run one build of radlabel-beam on both", set.Name, set.Digest, l.Digest)
	}
	return labeler.New(labeler.Options{Rules: set, Section: l.Section, Compat: l.Compat, Exceptions: l.Exceptions})
}

// header is that of a single run with the same options.
func (c Config) header(l *labeler.Labeler) output.Header {
	return output.Header{
		Tool: "radlabel", Version: c.Version,
		RuleSet: l.Rules().Name, Digest: l.Rules().Digest, Observations: l.Observations(),
		Options: output.Options{
			Section: cmp.Or(c.Labels.Section, "auto"), Exceptions: len(c.Labels.Exceptions), Compat: c.Labels.Compat.Names(),
		},
	}
}

// check says what is wrong with the configuration before anything is submitted, and
// fills in the digest.
func (c *Config) check() error {
	if len(c.Inputs) == 0 {
		return errors.New("no input; give files, folders, patterns, s3:// or gs:// addresses")
	}
	if slices.Contains(c.Inputs, "-") {
		return errors.New("standard input cannot be read on workers; give files")
	}
	if c.Output == "" || c.Output == "-" {
		return errors.New("no output; name one with --output, as labels.jsonl")
	}
	if c.Shards < 1 {
		return fmt.Errorf("--shards %d: want a number from 1", c.Shards)
	}
	if c.Reading.From != "" && !slices.Contains(corpus.Sources(), corpus.Source(c.Reading.From)) {
		return fmt.Errorf("--from %q is not known; use one of %v", c.Reading.From, corpus.Sources())
	}
	format, err := output.ParseName(c.Output)
	if err != nil {
		return err
	}
	if !slices.Contains(output.Layouts(), c.Layout) {
		return fmt.Errorf("--layout %q is not known; use one of %v", c.Layout, output.Layouts())
	}
	if c.Layout != output.Default && format.Kind != "csv" {
		return fmt.Errorf("--layout is for CSV alone, and %s is none", c.Output)
	}
	l, err := c.Labels.labeler()
	if err != nil {
		return err
	}
	if missing := c.Layout.Missing(l.Observations()); len(missing) > 0 {
		return fmt.Errorf("--layout %s: the rule set %s does not know %v", c.Layout, l.Rules().Name, missing)
	}
	c.Labels.Digest = l.Rules().Digest
	return nil
}

// names of outputs: labels.csv.gz is cut into labels and .csv.gz.
func cutName(out string) (stem, ending string) {
	dir, base := path.Split(out)
	for _, e := range []string{".gz", ".zst", ".csv", ".jsonl", ".parquet"} {
		if rest, ok := strings.CutSuffix(base, e); ok {
			base, ending = rest, e+ending
		}
	}
	return dir + base, ending
}

// shardFile is where one shard is written.
func (c Config) shardFile(shard, of int) string {
	stem, ending := cutName(c.Output)
	return fmt.Sprintf("%s-%05d-of-%05d%s", stem, shard, of, ending)
}

// shardsFile says what became of each shard, one line of JSON a shard.
func (c Config) shardsFile() string {
	stem, _ := cutName(c.Output)
	return stem + ".shards.jsonl"
}

// lettersFile has what could not be read, and what was read with a warning.
func (c Config) lettersFile() string {
	stem, _ := cutName(c.Output)
	return stem + ".dead-letters.jsonl"
}
