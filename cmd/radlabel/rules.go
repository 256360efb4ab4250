package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/nearest"
	"github.com/radlabel/radlabel/internal/ruletest"
	"github.com/radlabel/radlabel/rules"
)

type rulesRun struct {
	*app
	ruleFlags
	observation string
}

func (a *app) rulesCommand() *cobra.Command {
	r := &rulesRun{app: a}
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show, test, lint and export rules",
		Args:  unknownCommand,
		RunE:  needCommand,
	}
	r.ruleFlags.add(cmd, cmd.PersistentFlags())

	list := &cobra.Command{
		Use:   "list",
		Short: "List rules and cues with what they are for",
		Args:  cobra.NoArgs,
		RunE:  action(r.list),
	}
	list.Flags().StringVar(&r.observation, "observation", "", "only the rules of this `observation`")
	offer(list, "observation", r.observations)
	show := &cobra.Command{
		Use:   "show ID",
		Short: "Show a rule or a cue: its phrases, its examples, its place",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the id of one rule or cue; radlabel rules list names them")
			}
			return nil
		},
		ValidArgsFunction: r.ids,
		RunE:              action(r.show),
	}
	test := &cobra.Command{
		Use:   "test",
		Short: "Run the examples of every rule and cue; list what no example covers",
		Long: `Test runs the examples of every rule, alone and in the full set, and of every cue.
Failures go to standard output as path:line:col: id: what was expected and what
was got, and make the exit code 1. Phrases that no example covers are listed.`,
		Args: cobra.NoArgs,
		RunE: action(r.test),
	}
	lint := &cobra.Command{
		Use:   "lint",
		Short: "Check rule files; every error with its line and column",
		Args:  cobra.NoArgs,
		RunE:  action(r.lint),
	}
	export := &cobra.Command{
		Use:   "export FOLDER",
		Short: "Write the files of an embedded rule set to a new folder",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the one folder to write to")
			}
			return nil
		},
		RunE: action(r.export),
	}
	cmd.AddCommand(list, show, test, lint, export)
	return cmd
}

// observations and ids are for the shell, which has no use for errors.
func (r *rulesRun) observations() []string {
	set, err := r.load()
	if err != nil {
		return nil
	}
	return namesOf(set.Observations)
}

