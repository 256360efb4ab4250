package browsertest

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Pictures are compared by the means of blocks of this many pixels a side, so that
// another version of a browser, which draws letters a shade otherwise, passes; a
// block differs by this much of 255, and so large a share of blocks may.
const (
	blockSide  = 8
	blockApart = 40
	mostApart  = 0.02
)

// Picture asserts that what is to be seen of the page looks as in the file, a PNG.
// With update it writes the file. Other machines have other letters: it compares where
// RADLABEL_CHROME names the browser, as .ci/run does.
func (p *Tab) Picture(file string, update bool) {
	p.T.Helper()
	got := Call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
	if update {
		require.NoError(p.T, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(p.T, os.WriteFile(file, smaller(p, got), 0o644))
		return
	}
	if os.Getenv("RADLABEL_CHROME") == "" {
		p.T.Logf("RADLABEL_CHROME is not set: %s is not compared", file)
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(p.T, err)
	a, b := decode(p, want), decode(p, got)
	if assert.Equal(p.T, a.Bounds(), b.Bounds(), "%s: the size of the picture", file) {
		if share := apart(a, b); !assert.LessOrEqual(p.T, share, mostApart, "%s: the share of the picture that looks otherwise; -update writes it anew", file) {
			kept := filepath.Join(os.TempDir(), "radlabel-"+filepath.Base(file))
			require.NoError(p.T, os.WriteFile(kept, got, 0o644))
			p.T.Logf("what was seen is in %s", kept)
		}
	}
}

func decode(p *Tab, content []byte) image.Image {
	p.T.Helper()
	m, err := png.Decode(bytes.NewReader(content))
	require.NoError(p.T, err)
	return m
}

// smaller compresses a picture as far as PNG goes: with the 256 colours that most of
// it has, in place of which the others, at the edges of letters, take the nearest.
func smaller(p *Tab, content []byte) []byte {
	p.T.Helper()
	m := decode(p, content)
	counts := map[color.RGBA]int{}
	each := func(do func(x, y int, c color.RGBA)) {
		for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
			for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
				do(x, y, color.RGBAModel.Convert(m.At(x, y)).(color.RGBA))
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { counts[c]++ })
	order := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range order[:min(len(order), 256)] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for c := range counts {
		nearest[c] = uint8(palette.Index(c))
	}
	small := image.NewPaletted(m.Bounds(), palette)
	each(func(x, y int, c color.RGBA) { small.SetColorIndex(x, y, nearest[c]) })
	var b bytes.Buffer
	require.NoError(p.T, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, small))
	return b.Bytes()
}

// apart is the share of the blocks of two pictures of one size that differ.
func apart(a, b image.Image) float64 {
	bounds := a.Bounds()
	all, differ := 0, 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y += blockSide {
		for x := bounds.Min.X; x < bounds.Max.X; x += blockSide {
			block := image.Rect(x, y, x+blockSide, y+blockSide).Intersect(bounds)
			m, n := mean(a, block), mean(b, block)
			all++
			for c := range m {
				if max(m[c], n[c])-min(m[c], n[c]) > blockApart {
					differ++
					break
				}
			}
		}
	}
	return float64(differ) / float64(all)
}

// mean is the mean colour of a block, of 255.
func mean(m image.Image, block image.Rectangle) (sum [3]uint32) {
	for y := block.Min.Y; y < block.Max.Y; y++ {
		for x := block.Min.X; x < block.Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
		}
	}
	n := uint32(block.Dx() * block.Dy())
	return [3]uint32{sum[0] / n, sum[1] / n, sum[2] / n}
}
