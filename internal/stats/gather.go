package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/radlabel/radlabel/corpus"
	"github.com/radlabel/radlabel/corpus/dataset"
)

// Gather reads the files of a copy and joins their rows. Each *corpus.Problem
// is told as it comes, and counted with its file. The error is that of ctx.
func Gather(ctx context.Context, d *dataset.Dataset, files []*dataset.File, tell func(*corpus.Problem)) (*Stats, error) {
	g := &gatherer{
		dataset: d, keys: d.Keys(), kinds: map[dataset.Kind]bool{},
		boxes: map[corpus.Observation]*boxes{},
		views: dictionary{at: map[string]uint8{}}, sexes: dictionary{at: map[string]uint8{}}, splits: dictionary{at: map[string]uint8{}},
	}
	for _, split := range append([]string{""}, d.Splits...) {
		g.splits.of(split)
	}
	g.views.of("")
	g.sexes.of("")
	for _, f := range files {
		if err := g.read(ctx, f, tell); err != nil {
			return nil, err
		}
	}
	return g.stats(), nil
}

// read joins the rows of a file, and accounts for each.
func (g *gatherer) read(ctx context.Context, f *dataset.File, tell func(*corpus.Problem)) error {
	count := FileCount{Kind: f.Kind, Source: f.Source, Path: f.Path}
	g.begin(f)
	for _, p := range f.Notes() {
		tell(p)
		count.Odd++
	}
	line := 0 // of the last row that was lost
	for rec, err := range f.Records(ctx) {
		if err == nil {
			count.Rows++
			err = g.add(f, rec)
			line = 0
		}
		var p *corpus.Problem
		switch {
		case err == nil:
			continue
		case !errors.As(err, &p):
			return err
		case !p.Lost:
			count.Odd++
		case rec != nil && rec.Line > 0: // counted as a row already
			count.Lost++
		case p.Place.Line != line: // the first thing that is wrong with the row
			count.Rows++
			count.Lost++
			line = p.Place.Line
		}
		count.Torn = count.Torn || p.Ends
		tell(p)
	}
	g.files = append(g.files, count)
	return ctx.Err()
}

// image is what the files say of one, together.
type image struct {
	patient uint32
	study   int32 // index; -1: none
	age     int16 // years; -1: not known
	split   uint8 // of the dictionaries
	view    uint8
	sex     uint8
	kinds   uint8 // bit by bit, those of the files that have a row of it
}

// study is what the files say of one, together.
type study struct {
	patient uint32
	split   uint8
	splits  uint8 // how many splits its images are in, at most 2
	images  int32
	kinds   uint8
}

// source is the labels of one file, or of all of one kind, by the index of the
// image or the study.
type source struct {
	name  string
	kind  dataset.Kind
	level dataset.Level
	rows  []labelled
}

type labelled struct {
	labels dataset.Labels
	has    bool
}

func (s *source) set(i int32, l dataset.Labels) {
	if n := int(i) + 1 - len(s.rows); n > 0 {
		s.rows = append(s.rows, make([]labelled, n)...)
	}
	s.rows[i] = labelled{l, true}
}

func (s *source) at(i int32) labelled {
	if int(i) < len(s.rows) {
		return s.rows[i]
	}
	return labelled{}
}

// boxes are those around one finding.
type boxes struct {
	n      int
	images map[uint64]bool
}

// dictionary numbers names, up to 255.
type dictionary struct {
	at  map[string]uint8
	all []string
}

func (d *dictionary) of(name string) uint8 {
	if i, ok := d.at[name]; ok {
		return i
	}
	if len(d.all) == 255 {
		return d.of(d.all[254]) // so many views are a broken file, which has been told
	}
	i := uint8(len(d.all))
	d.at[name], d.all = i, append(d.all, name)
	return i
}

