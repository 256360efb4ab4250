package serve

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/browsertest"
	"github.com/radlabel/radlabel/internal/index"
)

// said are sentences that made-up reports are made of. The last tries to be markup.
var said = []string{
	"No pleural effusion.", "Small left pleural effusion.", "Possible small pneumothorax.", "No pneumothorax.",
	"Mild pulmonary edema.", "Heart size is normal.", "A chest tube is in place.", "Pneumonia cannot be excluded.",
	"No acute process.", `No edema <b onclick="alert(1)">bold</b> & "quoted".`,
}

// madeUp gives reports that are the same every time.
func madeUp(n int) []corpus.Report {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]corpus.Report, n)
	for i := range all {
		var b strings.Builder
		for _, section := range []string{"FINDINGS", "IMPRESSION"} {
			fmt.Fprintf(&b, "%s:\n", section)
			for range 1 + r.IntN(3) {
				fmt.Fprintf(&b, "%s\n", said[r.IntN(len(said))])
			}
			b.WriteString("\n")
		}
		study := fmt.Sprint(50000000 + i)
		all[i] = corpus.Report{ID: study, Study: study, Subject: fmt.Sprint(10000000 + i/3), Text: b.String()}
	}
	return all
}

// indexed makes an index of made-up reports.
func indexed(t testing.TB, n int) *index.Index {
	t.Helper()
	dir := t.TempDir()
	metadata := map[string]index.Metadata{}
	for i := range n {
		metadata[fmt.Sprint(50000000+i)] = index.Metadata{Split: []string{"train", "train", "test set"}[i%3], Views: []string{"AP"}, Date: 21500101 + uint32(i%28)}
	}
	reports := func(yield func(corpus.Report, error) bool) {
		for _, r := range madeUp(n) {
			if !yield(r, nil) {
				return
			}
		}
	}
	_, err := index.Write(t.Context(), dir, reports, index.WriteOptions{Metadata: metadata})
	require.NoError(t, err)
	x, err := index.Open(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	return x
}

func query(path string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + v.Encode()
}

func TestSearchByHTTP(t *testing.T) {
	x := indexed(t, 300)
	s := newServer(t, Options{Index: x})
	for _, test := range []struct {
		path   string
		status int
		want   []string
	}{
		{"/search", 200, []string{"300 of 300 reports", "1 to 200 of 300", `rel="next"`, `href="/search?q=edema%3Apositive"`, `href="/search?q=split%3A%22test&#43;set%22"`}},
		{"/search?offset=200", 200, []string{"201 to 300 of 300", `rel="prev" href="/search?offset=0"`}},
		{"/search?offset=99999999999", 200, []string{"300 of 300"}},
		{query("/search", "q", "edema OR effusion", "match", "exact"), 200, []string{`href="/search?match=exact&amp;q=%28edema&#43;OR&#43;effusion%29&#43;edema%3Apositive"`}},
		{query("/search", "q", "effusion edema:positive"), 200, []string{`href="/search?q=effusion" aria-label="without Edema positive: `, `aria-current="true"`}},
		{query("/search", "q", "bold"), 200, []string{`&lt;b onclick=&#34;alert(1)&#34;&gt;<span class="asked">bold</span>`}},
		{query("/search", "q", "nothing"), 200, []string{"No report is so"}},
		{query("/search", "q", "tube edma:positive"), 400, []string{"tube <mark>edma</mark>:positive", "unknown field &#34;edma&#34;; did you mean edema?", `href="/search?q=tube&#43;edema%3Apositive"`}},
		{"/search?sort=zebra", 400, []string{"sort is one of"}},
		{"/search?match=zebra", 400, []string{"match is one of"}},
		{"/search?offset=-1", 400, []string{"offset is a number"}},
		{query("/search/report", "id", "50000003", "q", "effusion"), 200, []string{"50000003", "FINDINGS", "Back to the list"}},
		{query("/search/report", "id", "zebra"), 404, []string{"no report of this id"}},
		{query("/search/report", "id", "50000003", "q", "("), 400, []string{"cannot be understood"}},
		{"/search/download/xml", 404, []string{"csv, jsonl"}},
		{query("/search/download/csv", "q", "("), 400, []string{"query: "}},
		{"/api/v1/search?limit=1001", 400, []string{"limit is a number"}},
		{"/api/v1/search?facets=zebra", 400, []string{"facets is true"}},
		{query("/api/v1/search", "q", "edma:positive"), 400, []string{"did you mean edema?", "byte 0"}},
		{"/api/v1/suggest?q=e&at=-1", 400, []string{"at is a number"}},
	} {
		w := ask(s, http.MethodGet, test.path, "", "Accept", "text/html")
		assert.Equal(t, test.status, w.Code, test.path)
		for _, want := range test.want {
			assert.Contains(t, w.Body.String(), want, test.path)
		}
		assert.NotContains(t, w.Body.String(), "<b onclick", test.path)
	}
	w := ask(newServer(t, Options{}), http.MethodGet, "/search", "")
	assert.Equal(t, http.StatusNotFound, w.Code, "without an index there is no search")
}

func TestDownloadHits(t *testing.T) {
	s := newServer(t, Options{Index: indexed(t, 300)})
	w := ask(s, http.MethodGet, query("/search/download/csv", "q", "edema:positive", "offset", "3"), "")
	rows, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"subject_id", "study_id", "No Finding"}, rows[0][:3])
	assert.Equal(t, `attachment; filename="search.csv"`, w.Header().Get("Content-Disposition"))

	w = ask(s, http.MethodGet, query("/search/download/jsonl", "q", "edema:positive"), "")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	assert.Len(t, lines, len(rows)-1)
	var hit struct {
		ID     string
		Labels map[string]int
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &hit))
	assert.Equal(t, 1, hit.Labels["Edema"])
}

