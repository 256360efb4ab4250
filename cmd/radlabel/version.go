package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/rules"
)

// unversioned is a program built from no known commit.
const unversioned = "devel"

// version is the version of the module, or of the commit, that this program
// was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return unversioned
	}
	return info.Main.Version
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the embedded rule sets with their digests",
		Args:  cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			var b strings.Builder
			fmt.Fprintf(&b, "radlabel %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			for _, name := range rules.Names() {
				set, err := rules.Embedded(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(&b, "rule set %s sha256:%s, %s, %s\n", set.Name, set.Digest,
					columns.Count(len(set.Rules), "rule"), columns.Count(len(set.Cues), "cue"))
			}
			_, err := io.WriteString(a.stdout, b.String())
			return err
		}),
	}
}
