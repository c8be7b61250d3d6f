/* SPDX-License-Identifier: BSD-2-Clause
 *
 * VNODE: what happens to a file, from inotify. One inotify descriptor a kqueue; the host keeps one watch an inode, so
 * knotes on the same file share a struct kq_watch. Two things inotify does not say are read off the file: a link count
 * that fell is NOTE_DELETE (the host tells of a deletion only when the last descriptor is gone, and ours is not), a
 * size that grew is NOTE_EXTEND, one that shrank is a change of attributes (on a BSD truncation sets one). That an open
 * directory is removed, inotify tells its parent only: so that is watched, too.
 */
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include "host.h"
#include "kqueue.h"

#define DIR_CHANGES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

static const struct { uint32_t note, in; } wanted[] = {
	{ NOTE_DELETE, IN_ATTRIB | IN_DELETE_SELF },
	{ NOTE_WRITE, IN_MODIFY | DIR_CHANGES },
	{ NOTE_EXTEND, IN_MODIFY | DIR_CHANGES },
	{ NOTE_ATTRIB, IN_ATTRIB | IN_MODIFY },
	{ NOTE_LINK, IN_ATTRIB | DIR_CHANGES },
	{ NOTE_RENAME, IN_MOVE_SELF },
	{ NOTE_REVOKE, IN_UNMOUNT },
	{ NOTE_OPEN, IN_OPEN },
	{ NOTE_CLOSE, IN_CLOSE_NOWRITE },
	{ NOTE_CLOSE_WRITE, IN_CLOSE_WRITE },
	{ NOTE_READ, IN_ACCESS },
};
static uint32_t mask_of(uint32_t notes)
{
	uint32_t m = 0;
	for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
		m |= notes & wanted[i].note ? wanted[i].in : 0;
	return m;
}

/* --- watches ---------------------------------------------------------------------------------------------------- */
static struct kq_watch **watch_at(struct kqueue *kq, int wd)
{
	struct kq_watch **at = &kq->watch[(unsigned)wd % KQ_WATCHES];
	while (*at && (*at)->wd != wd)
		at = &(*at)->next;
	return at;
}
/* which: 0 the file itself, 1 its parent */
static long watch_on(struct knote *kn, uint32_t mask, unsigned which)
{
	struct kqueue *kq = kn->kq;
	char path[40];
	long wd;

	if (kq->ino < 0 && (wd = kq_ours(kq, &kq->ino, host(SYS_inotify_init1, IN_NONBLOCK), KQ_WORD_INO, EPOLLIN)) < 0)
		return wd;
	fmt(path, sizeof path, which ? "/proc/self/fd/%d/.." : "/proc/self/fd/%d", kn->fd);
	wd = host(SYS_inotify_add_watch, kq->ino, path, mask | IN_MASK_ADD);
	if (wd < 0 || kn->vnode.watch[which])
		return wd < 0 ? wd : 0;
	struct kq_watch **at = watch_at(kq, (int)wd), *w = *at;
	if (!w) {
		if (!(w = mem_alloc(sizeof *w)))
			return -ENOMEM;
		w->wd = (int)wd;
		*at = w;
	}
	kn->vnode.watch[which] = w;
	list_add(&w->list[which], kn, ON_WATCH + which);
	return 0;
}
long vnode_watch(struct knote *kn, uint32_t mask) { return mask ? watch_on(kn, mask, 0) : 0; }

static void watch_free(struct kqueue *kq, struct kq_watch *w)
{
	struct kq_watch **at = watch_at(kq, w->wd);
	*at = w->next;
	mem_free(w, sizeof *w);
}
void vnode_unwatch(struct knote *kn)
{
	for (unsigned which = 0; which < 2; which++) {
		struct kq_watch *w = kn->vnode.watch[which];
		if (!w)
			continue;
		kn->vnode.watch[which] = NULL;
		list_remove(&w->list[which], kn, ON_WATCH + which);
		if (w->list[0] || w->list[1])
			continue;
		host(SYS_inotify_rm_watch, kn->kq->ino, w->wd);
		watch_free(kn->kq, w);
	}
}

