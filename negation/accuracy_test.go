package negation_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

// A floor on the NegEx annotations: clinical sentences of every kind, with one
// concept in capitals that is affirmed or negated. The rule set is made for
// radiology, so this says how far its grammar carries.
func TestAccuracyNegEx(t *testing.T) {
	dir := os.Getenv("RADLABEL_DATA")
	if dir == "" {
		t.Skip("RADLABEL_DATA is not set: no annotations to measure on")
	}
	content, err := os.ReadFile(filepath.Join(dir, "negex", "annotations-dev.tsv"))
	require.NoError(t, err)
	b := newBench(t)
	tp, fp, fn := 0, 0, 0
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(cells) < 4 || cells[3] != "Affirmed" && cells[3] != "Negated" {
			continue
		}
		concept, sentence := cells[1], cells[2]
		at := strings.Index(sentence, strings.ToUpper(concept))
		if at < 0 {
			continue
		}
		s := b.read(sentence)
		ms := mentions(s, corpus.Span{Start: at, End: at + len(concept)})
		if ms[0].End == 0 {
			continue
		}
		v := b.engine.Classify(s, ms)[0]
		got, want := v.Assertion == corpus.Negative, cells[3] == "Negated"
		switch {
		case got && want:
			tp++
		case got:
			fp++
		case want:
			fn++
		}
		if got != want && testing.Verbose() {
			cue := ""
			if v.Governed {
				cue = b.set.Cues[v.Cue.Index].ID
			}
			t.Logf("line %s: %s, got %s by %q", cells[0], cells[3], v.Assertion, cue)
		}
	}
	f1 := 2 * float64(tp) / float64(2*tp+fp+fn)
	t.Logf("negated: F1 %.4f (%d right, %d false, %d missed)", f1, tp, fp, fn)
	assert.GreaterOrEqual(t, f1, .93)
}
