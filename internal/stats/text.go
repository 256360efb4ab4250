package stats

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/radlabel/radlabel/corpus/dataset"

	"github.com/radlabel/radlabel/internal/columns"
)

// View says which of the tables of labels are shown.
type View struct {
	Split  string        // "": each, or the whole by view
	Level  dataset.Level // "": by study where the dataset has studies, else by image
	ByView bool          // by view of the images, not by split
}

// level is the one that the tables in view are of.
func (v View) level(s *Stats) dataset.Level {
	switch {
	case v.ByView || v.Level == "" && !s.Dataset.Studies:
		return dataset.ByImage
	case v.Level == "":
		return dataset.ByStudy
	}
	return v.Level
}

// tables are the tables of labels in view.
func (v View) tables(s *Stats) (all []LabelTable) {
	if v.ByView {
		for _, t := range s.LabelsByView {
			if t.Split == cmp.Or(v.Split, Whole) {
				all = append(all, t)
			}
		}
		return all
	}
	level := v.level(s)
	parts := map[string]int{}
	for _, t := range s.Labels {
		if t.Level == level {
			parts[t.Source]++
		}
	}
	for _, t := range s.Labels {
		same := t.Split == Whole && parts[t.Source] == 2 // the whole is one split
		if t.Level == level && (v.Split == t.Split || v.Split == "" && !same) {
			all = append(all, t)
		}
	}
	return all
}

// missing says which labels cannot be shown in view, and why; "" is none.
func (v View) missing(s *Stats) string {
	shown := map[string]bool{}
	for _, t := range v.tables(s) {
		shown[t.Source] = true
	}
	var not []string
	for _, t := range s.Labels {
		if !shown[t.Source] && !slices.Contains(not, printable(t.Source)) {
			not = append(not, printable(t.Source))
		}
	}
	switch {
	case len(s.Labels) == 0 && v != View{}:
		return "no labels: none of the files has any"
	case len(not) == 0:
		return ""
	}
	return "not shown: " + strings.Join(not, ", ") + ": " + v.why(s)
}

// why says what labels would need to be in view.
func (v View) why(s *Stats) string {
	level := v.level(s)
	switch {
	case v.ByView && len(s.Splits[0].Views) == 0:
		return "none of the files has the views of images"
	case v.Split != "" && v.Split != Whole:
		return fmt.Sprintf("they have no %s of %s", level, v.Split)
	}
	return fmt.Sprintf("none of the files has the %s", map[dataset.Level]string{dataset.ByImage: "images of their studies", dataset.ByStudy: "studies of their images"}[level])
}

