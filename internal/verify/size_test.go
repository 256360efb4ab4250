package verify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/synthetic"
)

// A copy of the published size is checked in seconds: an operation is finding the
// files, reading and joining them.
func BenchmarkVerify(b *testing.B) {
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
				_, err := Run(b.Context(), size.dataset, []string{folder}, Options{
					Tell: func(Finding) {}, Unread: func(p *corpus.Problem) { b.Error(p) },
				})
				require.NoError(b, err)
			}
		})
	}
}
