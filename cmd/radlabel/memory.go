package main

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// garbage is when memory is collected while reports are labelled: late while little
// is in use, since reports come and go, and collecting as often as Go does by
// itself costs an eighth of the time; and early where the ids of millions are, of
// which nothing goes, without a limit, since collecting against one that is used up
// takes more than it gives.
type garbage struct {
	seen int
	late bool
}

const (
	memoryGoal  = 224 << 20 // bytes, garbage included
	betweenLook = 1 << 15   // reports
)

// collectLate leaves alone what the environment sets.
func collectLate() *garbage {
	g := &garbage{late: os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == ""}
	if g.late {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(memoryGoal)
	}
	return g
}

// labelled counts a report, and looks now and then how much is in use. Nil does
// nothing.
func (g *garbage) labelled() {
	if g == nil {
		return
	}
	if g.seen++; !g.late || g.seen%betweenLook != 0 {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if metrics.Read(live); live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() > memoryGoal/2 {
		g.collect(50)
	}
}

// stop collects as Go does by itself.
func (g *garbage) stop() {
	if g.late {
		g.collect(100)
	}
}

func (g *garbage) collect(percent int) {
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(math.MaxInt64)
	g.late = false
}
