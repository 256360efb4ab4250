package serve

import (
	"net/http"

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
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	c, err := s.choose(r.URL.Query().Get("ruleset"), "")
	if err != nil {
		return err
	}
	return s.show(w, "rules", view{Title: "Rules", Here: "/rules", Data: rulesView{s.ruleSets(), c.labeler.Rules()}})
}

func (s *Server) showRule(w http.ResponseWriter, r *http.Request) error {
	c, err := s.choose(r.URL.Query().Get("ruleset"), "")
	if err != nil {
		return err
	}
	v := ruleView{RuleSet: c.RuleSet}
	set, id := c.labeler.Rules(), r.PathValue("id")
	if rule, ok := set.Rule(id); ok {
		v.Rule = rule
	} else if cue, ok := set.Cue(id); ok {
		v.Cue = cue
	} else {
		return unknownRule(set, id)
	}
	return s.show(w, "rule", view{Title: id, Here: "/rules", Data: v})
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
