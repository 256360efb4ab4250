package rules

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docFiles gives the YAML blocks of docs/rules.md by the file name in their
// first line.
func docFiles(t *testing.T) fstest.MapFS {
	doc, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	fsys := fstest.MapFS{}
	for _, m := range regexp.MustCompile("(?s)```yaml\n# ([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(doc), -1) {
		fsys[m[1]] = &fstest.MapFile{Data: []byte(m[2])}
	}
	return fsys
}

func TestDocumentedSetLoads(t *testing.T) {
	s, err := Load(docFiles(t))
	require.NoError(t, err)
	assert.Len(t, s.Rules, 2)
	assert.Len(t, s.Cues, 1)
	assert.Len(t, s.Sections, 1)
	assert.Empty(t, s.Lint())
}

func TestDocumentedExtensionReads(t *testing.T) {
	doc := docFiles(t)
	text := string(doc["ruleset.yaml, in a folder of your own"].Data)
	require.Contains(t, text, "extends: chexpert")
	_, err := Load(files("ruleset.yaml", text))
	assert.NoError(t, err)
	_, err = Load(files(
		"ruleset.yaml", strings.Replace(text, "[Foreign Body]", "[Foreign Body, Effusion]", 1),
		"effusion.yaml", string(doc["effusion.yaml, in the same folder"].Data), "cues.yaml", string(doc["cues.yaml, in the same folder"].Data),
	))
	assert.NoError(t, err)
}

func TestDocumentedMessage(t *testing.T) {
	doc, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	_, err = Load(with("edema.yaml", "observation: Edema\nrules:\n  - id: edema.x\n    phrases:\n      - a (@mod|@mid) x\n"))
	require.Error(t, err)
	assert.Contains(t, string(doc), "```\n"+err.Error()+"\n```")
}
