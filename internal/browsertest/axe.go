package browsertest

import (
	"os"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// axeRun gives what axe finds wrong, worst first, as lines: how bad, the rule, where.
const axeRun = `axe.run(document, { resultTypes: ["violations"] }).then(found => found.violations
	.filter(v => ["serious", "critical"].includes(v.impact))
	.flatMap(v => v.nodes.map(n => v.impact + ": " + v.id + ": " + n.target.join(" ") + ": " + n.failureSummary)))`

// Accessible asserts that axe-core finds nothing serious in the page as it is now.
// RADLABEL_AXE names axe.min.js of the npm package axe-core; without it, the test
// says that it leaves this out.
func (p *Tab) Accessible() {
	p.T.Helper()
	file := os.Getenv("RADLABEL_AXE")
	if file == "" {
		p.T.Log("RADLABEL_AXE is not set: accessibility is not checked; it names axe.min.js of the npm package axe-core")
		return
	}
	source, err := os.ReadFile(file)
	require.NoError(p.T, err, "RADLABEL_AXE")
	if !Value[bool](p, "typeof axe === 'object'") {
		_, err = chromedp.Run(p.Ctx, chromedp.Evaluate[bool](string(source)+";true"))
		require.NoError(p.T, err)
	}
	assert.Empty(p.T, Value[[]string](p, axeRun))
}
