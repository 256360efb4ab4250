package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/output"
)

// described finds what openapi.json says of a request.
func described(t testing.TB) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(assets()["openapi.json"])
	require.NoError(t, err)
	require.NoError(t, doc.Validate(context.Background()))
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return router
}

// conforms asserts that the answer to a request is as openapi.json says.
func conforms(t testing.TB, router routers.Router, method, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	answerConforms(t, router, httptest.NewRequest(method, path, nil), w)
}

func answerConforms(t testing.TB, router routers.Router, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	route, params, err := router.FindRoute(r)
	require.NoError(t, err, r.URL)
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}), "%s %s: %s", r.Method, r.URL, w.Body)
}

func TestAPIIsAsDescribed(t *testing.T) {
	router := described(t)
	s := newServer(t, Options{Limits: Limits{Request: 1000}})
	closed := newServer(t, Options{Access: Access{Token: "0123456789abcdef"}})
	for _, test := range []struct {
		s                  *Server
		method, path, body string
		status             int
		headers            []string
	}{
		{s, "POST", "/api/v1/label", `{"id":"1","text":"No effusion. Possible edema. Heart failure. The chest is clear."}`, 200, nil},
		{s, "POST", "/api/v1/label?ruleset=chestxray14&section=all", `{"id":"1","subject_id":"2","study_id":"3","text":"FINDINGS: No hernia."}`, 200, nil},
		{s, "POST", "/api/v1/label", `{"text":""}`, 200, nil},
		{s, "POST", "/api/v1/label", `{"id":"zebra"}`, 400, nil},
		{s, "POST", "/api/v1/label", `zebra`, 400, nil},
		{s, "POST", "/api/v1/label?ruleset=zebra", `{"text":""}`, 400, nil},
		{s, "POST", "/api/v1/label?section=zebra", `{"text":""}`, 400, nil},
		{s, "POST", "/api/v1/label", `{"text":"` + strings.Repeat("zebra ", 200) + `"}`, 413, nil},
		{s, "POST", "/api/v1/label", `{"text":""}`, 403, []string{"Origin", "https://zebra.example"}},
		{s, "POST", "/api/v1/label", `{"text":""}`, 421, []string{"Host", "zebra.example"}},
		{closed, "POST", "/api/v1/label", `{"text":""}`, 401, nil},
		{s, "GET", "/api/v1/rulesets", "", 200, nil},
		{s, "GET", "/api/v1/rules", "", 200, nil},
		{s, "GET", "/api/v1/rules?ruleset=chestxray14", "", 200, nil},
		{s, "GET", "/api/v1/rules?ruleset=zebra", "", 400, nil},
		{s, "GET", "/api/v1/rules/pneumothorax.pneumothorax", "", 200, nil},
		{s, "GET", "/api/v1/rules/negation.no", "", 200, nil},
		{s, "GET", "/api/v1/rules/zebra", "", 404, nil},
		{s, "GET", "/api/v1/openapi.json", "", 200, nil},
	} {
		t.Run(fmt.Sprint(test.method, " ", test.path, " ", test.status), func(t *testing.T) {
			w := ask(test.s, test.method, test.path, test.body, test.headers...)
			assert.Equal(t, test.status, w.Code, w.Body)
			assert.NotContains(t, w.Body.String(), "zebra", "what was sent is not said again")
			conforms(t, router, test.method, test.path, w)
		})
	}
}

// Every address of the API is described.
func TestAllOfTheAPIIsDescribed(t *testing.T) {
	s := newServer(t, Options{Index: indexed(t, 3)})
	var doc openapi3.T
	require.NoError(t, json.Unmarshal(assets()["openapi.json"], &doc))
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			_, pattern := s.mux.Handler(httptest.NewRequest(method, strings.ReplaceAll(path, "{id}", "x"), nil))
			assert.Equal(t, method+" "+path, pattern, "what is described is there")
		}
	}
	for _, pattern := range s.patterns {
		method, path, _ := strings.Cut(pattern, " ")
		if strings.HasPrefix(path, "/api/") {
			assert.NotNil(t, doc.Paths.Find(path).GetOperation(method), pattern)
		}
	}
}

// Labels by HTTP are those of the command line, byte for byte, and places are those
// of the text as it was sent.
func TestLabelsAreThoseOfTheCommandLine(t *testing.T) {
	s := newServer(t, Options{})
	reader, err := corpus.Open(t.Context(), []string{"../../testdata/reports"}, corpus.Options{})
	require.NoError(t, err)
	for report, err := range reader.Reports(t.Context()) {
		if err != nil {
			continue
		}
		want := output.AppendJSON(nil, s.Labelers[0].Label(report))
		body, err := json.Marshal(map[string]string{"id": report.ID, "subject_id": report.Subject, "study_id": report.Study, "text": report.Text})
		require.NoError(t, err)
		assert.Equal(t, string(want)+"\n", ask(s, "POST", "/api/v1/label", string(body)).Body.String())
	}

	var crlf struct {
		Labels map[string]struct {
			Label    int
			Evidence []struct{ Mention corpus.Span }
		}
	}
	text := "FINDINGS:\r\nNo\r\neffusion.\r\n\r\nIMPRESSION:\r\n\r\nMild edema.\r"
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(ask(s, "POST", "/api/v1/label?section=all", string(body)).Body.Bytes(), &crlf))
	assert.Equal(t, "effusion", crlf.Labels["Pleural Effusion"].Evidence[0].Mention.In(text))
	assert.Equal(t, "edema", crlf.Labels["Edema"].Evidence[0].Mention.In(text))
}

