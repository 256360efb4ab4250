package evaltext

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/review"
)

// Rows writes errors or changes for programs, one a row: as CSV with the first
// decisive mention, or as JSON lines with all of them.
type Rows struct {
	buffer *bufio.Writer
	table  *csv.Writer   // nil for JSON lines
	lines  *json.Encoder // nil for CSV
}

// The columns of a CSV. Spans are left to JSON lines.
var (
	errorColumns = []string{"id", "observation", "gold", "predicted", "rule", "cue", "section", "mention", "cue_text", "sentence", "reason", "text"}
	causeColumns = []string{"rule", "cue", "section", "mention", "cue_text", "sentence", "reason"}
)

// NewErrors begins rows of disagreements in the form "csv" or "jsonl".
func NewErrors(w io.Writer, form string) (*Rows, error) { return newRows(w, form, errorColumns) }

// NewJudged begins rows of changes that gold has judged, NewChanges those of
// changes without gold, in the form "csv" or "jsonl".
func NewJudged(w io.Writer, form string) (*Rows, error) {
	return newRows(w, form, changeColumns("id", "observation", "gold", "verdict"))
}

// NewChanges: see NewJudged.
func NewChanges(w io.Writer, form string) (*Rows, error) {
	return newRows(w, form, changeColumns("id", "observation"))
}

func changeColumns(header ...string) []string {
	header = append(header, "old", "new")
	for _, side := range []string{"old_", "new_"} {
		for _, name := range causeColumns {
			header = append(header, side+name)
		}
	}
	return header
}

func newRows(w io.Writer, form string, header []string) (*Rows, error) {
	r := &Rows{buffer: bufio.NewWriterSize(w, 1<<16)}
	if form == "jsonl" {
		r.lines = json.NewEncoder(r.buffer)
		r.lines.SetEscapeHTML(false)
		return r, nil
	}
	r.table = csv.NewWriter(r.buffer)
	return r, r.table.Write(header)
}

// Error writes one disagreement.
func (r *Rows) Error(d eval.Disagreement) error {
	if r.table != nil {
		row := []string{d.ID, string(d.Observation), d.Gold.String(), d.Predicted.String()}
		return r.table.Write(append(append(row, causeFields(d.Decisive, d.Reason)...), d.Text))
	}
	return r.lines.Encode(struct {
		ID          string             `json:"id"`
		Observation corpus.Observation `json:"observation"`
		Gold        string             `json:"gold"`
		Predicted   string             `json:"predicted"`
		Decisive    []jsonMention      `json:"decisive,omitempty"`
		Annotated   []jsonMention      `json:"annotated,omitempty"`
		Reason      string             `json:"reason,omitempty"`
		Text        string             `json:"text,omitempty"`
	}{d.ID, d.Observation, d.Gold.String(), d.Predicted.String(), jsonMentions(d.Decisive), jsonMentions(d.Annotated), d.Reason, d.Text})
}

// assertionColumns are the columns of Assertion rows.
var assertionColumns = []string{"id", "gold", "predicted", "concept", "gold_cue", "gold_scope", "cue", "cue_text", "scope", "sentence"}

// NewAssertions begins rows of the errors of an assertion corpus in the form
// "csv" or "jsonl".
func NewAssertions(w io.Writer, form string) (*Rows, error) {
	return newRows(w, form, assertionColumns)
}

// Assertion writes one error of an assertion corpus.
func (r *Rows) Assertion(e eval.AssertionError) error {
	in := func(s corpus.Span) string { return s.In(e.Sentence) }
	fields := []string{e.ID, e.Gold.String(), e.Predicted.String(), in(e.Concept), in(e.GoldCue), in(e.GoldScope), e.Cue, in(e.CueSpan), in(e.ScopeSpan), e.Sentence}
	if r.table != nil {
		return r.table.Write(fields)
	}
	object := make(map[string]string, len(fields))
	for i, name := range assertionColumns {
		object[name] = fields[i]
	}
	return r.lines.Encode(object)
}

