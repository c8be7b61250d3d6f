/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See snapimage.h. The sizes of records are a table; what else must be so has a function a kind.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include "loader/snapimage.h"
#include "loader/sorted.h"
#include "syscalls/host.h"
#include "syscalls/pending.h"

#define THREADS_MOST 8000u
#define TEXT_MOST 4096u
#define MEMORY_MOST (512ull << 30)       /* as --memory */
#define DISK_MOST (1ull << 44)
#define SHM_MOST (1ull << 46)
#define ALIGNED(x) (!((x) & (PAGE - 1)))

static bool __attribute__((format(printf, 2, 3))) bad(struct snap_image *g, const char *text, ...)
{
	va_list ap;
	va_start(ap, text);
	vsnprintf(g->file.why, sizeof g->file.why, text, ap);
	va_end(ap);
	return false;
}
/* A record is as long as its struct; where text follows it is longer, by the text with its NUL. */
enum { PLAIN, TEXT, BYTES };             /* what follows the struct */
static const struct shape { const char *name; uint32_t size; unsigned more, least, most; } shapes[SNAP_KINDS] = {
	[SNAP_PROC] = { "process", sizeof(struct snap_proc), PLAIN, 1, 1 },
	[SNAP_ACT] = { "signal action", sizeof(struct snap_act), PLAIN, 0, 128 },
	[SNAP_THREAD] = { "thread", sizeof(struct snap_thread), PLAIN, 0, THREADS_MOST },
	[SNAP_PENDING] = { "kept signal", sizeof(struct snap_pending), PLAIN, 0, 1024 },
	[SNAP_TIMER] = { "timer", sizeof(struct snap_timer), PLAIN, 0, 4096 },
	[SNAP_OBJECT] = { "object", sizeof(struct snap_object), PLAIN, 0, 1 << 16 },
	[SNAP_KNOTE] = { "kevent", sizeof(struct snap_knote), PLAIN, 0, 1 << 20 },
	[SNAP_TASK] = { "thread of the host's", sizeof(struct snap_task), PLAIN, 0, THREADS_MOST },
	[SNAP_BOUND] = { "bound of mprotect", sizeof(struct snap_bound), PLAIN, 0, 1 << 18 },
	[SNAP_KEPT] = { "what is kept over exec", sizeof(struct snap_kept), PLAIN, 0, 1 },
	[SNAP_PAIR] = { "pair of sockets", sizeof(struct snap_pair), PLAIN, 0, 1 << 16 },
	[SNAP_LOCK] = { "lock", sizeof(struct snap_lock), PLAIN, 0, 1 << 16 },
	[SNAP_OWNER] = { "owner", sizeof(struct snap_owner), PLAIN, 0, 1 },
	[SNAP_SOCKOPT] = { "socket option", sizeof(struct snap_sockopt), PLAIN, 0, 1 << 18 },
	[SNAP_SHM] = { "shared memory", sizeof(struct snap_shm), PLAIN, 0, 1 << 16 },
	[SNAP_TREE] = { "process of its tree", sizeof(struct snap_tree), PLAIN, 0, 4 * MEMBERS_MOST },
	[SNAP_PART] = { "part of a machine", sizeof(struct snap_part), BYTES, 0, 64 },
	[SNAP_MACHINE] = { "machine", offsetof(struct snap_machine, path), TEXT, 0, 1 },
	[SNAP_SIGNAL] = { "pending signal", sizeof(struct snap_signal), PLAIN, 0, 1 << 20 },
	[SNAP_MAP] = { "mapping", offsetof(struct snap_map, path), TEXT, 0, 1 << 20 },
	[SNAP_FD] = { "descriptor", offsetof(struct snap_fd, path), TEXT, 0, 1 << 17 },
	[SNAP_PIPE] = { "pipe", sizeof(struct snap_pipe), PLAIN, 0, 1 << 16 },
	[SNAP_OPTION] = { "option", offsetof(struct snap_option, text), TEXT, 0, 1024 },
	[SNAP_LIMIT] = { "limit", sizeof(struct snap_limit), PLAIN, 0, 64 },
	[SNAP_HOST] = { "host", sizeof(struct snap_host), PLAIN, 1, 1 },
	[SNAP_EPOLL] = { "watched descriptor", sizeof(struct snap_epoll), PLAIN, 0, 1 << 20 },
};
static bool list_add(struct snap_list *l, const void *p)
{
	if (l->n == l->room) {
		unsigned room = l->room ? 2 * l->room : 16;
		const void **bigger = realloc(l->at, room * sizeof *bigger);
		if (!bigger)
			return false;
		l->at = bigger;
		l->room = room;
	}
	l->at[l->n++] = p;
	return true;
}
static bool is_text(const char *s, size_t n) { return n && n <= TEXT_MOST && memchr(s, 0, n) == s + n - 1; }

