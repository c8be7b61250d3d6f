// SPDX-License-Identifier: BSD-2-Clause

// Files: creation, modes, times, directories walked, links, temporary names, locks, mapping, big files, many open at once.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
	"time"
)

func show(what string, err error) { fmt.Println(what+":", err) }

func main() {
	dir, err := os.MkdirTemp(".", "files")
	show("mkdirtemp", err)
	defer os.RemoveAll(dir)
	os.Chdir(dir)
	show("write", os.WriteFile("a", []byte("hello"), 0640))
	st, err := os.Stat("a")
	fmt.Println(st.Name(), st.Size(), st.Mode(), err)
	when := time.Unix(1700000000, 123456000)
	show("chtimes", os.Chtimes("a", when, when))
	st, _ = os.Stat("a")
	fmt.Println(st.ModTime().Equal(when))
	show("symlink", os.Symlink("a", "s"))
	l, err := os.Readlink("s")
	fmt.Println(l, err)
	st, _ = os.Lstat("s")
	fmt.Println(st.Mode())
	show("link", os.Link("a", "b"))
	a, _ := os.Stat("a")
	b, _ := os.Stat("b")
	fmt.Println("same", os.SameFile(a, b))
	show("rename", os.Rename("b", "c"))
	show("mkdir", os.MkdirAll("d/e/f", 0755))
	show("mkdir again", os.Mkdir("d", 0755))
	show("remove", os.Remove("d"))
	_, err = os.Stat("none")
	fmt.Println(errors.Is(err, fs.ErrNotExist), err)
	for i := 0; i < 300; i++ {
		os.WriteFile(fmt.Sprintf("d/e/n%03d", i), make([]byte, i), 0600)
	}
	var total int64
	var names []string
	filepath.WalkDir(".", func(p string, e fs.DirEntry, err error) error {
		i, _ := e.Info()
		if !e.IsDir() {
			total += i.Size()
			names = append(names, p)
		}
		return nil
	})
	sort.Strings(names)
	fmt.Println(len(names), total, names[0], names[len(names)-1])

	f, err := os.OpenFile("big", os.O_CREATE|os.O_RDWR|os.O_EXCL, 0600)
	show("open", err)
	h := sha256.New()
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i)
	}
	w := io.MultiWriter(f, h)
	for i := 0; i < 8; i++ {
		w.Write(block)
	}
	f.Seek(0, io.SeekStart)
	g := sha256.New()
	n, err := io.Copy(g, f)
	fmt.Println(n, err, string(h.Sum(nil)) == string(g.Sum(nil)))
	n2, err := f.ReadAt(block[:10], 8<<20-5)
	fmt.Println(n2, err)
	show("truncate", f.Truncate(1<<30))
	st, _ = f.Stat()
	fmt.Println(st.Size())
	m, err := syscall.Mmap(int(f.Fd()), 4096, 8192, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	show("mmap", err)
	copy(m, "mapped")
	b6 := make([]byte, 6)
	f.ReadAt(b6, 4096)
	fmt.Println(string(b6))
	show("munmap", syscall.Munmap(m))
	show("flock", syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	f2, _ := os.Open("big")
	show("flock", syscall.Flock(int(f2.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	f.Close()

	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			b, err := os.ReadFile(fmt.Sprintf("d/e/n%03d", i))
			mu.Lock()
			if err == nil {
				sum += len(b)
			}
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	fmt.Println(sum)
	fmt.Println(os.RemoveAll("d"))
	ents, err := os.ReadDir(".")
	for _, e := range ents {
		fmt.Print(e.Name(), " ")
	}
	fmt.Println(err)
	_, err = os.Open("none/x")
	fmt.Println(err)
	_, err = os.Create("/proc/none/x")
	fmt.Println(err != nil)
	os.Chdir("..")
}
