#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What guise costs: each measure natively, as a Linux guest and as a FreeBSD guest, with ratios; best of three runs."""
import argparse, os, subprocess, sys, time

p = argparse.ArgumentParser(description=__doc__)
p.add_argument('--guise', required=True)
p.add_argument('--built', required=True)
opt = p.parse_args()
guise = os.path.abspath(opt.guise)
linux, freebsd = (os.path.join(os.path.abspath(opt.built), 'bench', 'calls.' + o) for o in ('linux', 'freebsd'))


def measures(argv):
    best = {}
    for _ in range(3):
        out = subprocess.run(argv, capture_output=True, text=True, timeout=300)
        if out.returncode:
            sys.exit('%s: status %d %s' % (' '.join(argv), out.returncode, out.stderr))
        for line in out.stdout.splitlines():
            name, ns = line.rsplit(' ', 1)
            best[name] = min(int(ns), best.get(name, 1 << 60))
    return best


def start(argv):
    """One start and end, in nanoseconds: the best mean of five rounds."""
    def round_():
        t = time.perf_counter_ns()
        for _ in range(40):
            pid = os.posix_spawn(argv[0], argv, os.environ)
            os.waitpid(pid, 0)
        return (time.perf_counter_ns() - t) // 40
    return min(round_() for _ in range(5))


engines = [l.split()[0] for l in subprocess.run([guise, 'engines'], capture_output=True, text=True).stdout.splitlines()
           if len(l.split()) > 1 and l.split()[1] == 'works']
native = measures([linux])
native['start'] = start([linux, 'nothing'])
for engine in engines:
    run = [guise, 'run', '--engine', engine]
    as_linux, as_freebsd = measures(run + [linux]), measures(run + [freebsd])
    as_linux['start'], as_freebsd['start'] = start(run + [linux, 'nothing']), start(run + [freebsd, 'nothing'])
    print('engine %s, nanoseconds%18s %10s %8s %10s %8s' % (engine, 'native', 'Linux', 'ratio', 'FreeBSD', 'ratio'))
    for name, ns in native.items():
        a, b = as_linux.get(name), as_freebsd.get(name)
        print('%-28s%18d %10d %8.2f %10d %8.2f' % (name, ns, a, a / ns, b, b / ns))
    more = (as_freebsd['start'] - native['start']) / 1e6
    print('a FreeBSD guest starts %.2f ms later than the Linux program (wanted: under 1 ms)\n' % more)
