package opensearch

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/internal/index"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata/.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "go test ./internal/opensearch -update writes the files anew")
}

// shippedQueries are of every kind of condition.
var shippedQueries = []string{
	"effusion", "effusion tube", "effusion OR tube", "effusion -tube", "NOT tube", `"no pleural effusion"`, "ptx", `"ptx"`, "2.5", "effusion^3",
	"pneumo*", "t?ube", "pnuemothorax~2", "/pneumo.*x/", "impression:edema", `findings:"no change"`,
	"pneumothorax:positive", "pneumothorax:(positive OR uncertain)", "pleural_effusion:mentioned", "section:impression", "rule:pneumothorax.*", "cue:negation.no",
	"id:50001503", "study:[50000000 TO 50001000]", "study:{* TO 50001000}", "subject:*", "id:*3", "split:test", "view:ap", "date:2150-02", "date:[2150 TO 2151]", "date:>2150-02", "date:*", "*",
	"same-sentence(no pneumothorax:positive)", "same-sentence(pneumonia:unmentioned -no section:findings)", "-(effusion OR -tube)",
}

func TestQueries(t *testing.T) {
	x := indexed(t, filepath.Join("..", "..", "testdata", "reports"))
	var got bytes.Buffer
	for _, query := range shippedQueries {
		q, err := x.Parse(query)
		require.NoError(t, err)
		for match, name := range []string{"", " --match stems", " --match exact"} {
			if match > 0 && len(query) > len(`"ptx"`) {
				continue // as these
			}
			var body, line bytes.Buffer
			require.NoError(t, Query(&body, x.Condition(q), index.Match(match)))
			require.NoError(t, json.Compact(&line, body.Bytes()))
			fmt.Fprintf(&got, "%s%s\n\t%s\n", query, name, line.String())
		}
	}
	golden(t, "queries.txt", got.Bytes())
}

func TestTemplate(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, Template(&got, indexed(t, filepath.Join("..", "..", "testdata", "reports")), "radlabel"))
	var template struct {
		Meta map[string]string `json:"_meta"`
	}
	require.NoError(t, json.Unmarshal(got.Bytes(), &template))
	text := strings.ReplaceAll(got.String(), template.Meta["digest"], "DIGEST")
	golden(t, "template.json", []byte(text))
}

// Of two names whose indices may be one and the same, the longer has the higher
// priority.
func TestPriority(t *testing.T) {
	names := []string{"a", "b", "a-", "a-b", "a-b-c", "a--c", "ab", "a.b", "b-a"}
	for _, short := range names {
		for _, long := range names {
			if strings.HasPrefix(long, short+"-") {
				assert.Greater(t, priority(long), priority(short), "%s, %s", long, short)
			}
		}
	}
	assert.Positive(t, priority("a"))
}

// No word, no form of it and no synonym is left out of the synonyms of a template:
// each group has as many words as stems.
func TestSynonymsStandForTheirStems(t *testing.T) {
	x := indexOf(t, strange)
	groups := x.Synonyms()
	require.NotEmpty(t, groups)
	for i, stems := range x.Stats().Synonyms {
		assert.Len(t, groups[i], len(stems))
	}
	assert.Contains(t, slices.Concat(groups...), "metastases", "of which the stem is no word that has itself for a stem")
}

// What is written is two lines a report, each a JSON value, in bodies that do not
// exceed their size, and is all of the index.
func TestBulk(t *testing.T) {
	x := indexOf(t, strange)
	for _, size := range []int{0, 1, 1500, 3000, 1 << 20} {
		var ids []string
		for i, body := range bodies(t, x, size) {
			lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
			require.Zero(t, len(lines)%2)
			assert.True(t, size == 0 || len(body) <= size || len(lines) == 2, "body %d of %d bytes: %d", i, size, len(body))
			for i := 0; i < len(lines); i += 2 {
				var a action
				require.NoError(t, json.Unmarshal(lines[i], &a))
				assert.NotEmpty(t, a.Index.ID)
				assert.LessOrEqual(t, len(a.Index.ID), longestID)
				var r report
				require.NoError(t, json.Unmarshal(lines[i+1], &r))
				ids = append(ids, r.ID)
			}
		}
		var want []string
		for _, r := range strange {
			want = append(want, r.ID)
		}
		assert.Equal(t, want, ids)
	}
}

