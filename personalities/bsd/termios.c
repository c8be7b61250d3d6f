/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Terminal settings between 4.4BSD's struct termios (numbers of FreeBSD 15.0, sys/sys/_termios.h) and the host's. A flag
 * that only one side has is off on the other. A disabled character is 0xff there and 0 here.
 */
#include <asm/termbits.h>
#include "host.h"
#include "records.h"
#include "bsd/termios.h"

struct flag { uint32_t gmask, gval, hmask, hval; };
#define ONE(g, h) { g, g, h, h }
static const struct flag iflags[] = {
	ONE(0x1, IGNBRK), ONE(0x2, BRKINT), ONE(0x4, IGNPAR), ONE(0x8, PARMRK), ONE(0x10, INPCK), ONE(0x20, ISTRIP),
	ONE(0x40, INLCR), ONE(0x80, IGNCR), ONE(0x100, ICRNL), ONE(0x200, IXON), ONE(0x400, IXOFF), ONE(0x800, IXANY),
	ONE(0x2000, IMAXBEL), ONE(0x4000, IUTF8), { 0 },
};
static const struct flag oflags[] = {
	ONE(0x1, OPOST), ONE(0x2, ONLCR), { 0x4, 0x4, TABDLY, TAB3 }, ONE(0x10, OCRNL), ONE(0x20, ONOCR), ONE(0x40, ONLRET), { 0 },
};
static const struct flag cflags[] = {
	{ 0x300, 0x000, CSIZE, CS5 }, { 0x300, 0x100, CSIZE, CS6 }, { 0x300, 0x200, CSIZE, CS7 }, { 0x300, 0x300, CSIZE, CS8 },
	ONE(0x400, CSTOPB), ONE(0x800, CREAD), ONE(0x1000, PARENB), ONE(0x2000, PARODD), ONE(0x4000, HUPCL), ONE(0x8000, CLOCAL),
	{ 0x30000, 0x30000, CRTSCTS, CRTSCTS }, { 0 },
};
static const struct flag lflags[] = {
	ONE(0x1, ECHOKE), ONE(0x2, ECHOE), ONE(0x4, ECHOK), ONE(0x8, ECHO), ONE(0x10, ECHONL), ONE(0x20, ECHOPRT),
	ONE(0x40, ECHOCTL), ONE(0x80, ISIG), ONE(0x100, ICANON), ONE(0x400, IEXTEN), ONE(0x800, EXTPROC), ONE(0x400000, TOSTOP),
	ONE(0x800000, FLUSHO), ONE(0x20000000, PENDIN), ONE(0x80000000, NOFLSH), { 0 },
};
static const struct { uint8_t guest, host; } chars[] = {
	{ 0, VEOF }, { 1, VEOL }, { 2, VEOL2 }, { 3, VERASE }, { 4, VWERASE }, { 5, VKILL }, { 6, VREPRINT }, { 8, VINTR },
	{ 9, VQUIT }, { 10, VSUSP }, { 12, VSTART }, { 13, VSTOP }, { 14, VLNEXT }, { 15, VDISCARD },
};
enum { G_VMIN = 16, G_VTIME = 17, DISABLED = 0xff };

static uint32_t flags_in(const struct flag *f, uint32_t g)
{
	uint32_t h = 0;
	for (; f->gmask; f++)
		if ((g & f->gmask) == f->gval)
			h |= f->hval;
	return h;
}
static uint32_t flags_out(const struct flag *f, uint32_t h)
{
	uint32_t g = 0;
	for (; f->gmask; f++)
		if ((h & f->hmask) == f->hval)
			g |= f->gval;
	return g;
}
void bsd_termios_get(const void *guest, void *host)
{
	const struct bsd_termios *g = guest;
	struct host_termios *h = host;
	memset(h, 0, sizeof *h);
	h->iflag = flags_in(iflags, g->iflag);
	h->oflag = flags_in(oflags, g->oflag);
	h->cflag = flags_in(cflags, g->cflag) | (g->ospeed ? BOTHER : B0);
	h->lflag = flags_in(lflags, g->lflag);
	for (unsigned i = 0; i < ARRAY_LEN(chars); i++) {
		uint8_t c = g->cc[chars[i].guest];
		h->cc[chars[i].host] = c == DISABLED ? 0 : c;
	}
	h->cc[VMIN] = g->cc[G_VMIN];
	h->cc[VTIME] = g->cc[G_VTIME];
	h->ospeed = g->ospeed;
	h->ispeed = g->ispeed ? g->ispeed : g->ospeed;
}
void bsd_termios_put(const void *host, void *guest)
{
	const struct host_termios *h = host;
	struct bsd_termios *g = guest;
	*g = (struct bsd_termios){
		.iflag = flags_out(iflags, h->iflag), .oflag = flags_out(oflags, h->oflag), .cflag = flags_out(cflags, h->cflag),
		.lflag = flags_out(lflags, h->lflag), .ispeed = h->ispeed, .ospeed = h->ospeed,
	};
	memset(g->cc, DISABLED, sizeof g->cc);
	for (unsigned i = 0; i < ARRAY_LEN(chars); i++)
		g->cc[chars[i].guest] = h->cc[chars[i].host] ? h->cc[chars[i].host] : DISABLED;
	g->cc[G_VMIN] = h->cc[VMIN];
	g->cc[G_VTIME] = h->cc[VTIME];
}
