# SPDX-License-Identifier: BSD-2-Clause
"""Suites in C and sh that FreeBSD and NetBSD keep for their kernels, libraries and programs; `suites` says which.

A FreeBSD source tree (tests/sys, lib/*/tests, contrib/netbsd-tests) and a base tree with headers and the private ATF library
are needed; clang and lld build each test program against it. Nothing of either is part of this project, and nothing is
fetched. There is no Linux twin of these: what passes natively is not known. Each case runs in a process and a directory
of its own, as an ordinary user where it asks for one; two minutes at most. Scripts of ATF and of sh need a base tree
that has its programs (bin/sh, usr/libexec/atf-sh).
"""
import concurrent.futures, hashlib, os, re, shutil, signal, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# What the suites' own build would have put there.
PRELUDE = '''
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/time.h>
#include <sys/resource.h>
#ifndef __dead
#define __dead __dead2
#endif
#define __arraycount(a) (sizeof(a) / sizeof((a)[0]))
#define __UNCONST(a) ((void *)(unsigned long)(const void *)(a))
#define ___STRING(x) __STRING(x)
#define __BIT(n) (1ULL << (n))
#define IPPORT_RESERVEDMAX 1023
#define MAP_INHERIT_SHARE 0
#define MAP_INHERIT_COPY 1
#define MAP_INHERIT_NONE 2
#define MAP_INHERIT_ZERO 3
#define wrusage __wrusage
'''
MACROS = '''
#include <sys/param.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <atf-c.h>
#define ATF_REQUIRE_FEATURE(n)
#define ATF_REQUIRE_KERNEL_MODULE(n)
#define ATF_REQUIRE_SYSCTL_INT(n, v)
#define PLAIN_REQUIRE_FEATURE(n, e)
#define PLAIN_REQUIRE_KERNEL_MODULE(n, e)
'''
MADE = {'posix_spawn': {'h_zero': 2048}, 'sys': {'truncate_test.root_owned': 0}}     # suite: {file of zeros: its length}
STUBS = 'void set_vm_max_wired(int x) { }\nvoid restore_vm_max_wired(void) { }\n'       # theirs would change the machine's limit
QEMU = '#include <stdbool.h>\nstatic inline bool isQEMU(void) { return false; }\nstatic inline bool isQEMU_TCG(void) { return false; }\n'
LIBS = ['-Wl,--as-needed', '-lpthread', '-lutil', '-lrt', '-lm', '-lmd', '-lkvm', '-lcrypt', '-lcrypto', '-lnv', '-lz', '-lsbuf',
        '-lproc', '-lexecinfo', '-lrpcsvc', '-ledit']
RESULT = re.compile(r'(passed|skipped|failed|expected_\w+)\b')
TAP = re.compile(r'(not )?ok\b\s*(\d*)\s*-?\s*(.*)')


PASSED = re.compile(r'(\S.*\S)\s+passed$')
FOREIGN = re.compile(r'_(windows|darwin|linux|sunos)\.c$')
LIBRARY = re.compile(r'\.so(\.\d+)?$')
LISTED = re.compile(r'\s*\d+: (test_\S+)')


def suites():
    """{name: (folder, flags)}"""
    found = {}
    with open(HERE + '/suites') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                name, folder, *flags = line.split()
                found[name] = (folder, flags)
    return found


def headers(where):
    os.makedirs(where + '/freebsd_test_suite', exist_ok=True)
    for name, text in (('prelude.h', PRELUDE), ('freebsd_test_suite/macros.h', MACROS), ('isqemu.h', QEMU), ('stubs.c', STUBS)):
        with open(os.path.join(where, name), 'w') as f:
            f.write(text)


