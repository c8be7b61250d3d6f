/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the host shows of us.
 */
#pragma once
struct space;
void title_set(const char *name, const struct space *);
