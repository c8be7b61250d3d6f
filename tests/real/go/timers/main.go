// SPDX-License-Identifier: BSD-2-Clause

// Timers, tickers, deadlines and clocks; nothing printed depends on how fast this machine is.
package main

import (
	"context"
	"fmt"
	"time"
)

func main() {
	start := time.Now()
	time.Sleep(30 * time.Millisecond)
	fmt.Println("slept", time.Since(start) >= 30*time.Millisecond, time.Since(start) < 5*time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	for i := 0; i < 5; i++ {
		<-tick.C
	}
	tick.Stop()
	fmt.Println("ticked")
	fired := make(chan int, 20)
	for i := 9; i >= 0; i-- {
		i := i
		time.AfterFunc(time.Duration(i*60)*time.Millisecond, func() { fired <- i })
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += 1 << <-fired // neighbours may change places on a busy machine
	}
	fmt.Println("fired", sum)
	t := time.NewTimer(time.Hour)
	fmt.Println("stopped", t.Stop(), t.Reset(time.Millisecond))
	<-t.C
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println(ctx.Err())
	case <-time.After(10 * time.Second):
		fmt.Println("late")
	}
	fmt.Println("monotonic", time.Now().After(start), time.Now().Year() >= 2024)
	fmt.Println(time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC).Format(time.RFC1123))
}
