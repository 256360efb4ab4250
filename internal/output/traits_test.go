package output

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What differs is named by what it is called, also where one run lacks it.
func TestDiffers(t *testing.T) {
	shard, section, rules := Trait{"--shard", "1/2"}, Trait{"--section", "auto"}, Trait{"the rule set", "a"}
	all := Trait{"--section", "all"}
	for _, tt := range []struct {
		name        string
		before, now []Trait
		want        *OtherRun
	}{
		{"nothing", []Trait{section, rules}, []Trait{section, rules}, nil},
		{"none at all", nil, nil, nil},
		{"a value", []Trait{rules, section}, []Trait{rules, all}, &OtherRun{Trait: "--section", Was: "auto", Now: "all"}},
		{"one less at the front", []Trait{shard, section}, []Trait{section}, &OtherRun{Trait: "--shard", Was: "1/2"}},
		{"one more at the front", []Trait{section}, []Trait{shard, section}, &OtherRun{Trait: "--shard", Now: "1/2"}},
		{"one less at the end", []Trait{rules, section}, []Trait{rules}, &OtherRun{Trait: "--section", Was: "auto"}},
		{"one more at the end", []Trait{rules}, []Trait{rules, section}, &OtherRun{Trait: "--section", Now: "auto"}},
		{"one for another", []Trait{rules, shard}, []Trait{rules, section}, &OtherRun{Trait: "--shard", Was: "1/2"}},
	} {
		assert.Equal(t, tt.want, differs(tt.before, tt.now), tt.name)
	}
}
