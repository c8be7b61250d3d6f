/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The BSDs' socket addresses: one byte of length, one byte of family, then what the family says. The kernel believes
 * the length argument and not the length byte, so do we. Internet addresses have Linux's layout from the third byte on.
 */
#include <string.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <linux/if_packet.h>
#include "host.h"
#include "sock.h"

#define BSD_UN_PATH 104

struct bsd_sockaddr { uint8_t len, family; char data[14]; };
struct bsd_sockaddr_dl {
	uint8_t len, family;
	uint16_t index;
	uint8_t type, nlen, alen, slen;
	char data[46];
};
_Static_assert(sizeof(struct bsd_sockaddr_dl) == 54, "net/if_dl.h");

/* --- to the host ------------------------------------------------------------------------------------------------------------- */
/* The path ends at the length or at a NUL. An empty one names nothing; never may it become one of Linux's abstract names. */
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
static long dl_get(const struct bsd_sockaddr_dl *g, size_t n, struct sockaddr_ll *ll)
{
	if (n < 8 || (size_t)g->nlen + g->alen > n - 8)
		return -EINVAL;
	ll->sll_ifindex = g->index;
	ll->sll_halen = MIN(g->alen, (uint8_t)sizeof ll->sll_addr);
	memcpy(ll->sll_addr, g->data + g->nlen, ll->sll_halen);
	return sizeof *ll;
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
	if (family == AF_PACKET)
		return dl_get(guest, n, (struct sockaddr_ll *)host);
	n = MIN(n, sizeof *host);
	memcpy((char *)host + 2, g->data, n - 2);
	return (long)n;
}

/* --- to the guest -------------------------------------------------------------------------------------------------------------- */
static size_t un_put(const struct sockaddr_un *un, size_t n, uint8_t *g)
{
	size_t len = 0, max = n > 2 ? n - 2 : 0;
	while (len < MIN(max, (size_t)BSD_UN_PATH) && un->sun_path[len]) {
		g[2 + len] = (uint8_t)un->sun_path[len];
		len++;
	}
	return len ? 2 + MIN(len + 1, (size_t)BSD_UN_PATH) : sizeof(struct bsd_sockaddr);
}
static size_t dl_put(const struct sockaddr_ll *ll, struct bsd_sockaddr_dl *g)
{
	g->index = (uint16_t)ll->sll_ifindex;
	g->type = ll->sll_hatype == 772 ? 24 : 6;        /* ARPHRD_LOOPBACK is IFT_LOOP; the rest look like Ethernet */
	g->alen = ll->sll_halen;
	memcpy(g->data, ll->sll_addr, MIN(ll->sll_halen, (uint8_t)sizeof ll->sll_addr));
	return sizeof *g;
}
long bsd_sockaddr_put(const struct sockaddr_storage *host, size_t n, void *guest, size_t max)
{
	uint8_t g[256] = { 0 };
	size_t len = MIN(n, sizeof *host);

	if (n < 2)
		return 0;
	if (host->ss_family == AF_UNIX)
		len = un_put((const struct sockaddr_un *)host, n, g);
	else if (host->ss_family == AF_PACKET)
		len = dl_put((const struct sockaddr_ll *)host, (struct bsd_sockaddr_dl *)g);
	else
		memcpy(g + 2, (const char *)host + 2, len - 2);
	g[0] = (uint8_t)len;
	g[1] = (uint8_t)set_to_guest(thread_self()->p->pers, SET_AF, host->ss_family);
	memcpy(guest, g, MIN(len, max));
	return (long)len;
}
