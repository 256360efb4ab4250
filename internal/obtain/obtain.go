// Package obtain downloads the files of datasets, with the user's own
// credentials where they need them. It is the one package of the project that
// opens a socket.
//
// A Getter has the address and the folder; Get brings one file. What came so
// far stands in NAME.part, what it is a part of in NAME.part.json, and the file
// appears under its name when it is whole and right. Text and Place tell how a
// dataset is had.
package obtain

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
)

const (
	defaultAttempts = 6                // in a row without progress
	defaultStall    = time.Minute      // without a byte
	longestWait     = 2 * time.Minute  // that a server may ask for
	longestBackoff  = 30 * time.Second // that is chosen here
	progress        = 1 << 20          // bytes that make an attempt one that got on
)

// ErrRefused is in the error of a server that asks for other credentials. There
// is no use in asking it for another file.
var ErrRefused = errors.New("refused")

// Getter downloads files from one address into one folder. The zero values of
// all fields but Base and Dir are of use. It is for one goroutine.
type Getter struct {
	Base        *url.URL // by ParseBase; its query goes with every request, and with it no credentials
	Dir         string   // made where it is not there
	Sums        Sums     // checksums by name; nil holds files against none
	Credentials Credentials
	Transport   http.RoundTripper // nil is NewTransport's

	Attempts int           // in a row that bring nothing; 0 is 6
	Stall    time.Duration // without a byte that breaks a connection; 0 is a minute
	Sleep    func(ctx context.Context, d time.Duration) error

	Progress func(name string, have, size int64) // bytes; size is -1 where it is not known
	Note     func(note string)                   // what a person wants to know: resumed, tried again, done

	disk func(io.Writer) io.Writer // between the connection and the file; for tests
}

// NewTransport gives a transport that waits for connections and answers, but not
// for ever. How long a file takes has no limit.
func NewTransport() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	transport.DisableCompression = true // bytes as they are there
	return transport
}

// CheckName refuses names of files that would not be written below a folder.
func CheckName(name string) error {
	if strings.Contains(name, "://") { // and perhaps a secret
		return errors.New("a name of a file is wanted, not an address; give that by --from, or, where it is a signed link, by RADLABEL_FROM")
	}
	if name == "." || !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%q is no name of a file below the folder; give it as the dataset does, without any .. in it", name)
	}
	return nil
}

// Get brings one file, by its name below Base, to the same name below Dir. A
// file that is there already is left alone: with a checksum it is checked, and
// it is an error if it is not the one. On an error what came stays in NAME.part,
// for the next call to go on from, unless its checksum is wrong. The error says
// what to do; it is that of ctx when that was cancelled, and is ErrRefused for
// credentials that are missing or wrong.
func (g *Getter) Get(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	sum, err := g.Sums.of(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(g.Dir, 0o700); err != nil {
		return output.NotWritten(g.Dir, err)
	}
	root, err := os.OpenRoot(g.Dir)
	if err != nil {
		return output.NotWritten(g.Dir, err)
	}
	defer root.Close()

	if there, err := g.there(ctx, root, name, sum); there || err != nil {
		return err
	}
	p, err := openPart(root, name)
	if err != nil {
		return err
	}
	defer p.close()
	if err := g.fill(ctx, p); err != nil {
		return err
	}
	if sum != "" {
		got, err := hash(ctx, root, p.temporary())
		if err != nil {
			return err
		}
		if got != sum {
			p.remove()
			return fmt.Errorf("%s: the checksum is wrong: sha256 %.12s..., want %.12s...; what came is removed, since nothing can go on from it: run again, and check that the checksums are of the same version", name, got, sum)
		}
	}
	if err := p.commit(); err != nil {
		return err
	}
	g.note("%s: %s, %s", name, columns.Count(int(p.have), "byte"), checked(sum))
	return nil
}

func checked(sum string) string {
	if sum == "" {
		return "held against no checksum"
	}
	return "checksum right"
}

// there reports whether the file is there already and right.
func (g *Getter) there(ctx context.Context, root *os.Root, name, sum string) (bool, error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, output.NotWritten(name, err)
	case info.IsDir():
		return false, fmt.Errorf("%s: is a folder; name a file in it", name)
	}
	if sum != "" {
		got, err := hash(ctx, root, name)
		if err != nil {
			return false, err
		}
		if got != sum {
			return false, fmt.Errorf("%s: is there already with another checksum: sha256 %.12s..., want %.12s...; move it away to download it", name, got, sum)
		}
	}
	g.note("%s: is there already, %s", name, checked(sum))
	return true, nil
}

// hash gives the sha256 of a file.
func hash(ctx context.Context, root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", fmt.Errorf("%s: cannot be read: %w; check its permissions", name, errors.Unwrap(err))
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err == io.EOF:
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", fmt.Errorf("%s: cannot be read: %w; check the disk", name, errors.Unwrap(err))
		}
	}
}

// fill asks until the part is whole. Attempts that get on do not count: a large
// file may take many connections.
func (g *Getter) fill(ctx context.Context, p *part) error {
	attempts := cmp.Or(g.Attempts, defaultAttempts)
	best, failed := p.have, 0
	for {
		err := g.attempt(ctx, p)
		var again *passing
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &again):
			return err
		}
		if p.have >= best+progress {
			best, failed = p.have, 0
		}
		if failed++; failed >= attempts {
			return fmt.Errorf("%s: %w, and so %s in a row; %s", p.name, err, columns.Count(failed, "time"), p.later())
		}
		wait := min(time.Second<<(failed-1), longestBackoff)
		if again.wait > longestWait {
			return fmt.Errorf("%s: %w, and to be asked again in %s; try then; %s", p.name, err, again.wait.Round(time.Second), p.later())
		}
		wait = max(wait, again.wait)
		g.note("%s: %v; trying again in %s", p.name, err, wait)
		if err := g.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// passing is an error that may be gone when asked again.
