# SPDX-License-Identifier: BSD-2-Clause
"""What was found, as text: the table of rows, that of the peers, that of instructions, and what was missed by how much. Made of
bench.json alone, so that a page can be made of it later (page.py)."""

HEAD = '%-40s %12s %12s  %-24s %-12s' % ('medians; the middle half in brackets', 'native', 'guest', 'guest:native or cost', 'wanted')


def number(x, unit=''):
    digits = 2 if not unit or abs(x) < 10 and unit in ('ms', 'x') else 0
    return '%.*f' % (digits, x) + (' ' + unit if unit else '')


def line(r):
    if 'skipped' in r:
        return '%-40s %s: %s' % (r['what'], 'FAILED' if r['failed'] else 'skipped', r['skipped'])
    native, guest = ('%s' % number(r['medians'][w], r['each']) if w in r['medians'] else '' for w in
                     (('native', 'guest') if r['group'] != 'engines' else list(r['medians'])))
    figure = '%s (%s..%s)' % (number(r['figure']), number(r['low']), number(r['high'])) if not r['unit'] else \
        '%s (%s..%s) %s' % tuple([number(r[k], r['unit']).split()[0] for k in ('figure', 'low', 'high')] + [r['unit']])
    wanted = '%s %s' % (r['sign'], number(r['wanted'], r['unit']) if r['unit'] else '%.2f' % r['wanted'])
    return '%-40s %12s %12s  %-24s %-12s %s' % (r['what'], native, guest, figure, wanted, 'met' if r['met'] else 'MISSED')


def peer_table(results, lacking):
    names = {'linux': 'guise, Linux', 'strace': 'strace -f', 'qemu': 'qemu-x86_64', 'runsc': 'runsc ptrace'}
    yield ''
    yield '%-40s' % 'ratios to native' + ' %12s' % 'guise' + ''.join(' %12s' % n for n in names.values())
    for r in results:
        if r.get('peers'):
            yield '%-40s' % r['what'] + ' %12.2f' % r['figure'] + ''.join(' %12s' % (
                '%.2f' % r['peers'][w] if w in r['peers'] else '-') for w in names)
    for why in lacking.values():
        yield 'skipped: ' + why


def where(m):
    return 'guise against native Linux: Linux %(kernel)s, %(cpus)d of %(cpu)s, load %(load)s' % m


def missed(results):
    for r in results:
        if 'skipped' in r or r['met']:
            continue
        by = abs(r['figure'] - r['wanted'])
        unit = ' ' + r['unit'] if r['unit'] else ''
        yield '*%s*: %s%s where %s%s was wanted, missed by %s%s' % (
            r['what'].strip(), number(r['figure'], r['unit']).split()[0], unit, number(r['wanted'], r['unit']).split()[0], unit,
            number(by, r['unit']).split()[0], unit)


def summary(results):
    ran = [r for r in results if 'skipped' not in r]
    return '%d rows ran, %d met what was wanted.' % (len(ran), sum(r['met'] for r in ran))