// gatherer joins the rows of all files.
type gatherer struct {
	dataset *dataset.Dataset
	keys    dataset.Keys
	kinds   map[dataset.Kind]bool // of the files there are
	files   []FileCount

	images  []image
	imageAt dataset.Index
	studies []study
	studyAt dataset.Index

	views, sexes, splits dictionary

	sources []*source
	current *source
	boxes   map[corpus.Observation]*boxes
	bit     uint8 // of the current file's kind
}

// kindBits are the kinds that an image or a study can be told to lack.
var kindBits = map[dataset.Kind]uint8{
	dataset.Images: 1, dataset.SplitList: 2, dataset.StudyList: 4, dataset.RecordList: 8, dataset.SplitTable: 16, dataset.Metadata: 32, dataset.StudyLabels: 64, dataset.GroundTruth: 128,
}

// begin makes ready for the rows of a file.
func (g *gatherer) begin(f *dataset.File) {
	g.kinds[f.Kind] = true
	g.bit, g.current = kindBits[f.Kind], nil
	if f.Source == "" {
		return
	}
	for _, s := range g.sources {
		if s.name == f.Source && s.kind == f.Kind {
			g.current = s // train.csv and valid.csv are one
			return
		}
	}
	level := dataset.ByStudy
	if f.Kind == dataset.Images {
		level = dataset.ByImage
	}
	g.current = &source{name: f.Source, kind: f.Kind, level: level}
	g.sources = append(g.sources, g.current)
}

// add joins one row to what is known. The error is a *corpus.Problem, of a row
// that repeats or contradicts another.
func (g *gatherer) add(f *dataset.File, rec *dataset.Record) error {
	if f.Kind == dataset.Boxes {
		g.addBox(rec)
		return nil
	}
	at := int32(-1)
	var err error
	if rec.Study > 0 {
		if at, err = g.addStudy(f, rec); err != nil {
			return err
		}
	}
	if rec.Image != "" {
		return g.addImage(f, rec, at)
	}
	if g.current != nil {
		if g.current.at(at).has {
			return repeated(f, rec, fmt.Sprintf("the study %d has labels already", rec.Study))
		}
		g.current.set(at, rec.Labels)
	}
	return nil
}

func repeated(f *dataset.File, rec *dataset.Record, what string) error {
	return &corpus.Problem{Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: what, Do: "keep one row", Lost: true}
}

func (g *gatherer) addStudy(f *dataset.File, rec *dataset.Record) (int32, error) {
	at, isNew := g.studyAt.Number(g.keys.Study(rec))
	if isNew {
		g.studies = append(g.studies, study{})
	}
	s := &g.studies[at]
	switch {
	case s.patient == 0:
		s.patient = rec.Patient
	case rec.Patient > 0 && s.patient != rec.Patient:
		what := fmt.Sprintf("the study %d is of the patient %d here and of %d in another row", rec.Study, rec.Patient, s.patient)
		return at, &corpus.Problem{Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: what, Lost: true}
	}
	if rec.Split != "" {
		split := g.splits.of(rec.Split)
		if s.splits == 0 {
			s.split, s.splits = split, 1
		} else if s.split != split {
			s.splits = 2
		}
	}
	if rec.Image == "" && f.Kind == dataset.StudyList && s.kinds&g.bit != 0 {
		return at, repeated(f, rec, fmt.Sprintf("the study %d has a row already", rec.Study))
	}
	s.kinds |= g.bit
	return at, nil
}

