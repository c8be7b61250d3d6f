/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The login name that setlogin has set, for a personality that hands it on over exec.
 */
#pragma once
#include "guise.h"

const char *bsd_login_said(void);                    /* "": none */
void bsd_login_kept(const char *);
