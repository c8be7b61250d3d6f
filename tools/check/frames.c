/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where functions begin, by the table that unwinders search (.eh_frame_hdr): stripped libraries have it, too.
 */
#include <string.h>
#include "guise.h"
#include "tools/check/check.h"

#define PTR_PCREL_4 0x1b
#define UDATA4 0x03
#define DATAREL_4 0x3b

void frames_read(struct module *m)
{
	const uint8_t *h = module_at(m, m->eh_frame_hdr, 12);
	uint32_t n;

	if (!h || h[0] != 1 || h[2] != UDATA4 || h[3] != DATAREL_4 || (h[1] & 15) != (PTR_PCREL_4 & 15))
		return;
	memcpy(&n, h + 8, 4);
	n = (uint32_t)MIN((uint64_t)n, m->eh_size / 8);
	for (uint32_t i = 0; i < n; i++) {
		int32_t at;
		const void *p = module_at(m, m->eh_frame_hdr + 12 + i * 8ull, 4);
		if (!p)
			return;
		memcpy(&at, p, 4);
		module_start(m, m->eh_frame_hdr + (uint64_t)(int64_t)at);
	}
}
