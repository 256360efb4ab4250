package dataset

// Index numbers keys from 0, in the order in which they come first. Files of a
// dataset have their rows in much the same order, so that a key is looked for
// where the last one was and behind it before it is anywhere else.
type Index struct {
	at   map[uint64]int32
	keys []uint64
	last int32
}

// Number gives the number of a key, and whether it is new.
func (x *Index) Number(key uint64) (n int32, isNew bool) {
	if n := x.Find(key); n >= 0 {
		return n, false
	}
	if x.at == nil {
		x.at = map[uint64]int32{}
	}
	x.last = int32(len(x.keys))
	x.at[key] = x.last
	x.keys = append(x.keys, key)
	return x.last, true
}

// Find gives the number of a key; -1: it has none.
func (x *Index) Find(key uint64) int32 {
	for n := x.last; int(n) < len(x.keys) && n < x.last+2; n++ {
		if x.keys[n] == key {
			x.last = n
			return n
		}
	}
	n, known := x.at[key]
	if !known {
		return -1
	}
	x.last = n
	return n
}

// Len is how many keys there are.
func (x *Index) Len() int { return len(x.keys) }
