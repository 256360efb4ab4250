package serve

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

const aToken = "0123456789abcdef0123"

// Who may ask what, from where.
func TestGuard(t *testing.T) {
	s := newServer(t, Options{})
	for _, test := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/", []string{"Host", "127.0.0.1:8620"}, 200},
		{"GET", "/", []string{"Host", "[::1]:8620"}, 200},
		{"GET", "/", []string{"Host", "LOCALHOST"}, 200},
		{"GET", "/", []string{"Host", "rebound.example:8620"}, 421},
		{"GET", "/", []string{"Host", "localhost.rebound.example"}, 421},
		{"GET", "/", []string{"Host", "127.0.0.1.rebound.example"}, 421},
		{"GET", "/", []string{"Host", "10.0.0.1"}, 421},
		{"GET", "/", []string{"Host", ""}, 421},
		{"GET", "/healthz", []string{"Host", "10.0.0.1"}, 200},
		{"GET", "/readyz", []string{"Host", "10.0.0.1"}, 200},
		{"GET", "/metrics", []string{"Host", "10.0.0.1"}, 421},
		{"POST", "/label", nil, 200},
		{"POST", "/label", []string{"Origin", "http://localhost:8620"}, 200},
		{"POST", "/label", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", "/label", []string{"Sec-Fetch-Site", "none"}, 200},
		{"POST", "/label", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", "/label", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/label", []string{"Origin", "http://localhost:9000"}, 403},
		{"POST", "/label", []string{"Origin", "null"}, 403},
		{"POST", "/api/v1/label", []string{"Origin", "https://evil.example"}, 403},
		{"DELETE", "/label", nil, 405},
		{"GET", "/nothing", nil, 404},
		{"GET", "/assets/000000000000/style.css", nil, 404},
		{"GET", "/assets/../serve.go", nil, 404},
		{"GET", "/api/v1/rules", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "script"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, 200},
		{"GET", "/api/v1/rules", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "empty"}, 200},
	} {
		w := ask(s, test.method, test.path, "", append(test.headers, "Content-Type", "application/x-www-form-urlencoded")...)
		assert.Equal(t, test.status, w.Code, "%v", test)
		for header, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"} {
			assert.Equal(t, want, w.Header().Get(header), "%v", test)
		}
		assert.Empty(t, w.Header().Values("Set-Cookie"))
		assert.Empty(t, w.Header().Values("Access-Control-Allow-Origin"))
	}
	assert.NotContains(t, policy, "unsafe")
}

// Where there is nothing, a browser gets a page and a program an object.
func TestNowhere(t *testing.T) {
	s := newServer(t, Options{})
	w := ask(s, "GET", "/zebra", "", "Accept", "text/html")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), "there is nothing at this address")
	assert.Contains(t, w.Body.String(), `<a href="/">`)
	assert.NotContains(t, w.Body.String(), "zebra")
	w = ask(s, "GET", "/api/v1/zebra", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.JSONEq(t, `{"error":"there is nothing at this address; the first page leads to all others"}`, w.Body.String())
	w = ask(s, "GET", "/api/v1/label", "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "POST", w.Header().Get("Allow"))
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	w = ask(s, "GET", "/assets/../serve.go", "")
	assert.Empty(t, w.Header().Get("Location"))
}

// A server that is reached by every address is called by a name of its certificate.
func TestNamesOfTheCertificate(t *testing.T) {
	for name, want := range map[string]string{"labels.example": "https://labels.example:", "*.labels.example": "https://127.0.0.1:"} {
		s := newServer(t, Options{Access: Access{Certificate: certificate(t, name), Token: aToken}})
		l, err := s.Listen("0.0.0.0:0")
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(s.URL(l), want), s.URL(l))
		require.NoError(t, l.Close())
		assert.True(t, s.isHost(strings.Replace(name, "*", "a", 1)+":8620"), name)
		assert.False(t, s.isHost("other.example"))
		assert.False(t, s.isHost(""))
	}
}

// A secret is asked for everywhere but of what says nothing.
func TestSecrets(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("geheim"), bcrypt.MinCost)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "users")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "# who\nada:%s\n\n", hash), 0o600))
	users, err := LoadUsers(file)
	require.NoError(t, err)
	s := newServer(t, Options{Access: Access{Token: aToken, Users: users}})
	basic := func(user, password string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for _, test := range []struct {
		authorization string
		status        int
	}{
		{"", 401}, {"Bearer", 401}, {"Bearer ", 401}, {"Bearer " + aToken + "0", 401}, {"Bearer " + aToken[1:], 401},
		{"Bearer " + aToken, 200}, {"bearer " + aToken, 200}, {basic("anyone", aToken), 200},
		{basic("ada", "geheim"), 200}, {basic("ada", "geheim"), 200}, {basic("ada", "Geheim"), 401}, {basic("ada", ""), 401},
		{basic("eve", "geheim"), 401}, {basic("adag", "eheim"), 401}, {basic("", ""), 401}, {"Basic !!", 401}, {"Digest x", 401},
	} {
		for _, path := range []string{"/", "/rules", "/metrics", "/api/v1/rulesets", assetPath("style.css"), "/nothing"} {
			w := ask(s, "GET", path, "", "Authorization", test.authorization)
			if want := test.status; path != "/nothing" || want == 401 {
				assert.Equal(t, want, w.Code, "%s %s", path, test.authorization)
			}
			assert.Equal(t, test.status == 401, w.Header().Get("WWW-Authenticate") != "")
		}
		assert.Equal(t, 200, ask(s, "GET", "/healthz", "", "Authorization", test.authorization).Code)
	}
}

