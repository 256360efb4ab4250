package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/radlabel/radlabel/corpus"
)

// shardRun labels rows into n shards of a folder.
type shardRun struct {
	folder, name string
	layout       Layout
	rows, n      int
	ranges       bool
}

// file is where a shard is.
func (s shardRun) file(i int) string {
	return filepath.Join(s.folder, strconv.Itoa(i+1)+strings.TrimPrefix(s.name, "x"))
}

func (s shardRun) options(t require.TestingT, i int) ResumableOptions {
	opts := resumableOptions(t, s.name, s.layout)
	opts.Shard, opts.Ranges = corpus.Shard{Index: i, Of: s.n}, s.ranges
	return opts
}

// has reports whether a row is in a shard.
func (s shardRun) has(i, row int) bool {
	if s.ranges {
		return s.rows*i/s.n <= row && row < s.rows*(i+1)/s.n
	}
	return corpus.Shard{Index: i, Of: s.n}.Has(numbered(row).Report)
}

// write writes a shard; it ends, and is gone on with, before each of the rows given.
func (s shardRun) write(t require.TestingT, i int, ends ...int) {
	out, opts := s.file(i), s.options(t, i)
	r, err := Begin(out, opts)
	require.NoError(t, err)
	begin := 0
	for _, end := range append(ends, s.rows) {
		for row := begin; row < end; row++ {
			if s.has(i, row) {
				result := numbered(row)
				result.Report.Ordinal = row + 1
				require.NoError(t, r.Write(result))
			}
			require.NoError(t, r.Save(func() any { return row + 1 }))
		}
		if end == s.rows {
			break
		}
		r.end()
		var state json.RawMessage
		r, state, err = Resume(out, opts)
		require.NoError(t, err)
		begin = 0
		if state != nil {
			require.NoError(t, json.Unmarshal(state, &begin))
		}
	}
	require.NoError(t, r.Close())
	require.NoError(t, r.CommitShard(Told{Items: s.rows, Held: r.Rows(), State: i}))
	r.Abort()
}

func (s shardRun) merged(t require.TestingT) []byte {
	shards, err := OpenShards(s.folder)
	require.NoError(t, err)
	var b bytes.Buffer
	format, err := ParseName(s.name)
	require.NoError(t, err)
	done, err := shards.Merge(&b, format)
	require.NoError(t, err)
	require.Equal(t, s.rows, done.Rows)
	return b.Bytes()
}

// Shards of any number, each ended anywhere and gone on with, are merged into the
// bytes of one run, whatever the form.
func TestMergeGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		s := shardRun{
			folder: folder,
			name:   rapid.SampledFrom(resumableNames).Draw(rt, "name"),
			layout: rapid.SampledFrom([]Layout{Default, CheXpert}).Draw(rt, "layout"),
			rows:   rapid.IntRange(0, packedRows+500).Draw(rt, "rows"),
			n:      rapid.IntRange(1, 9).Draw(rt, "shards"),
			ranges: rapid.Bool().Draw(rt, "ranges"),
		}
		for i := range s.n {
			s.write(rt, i, rapid.SliceOfN(rapid.IntRange(0, s.rows), 0, 2).Draw(rt, "ends")...)
		}
		require.True(rt, bytes.Equal(whole(rt, s.name, s.layout, s.rows), s.merged(rt)), "the bytes differ")
		left, err := os.ReadDir(folder)
		require.NoError(rt, err)
		require.Len(rt, left, 2*s.n, "shards and their records alone")
	})
}

// Compression may be another than that of the shards.
func TestMergePacksAnew(t *testing.T) {
	s := shardRun{folder: t.TempDir(), name: "x.csv.gz", layout: Default, rows: 50, n: 3}
	for i := range s.n {
		s.write(t, i)
	}
	s.name = "x.csv"
	assert.Equal(t, whole(t, "x.csv", Default, 50), s.merged(t))
	shards, err := OpenShards(s.folder)
	require.NoError(t, err)
	_, err = shards.Merge(&bytes.Buffer{}, Format{Kind: "jsonl"})
	assert.ErrorContains(t, err, "the shards are csv, and jsonl was asked for; name the output .csv")
}

// rewrite changes the record of a shard.
func rewrite(t *testing.T, name string, change func(*ShardRecord)) {
	b, err := os.ReadFile(name + ".shard")
	require.NoError(t, err)
	line, places, _ := bytes.Cut(b, []byte{'\n'})
	var rec ShardRecord
	require.NoError(t, json.Unmarshal(line, &rec))
	change(&rec)
	line, err = json.Marshal(rec)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".shard", append(append(line, '\n'), places...), 0o600))
}

