#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What guise costs, side by side with Linux itself and with its peers: every row of cases.py, its ways in turns (A B A B), in
one run. Ratios decide, so that a noisy machine does not. Prints a table; with --out also writes bench.txt, bench.json and
bench.svg there.

    bench.py --guise build/gcc/guise --built build/gcc/tests [--out FOLDER] [--mode quick|full|smoke] [--only WORD]

quick: some five minutes, what is built and fetched for it left out. full: more turns, a larger project and a thousand idle
guests, half an hour at most: each row has its seconds, and fewer turns where they are over.
smoke: a few calls each, without what must be built or fetched: whether it works at all, for the tests.
"""
import sys
sys.dont_write_bytecode = True
import argparse, functools, json, os, platform, resource, shutil, subprocess, time
import cases, chart, measure, project, tell

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
# turns of calls, of programs; the share of each row's count; modules of the project; seconds that a row's turns may take
MODES = {'quick': (15, 7, 1, 1200, 10), 'full': (61, 25, 1, 3000, 40), 'smoke': (1, 1, 0, 10, 60)}

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--guise', required=True)
p.add_argument('--built', required=True)
p.add_argument('--out', help='a folder for bench.txt, bench.json and bench.svg')
p.add_argument('--mode', choices=MODES, default='quick')
p.add_argument('--only', default='', help='rows whose name holds this word')
p.add_argument('--engine', default='', help='another than the default one')
opt = p.parse_args()
GUISE = [os.path.abspath(opt.guise), 'run'] + (['--engine', opt.engine] if opt.engine else [])
BUILT = os.path.join(os.path.abspath(opt.built), 'bench')
TURNS, PROGRAM_TURNS, SHARE, MODULES, SECONDS = MODES[opt.mode]


# --- programs: what each way runs; a reason where it cannot be had ----------------------------------------------------------

class Skipped(Exception):
    pass


def from_npm(package):
    """As the tests fetch it: pinned, kept in tests/cache."""
    env = dict(os.environ, TOP=TOP, CACHE=TOP + '/tests/cache')
    r = subprocess.run(['bash', '-c', '. "$TOP/tests/real/lib.sh"; fetch "$0"; echo "$dir"', package], env=env, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode:
        raise Skipped(r.stdout.strip().split('\n')[-1])
    return r.stdout.strip().split('\n')[-1] + '/bin/esbuild'


def from_go(name, source):
    """(Linux build, FreeBSD build), made once."""
    if not shutil.which('go'):
        raise Skipped('go is not installed')
    os.makedirs(BUILT, exist_ok=True)
    made = []
    for system in ('linux', 'freebsd'):
        to = '%s/%s.%s' % (BUILT, name, system)
        if not os.path.exists(to) or os.path.getmtime(to) < (os.path.getmtime(source) if os.path.exists(source) else 0):
            print('building %s for %s' % (name, system), file=sys.stderr)
            go(['build', '-o', to, source], system)
        made.append(to)
    return made


def go(args, system='linux'):
    env = dict(os.environ, CGO_ENABLED='0', GOOS=system, GOARCH='amd64', GO111MODULE='off', GOFLAGS='', GOTOOLCHAIN='local')
    r = subprocess.run(['go'] + args, env=env, capture_output=True, text=True)
    if r.returncode:
        raise Skipped('go %s: %s' % (args[0], r.stderr.strip().split('\n')[-1]))
    return r.stdout


def pair(name):
    """(native program, guest program)"""
    if name == 'calls':
        return BUILT + '/calls.linux', BUILT + '/calls.freebsd'
    if opt.mode == 'smoke':
        raise Skipped('too much for a smoke test')
    if name == 'esbuild':
        return from_npm('@esbuild/linux-x64'), from_npm('@esbuild/freebsd-x64')
    return from_go(name, {'work': HERE + '/go/main.go', 'compile': 'cmd/compile'}[name])


def compile_args(where):
    """What `go build` gives the compiler for go/types: for Linux both, so that both must make the same file."""
    packages = go(['list', '-export', '-deps', '-f', '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}', 'go/types'])
    with open(where + '/importcfg', 'w') as f:
        f.write(packages)
    files = go(['list', '-f', '{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}', 'go/types']).split()
    os.environ.update(GOOS='linux', GOARCH='amd64')
    return ['-p', 'go/types', '-complete', '-pack', '-importcfg', 'importcfg', '-o', 'out.a'] + files


def peers():
    """{way: command before a native program}, {way: why not}"""
    found, lacking = {}, {}
    for way, tool, command in (('strace', 'strace', ['strace', '-f', '-o', '/dev/null']), ('qemu', 'qemu-x86_64', ['qemu-x86_64']),
                               ('runsc', 'runsc', ['runsc', '--rootless', '--platform=ptrace', '--network=none', 'do', '-cwd', '/tmp'])):
        if shutil.which(tool):
            found[way] = command
        else:
            lacking[way] = tool + ' is not installed'
    return found, lacking


@functools.cache
def engines_here():
    text = subprocess.run([GUISE[0], 'engines'], capture_output=True, text=True, timeout=60).stdout
    return [l.split()[0] for l in text.splitlines() if l.split()[1:2] == ['works']]


def ways_of(row, where, tools):
    native, guest = pair(row.program)
    count = row.count if SHARE else min(row.count, 3000)          # a guest is looked at for sealing after 2,000
    args = [str(count) if a == 'COUNT' else a.replace('PROJECT', where + '/project') for a in row.args]
    if args == ['COMPILE']:
        args = compile_args(where)
    trace = GUISE[:1] + ['trace'] + GUISE[2:]
    ways = {'native': [native], 'guest': GUISE + [guest], 'linux': GUISE + [native], 'text': trace + ['-o', 'out', guest],
            'raw': trace + ['--raw', 'out', guest], 'rare': trace + ['-e', 'reboot', '-o', 'out', guest]}
    for way, rule in (('rule', 'call = "reboot"\naction = "log"'), ('path', 'path = "/nowhere/**"\naction = "deny"'),
                      ('filter', 'call = "reboot"\naction = "deny"')):
        with open(where + '/' + way + '.toml', 'w') as f:
            f.write('[[rule]]\n%s\n' % rule)
        ways[way] = GUISE[:1] + ['audit', '--policy', where + '/' + way + '.toml', '-o', '/dev/null'] + GUISE[2:] + [guest]
    ways.update({e: GUISE[:2] + ['--engine', e, guest] for e in engines_here()})
    ways.update({way: [BUILT + '/bare', way] for way, e in (('dispatch', 'trap'), ('stop', 'ptrace'), ('exit', 'kvm')) if e in ways})
    ways.update({way: command + [native] for way, command in tools.items()})
    return {way: argv + args for way, argv in ways.items()}


# --- a row -----------------------------------------------------------------------------------------------------------------

def is_sealed(argv, where):
    report = where + '/report'
    measure.run(GUISE + ['--report', report] + argv[len(GUISE):], where)
    with open(report) as f:
        sealed = [event['sealed'] for event in map(json.loads, f) if event['event'] == 'sites'][-1]    # children end first
    os.unlink(report)
    return sealed


def slower_peers(row, argvs, where, native):
    """{peer: median ratio to native}: fewer calls and turns, since some take thousands of times as long."""
    ratios = {}
    for way in row.peers:
        if way not in argvs:
            continue
        argv = [str(max(int(a) // 10, 30)) if a.isdigit() else a for a in argvs[way]]
        try:
            took = measure.in_turns({way: argv}, row.once, min(TURNS, 3), where, SECONDS)[way]
            ratios[way] = measure.spread(took)[0] / native
        except measure.Failed as e:
            print('%s, %s: %s' % (row.what, way, e), file=sys.stderr)
    return ratios


def measured(row, where, tools):
    argvs = ways_of(row, where, tools)
    if any(way not in argvs for way in row.ways):
        lacks = [w for w in row.ways if w not in argvs][0]
        raise Skipped('%s is not installed' % lacks if row.group != 'engines' else 'that engine does not work here')
    before = measure.pinned(1) if row.pin else None
    try:
        if row.state == 'kvm':
            if 'kvm' not in engines_here():
                raise Skipped('the engine kvm does not work here')
            argvs = {way: GUISE[:2] + ['--engine', 'kvm'] + argv[len(GUISE):] for way, argv in argvs.items() if way == 'guest'}
        elif row.state and is_sealed(argvs['guest'], where) != (row.state == 'sealed'):
            raise Skipped('the guest is not ' + row.state)
        turns = PROGRAM_TURNS if row.program != 'calls' else TURNS
        values = measure.in_turns({w: argvs[w] for w in row.ways}, row.once, turns, where, SECONDS)
        figures = row.figure(values)
        middle, low, high = measure.spread(figures)
        medians = {w: measure.spread(v)[0] for w, v in values.items()}
        others = slower_peers(row, argvs, where, medians['native']) if row.peers else {}
    finally:
        if before:
            os.sched_setaffinity(0, before)
    met = middle <= row.wanted if row.sign == '<=' else middle >= row.wanted
    return {'medians': medians, 'values': values, 'figure': middle, 'low': low, 'high': high, 'peers': others, 'met': met}


def result(row, where, tools):
    head = {'group': row.group, 'what': row.what, 'each': row.each, 'unit': row.unit, 'sign': row.sign, 'wanted': row.wanted}
    try:
        return dict(head, **measured(row, where, tools))
    except (Skipped, measure.Failed, subprocess.TimeoutExpired) as e:
        return dict(head, skipped=str(e), failed=not isinstance(e, Skipped))


def steps_in(where):
    """The instructions of a call, by phase, as a table; '' where that cannot be counted."""
    r = subprocess.run([BUILT + '/steps', GUISE[0], BUILT + '/calls.freebsd', BUILT + '/calls.linux'], capture_output=True, text=True,
                       cwd=where)
    return r.stdout if not r.returncode else ''


def thousand(where):
    """Do a thousand idle guests fit?"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    t = time.time()
    with measure.Idle(GUISE + [BUILT + '/calls.freebsd', 'idle', '1'], where, 1000) as sleepers:
        started = time.time() - t
        return 'a thousand idle guests: started in %.1f s, %.0f MiB of private memory together' % (
            started, sleepers.private() * 1000 / 1024)


