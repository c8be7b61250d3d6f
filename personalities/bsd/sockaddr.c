/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The BSDs' socket addresses: one byte of length, one byte of family, then what the family says. The kernel believes
 * the length argument and not the length byte, so do we. Internet addresses have Linux's layout from the third byte on.
 */
#include <string.h>
#include <netinet/in.h>
#include <sys/un.h>
#include "host.h"
#include "sock.h"

#define BSD_UN_PATH 104

struct bsd_sockaddr { uint8_t len, family; char data[14]; };

/* --- to the host ------------------------------------------------------------------------------------------------ */
/* The path ends at the length or at a NUL. An empty one names nothing; never may it become one of Linux's abstract
 * names. */
static long un_get(const char *path, size_t n, struct sockaddr_un *un)
{
	size_t i = 0;
	for (; i < n && path[i]; i++)
		if (i >= BSD_UN_PATH)
			return -EINVAL;
	if (!i)
		return -ENOENT;
	memcpy(un->sun_path, path, i);
	return (long)(offsetof(struct sockaddr_un, sun_path) + i + 1);
}
long bsd_sockaddr_get(const void *guest, size_t n, struct sockaddr_storage *host)
{
	const struct bsd_sockaddr *g = guest;
	const struct personality *p = thread_self()->p->pers;
	uint64_t family;

	if (n < offsetof(struct bsd_sockaddr, data))
		return -EINVAL;
	if (set_to_host(p, SET_AF, g->family, &family) < 0)
		return -EAFNOSUPPORT;
	host->ss_family = (sa_family_t)family;
	if (family == AF_UNIX)
		return un_get(g->data, n - 2, (struct sockaddr_un *)host);
	n = MIN(n, sizeof *host);
	memcpy((char *)host + 2, g->data, n - 2);
	return (long)n;
}

/* --- to the guest ----------------------------------------------------------------------------------------------- */
static size_t un_put(const struct sockaddr_un *un, size_t n, uint8_t *g)
{
	size_t len = 0, max = n > 2 ? n - 2 : 0;
	while (len < MIN(max, (size_t)BSD_UN_PATH) && un->sun_path[len]) {
		g[2 + len] = (uint8_t)un->sun_path[len];
		len++;
	}
	return len ? 2 + MIN(len + 1, (size_t)BSD_UN_PATH) : sizeof(struct bsd_sockaddr);
}
long bsd_sockaddr_put(const struct sockaddr_storage *host, size_t n, void *guest, size_t max)
{
	uint8_t g[256] = { 0 };
	size_t len = MIN(n, sizeof *host);

	if (n < 2)
		return 0;
	if (host->ss_family == AF_UNIX)
		len = un_put((const struct sockaddr_un *)host, n, g);
	else
		memcpy(g + 2, (const char *)host + 2, len - 2);
	g[0] = (uint8_t)len;
	g[1] = (uint8_t)set_to_guest(thread_self()->p->pers, SET_AF, host->ss_family);
	memcpy(guest, g, MIN(len, max));
	return (long)len;
}
