/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The structs in which sysctl tells about processes (sys/user.h of 15.0; their sizes have not changed since 7.1, newer
 * fields took spare room).
 */
#pragma once
#include <stdint.h>

struct fbsd_rusage { int64_t utime[2], stime[2], maxrss, ixrss, idrss, isrss, minflt, majflt, rest[8]; };
struct kinfo_proc {
	int32_t structsize, layout;
	uint64_t kernel_addresses[8];
	int32_t pid, ppid, pgid, tpgid, sid, tsid;
	int16_t jobc, spare_short1;
	uint32_t tdev_old;
	uint32_t siglist[4], sigmask[4], sigignore[4], sigcatch[4];
	uint32_t uid, ruid, svuid, rgid, svgid;
	int16_t ngroups, spare_short2;
	uint32_t groups[16];
	uint64_t size;
	int64_t rssize, swrss, tsize, dsize, ssize;
	uint16_t xstat, acflag;
	uint32_t pctcpu, estcpu, slptime, swtime, cow;
	uint64_t runtime;
	int64_t start[2], childtime[2], flag, kiflag;
	int32_t traceflag;
	int8_t stat, nice, lock, rqindex;
	uint8_t oncpu_old, lastcpu_old;
	char tdname[17], wmesg[9], login[18], lockname[9], comm[20], emul[17], loginclass[18], moretdname[4];
	char sparestrings[46];
	int32_t spareints[2];
	uint64_t tdev;
	int32_t oncpu, lastcpu, tracer, flag2, fibnum;
	uint32_t cr_flags;
	int32_t jid, numthreads, tid;
	uint8_t pri_class, pri_level, pri_native, pri_user;
	struct fbsd_rusage rusage, rusage_ch;
	uint64_t pcb, kstack, udata, tdaddr, spareptrs[6];
	int64_t sparelongs[12], sflag, tdflags;
};
_Static_assert(sizeof(struct fbsd_rusage) == 144, "struct rusage");
_Static_assert(sizeof(struct kinfo_proc) == 1088, "KINFO_PROC_SIZE");
enum { KI_SRUN = 2, KI_SSLEEP = 3, KI_SSTOP = 4, KI_SZOMB = 5 };
enum { KI_CTTY = 1, KI_SLEADER = 2 };
#define P_CONTROLT 2
#define P_TRACED   0x800
#define P_INMEM    0x10000000            /* always, in programs' eyes */

struct kinfo_vmentry {
	int32_t structsize, type;
	uint64_t start, end, offset, fileid;
	uint32_t fsid_old;
	int32_t flags, resident, private_resident, protection, ref_count, shadow_count, vn_type;
	uint64_t vn_size;
	uint32_t rdev_old;
	uint16_t mode, status;
	uint64_t fsid, rdev;
	int32_t spare[8];
	char path[1024];
};
_Static_assert(sizeof(struct kinfo_vmentry) == 1160, "KINFO_VMENTRY_SIZE");
enum { KVME_VNODE = 2, KVME_SWAP = 3, KVME_GUARD = 9, KVME_COW = 1, KVME_GROWS_DOWN = 32 };

struct kinfo_file {
	int32_t structsize, type, fd, ref_count, flags, pad0;
	int64_t offset;
	union {
		struct {
			uint32_t sendq;
			int32_t domain, socktype, protocol;
			uint8_t local[128], peer[128];
		} sock;
		struct {
			int32_t vtype, spareint[3];
			uint64_t spare[29], nlink, fsid, rdev, fileid, size;
			uint32_t fsid_old, rdev_old;
			uint16_t mode, pad0;
			uint32_t pad1;
		} file;
		uint8_t room[304];
	};
	uint16_t status, pad1;
	int32_t spare0;
	uint64_t cap_rights[2], cap_spare;
	char path[1024];
};
_Static_assert(sizeof(struct kinfo_file) == 1392, "KINFO_FILE_SIZE");
enum { KF_VNODE = 1, KF_SOCKET = 2, KF_PIPE = 3, KF_FIFO = 4, KF_KQUEUE = 5, KF_PTS = 10, KF_UNKNOWN = 255 };
enum { KF_CWD = -1, KF_ROOT = -2, KF_TEXT = -5 };
enum { KF_READ = 1, KF_WRITE = 2, KF_APPEND = 4, KF_NONBLOCK = 32 };
