package rules

import "strings"

// plural gives a noun and its regular plural: effusion(s), opacity/opacities,
// mass(es), atelectasis/atelectases.
func plural(w string) []string {
	switch {
	case strings.HasSuffix(w, "sis"):
		return []string{w, w[:len(w)-2] + "es"}
	case consonantY(w):
		return []string{w, w[:len(w)-1] + "ies"}
	case sibilant(w):
		return []string{w, w + "es"}
	}
	return []string{w, w + "s"}
}

// verbForms gives a verb with its regular -s, -ed and -ing. A last consonant
// is doubled in words of one syllable (stop, stopped); in longer ones, where
// spelling alone does not tell, both forms are given (refer, develop).
func verbForms(w string) []string {
	switch {
	case consonantY(w):
		stem := w[:len(w)-1]
		return []string{w, stem + "ies", stem + "ied", w + "ing"}
	case strings.HasSuffix(w, "ie"):
		return []string{w, w + "s", w + "d", w[:len(w)-2] + "ying"}
	case strings.HasSuffix(w, "ee"), strings.HasSuffix(w, "oe"), strings.HasSuffix(w, "ye"):
		return []string{w, w + "s", w + "d", w + "ing"}
	case strings.HasSuffix(w, "e"):
		return []string{w, w + "s", w + "d", w[:len(w)-1] + "ing"}
	}
	third := w + "s"
	if sibilant(w) {
		third = w + "es"
	}
	if !doubles(w) {
		return []string{w, third, w + "ed", w + "ing"}
	}
	long := w + w[len(w)-1:]
	if syllables(w) == 1 {
		return []string{w, third, long + "ed", long + "ing"}
	}
	return []string{w, third, w + "ed", w + "ing", long + "ed", long + "ing"}
}

func vowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }

func letter(c byte) bool { return 'a' <= c && c <= 'z' }

func consonantY(w string) bool {
	n := len(w)
	return n > 1 && w[n-1] == 'y' && letter(w[n-2]) && !vowel(w[n-2])
}

func sibilant(w string) bool {
	for _, end := range []string{"s", "x", "z", "ch", "sh"} {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

// doubles reports whether w ends in consonant, vowel, consonant, the last of
// them one that can be doubled.
func doubles(w string) bool {
	n := len(w)
	if n < 3 {
		return false
	}
	a, b, c := w[n-3], w[n-2], w[n-1]
	if a == 'u' && n > 3 && w[n-4] == 'q' { // qu is a consonant: quit
		a = 'q'
	}
	return letter(a) && !vowel(a) && vowel(b) && letter(c) && !vowel(c) && strings.IndexByte("wxyhs", c) < 0
}

func syllables(w string) int {
	n := 0
	for i := 0; i < len(w); i++ {
		if (vowel(w[i]) || w[i] == 'y') && (i == 0 || !vowel(w[i-1]) && w[i-1] != 'y') {
			n++
		}
	}
	return n
}
