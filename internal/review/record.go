// Package review keeps what a person decided about the errors of a validation:
// each is an error of the rules, an error of gold, or ambiguous. Verdicts go to a
// file as they are given, one a line, and validate reads that file beside gold.
//
// The file is only ever added to. The last verdict on a label counts, those before
// it stay readable. A verdict is on the disk when Save returns, so that a kill
// loses none that was confirmed; what a kill cut short is a last line without an
// end, which was never confirmed and is passed over.
package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/radlabel/radlabel/corpus"
)

// Verdict is whose error a disagreement is.
type Verdict string

// The verdicts. Open takes a verdict back.
const (
	Open      Verdict = ""
	RuleError Verdict = "rule error"
	GoldError Verdict = "gold error"
	Ambiguous Verdict = "ambiguous"
)

// Verdicts are those that a person chooses from, in the order of their keys.
func Verdicts() []Verdict { return []Verdict{RuleError, GoldError, Ambiguous} }

func (v Verdict) known() bool {
	return v == Open || v == RuleError || v == GoldError || v == Ambiguous
}

// Label names what a verdict is on: one observation of one row of gold.
type Label struct {
	ID          string
	Observation corpus.Observation
}

// Record is one verdict as the file has it. Gold and Predicted are the assertions
// that the reviewer saw.
type Record struct {
	Label
	Gold, Predicted corpus.Assertion
	Verdict         Verdict
	Note            string
	By              string // who; may be empty
	At              time.Time
}

// Item is the verdict on a label that counts, and how many were given on it:
// whoever gives another says which number he has seen.
type Item struct {
	Record
	Version int // 0: none was given
}

// longestNote is how many bytes a note may have: the 4,000 characters that the page
// takes, of any script.
const longestNote = 3 * 4000

// line is a record as JSON.
type line struct {
	ID          string    `json:"id"`
	Observation string    `json:"observation"`
	Gold        string    `json:"gold"`
	Predicted   string    `json:"predicted"`
	Verdict     Verdict   `json:"verdict"`
	Note        string    `json:"note,omitempty"`
	By          string    `json:"by,omitempty"`
	At          time.Time `json:"at"`
}

// encode gives the record as a line with its end.
func (r Record) encode() ([]byte, error) {
	b, err := json.Marshal(line{r.ID, string(r.Observation), r.Gold.String(), r.Predicted.String(), r.Verdict, r.Note, r.By, r.At.UTC().Truncate(time.Second)})
	return append(b, '\n'), err
}

// Check says what keeps a record from being saved.
func (r Record) Check() error {
	switch {
	case r.ID == "" || r.Observation == "":
		return errors.New("a verdict is on an observation of a report; one of them is missing")
	case !r.Verdict.known():
		return fmt.Errorf("verdict %q is not known; use rule error, gold error or ambiguous", r.Verdict)
	case len(r.Note) > longestNote:
		return fmt.Errorf("a note may have %d bytes, and this one has %d; shorten it", longestNote, len(r.Note))
	}
	for _, s := range []string{r.ID, string(r.Observation), r.Note, r.By} {
		if !utf8.ValidString(s) {
			return errors.New("the verdict has text that is not UTF-8")
		}
	}
	return nil
}

func decode(b []byte) (Record, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return Record{}, errors.New("this is no verdict: want a JSON object with id, observation, gold, predicted and verdict")
	}
	r := Record{Label: Label{l.ID, corpus.Observation(l.Observation)}, Verdict: l.Verdict, Note: l.Note, By: l.By, At: l.At}
	var err error
	if r.Gold, err = corpus.ParseAssertion(l.Gold); err != nil {
		return r, fmt.Errorf("gold: %w", err)
	}
	if r.Predicted, err = corpus.ParseAssertion(l.Predicted); err != nil {
		return r, fmt.Errorf("predicted: %w", err)
	}
	return r, r.Check()
}

// History is what a file of verdicts says. The zero value has none.
type History struct {
	items map[Label]Item
	order []Label // as the labels had their first verdicts
	whole int64   // bytes up to the end of the last whole line
	open  bool    // the last record has no line end
	// Torn says that the file ended within a line that is no verdict, as a kill
	// leaves it; it was not confirmed, and is passed over.
	Torn bool
}

// Load reads a file of verdicts. Of a file that there is not the error is
// fs.ErrNotExist's; else a *corpus.Problem.
func Load(path string) (*History, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		what := strings.TrimPrefix(err.Error(), "open "+path+": ")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: there is no such file; radlabel serve --verdicts makes one: %w", path, fs.ErrNotExist)
		}
		return nil, &corpus.Problem{Place: corpus.Place{Path: path}, What: "cannot be read: " + what, Do: "check the path and its permissions", Lost: true}
	}
	return parse(path, content)
}

// parse reads the content of a file of that name.
func parse(path string, content []byte) (*History, error) {
	h := &History{}
	for n, rest := 1, content; len(rest) > 0; n++ {
		text, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		if len(bytes.TrimSpace(text)) > 0 {
			r, err := decode(text)
			switch {
			case err != nil && !ended && !json.Valid(text):
				h.Torn = true
				return h, nil
			case err != nil:
				return nil, &corpus.Problem{Place: corpus.Place{Path: path, Line: n}, What: err.Error(), Do: "mend the line, or take it out", Lost: true}
			}
			h.add(r)
		}
		h.whole, h.open = int64(len(content)-len(rest)), !ended
	}
	return h, nil
}

func (h *History) add(r Record) {
	if h.items == nil {
		h.items = map[Label]Item{}
	}
	item := h.items[r.Label]
	if item.Version == 0 {
		h.order = append(h.order, r.Label)
	}
	h.items[r.Label] = Item{r, item.Version + 1}
}

// Item gives the verdict on a label that counts; its Version is 0 where there is
// none.
func (h *History) Item(l Label) Item { return h.items[l] }

// Items are the verdicts that count, in the order in which the labels had their
// first. Those that were taken back are among them, as Open.
func (h *History) Items() []Item {
	all := make([]Item, len(h.order))
	for i, l := range h.order {
		all[i] = h.items[l]
	}
	return all
}
