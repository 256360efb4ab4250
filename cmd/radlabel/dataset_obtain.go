package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/obtain"
)

type obtainRun struct {
	*app
	access    obtain.Access
	from      string
	dir       string
	checksums string
	quiet     bool
	refused   []string // hosts that refused the credentials
}

// obtainCommand says how a dataset is had, and downloads files of it.
func (a *app) obtainCommand(d *dataset.Dataset) *cobra.Command {
	r := &obtainRun{app: a, access: obtain.AccessTo(d)}
	cmd := &cobra.Command{
		Use:   "obtain [FILE...]",
		Short: "Say how the dataset is had, or download files of it",
		Long: `Obtain without files prints how the dataset is had: what to register for and sign,
where it is published, its files, and what to cite.

With names of files it downloads them, into folders of the same names below --dir.
A download that breaks is tried again; one that was interrupted goes on where it
was, from FILE.part, when the command is given again. A file gets its name when it
is whole and its checksum right. Files that are there already are left alone.

The address is --from, or the environment's RADLABEL_FROM, or the publisher's. Names
are joined to it; the link of one file may be given as it is. gs://BUCKET/FOLDER and
s3://BUCKET/FOLDER are read where they are public, by https. A link with a query (?...)
is signed, a secret: it goes into RADLABEL_FROM, since process lists show flags.

Name and password are the environment's RADLABEL_USER and RADLABEL_PASSWORD, or the
host's in the netrc file that NETRC names, or in ~/.netrc. RADLABEL_HEADERS are lines
such as "Authorization: Bearer TOKEN", which goes before name and password. All this
goes to the address's host alone, and not over plain http, except to this machine;
name and password do not go to buckets.

This is the one command that uses the network.`,
		Example: "  radlabel dataset " + d.Name + " obtain\n  " + r.access.Example,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return r.access.Files(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.from, "from", "", "`address` that names of files are joined to")
	flags.StringVar(&r.dir, "dir", ".", "`folder` to download into")
	flags.StringVar(&r.checksums, "checksums", "", "`file` of sha256 checksums, here or, where there is none, at the address")
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "no progress or notes: errors alone")
	offerFolders(cmd, "dir")
	return cmd
}

func (r *obtainRun) run(ctx context.Context, files []string) error {
	if len(files) == 0 {
		if r.from != "" || r.checksums != "" || r.dir != "." {
			return usagef("no file to download; radlabel dataset %s obtain lists them", r.access.Dataset.Name)
		}
		_, err := io.WriteString(r.stdout, r.access.Text())
		return err
	}
	groups, err := r.groups(files)
	if err != nil {
		return err
	}
	failed := 0
	for _, g := range groups {
		lost, err := r.download(ctx, g)
		if err != nil {
			return err
		}
		failed += lost
	}
	if failed > 0 {
		return failure{exitIO, fmt.Errorf("radlabel: %s of %s could not be had", columns.Thousands(failed), columns.Count(len(files), "file"))}
	}
	return nil
}

// group is files from one address.
type group struct {
	base  *url.URL
	files []string
}

// groups sorts the files by address. All errors are of usage.
func (r *obtainRun) groups(files []string) (groups []*group, err error) {
	from, flag := r.from, "--from"
	if from == "" {
		from, flag = os.Getenv("RADLABEL_FROM"), "RADLABEL_FROM"
	}
	by := map[string]*group{}
	for _, file := range files {
		if err := obtain.CheckName(file); err != nil {
			return nil, failure{exitUsage, err}
		}
		address := cmp.Or(from, r.access.Base(file))
		switch {
		case address != "":
		case r.access.Public():
			return nil, usagef("%s is not known as a file of %s; check the name, or give --from with the address", file, r.access.Dataset.Name)
		default:
			return nil, usagef("%s has no public address; give --from, or RADLABEL_FROM for a signed link: radlabel dataset %[1]s obtain says how to get one", r.access.Dataset.Name)
		}
		g := by[address]
		if g == nil {
			base, err := obtain.ParseBase(address)
			switch {
			case err != nil:
				return nil, usagef("the address of %s %w", flag, err)
			case r.from != "" && base.RawQuery != "":
				return nil, usagef("the address of --from has a query, which is how links are signed, and process lists show flags; set RADLABEL_FROM instead")
			}
			g = &group{base: base}
			by[address] = g
			groups = append(groups, g)
		}
		g.files = append(g.files, file)
	}
	return groups, nil
}

