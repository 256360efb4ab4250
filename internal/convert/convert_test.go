package convert_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/convert"
	"github.com/radlabel/radlabel/internal/output"
	"github.com/radlabel/radlabel/internal/synthetic"
)

var anyAssertion = rapid.SampledFrom([]corpus.Assertion{corpus.Unmentioned, corpus.Negative, corpus.Uncertain, corpus.Positive})

// anyLabels draws the labels of n observations.
func anyLabels(n int) *rapid.Generator[convert.Labels] {
	return rapid.Custom(func(t *rapid.T) (l convert.Labels) {
		for i := range n {
			l = l.With(i, anyAssertion.Draw(t, "label"))
		}
		return l
	})
}

func TestLabelsHoldEveryAssertion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLabels(dataset.MostLabels).Draw(t, "labels")
		i := rapid.IntRange(0, dataset.MostLabels-1).Draw(t, "observation")
		a := anyAssertion.Draw(t, "assertion")
		changed := l.With(i, a)
		for k := range dataset.MostLabels {
			want := l.At(k)
			if k == i {
				want = a
			}
			assert.Equal(t, want, changed.At(k))
		}
	})
}

func TestRulesChangeUncertainLabelsAlone(t *testing.T) {
	want := map[convert.Rule]convert.Target{
		convert.Keep: -1, convert.Ignore: convert.Missing, convert.Zeros: 0, convert.Ones: 1, convert.MultiClass: convert.Third,
	}
	for _, rule := range convert.Rules() {
		assert.Equal(t, want[rule], rule.Target(corpus.Uncertain), rule)
		for _, a := range []corpus.Assertion{corpus.Unmentioned, corpus.Negative, corpus.Positive} {
			assert.Equal(t, a, assertionOf(rule.Target(a)), rule)
		}
	}
	for _, rule := range []convert.Rule{convert.Keep, convert.MultiClass} {
		assert.Equal(t, corpus.Uncertain, assertionOf(rule.Target(corpus.Uncertain)), "%s can be taken back", rule)
	}
}

func TestParsePolicy(t *testing.T) {
	p, err := convert.ParsePolicy("zeros, Atelectasis=ones,pleural effusion=multiclass")
	require.NoError(t, err)
	rules, err := p.For([]corpus.Observation{"Edema", "Atelectasis", "Pleural Effusion"})
	require.NoError(t, err)
	assert.Equal(t, []convert.Rule{convert.Zeros, convert.Ones, convert.MultiClass}, rules)
	p, err = convert.ParsePolicy("Edema=ones")
	require.NoError(t, err)
	assert.Empty(t, p.Rest, "that of the layout")
	_, err = p.For([]corpus.Observation{"Edemas"})
	assert.ErrorContains(t, err, `"Edema" is none of the observations written; did you mean "Edemas"?`)
	for s, want := range map[string]string{
		"":                       `"" is no rule`,
		"one":                    `"one" is no rule for uncertain labels; use keep, ignore, zeros, ones, multiclass`,
		"zeros,ones":             "there are two rules for all",
		"Edema=zeros,edema=ones": "edema has two rules",
		"=ones":                  "names no observation",
	} {
		_, err := convert.ParsePolicy(s)
		assert.ErrorContains(t, err, want)
	}
}

func TestFillChangesBlanksAlone(t *testing.T) {
	observations := convert.CheXpertNames.Observations()
	rapid.Check(t, func(t *rapid.T) {
		l := anyLabels(len(observations)).Draw(t, "labels")
		blank := rapid.SampledFrom(convert.Blanks()).Draw(t, "blank")
		healthy := l.At(0) == corpus.Positive
		filled := blank.Fill(l, observations)
		for i, o := range observations {
			want := l.At(i)
			if want == corpus.Unmentioned && (blank == convert.ZeroBlank || blank == convert.HealthyBlank && healthy && o != "Support Devices") {
				want = corpus.Negative
			}
			assert.Equal(t, want, filled.At(i), o)
		}
	})
}

func TestReductionsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		views := rapid.SliceOfN(anyLabels(14), 1, 6).Draw(t, "views")
		shuffled := rapid.Permutation(views).Draw(t, "shuffled")
		for _, r := range convert.Reductions() {
			a, err1 := r.Reduce(views, 14)
			b, err2 := r.Reduce(shuffled, 14)
			assert.Equal(t, err1, err2)
			assert.Equal(t, a, b, r)
			one, err := r.Reduce(views[:1], 14)
			assert.NoError(t, err)
			assert.Equal(t, views[0], one, "one view is the study")
		}
		strongest, _ := convert.Max.Reduce(views, 14)
		for i := range 14 {
			var want corpus.Assertion
			for _, v := range views {
				want = max(want, v.At(i))
			}
			assert.Equal(t, want, strongest.At(i))
		}
	})
}

func TestReductions(t *testing.T) {
	const blank, no, maybe, yes = corpus.Unmentioned, corpus.Negative, corpus.Uncertain, corpus.Positive
	for _, c := range []struct {
		views                    []corpus.Assertion
		max, majority, consensus corpus.Assertion
	}{
		{[]corpus.Assertion{yes, no, no}, yes, no, maybe},
		{[]corpus.Assertion{yes, no}, yes, yes, maybe},
		{[]corpus.Assertion{no, blank, blank}, no, no, no},
		{[]corpus.Assertion{maybe, no, no}, maybe, no, maybe},
		{[]corpus.Assertion{blank, blank}, blank, blank, blank},
	} {
		var views []convert.Labels
		for _, a := range c.views {
			views = append(views, convert.Labels(0).With(3, a))
		}
		for r, want := range map[convert.Reduction]corpus.Assertion{convert.Max: c.max, convert.Majority: c.majority, convert.Consensus: c.consensus} {
			got, err := r.Reduce(views, 14)
			require.NoError(t, err)
			assert.Equal(t, want, got.At(3), "%s of %v", r, c.views)
		}
		_, err := convert.Same.Reduce(views, 14)
		assert.Equal(t, slices.Max(c.views) != slices.Min(c.views), err != nil)
	}
}

// There and back keeps what has the same meaning in both sets; what goes over in
// part never becomes another label.
func TestNamesThereAndBack(t *testing.T) {
	whole := []corpus.Observation{"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion", "Effusion", "Pneumonia", "Pneumothorax"}
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SampledFrom(convert.AllNames()).Draw(t, "from")
		to := rapid.SampledFrom(convert.AllNames()).Draw(t, "to")
		observations := from.Observations()
		there := convert.NewMapping(observations, from, to)
		back := convert.NewMapping(there.Targets, to, from)
		require.Equal(t, observations, back.Targets)
		l := anyLabels(len(observations)).Draw(t, "labels")
		again := back.Apply(there.Apply(l))
		for i, o := range observations {
			if from == to || slices.Contains(whole, o) {
				assert.Equal(t, l.At(i), again.At(i), "%s, %s and back", o, to)
				assert.False(t, there.Leaves(i, l.At(i)))
			} else if again.At(i) != corpus.Unmentioned {
				assert.Equal(t, l.At(i), again.At(i), "%s, %s and back", o, to)
			}
		}
	})
}

func TestMappingOfParts(t *testing.T) {
	nih, chexpert := convert.NIHNames.Observations(), convert.CheXpertNames.Observations()
	m := convert.NewMapping(nih, convert.NIHNames, convert.CheXpertNames)
	set := func(l convert.Labels, o corpus.Observation, a corpus.Assertion) convert.Labels {
		return l.With(slices.Index(nih, o), a)
	}
	at := func(l convert.Labels, o corpus.Observation) corpus.Assertion { return l.At(slices.Index(chexpert, o)) }
	l := set(set(0, "Mass", corpus.Negative), "Infiltration", corpus.Negative)
	assert.Equal(t, corpus.Unmentioned, at(m.Apply(l), "Lung Lesion"), "of the nodule nothing is known")
	assert.Equal(t, corpus.Unmentioned, at(m.Apply(l), "Lung Opacity"))
	l = set(l, "Nodule", corpus.Negative)
	assert.Equal(t, corpus.Negative, at(m.Apply(l), "Lung Lesion"))
	l = set(set(l, "Nodule", corpus.Positive), "Infiltration", corpus.Positive)
	assert.Equal(t, corpus.Positive, at(m.Apply(l), "Lung Lesion"))
	assert.Equal(t, corpus.Positive, at(m.Apply(l), "Lung Opacity"))
}

