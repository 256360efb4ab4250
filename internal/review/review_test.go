package review

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/gold"
)

func record(id string, v Verdict, note string) Record {
	return Record{Label: Label{id, "Edema"}, Gold: corpus.Negative, Predicted: corpus.Positive, Verdict: v, Note: note, By: "ann",
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func open(t require.TestingT, path string) *Store {
	s, err := OpenStore(path)
	require.NoError(t, err)
	return s
}

func items(t require.TestingT, s *Store) []Item {
	h, err := s.History()
	require.NoError(t, err)
	return h.Items()
}

func TestSaveIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	s := open(t, path)
	assert.Empty(t, items(t, s))
	first, err := s.Save(t.Context(), record("a", GoldError, "two\nlines"), 0)
	require.NoError(t, err)
	assert.Equal(t, Item{record("a", GoldError, "two\nlines"), 1}, first)
	second, err := s.Save(t.Context(), record("a", Open, ""), 1)
	require.NoError(t, err)
	assert.Equal(t, 2, second.Version)
	_, err = s.Save(t.Context(), record("b", Ambiguous, ""), 0)
	require.NoError(t, err)

	assert.Equal(t, []Item{{record("a", Open, ""), 2}, {record("b", Ambiguous, ""), 1}}, items(t, open(t, path)))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 3, strings.Count(string(content), "\n"))
	assert.Contains(t, string(content), `{"id":"a","observation":"Edema","gold":"negative","predicted":"positive","verdict":"gold error","note":"two\nlines","by":"ann","at":"2026-01-02T03:04:05Z"}`)
}

func TestStaleSaveIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	one, two := open(t, path), open(t, path)
	_, err := one.Save(t.Context(), record("a", GoldError, ""), 0)
	require.NoError(t, err)

	now, err := two.Save(t.Context(), record("a", RuleError, ""), 0)
	var stale *StaleError
	require.ErrorAs(t, err, &stale)
	assert.Equal(t, GoldError, stale.Now.Verdict)
	assert.Equal(t, stale.Now, now)
	assert.EqualError(t, err, `a Edema: meanwhile ann has called it "gold error"; look at that, and save again to replace it`)

	again, err := two.Save(t.Context(), record("a", GoldError, ""), 0)
	require.NoError(t, err, "the same verdict twice is one")
	assert.Equal(t, 1, again.Version)
	replaced, err := two.Save(t.Context(), record("a", RuleError, ""), stale.Now.Version)
	require.NoError(t, err)
	assert.Equal(t, 2, replaced.Version)
	assert.Equal(t, RuleError, items(t, one)[0].Verdict, "the other sees it")
}

func TestWhatIsNotSaved(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "verdicts.jsonl"))
	for name, r := range map[string]Record{
		"no id": record("", GoldError, ""), "no such verdict": record("a", "perhaps", ""),
		"long note": record("a", RuleError, strings.Repeat("x", longestNote+1)), "not UTF-8": record("a", RuleError, "\xff"),
	} {
		_, err := s.Save(t.Context(), r, 0)
		assert.Error(t, err, name)
	}
	assert.NoFileExists(t, s.Path())
	lost := open(t, filepath.Join(t.TempDir(), "folder", "verdicts.jsonl"))
	_, err := lost.Save(t.Context(), record("a", RuleError, ""), 0)
	assert.ErrorContains(t, err, "not written")
}

func TestSaveWaitsForNoneThatIsCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	holder := open(t, path)
	unlock, err := holder.lock(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = open(t, path).Save(ctx, record("a", RuleError, ""), 0)
	assert.Error(t, err)
	unlock()
	_, err = open(t, path).Save(t.Context(), record("a", RuleError, ""), 0)
	assert.NoError(t, err)
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ name, content, want string }{
		{"no JSON within", "{\"id\":\n{}\n", ":1: this is no verdict"},
		{"no JSON at the end", "nothing\n", ":1: this is no verdict"},
		{"no gold", `{"id":"a","observation":"Edema","predicted":"positive","verdict":"ambiguous"}`, ":1: gold: assertion"},
		{"no such verdict", `{"id":"a","observation":"Edema","gold":"negative","predicted":"positive","verdict":"x"}` + "\n", `:1: verdict "x" is not known`},
		{"another thing", "\n[1]", ":2: this is no verdict"},
	} {
		path := filepath.Join(dir, "v.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
		_, err := Load(path)
		assert.ErrorContains(t, err, path+test.want, test.name)
	}
	_, err := Load(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// A store and a plain model of it see the same sequence of saves through two
// stores of one file, of kills that cut off the end of a line, and of restarts.
func TestStoreIsItsModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "v.jsonl")
		os.Remove(path)
		stores := []*Store{open(t, path), open(t, path)}
		model := map[Label]Item{}
		t.Repeat(map[string]func(*rapid.T){
			"save": func(t *rapid.T) {
				s := stores[rapid.IntRange(0, 1).Draw(t, "store")]
				r := record(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
					rapid.SampledFrom([]Verdict{Open, RuleError, GoldError, Ambiguous}).Draw(t, "verdict"), rapid.StringN(0, 20, 60).Draw(t, "note"))
				seen := rapid.IntRange(0, 3).Draw(t, "seen")
				was := model[r.Label]
				now, err := s.Save(context.Background(), r, seen)
				switch {
				case was.Version > 0 && was.says(r):
					require.NoError(t, err)
					require.Equal(t, was, now)
				case was.Version != seen:
					require.ErrorIs(t, err, err.(*StaleError))
					require.Equal(t, was, now)
				default:
					require.NoError(t, err)
					model[r.Label] = Item{r, was.Version + 1}
					require.Equal(t, model[r.Label], now)
				}
			},
			"killed within a line": func(t *rapid.T) {
				text, err := record("a", GoldError, "x").encode()
				require.NoError(t, err)
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
				require.NoError(t, err)
				if h, err := Load(path); err == nil && !h.Torn && !h.open {
					f.Write(text[:rapid.IntRange(1, len(text)-2).Draw(t, "bytes")])
				}
				f.Close()
			},
			"restart": func(t *rapid.T) { stores[0] = open(t, path) },
			"": func(t *rapid.T) {
				for _, s := range stores {
					all := items(t, s)
					require.Len(t, all, len(model))
					for _, item := range all {
						require.Equal(t, model[item.Label], item)
					}
				}
			},
		})
	})
}

// Two programs, each with several tabs, count one item up: none of the verdicts
// that were confirmed is lost, and each was given in sight of the one before.
func TestNoneIsLostBetweenMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.jsonl")
	var wait sync.WaitGroup
	var mu sync.Mutex
	confirmed := map[string]bool{}
	for program := range 2 {
		s := open(t, path)
		for tab := range 3 {
			wait.Go(func() {
				for i, seen := 0, 0; i < 8; {
					note := fmt.Sprint(program, tab, i)
					_, err := s.Save(t.Context(), record("a", RuleError, note), seen)
					var stale *StaleError
					if errors.As(err, &stale) {
						seen = stale.Now.Version
						continue
					}
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					assert.False(t, confirmed[note])
					confirmed[note] = true
					mu.Unlock()
					i, seen = i+1, seen+1
				}
			})
		}
	}
	wait.Wait()
	assert.Len(t, confirmed, 2*3*8)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, len(confirmed), strings.Count(string(content), "\n"))
	for note := range confirmed {
		assert.Contains(t, string(content), `"note":"`+note+`"`)
	}
}

