/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agent.h"

#define LOG_MAX (HVM_FRAME_MAX - 256)

#define SYSLOG_ACTION_READ_ALL 3

static void respond(struct worker *worker, const struct writer *writer)
{
	channel_send(worker->channel, HVM_FRAME_RESPONSE, 0, writer->bytes, writer->length);
}

void request_problem(struct worker *worker, uint32_t id, const char *text)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_ID, id);
	put_text(&writer, HVM_FIELD_PROBLEM, text);
	respond(worker, &writer);
}

static void put_partitions(struct writer *writer)
{
	struct hvm_info info = {.index = 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (device < 0)
		return;
	for (; !ioctl(device, HVM_IOC_INFO, &info); info.index++)
		put_bytes(writer, HVM_FIELD_INFO, &info, sizeof(info));
	close(device);
}

static void serve_info(struct worker *worker, uint32_t id)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_ID, id);
	put_partitions(&writer);
	respond(worker, &writer);
}

static void serve_activity(struct worker *worker, uint32_t id)
{
	struct hvm_activity activity = {.index = 0};
	struct writer writer = {.length = 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	put_u32(&writer, HVM_FIELD_ID, id);
	for (; device >= 0 && !ioctl(device, HVM_IOC_ACTIVITY, &activity); activity.index++)
		put_bytes(&writer, HVM_FIELD_ACTIVITY, &activity,
			  offsetof(struct hvm_activity, core) + activity.core_count * sizeof(activity.core[0]));
	if (device >= 0)
		close(device);
	respond(worker, &writer);
}

static void serve_hrt_log(struct worker *worker, uint32_t id, const char *partition)
{
	static char text[HVM_FRAME_MAX * 5];
	struct hvm_log_read log = {.buffer = (uint64_t)text, .size = sizeof(text)};
	struct writer writer = {.length = 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	size_t skip;

	snprintf(log.name, sizeof(log.name), "%s", partition);
	if (device < 0 || ioctl(device, HVM_IOC_LOG, &log)) {
		request_problem(worker, id, strerror(errno));
	} else {
		skip = log.size > LOG_MAX ? log.size - LOG_MAX : 0;
		put_u32(&writer, HVM_FIELD_ID, id);
		put_bytes(&writer, HVM_FIELD_TEXT, text + skip, log.size - skip);
		respond(worker, &writer);
	}
	if (device >= 0)
		close(device);
}

static void serve_kernel_log(struct worker *worker, uint32_t id)
{
	static char text[1 << 18];
	struct writer writer = {.length = 0};
	int n = klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof(text));
	int skip = n > (int)LOG_MAX ? n - (int)LOG_MAX : 0;

	put_u32(&writer, HVM_FIELD_ID, id);
	put_bytes(&writer, HVM_FIELD_TEXT, text + skip, n > 0 ? (size_t)(n - skip) : 0);
	respond(worker, &writer);
}

static unsigned int count_entries(const char *folder, bool numbers_only)
{
	DIR *directory = opendir(folder);
	unsigned int n = 0;

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		n += entry->d_name[0] != '.' && (!numbers_only || (entry->d_name[0] >= '0' && entry->d_name[0] <= '9'));
	if (directory)
		closedir(directory);
	return n;
}

static void serve_status(struct worker *worker, uint32_t id)
{
	struct writer writer = {.length = 0};
	struct sysinfo system;
	char text[256];

	sysinfo(&system);
	snprintf(text, sizeof(text),
		 "uptime_s=%ld processes=%u agent_fds=%u jobs=%u memory_kb=%lu free_kb=%lu incarnation=%u",
		 system.uptime, count_entries("/proc", true), count_entries("/proc/self/fd", false) - 1, job_count(),
		 system.totalram / 1024 * system.mem_unit, system.freeram / 1024 * system.mem_unit,
		 worker->incarnation);
	put_u32(&writer, HVM_FIELD_ID, id);
	put_text(&writer, HVM_FIELD_TEXT, text);
	respond(worker, &writer);
}

static void serve_usage(struct worker *worker, uint32_t id, uint32_t stream)
{
	struct writer writer = {.length = 0};
	char line[CGROUP_LINE] = "";

	job_usage(stream, line);
	put_u32(&writer, HVM_FIELD_ID, id);
	put_text(&writer, HVM_FIELD_TEXT, line);
	respond(worker, &writer);
}

static void serve_counters(struct worker *worker, uint32_t id, uint32_t stream)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_ID, id);
	counters_put(&writer, stream);
	respond(worker, &writer);
}

