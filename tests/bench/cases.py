# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: one row a line. A row says which ways of running something are compared, what one run yields, what is made
of the values that stood side by side, and what was wanted.

    ways     native: the Linux build, on Linux      guest: the FreeBSD build, on guise      an engine's name: on that one
             dispatch, stop, exit: what the host alone takes for an engine's way (bare.c)
             linux: the Linux build, on guise       text, raw, rare: the guest, traced      rule, filter, path: under a policy
             others: peers, if installed
    args     what the program is given; COUNT is replaced by what the mode asks for
"""
from collections import namedtuple
import measure

Row = namedtuple('Row', 'group what program args count once each ways figure unit sign wanted peers pin state')
# each: the unit of one value; unit: that of the figure, '' for a ratio; wanted: the figure's bound, by sign


# --- what is made of values side by side: {way: [value, ...]} -> [figure, ...] -----------------------------------------------

def ratio(v):
    return [g / n for n, g in zip(v['native'], v['guest'])]


def speed(v):                               # of times; of rates it is ratio
    return [n / g for n, g in zip(v['native'], v['guest'])]


def more(v):
    return [g - n for n, g in zip(v['native'], v['guest'])]


def alone(v):
    return v['guest']


def adds(way):
    return lambda v: [t - g for g, t in zip(v['guest'], v[way])]


def strace_adds(v):                         # how many times what our text adds
    return [(s - n) / max(t - g, 1) for n, s, g, t in zip(v['native'], v['strace'], v['guest'], v['text'])]


# --- rows ----------------------------------------------------------------------------------------------------------------

PEERS = ('linux', 'strace', 'qemu', 'runsc')


def call(what, case, wanted, count=15000, state='sealed', peers=PEERS, pin=False):
    return Row('calls', what, 'calls', [case, 'COUNT', state], count, measure.says, 'ns', ('native', 'guest'), ratio, '', '<=', wanted,
               peers if state == 'sealed' else (), pin, state)


def program(what, name, args, count, wanted=0.97, once=measure.says, each='/s', figure=ratio, sign='>='):
    return Row('programs', what, name, args, count, once, each, ('native', 'guest'), figure, '', sign, wanted, (), False, '')


def cost(what, case, once, figure, unit, wanted, count=1, ways=('native', 'guest'), state='armed'):
    return Row('costs', what, 'calls', [case, 'COUNT', state], count, once, unit, ways, figure, unit, '<=', wanted, (), False,
               state if state == 'kvm' else '')


def trace(what, figure, ways, wanted, unit='ns', sign='<=', case='mix'):
    return Row('trace', what, 'calls', [case, 'COUNT', 'armed'], 3000, measure.says, 'ns', ways, figure, unit, sign, wanted, (), False, '')


def engine(what, name, case, bare=None, wanted=1.20, count=15000, sign='<=', figure=None):
    return Row('engines', what, 'calls', [case, 'COUNT', 'armed'], count, measure.says, 'ns', (bare or 'native', name),
               figure or (lambda v: [g / b for b, g in zip(v[bare or 'native'], v[name])]), '', sign, wanted, (), False, '')


def engine_cost(what, case, once, unit, wanted):                 # beside the default engine
    return Row('engines', what, 'calls', [case, 'COUNT', 'armed'], 1, once, unit, ('guest', 'kvm'),
               lambda v: [k - g for g, k in zip(v['guest'], v['kvm'])], unit, '<=', wanted, (), False, '')


ROWS = [
    call('getpid, answered in process', 'getpid', 0.25),
    call('clock_gettime, as a call', 'clock', 0.5),
    call('getppid, sealed', 'getppid', 1.10),
    call('getppid, armed', 'getppid', 1.60, state='armed'),
    call('pread of 1 byte, tmpfs, sealed', 'pread', 1.10),
    call('pread of 1 byte, tmpfs, armed', 'pread', 1.10, state='armed'),
    call('pwrite of 1 byte, tmpfs, sealed', 'pwrite', 1.10),
    call('pwrite of 1 byte, tmpfs, armed', 'pwrite', 1.10, state='armed'),
    call('pipe, 1 byte there and back, sealed', 'pipe', 1.10, count=3000, pin=True),
    call('pipe, 1 byte there and back, armed', 'pipe', 1.10, count=3000, pin=True, state='armed'),
    call('stat, sealed', 'stat', 1.10),
    call('stat, armed', 'stat', 1.10, state='armed'),
    call('open and close, sealed', 'open', 1.10),
    call('open and close, armed', 'open', 1.10, state='armed'),
    call('futex/umtx hand-off, sealed', 'futex', 1.10, count=3000, pin=True),
    call('futex/umtx hand-off, armed', 'futex', 1.10, count=3000, pin=True, state='armed'),
    call('kqueue:epoll, 1,000 sockets, sealed', 'queue', 1.25, count=6000, peers=()),
    call('kqueue:epoll, 1,000 sockets, armed', 'queue', 1.25, count=6000, peers=(), state='armed'),
    call('fork, exit, wait', 'fork', 1.5, count=150, state='armed'),
    call('fork, exec, wait', 'exec', 1.5, count=75, state='armed'),
    program('esbuild bundles a large project', 'esbuild', ['PROJECT/main.tsx', '--bundle', '--minify', '--sourcemap', '--log-level=error',
            '--format=esm', '--outfile=out.js'], 1, 1.03, measure.lasts, 'ms', ratio, '<='),
    program('Go: compress', 'work', ['compress', 'COUNT'], 5),
    program('Go: json', 'work', ['json', 'COUNT'], 100),
    program('Go: HTTP over loopback, requests', 'work', ['serve', 'COUNT'], 16000),
    program('FreeBSD\'s Go compile builds go/types', 'compile', ['COMPILE'], 1, 0.97, measure.lasts, 'ms', speed),
    cost('start-up of a static hello', 'nothing', measure.lasts, more, 'ms', 1),
    cost('first trap and rewrite of a site', 'first', measure.says, alone, 'ns', 15000, 300, ways=('guest',)),
    cost('private memory of an idle guest', 'idle', measure.weighs, more, 'KiB', 2048),
    cost('processor time of an idle guest', 'idle', measure.burns, alone, 'us/s', 0, ways=('guest',)),
    cost('snapshot of a guest with 100 MiB (engine kvm)', 'fill', measure.saves, alone, 'ms', 1000, ways=('guest',), state='kvm'),
    cost('its restore, to the end of its first call', 'fill', measure.restores, alone, 'ms', 1000, ways=('guest',), state='kvm'),
    trace('trace as text adds to a call', adds('text'), ('guest', 'text'), 1500),
    trace('trace --raw adds to a call', adds('raw'), ('guest', 'raw'), 150),
    trace('trace -e of a rare call adds to others', adds('rare'), ('guest', 'rare'), 10),
    trace('a policy adds to calls no rule names', adds('rule'), ('guest', 'rule'), 10),
    trace('  and its filter in the host\'s kernel', adds('filter'), ('guest', 'filter'), 100),
    trace('a policy with paths adds to a stat', adds('path'), ('guest', 'path'), 6000, case='stat'),
    engine('a call, rewrite: native getppid', 'rewrite', 'getppid', wanted=1.60),
    engine('a call, seccomp: native getppid', 'seccomp', 'getppid', wanted=1.60),
    engine('a call, trap: a bare dispatch', 'trap', 'getpid', 'dispatch'),
    engine('a call, ptrace: a bare stop', 'ptrace', 'getpid', 'stop', count=3000),
    engine('a call, kvm: a bare exit', 'kvm', 'getpid', 'exit', count=3000),
    engine('computing under kvm: natively', 'kvm', 'compute', wanted=0.98, count=600, sign='>=',
           figure=lambda v: [n / g for n, g in zip(v['native'], v['kvm'])]),
    engine_cost('start-up: kvm adds', 'nothing', measure.lasts, 'ms', 10),
    engine_cost('private memory of an idle guest: kvm adds', 'idle', measure.weighs, 'KiB', 2048),
    trace('strace -f adds, in times of our text', strace_adds, ('native', 'strace', 'guest', 'text'), 20, 'x', '>='),
]