// Change writes one change.
func (r *Rows) Change(c eval.Change) error {
	judged := ""
	if c.Judged {
		judged = c.Gold.String()
	}
	if r.table != nil {
		row := []string{c.ID, string(c.Observation)}
		if c.Judged {
			row = append(row, judged, c.Verdict())
		}
		row = append(row, c.Old.String(), c.New.String())
		row = append(row, causeFields(c.OldWhy, c.OldReason)...)
		return r.table.Write(append(row, causeFields(c.NewWhy, c.NewReason)...))
	}
	return r.lines.Encode(struct {
		ID          string             `json:"id"`
		Observation corpus.Observation `json:"observation"`
		Gold        string             `json:"gold,omitempty"`
		Old         string             `json:"old"`
		New         string             `json:"new"`
		Verdict     string             `json:"verdict,omitempty"`
		OldDecisive []jsonMention      `json:"old_decisive,omitempty"`
		NewDecisive []jsonMention      `json:"new_decisive,omitempty"`
		OldReason   string             `json:"old_reason,omitempty"`
		NewReason   string             `json:"new_reason,omitempty"`
	}{c.ID, c.Observation, judged, c.Old.String(), c.New.String(), c.Verdict(), jsonMentions(c.OldWhy), jsonMentions(c.NewWhy), c.OldReason, c.NewReason})
}

// Close writes what is held back. It does not close the stream below.
func (r *Rows) Close() error {
	if r.table != nil {
		r.table.Flush()
		if err := r.table.Error(); err != nil {
			return err
		}
	}
	return r.buffer.Flush()
}

// causeFields are the fields of causeColumns.
func causeFields(decisive []gold.Mention, reason string) []string {
	if len(decisive) == 0 {
		return []string{"", "", "", "", "", "", reason}
	}
	m := decisive[0]
	return []string{m.Rule, m.Cue, m.Section, m.Mention.In(m.Sentence), m.CueSpan.In(m.Sentence), m.Sentence, reason}
}

// jsonMention has spans in bytes of the sentence, which stands at a byte offset
// of the report.
type jsonMention struct {
	Rule      string       `json:"rule,omitempty"`
	Cue       string       `json:"cue,omitempty"`
	Section   string       `json:"section,omitempty"`
	Assertion string       `json:"assertion"`
	Sentence  string       `json:"sentence"`
	At        int          `json:"at"`
	Mention   corpus.Span  `json:"mention"`
	CueSpan   *corpus.Span `json:"cue_span,omitempty"`
	Scope     *corpus.Span `json:"scope,omitempty"`
}

func jsonMentions(mentions []gold.Mention) (all []jsonMention) {
	given := func(s corpus.Span) *corpus.Span {
		if s.Empty() {
			return nil
		}
		return &s
	}
	for _, m := range mentions {
		all = append(all, jsonMention{m.Rule, m.Cue, m.Section, m.Assertion.String(), m.Sentence, m.At, m.Mention, given(m.CueSpan), given(m.Scope)})
	}
	return all
}

// About says what an evaluation is of.
type About struct {
	Tool       string `json:"tool"`
	Version    string `json:"version"`
	RuleSet    string `json:"ruleset,omitempty"` // that made the prediction, where it is known
	Digest     string `json:"digest,omitempty"`
	Section    string `json:"section,omitempty"`
	Gold       string `json:"gold"`
	Part       string `json:"part,omitempty"` // of gold: "1/2"; "" for the whole
	Prediction string `json:"prediction"`
	// Adjudicated says which verdicts were taken into gold; nil: none.
	Adjudicated *Adjudicated `json:"adjudicated,omitempty"`
}

// Adjudicated is a file of verdicts and what became of them.
type Adjudicated struct {
	File string `json:"file"`
	review.Applied
}

// jsonNumber writes what is no number as null and anything else in full.
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

type jsonFigure struct {
	Name  string     `json:"name"`
	Value jsonNumber `json:"value"`
	Low   jsonNumber `json:"low"`
	High  jsonNumber `json:"high"`
	Gold  int        `json:"gold"`
}

func jsonFigures(figures []eval.Figure) []jsonFigure {
	all := make([]jsonFigure, len(figures))
	for i, f := range figures {
		all[i] = jsonFigure{f.Name, jsonNumber(f.Value), jsonNumber(f.Low), jsonNumber(f.High), f.Gold}
	}
	return all
}

type jsonAttribution struct {
	ID       string `json:"id"`
	Right    int    `json:"right"`
	Wrong    int    `json:"wrong"`
	Mentions int    `json:"mentions"`
}

func jsonAttributions(all []eval.Attribution) []jsonAttribution {
	out := make([]jsonAttribution, len(all))
	for i, a := range all {
		out[i] = jsonAttribution(a)
	}
	return out
}

// JSON writes all figures of an evaluation as one object; the errors are left to
// Rows. An undefined figure is null.
func JSON(w io.Writer, e *eval.Evaluation, about About) error {
	type group struct {
		Name    string `json:"name"`
		Reports int    `json:"reports"`
		Exact   int    `json:"exact"`
		Cells   int    `json:"cells"`
		Right   int    `json:"right"`
	}
	groups := make([]group, len(e.Groups))
	for i, g := range e.Groups {
		groups[i] = group(g)
	}
	confusions := make(map[corpus.Observation]map[string]map[string]int, len(e.Observations))
	for i, o := range e.Observations {
		confusions[o] = confusion(&e.Confusions[i])
	}
	return indented(w, struct {
		About
		Reports       int                                              `json:"reports"`
		Resamples     int                                              `json:"resamples"`
		Seed          uint64                                           `json:"seed"`
		Figures       []jsonFigure                                     `json:"figures"`
		Confusions    map[corpus.Observation]map[string]map[string]int `json:"confusions"`
		Groups        []group                                          `json:"groups,omitempty"`
		Rules         []jsonAttribution                                `json:"rules"`
		Cues          []jsonAttribution                                `json:"cues"`
		UnusedRules   []string                                         `json:"unused_rules"`
		UnusedCues    []string                                         `json:"unused_cues"`
		OnlyGold      []string                                         `json:"only_gold"`
		OnlyPredicted []string                                         `json:"only_predicted"`
		GoldLacks     []corpus.Observation                             `json:"gold_lacks"`
		Lacks         []corpus.Observation                             `json:"prediction_lacks"`
	}{
		about, e.Reports, e.Resamples, e.Seed, jsonFigures(e.Figures), confusions, groups,
		jsonAttributions(e.Rules), jsonAttributions(e.Cues), list(e.Unused.Rules), list(e.Unused.Cues),
		list(e.OnlyGold), list(e.OnlyPrediction), list(e.GoldLacks), list(e.PredictionLacks),
	})
}

// list is never null in JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// confusion names both assertions and leaves out what did not occur.
func confusion(c *eval.Confusion) map[string]map[string]int {
	out := map[string]map[string]int{}
	for from, row := range c {
		for to, n := range row {
			if n > 0 {
				name := corpus.Assertion(from).String()
				if out[name] == nil {
					out[name] = map[string]int{}
				}
				out[name][corpus.Assertion(to).String()] = n
			}
		}
	}
	return out
}

// AssertionsJSON writes the figures of an assertion corpus as one object.
func AssertionsJSON(w io.Writer, r *eval.AssertionResult, about About) error {
	return indented(w, struct {
		About
		Sentences int          `json:"sentences"`
		Resamples int          `json:"resamples"`
		Seed      uint64       `json:"seed"`
		Figures   []jsonFigure `json:"figures"`
		Errors    int          `json:"errors"`
	}{about, r.Sentences, r.Resamples, r.Seed, jsonFigures(r.Figures), len(r.Errors)})
}

