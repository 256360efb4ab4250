package eval

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/internal/nearest"
)

// Term is one condition of a gate: a figure, a comparison, a bound.
type Term struct {
	Figure string // by name; with ".low" or ".high" behind it a bound of its interval
	Sign   string // ">=", ">", "<=" or "<"
	Bound  float64
}

// signs are what a name outside of quotes must not hold, and the blank.
const signs = " ,<>="

// String gives the term as a gate has it, the observation in quotes where it has
// to be.
func (t Term) String() string {
	name := t.Figure
	if last := strings.LastIndexAny(name, signs); last >= 0 {
		end := len(name)
		if dot := strings.IndexByte(name[last:], '.'); dot >= 0 {
			end = last + dot
		}
		name = `"` + name[:end] + `"` + name[end:]
	}
	return name + t.Sign + strconv.FormatFloat(t.Bound, 'f', -1, 64)
}

// ParseGate reads conditions joined by commas, such as
//
//	mention.micro>=0.98, "Pleural Effusion".negation>=0.97, uncertain.micro.low>0.85
//
// Names with blanks or signs stand in double quotes.
func ParseGate(gate string) ([]Term, error) {
	var terms []Term
	for rest := gate; ; {
		name, after, err := gateName(rest)
		if err != nil {
			return nil, fmt.Errorf("gate %q: %w", gate, err)
		}
		sign := after[:len(after)-len(strings.TrimLeft(after, "<>="))]
		number, next, more := strings.Cut(after[len(sign):], ",")
		bound, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		switch {
		case name == "":
			return nil, fmt.Errorf("gate %q: a term has no figure; write mention.micro>=0.98", gate)
		case sign != ">=" && sign != ">" && sign != "<=" && sign != "<":
			return nil, fmt.Errorf("gate %q: %s wants >=, >, <= or < behind it", gate, name)
		case err != nil || math.IsNaN(bound):
			return nil, fmt.Errorf("gate %q: %s%s wants a number, not %q", gate, name, sign, strings.TrimSpace(number))
		}
		terms = append(terms, Term{Figure: name, Sign: sign, Bound: bound})
		if !more {
			return terms, nil
		}
		rest = next
	}
}

// gateName reads a name up to the sign, without the quotes.
func gateName(s string) (name, after string, err error) {
	quoted := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte("<>=,", c) >= 0:
			return strings.TrimSpace(strings.ReplaceAll(s[:i], `"`, "")), s[i:], nil
		}
	}
	if quoted {
		return "", "", fmt.Errorf("a quote is not closed")
	}
	return strings.TrimSpace(strings.ReplaceAll(s, `"`, "")), "", nil
}

// Failure is a term that does not hold.
type Failure struct {
	Term  Term
	Value float64 // NaN: the figure is undefined
}

// String says what the figure is and what it was to be.
func (f Failure) String() string {
	if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
		return f.Term.String() + ": the figure is undefined here"
	}
	digits := 4 // and as many more as it takes to see the difference
	for f.Value != f.Term.Bound && digits < 17 && math.Abs(f.Value-f.Term.Bound) < math.Pow10(-digits) {
		digits++
	}
	return f.Term.String() + ": it is " + strconv.FormatFloat(f.Value, 'f', digits, 64)
}

// Check gives the terms that the figures fail, in their order. An undefined
// figure holds nothing. A figure that there is not is an error, with the name
// that may have been meant.
func Check(terms []Term, figures []Figure) ([]Failure, error) {
	var failed []Failure
	for _, t := range terms {
		value, err := lookUp(t.Figure, figures)
		if err != nil {
			return nil, err
		}
		if !t.holds(value) {
			failed = append(failed, Failure{t, value})
		}
	}
	return failed, nil
}

func (t Term) holds(v float64) bool {
	switch t.Sign {
	case ">=":
		return v >= t.Bound
	case ">":
		return v > t.Bound
	case "<=":
		return v <= t.Bound
	default:
		return v < t.Bound
	}
}

func lookUp(name string, figures []Figure) (float64, error) {
	for _, f := range figures {
		switch {
		case strings.EqualFold(name, f.Name):
			return f.Value, nil
		case strings.EqualFold(name, f.Name+".low"):
			return f.Low, nil
		case strings.EqualFold(name, f.Name+".high"):
			return f.High, nil
		}
	}
	names := make([]string, len(figures))
	for i, f := range figures {
		names[i] = f.Name
	}
	if near := nearest.Name(name, names); near != "" {
		return 0, fmt.Errorf("there is no figure %q; did you mean %q?", name, near)
	}
	return 0, fmt.Errorf("there is no figure %q; validate --json lists all", name)
}
