//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is a Flink cluster on this machine: a job manager, task managers, and
// Beam's job server before them. Each is a process of its own, as on many machines.
type cluster struct {
	t                  *testing.T
	flink, jobServer   string // folders of jars
	folder             string
	rpc, rest, jobPort int
	tasks              map[string]*exec.Cmd
}

// startCluster needs RADLABEL_FLINK, the folder of a Flink distribution, and
// RADLABEL_JOB_SERVER, that of the jars of Beam's job server: .ci/beam sets them.
func startCluster(t *testing.T) *cluster {
	c := &cluster{t: t, flink: os.Getenv("RADLABEL_FLINK"), jobServer: os.Getenv("RADLABEL_JOB_SERVER"), folder: t.TempDir(), tasks: map[string]*exec.Cmd{}}
	if c.flink == "" || c.jobServer == "" {
		t.Skip("RADLABEL_FLINK and RADLABEL_JOB_SERVER are not set; .ci/beam runs this")
	}
	c.rpc, c.rest, c.jobPort = freePort(t), freePort(t), freePort(t)
	require.NoError(t, os.WriteFile(filepath.Join(c.folder, "flink-conf.yaml"), []byte(c.conf()), 0o600))
	log4j := "rootLogger.level = INFO\nrootLogger.appenderRef.c.ref = C\nappender.c.name = C\nappender.c.type = CONSOLE\n" +
		"appender.c.layout.type = PatternLayout\nappender.c.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c{1} - %m%n\n"
	require.NoError(t, os.WriteFile(filepath.Join(c.folder, "log4j.properties"), []byte(log4j), 0o600))

	c.java("jobmanager", c.flinkClasses(), "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "--configDir", c.folder)
	c.java("jobserver", c.jobServer+"/*", "org.apache.beam.runners.flink.FlinkJobServerDriver",
		fmt.Sprintf("--flink-master=127.0.0.1:%d", c.rest), "--flink-conf-dir="+c.folder, "--job-host=127.0.0.1",
		fmt.Sprintf("--job-port=%d", c.jobPort), "--artifact-port=0", "--expansion-port=0", "--artifacts-dir="+filepath.Join(c.folder, "artifacts"))
	c.startTasks("tm1")
	c.startTasks("tm2")
	c.wait("the task managers", 5*time.Minute, func() bool { return c.alive() == 2 })
	c.wait("the job server", 5*time.Minute, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.jobPort))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return c
}

// conf restarts a job that lost a task manager, five times. Sizes of memory are those
// that Flink's own scripts work out.
func (c *cluster) conf() string {
	return fmt.Sprintf(`jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: %d
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 900m
rest.address: 127.0.0.1
rest.port: %d
rest.bind-address: 127.0.0.1
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.numberOfTaskSlots: 2
taskmanager.cpu.cores: 1.0
taskmanager.memory.framework.heap.size: 64m
taskmanager.memory.framework.off-heap.size: 64m
taskmanager.memory.task.heap.size: 256m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.managed.size: 64m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 128m
taskmanager.memory.jvm-overhead.max: 128m
heartbeat.interval: 1000
heartbeat.timeout: 10000
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 5
restart-strategy.fixed-delay.delay: 1 s
`, c.rpc, c.rest)
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// flinkClasses is the distribution without its SQL.
func (c *cluster) flinkClasses() string {
	var jars []string
	for _, pattern := range []string{"flink-dist*.jar", "log4j*.jar"} {
		found, err := filepath.Glob(filepath.Join(c.flink, "lib", pattern))
		require.NoError(c.t, err)
		jars = append(jars, found...)
	}
	require.NotEmpty(c.t, jars, "no Flink in RADLABEL_FLINK")
	return strings.Join(jars, ":")
}

// java starts a program in a process group of its own, which ends with the test.
func (c *cluster) java(name, classes string, args ...string) *exec.Cmd {
	log, err := os.Create(filepath.Join(c.folder, name+".log"))
	require.NoError(c.t, err)
	defer log.Close()
	all := []string{"-XX:TieredStopAtLevel=1", "-Xmx512m", "-Dlog4j.configurationFile=" + filepath.Join(c.folder, "log4j.properties")}
	for _, p := range []string{"lang", "util", "util.concurrent", "io", "net", "nio", "time"} {
		all = append(all, "--add-opens=java.base/java."+p+"=ALL-UNNAMED")
	}
	cmd := exec.Command("java", append(append(all, "-cp", classes), args...)...)
	cmd.Dir = c.folder // where Beam's boot leaves the options of a job
	cmd.Env = append(os.Environ(), "RADLABEL_WORKER="+name)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(c.t, cmd.Start())
	c.t.Cleanup(func() {
		kill(cmd)
		if c.t.Failed() {
			content, _ := os.ReadFile(log.Name())
			c.t.Logf("%s ended with\n%s", name, content[max(0, len(content)-3000):])
		}
	})
	return cmd
}

// kill ends a process and all that it started, at once, as the loss of a machine does.
func kill(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // it may be gone
		cmd.Wait()                                      //nolint:errcheck // it was killed
	}
}