// Guesses wait for each other, and only so many: whoever was let in before is not
// held up by them.
func TestGuesses(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("geheim"), bcrypt.MinCost)
	require.NoError(t, err)
	s := newServer(t, Options{Access: Access{Users: map[string]string{"ada": string(hash)}}})
	as := func(ctx context.Context, password string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, "GET", "http://localhost/api/v1/rulesets", nil)
		r.SetBasicAuth("ada", password)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	require.Equal(t, 200, as(t.Context(), "geheim").Code)

	s.Access.known.slow <- struct{}{} // one is being compared, for long
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range mostGuesses {
		waiting.Go(func() { as(ctx, "Geheim") })
	}
	require.Eventually(t, func() bool { return len(s.Access.known.wait) == mostGuesses }, time.Minute, time.Millisecond)
	w := as(t.Context(), "GEHEIM")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	assert.Equal(t, 200, as(t.Context(), "geheim").Code)

	cancel() // who waits goes away
	waiting.Wait()
	<-s.Access.known.slow
	assert.Equal(t, http.StatusUnauthorized, as(t.Context(), "GEHEIM").Code)
}

func TestWrongSecrets(t *testing.T) {
	folder := t.TempDir()
	for content, want := range map[string]string{
		"":               "no user in it",
		"ada":            "users:1: no name with the bcrypt hash",
		"\nada:geheim\n": "users:2: no name with the bcrypt hash",
		":$2y$04$abc":    "users:1: no name with the bcrypt hash",
	} {
		file := filepath.Join(folder, "users")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := LoadUsers(file)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "geheim")
	}
	for _, content := range []string{"", "short", "two words of a long text", "\n\n"} {
		file := filepath.Join(folder, "token")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := LoadToken(file)
		assert.ErrorContains(t, err, "token: a token is one word of at least 16")
	}
	token, err := ParseToken(aToken + "\n")
	require.NoError(t, err)
	assert.Equal(t, aToken, token)
}

// A certificate is renewed by its files while the server runs.
func TestCertificateIsRenewed(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	age := time.Now().Add(-time.Hour)
	put := func(path, kind string, raw []byte) {
		age = age.Add(time.Minute) // clocks of file systems are coarse
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600))
		require.NoError(t, os.Chtimes(path, age, age))
	}
	putKey := func(of *tls.Certificate) {
		raw, err := x509.MarshalPKCS8PrivateKey(of.PrivateKey)
		require.NoError(t, err)
		put(key, "PRIVATE KEY", raw)
	}
	first, second := certificate(t, "labels.example"), certificate(t, "labels.example")
	put(cert, "CERTIFICATE", first.Certificate[0])
	putKey(first)
	access := Access{Token: aToken}
	require.NoError(t, access.LoadCertificate(cert, key))
	url := start(t, newServer(t, Options{Access: access}))
	served := func() []byte {
		c, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/"), &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Raw
	}
	assert.Equal(t, first.Certificate[0], served())
	put(cert, "CERTIFICATE", second.Certificate[0])
	assert.Equal(t, first.Certificate[0], served(), "the new key has not come yet")
	putKey(second)
	assert.Equal(t, second.Certificate[0], served())
	require.NoError(t, os.Remove(cert))
	assert.Equal(t, second.Certificate[0], served())
	assert.Error(t, new(Access).LoadCertificate(cert, key))
}

