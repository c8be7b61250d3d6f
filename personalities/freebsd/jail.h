/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Jails: who has which, and who is in which. jail_table.c keeps them, jail.c makes, tells and removes them, jail_limits.c
 * holds processes to what theirs allows.
 */
#pragma once
#include "guise.h"

/* what a jail allows: sys/sys/jail.h PR_ALLOW_*; those that mean something here */
enum {
	ALLOW_SET_HOSTNAME = 0x1, ALLOW_SYSVIPC = 0x2, ALLOW_RAW_SOCKETS = 0x4, ALLOW_CHFLAGS = 0x8, ALLOW_MOUNT = 0x10,
	ALLOW_QUOTAS = 0x20, ALLOW_SOCKET_AF = 0x40, ALLOW_MLOCK = 0x80, ALLOW_READ_MSGBUF = 0x100, ALLOW_UNPRIV_DEBUG = 0x200,
	ALLOW_SUSER = 0x400, ALLOW_MOUNT_DEVFS = 0x800, ALLOW_MOUNT_PROCFS = 0x1000, ALLOW_MOUNT_TMPFS = 0x2000,
	ALLOW_RESERVED_PORTS = 0x8000, ALLOW_ALL = 0xbfff,
	ALLOW_FIRST = ALLOW_SET_HOSTNAME | ALLOW_RESERVED_PORTS | ALLOW_UNPRIV_DEBUG | ALLOW_SUSER,
};
enum { JAIL_SYS_DISABLE, JAIL_SYS_NEW, JAIL_SYS_INHERIT };
#define JAIL_ADDRS 16
struct jail {
	int32_t jid, parent;     /* 0: no jail; the host's */
	uint32_t persist, allow;
	int32_t children_max, securelevel, enforce_statfs, devfs_ruleset, osreldate;
	int32_t host, ip4, ip6, vnet, sysvmsg, sysvsem, sysvshm;     /* JAIL_SYS_* */
	uint32_t saddrsel4, saddrsel6;
	int32_t n4, n6;          /* addresses that it has, where ip4 or ip6 is not JAIL_SYS_INHERIT */
	uint8_t addr4[JAIL_ADDRS][4], addr6[JAIL_ADDRS][16];
	uint64_t hostid;
	char name[256];          /* whole, with its parents' */
	char path[1024];         /* as the host's guests name it */
	char dir[1024];          /* ... and the host */
	char hostname[256], domainname[256], hostuuid[64], osrelease[32];
};
#define JAILS 64
struct jails {                       /* all of them, as they were read */
	int32_t magic, size, last_jid, pad;
	struct jail j[JAILS];
};

/* jail_table.c. NULL: it cannot be had, or (not to be made) there are no jails; given back by jails_close, written if asked */
struct jails *jails_open(struct proc *, bool make, int *fd);
void jails_close(struct jails *, int fd, bool changed);
struct jail *jail_find(struct jails *, int jid);
bool jail_within(struct jails *, const struct jail *, int outer);    /* at any depth; every jail is within 0 */
int jail_of(int pid);                        /* jid; 0: none, or not known */
int jail_mine(void);
long jail_enter(struct proc *, const struct jail *, unsigned slot);  /* this process is in it from now on */
bool jail_copy(struct proc *, struct jail *);        /* of ours, as it is now; false: we are in none */
size_t jail_kept(char *, size_t);            /* over exec */
void jail_start(struct proc *, const char *);
void jail_execs(void);

/* jail_limits.c */
bool fbsd_hidden(struct thread *, long pid); /* another's, which ours does not see; 0: are there any? */
long fbsd_refuses(struct call *);
void jail_limits_start(void);                /* this process has come into a jail */
