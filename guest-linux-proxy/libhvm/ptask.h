/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHVM_PTASK_H
#define LIBHVM_PTASK_H

#include "hvm_ptask.h"
#include "partition.h"

/** On the HRT core: run the tasks that the aerokernel gives the worker. */
_Noreturn void ptask_run(struct worker *worker);

/** The same, after a task failed: its server wrote what went wrong. */
_Noreturn void ptask_recovered(struct worker *worker);

/** In Linux: the workers are gone, or are taken now; every group ends with -ESHUTDOWN. */
void ptask_fail_all(struct hvm *hvm);

/** The group is no longer among those that are on their way; false: somebody else saw to it. */
bool ptask_remove(struct hvm *hvm, const struct hvm_group *group);

#endif
