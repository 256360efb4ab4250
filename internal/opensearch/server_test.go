package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/index"
)

// server is an OpenSearch that .ci/opensearch started.
type server struct {
	t       *testing.T
	address string
}

func anOpenSearch(t *testing.T) server {
	address := os.Getenv("RADLABEL_OPENSEARCH")
	if address == "" {
		t.Skip("RADLABEL_OPENSEARCH names no server; .ci/opensearch starts one")
	}
	return server{t, address}
}

// ask sends a body, and gives what is answered in out.
func (s server) ask(method, path string, body []byte, out any) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, s.address+path, bytes.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, response.StatusCode, "%s %s: %s\n%s", method, path, answer, cut(body))
	if out != nil {
		require.NoError(s.t, json.Unmarshal(answer, out), "%s", answer)
	}
}

func cut(b []byte) []byte { return b[:min(len(b), 2000)] }

// load makes an index on the server of all reports of one here.
func (s server) load(x *index.Index, name string) {
	s.t.Helper()
	var template bytes.Buffer
	require.NoError(s.t, Template(&template, x, name))
	s.ask(http.MethodPut, "/_index_template/"+name, template.Bytes(), nil)
	s.t.Cleanup(func() {
		s.ask(http.MethodDelete, "/"+name+"?ignore_unavailable=true", nil, nil)
		s.ask(http.MethodDelete, "/_index_template/"+name, nil, nil)
	})
	s.send(x, name)
}

// send sends all reports.
func (s server) send(x *index.Index, name string) {
	for _, body := range bodies(s.t, x, 1<<20) {
		var answer struct {
			Errors bool
			Items  json.RawMessage
		}
		s.ask(http.MethodPost, "/"+name+"/_bulk", body, &answer)
		require.False(s.t, answer.Errors, "%s", cut(answer.Items))
	}
	s.ask(http.MethodPost, "/"+name+"/_refresh", nil, nil)
}

// bodies are those of an index, each of at most so many bytes.
func bodies(t testing.TB, x *index.Index, size int) [][]byte {
	var all []*bytes.Buffer
	bulk := Bulk{Index: x, Size: size, Next: func() (io.Writer, error) {
		all = append(all, &bytes.Buffer{})
		return all[len(all)-1], nil
	}}
	for d, err := range x.Documents(context.Background()) {
		require.NoError(t, err)
		require.NoError(t, bulk.Write(d))
	}
	out := make([][]byte, len(all))
	for i, b := range all {
		out[i] = b.Bytes()
	}
	return out
}

// found are the ids that a query finds on the server, in order.
func (s server) found(name string, body []byte) []string {
	s.t.Helper()
	var answer struct {
		Hits struct {
			Hits []struct {
				Source struct{ ID string } `json:"_source"`
			}
		}
	}
	s.ask(http.MethodPost, "/"+name+"/_search?size=10000&_source=id", body, &answer)
	ids := []string{}
	for _, h := range answer.Hits.Hits {
		ids = append(ids, h.Source.ID)
	}
	slices.Sort(ids)
	return ids
}

// same compares what a query finds here and there, and gives how many reports that are.
func (s server) same(x *index.Index, name, query string, match index.Match) int {
	s.t.Helper()
	q, err := x.Parse(query)
	require.NoError(s.t, err)
	want := []string{}
	for h, err := range x.Hits(context.Background(), q, index.Options{Limit: -1, Sort: "id", IDsOnly: true, Match: match}) {
		require.NoError(s.t, err, query)
		want = append(want, h.ID)
	}
	var body bytes.Buffer
	require.NoError(s.t, Query(&body, x.Condition(q), match))
	got := s.found(name, body.Bytes())
	if !slices.Equal(want, got) {
		assert.Failf(s.t, "other reports", "%s, match %d: %d here and %d there\nhere alone: %.20q\nthere alone: %.20q\n%s",
			query, match, len(want), len(got), without(want, got), without(got, want), body.Bytes())
	}
	return len(want)
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(id string) bool { return slices.Contains(b, id) })
}

