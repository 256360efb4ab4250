package stats

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/synthetic"
)

func TestFullSize(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: two million rows are written and read")
	}
	folder := t.TempDir()
	require.NoError(t, synthetic.CheXpert(folder, synthetic.CheXpertTrain, synthetic.CheXpertValid))
	s := gathered(t, dataset.CheXpert, folder)
	assert.Equal(t, synthetic.CheXpertTrain, s.Splits[1].Images)
	assert.Equal(t, synthetic.CheXpertValid, s.Splits[2].Images)

	folder = t.TempDir()
	require.NoError(t, synthetic.MIMIC(folder, synthetic.MIMICStudies, synthetic.MIMICLabelled, synthetic.MIMICImages))
	s = gathered(t, dataset.MIMIC, folder)
	assert.Equal(t, synthetic.MIMICStudies, s.Splits[0].Studies)
	assert.Equal(t, synthetic.MIMICImages, s.Splits[0].Images)
	assert.Equal(t, synthetic.MIMICLabelled, s.Labels[0].Labelled)
	assert.Contains(t, s.Checks, Check{"studies of the study list without a row of labels", synthetic.MIMICStudies - synthetic.MIMICLabelled})
}

// Label files of the published size are counted in seconds: an operation is
// finding the files, reading and joining them.
func BenchmarkStats(b *testing.B) {
	for _, size := range []struct {
		dataset *dataset.Dataset
		write   func(folder string) error
	}{
		{dataset.CheXpert, func(folder string) error {
			return synthetic.CheXpert(folder, synthetic.CheXpertTrain, synthetic.CheXpertValid)
		}},
		{dataset.MIMIC, func(folder string) error {
			return synthetic.MIMIC(folder, synthetic.MIMICStudies, synthetic.MIMICLabelled, synthetic.MIMICImages)
		}},
	} {
		b.Run(size.dataset.Name, func(b *testing.B) {
			folder := b.TempDir()
			require.NoError(b, size.write(folder))
			b.ReportAllocs()
			for b.Loop() {
				found, err := dataset.Find(b.Context(), size.dataset, []string{folder})
				require.NoError(b, err)
				s, err := Gather(b.Context(), size.dataset, found.Files, func(p *corpus.Problem) { b.Error(p) })
				require.NoError(b, err)
				rows := 0
				for _, f := range s.Files {
					rows += f.Rows
				}
				b.ReportMetric(float64(rows), "rows")
			}
		})
	}
}