type passing struct {
	what string
	wait time.Duration // that the server asks for
}

func (p *passing) Error() string { return p.what }

func passingf(format string, args ...any) error { return &passing{what: fmt.Sprintf(format, args...)} }

var errStalled = errors.New("nothing came for a while")

// attempt asks once for what is missing, and reads for as long as it comes.
func (g *Getter) attempt(ctx context.Context, p *part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := cmp.Or(g.Stall, defaultStall)
	watch := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watch.Stop()

	resp, err := g.ask(ctx, p)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if whole, err := g.accept(p, resp); whole || err != nil {
		return err
	}
	var w io.Writer = p
	if g.disk != nil {
		w = g.disk(p)
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buf)
		watch.Reset(stall)
		if _, wrong := w.Write(buf[:n]); wrong != nil {
			return fmt.Errorf("%w; %s", output.NotWritten(p.name, wrong), p.later())
		}
		if g.Progress != nil {
			g.Progress(p.name, p.have, p.state.Size)
		}
		switch {
		case err == io.EOF:
			return p.ended()
		case err != nil:
			return passingf("the connection broke after %s: %v", columns.Count(int(p.have), "byte"), cmp.Or(stalled(ctx), err))
		}
	}
}

func stalled(ctx context.Context) error {
	if context.Cause(ctx) == errStalled {
		return errStalled
	}
	return nil
}

// accept judges an answer. Where it is one to read, the part is ready for its
// body; where it says that nothing is missing, the part is whole.
func (g *Getter) accept(p *part, resp *http.Response) (whole bool, err error) {
	switch {
	case resp.StatusCode == http.StatusOK:
		if err := p.readable(resp, g.Sums != nil); err != nil {
			return false, err
		}
		if p.have > 0 {
			g.note("%s: begins anew: the file changed, or the server cannot go on in the middle of one", p.name)
		}
		return false, p.begin(stateOf(resp))
	case resp.StatusCode == http.StatusPartialContent && p.have > 0:
		if !p.continues(resp) {
			return false, p.restart("the file on the server is another than the part that is here")
		}
		g.note("%s: goes on at byte %s", p.name, columns.Thousands(int(p.have)))
		return false, nil
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && p.have > 0:
		if _, size, ok := contentRange(resp); ok && size == p.have && size == p.state.Size {
			return true, nil
		}
		return false, p.restart("the file on the server is shorter than the part that is here")
	}
	return false, g.status(p, resp)
}

// status is the error of an answer without the file.
func (g *Getter) status(p *part, resp *http.Response) error {
	host := resp.Request.URL.Host
	what := fmt.Sprintf("%s answers %d", host, resp.StatusCode)
	if text := http.StatusText(resp.StatusCode); text != "" {
		what += " (" + text + ")"
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported:
		return &passing{what, retryAfter(resp, time.Now())}
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%s: %s: %w; %s", p.name, what, ErrRefused, g.credentialsAdvice(resp))
	case (code == http.StatusForbidden || code == http.StatusBadRequest) && g.Base.RawQuery == "" && isBucket(resp.Request.URL.Hostname()):
		return fmt.Errorf("%s: %s; %s", p.name, what, bucketAdvice)
	case code == http.StatusForbidden:
		return fmt.Errorf("%s: %s; sign the dataset's agreement with this account, or get a new link: a signed one expires", p.name, what)
	case code == http.StatusNotFound, code == http.StatusGone:
		return fmt.Errorf("%s: %s; check the name, and the address: %s", p.name, what, shown(resp.Request.URL))
	}
	return fmt.Errorf("%s: %s; check the address: %s", p.name, what, shown(resp.Request.URL))
}

// credentialsAdvice says what to do about a 401.
func (g *Getter) credentialsAdvice(resp *http.Response) string {
	switch {
	case g.Credentials.headers.Get("Authorization") != "" && resp.Request.Header.Get("Authorization") != "":
		return "check the Authorization in RADLABEL_HEADERS: tokens expire"
	case resp.Request.Header.Get("Authorization") != "":
		return "check the name and password that " + g.Credentials.From + " has for it"
	case !sameOrigin(resp.Request.URL, g.Base):
		return "it is another host than that of the address, and credentials are not passed on"
	case g.Base.RawQuery != "":
		return "the link does not open it; get a new one"
	case !g.Credentials.Empty():
		return "credentials are not sent over plain http; give an address with https"
	}
	if isBucket(resp.Request.URL.Hostname()) {
		return bucketAdvice
	}
	return "set RADLABEL_USER and RADLABEL_PASSWORD, or put the host into ~/.netrc"
}

const bucketAdvice = "the bucket is not open to all, or its reader pays: set RADLABEL_HEADERS to a token and the project to charge, or RADLABEL_FROM to a signed link"

// shown is an address without what may be secret.
func shown(u *url.URL) string {
	v := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return v.String()
}

// address joins a name to the base. The address of the file itself, as signed
// links are, is taken as it is.
func (g *Getter) address(name string) *url.URL {
	if path.Base(g.Base.Path) == path.Base(name) {
		return g.Base
	}
	elements := strings.Split(name, "/")
	for i, e := range elements {
		elements[i] = url.PathEscape(e)
	}
	return g.Base.JoinPath(elements...)
}

func (g *Getter) note(format string, args ...any) {
	if g.Note != nil {
		g.Note(fmt.Sprintf(format, args...))
	}
}

func (g *Getter) sleep(ctx context.Context, d time.Duration) error {
	if g.Sleep != nil {
		return g.Sleep(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
