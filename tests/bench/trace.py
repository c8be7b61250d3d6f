#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a trace costs: the same Linux program natively, under guise, traced in several ways and under strace -f, in turns.
Numbers are nanoseconds a call that the program sees; "added" is what the trace adds to guise alone (strace: to native).
"whole" is the run from outside, divided by its calls: it has the telling in it, too, which another processor does.

    trace.py --guise build/gcc/guise --built build/gcc/tests [--rounds 5]
"""
import argparse, os, shutil, statistics, subprocess, sys, tempfile, time

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--guise', required=True)
p.add_argument('--built', required=True)
p.add_argument('--rounds', type=int, default=5)
opt = p.parse_args()
GUISE = os.path.abspath(opt.guise)
LINUX = os.path.join(os.path.abspath(opt.built), 'bench', 'calls.linux')
where = tempfile.mkdtemp(prefix='guise-bench-')
out = os.path.join(where, 'out')
WANTED = {'text': 1500, 'raw': 150, 'rare': 10}

ways = {'native': [LINUX], 'guise': [GUISE, 'run', LINUX], 'text': [GUISE, 'trace', '-o', out, LINUX],
        'json': [GUISE, 'trace', '--json', '-o', out, LINUX], 'raw': [GUISE, 'trace', '--raw', out, LINUX],
        'count': [GUISE, 'trace', '-c', '-o', out, LINUX], 'rare': [GUISE, 'trace', '-e', 'reboot', '-o', out, LINUX]}
if shutil.which('strace'):
    ways['strace'] = ['strace', '-f', '-o', out, LINUX]
names = ('getpid', 'close(-1)', 'read 1 byte', 'stat', 'open and close')
found = {w: {n: [] for n in names + ('whole',)} for w in ways}
try:
    for turn in range(opt.rounds + 1):
        for w, argv in ways.items():
            t = time.perf_counter_ns()
            r = subprocess.run(argv, capture_output=True, text=True, timeout=300)
            t = time.perf_counter_ns() - t
            if r.returncode:
                sys.exit('%s: status %d %s' % (' '.join(argv), r.returncode, r.stderr))
            if not turn:
                continue                                # the disk and the caches
            for line in r.stdout.splitlines():
                n, ns = line.rsplit(' ', 1)
                if n in names:
                    found[w][n].append(int(ns))
            found[w]['whole'].append(t / 200000)
finally:
    shutil.rmtree(where)
best = {w: {n: min(x) for n, x in f.items()} for w, f in found.items()}
print('%-16s' % 'nanoseconds', *('%8s' % w for w in ways))
for n in names + ('whole',):
    print('%-16s' % n, *('%8d' % best[w][n] for w in ways))
added = {w: statistics.median(best[w][n] - best['native' if w == 'strace' else 'guise'][n] for n in names) for w in ways}
for w, most in WANTED.items():
    print('%-6s adds %5d ns a call (wanted: %d at most)' % (w, added[w], most))
if 'strace' in ways:
    print('strace adds %5d ns a call: %.0f times what text does (wanted: 20 at least)' % (added['strace'], added['strace'] / max(1, added['text'])))
print('best of %d, in turns' % opt.rounds)
