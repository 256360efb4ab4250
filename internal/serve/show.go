package serve

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/radlabel/radlabel/internal/columns"
)

var (
	//go:embed html
	htmlFiles embed.FS
	//go:embed assets
	assetFiles embed.FS

	// Made when they are first asked for: other commands need none of it.
	assets = sync.OnceValue(loadAssets)
	pages  = sync.OnceValue(parsePages)
)

// loadAssets gives the embedded files by name.
func loadAssets() map[string][]byte {
	all := map[string][]byte{}
	for _, f := range entries(assetFiles, "assets") {
		content, err := assetFiles.ReadFile("assets/" + f)
		if err != nil {
			panic(err) // not with what is embedded
		}
		all[f] = content
	}
	return all
}

func entries(files embed.FS, folder string) (names []string) {
	all, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(err) // not with what is embedded
	}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// assetPath is the address of an asset. It holds a part of the content's hash, so
// that browsers may keep it for ever.
func assetPath(name string) string {
	sum := sha256.Sum256(assets()[name])
	return "/assets/" + hex.EncodeToString(sum[:6]) + "/" + name
}

// parsePages makes a template of each file in html and the layout.
func parsePages() map[string]*template.Template {
	const layout = "layout.html"
	base := template.Must(template.New(layout).Funcs(template.FuncMap{"asset": assetPath, "number": columns.Thousands}).ParseFS(htmlFiles, "html/"+layout, "html/part-*.html"))
	all := map[string]*template.Template{}
	for _, f := range entries(htmlFiles, "html") {
		if f != layout && !strings.HasPrefix(f, "part-") {
			all[strings.TrimSuffix(f, ".html")] = template.Must(template.Must(base.Clone()).ParseFS(htmlFiles, "html/"+f))
		}
	}
	return all
}

// view is what a page shows.
type view struct {
	Title   string
	Here    string   // path of its entry in the navigation
	Scripts []string // assets
	Styles  []string // assets beside style.css
	Data    any

	Nav     []link // set by show, as is Version
	Version string
}

// show answers with a page.
func (s *Server) show(w http.ResponseWriter, name string, v view) error {
	return s.showStatus(w, http.StatusOK, name, v)
}

func (s *Server) showStatus(w http.ResponseWriter, status int, name string, v view) error {
	v.Nav, v.Version = s.nav, s.Version
	return execute(w, status, pages()[name], "layout.html", v)
}

// showPart answers with one template of a page, which its script puts into place.
func showPart(w http.ResponseWriter, page, name string, data any) error {
	return execute(w, http.StatusOK, pages()[page], name, data)
}

func execute(w http.ResponseWriter, status int, t *template.Template, name string, data any) error {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := b.WriteTo(w)
	return err
}

// kinds are those of the assets: what the machine takes an ending for may be otherwise.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json"}

func (s *Server) assetRoutes() {
	s.handle("GET /assets/{hash}/{name}", func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("name")
		content, ok := assets()[name]
		if !ok || r.URL.Path != assetPath(name) {
			return refuse(http.StatusNotFound, "no such file")
		}
		w.Header().Set("Content-Type", kinds[path.Ext(name)])
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, err := w.Write(content)
		return err
	})
}

// problem is an error as an object.
type problem struct {
	Error string `json:"error"`
	Line  int    `json:"line,omitempty"` // of a stream, from 1
}

// writeJSON answers with an object.
func writeJSON(w http.ResponseWriter, status int, v any) {
	content, err := json.Marshal(v)
	if err != nil {
		status, content = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(content, '\n'))
}
