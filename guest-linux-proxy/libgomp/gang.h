/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a team runs on: cores that run one function each, all at the same time. gang_hrt.c has the cores of an HRT
 * partition's pool, test/gang_threads.c threads.
 */
#ifndef GANG_H
#define GANG_H

#include <stdbool.h>

#define GANG_MAX 64u /* cores; HVM_MAX_CORES */

/** How many there are, 1 .. GANG_MAX. The first call takes them. 1: no gang, the caller runs everything itself. */
unsigned int gang_cores(void);

/**
 * function(argument, rank) for ranks 0 .. @width - 1 at the same time, each time on the same core, with that core's
 * thread-local variables but for rank 0, which has the caller's. The caller waits for all.
 * False: it could not be begun, and nothing ran.
 */
bool gang_run(void (*function)(void *argument, unsigned int rank), void *argument, unsigned int width);

/** Between two looks of one that waits for another. */
void gang_relax(void);

#endif
