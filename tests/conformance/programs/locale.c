/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Characters and languages: multibyte text both ways, wide output, classes, and what of printf, scanf and strftime is the
 * same wherever the C and the UTF-8 locales are.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

static const char *const texts[] = { "plain", "gr\xc3\xbc\xc3\x9f", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x90\xa7!", "cut \xe6\x97", "bad \xff" };

static void wide(const char *s)
{
	wchar_t w[32];
	char back[64] = "";
	size_t n = mbstowcs(w, s, 32);
	printf("%zd:", (ssize_t)n);
	for (size_t i = 0; i < n && n != (size_t)-1; i++)
		printf(" %lx%s%s", (unsigned long)w[i], iswalpha((wint_t)w[i]) ? "a" : "", iswupper((wint_t)w[i]) ? "u" : "");
	ssize_t m = n == (size_t)-1 ? -1 : (ssize_t)wcstombs(back, w, sizeof back);
	if (m >= 0)
		printf(" back %zd %s", m, strcmp(back, s) ? "another" : "the same");
	printf("\n");
}
int main(void)
{
	static const struct tm tm = { .tm_sec = 7, .tm_min = 3, .tm_hour = 14, .tm_mday = 29, .tm_mon = 1, .tm_year = 124, .tm_wday = 4, .tm_yday = 59 };
	char buf[200];
	double d = 0;
	int n = 0;

	printf("%s\n", setlocale(LC_ALL, NULL));
	const char *utf8 = setlocale(LC_CTYPE, "C.UTF-8");
	if (!utf8 && !(utf8 = setlocale(LC_CTYPE, "en_US.UTF-8"))) {
		printf("the base tree has no UTF-8 locale (usr/share/locale)\n");
		return 77;
	}
	printf("%s\n", nl_langinfo(CODESET));
	for (unsigned i = 0; i < 6; i++)
		wide(texts[i]);
	strftime(buf, sizeof buf, "%A %d %B %Y %H:%M:%S %j %U %p", &tm);
	printf("%s\n", buf);
	printf("%'d %.3f %e %a %10.4s| %-8x| %+d\n", 1234567, 3.14159, 12345.678, 0.1, "clipped", 0xbeefu, 5);
	printf("%d", sscanf(" 12 0x1f 3.5e2 word", "%d %i %lf %9s", &n, &n, &d, buf));
	printf(" %d %g %s\n", n, d, buf);
	printf("%d %d\n", strcoll("a", "b") < 0, strcoll("abc", "abc"));
	printf("%ls %lc\n", L"wide", (wint_t)L'w');
	return 0;
}
