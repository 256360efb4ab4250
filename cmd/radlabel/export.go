package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/opensearch"
	"github.com/radlabel/radlabel/internal/output"
)

// exportCommand has a command for each search engine.
func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Put an index into the form of another search engine",
		Long: `Export writes the reports of an index, what they assert, and queries in the form of
a search engine that runs on several machines. It talks to none itself.`,
		Example: `  radlabel export opensearch --index idx --template template.json -o bodies`,
		Args:    unknownCommand,
		RunE:    needCommand,
	}
	cmd.AddCommand(a.opensearchCommand())
	return cmd
}

type opensearchRun struct {
	*app
	dir             string
	folder          string
	template, query string
	name, match     string
	bulk            size
	quiet           bool
}

func (a *app) opensearchCommand() *cobra.Command {
	r := &opensearchRun{app: a}
	cmd := &cobra.Command{
		Use:   "opensearch --index DIR",
		Short: "Write an index as OpenSearch's documents, template and queries",
		Long: `Opensearch writes what an index (radlabel index) holds for OpenSearch 2:

  --output FOLDER   the reports, as bodies for POST /NAME/_bulk; - is one on
                    standard output. This is text of reports
  --template FILE   the body for PUT /_index_template/NAME, before any report is sent
  --query QUERY     on standard output, the body for POST /NAME/_search that finds
                    what radlabel search finds of the query

A body that fails may be sent again: a document takes the place of the one with its
id. A query that begins with - stands behind --query=.`,
		Example: `  radlabel export opensearch --index idx --template template.json -o bodies
  radlabel export opensearch --index idx --query 'pneumothorax:positive "chest tube"'`,
		Args: noInputs(&r.dir),
		RunE: action(func(ctx context.Context, _ []string) error { return r.run(ctx) }),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.dir, "index", "", "`folder` of the index")
	flags.StringVarP(&r.folder, "output", "o", "", "`folder` for the reports; - is standard output")
	flags.StringVar(&r.template, "template", "", "`file` for the index template; - is standard output")
	flags.StringVar(&r.query, "query", "", "print this `query` of radlabel search as one of OpenSearch's")
	flags.StringVar(&r.name, "name", "radlabel", "`name` of the index in OpenSearch, for the template; NAME-... are its indices too")
	flags.StringVar(&r.match, "match", "synonyms", "what a word of the query finds: `synonyms`, stems, exact")
	r.bulk = 16 << 20
	flags.Var(&r.bulk, "bulk-size", "`size` that a body of several reports does not exceed; OpenSearch takes 100MiB")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no summary: errors alone")
	cmd.MarkFlagsMutuallyExclusive("query", "output")
	cmd.MarkFlagsMutuallyExclusive("query", "template")
	offerFolders(cmd, "index")
	offerFolders(cmd, "output")
	offer(cmd, "match", matches)
	return cmd
}

// indexName is what OpenSearch takes for the name of an index.
var indexName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

func (r *opensearchRun) run(ctx context.Context) error {
	match, err := matchOf(r.match)
	switch {
	case err != nil:
		return err
	case !indexName.MatchString(r.name):
		return usagef("--name %q: an index has small letters, digits, and - _ . behind the first of them", r.name)
	case r.template == "-" && r.folder == "-":
		return usagef("the template and the reports cannot both go to standard output; name a file or a folder for one")
	case r.query == "" && r.template == "" && r.folder == "":
		return usagef("nothing to write; give --output FOLDER, --template FILE or --query QUERY")
	}
	x, err := index.Open(ctx, r.dir)
	if err != nil {
		return err
	}
	defer x.Close()
	if err := r.apart(); err != nil {
		return err
	}
	if r.query != "" {
		return r.writeQuery(x, match)
	}
	if r.template != "" {
		if err := r.writeTemplate(x); err != nil {
			return err
		}
	}
	if r.folder == "" {
		return nil
	}
	return r.writeReports(ctx, x)
}

