package corpus

import (
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Shard is one of Of parts of a corpus, counted from 0. Which part a report is in
// depends on its study alone, so that it does not matter in which file, in what
// order or on which machine it is read. The zero value is the whole corpus.
type Shard struct{ Index, Of int }

// ParseShard reads a shard as String gives it.
func ParseShard(s string) (Shard, error) {
	index, of, found := strings.Cut(s, "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	if !found || err != nil || err2 != nil || i < 1 || i > n {
		return Shard{}, fmt.Errorf("shard %q: want i/n, with i from 1 to n", s)
	}
	return Shard{Index: i - 1, Of: n}, nil
}

// String gives "i/n", counted from 1, and "1/1" for the whole corpus.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index+1, max(s.Of, 1)) }

// Has reports whether a report is in the shard: by its study, or by its id where
// there is no study.
func (s Shard) Has(r Report) bool {
	if r.Study != "" {
		return s.has(r.Study)
	}
	return s.has(r.ID)
}

// has places a key by its hash (FNV-1a of 64 bits) modulo the number of shards. The
// places are part of what is written to disk: a change of them would mix shards
// of two versions.
func (s Shard) has(key string) bool {
	if s.Of <= 1 {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64()%uint64(s.Of) == uint64(s.Index)
}

// Reports passes on what is of the shard: its reports, each with the warnings that
// come before it. What belongs to no report is placed by where it stands. So each
// report and each Problem of a corpus is in exactly one of its shards.
func (s Shard) Reports(all iter.Seq2[Report, error]) iter.Seq2[Report, error] {
	if s.Of <= 1 {
		return all
	}
	return func(yield func(Report, error) bool) {
		var before []*Problem // warnings whose report is still to come
		for r, err := range all {
			var p *Problem
			if errors.As(err, &p) && !p.Lost {
				before = append(before, p)
				continue
			}
			if s.holds(r, p) {
				for _, warning := range before {
					if !yield(Report{}, warning) {
						return
					}
				}
				if !yield(r, err) {
					return
				}
			}
			before = before[:0]
		}
		for _, warning := range before {
			if s.holds(Report{}, warning) && !yield(Report{}, warning) {
				return
			}
		}
	}
}

// holds reports whether a report, a Problem with what is known of its report, or
// the end of the stream is for the shard.
func (s Shard) holds(r Report, p *Problem) bool {
	if p != nil && r.ID == "" && r.Study == "" {
		return s.HasProblem(p)
	}
	return r.ID == "" && r.Study == "" || s.Has(r)
}

// wants reports whether a member has to be read, as far as its name tells: OpenI has
// the ids within, and a name that is not UTF-8 is not yet the id.
func (s Shard) wants(src Source, r Report) bool {
	return src == OpenI || !utf8.ValidString(r.ID) || s.Has(r)
}

// HasProblem reports whether a Problem of no known report is the shard's to tell.
func (s Shard) HasProblem(p *Problem) bool { return s.has(p.Place.String()) }
