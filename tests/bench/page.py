#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/PERFORMANCE.md's measured part, docs/performance.json and docs/performance.svg: all of one run's bench.json, and nothing
else between the two marks, so that a new run renews text, tables and chart together.

    page.py DOCS BENCH.JSON        renews them
    page.py DOCS                   says whether they are of one run
"""
import sys
sys.dont_write_bytecode = True
import json, os
import chart, tell

BEGIN = '<!-- measured: written by `make bench-docs` of one run of `make bench`, down to the next mark -->\n'
END = '<!-- end of what was measured -->\n'
NEEDED = ('schema', 'mode', 'engine', 'machine', 'peers_skipped', 'steps')


def kept(found):
    """Without the single turns."""
    rows = [{k: v for k, v in r.items() if k != 'values'} for r in found['rows']]
    return dict({k: found[k] for k in NEEDED}, rows=rows)


def block(found):
    rows = found['rows']
    yield '%s, %s.' % (tell.where(found['machine']), 'one run of `make bench%s`' % (' FULL=1' if found['mode'] == 'full' else ''))
    yield tell.summary(rows)
    yield ''
    yield from ('    ' + l.rstrip() for l in [tell.HEAD] + [tell.line(r) for r in rows])
    yield from (('    ' + l).rstrip() for l in tell.peer_table(rows, found['peers_skipped']))
    yield ''
    lines = list(tell.missed(rows))
    yield 'Missed in this run (why: below):' if lines else 'Nothing was missed in this run.'
    if lines:
        yield ''
    yield from ('- ' + l for l in lines)
    yield ''
    yield 'The instructions of a call, by phase (`make bench-steps`):'
    yield ''
    yield from ('    ' + l.rstrip() for l in found['steps'].splitlines()[1:])


def parts(docs):
    with open(docs + '/PERFORMANCE.md') as f:
        text = f.read()
    before, rest = text.split(BEGIN)
    inner, after = rest.split(END)
    return before, inner, after


def files(docs, found):
    before, _, after = parts(docs)
    page = before + BEGIN + '\n' + '\n'.join(block(found)) + '\n\n' + END + after
    return {'PERFORMANCE.md': page, 'performance.json': json.dumps(found, indent=1) + '\n', 'performance.svg': chart.draw(found)}


def main():
    docs = sys.argv[1]
    renew = len(sys.argv) > 2
    with open(sys.argv[2] if renew else docs + '/performance.json') as f:
        found = kept(json.load(f))
    for name, text in files(docs, found).items():
        path = os.path.join(docs, name)
        if renew:
            with open(path, 'w') as f:
                f.write(text)
        elif open(path).read() != text:
            print('%s is not of the run that docs/performance.json is of: make bench bench-docs' % path)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
