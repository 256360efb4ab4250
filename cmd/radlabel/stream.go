package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/labeler"
)

// streamFlags are those that --stream goes with.
var streamFlags = []string{
	"stream", "quiet", "rules", "ruleset", "section", "exceptions", "compat", "max-time", "id-column", "text-column", "max-report",
}

// streamed refuses what --stream has no use for.
func streamed(cmd *cobra.Command, args []string) (err error) {
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return errors.New("--stream reads standard input; leave out the inputs")
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		same := f.Name == "output" && f.Value.String() == "-" || f.Name == "from" && f.Value.String() == string(corpus.JSONL)
		if !same && !slices.Contains(streamFlags, f.Name) && err == nil {
			err = fmt.Errorf("--stream goes from standard input to standard output, a line for a line; leave out --%s", f.Name)
		}
	})
	return err
}

// answer answers every line of standard input, while it waits for the next.
func (r *labelRun) answer(ctx context.Context) error {
	memory := collectLate()
	defer memory.stop()
	l, opts, err := r.labeler()
	if err != nil {
		return err
	}
	t := newTally(r.app, r.quiet)
	t.memory = memory
	t.exceptions = exceptions{file: r.exceptions, by: opts.Exceptions}
	r.app.out = "-"
	s := &answers{
		in:    corpus.NewLines(r.stdin, "-", corpus.Options{IDColumn: r.id, TextColumn: r.text, MaxReportBytes: int(r.maxReport)}),
		out:   bufio.NewWriterSize(r.stdout, 1<<16),
		label: func(report corpus.Report) (labeler.Result, error) { return l.Attempt(ctx, report) },
		tally: t,
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	if !r.quiet {
		fmt.Fprintf(r.stderr, "%s answered: %s with an error\n  %s\n", columns.Count(t.results+s.errors, "line"), columns.Thousands(s.errors), made(header(l, opts)))
	}
	return nil
}

// answers are those to a stream of lines.
type answers struct {
	in     *corpus.Lines
	out    *bufio.Writer
	label  func(corpus.Report) (labeler.Result, error)
	tally  *tally
	errors int
	row    []byte
}

// run answers until the lines end. What has been answered is on its way before it
// waits for a line.
func (s *answers) run(ctx context.Context) error {
	for {
		line, err := s.in.Next()
		if err == io.EOF {
			return s.out.Flush()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return s.ends(err)
		}
		s.row = append(s.answer(s.row[:0], line), '\n')
		if err := ctx.Err(); err != nil { // it may be no answer
			return s.ends(err)
		}
		if _, err := s.out.Write(s.row); err != nil {
			return err
		}
		if !s.in.Waiting() {
			if err := s.out.Flush(); err != nil {
				return err
			}
		}
	}
}

// ends brings what was answered on its way, and says where reading ended.
func (s *answers) ends(err error) error {
	if errors.Is(err, context.Canceled) {
		return cmp.Or(s.out.Flush(), err)
	}
	place := corpus.Place{Path: "-", Line: s.tally.results + s.errors + 1}
	what := fmt.Sprintf("reading ends here: %v; what comes after is not answered", err)
	return cmp.Or(s.out.Flush(), error(&corpus.Problem{Place: place, What: what, Lost: true}))
}

// answer appends the object of one line.
func (s *answers) answer(b []byte, line corpus.Line) []byte {
	for _, warning := range line.Warnings {
		s.tally.problem(warning)
	}
	if line.Problem != nil {
		return s.failed(b, line, line.Problem)
	}
	result, err := s.label(line.Report)
	if err != nil {
		return s.failed(b, line, err)
	}
	s.tally.result(result)
	return output.AppendJSON(b, result)
}

// failed appends what a line is answered with that has no labels: what is wrong and
// what to do, without the place, which the line is.
func (s *answers) failed(b []byte, line corpus.Line, err error) []byte {
	s.errors++
	var p *corpus.Problem
	if errors.As(err, &p) {
		err = errors.New(p.Message())
	}
	return output.AppendError(b, line.Number, line.Report, err)
}
