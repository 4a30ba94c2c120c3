// The load generator of bench/: posts one admission review again and again over TLS, on connections
// that are kept or made anew for each review, verifies every answer, and prints one line of JSON with
// the reviews, their latencies and the CPU time that the server spent meanwhile. It writes requests that
// are prepared once, so that it needs less of the machine than any server under test.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The place of the uid in the body; as long as a uid is.
const uidMark = "00000000-0000-4000-8000-000000000000"

type options struct {
	address     string
	path        string
	serverName  string
	body        []byte
	kept        bool
	concurrency int
	limit       int64
	expect      string
}

type result struct {
	Reviews    int      `json:"reviews"`
	Seconds    float64  `json:"seconds"`
	CPUSeconds float64  `json:"cpuSeconds"`
	P50        float64  `json:"p50Ms"`
	P99        float64  `json:"p99Ms"`
	Max        float64  `json:"maxMs"`
	Errors     int      `json:"errors"`
	Examples   []string `json:"examples"`
}

func main() {
	o := options{}
	body := flag.String("body", "", "file with the review; its uid is replaced")
	seconds := flag.Float64("seconds", 0, "the longest to ask; 0 asks until -reviews")
	cpu := flag.Float64("cpu-seconds", 1e9, "end when the server has spent this much CPU time")
	pid := flag.Int("pid", 0, "process whose CPU time is read")
	flag.StringVar(&o.address, "address", "", "HOST:PORT")
	flag.StringVar(&o.path, "path", "/mutate", "path and query of the request")
	flag.StringVar(&o.serverName, "server-name", "rollcall.rollcall-system.svc", "name that TLS asks for")
	flag.BoolVar(&o.kept, "kept", true, "keep connections; false makes one for each review")
	flag.IntVar(&o.concurrency, "concurrency", 1, "reviews under way at one time")
	flag.Int64Var(&o.limit, "reviews", 1<<62, "end after this many reviews")
	flag.StringVar(&o.expect, "expect", "any", "patch, none or any: what the answer must hold")
	flag.Parse()
	var err error
	if o.body, err = os.ReadFile(*body); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(run(o, *seconds, *cpu, *pid)); err != nil {
		log.Fatal(err)
	}
}

// run asks on all connections at once. Each connection has had one answer before the clock starts.
func run(o options, seconds, cpuLimit float64, pid int) result {
	var asked atomic.Int64
	var end atomic.Bool
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	workers := make([]*worker, o.concurrency)
	for index := range workers {
		w := newWorker(o, index)
		workers[index] = w
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			w.note(w.review(true))
			w.latencies = w.latencies[:0]
			ready.Done()
			<-begin
			for !end.Load() && asked.Add(1) <= o.limit {
				w.note(w.review(false))
			}
			w.close()
		}()
	}
	ready.Wait()
	cpu := cpuSeconds(pid)
	began := time.Now()
	if seconds > 0 {
		go func() {
			// Often enough that the last step is small next to the whole, and seldom enough to cost nothing.
			for time.Since(began).Seconds() < seconds && cpuSeconds(pid)-cpu < cpuLimit {
				time.Sleep(10 * time.Millisecond)
			}
			end.Store(true)
		}()
	}
	close(begin)
	done.Wait()
	took := time.Since(began).Seconds()
	return summary(workers, took, cpuSeconds(pid)-cpu)
}

func summary(workers []*worker, seconds, cpu float64) result {
	r := result{Seconds: seconds, CPUSeconds: cpu, Examples: []string{}}
	all := []time.Duration{}
	for _, w := range workers {
		all = append(all, w.latencies...)
		r.Errors += w.failed
		r.Examples = append(r.Examples, w.examples...)
	}
	slices.Sort(all)
	r.Reviews = len(all)
	if len(all) > 0 {
		at := func(q float64) float64 {
			return all[min(len(all)-1, int(q*float64(len(all))))].Seconds() * 1e3
		}
		r.P50, r.P99, r.Max = at(0.5), at(0.99), at(1)
	}
	r.Examples = r.Examples[:min(3, len(r.Examples))]
	return r
}

