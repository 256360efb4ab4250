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

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/labeler"
)

type explainRun struct {
	*app
	inputFlags
	labelFlags
	reportID string
	html     string
	json     bool
	colours  string
}

func (a *app) explainCommand() *cobra.Command {
	r := &explainRun{app: a}
	cmd := &cobra.Command{
		Use:   "explain TEXT | FILE | - | --id ID INPUT...",
		Short: "Show one report with its mentions, cues and scopes, and the reason of each label",
		Long: `Explain labels one report and shows why: the report with its mentions, cues and
scopes marked, then each label with its rule, its cue and its sentence.

The report is the text given, or a file of that name, or - for standard input.
With --id it is one report of a larger input.`,
		Example: `  radlabel explain "No pleural effusion. Possible edema."
  radlabel explain --id 50414267 mimic-cxr-reports.zip --html why.html`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case r.reportID != "":
				return inputs(cmd, args)
			case len(args) == 0:
				return errors.New("no report; give a text in quotes, a file, or - for standard input")
			case len(args) > 1:
				return errors.New("more than one argument; put the text in quotes, or pick a report of larger inputs with --id")
			}
			return nil
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.reportID, "id", "", "explain the report with this `id` of the inputs")
	flags.StringVar(&r.html, "html", "", "write an HTML page to this `file` in place of text")
	flags.BoolVar(&r.json, "json", false, "write the labels with their evidence as a JSON object")
	flags.StringVar(&r.colours, "color", "auto", "`when` to colour the text: auto, always, never")
	cmd.MarkFlagsMutuallyExclusive("html", "json")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	offer(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	return cmd
}

func (r *explainRun) run(ctx context.Context, args []string) error {
	colour, err := r.colour(r.colours)
	if err != nil {
		return err
	}
	l, opts, err := r.labeler()
	if err != nil {
		return err
	}
	report, err := r.report(ctx, args)
	if err != nil {
		return err
	}
	result := l.Label(report)
	switch {
	case r.html != "":
		return r.writeHTML(result, opts, args)
	case r.json:
		_, err := r.stdout.Write(append(output.AppendJSON(nil, result), '\n'))
		return err
	}
	return page.Text(r.stdout, result, colour)
}

func (r *explainRun) writeHTML(result labeler.Result, opts labeler.Options, args []string) error {
	if err := overwrites(args, r.html); err != nil {
		return err
	}
	madeBy := fmt.Sprintf("radlabel %s, rule set %s %.12s, section %s", version(), opts.Rules.Name, opts.Rules.Digest, opts.Section)
	return r.writeFile(r.html, func(w io.Writer) error { return page.HTML(w, result, madeBy) })
}

// report finds the report to explain.
func (r *explainRun) report(ctx context.Context, args []string) (corpus.Report, error) {
	if r.reportID == "" && args[0] != "-" {
		text := args[0]
		if _, err := os.Stat(text); err != nil {
			if looksLikePath(text) {
				return corpus.Report{}, &corpus.Problem{Place: corpus.Place{Path: text}, What: "no such file",
					Do: "check the path, or pipe the text: echo TEXT | radlabel explain -"}
			}
			return corpus.Report{ID: "text", Text: text}, nil
		}
	}
	reader, err := r.open(ctx, r.app, args)
	if err != nil {
		return corpus.Report{}, err
	}
	var found []corpus.Report
	for report, err := range reader.Reports(ctx) {
		var problem *corpus.Problem
		switch {
		case errors.As(err, &problem):
			// A warning is of no matter to the report that is asked for; a report
			// that is lost may be the one.
			if problem.Lost {
				fmt.Fprintln(r.stderr, problem)
			}
			continue
		case err != nil:
			return corpus.Report{}, err
		}
		if r.reportID != "" && !r.asked(report) {
			continue
		}
		found = append(found, report)
		if r.reportID != "" {
			break
		}
		if len(found) == 2 {
			return corpus.Report{}, usagef("%s holds more than one report; pick one with --id", args[0])
		}
	}
	if len(found) == 0 {
		where := strings.Join(args, ", ")
		if r.reportID != "" {
			return corpus.Report{}, fmt.Errorf("%s: no report with the id %q; check the id, or list the ids with radlabel sections", where, r.reportID)
		}
		return corpus.Report{}, fmt.Errorf("%s: no report in it; check the file", where)
	}
	return found[0], nil
}

// asked reports whether a report is the one of --id. A study of MIMIC-CXR may be
// named as its file is, s50414267.
func (r *explainRun) asked(report corpus.Report) bool {
	study := strings.TrimPrefix(r.reportID, "s")
	return report.ID == r.reportID || report.Study != "" && (report.Study == r.reportID || report.Study == study)
}

// looksLikePath tells a mistyped file name from a text.
func looksLikePath(s string) bool {
	return !strings.ContainsAny(s, " \n\t") && (strings.ContainsRune(s, filepath.Separator) || len(filepath.Ext(s)) > 1)
}
