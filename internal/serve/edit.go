package serve

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/page"
	"github.com/radlabel/radlabel/labeler"
	"github.com/radlabel/radlabel/rules"
)

// editRoutes are the pages on which rule files are tried and saved.
func (s *Server) editRoutes() {
	s.handle("GET /rules/edit", s.editRules)
	s.handle("POST /rules/try", s.tryRules)
	s.handle("GET /rules/trial/{id}", s.showTrial)
	s.handle("POST /rules/trial/{id}/stop", s.stopTrial)
	s.handle("POST /rules/trial/{id}/save", s.saveTrial)
}

// ruleFiles gives the files of a rule set, and whether they may be saved.
func (s *Server) ruleFiles(set string) (files fs.FS, own bool, err error) {
	if s.RuleFolder != "" && set == s.inUse()[0].Rules().Name {
		return os.DirFS(s.RuleFolder), true, nil
	}
	files, err = rules.Files(set)
	return files, false, err
}

// fileName is what a rule file may be called.
var fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,80}\.ya?ml$`)

// draft is a rule file as someone is writing it.
type draft struct {
	RuleSet, File string
	Text          string
	Base          string // the digest of the file that it was made of; "" where there was none
	Own           bool   // it may be saved
	files         fs.FS
}

// readDraft reads which file is meant; its text is that of the file.
func (s *Server) readDraft(ruleSet, file string) (draft, error) {
	c, err := s.choose(ruleSet, "")
	if err != nil {
		return draft{}, err
	}
	d := draft{RuleSet: c.RuleSet, File: file}
	if d.files, d.Own, err = s.ruleFiles(c.RuleSet); err != nil {
		return d, err
	}
	if d.File = cmp.Or(file, "ruleset.yaml"); !fileName.MatchString(d.File) {
		return d, refuse(http.StatusBadRequest, "a rule file is called like pleural-effusion.yaml: small letters, digits and hyphens")
	}
	content, err := fs.ReadFile(d.files, d.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && d.Own:
	case errors.Is(err, fs.ErrNotExist):
		return d, refuse(http.StatusNotFound, "the rule set %s has no file of this name", d.RuleSet)
	case err != nil:
		return d, refuse(http.StatusInternalServerError, "the rule file cannot be read; see whether the server may")
	default:
		d.Text, d.Base = string(content), digestOf(content)
	}
	return d, nil
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// IsNew reports whether the set has no such file yet.
func (d draft) IsNew() bool { return d.Base == "" }

// Files are the names of the files of the set, this one among them.
func (d draft) Files() []string {
	all, err := fs.Glob(d.files, "*.y*ml")
	if err != nil { // not of this pattern
		return nil
	}
	if !slices.Contains(all, d.File) {
		all = append(all, d.File)
		slices.Sort(all)
	}
	return all
}

// load gives the rule set with the draft in the place of its file.
func (d draft) load() (*rules.Set, error) {
	return rules.Load(overlaid{d.files, d.File, []byte(d.Text)})
}

// editView is what the page of a rule file shows.
type editView struct {
	draft
	RuleSets []string
	Problems []ruleProblem
	Problem  string // that has no place
	Corpus   int    // reports that changes are tried on
	Folder   string
}

// ruleProblem is an error in a rule file with its place.
type ruleProblem struct {
	Here         bool // in the file that is shown
	File         string
	Line, Column int
	What, Source string
	Caret        string
	Warning      bool
}

func problemsOf(file string, errs rules.Errors) (all []ruleProblem) {
	for _, e := range errs {
		p := ruleProblem{File: filepath.Base(e.Pos.File), Line: e.Pos.Line, Column: e.Pos.Column, What: page.OneLine(e.What), Warning: e.Warning}
		p.Here = p.File == file
		if e.ID != "" {
			p.What = page.OneLine(e.ID) + ": " + p.What
		}
		if strings.TrimSpace(e.Source) != "" {
			p.Source, p.Caret = page.Printable(e.Source), strings.Repeat(" ", max(0, e.Pos.Column-1))+"^"
		}
		all = append(all, p)
	}
	return all
}

func (s *Server) editRules(w http.ResponseWriter, r *http.Request) error {
	d, err := s.readDraft(r.URL.Query().Get("ruleset"), r.URL.Query().Get("file"))
	if err != nil {
		return err
	}
	return s.showEdit(w, http.StatusOK, editView{draft: d})
}

func (s *Server) showEdit(w http.ResponseWriter, status int, v editView) error {
	v.RuleSets = s.ruleSets()
	if v.Own {
		v.Folder = s.RuleFolder
	}
	if s.Corpus != nil {
		v.Corpus = s.CorpusReports
	}
	return s.showStatus(w, status, "edit", view{Title: v.File, Here: "/rules", Scripts: []string{"edit.js"}, Styles: corpusStyle, Data: v})
}

// postedDraft reads the form of a rule file.
func (s *Server) postedDraft(r *http.Request) (draft, error) {
	if err := parseForm(r); err != nil {
		return draft{}, err
	}
	d, err := s.readDraft(r.PostForm.Get("ruleset"), r.PostForm.Get("file"))
	if err != nil {
		return d, err
	}
	d.Base = r.PostForm.Get("base")
	d.Text = strings.ToValidUTF8(strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), "\uFFFD")
	if d.Text != "" && !strings.HasSuffix(d.Text, "\n") {
		d.Text += "\n"
	}
	return d, nil
}

// tryRules checks a rule file, and begins to try it on the corpus. Errors come back
// with the text.
func (s *Server) tryRules(w http.ResponseWriter, r *http.Request) error {
	d, err := s.postedDraft(r)
	if err != nil {
		return err
	}
	set, err := d.load()
	var errs rules.Errors
	switch {
	case errors.As(err, &errs):
		return s.showEdit(w, http.StatusUnprocessableEntity, editView{draft: d, Problems: problemsOf(d.File, errs)})
	case err != nil:
		return s.showEdit(w, http.StatusUnprocessableEntity, editView{draft: d, Problem: page.OneLine(err.Error())})
	}
	if d.Own && s.isOther(set.Name) {
		return s.showEdit(w, http.StatusUnprocessableEntity, editView{draft: d, Problem: "another rule set that is served is called " + page.OneLine(set.Name) + "; give this one another name"})
	}
	t, err := s.begin(d, set)
	if known := (refusal{}); errors.As(err, &known) {
		return s.showEdit(w, known.status, editView{draft: d, Problem: known.message})
	}
	if err != nil {
		return s.showEdit(w, http.StatusUnprocessableEntity, editView{draft: d, Problem: page.OneLine(err.Error())})
	}
	http.Redirect(w, r, "/rules/trial/"+url.PathEscape(t.id), http.StatusSeeOther)
	return nil
}

// saveTrial saves the rule file that was tried, in one step, if the one on the disk
// is still that which it was made of.
func (s *Server) saveTrial(w http.ResponseWriter, r *http.Request) error {
	t, err := s.trial(r)
	if err != nil {
		return err
	}
	d := t.draft
	switch now := t.snapshot(); {
	case now.Saved:
		return refuse(http.StatusConflict, "%s is saved already", d.File)
	case !now.Done:
		return refuse(http.StatusConflict, "%s is still being tried; save it when that is done, or stop it first", d.File)
	}
	if !d.Own {
		return refuse(http.StatusForbidden, "the embedded rules cannot be changed; radlabel rules export DIR writes them out, and serve --rules DIR takes them from there")
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	if now, err := s.readDraft(d.RuleSet, d.File); err != nil {
		return err
	} else if now.Base != d.Base {
		return refuse(http.StatusConflict, "%s has changed on the disk since it was opened here; open it again and take the change over", d.File)
	}
	if err := writeRuleFile(filepath.Join(s.RuleFolder, d.File), d.Text); err != nil {
		return refuse(http.StatusInternalServerError, "%s", err)
	}
	t.change(func(s *trialState) { s.Saved = true })
	s.reload()
	http.Redirect(w, r, "/rules/trial/"+url.PathEscape(t.id), http.StatusSeeOther)
	return nil
}

// writeRuleFile replaces a file in one step. It keeps who may read it.
func writeRuleFile(path, text string) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := output.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write([]byte(text)); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// reload takes the rules of the folder as they are now into use. Where they are
// broken, those before stay.
func (s *Server) reload() {
	set, err := rules.LoadDir(s.RuleFolder)
	if err != nil {
		return
	}
	if s.isOther(set.Name) {
		return // names lead to one rule set
	}
	all := slices.Clone(s.inUse())
	if l, err := all[0].With(set); err == nil {
		all[0] = l
		s.current.Store(&all)
	}
}

// isOther reports whether a rule set of that name is served beside that of the folder.
func (s *Server) isOther(name string) bool {
	return slices.ContainsFunc(s.inUse()[1:], func(l *labeler.Labeler) bool { return l.Rules().Name == name })
}

// overlaid is a folder of rules with another content of one file, or one file more.
type overlaid struct {
	fs.FS
	name    string
	content []byte
}

// ReadFile gives the content of a file.
func (o overlaid) ReadFile(name string) ([]byte, error) {
	if name == o.name {
		return bytes.Clone(o.content), nil
	}
	return fs.ReadFile(o.FS, name)
}

// ReadDir lists the folder.
func (o overlaid) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(o.FS, name)
	if err != nil || slices.ContainsFunc(all, func(e fs.DirEntry) bool { return e.Name() == o.name }) {
		return all, err
	}
	all = append(slices.Clone(all), fs.FileInfoToDirEntry(overlaidFile(o)))
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return all, nil
}

// overlaidFile is the file more.
type overlaidFile overlaid

func (f overlaidFile) Name() string       { return f.name }
func (f overlaidFile) Size() int64        { return int64(len(f.content)) }
func (f overlaidFile) Mode() fs.FileMode  { return 0o444 }
func (f overlaidFile) ModTime() time.Time { return time.Time{} }
func (f overlaidFile) IsDir() bool        { return false }
func (f overlaidFile) Sys() any           { return nil }
