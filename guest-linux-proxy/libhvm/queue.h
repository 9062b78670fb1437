/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of calls that nobody polls for: any thread puts work in, the worker takes it out, and so do other workers
 * that have nothing to do. A bounded array of cells, each with a sequence number that says whose turn it is (Dmitry
 * Vyukov's bounded MPMC queue, 1024cores.net): one locked instruction for each side, no cell is shared by two items.
 */
#ifndef LIBHVM_QUEUE_H
#define LIBHVM_QUEUE_H

#include "hvm.h"

#include <hvm/types.h>

#define QUEUE_CELLS 256u

/** Submitted work, one line. */
struct item {
	void *function;
	uint64_t arg[HVM_ARGUMENTS];
	struct hvm_future *future;
};

struct cell {
	uint32_t turn; /* position of who may fill it; + 1: of who may empty it */
	void *function;
	uint64_t arg[HVM_ARGUMENTS];
	struct hvm_future *future;
};
_Static_assert(sizeof(struct cell) == 64, "a cell is one line");

struct queue {
	uint32_t tail __attribute__((aligned(64))); /* the next position to fill */
	uint32_t head __attribute__((aligned(64))); /* the next one to empty */
	struct cell cell[QUEUE_CELLS] __attribute__((aligned(64)));
};

void queue_reset(struct queue *queue);

/** False if it is full. */
bool queue_put(struct queue *queue, const struct item *item);

/** Take the first item; false if there is none. */
bool queue_take(struct queue *queue, struct item *item);

/** True if there is something to take; reads two lines that change only with the queue. */
static inline bool queue_has(const struct queue *queue)
{
	uint32_t head = hvm_load_relaxed(&queue->head);

	return hvm_load_relaxed(&queue->cell[head % QUEUE_CELLS].turn) == head + 1;
}

#endif
