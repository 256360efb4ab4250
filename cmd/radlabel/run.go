package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/radlabel/radlabel/internal/nearest"
	"github.com/radlabel/radlabel/internal/output"
)

// The exit codes. They are promises to scripts.
const (
	exitDone        = 0
	exitCheck       = 1   // a check failed
	exitUsage       = 2   // wrong usage
	exitIO          = 3   // some input was not read, or some output not written
	exitInterrupted = 130 // Ctrl-C, as a shell reports it
)

// failure is an error with its exit code. Without an error inside, all has
// been said already.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

// usagef is an error of wrong usage.
func usagef(format string, args ...any) error {
	return failure{exitUsage, fmt.Errorf(format, args...)}
}

// app is what every command works with.
type app struct {
	args           []string // as given
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       *os.File // stderr, where it is a terminal; else nil
	out            string   // name of the output that was begun; "-" is stdout
	done           bool     // it is whole: nothing interrupts it any more
	misnamed       error    // of help that was asked for a command that there is not
}

// run is the whole program but for the process around it: it returns the exit
// code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{args: args, stdin: newInterruptible(ctx, stdin), stdout: &standardOutput{Writer: stdout}, stderr: quietPipe{stderr}}
	if isTerminal(stderr) {
		a.terminal = stderr.(*os.File)
	}
	root := a.root()
	root.SetArgs(args)
	return a.execute(ctx, root)
}

// execute runs the command that the arguments name, says what went wrong, and
// gives the exit code.
func (a *app) execute(ctx context.Context, root *cobra.Command) int {
	command, err := root.ExecuteContextC(ctx)
	err = cmp.Or(err, a.misnamed)
	var f failure
	if out, ok := a.stdout.(*standardOutput); ok && out.err != nil && !errors.As(err, &f) {
		err = failure{exitIO, out.err}
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, syscall.EPIPE) && !(errors.As(err, &f) && f.code == exitCheck):
		return exitDone // the reader of the output has seen enough
	case !a.done && (ctx.Err() != nil || errors.Is(err, context.Canceled)): // whatever reading made of it
		fmt.Fprintln(a.stderr, "radlabel: interrupted"+a.interruption())
		return exitInterrupted
	case !errors.As(err, &f): // from cobra, which checks flags and arguments
		f = failure{exitUsage, err}
	}
	switch {
	case f.err == nil:
	case f.code == exitUsage:
		message := strings.TrimRight(f.Error(), "\n")
		fmt.Fprintf(a.stderr, "radlabel: %s\nRun '%s --help' for usage.\n", message, command.CommandPath())
	default:
		fmt.Fprintln(a.stderr, strings.TrimRight(f.Error(), "\n"))
	}
	return f.code
}

// interruption says what there is of the output.
func (a *app) interruption() string {
	switch a.out {
	case "":
		return ""
	case "-":
		return "; what is on standard output is a part"
	default:
		return "; nothing was written under the final name"
	}
}

// standardOutput says of itself what a write that fails says, and keeps it: of
// help and completion, cobra passes the error over or takes it for wrong usage.
type standardOutput struct {
	io.Writer
	err error // the first
}

func (s *standardOutput) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		err = output.NotWritten("standard output", err)
		s.err = cmp.Or(s.err, err)
	}
	return n, err
}

// quietPipe takes messages for as long as someone reads them. That nobody does
// is no reason to stop the work.
type quietPipe struct{ io.Writer }

func (q quietPipe) Write(p []byte) (int, error) {
	if n, err := q.Writer.Write(escaped(p)); err != nil && !errors.Is(err, syscall.EPIPE) {
		return n, err
	}
	return len(p), nil
}

// escaped shows what would steer a terminal, and what is not UTF-8, as Go writes
// it in strings: messages name files, columns and ids, which may be anything.
func escaped(p []byte) []byte {
	steers := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if utf8.Valid(p) && !bytes.ContainsFunc(p, steers) {
		return p
	}
	out := make([]byte, 0, len(p)+16)
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, p[0])
		case steers(r):
			quoted := strconv.QuoteRune(r)
			out = append(out, quoted[1:len(quoted)-1]...)
		default:
			out = append(out, p[:n]...)
		}
		p = p[n:]
	}
	return out
}

