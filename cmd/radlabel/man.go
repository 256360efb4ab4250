package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/radlabel/radlabel/internal/output"
)

func (a *app) manCommand() *cobra.Command {
	var root *cobra.Command
	cmd := &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages, one a command",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the one folder to write to")
			}
			root = cmd.Root()
			return nil
		},
		RunE: action(func(_ context.Context, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return output.NotWritten(args[0], err)
			}
			return writeManual(root, args[0])
		}),
	}
	return cmd
}

// writeManual writes the page of a command and of all below it.
func writeManual(cmd *cobra.Command, folder string) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return nil
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	f, err := output.Create(filepath.Join(folder, name+".1"))
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := io.WriteString(f, manual(cmd, name)); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	for _, below := range cmd.Commands() {
		if err := writeManual(below, folder); err != nil {
			return err
		}
	}
	return nil
}

// manual is the page of one command in roff.
func manual(cmd *cobra.Command, name string) string {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, ".SH %s\n", title) }
	fmt.Fprintf(&b, ".TH %q 1\n", strings.ToUpper(name))
	section("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(name), roff(cmd.Short))
	section("SYNOPSIS")
	fmt.Fprintf(&b, ".B %s\n", roff(cmd.UseLine()))
	if cmd.Long != "" {
		section("DESCRIPTION")
		b.WriteString(roff(cmd.Long) + "\n")
	}
	options := func(title string, flags *pflag.FlagSet) {
		if !flags.HasAvailableFlags() {
			return
		}
		section(title)
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			b.WriteString(".TP\n.B ")
			if f.Shorthand != "" {
				fmt.Fprintf(&b, "\\-%s, ", f.Shorthand)
			}
			fmt.Fprintf(&b, "%s\n%s\n", roff(strings.TrimSpace("--"+f.Name+" "+value)), roff(usage))
		})
	}
	options("OPTIONS", cmd.NonInheritedFlags())
	options("OPTIONS OF ALL "+strings.ToUpper(cmd.Root().Name())+" COMMANDS HERE", cmd.InheritedFlags())
	if cmd.Example != "" {
		section("EXAMPLES")
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(cmd.Example))
	}
	var also []string
	if cmd.HasParent() {
		also = append(also, cmd.Parent().CommandPath())
	}
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			also = append(also, below.CommandPath())
		}
	}
	if len(also) > 0 {
		section("SEE ALSO")
		for i, path := range also {
			also[i] = roff(strings.ReplaceAll(path, " ", "-")) + "(1)"
		}
		b.WriteString(strings.Join(also, ", ") + "\n")
	}
	return b.String()
}

// roff escapes a text: backslashes, hyphens that are to be copied, and dots and
// quotes at the start of a line, which begin requests.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
