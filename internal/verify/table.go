package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
	"github.com/radlabel/radlabel/internal/columns"
)

// find tells tables, folders and archives apart.
func (v *verifier) find(ctx context.Context, paths []string) error {
	var tables []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			v.folders = append(v.folders, path)
			if v.Dataset == dataset.MIMIC && dataset.IsImages(info.Name()) {
				continue // its texts are reports, and many
			}
		case v.Dataset == dataset.MIMIC && isArchive(path):
			v.addArchive(path)
			continue
		}
		tables = append(tables, path)
	}
	found, err := dataset.Find(ctx, v.Dataset, tables)
	if found == nil {
		return err
	}
	v.files = found.Files
	for _, pair := range found.Again {
		v.passedOver = append(v.passedOver, fmt.Sprintf("%s: %s is read in its place", pair[0].Path, pair[1].Path))
	}
	for _, p := range corpus.Problems(err) {
		if slices.Contains(v.folders, p.Place.Path) {
			v.tableless = append(v.tableless, p)
			continue
		}
		v.Unread(p)
	}
	return ctx.Err()
}

// read reads a table or a list.
func (v *verifier) read(ctx context.Context, number int, f *dataset.File) {
	at := v.partOf(f)
	rows := 0
	whole := true
	broken := func(err error) {
		rows++
		var p *corpus.Problem
		switch {
		case !errors.As(err, &p):
			return
		case p.Ends:
			rows--
			whole = false
			v.Unread(p)
		default:
			v.tellOf(WrongRow, p)
		}
	}
	for _, p := range f.Notes() {
		v.tellOf(WrongValue, p)
	}
	for r, err := range f.Rows(ctx) {
		if err != nil {
			broken(err)
			continue
		}
		rows++
		v.tellFaults(r)
		if r.Known() {
			v.join(row{&r.Record, number, at})
		}
	}
	v.parts[at].rows += rows
	if !whole {
		v.torn = true
		return
	}
	v.checked = append(v.checked, fmt.Sprintf("%s (%s, %s)", f.Kind, f.Path, columns.Count(rows, "row")))
	if want := v.Published.Rows[f.Kind]; want > 0 && rows != want {
		v.wrongCount(f.Path, "rows", rows, want)
	}
}

// tellOf tells a problem. One that loses nothing and that nothing can be done
// about, such as an age of 412 years, is a remark.
func (v *verifier) tellOf(kind FindingKind, p *corpus.Problem) {
	remark := !p.Lost && p.Do == ""
	do := ""
	if !remark {
		do = cmp.Or(p.Do, "get the table again")
	}
	v.Tell(Finding{Kind: kind, Place: p.Place, What: p.What, Do: do, Remark: remark})
}

// tellFaults tells what is wrong with the fields of a row.
func (v *verifier) tellFaults(r *dataset.Row) {
	for _, f := range r.Faults {
		kind := WrongValue
		switch f.Field {
		case dataset.ID:
			kind = WrongID
		case dataset.Label:
			kind = WrongLabel
		}
		v.tellOf(kind, f.Problem)
	}
}
