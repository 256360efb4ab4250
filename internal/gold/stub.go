package gold

import (
	"context"
	"errors"

	"github.com/valyala/fastjson"

	"github.com/radlabel/radlabel/corpus"
)

const (
	parquetMagic     = "PAR1"
	annotationEnding = ".ann"
)

var errTodo = errors.New("not yet read")

func openParquet(f *corpus.File, opts Options) (*Source, error)                { return nil, errTodo }
func openBrat(ctx context.Context, path string, opts Options) (*Source, error) { return nil, errTodo }
func openLabelStudio(f *corpus.File, opts Options) (*Source, error)            { return nil, errTodo }
func doccanoNames(o *fastjson.Object, meet func(string))                       {}
func (d *lineDecoder) doccano(o *fastjson.Object, row *Row)                    {}
