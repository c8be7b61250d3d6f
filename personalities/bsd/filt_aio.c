/* SPDX-License-Identifier: BSD-2-Clause
 *
 * AIO and LIO: a request, or a list of them, is done. Their knotes are made when the request is, by the call that makes
 * it (EV_FLAG1); a program that adds one itself is told EPERM. They are gone when the request is fetched.
 */
#include "host.h"
#include "kqueue.h"

static long post_attach(struct knote *kn)
{
	if (!(kn->kev.flags & EV_FLAG1))
		return -EPERM;
	kn->kev.flags &= (uint16_t)~EV_FLAG1;
	kn->user.triggered = false;
	return 0;
}
static void post_detach(struct knote *kn) { }
static bool post_ready(struct knote *kn) { return kn->user.triggered; }

const struct filter kq_filt_aio = {
	.name = "EVFILT_AIO", .attach = post_attach, .detach = post_detach, .ready = post_ready,
};
const struct filter kq_filt_lio = {
	.name = "EVFILT_LIO", .attach = post_attach, .detach = post_detach, .ready = post_ready,
};

long kq_post_new(struct call *c, int kqfd, const struct kev *kev, struct kq_post *post)
{
	struct kqueue *kq = kq_enter(c->t->p, kqfd, NULL);
	struct kev k = *kev;
	long e;
	if (!kq)
		return -EBADF;
	k.flags |= EV_ADD | EV_FLAG1;
	if (!(e = kq_register(c, kq, &k))) {
		lock(&kq->lock);
		struct knote *kn = knote_find(kq, kev->ident, kev->filter);
		*post = (struct kq_post){ kn ? kq : NULL, kn ? knote_word(kn) : 0 };
		unlock(&kq->lock);
	}
	kq_leave(kq);
	return e;
}
/* The queue may be closed, and another have its place: then the word finds nothing, or something of another filter. */
static struct knote *find(const struct kq_post *post)
{
	struct knote *kn = knote_of(post->kq, post->word);
	return kn && (kn->f == &kq_filt_aio || kn->f == &kq_filt_lio) ? kn : NULL;
}
void kq_post_happened(const struct kq_post *post, int64_t data)
{
	if (!post->kq)
		return;
	lock(&post->kq->lock);
	struct knote *kn = find(post);
	if (kn) {
		kn->user.triggered = true;
		kn->kev.data = data;
		if (kn->f == &kq_filt_aio)
			kn->kev.flags |= EV_EOF;
		knote_activate(kn);
		kq_kick(post->kq);
	}
	unlock(&post->kq->lock);
}
void kq_post_end(struct kq_post *post)
{
	if (!post->kq)
		return;
	lock(&post->kq->lock);
	struct knote *kn = find(post);
	if (kn) {
		knote_drop(kn);
		kq_kick(post->kq);
	}
	unlock(&post->kq->lock);
	post->kq = NULL;
}
