package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// offer lets the shell complete a flag with these values.
func offer(cmd *cobra.Command, flag string, values func() []string) {
	register(cmd, flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
}

// offerList lets the shell complete a flag with these values joined by commas,
// each once.
func offerList(cmd *cobra.Command, flag string, values func() []string) {
	register(cmd, flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := ""
		if i := strings.LastIndexByte(typed, ','); i >= 0 {
			before = typed[:i+1]
		}
		var offered []string
		for _, value := range values() {
			if !slices.Contains(strings.Split(before, ","), value) {
				offered = append(offered, before+value)
			}
		}
		return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// offerFolders lets the shell complete a flag with folders.
func offerFolders(cmd *cobra.Command, flag string) {
	register(cmd, flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
}

// register fails for a flag that there is not or that has values already, which
// the test of completion would show.
func register(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, values)
}

// namesOf gives values as plain strings.
func namesOf[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