static bool take_record(struct snap_image *g, const struct snap_head *h)
{
	const struct shape *s = h->kind < SNAP_KINDS ? &shapes[h->kind] : NULL;
	if (!s || !s->name)
		return bad(g, "it holds a record of kind %u, which this guise does not know", h->kind);
	if (s->more == TEXT ? h->size <= s->size || !is_text((const char *)(h + 1) + s->size, h->size - s->size) :
	    s->more == BYTES ? h->size < s->size || h->size - s->size > PART_MOST : h->size != s->size)
		return bad(g, "a record (%s) is not as long as guise writes it", s->name);
	if (g->of[h->kind].n == s->most)
		return bad(g, "there are too many records of one kind (%s)", s->name);
	return list_add(&g->of[h->kind], h + 1) || bad(g, "no memory for its records");
}
static bool take_records(struct snap_image *g)
{
	for (size_t at = 0; at < g->n_bytes;) {
		const struct snap_head *h = (const struct snap_head *)(g->bytes + at);
		size_t left = g->n_bytes - at;
		if (left < sizeof *h || h->size > left - sizeof *h ||
		    ((h->size + 7ul) & ~7ul) > left - sizeof *h)
			return bad(g, "its records do not end where their section does");
		if (!take_record(g, h))
			return false;
		at += sizeof *h + ((h->size + 7ul) & ~7ul);
	}
	for (unsigned k = 0; k < SNAP_KINDS; k++)
		if (shapes[k].name && g->of[k].n < shapes[k].least)
			return bad(g, "it has no record of a kind that it must have (%s)", shapes[k].name);
	return true;
}
static bool append(struct snap_image *g, const uint8_t *p, size_t n)
{
	if (!n)
		return true;
	if (g->n_bytes + n > g->room) {
		size_t room = MAX(2 * g->room, g->n_bytes + n);
		char *bigger = realloc(g->bytes, room);
		if (!bigger)
			return false;
		g->bytes = bigger;
		g->room = room;
	}
	memcpy(g->bytes + g->n_bytes, p, n);
	g->n_bytes += n;
	return true;
}
/* --- what must be so ---------------------------------------------------------------------------------------------------- */
static bool ended(const char *s, size_t n) { return memchr(s, 0, n) != NULL; }