func (c *cluster) startTasks(name string) {
	c.tasks[name] = c.java(name, c.flinkClasses(), "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
		"--configDir", c.folder, "-D", "taskmanager.resource-id="+name)
}

func (c *cluster) wait(what string, long time.Duration, done func() bool) {
	c.t.Helper()
	for end := time.Now().Add(long); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: not within %s", what, long)
		}
	}
}

// ask asks Flink's REST interface.
func ask[T any](c *cluster, path string) (answer T) {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", c.rest, path))
	if err != nil {
		return answer
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &answer) //nolint:errcheck // nothing yet: asked again
	return answer
}

func (c *cluster) alive() int {
	return len(ask[struct {
		TaskManagers []struct{ ID string }
	}](c, "/taskmanagers").TaskManagers)
}

// located gives the task managers that ran the subtasks of the last job.
func (c *cluster) located() (names []string) {
	jobs := ask[struct {
		Jobs []struct {
			JID   string
			Start int64 `json:"start-time"`
		}
	}](c, "/jobs/overview").Jobs
	slices.SortFunc(jobs, func(a, b struct {
		JID   string
		Start int64 `json:"start-time"`
	}) int {
		return int(b.Start - a.Start)
	})
	require.NotEmpty(c.t, jobs)
	job := ask[struct{ Vertices []struct{ ID string } }](c, "/jobs/"+jobs[0].JID)
	for _, v := range job.Vertices {
		type vertex struct {
			TaskManagers []struct {
				ID string `json:"taskmanager-id"`
			}
		}
		for _, tm := range ask[vertex](c, "/jobs/"+jobs[0].JID+"/vertices/"+v.ID+"/taskmanagers").TaskManagers {
			if !slices.Contains(names, tm.ID) {
				names = append(names, tm.ID)
			}
		}
	}
	slices.Sort(names)
	return names
}

// programs builds the pipeline, and the program with which Beam starts its workers.
func programs(t *testing.T) (pipeline, boot string) {
	folder := t.TempDir()
	for name, pkg := range map[string]string{"radlabel-beam": ".", "boot": "github.com/apache/beam/sdks/v2/go/container"} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(folder, name), pkg).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	pipeline, boot = filepath.Join(folder, "radlabel-beam"), filepath.Join(folder, "boot")
	t.Cleanup(func() { removeCopies(t, pipeline) })
	return pipeline, boot
}

// removeCopies removes the copies of the program that Beam's boot makes for each
// worker, in /tmp, and leaves there.
func removeCopies(t *testing.T, program string) {
	made, err := os.Stat(program)
	require.NoError(t, err)
	copies, err := filepath.Glob("/tmp/bin*/worker")
	require.NoError(t, err)
	for _, c := range copies {
		if info, err := os.Stat(c); err == nil && info.Size() == made.Size() && info.ModTime().After(made.ModTime()) {
			require.NoError(t, os.RemoveAll(filepath.Dir(c)))
		}
	}
}

