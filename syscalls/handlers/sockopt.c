/* SPDX-License-Identifier: BSD-2-Clause
 *
 * setsockopt and getsockopt. Which options exist, their numbers on both sides and the kind of their value are rows of
 * the personality's table; here are the kinds that several systems share. An option without a row is ENOPROTOOPT and
 * counted: taking it silently would be a promise that nobody keeps.
 */
#include <netinet/in.h>
#include "host.h"
#include "sock.h"
#include "observe/cover.h"

sysfn sys_setsockopt, sys_getsockopt;

/* --- values in and out ------------------------------------------------------------------------------------------ */
long opt_in(struct opt *o, void *dst, size_t n)
{
	return o->len < n ? -EINVAL : copy_in(dst, o->val, n);
}
long opt_out(struct opt *o, const void *src, size_t n)
{
	uint32_t w = (uint32_t)MIN(n, (size_t)o->len);
	long e = o->val ? copy_out(o->val, src, w) : 0;
	return e < 0 ? e : copy_out(o->lenp, &w, sizeof w);
}
static long opt_out_int(struct opt *o, int v) { return opt_out(o, &v, sizeof v); }

long host_opt_set(struct opt *o, const void *v, size_t n)
{
	return host(SYS_setsockopt, o->fd, o->row->hlevel, o->row->hnr, v, n);
}
long host_opt_get(struct opt *o, void *v, uint32_t *n)
{
	return host(SYS_getsockopt, o->fd, o->row->hlevel, o->row->hnr, v, n);
}
static long host_int(struct opt *o, int *v)
{
	uint32_t n = sizeof *v;
	*v = 0;
	return host_opt_get(o, v, &n);
}

/* --- kinds ------------------------------------------------------------------------------------------------------ */
static long raw_set(struct opt *o) { return host_opt_set(o, (void *)o->val, o->len); }
static long raw_get(struct opt *o) { return host_opt_get(o, (void *)o->val, (uint32_t *)o->lenp); }

static long int_set(struct opt *o)
{
	int v;
	long e = opt_in(o, &v, sizeof v);
	return e < 0 ? e : host_opt_set(o, &v, sizeof v);
}
static long flag_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out_int(o, v ? (int)o->row->nr : 0);
}
static long buf_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out_int(o, v / 2);
}
static long error_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out_int(o, v ? errno_to_guest(o->t->p->pers, v) : 0);
}
static long domain_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out_int(o, (int)set_to_guest(o->t->p->pers, SET_AF, (uint64_t)v));
}
static long byteint_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out(o, &v, o->len == 1 ? 1 : sizeof v);
}

/* A bit of ours. With a host option behind it, that option is on while any bit of the group is. */
static long state_set(struct opt *o, unsigned group, int hlevel, int hnr)
{
	int v, any;
	long e = opt_in(o, &v, sizeof v);
	if (!e && sock_domain(o->fd) < 0)
		e = sock_domain(o->fd);
	if (!e)
		e = sock_state_set(o->t, o->fd, (unsigned)o->row->hnr, v != 0);
	if (e < 0 || !group)
		return e;
	any = (sock_state(o->t, o->fd) & group) != 0;
	return host(SYS_setsockopt, o->fd, hlevel, hnr, &any, sizeof any);
}
static long state_tell(struct opt *o, int on)
{
	int d = sock_domain(o->fd);
	return d < 0 ? d : opt_out_int(o, sock_state(o->t, o->fd) & (unsigned)o->row->hnr ? on : 0);
}
static long state_get(struct opt *o) { return state_tell(o, (int)o->row->nr); }
static long state_get1(struct opt *o) { return state_tell(o, 1); }
static long plain_set(struct opt *o) { return state_set(o, 0, 0, 0); }
static long pktinfo_set(struct opt *o) { return state_set(o, SOCK_RECVDST | SOCK_RECVIF, IPPROTO_IP, IP_PKTINFO); }
/* Once or with every message: not both. */
static long passcred_set(struct opt *o)
{
	unsigned other = (SOCK_CREDS | SOCK_CREDS2) & ~(unsigned)o->row->hnr;
	if (sock_state(o->t, o->fd) & other)
		return -EINVAL;
	return state_set(o, SOCK_CREDS | SOCK_CREDS2, SOL_SOCKET, SO_PASSCRED);
}
static long stamp_set(struct opt *o) { return state_set(o, SOCK_TIMESTAMP | SOCK_BINTIME, SOL_SOCKET, SO_TIMESTAMPNS); }

/* There: "may this packet be cut". Here: what to do about path MTUs; DO sets the DF bit, DONT clears it. */
static long dontfrag_set(struct opt *o)
{
	int v;
	long e = opt_in(o, &v, sizeof v);
	v = v ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
	return e < 0 ? e : host_opt_set(o, &v, sizeof v);
}
static long dontfrag_get(struct opt *o)
{
	int v;
	long e = host_int(o, &v);
	return e < 0 ? e : opt_out_int(o, v == IP_PMTUDISC_DO);
}
static long mreqsrc_set(struct opt *o)
{
	uint32_t g[3], h[3];                     /* there: group, source, interface; here: group, interface, source */
	long e = opt_in(o, g, sizeof g);
	h[0] = g[0];
	h[1] = g[2];
	h[2] = g[1];
	return e < 0 ? e : host_opt_set(o, h, sizeof h);
}
static long small_set(struct opt *o, int max)
{
	int v, d = sock_domain(o->fd);
	long e = d < 0 ? d : opt_in(o, &v, sizeof v);
	if (e < 0)
		return e;
	if (v >= 0 && v <= max)
		return 0;
	report_unknown(o->t, UNK_OPTION, o->row->name, (uint64_t)v);
	return -EINVAL;
}
static long zero_set(struct opt *o) { return small_set(o, 0); }
static long hint_set(struct opt *o) { return small_set(o, 1); }
static long zero_get(struct opt *o)
{
	int d = sock_domain(o->fd);
	return d < 0 ? d : opt_out_int(o, 0);
}

