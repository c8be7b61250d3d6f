/* SPDX-License-Identifier: BSD-2-Clause
 *
 * USER: the program's own events. Triggering one that is being added in the same change does nothing on FreeBSD, and so
 * here: the trigger is looked at when an existing one is changed.
 */
#include "kqueue.h"

static long user_attach(struct knote *kn)
{
	kn->user.triggered = false;
	return 0;
}
static void user_detach(struct knote *kn) { }
static bool user_ready(struct knote *kn) { return kn->user.triggered; }

static void user_clear(struct knote *kn)
{
	kn->user.triggered = false;
	kn->kev.data = kn->kev.fflags = 0;
}
static void user_touch(struct knote *kn, struct kev *kev)
{
	uint32_t how = kev->fflags & NOTE_FFCTRLMASK;
	if (kev->fflags & NOTE_TRIGGER)
		kn->user.triggered = true;
	kev->fflags &= NOTE_FFLAGSMASK;
	if (how == NOTE_FFAND)
		kn->sfflags &= kev->fflags;
	else if (how == NOTE_FFOR)
		kn->sfflags |= kev->fflags;
	else if (how == NOTE_FFCOPY)
		kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	if (kev->flags & EV_CLEAR)
		user_clear(kn);
}
static void user_told(struct knote *kn, struct kev *out)
{
	out->fflags = kn->sfflags;
	out->data = kn->sdata;
	if (kn->kev.flags & EV_CLEAR)
		user_clear(kn);
}
const struct filter kq_filt_user = {
	.name = "EVFILT_USER", .attach = user_attach, .detach = user_detach, .ready = user_ready, .touch = user_touch,
	.told = user_told,
};
