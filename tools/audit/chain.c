/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What makes a log whole or not. Each record ends with a hash over the hash before it and its own text, so that a record
 * that was changed, taken out, put in or moved does not fit its neighbours any more. With a key the hash is an HMAC, which
 * nobody can make anew who does not have it. A run begins with a record "start" and ends with one "end": a log that ends
 * with anything else was cut, or is still being written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/audit/audit.h"
#include "tools/command.h"
#include "loader/loader.h"

/* --- SHA-256 (FIPS 180-4) ----------------------------------------------------------------------------------------- */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static uint32_t turn(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

static void mix(struct sha *s)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 |
		       (uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		       (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, s->h, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t a = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		uint32_t b = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += a;
		v[0] = a + b;
	}
	for (int i = 0; i < 8; i++)
		s->h[i] += v[i];
}
void sha_start(struct sha *s)
{
	*s = (struct sha){ .h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}
void sha_add(struct sha *s, const void *p, size_t n)
{
	for (const unsigned char *c = p; n; ) {
		size_t at = s->n % 64, take = MIN(64 - at, n);
		memcpy(s->block + at, c, take);
		s->n += take, c += take, n -= take;
		if (s->n % 64 == 0)
			mix(s);
	}
}
void sha_end(struct sha *s, uint8_t out[HASH])
{
	uint64_t bits = s->n * 8;
	uint8_t end[8];

	sha_add(s, "\x80", 1);
	while (s->n % 64 != 56)
		sha_add(s, "", 1);
	for (int i = 0; i < 8; i++)
		end[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha_add(s, end, 8);
	for (int i = 0; i < HASH; i++)
		out[i] = (uint8_t)(s->h[i / 4] >> (24 - i % 4 * 8));
}

/* --- the chain ---------------------------------------------------------------------------------------------------- */
void hash_text(const uint8_t hash[HASH], char out[2 * HASH + 1])
{
	for (int i = 0; i < HASH; i++)
		sprintf(out + 2 * i, "%02x", hash[i]);
}
static bool hash_of_text(const char *text, uint8_t hash[HASH])
{
	for (int i = 0; i < HASH; i++) {
		unsigned v;
		if (strspn(text + 2 * i, "0123456789abcdef") < 2 || sscanf(text + 2 * i, "%2x", &v) != 1)
			return false;
		hash[i] = (uint8_t)v;
	}
	return true;
}
static void keyed(struct sha *s, const uint8_t key[HASH], uint8_t pad)
{
	uint8_t block[64];
	memset(block, pad, sizeof block);
	for (int i = 0; i < HASH; i++)
		block[i] ^= key[i];
	sha_start(s);
	sha_add(s, block, sizeof block);
}
void chain_next(struct chain *c, const char *text, size_t n)
{
	struct sha s;
	if (c->keyed)
		keyed(&s, c->key, 0x36);
	else
		sha_start(&s);
	sha_add(&s, c->last, HASH);
	sha_add(&s, text, n);
	sha_end(&s, c->last);
	if (!c->keyed)
		return;
	uint8_t inner[HASH];
	memcpy(inner, c->last, HASH);
	keyed(&s, c->key, 0x5c);
	sha_add(&s, inner, HASH);
	sha_end(&s, c->last);
}
void chain_key(struct chain *c, const char *file)
{
	char buf[65536];
	struct sha s;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf);

	if (n < 0)
		refuse("%s: %s; --key wants a file that holds the key", shown(file), strerror(errno));
	if (n < 16)
		refuse("%s has %zd bytes; --key wants 16 at least: head -c 32 /dev/urandom >%s makes one", shown(file), n, file);
	close(fd);
	sha_start(&s);
	sha_add(&s, buf, (size_t)n);
	sha_end(&s, c->key);
	c->keyed = true;
}

/* --- one line ----------------------------------------------------------------------------------------------------- */
#define TAIL (sizeof ",\"hash\":\"\"}" - 1 + 2 * HASH)
/* A record's text and hash: false if the line has not the form of one. */
static bool split(const char *line, size_t n, size_t *text, uint8_t hash[HASH])
{
	if (n <= TAIL || line[0] != '{' || memcmp(line + n - TAIL, ",\"hash\":\"", 9) || memcmp(line + n - 2, "\"}", 2))
		return false;
	*text = n - TAIL;
	return hash_of_text(line + n - TAIL + 9, hash);
}
/* The number behind "seq": and the text behind "event":, which stand at fixed places in what we write. */
static uint64_t seq_of(const char *line)
{
	const char *s = strstr(line, "\"seq\":");
	return s ? strtoull(s + 6, NULL, 10) : 0;
}
static bool is_event(const char *line, const char *name)
{
	char text[64];
	snprintf(text, sizeof text, "\"event\":\"%s\"", name);
	const char *s = strstr(line, "\"event\":");
	return s && !strncmp(s, text, strlen(text));
}
static bool prev_of(const char *line, uint8_t hash[HASH])
{
	const char *s = strstr(line, ",\"prev\":\"");
	return s && strlen(s) > 9 + 2 * HASH && hash_of_text(s + 9, hash);
}
bool chain_resume(struct chain *c, int fd)
{
	struct stat st;
	if (fstat(fd, &st) || !st.st_size || !S_ISREG(st.st_mode))
		return true;
	off_t from = MAX(st.st_size - (4l << 20), 0);
	size_t n = (size_t)(st.st_size - from), text;
	char *buf = malloc(n + 1);
	if (!buf || pread(fd, buf, n, from) != (ssize_t)n || buf[n - 1] != '\n') {
		free(buf);
		return false;
	}
	buf[n - 1] = 0;
	char *line = strrchr(buf, '\n');
	line = line ? line + 1 : buf;
	bool good = split(line, strlen(line), &text, c->last);
	c->seq = seq_of(line);
	free(buf);
	return good;
}

/* --- --verify ----------------------------------------------------------------------------------------------------- */
struct check {
	struct chain chain;
	const char *file;
	uint64_t line, records, runs;
	bool begun, open;        /* a record was read; a run has begun and not ended */
	unsigned bad;
};
static void wrong(struct check *k, const char *what)
{
	printf("%s:%lu: %s\n", k->file, k->line, what);
	k->bad++;
}
static void check_order(struct check *k, const char *line)
{
	uint64_t seq = seq_of(line);
	if (k->begun && seq != k->chain.seq + 1)
		wrong(k, seq > k->chain.seq ? "records before this one are missing" : "this record stands in the wrong place");
	k->chain.seq = seq;
	if (is_event(line, "start")) {
		if (k->open)
			wrong(k, "the run before this one has no end: it was killed, or its last records are missing");
		k->open = true;
		k->runs++;
	} else if (is_event(line, "end")) {
		k->open = false;
	} else if (!k->begun) {
		if (is_event(line, "continue"))
			k->open = true;
		else
			wrong(k, "the log does not begin here: records before this one are missing");
	}
}
static void check_line(struct check *k, const char *line, size_t n)
{
	uint8_t told[HASH], prev[HASH];
	size_t text;

	k->line++;
	if (!split(line, n, &text, told)) {
		wrong(k, "this is no record: it was cut or changed");
		return;
	}
	bool first = (!k->begun || is_event(line, "continue")) && prev_of(line, prev);
	if (first && k->begun && memcmp(prev, k->chain.last, HASH))
		wrong(k, "this file does not go on where the one before it ended");
	if (first)
		memcpy(k->chain.last, prev, HASH);
	unsigned before = k->bad;
	check_order(k, line);
	chain_next(&k->chain, line, text);
	if (memcmp(k->chain.last, told, HASH) && k->bad == before)
		wrong(k, k->chain.keyed ? "this record was changed, or the one before it, or it was made with another key" :
		      "this record was changed, or the one before it, or it was made with a key");
	memcpy(k->chain.last, told, HASH);
	k->begun = true;
	k->records++;
}
static int check_file(struct check *k, const char *name)
{
	FILE *f = fopen(name, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f)
		refuse("%s: %s; --verify wants a log that guise audit wrote", shown(name), strerror(errno));
	k->file = name;
	k->line = 0;
	while ((n = getline(&line, &room, f)) > 0) {
		bool whole = line[n - 1] == '\n';
		if (whole)
			line[--n] = 0;
		check_line(k, line, (size_t)n);
		if (!whole)
			wrong(k, "the last line is not whole: the log was cut");
	}
	free(line);
	fclose(f);
	return 0;
}
int chain_verify(char **files, int n, const char *key, const char *head)
{
	struct check k = { .file = "" };
	char text[2 * HASH + 1];

	if (key)
		chain_key(&k.chain, key);
	for (int i = 0; i < n; i++)
		check_file(&k, files[i]);
	if (!k.records && !k.bad)
		wrong(&k, "there is no record in it");
	else if (k.open)
		wrong(&k, "the log does not end here: records are missing, or the run was killed or is still on");
	hash_text(k.chain.last, text);
	if (head && strcmp(head, text)) {
		printf("%s: its last hash is %s, not %s: records are missing, or all were made anew\n", k.file, text, head);
		k.bad++;
	}
	if (!k.bad)
		printf("%s: %lu records of %lu %s, whole; last hash %s\n", n > 1 ? "all" : k.file, k.records, k.runs,
		       k.runs == 1 ? "run" : "runs", text);
	return output_end(k.bad != 0);
}
