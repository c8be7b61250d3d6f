/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the trace and the report write: values as text, with the names of each personality, and never beyond the line.
 */
#include "unit.h"
#include "syscalls/observe/observe.h"

static char buf[512];
static struct line l;

static void begin(const char *os)
{
	l = (struct line){ buf, sizeof buf, 0, unit_personality(os) };
	assert_non_null(l.pers);
	xlate_start(l.pers);
}
#define TEXT(call_, want_) do { l.len = 0; *buf = 0; call_; assert_string_equal(buf, want_); \
	assert_int_equal(l.len, strlen(buf)); } while (0)

static void quoting(void **state)
{
	begin("linux");
	TEXT(put_text(&l, "a\"\\\n\t\r", 6, false), "\"a\\\"\\\\\\n\\t\\r\"");
	TEXT(put_text(&l, "\0" "1\0x\377", 5, true), "\"\\0001\\0x\\377\"...");
	TEXT(put_text(&l, "", 0, false), "\"\"");
	TEXT(put_addr(&l, 0), "NULL");
	TEXT(put_addr(&l, 0x10), "0x10");
	TEXT(put_bytes(&l, (uaddr)"hello", 5, 3), "\"hel\"...");
	TEXT(put_str(&l, (uaddr)"hello", 5), "\"hello\"");
	TEXT(put_str(&l, (uaddr)"hello", 4), "\"hell\"...");
	TEXT(put_str(&l, 0, 4), "NULL");
	TEXT(put_bytes(&l, ~0ull - 3, 8, 32), "0xfffffffffffffffc");
}
static void json(void **state)
{
	begin("linux");
	TEXT(put_json(&l, "a\"b\\c"), "\"a\\\"b\\\\c\"");
	TEXT(put_json(&l, "\n\x7f"), "\"\\u000a\x7f\"");
	TEXT(put_json(&l, "\xc3\xa4 \xe2\x82\xac"), "\"\xc3\xa4 \xe2\x82\xac\"");
	TEXT(put_json(&l, "\xff\xc3"), "\"\\u00ff\\u00c3\"");
	TEXT(put_json(&l, "\xc0\x80\xe2\x82"), "\"\\u00c0\\u0080\\u00e2\\u0082\"");
}
static void names(void **state)
{
	begin("freebsd");
	TEXT(put_set(&l, SET_OPEN, 0), "O_RDONLY");
	TEXT(put_set(&l, SET_OPEN, 0x100001), "O_WRONLY|O_CLOEXEC");
	TEXT(put_set(&l, SET_OPEN, 0x80000000), "O_RDONLY|0x80000000");
	TEXT(put_set(&l, SET_PROT, 0), "PROT_NONE");
	TEXT(put_set(&l, SET_SEEK, 99), "0x63");
	TEXT(put_sig(&l, 20), "SIGCHLD");
	TEXT(put_sig(&l, 12345), "12345");
	TEXT(put_sig(&l, -1), "-1");
	TEXT(put_errno(&l, EAGAIN), "EAGAIN (Resource temporarily unavailable)");
	TEXT(put_sigbits(&l, 0), "[]");
	TEXT(put_sigbits(&l, (sigbits)1 << (SIGCHLD - 1) | 1), "[HUP CHLD]");
	TEXT(put_sigbits(&l, ~(sigbits)0), "~[]");
	TEXT(put_sigbits(&l, ~(sigbits)1), "~[HUP]");
	begin("linux");
	TEXT(put_sig(&l, 17), "SIGCHLD");
	TEXT(put_set(&l, SET_OPEN, 02000001), "O_WRONLY|O_CLOEXEC");
}
static void siginfo(void **state)
{
	siginfo_t si = { .si_signo = SIGCHLD, .si_code = CLD_KILLED };
	si.si_pid = 12;
	si.si_status = SIGCHLD;
	begin("freebsd");
	TEXT(put_siginfo(&l, &si, SIGCHLD),
	     "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=12, si_uid=0, si_status=SIGCHLD}");
	si = (siginfo_t){ .si_signo = SIGSEGV, .si_code = SEGV_ACCERR };
	TEXT(put_siginfo(&l, &si, SIGSEGV), "{si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=NULL}");
	si.si_code = 77;
	TEXT(put_siginfo(&l, &si, SIGSEGV), "{si_signo=SIGSEGV, si_code=77, si_addr=NULL}");
}
/* Whatever is put on a line that is full or nearly so, it ends within it. */
static void full(void **state)
{
	begin("freebsd");
	for (size_t room = 1; room < 40; room++) {
		memset(buf, 'x', sizeof buf);
		l.len = 0;
		l.n = room;
		put_text(&l, "0123456789\377\377\377", 13, true);
		put_set(&l, SET_OPEN, ~0ull);
		put_sigbits(&l, (sigbits)0x5555);
		put_json(&l, "\xff\xff\xff");
		put_errno(&l, ENOENT);
		assert_true(l.len < room);
		assert_int_equal(buf[l.len], 0);
		for (size_t i = room; i < sizeof buf; i++)
			assert_int_equal(buf[i], 'x');
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoting), cmocka_unit_test(json), cmocka_unit_test(names), cmocka_unit_test(siginfo),
		cmocka_unit_test(full),
	};
	unit_start("freebsd");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