static int reboot(const char *partition, const void *force, char problem[ERRAND_PROBLEM_MAX])
{
	struct hvm_partition_request request = {.flags = *(const bool *)force ? HVM_BOOT_FORCE : 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	snprintf(request.name, sizeof(request.name), "%s", partition);
	if (device >= 0 && !ioctl(device, HVM_IOC_BOOT, &request))
		return 0;
	snprintf(problem, ERRAND_PROBLEM_MAX, "%m");
	return 1;
}

static void answer_reboot(struct worker *worker, uint32_t id, const char *partition)
{
	(void)partition;
	serve_info(worker, id);
}

static void serve_reboot(struct worker *worker, uint32_t id, const char *partition, bool force)
{
	if (!errand_start(id, partition, reboot, &force, answer_reboot))
		request_problem(worker, id, "the agent cannot start another reboot now");
}

void request_serve(struct worker *worker, const uint8_t *payload, uint32_t length)
{
	struct reader reader = {payload, payload + length};
	char *name = NULL, *partition = NULL, *argument = NULL;
	struct field field;
	uint32_t id = 0, number[2] = {0, 0};
	unsigned int numbers = 0;
	bool force = false;

	while (field_next(&reader, &field)) {
		switch (field.tag) {
		case HVM_FIELD_ID:
			id = field_u32(&field);
			break;
		case HVM_FIELD_NAME:
			free(name);
			name = field_text(&field);
			break;
		case HVM_FIELD_PARTITION:
			free(partition);
			partition = field_text(&field);
			break;
		case HVM_FIELD_ARGUMENT:
			free(argument);
			argument = field_text(&field);
			break;
		case HVM_FIELD_NUMBER:
			if (numbers < 2)
				number[numbers++] = field_u32(&field);
			break;
		case HVM_FIELD_FORCE:
			force = field_u32(&field) != 0;
			break;
		}
	}
	if (!name)
		request_problem(worker, id, "the request has no name");
	else if (!strcmp(name, "info"))
		serve_info(worker, id);
	else if (!strcmp(name, "activity"))
		serve_activity(worker, id);
	else if (!strcmp(name, "status"))
		serve_status(worker, id);
	else if (!strcmp(name, "usage"))
		serve_usage(worker, id, number[0]);
	else if (!strcmp(name, "counters"))
		serve_counters(worker, id, number[0]);
	else if (!strcmp(name, "kernel-log"))
		serve_kernel_log(worker, id);
	else if (!strcmp(name, "hrt-log") && partition)
		serve_hrt_log(worker, id, partition);
	else if (!strcmp(name, "reboot") && partition)
		serve_reboot(worker, id, partition, force);
	else if (!strcmp(name, "watch") && partition)
		health_watch(worker, id, partition, number[0], number[1], force);
	else if (!strcmp(name, "dump") && partition)
		dump_serve(worker, id, partition);
	else if (!strcmp(name, "modules") && partition)
		hrtmodule_list(worker, id, partition);
	else if (!strcmp(name, "module-load") && partition && argument)
		hrtmodule_load(worker, id, partition, argument);
	else if (!strcmp(name, "module-unload") && partition && argument)
		hrtmodule_unload(worker, id, partition, argument);
	else if (!strcmp(name, "poweroff"))
		kill(1, SIGUSR2);
	else
		request_problem(worker, id, "this agent does not know the request");
	free(name);
	free(partition);
	free(argument);
}
