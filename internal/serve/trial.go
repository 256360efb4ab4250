package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/evalpage"
	"github.com/radlabel/radlabel/internal/gold"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/internal/relabel"
	"github.com/radlabel/radlabel/internal/ruletest"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// trials are the rule files that are or were tried, the last of them.
type trials struct {
	mu      sync.Mutex
	all     []*trial
	running sync.WaitGroup
}

// mostTrials is how many trials are remembered.
const mostTrials = 8

// trial is a rule file on its way through the corpus.
type trial struct {
	id   string
	stop context.CancelFunc
	draft

	mu    sync.Mutex
	state trialState
}

// trialState is how far a trial is.
type trialState struct {
	Done, Stopped, Saved bool
	Problem              string
	Examples             int
	Failures             []string // of examples of rules
	MoreFailures         int
	Reports, Failed      int // reports compared, and those that could not be labelled
	Changed, Labels      int
	Shifts               []shift
	Causes               []eval.CauseCount
}

// shift is labels of one observation that changed in one way.
type shift struct {
	Observation, Old, New string
	Labels                int
	Examples              []changeView
}

// changeView is a label that changed, with what it rested on before and after.
type changeView struct {
	ID                   string
	OldReason, NewReason string
	Old, New             []evidenceView
}

type evidenceView struct {
	Rule, Cue string
	Pieces    []evalpage.Piece
}

// Most examples of a shift, causes and failures that are shown.
const (
	mostExamples = 3
	mostCauses   = 30
	mostFailures = 20
)

