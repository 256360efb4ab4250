package segment

import (
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/jdkato/prose/v2"
)

// A chunk is what stands between two blanks. prose tokenises each chunk by
// itself, so that its tokens can be remembered by chunk.
const (
	maxChunk = 64      // bytes; prose is quadratic in a chunk, longer ones get our own split alone
	sets     = 1 << 12 // of the cache
	ways     = 4       // chunks in a set
)

// Tokenizer cuts sentences into tokens. The zero value is ready for use; it is
// safe for concurrent use and must not be copied. It remembers the tokens of
// at most sets*ways chunks.
type Tokenizer struct {
	// Number, where there is one, gives each token its number, by its norm and kind
	// alone: the numbers of a chunk are remembered with it.
	Number func(Token) uint32

	// Each slot is written whole and read whole, so that no lock is needed: a
	// lost write costs no more than tokenising a chunk again.
	cache [sets][ways]atomic.Pointer[chunk]
}

type chunk struct {
	text   string
	tokens []Token // offsets into text
}

// Tokens appends the tokens of the sentence to dst. Every byte of the sentence
// that is no blank is in exactly one token, in order, and sentence[t.Start:t.End]
// is the text of token t.
func (t *Tokenizer) Tokens(dst []Token, sentence string) []Token {
	first, newLine := len(dst), false
	for i := 0; i < len(sentence); {
		if n := blank(sentence, i); n > 0 {
			newLine = newLine || sentence[i] == '\n' || sentence[i] == '\r'
			i += n
			continue
		}
		if newLine {
			newLine = false
			t.joinLines(dst[first:], sentence[i:])
		}
		j, hash := i, uint32(2166136261) // FNV-1a
		for j < len(sentence) {
			c := sentence[j]
			if c >= utf8.RuneSelf || c <= ' ' {
				if blank(sentence, j) > 0 {
					break
				}
			}
			hash = (hash ^ uint32(c)) * 16777619
			j++
		}
		text := sentence[i:j]
		if len(text) > maxChunk {
			long := len(dst)
			dst = split(dst, text, i, 0)
			t.number(dst[long:])
		} else {
			for _, tok := range t.chunk(text, hash) {
				tok.Start += i
				tok.End += i
				dst = append(dst, tok)
			}
		}
		i = j
	}
	return dst
}

// joinLines makes the hyphen that a line ends with join its word to the next
// ("right-\n sided"), but not the one of half a list ("pre-\n and postoperative").
func (t *Tokenizer) joinLines(line []Token, next string) {
	n := len(line)
	if n < 2 || line[n-1].Norm != "-" || line[n-2].End != line[n-1].Start || line[n-2].Kind == Mark || !isLetter(next[0]) {
		return
	}
	_, end := word(next, 0)
	switch strings.ToLower(next[:end]) {
	case "and", "or", "to":
		return
	}
	line[n-1].Kind = Join
	t.number(line[n-1:])
}

func (t *Tokenizer) number(tokens []Token) {
	if t.Number == nil {
		return
	}
	for i := range tokens {
		tokens[i].Number = t.Number(tokens[i])
	}
}

func (t *Tokenizer) chunk(text string, hash uint32) []Token {
	set := &t.cache[(hash^hash>>16)%sets]
	free := int(hash>>13) % ways // which to replace when the set is full
	for i := range set {
		c := set[i].Load()
		if c == nil {
			free = i
			break
		}
		if c.text == text {
			return c.tokens
		}
	}
	text = strings.Clone(text) // the cache must not keep the report alive
	c := &chunk{text: text, tokens: split(nil, text, 0, boundaries(text))}
	t.number(c.tokens)
	set[free].Store(c)
	return c.tokens
}

// boundaries gives the token boundaries that prose finds in a chunk: bit i
// says that a token starts or ends before byte i. prose gives no offsets,
// rewrites quotes, drops text ("isn't." comes back as "is") and panics on some
// input: its tokens are searched forward in the chunk, and what it lost is
// left to split.
func boundaries(chunk string) (bits uint64) {
	defer func() {
		if recover() != nil {
			bits = 0
		}
	}()
	doc, err := prose.NewDocument(chunk,
		prose.WithSegmentation(false), prose.WithTagging(false), prose.WithExtraction(false))
	if err != nil {
		return 0
	}
	at := 0
	for _, tok := range doc.Tokens() {
		for i := at; i < len(chunk); i++ {
			if n := matchProse(chunk[i:], tok.Text); n > 0 {
				bits |= 1<<i | 1<<(i+n)
				at = i + n
				break
			}
		}
	}
	return bits
}

