package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/searchtext"
	"github.com/radlabel/radlabel/rules"
)

type searchRun struct {
	*app
	dir                         string
	limit, offset, context      int
	sort, match                 string
	count, ids, json, csv, full bool
	facets                      bool
	interactive                 bool
	colours                     string
}

func (a *app) searchCommand() *cobra.Command {
	r := &searchRun{app: a}
	cmd := &cobra.Command{
		Use:   "search [QUERY] --index DIR",
		Short: "Search an index by words and by what reports assert",
		Long: `Search finds the reports of an index (radlabel index) that a query holds for, and
shows for each its labels and the sentence that shows best why.

  effusion tube            both words, in any form, anywhere in the report
  "no pleural effusion"    these words, one after the other, in one sentence
  effusion -tube           NOT; also OR, AND and parentheses
  pneumo*  efusion~        words like a pattern; words one edit away (~2: two)
  pneumothorax:positive    the label of the report; also uncertain, negative,
                           mentioned, unmentioned
  impression:edema         a word, phrase or pattern in a section
  same-sentence(...)       one sentence for which all of it holds; there
                           pneumothorax:positive is what the sentence says
  section: rule: cue: id: subject: study: split: view: date:

radlabel index stats lists the fields and values of an index. A query that begins
with - stands behind --. This prints text of reports.

At a terminal, without a query or with -i, the hits are seen while the query is
typed, and open as reports; F1 shows the keys.`,
		Example: `  radlabel search --index idx 'pneumothorax:positive "chest tube"'
  radlabel search --index idx 'same-sentence(no pneumothorax:positive)' --context 1
  radlabel search --index idx edema:uncertain --ids | radlabel label reports.zip --ids - -o some.csv`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errors.New("more than one argument; put the query in quotes")
			}
			if err := r.settleInteractive(cmd, len(args) > 0); err != nil {
				return err
			}
			return needIndex(r.dir)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.interactive {
				return action(r.browse)(cmd, args)
			}
			if !cmd.Flags().Changed("limit") && (r.ids || r.csv) {
				r.limit = 0
			}
			return action(r.run)(cmd, args)
		},
	}
	r.flags(cmd)
	return cmd
}

func (r *searchRun) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.dir, "index", "", "`folder` of the index")
	flags.IntVar(&r.limit, "limit", 10, "most `reports` shown; 0 is all, as it is with --ids and --csv unless this is given")
	flags.IntVar(&r.offset, "offset", 0, "`reports` to pass over first")
	flags.StringVar(&r.sort, "sort", "relevance", "`order`: "+strings.Join(index.Sorts(), ", ")+"; - before it turns it round")
	flags.StringVar(&r.match, "match", "synonyms", "what a word finds: `synonyms` and all its forms, its forms (stems), or itself alone (exact)")
	flags.IntVar(&r.context, "context", 0, "`sentences` shown before and after the one found")
	flags.BoolVar(&r.count, "count", false, "print the number of reports alone")
	flags.BoolVar(&r.ids, "ids", false, "print ids alone, one a line")
	flags.BoolVar(&r.json, "json", false, "print a JSON object")
	flags.BoolVar(&r.csv, "csv", false, "print a CSV of ids, labels and sentences")
	flags.BoolVar(&r.full, "full", false, "print whole reports")
	flags.BoolVar(&r.facets, "facets", false, "count the reports found by observation and assertion, section, split and view")
	flags.BoolVarP(&r.interactive, "interactive", "i", false, "type the query at the terminal, and see its hits meanwhile; so too without a query")
	flags.StringVar(&r.colours, "color", "auto", "`when` to colour the text: auto, always, never")
	cmd.MarkFlagsMutuallyExclusive("count", "ids", "json", "csv")
	for _, list := range listFlags() {
		cmd.MarkFlagsMutuallyExclusive("interactive", list)
	}
	for _, more := range []string{"full", "facets"} {
		cmd.MarkFlagsMutuallyExclusive("count", "ids", "csv", more)
	}
	offerFolders(cmd, "index")
	offer(cmd, "sort", index.Sorts)
	offer(cmd, "match", matches)
	offer(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
}

func matches() []string { return []string{"synonyms", "stems", "exact"} }

// matchOf is what --match names.
func matchOf(name string) (index.Match, error) {
	match := slices.Index(matches(), name)
	if match < 0 {
		return 0, usagef("--match %q is not known; use %s", name, strings.Join(matches(), ", "))
	}
	return index.Match(match), nil
}

