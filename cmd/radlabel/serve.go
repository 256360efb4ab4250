package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/radlabel/radlabel/internal/serve"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

type serveRun struct {
	*app
	labelFlags
	corpusFlags
	addr                 string
	cert, key            string
	tokenFile, usersFile string
	maxRequest           size
	maxRequests          int
	timeout              time.Duration
}

func (a *app) serveCommand() *cobra.Command {
	r := &serveRun{app: a, maxRequest: serve.DefaultRequest}
	cmd := &cobra.Command{
		Use:   "serve [--index DIR] [--gold GOLD (--pred LABELS | INPUT...)]",
		Short: "Label, search and review reports in the browser, and label by HTTP",
		Long: `Serve answers at http://127.0.0.1:8620/ with pages for a browser, and below /api/v1
with labels for other programs; /api/v1/openapi.json describes it. Ctrl-C ends it
once what is under way is answered.

--index adds the search of an index, --gold the errors of labels as validate finds
them, each to be judged: verdicts go to --verdicts, which validate --adjudicated
reads. Changed rules are tried on these reports; those of --rules can be saved.

Only this machine reaches it unless --addr says otherwise, and then it wants
--tls-cert and --tls-key and a secret: a token, or users with passwords. They come
from files, or the token from RADLABEL_TOKEN: a command line can be read by others.
Texts of reports are neither logged nor kept.`,
		Example: `  radlabel serve
  radlabel serve --index idx --gold gold.csv --pred labels.jsonl --verdicts verdicts.jsonl
  radlabel serve --rules my-rules --addr 127.0.0.1:9000
  radlabel serve --addr :8620 --tls-cert cert.pem --tls-key key.pem --token-file token`,
		Args: func(_ *cobra.Command, args []string) error { return r.corpusFlags.check(args) },
		RunE: action(r.run),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.addr, "addr", "127.0.0.1:8620", "`address` to answer at; port 0 takes one that is free")
	flags.StringVar(&r.cert, "tls-cert", "", "`file` of the certificate, PEM")
	flags.StringVar(&r.key, "tls-key", "", "`file` of the certificate's key, PEM")
	flags.StringVar(&r.tokenFile, "token-file", "", "`file` of the token that programs send and browsers ask for as a password")
	flags.StringVar(&r.usersFile, "users", "", "`file` of users and the hashes of their passwords, as htpasswd -B writes it")
	flags.Var(&r.maxRequest, "max-request", "`size` of the largest request, and of a line of a stream")
	flags.IntVar(&r.maxRequests, "max-requests", serve.DefaultRequests, "`number` of requests under way; more are told to come again")
	flags.DurationVar(&r.timeout, "timeout", serve.DefaultTimeout, "`time` to read a request, and to answer it; of a stream, for what is next")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	r.labelFlags.add(cmd)
	r.corpusFlags.add(cmd)
	return cmd
}

func (r *serveRun) run(ctx context.Context, inputs []string) error {
	if r.maxRequests <= 0 || r.timeout <= 0 {
		return usagef("--max-requests and --timeout: want more than nothing")
	}
	opts := serve.Options{Section: r.section, Version: version(),
		Limits: serve.Limits{Request: int64(r.maxRequest), Requests: r.maxRequests, Timeout: r.timeout}}
	var err error
	if opts.Access, err = r.access(); err != nil {
		return err
	}
	if opts.Labelers, err = r.labelers(); err != nil {
		return err
	}
	end, err := r.corpus(ctx, &opts, inputs)
	defer end()
	if err != nil {
		return err
	}
	opts.RuleFolder = r.folder
	s, err := serve.New(opts)
	if err != nil {
		return err
	}
	l, err := s.Listen(r.addr)
	if wrong := (*serve.WrongAddress)(nil); errors.As(err, &wrong) {
		return usagef("--addr %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "radlabel: open %s in a browser; Ctrl-C ends it\n", s.URL(l))
	return s.Serve(ctx, l)
}

// access loads the certificate and the secrets.
func (r *serveRun) access() (access serve.Access, err error) {
	if r.cert != "" {
		if err := access.LoadCertificate(r.cert, r.key); err != nil {
			return access, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", r.cert, r.key, err)
		}
	}
	switch token := os.Getenv("RADLABEL_TOKEN"); {
	case r.tokenFile != "":
		access.Token, err = serve.LoadToken(r.tokenFile)
	case token != "":
		if access.Token, err = serve.ParseToken(token); err != nil {
			err = fmt.Errorf("RADLABEL_TOKEN: %w", err)
		}
	}
	if err == nil && r.usersFile != "" {
		access.Users, err = serve.LoadUsers(r.usersFile)
	}
	return access, err
}

// labelers are the one of the flags and, beside it, those of the embedded rule sets.
func (r *serveRun) labelers() ([]*labeler.Labeler, error) {
	first, opts, err := r.labeler()
	if err != nil {
		return nil, err
	}
	all := []*labeler.Labeler{first}
	for _, name := range rules.Names() {
		known := func(l *labeler.Labeler) bool { return l.Rules().Name == name }
		if slices.ContainsFunc(all, known) {
			continue
		}
		if opts.Rules, err = rules.Embedded(name); err != nil {
			return nil, err
		}
		other, err := labeler.New(opts)
		if err != nil {
			return nil, err
		}
		all = append(all, other)
	}
	return all, nil
}
