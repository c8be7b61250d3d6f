# SPDX-License-Identifier: BSD-2-Clause
"""Go's standard library: `go test -c` of each package for FreeBSD, run as a guest, and for Linux, run natively.

The guest's environment says GOOS=freebsd, so what a test builds and starts is a FreeBSD program, too. Where Go's compiled
packages for FreeBSD are not installed, they are put into a GOROOT of links. A binary that ends before its last test is
started again behind the one that it ended in. A test that fails is run a second time alone, on the side where it failed.
"""
import os, re, shutil, signal, subprocess, tempfile

PACKAGES = '''os os/exec os/signal os/user io io/fs path/filepath bufio bytes context time sync sync/atomic syscall
internal/poll net net/http runtime crypto/rand crypto/tls encoding/json archive/tar archive/zip compress/gzip log/syslog
mime text/template testing'''.split()
RESULT = re.compile(r'^--- (PASS|FAIL|SKIP): (\S+)')
BEGUN = re.compile(r'^=== RUN\s+(\S+)$')


def go(opt, *args, **env):
    e = dict(os.environ, CGO_ENABLED='0', GOARCH='amd64', GOFLAGS='', GOTOOLCHAIN='local', GOCACHE=opt.cache + '/go-build', **env)
    return subprocess.run(['nice', 'go'] + list(args), env=e, capture_output=True, text=True)


def names(opt):
    if not shutil.which('go'):
        return [], 'Go\'s tests need Go (golang-go)'
    return ['go/' + p for p in PACKAGES], None


def goroot(opt):
    """A GOROOT that has its compiled packages for FreeBSD."""
    real = go(opt, 'env', 'GOROOT').stdout.strip()
    place = opt.cache + '/goroot'
    compiled = place + '/pkg/freebsd_amd64'
    if not os.path.exists(compiled + '/internal/bytealg.a'):
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place + '/pkg')
        for n in os.listdir(real):
            if n != 'pkg':
                os.symlink(os.path.join(real, n), os.path.join(place, n))
        for n in os.listdir(real + '/pkg'):
            if n != 'freebsd_amd64':
                os.symlink(os.path.realpath(os.path.join(real, 'pkg', n)), os.path.join(place, 'pkg', n))
        go(opt, 'install', '-pkgdir', compiled, 'std', GOOS='freebsd')
    return real, place


def build(opt, system, package):
    out = '%s/%s/%s.test' % (opt.cache, system, package.replace('/', '_'))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    p = go(opt, 'test', '-c', '-tags', 'timetzdata', '-o', out, package, GOOS=system)
    return out, None if p.returncode == 0 else (p.stderr.strip().splitlines() or ['error'])[0]


class Side:
    def __init__(self, opt, command, system, root, source):
        self.opt, self.command, self.cwd = opt, command, source
        self.env = {'PATH': os.environ['PATH'], 'HOME': os.environ.get('HOME', '/'), 'LANG': 'C.UTF-8', 'GOROOT': root, 'GOOS': system,
                    'CGO_ENABLED': '0', 'GOCACHE': opt.cache + '/go-build', 'GOTOOLCHAIN': 'local', 'GOFLAGS': ''}

    def output(self, args, limit):
        """(exit status or None, output)"""
        with tempfile.TemporaryDirectory(prefix='guise-conformance-') as tmp, tempfile.TemporaryFile() as out:
            os.chmod(tmp, 0o1777)
            p = subprocess.Popen(['nice'] + self.command + args, cwd=self.cwd, env=dict(self.env, TMPDIR=tmp), stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                p.wait(limit)
            except subprocess.TimeoutExpired:
                pass
            ended = p.returncode
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            p.wait()
            out.seek(0)
            return ended, out.read().decode(errors='replace')

    def once(self, which):
        """test -> (result, what it said), for tests of that expression; and the one in which it ended, or None"""
        args = ['-test.v', '-test.timeout=%ds' % self.opt.timeout] + ([] if self.opt.long else ['-test.short'])
        status, out = self.output(args + (['-test.run', which] if which else []), self.opt.timeout + 20)
        found, running, said = {}, None, []
        for line in out.splitlines():
            begun, ended = BEGUN.match(line), RESULT.match(line)
            if begun and '/' not in begun.group(1):
                running, said = begun.group(1), []
            elif ended:
                found[ended.group(2)] = (ended.group(1), ' '.join(' '.join(said[-4:]).split())[:200])
                running = None if running == ended.group(2) else running
            else:
                said.append(line.strip())
        if status == 0 or (found and running is None):
            return found, None
        why = 'no end within %d s' % self.opt.timeout if status is None else 'the program ended (%s) in it' % status
        return found, (running, why)

    def listed(self):
        return [l for l in self.output(['-test.list', '.'], 60)[1].split() if l.startswith('Test')]

    def all(self):
        tests, found, which = self.listed(), {}, ''
        for _ in range(20):
            more, stopped = self.once(which)
            found.update(more)
            if not stopped:
                break
            if stopped[0]:
                found[stopped[0]] = ('FAIL', stopped[1])
            rest = [t for t in tests if t not in found]
            if not rest or not stopped[0]:
                break
            which = '^(%s)$' % '|'.join(rest)
        for t in [t for t in found if found[t][0] == 'FAIL' and t in tests]:
            again = self.once('^%s$' % t)[0].get(t)
            if again and again[0] == 'PASS':
                found[t] = again
        return tests, found


def run(opt, name, work):
    package = name[3:]
    real, place = goroot(opt)
    source = os.path.join(real, 'src', package)
    side = {}
    for system in 'linux', 'freebsd':
        program, why = build(opt, system, package)
        if why:
            return [{'test': '(all)', 'native': None, 'guest': 'NOT BUILT', 'why': '%s: %s' % (system, why)}]
        command = [program] if system == 'linux' else [opt.guise, 'run', '--stay', program]
        side[system] = Side(opt, command, system, real if system == 'linux' else place, source).all()
    (_, native), (tests, guest) = side['linux'], side['freebsd']
    told = []
    for t in sorted(set(native) | set(guest) | set(tests)):
        n, g = native.get(t), guest.get(t)
        why = ''
        if g is None:
            why = 'the package has no such test for FreeBSD' if t not in tests else 'it was not run'
        elif g[0] == 'SKIP':
            why = 'skips itself: ' + g[1]
        elif g[0] == 'FAIL':
            why = g[1] or 'no word'
        told.append({'test': t, 'native': n[0] if n else None, 'guest': g[0] if g else ('NONE' if t not in tests else 'FAIL'), 'why': why})
    return told
