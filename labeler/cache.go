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

func (c *cache) shard(sentence string) *cacheShard {
	return &c.shards[maphash.String(c.seed, sentence)%uint64(len(c.shards))]
}

func (c *cache) get(sentence string) ([]finding, bool) {
	if c == nil || len(sentence) > longestRemembered {
		return nil, false
	}
	s := c.shard(sentence)
	s.Lock()
	defer s.Unlock()
	if found, ok := s.young[sentence]; ok {
		return found, true
	}
	found, ok := s.old[sentence]
	if ok {
		s.add(strings.Clone(sentence), found, c.most)
	}
	return found, ok
}

// put remembers a copy of the sentence, so that the report it stands in can go.
func (c *cache) put(sentence string, found []finding) {
	if c == nil || len(sentence) > longestRemembered {
		return
	}
	s := c.shard(sentence)
	s.Lock()
	defer s.Unlock()
	s.add(strings.Clone(sentence), found, c.most)
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
