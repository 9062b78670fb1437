/* SPDX-License-Identifier: Apache-2.0 */
/* How a job ends: with a status, by a signal, or because its HRT thread is gone. Safe in a signal handler. */
#ifndef PROXY_DEATH_H
#define PROXY_DEATH_H

#include <stdint.h>

#include "job.h"

/** What killed the program. */
struct death {
	int signal;
	bool has_address; /* a memory access at @address */
	uint64_t address;
	bool has_vector; /* an exception of the CPU */
	uint64_t vector, error;
	const char *note; /* a word, or NULL */
	int sender;	  /* process that sent the signal, 0 = none or unknown */
};

/** After fork, in the child: what another thread of the parent had begun is not for it. */
void death_forked(void);

/** exit_group: stop the threads, report, exit. */
_Noreturn void death_by_exit(struct job *job, int status);

/**
 * Stop the threads, report fault, registers and backtrace of @server's thread, and die by the signal itself, so that
 * whoever waits for this process sees what it would see of the program under Linux.
 */
_Noreturn void death_by_signal(struct server *server, const struct death *death);

/** Why a job is gone when hvm.ko ended it. */
#define DEATH_PARTITION "the partition was rebooted or taken down under the job"

/** The HRT thread vanished under its proxy: say why and die by SIGKILL. */
_Noreturn void death_of_thread(struct server *server, const char *reason);

#endif