// certificate makes a certificate of its own for a name.
func certificate(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

// Other machines reach the server over TLS and with a secret, or not at all.
func TestListen(t *testing.T) {
	pair := certificate(t, "labels.example")
	for _, test := range []struct {
		addr   string
		access Access
		lacks  string
	}{
		{"127.0.0.1:0", Access{}, ""},
		{"localhost:0", Access{}, ""},
		{"[::1]:0", Access{}, ""},
		{":0", Access{}, "certificate"},
		{"0.0.0.0:0", Access{Token: aToken}, "certificate"},
		{"[::]:0", Access{Certificate: pair}, "token or user"},
		{"192.0.2.1:0", Access{}, "certificate"},
		{"0.0.0.0:0", Access{Certificate: pair, Token: aToken}, ""},
		{"labels.example:0", Access{}, "certificate"},
	} {
		l, err := newServer(t, Options{Access: test.access}).Listen(test.addr)
		if wrong := (*WrongAddress)(nil); test.lacks != "" {
			require.ErrorAs(t, err, &wrong, test.addr)
			assert.ErrorContains(t, err, "there is no "+test.lacks)
			continue
		}
		if err != nil && strings.Contains(test.addr, "::") {
			continue // a machine without IPv6
		}
		require.NoError(t, err, test.addr)
		require.NoError(t, l.Close())
	}
	_, err := newServer(t, Options{}).Listen("8620")
	assert.ErrorContains(t, err, "want host:port")
}

func TestTLS(t *testing.T) {
	pair := certificate(t, "labels.example")
	url := start(t, newServer(t, Options{Access: Access{Certificate: pair, Token: aToken}}))
	require.True(t, strings.HasPrefix(url, "https://"), url)
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for host, want := range map[string]int{"": 200, "labels.example": 200, "other.example": 421} {
		r, err := http.NewRequest("GET", url, nil)
		require.NoError(t, err)
		r.Host = host
		r.Header.Set("Authorization", "Bearer "+aToken)
		answer, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, want, answer.StatusCode, host)
		assert.Equal(t, 2, answer.ProtoMajor)
		assert.NotEmpty(t, answer.Header.Get("Strict-Transport-Security"))
	}
	answer, err := http.Get("http" + strings.TrimPrefix(url, "https"))
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusBadRequest, answer.StatusCode, "no answer without TLS")
}

// More requests than may be under way are told to come again, and probes are
// answered all the same.
func TestTooMany(t *testing.T) {
	s := newServer(t, Options{Limits: Limits{Requests: 1}})
	began, end := make(chan bool), make(chan bool)
	s.handle("GET /slow", func(w http.ResponseWriter, _ *http.Request) error {
		began <- true
		<-end
		return nil
	})
	var wait sync.WaitGroup
	wait.Go(func() { ask(s, "GET", "/slow", "") })
	<-began
	w := ask(s, "GET", "/", "", "Accept", "text/html")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	assert.Equal(t, 200, ask(s, "GET", "/healthz", "").Code)
	metrics := ask(s, "GET", "/metrics", "").Body.String()
	assert.Contains(t, metrics, "radlabel_requests_under_way 1")
	assert.Contains(t, metrics, `radlabel_requests_total{route="/{$}",status="503"} 1`)
	end <- true
	wait.Wait()
	assert.Equal(t, 200, ask(s, "GET", "/", "").Code)
}

// What takes too long is ended, and a fault costs one request and tells no text.
func TestFaults(t *testing.T) {
	s := newServer(t, Options{Limits: Limits{Timeout: 50 * time.Millisecond}})
	s.handle("GET /late", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	})
	s.handle("GET /fault", func(http.ResponseWriter, *http.Request) error { panic("zebra") })
	s.handle("GET /part", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "a part")
		return refuse(http.StatusBadRequest, "too late")
	})
	address := start(t, s)
	answer, err := http.Get(address + "late")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "there is time to say so")
	answer.Body.Close()
	if answer, err := http.Get(address + "part"); err == nil {
		_, err = io.ReadAll(answer.Body)
		assert.Error(t, err, "what has begun does not end as if it were whole")
		answer.Body.Close()
	}
	for _, accept := range []string{"text/html", "application/json"} {
		w := ask(s, "GET", "/fault", "", "Accept", accept)
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.NotContains(t, w.Body.String(), "zebra")
		assert.True(t, strings.HasPrefix(w.Header().Get("Content-Type"), accept))
	}
}

// What is under way when the server is told to stop is answered.
func TestStop(t *testing.T) {
	s := newServer(t, Options{})
	began := make(chan bool)
	s.handle("GET /slow", func(w http.ResponseWriter, _ *http.Request) error {
		began <- true
		for !s.stopping.Load() {
			time.Sleep(time.Millisecond)
		}
		_, err := io.WriteString(w, "answered")
		return err
	})
	l, err := s.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, l) }()
	got := make(chan string)
	go func() {
		answer, err := http.Get(s.URL(l) + "slow")
		if !assert.NoError(t, err) {
			got <- ""
			return
		}
		defer answer.Body.Close()
		content, _ := io.ReadAll(answer.Body)
		got <- string(content)
	}()
	<-began
	stop()
	assert.Equal(t, "answered", <-got)
	assert.NoError(t, <-ended)
	assert.Equal(t, http.StatusServiceUnavailable, ask(s, "GET", "/readyz", "").Code)
	_, err = http.Get(s.URL(l))
	assert.Error(t, err)
}
