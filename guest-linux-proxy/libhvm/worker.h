/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: the thread of this process on one HRT core, what it shares with callers, and its server. All of it is the
 * process's memory, mapped for as long as the process lives: who comes late finds that the partition is closed.
 */
#ifndef LIBHVM_WORKER_H
#define LIBHVM_WORKER_H

#include "hvm.h"
#include "queue.h"

#include <pthread.h>

#include <hvm/slot.h>

/**
 * A call, the answer, and nothing else: one cache line there and back (hvm/slot.h has the same in its line 0). The
 * caller, who holds the worker's lock, stores head last; the worker stores done last.
 */
struct line {
	uint64_t head;	   /* the call's tag */
	uint64_t function; /* the function; with the answer, its result */
	uint64_t arg[HVM_ARGUMENTS];
	uint64_t done; /* tag | LINE_FAILED */
};
_Static_assert(sizeof(struct line) == 64, "a call is one line");

#define LINE_NEXT   (1ull << 32) /* from tag to tag */
#define LINE_FAILED 1ull	 /* worker.error and worker.failure tell */

/* Who misses a line is given its neighbour as well, so that what is not shared lies two lines apart (Intel 64 and IA-32
 * Architectures Optimization Reference Manual, spatial prefetcher). */
#define PAIR 128

struct worker {
	struct line line __attribute__((aligned(PAIR)));

	/* Callers': they touch it before and after a call. */
	uint32_t lock __attribute__((aligned(PAIR)));
	uint64_t tag; /* of the last call */

	/* The worker's own; others look here when a call takes long. */
	uint64_t running __attribute__((aligned(PAIR))); /* tag of the call, or an odd ticket of queued work; 0: none */
	uint64_t served;				 /* the last head seen */
	uint64_t tickets;
	struct hvm_future *future;  /* of the queued work that it has taken */
	struct hvm_failure *wanted; /* where that wants to be told of a failure */
	uint64_t window;	    /* how long it polls before it halts, TSC cycles */

	/* What makes it look up from its line. */
	uint32_t mail __attribute__((aligned(PAIR))); /* work was queued; or it is to leave */
	uint32_t engaged;			      /* runs queued work: calls are better off elsewhere */
	uint32_t sleeping; /* halts, or is about to: who gives it work clears this and rings its doorbell */

	/* The same in a pool: its range of a group of tasks, and what it has run. */
	struct hvm_group *group;
	uint64_t task, task_end;
	uint64_t groups, tasks, failures;

	/* Of its server. */
	int32_t error __attribute__((aligned(PAIR))); /* of the function that failed last */
	uint32_t scarred;			      /* a function was stopped where it was: it may hold anything */
	uint64_t ended;				      /* running, of what failed */
	uint64_t called_off;			      /* running, of what is over its limit */
	uint64_t limited;			      /* running, of what the timer is set for */
	uint64_t last_tag;			      /* of the last request served */
	uint64_t server_window;
	uint64_t strays, stray_since; /* failures of the worker's own code, which cannot go on without its memory */
	int32_t timer;		      /* POSIX timer, -1: none yet */
	struct hvm_failure failure;

	/* Constant while attached. */
	struct hvm *hvm __attribute__((aligned(64)));
	struct hvm_slot *slot;
	uint32_t index; /* of its core in the job, and of its slot */
	bool pause;
	uint64_t spin_cycles;
	uint64_t fs_base; /* of the server: the functions' thread-local memory */
	uint64_t stack;	  /* where functions' stack begins, in the server's */
	pthread_t server;
	uint32_t tid;	 /* the server's */
	int32_t started; /* 0: not yet; 1: on its core; or a negative errno value */
	uint32_t stop;	 /* leave the core */
	uint32_t left;	 /* the server's loop has ended */

	struct queue own;  /* for this core only */
	struct queue open; /* for any: others take from it when they have nothing to do */
};

/* Forwarded calls with a meaning between worker and server. */
#define CALL_LIMIT 0xe000u /* what runs may take arg0 nanoseconds; 0: it has ended */
#define CALL_LEAVE 0xe001u /* the worker has nothing more to do. Not answered */

/** The worker that runs this code, or NULL in a thread of Linux. */
extern __thread struct worker *hvm_self __attribute__((tls_model("initial-exec")));

/* worker.S: where a worker begins, and where it goes on after a failure; both with the worker in rdi. */
void hvm_worker_begin(void);
void hvm_worker_recover(void);

/* worker.S: run serve(worker) on the stack that ends at @stack; from *@left down the present one is free meanwhile. */
void hvm_on_stack(struct worker *worker, uint64_t stack, void (*serve)(struct worker *worker), uint64_t *left);

/* worker.S: the aerokernel's gate (hvm/gate.h). On an HRT core only. */
int64_t hvm_gate(uint32_t number, uint64_t a, uint64_t b, uint64_t c);

/* worker.c: C code behind the two entries. */
_Noreturn void hvm_worker_run(struct worker *worker);
_Noreturn void hvm_worker_recovered(struct worker *worker);

/** Ring for it if it sleeps. After a full fence that follows what it is to see. */
void hvm_worker_wake(struct worker *worker);

/** Have it look at its queues, or at stop, where there is something new. */
static inline void worker_mail(struct worker *worker)
{
	if (!hvm_load_relaxed(&worker->mail))
		__atomic_store_n(&worker->mail, 1, __ATOMIC_SEQ_CST);
}

/* server.c: the loop of the server's thread, until the worker has left its core. */
void hvm_serve(struct worker *worker);

/** Have the server's system call end (EINTR), if the function that it makes it for was called off. */
void hvm_server_interrupt(struct worker *worker);

/** The handler of what hvm_server_interrupt sends. */
void hvm_server_install(void);

#endif
