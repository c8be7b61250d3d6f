// SPDX-License-Identifier: BSD-2-Clause
//
// What Go programs do for a living, the same source for FreeBSD and Linux. Prints "AMOUNT SECONDS".
//
//	go compress N   N rounds of gzip and back over half a megabyte
//	go json N       N rounds of marshal and unmarshal of a thousand records
//	go serve N      a server on loopback and eight clients in one process: N requests, each answered with 1 KiB
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func text() []byte {
	words := []string{"guest", "host", "row", "call", "handler", "signal", "page", "thread", "socket", "time"}
	r := rand.New(rand.NewSource(1))
	var b bytes.Buffer
	for b.Len() < 1<<19 {
		b.WriteString(words[r.Intn(len(words))])
		b.WriteByte(" \n;,"[r.Intn(4)])
	}
	return b.Bytes()
}

func compress(n int) {
	in := text()
	for i := 0; i < n; i++ {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(in)
		check(err)
		check(w.Close())
		r, err := gzip.NewReader(&b)
		check(err)
		out, err := io.ReadAll(r)
		check(err)
		if !bytes.Equal(in, out) {
			panic("not the same")
		}
	}
}

type record struct {
	ID    int
	Name  string
	Tags  []string
	Score map[string]float64
}

func jsons(n int) {
	var in, out []record
	for i := 0; i < 1000; i++ {
		in = append(in, record{i, "name " + strconv.Itoa(i), []string{"a", "b", "c"}, map[string]float64{"x": float64(i), "y": 0.5}})
	}
	for i := 0; i < n; i++ {
		b, err := json.Marshal(in)
		check(err)
		out = nil
		check(json.Unmarshal(b, &out))
		if len(out) != len(in) {
			panic("not the same")
		}
	}
}

func listen() net.Listener {
	body := bytes.Repeat([]byte("x"), 1024)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }))
	return l
}

func load(n int, addr string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	var done sync.WaitGroup
	for c := 0; c < 8; c++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := 0; i < n/8; i++ {
				r, err := client.Get("http://" + addr + "/")
				check(err)
				size, err := io.Copy(io.Discard, r.Body)
				check(err)
				r.Body.Close()
				if size != 1024 {
					panic("not the body")
				}
			}
		}()
	}
	done.Wait()
}

func main() {
	n := 1
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	work := map[string]func(){
		"compress": func() { compress(n) },
		"json":     func() { jsons(n) },
		"serve":    func() { load(n, listen().Addr().String()) },
	}[os.Args[1]]
	start := time.Now()
	work()
	fmt.Println(n, time.Since(start).Seconds())
}
