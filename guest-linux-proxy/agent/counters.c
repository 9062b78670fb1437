/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job has done on HRT cores, by hvm.ko's groups of cores: one for each of its programs with their children.
 * Programs that have ended with their group are not in it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define PROCESSES_MAX 1024
#define GROUPS_MAX    64

/* A group of cores that is counted. */
struct group {
	char partition[HVM_NAME_MAX];
	uint32_t number;
};

static bool is_counted(const struct group *groups, unsigned int count, const struct hvm_activity *activity)
{
	for (unsigned int i = 0; i < count; i++)
		if (groups[i].number == activity->index && !strcmp(groups[i].partition, activity->name))
			return true;
	return false;
}

void counters_put(struct writer *writer, uint32_t stream)
{
	static pid_t pids[PROCESSES_MAX];
	struct group groups[GROUPS_MAX];
	unsigned int count = 0, n = job_processes(stream, pids, PROCESSES_MAX);
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	for (unsigned int i = 0; device >= 0 && i < n && count < GROUPS_MAX; i++) {
		struct hvm_activity activity = {.index = (uint32_t)pids[i]};

		if (ioctl(device, HVM_IOC_GROUP_ACTIVITY, &activity))
			continue; /* it is no HRT process */
		if (activity.index && is_counted(groups, count, &activity))
			continue;
		groups[count].number = activity.index;
		memcpy(groups[count++].partition, activity.name, HVM_NAME_MAX);
		put_bytes(writer, HVM_FIELD_ACTIVITY, &activity, offsetof(struct hvm_activity, core));
	}
	if (device >= 0)
		close(device);
}
