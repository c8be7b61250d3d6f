/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's memory at its edges, our own memory, locks, and the little library.
 */
#include "unit.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>

long mem_load32(uaddr, uint32_t *);
long mem_load64(uaddr, uint64_t *);
long mem_store32(uaddr, uint32_t);
long mem_store64(uaddr, uint64_t);
long mem_cas32(uaddr, uint32_t, uint32_t, uint32_t *);
long mem_cas64(uaddr, uint64_t, uint64_t, uint64_t *);

static char *page;               /* a page, with nothing on either side */

static void copies(void **state)
{
	unit_catch(state);
	static const uaddr nowhere[] = { 0, 8, 0x7ffffffff000, 0x8000000000000000, 0xffffffffffffff00, ~0ull };
	char b[8192];

	memset(page, 'p', PAGE);
	assert_int_equal(copy_in(b, (uaddr)page, PAGE), 0);
	assert_int_equal(b[PAGE - 1], 'p');
	for (int d = 1; d < 64; d++) {
		assert_int_equal(copy_in(b, (uaddr)page + PAGE - d, d), 0);
		assert_int_equal(copy_in(b, (uaddr)page + PAGE - d, d + 1), -EFAULT);
		assert_int_equal(copy_out((uaddr)page + PAGE - d, b, d), 0);
		assert_int_equal(copy_out((uaddr)page + PAGE - d, b, d + 1), -EFAULT);
		assert_int_equal(copy_in(b, (uaddr)page - d, d), -EFAULT);
		assert_int_equal(copy_out((uaddr)page - d, b, d), -EFAULT);
	}
	for (unsigned i = 0; i < ARRAY_LEN(nowhere); i++) {
		assert_int_equal(copy_in(b, nowhere[i], 16), -EFAULT);
		assert_int_equal(copy_out(nowhere[i], b, 16), -EFAULT);
		assert_int_equal(copy_str(b, nowhere[i], 16), -EFAULT);
	}
	assert_int_equal(copy_in(b, (uaddr)page, ~0ul), -EFAULT);
	assert_int_equal(copy_in(b, (uaddr)page, 1ul << 63), -EFAULT);
	assert_int_equal(copy_in(b, (uaddr)page, 0), 0);
	mprotect(page, PAGE, PROT_READ);
	assert_int_equal(copy_out((uaddr)page, b, 1), -EFAULT);
	assert_int_equal(copy_in(b, (uaddr)page, PAGE), 0);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}
static void strings(void **state)
{
	unit_catch(state);
	char b[64];

	memset(page, 's', PAGE);
	memcpy(page + PAGE - 4, "end", 4);
	assert_int_equal(copy_str(b, (uaddr)page + PAGE - 4, sizeof b), 3);
	assert_string_equal(b, "end");
	assert_int_equal(copy_str(b, (uaddr)page + PAGE - 4, 4), 3);
	assert_int_equal(copy_str(b, (uaddr)page + PAGE - 4, 3), -ENAMETOOLONG);
	assert_int_equal(copy_str(b, (uaddr)page + PAGE - 1, sizeof b), 0);
	page[PAGE - 1] = 'x';
	assert_int_equal(copy_str(b, (uaddr)page + PAGE - 4, sizeof b), -EFAULT);
	assert_int_equal(copy_str(b, (uaddr)page, sizeof b), -ENAMETOOLONG);
}
static void words(void **state)
{
	unit_catch(state);
	uaddr a = (uaddr)page, bad = a + PAGE;
	uint32_t w, seen;
	uint64_t x, seen64;

	assert_int_equal(mem_store32(a, 5), 0);
	assert_int_equal(mem_load32(a, &w), 0);
	assert_int_equal(w, 5);
	assert_int_equal(mem_cas32(a, 5, 6, &seen), 0);
	assert_int_equal(seen, 5);
	assert_int_equal(mem_cas32(a, 5, 7, &seen), 0);
	assert_int_equal(seen, 6);
	assert_int_equal(mem_store64(a + 8, 1ull << 40), 0);
	assert_int_equal(mem_load64(a + 8, &x), 0);
	assert_true(x == 1ull << 40);
	assert_int_equal(mem_cas64(a + 8, x, 9, &seen64), 0);
	assert_true(seen64 == x && *(uint64_t *)(page + 8) == 9);
	assert_int_equal(mem_load32(bad, &w), -EFAULT);
	assert_int_equal(mem_load64(bad, &x), -EFAULT);
	assert_int_equal(mem_store32(bad, 1), -EFAULT);
	assert_int_equal(mem_store64(bad, 1), -EFAULT);
	assert_int_equal(mem_cas32(bad, 1, 2, &seen), -EFAULT);
	assert_int_equal(mem_cas64(bad, 1, 2, &seen64), -EFAULT);
	assert_int_equal(mem_load32(0x8000000000000000, &w), -EFAULT);
}
static void ours(void **state)
{
	struct space s = { 0 };

	mem_claim(&s, 0x10000, 0x20000);
	mem_claim(&s, 0x30001, 0x30002);
	assert_true(mem_is_ours(&s, 0x10000, 1));
	assert_true(mem_is_ours(&s, 0x1ffff, 1));
	assert_false(mem_is_ours(&s, 0x20000, 1));
	assert_false(mem_is_ours(&s, 0xf000, 0x1000));
	assert_true(mem_is_ours(&s, 0xf000, 0x1001));
	assert_true(mem_is_ours(&s, 0, ~0ull));
	assert_true(mem_is_ours(&s, 0x30000, 1));            /* whole pages */
	assert_true(mem_is_ours(&s, 0x30fff, 1));
	assert_true(mem_is_ours(&s, 0x1ffff, ~0ull));        /* wraps round */
	assert_true(mem_is_ours(&unit_space, (uaddr)mem_alloc(100), 1));
}
static void arena(void **state)
{
	enum { N = 400 };
	static char *p[N];
	static size_t size[N];
	unsigned x = 12345;

	for (int round = 0; round < 30; round++)
		for (int i = 0; i < N; i++) {
			if (p[i]) {
				for (size_t k = 0; k < size[i]; k += 61)
					assert_int_equal(p[i][k], (char)i);
				mem_free(p[i], size[i]);
			}
			x = x * 1103515245 + 12345;
			size[i] = 1 + (x >> 8) % (i % 10 ? 500 : 20000);
			p[i] = mem_alloc(size[i]);
			assert_non_null(p[i]);
			assert_int_equal((uintptr_t)p[i] % 16, 0);
			for (size_t k = 0; k < size[i]; k++)
				assert_int_equal(p[i][k], 0);
			memset(p[i], i, size[i]);
		}
	assert_null(mem_alloc(1ul << 40));
	assert_null(mem_alloc(~0ul));
	mem_free(NULL, 100);
}

