# SPDX-License-Identifier: BSD-2-Clause
"""Suites in C that FreeBSD and NetBSD keep for their kernels and libc, each a program of the ATF library.

A FreeBSD source tree (tests/sys, contrib/netbsd-tests) and a base tree with headers and the private ATF library are
needed; clang and lld build each test program against it. Nothing of either is part of this project, and nothing is
fetched. There is no Linux twin of these: what passes natively is not known. Each case runs in a process and a directory
of its own, as an ordinary user where it asks for one; two minutes at most.
"""
import concurrent.futures, os, re, shutil, signal, subprocess, tempfile

SUITES = {                                   # name: (folder of SRC, libraries)
    'sys': ('contrib/netbsd-tests/lib/libc/sys', ['-lutil', '-lkvm']),
    'pthread': ('contrib/netbsd-tests/lib/libpthread', ['-lpthread']),
    'kern': ('tests/sys/kern', ['-lpthread', '-lutil']),
    'vm': ('tests/sys/vm', ['-lpthread']),
    'posixshm': ('tests/sys/posixshm', ['-lpthread']),
    'aio': ('tests/sys/aio', ['-lpthread', '-lutil', '-lrt', '-lmd']),
    'capsicum': ('tests/sys/capsicum', ['-lpthread']),
}
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
#define IPPORT_RESERVEDMAX 1023
#define MAP_INHERIT_SHARE 0
#define MAP_INHERIT_COPY 1
#define MAP_INHERIT_NONE 2
#define MAP_INHERIT_ZERO 3
#define wrusage __wrusage
static inline void set_vm_max_wired(int x) { }
static inline void restore_vm_max_wired(void) { }
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
QEMU = '#include <stdbool.h>\nstatic inline bool isQEMU(void) { return false; }\nstatic inline bool isQEMU_TCG(void) { return false; }\n'
RESULT = re.compile(r'(passed|skipped|failed|expected_\w+)\b')


def headers(where):
    os.makedirs(where + '/freebsd_test_suite')
    for name, text in (('prelude.h', PRELUDE), ('freebsd_test_suite/macros.h', MACROS), ('isqemu.h', QEMU)):
        with open(os.path.join(where, name), 'w') as f:
            f.write(text)


def build(opt, inc, out, source, libs):
    """The error's first line, or None."""
    nb = opt.src + '/contrib/netbsd-tests'
    p = subprocess.run(['clang', '--target=x86_64-unknown-freebsd13', '--sysroot=' + opt.root, '-fuse-ld=lld', '-O1', '-w',
                        '-fcommon', '-D_POSIX_THREADS', '-include', inc + '/prelude.h', '-I' + inc, '-I' + nb,
                        '-I' + opt.src + '/lib/libnetbsd', source, '-o', out] + libs + ['-lprivateatf-c'],
                       capture_output=True, text=True)
    return next((l for l in p.stderr.splitlines() if 'error' in l), 'error') if p.returncode else None


def guest(opt, argv, cwd, user=None):
    """(exit status or 'hang', output)"""
    env = {'PATH': '/usr/bin:/bin', 'HOME': '/tmp', 'LANG': 'C', '__RUNNING_INSIDE_ATF_RUN': 'internal-yes-value',
           'LD_LIBRARY_PATH': '/usr/lib/private:/lib:/usr/lib'}
    as_user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] if user == 'unprivileged' else []
    p = subprocess.Popen((as_user if os.geteuid() == 0 else []) + [opt.guise, 'run', '--root', opt.root] + argv, cwd=cwd, env=env,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        out, _ = p.communicate(timeout=120)
        return p.returncode, out.decode(errors='replace')
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        return 'hang', p.communicate()[0].decode(errors='replace')


def cases(opt, program, work):
    found = []
    for line in guest(opt, [program, '-l'], work)[1].splitlines():
        if line.startswith('ident: '):
            found.append([line[7:], None])
        elif line.startswith('require.user: ') and found:
            found[-1][1] = line.split(': ')[1]
    return found


def run_case(opt, program, name, user):
    where = tempfile.mkdtemp(prefix='guise-conformance-')
    try:
        if user == 'unprivileged' and os.geteuid() == 0:
            os.chown(where, 65534, 65534)
        status, out = guest(opt, [program, '-s', os.path.dirname(program), name], where, user)
        lines = [l for l in out.splitlines() if RESULT.match(l)]
        if not lines:
            return 'failed', 'no result; %s' % ('no end within 120 s' if status == 'hang' else 'exit status %s' % status)
        kind = RESULT.match(lines[-1]).group(1)
        return 'passed' if kind.startswith('expected') else kind, lines[-1]
    finally:
        shutil.rmtree(where, ignore_errors=True)


def names(opt):
    """The suites that can be run here, or why none can."""
    if not (opt.src and opt.root):
        return [], 'the suites in C need --src and --root (make conformance FREEBSD_SRC=... FREEBSD_ROOT=...)'
    if not shutil.which('clang') or not shutil.which('ld.lld'):
        return [], 'the suites in C need clang and lld'
    return ['c/' + n for n in SUITES], None


def run(opt, name, work):
    """A list of {'test', 'native', 'guest', 'why'}."""
    folder, libs = SUITES[name[2:]]
    inc, bin_, told = work + '/inc', work + '/bin', []
    if not os.path.exists(bin_):
        os.chmod(work, 0o755)
        os.makedirs(bin_)
        headers(inc)
    sources, built = sorted(f for f in os.listdir(os.path.join(opt.src, folder)) if f.endswith('.c')), []
    for f in sources:                    # all of them first: some start others
        program = os.path.join(bin_, f[:-2])
        why = build(opt, inc, program, os.path.join(opt.src, folder, f), libs)
        if why:
            told.append({'test': f[:-2], 'native': None, 'guest': 'NOT BUILT', 'why': why.strip()[:200]})
        else:
            built.append((f, program))
    for f, program in built:
        with concurrent.futures.ThreadPoolExecutor(1 if 'msg' in f else opt.jobs) as pool:
            jobs = [(c, pool.submit(run_case, opt, program, c, user)) for c, user in cases(opt, program, work)]
            for c, job in jobs:
                kind, line = job.result()
                guest = {'passed': 'PASS', 'skipped': 'SKIP'}.get(kind, 'FAIL')
                told.append({'test': f[:-2] + ':' + c, 'native': None, 'guest': guest, 'why': '' if guest == 'PASS' else line[:200]})
    return told
