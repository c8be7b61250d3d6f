// SPDX-License-Identifier: BSD-2-Clause

// Sockets below HTTP: TCP with deadlines and half-close, UDP, Unix streams and datagrams, the errors.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				b, _ := io.ReadAll(c)
				c.Write(append([]byte("got "), b...))
				c.Close()
			}()
		}
	}()
	var wg sync.WaitGroup
	ok := make(chan bool, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c, err := net.Dial("tcp", l.Addr().String())
			must(err)
			fmt.Fprintf(c, "message %d", i)
			c.(*net.TCPConn).CloseWrite()
			b, err := io.ReadAll(c)
			ok <- err == nil && string(b) == fmt.Sprintf("got message %d", i)
		}(i)
	}
	wg.Wait()
	good := 0
	for i := 0; i < 100; i++ {
		if <-ok {
			good++
		}
	}
	fmt.Println("tcp", good)
	c, err := net.Dial("tcp", l.Addr().String())
	must(err)
	c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	c.(*net.TCPConn).SetNoDelay(true)
	c.(*net.TCPConn).SetKeepAlive(true)
	fmt.Println(c.(*net.TCPConn).SetLinger(0), c.RemoteAddr().String() == l.Addr().String())
	c.Close()
	l.Close()
	_, err = l.Accept()
	fmt.Println(errors.Is(err, net.ErrClosed))

	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	v, err := net.Dial("udp", u.LocalAddr().String())
	must(err)
	v.Write([]byte("datagram"))
	b := make([]byte, 100)
	n, from, err := u.ReadFrom(b)
	fmt.Println(string(b[:n]), from.String() == v.LocalAddr().String(), err)
	u.WriteTo([]byte("back"), from)
	n, err = v.Read(b)
	fmt.Println(string(b[:n]), err)

	ul, err := net.Listen("unix", "sock")
	must(err)
	go func() {
		c, _ := ul.Accept()
		io.Copy(c, c)
		c.Close()
	}()
	uc, err := net.Dial("unix", "sock")
	must(err)
	uc.Write([]byte("unix"))
	uc.(*net.UnixConn).CloseWrite()
	all, err := io.ReadAll(uc)
	fmt.Println(string(all), err, uc.RemoteAddr())
	ul.Close()
	_, err = os.Stat("sock")
	fmt.Println(os.IsNotExist(err))
	ug, err := net.ListenPacket("unixgram", "gram")
	must(err)
	ux, err := net.Dial("unixgram", "gram")
	must(err)
	ux.Write([]byte("gram"))
	n, _, err = ug.ReadFrom(b)
	fmt.Println(string(b[:n]), err)
	_, err = net.Dial("unix", "none")
	fmt.Println(err)
	_, err = net.Listen("tcp", "1.1.1.1:0")
	fmt.Println(errors.Is(err, syscall.EADDRNOTAVAIL))
	if l6, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		go func() { c, _ := l6.Accept(); c.Write([]byte("six")); c.Close() }()
		c, err := net.Dial("tcp6", l6.Addr().String())
		must(err)
		all, _ := io.ReadAll(c)
		fmt.Println(string(all))
	}
}
