/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libm: to twelve digits the same everywhere, exact where it is exact; the environment of floating point, which signals
 * and threads leave alone.
 */
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#pragma STDC FENV_ACCESS ON
static void on_signal(int sig) { fesetround(FE_UPWARD); }
static void *mode(void *arg) { return (void *)(long)(fegetround() == FE_TOWARDZERO); }

int main(void)
{
	static double (*const one[])(double) = { sin, cos, tan, exp, log, sqrt, cbrt, atan, sinh, erf, lgamma, expm1, log1p };
	volatile double x = 1, y = 3, z = 0;
	void *same;
	pthread_t t;

	for (unsigned i = 0; i < sizeof one / sizeof *one; i++)
		printf("%.12g %.12g %.12g\n", one[i](0.5), one[i](1.75), one[i](700.25));
	printf("%.12g %.12g %.12g %.12g\n", pow(2.5, 10.5), fmod(10.5, 3.25), hypot(3, 4), atan2(-1, -2));
	printf("%Lg %a %a\n", (long double)x / y, nextafter(1, 2), fma(0.1, 10, -1));
	printf("%d %d %d\n", isnan(z / z) != 0, isinf(x / z) != 0, signbit(-0.0) != 0);
	feclearexcept(FE_ALL_EXCEPT);
	x = 1 / z;
	printf("divided: %d\n", fetestexcept(FE_DIVBYZERO) != 0);
	fesetround(FE_TOWARDZERO);
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	printf("rounding after a signal: %d\n", fegetround() == FE_TOWARDZERO);
	pthread_create(&t, NULL, mode, NULL);
	pthread_join(t, &same);
	printf("a new thread has it: %ld\n", (long)same);
	printf("%.0f %.0f %ld %ld\n", rint(2.5), rint(-2.5), lrint(1.9), lround(1.5));
	return 0;
}
