package corpus

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestWindows1252(t *testing.T) {
	const want = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"
	var got []rune
	for b := 0x80; b <= 0xff; b++ {
		got = append(got, fromWindows1252(byte(b)))
	}
	assert.Equal(t, want, string(got))
	for b := range byte(utf8.RuneSelf) {
		assert.Equal(t, rune(b), fromWindows1252(b))
	}
}

func TestEmptyIDSaysWhatItMayEqual(t *testing.T) {
	g := readAllOf(t, Options{}, write(t, "r.csv", []byte("id,text\n2,x\n,y\n")))
	assert.Equal(t, []string{"2", "2"}, g.ids())
	assert.Contains(t, g.problems[0].Error(), "the id is empty; the number of the row stands for it; give it an id, since another report may have that number for one")
	assert.Equal(t, `warn r.csv:3: the id "2" is not new in this corpus`, g.messages()[1])
}
