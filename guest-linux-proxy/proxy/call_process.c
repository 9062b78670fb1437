/* SPDX-License-Identifier: Apache-2.0 */
/* Identity, processors and the end of the program. */
#include "calls.h"

#include "death.h"
#include "memory.h"
#include "raw.h"
#include "report.h"

#include <asm/prctl.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

#define MASK_BYTES (HVM_MAX_CORES / 8)

int64_t call_exit(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	death_by_exit(server->job, (int)arg[0]);
}

/* Linux restarts the proxy's calls itself, and the program has none to restart. */
int64_t call_restart(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	(void)arg;
	return -EINTR;
}

/*
 * The aerokernel answers for the bases; the rest would change the Linux CPU's state, not the HRT core's. CPUID is not
 * trapped there, which is told as by a processor that cannot.
 */
int64_t call_arch_prctl(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	switch ((int)arg[0]) {
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

int64_t call_prctl(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	switch ((int)arg[0]) { /* as Linux looks at it */
	case PR_SET_SECCOMP:
	case PR_SET_TSC: /* the proxy reads the TSC */
	case PR_SET_MM:
	case PR_SET_SYSCALL_USER_DISPATCH:
		report_unserved(nr, "option-would-break-the-proxy");
		return -EINVAL; /* as a kernel that was built without it */
	default:
		return raw_call(nr, arg);
	}
}

static bool is_self(const struct server *server, uint64_t pid)
{
	return (int)pid == 0 || (uint32_t)pid == server->slot->tid || (int)pid == getpid();
}

static uint64_t core_mask(const struct job *job)
{
	return ~0ull >> (HVM_MAX_CORES - job->cores);
}

int64_t call_getaffinity(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint64_t mask = core_mask(server->job);
	uint32_t size = (uint32_t)arg[1];

	if (!is_self(server, arg[0]))
		return raw_call(nr, arg);
	if (size < MASK_BYTES || size % sizeof(uint64_t))
		return -EINVAL;
	return memory_write(arg[2], &mask, sizeof(mask)) ? (int64_t)MASK_BYTES : -EFAULT;
}

int64_t call_setaffinity(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint32_t size = (uint32_t)arg[1];
	uint64_t mask = 0;

	if (!is_self(server, arg[0]))
		return raw_call(nr, arg);
	if (!memory_read(arg[2], &mask, size < sizeof(mask) ? size : sizeof(mask)))
		return -EFAULT;
	return mask & core_mask(server->job) ? 0 : -EINVAL;
}
