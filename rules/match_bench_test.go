package rules

import (
	"testing"

	"github.com/radlabel/radlabel/internal/segment"
)

func BenchmarkCompile(b *testing.B) {
	s, err := Embedded("chexpert")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Compile(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEmbedded(b *testing.B) {
	for b.Loop() {
		if _, err := Embedded("chexpert"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	s, err := Embedded("chexpert")
	if err != nil {
		b.Fatal(err)
	}
	m, err := s.Compile()
	if err != nil {
		b.Fatal(err)
	}
	var tokenizer segment.Tokenizer
	var sentences [][]segment.Token
	tokens := 0
	for _, r := range s.Rules {
		for _, e := range r.Examples {
			plain, _, _, err := ParseExample(e.Text)
			if err != nil {
				b.Fatal(err)
			}
			t := tokenizer.Tokens(nil, plain)
			sentences = append(sentences, t)
			tokens += len(t)
		}
	}
	var dst []Match
	b.ReportAllocs()
	for b.Loop() {
		for _, t := range sentences {
			dst = m.Match(dst[:0], t)
		}
	}
	b.ReportMetric(float64(tokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
