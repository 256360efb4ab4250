// Package labeler composes sections, sentences, mentions and assertions into
// the labels of a report, each with its evidence. It is the package a Go
// program imports to label reports.
package labeler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/segment"
	"github.com/radlabel/radlabel/rules"
)

// Options configure a Labeler. The zero value labels by MIMIC-CXR's policy
// with the embedded rule set chexpert.
type Options struct {
	Rules      *rules.Set                  // nil: the embedded rule set chexpert
	Section    string                      // what to label: "auto" (also ""), "all", or section names joined by commas
	Exceptions map[string]corpus.Exception // by study or report id: which text to label instead
	Compat     Compat                      // conventions of the published labeler to keep
	Cache      int                         // distinct sentences to remember; 0: a default; negative: none
	MaxTime    time.Duration               // LabelAll gives up a report that takes longer; 0: none
}

// Compat switches single conventions of the published CheXpert labeler on.
type Compat struct {
	Aggregation bool // {negative, uncertain, positive} of one observation gives uncertain
	NoFinding   bool // No Finding is withheld by observations alone, not by other abnormalities
}

// Labeler labels reports. It is immutable and safe for concurrent use.
type Labeler struct {
	set        *rules.Set
	splitter   *segment.Splitter
	analyzer   *analyzer
	section    string
	exceptions map[string]corpus.Exception
	compat     Compat
	cache      *cache
	maxTime    time.Duration

	scratch       *sync.Pool // of *scratch
	abnormalities bool       // the derived observation has rules, which find what else is abnormal
	brief         bool       // labels have neither evidence nor reasons
}

// scratch is room for one report.
type scratch struct {
	sentences []corpus.Span
	found     findings
}

// New compiles the rule set. It fails when the rule set does not compile, or
// when Options.Section or an exception names a section that the rule set does
// not know.
func New(opts Options) (*Labeler, error) {
	set := opts.Rules
	if set == nil {
		var err error
		if set, err = rules.Embedded("chexpert"); err != nil {
			return nil, err
		}
	}
	analyzer, err := newAnalyzer(set, opts.Cache)
	if err != nil {
		return nil, err
	}
	splitter, err := segment.NewSplitter(set.Sections, set.Policy)
	if err != nil {
		return nil, fmt.Errorf("rule set %s: %w", set.Name, err)
	}
	section := cmp.Or(opts.Section, "auto")
	if _, err := splitter.Select("", nil, section); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(opts.Exceptions)) {
		if _, err := splitter.Select("", nil, opts.Exceptions[id].Section); err != nil {
			if unknown := (*segment.UnknownSection)(nil); errors.As(err, &unknown) {
				err = unknown.Discreet()
			}
			return nil, fmt.Errorf("exception of %s: %w", corpus.QuoteID(id), err)
		}
	}
	abnormalities := slices.ContainsFunc(set.Rules, func(r rules.Rule) bool { return r.Observation == set.Derived.Observation })
	return &Labeler{
		set: set, splitter: splitter, analyzer: analyzer, section: section,
		exceptions: opts.Exceptions, compat: opts.Compat, cache: newLateCache(opts.Cache), maxTime: opts.MaxTime,
		abnormalities: abnormalities,
		scratch:       &sync.Pool{New: func() any { return new(scratch) }},
	}, nil
}

// Of gives a labeler of the same rules and conventions for other sections, named as
// in Options.Section, without exceptions. The two share what they remember of
// sentences. It fails when the rule set does not know a section.
func (l *Labeler) Of(section string) (*Labeler, error) {
	if _, err := l.splitter.Select("", nil, section); err != nil {
		return nil, err
	}
	other := *l
	other.section, other.exceptions = cmp.Or(section, "auto"), nil
	return &other, nil
}

// Brief gives a labeler of the same whose labels have neither evidence nor reasons, for
// those who write labels alone. The two share what they remember of sentences.
func (l *Labeler) Brief() *Labeler {
	brief := *l
	brief.brief = true
	return &brief
}

// With gives a labeler of another rule set that labels the same sections by the
// same conventions. It fails as New does.
func (l *Labeler) With(set *rules.Set) (*Labeler, error) {
	other, err := New(Options{Rules: set, Section: l.section, Exceptions: l.exceptions, Compat: l.compat, MaxTime: l.maxTime})
	if err != nil {
		return nil, err
	}
	other.brief = l.brief
	return other, nil
}