// apart refuses to write into the folder of the index, which is none with other files in it.
func (r *opensearchRun) apart() error {
	dir, err := os.Stat(r.dir)
	if err != nil {
		return err
	}
	for _, out := range []string{r.folder, r.template} {
		if out == "" || out == "-" {
			continue
		}
		for _, folder := range []string{out, filepath.Dir(out)} {
			if info, err := os.Stat(folder); err == nil && os.SameFile(info, dir) {
				return usagef("%s is in the folder of the index, which has to hold nothing else; write to another", out)
			}
		}
	}
	return nil
}

func (r *opensearchRun) writeQuery(x *index.Index, match index.Match) error {
	q, err := x.Parse(r.query)
	if err != nil {
		return failure{exitUsage, err}
	}
	var body bytes.Buffer
	if err := opensearch.Query(&body, x.Condition(q), match); err != nil {
		return failure{exitUsage, err}
	}
	_, err = body.WriteTo(r.stdout)
	return err
}

func (r *opensearchRun) writeTemplate(x *index.Index) error {
	if r.template == "-" {
		return opensearch.Template(r.stdout, x, r.name)
	}
	f, err := output.Create(r.template)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := opensearch.Template(f, x, r.name); err != nil {
		return err
	}
	return f.Commit()
}

// writeReports writes all reports, to standard output or as bodies of a folder.
func (r *opensearchRun) writeReports(ctx context.Context, x *index.Index) error {
	bodies := &bulkFiles{folder: r.folder}
	bulk := opensearch.Bulk{Index: x, Size: int(r.bulk), Next: bodies.next}
	if r.folder == "-" {
		r.out = "-"
		bulk.Size = 0
		bulk.Next = bodies.only(r.stdout)
	} else if err := bodies.begin(); err != nil {
		return err
	}
	defer bodies.abort()
	for d, err := range x.Documents(ctx) {
		if err != nil {
			return err
		}
		if err := bulk.Write(d); err != nil {
			return err
		}
	}
	if err := bodies.end(); err != nil {
		return err
	}
	if !r.quiet {
		fmt.Fprintf(r.stderr, "%s of %s written", columns.Count(x.Reports(), "report"), r.dir)
		if r.folder != "-" {
			fmt.Fprintf(r.stderr, " to %s, %s", r.folder, columns.Count(bodies.count, "file"))
		}
		fmt.Fprintln(r.stderr)
	}
	return nil
}

// bulkFiles are the bodies of a folder. Each appears under its name when it is whole.
type bulkFiles struct {
	folder string
	count  int
	file   *output.File // nil: standard output, or none yet
	buffer *bufio.Writer
}

const bulkPattern = "bulk-*.ndjson"

// begin makes the folder, and refuses one that has bodies: those that are not
// replaced would be sent again.
func (b *bulkFiles) begin() error {
	if err := os.MkdirAll(b.folder, 0o700); err != nil {
		return output.NotWritten(b.folder, err)
	}
	before, err := filepath.Glob(filepath.Join(b.folder, bulkPattern))
	if err == nil && len(before) > 0 {
		err = fmt.Errorf("%s: has %s of an earlier export; name a new folder, or empty this one", b.folder, filepath.Base(before[0]))
	}
	return err
}

func (b *bulkFiles) next() (io.Writer, error) {
	if err := b.end(); err != nil {
		return nil, err
	}
	b.count++
	var err error
	b.file, err = output.Create(filepath.Join(b.folder, fmt.Sprintf("bulk-%06d.ndjson", b.count)))
	if err != nil {
		return nil, err
	}
	b.buffer = bufio.NewWriterSize(b.file, 1<<18)
	return b.buffer, nil
}

// only makes one body of all.
func (b *bulkFiles) only(w io.Writer) func() (io.Writer, error) {
	return func() (io.Writer, error) {
		b.buffer = bufio.NewWriterSize(w, 1<<18)
		return b.buffer, nil
	}
}

// end completes the body that was begun.
func (b *bulkFiles) end() error {
	if b.buffer == nil {
		return nil
	}
	err := b.buffer.Flush()
	if b.file != nil && err == nil {
		err = b.file.Commit()
	}
	if err == nil {
		b.buffer, b.file = nil, nil
	}
	return err
}

// abort removes what has not been completed.
func (b *bulkFiles) abort() {
	if b.file != nil {
		b.file.Abort()
	}
}
