/* SPDX-License-Identifier: Apache-2.0 */
/* omp.h's devices and teams: there is the host, and one team. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"

#define ONLY(name, answer)                                                                                             \
	ENTRY(int, name, void)                                                                                         \
	{                                                                                                              \
		return answer;                                                                                         \
	}                                                                                                              \
	SAME(name##_, name);

ONLY(omp_get_num_devices, 0)
ONLY(omp_get_default_device, 0)
ONLY(omp_get_device_num, 0)
ONLY(omp_get_initial_device, 0)
ONLY(omp_is_initial_device, 1)
ONLY(omp_get_num_teams, 1)
ONLY(omp_get_team_num, 0)
ONLY(omp_get_max_teams, 0)
ONLY(omp_get_teams_thread_limit, 0)

/* Settings that concern nothing here. */
#define WITHOUT_EFFECT(name)                                                                                           \
	ENTRY(void, name, int value)                                                                                   \
	{                                                                                                              \
		(void)value;                                                                                           \
	}                                                                                                              \
	ENTRY(void, name##_, const void *value)                                                                        \
	{                                                                                                              \
		(void)value;                                                                                           \
	}                                                                                                              \
	SAME(name##_8_, name##_);

WITHOUT_EFFECT(omp_set_default_device)
WITHOUT_EFFECT(omp_set_num_teams)
WITHOUT_EFFECT(omp_set_teams_thread_limit)

ENTRY(void *, omp_target_alloc, size_t size, int device)
{
	return device == 0 ? malloc(size) : NULL;
}

ENTRY(void, omp_target_free, void *memory, int device)
{
	(void)device;
	free(memory);
}

ENTRY(int, omp_target_is_present, const void *memory, int device)
{
	(void)memory, (void)device;
	return 1;
}

ENTRY(int, omp_target_memcpy, void *to, const void *from, size_t size, size_t to_offset, size_t from_offset,
      int to_device, int from_device)
{
	if (to_device || from_device)
		return EINVAL;
	memcpy((char *)to + to_offset, (const char *)from + from_offset, size);
	return 0;
}

/* Nothing can be given back while the program may use it: not 0, it was not done. */
ENTRY(int, omp_pause_resource, int kind, int device)
{
	(void)kind, (void)device;
	return -1;
}

ENTRY(int, omp_pause_resource_, const void *kind, const void *device)
{
	(void)kind, (void)device;
	return -1;
}

ENTRY(int, omp_pause_resource_all, int kind)
{
	(void)kind;
	return -1;
}

ENTRY(int, omp_pause_resource_all_, const void *kind)
{
	(void)kind;
	return -1;
}
