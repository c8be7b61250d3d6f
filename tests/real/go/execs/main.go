// SPDX-License-Identifier: BSD-2-Clause

// Other processes: this program again and native ones; pipes both ways, environment, directory, exit status, signals,
// extra descriptors, many at once, one that is not there.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

func self(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		fmt.Println(err)
	}
	c := exec.Command(exe, args...)
	c.Stderr = os.Stderr
	return c
}

func child() {
	switch os.Args[1] {
	case "cat":
		io.Copy(os.Stdout, os.Stdin)
	case "env":
		wd, _ := os.Getwd()
		fmt.Println(os.Getenv("COLOUR"), wd, len(os.Args), os.Args[2:])
	case "exit":
		os.Exit(7)
	case "panic":
		os.Stderr.Close()
		panic("x")
	case "sleep":
		time.Sleep(time.Minute)
	case "fd3":
		b, err := io.ReadAll(os.NewFile(3, "three"))
		fmt.Println(string(b), err)
		_, err = os.NewFile(4, "four").Stat()
		fmt.Println("fd 4:", err != nil)
	}
}

func main() {
	if len(os.Args) > 1 {
		child()
		return
	}
	out, err := exec.Command("/bin/echo", "native", "two words").Output()
	fmt.Printf("%q %v\n", out, err)
	c := self("cat")
	c.Stdin = strings.NewReader(strings.Repeat("line\n", 50000))
	out, err = c.Output()
	fmt.Println(len(out), err)
	c = self("env", "a", "", "b c")
	c.Env = []string{"COLOUR=green"}
	c.Dir = "/"
	out, err = c.Output()
	fmt.Printf("%q %v\n", out, err)
	var ee *exec.ExitError
	err = self("exit").Run()
	fmt.Println(errors.As(err, &ee), err)
	err = self("panic").Run()
	fmt.Println(err)
	c = self("sleep")
	c.Start()
	c.Process.Signal(syscall.SIGTERM)
	fmt.Println(c.Wait())
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	exe, _ := os.Executable()
	fmt.Println(exec.CommandContext(ctx, exe, "sleep").Run())
	r, w, _ := os.Pipe()
	c = self("fd3")
	c.ExtraFiles = []*os.File{r}
	c.Stdout = os.Stdout
	c.Start()
	io.WriteString(w, "through three")
	w.Close()
	fmt.Println(c.Wait())
	fmt.Println(exec.Command("/no/such/program").Run())
	_, err = exec.LookPath("no-such-program-anywhere")
	fmt.Println(errors.Is(err, exec.ErrNotFound))
	fmt.Println(exec.Command("/etc/passwd").Run())
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for i := 0; i < 12; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c := self("cat")
			c.Stdin = strings.NewReader(strings.Repeat("x", i*1000))
			o, err := c.Output()
			if err != nil {
				fmt.Println(err)
			}
			mu.Lock()
			total += len(o)
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	fmt.Println(total)
	a := exec.Command("/bin/sh", "-c", "echo out; echo err >&2; exit 3")
	out, err = a.CombinedOutput()
	fmt.Printf("%q %v\n", out, err)
	c = self("sleep")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Start()
	pg, err := syscall.Getpgid(c.Process.Pid)
	fmt.Println("own group", pg == c.Process.Pid, err)
	syscall.Kill(-pg, syscall.SIGKILL)
	fmt.Println(c.Wait())
}