static long portrange_set(struct opt *o)
{
	int v = 0, d = sock_domain(o->fd);
	long e = d < 0 ? d : opt_in(o, &v, sizeof v);
	if (e || v < 0 || v > 2)
		return e ? e : -EINVAL;
	e = sock_state_set(o->t, o->fd, SOCK_PORT_LOW | SOCK_PORT_HIGH, false);
	return e || !v ? e : sock_state_set(o->t, o->fd, v == 2 ? SOCK_PORT_LOW : SOCK_PORT_HIGH, true);
}
static long portrange_get(struct opt *o)
{
	unsigned st = sock_state(o->t, o->fd);
	int d = sock_domain(o->fd);
	return d < 0 ? d : opt_out_int(o, st & SOCK_PORT_LOW ? 2 : st & SOCK_PORT_HIGH ? 1 : 0);
}

const struct optkind opt_raw = { raw_set, raw_get, NULL };
const struct optkind opt_int = { int_set, raw_get, NULL };
const struct optkind opt_order = { raw_set, NULL, NULL };
const struct optkind opt_told = { NULL, raw_get, NULL };
const struct optkind opt_lowat = { NULL, raw_get, "the host does not let it be set" };
const struct optkind opt_untold = { raw_set, NULL, "the host does not tell it again" };
const struct optkind opt_flag = { raw_set, flag_get, NULL };
const struct optkind opt_flag_told = { NULL, flag_get, NULL };
const struct optkind opt_admin = { raw_set, flag_get, "set only by those who may administer the host's network" };
const struct optkind opt_buf = { raw_set, buf_get };
const struct optkind opt_error = { NULL, error_get };
const struct optkind opt_domain = { NULL, domain_get };
const struct optkind opt_byteint = { raw_set, byteint_get };
const struct optkind opt_state = { plain_set, state_get };
const struct optkind opt_pktinfo = { pktinfo_set, state_get1, NULL };
const struct optkind opt_passcred = { passcred_set, state_get1, NULL };
const struct optkind opt_timestamp = { stamp_set, state_get };
const struct optkind opt_dontfrag = { dontfrag_set, dontfrag_get };
const struct optkind opt_mreqsrc = { mreqsrc_set, NULL };
const struct optkind opt_zero = { zero_set, zero_get, "0 only" };
const struct optkind opt_portrange = { portrange_set, portrange_get };
const struct optkind opt_hint = { hint_set, zero_get, "a hint: 0 and 1 are taken, and 0 is told" };

/* --- the calls -------------------------------------------------------------------------------------------------- */
/* The row of an option in the guest's numbers, or NULL. fd tells which rows of a level that two families share. */
static const struct sockopt *sockopt_find(const struct personality *p, int fd, uint32_t level, uint32_t nr)
{
	for (const struct sockopt *s = p->sockopt; s && s->name; s++)
		if (s->level == level && s->nr == nr && (!s->af || s->af == sock_domain(fd)))
			return s;
	return NULL;
}
static long unknown(struct call *c)
{
	int d = sock_domain((int)c->arg[0]);
	if (d < 0)
		return d;
	report_unknown(c->t, UNK_OPTION, "sockopt", (uint64_t)(uint32_t)c->raw[1] << 32 | (uint32_t)c->raw[2]);
	return -ENOPROTOOPT;
}
static long opt_of(struct call *c, struct opt *o)
{
	*o = (struct opt){ .t = c->t, .fd = (int)c->arg[0], .val = (uaddr)c->arg[3] };
	o->row = sockopt_find(c->t->p->pers, o->fd, (uint32_t)c->raw[1], (uint32_t)c->raw[2]);
	return o->row ? 0 : unknown(c);
}
static long ended(const struct opt *o, unsigned table, long rv)
{
	if (o->t->p->observed)
		cover_row(o->t, table, (uint64_t)(o->row - o->t->p->pers->sockopt), rv);
	return rv;
}
long sys_setsockopt(struct call *c)
{
	struct opt o;
	long e = opt_of(c, &o);
	if (e < 0)
		return e;
	o.len = (uint32_t)c->arg[4];
	if ((int)o.len < 0)
		return -EINVAL;
	return ended(&o, COVER_SETOPT, o.row->kind->set ? o.row->kind->set(&o) : -ENOPROTOOPT);
}
long sys_getsockopt(struct call *c)
{
	struct opt o;
	long e = opt_of(c, &o);
	if (e < 0)
		return e;
	o.lenp = (uaddr)c->arg[4];
	e = copy_in(&o.len, o.lenp, sizeof o.len);
	if (e < 0)
		return e;
	if ((int)o.len < 0)
		return -EINVAL;
	return ended(&o, COVER_GETOPT, o.row->kind->get ? o.row->kind->get(&o) : -ENOPROTOOPT);
}
