// SPDX-License-Identifier: BSD-2-Clause

// Signals to a Go program: notified, ignored, reset, many at once, during blocking calls; SIGPIPE; the end by one.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

func me(s syscall.Signal) { syscall.Kill(os.Getpid(), s) }

func main() {
	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGWINCH)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGWINCH} {
		me(s)
		fmt.Println(<-c == s)
	}
	signal.Ignore(syscall.SIGUSR2)
	me(syscall.SIGUSR2)
	fmt.Println("ignored", signal.Ignored(syscall.SIGUSR2))
	signal.Stop(c)

	var n int64
	d := make(chan os.Signal, 1000)
	signal.Notify(d, syscall.SIGUSR1)
	stop := make(chan bool)
	go func() {
		for range d {
			atomic.AddInt64(&n, 1)
		}
		stop <- true
	}()
	r, w, _ := os.Pipe()
	go func() {
		for i := 0; i < 200; i++ {
			me(syscall.SIGUSR1)
			if i%20 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		io.WriteString(w, "after the storm")
		w.Close()
	}()
	b, err := io.ReadAll(r)
	fmt.Println(string(b), err)
	time.Sleep(50 * time.Millisecond)
	signal.Stop(d)
	close(d)
	<-stop
	fmt.Println("some came", n > 0 && n <= 200)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	me(syscall.SIGTERM)
	<-ctx.Done()
	cancel()
	fmt.Println("context", ctx.Err())
	r, w, _ = os.Pipe()
	r.Close()
	_, err = w.Write([]byte("x"))
	fmt.Println(err)
	signal.Reset()
	fmt.Println("dying")
	me(syscall.SIGTERM)
	time.Sleep(10 * time.Second)
	fmt.Println("not reached")
}
