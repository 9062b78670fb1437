/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execve(2): the program is looked for and checked here, so that a failure is the caller's to handle; then this process
 * executes the proxy anew, which takes over the job's cores, the descriptors that stay open and the rest of what
 * survives an exec, and loads the program.
 */
#ifndef PROXY_EXEC_H
#define PROXY_EXEC_H

#include "job.h"

/**
 * Execute the program at @path, relative to @directory, with the vectors of strings at @arguments and @environment; all
 * are addresses of the program. @flags: of execveat(2). Returns only to fail, with a negative errno value.
 */
int64_t exec_program(struct server *server, int directory, uint64_t path, uint64_t arguments, uint64_t environment,
		     int flags);

/** Give back what an exec by a child of vfork, which borrowed the thread, left here. */
void exec_forget(struct server *server);

#endif
