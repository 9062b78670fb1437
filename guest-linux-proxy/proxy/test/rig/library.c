/* SPDX-License-Identifier: Apache-2.0 */
/* A shared library: one source, two libraries, one linked to rig/libraries.c and one that it opens. */
#include <stdlib.h>
#include <string.h>

const char *FUNCTION(int number);
void CRASH(void);

static __thread int calls;
static char *started;

__attribute__((constructor)) static void start(void)
{
	started = strdup(NAME);
}

__attribute__((destructor)) static void end(void)
{
	free(started);
}

const char *FUNCTION(int number)
{
	calls += number;
	return calls > number ? "called again" : started;
}

void CRASH(void)
{
	volatile int *volatile null = NULL;

	*null = 1;
}
