/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of an HRT partition that hangs or failed, for hvmd to keep: its cores' last words, the program's stack,
 * its threads and their system calls, and where the program's files are mapped. A child gathers it, because the cores
 * are waited for, and leaves it in a file as the payload of the answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define FRAMES_MAX    32
#define SLOTS_MAX     64
#define PROCESSES_MAX 8
#define MAPS_MAX      3072 /* bytes for each process */

struct gathering {
	struct writer *writer;
	int device;
	const char *partition;
	uint32_t pid[PROCESSES_MAX];
	unsigned int pids;
};

static void file_of(const char *partition, char path[64])
{
	snprintf(path, 64, "/run/hvm-dump-%s", partition);
}

static void remember(struct gathering *g, uint32_t pid)
{
	for (unsigned int i = 0; i < g->pids; i++)
		if (g->pid[i] == pid)
			return;
	if (pid && g->pids < PROCESSES_MAX)
		g->pid[g->pids++] = pid;
}

/* Return addresses by the chain of frame pointers, in the memory that the core shares with process @pid. */
static void put_trace(struct gathering *g, uint32_t pid, uint64_t rip, uint64_t rbp)
{
	uint64_t trace[FRAMES_MAX], frame[2];
	unsigned int n = 0;
	char path[32];
	int memory;

	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	memory = pid ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	trace[n++] = rip;
	while (memory >= 0 && n < FRAMES_MAX && rbp % 8 == 0 && rbp &&
	       pread(memory, frame, sizeof(frame), (off_t)rbp) == sizeof(frame) && frame[1]) {
		trace[n++] = frame[1];
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
	if (memory >= 0)
		close(memory);
	put_bytes(g->writer, HVM_FIELD_TRACE, trace, n * sizeof(*trace));
}

static bool is_program(uint64_t address)
{
	return address && (int64_t)address > 0;
}

static void put_cores(struct gathering *g)
{
	struct hvm_core_info info = {.core = 0};

	snprintf(info.name, sizeof(info.name), "%s", g->partition);
	for (; !ioctl(g->device, HVM_IOC_CORE, &info); info.core++) {
		const struct hvm_last_words *last = &info.last;

		put_bytes(g->writer, HVM_FIELD_CORE, &info, sizeof(info));
		remember(g, info.pid);
		if (info.spoke && is_program(last->regs.rip))
			put_trace(g, info.pid, last->regs.rip, last->regs.rbp);
		else if (info.spoke && is_program(last->entry_rip))
			put_trace(g, info.pid, last->entry_rip, last->entry_rbp);
	}
}

static void put_slots(struct gathering *g)
{
	struct hvm_slot_info info = {.slot = 0};

	snprintf(info.name, sizeof(info.name), "%s", g->partition);
	for (unsigned int n = 0; n < SLOTS_MAX && !ioctl(g->device, HVM_IOC_SLOT, &info); n++, info.slot++) {
		put_bytes(g->writer, HVM_FIELD_SLOT, &info, sizeof(info));
		remember(g, info.pid);
	}
}

static void put_maps(struct gathering *g, uint32_t pid)
{
	char path[32], line[512], text[MAPS_MAX], permissions[8];
	size_t used = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		size_t length = strlen(line);

		if (sscanf(line, "%*s %7s", permissions) == 1 && strchr(permissions, 'x') && used + length < MAPS_MAX) {
			memcpy(text + used, line, length);
			used += length;
		}
	}
	if (maps)
		fclose(maps);
	put_u32(g->writer, HVM_FIELD_NUMBER, pid);
	put_bytes(g->writer, HVM_FIELD_MAPS, text, used);
}

static int freeze(int device, const char *partition)
{
	struct hvm_partition_request request = {.flags = 0};

	snprintf(request.name, sizeof(request.name), "%s", partition);
	return ioctl(device, HVM_IOC_FREEZE, &request);
}

static int write_file(const char *partition, const struct writer *writer)
{
	char path[64];
	ssize_t n;
	int fd;

	file_of(partition, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	n = fd < 0 ? -1 : write(fd, writer->bytes, writer->length);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)writer->length ? 0 : -1;
}

static int gather(const char *partition, const void *what, char problem[ERRAND_PROBLEM_MAX])
{
	static struct writer writer;
	struct gathering g = {.writer = &writer, .partition = partition};

	(void)what;
	g.device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (g.device < 0 || freeze(g.device, partition)) {
		snprintf(problem, ERRAND_PROBLEM_MAX, "%m");
		return 1;
	}
	put_cores(&g);
	put_slots(&g);
	for (unsigned int i = 0; i < g.pids; i++)
		put_maps(&g, g.pid[i]);
	if (write_file(partition, &writer)) {
		snprintf(problem, ERRAND_PROBLEM_MAX, "the dump cannot be kept in the guest: %m");
		return 1;
	}
	return 0;
}

static void answer(struct worker *worker, uint32_t id, const char *partition)
{
	static struct writer writer;
	char path[64];
	ssize_t n;
	int fd;

	writer.length = 0;
	put_u32(&writer, HVM_FIELD_ID, id);
	file_of(partition, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, writer.bytes + writer.length, sizeof(writer.bytes) - writer.length);
	if (fd >= 0)
		close(fd);
	unlink(path);
	if (n < 0) {
		request_problem(worker, id, "the dump is gone");
		return;
	}
	writer.length += (uint32_t)n;
	channel_send(worker->channel, HVM_FRAME_RESPONSE, 0, writer.bytes, writer.length);
}

void dump_serve(struct worker *worker, uint32_t id, const char *partition)
{
	if (!errand_start(id, partition, gather, NULL, answer))
		request_problem(worker, id, "the agent cannot begin a dump now");
}
