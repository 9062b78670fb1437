/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the program. Its dispositions are kept in a table: SIG_IGN and SIG_DFL are applied to this process, which
 * stands for the program; handlers cannot run on an HRT core yet and are recorded only. A signal that would end the
 * program is caught here first, to take the HRT thread off its core and to report where it was.
 */
#ifndef PROXY_SIGNAL_H
#define PROXY_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"

/** Take over the dispositions this process was started with. */
void signal_init(struct job *job);

/** rt_sigaction(2) with the program's pointers. */
int64_t signal_action(int signal, uint64_t new_action, uint64_t old_action, uint64_t mask_size);

/** sigaltstack(2) of @server's thread: recorded and told back. */
int64_t signal_alternate_stack(struct server *server, uint64_t new_stack, uint64_t old_stack);

/** True if the program installed a handler for @signal. */
bool signal_has_handler(int signal);

#endif
