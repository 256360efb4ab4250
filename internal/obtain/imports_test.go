package obtain

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// This package, which downloads, and serve, which answers, alone use the network;
// a program that imports labeler links none of it.
func TestWhoUsesTheNetwork(t *testing.T) {
	const module = "github.com/radlabel/radlabel"
	list := func(args ...string) []string {
		out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
		if err != nil {
			t.Skipf("no go command to ask: %v", err)
		}
		return strings.Fields(string(out))
	}
	assert.NotContains(t, list("-deps", module+"/labeler"), "net/http")
	// Of imports that tests make nothing is asked: they serve.
	users := list("-f", `{{$p := .ImportPath}}{{range .Imports}}{{if or (eq . "net/http") (eq . "net")}}{{$p}} {{end}}{{end}}`, module+"/...")
	assert.Equal(t, []string{module + "/internal/obtain", module + "/internal/serve"}, slices.Compact(users))
}
