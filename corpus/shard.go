package corpus

import (
	"context"
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

// MaxShards is how many shards there may be: what a record of one says of their number
// is not to decide on memory.
const MaxShards = 1 << 16

// ParseShard reads a shard as String gives it.
func ParseShard(s string) (Shard, error) {
	index, of, found := strings.Cut(s, "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	if !found || err != nil || err2 != nil || i < 1 || i > n || n > MaxShards {
		return Shard{}, fmt.Errorf("shard %q: want i/n, with i from 1 to n, and n at most %d", s, MaxShards)
	}
	return Shard{Index: i - 1, Of: n}, nil
}

// String gives "i/n", counted from 1, and "1/1" for the whole corpus.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index+1, max(s.Of, 1)) }

// Has reports whether a report is in the shard: by its study, or by its id where
// there is no study.
func (s Shard) Has(r Report) bool { return s.Of <= 1 || s.HasHash(StudyHash(r)) }

// StudyHash is what a report is placed by: FNV-1a of 64 bits, of its study, or of its
// id where there is no study. It is part of what is written to disk: a change would
// mix shards of two versions.
func StudyHash(r Report) uint64 {
	if r.Study != "" {
		return hash(r.Study)
	}
	return hash(r.ID)
}

func hash(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64()
}

// HasHash reports whether what has this StudyHash is in the shard: the hash modulo
// the number of shards is its index.
func (s Shard) HasHash(hash uint64) bool { return s.Of <= 1 || hash%uint64(s.Of) == uint64(s.Index) }

// Reports passes on what is of the shard: its reports, each with the warnings that
// come before it. What belongs to no report is placed by where it stands. So each
// report and each Problem of a corpus is in exactly one of its shards.
func (s Shard) Reports(all iter.Seq2[Report, error]) iter.Seq2[Report, error] {
	if s.Of <= 1 {
		return all
	}
	return part(all, s.holds)
}

// part passes on the reports that are held, each with the warnings before it.
func part(all iter.Seq2[Report, error], holds func(Report, *Problem) bool) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		var before []*Problem // warnings whose report is still to come
		for r, err := range all {
			var p *Problem
			if errors.As(err, &p) && !p.Lost {
				before = append(before, p)
				continue
			}
			if err != errElsewhere && holds(r, p) {
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
			if holds(Report{}, warning) && !yield(Report{}, warning) {
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
func (s Shard) HasProblem(p *Problem) bool { return s.HasHash(hash(p.Place.String())) }

// run is a run of ordinals, both ends included.
type run struct{ first, last int }

func (r run) has(ordinal int) bool { return r.first <= ordinal && ordinal <= r.last }

// run gives the shard its part of so many items, as even as can be.
func (s Shard) run(items int) run {
	return run{items*s.Index/s.Of + 1, items * (s.Index + 1) / s.Of}
}

// rangeOf yields the run of a shard. Its bounds are known once all items have been
// counted, for which members need not be read.
func (r *Reader) rangeOf(ctx context.Context, shard Shard) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		for _, err := range r.reports(ctx, &run{}) {
			if err != nil && ctx.Err() != nil {
				yield(Report{}, ctx.Err())
				return
			}
		}
		items := r.counts.Items
		own, last := shard.run(items), shard.Index == shard.Of-1
		holds := func(r Report, p *Problem) bool {
			if r.Ordinal == 0 { // the end of the stream, or of what comes at its end
				return p == nil || last
			}
			return own.has(r.Ordinal)
		}
		defer func() { r.counts.Items = items }()
		if own.last < own.first && !last {
			return
		}
		for report, err := range part(r.reports(ctx, &own), holds) {
			if !yield(report, err) || report.Ordinal == own.last && !last {
				return
			}
		}
	}
}