// matchProse gives the length of the prefix of s that prose wrote as tok.
func matchProse(s, tok string) int {
	n := 0
	for i := 0; i < len(tok); i++ {
		switch {
		case n < len(s) && s[n] == tok[i]:
			n++
		case tok[i] == '\'' && apostrophe(s, n) > 0:
			n += apostrophe(s, n)
		case tok[i] == '"' && (strings.HasPrefix(s[n:], "“") || strings.HasPrefix(s[n:], "”")):
			n += len("“")
		default:
			return 0
		}
	}
	return n
}

// split is the repair: it cuts a chunk into tokens at the boundaries that
// prose found, save those inside a word, a dotted abbreviation or a run of one
// sign, and cuts further what prose left whole ("effusion,no", "4cm",
// "right-sided"). base is added to the offsets.
func split(dst []Token, s string, base int, bits uint64) []Token {
	add := func(i, j int, kind Kind, norm string) {
		dst = append(dst, Token{Start: base + i, End: base + j, Kind: kind, Norm: norm})
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isWordRune(r):
			if j := dotted(s, i); j > 0 {
				add(i, j, Word, normal(s[i:j]))
				i = j
				continue
			}
			stem, end := word(s, i)
			switch {
			case stem < end && isNot(s[stem:end]):
				if stem > i {
					add(i, stem, Word, stemOfNot(s[i:stem]))
				}
				add(stem, end, Word, "not")
			case stem < end:
				if stem > i {
					add(i, stem, Word, normal(s[i:stem]))
				}
				add(stem, end, Word, normal(s[stem:end]))
			case strings.EqualFold(s[i:end], "cannot"):
				add(i, i+3, Word, "can")
				add(i+3, end, Word, "not")
			default:
				add(i, end, Word, normal(s[i:end]))
			}
			i = end
		case unicode.IsNumber(r):
			j := number(s, i, bits)
			if k := ordinal(s, i, j); k > 0 {
				add(i, k, Word, normal(s[i:k]))
				i = k
				continue
			}
			add(i, j, Number, normal(s[i:j]))
			if j+1 < len(s) && lower(s[j]) == 'x' && isDigit(s[j+1]) { // 1.2x0.8cm
				add(j, j+1, Word, "x")
				j++
			}
			i = j
		default:
			if i > 0 {
				if j := possessive(s, i); j > 0 { // of what is no word: ___'s
					add(i, j, Word, "'s")
					i = j
					continue
				}
			}
			if n := removed(s[i:]); n > 0 {
				add(i, i+n, Mark, Removed)
				i += n
				continue
			}
			if a := apostrophe(s, i); a > n {
				n = a // &rsquo;
			}
			j := i + n
			for strings.HasPrefix(s[j:], s[i:i+n]) {
				j += n
			}
			kind, norm := Mark, normal(s[i:j])
			if j == i+n && isHyphen(r) {
				norm = "-"
				if glued(s, i, j) {
					kind = Join
				}
			}
			add(i, j, kind, norm)
			i = j
		}
	}
	return dst
}

// word finds the end of the word at i, and where its clitic (n't, 's, 'll)
// starts: stem is end where it has none.
func word(s string, i int) (stem, end int) {
	clitic, size := -1, 0 // the last apostrophe
	j := i
	for j < len(s) {
		if c := s[j]; isLetter(c) || isDigit(c) {
			j++
			continue
		}
		if a := apostrophe(s, j); a > 0 {
			if j == i || j+a >= len(s) || !isLetter(s[j+a]) || !endsInLetter(s[i:j]) {
				break
			}
			clitic, size = j, a
			j += a
			continue
		}
		r, n := utf8.DecodeRuneInString(s[j:])
		if !isWordRune(r) && !unicode.IsNumber(r) {
			break
		}
		j += n
	}
	if clitic < 0 {
		return j, j
	}
	switch tail := s[clitic+size : j]; {
	case strings.EqualFold(tail, "t") && lower(s[clitic-1]) == 'n':
		return clitic - 1, j
	case strings.EqualFold(tail, "s"), strings.EqualFold(tail, "ll"), strings.EqualFold(tail, "re"),
		strings.EqualFold(tail, "ve"), strings.EqualFold(tail, "m"), strings.EqualFold(tail, "d"):
		return clitic, j
	}
	return j, j
}

func endsInLetter(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return isWordRune(r)
}

// isNot reports whether a clitic is n't.
func isNot(clitic string) bool { return lower(clitic[0]) == 'n' }

// stemOfNot is the word that a stem before n't stands for.
func stemOfNot(stem string) string {
	switch norm := normal(stem); norm {
	case "ca":
		return "can"
	case "wo":
		return "will"
	case "sha":
		return "shall"
	default:
		return norm
	}
}

