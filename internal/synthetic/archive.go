package synthetic

import (
	"archive/zip"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Archive writes n reports, recombined from sentences, as MIMIC-CXR's archive has
// them: one leading space a line, sections, paths of subject and study. Two
// sentences of five get a measure or a time of their own, so that few of them
// repeat to the letter; one report in five has no findings, one in six no
// impression.
func Archive(w io.Writer, n int, sentences []string) error {
	z := zip.NewWriter(w)
	r := rand.New(rand.NewPCG(7, uint64(n)))
	subject, left := 10_000_000, 0
	for k := range n {
		if left == 0 {
			subject, left = subject+1+r.IntN(40), 1+r.IntN(6)
		}
		left--
		f, err := z.Create(fmt.Sprintf("files/p%d/p%d/s%d.txt", subject/1_000_000, subject, 50_000_000+k))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, report(r, sentences)); err != nil {
			return err
		}
	}
	return z.Close()
}

func report(r *rand.Rand, sentences []string) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", 33) + "FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old with cough.\n \n COMPARISON:  ___.\n \n")
	if r.IntN(5) > 0 {
		paragraph(&b, r, " FINDINGS: \n \n", 3+r.IntN(4), sentences)
	}
	if r.IntN(6) > 0 {
		paragraph(&b, r, " IMPRESSION: \n \n", 1+r.IntN(3), sentences)
	}
	return b.String()
}

// paragraph writes sentences in lines of up to 78 bytes.
func paragraph(b *strings.Builder, r *rand.Rand, header string, n int, sentences []string) {
	var words []string
	for range n {
		words = append(words, strings.Fields(fresh(r, sentences[r.IntN(len(sentences))]))...)
	}
	b.WriteString(header)
	width := 0
	for _, word := range words {
		if width += 1 + len(word); width > 78 {
			b.WriteByte('\n')
			width = 1 + len(word)
		}
		b.WriteString(" " + word)
	}
	b.WriteString("\n \n")
}

// fresh gives two sentences of five something that others do not have.
func fresh(r *rand.Rand, sentence string) string {
	body := strings.TrimSuffix(sentence, ".")
	switch r.IntN(10) {
	case 0:
		return fmt.Sprintf("%s, measuring %.1f x %.1f cm.", body, float64(2+r.IntN(98))/10, float64(2+r.IntN(98))/10)
	case 1:
		return fmt.Sprintf("%s, at the level of T%d, image %d.", body, 1+r.IntN(12), 1+r.IntN(999))
	case 2:
		return fmt.Sprintf("Compared to the radiograph of %d:%02d, %s.", 1+r.IntN(12), r.IntN(60), lowered(body))
	case 3:
		return fmt.Sprintf("Again, %d hours later, %s.", 1+r.IntN(400), lowered(body))
	}
	return sentence
}

func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }
