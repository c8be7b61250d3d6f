// SPDX-License-Identifier: BSD-2-Clause

// An HTTP server and its clients in one process, over loopback: many at once, large bodies both ways, keep-alive, chunks,
// a timeout, a cancelled request, a connection refused, shutdown in good order.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(w, r.Body)
		_ = n
	})
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ {
			fmt.Fprintf(w, "chunk %d\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	srv := &http.Server{Handler: mux}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	base := "http://" + l.Addr().String()

	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	res, err := http.Post(base+"/echo", "text/plain", bytes.NewReader(big))
	check(err)
	back, err := io.ReadAll(res.Body)
	check(err)
	fmt.Println(res.Status, res.Proto, len(back), sha256.Sum256(back) == sha256.Sum256(big))

	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []string
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 5; j++ {
				r, err := http.Post(base+"/echo", "text/plain", strings.NewReader(fmt.Sprint(i, "-", j)))
				check(err)
				b, _ := io.ReadAll(r.Body)
				r.Body.Close()
				mu.Lock()
				got = append(got, string(b))
				mu.Unlock()
			}
		}(i)
	}
	wg.Wait()
	sort.Strings(got)
	fmt.Println(len(got), got[0], got[len(got)-1])

	res, err = http.Get(base + "/chunks")
	check(err)
	back, _ = io.ReadAll(res.Body)
	fmt.Print(res.ContentLength, " ", string(back))
	res, err = http.Get(base + "/none")
	check(err)
	fmt.Println(res.StatusCode)

	client := http.Client{Timeout: 50 * time.Millisecond}
	_, err = client.Get(base + "/slow")
	var ne net.Error
	fmt.Println("timeout", errors.As(err, &ne) && ne.Timeout())
	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "GET", base+"/slow", nil)
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = http.DefaultClient.Do(req)
	fmt.Println("cancelled", errors.Is(err, context.Canceled))

	check(srv.Shutdown(context.Background()))
	fmt.Println(<-served)
	_, err = http.Get(base)
	fmt.Println("refused", errors.Is(err, syscall.ECONNREFUSED))
}
