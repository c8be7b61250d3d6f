# SPDX-License-Identifier: BSD-2-Clause
"""bench.json as a picture: ratios to native on a scale of powers of ten (guise, the middle half of its turns, what was wanted,
the peers), then costs as a share of what they may be. Plain SVG, no library.

    chart.py bench.json > bench.svg
"""
import json, math, sys
from xml.sax.saxutils import escape

LEFT, WIDTH, ROW, TOP = 300, 560, 20, 64
PEERS = {'linux': ('#7a5195', 'guise, Linux program'), 'qemu': ('#2a9d8f', 'qemu-x86_64'), 'strace': ('#8d99ae', 'strace -f'),
         'runsc': ('#e9c46a', 'runsc, ptrace')}
GOOD, BAD = '#1d6fb8', '#c8402f'


class Picture:
    def __init__(self):
        self.parts = []

    def text(self, x, y, text, more=''):
        self.parts.append('<text x="%.1f" y="%.1f" %s>%s</text>' % (x, y, more, escape(text)))

    def line(self, x1, y1, x2, y2, color, width=1.0):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"/>' % (x1, y1, x2, y2, color, width))

    def dot(self, x, y, color, r=4):
        self.parts.append('<circle cx="%.1f" cy="%.1f" r="%g" fill="%s"/>' % (x, y, r, color))

    def bar(self, x, y, width, height, color):
        self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%g" fill="%s"/>' % (x, y, max(width, 1), height, color))

    def whole(self, height):
        return ('<svg xmlns="http://www.w3.org/2000/svg" width="960" height="%d" viewBox="0 0 960 %d" font-family="sans-serif" '
                'font-size="12">\n<rect width="960" height="%d" fill="white"/>\n%s\n</svg>\n') % (height, height, height, '\n'.join(self.parts))


def on_log(value):
    return LEFT + WIDTH * (math.log10(min(max(value, 0.1), 1000)) + 1) / 4


def legend(pic, y, shown):
    x = LEFT
    for color, name in [(GOOD, 'guise, met'), (BAD, 'guise, missed')] + [PEERS[w] for w in PEERS if w in shown]:
        pic.dot(x + 5, y - 4, color)
        pic.text(x + 14, y, name)
        x += 24 + 7 * len(name)
    pic.line(x + 5, y - 10, x + 5, y + 2, '#222', 2)
    pic.text(x + 12, y, 'wanted')


def ratios(pic, rows, y):
    bottom = y + ROW * len(rows)
    for tick in (0.1, 1, 10, 100, 1000):
        pic.line(on_log(tick), y - 4, on_log(tick), bottom, '#999' if tick == 1 else '#ddd')
        pic.text(on_log(tick), y - 8, '%g' % tick, 'text-anchor="middle" fill="#555"')
    for r in rows:
        y += ROW
        middle, color = y - 8, GOOD if r['met'] else BAD
        pic.text(LEFT - 8, y - 4, r['what'], 'text-anchor="end"')
        pic.line(on_log(r['wanted']), middle - 7, on_log(r['wanted']), middle + 7, '#222', 2)
        for way, value in r['peers'].items():
            pic.dot(on_log(value), middle, PEERS[way][0], 3.5)
        pic.line(on_log(r['low']), middle, on_log(r['high']), middle, color, 3)
        pic.dot(on_log(r['figure']), middle, color)
        pic.text(LEFT + WIDTH + 6, y - 4, '%.2f' % r['figure'], 'fill="%s"' % color)
    return y


def costs(pic, rows, y):
    scale = WIDTH / 2
    for r in rows:
        y += ROW
        color = GOOD if r['met'] else BAD
        share = r['figure'] / r['wanted'] if r['wanted'] else float(not r['met'])
        share = 1 / max(share, 0.01) if r['sign'] == '>=' else share
        pic.text(LEFT - 8, y - 4, r['what'], 'text-anchor="end"')
        pic.bar(LEFT, y - 14, scale * min(max(share, 0), 2), 11, color)
        pic.text(LEFT + WIDTH + 6, y - 4, '%.*f %s' % (2 if abs(r['figure']) < 10 else 0, r['figure'], r['unit']), 'fill="%s"' % color)
        pic.line(LEFT + scale, y - 17, LEFT + scale, y, '#222', 2)
    return y


def draw(found):
    pic = Picture()
    rows = [r for r in found['rows'] if 'skipped' not in r]
    compared, alone = [r for r in rows if not r['unit']], [r for r in rows if r['unit']]
    pic.text(20, 22, 'guise: what a FreeBSD program costs on Linux, against its Linux twin run natively', 'font-size="15"')
    pic.text(20, 42, 'Ratios to native (for programs "of native": more is better); Linux %(kernel)s, %(cpus)d of %(cpu)s' % found['machine'],
             'fill="#555"')
    y = ratios(pic, compared, TOP + 16)
    y += 34
    pic.text(20, y, 'Costs, as a share of what they may be (the mark)', 'fill="#555"')
    y = costs(pic, alone, y + 4)
    legend(pic, y + 28, {w for r in rows for w in r['peers']})
    return pic.whole(y + 44)


if __name__ == '__main__':
    with open(sys.argv[1]) as f:
        sys.stdout.write(draw(json.load(f)))