func TestFindings(t *testing.T) {
	targets := make([]convert.Target, len(convert.NIHNames.Observations()))
	assert.Equal(t, "No Finding", convert.Findings(targets), "all are negative")
	targets[1], targets[4] = 1, 1
	assert.Equal(t, "Cardiomegaly|Effusion", convert.Findings(targets))
	targets[1], targets[4] = convert.Missing, 0
	assert.Empty(t, convert.Findings(targets), "one is not known")
	targets[14] = 1
	assert.Equal(t, "No Finding", convert.Findings(targets))
}

const header = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"

// Every fault of a file is named with its place, and the other rows are read.
func TestMalformed(t *testing.T) {
	row := func(patient int, labels string) string {
		return fmt.Sprintf("CheXpert-v1.0/train/patient%05d/study1/view1_frontal.jpg,Male,60,Frontal,AP,%s\n", patient, labels)
	}
	good := "1.0,,,,0.0,-1.0,,,,,,,,"
	for name, c := range map[string]struct {
		dataset *dataset.Dataset
		content string
		opening string // error of Open
		faults  []string
		rows    int
	}{
		"value 0.5": {dataset.CheXpert, header + "\n" + row(1, good) + row(2, "0.5,,,,,,,,,,,,,") + row(3, good), "",
			[]string{`:3: column 6 (No Finding): "0.5" is no label; want 1, 0, -1 or blank`}, 2},
		"missing column": {dataset.CheXpert, strings.Replace(header, ",Edema", "", 1) + "\n", ":1: there is no column Edema; get the file again, or leave them blank with --partial", nil, 0},
		"misspelt column": {dataset.CheXpert, strings.Replace(header, ",Edema", ",Edemas", 1) + "\n" + row(1, "1,1,1,1,1,1,1,1,1,1,1,1,1,1"),
			`:1: column 11 (Edemas): it holds labels, and no observation has this name; did you mean "Edema"? Rename it`, nil, 0},
		"twice the column": {dataset.CheXpert, header + ",edema\n", ":1: column 20 (edema): column 11 has this name already; remove one", nil, 0},
		"no ids":           {dataset.CheXpert, strings.TrimPrefix(header, "Path,") + "\n", ":1: there is no column of ids", nil, 0},
		"no labels":        {dataset.CheXpert, "Path,Sex\na,b\n", ":1: there is no column of labels", nil, 0},
		"swapped ids": {dataset.MIMIC, strings.Replace(header, "Path,Sex,Age,Frontal/Lateral,AP/PA", "study_id,subject_id", 1) + "\n10000001,50000001," + good + "\n50000002,10000001," + good + "\n", "",
			[]string{`:2: column 2 (subject_id): 50000001 is no id of eight digits that begins with 1; check that the columns are not swapped`}, 1},
		"no path": {dataset.CheXpert, header + "\nview1.jpg,Male,60,Frontal,AP," + good + "\n" + row(2, good), "",
			[]string{`:2: column 1 (Path): the path "view1.jpg" has no split and patient`}, 1},
		"row twice": {dataset.CheXpert, header + "\n" + row(1, good) + row(2, good) + row(1, good), "",
			[]string{`:4: column 1 (Path): "CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg" has a row already, in line 2; the first counts; remove one`}, 2},
		"few fields":   {dataset.CheXpert, header + "\n" + row(1, "1.0") + row(2, good), "", []string{":2: column 7 (Enlarged Cardiomediastinum): the row has 6 fields, the header 19"}, 1},
		"extra comma":  {dataset.CheXpert, header + "\n" + row(1, good+",1.0") + row(2, good+",,"), "", []string{":2: column 20: the row has 20 fields, the header 19"}, 1},
		"crlf and bom": {dataset.CheXpert, "\ufeff" + strings.ReplaceAll(header+"\n"+row(1, good)+row(2, good), "\n", "\r\n"), "", nil, 2},
		"patient of another image": {dataset.ChestXray14, "Image Index,Finding Labels,Patient ID\n00000001_000.png,Hernia,2\n00000002_000.png,Mass|Hernia,2\n00000003_000.png,Mess,3\n3,Mass,00000003_000.png\n", "",
			[]string{`:2: column 3 (Patient ID): the patient is 2, that of the image 1`, `:4: column 2 (Finding Labels): "Mess" is no disease of ChestX-ray14`,
				`:5: column 1 (Image Index): "3" is no name of an image`}, 1},
		"labels twice": {dataset.ChestXray14, "Image Index,Finding Labels,Mass\n", ":1: column 3 (Mass): the column Finding Labels has the labels already", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "labels.csv")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			source, err := convert.Open(t.Context(), path, c.dataset, false)
			if c.opening != "" {
				require.Error(t, err)
				assert.Contains(t, err.Error(), path+c.opening)
				var p *corpus.Problem
				assert.ErrorAs(t, err, &p)
				return
			}
			require.NoError(t, err)
			rows, faults := 0, []string(nil)
			for _, err := range source.Rows(t.Context()) {
				if err == nil {
					rows++
					continue
				}
				faults = append(faults, err.Error())
			}
			assert.Equal(t, c.rows, rows)
			require.Len(t, faults, len(c.faults), "%q", faults)
			for i, want := range c.faults {
				assert.True(t, strings.HasPrefix(faults[i], path+want), "%s\nwant %s", faults[i], want)
			}
		})
	}
}