// Text writes the counts as tables in plain columns. The co-occurrence of each
// source is that of the split in view, or of the whole; by view there is none.
func Text(w io.Writer, s *Stats, v View) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", s.Dataset.Title)
	filesText(&b, s)
	populationText(&b, s)
	labelsText(&b, s, v)
	if len(s.Boxes) > 0 {
		boxesText(&b, s)
	}
	if len(s.Checks) > 0 {
		t := columns.New("check", columns.Right("count"))
		for _, c := range s.Checks {
			t.AppendRow([]any{c.What, columns.Thousands(c.N)})
		}
		fmt.Fprintf(&b, "%s\n", t.Render())
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func labelsText(b *strings.Builder, s *Stats, v View) {
	source := ""
	for _, t := range v.tables(s) {
		prevalenceText(b, s, &t)
		if t.Source != source && !v.ByView { // the first of its tables
			coOccurrenceText(b, s, &t)
		}
		source = t.Source
	}
	if not := v.missing(s); not != "" {
		fmt.Fprintf(b, "%s\n\n", not)
	}
}

func filesText(b *strings.Builder, s *Stats) {
	t := columns.New("file", "what", columns.Right("rows"), columns.Right("lost"), columns.Right("odd"), columns.Right("published"))
	for _, f := range s.Files {
		published := ""
		if n := s.Dataset.Published.Rows[f.Kind]; n > 0 {
			published = columns.Thousands(n)
		}
		t.AppendRow([]any{printable(f.Path), f.What(), f.AtLeast(f.Rows), f.AtLeast(f.Lost), columns.Thousands(f.Odd), published})
	}
	fmt.Fprintf(b, "%s\n", t.Render())
	for _, f := range s.Files {
		if f.Torn {
			fmt.Fprintf(b, "%s: not read to its end; the rows behind are not counted\n", printable(f.Path))
		}
	}
	b.WriteByte('\n')
}

// AtLeast is a count of the file's rows in words.
func (f *FileCount) AtLeast(n int) string {
	if f.Torn {
		return "at least " + columns.Thousands(n)
	}
	return columns.Thousands(n)
}

// What is the kind of the file, and the source of its labels.
func (f *FileCount) What() string {
	switch {
	case f.Source == "", f.Source == string(f.Kind), f.Kind == dataset.Images:
		return string(f.Kind)
	}
	return string(f.Kind) + ": " + printable(f.Source)
}

// populationText has a column a split, and one of what is published.
func populationText(b *strings.Builder, s *Stats) {
	headers := []any{""}
	for _, p := range s.Splits {
		headers = append(headers, columns.Right(p.Split))
	}
	t := columns.New(append(headers, columns.Right("published"))...)
	s.eachFigure(func(name string, published int, cell func(*Population) string) {
		cells := []any{name}
		for i := range s.Splits {
			cells = append(cells, cell(&s.Splits[i]))
		}
		known := ""
		if published > 0 {
			known = columns.Thousands(published)
		}
		t.AppendRow(append(cells, known))
	})
	fmt.Fprintf(b, "%s\n\n", t.Render())
}

// eachFigure gives the figures of splits one by one: what it is, the published
// one (0: none), and that of a split in words.
func (s *Stats) eachFigure(row func(name string, published int, cell func(*Population) string)) {
	published := s.Dataset.Published
	row("patients", published.Patients, func(p *Population) string { return columns.Thousands(p.Patients) })
	if s.Dataset.Studies {
		row("studies", published.Studies, func(p *Population) string { return columns.Thousands(p.Studies) })
	}
	row("images", published.Images, func(p *Population) string { return columns.Thousands(p.Images) })
	if len(s.Splits) > 1 {
		row("  published", published.Images, func(p *Population) string {
			n := published.Splits[p.Split]
			if p.Split == Whole {
				n = published.Images
			}
			if n == 0 {
				return ""
			}
			return columns.Thousands(n)
		})
	}
	for _, c := range s.Splits[0].Views {
		row("  "+c.Name, 0, func(p *Population) string { return shareText(find(p.Views, c.Name), p.Images) })
	}
	for _, c := range s.Splits[0].Sexes {
		row("  sex "+c.Name, 0, func(p *Population) string { return shareText(find(p.Sexes, c.Name), p.Images) })
	}
	a := s.Splits[0].Ages
	if a == nil || a.Known == 0 {
		return
	}
	age := func(name string, cell func(*Ages) string) {
		row("  age, "+name, 0, func(p *Population) string {
			if p.Ages.Known == 0 {
				return "-"
			}
			return cell(p.Ages)
		})
	}
	age("median", func(a *Ages) string { return strconv.Itoa(a.Median) })
	age("quartiles", func(a *Ages) string { return fmt.Sprintf("%d to %d", a.Lower, a.Upper) })
	age("range", func(a *Ages) string { return fmt.Sprintf("%d to %d", a.Least, a.Greatest) })
	age("mean", func(a *Ages) string { return fmt.Sprintf("%.1f", a.Mean) })
	if a.Unknown > 0 {
		row("  age unknown", 0, func(p *Population) string { return columns.Thousands(p.Ages.Unknown) })
	}
}

func find(counts []Count, name string) int {
	for _, c := range counts {
		if c.Name == name {
			return c.N
		}
	}
	return 0
}

// shareText is "1,234 (5.67 %)".
func shareText(n, all int) string {
	if all == 0 {
		return columns.Thousands(n)
	}
	return fmt.Sprintf("%s (%.2f)", columns.Thousands(n), 100*float64(n)/float64(all))
}

// Heading names a table of labels: "labels by study, train: 187,641 studies".
func (t *LabelTable) Heading() string {
	noun := "image"
	if t.Level == dataset.ByStudy {
		noun = "studie"
		if t.Labelled == 1 {
			noun = "study"
		}
	}
	of := t.Split
	if t.View != "" {
		of += ", " + t.View
	}
	h := fmt.Sprintf("%s by %s, %s: %s", printable(t.Source), t.Level, of, columns.Count(t.Labelled, noun))
	if t.AllBlank > 0 {
		h += fmt.Sprintf(", %s all blank", columns.Thousands(t.AllBlank))
	}
	return h
}

func prevalenceText(b *strings.Builder, s *Stats, t *LabelTable) {
	c := columns.New("n (%)", columns.Right("positive"), columns.Right("negative"), columns.Right("uncertain"), columns.Right("blank"))
	for i, o := range s.Observations {
		p := t.Prevalence[i]
		row := []any{string(o)}
		for _, n := range []int{p.Positive, p.Negative, p.Uncertain, p.Blank} {
			row = append(row, shareText(n, t.Labelled))
		}
		c.AppendRow(row)
	}
	fmt.Fprintf(b, "%s\n%s\n\n", t.Heading(), c.Render())
}

// coOccurrenceText has the lower half of the table, by the numbers of the rows.
func coOccurrenceText(b *strings.Builder, s *Stats, t *LabelTable) {
	headers := []any{"both positive", columns.Right("")}
	for i := range s.Observations {
		headers = append(headers, columns.Right(strconv.Itoa(i+1)))
	}
	c := columns.New(headers...)
	for i, o := range s.Observations {
		row := []any{string(o), strconv.Itoa(i + 1)}
		for j := range s.Observations {
			cell := ""
			if j <= i {
				cell = columns.Thousands(t.CoOccurrence[i][j])
			}
			row = append(row, cell)
		}
		c.AppendRow(row)
	}
	fmt.Fprintf(b, "%s\n\n", c.Render())
}

func boxesText(b *strings.Builder, s *Stats) {
	t := columns.New("boxes around", columns.Right("boxes"), columns.Right("images"))
	all := 0
	for _, c := range s.Boxes {
		t.AppendRow([]any{string(c.Finding), columns.Thousands(c.Boxes), columns.Thousands(c.Images)})
		all += c.Boxes
	}
	t.AppendRow([]any{Whole, columns.Thousands(all), ""})
	fmt.Fprintf(b, "%s\n\n", t.Render())
}

// printable keeps a name from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '·'
		}
		return r
	}, s)
}
