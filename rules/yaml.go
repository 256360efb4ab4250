package rules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// reader reads one YAML file from its syntax tree rather than into structs: so
// every value has its place, and one mistake does not hide the next.
type reader struct {
	file string
	src  *sources
	errs Errors
	id   string // of the rule, cue, class or section being read
}

// parse gives the file's top-level mapping, or nil after reporting why not.
func (r *reader) parse(content []byte) ast.Node {
	// Repeated keys are reported below, with everything else.
	file, err := parseYAML(content)
	if err != nil {
		pos := Pos{File: r.file, Line: 1, Column: 1}
		what := err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			what = syntax.GetMessage()
			if t := syntax.GetToken(); t != nil {
				pos = r.tokenPos(t)
			}
		}
		if strings.Contains(what, "reserved character") || strings.Contains(what, "alias") {
			what += `; quote the text: "@side lung"`
		}
		r.fail(pos, "not YAML: %s", what)
		return nil
	}
	if len(file.Docs) > 1 && file.Docs[1].Body != nil {
		r.fail(r.pos(file.Docs[1].Body), "a rule file holds one YAML document; put the second into a file of its own")
		return nil
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.fail(Pos{File: r.file, Line: 1}, "file is empty; a rule file begins with one of the keys %s", strings.Join(fileKinds, ", "))
		return nil
	}
	return file.Docs[0].Body
}

// parseYAML parses and turns a panic of the parser into an error.
func parseYAML(content []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the YAML parser gave up on this file")
		}
	}()
	return parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
}

func (r *reader) fail(pos Pos, format string, args ...any) {
	r.errs = append(r.errs, &Error{Pos: pos, ID: r.id, What: fmt.Sprintf(format, args...)})
}

func (r *reader) tokenPos(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{File: r.file}
	}
	return Pos{File: r.file, Line: t.Position.Line, Column: t.Position.Column}
}

// pos is where a node begins.
func (r *reader) pos(n ast.Node) Pos {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return r.pos(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return r.pos(n.Key)
	}
	return r.tokenPos(n.GetToken())
}

// fields reads a mapping: each key by the function of that name. It reports
// unknown and repeated keys, and returns false for what is no mapping.
func (r *reader) fields(n ast.Node, what string, known map[string]func(ast.Node)) bool {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.fail(r.pos(n), "%s is a mapping (key: value), not %s", what, describe(n))
		return false
	}
	seen := make(map[string]bool)
	for it := m.MapRange(); it.Next(); {
		key, value := it.Key(), it.Value()
		name := key.GetToken().Value
		read, ok := known[name]
		switch {
		case !ok:
			r.fail(r.pos(key), "unknown key %q%s", name, suggest(name, keys(known)))
		case seen[name]:
			r.fail(r.pos(key), "key %q stands here twice", name)
		case read != nil:
			read(value)
		}
		seen[name] = true
	}
	return true
}

// describe names the kind of a node for messages.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		return "a YAML anchor, alias or tag"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.BoolNode:
		return "true or false"
	}
	return "a number"
}

// list reads the items of a sequence.
func (r *reader) list(n ast.Node, what string, read func(ast.Node)) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(r.pos(n), "%s is a list, not %s", what, describe(n))
		return
	}
	for _, item := range seq.Values {
		read(item)
	}
}

// text reads a scalar as it is written; ok is false after an error.
func (r *reader) text(n ast.Node, what string) (text string, ok bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case ast.MapNode:
		r.fail(r.pos(n), `%s is a text, not a mapping; quote it if it holds ": "`, what)
	default:
		r.fail(r.pos(n), "%s is a text, not %s", what, describe(n))
	}
	return "", false
}

// textTo gives a function for fields that reads a text into dst.
func (r *reader) textTo(dst *string, what string) func(ast.Node) {
	return func(n ast.Node) {
		if s, ok := r.text(n, what); ok {
			*dst = strings.TrimSpace(s)
		}
	}
}

func (r *reader) boolTo(dst *bool, what string) func(ast.Node) {
	return func(n ast.Node) {
		if b, ok := n.(*ast.BoolNode); ok {
			*dst = b.Value
			return
		}
		r.fail(r.pos(n), "%s is true or false, not %s", what, describe(n))
	}
}

func (r *reader) countTo(dst *int, what string) func(ast.Node) {
	return func(n ast.Node) {
		if _, ok := n.(*ast.IntegerNode); ok {
			if i, err := strconv.Atoi(n.GetToken().Value); err == nil && i >= 0 {
				*dst = i
				return
			}
		}
		r.fail(r.pos(n), "%s is a number of tokens from 0", what)
	}
}

// placed is a text with its place.
type placed struct {
	text string
	pos  Pos
}

func (r *reader) placedTo(dst *placed, what string) func(ast.Node) {
	return func(n ast.Node) {
		dst.pos = r.pos(n)
		if s, ok := r.text(n, what); ok {
			dst.text = strings.TrimSpace(s)
		}
	}
}

func (r *reader) listTo(dst *[]placed, what, item string) func(ast.Node) {
	return func(n ast.Node) {
		r.list(n, what, func(n ast.Node) {
			if s, ok := r.text(n, item); ok {
				*dst = append(*dst, placed{strings.TrimSpace(s), r.pos(n)})
			}
		})
	}
}

// phrasesTo also notes in given that the key is there, be it right or wrong.
func (r *reader) phrasesTo(dst *[]Phrase, given *bool, what string) func(ast.Node) {
	return func(n ast.Node) {
		*given = true
		if seq, ok := n.(*ast.SequenceNode); ok && len(seq.Values) == 0 {
			r.fail(r.pos(n), "%s is empty", what)
		}
		r.list(n, what, func(n ast.Node) {
			if s, ok := r.text(n, "a phrase"); ok {
				*dst = append(*dst, Phrase{Text: s, Pos: r.pos(n)})
			}
		})
	}
}
