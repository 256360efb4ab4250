package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/labeler"
)

type sectionsRun struct {
	*app
	inputFlags
	labelFlags
	json bool
}

func (a *app) sectionsCommand() *cobra.Command {
	r := &sectionsRun{app: a}
	cmd := &cobra.Command{
		Use:   "sections INPUT...",
		Short: "Show how reports are cut into sections, and which text is labelled",
		Long: `Sections shows the sections of every report: the name, the header as written, the
bytes of the report under it, whether they are labelled, and the first words.
This prints text of reports.`,
		Example: `  radlabel sections s50414267.txt
  radlabel sections --json --section findings,impression reports.csv`,
		Args: inputs,
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.json, "json", false, "an object a report, without text")
	r.inputFlags.add(cmd)
	r.labelFlags.add(cmd)
	return cmd
}

func (r *sectionsRun) run(ctx context.Context, paths []string) error {
	l, _, err := r.labeler()
	if err != nil {
		return err
	}
	reader, err := r.open(ctx, r.app, paths)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(r.stdout)
	lost := 0
	for report, err := range reader.Reports(ctx) {
		var problem *corpus.Problem
		switch {
		case errors.As(err, &problem):
			fmt.Fprintln(r.stderr, problem)
			if problem.Lost {
				lost++
			}
			continue
		case err != nil:
			return err
		}
		rows := sectionRows(l.Label(report))
		if r.json {
			err = writeSectionsJSON(out, report, rows)
		} else {
			err = writeSectionsTable(out, report, rows)
		}
		if err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if lost > 0 {
		return failure{exitIO, fmt.Errorf("radlabel: %s could not be read", columns.Count(lost, "report"))}
	}
	return nil
}

// sectionRow is one section, or one labelled part of the text that is no
// section as a whole.
type sectionRow struct {
	Name     string        `json:"section"`
	Header   string        `json:"header"`
	Span     corpus.Span   `json:"span"`
	Labelled []corpus.Span `json:"labelled"` // what is labelled of it
}

func sectionRows(result labeler.Result) []sectionRow {
	var rows []sectionRow
	placed := make([]bool, len(result.Labelled))
	for _, s := range result.Sections {
		row := sectionRow{Name: s.Name, Header: s.Header.In(result.Report.Text), Span: s.Span, Labelled: []corpus.Span{}}
		for i, part := range result.Labelled {
			if s.Span.Overlaps(part.Span) {
				row.Labelled = append(row.Labelled, part.Span)
				placed[i] = true
			}
		}
		rows = append(rows, row)
	}
	for i, part := range result.Labelled {
		if !placed[i] {
			rows = append(rows, sectionRow{Name: part.Name, Span: part.Span, Labelled: []corpus.Span{part.Span}})
		}
	}
	return rows
}

func writeSectionsJSON(w io.Writer, report corpus.Report, rows []sectionRow) error {
	if rows == nil {
		rows = []sectionRow{}
	}
	line, err := json.Marshal(struct {
		ID       string       `json:"id"`
		Sections []sectionRow `json:"sections"`
	}{report.ID, rows})
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func writeSectionsTable(w io.Writer, report corpus.Report, rows []sectionRow) error {
	t := columns.New("section", "header", "bytes", "labelled", "text")
	for _, row := range rows {
		labelled := "no"
		for i, part := range row.Labelled {
			switch {
			case part == row.Span:
				labelled = "yes"
			case i == 0:
				labelled = bytesOf(part)
			default:
				labelled += ", " + bytesOf(part)
			}
		}
		name := row.Name
		if name == "" {
			name = "(none)"
		}
		t.AppendRow(table.Row{name, firstWords(row.Header, 30), bytesOf(row.Span), labelled, firstWords(row.Span.In(report.Text), 40)})
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n\n", report.ID, t.Render())
	return err
}

func bytesOf(s corpus.Span) string { return fmt.Sprintf("%d-%d", s.Start, s.End) }

// firstWords is the beginning of a text in one line of at most n characters,
// without what a terminal would act on.
func firstWords(text string, n int) string {
	if len(text) > 8*n { // all that n characters can need, even between blanks
		text = strings.ToValidUTF8(text[:8*n], "") + " "
	}
	line := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)), " ")
	if utf8.RuneCountInString(line) <= n {
		return line
	}
	return string([]rune(line)[:n-3]) + "..."
}
