package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/browse"
)

// listFlags are the flags of a search that prints and ends.
func listFlags() []string {
	return []string{"count", "ids", "json", "csv", "full", "facets", "limit", "offset", "context"}
}

// settleInteractive decides whether the query is typed at the terminal, and says
// what to do where it cannot be.
func (r *searchRun) settleInteractive(cmd *cobra.Command, query bool) error {
	prints := slices.ContainsFunc(listFlags(), func(name string) bool { return cmd.Flags().Changed(name) })
	screen := terminalOf(r.stdin) != nil && terminalOf(r.stdout) != nil && os.Getenv("TERM") != "dumb"
	switch {
	case r.interactive && !screen:
		return errors.New("--interactive needs a terminal for its input and output; elsewhere give a query in quotes and leave it out")
	case !query && !prints && screen:
		r.interactive = true
	case !query && !r.interactive:
		return errors.New("no query; give one in quotes, or '*' for every report; at a terminal a search without one is interactive")
	}
	return nil
}

// browse searches on the screen of the terminal.
func (r *searchRun) browse(ctx context.Context, args []string) error {
	colour, err := r.colour(r.colours)
	if err != nil {
		return err
	}
	opts, x, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer x.Close()
	return browse.Run(ctx, x, browse.Options{In: terminalOf(r.stdin), Out: terminalOf(r.stdout), Query: strings.Join(args, ""),
		Match: opts.Match, Sort: opts.Sort, Colour: colour, Name: r.dir})
}