// run converts a file into CSV.
func run(t testing.TB, ctx context.Context, path string, d *dataset.Dataset, opts convert.Options) (string, *convert.Summary) {
	source, err := convert.Open(ctx, path, d, false)
	require.NoError(t, err)
	var out bytes.Buffer
	summary := write(t, ctx, source, opts, &out)
	return out.String(), summary
}

// write converts a source into CSV.
func write(t testing.TB, ctx context.Context, source *convert.Source, opts convert.Options, out io.Writer) *convert.Summary {
	c, err := convert.New(source, opts)
	require.NoError(t, err)
	texts, numbers := c.Header()
	w, err := output.NewTable(out, output.Format{Kind: "csv"}, output.TableOptions{Texts: texts, Numbers: numbers, Missing: opts.Layout.Missing()})
	require.NoError(t, err)
	summary, err := c.Run(ctx, w, func(p *corpus.Problem) { t.Error(p) })
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return summary
}

// written are the labels of random rows, one or more for each of some studies.
type written struct {
	rows   []string
	labels []convert.Labels
}

func anyFile(t *rapid.T) (w written) {
	for study := range rapid.IntRange(1, 8).Draw(t, "studies") {
		for view := range rapid.IntRange(1, 3).Draw(t, "views") {
			l := anyLabels(14).Draw(t, "labels")
			row := fmt.Sprintf("CheXpert-v1.0/train/patient%05d/study1/view%d_frontal.jpg,Male,60,Frontal,AP", study+1, view+1)
			for k := range 14 {
				row += "," + corpus.EncodeLabel(l.At(k))
			}
			w.rows, w.labels = append(w.rows, row), append(w.labels, l)
		}
	}
	return w
}

// saved writes rows under the header.
func saved(t *testing.T, rows []string) (path, content string) {
	path, content = filepath.Join(t.TempDir(), "labels.csv"), header+"\n"+strings.Join(rows, "\n")+"\n"
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path, content
}