// submit runs the pipeline program on the cluster, as a user does.
func (c *cluster) submit(program, boot string, args ...string) *exec.Cmd {
	all := []string{
		"--runner=flink", fmt.Sprintf("--endpoint=127.0.0.1:%d", c.jobPort), "--parallelism=4",
		"--environment_type=PROCESS", fmt.Sprintf("--environment_config={%q: %q}", "command", boot), "--worker_binary=" + program,
	}
	return exec.Command(program, append(all, args...)...)
}

func workersOf(all []Summary) (names []string) {
	for _, s := range all {
		name, _, _ := strings.Cut(s.Worker, ":")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestFlink(t *testing.T) {
	c := startCluster(t)
	program, boot := programs(t)
	folder := t.TempDir()

	t.Run("as a single run", func(t *testing.T) {
		want := config(filepath.Join(folder, "small.csv"), 8, testdata+"/reports")
		inputs, err := filepath.Abs(testdata + "/reports")
		require.NoError(t, err)
		started := time.Now()
		out, err := c.submit(program, boot, "--output="+want.Output, "--shards=8", inputs).CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", time.Since(started).Round(time.Millisecond))
		assert.Contains(t, string(out), "89 reports labelled in 8 shards; 0 lost, 1 warnings\n")
		assert.Contains(t, string(out), "Pneumothorax/negative ")
		same(t, want, 8)
		assert.Equal(t, []string{"tm1", "tm2"}, workersOf(lines[Summary](t, want.shardsFile())), "the workers are children of both")
		assert.Equal(t, []string{"tm1", "tm2"}, c.located(), "as Flink itself has it")
	})

	t.Run("a task manager is lost", func(t *testing.T) {
		in := filepath.Join(folder, "reports.zip")
		archive(t, in, reports(t, 24_000))
		want := config(filepath.Join(folder, "large.jsonl"), 24, in)
		cmd := c.submit(program, boot, "--output="+want.Output, "--shards=24", in)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		started := time.Now()
		require.NoError(t, cmd.Start())
		written := func() int {
			names, _ := filepath.Glob(filepath.Join(folder, "large-*.jsonl"))
			return len(names)
		}
		c.wait("a third of the shards", 8*time.Minute, func() bool { return written() >= 8 })
		at := written()
		require.Less(t, at, 24, "half-way")
		kill(c.tasks["tm2"])
		c.startTasks("tm3")
		require.NoError(t, cmd.Wait(), "%s", &out)
		t.Logf("killed with %d of 24 shards written; done after %s", at, time.Since(started).Round(time.Millisecond))
		same(t, want, 24)
		workers := workersOf(lines[Summary](t, want.shardsFile()))
		assert.Contains(t, workers, "tm3", "what took the place of the lost one has worked")
		assert.Contains(t, workers, "tm2", "what the lost one had written was not labelled again")
		left, err := filepath.Glob(filepath.Join(folder, ".*.tmp"))
		require.NoError(t, err)
		assert.Empty(t, left, "half-written shards of the lost one")
	})
}

// reports is how many made-up reports to take.
func reports(t *testing.T, usual int) int {
	n := usual
	if s := os.Getenv("RADLABEL_REPORTS"); s != "" {
		_, err := fmt.Sscan(s, &n)
		require.NoError(t, err)
	}
	return n
}

// same checks that the shards together have the rows of one process.
func same(t *testing.T, c Config, n int) {
	t.Helper()
	one := c
	stem, ending := cutName(c.Output)
	one.Output = stem + "-single" + ending
	single(t, one)
	wantHeader, want := rows(t, one.Output)
	header, got := shardRows(t, c, n)
	assert.Equal(t, wantHeader, header)
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, len(want), len(got))
	assert.True(t, slices.Equal(want, got), "the rows differ")
}
