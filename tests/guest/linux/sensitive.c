/* SPDX-License-Identifier: BSD-2-Clause
 * Instructions that tell of the system and need no privilege: ARCHITECTURE.md says what is seen of each. Under the native
 * engines that is what the host's processor or kernel says, so the native run is the oracle. Of addresses only the half is told: some
 * are a processor's own.
 * TEST without: kvm, the machine has tables of its own (real/io looks at them) */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct table { uint16_t limit; uint64_t base; } __attribute__((packed));
static sigjmp_buf back;
static void caught(int sig) { siglongjmp(back, sig); }

static void told(const char *name, uint64_t v) { printf("%s %#lx\n", name, v); }
static void of_table(const char *name, const struct table *t) { printf("%s upper half %d limit %#x\n", name, (int)(t->base >> 63), t->limit); }

#define TRY(name, ...) do { \
	int sig_ = sigsetjmp(back, 1); \
	if (sig_) \
		printf("%s: signal %d\n", name, sig_); \
	else { __VA_ARGS__; } \
} while (0)

int main(void)
{
	static struct table gdt, idt;
	static uint64_t v;
	static uint8_t zero;

	signal(SIGSEGV, caught);
	signal(SIGILL, caught);
	signal(SIGBUS, caught);
	TRY("sgdt", __asm__ volatile("sgdt %0" : "=m"(gdt)); of_table("sgdt", &gdt));
	TRY("sidt", __asm__ volatile("sidt %0" : "=m"(idt)); of_table("sidt", &idt));
	TRY("smsw", __asm__ volatile("smsw %0" : "=r"(v)); told("smsw", v & ~8ul));
	TRY("sldt", __asm__ volatile("sldt %0" : "=r"(v)); told("sldt", v & 0xffff));
	TRY("str", __asm__ volatile("str %0" : "=r"(v)); told("str", v & 0xffff));
	TRY("popf", __asm__ volatile("sub $128, %%rsp; pushf; orq $0x3000, (%%rsp); andq $~0x200, (%%rsp); popf; pushf; pop %0; add $128, %%rsp"
				     : "=r"(v) : : "cc", "memory"); told("popf of IOPL 3 without IF, pushf", v & 0x3200));
	TRY("lar", __asm__ volatile("lar %1, %0" : "=r"(v) : "r"(0x33ul)); told("lar of cs", v));
	TRY("lsl", __asm__ volatile("lsl %1, %0" : "=r"(v) : "r"(0x2bul)); told("lsl of ss", v));
	TRY("verr", __asm__ volatile("verr %w1; setz %0" : "=q"(zero) : "r"(0x2b) : "cc"); told("verr of ss", zero));
	TRY("verw", __asm__ volatile("verw %w1; setz %0" : "=q"(zero) : "r"(0x33) : "cc"); told("verw of cs", zero));
	return 0;
}