static bool proc_is_right(struct snap_image *g)
{
	const struct snap_proc *p = g->proc;
	const uint64_t a[] = { p->stack_lo, p->stack_hi, p->args, p->args_end, p->env, p->env_end, p->auxv, p->ps, p->brk_max };
	bool good = ended(p->pers, sizeof p->pers) && ended(p->comm, sizeof p->comm) && ended(p->exe, sizeof p->exe) && p->pid > 0 &&
		    p->brk_start <= p->brk_now && p->brk_now < USER_TOP && p->fd_soft <= p->fd_hard &&
		    p->threads == g->of[SNAP_THREAD].n && p->args <= p->args_end && p->env <= p->env_end && p->auxv_len <= 65536;
	for (unsigned i = 0; i < ARRAY_LEN(a); i++)
		good &= a[i] <= USER_TOP;
	if (!good || !ended(g->host->release, sizeof g->host->release))
		return bad(g, "what it says of the process cannot be");
	return true;
}
/* What our own threads and processes say to each other is none of what waits, but for a signal that is carried. */
static bool is_for_guest(const struct snap_signal *s)
{
	struct carrier_message m;
	memcpy(&m, s->info, sizeof m);
	return m.code != CARRIER_CODE || m.op == CARRIER_CARRY;
}
static bool threads_are_right(struct snap_image *g)
{
	EACH(g, SNAP_THREAD, struct snap_thread, t)
		if (t->tid <= 0 || !ended(t->comm, sizeof t->comm) || t->engine.fs >= USER_TOP || t->engine.gs >= USER_TOP || t->left < 0 ||
		    (!i_t && t->tid != g->proc->pid))
			return bad(g, "what it says of thread %d cannot be", t->tid);
	EACH(g, SNAP_ACT, struct snap_act, a)
		if (!a->sig || a->sig > 128)
			return bad(g, "it has an action for signal %u, which there is not", a->sig);
	EACH(g, SNAP_PENDING, struct snap_pending, s)
		if (!s->sig || s->sig > 128)
			return bad(g, "signal %u waits in it, which there is not", s->sig);
	EACH(g, SNAP_SIGNAL, struct snap_signal, s)
		if (!s->sig || s->sig > 64 || s->sig == SIGKILL || s->sig == SIGSTOP || !is_for_guest(s))
			return bad(g, "signal %u waits in it, which there is not", s->sig);
	EACH(g, SNAP_TIMER, struct snap_timer, t)
		if (t->id < 0 || t->sig < 0 || t->sig > 64 || t->interval[0] < 0 || t->left[0] < 0)
			return bad(g, "what it says of timer %d cannot be", t->id);
	return true;
}
static bool maps_are_right(struct snap_image *g)
{
	uint64_t end = 0;
	EACH(g, SNAP_MAP, struct snap_map, m) {
		bool file = m->flags & MAPPED_FILE;
		const struct snap_list *shm = &g->first->of[SNAP_SHM];
		if (m->flags & MAPPED_OBJECT && (m->id.ino >= shm->n || !(m->flags & MAPPED_SHARED) || file || !ALIGNED(m->offset) || m->offset > SHM_MOST ||
						 m->offset + (m->hi - m->lo) > PAGE_UP(((const struct snap_shm *)shm->at[m->id.ino])->size)))
			return bad(g, "the memory at %#llx is of shared memory that it does not have", (unsigned long long)m->lo);
		if (m->lo < end || m->lo >= m->hi || m->hi > USER_TOP || !ALIGNED(m->lo) || !ALIGNED(m->hi) || m->prot > 7 ||
		    m->flags & ~(uint32_t)MAPPED_ALL || file != (*m->path != 0) || (file && !ALIGNED(m->offset)) ||
		    (file && *m->path != '/') || (m->flags & MAPPED_DOWN && m->flags & (MAPPED_FILE | MAPPED_SHARED)))
			return bad(g, "what it says of the memory at %#llx cannot be", (unsigned long long)m->lo);
		end = m->hi;
	}
	EACH(g, SNAP_BOUND, struct snap_bound, b)
		if (b->lo >= b->hi || b->hi > USER_TOP || !ALIGNED(b->lo) || !ALIGNED(b->hi) || b->most > 7)
			return bad(g, "its bound of mprotect at %#llx cannot be", (unsigned long long)b->lo);
	EACH(g, SNAP_KEPT, struct snap_kept, k)
		if (!ended(k->text, sizeof k->text))
			return bad(g, "what its system keeps over exec cannot be");
	return true;
}
/* What a program may have set, compared with a fresh socket of the same kind. SO_RCVBUF and SO_SNDBUF tell twice what was
 * asked for. Membership in groups (multicast) is not told by any call. Others are not set from a file: some take addresses. */