// download gets the files of a group, and counts those that could not be had. A
// host that refused the credentials is not asked again. An error ends the work.
func (r *obtainRun) download(ctx context.Context, g *group) (failed int, err error) {
	if slices.Contains(r.refused, g.base.Host) {
		return len(g.files), nil
	}
	credentials, err := obtain.LoadCredentials(g.base.Hostname(), os.Getenv)
	if err != nil {
		return 0, err
	}
	show := &transfers{app: r.app, quiet: r.quiet}
	get := &obtain.Getter{Base: g.base, Dir: r.dir, Credentials: credentials, Transport: obtain.NewTransport(), Note: show.note, Progress: show.progress}
	defer show.hide()
	if get.Sums, err = r.sums(ctx, *get, g.files); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		show.say(err.Error())
		r.remember(g, err)
		return len(g.files), nil
	}
	for i, file := range g.files {
		err := get.Get(ctx, file)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			r.interruptedAt(file)
			return failed, ctx.Err()
		default:
			failed++
			show.say(err.Error())
		}
		if r.remember(g, err) {
			return failed + len(g.files) - i - 1, nil
		}
	}
	return failed, nil
}

// remember reports whether the host of a group refused the credentials.
func (r *obtainRun) remember(g *group, err error) bool {
	refused := errors.Is(err, obtain.ErrRefused)
	if refused {
		r.refused = append(r.refused, g.base.Host)
	}
	return refused
}

// interruptedAt says where an interrupted download goes on.
func (r *obtainRun) interruptedAt(file string) {
	if _, err := os.Stat(filepath.Join(r.dir, filepath.FromSlash(file)+".part")); err == nil {
		fmt.Fprintf(r.stderr, "%s.part has what came of it; give the command again to go on\n", file)
	}
}

// sums reads the checksums of files: from the file here, else from the one at
// the address, which is not kept.
func (r *obtainRun) sums(ctx context.Context, get obtain.Getter, files []string) (obtain.Sums, error) {
	if r.checksums == "" {
		return nil, nil
	}
	name := r.checksums
	if _, err := os.Stat(name); err != nil {
		switch err := obtain.CheckName(name); {
		case strings.Contains(name, "://"): // and perhaps a secret
			return nil, fmt.Errorf("--checksums: %w", err)
		case err != nil:
			return nil, fmt.Errorf("%s: no such file; check the path of --checksums", name)
		}
		if get.Dir, err = os.MkdirTemp("", "radlabel-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(get.Dir)
		get.Note = nil
		if err := get.Get(ctx, name); err != nil {
			return nil, err
		}
		name = filepath.Join(get.Dir, filepath.FromSlash(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums, err := obtain.ReadSums(f, files)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", r.checksums, err)
	}
	return sums, nil
}

// transfers tells on stderr how downloads go, on a terminal with a bar.
type transfers struct {
	*app
	quiet     bool
	name      string
	container *mpb.Progress
	bar       *mpb.Bar
	drawn     time.Time
}

func (t *transfers) note(s string) {
	if !t.quiet {
		t.say(s)
	}
}

// say prints a line where the bar was.
func (t *transfers) say(s string) {
	t.hide()
	fmt.Fprintln(t.stderr, s)
}

func (t *transfers) progress(name string, have, size int64) {
	if t.quiet || t.terminal == nil || size > 0 && have >= size {
		return
	}
	if t.bar == nil || t.name != name {
		t.hide()
		t.name = name
		t.container = newContainer(t.terminal)
		start := time.Now() // have is no part of the rate: it may be of an earlier run
		rate := func(s decor.Statistics) string {
			return fmt.Sprintf(", % .1f/s", decor.SizeB1000(float64(s.Current-have)/time.Since(start).Seconds()))
		}
		t.bar = t.container.AddBar(max(size, 0), mpb.PrependDecorators(decor.Name(path.Base(name)+" ")), mpb.BarWidth(40),
			mpb.AppendDecorators(decor.Counters(decor.SizeB1000(0), " % .1f of % .1f"), decor.Any(rate)))
	}
	if time.Since(t.drawn) >= redraw {
		t.drawn = time.Now()
		t.bar.SetCurrent(have)
	}
}

// hide takes the bar away.
func (t *transfers) hide() {
	if t.bar != nil {
		t.bar.Abort(true)
		t.container.Wait()
		t.bar, t.container = nil, nil
	}
}
