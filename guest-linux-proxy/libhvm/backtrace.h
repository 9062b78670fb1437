/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHVM_BACKTRACE_H
#define LIBHVM_BACKTRACE_H

#include "worker.h"

/** Where the function was, from the registers in the worker's slot, and how it got there. In the server. */
void backtrace_record(const struct worker *worker, struct hvm_failure *failure);

/** Write @failure to memory that the program named, if that is there. */
void backtrace_copy_out(struct hvm_failure *to, const struct hvm_failure *failure);

#endif