// dotted gives the end of an abbreviation of single letters with full stops at
// i ("p.m.", "U.S."), or 0.
func dotted(s string, i int) int {
	j, letters := i, 0
	for j < len(s) && isLetter(s[j]) && (j+1 == len(s) || s[j+1] == '.' || !isAlnumAt(s, j+1)) {
		letters++
		j++
		if j == len(s) || s[j] != '.' {
			break
		}
		j++
	}
	if letters < 2 {
		return 0
	}
	return j
}

// number gives the end of the number at i: digits with the separators of
// decimals, times and dates between them.
func number(s string, i int, bits uint64) int {
	j := i
	for j < len(s) {
		if j > i && j < maxChunk && bits&(1<<j) != 0 {
			break
		}
		c := s[j]
		switch {
		case isDigit(c):
			j++
			continue
		case c == '.' || c == ':' || c == '/':
			if j+1 < len(s) && isDigit(s[j+1]) {
				j++
				continue
			}
		case c == ',': // of thousands; "ribs 2,3" is two numbers
			if j+3 < len(s) && isDigit(s[j+1]) && isDigit(s[j+2]) && isDigit(s[j+3]) &&
				(j+4 == len(s) || !isDigit(s[j+4])) {
				j++
				continue
			}
		case c >= utf8.RuneSelf:
			if r, n := utf8.DecodeRuneInString(s[j:]); unicode.IsNumber(r) {
				j += n
				continue
			}
		}
		break
	}
	return j
}

// ordinal gives the end of an ordinal ("5th") whose digits are s[i:j], or 0.
func ordinal(s string, i, j int) int {
	if j+2 > len(s) || j+2 < len(s) && isAlnumAt(s, j+2) || strings.ContainsAny(s[i:j], ".:/,") {
		return 0
	}
	switch lower(s[j]) {
	case 's', 'n', 'r', 't':
		switch strings.ToLower(s[j : j+2]) {
		case "st", "nd", "rd", "th":
			return j + 2
		}
	}
	return 0
}

// Removed is the norm of a name, date or word that was taken out of a report,
// however that is written: "___", "[**2151-8-4**]".
const Removed = "___"

// removed gives the length of the removed word that s begins with, or 0.
func removed(s string) int {
	if strings.HasPrefix(s, "[**") {
		if i := strings.Index(s, "**]"); i > 0 {
			return i + len("**]")
		}
	}
	if !strings.HasPrefix(s, Removed) {
		return 0
	}
	n := len(Removed)
	for n < len(s) && s[n] == '_' {
		n++
	}
	return n
}

// possessive gives the end of the 's at i, or 0.
func possessive(s string, i int) int {
	a := apostrophe(s, i)
	if a == 0 || i+a >= len(s) || lower(s[i+a]) != 's' || i+a+1 < len(s) && isAlnumAt(s, i+a+1) {
		return 0
	}
	return i + a + 1
}

// apostrophe gives the length of the apostrophe at i, in any of its forms, or 0.
func apostrophe(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch c := s[i]; {
	case c == '\'' || c == '`':
		return 1
	case c == '&':
		if strings.HasPrefix(s[i:], "&rsquo;") {
			return len("&rsquo;")
		}
	case c >= utf8.RuneSelf:
		switch r, n := utf8.DecodeRuneInString(s[i:]); r {
		case '’', '‘', 'ʼ', '′':
			return n
		}
	}
	return 0
}

// isHyphen reports whether r joins words: the hyphen, its typographic forms,
// and the en dash ("T8–T9") and the minus sign, which are typed for it.
func isHyphen(r rune) bool {
	return r == '-' || r == '\u2010' || r == '\u2011' || r == '\u2013' || r == '\u2212'
}

// glued reports whether letters or digits stand on both sides of s[i:j].
func glued(s string, i, j int) bool {
	if i == 0 || j >= len(s) {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return (isWordRune(r) || unicode.IsNumber(r)) && isAlnumAt(s, j)
}

func isAlnumAt(s string, i int) bool {
	if c := s[i]; c < utf8.RuneSelf {
		return isLetter(c) || isDigit(c)
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return isWordRune(r) || unicode.IsNumber(r)
}

// isWordRune reports whether r is a letter, or an accent on one. The modifier
// apostrophe is a letter to Unicode, but not here.
func isWordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r)) && r != 'ʼ'
}

var straight = strings.NewReplacer(
	"&rsquo;", "'", "`", "'", "’", "'", "‘", "'", "ʼ", "'", "′", "'",
	"“", `"`, "”", `"`, "\u2010", "-", "\u2011", "-", "\u2013", "-", "\u2212", "-",
	"ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", // as text copied from a page has them
)

// normal is a token's text in lower case with straight quotes and hyphens, and
// without ligatures.
func normal(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c == '&' || c == '`' {
			return strings.ToLower(straight.Replace(s))
		}
	}
	return strings.ToLower(s)
}