// options are those of the flags.
func (r *searchRun) options() (index.Options, error) {
	opts := index.Options{Limit: r.limit, Offset: r.offset, Sort: r.sort, Facets: r.facets, Context: r.context, IDsOnly: r.ids, Full: r.full}
	var err error
	if opts.Match, err = matchOf(r.match); err != nil {
		return opts, err
	}
	if !slices.Contains(index.Sorts(), strings.TrimPrefix(r.sort, "-")) {
		return opts, usagef("--sort %q is not known; use %s", r.sort, strings.Join(index.Sorts(), ", "))
	}
	for flag, n := range map[string]int{"limit": r.limit, "offset": r.offset, "context": r.context} {
		if n < 0 {
			return opts, usagef("--%s %d: want a number from 0", flag, n)
		}
	}
	if opts.Limit == 0 {
		opts.Limit = -1
	}
	if r.count {
		opts.Limit = 0
	}
	return opts, nil
}

// open reads the options and opens the index.
func (r *searchRun) open(ctx context.Context) (index.Options, *index.Index, error) {
	opts, err := r.options()
	if err != nil {
		return opts, nil, err
	}
	x, err := index.Open(ctx, r.dir)
	if err != nil {
		return opts, nil, err
	}
	r.noteOrigin(x)
	return opts, x, nil
}

func (r *searchRun) run(ctx context.Context, args []string) error {
	colour, err := r.colour(r.colours)
	if err != nil {
		return err
	}
	opts, x, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer x.Close()
	q, err := x.Parse(args[0])
	if err != nil {
		return failure{exitUsage, err}
	}
	out := bufio.NewWriter(r.stdout)
	if err := r.write(ctx, out, search{x, q, opts, colour}); err != nil {
		var wrong *index.QueryError
		if errors.As(err, &wrong) {
			return failure{exitUsage, err}
		}
		return err
	}
	return out.Flush()
}

// search is a query of an index, and how its hits are wanted.
type search struct {
	index   *index.Index
	query   index.Query
	options index.Options
	colour  bool
}

func (s search) each(ctx context.Context, do func(index.Hit) error) error {
	for h, err := range s.index.Hits(ctx, s.query, s.options) {
		if err != nil {
			return err
		}
		if err := do(h); err != nil {
			return err
		}
	}
	return nil
}

func (r *searchRun) write(ctx context.Context, w io.Writer, s search) error {
	switch {
	case r.ids:
		return s.each(ctx, func(h index.Hit) error {
			_, err := fmt.Fprintln(w, searchtext.ID(h))
			return err
		})
	case r.csv:
		t, err := searchtext.NewTable(w, s.index.Observations(), s.index.HasSubjects())
		if err != nil {
			return err
		}
		if err := s.each(ctx, t.Write); err != nil {
			return err
		}
		return t.Close()
	}
	found, err := s.index.Search(ctx, s.query, s.options)
	switch {
	case err != nil:
		return err
	case r.count:
		_, err := fmt.Fprintln(w, found.Total)
		return err
	case r.json:
		return r.object(w, s, found)
	}
	return r.list(w, s, found)
}

// object writes a JSON object.
func (r *searchRun) object(w io.Writer, s search, found index.Results) error {
	o := searchtext.Object{Query: s.query.String(), Total: found.Total, Hits: []searchtext.HitObject{}, Facets: searchtext.OfFacets(found.Facets, s.index.Observations())}
	for i, h := range found.Hits {
		hit := searchtext.OfHit(h, s.index.Observations())
		if r.full {
			hit.Text = found.Documents[i].Text
		}
		o.Hits = append(o.Hits, hit)
	}
	return searchtext.JSON(w, o)
}

// list writes what a person reads.
func (r *searchRun) list(w io.Writer, s search, found index.Results) error {
	style := searchtext.Style{Colour: s.colour, Observations: s.index.Observations()}
	shown := columns.Count(found.Total, "report")
	if n := len(found.Hits); n < found.Total {
		shown += fmt.Sprintf(", %d shown", n)
	}
	if _, err := fmt.Fprintln(w, shown); err != nil {
		return err
	}
	if found.Facets != nil {
		fmt.Fprintln(w)
		if err := searchtext.Facets(w, found.Facets, style.Observations); err != nil {
			return err
		}
	}
	if len(found.Hits) > 0 {
		fmt.Fprintln(w)
	}
	if !r.full {
		return searchtext.Hits(w, found.Hits, r.offset, style)
	}
	for i, d := range found.Documents {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := searchtext.Document(w, d, style); err != nil {
			return err
		}
	}
	return nil
}

// noteOrigin tells where the index is of another version of the program or of the
// rule set than this one would make.
func (r *searchRun) noteOrigin(x *index.Index) {
	if x.Version() == version() && version() != unversioned {
		return
	}
	origin := x.Origin()
	set, err := rules.Embedded(origin.RuleSet)
	switch {
	case err == nil && set.Digest != origin.Digest:
		fmt.Fprintf(r.stderr, "%s: made with other rules (%s %.12s) than this program's (%.12s); radlabel index --update labels again\n",
			r.dir, origin.RuleSet, origin.Digest, set.Digest)
	case x.Version() != version():
		fmt.Fprintf(r.stderr, "%s: made by radlabel %s, and this is %s; the labels are of the same rules\n", r.dir, x.Version(), version())
	}
}