const struct snap_sockopt_row snap_sockopts[] = {
	{ SOL_SOCKET, SO_RCVTIMEO, 0, 0 }, { SOL_SOCKET, SO_SNDTIMEO, 0, 0 }, { SOL_SOCKET, SO_LINGER, 0, 0 }, { SOL_SOCKET, SO_RCVLOWAT, 0, 0 },
	{ SOL_SOCKET, SO_RCVBUF, 0, 0 }, { SOL_SOCKET, SO_SNDBUF, 0, 0 }, { SOL_SOCKET, SO_OOBINLINE, 0, 0 }, { SOL_SOCKET, SO_DONTROUTE, 0, 0 },
	{ SOL_SOCKET, SO_TIMESTAMP, 0, 0 }, { SOL_SOCKET, SO_TIMESTAMPNS, 0, 0 }, { SOL_SOCKET, SO_PASSCRED, AF_UNIX, 0 },
	{ SOL_SOCKET, SO_PRIORITY, 0, 0 }, { SOL_SOCKET, SO_MARK, 0, 0 }, { SOL_SOCKET, SO_PEEK_OFF, 0, 0 },
	{ IPPROTO_TCP, TCP_NODELAY, AF_INET, SOCK_STREAM }, { IPPROTO_TCP, TCP_KEEPIDLE, AF_INET, SOCK_STREAM },
	{ IPPROTO_TCP, TCP_KEEPINTVL, AF_INET, SOCK_STREAM }, { IPPROTO_TCP, TCP_KEEPCNT, AF_INET, SOCK_STREAM },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, AF_INET, SOCK_STREAM }, { IPPROTO_TCP, TCP_USER_TIMEOUT, AF_INET, SOCK_STREAM },
	{ IPPROTO_TCP, TCP_MAXSEG, AF_INET, SOCK_STREAM }, { IPPROTO_TCP, TCP_FASTOPEN, AF_INET, SOCK_STREAM },
	{ IPPROTO_IP, IP_TTL, AF_INET, 0 }, { IPPROTO_IP, IP_TOS, AF_INET, 0 }, { IPPROTO_IP, IP_PKTINFO, AF_INET, 0 },
	{ IPPROTO_IP, IP_RECVTTL, AF_INET, 0 }, { IPPROTO_IP, IP_RECVERR, AF_INET, 0 }, { IPPROTO_IP, IP_FREEBIND, AF_INET, 0 },
	{ IPPROTO_IP, IP_MULTICAST_TTL, AF_INET, 0 }, { IPPROTO_IP, IP_MULTICAST_LOOP, AF_INET, 0 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, AF_INET6, 0 }, { IPPROTO_IPV6, IPV6_TCLASS, AF_INET6, 0 },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, AF_INET6, 0 }, { IPPROTO_IPV6, IPV6_MULTICAST_HOPS, AF_INET6, 0 },
};
const unsigned n_snap_sockopts = ARRAY_LEN(snap_sockopts);
/* They are in order. */
const struct snap_fd *image_fd(const struct snap_image *g, int fd)
{
	const struct snap_list *l = &g->of[SNAP_FD];
	size_t at = COUNT_BEFORE(l->n, i, ((const struct snap_fd *)l->at[i])->fd < fd);
	const struct snap_fd *f = at < l->n ? l->at[at] : NULL;
	return f && f->fd == fd ? f : NULL;
}
static bool is_sockopt(const struct snap_image *g, const struct snap_sockopt *o)
{
	const struct snap_fd *f = image_fd(g, o->fd);
	if (!f || (f->kind != FD_SOCKET && f->kind != FD_PAIR) || o->size > sizeof o->value)
		return false;
	for (unsigned i = 0; i < n_snap_sockopts; i++)
		if (snap_sockopts[i].level == o->level && snap_sockopts[i].name == o->name)
			return true;
	return false;
}
static bool fds_are_right(struct snap_image *g)
{
	int last = -1;
	EACH(g, SNAP_FD, struct snap_fd, f) {
		if (f->fd <= last || f->fd >= 65536)
			return bad(g, "what it says of descriptor %d cannot be", f->fd);
		last = f->fd;
	}
	EACH(g, SNAP_FD, struct snap_fd, f) {
		const struct snap_fd *same = f->same_as >= 0 ? image_fd(g, f->same_as) : NULL;
		if (!f->kind || f->kind >= FD_KINDS || f->same_as >= f->fd || f->same_as < -1 ||
		    (f->same_as >= 0 && (!same || same->kind != f->kind)) || (f->kind == FD_FILE && *f->path != '/') || f->offset < 0 ||
		    (f->kind == FD_SOCKET && (f->word[3] < 0 || f->word[3] > 128)) ||
		    (f->kind == FD_PAIR && (uint64_t)f->word[6] / 2 >= (uint64_t)g->first->of[SNAP_PAIR].n) ||
		    (f->kind == FD_INHERIT && (f->word[0] < 0 || f->word[0] >= 65536)) ||
		    (f->kind == FD_SHARED && (uint64_t)f->word[0] >= g->first->of[SNAP_SHM].n))
			return bad(g, "what it says of descriptor %d cannot be", f->fd);
	}
	EACH(g, SNAP_EPOLL, struct snap_epoll, w) {
		const struct snap_fd *ep = image_fd(g, w->epfd);
		if (!ep || ep->kind != FD_EPOLL || !image_fd(g, w->fd))
			return bad(g, "descriptor %d is said to watch %d, and cannot", w->epfd, w->fd);
	}
	EACH(g, SNAP_SOCKOPT, struct snap_sockopt, o)
		if (!is_sockopt(g, o))
			return bad(g, "what it says of socket %d cannot be", o->fd);
	EACH(g, SNAP_OWNER, struct snap_owner, o)
		if (o->n_groups > ARRAY_LEN(o->group))
			return bad(g, "it has more groups than there can be");
	last = -1;
	EACH(g, SNAP_OBJECT, struct snap_object, o) {
		if (o->fd <= last || !image_fd(g, o->fd) || !ended(o->kind, sizeof o->kind) || o->saved != 1 ||
		    !strcmp(o->kind, "kqueue") != (image_fd(g, o->fd)->kind == FD_KQUEUE))
			return bad(g, "what it says of descriptor %d cannot be", o->fd);
		last = o->fd;
	}
	EACH(g, SNAP_KNOTE, struct snap_knote, k)
		if (!image_fd(g, k->fd) || image_fd(g, k->fd)->kind != FD_KQUEUE)
			return bad(g, "descriptor %d is no kqueue, and has events of one", k->fd);
	EACH(g, SNAP_PIPE, struct snap_pipe, p)
		if (p->index != i_p || p->room > 1 << 30 || (p->section != 0) != (p->bytes != 0) || p->section > g->file.head.n_sections ||
		    (p->section && (g->file.section[p->section - 1].kind != SECTION_BYTES ||
				    g->file.section[p->section - 1].plain != p->bytes)))
			return bad(g, "what it says of pipe %u cannot be", p->index);
	EACH(g, SNAP_LOCK, struct snap_lock, l)
		if (!image_fd(g, l->fd) || (image_fd(g, l->fd)->kind != FD_FILE && image_fd(g, l->fd)->kind != FD_SHARED) || l->kind > 2 ||
		    l->start < 0 || l->len < 0)
			return bad(g, "what it says of a lock on descriptor %d cannot be", l->fd);
	EACH(g, SNAP_FD, struct snap_fd, f)
		if ((f->kind == FD_PIPE_READ || f->kind == FD_PIPE_WRITE) && (uint64_t)f->word[0] >= g->first->of[SNAP_PIPE].n)
			return bad(g, "descriptor %d is of a pipe that it does not have", f->fd);
	return true;
}
/* A process has threads and mappings, a machine neither. */
static bool machine_is_right(struct snap_image *g)
{
	const struct snap_machine *m = g->machine;

	if (!m)
		return (g->of[SNAP_THREAD].n && g->of[SNAP_MAP].n && !g->of[SNAP_PART].n) || bad(g, "it is of no whole process");
	if (g->of[SNAP_THREAD].n || g->of[SNAP_MAP].n || g->of[SNAP_FD].n || !m->memory || m->memory > MEMORY_MOST || !ALIGNED(m->memory) ||
	    m->disk_bytes % SNAPFILE_SECTOR || m->disk_bytes > DISK_MOST || !m->disk_bytes != !*m->path || (*m->path && *m->path != '/'))
		return bad(g, "what it says of its machine cannot be");
	EACH(g, SNAP_PART, struct snap_part, p)
		if (!ended(p->name, sizeof p->name))
			return bad(g, "a part of its machine has no name");
	return true;
}
static bool sections_are_known(struct snap_image *g)
{
	for (unsigned i = 0; i < g->file.head.n_sections; i++) {
		const struct snapfile_section *s = &g->file.section[i];
		const uint8_t *p;
		if (s->flags >> SECTION_MEMBER >= MEMBERS_MOST)
			return bad(g, "section %u is of a process that it cannot have", i);
		if (s->flags >> SECTION_MEMBER != g->member)
			continue;
		if (s->kind == SECTION_PAGES)
			g->pages += s->plain;
		if (s->kind == SECTION_SECTORS)
			g->sectors += s->plain;
		if (s->kind < SECTION_RECORDS || s->kind >= SECTION_KINDS)
			return bad(g, "section %u is of kind %u, which this guise does not know", i, s->kind);
		if (s->kind == SECTION_RECORDS && (!(p = snapfile_section(&g->file, i)) || !append(g, p, s->plain)))
			return p ? bad(g, "no memory for its records") : false;
	}
	return true;
}
static bool on_loopback(const struct snap_end *e)
{
	const struct sockaddr_in *in = (const void *)e->name;
	const struct in6_addr *a = &((const struct sockaddr_in6 *)e->name)->sin6_addr;
	return e->family == AF_INET ? ntohl(in->sin_addr.s_addr) >> 24 == 127 :
	       IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}
