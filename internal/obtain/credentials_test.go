package obtain

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus/dataset"
)

var secret = Credentials{User: "ada", password: "geheim", From: "the environment"}

func guarded(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != "ada" || password != "geheim" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	give(w, r, `"1"`, content)
}

func TestAuthorization(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { guarded(w, r) })
	f := newFixture(t, s.URL)
	f.Credentials = secret
	require.NoError(t, f.Get(t.Context(), "x"))

	f.Credentials.password = "falsch"
	err := f.Get(t.Context(), "y")
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "check the name and password that the environment has for it")
	assert.Equal(t, 2, s.asked(), "a wrong password is sent once")
	printed := fmt.Sprintf("%v %+v %#v %s", f.Credentials, *f.Getter, f.Credentials, err) + strings.Join(f.notes, "")
	assert.NotContains(t, printed, "falsch")
	assert.Empty(t, mustGlob(t, f.dir, "y*"))
}

func mustGlob(t *testing.T, dir, pattern string) []string {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	return names
}

// Credentials go to the host they are for alone. Ports make hosts here.
func TestRedirects(t *testing.T) {
	other := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/there":
			guarded(w, r)
		case "/other":
			http.Redirect(w, r, other.URL+"/x?sig=geheim2", http.StatusTemporaryRedirect)
		case "/around":
			http.Redirect(w, r, other.URL+"/back", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop?sig=geheim2", http.StatusFound)
		case "/nowhere":
			w.Header().Set("Location", "ftp://geheim2@host/%zz")
			w.WriteHeader(http.StatusFound)
		case "/missing":
			http.Redirect(w, r, "/gone?sig=geheim2", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	f := newFixture(t, s.URL)
	f.Credentials = secret
	require.NoError(t, f.Get(t.Context(), "same"))
	require.NoError(t, f.Get(t.Context(), "other"))
	assert.Empty(t, other.seen[0].Get("Authorization"))
	assert.Empty(t, other.seen[0].Get("Referer"))

	for name, want := range map[string]string{
		"loop": "redirects more than 10 times", "nowhere": "redirects to no address", "missing": "answers 404 (Not Found); check the name, and the address: " + s.URL + "/gone",
	} {
		err := f.Get(t.Context(), name)
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "geheim")
		}
	}
	assert.Empty(t, f.slept)
}

// What was elsewhere comes back without credentials.
func TestRedirectedBack(t *testing.T) {
	var s *server
	other := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.URL+"/back", http.StatusFound)
	})
	s = serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/x" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		guarded(w, r)
	})
	f := newFixture(t, s.URL)
	f.Credentials = secret
	assert.ErrorIs(t, f.Get(t.Context(), "x"), ErrRefused)
	assert.NotEmpty(t, s.seen[0].Get("Authorization"))
	assert.Empty(t, s.seen[1].Get("Authorization"))
}

func TestRedirectToPlain(t *testing.T) {
	plain := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	s := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer s.Close()
	f := newFixture(t, s.URL)
	f.Transport = s.Client().Transport
	assert.ErrorContains(t, f.Get(t.Context(), "x"), "redirects from https to plain http")
	assert.Zero(t, plain.asked())
}

// A signed link is opened by its signature; other credentials are for other hosts.
func TestSignedLink(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "sig=geheim2" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		give(w, r, `"1"`, content)
	})
	f := newFixture(t, s.URL+"/container?sig=geheim2")
	f.Credentials = secret
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Empty(t, s.seen[0].Get("Authorization"))
	f.Base.RawQuery = "sig=geheim3"
	err := f.Get(t.Context(), "y")
	assert.ErrorContains(t, err, "get a new link")
	assert.NotContains(t, err.Error(), "geheim3")
}

func TestAuthorize(t *testing.T) {
	for address, want := range map[string]bool{
		"https://host/x": true, "http://127.0.0.1:80/x": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://host/x": false, "http://127.0.0.1.host/x": false, "http://localhost.host/x": false,
	} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		require.NoError(t, err)
		secret.authorize(req)
		assert.Equal(t, want, req.Header.Get("Authorization") != "", address)
	}
}

