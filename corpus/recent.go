package corpus

import "cmp"

// Recent is how many ids at the least are known to have come before: a corpus of
// any size is read in bounded memory, and an id is told as repeated when it comes
// again within so many reports.
const Recent = 3 << 20

// recent is a set of the hashes of the ids that came last, the last Recent at
// least and twice as many at most, in up to 64 MiB. The zero value is empty.
type recent struct {
	young, old hashes
	most       int // in young; 0: Recent
}

// add reports whether the hash is new.
func (r *recent) add(hash uint64) bool {
	if hash == 0 { // marks an empty slot
		hash = 1
	}
	if r.young.has(hash) {
		return false
	}
	isNew := !r.old.has(hash)
	if r.young.n >= cmp.Or(r.most, Recent) {
		r.old, r.young = r.young, hashes{slots: r.old.emptied()}
	}
	r.young.add(hash)
	return isNew
}

// hashes is a set of numbers other than 0, in a table with open addresses.
type hashes struct {
	slots []uint64 // a power of two, at most three quarters full
	n     int
}

// slot is where the hash is, or would be. The table is not full.
func (h *hashes) slot(hash uint64) *uint64 {
	for i := hash; ; i++ {
		if s := &h.slots[i&uint64(len(h.slots)-1)]; *s == 0 || *s == hash {
			return s
		}
	}
}

func (h *hashes) has(hash uint64) bool {
	return h.n > 0 && *h.slot(hash) == hash
}

func (h *hashes) add(hash uint64) {
	if 4*(h.n+1) > 3*len(h.slots) {
		grown := hashes{slots: make([]uint64, max(1024, 2*len(h.slots)))}
		for _, old := range h.slots {
			if old != 0 {
				*grown.slot(old) = old
			}
		}
		h.slots = grown.slots
	}
	*h.slot(hash) = hash
	h.n++
}

// emptied gives the room of the set for another.
func (h *hashes) emptied() []uint64 {
	clear(h.slots)
	return h.slots
}
