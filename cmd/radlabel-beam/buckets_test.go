package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bucket is the little of S3's and of Cloud Storage's interface that is used here.
// Objects are keyed by "bucket/name".
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	refuse  string // the end of the names of objects that may not be written
}

func (b *bucket) put(w http.ResponseWriter, name string, content []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != "" && strings.HasSuffix(name, b.refuse) {
		http.Error(w, "no", http.StatusForbidden)
		return false
	}
	b.objects[name] = content
	return true
}

func (b *bucket) get(w http.ResponseWriter, r *http.Request, name string) {
	b.mu.Lock()
	content, ok := b.objects[name]
	b.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	w.Write(content)
}

func (b *bucket) remove(w http.ResponseWriter, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, name)
	w.WriteHeader(http.StatusNoContent)
}

func (b *bucket) names(in, prefix string) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if name, ok := strings.CutPrefix(key, in+"/"); ok && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// s3 has paths /bucket/key.
func (b *bucket) s3(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPut:
		content, _ := io.ReadAll(r.Body)
		b.put(w, name, content)
	case r.Method == http.MethodDelete:
		b.remove(w, name)
	case r.URL.Query().Has("list-type"):
		type object struct{ Key string }
		list := struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			Contents []object
		}{}
		for _, n := range b.names(name, r.URL.Query().Get("prefix")) {
			list.Contents = append(list.Contents, object{n})
		}
		xml.NewEncoder(w).Encode(list) //nolint:errcheck // the client tells
	default:
		b.get(w, r, name)
	}
}

// gcs lists at /storage/v1/b/BUCKET/o, tells of an object and removes it behind that, takes uploads at /upload/..., and gives
// objects at /BUCKET/NAME.
func (b *bucket) gcs(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if rest, ok := strings.CutPrefix(r.URL.Path, "/upload/storage/v1/b/"); ok {
		b.upload(w, r, strings.TrimSuffix(rest, "/o"))
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/storage/v1/b/"); ok {
		if in, name, ok := strings.Cut(rest, "/o/"); ok {
			b.object(w, r, in+"/"+name)
			return
		}
		in := strings.TrimSuffix(rest, "/o")
		type object struct {
			Name string `json:"name"`
		}
		list := struct {
			Items []object `json:"items"`
		}{}
		for _, n := range b.names(in, r.URL.Query().Get("prefix")) {
			list.Items = append(list.Items, object{n})
		}
		json.NewEncoder(w).Encode(list) //nolint:errcheck // the client tells
		return
	}
	b.get(w, r, strings.Trim(r.URL.Path, "/"))
}

// object tells of an object, or removes it.
func (b *bucket) object(w http.ResponseWriter, r *http.Request, name string) {
	if r.Method == http.MethodDelete {
		b.remove(w, name)
		return
	}
	b.mu.Lock()
	content, ok := b.objects[name]
	b.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintf(w, `{"name": %q, "size": "%d"}`, name, len(content))
}

// upload takes an object in two parts: what it is, and its content.
func (b *bucket) upload(w http.ResponseWriter, r *http.Request, in string) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	parts := multipart.NewReader(r.Body, params["boundary"])
	about, err := parts.NextPart()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var object struct {
		Name string `json:"name"`
	}
	json.NewDecoder(about).Decode(&object) //nolint:errcheck // a name that is missing is found in the test
	part, err := parts.NextPart()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	content, _ := io.ReadAll(part)
	if b.put(w, in+"/"+object.Name, content) {
		fmt.Fprintf(w, `{"name": %q, "bucket": %q}`, object.Name, in)
	}
}

// buckets starts both servers on this machine, and points the clients to them.
func buckets(t *testing.T) map[string]*bucket {
	s3, gs := &bucket{objects: map[string][]byte{}}, &bucket{objects: map[string][]byte{}}
	s3Server := httptest.NewServer(http.HandlerFunc(s3.s3))
	gsServer := httptest.NewServer(http.HandlerFunc(gs.gcs))
	t.Cleanup(s3Server.Close)
	t.Cleanup(gsServer.Close)
	t.Setenv("AWS_ENDPOINT_URL", s3Server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(gsServer.URL, "http://"))
	return map[string]*bucket{"s3": s3, "gs": gs}
}

func TestBuckets(t *testing.T) {
	csv, err := os.ReadFile(testdata + "/inputs/reports.csv")
	require.NoError(t, err)
	for scheme, b := range buckets(t) {
		t.Run(scheme, func(t *testing.T) {
			for i := range 3 {
				b.objects[fmt.Sprintf("data/in/day%d.csv", i)] = []byte(strings.ReplaceAll(string(csv), "\nR", fmt.Sprintf("\nday%d-", i)))
			}
			b.objects["data/in/day2.csv"] = nil
			for _, byFile := range []bool{false, true} {
				c := config(scheme+"://data/out/labels.jsonl", 2, scheme+"://data/in/*.csv")
				c.TempDir, c.ByFile = t.TempDir(), byFile
				counters, err := onPrism(t, c)
				require.NoError(t, err)
				assert.EqualValues(t, 14, counters["reports"])
				assert.Equal(t, []string{
					"labels-00000-of-00002.jsonl", "labels-00001-of-00002.jsonl", "labels.dead-letters.jsonl", "labels.shards.jsonl",
				}, b.under("data", "out/"))
				letters := string(b.objects["data/out/labels.dead-letters.jsonl"])
				assert.Contains(t, letters, `{"path":"`+scheme+`://data/in/day2.csv","what":"the file is empty","lost":true}`)
				assert.DirExists(t, staging(c.TempDir))
				discard(c.TempDir)
				assert.NoDirExists(t, staging(c.TempDir))
			}
			b.refuse = "00001-of-00002.jsonl"
			c := config(scheme+"://data/again/labels.jsonl", 2, scheme+"://data/in/day0.csv")
			c.TempDir, c.Run = t.TempDir(), "again"
			_, err := onPrism(t, c)
			assert.Error(t, err, "what is not written fails the job")
			assert.NotContains(t, b.under("data", "again/"), "labels.shards.jsonl")
			b.refuse = ""
			assert.Contains(t, b.under("data", "again/"), "labels-00000-of-00002.jsonl.done")
			counters, err := onPrism(t, c)
			require.NoError(t, err)
			assert.EqualValues(t, 1, counters["recalled"], "the shard that was written")
			assert.EqualValues(t, 7, counters["reports"])
			assert.Equal(t, []string{
				"labels-00000-of-00002.jsonl", "labels-00001-of-00002.jsonl", "labels.dead-letters.jsonl", "labels.shards.jsonl",
			}, b.under("data", "again/"))
		})
	}
}

func (b *bucket) under(in, folder string) (names []string) {
	for _, n := range b.names(in, folder) {
		names = append(names, strings.TrimPrefix(n, folder))
	}
	return names
}

// Addresses and the paths of their copies are told apart, and back.
func TestCopiesAreNamedAsTheirOriginals(t *testing.T) {
	temp := t.TempDir()
	at := filepath.Join(staging(temp), "gs", "bucket", "files", "p10", "p10000032", "s50414267.txt")
	assert.Equal(t, "gs://bucket/files/p10/p10000032/s50414267.txt", named(at, temp))
	assert.Equal(t, "/data/x.csv", named("/data/x.csv", temp))
	_, err := local(t.Context(), "s3://bucket/../../../x.csv", temp)
	assert.ErrorContains(t, err, "give the object another")
}