// A file of the dataset in its own layout is written as it was read, but for what a
// policy makes of uncertain labels.
func TestPoliciesOfFiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := anyFile(rt)
		path, content := saved(t, file.rows)
		opts := convert.Options{}
		opts.Uncertain.Rest = rapid.SampledFrom(convert.Rules()).Draw(rt, "rule")
		became := map[convert.Rule]string{convert.Keep: "-1.0", convert.Ignore: "", convert.Zeros: "0.0", convert.Ones: "1.0", convert.MultiClass: "2.0"}
		got, s := run(t, t.Context(), path, dataset.CheXpert, opts)
		assert.Equal(rt, strings.ReplaceAll(content, ",-1.0", ","+became[opts.Uncertain.Rest]), got)
		changed, uncertain := 0, 0
		for i := range s.Counts {
			changed += s.Counts[i].Changed
			for _, l := range file.labels {
				if l.At(i) == corpus.Uncertain {
					uncertain++
				}
			}
		}
		if opts.Uncertain.Rest == convert.Keep {
			uncertain = 0
		}
		assert.Equal(rt, uncertain, changed)
		assert.Equal(rt, len(file.rows), s.Written)
	})
}

// The order of the rows of a file does not change the labels of a study.
func TestStudiesOfShuffledFiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := anyFile(rt)
		opts := convert.Options{}
		opts.Study = true
		opts.Reduce = rapid.SampledFrom([]convert.Reduction{convert.Max, convert.Majority, convert.Consensus}).Draw(rt, "reduction")
		var outs [2][]string
		for i, rows := range [][]string{file.rows, rapid.Permutation(file.rows).Draw(rt, "shuffled")} {
			path, _ := saved(t, rows)
			out, _ := run(t, t.Context(), path, dataset.CheXpert, opts)
			outs[i] = slices.Sorted(strings.Lines(out))
		}
		assert.Equal(rt, outs[0], outs[1])
	})
}

// Label files of the published size: an operation is all of opening, converting and
// writing one.
func BenchmarkConvert(b *testing.B) {
	folder := b.TempDir()
	require.NoError(b, synthetic.CheXpert(folder, synthetic.CheXpertTrain, 0))
	require.NoError(b, synthetic.MIMIC(folder, synthetic.MIMICStudies, synthetic.MIMICLabelled, synthetic.MIMICImages))
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, c := range []struct {
		name, labels string
		dataset      *dataset.Dataset
		images       []string
		study        bool
	}{
		{"images", "train.csv", dataset.CheXpert, nil, false},
		{"studies", "train.csv", dataset.CheXpert, nil, true},
		{"labels of studies", "mimic-cxr-2.0.0-chexpert.csv.gz", dataset.MIMIC, nil, false},
		{"labels of studies to images", "mimic-cxr-2.0.0-chexpert.csv.gz", dataset.MIMIC,
			[]string{in("mimic-cxr-2.0.0-split.csv.gz"), in("mimic-cxr-2.0.0-metadata.csv.gz")}, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				source, err := convert.Open(b.Context(), in(c.labels), c.dataset, false)
				require.NoError(b, err)
				if c.images != nil {
					m, err := convert.OpenImages(b.Context(), c.dataset, c.images, func(p *corpus.Problem) { b.Error(p) })
					require.NoError(b, err)
					source.Join(m)
				}
				s := write(b, b.Context(), source, convert.Options{Study: c.study}, io.Discard)
				b.ReportMetric(float64(s.Written), "rows")
			}
		})
	}
}

// assertionOf is the label that a target stands for: what was uncertain is found
// again under Keep and MultiClass alone.
func assertionOf(t convert.Target) corpus.Assertion {
	switch t {
	case 1:
		return corpus.Positive
	case 0:
		return corpus.Negative
	case -1, convert.Third:
		return corpus.Uncertain
	}
	return corpus.Unmentioned
}
