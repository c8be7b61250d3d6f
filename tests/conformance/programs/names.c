/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of hosts, services, users and interfaces, as far as they need no network: what getaddrinfo, getnameinfo, getpwuid
 * and getifaddrs find, and a conversation over the loopback with what they gave.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask(const char *host, const char *service, int family, int flags)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *list = NULL;
	int e = getaddrinfo(host, service, &hints, &list), n = 0;
	char h[100] = "", s[40] = "";
	for (struct addrinfo *a = list; a && !e; a = a->ai_next, n++)
		if (!n)
			getnameinfo(a->ai_addr, a->ai_addrlen, h, sizeof h, s, sizeof s, NI_NUMERICHOST | NI_NUMERICSERV);
	printf("%s %s: %s %s %s\n", host ? host : "(any)", service ? service : "-", e ? "no" : "yes", h, s);
	if (list)
		freeaddrinfo(list);
}
static void talk(int family)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *a;
	if (getaddrinfo(family == AF_INET ? "127.0.0.1" : "::1", "0", &hints, &a))
		return;
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	char word[20] = "";
	int l = socket(a->ai_family, SOCK_STREAM, 0), one = 1, s;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (l < 0 || bind(l, a->ai_addr, a->ai_addrlen) || listen(l, 5)) {
		perror("listen");
		return;
	}
	getsockname(l, (struct sockaddr *)&ss, &n);
	if (!fork()) {
		s = socket(family, SOCK_STREAM, 0);
		if (connect(s, (struct sockaddr *)&ss, n) == 0)
			write(s, "through", 7);
		_exit(0);
	}
	n = sizeof ss;
	s = accept(l, (struct sockaddr *)&ss, &n);
	ssize_t got = read(s, word, sizeof word - 1);
	printf("%s: %d %s\n", family == AF_INET ? "inet" : "inet6", (int)got, word);
	wait(NULL);
	freeaddrinfo(a);
}
int main(void)
{
	struct ifaddrs *list = NULL;
	int loops = 0;

	ask("127.0.0.1", "80", AF_UNSPEC, AI_NUMERICHOST);
	ask("::1", "443", AF_UNSPEC, AI_NUMERICHOST);
	ask("localhost", NULL, AF_INET, 0);
	ask("nothing.invalid", "1", AF_UNSPEC, AI_NUMERICHOST);
	ask(NULL, "7", AF_INET, AI_PASSIVE);
	ask("127.1", "http", AF_INET, AI_NUMERICHOST);
	talk(AF_INET);
	talk(AF_INET6);
	if (getifaddrs(&list))
		perror("getifaddrs");
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && i->ifa_flags & IFF_LOOPBACK)
			loops += ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
	printf("loopback addresses: %d\n", loops);
	struct passwd *pw = getpwuid(0);
	printf("user 0 is %s at home in %s\n", pw ? pw->pw_name : "nobody", pw ? pw->pw_dir : "");
	return 0;
}
