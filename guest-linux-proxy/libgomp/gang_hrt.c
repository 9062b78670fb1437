/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gang on the cores of an HRT partition's pool (hvm_ptask.h). A rank runs on a stack of its own, with the
 * thread-local memory of its core's worker; rank 0 with that of the thread that met the region, which waits meanwhile
 * in code that touches none.
 */
#include "gang.h"

#include <hvm_ptask.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "environment.h"
#include "message.h"

#define GUARD 4096u

struct gang {
	void (*function)(void *argument, unsigned int rank);
	void *argument;
	uint64_t fs_base; /* of the caller */
};

static struct hvm *hvm;	   /* NULL: there is no pool, or not yet */
static unsigned int cores; /* 0: not known yet */
static pthread_mutex_t joining = PTHREAD_MUTEX_INITIALIZER;
static uint64_t stack[GANG_MAX]; /* where it begins, of each rank */

/* function(gang, rank) on the stack that ends at @stack_top. */
void gang_on_stack(void (*function)(struct gang *gang, uint64_t rank), struct gang *gang, uint64_t rank,
		   uint64_t stack_top);
__asm__(".pushsection .text\n"
	".type gang_on_stack, @function\n"
	"gang_on_stack:\n"
	"	.cfi_startproc\n"
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbp, -16\n"
	"	mov %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n"
	"	mov %rcx, %rsp\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	call *%rax\n"
	"	leave\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size gang_on_stack, . - gang_on_stack\n"
	".popsection\n");

static inline uint64_t fs_base(void)
{
	uint64_t base;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(base)); /* the thread control block begins with its own address */
	return base;
}

static inline void set_fs_base(uint64_t base)
{
	__asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
}

static void run_rank(struct gang *gang, uint64_t rank)
{
	gang->function(gang->argument, (unsigned int)rank);
}

/* A task of the group. */
static void run(uint64_t rank, void *argument)
{
	struct gang *gang = argument;
	uint64_t own = fs_base();

	if (rank == 0)
		set_fs_base(gang->fs_base);
	gang_on_stack(run_rank, gang, rank, stack[rank]);
	if (rank == 0)
		set_fs_base(own);
}

/* Untouched pages of a stack cost nothing. */
static bool make_stacks(unsigned int count)
{
	size_t size = environment_get()->stack;

	for (unsigned int i = 0; i < count; i++) {
		uint8_t *memory = mmap(NULL, size + GUARD, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

		if (memory == MAP_FAILED)
			return false;
		mprotect(memory, GUARD, PROT_NONE);
		stack[i] = (uint64_t)memory + GUARD + size;
	}
	return true;
}

/* The pool's cores; 1: it cannot be had, and @problem says why. */
static unsigned int join(const char **problem)
{
	struct hvm *opened = NULL;

	if (hvm_open(&opened, NULL) || hvm_pool_join(opened, environment_get()->cores)) {
		*problem = hvm_problem();
	} else if (!make_stacks(hvm_pool_cores(opened))) {
		*problem = "no memory for the stacks of OMP_STACKSIZE";
	} else {
		hvm = opened;
		return hvm_pool_cores(hvm);
	}
	hvm_close(opened);
	return 1;
}

/* A child of fork has no workers: it joins for itself, when it has a region. */
static void forget(void)
{
	hvm = NULL;
	cores = 0;
	pthread_mutex_init(&joining, NULL);
}

unsigned int gang_cores(void)
{
	static bool watches_fork;
	const char *problem = NULL;

	if (__atomic_load_n(&cores, __ATOMIC_ACQUIRE))
		return cores;
	pthread_mutex_lock(&joining);
	if (!watches_fork)
		watches_fork = !pthread_atfork(NULL, NULL, forget);
	if (!cores)
		__atomic_store_n(&cores, join(&problem), __ATOMIC_RELEASE);
	pthread_mutex_unlock(&joining);
	if (problem)
		message_once(MESSAGE_SERIAL, "%s. Parallel regions run on one thread of Linux", problem);
	return cores;
}

bool gang_run(void (*function)(void *argument, unsigned int rank), void *argument, unsigned int width)
{
	static const struct hvm_group_options options = {.flags = HVM_GROUP_GANG | HVM_GROUP_FATAL};
	struct gang gang = {function, argument, fs_base()};
	struct hvm_group group;
	int err;

	if (!hvm)
		return false;
	err = hvm_group_submit(hvm, &group, run, &gang, width, &options);
	if (err) {
		message_once(MESSAGE_LOST, "the HRT cores take no region: %s. Regions run on one thread of Linux",
			     strerror(-err));
		return false;
	}
	err = hvm_group_wait(hvm, &group);
	if (err)
		message_fatal("a region did not end: %s; the partition was rebooted, or went down", strerror(-err));
	return true;
}

void gang_relax(void)
{
	__builtin_ia32_pause();
}