// What is not all of one run is not merged, and said with what to do.
func TestMergeRefuses(t *testing.T) {
	move := func(t *testing.T, from, to string) {
		for _, ending := range []string{"", ".shard"} {
			require.NoError(t, os.Rename(from+ending, to+ending))
		}
	}
	for want, spoil := range map[string]func(t *testing.T, s shardRun){
		"there is no shard in it": func(t *testing.T, s shardRun) {
			require.NoError(t, os.RemoveAll(s.folder))
			require.NoError(t, os.Mkdir(s.folder, 0o700))
		},
		"there is no shard in it (begun and not finished: 1.csv)": func(t *testing.T, s shardRun) {
			require.NoError(t, os.RemoveAll(s.folder))
			require.NoError(t, os.Mkdir(s.folder, 0o700))
			require.NoError(t, os.WriteFile(s.file(0)+".part", nil, 0o600))
		},
		"3 of 6 shards missing or damaged; label again: 2-3,6": func(t *testing.T, s shardRun) {
			for _, i := range []int{1, 2, 5} {
				require.NoError(t, os.Remove(s.file(i)+".shard"))
			}
		},
		"4.csv: is missing, but its record is there":       func(t *testing.T, s shardRun) { require.NoError(t, os.Remove(s.file(3))) },
		"1 of 6 shards missing or damaged; label again: 4": func(t *testing.T, s shardRun) { appendTo(t, s.file(3), []byte("x")) },
		"4.csv: is not what its record says":               func(t *testing.T, s shardRun) { require.NoError(t, os.Truncate(s.file(3), 40)) },
		"4.csv.shard: is no record of a shard": func(t *testing.T, s shardRun) {
			require.NoError(t, os.WriteFile(s.file(3)+".shard", []byte("{}\n"), 0o600))
		},
		"4.csv.shard: does not have the places of all rows": func(t *testing.T, s shardRun) { appendTo(t, s.file(3)+".shard", []byte("x")) },
		"not the same number of shards": func(t *testing.T, s shardRun) {
			s.n = 7
			s.write(t, 3)
		},
		"are of two forms": func(t *testing.T, s shardRun) {
			s.name = "x.jsonl"
			s.write(t, 3)
		},
		"shard 2/6 is there twice": func(t *testing.T, s shardRun) {
			require.NoError(t, os.Remove(s.file(2)))
			require.NoError(t, os.Remove(s.file(2)+".shard"))
			other := s
			other.name = "x.csv.gz"
			other.write(t, 1)
			move(t, other.file(1), other.file(2))
		},
		`are of two runs: the input was "a" and "b"`: func(t *testing.T, s shardRun) {
			rewrite(t, s.file(3), func(r *ShardRecord) { r.Of[0].Value = "b" })
		},
		"their shards or columns are not of one kind": func(t *testing.T, s shardRun) {
			rewrite(t, s.file(3), func(r *ShardRecord) { r.Ranges = true })
		},
		"was made of an input of 60 reports, ": func(t *testing.T, s shardRun) {
			rewrite(t, s.file(3), func(r *ShardRecord) { r.Items = 61 })
		},
		"and the input had 60: it has changed between them": func(t *testing.T, s shardRun) {
			rewrite(t, s.file(3), func(r *ShardRecord) { r.Held++ })
		},
		"has a study of another shard, ": func(t *testing.T, s shardRun) {
			move(t, s.file(3), s.file(9))
			move(t, s.file(4), s.file(3))
			move(t, s.file(9), s.file(4))
			rewrite(t, s.file(3), func(r *ShardRecord) { r.Shard = "4/6" })
			rewrite(t, s.file(4), func(r *ShardRecord) { r.Shard = "5/6" })
		},
	} {
		t.Run(want, func(t *testing.T) {
			s := shardRun{folder: filepath.Join(t.TempDir(), "shards"), name: "x.csv", layout: Default, rows: 60, n: 6}
			require.NoError(t, os.Mkdir(s.folder, 0o700))
			for i := range s.n {
				s.write(t, i)
			}
			spoil(t, s)
			shards, err := OpenShards(s.folder)
			if err == nil {
				_, err = shards.Merge(&bytes.Buffer{}, Format{Kind: "csv"})
			}
			var refused *Unmergeable
			require.ErrorAs(t, err, &refused)
			assert.ErrorContains(t, err, want)
		})
	}
}

