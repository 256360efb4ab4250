package gold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus"
)

// annotationEnding is that of brat's files, which stand beside texts.
const annotationEnding = ".ann"

func isAnnotation(path string) bool { return strings.EqualFold(filepath.Ext(path), annotationEnding) }

// openBrat reads brat's standoff files: one, or all in a folder and its folders.
func openBrat(ctx context.Context, path string, opts Options) (*Source, error) {
	if opts.By != "" {
		return nil, problem(corpus.Place{Path: path}, fmt.Sprintf("brat's files have no column %q", opts.By), "group tables or JSON lines")
	}
	files, err := annotationFiles(path)
	if err != nil {
		return nil, err
	}
	all := newDocuments(opts)
	for _, file := range files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b := bratFile{documents: all, path: file, byID: map[string]*entity{}}
		b.read()
	}
	return all.source(Source{Path: path, Format: "brat"})
}

func annotationFiles(path string) (files []string, err error) {
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != path && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir() && isAnnotation(file):
			files = append(files, file)
		}
		return nil
	})
	place := corpus.Place{Path: path}
	switch {
	case err != nil:
		return nil, problem(place, "cannot be read: "+cause(err), "check the path and its permissions")
	case files == nil:
		return nil, problem(place, "there is no .ann file in this folder", "give a file, or a folder of brat's .ann files beside their .txt files")
	}
	return files, nil
}

// cause is an error of the file system without the path, which the place has.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// bratFile reads one .ann file and the text beside it.
type bratFile struct {
	*documents
	path     string
	text     string
	at       []int // byte offsets of code points
	entities []*entity
	byID     map[string]*entity
}

// entity is a T line with what its attributes say.
type entity struct {
	mark
	attributes []corpus.Assertion
}

func (b *bratFile) place(line int) corpus.Place { return corpus.Place{Path: b.path, Line: line} }

func (b *bratFile) read() {
	stem := b.path[:len(b.path)-len(annotationEnding)]
	raw, err := os.ReadFile(stem + ".txt")
	if err != nil {
		b.fail(b.place(0), "the text %s beside it cannot be read: %s", filepath.Base(stem)+".txt", cause(err))
		return
	}
	if err := validText(corpus.Place{Path: stem + ".txt"}, raw); err != nil {
		b.wrong.add(err)
		return
	}
	b.text, b.at = offsets(string(raw), codePoint)
	lines, err := os.ReadFile(b.path)
	if err == nil {
		err = validText(b.place(0), lines)
	} else {
		err = problem(b.place(0), "cannot be read: "+cause(err), "")
	}
	if err != nil {
		b.wrong.add(err)
		return
	}
	all := slices.Collect(strings.Lines(strings.TrimPrefix(string(lines), byteOrderMark)))
	// Attributes may stand before what they are of.
	for _, attributes := range []bool{false, true} {
		for i, line := range all {
			if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
				b.line(line, i+1, attributes)
			}
		}
	}
	doc := document{Row: Row{ID: corpus.StudyOf(filepath.Base(stem)), Place: b.place(0), Text: b.text}}
	for _, e := range b.entities {
		if e.observation >= 0 {
			e.assertion = e.asserted()
			doc.marks = append(doc.marks, e.mark)
		}
	}
	b.add(doc)
}

// line reads a line, either if it is an attribute or if it is not.
func (b *bratFile) line(line string, number int, attributes bool) {
	isAttribute := line[0] == 'A' || line[0] == 'M'
	if isAttribute != attributes {
		return
	}
	switch what := ""; line[0] {
	case 'T':
		what = b.entity(line, number)
		b.failLine(number, what)
	case 'A', 'M':
		what = b.attribute(line)
		b.failLine(number, what)
	case '#', 'R', 'E', 'N', '*': // notes, relations, events, normalisations, equivalences
	default:
		b.failLine(number, "the line is none of brat's: "+quotedID(line))
	}
}

func (b *bratFile) failLine(number int, what string) {
	if what != "" {
		b.fail(b.place(number), "%s", what)
	}
}

// entity reads "T1	Pleural_Effusion 3 11	effusion", or with more spans between
// semicolons. It says what is wrong.
func (b *bratFile) entity(line string, number int) (what string) {
	parts := strings.SplitN(line, "\t", 3)
	if len(parts) < 3 {
		return "the line has no identifier, type with offsets, and text with tabs between them"
	}
	kind, places, _ := strings.Cut(parts[1], " ")
	if b.byID[parts[0]] != nil {
		return "the identifier " + quotedID(parts[0]) + " is taken already"
	}
	name, asserted := splitLabel(kind)
	e := &entity{mark: mark{observation: b.observation(strings.ReplaceAll(name, "_", " "), b.place(number)), assertion: asserted}}
	b.byID[parts[0]] = e
	var marked strings.Builder
	for i, piece := range strings.Split(places, ";") {
		from, to, _ := strings.Cut(strings.TrimSpace(piece), " ")
		start, err1 := strconv.Atoi(from)
		end, err2 := strconv.Atoi(to)
		span, ok := spanAt(b.at, start, end)
		if err1 != nil || err2 != nil || !ok {
			return fmt.Sprintf("%s is no span of the text, which has %d characters", quotedID(piece), len(b.at)-1)
		}
		marked.WriteString(span.In(b.text))
		if i == 0 {
			e.span = span
		}
		e.span = corpus.Span{Start: min(e.span.Start, span.Start), End: max(e.span.End, span.End)}
	}
	if !sameText(marked.String(), parts[2]) {
		return fmt.Sprintf("the text is %s at these offsets, and %s in the line", quotedID(marked.String()), quotedID(parts[2]))
	}
	b.entities = append(b.entities, e)
	return ""
}

// attribute reads "A1	Negated T1" or "A1	Certainty T1 possible".
func (b *bratFile) attribute(line string) (what string) {
	_, rest, _ := strings.Cut(line, "\t")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return "the line has no identifier, and name with what it is of, with a tab between them"
	}
	name, of := fields[0], fields[1]
	e := b.byID[of]
	switch {
	case e == nil && of[0] == 'T':
		return "there is no " + quotedID(of)
	case e == nil:
		return "" // of an event or a relation
	}
	if a, ok := attributeAssertion(name, fields[2:]); ok {
		e.attributes = append(e.attributes, a)
	}
	return ""
}

// attributeAssertion tells what an attribute says: by its value where it has one,
// which may but affirm its name, else by its name.
func attributeAssertion(name string, value []string) (corpus.Assertion, bool) {
	named, ok := nameAssertion(name)
	if len(value) == 0 {
		return named, ok
	}
	switch word := strings.ToLower(value[0]); {
	case slices.Contains([]string{"yes", "true", "1"}, word), ok && word == "present":
		return named, ok
	case ok && word == "absent": // no negation, no doubt
		return corpus.Unmentioned, false
	default:
		return assertionOf(word)
	}
}

// nameAssertion tells what an attribute is the name of.
func nameAssertion(name string) (corpus.Assertion, bool) {
	name = strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "negat"):
		return corpus.Negative, true
	case strings.HasPrefix(name, "uncertain"), strings.HasPrefix(name, "specul"):
		return corpus.Uncertain, true
	default:
		return assertionOf(name)
	}
}

// asserted joins an entity's type and attributes: a hedge beats a negation, and
// both beat what is said of most entities.
func (e *entity) asserted() corpus.Assertion {
	for _, a := range []corpus.Assertion{corpus.Uncertain, corpus.Negative, corpus.Positive} {
		if slices.Contains(e.attributes, a) {
			return a
		}
	}
	return e.assertion
}
