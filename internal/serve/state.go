package serve

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count requests by route and status, never by what they hold.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	labelled *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "radlabel_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "radlabel_request_seconds", Help: "Time from a request's headers to the end of its answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30}}, []string{"route"}),
		labelled: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "radlabel_reports_total", Help: "Reports labelled, by rule set and result (done, failed)."}, []string{"ruleset", "result"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.labelled, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// request counts a request that has been answered.
func (m *metrics) request(route string, began time.Time, a *answer) {
	m.requests.WithLabelValues(route, strconv.Itoa(a.status)).Inc()
	m.seconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
}

// stateRoutes tell machines how the server is.
func (s *Server) stateRoutes() {
	s.metrics.registry.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "radlabel_requests_under_way", Help: "Requests that are being answered."},
		func() float64 { return float64(len(s.slots)) }))
	exposition := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
	s.mux.Handle("GET /metrics", exposition)
	// Not under the limits: a busy server is well.
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.stopping.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "stopping\n")
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
}

// report counts a report that was labelled, or could not be.
func (m *metrics) report(ruleSet string, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	m.labelled.WithLabelValues(ruleSet, result).Inc()
}
