/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the whole policy can never allow, as a filter for the host's kernel: it holds for what does not come to our door,
 * first of all the programs that the kernel runs by itself. Calls from our own text pass, since they are the handlers';
 * a call is named here only if a rule refuses it that asks for nothing else, and none before it could allow it. The i386
 * and x32 doors, whose numbers mean other calls, are shut as soon as anything is refused.
 *
 * By hand, as engine seccomp's is: libseccomp has no rule on the instruction pointer, and nothing else here needs it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include "engines/own.h"
#include "tools/audit/audit.h"

#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static bool asks(const struct prule *r)
{
	return r->program.n || r->uid.n || r->path.n || r->net.n || r->port.n || r->arg.n;
}
/* What the kernel is to answer, or SECCOMP_RET_ALLOW. */
static uint32_t never(const struct policy *p, unsigned pers, unsigned nr)
{
	const struct prule *r = policy_at(p, p->rules);
	unsigned verdict = p->verdict, err = p->err;

	for (unsigned i = 0; i < p->n_rules; i++) {
		if (r[i].result || !nr_in(&r[i].nrs, pers, 0, nr) || (r[i].pers && !(r[i].pers >> pers & 1)))
			continue;
		if (asks(&r[i]) && verdict_bites(r[i].verdict) && r[i].verdict != V_ASK)
			continue;
		verdict = asks(&r[i]) ? V_ALLOW : r[i].verdict;
		err = r[i].err;
		break;
	}
	return verdict == V_DENY ? SECCOMP_RET_ERRNO | err : verdict == V_KILL ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW;
}
/* What is behind the numbers that the filter names: only from our text. */
static unsigned tail(struct sock_filter *to)
{
	struct sock_filter code[] = { FILTER_OWN_PASSES, BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_STMT(BPF_RET | BPF_A, 0) };
	memcpy(to, code, sizeof code);
	return ARRAY_LEN(code);
}
static unsigned refuse_by(struct sock_filter *code, unsigned n, uint32_t answer, unsigned *jump, unsigned *n_jump)
{
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, answer);
	jump[(*n_jump)++] = n++;                 /* to the tail, when it is known where that is */
	return n;
}
/* The number is looked at first and alone: the kernel then knows once for all which numbers always pass, and runs no
 * filter for them. For the others X holds what they are answered. */
unsigned policy_filter(const struct policy *p, struct sock_filter *code, unsigned most)
{
	unsigned n = 0, jump[1024], n_jump = 0;

	code[n++] = (struct sock_filter)FILTER_LOAD(arch, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 2, 0);
	n = refuse_by(code, n, SECCOMP_RET_ERRNO | ENOSYS, jump, &n_jump);
	code[n++] = (struct sock_filter)FILTER_LOAD(nr, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 2);
	n = refuse_by(code, n, SECCOMP_RET_ERRNO | ENOSYS, jump, &n_jump);
	unsigned before = n_jump;
	for (EACH_PERS(i)) {
		const struct personality *host = PERS(i);
		for (unsigned nr = 0; host->identity && nr < host->tab[0].n && n + 16 < most && n_jump < ARRAY_LEN(jump); nr++) {
			const struct row *r = &host->tab[0].row[nr];
			uint32_t answer = r->name && r->ret != R_NOTHING ? never(p, i, nr) : SECCOMP_RET_ALLOW;
			if (answer == SECCOMP_RET_ALLOW)
				continue;
			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 2);
			n = refuse_by(code, n, answer, jump, &n_jump);
		}
	}
	code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	for (unsigned i = 0; i < n_jump; i++)
		code[jump[i]] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, n - jump[i] - 1);
	n += tail(code + n);
	return n_jump == before ? 0 : n;
}