// Observations are the observations of the rule set in output order;
// Result.Labels follows it.
func (l *Labeler) Observations() []corpus.Observation { return l.set.Observations }

// Rules is the rule set in use.
func (l *Labeler) Rules() *rules.Set { return l.set }

// Result is what the labeler says of one report.
type Result struct {
	Report   corpus.Report    // as read
	Sections []corpus.Section // all sections of the report
	Labelled []corpus.Section // those that were labelled, in text order
	Labels   []Label          // one for each observation, in the order of Observations

	Exception ExceptionUse
}

// ExceptionUse says what became of the user's exception for a report.
type ExceptionUse uint8

// What may become of an exception.
const (
	NoException      ExceptionUse = iota // there is none for this report
	ExceptionUsed                        // it chose what was labelled
	ExceptionOutside                     // its span is empty or ends outside the text; the section policy chose
)

// Label is what a report says of one observation, and why. Evidence holds
// every mention, in text order, those that a cue excludes included (their
// assertion is Unmentioned); those whose assertion equals the label's decided
// it. A blank label (Unmentioned) has a Reason.
type Label struct {
	Observation corpus.Observation
	Assertion   corpus.Assertion
	Evidence    []Evidence
	Reason      string // "no mention", "empty text", "section not labelled", ...; for derived labels, why
}

// Evidence is one mention of an observation. Spans are byte offsets into the
// report's text; CueSpan and Scope are empty where no cue governs the mention.
type Evidence struct {
	Rule      string
	Cue       string // "" where the mention stands alone
	Section   string
	Assertion corpus.Assertion
	Sentence  corpus.Span
	Mention   corpus.Span
	CueSpan   corpus.Span
	Scope     corpus.Span
}

// Label labels one report, however long it takes.
func (l *Labeler) Label(r corpus.Report) Result {
	result, _ := l.labelWithin(&bounds{}, r)
	return result
}

// labelWithin labels one report; the error says which bound came first.
func (l *Labeler) labelWithin(b *bounds, r corpus.Report) (Result, error) {
	result := Result{Report: r, Sections: r.Sections}
	if result.Sections == nil {
		var err error
		if result.Sections, err = l.splitter.SplitUntil(r.Text, b.split); err != nil {
			return result, err
		}
	}
	result.Labelled, result.Exception = l.labelled(r, result.Sections)

	s := l.scratch.Get().(*scratch)
	s.found.clear()
	for _, section := range result.Labelled {
		s.sentences = segment.Sentences(s.sentences[:0], r.Text, section.Span)
		for _, sentence := range s.sentences {
			if err := b.passed(len(s.found.all)); err != nil {
				return result, err
			}
			for _, f := range l.analyze(sentence.In(r.Text)) {
				s.found.all = append(s.found.all, placedFinding{f, section.Name, sentence})
			}
		}
	}
	result.Labels = l.aggregate(&s.found, blankReason(r, result.Labelled))
	l.scratch.Put(s) // not where a panic has come in between
	return result, nil
}

// labelled chooses the sections to label, by the user's exception for the
// report or by the section policy.
func (l *Labeler) labelled(r corpus.Report, sections []corpus.Section) ([]corpus.Section, ExceptionUse) {
	exception, ok := l.exceptions[r.Study]
	if !ok {
		exception, ok = l.exceptions[r.ID]
	}
	want, use := l.section, NoException
	switch span := exception.Span; {
	case ok && exception.Section != "":
		want, use = exception.Section, ExceptionUsed
	case ok && 0 <= span.Start && span.Start < span.End && span.End <= len(r.Text):
		return []corpus.Section{{Name: "exception", Span: span}}, ExceptionUsed
	case ok:
		use = ExceptionOutside
	}
	chosen, _ := l.splitter.Select(r.Text, sections, want) // New has checked every name
	return chosen, use
}

// analyze looks the sentence up in the cache, or analyses it.
func (l *Labeler) analyze(sentence string) []finding {
	key := l.cache.key(sentence)
	found, ok := l.cache.get(key)
	if !ok {
		found = l.analyzer.analyze(sentence)
		l.cache.put(key, found)
	}
	return found
}

// blankReason says why a report may have no mention at all.
func blankReason(r corpus.Report, labelled []corpus.Section) string {
	switch {
	case strings.TrimSpace(r.Text) == "":
		return "empty text"
	case !slices.ContainsFunc(labelled, func(s corpus.Section) bool { return strings.TrimSpace(s.Span.In(r.Text)) != "" }):
		return "section not labelled"
	}
	return ""
}