func TestSearchAPI(t *testing.T) {
	router := described(t)
	s := newServer(t, Options{Index: indexed(t, 300)})
	seen := map[string]bool{}
	for offset := 0; ; {
		path := query("/api/v1/search", "q", "effusion", "limit", "70", "facets", fmt.Sprint(offset == 0), "offset", fmt.Sprint(offset), "sort", "-date", "match", "stems")
		w := ask(s, http.MethodGet, path, "")
		conforms(t, router, http.MethodGet, path, w)
		var answer struct {
			Total  int
			Hits   []struct{ ID string }
			Facets map[string]any
			Next   *int `json:"next_offset"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		assert.Equal(t, offset == 0, answer.Facets != nil)
		for _, h := range answer.Hits {
			assert.False(t, seen[h.ID])
			seen[h.ID] = true
		}
		if answer.Next == nil {
			assert.Len(t, seen, answer.Total)
			break
		}
		offset = *answer.Next
	}
	path := "/api/v1/suggest?q=ef&at=2"
	w := ask(s, http.MethodGet, path, "")
	conforms(t, router, http.MethodGet, path, w)
	assert.Contains(t, w.Body.String(), `{"text":"pleural_effusion:","kind":"field","doc":"what the report says of Pleural Effusion","before":"pleural_effusion:","after":""}`)
	for _, path := range []string{"/api/v1/search?q=(", "/api/v1/suggest?at=x"} {
		conforms(t, router, http.MethodGet, path, ask(s, http.MethodGet, path, ""))
	}
}

func FuzzSearch(f *testing.F) {
	s := newServer(f, Options{Index: indexed(f, 30)})
	f.Add("effusion edema:positive", "relevance", "exact", 3)
	f.Add(`"<script>`, "-date", "", -1)
	f.Add("\xff(", "x", "stems", 1<<40)
	f.Fuzz(func(t *testing.T, q, sort, match string, n int) {
		for _, path := range []string{"/search", "/search/report", "/api/v1/search", "/api/v1/suggest", "/search/download/csv"} {
			w := ask(s, http.MethodGet, query(path, "q", q, "sort", sort, "match", match, "offset", fmt.Sprint(n), "at", fmt.Sprint(n), "n", fmt.Sprint(n), "id", "50000001"), "", "Accept", "text/html")
			require.Less(t, w.Code, 500, "%s: %s", path, w.Body)
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				require.NotContains(t, w.Body.String(), "<script>")
				require.NotContains(t, w.Body.String(), "<b onclick")
			}
		}
	})
}

func TestSearchInABrowser(t *testing.T) {
	p := open(t, Options{Index: indexed(t, 300)}, "/search")
	p.Accessible()

	// A suggestion is taken by the keyboard alone, first the field, then its value.
	p.Keys("/")
	p.Do(chromedp.SendKeys(chromedp.CSS("#q"), "effu"))
	p.Wait(`[...document.querySelectorAll("#suggestions b")].map(e => e.textContent).join(" ") === "pleural_effusion: effusion" && q.getAttribute("aria-expanded") === "true"`)
	p.Keys("ArrowDown")
	p.Wait(`document.getElementById(q.getAttribute("aria-activedescendant"))?.textContent.startsWith("pleural_effusion:")`)
	p.Accessible()
	p.Keys("Enter")
	p.Wait(`q.value === "pleural_effusion:" && document.querySelectorAll("#suggestions > *").length === 5`)
	p.Keys("ArrowUp", "ArrowUp", "ArrowUp")
	p.Keys("Enter")
	p.Wait(`q.value === "pleural_effusion:negative" && suggestions.hidden`)
	p.Keys("Enter")
	p.Wait(`new URLSearchParams(location.search).get("q") === "pleural_effusion:negative" && document.querySelector(".hits .mention.negative")`)
	assert.True(t, browsertest.Value[bool](p, `[...document.querySelectorAll(".hits .labelled")].every(e => /negative [^;]*Pleural Effusion/.test(e.textContent))`))

	// Escape closes what is suggested, and what was typed stays.
	p.Run(`q.focus(); q.setSelectionRange(q.value.length, q.value.length)`)
	p.Do(chromedp.SendKeys(chromedp.CSS("#q"), " tu"))
	p.Wait(`suggestions.querySelector("b")?.textContent === "tube"`)
	p.Keys("Escape")
	p.Wait(`suggestions.hidden && q.value.endsWith(" tu")`)

	// A count narrows, and once more widens.
	count := func() string {
		p.Wait(`document.readyState === "complete" && document.getElementById("count")`)
		return browsertest.Value[string](p, `document.getElementById("count").textContent`)
	}
	before := count()
	p.Run(`[...document.querySelectorAll(".counts a")].find(a => a.getAttribute("aria-label").startsWith("Edema positive")).click()`)
	p.Wait(`new URLSearchParams(location.search).get("q") === "pleural_effusion:negative edema:positive"`)
	p.Wait(`document.querySelector(".counts [aria-current]")`)
	assert.NotEqual(t, before, count())
	p.Run(`[...document.querySelectorAll(".counts a")].find(a => a.getAttribute("aria-label").startsWith("without Edema positive")).click()`)
	p.Wait(`new URLSearchParams(location.search).get("q") === "pleural_effusion:negative"`)
	assert.Equal(t, before, count())

	// The report behind a hit, and from one to the next.
	p.Run(`document.querySelector(".hits a").click()`)
	p.Wait(`location.pathname === "/search/report" && document.querySelector(".report .mention.negative")`)
	p.Accessible()
	first := browsertest.Value[string](p, `document.querySelector("h1").textContent`)
	p.Keys("j")
	p.Wait(`document.querySelector("h1").textContent !== ` + fmt.Sprintf("%q", first) + ` && document.querySelector(".steps").textContent.includes("2 of")`)
	p.Keys("ArrowLeft")
	p.Wait(`document.querySelector("h1").textContent === ` + fmt.Sprintf("%q", first))
	p.Keys("u")
	p.Wait(`location.pathname === "/search"`)
}

// Ten thousand hits follow one another as they are scrolled to, and those that are
// out of sight are not drawn.
func TestTenThousandHits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	p := open(t, Options{Index: indexed(t, 10_000)}, "/search")
	p.Run(`globalThis.down = setInterval(() => scrollTo(0, document.documentElement.scrollHeight), 20)`)
	p.WaitLong(`document.querySelectorAll(".hits > li").length === 10000 && !document.querySelector(".next")`)
	p.Run(`clearInterval(down)`)
	assert.True(t, browsertest.Value[bool](p, `new Set([...document.querySelectorAll(".hits a")].map(a => a.textContent)).size === 10000`))
	drawn := browsertest.Value[int](p, `[...document.querySelectorAll(".hits > li .sentence")].filter(e => e.checkVisibility({ contentVisibilityAuto: true })).length`)
	assert.Positive(t, drawn)
	assert.Less(t, drawn, 1000)
	many := frame(p)
	p.Do(chromedp.Navigate(p.URL + "search"))
	p.Wait(`document.querySelectorAll(".hits > li").length === 200`)
	p.Run(`document.querySelector(".next").remove()`)
	few := frame(p)
	t.Logf("a frame of scrolling takes %.0f ms with 10,000 hits, %.0f ms with 200", many, few)
}

// frame is the mean time from frame to frame of a page that scrolls, in milliseconds.
func frame(p *browsertest.Tab) float64 {
	p.T.Helper()
	return browsertest.Value[float64](p, `new Promise(done => { let began, n = 0; scrollTo(0, 0);
		(function step(now) { began ??= now; scrollBy(0, n % 20 < 10 ? 400 : -400); ++n <= 40 ? requestAnimationFrame(step) : done((now - began) / 40) })(performance.now()) })`)
}