// action adapts a command's work: whatever fails while working is a failure of
// input or output unless it says otherwise. Errors from outside of an action
// are cobra's, of wrong usage.
func action(work func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := work(cmd.Context(), args)
		var f failure
		if err == nil || errors.As(err, &f) {
			return err
		}
		return failure{exitIO, err}
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "radlabel",
		Short: "Label chest X-ray reports, with the evidence for every label",
		Long: `Radlabel reads radiology reports of the chest and gives each its labels for the
14 CheXpert observations, with the rule, the cue and the sentence that each label
rests on. Everything works offline; nothing is sent anywhere. Only dataset obtain
uses the network, to download; serve answers this machine alone unless told
otherwise.

Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 some input could not be
read or some output not written, 130 interrupted.`,
		Example: `  radlabel label mimic-cxr-reports.zip -o labels.csv
  radlabel explain "No pleural effusion. Possible edema."`,
		SilenceErrors: true,
		SilenceUsage:  true,

		DisableFlagsInUseLine: true,
		Args:                  unknownCommand,
		RunE:                  needCommand,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.labelCommand(),
		a.mergeCommand(),
		a.explainCommand(),
		a.sectionsCommand(),
		a.rulesCommand(),
		a.validateCommand(),
		a.diffCommand(),
		a.indexCommand(),
		a.searchCommand(),
		a.exportCommand(),
		a.serveCommand(),
		a.datasetCommand(),
		a.chexpertCommand(),
		a.versionCommand(),
		a.manCommand(),
	)
	a.refuseHelp(root)
	return root
}

// refuseHelp makes wrong usage of asking help for a command that there is not.
// Cobra gives that of the command above.
func (a *app) refuseHelp(root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if a.misnamed = misnamed(cmd, cmd.Flags().Args()); a.misnamed == nil {
			help(cmd, args)
		}
	})
	root.InitDefaultHelpCmd()
	if command, _, err := root.Find([]string{"help"}); err == nil {
		command.Args = func(_ *cobra.Command, args []string) error {
			of, rest, err := root.Find(args)
			return cmp.Or(err, misnamed(of, rest), unknownCommand(of, rest))
		}
	}
}

// misnamed is the error of arguments of a command that only has commands below
// it, where they name none of these. One whose usage has arguments (index) takes
// inputs beside the commands.
func misnamed(cmd *cobra.Command, args []string) error {
	if !cmd.HasSubCommands() || cmd.Use != cmd.Name() {
		return nil
	}
	return cmd.ValidateArgs(args)
}

// unknownCommand refuses arguments of a command that only has commands below
// it, and names the one that may have been meant.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	var names []string
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	if near := nearest.Name(args[0], names); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(message)
}

func needCommand(cmd *cobra.Command, _ []string) error {
	fmt.Fprint(cmd.ErrOrStderr(), cmd.UsageString())
	return failure{code: exitUsage}
}

// flagError adds the nearest flag to the error of an unknown one. Before the
// flag, the command may be unknown.
func flagError(cmd *cobra.Command, err error) error {
	if wrong := misnamed(cmd, cmd.Flags().Args()); wrong != nil {
		return wrong
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := nearest.Name(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool { return terminalOf(stream) != nil }

// terminalOf is the terminal that a stream is; nil where it is none.
func terminalOf(stream any) *os.File {
	switch s := stream.(type) {
	case *standardOutput:
		stream = s.Writer
	case *interruptible:
		stream = s.in
	}
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// colour decides whether to colour what goes to standard output.
func (a *app) colour(when string) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return isTerminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", nil
	}
	return false, usagef("--color %q: want auto, always or never", when)
}

// inputs asks for at least one input.
func inputs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no input; give a file, a folder, or - for standard input")
	}
	return nil
}
