package obtain

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"

	"github.com/radlabel/radlabel/internal/columns"
	"github.com/radlabel/radlabel/internal/output"
)

// part is a file that is not whole yet: NAME.part, and NAME.part.json beside it
// that says of what it is a part.
type part struct {
	root  *os.Root
	name  string // when whole
	file  *os.File
	state state
	have  int64 // bytes
}

// state is what the server said of the file when the part was begun.
type state struct {
	Size     int64  `json:"size"` // -1 where it did not say
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

func stateOf(resp *http.Response) state {
	return state{resp.ContentLength, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
}

// validator is what tells one version of a file from another, for If-Range: a
// weak tag does not, by the protocol. Without one there is no going on.
func (s state) validator() string {
	if s.ETag != "" && !strings.HasPrefix(s.ETag, "W/") {
		return s.ETag
	}
	return s.Modified
}

// openPart opens the part that is there, or begins one, in mode 0600. A part of
// which nothing is known is begun anew.
func openPart(root *os.Root, name string) (*part, error) {
	p := &part{root: root, name: name, state: state{Size: -1}}
	if folder := path.Dir(name); folder != "." {
		if err := root.MkdirAll(folder, 0o700); err != nil {
			return nil, output.NotWritten(name, err)
		}
	}
	f, err := root.OpenFile(p.temporary(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, output.NotWritten(p.temporary(), err)
	}
	p.file = f
	busy := locked(f)
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("%s: is no plain file; move it away", p.temporary())
	}
	// The other process may have ended since, and what was opened be whole by now.
	if now, err := root.Stat(p.temporary()); busy || err != nil || !os.SameFile(info, now) {
		f.Close()
		return nil, fmt.Errorf("%s: another process is downloading it; wait for that, then run again", name)
	}
	var known state
	if b, err := root.ReadFile(p.about()); err == nil && json.Unmarshal(b, &known) == nil && known.validator() != "" {
		p.state, p.have = known, info.Size()
	}
	if p.have > 0 && p.state.Size >= 0 && p.have > p.state.Size {
		p.have = 0
	}
	return p, nil
}

func (p *part) temporary() string { return p.name + ".part" }
func (p *part) about() string     { return p.name + ".part.json" }

// later says what is left for a later run.
func (p *part) later() string {
	if p.have == 0 || p.state.validator() == "" {
		return "run again later"
	}
	return fmt.Sprintf("run again later: it goes on from %s in %s", columns.Count(int(p.have), "byte"), p.temporary())
}

// Write adds to what came.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.WriteAt(b, p.have)
	p.have += int64(n)
	return n, err
}

// begin forgets what came, for another version of the file.
func (p *part) begin(s state) error {
	p.have, p.state = 0, s
	err := p.file.Truncate(0)
	if err == nil {
		var b []byte
		if b, err = json.Marshal(s); err == nil {
			err = p.root.WriteFile(p.about(), b, 0o600)
		}
	}
	if err != nil {
		return output.NotWritten(p.name, err)
	}
	return nil
}

// restart forgets what came and gives the error that makes it come again.
func (p *part) restart(why string) error {
	if err := p.begin(state{Size: -1}); err != nil {
		return err
	}
	return passingf("%s; it is fetched anew", why)
}

// continues reports whether an answer goes on where the part ends.
func (p *part) continues(resp *http.Response) bool {
	start, size, ok := contentRange(resp)
	now := stateOf(resp)
	return ok && start == p.have &&
		(size < 0 || p.state.Size < 0 || size == p.state.Size) &&
		(now.ETag == "" || now.ETag == p.state.ETag) &&
		(now.Modified == "" || p.state.ETag != "" || now.Modified == p.state.Modified) &&
		p.plain(resp)
}

// readable refuses answers that are not the file.
func (p *part) readable(resp *http.Response, checked bool) error {
	kind := resp.Header.Get("Content-Type")
	ext := strings.ToLower(path.Ext(p.name))
	switch {
	case strings.HasPrefix(kind, "text/html") && ext != ".html" && ext != ".htm":
		return fmt.Errorf("%s: %s answers with a web page, not with the file; check the address, and whether it asks to log in", p.name, resp.Request.URL.Host)
	case !p.plain(resp):
		return fmt.Errorf("%s: %s sends it compressed (%.20q), which it was asked not to; download it in a browser", p.name, resp.Request.URL.Host, encoded(resp))
	case resp.ContentLength < 0 && resp.ProtoMajor < 2 && len(resp.TransferEncoding) == 0 && !checked:
		return fmt.Errorf("%s: %s does not say how long it is, so that a part would pass for the whole; give --checksums", p.name, resp.Request.URL.Host)
	}
	return nil
}

// plain reports whether the bytes of an answer are those of the file: servers call
// a file encoded as well that is compressed where it lies.
func (p *part) plain(resp *http.Response) bool {
	return encoded(resp) == "" || strings.EqualFold(path.Ext(p.name), ".gz")
}

func encoded(resp *http.Response) string {
	if e := resp.Header.Get("Content-Encoding"); !strings.EqualFold(e, "identity") {
		return e
	}
	return ""
}

// ended judges the end of a body.
func (p *part) ended() error {
	switch size := p.state.Size; {
	case size >= 0 && p.have < size:
		return passingf("the answer ended after %s of %s bytes", columns.Thousands(int(p.have)), columns.Thousands(int(size)))
	case size >= 0 && p.have > size:
		return p.restart("more came than the file is long")
	}
	return nil
}

// commit puts the whole file under its name.
func (p *part) commit() error {
	err := p.file.Truncate(p.have)
	if err == nil {
		err = p.file.Sync()
	}
	if err == nil {
		err = p.file.Close()
	}
	if err == nil {
		err = p.root.Rename(p.temporary(), p.name)
	}
	if err != nil {
		return output.NotWritten(p.name, err)
	}
	_ = p.root.Remove(p.about())
	return nil
}

// remove removes what came.
func (p *part) remove() {
	p.file.Close()
	_ = p.root.Remove(p.temporary())
	_ = p.root.Remove(p.about())
}

// close lets go of the file. A part with nothing in it is removed.
func (p *part) close() {
	if p.file.Close() == nil && p.have == 0 {
		p.remove()
	}
}
