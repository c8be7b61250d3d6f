# SPDX-License-Identifier: BSD-2-Clause
# python3: threads, subprocesses, signals, sockets, select, mmap, multiprocessing, asyncio.
import asyncio, hashlib, mmap, multiprocessing, os, queue, select, signal, socket, struct, subprocess, sys, tempfile, threading, time

def threads():
    q, out = queue.Queue(), []
    def work():
        while (v := q.get()) is not None:
            out.append(v * v)
    ts = [threading.Thread(target=work) for _ in range(8)]
    [t.start() for t in ts]
    [q.put(i) for i in range(2000)]
    [q.put(None) for _ in ts]
    [t.join() for t in ts]
    return sum(out)

def signals():
    got = []
    signal.signal(signal.SIGUSR1, lambda n, f: got.append(n))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGALRM, lambda n, f: got.append(n))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    time.sleep(0.1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    os.kill(os.getpid(), signal.SIGUSR2)
    got.append(signal.sigwait([signal.SIGUSR2]))
    return [int(g) for g in got]

def sockets():
    a, b = socket.socketpair()
    a.sendall(b'x' * 100)
    r, _, _ = select.select([b], [], [], 1)
    s = socket.create_server(('127.0.0.1', 0))
    c = socket.create_connection(s.getsockname())
    d, _ = s.accept()
    d.sendall(b'tcp')
    p = select.epoll()
    p.register(c, select.EPOLLIN)
    return len(b.recv(1000)), bool(r), p.poll(1)[0][1], c.recv(10)

def square(x):
    return x * x

async def tasks():
    async def one(n):
        await asyncio.sleep(0.001 * (n % 5))
        return n
    p = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)
    out, _ = await p.communicate(b'async')
    return sum(await asyncio.gather(*(one(i) for i in range(50)))), out

if __name__ == '__main__':
    print('threads', threads())
    print('signals', signals())
    print('sockets', sockets())
    print(subprocess.run(['sh', '-c', 'cat; echo err >&2; exit 3'], input=b'in', capture_output=True))
    print(subprocess.run([sys.executable, '-c', 'import os; os.abort()'], stderr=subprocess.DEVNULL).returncode)
    with tempfile.TemporaryFile() as f:
        f.write(b'0' * 8192)
        f.flush()
        m = mmap.mmap(f.fileno(), 8192)
        m[4096:4100] = b'mmap'
        f.seek(4096)
        print(f.read(4))
    multiprocessing.set_start_method('fork')
    with multiprocessing.Pool(3) as pool:
        print(sum(pool.map(square, range(100))))
    print(asyncio.run(tasks()))
    print(hashlib.sha256(b'x' * 1000000).hexdigest()[:16], struct.unpack('<I', os.urandom(4))[0] >= 0)
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(w, b'child')
        os._exit(7)
    print(os.read(r, 10), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    try:
        open('/no/such/file')
    except OSError as e:
        print(e)
    print(os.path.basename(os.readlink('/proc/self/exe'))[:6], len(os.listdir('/proc/self/fd')))
    sys.exit(5)
