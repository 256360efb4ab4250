package obtain

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseBase(t *testing.T) {
	for _, s := range []string{"", "host/x", "/x", "ftp://host/", "https://", "https://user:geheim@host/", "https://ho st/geheim", "gs://", "gs:bucket", "gs:///geheim", "s3://geheim@bucket/x", "gs://bucket:80/x", "https://host/%zz?geheim"} {
		_, err := ParseBase(s)
		if assert.Error(t, err, s) {
			assert.NotContains(t, err.Error(), "geheim")
		}
	}
	for base, want := range map[string]string{
		"https://h/a":           "https://h/a/x/y%3F.csv",
		"https://h/a/":          "https://h/a/x/y%3F.csv",
		"https://h":             "https://h/x/y%3F.csv",
		"https://h/a?sig=1":     "https://h/a/x/y%3F.csv?sig=1",
		"https://h/y%3F.csv?s":  "https://h/y%3F.csv?s",
		"https://h/a/?sig=1#no": "https://h/a/x/y%3F.csv?sig=1",

		"gs://b":           "https://storage.googleapis.com/b/x/y%3F.csv",
		"gs://b_1.c/a b/":  "https://storage.googleapis.com/b_1.c/a%20b/x/y%3F.csv",
		"gs://b/y%3F.csv":  "https://storage.googleapis.com/b/y%3F.csv",
		"gs://b/a?sig=1#n": "https://storage.googleapis.com/b/a/x/y%3F.csv?sig=1",
		"s3://b/a":         "https://b.s3.amazonaws.com/a/x/y%3F.csv",
		"s3://b":           "https://b.s3.amazonaws.com/x/y%3F.csv",
		"s3://b.c/a/":      "https://s3.amazonaws.com/b.c/a/x/y%3F.csv",
	} {
		u, err := ParseBase(base)
		require.NoError(t, err)
		g := Getter{Base: u}
		assert.Equal(t, want, g.address("x/y?.csv").String())
	}
}

func TestIsBucket(t *testing.T) {
	for host, want := range map[string]bool{
		"storage.googleapis.com": true, "b.storage.googleapis.com": true, "Storage.GoogleApis.com": true,
		"b.s3.amazonaws.com": true, "s3.amazonaws.com": true, "b.s3.eu-west-1.amazonaws.com": true, "s3-us-west-2.amazonaws.com": true,
		"physionet.org": false, "storage.googleapis.com.host": false, "xs3.amazonaws.com": false, "127.0.0.1": false,
	} {
		assert.Equal(t, want, isBucket(host), host)
	}
}

// stores stands in for the hosts of all buckets.
func stores(t *testing.T, handler http.HandlerFunc) http.RoundTripper {
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, "https", req.URL.Scheme)
		there := req.Clone(req.Context())
		there.Host = req.URL.Host
		there.URL.Host = mustURL(t, s.URL).Host
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
		resp, err := transport.RoundTrip(there)
		if err == nil {
			resp.Request = req
		}
		return resp, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// An open bucket is read without a name, and one that is not with a token.
func TestBuckets(t *testing.T) {
	var asked []string
	transport := stores(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.Path)
		closed := r.URL.Path == "/pays/x"
		switch {
		case closed && r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusBadRequest)
		case closed && r.Header.Get("Authorization") != "Bearer geheim":
			w.WriteHeader(http.StatusUnauthorized)
		case closed:
			assert.Equal(t, []string{"mine"}, r.Header["X-Goog-User-Project"])
			give(w, r, `"1"`, content)
		default:
			assert.Empty(t, r.Header.Get("Authorization"), "name and password are another host's")
			give(w, r, `"1"`, content)
		}
	})
	env := map[string]string{"RADLABEL_USER": "ada", "RADLABEL_PASSWORD": "geheim"}
	get := func(address string) error {
		f := newFixture(t, address)
		f.Transport = transport
		var err error
		f.Credentials, err = LoadCredentials(f.Base.Hostname(), func(name string) string { return env[name] })
		require.NoError(t, err)
		return f.Get(t.Context(), "x")
	}
	require.NoError(t, get("gs://open/a"))
	require.NoError(t, get("s3://open/a"))
	assert.ErrorContains(t, get("gs://pays"), "x: storage.googleapis.com answers 400 (Bad Request); the bucket is not open to all, or its reader pays: set RADLABEL_HEADERS")
	env["RADLABEL_HEADERS"] = "Authorization: Bearer geheim\nx-goog-user-project: mine\n"
	require.NoError(t, get("gs://pays"))
	env["RADLABEL_HEADERS"] = "Authorization: Bearer geheim2"
	err := get("gs://pays")
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "check the Authorization in RADLABEL_HEADERS: tokens expire")
	assert.NotContains(t, err.Error(), "geheim")
	assert.Equal(t, []string{"storage.googleapis.com/open/a/x", "open.s3.amazonaws.com/a/x"}, asked[:2])
}

func mustURL(t *testing.T, s string) *url.URL {
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}