/* Local ones of three types, or TCP between two addresses of the loopback */
static bool end_is_right(const struct snap_image *g, const struct snap_pair *p, const struct snap_end *e)
{
	const struct sockaddr_un *un = (const void *)e->name;
	bool ip = e->family == AF_INET || e->family == AF_INET6;
	if (e->name_len > sizeof e->name - 1 || e->shut > 3 || e->closed > 1 || (e->section != 0) != (e->bytes != 0) ||
	    e->section > g->file.head.n_sections)
		return false;
	if (e->section && (g->file.section[e->section - 1].kind != SECTION_BYTES || g->file.section[e->section - 1].plain != e->bytes))
		return false;
	if (p->family != AF_UNIX)
		return p->type == SOCK_STREAM && ip && !e->closed && un->sun_family == e->family && on_loopback(e) &&
		       e->name_len == (e->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	return (p->type == SOCK_STREAM || p->type == SOCK_DGRAM || p->type == SOCK_SEQPACKET) && e->name_len <= sizeof *un && !e->name[sizeof e->name - 1] &&
	       (e->name_len <= sizeof(sa_family_t) || un->sun_family == AF_UNIX);
}
static bool pairs_are_right(struct snap_image *g)
{
	EACH(g, SNAP_PAIR, struct snap_pair, p)
		if (p->index != i_p || !end_is_right(g, p, &p->end[0]) || !end_is_right(g, p, &p->end[1]))
			return bad(g, "what it says of the connected sockets %u cannot be", i_p);
	return g == g->first || !g->of[SNAP_PAIR].n || bad(g, "one of its processes has what only the first may have");
}
static bool shared_is_right(struct snap_image *g)
{
	EACH(g, SNAP_SHM, struct snap_shm, s)
		if (s->index != i_s || s->size > SHM_MOST || !ended(s->name, sizeof s->name))
			return bad(g, "what it says of shared memory %u cannot be", i_s);
	return g == g->first || (!g->of[SNAP_SHM].n && !g->of[SNAP_TREE].n && !g->of[SNAP_PIPE].n && !g->machine) ||
	       bad(g, "one of its processes has what only the first may have");
}
/* Those that run come first, in the order of their numbers, each behind its parent. */
static bool ends_by(uint32_t status)
{
	switch (status & 0x7f) {
	case SIGCHLD: case SIGCONT: case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU: case SIGURG: case SIGWINCH: return false;
	}
	return (status & 0x7f) <= 64;
}
static bool tree_is_right(struct snap_image *g)
{
	unsigned runs = 0;
	EACH(g, SNAP_TREE, struct snap_tree, t) {
		runs += t->what == TREE_RUNS;
		if (t->what > TREE_LED || t->pid <= 0 || t->pgid < 0 || t->sid < 0 || t->signal > 64 || t->status > 0xffff || !ends_by(t->status) ||
		    (i_t && t->parent >= MIN(i_t, runs)) || (!i_t && (t->parent || t->what != TREE_RUNS || t->pid != g->proc->pid)) ||
		    (t->what == TREE_RUNS && runs != i_t + 1) || runs > MEMBERS_MOST)
			return bad(g, "what it says of its process %d cannot be", t->pid);
	}
	for (unsigned i = 0; g == g->first && i < g->file.head.n_sections; i++)
		if (g->file.section[i].flags >> SECTION_MEMBER >= MAX(runs, 1u))
			return bad(g, "section %u is of a process that it does not have", i);
	return true;
}
unsigned image_members(const struct snap_image *first)
{
	unsigned n = 0;
	EACH(first, SNAP_TREE, struct snap_tree, t)
		n += t->what == TREE_RUNS;
	return n ? n : 1;
}
static bool read_member(struct snap_image *g)
{
	if (!sections_are_known(g) || !take_records(g))
		return false;
	g->proc = g->of[SNAP_PROC].at[0];
	g->host = g->of[SNAP_HOST].at[0];
	g->machine = g->of[SNAP_MACHINE].n ? g->of[SNAP_MACHINE].at[0] : NULL;
	return machine_is_right(g) && proc_is_right(g) && shared_is_right(g) && pairs_are_right(g) && threads_are_right(g) && maps_are_right(g) &&
	       fds_are_right(g) && tree_is_right(g);
}
bool image_read(struct snap_image *g, int fd)
{
	*g = (struct snap_image){ .first = g };
	return snapfile_open(&g->file, fd) && snapfile_verify(&g->file) && read_member(g);
}
bool image_member(struct snap_image *g, const struct snap_image *first, unsigned i)
{
	*g = (struct snap_image){ .first = first, .member = i, .file = first->file };
	if (!read_member(g))
		return false;
	const struct snap_tree *t = first->of[SNAP_TREE].at[i];
	return t->pid == g->proc->pid || bad(g, "its process %d says to be process %d", t->pid, g->proc->pid);
}
void image_free(struct snap_image *g)
{
	for (unsigned k = 0; k < SNAP_KINDS; k++)
		free(g->of[k].at);
	free(g->bytes);
	if (g == g->first)
		snapfile_close(&g->file);
}
/* --- pages ---------------------------------------------------------------------------------------------------------------- */
const struct snap_map *image_map_at(const struct snap_image *g, uint64_t a)
{
	const struct snap_list *l = &g->of[SNAP_MAP];
	size_t at = COUNT_BEFORE(l->n, i, ((const struct snap_map *)l->at[i])->hi <= a);
	const struct snap_map *m = at < l->n ? l->at[at] : NULL;
	return m && a >= m->lo ? m : NULL;
}
static bool run_lies(const struct snap_image *g, const struct snap_run *n)
{
	const struct snap_map *m = g->machine ? NULL : image_map_at(g, n->at);
	uint64_t end = g->machine ? g->machine->memory : m ? m->hi : 0;

	return n->at < end && ALIGNED(n->at) && n->pages && n->pages <= (end - n->at) / PAGE &&
	       !(m && m->flags & MAPPED_FILE && m->flags & MAPPED_SHARED) && !(m && m->flags & MAPPED_OBJECT);
}
static bool sectors_lie(const struct snap_image *g, const struct snap_run *n)
{
	uint64_t end = g->machine ? g->machine->disk_bytes / SNAPFILE_SECTOR : 0;
	return n->at < end && n->pages && n->pages <= end - n->at;
}
static const struct snap_runs *runs_of(struct snap_image *g, unsigned section, uint64_t unit,
				       bool (*lies)(const struct snap_image *, const struct snap_run *))
{
	const struct snap_runs *r = (const struct snap_runs *)snapfile_section(&g->file, section);
	uint64_t size, bytes;

	if (!r)
		return NULL;
	size = g->file.section[section].plain;
	if (size < sizeof *r || r->n > (size - sizeof *r) / sizeof *r->run)
		return bad(g, "section %u has more runs than room", section), NULL;
	bytes = sizeof *r + r->n * sizeof *r->run;
	for (unsigned i = 0; i < r->n; i++) {
		const struct snap_run *n = &r->run[i];
		if (!lies(g, n) || n->pages > (size - bytes) / unit)
			return bad(g, "section %u has content for %#llx, where it cannot be", section, (unsigned long long)n->at), NULL;
		bytes += n->pages * unit;
	}
	return bytes == size ? r : (bad(g, "section %u is longer than its content", section), NULL);
}
const struct snap_runs *image_pages(struct snap_image *g, unsigned section) { return runs_of(g, section, PAGE, run_lies); }
static const struct snap_shm *run_of;
static bool shared_lies(const struct snap_image *g, const struct snap_run *n)
{
	uint64_t end = PAGE_UP(run_of->size);
	return n->at < end && ALIGNED(n->at) && n->pages && n->pages <= (end - n->at) / PAGE;
}
const struct snap_runs *image_shared(struct snap_image *g, unsigned section)
{
	const struct snap_runs *r = (const struct snap_runs *)snapfile_section(&g->file, section);
	if (!r)
		return NULL;
	if (g->file.section[section].plain < sizeof *r || r->object >= g->of[SNAP_SHM].n)
		return bad(g, "section %u is of shared memory that it does not have", section), NULL;
	run_of = g->of[SNAP_SHM].at[r->object];
	return runs_of(g, section, PAGE, shared_lies);
}
const struct snap_runs *image_sectors(struct snap_image *g, unsigned section)
{
	return runs_of(g, section, SNAPFILE_SECTOR, sectors_lie);
}
