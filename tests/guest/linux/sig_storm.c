/* SPDX-License-Identifier: BSD-2-Clause
 * Signals that come while faults are under way: those of a timer, and those that another thread sends, hit a thread that
 * faults all the time, in each moment of the delivery of the fault's own signal. It gets all its faults and ends.
 * TEST timeout: 60 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

#define FAULTS 6000

static char *page;
static volatile unsigned faults, alarms, sent, told;
static volatile int over, target;

static void fault(int sig, siginfo_t *si, void *context)
{
	faults++;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
static void alarmed(int sig) { alarms++; }
static void asked(int sig) { told++; }

static void *sender(void *arg)
{
	while (!over) {
		syscall(SYS_tgkill, getpid(), target, SIGUSR1);
		sent++;
		nanosleep(&(struct timespec){ 0, 300000 }, NULL);
	}
	return NULL;
}
static void storm(const char *name, int flags)
{
	struct sigaction sa = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO | flags };
	sigaction(SIGSEGV, &sa, NULL);
	faults = 0;
	for (unsigned i = 0; i < FAULTS; i++) {
		mprotect(page, 4096, PROT_NONE);
		*(volatile char *)page = 1;
	}
	printf("%s: %u faults, %s\n", name, faults, alarms && told ? "signals" : "no signals");
}
int main(void)
{
	struct sigaction sa = { .sa_handler = alarmed, .sa_flags = SA_RESTART };
	pthread_t t;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	target = (int)syscall(SYS_gettid);
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = asked;
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, sender, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 1000 }, { 0, 1000 } }, NULL);
	storm("plain", 0);
	storm("not held back", SA_NODEFER);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	over = 1;
	pthread_join(t, NULL);
	printf("%s\n", sent >= told ? "no signal twice" : "a signal twice");
	return 0;
}
