package main

import (
	"cmp"
	"flag"
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var scaling = flag.String("scaling", "", "measure time against workers and reports, and plot it into this file (.svg)")

// series is the time that one archive takes with each number of workers.
type series struct {
	Reports int
	Seconds []float64 // by scalingWorkers
}

var scalingWorkers = []int{1, 2, 4, 8}

// TestScaling labels the archives that RADLABEL_ARCHIVES names with 1, 2, 4 and 8
// workers, in turns, three times or as ROUNDS says, and plots the medians.
func TestScaling(t *testing.T) {
	if *scaling == "" {
		t.Skip("-scaling names the plot")
	}
	rounds, _ := strconv.Atoi(cmp.Or(os.Getenv("ROUNDS"), "3"))
	folder := t.TempDir()
	var all []series
	for _, path := range strings.Fields(os.Getenv("RADLABEL_ARCHIVES")) {
		times := make([][]float64, len(scalingWorkers))
		for range rounds {
			for i, workers := range scalingWorkers {
				runtime.GC()
				start := time.Now()
				labelArchive(t, path, filepath.Join(folder, "labels.csv"), "--workers", strconv.Itoa(workers))
				times[i] = append(times[i], time.Since(start).Seconds())
			}
		}
		s := series{Reports: rowsIn(t, filepath.Join(folder, "labels.csv"))}
		for _, of := range times {
			slices.Sort(of)
			s.Seconds = append(s.Seconds, of[len(of)/2])
		}
		t.Logf("%d reports: %.2f s with %v workers", s.Reports, s.Seconds, scalingWorkers)
		all = append(all, s)
	}
	require.NotEmpty(t, all, "RADLABEL_ARCHIVES names no archive")
	f, err := os.Create(*scaling)
	require.NoError(t, err)
	require.NoError(t, scalingPlot.Execute(f, plotted(all)))
	require.NoError(t, f.Close())
}

func rowsIn(t *testing.T, path string) int {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Count(string(b), "\n") - 1
}

// A line of the plot has a bar for each number of workers.
type plotLine struct {
	Y    int
	Name string
	Bars []plotBar
}

type plotBar struct {
	Y, Width int
	Text     string
}

// plotted lays out a bar for each measurement: reports a second.
func plotted(all []series) map[string]any {
	most := 0.0
	for _, s := range all {
		for _, seconds := range s.Seconds {
			most = max(most, float64(s.Reports)/seconds)
		}
	}
	slices.SortFunc(all, func(a, b series) int { return cmp.Compare(a.Reports, b.Reports) })
	var lines []plotLine
	y := 24
	for _, s := range all {
		line := plotLine{Y: y, Name: thousands(s.Reports) + " reports"}
		for i, seconds := range s.Seconds {
			y += 20
			rate := float64(s.Reports) / seconds
			line.Bars = append(line.Bars, plotBar{Y: y, Width: int(math.Round(360 * rate / most)),
				Text: fmt.Sprintf("%s: %s/s, %.2f s", plural(scalingWorkers[i], "worker"), thousands(int(math.Round(rate/100)*100)), seconds)})
		}
		lines = append(lines, line)
		y += 36
	}
	return map[string]any{"Lines": lines, "Height": y, "Processors": runtime.GOMAXPROCS(0)}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var scalingPlot = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{{.Height}}" font-family="sans-serif" font-size="12">
<title>Reports labelled in a second, by workers and size of the archive, on {{.Processors}} processors</title>
<rect width="640" height="{{.Height}}" fill="#fff"/>
{{- range .Lines}}
<text x="8" y="{{.Y}}" font-weight="bold">{{.Name}}</text>
{{- range .Bars}}
<rect x="8" y="{{.Y}}" width="{{.Width}}" height="14" transform="translate(0,-11)" fill="#4c78a8"/><text x="{{.Width}}" y="{{.Y}}" dx="14">{{.Text}}</text>
{{- end}}
{{- end}}
</svg>
`))
