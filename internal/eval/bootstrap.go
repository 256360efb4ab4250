package eval

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// sample draws n bootstrap samples of units with replacement (Efron 1979) and
// measures each: weights[i] is how often unit i was drawn. measure gives the
// same number of values each time and must be safe for concurrent use. Sample r
// is drawn by its own generator, seeded by seed and r, so that the number of
// processors changes nothing.
func sample(n, units int, seed uint64, measure func(weights []int32) []float64) [][]float64 {
	samples := make([][]float64, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wait.Go(func() {
			weights := make([]int32, units)
			for {
				r := int(next.Add(1)) - 1
				if r >= n {
					return
				}
				clear(weights)
				random := rand.New(rand.NewPCG(seed, uint64(r)))
				for range units {
					weights[random.IntN(units)]++
				}
				samples[r] = measure(weights)
			}
		})
	}
	wait.Wait()
	return samples
}

// resample gives the 95 % percentile interval of each value that measure gives
// (NaN with n = 0, and for values that are undefined in most samples).
func resample(n, units int, seed uint64, measure func(weights []int32) []float64) (low, high []float64) {
	if n <= 0 || units == 0 {
		none := measure(make([]int32, units))
		for i := range none {
			none[i] = math.NaN()
		}
		return none, slices.Clone(none)
	}
	samples := sample(n, units, seed, measure)
	for k := range samples[0] {
		values := column(samples, k)
		low = append(low, quantile(values, .025))
		high = append(high, quantile(values, .975))
	}
	return low, high
}

// column gives the defined values of one figure in ascending order, or none
// where fewer than half of the samples have one.
func column(samples [][]float64, k int) []float64 {
	var values []float64
	for _, s := range samples {
		if !math.IsNaN(s[k]) {
			values = append(values, s[k])
		}
	}
	if 2*len(values) < len(samples) {
		return nil
	}
	slices.Sort(values)
	return values
}

// quantile of sorted values, between the two nearest ones by their distance.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