func TestSameOrigin(t *testing.T) {
	a := mustURL(t, "https://host/x")
	for address, want := range map[string]bool{
		"https://HOST:443/y": true, "http://host/": false, "https://sub.host/": false, "https://host:8443/": false,
	} {
		assert.Equal(t, want, sameOrigin(a, mustURL(t, address)), address)
	}
}

func TestParseNetrc(t *testing.T) {
	const file = "# machine host login comment password no\n" +
		"machine other login a password b # machine host login c\n" +
		"macdef init\nmachine host login macro password no\n\n" +
		"machine \"quoted host\" login \"a b\" password \"c \\\" \\\\ d\"\n" +
		"machine host\n\tlogin ada\n\taccount x\n\tpassword #geheim\n" +
		"machine host login second password no\n" +
		"default login anyone password guest\n"
	for host, want := range map[string][2]string{
		"other": {"a", "b"}, "HOST": {"ada", "#geheim"}, "quoted host": {"a b", `c " \ d`}, "none": {"anyone", "guest"},
	} {
		user, password, err := parseNetrc(file, host)
		require.NoError(t, err, host)
		assert.Equal(t, want, [2]string{user, password}, host)
	}
	user, password, err := parseNetrc("machine other login a password b", "host")
	require.NoError(t, err)
	assert.Empty(t, user+password)

	for text, want := range map[string]string{
		"machine host login a password geheim word": "1: a word that is none of machine",
		"\n\nmachine host login":                    "3: nothing follows login",
		"machine host\npassword \"geheim":           "2: a quote opened here is not closed",
	} {
		_, _, err := parseNetrc(text, "host")
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "geheim")
			assert.NotContains(t, err.Error(), "word\n")
		}
	}
}

func FuzzParseNetrc(f *testing.F) {
	f.Add("machine host login a password \"b c\"\n# x\nmacdef m\nx\n\ndefault login d password e")
	f.Add("machine host password \"\\")
	f.Fuzz(func(t *testing.T, text string) {
		_, _, err := parseNetrc(text, "host")
		if err != nil {
			assert.Regexp(t, `^\d+: `, err.Error())
		}
	})
}

func TestLoadCredentials(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	netrc := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(netrc, []byte("machine host login n password p"), 0o600))
	load := func(env map[string]string) (Credentials, error) {
		return LoadCredentials("host", func(name string) string { return env[name] })
	}
	c, err := load(nil)
	require.NoError(t, err)
	assert.True(t, c.Empty())

	c, err = load(map[string]string{"RADLABEL_USER": "ada", "RADLABEL_PASSWORD": "geheim", "NETRC": netrc})
	require.NoError(t, err)
	assert.Equal(t, secret.password, c.password)
	assert.Equal(t, "the environment", c.From)
	c, err = load(map[string]string{"NETRC": netrc})
	require.NoError(t, err)
	assert.Equal(t, []string{"n", "p", netrc}, []string{c.User, c.password, c.From})

	require.NoError(t, os.WriteFile(filepath.Join(home, ".netrc"), []byte("default login h password p"), 0o600))
	c, err = load(nil)
	require.NoError(t, err)
	assert.Equal(t, "h", c.User)

	_, err = load(map[string]string{"RADLABEL_PASSWORD": "geheim"})
	if assert.ErrorContains(t, err, "set both, or neither") {
		assert.NotContains(t, err.Error(), "geheim")
	}
	_, err = load(map[string]string{"NETRC": netrc + "none"})
	assert.ErrorContains(t, err, "cannot be read: no such file or directory; check the path")
	require.NoError(t, os.WriteFile(netrc, []byte("\ngeheim"), 0o600))
	_, err = load(map[string]string{"NETRC": netrc})
	if assert.ErrorContains(t, err, netrc+":2: ") {
		assert.NotContains(t, err.Error(), "geheim")
	}
}