// A program is killed while it saves: what it had confirmed is there.
func TestKillLosesNothingConfirmed(t *testing.T) {
	if path := os.Getenv("REVIEW_TEST_SAVE"); path != "" {
		s := open(t, path)
		for i := 0; ; i++ {
			_, err := s.Save(context.Background(), record(fmt.Sprint(i), RuleError, strings.Repeat("n", 1000)), 0)
			require.NoError(t, err)
			fmt.Println("saved", i)
		}
	}
	path := filepath.Join(t.TempDir(), "v.jsonl")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "REVIEW_TEST_SAVE="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	confirmed := -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Sscanf(lines.Text(), "saved %d", &confirmed)
		if confirmed == 20 {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	assert.Error(t, cmd.Wait(), "it was killed")
	require.GreaterOrEqual(t, confirmed, 20)
	all := items(t, open(t, path))
	assert.GreaterOrEqual(t, len(all), confirmed+1)
	_, err = open(t, path).Save(t.Context(), record("next", Ambiguous, ""), 0)
	require.NoError(t, err, "no lock is left behind")
	_, err = Load(path)
	assert.NoError(t, err)
}

func sheet() *gold.Sheet {
	return &gold.Sheet{
		Source: &gold.Source{Path: "gold.csv", Observations: []corpus.Observation{"Edema", "Fracture"}},
		All: []gold.Row{
			{ID: "a", Labels: []corpus.Assertion{corpus.Negative, corpus.Positive}},
			{ID: "b", Labels: []corpus.Assertion{corpus.Negative, corpus.Positive}},
			{ID: "c", Labels: []corpus.Assertion{corpus.Positive, corpus.Positive}, Open: []bool{false, true}},
			{ID: "d", Labels: []corpus.Assertion{corpus.Negative, corpus.Unmentioned}},
		},
	}
}

func history(records ...Record) *History {
	h := &History{}
	for _, r := range records {
		h.add(r)
	}
	return h
}

func TestApply(t *testing.T) {
	opened := record("d", Open, "")
	unjudged := record("c", GoldError, "")
	unjudged.Observation = "Fracture"
	h := history(record("a", GoldError, ""), record("b", Ambiguous, ""), record("c", RuleError, ""), opened, record("e", GoldError, ""), unjudged)
	before := sheet()
	after, n := h.Apply(before, false)
	assert.Equal(t, Applied{Corrected: 1, Ambiguous: 1, Changed: 1, Foreign: 2}, n)
	assert.Equal(t, sheet(), before, "gold itself stays")
	assert.Equal(t, corpus.Positive, after.All[0].Labels[0])
	assert.True(t, after.All[0].Judged(0))
	assert.False(t, after.All[1].Judged(0))
	assert.True(t, after.All[1].Judged(1))
	assert.Equal(t, before.All[2:], after.All[2:])
	assert.Equal(t, "1 gold label corrected, 1 ambiguous left out, 0 rule errors; without effect: 1 of labels that gold has changed since, 2 of labels that are not in gold", n.String())

	again, n := h.Apply(after, false)
	assert.Equal(t, 1, n.Corrected, "gold may have been corrected in its file")
	assert.Equal(t, after.All[0].Labels, again.All[0].Labels)

	asPresence := record("d", GoldError, "")
	asPresence.Gold, asPresence.Predicted = corpus.Unmentioned, corpus.Positive
	after, n = history(asPresence).Apply(sheet(), true)
	assert.Equal(t, Applied{Corrected: 1}, n)
	assert.Equal(t, corpus.Positive, after.All[3].Labels[0])
}

// Every verdict that is not open is counted once.
func TestAppliedCountsEachVerdictOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &History{}
		for range rapid.IntRange(0, 20).Draw(t, "records") {
			r := record(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id"), rapid.SampledFrom([]Verdict{Open, RuleError, GoldError, Ambiguous}).Draw(t, "verdict"), "")
			r.Observation = rapid.SampledFrom([]corpus.Observation{"Edema", "Fracture", "Other"}).Draw(t, "observation")
			r.Gold, r.Predicted = corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "gold")), corpus.Assertion(rapid.IntRange(0, 3).Draw(t, "predicted"))
			h.add(r)
		}
		given := 0
		for _, item := range h.Items() {
			if item.Verdict != Open {
				given++
			}
		}
		before := sheet()
		_, n := h.Apply(before, rapid.Bool().Draw(t, "presence"))
		require.Equal(t, given, n.Corrected+n.Ambiguous+n.RuleErrors+n.Changed+n.Foreign)
		require.Equal(t, sheet(), before)
	})
}

func FuzzParse(f *testing.F) {
	for _, r := range []Record{record("a", GoldError, "note"), record("b", Open, "")} {
		text, err := r.encode()
		require.NoError(f, err)
		f.Add(string(text) + string(text[:len(text)/2]))
		f.Add(string(text) + "\n" + string(text[:len(text)-1]))
	}
	f.Add("\x00\x00")
	f.Add("[1]\n")
	f.Fuzz(func(t *testing.T, content string) {
		h, err := parse("v", []byte(content))
		if err != nil {
			return
		}
		require.LessOrEqual(t, h.whole, int64(len(content)))
		var again []byte
		for _, item := range h.Items() {
			text, err := item.encode()
			require.NoError(t, err)
			again = append(again, text...)
		}
		other, err := parse("v", again)
		require.NoError(t, err)
		require.Equal(t, h.order, other.order)
		for l, item := range h.items {
			now := other.items[l]
			require.True(t, item.At.UTC().Truncate(time.Second).Equal(now.At))
			now.At, now.Version = item.At, item.Version
			require.Equal(t, item, now)
		}
		require.False(t, other.Torn)
	})
}
