/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of the program. Most go straight to Linux with the arguments as they are: a pointer means the same on
 * both sides. hvm/calls.def names those that do not, and why.
 */
#ifndef PROXY_SYSCALL_H
#define PROXY_SYSCALL_H

#include "job.h"

/** Make the call @nr for the program; the result as Linux returns it in rax. */
int64_t syscall_serve(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS]);

/** Print the table of calls that are treated specially, as Markdown, for docs/syscalls.md. */
void syscall_print_table(void);

#endif
