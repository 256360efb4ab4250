package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/nearest"
)

// Rule is what becomes of uncertain labels.
type Rule string

// The rules. All but Keep are the approaches of the CheXpert paper (Irvin et al.
// 2019): U-Ignore, U-Zeros, U-Ones and U-MultiClass.
const (
	Keep       Rule = "keep"       // -1 stays
	Ignore     Rule = "ignore"     // no target
	Zeros      Rule = "zeros"      // 0
	Ones       Rule = "ones"       // 1
	MultiClass Rule = "multiclass" // 2, a class of its own
)

// Rules are all of them.
func Rules() []Rule { return []Rule{Keep, Ignore, Zeros, Ones, MultiClass} }

// Target gives what a label becomes. No rule changes a label that is not uncertain.
func (r Rule) Target(a corpus.Assertion) Target {
	switch a {
	case corpus.Positive:
		return 1
	case corpus.Negative:
		return 0
	case corpus.Unmentioned:
		return Missing
	}
	switch r {
	case Zeros:
		return 0
	case Ones:
		return 1
	case MultiClass:
		return Third
	case Ignore:
		return Missing
	}
	return -1
}

// Policy has a rule for every observation.
type Policy struct {
	Rest Rule                 // of those that are not named; "": that of the layout
	by   map[string]Rule      // of observations, by key
	said []corpus.Observation // as they were written
}

// ParsePolicy reads a rule for all, or one for each of some and one for the rest:
// "zeros,Atelectasis=ones,Edema=ones". Without one for the rest, it is that of the
// layout.
func ParsePolicy(s string) (Policy, error) {
	p := Policy{by: map[string]Rule{}}
	for part := range strings.SplitSeq(s, ",") {
		name, rule, named := strings.Cut(part, "=")
		if !named {
			name, rule = "", name
		}
		r := Rule(strings.ToLower(strings.TrimSpace(rule)))
		name = strings.TrimSpace(name)
		switch {
		case !slices.Contains(Rules(), r):
			return p, fmt.Errorf("%q is no rule for uncertain labels; use %s", strings.TrimSpace(rule), join(Rules()))
		case named && name == "":
			return p, fmt.Errorf("%q names no observation before the =", strings.TrimSpace(part))
		case named && p.by[corpus.ColumnKey(name)] != "":
			return p, fmt.Errorf("%s has two rules", name)
		case named:
			p.by[corpus.ColumnKey(name)] = r
			p.said = append(p.said, corpus.Observation(name))
		case p.Rest != "":
			return p, fmt.Errorf("there are two rules for all, %s and %s; name the observations of one: Edema=%s", p.Rest, r, r)
		default:
			p.Rest = r
		}
	}
	return p, nil
}

// For gives the rule of each observation. The error names one that has a rule and
// is none of them.
func (p Policy) For(observations []corpus.Observation) ([]Rule, error) {
	known := map[string]bool{}
	rules := make([]Rule, len(observations))
	for i, o := range observations {
		known[corpus.ColumnKey(string(o))] = true
		rules[i] = p.Rest
		if r, ok := p.by[corpus.ColumnKey(string(o))]; ok {
			rules[i] = r
		}
	}
	for _, o := range p.said {
		if known[corpus.ColumnKey(string(o))] {
			continue
		}
		names := texts(observations)
		if near := nearest.Name(string(o), names); near != "" {
			return nil, fmt.Errorf("%q is none of the observations written; did you mean %q?", o, near)
		}
		return nil, fmt.Errorf("%q is none of the observations written: %s", o, strings.Join(names, ", "))
	}
	return rules, nil
}

// Uses reports whether some observation has this rule.
func (p Policy) Uses(r Rule) bool {
	if p.Rest == r {
		return true
	}
	for _, by := range p.by {
		if by == r {
			return true
		}
	}
	return false
}

// Blank is what becomes of blank labels.
type Blank string

// What a blank may become. Healthy is torchxrayvision's habit.
const (
	KeepBlank    Blank = "keep"    // blank stays
	ZeroBlank    Blank = "zeros"   // negative
	HealthyBlank Blank = "healthy" // negative where No Finding is positive, but for Support Devices
)

// Blanks are all of them.
func Blanks() []Blank { return []Blank{KeepBlank, ZeroBlank, HealthyBlank} }

// Fill gives the labels of these observations with what their blanks become.
func (b Blank) Fill(l Labels, observations []corpus.Observation) Labels {
	if b == HealthyBlank {
		if i := slices.Index(observations, corpus.NoFinding); i < 0 || l.At(i) != corpus.Positive {
			return l
		}
	}
	if b != ZeroBlank && b != HealthyBlank {
		return l
	}
	for i, o := range observations {
		if l.At(i) == corpus.Unmentioned && (b == ZeroBlank || o != "Support Devices") {
			l = l.With(i, corpus.Negative)
		}
	}
	return l
}

// join lists names of a kind.
func join[T ~string](all []T) string { return strings.Join(texts(all), ", ") }

func texts[T ~string](all []T) []string {
	s := make([]string, len(all))
	for i, t := range all {
		s[i] = string(t)
	}
	return s
}
