package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/radlabel/radlabel/corpus"
)

// clients is how many ask at the same time.
const clients = 200

// bodies are the reports of testdata as programs send them.
func bodies(t testing.TB) (all [][]byte) {
	t.Helper()
	reader, err := corpus.Open(t.Context(), []string{"../../testdata/reports"}, corpus.Options{})
	require.NoError(t, err)
	for report, err := range reader.Reports(t.Context()) {
		if err != nil {
			continue
		}
		body, err := json.Marshal(map[string]string{"id": report.ID, "text": report.Text})
		require.NoError(t, err)
		all = append(all, body)
	}
	return all
}

// crowd has connections for all clients.
func crowd(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// askAll has all clients ask at once, each a number of times, and gives the times of
// the answers, sorted.
func askAll(t testing.TB, client *http.Client, address string, each int) []time.Duration {
	t.Helper()
	var wait sync.WaitGroup
	reports, took := bodies(t), make([]time.Duration, clients*each)
	for c := range clients {
		wait.Go(func() {
			for i := range each {
				n := c*each + i
				began := time.Now()
				answer, err := client.Post(address+"api/v1/label", "application/json", bytes.NewReader(reports[n%len(reports)]))
				if !assert.NoError(t, err) {
					return
				}
				content, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				took[n] = time.Since(began)
				if !assert.NoError(t, err) || !assert.Equal(t, http.StatusOK, answer.StatusCode, "%s", content) {
					return
				}
			}
		})
	}
	wait.Wait()
	slices.Sort(took)
	return took
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// Two hundred ask at once and all are answered; what that takes of memory does not
// grow with how often they ask.
func TestLoad(t *testing.T) {
	address, client := start(t, newServer(t, Options{})), crowd(t)
	each := 10
	if testing.Short() {
		each = 2
	}
	askAll(t, client, address, each)
	before := heap()
	for range 3 {
		askAll(t, client, address, each)
	}
	after := heap()
	t.Logf("heap %d KiB after %d requests, %d KiB after %d", before>>10, clients*each, after>>10, 4*clients*each)
	assert.Less(t, after, before+8<<20, "memory is flat")
}

// Clients that send or read slowly hold up nobody else, and are let go in the end.
func TestSlowClients(t *testing.T) {
	s := newServer(t, Options{Limits: Limits{Timeout: 3 * time.Second}})
	address := start(t, s)
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	var slow []net.Conn
	for i := range 50 {
		c, err := net.Dial("tcp", host)
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprintf(c, "POST /api/v1/label%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", []string{"", "s"}[i%2])
		require.NoError(t, err)
		slow = append(slow, c)
	}
	require.Eventually(t, func() bool { return len(s.slots) == len(slow) }, patience, tick)
	began := time.Now()
	code := ask(s, "POST", "/api/v1/label", `{"text":"No effusion."}`).Code
	assert.Equal(t, http.StatusOK, code)
	t.Logf("answered in %s beside %d slow clients", time.Since(began), len(slow))
	assert.Len(t, s.slots, len(slow), "they are still there")
	for _, c := range slow {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		_, err := io.ReadAll(c)
		assert.NoError(t, err, "the server closes the connection")
	}
	require.Eventually(t, func() bool { return len(s.slots) == 0 }, patience, tick)
}

// Texts that take seconds wait for each other, and reports of the usual size do not
// wait for them.
func TestLargeTexts(t *testing.T) {
	s := newServer(t, Options{Limits: Limits{Timeout: 2 * time.Second}})
	require.NoError(t, s.large.Acquire(t.Context(), 1))
	large := `{"text":"` + strings.Repeat("Edema. ", largeText/6) + `"}`
	for range 4 {
		go ask(s, "POST", "/api/v1/label", large)
	}
	require.Eventually(t, func() bool { return len(s.slots) == 4 }, patience, tick)
	assert.Equal(t, http.StatusOK, ask(s, "POST", "/api/v1/label", `{"text":"Edema."}`).Code)
	assert.Equal(t, http.StatusServiceUnavailable, ask(s, "POST", "/api/v1/label", large).Code)
	s.large.Release(1)
	assert.Equal(t, http.StatusOK, ask(s, "POST", "/api/v1/label", large).Code)
}

// Two hundred clients at once: how long an answer takes.
func BenchmarkLoad(b *testing.B) {
	address, client := start(b, newServer(b, Options{})), crowd(b)
	askAll(b, client, address, 2)
	for b.Loop() {
		took := askAll(b, client, address, 20)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	}
}

// One client after another: what HTTP costs beside labelling.
func BenchmarkLabel(b *testing.B) {
	s, reports := newServer(b, Options{}), bodies(b)
	address, client := start(b, s), crowd(b)
	b.Run("http", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			answer, err := client.Post(address+"api/v1/label", "application/json", bytes.NewReader(reports[i%len(reports)]))
			require.NoError(b, err)
			_, err = io.Copy(io.Discard, answer.Body)
			require.NoError(b, err)
			answer.Body.Close()
		}
	})
	b.Run("stream", func(b *testing.B) {
		send, body := io.Pipe()
		go func() {
			for i := range b.N {
				_, _ = body.Write(append(reports[i%len(reports)], '\n'))
			}
			body.Close()
		}()
		answer, err := client.Post(address+"api/v1/labels", "application/jsonl", send)
		require.NoError(b, err)
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(b, err)
	})
	b.Run("direct", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			report, err := s.parseReport(reports[i%len(reports)])
			require.NoError(b, err)
			s.Labelers[0].Label(report)
		}
	})
}
