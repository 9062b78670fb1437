/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GANG_THREADS_H
#define GANG_THREADS_H

#include <stdint.h>

#define CORES 3u

/** Gangs that have been run. */
uint64_t gang_begun(void);

#endif