type worker struct {
	o         options
	request   []byte
	uid       []byte
	serial    uint64
	conn      *tls.Conn
	reader    *bufio.Reader
	latencies []time.Duration
	failed    int
	examples  []string
}

func newWorker(o options, index int) *worker {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\n"+
		"Content-Length: %d\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n\r\n",
		o.path, o.serverName, len(o.body))
	request := append([]byte(head), o.body...)
	at := bytes.Index(request, []byte(uidMark))
	if at == -1 {
		log.Fatalf("the body has no uid %s to replace", uidMark)
	}
	uid := request[at : at+len(uidMark)]
	copy(uid[24:26], fmt.Sprintf("%02x", index))
	return &worker{o: o, request: request, uid: uid}
}

// review asks once and says what is wrong with the answer. A full check decodes all of it.
func (w *worker) review(full bool) error {
	w.serial++
	copy(w.uid[26:36], fmt.Sprintf("%010x", w.serial))
	began := time.Now()
	status, answer, err := w.exchange()
	if err != nil {
		w.close()
		return err
	}
	w.latencies = append(w.latencies, time.Since(began))
	if !w.o.kept {
		w.close()
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %.200s", status, answer)
	}
	if full {
		return w.decode(answer)
	}
	return w.glance(answer)
}

func (w *worker) exchange() (int, []byte, error) {
	if w.conn == nil {
		conn, err := tls.Dial("tcp", w.o.address, &tls.Config{
			ServerName: w.o.serverName, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
			// The certificate is no part of what is measured: to verify it costs the client alone.
			InsecureSkipVerify: true,
		})
		if err != nil {
			return 0, nil, err
		}
		w.conn, w.reader = conn, bufio.NewReaderSize(conn, 16<<10)
	}
	if _, err := w.conn.Write(w.request); err != nil {
		return 0, nil, err
	}
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if response.Close {
		w.close()
	}
	return response.StatusCode, answer, err
}

func (w *worker) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

func (w *worker) note(err error) {
	if err == nil {
		return
	}
	w.failed++
	if len(w.examples) == 0 {
		w.examples = append(w.examples, err.Error())
	}
	// A server that refuses at once must not turn the generator into a flood.
	time.Sleep(time.Millisecond)
}

// glance verifies without decoding: the uid of the question, that it is allowed, and whether it has a patch.
func (w *worker) glance(answer []byte) error {
	if !bytes.Contains(answer, w.uid) || !bytes.Contains(answer, []byte(`"allowed":true`)) {
		return fmt.Errorf("not the answer to %s: %.300s", w.uid, answer)
	}
	return w.expected(bytes.Contains(answer, []byte(`"patch":"`)), answer)
}

func (w *worker) decode(answer []byte) error {
	var review struct {
		Kind     string `json:"kind"`
		Response struct {
			UID       string `json:"uid"`
			Allowed   bool   `json:"allowed"`
			PatchType string `json:"patchType"`
			Patch     []byte `json:"patch"`
		} `json:"response"`
	}
	if err := json.Unmarshal(answer, &review); err != nil {
		return err
	}
	r := review.Response
	if review.Kind != "AdmissionReview" || r.UID != string(w.uid) || !r.Allowed {
		return fmt.Errorf("not the answer to %s: %.300s", w.uid, answer)
	}
	if len(r.Patch) == 0 || bytes.Equal(r.Patch, []byte("[]")) {
		return w.expected(false, answer)
	}
	var operations []struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal(r.Patch, &operations); err != nil || r.PatchType != "JSONPatch" {
		return fmt.Errorf("the patch is no JSON patch: %s %.300s", r.PatchType, r.Patch)
	}
	return w.expected(len(operations) > 0, answer)
}

func (w *worker) expected(patched bool, answer []byte) error {
	if w.o.expect == "any" || (w.o.expect == "patch") == patched {
		return nil
	}
	return fmt.Errorf("expected %s: %.300s", w.o.expect, answer)
}

// Clock ticks of /proc a second; the same on every Linux that Go and Node run on.
const ticks = 100

// cpuSeconds is utime and stime of the whole process with all its threads.
func cpuSeconds(pid int) float64 {
	if pid == 0 {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		log.Fatal(err)
	}
	// The name may hold spaces; what follows it does not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system float64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return (user + system) / ticks
}
