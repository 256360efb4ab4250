package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// done is a shard that has been labelled, with all that the pipeline has to be told of
// it. It is kept beside the shard's file until all shards are there, so that a runner
// that begins again, as Flink does with a whole stage, does not label it once more.
type done struct {
	Key     string    `json:"key"`  // of the run, its configuration, and the shard
	Size    int64     `json:"size"` // of the shard's file
	Summary Summary   `json:"summary"`
	Letters []Letter  `json:"letters"`
	Labels  [][]int64 `json:"labels"` // by observation, then assertion
}

// key stands for all that the file of a shard is made of but the content of the
// inputs, which does not change within a run.
func (c Config) key(w Work) (string, error) {
	c.TempDir = ""
	all, err := json.Marshal(struct {
		Config Config
		Work   Work
	}{c, w})
	return fmt.Sprintf("%x", sha256.Sum256(all)), err
}

// doneFile is where a shard is remembered.
func (c Config) doneFile(shard, of int) string { return c.shardFile(shard, of) + ".done" }

// recall gives a shard that this run has labelled before; nil where there is none.
func (c Config) recall(ctx context.Context, w Work) *done {
	if c.Run == "" {
		return nil
	}
	key, err := c.key(w)
	if err != nil {
		return nil
	}
	content, err := readAll(ctx, c.doneFile(w.Shard, w.Of))
	d := new(done)
	if err != nil || json.Unmarshal(content, d) != nil || d.Key != key {
		return nil
	}
	if size, err := sizeOf(ctx, c.shardFile(w.Shard, w.Of)); err != nil || size != d.Size {
		return nil
	}
	return d
}

// remember keeps a shard, whose file is whole, for recall.
func (c Config) remember(ctx context.Context, w Work, d *done) error {
	if c.Run == "" {
		return nil
	}
	var err error
	if d.Key, err = c.key(w); err != nil {
		return err
	}
	if d.Size, err = sizeOf(ctx, c.shardFile(w.Shard, w.Of)); err != nil {
		return err
	}
	return writeLines(ctx, c.doneFile(w.Shard, w.Of), []*done{d})
}

// forget removes what was kept of the shards. What cannot be removed does no harm: it
// is of this run alone.
func (c Config) forget(ctx context.Context, shards int) {
	for i := range shards {
		_ = remove(ctx, c.doneFile(i, shards))
	}
}

func readAll(ctx context.Context, name string) ([]byte, error) {
	if !remote(name) {
		return os.ReadFile(name)
	}
	files, err := filesystem.New(ctx, name)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	in, err := files.OpenRead(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

func sizeOf(ctx context.Context, name string) (int64, error) {
	if !remote(name) {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	files, err := filesystem.New(ctx, name)
	if err != nil {
		return 0, err
	}
	defer files.Close()
	return files.Size(ctx, name)
}

func remove(ctx context.Context, name string) error {
	if !remote(name) {
		return os.Remove(name)
	}
	files, err := filesystem.New(ctx, name)
	if err != nil {
		return err
	}
	defer files.Close()
	if f, ok := files.(filesystem.Remover); ok {
		return f.Remove(ctx, name)
	}
	return errors.ErrUnsupported
}