// A document has the report, and its spans show what they say in its text.
func TestDocument(t *testing.T) {
	x := indexed(t, filepath.Join("..", "..", "testdata", "reports"))
	mentions := 0
	for _, body := range bodies(t, x, 0) {
		for line := range bytes.Lines(body) {
			var r report
			require.NoError(t, json.Unmarshal(line, &r))
			require.Len(t, r.Labels, map[bool]int{false: len(x.Observations()), true: 0}[r.ID == ""])
			for _, s := range r.Sentences {
				assert.Equal(t, s.Text, strings.Join(strings.Fields(r.Text[s.Span[0]:s.Span[1]]), " "))
				assert.Contains(t, r.Sections, s.Section)
				for _, m := range s.Mentions {
					mentions++
					assert.True(t, s.Span[0] <= m.Mention[0] && m.Mention[0] < m.Mention[1] && m.Mention[1] <= s.Span[1])
					if m.Assertion != excluded {
						assert.Equal(t, index.FieldName(string(m.Observation))+":"+m.Assertion, m.Says)
					}
				}
			}
		}
	}
	assert.Greater(t, mentions, 300)
}

func TestDocumentID(t *testing.T) {
	assert.Equal(t, "s5", documentID("s5"))
	assert.Equal(t, strings.Repeat("é", 256), documentID(strings.Repeat("é", 256)))
	long := documentID(strings.Repeat("é", 257))
	assert.Regexp(t, "^sha256-[0-9a-f]{64}$", long)
	assert.NotEqual(t, long, documentID(strings.Repeat("é", 258)))
}

// Bounds of dates are the nearest days that a calendar has.
func TestBoundsOfDates(t *testing.T) {
	var days []uint32
	for d := time.Date(2147, 12, 30, 0, 0, 0, 0, time.UTC); d.Year() < 2150; d = d.AddDate(0, 0, 1) {
		days = append(days, uint32(d.Year()*10000+int(d.Month())*100+d.Day()))
	}
	of := func(n uint32) string { return fmt.Sprintf("%d-%02d-%02d", n/10000, n/100%100, n%100) }
	for n := uint32(21480000); n < 21491231; n++ {
		at, found := slices.BinarySearch(days, n)
		assert.Equal(t, of(days[at]), firstDay(n), "from %d", n)
		if !found {
			at--
		}
		if got := lastDay(n); got != of(days[at]) {
			t.Fatalf("up to %d: got %s, want %s", n, got, of(days[at]))
		}
		assert.Equal(t, found, day(n) != "", "%d", n)
	}
	assert.Empty(t, day(0))
}

// Ids behind their length are in the order of the search.
func TestPaddedIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.StringMatching(`[0-9]{1,12}`), rapid.StringN(1, 20, -1))
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		if got, want := strings.Compare(padded(a), padded(b)), index.CompareIDs(a, b); got != want {
			t.Fatalf("%q and %q: %d, want %d", a, b, got, want)
		}
	})
}

func TestRegexps(t *testing.T) {
	for pattern, want := range map[string]string{
		"pneumo.*x":   "pneumo.*x",
		"A|bc":        "a|bc",
		"x(no|any)y":  "x(no|any)y",
		"(ab)+c?":     "(ab)+c?",
		"(?:ab){2}":   "(ab){2,2}",
		"a{2,3}b{4}":  "a{2,3}b{4,4}",
		"x{2,}":       "x{2,}",
		"(x*)*|[b-d]": "(x*)*|[B-Db-d]",
		`\d+`:         "[0-9]+",
		"(ab|cd)*e":   "(ab|cd)*e",
		`a\.b#`:       `a\.b\#`,
		"É":           "é",
		"a()":         "a()",
		"[^b]":        "[\\\x00-AC-ac-\U0010ffff]",
	} {
		got, err := luceneRegexp(pattern)
		require.NoError(t, err, pattern)
		if got != want {
			t.Errorf("/%s/ gave %s, want %s", pattern, got, want)
		}
	}
	for _, pattern := range []string{"^no", "no$", `\bno`, "a*?", "[", "[^\\x00-\\x{10FFFF}]"} {
		_, err := luceneRegexp(pattern)
		assert.ErrorContains(t, err, "cannot be used", pattern)
	}
}