// A stream is answered line by line while it is sent.
func TestStream(t *testing.T) {
	address := start(t, newServer(t, Options{Limits: Limits{Request: 500}}))
	send, body := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, address+"api/v1/labels?section=all", send)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "application/jsonl", answer.Header.Get("Content-Type"))
	require.Equal(t, "chexpert", answer.Header.Get("Radlabel-Ruleset"))
	lines := bufio.NewReader(answer.Body)
	for _, test := range []struct{ line, want string }{
		{`{"id":"1","text":"FINDINGS: No effusion."}` + "\n", `{"id":"1","labels":{`},
		{"\n", `{"error":"want a JSON object`},
		{" \n", `{"error":"want a JSON object`},
		{`{"id":2,"subject_id":"p3","study_id":"s4","text":"edema"}` + "\r\n", `{"id":"2","subject_id":"p3","study_id":"s4","labels":{`},
		{`{"id":"3"}` + "\n", `{"error":"want a JSON object`},
		{`{"id":"4","text":"` + strings.Repeat("zebra ", 100) + "\"}\n", `{"error":"the line has more than 500 bytes; start the server with a larger --max-request","line":6}`},
		{`zebra` + "\n", `{"error":"want a JSON object with the text of a report under \"text\", and its id under \"id\"","line":7}`},
		{`{"id":"5","text":"edema"}` + "\n", `{"id":"5","labels":{`},
	} {
		_, err := io.WriteString(body, test.line)
		require.NoError(t, err)
		got, err := lines.ReadString('\n')
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(got, test.want), got)
		assert.NotContains(t, got, "zebra")
	}
	_, err = io.WriteString(body, `{"id":"6","text":"a last line without an end"}`)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	got, err := io.ReadAll(lines)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(got), `{"id":"6"`), string(got))
}

// A stream whose sender falls silent is told so and ended.
func TestStreamFallsSilent(t *testing.T) {
	address := start(t, newServer(t, Options{Limits: Limits{Timeout: 200 * time.Millisecond}}))
	send, body := io.Pipe()
	defer body.Close()
	answer, err := http.Post(address+"api/v1/labels", "application/jsonl", send)
	require.NoError(t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, `{"error":"the line did not come within the time that the server waits; it has --timeout","line":1}`+"\n", string(got))
}

// A long stream passes in little memory, in order.
func TestLongStream(t *testing.T) {
	const many = 5000
	address := start(t, newServer(t, Options{}))
	send, body := io.Pipe()
	go func() {
		for i := range many {
			fmt.Fprintf(body, `{"id":"%d","text":"IMPRESSION: Effusion number %d, no edema."}`+"\n", i, i%7)
		}
		body.Close()
	}()
	answer, err := http.Post(address+"api/v1/labels", "application/jsonl", send)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines, n := bufio.NewScanner(answer.Body), 0
	for ; lines.Scan(); n++ {
		require.True(t, strings.HasPrefix(lines.Text(), fmt.Sprintf(`{"id":"%d",`, n)), lines.Text())
	}
	assert.Equal(t, many, n)
}

func FuzzRequests(f *testing.F) {
	router := described(f)
	s := newServer(f, Options{Limits: Limits{Request: 1 << 16}})
	f.Add("POST", "/api/v1/label", "", `{"id":"1","text":"No effusion."}`, "application/json")
	f.Add("POST", "/api/v1/labels", "ruleset=chexpert", "{\"text\":\"a\"}\n\n{\"id\":1}\nx", "application/jsonl")
	f.Add("GET", "/api/v1/rules/negation.no", "ruleset=chestxray14", "", "")
	f.Add("POST", "/label", "", "text=No+effusion&section=all", "application/x-www-form-urlencoded")
	f.Add("POST", "/label/csv", "", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid,report\n1,No effusion\n\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Add("GET", "/rules/x", "ruleset=%zz", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, body, kind string) {
		if method != "GET" && method != "POST" || !strings.HasPrefix(path, "/") {
			t.Skip()
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = &url.URL{Path: path, RawQuery: query}
		r.Host = "localhost"
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s: %s", path, w.Body)
		}
		assert.NotEmpty(t, w.Header().Get("Content-Security-Policy"))
		if _, _, err := router.FindRoute(r); err == nil && path != "/api/v1/labels" {
			answerConforms(t, router, r, w)
		}
	})
}
