/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libhvm: functions of a Linux process run on HRT cores, over the process's own memory.
 *
 * A process attaches: its address space is merged with HRT cores, on each of which a worker waits for calls. A call is
 * one cache line there and back; a pointer means the same on both sides. Functions are ordinary ones, of the program or
 * of any library: they may touch any memory, fault in fresh pages, print, allocate; what they ask of Linux the process
 * itself does for them, in a thread that libhvm keeps for each core. They cannot begin threads or processes (ENOSYS),
 * and signals' handlers run in Linux' threads only.
 *
 *	struct hvm *hvm;
 *	uint64_t sum;
 *
 *	hvm_open(&hvm, NULL);
 *	hvm_attach(hvm, 1);
 *	hvm_call(hvm, HVM_WORK(add_up, numbers, count), &sum);
 *	hvm_close(hvm);
 *
 * Functions answer 0 or a negative errno value; hvm_problem() tells more of what went wrong with hvm_open, hvm_attach
 * and the like. All may be called from any thread of the process, but not in a child of fork: there all answer
 * -ENOTCONN until it opens a partition of its own. Programs link with -lhvm -pthread.
 *
 * Source of the idea: the hybrid virtual machine of Hale and Dinda (VEE 2016), synchronous and asynchronous calls over
 * a merged address space.
 */
#ifndef HVM_H
#define HVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** A partition that this process has open. */
struct hvm;

/**
 * Open partition @name (NULL: the first one).
 * -ENOENT: there is no such partition. -EACCES: no right to /dev/hvm. -ENODEV: no hvm.ko. -EPROTO: one of another
 * revision.
 */
int hvm_open(struct hvm **hvm, const char *name);

/** Detach if need be, and close. Calls that others have made are over when this returns: -ESHUTDOWN. */
void hvm_close(struct hvm *hvm);

/**
 * Take @cores HRT cores (0: all that are free) and merge this process's address space with them.
 * -EAGAIN: fewer are free now. -E2BIG: the partition has fewer. -ENODEV: it is not booted. -EBUSY: attached already.
 * -EOPNOTSUPP: its programs run in ring 3 (privilege: user).
 */
int hvm_attach(struct hvm *hvm, unsigned int cores);

/**
 * Give the cores back. What runs there is stopped where it is; calls end with -ESHUTDOWN. -ENOTCONN. -EDEADLK: from a
 * function on an HRT core.
 */
int hvm_detach(struct hvm *hvm);

/** Cores that are attached now. */
unsigned int hvm_cores(const struct hvm *hvm);

/** How long the kernel took to merge the address space at the last hvm_attach, nanoseconds. */
uint64_t hvm_merge_ns(const struct hvm *hvm);

/** What the calling thread's last failed hvm_open, hvm_attach, hvm_module_load... found wrong, and what to do. */
const char *hvm_problem(void);

/* ---- calls ---- */

#define HVM_ARGUMENTS 5
#define HVM_ANY_CORE  (-1)

/** What a function did wrong. */
#define HVM_BACKTRACE 32
struct hvm_failure {
	uint32_t vector;      /* of the exception (SDM Vol. 3, 6.3.1); HVM_FAILURE_LIMIT: the time limit */
	uint32_t signal;      /* that Linux would have sent */
	uint64_t error;	      /* the exception's error code */
	uint64_t instruction; /* where */
	uint64_t address;     /* that a page fault was about */
	uint64_t rsp, rbp, rax;
	uint32_t frames; /* of the backtrace, the innermost first */
	uint32_t core;
	uint64_t backtrace[HVM_BACKTRACE];
};
#define HVM_FAILURE_LIMIT 256u /* no exception: it was over its limit, or the process detached */
#define HVM_FAILURE_EXIT  257u /* it ended its thread (pthread_exit); error is the status */

struct hvm_work {
	void *function; /* up to five integers or pointers; answers one, or nothing */
	uint64_t arg[HVM_ARGUMENTS];
	int core; /* 0 .. hvm_cores() - 1, or HVM_ANY_CORE */
	uint32_t reserved;
	/**
	 * The function is stopped where it is after that long, nanoseconds (0: no limit), as if it had called longjmp:
	 * what it holds locked stays so.
	 */
	uint64_t limit_ns;
	struct hvm_failure
	    *failure; /* filled if the call ends with -EFAULT, -ETIMEDOUT or -ECANCELED; NULL: not wanted */
};

/* HVM_WORK(function, arguments...): a request, for any core, without a limit. */
#define HVM_ARGUMENT(x) ((uint64_t)(uintptr_t)(x))
#define HVM_WORK_0(f)	(&(const struct hvm_work){.function = (void *)(f), .core = HVM_ANY_CORE})
#define HVM_WORK_1(f, a)                                                                                               \
	(&(const struct hvm_work){.function = (void *)(f), .arg = {HVM_ARGUMENT(a)}, .core = HVM_ANY_CORE})
#define HVM_WORK_2(f, a, b)                                                                                            \
	(&(const struct hvm_work){                                                                                     \
	    .function = (void *)(f), .arg = {HVM_ARGUMENT(a), HVM_ARGUMENT(b)}, .core = HVM_ANY_CORE})
#define HVM_WORK_3(f, a, b, c)                                                                                         \
	(&(const struct hvm_work){.function = (void *)(f),                                                             \
				  .arg = {HVM_ARGUMENT(a), HVM_ARGUMENT(b), HVM_ARGUMENT(c)},                          \
				  .core = HVM_ANY_CORE})