def build(opt, inc, out, sources, flags):
    """The error's first line, or None. What was built from the same is kept."""
    nb, cxx = opt.src + '/contrib/netbsd-tests', sources[0].endswith(('.cc', '.cxx'))
    argv = ['clang++' if cxx else 'clang', '--target=x86_64-unknown-freebsd13', '--sysroot=' + opt.root, '-fuse-ld=lld', '-O1', '-w',
            '-fcommon', '-D_POSIX_THREADS', '-D__printf0like(a,b)=', '-include', inc + '/prelude.h', '-I' + inc, '-I' + nb,
            '-I' + opt.src + '/lib/libnetbsd']
    argv += ['-nostdlib++', '-lc++', '-lcxxrt', '-nostdinc++', '-isystem', opt.root + '/usr/include/c++/v1'] if cxx else []
    argv += ['-I' + os.path.join(opt.src, f[2:]) if f.startswith('-I') else f for f in flags]
    argv += sources + ([] if cxx else [inc + '/stubs.c']) + ['-o', out] + LIBS + (['-lprivateatf-c++'] if cxx else []) + ['-lprivateatf-c']
    of = hashlib.sha256(repr((argv, PRELUDE, MACROS, STUBS, [os.stat(s).st_mtime for s in sources])).encode()).hexdigest()
    if os.path.exists(out + '.of') and open(out + '.of').readline().strip() == of:
        return open(out + '.of').read().partition('\n')[2] or None
    p = subprocess.run(argv, capture_output=True, text=True)
    why = next((l for l in p.stderr.splitlines() if 'error' in l), 'error').strip()[:200] if p.returncode else None
    with open(out + '.of', 'w') as f:
        f.write(of + '\n' + (why or ''))
    return why


def guest(opt, argv, cwd, user=None, err=False, limit=120):
    """(exit status or 'hang', output); err: output is stdout and stderr"""
    env = {'SH': '/bin/sh', 'PATH': '/bin:/sbin:/usr/bin:/usr/sbin', 'HOME': cwd, 'LANG': 'C', '__RUNNING_INSIDE_ATF_RUN': 'internal-yes-value',
           'LD_LIBRARY_PATH': '/usr/lib/private:/lib:/usr/lib'}
    as_user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] if user == 'unprivileged' else []
    p = subprocess.Popen((as_user if os.geteuid() == 0 else []) + [opt.guise, 'run', '--root', opt.root] + argv, cwd=cwd, env=env,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE if err else subprocess.STDOUT,
                         start_new_session=True)
    try:
        out, status = p.communicate(timeout=limit), p.returncode
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, status = p.communicate(), 'hang'
    out = [x.decode(errors='replace') for x in out if x is not None]
    return status, out if err else out[0]


def ended(status):
    return 'no end in time' if status == 'hang' else 'exit status %s' % status


def cases(opt, argv, work):
    """[(name, the user it wants)], or None where the program is none of ATF's."""
    status, out = guest(opt, argv + ['-l'], work)
    found = []
    for line in out.splitlines():
        if line.startswith('ident: '):
            found.append([line[7:], None])
        elif line.startswith('require.user: ') and found:
            found[-1][1] = line.split(': ')[1]
    return found


def in_a_folder(user, then):
    where = tempfile.mkdtemp(prefix='guise-conformance-')
    try:
        os.chmod(where, 0o755)
        if user == 'unprivileged' and os.geteuid() == 0:
            os.chown(where, 65534, 65534)
        return then(where)
    finally:
        shutil.rmtree(where, ignore_errors=True)


def run_atf(opt, argv, beside, name, user):
    """[(case, verdict, why)]: of one case of an ATF program."""
    def run(where, how=None):
        told = os.path.join(where, 'result-of-atf')
        how = ['-r', told] if how is None else how
        status, out = guest(opt, argv + how + ['-s', beside, name], where, user)
        text = open(told).read() if how and os.path.exists(told) else ''
        text = text or re.sub('.*Failed to write results file; result (.*), reason ', r'\1: ', out)
        lines = [l for l in text.splitlines() if RESULT.match(l)]
        if not lines:
            return [(name, 'FAIL', 'no result; ' + ended(status))]
        kind = RESULT.match(lines[-1]).group(1)
        verdict = {'skipped': 'SKIP', 'failed': 'FAIL'}.get(kind, 'PASS')
        if verdict == 'FAIL' and '-r' in how:    # some count descriptors, and the file of the result is one
            return run(where, [])
        return [(name, verdict, '' if verdict == 'PASS' else lines[-1][:200])]
    return in_a_folder(user, run)


