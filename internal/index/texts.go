package index

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"

	"github.com/radlabel/radlabel/internal/output"
)

// textsAtOnce is how many reports are compressed together.
const textsAtOnce = 32

// textsName is the file of the compressed texts.
const textsName = "texts"

// textWriter keeps the texts of reports, with where their sentences begin.
type textWriter struct {
	file    *fileWriter
	encoder *zstd.Encoder
	plain   []byte
	reports int
	ends    []uint32 // of each block
	out     []byte
}

func newTextWriter(path string) (*textWriter, error) {
	f, err := createFile(path, textsName)
	if err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	return &textWriter{file: f, encoder: encoder}, err
}

func (t *textWriter) add(text string, starts []uint32) error {
	t.plain = binary.AppendUvarint(t.plain, uint64(len(starts)))
	for _, s := range starts {
		t.plain = binary.AppendUvarint(t.plain, uint64(s))
	}
	t.plain = binary.AppendUvarint(t.plain, uint64(len(text)))
	t.plain = append(t.plain, text...)
	if t.reports++; t.reports%textsAtOnce == 0 {
		return t.flush()
	}
	return nil
}

// discard lets go of the file; after the writer was completed it does nothing.
func (t *textWriter) discard() {
	t.encoder.Close()
	t.file.f.Close()
}

func (t *textWriter) flush() error {
	if len(t.plain) == 0 {
		return nil
	}
	t.out = t.encoder.EncodeAll(t.plain, t.out[:0])
	t.plain = t.plain[:0]
	if t.file.size+int64(len(t.out)) >= 1<<32 {
		return errors.New("the texts are more than an index holds (4 GiB, compressed); make several")
	}
	_, err := t.file.Write(t.out)
	t.ends = append(t.ends, uint32(t.file.size))
	if err != nil {
		return output.NotWritten(t.file.f.Name(), err)
	}
	return nil
}
