package corpus

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

var (
	errBinary = errors.New("binary data (NUL bytes), not text")
	errUTF16  = errors.New("the text is UTF-16; convert it to UTF-8")
)

// decode makes a text of raw bytes: no byte order mark, \n line ends, valid
// UTF-8. Bytes that are not UTF-8 are read as Windows-1252, and counted.
func decode(raw []byte) (text string, foreign int, err error) {
	if err := checkText(raw); err != nil {
		return "", 0, err
	}
	raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	if utf8.Valid(raw) {
		text = string(raw)
	} else {
		text, foreign = decodeForeign(raw)
	}
	return unixLines(text), foreign, nil
}

// checkText refuses what is no text in any encoding that is read.
func checkText(raw []byte) error {
	switch {
	case bytes.IndexByte(raw, 0) < 0:
		return nil
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return errUTF16
	default:
		return errBinary
	}
}

// decodeForeign keeps what is valid UTF-8 and reads each other byte as
// Windows-1252, so that one stray quote does not spoil the accents around it.
func decodeForeign(raw []byte) (text string, foreign int) {
	var b strings.Builder
	b.Grow(len(raw) + 8)
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 {
			foreign++
			r = fromWindows1252(raw[0])
		}
		b.WriteRune(r)
		raw = raw[n:]
	}
	return b.String(), foreign
}

// windows1252 is what the bytes from 0x80 to 0x9f stand for; five stand for
// nothing.
var windows1252 = [0x20]rune{
	'€', utf8.RuneError, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', utf8.RuneError, 'Ž', utf8.RuneError,
	utf8.RuneError, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', utf8.RuneError, 'ž', 'Ÿ',
}

// fromWindows1252 decodes one byte. All but 32 are as in Unicode.
func fromWindows1252(b byte) rune {
	if i := int(b) - 0x80; i >= 0 && i < len(windows1252) {
		return windows1252[i]
	}
	return rune(b)
}

func unixLines(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// evenLines makes line feeds of all line ends, and moves nothing in the text.
var evenLines = strings.NewReplacer("\r\n", " \n", "\r", "\n")
