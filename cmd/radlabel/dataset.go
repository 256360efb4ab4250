package main

import (
	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/obtain"
)

func (a *app) datasetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dataset",
		Short: "Get the datasets that labels belong to",
		Args:  unknownCommand,
		RunE:  needCommand,
	}
	for _, d := range obtain.Datasets() {
		named := &cobra.Command{
			Use:   d.Name,
			Short: "The dataset " + d.Name,
			Args:  unknownCommand,
			RunE:  needCommand,
		}
		named.AddCommand(a.obtainCommand(d.Name))
		cmd.AddCommand(named)
	}
	return cmd
}