def run_lines(opt, argv):
    """[(case, verdict, why)]: of a program that prints "ok" and "not ok", or else passes by its exit status."""
    def run(where):
        status, out = guest(opt, argv, where, limit=600)
        told = []
        for line in out.replace(opt.src + '/', '').splitlines():
            passed = PASSED.match(line)
            if passed:
                told.append((passed.group(1), 'PASS', ''))
            m = TAP.match(line)
            if m:
                name = '%s %s' % (m.group(2) or len(told) + 1, m.group(3)[:60])
                told.append((name.strip(), 'FAIL' if m.group(1) and 'TODO' not in m.group(3) else 'PASS', line[:200] if m.group(1) else ''))
        if status != 0 or not told:
            told.append(('end', 'PASS' if status == 0 else 'FAIL', '' if status == 0 else
                         '%s; %s' % (ended(status), out.strip()[-150:].replace('\n', ' '))))
        return told
    return in_a_folder(None, run)


def run_listed(opt, argv, limit):
    """[(case, verdict, why)]: of a program that numbers its tests and names those that failed at its end."""
    def run(where):
        status, out = guest(opt, argv, where, limit=limit)
        ran, _, failed = out.partition('Failing tests:')
        failed, told, lines = set(LISTED.findall(failed)), [], ran.splitlines()
        for line in [l for l in lines if LISTED.match(l)]:
            name, skipped = LISTED.match(line).group(1), line.endswith('ok (S)')
            told.append((name, 'FAIL' if name in failed else 'SKIP' if skipped else 'PASS',
                         'it says so at its end' if name in failed else 'skips some of itself or all' if skipped else ''))
        if not told or (status != 0 and not failed):
            told.append(('end', 'FAIL', '%s; %s' % (ended(status), out.strip()[-150:].replace('\n', ' '))))
        return told
    return in_a_folder(None, run)


def run_status(opt, argv, script):
    """[(case, verdict, why)]: of a script NAME.N, which ends with status N and prints what lies in NAME.N.stdout and .stderr."""
    def run(where):
        status, out = guest(opt, argv, where, err=True)
        want, told = int(script.rpartition('.')[2]), []
        for of, ending in zip(out, ('.stdout', '.stderr')):
            if os.path.exists(script + ending) and open(script + ending, errors='replace').read() != of:
                told.append('another %s: %s' % (ending[1:], of[-150:].replace('\n', ' ')))
        if status != want:
            told.insert(0, '%s rather than %d' % (ended(status), want))
        return [('', 'FAIL' if told else 'PASS', '; '.join(told))]
    return in_a_folder(None, run)


def names(opt):
    """The suites that can be run here, or why none can."""
    if not (opt.src and opt.root):
        return [], 'the suites in C need --src and --root (make conformance FREEBSD_SRC=... FREEBSD_ROOT=...)'
    if not shutil.which('clang') or not shutil.which('ld.lld'):
        return [], 'the suites in C need clang and lld'
    return ['c/' + n for n, (folder, _) in suites().items() if os.path.isdir(os.path.join(opt.src, folder))], None


SCRIPTS = {'status': re.compile(r'\.\d+$'), 'prove': re.compile(r'\.t$'), 'tap': re.compile(r'_tests?\.sh$')}     # scripts of sh, by what their names end in
KINDS = ('one', 'list', *SCRIPTS)