// begin starts a trial. Only one runs at a time: it takes all that the machine has.
func (s *Server) begin(d draft, set *rules.Set) (*trial, error) {
	new, err := s.inUse()[0].With(set)
	if err != nil {
		return nil, err
	}
	old, err := s.before(d)
	if err != nil {
		return nil, err
	}
	s.trials.mu.Lock()
	defer s.trials.mu.Unlock()
	if slices.ContainsFunc(s.trials.all, func(t *trial) bool { return !t.snapshot().Done }) {
		return nil, refuse(http.StatusConflict, "other rules are being tried; wait for that, or stop it on its page, and try again")
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &trial{id: rand.Text(), stop: stop, draft: d}
	s.trials.all = append(s.trials.all, t)
	s.trials.all = s.trials.all[max(0, len(s.trials.all)-mostTrials):]
	s.trials.running.Go(func() {
		defer stop()
		t.run(ctx, s.Corpus, old, new)
	})
	return t, nil
}

// before gives a labeler of the rules as they are without the draft: those on the
// disk, or, where these are broken, those in use.
func (s *Server) before(d draft) (*labeler.Labeler, error) {
	if set, err := rules.Load(d.files); err == nil {
		return s.inUse()[0].With(set)
	}
	c, err := s.choose(d.RuleSet, "")
	return c.labeler, err
}

// end stops all trials, and waits until they have let go of the corpus.
func (t *trials) end() {
	t.mu.Lock()
	for _, one := range t.all {
		one.stop()
	}
	t.mu.Unlock()
	t.running.Wait()
}

func (t *trial) snapshot() trialState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

func (t *trial) change(do func(*trialState)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do(&t.state)
}

// run labels the corpus, then runs the examples of the file.
func (t *trial) run(ctx context.Context, corpus relabel.Corpus, old, new *labeler.Labeler) {
	defer t.change(func(s *trialState) { s.Done = true })
	defer func() {
		if fault := recover(); fault != nil { // of which may be told what a report says
			t.change(func(s *trialState) { s.Problem = errFault.Error() })
		}
	}()
	if corpus != nil {
		t.compare(ctx, corpus, old, new)
	}
	t.runExamples(ctx, new.Rules())
}

// compare labels the corpus with both.
func (t *trial) compare(ctx context.Context, corpus relabel.Corpus, old, new *labeler.Labeler) {
	d := eval.NewDiff(old.Observations(), new.Observations(), mostExamples)
	shown := time.Now()
	d.Progress = func(int) {
		if time.Since(shown) > progressTime {
			t.show(d)
			shown = time.Now()
		}
	}
	failed, err := relabel.Diff(ctx, d, corpus, old, new)
	t.show(d)
	t.change(func(s *trialState) {
		s.Failed = failed
		switch {
		case errors.Is(err, context.Canceled):
			s.Stopped = true
		case err != nil:
			s.Problem = page.OneLine(err.Error())
		}
	})
}

// progressTime is how often a trial says how far it is.
const progressTime = 200 * time.Millisecond

// runExamples runs those of the rules and cues in the file.
func (t *trial) runExamples(ctx context.Context, set *rules.Set) {
	report, err := ruletest.RunOf(ctx, set, func(pos rules.Pos) bool { return pos.File == t.File })
	t.change(func(s *trialState) {
		switch {
		case errors.Is(err, context.Canceled):
			s.Stopped = true
			return
		case err != nil:
			s.Problem = page.OneLine(err.Error())
			return
		}
		s.Examples = report.Examples
		for i, f := range report.Failures {
			if i == mostFailures {
				s.MoreFailures = len(report.Failures) - i
				break
			}
			s.Failures = append(s.Failures, page.OneLine(f.String()))
		}
	})
}

// show takes over how far the comparison is.
func (t *trial) show(d *eval.Diff) {
	var shifts []shift
	for _, one := range d.Shifts() {
		view := shift{Observation: string(one.Observation), Old: one.Old.String(), New: one.New.String(), Labels: one.Labels}
		for _, c := range one.Examples {
			view.Examples = append(view.Examples, changeView{ID: page.OneLine(c.ID), OldReason: page.OneLine(c.OldReason), NewReason: page.OneLine(c.NewReason),
				Old: evidenceOf(c.OldWhy), New: evidenceOf(c.NewWhy)})
		}
		shifts = append(shifts, view)
	}
	causes := d.Causes()
	t.change(func(s *trialState) {
		s.Reports, s.Changed, s.Labels, s.Shifts = d.Reports, d.Changed, d.Labels, shifts
		s.Causes = causes[:min(len(causes), mostCauses)]
	})
}

func evidenceOf(mentions []gold.Mention) (all []evidenceView) {
	for _, passage := range evalpage.Passages(eval.Disagreement{Decisive: mentions}, "") {
		one := evidenceView{Pieces: passage.Pieces}
		if len(passage.Mentions) > 0 {
			one.Rule, one.Cue = passage.Mentions[0].Rule, passage.Mentions[0].Cue
		}
		all = append(all, one)
	}
	return all
}

// trial finds the trial that an address names.
func (s *Server) trial(r *http.Request) (*trial, error) {
	s.trials.mu.Lock()
	defer s.trials.mu.Unlock()
	for _, t := range s.trials.all {
		if t.id == r.PathValue("id") {
			return t, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "this trial is no longer remembered; try the rules again")
}

// trialView is what the page of a trial shows.
type trialView struct {
	draft
	trialState
	ID      string
	Corpus  int
	Folder  string
	Percent int
}

func (s *Server) showTrial(w http.ResponseWriter, r *http.Request) error {
	t, err := s.trial(r)
	if err != nil {
		return err
	}
	v := trialView{draft: t.draft, trialState: t.snapshot(), ID: t.id, Folder: s.RuleFolder}
	if s.Corpus != nil && s.CorpusReports > 0 {
		v.Corpus, v.Percent = s.CorpusReports, 100*v.Reports/s.CorpusReports
	}
	if r.Header.Get("Radlabel-Part") != "" {
		return showPart(w, "trial", "state", v)
	}
	return s.show(w, "trial", view{Title: "Trial of " + t.File, Here: "/rules", Scripts: []string{"edit.js"}, Styles: corpusStyle, Data: v})
}

func (s *Server) stopTrial(w http.ResponseWriter, r *http.Request) error {
	t, err := s.trial(r)
	if err != nil {
		return err
	}
	t.stop()
	http.Redirect(w, r, "/rules/trial/"+t.id, http.StatusSeeOther)
	return nil
}
