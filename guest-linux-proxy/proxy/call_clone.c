/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, and other programs in the place of this one. Threads begin in the aerokernel. */
#include "calls.h"

#include "exec.h"
#include "memory.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

int64_t call_clone(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	const struct process_request request = {
	    .flags = arg[0] & ~(uint64_t)CSIGNAL,
	    .exit_signal = arg[0] & CSIGNAL,
	    .stack = arg[1],
	    .parent_tid = arg[2],
	    .child_tid = arg[3],
	    .tls = arg[4],
	};

	(void)nr;
	return process_start(server, &request);
}

/* The aerokernel has checked the size and what lies beyond. */
int64_t call_clone3(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct clone_args given;
	struct process_request request;

	(void)nr;
	if (arg[1] < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (!memory_read(arg[0], &given, CLONE_ARGS_SIZE_VER0))
		return -EFAULT;
	if (!given.stack != !given.stack_size)
		return -EINVAL;
	request = (struct process_request){
	    .flags = given.flags,
	    .exit_signal = given.exit_signal,
	    .stack = given.stack + given.stack_size,
	    .parent_tid = given.parent_tid,
	    .child_tid = given.child_tid,
	    .tls = given.tls,
	};
	return process_start(server, &request);
}

int64_t call_fork(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	const struct process_request request = {.exit_signal = SIGCHLD};

	(void)nr;
	(void)arg;
	return process_start(server, &request);
}

int64_t call_vfork(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	const struct process_request request = {.flags = PROCESS_VFORK, .exit_signal = SIGCHLD};

	(void)nr;
	(void)arg;
	return process_start(server, &request);
}

int64_t call_execve(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	return exec_program(server, AT_FDCWD, arg[0], arg[1], arg[2], 0);
}

int64_t call_execveat(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	return exec_program(server, (int)arg[0], arg[1], arg[2], arg[3], (int)arg[4]);
}
