package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/nearest"
)

// datasetCommand has a command for each dataset, and each of these the same
// verbs below it.
func (a *app) datasetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dataset",
		Short: "Read the label files of MIMIC-CXR, CheXpert and ChestX-ray14",
		Long: `Dataset works with a copy of one of the three datasets: what is in it, whether it
is whole, and its labels in other forms. It reads tables and lists, no images.`,
		Example: `  radlabel dataset mimic-cxr stats mimic-cxr-jpg/2.1.0
  radlabel dataset chexpert stats train.csv valid.csv --html chexpert.html`,
		Args: unknownDataset,
		RunE: needCommand,
	}
	verbs := []func(d *dataset.Dataset) *cobra.Command{
		a.statsCommand,
		a.verifyCommand,
		a.convertCommand,
		a.agreeCommand,
		a.obtainCommand,
	}
	for _, d := range dataset.All() {
		one := &cobra.Command{
			Use:   d.Name,
			Short: "Read the label files of " + d.Title,
			Long: `The label files of ` + d.Title + `: what is in a copy (stats), whether it is whole
(verify), its labels as training targets (convert) or beside others (agree), and
how it is had (obtain).`,
			Example: "  radlabel dataset " + d.Name + " stats folder\n  radlabel dataset " + d.Name + " verify folder",
			Args:    unknownCommand,
			RunE:    needCommand,
		}
		for _, verb := range verbs {
			one.AddCommand(verb(d))
		}
		cmd.AddCommand(one)
	}
	return cmd
}

// unknownDataset refuses arguments that begin with no dataset's name, and says
// which there are.
func unknownDataset(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, d := range dataset.All() {
		names = append(names, d.Name)
	}
	message := fmt.Sprintf("no dataset is named %q; there are %s", args[0], strings.Join(names, ", "))
	if near := nearest.Name(args[0], names); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	for _, verb := range cmd.Commands()[0].Commands() {
		if verb.Name() == args[0] {
			message += fmt.Sprintf("; the name comes first, as in %s %s %s", cmd.CommandPath(), names[0], args[0])
		}
	}
	return errors.New(message)
}
