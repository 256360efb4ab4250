package serve

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/radlabel/radlabel/internal/index"
	"github.com/radlabel/radlabel/internal/nearest"
	"github.com/radlabel/radlabel/rules"
)

func (s *Server) ruleRoutes() {
	s.entry("/rules", "Rules")
	s.handle("GET /rules", s.listRules)
	s.handle("GET /rules/{id}", s.showRule)
}

// ruleView is what the page of a rule or a cue shows: one of the two is nil.
type ruleView struct {
	RuleSet string
	Rule    *rules.Rule
	Cue     *rules.Cue
	File    string       // where it stands; "" where it is inherited
	Line    int          // in File
	Fired   *index.Fired // in the index; nil without one
	Search  string       // the address of the reports in which it fired
}

// fileOf is where a rule or cue stands, if it is in a file of the set itself.
func fileOf(set *rules.Set, id string, pos rules.Pos) string {
	if set.Inherits(id) {
		return ""
	}
	return filepath.Base(pos.File)
}

// ID, Doc, Phrases, Unless and Examples are of the one that there is.
func (v ruleView) ID() string {
	if v.Rule != nil {
		return v.Rule.ID
	}
	return v.Cue.ID
}

func (v ruleView) Doc() string {
	if v.Rule != nil {
		return v.Rule.Doc
	}
	return v.Cue.Doc
}

func (v ruleView) Phrases() []rules.Phrase {
	if v.Rule != nil {
		return v.Rule.Phrases
	}
	return v.Cue.Phrases
}

func (v ruleView) Unless() []rules.Phrase {
	if v.Rule != nil {
		return v.Rule.Unless
	}
	return v.Cue.Unless
}

func (v ruleView) Examples() []rules.Example {
	if v.Rule != nil {
		return v.Rule.Examples
	}
	return v.Cue.Examples
}

// rulesView is what the list of rules shows.
type rulesView struct {
	RuleSets []string
	Set      *rules.Set
	Own      bool          // the files may be saved
	Firing   *index.Firing // nil: no index is loaded
	Other    bool          // the index was made with another rule set, or other rules of it
	Reports  int           // of the index
}

// firing is how often rules fired in the index, counted when it is first asked for.
type firing struct {
	mu      sync.Mutex
	counted *index.Firing
}

// fired counts how often rules and cues fired in the index; nil without one.
func (s *Server) fired(ctx context.Context) (*index.Firing, error) {
	if s.Index == nil {
		return nil, nil
	}
	s.firing.mu.Lock()
	defer s.firing.mu.Unlock()
	if s.firing.counted == nil {
		counted, err := s.Index.Firing(ctx)
		if err != nil {
			return nil, err
		}
		s.firing.counted = &counted
	}
	return s.firing.counted, nil
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	c, err := s.choose(r.URL.Query().Get("ruleset"), "")
	if err != nil {
		return err
	}
	v := rulesView{RuleSets: s.ruleSets(), Set: c.labeler.Rules()}
	if _, v.Own, err = s.ruleFiles(c.RuleSet); err != nil {
		return err
	}
	if v.Firing, err = s.fired(r.Context()); err != nil {
		return err
	}
	if s.Index != nil {
		v.Reports, v.Other = s.Index.Reports(), s.Index.Origin().Digest != v.Set.Digest
	}
	return s.show(w, "rules", view{Title: "Rules", Here: "/rules", Scripts: []string{"rules.js"}, Styles: corpusStyle, Data: v})
}

func (s *Server) showRule(w http.ResponseWriter, r *http.Request) error {
	c, err := s.choose(r.URL.Query().Get("ruleset"), "")
	if err != nil {
		return err
	}
	v := ruleView{RuleSet: c.RuleSet}
	set, id := c.labeler.Rules(), r.PathValue("id")
	if rule, ok := set.Rule(id); ok {
		v.Rule, v.File, v.Line = rule, fileOf(set, id, rule.Pos), rule.Pos.Line
	} else if cue, ok := set.Cue(id); ok {
		v.Cue, v.File, v.Line = cue, fileOf(set, id, cue.Pos), cue.Pos.Line
	} else {
		return unknownRule(set, id)
	}
	if err := s.firedOf(r.Context(), &v); err != nil {
		return err
	}
	return s.show(w, "rule", view{Title: id, Here: "/rules", Data: v})
}

// firedOf adds how often the rule or cue fired.
func (s *Server) firedOf(ctx context.Context, v *ruleView) error {
	all, err := s.fired(ctx)
	if all == nil || err != nil {
		return err
	}
	counts, field := all.Rules, "rule"
	if v.Cue != nil {
		counts, field = all.Cues, "cue"
	}
	fired := counts[v.ID()]
	if v.Fired = &fired; fired.Reports > 0 {
		v.Search = inquiry{}.address("/search", index.Term(field, v.ID()))
	}
	return nil
}

func unknownRule(set *rules.Set, id string) error {
	var ids []string
	for _, rule := range set.Rules {
		ids = append(ids, rule.ID)
	}
	for _, cue := range set.Cues {
		ids = append(ids, cue.ID)
	}
	if near := nearest.Name(id, ids); near != "" {
		return refuse(http.StatusNotFound, "the rule set %s has no such rule or cue; did you mean %s?", set.Name, near)
	}
	return refuse(http.StatusNotFound, "the rule set %s has no such rule or cue; the page of rules has all", set.Name)
}