// documented are the queries of docs/search.md: those of its commands, and those of its
// table that this index understands.
func documented(t *testing.T, x *index.Index) []string {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "search.md"))
	require.NoError(t, err)
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^\$ radlabel search .*?--index idx .*$`).FindAllString(string(page), -1) {
		for _, quoted := range regexp.MustCompile(`'([^']+)'|--count (\w+)`).FindAllStringSubmatch(m, 1) {
			all = append(all, quoted[1]+quoted[2])
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*`) \\| .*$").FindAllString(string(page), -1) {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row, -1) {
			all = append(all, strings.ReplaceAll(code[1], `\|`, "|"))
		}
	}
	all = slices.DeleteFunc(all, func(q string) bool { _, err := x.Parse(q); return err != nil })
	require.Greater(t, len(all), 45)
	return all
}

// others are queries of forms that the page tells of in words.
var others = []string{
	"effusion AND tube", "effusion && tube", "+effusion +tube", "NOT tube", "!tube", "-*", "* -no",
	"right-sided", "x1ated", "2.5", `"2 5"`, `"ptx"`, "PTX", "ct", "x^2 tube^0", "t??e", "*", "p*x", "*x", "effusion* -pneumo*x", "impression:pneumo*",
	`/pneumo.*x/`, `/(pleural|chest)/`, `/[a-c]+t?/`, `/[^a-m].{2,4}/`, `/\d+/`, `/\w{9,}s?/`, `/No|ANY/`, `findings:/eff.+/`, `/a.b{2}|(cd)*e/`, "/é+/",
	"efusion~", "pnuemothorax~2", "no~", "no~2", "tubee~1", "findings:hart~", "a~2",
	"pneumothorax:*", "pneumothorax:unmentioned", "no_finding:positive", "same-sentence(pneumothorax:unmentioned)", "same-sentence(*)", "-same-sentence(*)",
	"same-sentence(-no -pleural_effusion:mentioned section:findings)", "same-sentence(rule:pneumo* OR cue:hedge.*)", "rule:*", "cue:*", "-cue:*",
	"section:(findings OR impression) -section:indication", `impression:"no acute"`, "text:edema", "findings:(heart size -normal)",
	"split:test", "split:*", "view:ap", "view:(ap OR lateral)", "-view:*", "date:2150", "date:2150-02", "date:>2150-01-31", "date:<=2150-06", "date:{2150-01 TO 2150-03}",
	"date:[* TO 2150-02-28]", "date:*", "-date:*", "date:<2150", "date:>=2150-12-31", "date:2150-04-15",
	"subject:*", "study:*", "id:*", "study:500*", "subject:p10000032", "study:[50000000 TO 50000900]", "study:{50000101 TO 50001101}", "study:>=50001000", "subject:<12000000", "id:?????1*",
}

// withMetadata gives studies a split, views and a date, in turns.
func withMetadata(reports []corpus.Report) map[string]index.Metadata {
	all := map[string]index.Metadata{}
	for i, r := range reports {
		m := index.Metadata{Split: []string{"train", "test", "validate", ""}[i%4]}
		m.Views = [][]string{{"AP"}, {"LATERAL", "PA"}, nil}[i%3]
		if i%5 != 0 {
			m.Date = 21500000 + uint32(i%12+1)*100 + uint32(i%28+1)
		}
		all[studyOf(r)] = m
	}
	return all
}

func studyOf(r corpus.Report) string {
	if r.Study != "" {
		return r.Study
	}
	return corpus.StudyOf(r.ID)
}

// indexed is an index of the reports that a path has.
func indexed(t *testing.T, path string) *index.Index {
	t.Helper()
	reader, err := corpus.Open(context.Background(), []string{path}, corpus.Options{})
	require.NoError(t, err)
	var reports []corpus.Report
	for r, err := range reader.Reports(context.Background()) {
		if err == nil {
			reports = append(reports, r)
		}
	}
	return indexOf(t, reports)
}

func indexOf(t testing.TB, reports []corpus.Report) *index.Index {
	t.Helper()
	dir := t.TempDir()
	_, err := index.Write(context.Background(), dir, func(yield func(corpus.Report, error) bool) {
		for _, r := range reports {
			if !yield(r, nil) {
				return
			}
		}
	}, index.WriteOptions{Metadata: withMetadata(reports), Version: "test"})
	require.NoError(t, err)
	x, err := index.Open(context.Background(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	return x
}

// strange are reports whose ids and texts need care.
var strange = []corpus.Report{
	{ID: "a\"b\\c\nd\x00</id>", Text: "No \u2028 effusion\x1b[31m. \"Quoted\\\" tube.", Subject: "*", Study: "s?"},
	{ID: strings.Repeat("long", 200), Text: "Opacité du poumon, NAÏVE Straße ΣΊΣΥΦΟΣ. Größe 3²."},
	{ID: "é", Text: strings.Repeat("x", 63) + "yz and " + strings.Repeat("x", 63) + "yw. İstanbul ﬁne ẞ."},
	{ID: "_empty", Text: ""},
	{ID: "_blank", Text: " \n "},
	{ID: "9", Text: "Metastases of a neoplasm; metastatic disease; metastas x1ated."},
	{ID: "10", Text: "12 t12 t12s x1ates CT's x-ray's dogs' 100% e\u0301galite\u0301."},
	{ID: "<&>", Text: "FINDINGS: <b>edema</b> & effusion&amp;. IMPRESSION: 5:40 p.m."},
}

// Every query of docs/search.md and others find the same reports in OpenSearch and
// here, in every way of matching words, and random ones in one of these each.
func TestServerFindsTheSame(t *testing.T) {
	s := anOpenSearch(t)
	shipped := indexed(t, filepath.Join("..", "..", "testdata", "reports"))
	indices := map[string]*index.Index{"radlabel-shipped": shipped, "radlabel-strange": indexOf(t, strange)}
	if data := os.Getenv("RADLABEL_DATA"); data != "" {
		indices["radlabel-openi"] = indexed(t, filepath.Join(data, "openi", "reports.csv"))
	}
	matches := []index.Match{index.Synonyms, index.Stems, index.Exact}
	for name, x := range indices {
		t.Run(name, func(t *testing.T) {
			s := server{t, s.address}
			s.load(x, name)
			asked, finding := 0, 0
			ask := func(query string, match index.Match) {
				if _, err := x.Parse(query); err != nil {
					return // a name that this index does not have
				}
				asked++
				if s.same(x, name, query, match) > 0 {
					finding++
				}
			}
			for _, query := range slices.Concat(documented(t, shipped), others) {
				for _, match := range matches {
					ask(query, match)
				}
			}
			for i, query := range random(x, 300) {
				ask(query, matches[i%len(matches)])
			}
			t.Logf("%d reports; %d queries asked, %d of which find reports", x.Reports(), asked, finding)
			assert.Greater(t, finding, 200)
		})
	}
}

// OpenSearch takes the template of a name that begins with another's beside that one.
func TestServerTakesNamesWithinNames(t *testing.T) {
	s := anOpenSearch(t)
	for i, name := range []string{"radlabel-within", "radlabel-within-it"} {
		s.load(indexOf(t, strange[:i+1]), name)
		assert.Len(t, s.found(name, []byte(`{"query":{"match_all":{}}}`)), i+1)
	}
}

// OpenSearch refuses a field that the template does not name, and a document that is
// sent again takes its own place.
func TestServerRefusesUnknownFields(t *testing.T) {
	s := anOpenSearch(t)
	x := indexOf(t, strange)
	s.load(x, "radlabel-strict")
	var answer struct {
		Items []struct{ Index struct{ Status int } }
	}
	s.ask(http.MethodPost, "/radlabel-strict/_bulk", []byte("{\"index\":{\"_id\":\"1\"}}\n{\"id\":\"1\",\"colour\":\"red\"}\n"), &answer)
	assert.Equal(t, http.StatusBadRequest, answer.Items[0].Index.Status)
	s.send(x, "radlabel-strict") // the same again: in the place of what is there
	assert.Len(t, s.found("radlabel-strict", []byte(`{"query":{"match_all":{}}}`)), x.Reports())
}

// random makes queries of the words and names of an index.
func random(x *index.Index, n int) []string {
	r := rand.New(rand.NewPCG(7, 11))
	var texts []string
	for d, err := range x.Documents(context.Background()) {
		if err != nil || len(texts) == 400 {
			break
		}
		for _, s := range d.Sentences {
			texts = append(texts, s.Text)
		}
	}
	word := regexp.MustCompile(`[a-zA-Z0-9]+`)
	var draw func(depth int, inside bool) string
	draw = func(depth int, inside bool) string {
		words := word.FindAllString(texts[r.IntN(len(texts))], -1)
		some := func(most int) []string {
			if len(words) == 0 {
				return []string{"no"}
			}
			at := r.IntN(len(words))
			return words[at:min(len(words), at+1+r.IntN(most))]
		}
		kinds := 14
		if depth == 0 {
			kinds = 9
		}
		switch kind := r.IntN(kinds); kind {
		case 0, 1:
			return some(1)[0]
		case 2:
			return `"` + strings.Join(some(4), " ") + `"`
		case 3:
			w := some(1)[0]
			return w[:1+r.IntN(len(w))] + "*"
		case 4:
			return some(1)[0] + "~"
		case 5, 6:
			o := x.Observations()[r.IntN(len(x.Observations()))]
			return index.FieldName(string(o)) + ":" + []string{"positive", "negative", "uncertain", "unmentioned", "mentioned"}[r.IntN(5)]
		case 7:
			return []string{"section:findings", "rule:*effusion*", "cue:negation.*", "section:preamble", "cue:hedge.*"}[r.IntN(5)]
		case 8:
			return fmt.Sprintf("%s:%s", []string{"findings", "impression", "text"}[r.IntN(3)], some(1)[0])
		case 9, 10:
			return "(" + draw(depth-1, inside) + " " + draw(depth-1, inside) + ")"
		case 11:
			return "(" + draw(depth-1, inside) + " OR " + draw(depth-1, inside) + ")"
		case 12:
			return "-(" + draw(depth-1, inside) + ")"
		}
		if inside {
			return draw(depth-1, inside)
		}
		return "same-sentence(" + draw(depth-1, true) + ")"
	}
	all := make([]string, n)
	for i := range all {
		all[i] = draw(3, false)
	}
	return all
}