func (g *gatherer) addImage(f *dataset.File, rec *dataset.Record, of int32) error {
	at, isNew := g.imageAt.Number(g.keys.Image(rec))
	if isNew {
		g.images = append(g.images, image{patient: rec.Patient, study: of, age: -1})
		if of >= 0 {
			g.studies[of].images++
		}
	}
	m := &g.images[at]
	switch {
	case m.kinds&g.bit != 0 && f.Kind != dataset.SplitList:
		return repeated(f, rec, "the image "+corpus.Quote(rec.Image, 40)+" has a row already")
	case m.kinds&g.bit != 0 && rec.Split == g.splits.all[m.split]:
		return repeated(f, rec, "the image "+corpus.Quote(rec.Image, 40)+" is in the list already")
	case m.kinds&g.bit != 0:
		return repeated(f, rec, fmt.Sprintf("the image %s is in the list of %s as well", corpus.Quote(rec.Image, 40), g.splits.all[m.split]))
	case m.patient != rec.Patient || m.study != of:
		what := "the image " + corpus.Quote(rec.Image, 40) + " is of another patient or study in another row"
		return &corpus.Problem{Place: corpus.Place{Path: f.Path, Line: rec.Line}, What: what, Lost: true}
	}
	m.kinds |= g.bit
	if rec.Split != "" {
		m.split = g.splits.of(rec.Split)
	}
	if rec.View != "" {
		m.view = g.views.of(rec.View)
	}
	if rec.Sex != "" {
		m.sex = g.sexes.of(rec.Sex)
	}
	if rec.Age >= 0 {
		m.age = int16(rec.Age)
	}
	if g.current != nil {
		g.current.set(at, rec.Labels)
	}
	return nil
}

func (g *gatherer) addBox(rec *dataset.Record) {
	b := g.boxes[rec.Finding]
	if b == nil {
		b = &boxes{images: map[uint64]bool{}}
		g.boxes[rec.Finding] = b
	}
	b.n++
	b.images[g.keys.Image(rec)] = true
}

// stats counts what has been joined.
func (g *gatherer) stats() *Stats {
	s := &Stats{Dataset: g.dataset, Observations: g.dataset.Observations, Files: g.files}
	s.Splits = g.populations()
	sources := g.allSources()
	for _, level := range []dataset.Level{dataset.ByStudy, dataset.ByImage} {
		for _, src := range sources {
			bySplit, byView := g.labelTables(src, level)
			s.Labels = append(s.Labels, bySplit...)
			s.LabelsByView = append(s.LabelsByView, byView...)
		}
	}
	for _, o := range s.Observations {
		if b := g.boxes[o]; b != nil {
			s.Boxes = append(s.Boxes, BoxCount{o, b.n, len(b.images)})
		}
	}
	s.Checks = g.checks()
	return s
}

// allSources adds the majority of the radiologists.
func (g *gatherer) allSources() []*source {
	var readers []*source
	for _, s := range g.sources {
		if s.kind == dataset.Radiologist {
			readers = append(readers, s)
		}
	}
	if len(readers) < 2 {
		return g.sources
	}
	return append(slices.Clip(g.sources), g.majority(readers))
}

// byStudy gives a study the strongest label of its images.
func (g *gatherer) byStudy(s *source) *source {
	studies := &source{name: s.name, kind: s.kind, level: dataset.ByStudy}
	for i, m := range g.images {
		row := s.at(int32(i))
		if row.has && m.study >= 0 {
			studies.set(m.study, row.labels.Max(studies.at(m.study).labels))
		}
	}
	return studies
}

// majority is of the studies that every reader has.
func (g *gatherer) majority(readers []*source) *source {
	m := &source{name: fmt.Sprintf("majority of %d radiologists", len(readers)), kind: dataset.Radiologist, level: dataset.ByStudy}
	votes := make([]dataset.Labels, len(readers))
	for i := range g.studies {
		n := 0
		for _, r := range readers {
			if row := r.at(int32(i)); row.has {
				votes[n] = row.labels
				n++
			}
		}
		if n == len(readers) {
			m.set(int32(i), majority(votes, len(g.dataset.Observations)))
		}
	}
	return m
}

// majority gives for each of n observations the assertion that more than half of
// the readers give, and Uncertain where none has so many.
func majority(readers []dataset.Labels, n int) dataset.Labels {
	var m dataset.Labels
	for i := range n {
		var votes [4]int
		for _, r := range readers {
			votes[r.At(i)]++
		}
		won := corpus.Uncertain
		for a, v := range votes {
			if 2*v > len(readers) {
				won = corpus.Assertion(a)
			}
		}
		m = m.With(i, won)
	}
	return m
}