func TestHeaders(t *testing.T) {
	load := func(headers string) (Credentials, error) {
		env := map[string]string{"RADLABEL_USER": "ada", "RADLABEL_PASSWORD": "geheim", "RADLABEL_HEADERS": headers}
		return LoadCredentials("host", func(name string) string { return env[name] })
	}
	sent := func(c Credentials, address string) http.Header {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		require.NoError(t, err)
		c.authorize(req)
		return req.Header
	}
	c, err := load("\r\nx-one:  1 \r\nUser-Agent: a: b\nx-one: 2")
	require.NoError(t, err)
	assert.Equal(t, http.Header{"X-One": {"1", "2"}, "User-Agent": {"a: b"}, "Authorization": {"Basic YWRhOmdlaGVpbQ=="}}, sent(c, "https://host/"))
	assert.Empty(t, sent(c, "http://host/"))
	assert.False(t, c.Empty())

	c, err = load("authorization: Bearer geheim2")
	require.NoError(t, err)
	assert.Equal(t, http.Header{"Authorization": {"Bearer geheim2"}}, sent(c, "https://host/"), "not name and password beside it")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", c, c, c, &c), "geheim")

	for text, want := range map[string]string{
		"Bearer geheim":                  "RADLABEL_HEADERS: line 1: want a name, a colon and a value",
		"X: 1\n\nAuth orization: geheim": "line 3: want a name",
		"X: geheim\x00":                  "line 1: want a name",
		": geheim":                       "line 1: want a name",
		"geheim:":                        "line 1: want a name",
		"range: geheim":                  "line 1: Range is for the download to set; leave it out",
	} {
		_, err := load(text)
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "geheim")
		}
	}
}

// Headers go where name and password would go, and no further.
func TestHeadersStayHome(t *testing.T) {
	other := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { give(w, r, `"1"`, content) })
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/x", http.StatusFound)
	})
	f := newFixture(t, s.URL)
	f.Credentials = Credentials{headers: http.Header{"X-Token": {"geheim"}}}
	require.NoError(t, f.Get(t.Context(), "x"))
	assert.Equal(t, "geheim", s.seen[0].Get("X-Token"))
	assert.Empty(t, other.seen[0].Get("X-Token"))
}

func TestReadSums(t *testing.T) {
	sum := sumOf(content)
	text := "\ufeff" + sum + "  a\r\n\n" + strings.ToUpper(sum) + " *./files/b c\n" + sum + " unwanted\n"
	sums, err := ReadSums(strings.NewReader(text), []string{"a", "files/b c", "d"})
	require.NoError(t, err)
	assert.Equal(t, Sums{"a": sum, "files/b c": sum}, sums)
	for _, bad := range []string{"x", sum, sum[:63] + "g  a", sum[:62] + "  a", "<html>"} {
		_, err := ReadSums(bytes.NewReader([]byte("\n"+bad)), nil)
		assert.ErrorContains(t, err, "2: want a SHA-256 checksum", bad)
	}
}

func TestAccess(t *testing.T) {
	for _, of := range dataset.All() {
		d := AccessTo(of)
		assert.Contains(t, d.Text(), "\nCite\n", of.Name)
		assert.Contains(t, d.Text(), d.Example)
		for _, name := range d.Files() {
			assert.NoError(t, CheckName(name))
			assert.Contains(t, d.Text(), name)
		}
		for _, place := range d.Places {
			if place.Base != "" {
				_, err := ParseBase(place.Base)
				assert.NoError(t, err)
				assert.Contains(t, d.Text(), place.Base)
			}
		}
	}
	mimic := AccessTo(dataset.MIMIC)
	assert.Equal(t, "https://physionet.org/files/mimic-cxr/2.1.0/", mimic.Base("files/p10/p10000032/s50414267.txt"))
	assert.Equal(t, "https://physionet.org/files/mimic-cxr-jpg/2.1.0/", mimic.Base("files/p10/p10000032/s50414267/x.jpg"))
	assert.Empty(t, mimic.Base("SHA256SUMS.txt"), "each place has one")
}
