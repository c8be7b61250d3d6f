// SPDX-License-Identifier: BSD-2-Clause

// Goroutines on many threads: channels, select, mutexes, condition variables, pools, garbage collection under load,
// stack growth, panics recovered. Prints sums that must come out right.
package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

func pipeline(n int) int {
	in, out := make(chan int), make(chan int, 8)
	var wg sync.WaitGroup
	for w := 0; w < 8; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for v := range in {
				out <- v * v
			}
		}()
	}
	go func() {
		for i := 0; i < n; i++ {
			in <- i
		}
		close(in)
		wg.Wait()
		close(out)
	}()
	sum := 0
	for v := range out {
		sum += v
	}
	return sum
}

func handoffs(n int) int {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	turn, done := 0, make(chan bool)
	for w := 0; w < 8; w++ {
		go func(w int) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for {
				mu.Lock()
				for turn < n && turn%8 != w {
					cond.Wait()
				}
				if turn >= n {
					mu.Unlock()
					done <- true
					return
				}
				turn++
				cond.Broadcast()
				mu.Unlock()
			}
		}(w)
	}
	for w := 0; w < 8; w++ {
		<-done
	}
	return turn
}

func deep(n int) int {
	var pad [256]byte
	pad[n%256] = 1
	if n == 0 {
		return 0
	}
	return deep(n-1) + int(pad[n%256])
}

func garbage() int64 {
	var live int64
	var wg sync.WaitGroup
	for g := 0; g < 16; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			keep := map[int][]byte{}
			for i := 0; i < 2000; i++ {
				b := make([]byte, 1000+i)
				b[0], b[len(b)-1] = byte(g), byte(i)
				keep[i%50] = b
			}
			for i, b := range keep {
				if b[0] == byte(g) && int(b[len(b)-1])%50 >= 0 && i >= 0 {
					atomic.AddInt64(&live, 1)
				}
			}
		}(g)
	}
	wg.Wait()
	runtime.GC()
	debug.FreeOSMemory()
	return live
}

func recovered(f func()) (what string) {
	defer func() { what = fmt.Sprint(recover()) }()
	f()
	return
}

func main() {
	fmt.Println("procs more than none:", runtime.NumCPU() > 0)
	runtime.GOMAXPROCS(4)
	fmt.Println("pipeline", pipeline(20000))
	fmt.Println("handoffs", handoffs(4000))
	fmt.Println("deep", deep(20000))
	fmt.Println("garbage", garbage())
	var p *int
	var m map[string]int
	zero := 0
	fmt.Println(recovered(func() { *p = 1 }))
	fmt.Println(recovered(func() { m["x"] = 1 }))
	fmt.Println(recovered(func() { _ = []int{}[zero] }))
	fmt.Println(recovered(func() { fmt.Println(1 / zero) }))
	ctx, cancel := context.WithCancel(context.Background())
	var n int64
	var wg sync.WaitGroup
	for i := 0; i < 1000; i++ {
		wg.Add(1)
		go func() { defer wg.Done(); <-ctx.Done(); atomic.AddInt64(&n, 1) }()
	}
	cancel()
	wg.Wait()
	fmt.Println("cancelled", n)
}
