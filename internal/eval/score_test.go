package eval_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/eval"
	"github.com/radlabel/radlabel/internal/gold"
)

// driver asks the reference scorer for all it knows.
const driver = `
import json, sys
sys.path.insert(0, sys.argv[1])
import score
total, per = score.score(score.load(sys.argv[2]), score.load(sys.argv[3]))
print(json.dumps([total, per]).replace("NaN", "null"))
`

// Our figures are those of the reference scorer, which stands beside the
// development data, on real gold and a prediction with every kind of error.
func TestSameAsReferenceScorer(t *testing.T) {
	data := os.Getenv("RADLABEL_DATA")
	if data == "" {
		t.Skip("RADLABEL_DATA is not set: no reference scorer")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to run the reference scorer with")
	}
	tools := filepath.Join(data, "..", "tools")
	if _, err := os.Stat(filepath.Join(tools, "score.py")); err != nil {
		t.Skip("the reference scorer is not there")
	}
	ctx := context.Background()
	goldFile := filepath.Join(data, "openi", "gold-chexpert14.csv")
	for name, predicted := range map[string]string{
		"gold against itself": goldFile,
		"spoilt":              spoilt(t, goldFile),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.CommandContext(ctx, python, "-c", driver, tools, goldFile, predicted).Output()
			require.NoError(t, err)
			var want [2]json.RawMessage
			require.NoError(t, json.Unmarshal(out, &want))

			g, err := gold.Load(ctx, goldFile, gold.Options{})
			require.NoError(t, err)
			p, err := gold.Load(ctx, predicted, gold.Options{})
			require.NoError(t, err)
			j, err := eval.Join(eval.JoinOptions{}, g, p)
			require.NoError(t, err)
			e := eval.Evaluate(j, 0, eval.Options{Derived: "No Finding"})
			compareTotals(t, want[0], e)
			comparePer(t, want[1], e)
		})
	}
}

// spoilt writes the gold file with some labels changed, by place alone, and
// some rows left out.
func spoilt(t *testing.T, path string) string {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	var out []string
	for i, line := range lines {
		if i%17 == 16 {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), ",")
		for c := 1; c < len(fields) && i > 0; c++ {
			if (i*31+c*7)%11 == 0 {
				fields[c] = []string{"1", "0", "-1", ""}[(i+c)%4]
			}
		}
		out = append(out, strings.Join(fields, ","))
	}
	name := filepath.Join(t.TempDir(), "spoilt.csv")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(out, "\n")+"\n"), 0o600))
	return name
}

func compareTotals(t *testing.T, raw json.RawMessage, e *eval.Evaluation) {
	var totals map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &totals))
	near := func(key string, figure string) {
		var want float64
		require.NoError(t, json.Unmarshal(totals[key], &want))
		got, ok := eval.Find(e.Figures, figure)
		require.True(t, ok)
		assert.InDelta(t, want, got.Value, .5001e-4, key)
	}
	near("cell_agreement", "cells")
	near("exact_reports", "exact")
	for _, task := range e.Tasks {
		var want struct {
			Micro, Macro float64
			TP, FP, FN   int
		}
		require.NoError(t, json.Unmarshal(totals[task.String()], &want))
		micro, _ := eval.Find(e.Figures, task.String()+".micro")
		macro, _ := eval.Find(e.Figures, task.String()+".macro")
		assert.InDelta(t, want.Micro, micro.Value, .5001e-4, task)
		assert.InDelta(t, want.Macro, macro.Value, .5001e-4, task)
		assert.Equal(t, want.TP+want.FN, micro.Gold, task)
		precision, _ := eval.Find(e.Figures, task.String()+".micro.precision")
		assert.InDelta(t, float64(want.TP)/float64(want.TP+want.FP), precision.Value, 1e-12, task)
	}
	var n int
	require.NoError(t, json.Unmarshal(totals["n"], &n))
	assert.Equal(t, n, e.Reports)
	require.NoError(t, json.Unmarshal(totals["missing"], &n))
	assert.Len(t, e.OnlyGold, n)
}

func comparePer(t *testing.T, raw json.RawMessage, e *eval.Evaluation) {
	var per map[corpus.Observation]map[string][]*float64 // F1, gold, tp, fp, fn
	require.NoError(t, json.Unmarshal(raw, &per))
	for _, o := range e.Observations {
		for task, want := range per[o] {
			got, ok := eval.Find(e.Figures, string(o)+"."+task)
			require.True(t, ok, "%s.%s", o, task)
			assert.Equal(t, int(*want[1]), got.Gold)
			if want[0] == nil {
				assert.True(t, math.IsNaN(got.Value), "%s.%s", o, task)
				continue
			}
			assert.InDelta(t, *want[0], got.Value, .5001e-3, "%s.%s", o, task)
		}
	}
}
