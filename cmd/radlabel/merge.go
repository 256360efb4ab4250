package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
)

type mergeRun struct {
	*app
	out, mode string
	quiet     bool
}

func (a *app) mergeCommand() *cobra.Command {
	r := &mergeRun{app: a}
	cmd := &cobra.Command{
		Use:   "merge DIR",
		Short: "Make one output of the shards in a folder",
		Long: `Merge makes of the shards that label --shard has written into a folder what label
would have written without --shard: the same rows in the same order, the same bytes.

All n shards have to be there, whole, made of one input by one rule set with the same
options, no report in two of them. Those that are missing or damaged are listed by number,
to be labelled again; then, and where shards do not belong together, nothing is
written, and the exit code is 1. It is 3 where reports were lost, as label's is.`,
		Example: `  for i in 1 2 3 4; do radlabel label reports.csv -o shards/$i.csv --shard $i/4; done
  radlabel merge shards -o labels.csv`,
		Args: oneFolder,
		RunE: action(func(ctx context.Context, args []string) error { return r.run(ctx, args[0]) }),
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.out, "output", "o", "-", "output `file`, of the kind of the shards; - is standard output")
	flags.StringVar(&r.mode, "mode", "600", modeUsage)
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no warnings or summary: errors alone")
	return cmd
}

func oneFolder(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("give one folder, which has the shards")
	}
	return nil
}

func (r *mergeRun) run(ctx context.Context, folder string) error {
	mode, err := parseMode(r.mode)
	if err != nil {
		return err
	}
	format, err := output.ParseName(r.out)
	if err != nil {
		return failure{exitUsage, err}
	}
	shards, err := output.OpenShards(folder)
	if err != nil {
		return mergeFailed(err)
	}
	if r.out == "-" {
		format = output.Format{Kind: shards.Kind}
	} else if format.Kind != shards.Kind {
		return usagef("the shards are %s, and %s is not; name it .%s", shards.Kind, r.out, shards.Kind)
	}
	if err := overwrites(shards.Names(), r.out); err != nil {
		return err
	}
	t, err := r.tally(shards)
	if err != nil {
		return err
	}
	var merged output.Merged
	if !t.nothing() {
		if merged, err = r.write(ctx, shards, format, mode); err != nil {
			return mergeFailed(err)
		}
		r.app.done = true
	}
	r.summary(t, shards, merged)
	return t.failure()
}

// mergeFailed gives an error its exit code.
func mergeFailed(err error) error {
	var wrong *output.Unmergeable
	if errors.As(err, &wrong) {
		return failure{exitCheck, err}
	}
	return err
}

// tally puts together what the shards tell of their reports.
func (r *mergeRun) tally(shards *output.Shards) (*tally, error) {
	sum := newTally(r.app, r.quiet)
	for i, rec := range shards.Records {
		one := newTally(r.app, true)
		if err := one.restore(rec.State); err != nil {
			return nil, fmt.Errorf("%s.shard: %w; label shard %s again", shards.Names()[i], err, rec.Shard)
		}
		sum.add(one)
	}
	return sum, nil
}

// add adds what another tally has counted.
func (t *tally) add(other *tally) {
	t.results += other.results
	t.empty += other.empty
	t.unlabelled += other.unlabelled
	t.lost += other.lost
	for _, k := range other.kinds {
		same := t.kind(k.what, k.first, k.lost)
		same.count += k.count
		room := min(placesOfKind-len(same.places), len(k.places))
		same.places = append(same.places, k.places[:room]...)
	}
}

func (r *mergeRun) write(ctx context.Context, shards *output.Shards, format output.Format, mode fs.FileMode) (merged output.Merged, err error) {
	out, err := r.create(r.out)
	if err != nil {
		return merged, err
	}
	defer out.Abort()
	if merged, err = shards.Merge(untilDone{ctx, out}, format); err != nil {
		return merged, err
	}
	if file, ok := out.(*output.File); ok {
		if err := file.Chmod(mode); err != nil {
			return merged, err
		}
	}
	return merged, out.Commit()
}

// untilDone takes bytes until the context ends.
type untilDone struct {
	ctx context.Context
	io.Writer
}

func (u untilDone) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Writer.Write(p)
}

func (r *mergeRun) summary(t *tally, shards *output.Shards, merged output.Merged) {
	if r.quiet {
		return
	}
	var b strings.Builder
	n := len(shards.Records)
	fmt.Fprintf(&b, "%s of %s: %s\n", columns.Count(t.results, "report"), columns.Count(n, "shard"), t.fates())
	t.writeKinds(&b)
	if merged.Repeated > 0 {
		fmt.Fprintf(&b, "  %s an id that another shard has; kept, as without shards\n", columns.Count(merged.Repeated, "row")+" with")
	}
	fmt.Fprintf(&b, "  %s\n", made(shards.Records[0].Header))
	where := r.out
	if where == "-" {
		where = "standard output"
	}
	if t.nothing() {
		fmt.Fprintf(&b, "  nothing written to %s\n", where)
	} else {
		fmt.Fprintf(&b, "  written to %s: %s\n", where, columns.Count(merged.Rows, "row"))
	}
	io.WriteString(r.stderr, b.String())
}