/* --- events ----------------------------------------------------------------------------------------------------- */
static void hint(struct knote *kn, uint32_t h)
{
	if (kn->sfflags & h)
		kn->kev.fflags |= h;     /* the whole of it: writing past the end is WRITE and EXTEND in one */
}
static void modified(struct knote *kn, uint64_t size)
{
	if (size > kn->vnode.size)
		hint(kn, NOTE_WRITE | NOTE_EXTEND);
	else
		hint(kn, size < kn->vnode.size ? NOTE_ATTRIB : NOTE_WRITE);
	kn->vnode.size = size;
}
static void dir_changed(struct knote *kn, uint32_t in, uint64_t nlink)
{
	bool moved = in & (IN_MOVED_FROM | IN_MOVED_TO), links = nlink != kn->vnode.nlink;
	if (moved)
		hint(kn, NOTE_WRITE | (links ? NOTE_EXTEND | NOTE_LINK : 0));
	else
		hint(kn, NOTE_WRITE | (in & IN_ISDIR ? NOTE_LINK : 0));
	kn->vnode.nlink = nlink;
}
static void attrib(struct knote *kn, uint64_t nlink)
{
	if (nlink == kn->vnode.nlink || (kn->is_dir && nlink))
		hint(kn, NOTE_ATTRIB);
	else
		hint(kn, nlink < kn->vnode.nlink ? NOTE_DELETE : NOTE_LINK);
	kn->vnode.nlink = nlink;
}
static void happened(struct knote *kn, uint32_t in)
{
	static const struct { uint32_t in, note; } plain[] = {
		{ IN_MOVE_SELF, NOTE_RENAME }, { IN_OPEN, NOTE_OPEN }, { IN_CLOSE_NOWRITE, NOTE_CLOSE },
		{ IN_CLOSE_WRITE, NOTE_CLOSE_WRITE }, { IN_ACCESS, NOTE_READ }, { IN_DELETE_SELF, NOTE_DELETE },
		{ IN_UNMOUNT, NOTE_REVOKE },
	};
	struct stat st;
	if (host(SYS_fstat, kn->fd, &st) < 0)
		return;
	if (in & IN_MODIFY)
		modified(kn, (uint64_t)st.st_size);
	if (in & DIR_CHANGES)
		dir_changed(kn, in, st.st_nlink);
	if (in & IN_ATTRIB)
		attrib(kn, st.st_nlink);
	for (unsigned i = 0; i < ARRAY_LEN(plain); i++)
		if (in & plain[i].in)
			hint(kn, plain[i].note);
	if (in & IN_UNMOUNT)
		kn->kev.flags |= EV_EOF;
}
/* In the directory that holds this one, something was removed. */
static void beside(struct knote *kn)
{
	struct stat st;
	if (kn->removed || host(SYS_fstat, kn->fd, &st) < 0 || st.st_nlink)
		return;
	kn->removed = true;
	hint(kn, NOTE_DELETE);
}
static void deliver(struct kqueue *kq, const struct inotify_event *e)
{
	struct kq_watch *w = *watch_at(kq, e->wd);
	for (unsigned which = 0; w && which < 2; which++)
		for (struct knote *kn = w->list[which], *next; kn; kn = next) {
			next = kn->on[ON_WATCH + which].next;
			if (which)
				beside(kn);
			else if (kn->f == &kq_filt_vnode)
				happened(kn, e->mask);
			if (kn->f->ready(kn))
				knote_activate(kn);
			if (e->mask & IN_IGNORED)
				kn->vnode.watch[which] = NULL;
		}
	if (w && e->mask & IN_IGNORED)
		watch_free(kq, w);
}
void vnode_expired(struct kqueue *kq)
{
	union { struct inotify_event e; char bytes[4096]; } buf;
	long n;
	while ((n = host(SYS_read, kq->ino, &buf, sizeof buf)) > 0)
		for (char *at = buf.bytes; at < buf.bytes + n; at += sizeof buf.e + ((struct inotify_event *)at)->len)
			deliver(kq, (struct inotify_event *)at);
}

/* --- the filter ------------------------------------------------------------------------------------------------- */
static long watch_all(struct knote *kn)
{
	long e = vnode_watch(kn, mask_of(kn->sfflags));
	if (!e && kn->is_dir && kn->sfflags & NOTE_DELETE)
		watch_on(kn, IN_DELETE, 1);          /* the parent may not be ours to read: then it is not told */
	return e;
}
static long vnode_attach(struct knote *kn)
{
	struct stat st;
	long e = host(SYS_fstat, kn->fd, &st);
	if (e < 0)
		return e;
	if (S_ISSOCK(st.st_mode) || !(st.st_mode & S_IFMT) || (S_ISFIFO(st.st_mode) && st.st_nlink == 1 && !st.st_ino))
		return -EINVAL;
	kn->vnode.size = (uint64_t)st.st_size;
	kn->vnode.nlink = st.st_nlink;
	kn->is_dir = S_ISDIR(st.st_mode);
	return watch_all(kn);
}
static bool vnode_ready(struct knote *kn) { return kn->kev.fflags != 0; }

/* A larger mask than any knote asks for does no harm: hint() looks at each one's own wish. */
static void vnode_touch(struct knote *kn, struct kev *kev)
{
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	if (watch_all(kn) < 0)
		report_unknown(thread_self(), UNK_OPTION, "EVFILT_VNODE fflags", kn->sfflags);
}
const struct filter kq_filt_vnode = {
	.name = "EVFILT_VNODE", .isfd = true, .attach = vnode_attach, .detach = vnode_unwatch, .ready = vnode_ready,
	.touch = vnode_touch,
};
