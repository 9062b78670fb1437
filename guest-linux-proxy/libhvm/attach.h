/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHVM_ATTACH_H
#define LIBHVM_ATTACH_H

#include "partition.h"

/*
 * A worker's memory: a page that nobody may touch, the stack that its server runs on, the worker. The stack of its
 * functions is that of the server's thread.
 */
#define SERVER_STACK (64u << 10)
#define WORKER_STRIDE                                                                                                  \
	((HVM_PAGE_SIZE + SERVER_STACK + (uint32_t)sizeof(struct worker) + HVM_PAGE_SIZE - 1) & ~(HVM_PAGE_SIZE - 1))
#define WORKERS_SIZE ((size_t)HVM_MAX_CORES * WORKER_STRIDE)
#define HANDLE_SIZE  ((sizeof(struct hvm) + HVM_PAGE_SIZE - 1) & ~(size_t)(HVM_PAGE_SIZE - 1))
#define SLOTS_SIZE   ((size_t)HVM_JOB_SLOTS * HVM_SLOT_SIZE)

/** What functions have of stack, from the guard page on; touched pages count only. */
#define FUNCTION_STACK (1u << 20)

#define WORKER_OFFSET (HVM_PAGE_SIZE + SERVER_STACK)

#endif
