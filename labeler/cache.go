package labeler

import (
	"hash/maphash"
	"strings"
	"sync"
)

// cache remembers the analyses of distinct sentences. Reports repeat them: of
// the sentences of a corpus of normal films a third are distinct. It is bounded:
// each shard holds two generations, and forgets the older one when the younger
// is full. A nil cache remembers nothing.
type cache struct {
	seed   maphash.Seed
	shards [64]cacheShard
	most   int // sentences in one generation of one shard
}

type cacheShard struct {
	sync.Mutex
	young, old map[string][]finding
	came       []uint16 // by some bits of its hash, others of the sentence that came last, 0: none; nil: remember at once
}

// Distinct sentences that a cache of default size remembers, and the longest
// sentence that is worth remembering.
const (
	defaultCache      = 1 << 17
	longestRemembered = 512
)

func newCache(size int) *cache {
	switch {
	case size < 0:
		return nil
	case size == 0:
		size = defaultCache
	}
	c := &cache{seed: maphash.MakeSeed()}
	c.most = max(1, size/len(c.shards)/2)
	return c
}

// newLateCache makes one that remembers what comes a second time: most sentences
// with a measure or a date never do.
func newLateCache(size int) *cache {
	c := newCache(size)
	if c != nil {
		for i := range c.shards {
			c.shards[i].came = make([]uint16, 1<<12)
		}
	}
	return c
}

// again reports whether a sentence of this hash has come, or forgets another for it.
func (s *cacheShard) again(hash uint64) bool {
	if s.came == nil {
		return true
	}
	came := &s.came[hash>>16%uint64(len(s.came))]
	others := uint16(hash>>48) | 1
	if *came == others {
		return true
	}
	*came = others
	return false
}

// cacheKey is a sentence with its hash. The zero value is one that is not worth
// remembering.
type cacheKey struct {
	sentence string
	hash     uint64
}

func (c *cache) key(sentence string) cacheKey {
	if c == nil || len(sentence) > longestRemembered {
		return cacheKey{}
	}
	return cacheKey{sentence, maphash.String(c.seed, sentence)}
}

func (c *cache) shard(k cacheKey) *cacheShard {
	return &c.shards[k.hash%uint64(len(c.shards))]
}

func (c *cache) get(k cacheKey) ([]finding, bool) {
	if k == (cacheKey{}) {
		return nil, false
	}
	s := c.shard(k)
	s.Lock()
	defer s.Unlock()
	if found, ok := s.young[k.sentence]; ok {
		return found, true
	}
	found, ok := s.old[k.sentence]
	if ok {
		s.add(strings.Clone(k.sentence), found, c.most)
	}
	return found, ok
}

// put remembers a copy of the sentence, so that the report it stands in can go.
// A late cache does so the second time.
func (c *cache) put(k cacheKey, found []finding) {
	if k == (cacheKey{}) {
		return
	}
	s := c.shard(k)
	s.Lock()
	defer s.Unlock()
	if s.again(k.hash) {
		s.add(strings.Clone(k.sentence), found, c.most)
	}
}

func (s *cacheShard) add(sentence string, found []finding, most int) {
	if len(s.young) >= most {
		s.young, s.old = nil, s.young
	}
	if s.young == nil {
		s.young = make(map[string][]finding)
	}
	s.young[sentence] = found
}