def sort_of(path):
    """How a source is run: 'atf', 'lines', 'help' (for the others to start), or 'sh'."""
    name, text = os.path.basename(path), open(path, errors='replace').read()
    if name.endswith('.sh'):
        return 'sh' if 'atf_init_test_cases' in text else 'data'
    if 'ATF_TP_ADD_TCS' in text or 'ATF_INIT_TEST_CASES' in text:
        return 'atf'
    if name.startswith('h_') or 'helper' in name or 'main(' not in text:
        return 'help'
    return 'lines'


def its_own(flags):
    """{program: [flag or source]}"""
    return {x.partition('=')[0]: x.partition('=')[2].split(',') for x in flags if x[0] not in '-!+^' and '=' in x}


def in_tree(opt, at, words):
    """Where the sources among them lie: in the tree, or made beside the programs. A folder stands for all that it has for this system."""
    found = []
    for x in [x for x in words if x[0] != '-']:
        place = os.path.join(opt.src if '/' in x else at, x)
        found += [place] if not x.endswith('/') else [place + f for f in sorted(os.listdir(place)) if f.endswith('.c') and not FOREIGN.search(f)]
    return found


def rpcgen(opt, src, at):
    """What the base tree's rpcgen makes of the descriptions of the suite; the flags that find it."""
    some = [f[:-2] for f in os.listdir(src) if f.endswith('.x')]
    for x in some:
        for kind, out in ('-h', x + '.h'), ('-c', x + '_xdr.c'):
            if os.path.exists(os.path.join(at, out)):
                os.unlink(os.path.join(at, out))
            guest(opt, ['/usr/bin/rpcgen', '-Y', '/usr/bin', '-L', '-C', kind, '-o', out, x + '.x'], at)
    return ['-I' + at] if some else []


def libraries(opt, inc, at, own):
    """The libraries of the suite, made; the flags that find them."""
    some = {n: what for n, what in own.items() if LIBRARY.search(n)}
    for n, what in some.items():
        build(opt, inc, os.path.join(at, n), in_tree(opt, at, what), ['-shared', '-fPIC', '-Wl,-soname,' + n] + [x for x in what if x[0] == '-'])
    return ['-L' + at, '-Wl,-rpath,' + at] if some else []


