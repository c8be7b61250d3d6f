/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of a snapshot, read and looked at: what image_read has let through is consistent in itself (sizes, strings,
 * order, ranges), so whoever restores it checks only what this host has to say.
 */
#pragma once
#include "loader/snapfile.h"
#include "syscalls/snapshot.h"

enum { SNAP_KINDS = 48 };
struct snap_list { const void **at; unsigned n, room; };
struct snap_image {
	struct snapfile file;
	char *bytes;                     /* of all sections of records */
	size_t n_bytes, room;
	struct snap_list of[SNAP_KINDS];
	const struct snap_proc *proc;
	const struct snap_host *host;
	const struct snap_machine *machine;      /* NULL: it is of a process */
	uint64_t pages, sectors;         /* bytes in sections of them */
	unsigned member;                 /* which process of its tree it is */
	const struct snap_image *first;  /* the first has what all share: pipes, shared memory, the tree */
};
bool image_read(struct snap_image *, int fd);        /* false: image.file.why is a sentence */
bool image_member(struct snap_image *, const struct snap_image *first, unsigned i);      /* another process of the tree */
unsigned image_members(const struct snap_image *first);
const struct snap_runs *image_shared(struct snap_image *first, unsigned section);    /* a section of shared memory */
void image_free(struct snap_image *);
/* A section of pages, looked at: every run lies in a mapping whose content is in the file. NULL: why */
const struct snap_runs *image_pages(struct snap_image *, unsigned section);
const struct snap_runs *image_sectors(struct snap_image *, unsigned section);        /* the same of a disk's */
const struct snap_map *image_map_at(const struct snap_image *, uint64_t a);
/* Options of sockets that are saved and restored; family and type 0: of all */
struct snap_sockopt_row { int level, name, family, type; };
extern const struct snap_sockopt_row snap_sockopts[];
extern const unsigned n_snap_sockopts;
const struct snap_fd *image_fd(const struct snap_image *, int fd);

#define EACH(img, kind, type, r) \
	for (unsigned i_##r = 0; i_##r < (img)->of[kind].n; i_##r++) \
		for (const type *r = (img)->of[kind].at[i_##r]; r; r = NULL)
