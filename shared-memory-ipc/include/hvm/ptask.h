/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Ptasks: groups of tasks that the processes of a pool (HVM_JOB_POOL) submit to the aerokernel's queue. Each process
 * has one slot by which it submits (hvm_thread_start.call_slot); its workers ask for work by HVM_GATE_TASK_NEXT and
 * find it in their slots.
 *
 * To submit: post HVM_NR_TASK_GROUP with
 *   arg0 tasks, numbered from 0; 1 .. HVM_PTASK_TASKS
 *   arg1 cores that may run the group at a time, 0: all
 *   arg2 tasks that a core takes at once, 0: the aerokernel chooses
 *   arg3 HVM_PTASK_* flags
 *   arg4 a cookie, by which workers are told what is whose
 * then full fence, and if server_sleeping is not 0, HVM_IOC_KICK of the worker's slot on core server_sleeping - 1.
 * Answer: 0. -EAGAIN: the queue is full, or the process has HVM_PTASK_CLIENT_GROUPS groups in it, or not every core of
 * a gang has its worker yet. -EINVAL.
 *
 * Groups begin in the order in which they were submitted. Tasks run to completion.
 */
#ifndef HVM_PTASK_H
#define HVM_PTASK_H

/** All tasks at the same time, task r on core r of the pool, at most as many as it has cores: they may wait for each
 * other. */
#define HVM_PTASK_GANG 0x1u
/** The tasks wait for memory more than they compute: at most half of the pool's cores run such at a time. */
#define HVM_PTASK_MEMORY_BOUND 0x2u
/** Cores may take turns between this group and others. */
#define HVM_PTASK_TURNS 0x4u
#define HVM_PTASK_FLAGS 0x7u

#define HVM_PTASK_GROUPS	256u /* in the queue of a partition ... */
#define HVM_PTASK_CLIENT_GROUPS 64u  /* ... and of one process */
#define HVM_PTASK_TASKS		0x7fffffffu

#endif
