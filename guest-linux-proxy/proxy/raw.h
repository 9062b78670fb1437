/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system call as the program made it: all six registers through, the kernel's own answer back. A signal for the
 * program that arrives before the call, or makes Linux restart it, ends it with -HVM_RESTART_ALWAYS (hvm/signal.h).
 */
#ifndef PROXY_RAW_H
#define PROXY_RAW_H

#include <signal.h>
#include <stdint.h>

#include <hvm/signal.h>

int64_t raw_call(uint64_t nr, const uint64_t arg[6]);

/** Of the calling thread: not 0 keeps it from beginning calls. */
extern __thread volatile int raw_held __attribute__((visibility("hidden"), tls_model("local-exec")));

/** In a signal handler that was entered with @context: if it interrupted a call that would begin, or begin again, end
 * it. */
void raw_interrupt(void *context);

#endif