// A report that is in two shards is refused; an id that the input has twice, in two
// ranges, is counted.
func TestMergeOverlap(t *testing.T) {
	s := shardRun{folder: t.TempDir(), name: "x.csv", layout: Default, rows: 10, n: 2, ranges: true}
	one := s
	one.n = 1
	for i, at := range []shardRun{one, one} {
		at.write(t, 0)
		for _, ending := range []string{"", ".shard"} {
			require.NoError(t, os.Rename(at.file(0)+ending, s.file(i+2)+ending))
		}
		rewrite(t, s.file(i+2), func(r *ShardRecord) { r.Shard, r.Held, r.Items = corpus.Shard{Index: i, Of: 2}.String(), 10, 20 })
	}
	shards, err := OpenShards(s.folder)
	require.NoError(t, err)
	_, err = shards.Merge(&bytes.Buffer{}, Format{Kind: "csv"})
	assert.ErrorContains(t, err, "report 1 of the input is in ")
	assert.ErrorContains(t, err, "the shards overlap")

	s.folder = t.TempDir()
	for i := range 2 {
		r, err := Begin(s.file(i), s.options(t, i))
		require.NoError(t, err)
		result := numbered(7)
		for k := range 2 {
			result.Report.Ordinal = 2*i + k + 1
			require.NoError(t, r.Write(result))
		}
		require.NoError(t, r.Close())
		require.NoError(t, r.CommitShard(Told{Items: 4, Held: 2}))
	}
	shards, err = OpenShards(s.folder)
	require.NoError(t, err)
	done, err := shards.Merge(&bytes.Buffer{}, Format{Kind: "csv"})
	require.NoError(t, err)
	assert.Equal(t, Merged{Rows: 4, Repeated: 2}, done)
}

func TestShardDone(t *testing.T) {
	s := shardRun{folder: t.TempDir(), name: "x.csv", layout: Default, rows: 30, n: 3}
	opts := s.options(t, 1)
	rec, err := ShardDone(s.file(1), opts)
	assert.NoError(t, err)
	assert.Nil(t, rec)
	s.write(t, 1)
	rec, err = ShardDone(s.file(1), opts)
	require.NoError(t, err)
	assert.Equal(t, "2/3", rec.Shard)
	assert.JSONEq(t, "1", string(rec.State))

	for want, change := range map[string]func(*ResumableOptions){
		"--shard":              func(o *ResumableOptions) { o.Shard.Index = 2 },
		"the number of shards": func(o *ResumableOptions) { o.Shard.Of = 4 },
		"the input":            func(o *ResumableOptions) { o.Of = []Trait{{"the input", "b"}} },
	} {
		other := opts
		change(&other)
		_, err := ShardDone(s.file(1), other)
		var is *OtherRun
		require.ErrorAs(t, err, &is)
		assert.Equal(t, want, is.Trait)
	}
	appendTo(t, s.file(1), []byte("x"))
	_, err = ShardDone(s.file(1), opts)
	var damaged *Damaged
	assert.True(t, errors.As(err, &damaged))
}

// Where the places of the rows are not what the journal says, a shard begins anew.
func TestShardWithoutPlacesBegins(t *testing.T) {
	s := shardRun{folder: t.TempDir(), name: "x.csv", layout: Default, rows: 30, n: 1}
	for _, spoil := range []func(){
		func() { require.NoError(t, os.Truncate(s.file(0)+".part.order", 15)) },
		func() { require.NoError(t, os.WriteFile(s.file(0)+".part.order", make([]byte, 20*orderWidth), 0o600)) },
	} {
		r, err := Begin(s.file(0), s.options(t, 0))
		require.NoError(t, err)
		for row := range 20 {
			require.NoError(t, r.Write(numbered(row)))
			require.NoError(t, r.Save(func() any { return row }))
		}
		r.end()
		spoil()
		r, state, err := Resume(s.file(0), s.options(t, 0))
		require.NoError(t, err)
		assert.Nil(t, state)
		assert.Zero(t, r.Rows())
		r.Abort()
	}
}

func TestNumbers(t *testing.T) {
	for want, all := range map[string][]int{"": nil, "3": {3}, "1-2": {1, 2}, "1,3-5,7": {1, 3, 4, 5, 7}} {
		assert.Equal(t, want, Numbers(all))
	}
}

// Whatever a record of a shard says, the shards are refused or they are merged.
func FuzzOpenShards(f *testing.F) {
	s := shardRun{folder: f.TempDir(), name: "x.csv", layout: Default, rows: 3, n: 1}
	s.write(f, 0)
	rows, err := os.ReadFile(s.file(0))
	require.NoError(f, err)
	record, err := os.ReadFile(s.file(0) + shardEnding)
	require.NoError(f, err)
	f.Add(record)
	f.Add(bytes.Replace(record, []byte(`"1/1"`), []byte(`"1/99999999999999"`), 1))
	f.Add(bytes.Replace(record, []byte(`"rows":3`), []byte(`"rows":1152921504606846979`), 1))
	f.Add(record[:len(record)-1])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, record []byte) {
		s := shardRun{folder: t.TempDir(), name: "x.csv"}
		require.NoError(t, os.WriteFile(s.file(0), rows, 0o600))
		require.NoError(t, os.WriteFile(s.file(0)+shardEnding, record, 0o600))
		shards, err := OpenShards(s.folder)
		var refused *Unmergeable
		if err == nil {
			var merged bytes.Buffer
			if _, err = shards.Merge(&merged, Format{Kind: "csv"}); err == nil {
				require.True(t, bytes.HasPrefix(rows, merged.Bytes()))
			}
		}
		if err != nil {
			require.ErrorAs(t, err, &refused)
		}
	})
}