def prepare(opt, name, work, folder, flags):
    """Everything that the suite needs, built or copied to one folder: (folder, [(program, sort)], told)."""
    at, src, programs, told = os.path.join(opt.cache, 'c', name), os.path.join(opt.src, folder), [], []
    inc = os.path.join(opt.cache, 'c', 'include')
    headers(inc)
    shutil.copytree(src, at, dirs_exist_ok=True, ignore=shutil.ignore_patterns('*.c', '*.cc', '*.cxx', '*.h', 'Makefile*'))
    for more in [os.path.join(opt.src, x[1:]) for x in flags if x.startswith('+')]:
        shutil.copy(more, at)
    for more in [os.path.join(opt.src, x[1:]) for x in flags if x.startswith('^')]:
        shutil.copy(more, os.path.dirname(at))
    for made, zeros in MADE.get(name, {}).items():
        with open(os.path.join(at, made), 'wb') as f:
            f.write(bytes(zeros))
        os.chmod(os.path.join(at, made), 0o755)
    left = [x[1:] for x in flags if x.startswith('!')]
    own, kinds, flags = its_own(flags), [x for x in flags if x in KINDS], [x for x in flags if x[0] == '-']
    flags += rpcgen(opt, src, at) + libraries(opt, inc, at, own)
    sources = sorted(f for f in os.listdir(src) if f.endswith(('.c', '.cc', '.cxx', '.sh')) and f.rpartition('.')[0] not in left)
    for kind in set(kinds) & set(SCRIPTS):
        for where, _, files in sorted(os.walk(at)):
            programs += [(os.path.join(where, f), kind) for f in sorted(files)
                         if SCRIPTS[kind].search(f) and (kind != 'tap' or sort_of(os.path.join(where, f)) != 'sh')]
    if 'list' in kinds:
        with open(os.path.join(at, 'list.h'), 'w') as f:
            f.writelines(re.findall(r'^DEFINE_TEST\(\w+\)\n', ''.join(open(os.path.join(src, x), errors='replace').read() for x in sources), re.M))
        flags.append('-I' + at)
    parts = {os.path.splitext(f)[0] for f in sources} | {name}
    for program in [x for x in own if x not in parts and not LIBRARY.search(x)]:
        build(opt, inc, os.path.join(at, program), in_tree(opt, at, own[program]), flags + [x for x in own[program] if x[0] == '-'])
    if 'one' in kinds:                   # all sources are one program
        sources = [[f for f in sources if f.endswith('.c')]]
    with concurrent.futures.ThreadPoolExecutor(opt.jobs) as pool:
        jobs = []
        for f in sources:
            some = f if isinstance(f, list) else [f]
            out, sort = os.path.join(at, name if isinstance(f, list) else os.path.splitext(f)[0]), sort_of(os.path.join(src, some[-1]))
            if some[0].endswith('.sh'):
                shutil.copy(os.path.join(src, f), out if sort == 'sh' else at)
                os.chmod(out if sort == 'sh' else os.path.join(at, f), 0o755)
                job = None
            else:
                more = own.get(os.path.basename(out), [])
                job = pool.submit(build, opt, inc, out, [os.path.join(src, s) for s in some] + in_tree(opt, at, more),
                                  ['-I' + folder] + flags + [x for x in more if x[0] == '-'])
            jobs.append((out, 'lines' if isinstance(f, list) else sort, job))
    for out, sort, job in jobs:
        why = job and job.result()
        if why and sort != 'help':
            told.append({'test': os.path.basename(out), 'native': None, 'guest': 'NOT BUILT', 'why': why.replace(opt.src + '/', '')})
        elif sort in ('atf', 'lines', 'sh') and 'prove' not in kinds:
            programs.append((out, sort))
    os.system('chmod -R a+rX ' + os.path.dirname(at))
    return at, programs, told


def begin(opt, pool, at, work, program, sort, flags):
    """What is to be waited for: each result is a list of (case, verdict, why)."""
    if sort == 'status':
        return [pool.submit(run_status, opt, ['/bin/sh', program], program)]
    args = [x[5:].replace('{at}', at) for x in flags if x.startswith('args:')]
    if 'list' in flags and sort == 'lines':
        return [pool.submit(run_listed, opt, [program, '-r', at] + args, 900)]
    if sort in ('lines', 'prove', 'tap'):
        return [pool.submit(run_lines, opt, [program] + args if sort == 'lines' else ['/bin/sh', program])]
    argv = ['/usr/libexec/atf-sh', program] if sort == 'sh' else [program]
    none = [(os.path.basename(program), 'FAIL', 'it tells no cases')]
    return [pool.submit(run_atf, opt, argv, at, c, user) for c, user in cases(opt, argv, work)] or [pool.submit(lambda: none)]


def run(opt, name, work):
    """A list of {'test', 'native', 'guest', 'why'}."""
    name = name[2:]
    folder, flags = suites()[name]
    at, programs, told = prepare(opt, name, work, folder, flags)
    by = {}                              # the cases of one program together; scripts all together; queues of System V alone
    for program, sort in programs:
        by.setdefault(sort if sort in SCRIPTS else program, []).append((program, sort))
    for which, some in by.items():
        with concurrent.futures.ThreadPoolExecutor(1 if 'msg' in os.path.basename(which) else opt.jobs) as pool:
            jobs = [(program, job) for program, sort in some for job in begin(opt, pool, at, work, program, sort, flags)]
            for program, job in jobs:
                for c, verdict, why in job.result():
                    why = why.replace(opt.src + '/', '').replace(at + '/', '')
                    told.append({'test': os.path.relpath(program, at) + (c and ':' + c), 'native': None, 'guest': verdict, 'why': why})
    return told
