package verify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/synthetic"
)

// The studies that are published without labels are remarks where there are as many
// as that, and findings where a label is missing besides.
func TestVerifyPublishedMIMIC(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a million rows are written and read")
	}
	const few = 10 // images, which are not looked at here
	for missing, want := range map[int]map[bool]int{
		0: {true: 16, false: 0}, // 8 in each of two tables of labels
		1: {true: 0, false: 18},
	} {
		folder := t.TempDir()
		require.NoError(t, synthetic.MIMIC(folder, synthetic.MIMICStudies, synthetic.MIMICLabelled-missing, few))
		remarks := map[bool]int{}
		_, err := Run(t.Context(), dataset.MIMIC, []string{folder}, Options{
			Unread: func(p *corpus.Problem) { t.Error(p) },
			Tell: func(f Finding) {
				if f.Kind == NoRow && strings.Contains(f.What, "has no row in the labels") {
					remarks[f.Remark]++
				}
			},
		})
		require.NoError(t, err)
		assert.Equal(t, want[true], remarks[true])
		assert.Equal(t, want[false], remarks[false])
	}
}

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
