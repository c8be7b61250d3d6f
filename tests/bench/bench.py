#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What guise costs: the same program natively, as a Linux guest and as a FreeBSD guest, in turns, so that what else the
machine does falls on all three alike. Medians, and the ratio of each guest to the native program.

    bench.py --guise build/gcc/guise --built build/gcc/tests [--rounds 5] [--starts 60] [--engines trap,...]
"""
import argparse, os, statistics, subprocess, sys, time

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--guise', required=True)
p.add_argument('--built', required=True)
p.add_argument('--rounds', type=int, default=5)
p.add_argument('--starts', type=int, default=60)
p.add_argument('--engines', default='', help='instead of all that work')
opt = p.parse_args()
GUISE = os.path.abspath(opt.guise)
LINUX, FREEBSD = (os.path.join(os.path.abspath(opt.built), 'bench', 'calls.' + o) for o in ('linux', 'freebsd'))


def measures(argv):
    """One run: what it printed, {name: nanoseconds}."""
    out = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    if out.returncode:
        sys.exit('%s: status %d %s' % (' '.join(argv), out.returncode, out.stderr))
    return {name: int(ns) for name, ns in (line.rsplit(' ', 1) for line in out.stdout.splitlines())}


def start(argv):
    """One start and end, in nanoseconds."""
    t = time.perf_counter_ns()
    _, status = os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)
    t = time.perf_counter_ns() - t
    if status:
        sys.exit('%s: status %#x' % (' '.join(argv), status))
    return t


def in_turns(ways):
    """{measure: one list of results for each way}"""
    found = {'start': [[] for _ in ways]}
    for argv in ways:
        start(argv + ['nothing'])                       # the first has the disk to pay
    for _ in range(opt.starts):
        for i, argv in enumerate(ways):
            found['start'][i].append(start(argv + ['nothing']))
    for _ in range(opt.rounds):
        for i, argv in enumerate(ways):
            for name, ns in measures(argv).items():
                found.setdefault(name, [[] for _ in ways])[i].append(ns)
    return {name: [statistics.median(x) for x in results] for name, results in found.items()}


def working_engines():
    text = subprocess.run([GUISE, 'engines'], capture_output=True, text=True).stdout
    return [l.split()[0] for l in text.splitlines() if l.split()[1:2] == ['works']]


for engine in opt.engines.split(',') if opt.engines else working_engines():
    run = [GUISE, 'run', '--engine', engine]
    results = in_turns([[LINUX], run + [LINUX], run + [FREEBSD]])
    print('engine %-8s nanoseconds:%15s %11s %7s %11s %7s' % (engine, 'native', 'Linux', 'ratio', 'FreeBSD', 'ratio'))
    for name, (native, a, b) in results.items():
        print('%-27s%15d %11d %7.2f %11d %7.2f' % (name, native, a, a / native, b, b / native))
    more = (results['start'][2] - results['start'][0]) / 1e6
    print('a FreeBSD guest starts %.2f ms later than the Linux program (wanted: under 1 ms)' % more)
    print('medians of %d runs, %d starts, in turns\n' % (opt.rounds, opt.starts))