def machine():
    with open('/proc/cpuinfo') as f:
        cpu = next((l.split(':')[1].strip() for l in f if l.startswith('model name')), 'unknown')
    return {'kernel': platform.release(), 'cpu': cpu, 'cpus': os.cpu_count(), 'load': round(os.getloadavg()[0], 1)}


def main():
    start = time.time()
    tools, lacking = peers()
    rows = [r for r in cases.ROWS if opt.only in r.what]
    lines, results = [], []

    def say(text):
        lines.append(text)
        print(text, flush=True)
    m = machine()
    say(tell.where(m))
    if m['load'] > m['cpus'] / 2:
        say('others want the processors: rows with more than one thread or process, and programs, say less than they could')
    say(tell.HEAD)
    with measure.scratch() as where:
        project.write(where + '/project', MODULES)
        for row in rows:
            results.append(result(row, where, tools))
            say(tell.line(results[-1]))
        counted = steps_in(where)
        if opt.mode == 'full':
            say(thousand(where))
    for text in tell.peer_table(results, lacking):
        say(text)
    say('%d rows, %s, in turns, %d s' % (len(rows), opt.mode, time.time() - start))
    if opt.out:
        os.makedirs(opt.out, exist_ok=True)
        found = {'schema': 'guise-bench-1', 'mode': opt.mode, 'engine': opt.engine or 'default', 'machine': m, 'rows': results,
                 'peers_skipped': lacking, 'steps': counted}
        for name, text in (('txt', '\n'.join(lines) + '\n'), ('json', json.dumps(found, indent=1) + '\n'), ('svg', chart.draw(found))):
            with open('%s/bench.%s' % (opt.out, name), 'w') as f:
                f.write(text)
        print('written: %s/bench.txt, bench.json, bench.svg' % os.path.relpath(opt.out))
    return 1 if any(r.get('failed') for r in results) else 0


if __name__ == '__main__':
    sys.exit(main())
