package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/internal/dataset/synthetic"
)

// Label files of the published size are counted in seconds: an operation is
// finding the files, reading and joining them.
func BenchmarkStats(b *testing.B) {
	for _, size := range []struct {
		dataset *Dataset
		write   func(folder string) error
	}{
		{cheXpert, func(folder string) error {
			return synthetic.CheXpert(folder, synthetic.CheXpertTrain, synthetic.CheXpertValid)
		}},
		{mimic, func(folder string) error {
			return synthetic.MIMIC(folder, synthetic.MIMICStudies, synthetic.MIMICLabelled, synthetic.MIMICImages)
		}},
	} {
		b.Run(size.dataset.Name, func(b *testing.B) {
			folder := b.TempDir()
			require.NoError(b, size.write(folder))
			b.ReportAllocs()
			for b.Loop() {
				found, err := Find(b.Context(), size.dataset, []string{folder})
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
