/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Meanings that the host's scalars have no bit for. They live above 2^32, so a translated SET holds them beside the
 * host's own bits, and a handler that does not know one may never pass it on: mask with HOST_BITS.
 */
#pragma once
#define HOST_BITS 0xffffffffull

#define X_O_EXLOCK       (1ull << 32)        /* open: flock the file exclusively, or fail */
#define X_O_SHLOCK       (1ull << 33)
#define X_O_EXEC         (1ull << 34)        /* open for execution only */
#define X_O_BENEATH      (1ull << 35)        /* resolve beneath the directory */
#define X_O_VERIFY       (1ull << 36)
#define X_O_EMPTY_PATH   (1ull << 37)

#define X_AT_BENEATH     (1ull << 32)
#define X_FILE_FLAG      (1ull << 32)        /* of a file, which no file system of the host keeps */

#define X_INHERIT_SHARE  (1ull << 32)        /* minherit; the others are MADV_DOFORK (copy), DONTFORK (none), WIPEONFORK (zero) */

/* pathconf names are the host libc's _PC_*; these have none */
#define X_PC_ABSENT      (1ull << 32)        /* a feature no file here has: 0 */
#define X_PC_MIN_HOLE    (1ull << 33)
#define X_PC_ACL_MAX     (1ull << 34)

#define X_MAP_GUARD      (1ull << 32)        /* reserve: every access faults */
#define X_MAP_EXCL       (1ull << 33)        /* with FIXED: fail where something is mapped */
#define X_MAP_NOCORE     (1ull << 34)
#define X_MAP_NOSYNC     (1ull << 35)
#define X_MAP_TRYFIXED   (1ull << 36)
#define X_MAP_INHERIT_ZERO (1ull << 37)
#define X_MAP_ALIGN_SHIFT 56                 /* log2 of the alignment wanted, 0 none, in the top byte */

#define X_MSG_NBIO       (1ull << 33)        /* do not block in this call */
#define X_MSG_EOF        (1ull << 34)        /* shut down the sending side after this */

#define X_WTRAPPED       (1ull << 33)        /* wait: tracees that have stopped */

#define X_KCMP_OBJ       (1ull << 32)        /* kcmp: what two descriptors are of, however opened */

#define X_CLOCK_SECOND   0x100000001ull      /* CLOCK_*: seconds only */

#define X_IGNORED        (1ull << 55)        /* a guest's bit that is taken and has no effect here; any SET */
#define X_PD_DAEMON      (1ull << 32)        /* a process descriptor whose closing does not kill */
#define X_RLIMIT_OTHER   (1ull << 32)        /* a limit the host does not have; the guest's number is in the low bits */
#define X_SHM_GROW       (1ull << 32)        /* shared memory that writing makes longer */

/* errors that the host does not have, in the two numbers it never gave away */
#define X_ENOTCAPABLE    41
#define X_ECAPMODE       58
#define X_EFTYPE         57          /* EBADSLT, which no call gives: not for this type of file */
