package eval

// pairUp pairs as many of n things with one each of m others as fits allows:
// the partner of each, or -1. A greedy choice could spend a partner on one that
// has others to choose from; this is Kuhn's (1955) search for another partner for
// the one that took it. Earlier things and partners come first.
func pairUp(n, m int, fits func(i, k int) bool) []int {
	partner, taken := make([]int, n), make([]int, m)
	for k := range taken {
		taken[k] = -1
	}
	var tried []bool
	var find func(i int) bool
	find = func(i int) bool {
		for k := range m {
			if tried[k] || !fits(i, k) {
				continue
			}
			tried[k] = true
			if taken[k] < 0 || find(taken[k]) {
				taken[k], partner[i] = i, k
				return true
			}
		}
		return false
	}
	for i := range partner {
		partner[i] = -1
		tried = make([]bool, m)
		find(i)
	}
	return partner
}

// paired counts the pairs, and those on both sides without a partner.
func paired(partner []int, m int) tally {
	t := tally{fp: m}
	for _, k := range partner {
		if k < 0 {
			t.fn++
		} else {
			t.tp++
			t.fp--
		}
	}
	return t
}
