/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers that look random and follow from a seed (xorshift): a case that was found can be made again.
 */
#pragma once

static uint64_t rng;             /* never 0 */
static uint64_t next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}
