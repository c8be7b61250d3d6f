/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program whose interrupts are the timer's, at vector 0x20, and are only counted; what comes besides is counted, too.
 */
#pragma once
#include "guest.h"

static volatile unsigned ticks, others;

void on_interrupt(struct frame *f)
{
	if (f->vector == 0x20)
		ticks++;
	else
		others++;
	pic_done();
}
