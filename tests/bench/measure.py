# SPDX-License-Identifier: BSD-2-Clause
"""How bench.py comes to its numbers: what one run of a command yields, runs of several commands in turns, and what is made of
them: medians, and ratios of runs that stood side by side, so that a noisy minute falls on both."""
import os, statistics, subprocess, tempfile, time


class Failed(Exception):
    pass


def run(argv, cwd=None, env=None):
    p = subprocess.run(argv, capture_output=True, text=True, timeout=600, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
    if p.returncode:
        raise Failed('%s: status %d %s' % (' '.join(argv), p.returncode, p.stderr.strip()[-300:]))
    return p.stdout


# --- what one run yields: a function of (argv, folder) ---------------------------------------------------------------------

def says(argv, cwd):
    """It prints "AMOUNT TIMES": nanoseconds and calls, or requests and seconds; one divided by the other."""
    amount, times = run(argv, cwd).split()
    return float(amount) / float(times)


def lasts(argv, cwd):
    """From outside, from start to end, in milliseconds; without pipes and with one fork."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1)]
    here = os.getcwd()
    os.chdir(cwd)
    try:
        t = time.perf_counter_ns()
        _, status = os.waitpid(os.posix_spawn(argv[0], argv, os.environ, file_actions=actions), 0)
        t = time.perf_counter_ns() - t
    finally:
        os.chdir(here)
        os.close(null)
    if status:
        raise Failed('%s: status %#x' % (' '.join(argv), status))
    return t / 1e6


class Idle:
    """Processes that sleep in a read; asked when all do."""

    def __init__(self, argv, cwd, count):
        self.procs = []
        try:
            for _ in range(count):
                self.procs.append(subprocess.Popen(argv, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for p in self.procs:
                if p.stdout.readline() != b'idle\n':
                    raise Failed('%s: it does not sleep' % ' '.join(argv))
        except BaseException:
            self.end()
            raise

    def end(self):
        for p in self.procs:
            p.kill()
            p.wait()
            p.stdin.close()
            p.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def private(self):
        """KiB that nobody else has, page tables with them: the median process."""
        def of(pid):
            with open('/proc/%d/smaps_rollup' % pid) as f:
                kib = sum(int(l.split()[1]) for l in f if l.startswith('Private_'))
            with open('/proc/%d/status' % pid) as f:
                return kib + sum(int(l.split()[1]) for l in f if l.startswith('VmPTE'))
        return statistics.median(of(p.pid) for p in self.procs)

    def on_cpu(self):
        """Nanoseconds that all of them have run."""
        def of(pid):
            total = 0
            for task in os.listdir('/proc/%d/task' % pid):
                with open('/proc/%d/task/%s/schedstat' % (pid, task)) as f:
                    total += int(f.read().split()[0])
            return total
        return sum(of(p.pid) for p in self.procs)


def weighs(argv, cwd, count=20):
    with Idle(argv, cwd, count) as sleepers:
        return sleepers.private()


def burns(argv, cwd, count=20, seconds=1.0):
    """Microseconds of processor time that an idle process takes in a second."""
    with Idle(argv, cwd, count) as sleepers:
        time.sleep(0.2)
        before = sleepers.on_cpu()
        time.sleep(seconds)
        return (sleepers.on_cpu() - before) / 1e3 / seconds / count


def saves(argv, cwd):
    """Milliseconds that guise snapshot takes."""
    with Idle(argv, cwd, 1) as guest:
        t = time.perf_counter_ns()
        run([argv[0], 'snapshot', '-o', 'guest.snap', str(guest.procs[0].pid)], cwd)
        return (time.perf_counter_ns() - t) / 1e6


def restores(argv, cwd):
    """Milliseconds from the start of guise restore to the end of a program that only had to read one byte more."""
    with Idle(argv, cwd, 1) as guest:
        run([argv[0], 'snapshot', '-o', 'guest.snap', str(guest.procs[0].pid)], cwd)
    t = time.perf_counter_ns()
    p = subprocess.run([argv[0], 'restore', 'guest.snap'], cwd=cwd, input=b'x', stdout=subprocess.DEVNULL, timeout=60)
    t = time.perf_counter_ns() - t
    if p.returncode:
        raise Failed('guise restore: status %d' % p.returncode)
    return t / 1e6


# --- in turns ----------------------------------------------------------------------------------------------------------------

def in_turns(ways, once, rounds, cwd, seconds):
    """ways: {name: argv}. {name: results}, the nth of each taken side by side; a first turn is thrown away: disk, caches. After so
    many seconds no turn is begun, if there are five; after twice as many if there is one: on a machine that others want a row ends, too."""
    found = {name: [] for name in ways}
    begin = time.monotonic()
    for turn in range(rounds + 1):
        over = (time.monotonic() - begin) / seconds
        if (turn > 5 and over > 1) or (turn > 1 and over > 2):
            break
        for name, argv in ways.items():
            value = once(argv, cwd)
            if turn or rounds == 0:
                found[name].append(value)
    return found


def pinned(cpu):
    """Two threads that wake each other: on one processor, so that not the scheduler's choice of another is measured."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu if cpu in before else min(before)})
    return before


def spread(values):
    """Median, lower and upper quartile."""
    if len(values) < 2:
        return [values[0]] * 3
    low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
    return [middle, low, high]


def scratch():
    """A folder in memory, where the host has one."""
    shm = '/dev/shm'
    return tempfile.TemporaryDirectory(prefix='guise-bench-', dir=shm if os.access(shm, os.W_OK) else None)
