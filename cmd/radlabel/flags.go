package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// inputFlags say how inputs are read.
type inputFlags struct {
	from, id, text string
	maxReport      size
	maxRatio       int
	followLinks    bool
	shard          corpus.Shard // not a flag of all commands
	ranges         bool
}

func (f *inputFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "input `format`: mimic, csv, chexpert-labeler, jsonl, openi, chexpert-plus, text (guessed)")
	flags.StringVar(&f.id, "id-column", "", "`column` or field of the ids (guessed)")
	flags.StringVar(&f.text, "text-column", "", "`column` or field of the report texts (guessed)")
	f.maxReport = corpus.DefaultMaxReportBytes
	flags.Var(&f.maxReport, "max-report", "`size` of the largest report that is read")
	flags.IntVar(&f.maxRatio, "max-ratio", corpus.DefaultMaxRatio, "how many `times` its size an archive or compressed file may unpack to")
	flags.BoolVar(&f.followLinks, "follow-links", false, "follow symbolic links in folders")
	offer(cmd, "from", func() []string { return namesOf(corpus.Sources()) })
}

// open opens the inputs. Errors that come from a path are of input, the others
// of usage.
func (f *inputFlags) open(ctx context.Context, a *app, paths []string) (*corpus.Reader, error) {
	r, err := corpus.Open(ctx, paths, corpus.Options{
		From: f.from, IDColumn: f.id, TextColumn: f.text, Stdin: a.stdin,
		FollowLinks: f.followLinks, MaxReportBytes: int(f.maxReport), MaxRatio: f.maxRatio,
		Shard: f.shard, Ranges: f.ranges,
	})
	var problem *corpus.Problem
	if err != nil && !errors.As(err, &problem) && !errors.Is(err, context.Canceled) {
		return nil, failure{exitUsage, err}
	}
	return r, err
}

// ruleFlags choose the rule set.
type ruleFlags struct{ folder, name string }

// add adds the flags to those of the command, or to those that the commands
// below it have as well.
func (f *ruleFlags) add(cmd *cobra.Command, flags *pflag.FlagSet) {
	flags.StringVar(&f.folder, "rules", "", "`folder` of rules that replaces or extends the embedded ones")
	flags.StringVar(&f.name, "ruleset", "chexpert", "embedded rule set by `name`: "+strings.Join(rules.Names(), ", "))
	cmd.MarkFlagsMutuallyExclusive("rules", "ruleset")
	offer(cmd, "ruleset", rules.Names)
	offerFolders(cmd, "rules")
}

func (f *ruleFlags) load() (*rules.Set, error) {
	if f.folder != "" {
		return rules.LoadDir(f.folder)
	}
	if !slices.Contains(rules.Names(), f.name) {
		message := fmt.Sprintf("--ruleset %q is not known; the embedded rule sets are %s", f.name, strings.Join(rules.Names(), ", "))
		return nil, usagef("%s; --rules takes a folder", message)
	}
	return rules.Embedded(f.name)
}

// labelFlags choose what is labelled and how.
type labelFlags struct {
	ruleFlags
	section, exceptions, compat string
	maxTime                     time.Duration
}

func (f *labelFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.ruleFlags.add(cmd, flags)
	flags.StringVar(&f.section, "section", "auto", "what to label: auto (MIMIC-CXR's policy), all, or section `names` joined by commas")
	flags.StringVar(&f.exceptions, "exceptions", "", "CSV `file` of study_id,section or study_id,start,end: what to label in single reports")
	flags.StringVar(&f.compat, "compat", "none", "`conventions` of the published labeler to keep: chexpert (all), aggregation, no-finding, none")
	flags.DurationVar(&f.maxTime, "max-time", labeler.DefaultMaxTime, "`time` that labelling one report may take; 0: any")
	offerList(cmd, "section", func() []string {
		all := []string{"auto", "all"}
		if set, err := f.load(); err == nil {
			for _, s := range set.Sections {
				all = append(all, s.Name)
			}
		}
		return all
	})
	offerList(cmd, "compat", conventions)
}

// conventions are the names that labeler.ParseCompat reads.
func conventions() []string { return []string{"chexpert", "aggregation", "no-finding", "none"} }

// labeler loads what the flags name and builds the labeler. Its options are
// given as well, for the header of outputs.
func (f *labelFlags) labeler() (*labeler.Labeler, labeler.Options, error) {
	var opts labeler.Options
	compat, err := labeler.ParseCompat(f.compat)
	if err != nil {
		return nil, opts, usagef("--compat %w", err)
	}
	if f.maxTime < 0 {
		return nil, opts, usagef("--max-time %s: want a time, or 0 for any", f.maxTime)
	}
	set, err := f.load()
	if err != nil {
		return nil, opts, err
	}
	opts = labeler.Options{Rules: set, Section: f.section, Compat: compat, MaxTime: f.maxTime}
	if f.exceptions != "" {
		if opts.Exceptions, err = corpus.LoadExceptions(f.exceptions); err != nil {
			return nil, opts, err
		}
	}
	l, err := labeler.New(opts)
	// The section of an exception is not the flag's: its error is wrapped.
	if _, ok := err.(*segment.UnknownSection); ok {
		return nil, opts, usagef("--section: %w", err)
	}
	if unknown := (*segment.UnknownSection)(nil); errors.As(err, &unknown) {
		return nil, opts, fmt.Errorf("%s: %w", f.exceptions, err)
	}
	return l, opts, err
}