// ComparisonJSON writes the differences of a comparison as one object.
func ComparisonJSON(w io.Writer, c *eval.Comparison, names Pair, about About) error {
	type differenceJSON struct {
		Name string     `json:"name"`
		A    jsonNumber `json:"a"`
		B    jsonNumber `json:"b"`
		Low  jsonNumber `json:"low"`
		High jsonNumber `json:"high"`
		P    jsonNumber `json:"p"`
	}
	type discordanceJSON struct {
		Observation corpus.Observation `json:"observation,omitempty"`
		OnlyA       int                `json:"only_a_right"`
		OnlyB       int                `json:"only_b_right"`
		P           jsonNumber         `json:"p"`
		Holm        jsonNumber         `json:"p_holm"`
	}
	differences := make([]differenceJSON, len(c.Differences))
	for i, d := range c.Differences {
		differences[i] = differenceJSON{d.Name, jsonNumber(d.A), jsonNumber(d.B), jsonNumber(d.Low), jsonNumber(d.High), jsonNumber(d.P)}
	}
	discordances := make([]discordanceJSON, len(c.Discordances))
	for i, d := range c.Discordances {
		discordances[i] = discordanceJSON{d.Observation, d.OnlyA, d.OnlyB, jsonNumber(d.P), jsonNumber(d.Holm)}
	}
	return indented(w, struct {
		Tool        string            `json:"tool"`
		Version     string            `json:"version"`
		Gold        string            `json:"gold"`
		A           string            `json:"a"`
		B           string            `json:"b"`
		Reports     int               `json:"reports"`
		Resamples   int               `json:"resamples"`
		Seed        uint64            `json:"seed"`
		Differences []differenceJSON  `json:"differences"`
		McNemar     []discordanceJSON `json:"mcnemar"`
		Changed     int               `json:"changed_labels"`
	}{about.Tool, about.Version, about.Gold, names.A, names.B, c.Reports, c.Resamples, c.Seed, differences, discordances, len(c.Changes)})
}

// DiffJSON writes the counts of a diff as one object.
func DiffJSON(w io.Writer, d *eval.Diff, names Pair) error {
	type causeJSON struct {
		Observation corpus.Observation `json:"observation"`
		Old         string             `json:"old"`
		New         string             `json:"new"`
		OldRule     string             `json:"old_rule,omitempty"`
		OldCue      string             `json:"old_cue,omitempty"`
		NewRule     string             `json:"new_rule,omitempty"`
		NewCue      string             `json:"new_cue,omitempty"`
		Labels      int                `json:"labels"`
	}
	var causes []causeJSON
	for _, c := range d.Causes() {
		causes = append(causes, causeJSON{c.Observation, c.OldLabel.String(), c.NewLabel.String(), c.OldRule, c.OldCue, c.NewRule, c.NewCue, c.Labels})
	}
	confusions := make(map[corpus.Observation]map[string]map[string]int, len(d.Observations))
	for i, o := range d.Observations {
		confusions[o] = confusion(&d.By[i])
	}
	return indented(w, struct {
		Old        string                                           `json:"old"`
		New        string                                           `json:"new"`
		Presence   bool                                             `json:"presence,omitempty"`
		Reports    int                                              `json:"reports"`
		Changed    int                                              `json:"changed_reports"`
		Labels     int                                              `json:"changed_labels"`
		Confusions map[corpus.Observation]map[string]map[string]int `json:"confusions"`
		Causes     []causeJSON                                      `json:"causes"`
		OnlyOld    []string                                         `json:"only_old"`
		OnlyNew    []string                                         `json:"only_new"`
	}{names.A, names.B, d.Presence, d.Reports, d.Changed, d.Labels, confusions, list(causes), list(d.Alone(0)), list(d.Alone(1))})
}

func indented(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(value)
}