static volatile uint32_t word;
static long counter;
static void *counting(void *arg)
{
	for (int i = 0; i < 100000; i++) {
		lock(&word);
		counter++;
		unlock(&word);
	}
	return NULL;
}
static void locks(void **state)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, counting, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(counter, 400000);
	assert_int_equal(word, 0);
}
static void library(void **state)
{
	char b[64], c[64];
	uint64_t v;

	/* fmt as snprintf has it */
#define alike(...) do { size_t n_ = fmt(b, sizeof b, __VA_ARGS__); assert_int_equal(snprintf(c, sizeof c, __VA_ARGS__), n_); \
	assert_string_equal(b, c); } while (0)
	alike("%s %d %u %x %o %c%%", "text", -5, 5u, 0xabu, 8u, 'c');
	alike("%ld %lu %lx %#lx", LONG_MIN, ULONG_MAX, ULONG_MAX, 255ul);
	alike("%5d|%05d|", 42, 42);
	alike("%-8s|%.3s|", "ab", "abcdef");
	alike("%d %d", INT_MIN, INT_MAX);
	assert_int_equal(fmt(b, 4, "abcdef"), 6);
	assert_string_equal(b, "abc");
	assert_int_equal(fmt(NULL, 0, "%d", 1234), 4);
	assert_int_equal(str_copy(b, "abcdef", 4), 6);
	assert_string_equal(b, "abc");
	assert_int_equal(str_len(""), 0);
	assert_int_equal(str_len("abc"), 3);
	assert_true(str_cmp("a", "b") < 0 && str_cmp("b", "a") > 0 && !str_cmp("a", "a") && str_cmp("ab", "a") > 0);
	assert_int_equal(str_ncmp("abx", "aby", 2), 0);
	assert_ptr_equal(str_chr("abc", 'd'), NULL);
	assert_string_equal(str_chr("abcb", 'b'), "bcb");
	assert_string_equal(str_rchr("abcb", 'b'), "b");
	assert_string_equal(str_num("123x", &v), "x");
	assert_int_equal(v, 123);
	assert_null(str_num("x", &v));
	assert_null(str_num("", &v));
	assert_true(file_read("/proc/self/comm", b, sizeof b) > 0);
	assert_int_equal(file_read("/no/such/file", b, sizeof b), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies), cmocka_unit_test(strings), cmocka_unit_test(words), cmocka_unit_test(ours),
		cmocka_unit_test(arena), cmocka_unit_test(locks), cmocka_unit_test(library),
	};
	unit_start("freebsd");
	page = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page += PAGE;
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
