/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stddef.h>

#include "team.h"

struct environment {
	struct icv icv;	    /* of the initial task */
	unsigned int cores; /* HVM_OPENMP_CORES: how many to make a pool of; 0: all that are free */
	size_t stack;	    /* OMP_STACKSIZE, bytes, whole pages */
};

/** What the environment of the process said when it began. */
const struct environment *environment_get(void);

/** As OMP_DISPLAY_ENV=true: the settings on standard error. */
void environment_print(void);

#endif