func (r *rulesRun) ids(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	set, err := r.load()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, rule := range set.Rules {
		ids = append(ids, cobra.CompletionWithDesc(rule.ID, rule.Doc))
	}
	for _, cue := range set.Cues {
		ids = append(ids, cobra.CompletionWithDesc(cue.ID, cue.Doc))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func (r *rulesRun) list(context.Context, []string) error {
	set, err := r.load()
	if err != nil {
		return err
	}
	if o := corpus.Observation(r.observation); o != "" && !slices.Contains(set.Observations, o) {
		names := namesOf(set.Observations)
		message := fmt.Sprintf("the rule set %s has no observation %q", set.Name, r.observation)
		if near := nearest.Name(r.observation, names); near != "" {
			return usagef("%s; did you mean %q?", message, near)
		}
		return usagef("%s; it has %s", message, strings.Join(names, ", "))
	}
	t := columns.New("id", "of", "doc")
	for _, rule := range set.Rules {
		if r.observation != "" && string(rule.Observation) != r.observation && !slices.Contains(rule.Also, corpus.Observation(r.observation)) {
			continue
		}
		t.AppendRow(table.Row{rule.ID, rule.Observation, rule.Doc})
	}
	if r.observation == "" {
		for _, cue := range set.Cues {
			t.AppendRow(table.Row{cue.ID, "cue, " + cue.Kind.String(), cue.Doc})
		}
	}
	_, err = fmt.Fprintln(r.stdout, t.Render())
	return err
}

func (r *rulesRun) show(_ context.Context, args []string) error {
	set, err := r.load()
	if err != nil {
		return err
	}
	var b strings.Builder
	if rule, ok := set.Rule(args[0]); ok {
		showRule(&b, set, rule)
	} else if cue, ok := set.Cue(args[0]); ok {
		showCue(&b, cue)
	} else {
		var ids []string
		for _, rule := range set.Rules {
			ids = append(ids, rule.ID)
		}
		for _, cue := range set.Cues {
			ids = append(ids, cue.ID)
		}
		message := fmt.Sprintf("no rule or cue %q in the rule set %s", args[0], set.Name)
		if near := nearest.Name(args[0], ids); near != "" {
			return usagef("%s; did you mean %q?", message, near)
		}
		return usagef("%s; radlabel rules list names them", message)
	}
	_, err = io.WriteString(r.stdout, b.String())
	return err
}

func showRule(b *strings.Builder, set *rules.Set, rule *rules.Rule) {
	fmt.Fprintf(b, "%s\n  %s\n  %s\n", rule.ID, rule.Doc, rule.Pos)
	fmt.Fprintf(b, "observation: %s", rule.Observation)
	for _, o := range rule.Also {
		fmt.Fprintf(b, ", %s", o)
	}
	if slices.Contains(set.Unlabelled, rule.Observation) {
		b.WriteString(", which has no label")
	}
	b.WriteByte('\n')
	if rule.Bare != corpus.Positive {
		fmt.Fprintf(b, "without a cue: %s\n", rule.Bare)
	}
	for from, to := range rule.As {
		if from := corpus.Assertion(from); from != to {
			fmt.Fprintf(b, "%s becomes %s\n", from, to)
		}
	}
	if rule.Weak {
		b.WriteString("counts only where no other rule mentions the observation\n")
	}
	showList(b, "tags", rule.Tags)
	showPhrases(b, "phrases", rule.Phrases)
	showPhrases(b, "unless", rule.Unless)
	showExamples(b, rule.Examples)
}

func showCue(b *strings.Builder, cue *rules.Cue) {
	fmt.Fprintf(b, "%s\n  %s\n  %s\n", cue.ID, cue.Doc, cue.Pos)
	fmt.Fprintf(b, "kind: %s, direction: %s\n", cue.Kind, cue.Direction)
	if cue.Reach > 0 {
		fmt.Fprintf(b, "reach: %s\n", columns.Count(cue.Reach, "token"))
	}
	if len(cue.Ends) > 0 {
		var kinds []string
		for _, k := range cue.Ends {
			kinds = append(kinds, k.String())
		}
		showList(b, "ends", kinds)
	}
	if cue.When != rules.Anywhere {
		fmt.Fprintf(b, "when: %s\n", cue.When)
	}
	if cue.Lists {
		b.WriteString("governs one list: no comma ends its scope, no \"or\" in it offers alternatives\n")
	}
	if cue.Weak {
		b.WriteString("yields to any other cue\n")
	}
	showList(b, "only tags", cue.Only)
	showList(b, "except tags", cue.Except)
	showList(b, "explains tags", cue.Explains)
	showPhrases(b, "phrases", cue.Phrases)
	showPhrases(b, "unless", cue.Unless)
	showExamples(b, cue.Examples)
}

func showList(b *strings.Builder, name string, list []string) {
	if len(list) > 0 {
		fmt.Fprintf(b, "%s: %s\n", name, strings.Join(list, ", "))
	}
}

func showPhrases(b *strings.Builder, name string, phrases []rules.Phrase) {
	if len(phrases) > 0 {
		fmt.Fprintf(b, "%s:\n", name)
	}
	for _, p := range phrases {
		fmt.Fprintf(b, "  %s\n", p.Text)
	}
}

func showExamples(b *strings.Builder, examples []rules.Example) {
	if len(examples) > 0 {
		b.WriteString("examples:\n")
	}
	for _, e := range examples {
		fmt.Fprintf(b, "  %-12s %s\n", e.Assertion.String(), e.Text)
	}
}

func (r *rulesRun) test(context.Context, []string) error {
	set, err := r.load()
	if err != nil {
		return checkFailure(err)
	}
	report, err := ruletest.Run(set)
	if err != nil {
		return failure{exitCheck, err}
	}
	var b strings.Builder
	for _, f := range report.Failures {
		fmt.Fprintln(&b, f)
	}
	for _, f := range report.Uncovered {
		fmt.Fprintf(&b, "%s: %s: not covered: %s\n", f.Pos, f.ID, f.What)
	}
	fmt.Fprintf(&b, "%s of %s and %s: %s failed, %s not covered", columns.Count(report.Examples, "example"),
		columns.Count(report.Rules, "rule"), columns.Count(report.Cues, "cue"), columns.Thousands(len(report.Failures)), columns.Count(len(report.Uncovered), "phrase"))
	if report.Skipped > 0 {
		fmt.Fprintf(&b, ", %s skipped: they rest on what is disabled or taken", columns.Count(report.Skipped, "example"))
	}
	b.WriteByte('\n')
	if _, err := io.WriteString(r.stdout, b.String()); err != nil {
		return err
	}
	if len(report.Failures) > 0 {
		return failure{code: exitCheck}
	}
	return nil
}

func (r *rulesRun) lint(context.Context, []string) error {
	set, found, err := r.lintSet()
	if err != nil {
		return checkFailure(err)
	}
	for _, e := range found {
		if _, err := fmt.Fprintln(r.stdout, e); err != nil {
			return err
		}
	}
	wrong := len(found.Fatal())
	warnings := len(found) - wrong
	if wrong > 0 {
		return failure{exitCheck, fmt.Errorf("radlabel: the rule set has %s and %s", columns.Count(wrong, "error"), columns.Count(warnings, "warning"))}
	}
	_, err = fmt.Fprintf(r.stdout, "%s: %s and %s, no errors, %s\n", set.Name,
		columns.Count(len(set.Rules), "rule"), columns.Count(len(set.Cues), "cue"), columns.Count(warnings, "warning"))
	return err
}

func (r *rulesRun) lintSet() (*rules.Set, rules.Errors, error) {
	if r.folder != "" {
		return rules.LintDir(r.folder)
	}
	set, err := r.load()
	if err != nil {
		return nil, nil, err
	}
	return set, set.Lint(), nil
}

// checkFailure makes errors in rules a failed check; a folder that cannot be
// read stays a failure of input.
func checkFailure(err error) error {
	var found rules.Errors
	if errors.As(err, &found) {
		return failure{exitCheck, err}
	}
	return err
}

func (r *rulesRun) export(_ context.Context, args []string) error {
	if r.folder != "" {
		return usagef("rules export writes an embedded rule set; name it with --ruleset")
	}
	if _, err := r.load(); err != nil { // for the error of an unknown name
		return err
	}
	return rules.Export(r.name, args[0])
}
