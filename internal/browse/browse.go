// Package browse is the search of an index on the screen of a terminal: a query is
// typed, its hits are seen meanwhile, and one of them is opened as a report with
// its marks and reasons.
//
// The story, in order:
//
//	Run       takes the terminal, and gives it back as it was
//	model     what is on the screen, and what each key does to it
//	seeker    asks the index, one question at a time, without holding up the keys
//	explainer a report of the index with its scopes and reasons
//
// All text of reports goes through package page, so that nothing in it steers the
// terminal.
package browse

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
)

// Options say how an index is browsed.
type Options struct {
	In, Out *os.File // a terminal
	Query   string   // to begin with
	Match   index.Match
	Sort    string // one of index.Sorts; "" is "relevance"
	Colour  bool
	Name    string // of the index, for the screen
}

// source is what is browsed: an index.
type source interface {
	Parse(query string) (index.Query, error)
	Search(context.Context, index.Query, index.Options) (index.Results, error)
	Document(ctx context.Context, id string, q index.Query, match index.Match) (index.Document, bool, error)
	Reports() int
	Observations() []corpus.Observation
	Origin() index.Origin
}

// Run shows the index until the user quits or ctx is done; then it tells
// context.Canceled. Whatever ends it, a panic in it too, the terminal is as it was
// before, and nothing reads the index any more.
func Run(ctx context.Context, x *index.Index, opts Options) error { return run(ctx, x, opts) }

func run(ctx context.Context, x source, opts Options) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // besides those of the caller
	defer stop()
	m := newModel(ctx, x, opts)
	defer m.seeker.close()
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(opts.In), tea.WithOutput(opts.Out),
		tea.WithColorProfile(profile(opts.Colour)), tea.WithoutSignalHandler())
	_, err := program.Run()
	switch {
	case errors.Is(err, tea.ErrProgramPanic):
		return errors.New("a fault of the program ended the search; please report what stands above")
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// profile says what the terminal is sent: the sixteen colours that the other
// commands use, or no colour but bold and underlined.
func profile(colour bool) colorprofile.Profile {
	if colour {
		return colorprofile.ANSI
	}
	return colorprofile.ASCII
}