#define HVM_WORK_4(f, a, b, c, d)                                                                                      \
	(&(const struct hvm_work){.function = (void *)(f),                                                             \
				  .arg = {HVM_ARGUMENT(a), HVM_ARGUMENT(b), HVM_ARGUMENT(c), HVM_ARGUMENT(d)},         \
				  .core = HVM_ANY_CORE})
#define HVM_WORK_5(f, a, b, c, d, e)                                                                                   \
	(&(const struct hvm_work){                                                                                     \
	    .function = (void *)(f),                                                                                   \
	    .arg = {HVM_ARGUMENT(a), HVM_ARGUMENT(b), HVM_ARGUMENT(c), HVM_ARGUMENT(d), HVM_ARGUMENT(e)},              \
	    .core = HVM_ANY_CORE})
#define HVM_WORK_N(f, a, b, c, d, e, name, ...) name
#define HVM_WORK(...)                                                                                                  \
	HVM_WORK_N(__VA_ARGS__, HVM_WORK_5, HVM_WORK_4, HVM_WORK_3, HVM_WORK_2, HVM_WORK_1, HVM_WORK_0)                \
	(__VA_ARGS__)

/**
 * Call a function on an HRT core and poll until it is done.
 * @result: what it answered; NULL: not wanted
 * -EFAULT: it caused an exception. -ETIMEDOUT: its limit. -ECANCELED: it ended its thread. -EINVAL: no such core.
 * -EDEADLK: a function called its own core. -ENOTCONN: not attached. -ESHUTDOWN: the partition was rebooted, or another
 * thread detached.
 */
int hvm_call(struct hvm *hvm, const struct hvm_work *work, uint64_t *result);

/**
 * Call it on @cores cores at once (0: all): function(rank, cores, arg[0], arg[1], arg[2]), rank 0 .. @cores - 1. The
 * ranks run at the same time, so they may wait for each other. Done when all are. @results: of each rank, or NULL.
 * As hvm_call; the first rank that failed tells why, and the others are stopped.
 */
int hvm_call_all(struct hvm *hvm, const struct hvm_work *work, unsigned int cores, uint64_t *results);

/** A call on its way; the caller's memory, which must stay until it is done. */
struct hvm_future {
	uint32_t state; /* private */
	int32_t error;
	uint64_t result;
	struct hvm_failure *failure;
	uint64_t reserved[5];
} __attribute__((aligned(64)));

/**
 * Begin a call. -EAGAIN: the queue of the core is full, or of every core. Else as hvm_call, whose errors of the
 * function hvm_wait tells. The limit counts from when the function begins.
 */
int hvm_submit(struct hvm *hvm, const struct hvm_work *work, struct hvm_future *future);

/** The same for @count calls, with one look at whether somebody must be woken. How many were begun, or an error. */
int hvm_submit_many(struct hvm *hvm, const struct hvm_work *works, struct hvm_future *futures, unsigned int count);

/** True once it is done. Then result and error (0, or as of hvm_call) are there. Does not wait. */
bool hvm_poll(const struct hvm_future *future);

/** Sleep until it is done; its error. @result as above. */
int hvm_wait(struct hvm *hvm, struct hvm_future *future, uint64_t *result);

/** The same, at most @timeout_ns nanoseconds: then -EINPROGRESS, and the call goes on. */
int hvm_wait_for(struct hvm *hvm, struct hvm_future *future, uint64_t timeout_ns, uint64_t *result);

/* ---- in functions on an HRT core ---- */

/** The number of the core that runs this, in its process; -1: not an HRT core. */
int hvm_core(void);

/* ---- functions that live in the HRT ---- */

/*
 * An HRT module is a shared object that root loads into a partition, once for all processes (docs/modules.md). Its
 * functions are called as any other, but on HRT cores only: for Linux there is nothing at their addresses. A module
 * stays where it is while any process is attached.
 */

/**
 * Load the module in file @path. It is called as the file, without folder and ".so".
 * -EPERM: not root. -ENOEXEC: the file is no module. -EEXIST: one of its name is loaded. -E2BIG, -ENOMEM, -ENOSPC: no
 * room for it. Else what open(2) and read(2) answer.
 */
int hvm_module_load(struct hvm *hvm, const char *path);

/** Unload it. -EPERM: not root. -ENODATA: no such module. -EBUSY: a process, this one perhaps, has cores. */
int hvm_module_unload(struct hvm *hvm, const char *module);

struct hvm_module {
	char name[32];
	uint64_t address;
	uint64_t size;	    /* bytes */
	uint32_t functions; /* how many it offers */
	uint32_t reserved;
};

/** Module number @index, from 0, in the order of their loading. -ENODATA: there are not so many. */
int hvm_module_at(struct hvm *hvm, unsigned int index, struct hvm_module *module);

/**
 * Find a module's function by its name, "function" or "module:function": what hvm_work.function takes. Good while the
 * process is attached; to be looked up again when it has attached anew.
 * -ENODATA: no module has it. -ENOTUNIQ: several have; the module must be said.
 */
int hvm_find(struct hvm *hvm, const char *name, void **function);

/* ---- events ---- */

/**
 * An event: @fd is a new eventfd(2), nonblocking and close-on-exec, which polls readable after hvm_raise. The caller
 * closes it after hvm_event_close. @event is what to raise.
 * -EMFILE: too many. -ENOTCONN.
 */
int hvm_event_open(struct hvm *hvm, int *event, int *fd);
void hvm_event_close(struct hvm *hvm, int event);

/** Raise it, from a function on an HRT core (without a system call) or from Linux. */
int hvm_raise(struct hvm *hvm, int event);

/* ---- what went wrong, in words ---- */

/** Print cause, address and backtrace with symbols, a few lines. */
void hvm_failure_print(FILE *file, const struct hvm_failure *failure);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
